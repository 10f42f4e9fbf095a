package termvectors

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"parley/shared/safetensors"
	"parley/shared/sparse"
)

// small returns vectors of three terms in a space of two dimensions.
func small(t *testing.T) *Vectors {
	t.Helper()
	v, err := New([]float32{1, 0, 0, 1, -1, 0}, []float32{.5, .25})
	if err != nil {
		t.Fatal(err)
	}
	v.Weight, v.Above, v.Encoder, v.Dense = 2, .5, "sparse", "dense"
	return v
}

// By hand: the passage's vector without the mean is (.5, .75), so the terms' dense scores are .5, .75
// and -.5.
func TestLift(t *testing.T) {
	l := small(t).NewLifter()
	for _, c := range []struct{ from, want sparse.Vector }{
		// .25 + 2 x .5; a term above .5 is gained with 2 x (.75 - .5); 3 - 2 x .5
		{sparse.Vector{Terms: []uint32{0, 2}, Weights: []float32{.25, 3}}, sparse.Vector{Terms: []uint32{0, 1, 2}, Weights: []float32{1.25, .5, 2}}},
		// a term whose weight becomes 0 or less is lost; a score of .5 is not above .5
		{sparse.Vector{Terms: []uint32{1, 2}, Weights: []float32{1, 1}}, sparse.Vector{Terms: []uint32{1}, Weights: []float32{2.5}}},
		{sparse.Vector{}, sparse.Vector{Terms: []uint32{1}, Weights: []float32{.5}}},
	} {
		before := c.from.Clone()
		got, err := l.Lift(c.from, []float32{1, 1})
		if err != nil || !slices.Equal(got.Terms, c.want.Terms) || !slices.Equal(got.Weights, c.want.Weights) {
			t.Errorf("%v became %v, %v; want %v", c.from, got, err, c.want)
		}
		if !slices.Equal(c.from.Weights, before.Weights) {
			t.Errorf("the vector %v was changed", before)
		}
		if err := got.Check(3); err != nil {
			t.Error(err)
		}
	}
}

// With an infinite Above, no term is gained, and the others are as with any other.
func TestLiftWithoutNewTerms(t *testing.T) {
	v := small(t)
	v.Above = float32(math.Inf(1))
	got, err := v.NewLifter().Lift(sparse.Vector{Terms: []uint32{0, 2}, Weights: []float32{.25, 3}}, []float32{1, 1})
	if err != nil || !slices.Equal(got.Terms, []uint32{0, 2}) || !slices.Equal(got.Weights, []float32{1.25, 2}) {
		t.Errorf("%v, %v", got, err)
	}
}

// What a search finds is the sparse score and Weight times what the terms' vectors say of the cosine,
// where no weight falls below 0 and no term is gained.
func TestAScoreIsTheSumOfBoth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const terms, dim = 50, 8
	rows, mean, d := make([]float32, terms*dim), make([]float32, dim), make([]float32, dim)
	for _, to := range [][]float32{rows, mean, d} {
		for i := range to {
			to[i] = r.Float32() - .5
		}
	}
	v, err := New(rows, mean)
	if err != nil {
		t.Fatal(err)
	}
	v.Weight, v.Above = .5, 1e9
	p, q := sparse.Vector{}, sparse.Vector{}
	for j := range uint32(terms) {
		p.Terms, p.Weights = append(p.Terms, j), append(p.Weights, 5+r.Float32())
		if j%3 == 0 {
			q.Terms, q.Weights = append(q.Terms, j), append(q.Weights, r.Float32()+.1)
		}
	}
	got, err := v.NewLifter().Lift(p, d)
	if err != nil {
		t.Fatal(err)
	}
	want := float64(q.Dot(p))
	for k := range dim {
		var sum float64 // what q's terms say of dimension k of its dense vector
		for i, j := range q.Terms {
			sum += float64(q.Weights[i]) * float64(rows[int(j)*dim+k])
		}
		want += float64(v.Weight) * sum * float64(d[k]-mean[k])
	}
	if s := float64(q.Dot(got)); math.Abs(s-want) > 1e-4 {
		t.Errorf("score %v, want %v", s, want)
	}
}

func TestLiftRefusesWhatDoesNotFit(t *testing.T) {
	l := small(t).NewLifter()
	for _, c := range []struct {
		w sparse.Vector
		d []float32
	}{
		{sparse.Vector{}, []float32{1}},
		{sparse.Vector{Terms: []uint32{3}, Weights: []float32{1}}, []float32{1, 1}},
	} {
		if _, err := l.Lift(c.w, c.d); !errors.Is(err, ErrFits) {
			t.Errorf("%v with %v: %v", c.w, c.d, err)
		}
	}
}

func TestTheFileHoldsAll(t *testing.T) {
	v := small(t)
	data, err := v.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Weight != 2 || got.Above != .5 || got.Encoder != "sparse" || got.Dense != "dense" || got.Dim() != 2 || got.Terms() != 3 || !slices.Equal(got.rows, v.rows) || !slices.Equal(got.mean, v.mean) {
		t.Errorf("%+v", got)
	}
	again, err := got.Encode()
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("written again, it has other bytes; %v", err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	file := func(meta map[string]string, tensors ...safetensors.Tensor) []byte {
		data, err := safetensors.Write(tensors, meta)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	fine := map[string]string{"weight": "1", "above": "0"}
	terms, mean := safetensors.FromFloat32s("terms", []float32{1, 2}, 1, 2), safetensors.FromFloat32s("mean", []float32{1, 2}, 2)
	if _, err := Open(file(fine, terms, mean)); err != nil {
		t.Fatal(err)
	}
	for want, data := range map[string][]byte{
		"safetensors":                      []byte("no file"),
		`no tensor "terms"`:                file(fine, mean),
		`no tensor "mean"`:                 file(fine, terms),
		"wanted 2 dimensions":              file(fine, safetensors.FromFloat32s("terms", []float32{1, 2}, 2), mean),
		"the length 2, the mean 1":         file(fine, terms, safetensors.FromFloat32s("mean", []float32{1}, 1)),
		"is not finite":                    file(fine, safetensors.FromFloat32s("terms", []float32{1, float32(math.NaN())}, 1, 2), mean),
		`weight is "", wanted a number`:    file(map[string]string{"above": "0"}, terms, mean),
		`above is "-1", wanted a number`:   file(map[string]string{"weight": "1", "above": "-1"}, terms, mean),
		`weight is "NaN", wanted a number`: file(map[string]string{"weight": "NaN", "above": "1"}, terms, mean),
		"no vectors of length":             file(fine, safetensors.FromFloat32s("terms", nil, 0, 2), mean),
	} {
		if _, err := Open(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one with %q", err, want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	v, err := New([]float32{1, 0, 0, 1, -1, 0}, []float32{.5, .25})
	if err != nil {
		f.Fatal(err)
	}
	data, err := v.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Open(data)
		if err != nil {
			return
		}
		if v.Dim()*v.Terms() > 1<<16 {
			return
		}
		if _, err := v.NewLifter().Lift(sparse.Vector{Terms: []uint32{0}, Weights: []float32{1}}, make([]float32, v.Dim())); err != nil {
			t.Fatal(err)
		}
	})
}
