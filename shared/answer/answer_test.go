package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/matrix"
	"parley/shared/message"
	"parley/shared/passages"
)

const models = "../../models"

func load(t testing.TB, elem ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func openEncoder(t testing.TB) *encoder.Encoder {
	t.Helper()
	e, err := encoder.Load(func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(models, "splade-tiny", name))
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// shipped returns an engine over the contents of models/.
func shipped(t testing.TB) *Engine {
	t.Helper()
	x, err := index.Open(load(t, models, "vital-articles", "index.bin"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := passages.Open(load(t, models, "vital-articles", "passages.bin"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(openEncoder(t), x, p)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// over returns an engine over a few texts.
func over(t testing.TB, e *encoder.Encoder, docs ...passages.Passage) *Engine {
	t.Helper()
	xb, pb, s := index.NewBuilder(e.Vocab()), passages.NewBuilder(passages.About{Title: "a few"}), e.NewSession()
	for _, d := range docs {
		v, _, err := s.Encode(conversation.Passage(e.Tokenizer, d.Title+". "+d.Text, e.PassageTokens))
		if err == nil {
			err = errors.Join(xb.Add(v), pb.Add(d))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := xb.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(bytes.Clone(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	b.Reset()
	if _, err := pb.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	p, err := passages.Open(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	engine, err := New(e, x, p)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

func turns(texts ...string) message.Ask {
	var a message.Ask
	for i, text := range texts {
		if i%2 == 0 {
			a.Turns = append(a.Turns, message.Turn{Question: text})
		} else {
			a.Turns[i/2].Reply = text
		}
	}
	return a
}

func TestConversation(t *testing.T) {
	e := shipped(t)
	ask := turns("How tall is the Eiffel Tower?")
	a, err := e.Ask(ask)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Results) != 10 || a.Results[0].Title != "Eiffel Tower" {
		t.Fatalf("%d results, first %q", len(a.Results), a.Results[0].Title)
	}
	first := a.Results[0]
	ask.Turns[0].Reply = first.Text[first.Quote[0]:first.Quote[1]]
	ask.Turns = append(ask.Turns, message.Turn{Question: "who designed it?"})
	if a, err = e.Ask(ask); err != nil {
		t.Fatal(err)
	}
	r := a.Results[0]
	if r.Title != "Eiffel Tower" {
		t.Errorf("who designed it? finds %q", r.Title)
	}
	if q := r.Text[r.Quote[0]:r.Quote[1]]; !strings.Contains(q, "Gustave Eiffel") {
		t.Errorf("who designed it? quotes %q", q)
	}
	var marked []string
	for _, m := range r.Marks {
		marked = append(marked, r.Text[m[0]:m[1]])
	}
	if !slices.Contains(marked, "designed") || slices.Contains(marked, "is") || slices.Contains(marked, "and") {
		t.Errorf("who designed it? marks %q", marked)
	}
}

// A question that is asked again is answered as before; another one is not answered with the same
// sentence, where a result nearly as good has another.
func TestTheSameQuestionHasTheSameReply(t *testing.T) {
	e := over(t, openEncoder(t), passages.Passage{ID: "a", Title: "Volcano", Text: "A volcano is a vent in the crust of a planet."}, passages.Passage{ID: "b", Title: "Lava", Text: "Lava is molten rock from a volcano in the crust of a planet."})
	first := ask(t, e, turns("what is a volcano?"))
	reply := first.Quoted().Quotation()
	again := ask(t, e, turns("what is a volcano?", reply, "What is a volcano? "))
	if reply == "" || again.Quoted().Quotation() != reply {
		t.Errorf("%q, then %q", reply, again.Quoted().Quotation())
	}
}

func TestReplyIsNotSaidTwice(t *testing.T) {
	const said = "Said."
	result := func(score float32, text string) message.Result {
		return message.Result{Score: score, Text: text, Quote: message.Span{0, len(text)}}
	}
	for _, c := range []struct {
		name    string
		results []message.Result
		want    int
	}{
		{"nothing found", nil, 0},
		{"the best is new", []message.Result{result(10, "New."), result(9, said)}, 0},
		{"the best was said, the next is near", []message.Result{result(10, said), result(7.5, "New.")}, 1},
		{"the best was said, the next is far", []message.Result{result(10, said), result(7.4, "New.")}, 0},
		{"all near ones were said", []message.Result{result(10, said), result(9, said), result(9, said), result(9, "New.")}, 0},
	} {
		if got := reply(c.results, []string{"Else.", said}); got != c.want {
			t.Errorf("%s: the reply is result %d, want %d", c.name, got, c.want)
		}
	}
}

// For any question, an answer satisfies what its types promise.
func TestAnswersAreSound(t *testing.T) {
	e := shipped(t)
	for _, ask := range conversations(t) {
		a, err := e.Ask(ask)
		if err != nil {
			t.Fatalf("%+v: %v", ask.Turns[len(ask.Turns)-1], err)
		}
		if !slices.IsSortedFunc(a.Terms, func(a, b message.Term) int {
			return int(b.Weight*1e6) - int(a.Weight*1e6)
		}) {
			t.Error("terms are not in order of weight")
		}
		typed := false
		for _, term := range a.Terms {
			typed = typed || term.Typed
			if term.Text == "" || !(term.Weight > 0) || term.Turn < -1 || term.Turn >= len(ask.Turns) {
				t.Errorf("term %+v", term)
			}
			if term.Reply && (term.Turn < 0 || ask.Turns[term.Turn].Reply == "") {
				t.Errorf("term %+v comes from a reply that is not there", term)
			}
		}
		if !typed {
			t.Errorf("%q: no term stands in the question", ask.Turns[len(ask.Turns)-1].Question)
		}
		if want := min(ask.K, e.Index.Docs()); len(a.Results) > want {
			t.Errorf("%d results for k = %d", len(a.Results), ask.K)
		}
		for i, r := range a.Results {
			if i > 0 && r.Score > a.Results[i-1].Score {
				t.Errorf("result %d scores more than the one before it", i)
			}
			if r.Quote[0] >= r.Quote[1] || r.Quote[1] > len(r.Text) {
				t.Errorf("%s: quotation %v of %d bytes", r.Title, r.Quote, len(r.Text))
			}
			end := 0
			for _, m := range r.Marks {
				if m[0] < end || m[1] <= m[0] || m[1] > len(r.Text) || !utf8.ValidString(r.Text[m[0]:m[1]]) {
					t.Errorf("%s: mark %v after byte %d", r.Title, m, end)
				}
				end = m[1]
			}
		}
		if a.Cost.Postings == 0 || a.Cost.Lists == 0 || a.Tokens < 3 {
			t.Errorf("cost %+v of %d tokens", a.Cost, a.Tokens)
		}
	}
}

// Every build of the arithmetic gives the same bits.
func TestDigestIsTheSameOnEveryPath(t *testing.T) {
	was := matrix.Current()
	defer matrix.Use(was)
	asks := conversations(t)
	var want uint64
	for i, path := range matrix.Paths() {
		if err := matrix.Use(path); err != nil {
			t.Fatal(err)
		}
		got, err := shipped(t).Digest(asks)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want = got
		}
		if got != want {
			t.Errorf("%s: digest %016x, plain Go gives %016x", path, got, want)
		}
	}
	other, err := shipped(t).Digest(asks[1:])
	if err != nil || other == want {
		t.Errorf("other questions give digest %016x too (%v)", other, err)
	}
}

func conversations(t testing.TB) (asks []message.Ask) {
	if err := json.Unmarshal(load(t, "testdata", "conversations.json"), &asks); err != nil {
		t.Fatal(err)
	}
	if len(asks) < 20 {
		t.Fatalf("%d conversations", len(asks))
	}
	return asks
}

func TestTerms(t *testing.T) {
	e := over(t, openEncoder(t))
	a, err := e.Ask(turns("Who was Marie Curie?", "A physicist and chemist from Warsaw.", "when was she born?"))
	if err != nil {
		t.Fatal(err)
	}
	find := func(piece string) message.Term {
		for _, term := range a.Terms {
			if term.Text == piece {
				return term
			}
		}
		t.Fatalf("no term %q in %+v", piece, a.Terms)
		return message.Term{}
	}
	if x := find("born"); x.Turn != 1 || x.Reply || !x.Typed {
		t.Errorf("%+v", x)
	}
	if x := find("marie"); x.Turn != 0 || x.Reply || !x.Typed {
		t.Errorf("%+v", x)
	}
	if x := find("warsaw"); x.Turn != 0 || !x.Reply || !x.Typed {
		t.Errorf("%+v", x)
	}
	if !slices.ContainsFunc(a.Terms, func(x message.Term) bool { return !x.Typed }) {
		t.Error("the encoder added no term")
	}
}

func TestMarks(t *testing.T) {
	e := over(t, openEncoder(t), passages.Passage{ID: "1", Title: "Photosynthesis",
		Text: "In photosynthesis, plants make sugar. The photosynthesis of algae: <b>sunlight</b>!"})
	a, err := e.Ask(turns("what is photosynthesis?"))
	if err != nil {
		t.Fatal(err)
	}
	r := a.Results[0]
	var marked []string
	for _, m := range r.Marks {
		marked = append(marked, r.Text[m[0]:m[1]])
	}
	if n := len(marked); n < 2 || marked[0] != "photosynthesis" || slices.Contains(marked, "The") || slices.Contains(marked, ".") {
		t.Errorf("marks %q", marked)
	}
}

func TestSmallCollections(t *testing.T) {
	enc := openEncoder(t)
	a, err := over(t, enc).Ask(turns("how tall is it?"))
	if err != nil || len(a.Results) != 0 || a.Results == nil || len(a.Terms) == 0 {
		t.Errorf("no documents: %+v, %v", a, err)
	}
	a, err = over(t, enc, passages.Passage{ID: "a", Title: "Tower", Text: "The tower is tall."}).Ask(turns("how tall is it?"))
	if err != nil || len(a.Results) != 1 || a.Results[0].ID != "a" {
		t.Errorf("one document: %+v, %v", a, err)
	}
	a, err = over(t, enc, passages.Passage{ID: "a", Title: "Tower", Text: ""}).Ask(turns("tower"))
	if err != nil || len(a.Results) != 1 || a.Results[0].Quote != (message.Span{}) || len(a.Results[0].Marks) != 0 {
		t.Errorf("one empty document: %+v, %v", a, err)
	}
}

func TestOddQuestions(t *testing.T) {
	e := shipped(t)
	for _, ask := range []message.Ask{{}, turns(""), turns(" \n\t"), turns("\u200b\u00ad"), turns("rivers", "a reply", "")} {
		if _, err := e.Ask(ask); !errors.Is(err, ErrNoQuestion) {
			t.Errorf("%+v: %v", ask, err)
		}
	}
	for _, k := range []int{-1 << 63, -1, 0, 1, 7, 100, 101, 1<<63 - 1} {
		ask := turns("rivers of Africa")
		ask.K = k
		a, err := e.Ask(ask)
		if want := map[bool]int{true: 10, false: min(max(k, 1), 100)}[k == 0]; err != nil || len(a.Results) != want {
			t.Errorf("k = %d: %d results, want %d (%v)", k, len(a.Results), want, err)
		}
	}
	huge := strings.Repeat("tower of paris ", 70_000)
	many := message.Ask{}
	for range 500 {
		many.Turns = append(many.Turns, message.Turn{Question: "and then?", Reply: huge[:1000]})
	}
	for _, ask := range []message.Ask{turns(huge), turns(huge, huge, huge), turns(strings.Repeat("x", 1<<20)), many} {
		a, err := e.Ask(ask)
		if err != nil || !a.Cut && len(ask.Turns[0].Question) > 1<<20 || a.Tokens > e.Encoder.Query.MaxTokens {
			t.Errorf("%d turns of %d bytes: %d tokens, cut %v, %v", len(ask.Turns), len(ask.Turns[0].Question), a.Tokens, a.Cut, err)
		}
	}
	for _, q := range []string{"\xff\xfe\x00", "\ufffd tower \ufffd", "‮tower‬ مرحبا", "<script>alert(1)</script>", "[SEP]"} {
		if _, err := e.Ask(turns(q)); err != nil && !errors.Is(err, ErrNoQuestion) {
			t.Errorf("%q: %v", q, err)
		}
	}
}

func TestNewRefusesPartsThatDoNotFit(t *testing.T) {
	enc := openEncoder(t)
	one := over(t, enc, passages.Passage{ID: "a", Title: "t", Text: "x"})
	none := over(t, enc)
	if _, err := New(enc, one.Index, none.Passages); err == nil || !strings.Contains(err.Error(), "1 documents, the collection 0 passages") {
		t.Errorf("an index and another collection's texts: %v", err)
	}
	var b bytes.Buffer
	index.NewBuilder(100).WriteTo(&b)
	x, err := index.Open(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(enc, x, none.Passages); err == nil || !strings.Contains(err.Error(), "30522 terms, the index's 100") {
		t.Errorf("another vocabulary: %v", err)
	}
}

func BenchmarkAsk(b *testing.B) {
	e := shipped(b)
	ask := conversations(b)[2]
	for b.Loop() {
		if _, err := e.Ask(ask); err != nil {
			b.Fatal(err)
		}
	}
}
