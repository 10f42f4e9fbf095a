// Package wire reads and writes the page's messages (shared/message) as JSON, for
// the page's program and its worker; the tests hold it against encoding/json, which
// wasm/host uses (see jsontree for why these do not).
package wire

import (
	"errors"
	"strconv"

	"parley/shared/jsontree"
	"parley/shared/message"
)

// Answer reads a message.Answer.
func Answer(body string) (*message.Answer, error) {
	v, err := jsontree.Parse(body)
	if err != nil {
		return nil, err
	}
	a := &message.Answer{
		Reply: v.Get("reply").Int(), Tokens: v.Get("tokens").Int(),
		Dropped: v.Get("dropped").Yes, Cut: v.Get("cut").Yes, Alone: v.Get("alone").Yes,
		Stage: v.Get("stage").Text, Sure: float32(v.Get("sure").Number),
		Doubt: v.Get("doubt").Text, Answers: float32(v.Get("answers").Number),
	}
	for _, s := range v.Get("spelling").List {
		a.Spelling = append(a.Spelling, message.Spelling{Typed: s.Get("typed").Text, Read: s.Get("read").Text})
	}
	for _, turn := range v.Get("read").List {
		a.Read = append(a.Read, turn.Int())
	}
	for _, t := range v.Get("terms").List {
		a.Terms = append(a.Terms, message.Term{
			Text: t.Get("text").Text, Weight: float32(t.Get("weight").Number), Turn: t.Get("turn").Int(),
			Reply: t.Get("reply").Yes, Typed: t.Get("typed").Yes, Word: t.Get("word").Yes,
		})
	}
	for _, r := range v.Get("results").List {
		res := message.Result{
			Doc: uint32(r.Get("doc").Int()), ID: r.Get("id").Text, Title: r.Get("title").Text, Text: r.Get("text").Text,
			URL: r.Get("url").Text, Score: float32(r.Get("score").Number), Quote: span(r.Get("quote")),
			NoFigure: r.Get("no_figure").Yes, Dense: float32(r.Get("dense").Number),
		}
		for _, m := range r.Get("marks").List {
			res.Marks = append(res.Marks, span(m))
		}
		for _, p := range r.Get("parts").List {
			res.Parts = append(res.Parts, message.Part{
				Term: p.Get("term").Int(), Query: float32(p.Get("query").Number), Doc: float32(p.Get("doc").Number),
			})
		}
		a.Results = append(a.Results, res)
	}
	c := v.Get("cost")
	a.Cost = message.Cost{
		EncodeMS: c.Get("encode_ms").Number, SearchMS: c.Get("search_ms").Number, DenseMS: c.Get("dense_ms").Number, ReadMS: c.Get("read_ms").Number,
		Lists: c.Get("lists").Int(), Postings: c.Get("postings").Int(),
	}
	return a, nil
}

// Ready reads a message.Ready.
func Ready(body string) (*message.Ready, error) {
	v, err := jsontree.Parse(body)
	if err != nil {
		return nil, err
	}
	r := &message.Ready{
		Encoder: v.Get("encoder").Text, MaxTokens: v.Get("max_tokens").Int(),
		Collection: v.Get("collection").Text, Passages: v.Get("passages").Int(),
		Licence: v.Get("licence").Text, LicenceURL: v.Get("licence_url").Text, Attribution: v.Get("attribution").Text,
		Postings: v.Get("postings").Int(), SIMD: v.Get("simd").Yes, Memory: int64(v.Get("memory").Int()),
		Level: v.Get("level").Text,
	}
	d := v.Get("dense")
	r.Dense = message.Dense{Title: d.Get("title").Text, Bytes: int64(d.Get("bytes").Int()), Space: d.Get("space").Text, Card: d.Get("card").Text}
	for _, l := range v.Get("levels").List {
		r.Levels = append(r.Levels, Level(l))
	}
	return r, nil
}

// DenseState reads a message.DenseState.
func DenseState(body string) (*message.DenseState, error) {
	v, err := jsontree.Parse(body)
	if err != nil {
		return nil, err
	}
	return &message.DenseState{
		State: v.Get("state").Text, Name: v.Get("name").Text, Message: v.Get("message").Text, File: v.Get("file").Text,
		Bytes: int64(v.Get("bytes").Int()), Memory: int64(v.Get("memory").Int()), Loaded: int64(v.Get("loaded").Int()), Total: int64(v.Get("total").Int()),
	}, nil
}

// Failure reads a message.Failure.
func Failure(body string) (*message.Failure, error) {
	v, err := jsontree.Parse(body)
	if err != nil {
		return nil, err
	}
	return &message.Failure{Stage: v.Get("stage").Text, File: v.Get("file").Text, Message: v.Get("message").Text}, nil
}

// Level reads a message.Level.
func Level(v jsontree.Value) message.Level {
	return message.Level{
		Name: v.Get("name").Text, Title: v.Get("title").Text,
		FLOPS: v.Get("flops").Number, Ratio: v.Get("ratio").Number, Card: v.Get("card").Text,
	}
}

func span(v jsontree.Value) message.Span {
	if len(v.List) != 2 {
		return message.Span{}
	}
	return message.Span{v.List[0].Int(), v.List[1].Int()}
}

// Ask reads a message.Ask.
func Ask(body string) (*message.Ask, error) {
	v, err := jsontree.Parse(body)
	if err != nil {
		return nil, err
	}
	return ask(v)
}

// Asks reads a list of message.Ask.
func Asks(body string) ([]message.Ask, error) {
	v, err := jsontree.Parse(body)
	if err != nil {
		return nil, err
	}
	if v.Kind != jsontree.Array {
		return nil, errors.New("JSON: not a list")
	}
	var all []message.Ask
	for _, item := range v.List {
		a, err := ask(item)
		if err != nil {
			return nil, err
		}
		all = append(all, *a)
	}
	return all, nil
}

func ask(v jsontree.Value) (*message.Ask, error) {
	a := &message.Ask{}
	if err := v.Into(map[string]any{"k": &a.K, "level": &a.Level, "read": &a.Read, "stage": &a.Stage, "brief": &a.Brief, "explain": &a.Explain}); err != nil {
		return nil, err
	}
	for _, t := range v.Get("turns").List {
		var turn message.Turn
		if err := t.Into(map[string]any{"question": &turn.Question, "reply": &turn.Reply}); err != nil {
			return nil, err
		}
		a.Turns = append(a.Turns, turn)
	}
	for _, w := range v.Get("weights").List {
		a.Weights = append(a.Weights, message.Weight{Text: w.Get("text").Text, Word: w.Get("word").Yes, Factor: float32(w.Get("factor").Number)})
	}
	return a, nil
}

// A writer writes objects, a field after the other. Empty fields are left out, as
// the readers take what is missing for that.
type writer struct{ b []byte }

func (w *writer) key(name string) {
	if c := w.b[len(w.b)-1]; c != '{' && c != '[' {
		w.b = append(w.b, ',')
	}
	if name != "" {
		w.b = append(jsontree.AppendQuoted(w.b, name), ':')
	}
}

func (w *writer) text(name, s string) {
	if s != "" {
		w.key(name)
		w.b = jsontree.AppendQuoted(w.b, s)
	}
}

func (w *writer) int(name string, n int) {
	if n != 0 {
		w.key(name)
		w.b = strconv.AppendInt(w.b, int64(n), 10)
	}
}

func (w *writer) float(name string, v float64, bits int) {
	if v != 0 {
		w.key(name)
		w.b = jsontree.AppendNumber(w.b, v, bits)
	}
}

func (w *writer) yes(name string, b bool) {
	if b {
		w.key(name)
		w.b = append(w.b, "true"...)
	}
}

// object and list write a field whose parts f writes; items of a list have no name.
func (w *writer) object(name string, f func()) { w.group(name, '{', '}', f) }
func (w *writer) list(name string, f func())   { w.group(name, '[', ']', f) }

func (w *writer) group(name string, open, end byte, f func()) {
	if len(w.b) > 0 {
		w.key(name)
	}
	w.b = append(w.b, open)
	f()
	w.b = append(w.b, end)
}

func (w *writer) ints(name string, numbers []int) {
	w.list(name, func() {
		for _, n := range numbers {
			w.key("")
			w.b = strconv.AppendInt(w.b, int64(n), 10)
		}
	})
}

func (w *writer) span(name string, s message.Span) { w.ints(name, s[:]) }

func written(f func(w *writer)) string {
	w := &writer{}
	w.object("", func() { f(w) })
	return string(w.b)
}

// EncodeAsk writes a message.Ask.
func EncodeAsk(a message.Ask) string {
	return written(func(w *writer) {
		w.list("turns", func() {
			for _, t := range a.Turns {
				w.object("", func() {
					w.text("question", t.Question)
					w.text("reply", t.Reply)
				})
			}
		})
		w.int("k", a.K)
		w.text("level", a.Level)
		w.text("read", a.Read)
		w.text("stage", a.Stage)
		w.yes("brief", a.Brief)
		w.yes("explain", a.Explain)
		if len(a.Weights) > 0 {
			w.list("weights", func() {
				for _, by := range a.Weights {
					w.object("", func() {
						w.text("text", by.Text)
						w.yes("word", by.Word)
						w.float("factor", float64(by.Factor), 32)
					})
				}
			})
		}
	})
}

// EncodeAnswer writes a message.Answer.
func EncodeAnswer(a *message.Answer) string {
	return written(func(w *writer) {
		w.list("terms", func() {
			for _, t := range a.Terms {
				w.object("", func() {
					w.text("text", t.Text)
					w.float("weight", float64(t.Weight), 32)
					w.int("turn", t.Turn)
					w.yes("reply", t.Reply)
					w.yes("typed", t.Typed)
					w.yes("word", t.Word)
				})
			}
		})
		w.list("results", func() {
			for i := range a.Results {
				r := &a.Results[i]
				w.object("", func() {
					w.int("doc", int(r.Doc))
					w.text("id", r.ID)
					w.text("title", r.Title)
					w.text("text", r.Text)
					w.text("url", r.URL)
					w.float("score", float64(r.Score), 32)
					w.span("quote", r.Quote)
					w.list("marks", func() {
						for _, m := range r.Marks {
							w.span("", m)
						}
					})
					w.yes("no_figure", r.NoFigure)
					w.float("dense", float64(r.Dense), 32)
					if len(r.Parts) > 0 {
						w.list("parts", func() {
							for _, p := range r.Parts {
								w.object("", func() {
									w.int("term", p.Term)
									w.float("query", float64(p.Query), 32)
									w.float("doc", float64(p.Doc), 32)
								})
							}
						})
					}
				})
			}
		})
		w.int("reply", a.Reply)
		w.int("tokens", a.Tokens)
		w.yes("dropped", a.Dropped)
		w.yes("cut", a.Cut)
		w.yes("alone", a.Alone)
		w.ints("read", a.Read)
		w.text("stage", a.Stage)
		w.text("doubt", a.Doubt)
		w.float("answers", float64(a.Answers), 32)
		if len(a.Spelling) > 0 {
			w.list("spelling", func() {
				for _, s := range a.Spelling {
					w.object("", func() {
						w.text("typed", s.Typed)
						w.text("read", s.Read)
					})
				}
			})
		}
		w.float("sure", float64(a.Sure), 32)
		w.object("cost", func() {
			w.float("encode_ms", a.Cost.EncodeMS, 64)
			w.float("search_ms", a.Cost.SearchMS, 64)
			w.float("read_ms", a.Cost.ReadMS, 64)
			w.float("dense_ms", a.Cost.DenseMS, 64)
			w.int("lists", a.Cost.Lists)
			w.int("postings", a.Cost.Postings)
		})
	})
}

// EncodeReady writes a message.Ready.
func EncodeReady(r *message.Ready) string {
	return written(func(w *writer) {
		w.text("encoder", r.Encoder)
		w.int("max_tokens", r.MaxTokens)
		w.text("collection", r.Collection)
		w.int("passages", r.Passages)
		w.text("licence", r.Licence)
		w.text("licence_url", r.LicenceURL)
		w.text("attribution", r.Attribution)
		w.int("postings", r.Postings)
		w.yes("simd", r.SIMD)
		w.int("memory", int(r.Memory))
		w.list("levels", func() {
			for _, l := range r.Levels {
				w.object("", func() {
					w.text("name", l.Name)
					w.text("title", l.Title)
					w.float("flops", l.FLOPS, 64)
					w.float("ratio", l.Ratio, 64)
					w.text("card", l.Card)
				})
			}
		})
		w.text("level", r.Level)
		if r.Dense.Bytes != 0 || r.Dense.Title != "" {
			w.object("dense", func() {
				w.text("title", r.Dense.Title)
				w.int("bytes", int(r.Dense.Bytes))
				w.text("space", r.Dense.Space)
				w.text("card", r.Dense.Card)
			})
		}
	})
}

// EncodeDenseState writes a message.DenseState.
func EncodeDenseState(d *message.DenseState) string {
	return written(func(w *writer) {
		w.text("state", d.State)
		w.text("name", d.Name)
		w.int("bytes", int(d.Bytes))
		w.int("memory", int(d.Memory))
		w.int("loaded", int(d.Loaded))
		w.int("total", int(d.Total))
		w.text("message", d.Message)
		w.text("file", d.File)
	})
}

// EncodeFailure writes a message.Failure.
func EncodeFailure(f message.Failure) string {
	return written(func(w *writer) {
		w.text("stage", f.Stage)
		w.text("file", f.File)
		w.text("message", f.Message)
	})
}

// Rows writes lists of texts as [["a","b"],...].
func Rows(rows [][]string) string {
	b := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		for k, s := range row {
			if k > 0 {
				b = append(b, ',')
			}
			b = jsontree.AppendQuoted(b, s)
		}
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// Vector writes terms as {"tower":2.25,...}, the form in which sparse vectors are
// exchanged; exact words stand in quotation marks, since a piece may be spelt alike.
func Vector(terms []message.Term) string {
	b := []byte{'{'}
	for i, t := range terms {
		if i > 0 {
			b = append(b, ',')
		}
		name := t.Text
		if t.Word {
			name = `"` + name + `"`
		}
		b = append(jsontree.AppendQuoted(b, name), ':')
		b = jsontree.AppendNumber(b, float64(t.Weight), 32)
	}
	return string(append(b, '}'))
}
