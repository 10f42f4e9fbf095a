package answer

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/encoder/tiny"
	"parley/shared/index"
	"parley/shared/matrix"
	"parley/shared/message"
	"parley/shared/passages"
)

const plain = `{"name": "tiny", "query_tokens": 64, "history_token_type": 1, "dense_weight": 20, "dense_zero": 0.5}`

func tinySentence(t testing.TB, e *encoder.Encoder, parley string) *encoder.Sentence {
	t.Helper()
	s, err := encoder.LoadSentenceOver(e.Tokenizer, tiny.Files(tiny.Sentence(e.Vocab(), parley)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// embedded returns the vectors of an engine's passages.
func embedded(t testing.TB, e *Engine, s *encoder.Sentence, space string) *dense.Vectors {
	t.Helper()
	b, session, to := dense.NewBuilder(space, s.Dim()), s.NewSession(), make([]float32, s.Dim())
	var in conversation.Input
	for i := range e.Passages.Len() {
		p := e.Passages.At(i)
		s.Passage(&in, p.Title+". "+p.Text)
		if err := errors.Join(session.Embed(to, in), b.Add(to)); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	v, err := dense.Open(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// fewArticles returns a hundred of the shipped passages.
func fewArticles(t testing.TB) []passages.Passage {
	p, err := passages.Open(load(t, models, "vital-articles", "passages.bin"))
	if err != nil {
		t.Fatal(err)
	}
	var docs []passages.Passage
	for i := 0; i < p.Len(); i += 80 {
		docs = append(docs, p.At(i))
	}
	return docs
}

// indexed returns the passages of twoStages and their index.
var indexed *Engine

// twoStages returns an engine over a hundred passages with a dense stage.
func twoStages(t testing.TB, parley string) *Engine {
	t.Helper()
	if indexed == nil {
		indexed = over(t, openEncoder(t), fewArticles(t)...)
	}
	e, err := New(openEncoder(t), indexed.Index, indexed.Passages)
	if err != nil {
		t.Fatal(err)
	}
	s := tinySentence(t, e.Encoder, parley)
	if err := e.SetDense(s, embedded(t, e, s, s.Space)); err != nil {
		t.Fatal(err)
	}
	return e
}

// printed returns the vectors as a model of that fingerprint made them.
func printed(t testing.TB, v *dense.Vectors, fingerprint string) *dense.Vectors {
	t.Helper()
	b, row := dense.NewBuilder(v.Space(), v.Dim()), make([]float32, v.Dim())
	b.Fingerprint = fingerprint
	for i := range v.Len() {
		v.Vector(row, i)
		if err := b.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	_, err := b.WriteTo(&out)
	if err == nil {
		v, err = dense.Open(out.Bytes())
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Every stage agrees with its definition, computed over all passages in float64.
func TestStagesAreWhatTheyAreDefinedToBe(t *testing.T) {
	e := twoStages(t, plain)
	n := e.Passages.Len()
	for _, a := range []message.Ask{turns("Which river is the longest?"), tower, turns("iron", "A metal.", "what is it made of, and who painted it?")} {
		a.K, a.Explain = 30, true
		a.Stage = message.StageSparse
		sparse := ask(t, e, a)
		a.Stage = message.StageDense
		byCosine := ask(t, e, a)
		a.Stage = message.StageBoth
		both := ask(t, e, a)

		// The cosine of every passage, computed from the dequantised vectors.
		var in conversation.Input
		var list []conversation.Turn
		for _, turn := range a.Turns {
			list = append(list, conversation.Turn{Question: turn.Question, Reply: turn.Reply})
		}
		e.Dense.Conversation(&in, list)
		q, row := make([]float32, e.Dense.Dim()), make([]float32, e.Dense.Dim())
		if err := e.Dense.NewSession().Embed(q, in); err != nil {
			t.Fatal(err)
		}
		parts := make([]float64, n)
		for d := range n {
			e.Vectors.Vector(row, d)
			for i, v := range row {
				parts[d] += float64(v) * float64(q[i])
			}
			parts[d] = 20 * (parts[d] - .5)
		}
		sparseScore := make([]float32, n)
		f, err := e.find(message.Ask{Turns: a.Turns, Stage: message.StageSparse})
		if err != nil {
			t.Fatal(err)
		}
		hits, _ := e.Index.NewSearcher().Search(f.Vector, n)
		for _, h := range hits {
			sparseScore[h.Doc] = h.Score
		}
		check := func(stage string, a message.Answer, sparse func(doc uint32) float32) {
			t.Helper()
			if a.Stage != stage || len(a.Results) != 30 || (a.Cost.DenseMS > 0) != (stage != message.StageSparse) {
				t.Fatalf("%s: stage %q, %d results, %v ms", stage, a.Stage, len(a.Results), a.Cost.DenseMS)
			}
			for i, r := range a.Results {
				var sum float32
				for _, p := range r.Parts {
					sum += p.Query * p.Doc
				}
				if sum != sparse(r.Doc) || sum+r.Dense != r.Score {
					t.Errorf("%s: result %d: the parts sum to %v, the dense one is %v, the score %v; the sparse stage gives %v", stage, i, sum, r.Dense, r.Score, sparse(r.Doc))
				}
				if stage != message.StageSparse && math.Abs(float64(r.Dense)-parts[r.Doc]) > 20*.01 {
					t.Errorf("%s: result %d: the dense part is %v, want %v", stage, i, r.Dense, parts[r.Doc])
				}
				if r.Text == "" || r.Quote[1] > len(r.Text) {
					t.Errorf("%s: result %d: quote %v of %q", stage, i, r.Quote, r.Text)
				}
			}
			if !slices.IsSortedFunc(a.Results, func(a, b message.Result) int {
				return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Doc, b.Doc))
			}) {
				t.Errorf("%s: not in order", stage)
			}
			// No other passage scores more than the last one, except through the query's
			// rounding.
			in := map[uint32]bool{}
			for _, r := range a.Results {
				in[r.Doc] = true
			}
			for d := range n {
				score := float64(sparse(uint32(d)))
				if stage != message.StageSparse {
					score += parts[d]
				}
				if last := a.Results[len(a.Results)-1]; !in[uint32(d)] && score > float64(last.Score)+20*.01 {
					t.Errorf("%s: passage %d scores %v, the last result %v", stage, d, score, last.Score)
				}
			}
		}
		check(message.StageSparse, sparse, func(d uint32) float32 { return sparseScore[d] })
		check(message.StageDense, byCosine, func(uint32) float32 { return 0 })
		check(message.StageBoth, both, func(d uint32) float32 { return sparseScore[d] })
		if byCosine.Results[0].ID == sparse.Results[0].ID && both.Results[1].ID == sparse.Results[1].ID && both.Results[2].ID == sparse.Results[2].ID {
			t.Error("the stages agree on all: this tests nothing")
		}
	}
}

// A passage that shares no term with the query can be found by its vector alone.
func TestBothStagesPropose(t *testing.T) {
	e := twoStages(t, plain)
	a := turns("volcano")
	a.Stage, a.Explain, a.K = message.StageBoth, true, 100
	for i := range ask(t, e, a).Terms { // all terms out but the heaviest
		if i > 0 {
			a.Weights = append(a.Weights, message.Weight{Text: ask(t, e, turns("volcano")).Terms[i].Text})
		}
	}
	got := ask(t, e, a)
	shared, alone := 0, 0
	for _, r := range got.Results {
		if len(r.Parts) > 0 {
			shared++
		} else {
			alone++
		}
	}
	if shared == 0 || alone == 0 || len(got.Results) != 100 {
		t.Errorf("%d results share the term, %d do not", shared, alone)
	}
}

func TestWhoAnswers(t *testing.T) {
	e := twoStages(t, plain)
	was := coefficients
	defer func() { coefficients = was }()
	for _, c := range []struct {
		name                  string
		bias, above, weight   float32
		asked, want, complain string
	}{
		{"never sure", -3, 0, 20, "", message.StageBoth, ""},
		{"sure, but never asked to be", 3, 0, 20, "", message.StageBoth, ""},
		{"sure enough", 3, .9, 20, "", message.StageSparse, ""},
		{"not sure enough", 3, .99, 20, "", message.StageBoth, ""},
		{"sure, but both were asked for", 3, .9, 20, message.StageBoth, message.StageBoth, ""},
		{"sure, but the dense one was asked for", 3, .9, 20, message.StageDense, message.StageDense, ""},
		{"not sure, but the sparse one was asked for", -3, .9, 20, message.StageSparse, message.StageSparse, ""},
		{"no weight", -3, .9, 0, "", message.StageSparse, ""},
		{"no weight, dense", -3, .9, 0, message.StageDense, message.StageDense, ""},
		{"no weight, both", -3, .9, 0, message.StageBoth, "", "no dense_weight"},
		{"no such stage", -3, .9, 20, "third", "", `stage "third"; wanted "sparse", "dense", "both"`},
	} {
		coefficients = [featureCount]float32{one: c.bias}
		e.Dense.SureAbove, e.Dense.DenseWeight = c.above, c.weight
		q := turns("rivers of Africa")
		q.Stage = c.asked
		a, err := e.Ask(q)
		if c.complain != "" {
			if err == nil || !strings.Contains(err.Error(), c.complain) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil || a.Stage != c.want || math.Abs(float64(a.Sure)-1/(1+math.Exp(float64(-c.bias)))) > 1e-6 {
			t.Errorf("%s: stage %q, sure %v (%v)", c.name, a.Stage, a.Sure, err)
		}
		if a.Stage == message.StageDense && c.weight == 0 && (a.Results[0].Score > 1.01 || a.Results[0].Score < a.Results[1].Score) {
			t.Errorf("%s: the score %v is no cosine", c.name, a.Results[0].Score)
		}
	}
}

// Without a dense stage the answer is as before; with one, the sparse stage's part stays
// the same to the bit.
func TestTheSparseStageStands(t *testing.T) {
	e := twoStages(t, plain)
	asks := conversations(t)
	for i := range asks {
		asks[i].Stage = message.StageSparse
	}
	with, err := e.Digest(asks)
	if err != nil {
		t.Fatal(err)
	}
	both := slices.Clone(asks)
	for i := range both {
		both[i].Stage = message.StageBoth
	}
	if sum, err := e.Digest(both); err != nil || sum == with {
		t.Errorf("both stages have the digest of one (%v)", err)
	}
	if err := e.SetDense(nil, nil); err != nil || e.Dense != nil {
		t.Fatalf("taken away: %v", err)
	}
	if without, err := e.Digest(asks); err != nil || with != without {
		t.Errorf("digest %016x, with a dense stage %016x (%v)", without, with, err)
	}
	for i := range asks {
		asks[i].Stage = ""
	}
	if without, err := e.Digest(asks); err != nil || with != without {
		t.Errorf("digest %016x, with a dense stage %016x (%v)", without, with, err)
	}
	for _, stage := range []string{message.StageDense, message.StageBoth} {
		q := turns("rivers")
		q.Stage = stage
		if _, err := e.Ask(q); !errors.Is(err, ErrNoDense) {
			t.Errorf("%s: %v", stage, err)
		}
	}
	if a := ask(t, e, turns("rivers")); a.Stage != message.StageSparse || a.Sure != 0 || a.Results[0].Dense != 0 {
		t.Errorf("without: stage %q, sure %v", a.Stage, a.Sure)
	}
}

// Where the sparse stage reads the question alone, so does the dense one.
func TestBothStagesReadAlone(t *testing.T) {
	e := twoStages(t, plain)
	for _, stage := range []string{message.StageDense, message.StageBoth} {
		a := tower
		a.Stage = stage
		together := ask(t, e, a)
		a.Read = message.ReadAlone
		alone := ask(t, e, a)
		a.Turns = []message.Turn{{}, tower.Turns[1]}
		a.Read = ""
		want := ask(t, e, a)
		if !alone.Alone || !slices.EqualFunc(alone.Results, want.Results, sameResult) || slices.EqualFunc(alone.Results, together.Results, sameResult) {
			t.Errorf("%s: read alone, the results are not those of the question by itself", stage)
		}
	}
	for _, turn := range e.turns[:cap(e.turns)] {
		if turn != (conversation.Turn{}) {
			t.Errorf("the engine keeps %+v", turn)
		}
	}
}

func sameResult(a, b message.Result) bool {
	return a.Doc == b.Doc && a.Score == b.Score && a.Dense == b.Dense
}

func TestStagesHaveTheSameBitsOnEveryPath(t *testing.T) {
	was := matrix.Current()
	defer matrix.Use(was)
	coefficientsWere := coefficients
	defer func() { coefficients = coefficientsWere }()
	for i := range coefficients {
		coefficients[i] = float32(i%3) - .7
	}
	asks := conversations(t)
	for i := range asks {
		asks[i].Stage = []string{"", message.StageDense, message.StageBoth}[i%3]
	}
	want := ""
	for _, path := range matrix.Paths() {
		if err := matrix.Use(path); err != nil {
			t.Fatal(err)
		}
		e := twoStages(t, strings.Replace(plain, "{", `{"sure_above": 0.5, `, 1))
		sum, err := e.Digest(asks)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%016x", sum)
		for _, a := range asks {
			got += fmt.Sprintf(" %08x", math.Float32bits(ask(t, e, a).Sure))
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%s: %s\nplain Go: %s", path, got, want)
		}
	}
}

func TestSetDenseRefusesPartsThatDoNotFit(t *testing.T) {
	e := over(t, openEncoder(t), fewArticles(t)[:5]...)
	s := tinySentence(t, e.Encoder, plain)
	v := embedded(t, e, s, s.Space)
	fewer := over(t, e.Encoder, fewArticles(t)[:4]...)
	wide := dense.NewBuilder("tiny", tiny.Dim+1)
	for range 5 {
		wide.Add(append(make([]float32, tiny.Dim), 1))
	}
	var b bytes.Buffer
	wide.WriteTo(&b)
	wider, err := dense.Open(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	files := tiny.Sentence(5, plain)
	files["vocab.txt"] = []byte("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
	other, err := encoder.LoadSentence(tiny.Files(files))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s    *encoder.Sentence
		v    *dense.Vectors
		says string
	}{
		{nil, v, "there is no dense encoder"},
		{s, nil, "no dense vectors (dense.bin) for the dense encoder tiny"},
		{s, embedded(t, e, s, "bge"), "dense vectors are of bge, the dense encoder tiny compares with those of tiny"},
		{s, printed(t, v, s.SpaceFingerprint+"1"), "another model called tiny"},
		{s, wider, "another length than those of the dense encoder tiny"},
		{s, embedded(t, fewer, s, "tiny"), "another number of dense vectors than of passages"},
		{other, v, "another vocabulary"},
	} {
		if err := errors.Join(e.SetDense(s, v), e.SetDense(s, printed(t, v, s.SpaceFingerprint)), e.SetDense(c.s, c.v)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, wanted %q", err, c.says)
		}
		if a := ask(t, e, turns("rivers")); a.Stage != message.StageSparse {
			t.Errorf("%s: stage %q", c.says, a.Stage)
		}
	}
	// A dense encoder with an equal vocabulary of its own is accepted.
	files = tiny.Sentence(e.Encoder.Vocab(), plain)
	files["vocab.txt"] = load(t, models, "splade-tiny", "vocab.txt")
	own, err := encoder.LoadSentence(tiny.Files(files))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.SetDense(own, v); err != nil {
		t.Error(err)
	}
}

func TestStagesOverSmallCollections(t *testing.T) {
	enc := openEncoder(t)
	for n := range 3 {
		e := over(t, enc, fewArticles(t)[:n]...)
		s := tinySentence(t, enc, plain)
		if err := e.SetDense(s, embedded(t, e, s, "tiny")); err != nil {
			t.Fatal(err)
		}
		for _, stage := range []string{"", message.StageSparse, message.StageDense, message.StageBoth} {
			q := turns("qqq zzz?")
			q.Stage, q.Explain = stage, true
			if a := ask(t, e, q); len(a.Results) > n || stage == message.StageDense && len(a.Results) != n {
				t.Errorf("%d passages, stage %q: %d results", n, stage, len(a.Results))
			}
		}
	}
}

// Features have the meaning of their names and lie between 0 and 1, and Sure returns a
// probability.
func TestFeatures(t *testing.T) {
	e := twoStages(t, plain)
	was := coefficients
	defer func() { coefficients = was }()
	for _, a := range conversations(t) {
		x, err := e.Features(a)
		if err != nil || len(x) != featureCount || x[one] != 1 {
			t.Fatalf("%v, %v", x, err)
		}
		for i, v := range x {
			if !(v >= 0 && v <= 1) {
				t.Errorf("feature %d is %v", i, v)
			}
		}
		if x[lead] > x[otherLead] || x[otherLead] > 1 || x[lead] > x[tenLead] {
			t.Errorf("leads: %v", x)
		}
		for _, c := range []float32{-50, -1, 1, 50} {
			coefficients = [featureCount]float32{lead: c, filled: c, terms: -c / 2}
			var z float64
			for i, v := range x {
				z += float64(v) * float64(coefficients[i])
			}
			if got, want := float64(Sure(x)), 1/(1+math.Exp(-z)); math.Abs(got-want) > 1e-5 {
				t.Errorf("sure %v, want %v", got, want)
			}
		}
	}
	if x, err := e.Features(tower); err != nil || x[history] != 1 || x[newTopic] != 0 {
		t.Errorf("%v, %v", x, err)
	}
	a := tower
	a.Read = message.ReadAlone
	if x, err := e.Features(a); err != nil || x[history] != 0 || x[newTopic] != 1 {
		t.Errorf("read alone: %v, %v", x, err)
	}
	if _, err := e.Features(message.Ask{}); !errors.Is(err, ErrNoQuestion) {
		t.Errorf("no question: %v", err)
	}
	nothing := over(t, e.Encoder)
	coefficients = [featureCount]float32{one: 5}
	if x, err := nothing.Features(tower); err != nil || x[filled] != 0 || Sure(x) != 0 {
		t.Errorf("nothing found: %v, %v", x, err)
	}
}

// In a large collection the dense stage only reorders what the sparse one found.
func TestLargeCollectionsAreNotComparedWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("indexes 200,001 passages")
	}
	enc := openEncoder(t)
	s := tinySentence(t, enc, plain)
	x, p, v := index.NewBuilder(enc.Vocab()), passages.NewBuilder(passages.About{Title: "many"}), dense.NewBuilder("tiny", tiny.Dim)
	session, to := s.NewSession(), make([]float32, tiny.Dim)
	var in conversation.Input
	s.Conversation(&in, []conversation.Turn{{Question: "volcano"}})
	if err := session.Embed(to, in); err != nil {
		t.Fatal(err)
	}
	one, _, err := enc.NewSession().Encode(conversation.Passage(enc.Tokenizer, "volcano", 16))
	if err != nil {
		t.Fatal(err)
	}
	empty := one
	empty.Terms, empty.Weights = nil, nil
	for i := range exhaustive + 1 {
		doc := empty
		if i == 7 {
			doc = one
		}
		err := errors.Join(x.Add(doc), p.Add(passages.Passage{ID: fmt.Sprint(i), Title: "t", Text: "x"}), v.Add(to))
		if err != nil {
			t.Fatal(err)
		}
	}
	var files [3]bytes.Buffer
	x.WriteTo(&files[0])
	p.WriteTo(&files[1])
	v.WriteTo(&files[2])
	xi, err1 := index.Open(files[0].Bytes())
	pi, err2 := passages.Open(files[1].Bytes())
	vi, err3 := dense.Open(files[2].Bytes())
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	e, err := New(enc, xi, pi)
	if err == nil {
		err = e.SetDense(s, vi)
	}
	if err != nil {
		t.Fatal(err)
	}
	q := turns("volcano")
	q.Stage = message.StageBoth
	if a := ask(t, e, q); len(a.Results) != 1 || a.Results[0].Doc != 7 || a.Results[0].Dense < 9.5 {
		t.Errorf("%d results, the first %+v", len(a.Results), a.Results[0])
	}
}

// With both stages, what a question names by its title is among the hits, even where neither stage proposes
// it: there are more passages than either does.
func TestBothStagesKeepWhatATitleNames(t *testing.T) {
	p, err := passages.Open(load(t, models, "vital-articles", "passages.bin"))
	if err != nil {
		t.Fatal(err)
	}
	var docs []passages.Passage
	for i := 0; i < 10_000; i += 10_000 / (candidates + 60) {
		docs = append(docs, p.At(i))
	}
	e := over(t, openEncoder(t), docs...)
	s := tinySentence(t, e.Encoder, plain)
	if err := e.SetDense(s, embedded(t, e, s, s.Space)); err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, d := range docs {
		turns := []message.Turn{{Question: "when did " + d.Title + " start"}}
		f, err := e.find(message.Ask{Stage: message.StageSparse, K: 1, Turns: turns})
		if err != nil {
			t.Fatal(err)
		}
		if !f.rule.title || nameOf(d.Title) != f.rule.name {
			continue
		}
		named++
		f.hits, f.stage = nil, message.StageBoth // the sparse stage has proposed nothing
		const k = 2
		if err := e.search2(&f, []conversation.Turn{{Question: turns[0].Question}}, k); err != nil {
			t.Fatal(err)
		}
		if len(f.hits) != k || len(f.parts) != k || !slices.ContainsFunc(f.hits, func(h index.Hit) bool { return h.Doc == f.rule.titled }) {
			t.Errorf("%s is not among the hits %v", d.Title, f.hits)
		}
	}
	if named < 50 {
		t.Errorf("only %d titles were named", named)
	}
}
