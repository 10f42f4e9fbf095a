//go:build libtorch

package torch

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	lib "github.com/sugarme/gotch/libtch"

	"parley/shared/safetensors"
	"parley/shared/sparse"
)

type golden struct {
	IDs         [][]int32            `json:"ids"`
	Types       [][]uint8            `json:"-"`
	RawTypes    [][]int              `json:"types"`
	Docs        [][]uint32           `json:"docs"`
	Tokens      map[string][]int32   `json:"tokens"`
	Frozen      map[string]rawVector `json:"frozen"`
	Teacher     [][]float32          `json:"teacher"`
	LogWeight   [][]float32          `json:"log_weight"`
	Query       []rawVector          `json:"teacher_query"`
	Temperature float64              `json:"temperature"`
	Tau         float64              `json:"tau"`
	Gamma       float64              `json:"gamma"`
	Logits      map[string]packed    `json:"logits"`
	Bert        map[string]computed  `json:"bert"`
	Distil      map[string]computed  `json:"distilbert"`
	Documents   map[string]computed  `json:"documents"`
	AdamW       struct {
		Steps   [][2]float64      `json:"steps"`
		Weights map[string]packed `json:"weights"`
	} `json:"adamw"`
}

type computed struct {
	Loss  float64           `json:"loss"`
	Grads map[string]packed `json:"grads"`
}

type rawVector sparse.Vector

func (v *rawVector) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&v.Terms, &v.Weights})
}

type packed []float32

func (p *packed) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(s)
	for ; len(data) >= 4; data = data[4:] {
		*p = append(*p, math.Float32frombits(binary.LittleEndian.Uint32(data)))
	}
	return err
}

// readJSON reads a golden file into v.
func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(v); err != nil {
		t.Fatal(err)
	}
}

// tokenTypes decodes a batch's types: JSON reads a list of bytes as base64.
func tokenTypes(rows [][]int) (types [][]uint8) {
	for _, row := range rows {
		var r []uint8
		for _, x := range row {
			r = append(r, uint8(x))
		}
		types = append(types, r)
	}
	return types
}

func readGolden(t testing.TB) *golden {
	t.Helper()
	var g golden
	readJSON(t, "testdata/golden.json.gz", &g)
	g.Types = tokenTypes(g.RawTypes)
	return &g
}

func (g *golden) batch() *Batch {
	b := &Batch{IDs: g.IDs, Types: g.Types, Docs: g.Docs, Teacher: g.Teacher}
	for _, list := range g.Docs {
		var vs []sparse.Vector
		for _, d := range list {
			vs = append(vs, sparse.Vector(g.Frozen[strconv.Itoa(int(d))]))
		}
		b.Frozen = append(b.Frozen, vs)
	}
	for _, v := range g.Query {
		b.Query = append(b.Query, sparse.Vector(v))
	}
	return b
}

// loss returns the Loss that belongs to the name of a golden case.
func (g *golden) loss(name string) Loss {
	l := Loss{Temperature: g.Temperature, Tau: g.Tau, Gamma: g.Gamma, InBatch: InBatchNone, OwnNegatives: true}
	switch name {
	case "kld", "weighted_kld":
		l.KLD = 1
	case "bkl":
		l.BKL = 1
	case "gkl":
		l.GKL = 1
	case "infonce":
		l.InfoNCE = 1
	case "infonce_positives":
		l.InfoNCE, l.InBatch = 1, InBatchPositives
	case "infonce_all":
		l.InfoNCE, l.InBatch, l.OwnNegatives = 1, InBatchAll, false
	case "margin_mse":
		l.MarginMSE = 1
	case "distance":
		l.Distance = 1
	case "flops":
		l.Query.FLOPS = 1
	case "l1":
		l.Query.L1 = 1
	case "postings":
		l.Query.Postings, l.Query.Share = 1, make([]float32, 48)
		for j := range l.Query.Share {
			l.Query.Share[j] = float32(j%7) / 7
		}
	case "entropy":
		l.Query.Entropy = 1
	case "anti_zero":
		l.Query.AntiZero = 1
	case "doc_flops":
		l.Doc.FLOPS = 1
	default:
		panic(name)
	}
	return l
}

func load(t testing.TB, folder string) *Model {
	t.Helper()
	e, err := Load(folder, onCPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// far returns |a-b| / max(|b|, floor) of two vectors.
func far(a, b []float32, floor float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var d, n float64
	for i := range a {
		d += math.Pow(float64(a[i])-float64(b[i]), 2)
		n += math.Pow(float64(b[i]), 2)
	}
	return math.Sqrt(d) / math.Max(math.Sqrt(n), floor)
}

func TestForwardEqualsTransformers(t *testing.T) {
	g := readGolden(t)
	for _, name := range []string{"bert", "distilbert"} {
		e := load(t, "testdata/"+name)
		types := g.Types[2]
		if name == "distilbert" {
			types = nil
		}
		got, err := e.Logits(g.IDs[2], types)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range g.Logits[name] {
			if math.Abs(float64(got[i]-want)) > 1e-4 {
				t.Fatalf("%s: logit %d is %v, transformers %v", name, i, got[i], want)
			}
		}
	}
}

// The shortcut's vectors equal those by the definition, and padding does not change
// them.
func TestEncodeIsMaxOfLog1pRelu(t *testing.T) {
	g := readGolden(t)
	e := load(t, "testdata/bert")
	got, err := e.Encode(g.IDs, g.Types, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, ids := range g.IDs {
		logits, err := e.Logits(ids, g.Types[i])
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, e.Config.Vocab)
		for k, x := range logits {
			if x > 0 {
				want[k%len(want)] = max(want[k%len(want)], float32(math.Log1p(float64(x))))
			}
		}
		have := make([]float32, len(want))
		for k, j := range got[i].Terms {
			have[j] = got[i].Weights[k]
		}
		if d := far(have, want, 1); d > 1e-5 {
			t.Errorf("sequence %d: vectors differ by %g", i, d)
		}
		if err := got[i].Check(e.Config.Vocab); err != nil {
			t.Error(err)
		}
	}
}

// gradientsOf computes a loss and its gradients without an update.
func gradientsOf(t *testing.T, tr *Trainer, compute objective) (Parts, map[string][]float32) {
	t.Helper()
	grads := map[string][]float32{}
	var parts Parts
	err := within(onCPU, func(s *scope) {
		parts = tr.gradients(s, compute)
		for i, name := range tr.names {
			grad := s.op("grad", func(o *lib.Ctensor) { lib.AtgGrad(o, tr.params[i].c) })
			if s.err == nil && lib.AtDefined(grad.c) {
				grads[name] = s.toFloats(grad)
			}
		}
		tr.clear()
	})
	if err != nil {
		t.Fatal(err)
	}
	return parts, grads
}

func newTrainer(t testing.TB, query, doc *Model, opt AdamW) *Trainer {
	t.Helper()
	tr, err := NewTrainer(query, doc, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

func TestGradientsEqualAutograd(t *testing.T) {
	g := readGolden(t)
	bert, distil := load(t, "testdata/bert"), load(t, "testdata/distilbert")
	check := func(t *testing.T, tr *Trainer, name string, b *Batch, want computed) {
		parts, grads := gradientsOf(t, tr, tr.loss(b, g.loss(name)))
		if math.Abs(parts["loss"]-want.Loss) > 1e-4*math.Max(1, math.Abs(want.Loss)) {
			t.Errorf("loss is %v, PyTorch's %v", parts["loss"], want.Loss)
		}
		if len(want.Grads) == 0 {
			t.Fatal("the golden file has no gradient for this case")
		}
		largest := 0.0
		for _, w := range want.Grads {
			largest = math.Max(largest, far(w, make([]float32, len(w)), 1))
		}
		for param, w := range want.Grads {
			got := grads[param]
			if got == nil {
				got = make([]float32, len(w)) // nothing reached it
			}
			// A key's bias has no gradient but rounding: the floor is a
			// thousandth of the largest parameter's.
			if d := far(got, w, 1e-3*largest); d > 1e-3 {
				t.Errorf("%s: differs by %.2g of its length", param, d)
			}
		}
	}
	for name, want := range g.Bert {
		t.Run("bert/"+name, func(t *testing.T) {
			b := g.batch()
			if strings.HasPrefix(name, "weighted_") {
				b.LogWeight = g.LogWeight
			}
			check(t, newTrainer(t, bert, nil, AdamW{}), name, b, want)
		})
	}
	for name, want := range g.Distil {
		t.Run("distilbert/"+name, func(t *testing.T) {
			b := g.batch()
			b.Types = nil
			check(t, newTrainer(t, distil, nil, AdamW{}), name, b, want)
		})
	}
	doc := load(t, "testdata/bert")
	for name, want := range g.Documents {
		t.Run("documents/"+name, func(t *testing.T) {
			b := g.batch()
			b.Frozen = nil
			for _, list := range g.Docs {
				var rows [][]int32
				for _, d := range list {
					rows = append(rows, g.Tokens[strconv.Itoa(int(d))])
				}
				b.Tokens = append(b.Tokens, rows)
			}
			check(t, newTrainer(t, bert, doc, AdamW{}), name, b, want)
		})
	}
}

// A weighted sum has the weighted sum of the gradients: the terms do not affect one
// another.
func TestLossIsTheWeightedSum(t *testing.T) {
	g := readGolden(t)
	tr := newTrainer(t, load(t, "testdata/bert"), nil, AdamW{})
	l := g.loss("kld")
	l.KLD, l.MarginMSE, l.Query.FLOPS = .5, .25, 2
	parts, _ := gradientsOf(t, tr, tr.loss(g.batch(), l))
	want := .5*g.Bert["kld"].Loss + .25*g.Bert["margin_mse"].Loss + 2*g.Bert["flops"].Loss
	if math.Abs(parts["loss"]-want) > 1e-4*want {
		t.Errorf("loss is %v, wanted %v", parts["loss"], want)
	}
}

// Lists of candidates may differ in length; a shorter one gives the same as alone.
func TestShortListsTakeNoPart(t *testing.T) {
	g := readGolden(t)
	tr := newTrainer(t, load(t, "testdata/bert"), nil, AdamW{})
	cut := func(b *Batch, i, c int) {
		b.Docs[i], b.Frozen[i], b.Teacher[i] = b.Docs[i][:c], b.Frozen[i][:c], b.Teacher[i][:c]
	}
	for _, name := range []string{"kld", "bkl", "gkl", "infonce"} {
		var sum float64
		whole := g.batch()
		whole.Docs, whole.Teacher = slices.Clone(whole.Docs), slices.Clone(whole.Teacher)
		for i := range g.IDs {
			b := g.batch()
			if i == 1 {
				b.Docs, b.Teacher = slices.Clone(b.Docs), slices.Clone(b.Teacher)
				cut(b, 1, 2)
				cut(whole, 1, 2)
			}
			one := &Batch{IDs: b.IDs[i : i+1], Types: b.Types[i : i+1], Docs: b.Docs[i : i+1], Frozen: b.Frozen[i : i+1], Teacher: b.Teacher[i : i+1]}
			parts, _ := gradientsOf(t, tr, tr.loss(one, g.loss(name)))
			sum += parts["loss"] / 3
		}
		parts, _ := gradientsOf(t, tr, tr.loss(whole, g.loss(name)))
		if math.Abs(parts["loss"]-sum) > 1e-5*math.Max(1, math.Abs(sum)) {
			t.Errorf("%s: %v together, %v one by one", name, parts["loss"], sum)
		}
	}
}

func TestAdamWEqualsPyTorch(t *testing.T) {
	g := readGolden(t)
	e := load(t, "testdata/bert")
	tr := newTrainer(t, e, nil, AdamW{Beta1: .9, Beta2: .98, Eps: 1e-7, Decay: .1, Clip: .05})
	for i, want := range g.AdamW.Steps {
		parts, err := tr.Step(g.batch(), g.loss("kld"), 1e-2*float64(i+1))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(parts["loss"]-want[0]) > 1e-3*want[0] || math.Abs(parts["norm"]-want[1]) > 1e-3*want[1] {
			t.Errorf("step %d: loss %v, norm %v; PyTorch %v", i, parts["loss"], parts["norm"], want)
		}
	}
	weights, err := e.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range weights {
		got, _ := w.Float32s()
		if d := far(got, g.AdamW.Weights[w.Name], 1); d > 1e-3 {
			t.Errorf("%s differs by %g after %d steps", w.Name, d, len(g.AdamW.Steps))
		}
	}
}

func TestFrozenEmbeddingStays(t *testing.T) {
	g := readGolden(t)
	e := load(t, "testdata/bert")
	before, _ := e.Weights()
	if err := e.FreezeEmbedding(); err != nil {
		t.Fatal(err)
	}
	tr := newTrainer(t, e, nil, AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, Decay: .1})
	if _, err := tr.Step(g.batch(), g.loss("kld"), .1); err != nil {
		t.Fatal(err)
	}
	after, _ := e.Weights()
	moved := 0
	for i := range before {
		if same := bytes.Equal(before[i].Data, after[i].Data); same != (before[i].Name == e.Config.names().word) {
			if same && strings.Contains(before[i].Name, "key.bias") {
				continue // has no gradient but rounding
			}
			t.Errorf("%s: unchanged is %v", before[i].Name, same)
		} else if !same {
			moved++
		}
	}
	if moved == 0 {
		t.Error("nothing trained")
	}
}

// Both files of a folder give the same encoder, and Save's file is read back bit for
// bit.
func TestFilesRoundTrip(t *testing.T) {
	for _, name := range []string{"bert", "distilbert"} {
		a := load(t, "testdata/"+name)
		want, _ := a.Weights()

		folder := t.TempDir()
		for _, f := range []string{"config.json", "pytorch_model.bin"} {
			data, err := os.ReadFile(filepath.Join("testdata", name, f))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, f), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		saved := filepath.Join(t.TempDir(), "saved")
		if err := a.Save(saved, map[string]any{"parley": map[string]any{"max_tokens": 12}}); err != nil {
			t.Fatal(err)
		}
		for _, from := range []string{folder, saved} {
			got, _ := load(t, from).Weights()
			for i := range want {
				if want[i].Name != got[i].Name || !bytes.Equal(want[i].Data, got[i].Data) {
					t.Errorf("%s from %s: %s differs", name, from, want[i].Name)
				}
			}
		}
	}
}

func TestNewEncoderIsDrawnFromItsSeed(t *testing.T) {
	config, err := os.ReadFile("testdata/bert/config.json")
	if err != nil {
		t.Fatal(err)
	}
	draw := func(seed uint64) []safetensors.Tensor {
		e, err := New(config, onCPU, seed)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		w, _ := e.Weights()
		return w
	}
	a, b, c := draw(1), draw(1), draw(2)
	if !bytes.Equal(a[0].Data, b[0].Data) || bytes.Equal(a[0].Data, c[0].Data) {
		t.Error("weights do not follow the seed")
	}
	v, _ := a[0].Float32s()
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if std := math.Sqrt(sum / float64(len(v))); math.Abs(std-.02) > .003 {
		t.Errorf("standard deviation %g, wanted .02", std)
	}
}

// Two thousand steps, and two hundred of a reader, leave no block of memory allocated.
func TestMemoryIsFlat(t *testing.T) {
	steps := 2000
	if testing.Short() {
		steps = 100
	}
	g := readGolden(t)
	tr := newTrainer(t, load(t, "testdata/bert"), nil, AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, Clip: 1})
	l := g.loss("infonce_all")
	l.KLD, l.GKL, l.MarginMSE, l.Distance = 1, 1, .1, .1
	l.Query = Regulariser{FLOPS: .1, L1: .1, Entropy: .1, AntiZero: .1}
	one := func() {
		if _, err := tr.Step(g.batch(), l, 1e-5); err != nil {
			t.Fatal(err)
		}
	}
	LiveBlocks() // counts from here
	flat := func(one func(), steps int) {
		for range 5 {
			one()
		}
		blocks, resident := LiveBlocks(), rss(t)
		for range steps {
			one()
		}
		if now := LiveBlocks(); now != blocks {
			t.Errorf("libtorch holds %d blocks after %d steps, %d before", now, steps, blocks)
		}
		if now := rss(t); now > resident+16<<20 {
			t.Errorf("the process grew from %d to %d MB", resident>>20, now>>20)
		}
	}
	flat(one, steps)
	// A reader frees the states of frozen layers before its step ends.
	r, b := readReaderGolden(t)
	reader := newTrainer(t, r.reader(t), nil, AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, Clip: 1})
	flat(func() {
		if _, err := reader.StepReader(b, 1e-5); err != nil {
			t.Fatal(err)
		}
	}, steps/10)
}

func rss(t *testing.T) int {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var size, resident int
	fmt.Sscan(string(data), &size, &resident)
	return resident * os.Getpagesize()
}

func TestStateRestores(t *testing.T) {
	g := readGolden(t)
	opt := AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, Decay: .01, Clip: 1}
	run := func(e *Model, tr *Trainer, n int) {
		for range n {
			if _, err := tr.Step(g.batch(), g.loss("kld"), 1e-2); err != nil {
				t.Fatal(err)
			}
		}
	}
	whole := load(t, "testdata/bert")
	run(whole, newTrainer(t, whole, nil, opt), 6)
	want, _ := whole.Weights()

	first := load(t, "testdata/bert")
	tr := newTrainer(t, first, nil, opt)
	run(first, tr, 3)
	folder := t.TempDir()
	if err := first.Save(folder, nil); err != nil {
		t.Fatal(err)
	}
	state, step, err := tr.State()
	if err != nil {
		t.Fatal(err)
	}
	data, err := safetensors.Write(state, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	second := load(t, folder)
	again := newTrainer(t, second, nil, opt)
	if err := again.Restore(file, step); err != nil {
		t.Fatal(err)
	}
	run(second, again, 3)
	got, _ := second.Weights()
	for i := range want {
		if !bytes.Equal(want[i].Data, got[i].Data) {
			t.Errorf("%s differs from the uninterrupted run's", want[i].Name)
		}
	}
}

// The mean is that of the parameters at each call of Average; two calls of Swap
// change nothing.
func TestAverage(t *testing.T) {
	g := readGolden(t)
	e := load(t, "testdata/bert")
	tr := newTrainer(t, e, nil, AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, Clip: 1})
	floats := func() (all []float32) {
		list, err := e.Weights()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range list {
			v, err := w.Float32s()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, v...)
		}
		return all
	}
	const calls = 3
	mean := make([]float64, len(floats()))
	for range calls {
		if _, err := tr.Step(g.batch(), g.loss("kld"), 1e-2); err != nil {
			t.Fatal(err)
		}
		if err := tr.Average(); err != nil {
			t.Fatal(err)
		}
		for i, v := range floats() {
			mean[i] += float64(v) / calls
		}
	}
	last := floats()
	if err := tr.Swap(); err != nil {
		t.Fatal(err)
	}
	for i, v := range floats() {
		if math.Abs(float64(v)-mean[i]) > 1e-6 {
			t.Fatalf("value %d is %v, the mean %v", i, v, mean[i])
		}
	}
	if err := tr.Swap(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(last, floats()) || tr.Averaged() != calls {
		t.Error("swapped twice, the parameters are not what they were")
	}
}

func TestBadInputIsNamed(t *testing.T) {
	g := readGolden(t)
	e := load(t, "testdata/bert")
	tr := newTrainer(t, e, nil, AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8})
	before, _ := e.Weights()
	for name, c := range map[string]struct {
		damage func(*Batch, *Loss)
		says   string
	}{
		"empty":   {func(b *Batch, l *Loss) { *b = Batch{} }, "empty batch"},
		"id":      {func(b *Batch, l *Loss) { b.IDs = [][]int32{{99}, {1}, {1}}; b.Types = nil }, "token id 99"},
		"long":    {func(b *Batch, l *Loss) { b.IDs = [][]int32{make([]int32, 17), {1}, {1}}; b.Types = nil }, "17 tokens"},
		"type":    {func(b *Batch, l *Loss) { b.IDs = [][]int32{{1}, {1}, {1}}; b.Types = [][]uint8{{2}, {0}, {0}} }, "token type 2"},
		"teacher": {func(b *Batch, l *Loss) { b.Teacher = [][]float32{{1}, {1}, {1}} }, "differ in length"},
		"NaN": {func(b *Batch, l *Loss) {
			b.Teacher = slices.Clone(b.Teacher)
			b.Teacher[1] = []float32{1, float32(math.NaN()), 1, 1}
		}, "NaN"},
		"no loss":      {func(b *Batch, l *Loss) { *l = Loss{} }, "nothing to train"},
		"not finite":   {func(b *Batch, l *Loss) { l.KLD = math.Inf(1) }, "not finite"},
		"no teacher q": {func(b *Batch, l *Loss) { l.Distance = 1; b.Query = nil }, "Query"},
		"term":         {func(b *Batch, l *Loss) { b.Frozen[0][0] = sparse.Vector{Terms: []uint32{4711}, Weights: []float32{1}} }, "term 4711"},
	} {
		b, l := g.batch(), g.loss("kld")
		c.damage(b, &l)
		if _, err := tr.Step(b, l, 1); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, wanted one that says %q", name, err, c.says)
		}
	}
	after, _ := e.Weights()
	for i := range before {
		if !bytes.Equal(before[i].Data, after[i].Data) {
			t.Errorf("%s was changed by a step that failed", before[i].Name)
		}
	}

	config, _ := os.ReadFile("testdata/bert/config.json")
	model, _ := os.ReadFile("testdata/bert/model.safetensors")
	for name, c := range map[string]struct {
		files map[string]string
		says  string
	}{
		"no config":   {map[string]string{"model.safetensors": string(model)}, "config.json"},
		"no weights":  {map[string]string{"config.json": string(config)}, "neither"},
		"truncated":   {map[string]string{"config.json": string(config), "model.safetensors": string(model[:900])}, "safetensors"},
		"other shape": {map[string]string{"config.json": strings.Replace(string(config), `"vocab_size": 48`, `"vocab_size": 49`, 1), "model.safetensors": string(model)}, "has shape"},
		"no pickle":   {map[string]string{"config.json": string(config), "pytorch_model.bin": "hello"}, "pytorch_model.bin"},
		"other model": {map[string]string{"config.json": `{"model_type": "gpt2"}`}, "gpt2"},
	} {
		folder := t.TempDir()
		for f, text := range c.files {
			os.WriteFile(filepath.Join(folder, f), []byte(text), 0o644)
		}
		if e, err := Load(folder, onCPU); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, wanted one that says %q", name, err, c.says)
			if err == nil {
				e.Close()
			}
		}
	}
}

// PARLEY_PYTHON names a Python with torch and transformers, which must read what
// Save wrote.
func TestTransformersReadsWhatIsSaved(t *testing.T) {
	python := os.Getenv("PARLEY_PYTHON")
	if python == "" {
		t.Skip("PARLEY_PYTHON is not set")
	}
	g := readGolden(t)
	for _, name := range []string{"bert", "distilbert"} {
		folder := t.TempDir()
		if err := load(t, "testdata/"+name).Save(folder, map[string]any{"parley": map[string]any{"max_tokens": 12}}); err != nil {
			t.Fatal(err)
		}
		ids, _ := json.Marshal(g.IDs[2])
		types, _ := json.Marshal(g.RawTypes[2])
		out, err := exec.Command(python, "load.py", folder, string(ids), string(types)).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		var got []float32
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if d := far(got, g.Logits[name], 1); d > 1e-5 {
			t.Errorf("%s: logits differ by %g", name, d)
		}
	}
}

// large is a batch of the recipe's size: 32 queries of 128 tokens, 17 candidates of
// 200 terms.
func large() *Batch {
	r := rand.New(rand.NewPCG(1, 2))
	batch := &Batch{}
	for i := range 32 {
		ids := make([]int32, 128)
		for j := range ids {
			ids[j] = int32(1000 + r.IntN(20000))
		}
		var docs []uint32
		var vs []sparse.Vector
		var teacher []float32
		for c := range 17 {
			docs = append(docs, uint32(i*17+c))
			seen := map[uint32]bool{}
			for len(seen) < 200 {
				seen[uint32(1000+r.IntN(20000))] = true
			}
			v := sparse.Vector{Terms: slices.Sorted(maps.Keys(seen))}
			for range v.Terms {
				v.Weights = append(v.Weights, r.Float32())
			}
			vs = append(vs, v)
			teacher = append(teacher, 10*r.Float32())
		}
		batch.IDs = append(batch.IDs, ids)
		batch.Docs, batch.Frozen, batch.Teacher = append(batch.Docs, docs), append(batch.Frozen, vs), append(batch.Teacher, teacher)
	}
	return batch
}

// base is an encoder of the built-in base's size: the folder PARLEY_BASE, or random.
func base(t testing.TB) *Model {
	t.Helper()
	if folder := os.Getenv("PARLEY_BASE"); folder != "" {
		return load(t, folder)
	}
	e, err := New([]byte(`{"model_type": "bert", "vocab_size": 30522, "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
		"intermediate_size": 512, "max_position_embeddings": 512, "type_vocab_size": 2}`), onCPU, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func BenchmarkStep(b *testing.B) {
	tr := newTrainer(b, base(b), nil, AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, Clip: 1})
	batch := large()
	var parts Parts
	for b.Loop() {
		var err error
		if parts, err = tr.Step(batch, Loss{KLD: 1, Temperature: 1}, 1e-5); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(parts["l0"], "l0")
}

// If PARLEY_PYTHON and PARLEY_BASE are set, this times the same step on the same
// batch here and as written directly in PyTorch, in turn, on the same cores.
func TestSpeed(t *testing.T) {
	python, folder := os.Getenv("PARLEY_PYTHON"), os.Getenv("PARLEY_BASE")
	if python == "" || folder == "" {
		t.Skip("PARLEY_PYTHON and PARLEY_BASE are not both set")
	}
	batch := large()
	file := filepath.Join(t.TempDir(), "batch.json")
	docs := make([][][2]any, len(batch.IDs))
	for i, list := range batch.Frozen {
		for _, v := range list {
			docs[i] = append(docs[i], [2]any{v.Terms, v.Weights})
		}
	}
	data, err := json.Marshal(map[string]any{"ids": batch.IDs, "docs": docs, "teacher": batch.Teacher})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	threads := runtime.NumCPU()
	Threads(threads)
	tr := newTrainer(t, load(t, folder), nil, AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, Clip: 1, Decay: .01})
	step := func() float64 {
		parts, err := tr.Step(batch, Loss{KLD: 1, Temperature: 1}, 1e-5)
		if err != nil {
			t.Fatal(err)
		}
		return parts["loss"]
	}
	loss := step()
	var here, there float64
	const rounds, steps = 3, 3
	for range rounds {
		begin := time.Now()
		for range steps {
			step()
		}
		here += time.Since(begin).Seconds() / steps / rounds
		out, err := exec.Command(python, "straight.py", folder, file, fmt.Sprint(steps), fmt.Sprint(threads)).Output()
		if err != nil {
			t.Fatal(err)
		}
		var first, seconds float64
		if _, err := fmt.Sscan(string(out), &first, &seconds); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if math.Abs(first-loss) > 1e-3*loss {
			t.Fatalf("the loss is %v here and %v there: not the same step", loss, first)
		}
		there += seconds / rounds
	}
	t.Logf("%.3f s a step here, %.3f s in PyTorch: %.1f times as fast", here, there, there/here)
	if there < 2*here {
		t.Errorf("less than twice as fast as PyTorch")
	}
}
