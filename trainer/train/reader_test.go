package train

import (
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"parley/shared/wordpiece"
	"parley/trainer/candidates"
	"parley/trainer/torch"
)

func letters(t *testing.T) *wordpiece.Tokenizer {
	t.Helper()
	data, err := os.ReadFile("../teacher/testdata/sentence/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	v, err := wordpiece.New(data)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// [CLS] e [SEP] c d [SEP] t \n a b . a c . [SEP], or as much of the passage as fits: its
// second sentence has no token then.
func TestReaderReads(t *testing.T) {
	v := letters(t)
	c := DefaultReader()
	e := candidates.Example{Questions: []string{"c d", "e"}, Passages: []candidates.Passage{
		{Title: "t", Text: "a b. A c.", Relevant: true, Sentences: []int{1}}, {Text: "a"}}}
	r := c.read(v, &e)
	asked := 6 // [CLS] e [SEP] c d [SEP]
	p := r.pairs[0]
	var types []uint8
	for i := range p.ids {
		types = append(types, map[bool]uint8{true: 1}[i >= asked])
	}
	if !reflect.DeepEqual(p.types, types) || p.ids[0] != v.Special().Cls || p.ids[asked-1] != v.Special().Sep || p.ids[len(p.ids)-1] != v.Special().Sep || r.length != len(p.ids) {
		t.Errorf("%+v", r)
	}
	own := asked + 1 // behind the title
	first := len(v.Append(nil, "a b.", -1))
	if want := []torch.Span{{First: own, End: own + first}, {First: own + first, End: len(p.ids) - 1}}; !reflect.DeepEqual(p.sentences, want) || !reflect.DeepEqual(p.right, []bool{false, true}) || !p.judged() {
		t.Errorf("sentences %v, right %v, want %v", p.sentences, p.right, want)
	}
	if q := r.pairs[1]; q.relevant || len(q.ids) != asked+2 || q.judged() {
		t.Errorf("%+v", q)
	}
	c.PassageTokens = 1 + first + 1
	if p := c.read(v, &e).pairs[0]; len(p.ids) != asked+c.PassageTokens || len(p.sentences) != 1 || p.right[0] || p.judged() {
		t.Errorf("cut: %+v", p)
	}
	b := readerBatch([]reading{r, r})
	if !reflect.DeepEqual(b.Example, []int{0, 0, 1, 1}) || !reflect.DeepEqual(b.Relevant, []bool{true, false, true, false}) || b.Sentences[1] != nil || tokens(b) != 2*(len(r.pairs[0].ids)+len(r.pairs[1].ids)) {
		t.Errorf("%+v", b)
	}
}

// [CLS] e [SEP] a b [SEP] c d [SEP]: of a reply, as many tokens as there should be.
func TestReaderReadsReplies(t *testing.T) {
	v, c := letters(t), DefaultReader()
	e := candidates.Example{Questions: []string{"c d", "e"}, Replies: []string{"a b c"}, Passages: []candidates.Passage{{Text: "a"}}}
	for n, asked := range map[int]string{0: "e|c d|", 2: "e|a b|c d|", 24: "e|a b c|c d|"} {
		want := []int32{v.Special().Cls}
		for text := range strings.SplitSeq(asked, "|") {
			if text != "" {
				for _, x := range v.Append(nil, text, -1) {
					want = append(want, x.ID)
				}
				want = append(want, v.Special().Sep)
			}
		}
		c.ReplyTokens = n
		if got := c.read(v, &e).pairs[0].ids; !reflect.DeepEqual(got[:len(got)-2], want) {
			t.Errorf("%d tokens: %v, want %v", n, got, want)
		}
	}
}

// ln 2 at logits of 0, and by hand where they are not.
func TestReaderFigures(t *testing.T) {
	r := reading{pairs: []pair{
		{relevant: true, sentences: []torch.Span{{First: 1, End: 2}, {First: 2, End: 3}}, right: []bool{false, true}},
		{}}}
	near := func(got, want float64) bool { return math.Abs(got-want) < 1e-6 }
	var f readerFigures
	f.add(&r, []float32{0, 0}, [][]float32{{0, 0}, nil})
	l := f.line()
	if !near(l["dev_pairs"], math.Ln2) || !near(l["dev_list"], math.Ln2) || !near(l["dev_sentences"], math.Ln2) || !near(l["dev_loss"], 3*math.Ln2) || l["dev_first"] != 1 || l["dev_sentence"] != 0 || !l.Dev() {
		t.Errorf("%v", l)
	}
	f = readerFigures{}
	f.add(&r, []float32{1, 3}, [][]float32{{-1, 1}, nil})
	l = f.line()
	soft := func(x float64) float64 { return math.Log1p(math.Exp(x)) }
	if !near(l["dev_pairs"], (soft(-1)+soft(3))/2) || !near(l["dev_list"], soft(2)) || !near(l["dev_sentences"], soft(-2)) || l["dev_first"] != 0 || l["dev_sentence"] != 1 {
		t.Errorf("%v", l)
	}
	// Nothing is relevant: there is no list.
	f = readerFigures{}
	f.add(&reading{pairs: []pair{{}}}, []float32{0}, [][]float32{nil})
	if l := f.line(); !near(l["dev_loss"], math.Ln2) {
		t.Errorf("%v", l)
	}
}

func TestReaderConfigCheck(t *testing.T) {
	good := DefaultReader()
	good.Out, good.Encoder, good.Examples = "o", "e", []string{"x"}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*ReaderConfig){
		"examples": func(c *ReaderConfig) { c.Examples = nil }, "layers": func(c *ReaderConfig) { c.Layers = 0 }, "batch": func(c *ReaderConfig) { c.Batch = 0 },
		"passage-tokens": func(c *ReaderConfig) { c.PassageTokens = 1 }, "rate": func(c *ReaderConfig) { c.Rate = math.NaN() },
	} {
		c := good
		change(&c)
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), want+" is ") {
			t.Errorf("%s: %v", want, err)
		}
	}
}
