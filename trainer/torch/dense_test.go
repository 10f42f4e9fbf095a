//go:build libtorch

package torch

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

type denseGolden struct {
	IDs         [][]int32           `json:"ids"`
	RawTypes    [][]int             `json:"types"`
	Docs        [][]uint32          `json:"docs"`
	Passages    map[string]packed   `json:"passages"`
	Target      []packed            `json:"target"`
	Teacher     [][]float32         `json:"teacher"`
	Temperature float64             `json:"temperature"`
	Tau         float64             `json:"tau"`
	Vectors     map[string][]packed `json:"vectors"`
	Cases       map[string]computed `json:"cases"`
}

func readDenseGolden(t testing.TB) (*denseGolden, *DenseBatch) {
	t.Helper()
	g := &denseGolden{}
	readJSON(t, "testdata/dense.json.gz", g)
	b := &DenseBatch{IDs: g.IDs, Types: tokenTypes(g.RawTypes), Docs: g.Docs, Teacher: g.Teacher}
	for i := range g.Target {
		b.Target = append(b.Target, g.Target[i])
		var vs [][]float32
		for _, d := range g.Docs[i] {
			vs = append(vs, g.Passages[strconv.Itoa(int(d))])
		}
		b.Passages = append(b.Passages, vs)
	}
	return g, b
}

func TestDenseVectorsEqualTransformers(t *testing.T) {
	g, b := readDenseGolden(t)
	e := load(t, "testdata/bare")
	for by, want := range g.Vectors {
		got, err := e.Vectors(b.IDs, b.Types, Pooling(by), false)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if d := far(got[i], want[i], 1); d > 1e-5 {
				t.Errorf("%s: text %d differs by %g", by, i, d)
			}
		}
	}
}

func TestDenseGradientsEqualAutograd(t *testing.T) {
	g, b := readDenseGolden(t)
	tr := newTrainer(t, load(t, "testdata/bare"), nil, AdamW{})
	for name, want := range g.Cases {
		by, term, _ := strings.Cut(name, "_")
		l := DenseLoss{Temperature: g.Temperature, Tau: g.Tau}
		switch term {
		case "distance":
			l.Distance = 1
		case "kld":
			l.KLD = 1
		case "infonce":
			l.InfoNCE = 1
		default:
			t.Fatal(name)
		}
		parts, grads := gradientsOf(t, tr, tr.denseLoss(b, l, Pooling(by)))
		if math.Abs(parts["loss"]-want.Loss) > 1e-5 {
			t.Errorf("%s: loss is %v, PyTorch's %v", name, parts["loss"], want.Loss)
		}
		largest := 0.0
		for _, w := range want.Grads {
			largest = math.Max(largest, far(w, make([]float32, len(w)), 1))
		}
		if len(want.Grads) != len(tr.names) || largest == 0 {
			t.Fatalf("%s: the golden file has gradients of %d parameters, there are %d", name, len(want.Grads), len(tr.names))
		}
		for param, w := range want.Grads {
			if d := far(grads["query."+param], w, 1e-3*largest); d > 1e-3 {
				t.Errorf("%s: %s differs by %.2g of its length", name, param, d)
			}
		}
	}
}

// The texts in Also add their distance and its gradients.
func TestDenseAlso(t *testing.T) {
	_, b := readDenseGolden(t)
	tr := newTrainer(t, load(t, "testdata/bare"), nil, AdamW{})
	l := DenseLoss{Distance: 2}
	also := &DenseBatch{IDs: b.IDs[1:], Types: b.Types[1:], Target: b.Target[1:]}
	one, g1 := gradientsOf(t, tr, tr.denseLoss(b, l, PoolCLS))
	two, g2 := gradientsOf(t, tr, tr.denseLoss(also, l, PoolCLS))
	both := *b
	both.Also = also
	sum, g := gradientsOf(t, tr, tr.denseLoss(&both, l, PoolCLS))
	if math.Abs(sum["loss"]-one["loss"]-two["loss"]) > 1e-5 || math.Abs(sum["also"]-two["distance"]) > 1e-5 {
		t.Errorf("%v is not the sum of %v and %v", sum, one, two)
	}
	for name := range g {
		want := make([]float32, len(g[name]))
		for i := range want {
			want[i] = g1[name][i] + g2[name][i]
		}
		if d := far(g[name], want, 1e-2); d > 1e-3 {
			t.Errorf("%s: the gradient differs by %g", name, d)
		}
	}
}

// A step that trains the upper layers changes no others and, with FreezeTypes, not the
// token types either.
func TestFreezeBelow(t *testing.T) {
	_, b := readDenseGolden(t)
	for _, types := range []bool{false, true} {
		e := load(t, "testdata/bare")
		if err := e.FreezeBelow(1); err != nil {
			t.Fatal(err)
		}
		if types {
			if err := e.FreezeTypes(); err != nil {
				t.Fatal(err)
			}
		}
		before, err := e.Weights()
		if err != nil {
			t.Fatal(err)
		}
		tr := newTrainer(t, e, nil, AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8})
		if _, err := tr.StepDense(b, DenseLoss{Distance: 1}, PoolCLS, .1); err != nil {
			t.Fatal(err)
		}
		after, err := e.Weights()
		if err != nil {
			t.Fatal(err)
		}
		for i := range before {
			name := before[i].Name
			moves := strings.HasPrefix(name, "encoder.layer.1.") || !types && strings.Contains(name, "token_type")
			if moved := string(before[i].Data) != string(after[i].Data); moved != moves {
				t.Errorf("types frozen: %v: %s moved: %v", types, name, moved)
			}
		}
	}
}

func TestDenseBatchesThatDoNotFit(t *testing.T) {
	_, good := readDenseGolden(t)
	tr := newTrainer(t, load(t, "testdata/bare"), nil, AdamW{})
	for what, c := range map[string]struct {
		loss   DenseLoss
		by     Pooling
		change func(*DenseBatch)
		want   string
	}{
		"nothing":   {DenseLoss{Distance: 1}, PoolCLS, func(b *DenseBatch) { b.IDs = nil }, "empty batch"},
		"no target": {DenseLoss{Distance: 1}, PoolCLS, func(b *DenseBatch) { b.Target = b.Target[1:] }, "2 entries in Target"},
		"short":     {DenseLoss{Distance: 1}, PoolCLS, func(b *DenseBatch) { b.Target = [][]float32{{1}, b.Target[1], b.Target[2]} }, "target of text 0 has 1 values"},
		"NaN": {DenseLoss{KLD: 1, Temperature: 1}, PoolCLS, func(b *DenseBatch) {
			b.Passages = [][][]float32{b.Passages[0], b.Passages[1], {b.Passages[2][0], b.Passages[2][1], b.Passages[2][2], make([]float32, 8)}}
			b.Passages[2][3][1] = float32(math.NaN())
		}, "candidate 3 of text 2 holds NaN"},
		"fewer":       {DenseLoss{InfoNCE: 1, Tau: 1}, PoolCLS, func(b *DenseBatch) { b.Docs = [][]uint32{b.Docs[0], b.Docs[1][:2], b.Docs[2]} }, "text 1 of the batch"},
		"no loss":     {DenseLoss{}, PoolCLS, func(*DenseBatch) {}, "all weights are 0"},
		"no pooling":  {DenseLoss{Distance: 1}, "max", func(*DenseBatch) {}, `pooling "max"`},
		"other types": {DenseLoss{Distance: 1}, PoolCLS, func(b *DenseBatch) { b.Types = b.Types[:1] }, "1 entries in Types"},
	} {
		b := *good
		c.change(&b)
		if _, err := tr.StepDense(&b, c.loss, c.by, .1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, wanted %q", what, err, c.want)
		}
	}
}
