package answer

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/encoder/tiny"
	"parley/shared/matrix"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/sentence"
)

// threeStages returns twoStages' engine with a reader.
func threeStages(t testing.TB) *Engine {
	t.Helper()
	e := twoStages(t, plain)
	files := tiny.Files(tiny.WithReader(tiny.Sentence(e.Encoder.Vocab(), strings.Replace(plain, "}", ", "+tiny.ReaderSettings+"}", 1))))
	s, err := encoder.LoadSentenceOver(e.Encoder.Tokenizer, files)
	if err != nil {
		t.Fatal(err)
	}
	r, err := encoder.LoadReader(s, files)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.SetDense(s, embedded(t, e, s, s.Space)), e.SetReader(r)); err != nil {
		t.Fatal(err)
	}
	return e
}

// The first results are those of both stages, in the order of score + weight x relevance;
// all others stay, and the parts sum to the score.
func TestTheReaderOrdersTheFirstResults(t *testing.T) {
	e := threeStages(t)
	changed, ranks := 0, 0
	for _, a := range []message.Ask{turns("Which river is the longest?"), turns("largest city"), tower, turns("iron", "A metal.", "what is it made of, and who painted it?")} {
		a.K, a.Explain, a.Stage = 12, true, message.StageBoth
		both := ask(t, e, a)
		a.Stage = message.StageRead
		read := ask(t, e, a)
		if read.Stage != message.StageRead || read.Cost.ReaderMS <= 0 || read.Cost.DenseMS <= 0 || both.Cost.ReaderMS != 0 {
			t.Fatalf("stage %q, %+v", read.Stage, read.Cost)
		}

		// By the definition: relevances by a session of their own.
		s := e.Reader.NewSession()
		var asked []conversation.Turn
		for _, turn := range a.Turns {
			asked = append(asked, conversation.Turn{Question: turn.Question})
		}
		s.Ask(asked)
		want := slices.Clone(both.Results[:5])
		relevance := make([]float32, 5)
		for i, r := range want {
			p := e.Passages.At(int(r.Doc))
			var err error
			if relevance[i], _, err = s.Read(passages.EncoderText(p), 0, nil); err != nil {
				t.Fatal(err)
			}
			if place, ok := asksRank(a.Turns[len(a.Turns)-1].Question); ok {
				if n := place.ranked(p.Text, sentence.Split(p.Text)); n != 0 {
					relevance[i] += ruleRelevance * n
					ranks++
				}
			}
		}
		for i := range want {
			want[i].Read = 3 * (relevance[i] - slices.Min(relevance))
			want[i].Score += want[i].Read
		}
		slices.SortFunc(want, func(a, b message.Result) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Doc, b.Doc))
		})
		for i, r := range read.Results {
			w := both.Results[i]
			if i < 5 {
				w = want[i]
			}
			if r.Doc != w.Doc || r.Score != w.Score || r.Read != w.Read || r.Dense != w.Dense {
				t.Errorf("result %d: %d %v (read %v), want %d %v (%v)", i, r.Doc, r.Score, r.Read, w.Doc, w.Score, w.Read)
			}
			if i < 5 && r.Doc != both.Results[i].Doc {
				changed++
			}
			var sum float32
			for _, p := range r.Parts {
				sum += p.Query * p.Doc
			}
			if sum = sum + r.Dense + r.Rule; sum+r.Read != r.Score {
				t.Errorf("result %d: the parts sum to %v, the score is %v", i, sum+r.Read, r.Score)
			}
		}

		// Fewer results than are read are the first of these.
		a.K = 2
		if few := ask(t, e, a); len(few.Results) != 2 || few.Results[0].Doc != want[0].Doc || few.Results[1].Doc != want[1].Doc {
			t.Errorf("the best two are others than the first two of twelve")
		}
		hits, stage, err := e.Rank(a, 12)
		if err != nil || stage != message.StageRead || len(hits) != 12 || hits[0].Doc != want[0].Doc || hits[4].Score != want[4].Score {
			t.Errorf("Rank: %q, %v, %v", stage, hits, err)
		}
	}
	if changed == 0 || ranks == 0 {
		t.Errorf("the reader changes %d places, and %d passages have a rank: this tests nothing", changed, ranks)
	}
}

// The engine asks the reader where it asks the dense stage, and the reader reads what that
// reads.
func TestWhenTheReaderReads(t *testing.T) {
	e := threeStages(t)
	was := coefficients
	defer func() { coefficients = was }()
	for bias, want := range map[float32]string{-3: message.StageRead, 3: message.StageSparse} {
		coefficients = [featureCount]float32{one: bias}
		e.Dense.SureAbove = .9
		if a := ask(t, e, turns("rivers of Africa")); a.Stage != want {
			t.Errorf("stage %q, want %q", a.Stage, want)
		}
	}
	coefficients = was
	e.Dense.SureAbove = 0
	q := turns("rivers")
	q.Stage = message.StageBoth
	if a := ask(t, e, q); a.Stage != message.StageBoth || a.Results[0].Read != 0 {
		t.Errorf("both: stage %q, the reader's part is %v", a.Stage, a.Results[0].Read)
	}

	a := tower
	a.Stage, a.Read = message.StageRead, message.ReadAlone
	alone := ask(t, e, a)
	a.Turns, a.Read = []message.Turn{{}, tower.Turns[1]}, ""
	want := ask(t, e, a)
	if !alone.Alone || !slices.EqualFunc(alone.Results, want.Results, sameResult) || alone.Results[0].Read != want.Results[0].Read {
		t.Error("read alone, the reader read something else than the question by itself")
	}

	r := e.Reader
	if err := e.SetReader(nil); err != nil || ask(t, e, turns("rivers")).Stage != message.StageBoth {
		t.Errorf("taken away: %v", err)
	}
	q.Stage = message.StageRead
	if _, err := e.Ask(q); !errors.Is(err, ErrNoReader) {
		t.Errorf("without a reader: %v", err)
	}
	if err := e.SetDense(e.Dense, e.Vectors); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.SetReader(r), e.SetDense(nil, nil)); err != nil || e.Reader != nil {
		t.Errorf("a reader without its dense stage: %v, %v", e.Reader, err)
	}
	if err := e.SetReader(r); !errors.Is(err, ErrNoDense) {
		t.Errorf("set without a dense stage: %v", err)
	}
	if err := twoStages(t, plain).SetReader(r); err == nil || !strings.Contains(err.Error(), "another dense encoder") {
		t.Errorf("another dense encoder's: %v", err)
	}
}

func TestTheReaderHasTheSameBitsOnEveryPath(t *testing.T) {
	e := threeStages(t)
	asks := conversations(t)
	for i := range asks {
		asks[i].Stage = message.StageRead
	}
	was := matrix.Current()
	defer matrix.Use(was)
	var want uint64
	for _, p := range matrix.Paths() {
		matrix.Use(p)
		sum, err := e.Digest(asks)
		if err != nil {
			t.Fatal(err)
		}
		if want == 0 {
			want = sum
		}
		if sum != want {
			t.Errorf("%s: digest %016x, want %016x", p, sum, want)
		}
	}
}

// A source that fetches is asked for the passages before they are read.
func TestTheReaderReadsWhatWasBrought(t *testing.T) {
	own := threeStages(t)
	far, err := Over(own.Encoder, &strict{Source: own.Source, t: t})
	if err == nil {
		err = errors.Join(far.SetDense(own.Dense, own.Vectors), far.SetReader(own.Reader))
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []message.Ask{turns("Which river is the longest?"), tower} {
		for _, a.K = range []int{1, 3, 20} {
			a.Stage = message.StageRead
			if x, y := ask(t, own, a), ask(t, far, a); !slices.EqualFunc(x.Results, y.Results, sameResult) {
				t.Errorf("%d results: others than over its own index", a.K)
			}
		}
	}
}

// A reader of replies reads the title of the passage that a reply quotes before it.
func TestTheReaderReadsWhatWasQuoted(t *testing.T) {
	e := threeStages(t)
	files := tiny.Files(tiny.WithReader(tiny.Sentence(e.Encoder.Vocab(), strings.Replace(plain, "}", ", "+strings.Replace(tiny.ReaderSettings, `"weight"`, `"reply_tokens": 12, "weight"`, 1)+"}", 1))))
	s, err := encoder.LoadSentenceOver(e.Encoder.Tokenizer, files)
	if err != nil {
		t.Fatal(err)
	}
	r, err := encoder.LoadReader(s, files)
	if err == nil {
		err = errors.Join(e.SetDense(s, embedded(t, e, s, s.Space)), e.SetReader(r))
	}
	if err != nil {
		t.Fatal(err)
	}
	says := func(turn message.Turn) float32 { // how relevant its result is
		a := ask(t, e, message.Ask{Turns: []message.Turn{turn, {Question: "what is it made of?"}}, Stage: message.StageRead, Read: message.ReadTogether})
		var sum float32
		for _, r := range a.Results[:5] {
			sum += r.Read
		}
		return sum
	}
	titled := says(message.Turn{Question: "iron", Reply: "A metal.", Title: "Iron"})
	if plain := says(message.Turn{Question: "iron", Reply: "A metal."}); plain == titled {
		t.Error("the title changes nothing")
	}
	if none := says(message.Turn{Question: "iron", Title: "Iron"}); none != says(message.Turn{Question: "iron"}) {
		t.Error("a title is read without a reply")
	}
	for said, want := range map[[2]string]string{{"Iron", "A metal."}: "Iron\nA metal.", {"Iron", "Iron is a metal."}: "Iron is a metal.", {"", "A metal."}: "A metal.", {"Iron", ""}: ""} {
		if got := Said(said[0], said[1]); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

// With a weight, a sentence's score is its share of the best + weight x softmax.
func TestSentencesThatTheReaderPrefers(t *testing.T) {
	e := threeStages(t)
	e.third = &third{logits: []float32{0, 9, 2, 1, float32(math.Inf(-1)), 7}}
	read := &readHit{from: 2, to: 5}
	scores := []float32{4, 8, 2}
	e.weighSentences(scores, read)
	if !slices.Equal(scores, []float32{4, 8, 2}) {
		t.Errorf("without a weight: %v", scores)
	}
	e.Reader.SentenceWeight = 2
	e.weighSentences(scores, read)
	p := 1 / (1 + math.Exp(-1)) // softmax of 2 and 1
	for i, want := range []float64{.5 + 2*p, 1 + 2*(1-p), .25} {
		if math.Abs(float64(scores[i])-want) > 1e-6 {
			t.Errorf("sentence %d: %v, want %v", i, scores[i], want)
		}
	}
	if most := e.third.mostLikely(read); math.Abs(float64(most)-p) > 1e-6 {
		t.Errorf("the likeliest has %v, want %v", most, p)
	}
	if most := e.third.mostLikely(&readHit{}); most != 0 {
		t.Errorf("of no sentences, the likeliest has %v", most)
	}
	scores = []float32{0, 0}
	if e.weighSentences(scores, &readHit{from: 2, to: 4}); scores[0] <= scores[1] {
		t.Errorf("where the engine knows nothing: %v", scores)
	}

	// The engine quotes by them: with an overwhelming weight, the reader's best sentence.
	e.third, e.Reader.SentenceWeight = nil, 1e4
	a := turns("Which river is the longest?")
	a.Stage = message.StageRead
	quoted := ask(t, e, a)
	s := e.Reader.NewSession()
	s.Ask([]conversation.Turn{{Question: a.Turns[0].Question}})
	for i, r := range quoted.Results[:5] {
		spans := sentence.Split(r.Text)
		text := passages.EncoderText(passages.Passage{Title: r.Title, Text: r.Text})
		_, logits, err := s.Read(text, len(text)-len(r.Text), spans)
		if err != nil {
			t.Fatal(err)
		}
		best := spans[slices.Index(logits, slices.Max(logits))]
		if r.Quote[0] != best.Start {
			t.Errorf("result %d: quoted from %d, the reader's best sentence is %v", i, r.Quote[0], best)
		}
	}
}

// What the reader says is known to the doubt; without it, these features are 0.
func TestTheReadersFeatures(t *testing.T) {
	e := threeStages(t)
	a := turns("Which river is the longest?")
	a.Stage = message.StageRead
	x, stage, err := e.AnswerFeatures(a)
	if err != nil || stage != message.StageRead || len(x) != int(answerFeatures) {
		t.Fatal(err, stage, x)
	}
	s := e.Reader.NewSession()
	s.Ask([]conversation.Turn{{Question: a.Turns[0].Question}})
	p := e.Passages.At(int(ask(t, e, a).Results[0].Doc))
	relevance, _, err := s.Read(passages.EncoderText(p), 0, nil)
	if err != nil || x[relevant] != relevance || !(x[likely] > 0 && x[likely] <= 1) {
		t.Errorf("relevance %v, the reader says %v; the likeliest sentence %v (%v)", x[relevant], relevance, x[likely], err)
	}
	a.Stage = message.StageBoth
	if x, _, _ = e.AnswerFeatures(a); x[relevant] != 0 || x[likely] != 0 {
		t.Errorf("without the reader: %v, %v", x[relevant], x[likely])
	}
}
