//go:build libtorch

package torch

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/safetensors"
)

type readerGolden struct {
	IDs       [][]int32          `json:"ids"`
	RawTypes  [][]int            `json:"types"`
	Example   []int              `json:"example"`
	Relevant  []bool             `json:"relevant"`
	Sentences [][][2]int         `json:"sentences"`
	Right     [][]bool           `json:"right"`
	Heads     map[string]packed  `json:"heads"`
	Relevance packed             `json:"relevance"`
	Sentence  [][]float32        `json:"sentence"`
	Parts     map[string]float64 `json:"parts"`
	computed
}

func readReaderGolden(t *testing.T) (*readerGolden, *ReaderBatch) {
	t.Helper()
	g := &readerGolden{}
	readJSON(t, "testdata/reader.json.gz", g)
	b := &ReaderBatch{IDs: g.IDs, Types: tokenTypes(g.RawTypes), Example: g.Example, Relevant: g.Relevant, Right: g.Right}
	for _, list := range g.Sentences {
		var spans []Span
		for _, s := range list {
			spans = append(spans, Span{s[0], s[1]})
		}
		b.Sentences = append(b.Sentences, spans)
	}
	return g, b
}

// bare reads the files of testdata/bare.
func bare(t *testing.T) (config []byte, f *safetensors.File) {
	t.Helper()
	config, err := os.ReadFile("testdata/bare/config.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/bare/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	f, err = safetensors.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return config, f
}

// reader returns testdata/bare with the golden file's heads and a frozen first layer.
func (g *readerGolden) reader(t *testing.T) *Model {
	t.Helper()
	dir := t.TempDir()
	config, f := bare(t)
	tensors := f.Tensors
	for name, v := range g.Heads {
		shape := []int{1, len(v)}
		if len(v) == 1 {
			shape = shape[:1]
		}
		tensors = append(tensors, safetensors.FromFloat32s(name, v, shape...))
	}
	write(t, dir, config, tensors)
	e := load(t, dir)
	if err := e.FreezeReader(1); err != nil {
		t.Fatal(err)
	}
	return e
}

func write(t *testing.T, dir string, config []byte, tensors []safetensors.Tensor) {
	t.Helper()
	data, err := safetensors.Write(tensors, nil)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "model.safetensors"), data, 0o644)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestReaderLogitsEqualPyTorch(t *testing.T) {
	g, b := readReaderGolden(t)
	relevance, sentences, err := g.reader(t).Relevance(b.IDs, b.Types, b.Sentences, false)
	if err != nil {
		t.Fatal(err)
	}
	if d := far(relevance, g.Relevance, 1); d > 1e-5 {
		t.Errorf("relevance differs by %g", d)
	}
	for i, want := range g.Sentence {
		if d := far(sentences[i], want, 1); d > 1e-5 {
			t.Errorf("the sentences of pair %d differ by %g", i, d)
		}
	}
}

func TestReaderLossAndGradientsEqualAutograd(t *testing.T) {
	g, b := readReaderGolden(t)
	tr := newTrainer(t, g.reader(t), nil, AdamW{})
	parts, grads := gradientsOf(t, tr, tr.readerLoss(b))
	if math.Abs(parts["loss"]-g.Loss) > 1e-5 {
		t.Errorf("the loss is %v, PyTorch's %v", parts["loss"], g.Loss)
	}
	for name, want := range g.Parts {
		if math.Abs(parts[name]-want) > 1e-5 {
			t.Errorf("%s is %v, PyTorch's %v", name, parts[name], want)
		}
	}
	largest := 0.0
	for _, w := range g.Grads {
		largest = math.Max(largest, far(w, make([]float32, len(w)), 1))
	}
	if len(g.Grads) != len(tr.names) || largest == 0 {
		t.Fatalf("the golden file has gradients of %d parameters, %d train", len(g.Grads), len(tr.names))
	}
	for param, w := range g.Grads {
		if d := far(grads["query."+param], w, 1e-3*largest); d > 1e-3 {
			t.Errorf("%s differs by %.2g of its length", param, d)
		}
	}
}

// A batch in which nothing is relevant, or all is, has the cross entropy of its pairs
// alone.
func TestReaderLossWithoutLists(t *testing.T) {
	g, b := readReaderGolden(t)
	tr := newTrainer(t, g.reader(t), nil, AdamW{})
	b.IDs, b.Types, b.Example, b.Relevant, b.Sentences, b.Right = b.IDs[5:], b.Types[5:], b.Example[5:], b.Relevant[5:], b.Sentences[5:], b.Right[5:]
	want := 0.0
	for _, z := range g.Relevance[5:] {
		want += math.Log1p(math.Exp(float64(z))) / 2
	}
	parts, _ := gradientsOf(t, tr, tr.readerLoss(b))
	if len(parts) != 3 || math.Abs(parts["loss"]-want) > 1e-5 || parts["loss"] != parts["pairs"] {
		t.Errorf("%v, wanted loss and pairs of %v", parts, want)
	}
}

// Mixed precision rounds states, not logits.
func TestReaderMixed(t *testing.T) {
	g, b := readReaderGolden(t)
	relevance, _, err := g.reader(t).Relevance(b.IDs, b.Types, b.Sentences, true)
	if err != nil {
		t.Fatal(err)
	}
	if d := far(relevance, g.Relevance, 1); d > .05 || d == 0 {
		t.Errorf("relevance differs by %g", d)
	}
}

// A step changes the reader's own layers and heads, and nothing below them. The bias of
// sentences adds the same to each, which their softmax does not see.
func TestReaderStep(t *testing.T) {
	g, b := readReaderGolden(t)
	e := g.reader(t)
	before, err := e.Weights()
	if err != nil {
		t.Fatal(err)
	}
	tr := newTrainer(t, e, nil, AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8})
	if _, err := tr.StepReader(b, .01); err != nil {
		t.Fatal(err)
	}
	after, err := e.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for i := range before {
		name := before[i].Name
		if name == SentenceHead+"bias" {
			continue
		}
		moves := strings.HasPrefix(name, "encoder.layer.1.") || strings.HasPrefix(name, RelevanceHead) || strings.HasPrefix(name, SentenceHead)
		if moved := string(before[i].Data) != string(after[i].Data); moved != moves {
			t.Errorf("%s moved: %v", name, moved)
		}
	}
}

// A reader begins from the integers that ship: of two to a byte, the lower half is the
// first, and 8 stands for 0.
func TestNewReaderReadsIntegers(t *testing.T) {
	config, f := bare(t)
	const packed, whole = "encoder.layer.0.intermediate.dense.weight", "encoder.layer.0.output.dense.weight" // [12,8], [8,12]
	var tensors []safetensors.Tensor
	for _, x := range f.Tensors {
		switch x.Name {
		case packed:
			x.DType, x.Shape, x.Data = safetensors.U8, []int{12, 4}, make([]byte, 48)
			for i := range x.Data {
				x.Data[i] = 0x88
			}
			x.Data[4] = 0xF1 // row 1: -7, 7
			tensors = append(tensors, safetensors.FromFloat32s(packed+".scale", []float32{1, .5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 12))
		case whole:
			ints := make([]int8, 96)
			ints[13] = -127
			x = safetensors.FromInt8s(whole, ints, 8, 12)
			tensors = append(tensors, safetensors.FromFloat32s(whole+".scale", []float32{1, .25, 1, 1, 1, 1, 1, 1}, 8))
		}
		tensors = append(tensors, x)
	}
	dir := t.TempDir()
	write(t, dir, config, tensors)
	e, err := NewReader(dir, 1, 1, false, onCPU, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	all, err := e.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		v, err := x.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		want := map[int]float32{}
		switch x.Name {
		case packed:
			want = map[int]float32{8: -3.5, 9: 3.5}
		case whole:
			want = map[int]float32{13: -31.75}
		default:
			continue
		}
		for i := range v {
			if v[i] != want[i] {
				t.Errorf("%s: element %d is %v, wanted %v", x.Name, i, v[i], want[i])
			}
		}
	}
}

// A reader that is trained further begins from its own layer and heads in
// reader.safetensors; one of its lower layers may become its own.
func TestAReaderIsTrainedFurther(t *testing.T) {
	config, f := bare(t)
	dir := t.TempDir()
	write(t, dir, bytes.Replace(config, []byte("{"), []byte(`{"parley": {"reader": {"lower_layers": 1, "layers": 1}},`), 1), f.Tensors)
	const query = "encoder.layer.1.attention.self.query.weight" // [8,8]
	want := map[string][]float32{query: make([]float32, 64), RelevanceHead + "weight": {1, 2, 3, 4, 5, 6, 7, 8}, RelevanceHead + "bias": {9}, SentenceHead + "weight": {8, 7, 6, 5, 4, 3, 2, 1}, SentenceHead + "bias": {-1}}
	for i := range want[query] {
		want[query][i] = float32(i)
	}
	var own []safetensors.Tensor
	for name, v := range want {
		shape := []int{1, len(v)}
		switch {
		case name == query:
			shape = []int{8, 8}
		case len(v) == 1:
			shape = []int{1}
		}
		own = append(own, safetensors.FromFloat32s(name, v, shape...))
	}
	data, err := safetensors.Write(own, nil)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "reader.safetensors"), data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	const below = "encoder.layer.0.attention.self.query.weight"
	for _, x := range f.Tensors {
		if x.Name == below {
			if want[below], err = x.Float32s(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for lower := range 2 {
		e, err := NewReader(dir, lower, 2-lower, true, onCPU, 1)
		if err != nil {
			t.Fatal(err)
		}
		all, err := e.Weights()
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, x := range all {
			if v, err := x.Float32s(); err != nil {
				t.Fatal(err)
			} else if w, ok := want[x.Name]; ok {
				seen++
				if !slices.Equal(v, w) {
					t.Errorf("%d lower layers: %s is %v, wanted %v", lower, x.Name, v, w)
				}
			}
		}
		if seen != len(want) {
			t.Errorf("%d of %d weights were there", seen, len(want))
		}
		e.Close()
	}
	for _, c := range []struct {
		dir           string
		lower, layers int
		want          string
	}{{"testdata/bare", 1, 1, "no reader"}, {dir, 0, 1, "has 1 lower layers and 1 of its own"}, {dir, 2, 0, "has 2 layers"}} {
		if e, err := NewReader(c.dir, c.lower, c.layers, true, onCPU, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
			if e != nil {
				e.Close()
			}
		}
	}
}

func TestReadersThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		dir           string
		lower, layers int
		want          string
	}{
		{"testdata/bare", 1, 2, "has 2 layers; 1 lower ones and 2"},
		{"testdata/bare", 2, 0, "has 2 layers"},
		{"testdata/bert", 1, 1, "BertModel of two token types"},
		{"testdata/none", 1, 1, "config.json"},
	} {
		if e, err := NewReader(c.dir, c.lower, c.layers, false, onCPU, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
			if e != nil {
				e.Close()
			}
		}
	}
	g, good := readReaderGolden(t)
	tr := newTrainer(t, g.reader(t), nil, AdamW{})
	for what, c := range map[string]struct {
		change func(*ReaderBatch)
		want   string
	}{
		"nothing":     {func(b *ReaderBatch) { b.IDs = nil }, "empty batch"},
		"other lists": {func(b *ReaderBatch) { b.Relevant = b.Relevant[1:] }, "7 pairs, but 7, 7, 6"},
		"order":       {func(b *ReaderBatch) { b.Example = []int{1, 0, 0, 0, 0, 0, 0} }, "not ascending"},
		"types":       {func(b *ReaderBatch) { b.Types = append([][]uint8{{0}}, b.Types[1:]...) }, "9 tokens and 1 types"},
		"span":        {func(b *ReaderBatch) { b.Sentences = append([][]Span{{{4, 10}}}, b.Sentences[1:]...) }, "tokens 4 to 10 of 9"},
	} {
		b := *good
		c.change(&b)
		if _, err := tr.StepReader(&b, .1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, wanted %q", what, err, c.want)
		}
	}
}
