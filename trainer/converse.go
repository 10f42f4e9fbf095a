package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"parley/shared/answer"
	"parley/shared/durable"
	"parley/shared/family"
	"parley/shared/index"
	"parley/shared/judged"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/quote"
	"parley/trainer/beir"
	"parley/trainer/bm25"
	"parley/trainer/conversations"
	"parley/trainer/evaluate"
	"parley/trainer/progress"
)

// Whose replies stand in the history that the engine reads.
const (
	repliesEngine = "engine" // what it quoted itself, as in the page
	repliesWriter = "writer" // those of the data set
)

// familyFile is where the default level stands.
const familyFile = "models/family.json"

// defaultLevel gives the folder of a family's default level, and that of the base
// which it shares, "" where it is the base.
func defaultLevel(file string) (encoder, base string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", "", fmt.Errorf("to find the default encoder (or name one with --encoder): %w", err)
	}
	f, err := family.Parse(data)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", filepath.Dir(file), err)
	}
	level, err := f.Level(f.Default)
	if err != nil {
		return "", "", err
	}
	of, err := f.Level(f.Base)
	if err != nil {
		return "", "", err
	}
	folder := func(l family.Level) string { return filepath.Join(filepath.Dir(file), filepath.FromSlash(l.Folder)) }
	if level.Name != of.Name {
		base = folder(of)
	}
	return folder(level), base, nil
}

// conversationEngine answers over the articles by the index beside them and, where there
// is one, a second stage.
func conversationEngine(ctx context.Context, encoderDir, base, folder string, articles *passages.Store, stage evaluate.Dense, cache string, stderr *os.File) (*answer.Engine, error) {
	enc, _, err := evaluate.Load(encoderDir, base)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "index.bin")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	x, err := index.Open(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	e, err := answer.New(enc, x, articles)
	if err != nil {
		return nil, fmt.Errorf("%s over %s: %w", encoderDir, folder, err)
	}
	if stage.Encoder == "" {
		return e, nil
	}
	var texts []string
	for i := range articles.Len() {
		texts = append(texts, passages.EncoderText(articles.At(i)))
	}
	s, v, err := stage.Open(ctx, enc.Tokenizer, texts, cache, stderr)
	if err == nil {
		err = e.SetDense(s, v)
	}
	return e, err
}

// ask is Engine.Ask, with an empty answer where there is nothing to answer: in a
// conversation that is a turn without a reply, in the page as here.
func ask(e *answer.Engine, turns []message.Turn, k int, read, stage string) (message.Answer, error) {
	a, err := e.Ask(message.Ask{Turns: turns, K: k, Read: read, Stage: stage})
	if errors.Is(err, answer.ErrNoQuestion) {
		return message.Answer{}, nil
	}
	return a, err
}

// quotation is the sentence that the engine replies with, "" where it found nothing or
// doubts that it answers.
func quotation(a message.Answer) string {
	if a.Reply >= len(a.Results) || a.Doubt != "" {
		return ""
	}
	r := a.Results[a.Reply]
	return r.Text[r.Quote[0]:r.Quote[1]]
}

// converse asks a conversation turn by turn for the best k, with whose replies in the
// history, which are of the first three; hear
// gets what was asked, which is valid until the next turn, and the answer.
func converse(e *answer.Engine, c *judged.Conversation, whose, stage string, k int, hear func(turn int, asked []message.Turn, a message.Answer) error) error {
	var turns []message.Turn
	for i, t := range c.Turns {
		turns = append(turns, message.Turn{Question: t.Question})
		a, err := ask(e, turns, k, "", stage)
		if err == nil {
			err = hear(i, turns, a)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.QueryID(i), err)
		}
		turns[i].Reply = t.Reply
		if whose == repliesEngine {
			turns[i].Reply = quotation(a)
		}
	}
	return nil
}

// gold are the articles that answer a turn, and the passages of the Factbook that answer
// it fully: the engine has them, whatever is judged.
func gold(t *judged.Turn, pooled bool) []judged.Gold {
	all := slices.Clone(t.Gold)
	if pooled {
		all = t.Judged()
	}
	for _, g := range t.Factbook {
		if g.Grade == 2 {
			all = append(all, g)
		}
	}
	return all
}

// rightOnes are the gold articles of the highest grade that the turn has.
func rightOnes(gold []judged.Gold) map[string]bool {
	top := 0
	for _, g := range gold {
		top = max(top, g.Grade)
	}
	ids := map[string]bool{}
	for _, g := range gold {
		if g.Grade == top {
			ids[g.ID] = true
		}
	}
	return ids
}

// A judge says whether a quoted sentence answers. There is no gold sentence, but a
// reply that the writer made of the gold articles: the sentences of these that share
// most with it are what should have been quoted.
type judge struct {
	articles *passages.Store
	pooled   bool           // the judgements of pooled.tsv count as well
	number   map[string]int // of an article, by its id
	df       map[string]int // articles that hold a stem
}

func newJudge(articles *passages.Store, pooled bool) *judge {
	j := &judge{articles: articles, pooled: pooled, number: map[string]int{}, df: map[string]int{}}
	for i := range articles.Len() {
		p := articles.At(i)
		j.number[p.ID] = i
		for w := range stems(beir.Document{ID: p.ID, Title: p.Title, Text: p.Text}.Passage()) {
			j.df[w]++
		}
	}
	return j
}

func stems(text string) map[string]bool {
	words := map[string]bool{}
	for _, w := range bm25.Words(text) {
		words[w] = true
	}
	return words
}

func (j *judge) idf(stem string) float64 {
	n, df := float64(j.articles.Len()), float64(j.df[stem])
	return math.Log(1 + (n-df+.5)/(df+.5))
}

// nearBest is the share of the best sentence's likeness from which another is as good.
// conversations/README.md says how often a reader agreed. Words of the question count
// like any other: without them eight verdicts on dev change, six of them for the worse.
const nearBest = .8

// A verdict on a quoted sentence.
type verdict struct {
	Right    bool    `json:"right"`
	Likeness float64 `json:"likeness"`      // of the quoted sentence and the writer's reply
	Best     float64 `json:"best_likeness"` // of the gold articles' sentences
	Sentence string  `json:"best_sentence"`
}

// judge compares the sentence quoted from an article with the gold articles'.
func (j *judge) judge(t *judged.Turn, article, quoted string) verdict {
	want := map[string]float64{}
	for w := range stems(t.Reply) {
		want[w] = j.idf(w)
	}
	likeness := func(sentence string) (sum float64) {
		has := stems(sentence)
		for _, w := range bm25.Words(t.Reply) { // in order, so that sums are the same bits each time
			if has[w] {
				sum += want[w]
				delete(has, w)
			}
		}
		return sum
	}
	v := verdict{Likeness: likeness(quoted)}
	from := false
	// The writer's reply was not made of the Factbook's passages: one is compared with
	// itself, and the articles are with each other.
	factbook := strings.HasPrefix(article, conversations.FactbookPrefix)
	for _, g := range gold(t, j.pooled) {
		n, ok := j.number[g.ID]
		if !ok {
			continue
		}
		if strings.HasPrefix(g.ID, conversations.FactbookPrefix) != factbook || factbook && g.ID != article {
			continue
		}
		from = from || g.ID == article
		text := j.articles.At(n).Text
		for _, s := range quote.Sentences(text) {
			sentence := text[s.Start:s.End]
			if l := likeness(sentence); l > v.Best {
				v.Best, v.Sentence = l, sentence
			}
		}
	}
	v.Right = from && v.Best > 0 && v.Likeness >= nearBest*v.Best
	return v
}

// A measure of a turn is right or not; these are the columns of converse's table.
var conversedColumns = []struct {
	key, name string
	of        func(r *conversedTurn) bool
}{
	{"first", "right article first", func(r *conversedTurn) bool { return r.First }},
	{"first_three", "among the first three", func(r *conversedTurn) bool { return r.Three }},
	{"reply", "reply's article right", func(r *conversedTurn) bool { return r.Reply }},
	{"sentence", "reply's sentence right", func(r *conversedTurn) bool { return r.Sentence.Right }},
	{"alone", "read alone", func(r *conversedTurn) bool { return r.Alone }},
}

// A conversedTurn is a line of converse's --out.
type conversedTurn struct {
	ID           string        `json:"id"`
	Kind         judged.Kind   `json:"kind"`
	NeedsContext bool          `json:"needs_context"`
	Question     string        `json:"question"`
	Rewrite      string        `json:"rewrite"`
	Alone        bool          `json:"alone"`   // read without the history
	Results      []string      `json:"results"` // articles, best first, the first ten
	Article      string        `json:"article"` // that the reply is from
	Replied      string        `json:"replied"`
	Writer       string        `json:"writer"` // the data set's reply
	Gold         []judged.Gold `json:"gold"`
	First        bool          `json:"first"`       // the right article stands first
	Three        bool          `json:"first_three"` // among the first three
	Reply        bool          `json:"reply"`       // the reply is from a right article
	Sentence     verdict       `json:"sentence"`
}

// A conversed is the report on a split; shares are of the group's turns.
type conversed struct {
	Split   string                        `json:"split"`
	Encoder string                        `json:"encoder"`
	Replies string                        `json:"replies"`
	Turns   map[string]int                `json:"turns"`
	Shares  map[string]map[string]float64 `json:"shares"` // column, group
}

// A conversing is what converse and switch are asked to do.
type conversing struct {
	set           conversations.Set
	splits        []string
	articles      *passages.Store
	data          string // folder of the conversations
	folder        string // of the articles and their index
	encoder, base string
	replies       string
	out           string
	pairs, seed   int
	pooled, json  bool
	fitted        bool
	second        evaluate.Dense
	cache         string
}

// check refuses what makes no sense, and finds the default encoder where --encoder
// was not given.
func (o *conversing) check(flags *flag.FlagSet, splits string) error {
	for name := range strings.SplitSeq(splits, ",") {
		if !slices.Contains(conversations.All, name) {
			return wrongUse("--splits: there is no %q; there are %s", name, strings.Join(conversations.All, ", "))
		}
		o.splits = append(o.splits, name)
	}
	if err := checkDense(&o.second); err != nil {
		return err
	}
	switch {
	case o.replies != repliesEngine && o.replies != repliesWriter:
		return wrongUse("--replies %q: want %s or %s", o.replies, repliesEngine, repliesWriter)
	case o.pairs < 1:
		return wrongUse("--pairs %d: at least 1 is needed", o.pairs)
	}
	named := false
	flags.Visit(func(f *flag.Flag) { named = named || f.Name == "encoder" })
	if named {
		return nil
	}
	if o.base != "" {
		return wrongUse("--base names what --encoder shares: give both")
	}
	var err error
	o.encoder, o.base, err = defaultLevel(familyFile)
	return err
}

func (o *conversing) turns() (n int) {
	for _, split := range o.splits {
		for _, c := range o.set[split] {
			n += len(c.Turns)
		}
	}
	return n
}

func (o *conversing) converse(ctx context.Context, stdout, stderr *os.File) error {
	e, err := conversationEngine(ctx, o.encoder, o.base, o.folder, o.articles, o.second, o.cache, stderr)
	if err != nil {
		return err
	}
	j := newJudge(o.articles, o.pooled)
	meter := progress.New(stderr, "turns", 0, int64(o.turns()))
	var reports []conversed
	var lines bytes.Buffer
	out := json.NewEncoder(&lines)
	out.SetEscapeHTML(false)
	done := 0
	for _, split := range o.splits {
		m := conversed{Split: split, Encoder: e.Encoder.Name, Replies: o.replies, Turns: map[string]int{}, Shares: map[string]map[string]float64{}}
		for _, column := range conversedColumns {
			m.Shares[column.key] = map[string]float64{}
		}
		for i := range o.set[split] {
			c := &o.set[split][i]
			err := converse(e, c, o.replies, o.second.Stage, 0, func(turn int, _ []message.Turn, a message.Answer) error {
				r := j.turn(c, turn, a)
				for _, g := range groups {
					if !g.holds(c, turn) {
						continue
					}
					m.Turns[g.name]++
					for _, column := range conversedColumns {
						if column.of(&r) {
							m.Shares[column.key][g.name]++
						}
					}
				}
				done++
				meter.Update(int64(done), "")
				if err := out.Encode(r); err != nil {
					return err
				}
				return ctx.Err()
			})
			if err != nil {
				return err
			}
		}
		for _, of := range m.Shares {
			for name, n := range m.Turns {
				of[name] /= float64(n)
			}
		}
		reports = append(reports, m)
	}
	meter.Done("")
	if o.out != "" {
		if err := durable.WriteFile(o.out, lines.Bytes()); err != nil {
			return err
		}
	}
	if o.json {
		return printJSON(stdout, reports)
	}
	return conversedTable(stdout, reports)
}

// turn judges the answer to a turn.
func (j *judge) turn(c *judged.Conversation, turn int, a message.Answer) conversedTurn {
	t := &c.Turns[turn]
	r := conversedTurn{ID: c.QueryID(turn), Kind: t.Kind, NeedsContext: t.NeedsContext, Question: t.Question, Rewrite: t.Rewrite,
		Alone: a.Alone, Results: []string{}, Replied: quotation(a), Writer: t.Reply, Gold: gold(t, j.pooled)}
	right := rightOnes(r.Gold)
	for i, result := range a.Results {
		r.Results = append(r.Results, result.ID)
		if right[result.ID] {
			r.First = r.First || i == 0
			r.Three = r.Three || i < 3
			r.Reply = r.Reply || i == a.Reply
		}
		if i == a.Reply {
			r.Article = result.ID
		}
	}
	r.Sentence = j.judge(t, r.Article, r.Replied)
	return r
}

// percent formats a share of n, "-" where n is 0.
func percent(part float64, n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*part)
}

// conversedTable prints Markdown, groups down.
func conversedTable(stdout *os.File, reports []conversed) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	for _, m := range reports {
		fmt.Fprintf(w, "| %s, %s, %s's replies\t| turns\t", m.Split, m.Encoder, m.Replies)
		for _, c := range conversedColumns {
			fmt.Fprintf(w, "| %s\t", c.name)
		}
		fmt.Fprintln(w, "|\n|---\t|---:\t"+strings.Repeat("|---:\t", len(conversedColumns))+"|")
		for _, g := range groups {
			fmt.Fprintf(w, "| %s\t| %d\t", g.name, m.Turns[g.name])
			for _, c := range conversedColumns {
				fmt.Fprintf(w, "| %s\t", percent(m.Shares[c.key][g.name], m.Turns[g.name]))
			}
			fmt.Fprintln(w, "|")
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(stdout)
	}
	return nil
}

// A pair is the beginning of a conversation, and a question that has nothing to do
// with it and stands alone.
type pair struct {
	begin *judged.Conversation
	turns int // of begin that were had
	from  *judged.Conversation
	turn  int // of from that is asked
}

const (
	longestBeginning = 5 // turns
	switchEvery      = 6 // of so many questions one is a topic switch of its conversation; the others are first questions
)

// pairs makes n pairs, or as many as there are; equal seeds give equal pairs.
func pairs(list []judged.Conversation, n, seed int) []pair {
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	var firsts, switches []pair
	for i := range list {
		c := &list[i]
		firsts = append(firsts, pair{from: c})
		for j, t := range c.Turns {
			if t.Kind == judged.TopicSwitch && !t.NeedsContext {
				switches = append(switches, pair{from: c, turn: j})
			}
		}
	}
	order := r.Perm(len(list))
	for _, deck := range [][]pair{firsts, switches} {
		r.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	}
	var made []pair
	seen := map[pair]bool{}
	// Where nothing fits, a beginning is passed over; so there is an end in any case.
	for i := 0; len(made) < n && i < 10*n; i++ {
		begin := &list[order[i%len(order)]]
		turns := 1 + r.IntN(min(longestBeginning, len(begin.Turns)))
		deck := firsts
		if i%switchEvery == switchEvery-1 {
			deck = switches
		}
		for k, p := range deck {
			p.begin, p.turns = begin, turns
			if p.unrelated() && !seen[p] {
				// To the end of the deck, so that all questions are asked alike often.
				copy(deck[k:], deck[k+1:])
				deck[len(deck)-1] = pair{from: p.from, turn: p.turn}
				seen[p] = true
				made = append(made, p)
				break
			}
		}
	}
	return made
}

// unrelated says whether the question is of another topic than the beginning, and
// rests on other articles.
func (p pair) unrelated() bool {
	if p.from.ID == p.begin.ID || p.from.Topic == p.begin.Topic {
		return false
	}
	for _, t := range p.begin.Turns[:p.turns] {
		for _, g := range t.Judged() {
			if slices.ContainsFunc(p.from.Turns[p.turn].Judged(), func(h judged.Gold) bool { return h.ID == g.ID }) {
				return false
			}
		}
	}
	return true
}

// A switching is the report on a split: what a new topic is worth after a
// conversation, and what deciding that it is one costs the follow-ups.
type switching struct {
	Split   string `json:"split"`
	Encoder string `json:"encoder"`
	Pairs   int    `json:"pairs"`
	// Of the pairs, by how the question is read: shares.
	Alone   float64 `json:"right_alone"` // the right article is first where nothing was said before
	Engine  reading `json:"engine"`      // as the engine decides
	Whole   reading `json:"together"`    // with the history
	FollowN int     `json:"follow_ups"`
	// Of the real follow-ups, counts: the engine read so many alone, of which so many
	// need their context; the right article is first read with the history, as the
	// engine decides, and both.
	ReadAlone       int `json:"follow_ups_read_alone"`
	ReadAloneNeeds  int `json:"follow_ups_read_alone_that_need_context"`
	Switches        int `json:"topic_switches"` // follow-ups that the writer labelled so
	SwitchesAlone   int `json:"topic_switches_read_alone"`
	FirstTogether   int `json:"follow_ups_first_together"`
	FirstAsDecided  int `json:"follow_ups_first_as_decided"`
	FirstBoth       int `json:"follow_ups_first_both"`
	FirstBothNeed   int `json:"follow_ups_first_both_that_need_context"`
	TogetherAndNeed int `json:"follow_ups_first_together_that_need_context"`

	pooled bool
	stage  string
}

// A reading is what becomes of a question behind a conversation: shares of the pairs.
type reading struct {
	Same  float64 `json:"same"`  // its first article is that of the question alone
	Right float64 `json:"right"` // its first article is right
	Alone float64 `json:"alone"` // it was read alone
}

// firstOf is the article that stands first, "" where nothing was found.
func firstOf(a message.Answer) string {
	if len(a.Results) == 0 {
		return ""
	}
	return a.Results[0].ID
}

func (o *conversing) switchTopics(ctx context.Context, stdout, stderr *os.File) error {
	e, err := conversationEngine(ctx, o.encoder, o.base, o.folder, o.articles, o.second, o.cache, stderr)
	if err != nil {
		return err
	}
	meter := progress.New(stderr, "questions", 0, int64(o.turns()+o.pairs*len(o.splits)))
	var reports []switching
	done := 0
	for _, split := range o.splits {
		s := switching{Split: split, Encoder: e.Encoder.Name, pooled: o.pooled, stage: o.second.Stage}
		said := map[string][]message.Turn{} // by conversation, with the engine's replies
		for i := range o.set[split] {
			c := &o.set[split][i]
			err := converse(e, c, repliesEngine, o.second.Stage, 0, func(turn int, asked []message.Turn, a message.Answer) error {
				said[c.ID] = asked // its last turn's reply is filled in later
				done++
				meter.Update(int64(done), "")
				if turn > 0 {
					if err := s.followUp(e, &c.Turns[turn], asked, a); err != nil {
						return err
					}
				}
				return ctx.Err()
			})
			if err != nil {
				return err
			}
		}
		list := pairs(o.set[split], o.pairs, o.seed)
		if len(list) < o.pairs {
			return fmt.Errorf("%s has %d pairs of a conversation and an unrelated question, not %d: lower --pairs", split, len(list), o.pairs)
		}
		for _, p := range list {
			if err := s.pair(e, p, said[p.begin.ID][:p.turns]); err != nil {
				return fmt.Errorf("%s after %d turns of %s: %w", p.from.QueryID(p.turn), p.turns, p.begin.ID, err)
			}
			done++
			meter.Update(int64(done), "")
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		s.mean()
		reports = append(reports, s)
	}
	meter.Done("")
	if o.json {
		return printJSON(stdout, reports)
	}
	return switchTable(stdout, reports)
}

// followUp counts what the engine's decision does to a real follow-up, whose answer
// as the engine decided is a.
func (s *switching) followUp(e *answer.Engine, t *judged.Turn, asked []message.Turn, a message.Answer) error {
	whole := a
	if a.Alone {
		var err error
		if whole, err = ask(e, asked, 1, message.ReadTogether, s.stage); err != nil {
			return err
		}
	}
	right := rightOnes(gold(t, s.pooled))
	together, decided := right[firstOf(whole)], right[firstOf(a)]
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	s.FollowN++
	count(&s.ReadAlone, a.Alone)
	count(&s.ReadAloneNeeds, a.Alone && t.NeedsContext)
	count(&s.Switches, t.Kind == judged.TopicSwitch)
	count(&s.SwitchesAlone, a.Alone && t.Kind == judged.TopicSwitch)
	count(&s.FirstTogether, together)
	count(&s.FirstAsDecided, decided)
	count(&s.FirstBoth, together && decided)
	count(&s.TogetherAndNeed, together && t.NeedsContext)
	count(&s.FirstBothNeed, together && decided && t.NeedsContext)
	return nil
}

// pair counts what becomes of a question behind what was said.
func (s *switching) pair(e *answer.Engine, p pair, said []message.Turn) error {
	question := message.Turn{Question: p.from.Turns[p.turn].Question}
	right := rightOnes(gold(&p.from.Turns[p.turn], s.pooled))
	alone, err := ask(e, []message.Turn{question}, 1, "", s.stage)
	if err != nil {
		return err
	}
	s.Pairs++
	if right[firstOf(alone)] {
		s.Alone++
	}
	turns := append(slices.Clone(said), question)
	for _, by := range []struct {
		read string
		to   *reading
	}{{"", &s.Engine}, {message.ReadTogether, &s.Whole}} {
		a, err := ask(e, turns, 1, by.read, s.stage)
		if err != nil {
			return err
		}
		if firstOf(a) == firstOf(alone) {
			by.to.Same++
		}
		if right[firstOf(a)] {
			by.to.Right++
		}
		if a.Alone {
			by.to.Alone++
		}
	}
	return nil
}

// mean turns the pairs' counts into shares.
func (s *switching) mean() {
	n := float64(max(1, s.Pairs))
	s.Alone /= n
	for _, r := range []*reading{&s.Engine, &s.Whole} {
		r.Same, r.Right, r.Alone = r.Same/n, r.Right/n, r.Alone/n
	}
}

// switchTable prints Markdown, a table of the pairs and one of the follow-ups.
func switchTable(stdout *os.File, reports []switching) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| new topics\t| pairs\t| read\t| same first article as alone\t| right article first\t| read alone\t|\n|---\t|---:\t|---\t|---:\t|---:\t|---:\t|")
	for _, s := range reports {
		fmt.Fprintf(w, "| %s, %s\t| %d\t| the question alone\t| \t| %s\t| \t|\n", s.Split, s.Encoder, s.Pairs, percent(s.Alone, s.Pairs))
		for _, by := range []struct {
			name string
			of   reading
		}{{"as the engine decides", s.Engine}, {"with the history", s.Whole}} {
			fmt.Fprintf(w, "| \t| \t| %s\t| %s\t| %s\t| %s\t|\n", by.name, percent(by.of.Same, s.Pairs), percent(by.of.Right, s.Pairs), percent(by.of.Alone, s.Pairs))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\n| real follow-ups\t| turns\t| first with the history\t| first as decided\t| first in both\t| kept\t| kept, needs context\t| read alone\t| and need context\t| topic switches read alone\t|\n|---\t"+strings.Repeat("|---:\t", 9)+"|")
	share := func(part, of int) string { return percent(float64(part)/float64(max(1, of)), of) }
	for _, s := range reports {
		fmt.Fprintf(w, "| %s, %s\t| %d\t| %d\t| %d\t| %d\t| %s\t| %s\t| %d\t| %d\t| %d of %d\t|\n", s.Split, s.Encoder, s.FollowN, s.FirstTogether, s.FirstAsDecided,
			s.FirstBoth, share(s.FirstBoth, s.FirstTogether), share(s.FirstBothNeed, s.TogetherAndNeed), s.ReadAlone, s.ReadAloneNeeds, s.SwitchesAlone, s.Switches)
	}
	return w.Flush()
}
