package converse

import (
	"context"
	"fmt"
	"slices"

	"parley/shared/message"
	"parley/shared/sentence"
	"parley/trainer/conversations"
)

// A Quoted is the report on a split. It is about the turns with judged sentences.
type Quoted struct {
	Split   string `json:"split"`
	Encoder string `json:"encoder"`
	Turns   int    `json:"turns"` // the turns with judged sentences
	// The next five are about the turns with a right article among the results, and the
	// quotation from it.
	Found   int     `json:"found"`
	Right   float64 `json:"right"`   // share: it answers
	Partly  float64 `json:"partly"`  // share: it answers at least in part
	Pairs   float64 `json:"pairs"`   // share: it has two sentences
	Bytes   float64 `json:"bytes"`   // its mean length
	Reply   float64 `json:"reply"`   // share of all turns: the reply answers
	Again   int     `json:"again"`   // the turns whose reply was already a reply before
	Replies int     `json:"replies"` // the turns with a reply
}

// Quote plays the splits and grades the quotations by judged sentences. A split without
// such sentences is an error.
func (p *Player) Quote(ctx context.Context, by conversations.Sentences) ([]Quoted, error) {
	p.begin("turns", p.turns(p.Splits))
	var reports []Quoted
	for _, split := range p.Splits {
		r := Quoted{Split: split, Encoder: p.Engine.Encoder.Name}
		err := p.playSplit(ctx, split, 0, func(t Played) error {
			r.add(by, t)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if r.Turns == 0 {
			return nil, fmt.Errorf("no turn of %s has judged sentences", split)
		}
		n := float64(max(1, r.Found))
		r.Right, r.Partly, r.Pairs, r.Bytes = r.Right/n, r.Partly/n, r.Pairs/n, r.Bytes/n
		r.Reply /= float64(r.Turns)
		reports = append(reports, r)
	}
	p.meter.Done("")
	return reports, nil
}

// add counts a turn.
func (r *Quoted) add(judged conversations.Sentences, t Played) {
	a := t.Answer
	reply := a.Quoted().Quotation()
	if reply != "" {
		r.Replies++
		if slices.ContainsFunc(t.Asked[:t.Place], func(said message.Turn) bool { return said.Reply == reply }) {
			r.Again++
		}
	}
	id := t.Of.QueryID(t.Place)
	if judged[id] == nil {
		return
	}
	r.Turns++
	if a.Reply < len(a.Results) {
		if grade, _ := judged.Grade(id, a.Results[a.Reply].ID, reply); grade == 2 {
			r.Reply++
		}
	}
	right := rightOnes(gold(t.judged(), true))
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
		if len(sentence.Split(text)) > 1 {
			r.Pairs++
		}
		break // only the right article with the best rank
	}
}
