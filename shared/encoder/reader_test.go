package encoder

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/matrix"
	"parley/shared/safetensors"
	"parley/shared/sentence"
)

// made returns the numbers of testdata/reader.py's function of the same name.
func made(seed int, size, base float64, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		x := math.Sin(float64(i)*12.9898+float64(seed)*78.233) * 43758.5453
		out[i] = float32(base) + float32(size*(2*(x-math.Floor(x))-1))
	}
	return out
}

// tinyReader returns the files of testdata/sentence with the reader of testdata/reader.py,
// and its settings with each first text of replace replaced by the next.
func tinyReader(t testing.TB, replace ...string) Files {
	t.Helper()
	var tensors []safetensors.Tensor
	seed := 0
	add := func(name string, size, base float64, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		tensors = append(tensors, safetensors.FromFloat32s(name, made(seed, size, base, n), shape...))
		seed++
	}
	const H, I = 24, 40
	for _, layer := range []string{"encoder.layer.1.", "encoder.layer.2."} {
		for _, m := range []struct {
			name string
			n, k int
		}{{"attention.self.query", H, H}, {"attention.self.key", H, H}, {"attention.self.value", H, H}, {"attention.output.dense", H, H}, {"intermediate.dense", I, H}, {"output.dense", H, I}} {
			add(layer+m.name+".weight", .6, 0, m.n, m.k)
			add(layer+m.name+".bias", .3, 0, m.n)
		}
		for _, name := range []string{"attention.output.LayerNorm", "output.LayerNorm"} {
			add(layer+name+".weight", .3, 1, H)
			add(layer+name+".bias", .3, 0, H)
		}
	}
	for _, name := range []string{"relevance", "sentence"} {
		add(name+".weight", .5, 0, 1, H)
		add(name+".bias", .5, 0, 1)
	}
	data, err := safetensors.Write(tensors, nil)
	if err != nil {
		t.Fatal(err)
	}
	files := folder("testdata", "sentence")
	c, err := files("config.json")
	if err != nil {
		t.Fatal(err)
	}
	parley := `{"parley": {"name": "tiny", "query_tokens": 16, "passage_tokens": 16, "reader": {"lower_layers": 1, "layers": 2, "query_tokens": 12, "passage_tokens": 20, "results": 3, "weight": 2}},`
	return with(files, map[string][]byte{ReaderFile: data, "config.json": []byte(strings.Replace(string(c), "{", strings.NewReplacer(replace...).Replace(parley), 1))})
}

func loadReader(t testing.TB, files Files) *Reader {
	t.Helper()
	s, err := LoadSentence(files)
	if err != nil {
		t.Fatal(err)
	}
	r, err := LoadReader(s, files)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A readerCase is a line of testdata/reader.json.
type readerCase struct {
	Questions, Sentences []string
	Title                string
	Tokens               int
	Relevance            float32
	Logits               []*float32 // nil: it lies beyond what is read
}

func readerCases(t *testing.T) (list []readerCase) {
	data, err := os.ReadFile("testdata/reader.json")
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err != nil || len(list) != 3 {
		t.Fatal(len(list), err)
	}
	return list
}

// read reads a case.
func (c *readerCase) read(t *testing.T, s *ReaderSession) (float32, []float32) {
	t.Helper()
	var turns []conversation.Turn
	for _, q := range c.Questions {
		turns = append(turns, conversation.Turn{Question: q, Reply: "of which nothing is read"})
	}
	var spans []sentence.Span
	text, own := c.Title+"\n", len(c.Title)+1
	if c.Title == "" {
		text, own = "", 0
	}
	for i, one := range c.Sentences {
		if i > 0 {
			text += " "
		}
		spans = append(spans, sentence.Span{Start: len(text) - own, End: len(text) - own + len(one)})
		text += one
	}
	s.Ask(turns)
	relevance, logits, err := s.Read(text, own, spans)
	if err != nil {
		t.Fatal(err)
	}
	return relevance, logits
}

// Logits agree with PyTorch's (testdata/reader.py) as closely as 8 bits allow: they are up
// to 4, and differ by hundredths.
func TestReader(t *testing.T) {
	r := loadReader(t, tinyReader(t))
	if r.Results != 3 || r.Weight != 2 || r.SentenceWeight != 0 {
		t.Errorf("%+v", r)
	}
	s := r.NewSession()
	near := func(a, b float32) bool { return math.Abs(float64(a-b)) < .06 }
	for _, c := range readerCases(t) {
		relevance, logits := c.read(t, s)
		if len(s.input.IDs) != c.Tokens {
			t.Errorf("%q: %d tokens, want %d", c.Questions, len(s.input.IDs), c.Tokens)
		}
		if !near(relevance, c.Relevance) {
			t.Errorf("%q: relevance %v, PyTorch says %v", c.Questions, relevance, c.Relevance)
		}
		for i, want := range c.Logits {
			if want == nil && !math.IsInf(float64(logits[i]), -1) || want != nil && !near(logits[i], *want) {
				t.Errorf("%q, sentence %d: %v, PyTorch says %v", c.Questions, i, logits[i], want)
			}
		}
	}
}

// A reply stands between the questions, as far as reply_tokens says; with 0, none does.
func TestReaderReadsReplies(t *testing.T) {
	logit := func(files Files, turns ...conversation.Turn) float32 {
		s := loadReader(t, files).NewSession()
		s.Ask(turns)
		relevance, _, err := s.Read("It is I", 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		return relevance
	}
	reads, none := tinyReader(t, `"weight": 2`, `"weight": 2, "reply_tokens": 2`), tinyReader(t)
	replied := []conversation.Turn{{Question: "ab", Reply: "cde f"}, {Question: "g"}}
	as := func(questions ...string) (turns []conversation.Turn) {
		for _, q := range questions {
			turns = append(turns, conversation.Turn{Question: q})
		}
		return turns
	}
	with, without := logit(reads, replied...), logit(none, replied...)
	if want := logit(none, as("ab", "cd", "g")...); with != want { // a word of n letters has n pieces
		t.Errorf("with two tokens of the reply: %v, want %v", with, want)
	}
	if want := logit(none, as("ab", "g")...); without != want || with == without {
		t.Errorf("without replies: %v, want %v", without, want)
	}
}

// Every build of the arithmetic gives the same bits, a second passage the same as after
// another one, and no passage takes memory of its own.
func TestReaderGivesTheSameBits(t *testing.T) {
	r := loadReader(t, tinyReader(t, `"weight": 2`, `"weight": 2, "sentence_weight": 0.5`))
	was := matrix.Current()
	defer matrix.Use(was)
	var want []float32
	for _, p := range matrix.Paths() {
		if err := matrix.Use(p); err != nil {
			t.Fatal(err)
		}
		s := r.NewSession()
		for range 2 {
			var got []float32
			for _, c := range readerCases(t) {
				relevance, logits := c.read(t, s)
				got = append(append(got, relevance), logits...)
			}
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %v, want %v", p, got, want)
			}
		}
		spans := []sentence.Span{{Start: 0, End: 3}, {Start: 4, End: 7}}
		if n := testing.AllocsPerRun(5, func() { s.Read("Me\nabc def", 3, spans) }); n > 0 {
			t.Errorf("%s: %v allocations a passage", p, n)
		}
	}
}

// The folder that ships, in int8, gives the same bits as the float folder; one without a
// reader has none; and the dense encoder is the same with and without.
func TestReaderThatShips(t *testing.T) {
	files := tinyReader(t)
	whole := loadReader(t, files)
	small, err := Quantize(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	read, err := safetensors.Read(small[ReaderFile])
	if err != nil {
		t.Fatal(err)
	}
	if q, ok := read.Tensor("encoder.layer.2.output.dense.weight"); !ok || q.DType != safetensors.I8 {
		t.Errorf("a matrix is %s", q.DType)
	}
	over := loadReader(t, inMemory(small))
	for _, c := range readerCases(t) {
		a, x := c.read(t, whole.NewSession())
		b, y := c.read(t, over.NewSession())
		if a != b || !slices.Equal(x, y) {
			t.Errorf("%v %v, as floats %v %v", b, y, a, x)
		}
	}
	with, err := LoadSentence(inMemory(small))
	if err != nil || !with.HasReader() {
		t.Fatal(with, err)
	}
	without, err := LoadSentence(folder("testdata", "sentence"))
	if err != nil || without.HasReader() {
		t.Fatal(without, err)
	}
	if r, err := LoadReader(without, files); r != nil || err != nil {
		t.Errorf("a reader that config.json does not name: %v, %v", r, err)
	}
}

// Errors name the file: what is damaged in reader.safetensors is no fault of the dense
// encoder.
func TestReadersThatDoNotFit(t *testing.T) {
	files := tinyReader(t)
	s, err := LoadSentence(files)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := files(ReaderFile)
	change := func(to func(list []safetensors.Tensor) []safetensors.Tensor) []byte {
		f, err := safetensors.Read(slices.Clone(data))
		if err != nil {
			t.Fatal(err)
		}
		out, err := safetensors.Write(to(f.Tensors), nil)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	without := func(name string) []byte {
		return change(func(list []safetensors.Tensor) []safetensors.Tensor {
			return slices.DeleteFunc(list, func(x safetensors.Tensor) bool { return x.Name == name })
		})
	}
	for says, file := range map[string][]byte{
		`"encoder.layer.2.output.dense.bias" is missing`: without("encoder.layer.2.output.dense.bias"),
		`"relevance.weight" is missing`:                  without("relevance.weight"),
		`"sentence.bias" is missing`:                     without("sentence.bias"),
		`"sentence.weight" has shape [24], wanted [1 24]`: change(func(list []safetensors.Tensor) []safetensors.Tensor {
			for i := range list {
				if list[i].Name == "sentence.weight" {
					list[i].Shape = []int{24}
				}
			}
			return list
		}),
		"reader.safetensors: safetensors": data[:100],
	} {
		_, err := LoadReader(s, inMemory(map[string][]byte{ReaderFile: file}))
		if blamed := (*FileError)(nil); !errors.As(err, &blamed) || blamed.Name != ReaderFile || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
	if _, err := LoadReader(s, inMemory(nil)); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), ReaderFile) {
		t.Errorf("no file: %v", err)
	}
	for says, set := range map[string][2]string{
		"lower_layers is 3; wanted 0 to 2":     {`"lower_layers": 1`, `"lower_layers": 3`},
		"layers is 0":                          {`"layers": 2`, `"layers": 0`},
		"reply_tokens is 13; wanted 0 to 12":   {`"weight": 2`, `"weight": 2, "reply_tokens": 13`},
		"passage_tokens is 21; wanted 2 to 20": {`"passage_tokens": 20`, `"passage_tokens": 21`},
		"results is 0":                         {`"results": 3`, `"results": 0`},
		"weight is -1":                         {`"weight": 2`, `"weight": -1`},
		`there is no setting "wait"`:           {`"weight": 2`, `"wait": 1`},
	} {
		if _, err := LoadSentence(tinyReader(t, set[0], set[1])); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", set[1], err, says)
		}
	}
}

func FuzzLoadReader(f *testing.F) {
	small, err := Quantize(tinyReader(f), nil)
	if err != nil {
		f.Fatal(err)
	}
	// spoiled spoils the weights, so they are the reader's.
	s, err := LoadSentence(inMemory(small))
	if err != nil {
		f.Fatal(err)
	}
	own := map[string][]byte{weightsFile: small[ReaderFile]}
	addEdits(f)
	f.Fuzz(func(t *testing.T, edits []byte) {
		r, err := LoadReader(s, inMemory(map[string][]byte{ReaderFile: spoiled(own, edits)[weightsFile]}))
		if err != nil {
			return
		}
		session := r.NewSession()
		session.Ask([]conversation.Turn{{Question: "why"}})
		relevance, logits, err := session.Read("abc def", 0, []sentence.Span{{Start: 0, End: 3}, {Start: 4, End: 7}})
		if err != nil {
			return
		}
		for _, x := range append(logits, relevance) {
			if x != x || math.IsInf(float64(x), 0) {
				t.Fatalf("a logit is %v", x)
			}
		}
	})
}
