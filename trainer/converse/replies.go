package converse

import (
	"context"
	"math"

	"parley/shared/beir"
	"parley/shared/judged"
	"parley/shared/passages"
	"parley/shared/sentence"
	"parley/trainer/bm25"
)

// A judge decides whether a quoted sentence answers. The data have no gold sentence,
// but a reply that the writer made from the gold articles. The sentences of these
// articles that are most like the reply are the right ones to quote.
type judge struct {
	articles *passages.Store
	pooled   bool           // also use the judgements of pooled.tsv
	number   map[string]int // an article's number, by its id
	df       map[string]int // the number of articles with a stem
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

// nearBest is the share of the best sentence's likeness from which another sentence is
// as good. conversations/README.md says how often a reader agreed. Words of the
// question count like any other: without them, eight Verdicts on dev change, six of
// them for the worse.
const nearBest = .8

// A Verdict is the judgement of a quoted sentence.
type Verdict struct {
	Right    bool    `json:"right"`
	Likeness float64 `json:"likeness"`      // of the quoted sentence to the writer's reply
	Best     float64 `json:"best_likeness"` // the largest likeness of a sentence of the gold articles
	Sentence string  `json:"best_sentence"`
}

// likeness returns a function that says how like a sentence is to the writer's reply.
func (j *judge) likeness(t *judged.Turn) func(sentence string) float64 {
	want := map[string]float64{}
	for w := range stems(t.Reply) {
		want[w] = j.idf(w)
	}
	return func(sentence string) (sum float64) {
		has := stems(sentence)
		for _, w := range bm25.Words(t.Reply) { // in a fixed order, so that sums have the same bits each time
			if has[w] {
				sum += want[w]
				delete(has, w)
			}
		}
		return sum
	}
}

// judge compares the sentence quoted from an article with the gold articles'
// sentences.
func (j *judge) judge(t *judged.Turn, article, quoted string) Verdict {
	likeness := j.likeness(t)
	v := Verdict{Likeness: likeness(quoted)}
	from := false
	// The writer's reply was not made from the Factbook's passages. Therefore a
	// passage of the Factbook is compared with itself, and the articles are compared
	// with each other.
	factbook := isFactbook(article)
	for _, g := range gold(t, j.pooled) {
		n, ok := j.number[g.ID]
		if !ok {
			continue
		}
		if isFactbook(g.ID) != factbook || factbook && g.ID != article {
			continue
		}
		from = from || g.ID == article
		text := j.articles.At(n).Text
		for _, s := range sentence.Split(text) {
			sentence := text[s.Start:s.End]
			if l := likeness(sentence); l > v.Best {
				v.Best, v.Sentence = l, sentence
			}
		}
	}
	v.Right = from && v.Best > 0 && v.Likeness >= nearBest*v.Best
	return v
}

// A Column says whether something about a turn is right.
type Column struct {
	Key, Name string
	of        func(r *RepliedTurn) bool
}

// Columns lists all columns in the order of the table.
var Columns = []Column{
	{"first", "right article first", func(r *RepliedTurn) bool { return r.First }},
	{"first_three", "among the first three", func(r *RepliedTurn) bool { return r.Three }},
	{"reply", "reply's article right", func(r *RepliedTurn) bool { return r.Reply }},
	{"sentence", "reply's sentence right", func(r *RepliedTurn) bool { return r.Sentence.Right }},
	{"alone", "read alone", func(r *RepliedTurn) bool { return r.Alone }},
}

// A RepliedTurn says how a turn was answered.
type RepliedTurn struct {
	ID           string        `json:"id"`
	Kind         judged.Kind   `json:"kind"`
	NeedsContext bool          `json:"needs_context"`
	Question     string        `json:"question"`
	Rewrite      string        `json:"rewrite"`
	Alone        bool          `json:"alone"`   // the question was read without the history
	Results      []string      `json:"results"` // the first ten articles, best first
	Article      string        `json:"article"` // the article that the reply is from
	Replied      string        `json:"replied"`
	Writer       string        `json:"writer"` // the data set's reply
	Gold         []judged.Gold `json:"gold"`
	First        bool          `json:"first"`       // the right article is first
	Three        bool          `json:"first_three"` // the right article is among the first three
	Reply        bool          `json:"reply"`       // the reply is from a right article
	Sentence     Verdict       `json:"sentence"`
}

// A Replied is the report on a split. Shares are of the group's turns.
type Replied struct {
	Split   string                        `json:"split"`
	Encoder string                        `json:"encoder"`
	Replies string                        `json:"replies"`
	Turns   map[string]int                `json:"turns"`
	Shares  map[string]map[string]float64 `json:"shares"` // by column and group
}

// Converse plays the splits and judges the replies. It returns one report per split,
// and all turns.
func (p *Player) Converse(ctx context.Context) (reports []Replied, turns []RepliedTurn, err error) {
	j := newJudge(p.Engine.Passages, p.Pooled)
	p.begin("turns", p.turns(p.Splits))
	for _, split := range p.Splits {
		m := Replied{Split: split, Encoder: p.Engine.Encoder.Name, Replies: p.Replies, Turns: map[string]int{}, Shares: map[string]map[string]float64{}}
		for _, column := range Columns {
			m.Shares[column.Key] = map[string]float64{}
		}
		err := p.playSplit(ctx, split, 0, func(t Played) error {
			if len(gold(t.judged(), true)) == 0 { // nothing answers it
				return nil
			}
			r := j.turn(t)
			m.add(t, &r)
			turns = append(turns, r)
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		for _, of := range m.Shares {
			for name, n := range m.Turns {
				of[name] /= float64(n)
			}
		}
		reports = append(reports, m)
	}
	p.meter.Done("")
	return reports, turns, nil
}

// add counts a turn.
func (m *Replied) add(t Played, r *RepliedTurn) {
	for _, g := range Groups {
		if !g.holds(t.Of, t.Place) {
			continue
		}
		m.Turns[g.Name]++
		for _, column := range Columns {
			if column.of(r) {
				m.Shares[column.Key][g.Name]++
			}
		}
	}
}

// turn judges the answer to a turn.
func (j *judge) turn(played Played) RepliedTurn {
	t, a := played.judged(), played.Answer
	r := RepliedTurn{ID: played.Of.QueryID(played.Place), Kind: t.Kind, NeedsContext: t.NeedsContext, Question: t.Question, Rewrite: t.Rewrite,
		Alone: a.Alone, Results: []string{}, Replied: a.Quoted().Quotation(), Writer: t.Reply, Gold: gold(t, j.pooled)}
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
