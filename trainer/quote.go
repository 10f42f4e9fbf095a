package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"parley/shared/judged"
	"parley/shared/message"
	"parley/shared/quote"
	"parley/trainer/conversations"
	"parley/trainer/progress"
)

// A quoted is the report of conversations quote on a split: of its judged turns, played
// with the engine's own replies.
type quoted struct {
	Split   string `json:"split"`
	Encoder string `json:"encoder"`
	Turns   int    `json:"turns"` // with judged sentences
	// Of the turns that have a right article among the results, what of it is quoted.
	Found   int     `json:"found"`
	Right   float64 `json:"right"`   // it answers
	Partly  float64 `json:"partly"`  // or answers in part
	Pairs   float64 `json:"pairs"`   // it is two sentences
	Bytes   float64 `json:"bytes"`   // mean length
	Reply   float64 `json:"reply"`   // of all turns: the reply answers
	Again   int     `json:"again"`   // turns whose reply's sentence was a reply before
	Replies int     `json:"replies"` // turns that had a reply
}

func (o *conversing) quote(ctx context.Context, stdout, stderr *os.File) error {
	judged, err := conversations.ReadSentences(filepath.Join(o.data, "sentences.tsv"), o.set)
	if err != nil {
		return err
	}
	e, err := conversationEngine(ctx, o.encoder, o.base, o.folder, o.articles, o.second, o.cache, stderr)
	if err != nil {
		return err
	}
	meter := progress.New(stderr, "turns", 0, int64(o.turns()))
	var reports []quoted
	done := 0
	for _, split := range o.splits {
		r := quoted{Split: split, Encoder: e.Encoder.Name}
		for i := range o.set[split] {
			c := &o.set[split][i]
			err := converse(e, c, o.replies, o.second.Stage, 0, func(turn int, asked []message.Turn, a message.Answer) error {
				done++
				meter.Update(int64(done), "")
				r.turn(judged, c, turn, asked, a)
				return ctx.Err()
			})
			if err != nil {
				return err
			}
		}
		if r.Turns == 0 {
			return fmt.Errorf("no turn of %s has judged sentences", split)
		}
		n := float64(max(1, r.Found))
		r.Right, r.Partly, r.Pairs, r.Bytes = r.Right/n, r.Partly/n, r.Pairs/n, r.Bytes/n
		r.Reply /= float64(r.Turns)
		reports = append(reports, r)
	}
	meter.Done("")
	if o.json {
		return printJSON(stdout, reports)
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| quoted of the right article\t| turns\t| article found in\t| answers\t| or in part\t| two sentences\t| mean bytes\t| reply answers\t| said before\t|\n|---\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|")
	for _, r := range reports {
		fmt.Fprintf(w, "| %s, %s\t| %d\t| %d\t| %s\t| %s\t| %s\t| %.0f\t| %s\t| %d of %d\t|\n", r.Split, r.Encoder, r.Turns, r.Found,
			percent(r.Right, r.Found), percent(r.Partly, r.Found), percent(r.Pairs, r.Found), r.Bytes, percent(r.Reply, r.Turns), r.Again, r.Replies)
	}
	return w.Flush()
}

// turn counts a turn.
func (r *quoted) turn(judged conversations.Sentences, c *judged.Conversation, turn int, asked []message.Turn, a message.Answer) {
	reply := quotation(a)
	if reply != "" {
		r.Replies++
		if slices.ContainsFunc(asked[:turn], func(t message.Turn) bool { return t.Reply == reply }) {
			r.Again++
		}
	}
	id := c.QueryID(turn)
	if judged[id] == nil {
		return
	}
	r.Turns++
	if a.Reply < len(a.Results) {
		if grade, _ := judged.Grade(id, a.Results[a.Reply].ID, reply); grade == 2 {
			r.Reply++
		}
	}
	right := rightOnes(gold(&c.Turns[turn], true))
	for _, result := range a.Results {
		text := result.Text[result.Quote[0]:result.Quote[1]]
		grade, ok := judged.Grade(id, result.ID, text)
		if !ok || !right[result.ID] {
			continue
		}
		r.Found++
		r.Bytes += float64(len(text))
		if grade == 2 {
			r.Right++
		}
		if grade > 0 {
			r.Partly++
		}
		if len(quote.Sentences(text)) > 1 {
			r.Pairs++
		}
		break // the best ranked one
	}
}
