package lift

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/encoder/tiny"
	"parley/shared/safetensors"
	"parley/shared/sparse"
	"parley/shared/wordpiece"
)

// small returns a lift in a space of two dimensions, whose matrix 8 bits hold exactly, and three terms.
func small(t testing.TB) (*Lift, *Terms) {
	t.Helper()
	l, err := New([]float32{127, 0, 0, 254, 0, 0, 127, -127}, []float32{.5, .25})
	if err != nil {
		t.Fatal(err)
	}
	l.Weight, l.Encoder, l.Space = 2, "sparse", "dense"
	return l, NewTerms([]float32{
		1. / 128, 0, 7, 0,
		0, 1. / 256, 0, 0,
		-1. / 128, 0, 0, 1. / 254,
	}, 4)
}

// By hand: the passage's vector without the mean is (.5, .75), so g, with the weight, is (127, 381, 0,
// -63.5), and what the terms gain is 127/128, 381/256 and -127/128 - 1/4.
func TestLift(t *testing.T) {
	l, terms := small(t)
	lifter := l.NewLifter(terms)
	for _, c := range []struct{ from, want sparse.Vector }{
		{sparse.Vector{Terms: []uint32{0, 2}, Weights: []float32{.25, 3}}, sparse.Vector{Terms: []uint32{0, 2}, Weights: []float32{.25 + 127./128, 3 - 127./128 - .25}}},
		// a term whose weight becomes 0 or less is lost
		{sparse.Vector{Terms: []uint32{1, 2}, Weights: []float32{1, 127./128 + .25}}, sparse.Vector{Terms: []uint32{1}, Weights: []float32{1 + 381./256}}},
		{sparse.Vector{}, sparse.Vector{}},
	} {
		before := c.from.Clone()
		got, err := lifter.Lift(c.from, []float32{1, 1})
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

// random returns a lift with a matrix that 8 bits hold nearly, the matrix, and terms.
func random(t testing.TB, n, dim int) (l *Lift, matrix []float32, terms *Terms) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	some := func(n int) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = r.Float32() - .5
		}
		return list
	}
	terms = NewTerms(some(n*2*dim), 2*dim)
	matrix = some(2 * dim * dim)
	l, err := New(matrix, some(dim))
	if err != nil {
		t.Fatal(err)
	}
	l.Weight = .5
	return l, matrix, terms
}

// What a search finds is the sparse score and Weight times the inner product of what the matrix says the
// question's dense vector is with the passage's, where no weight falls below 0.
func TestAScoreIsTheSumOfBoth(t *testing.T) {
	const n, dim = 50, 8
	l, matrix, terms := random(t, n, dim)
	r := rand.New(rand.NewPCG(3, 4))
	d := make([]float32, dim)
	for i := range d {
		d[i] = r.Float32() - .5
	}
	p, q := sparse.Vector{}, sparse.Vector{}
	for j := range uint32(n) {
		p.Terms, p.Weights = append(p.Terms, j), append(p.Weights, 5+r.Float32())
		if j%3 == 0 {
			q.Terms, q.Weights = append(q.Terms, j), append(q.Weights, r.Float32()+.1)
		}
	}
	got, err := l.NewLifter(terms).Lift(p, d)
	if err != nil {
		t.Fatal(err)
	}
	want := float64(q.Dot(p))
	for i := range dim {
		var sum float64 // dimension i of the question's dense vector, Σ q_j (A x_j)
		for m, j := range q.Terms {
			for k, x := range terms.Row(j) {
				sum += float64(q.Weights[m]) * float64(matrix[k*dim+i]) * float64(x)
			}
		}
		want += float64(l.Weight) * sum * float64(d[i]-l.mean[i])
	}
	if s := float64(q.Dot(got)); math.Abs(s-want) > .01*math.Abs(want-float64(q.Dot(p))) {
		t.Errorf("score %v, want %v, of which %v are sparse", s, want, q.Dot(p))
	}
}

func TestLiftRefusesWhatDoesNotFit(t *testing.T) {
	l, terms := small(t)
	lifter := l.NewLifter(terms)
	for _, c := range []struct {
		w sparse.Vector
		d []float32
	}{
		{sparse.Vector{}, []float32{1}},
		{sparse.Vector{Terms: []uint32{0, 3}, Weights: []float32{1, 1}}, []float32{1, 1}},
	} {
		if _, err := lifter.Lift(c.w, c.d); !errors.Is(err, ErrFits) {
			t.Errorf("%v with %v: %v", c.w, c.d, err)
		}
	}
	if err := l.Fits("sparse", "dense", 2); err != nil {
		t.Error(err)
	}
	for want, err := range map[string]error{
		`"sparse", not of "other"`: l.Fits("other", "dense", 2),
		`"dense", not of "other"`:  l.Fits("sparse", "other", 2),
		"length 2, not 3":          l.Fits("sparse", "dense", 3),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one with %q", err, want)
		}
	}
}

func TestTheFileHoldsAll(t *testing.T) {
	l, _, _ := random(t, 1, 5)
	l.Encoder, l.Space = "sparse", "dense"
	data, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Weight != .5 || got.Encoder != "sparse" || got.Space != "dense" || got.Dim() != 5 ||
		!slices.Equal(got.matrix, l.matrix) || !slices.Equal(got.scale, l.scale) || !slices.Equal(got.mean, l.mean) {
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
	fine := map[string]string{"weight": "1"}
	floats := func(name string, x ...float32) safetensors.Tensor { return safetensors.FromFloat32s(name, x, len(x)) }
	matrix, scale, mean := safetensors.FromInt8s("map", []int8{1, 2, 3, 4, 5, 6, 7, 8}, 4, 2), floats("map.scale", 1, 2, 3, 4), floats("mean", 1, 2)
	if _, err := Open(file(fine, matrix, scale, mean)); err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	for want, data := range map[string][]byte{
		"safetensors":                    []byte("no file"),
		`no tensor "map"`:                file(fine, scale, mean),
		`no tensor "map.scale"`:          file(fine, matrix, mean),
		`no tensor "mean"`:               file(fine, matrix, scale),
		"wanted 2 dimensions":            file(fine, safetensors.FromInt8s("map", []int8{1, 2, 3, 4}, 4), scale, mean),
		"wanted I8":                      file(fine, safetensors.FromFloat32s("map", []float32{1, 2, 3, 4}, 2, 2), scale, mean),
		"the mean 3 values":              file(fine, matrix, scale, floats("mean", 1, 2, 3)),
		"its scales 1":                   file(fine, matrix, floats("map.scale", 1), mean),
		"the mean 0 values":              file(fine, safetensors.FromInt8s("map", nil, 0, 0), floats("map.scale"), floats("mean")),
		"is not finite":                  file(fine, matrix, scale, floats("mean", 1, nan)),
		"finite":                         file(fine, matrix, floats("map.scale", nan, 1, 1, 1), mean),
		`weight is "", wanted a number`:  file(nil, matrix, scale, mean),
		`weight is "-1", wanted`:         file(map[string]string{"weight": "-1"}, matrix, scale, mean),
		`weight is "NaN", wanted`:        file(map[string]string{"weight": "NaN"}, matrix, scale, mean),
		`weight is "1e99", wanted a num`: file(map[string]string{"weight": "1e99"}, matrix, scale, mean),
	} {
		if _, err := Open(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one with %q", err, want)
		}
	}
	if _, err := New([]float32{1, 2, 3}, []float32{1, 2}); err == nil {
		t.Error("a matrix that is none was accepted")
	}
	if _, err := New([]float32{1}, []float32{nan}); err == nil {
		t.Error("a mean that is no number was accepted")
	}
}

// The first half of a row is the word embedding, and the second the vector of the term as a question,
// without the mean.
func TestReadTerms(t *testing.T) {
	vocabulary := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tea", "##s", "##", "moon"}
	tok, err := wordpiece.New([]byte(strings.Join(vocabulary, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	files := tiny.Sentence(len(vocabulary), `{"name": "tiny"}`)
	s, err := encoder.LoadSentenceOver(tok, func(name string) ([]byte, error) { return files[name], nil })
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	terms, err := ReadTerms(t.Context(), s, len(vocabulary), func(int) { calls++ })
	if err != nil || terms.Len() != len(vocabulary) || terms.Width() != 2*tiny.Dim || calls == 0 {
		t.Fatalf("%v, %v, %d calls", terms, err, calls)
	}
	session := s.NewSession()
	var in conversation.Input
	var vectors [][]float32
	mean := make([]float64, tiny.Dim)
	for _, text := range []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tea", "s", "##", "moon"} {
		v := make([]float32, tiny.Dim)
		s.Conversation(&in, []conversation.Turn{{Question: text}})
		if err := session.Embed(v, in); err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, v)
		for k, x := range v {
			mean[k] += float64(x) / float64(len(vocabulary))
		}
	}
	for i, v := range vectors {
		row := terms.Row(uint32(i))
		word := make([]float32, tiny.Dim)
		if !session.Word(word, uint32(i)) || !slices.Equal(word, row[:tiny.Dim]) {
			t.Errorf("%s: another word embedding", vocabulary[i])
		}
		for k, x := range row[tiny.Dim:] {
			if want := float64(v[k]) - mean[k]; math.Abs(float64(x)-want) > 1e-6 {
				t.Errorf("%s, dimension %d: %v, want %v", vocabulary[i], k, x, want)
			}
		}
	}
	if _, err := ReadTerms(t.Context(), s, len(vocabulary)+1, func(int) {}); err == nil || !strings.Contains(err.Error(), "has no term 9 of 10") {
		t.Error(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := ReadTerms(stopped, s, len(vocabulary), func(int) {}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	l, terms := small(f)
	data, err := l.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Open(data)
		if err != nil {
			return
		}
		lifter := l.NewLifter(terms)
		if _, err := lifter.Lift(sparse.Vector{Terms: []uint32{0}, Weights: []float32{1}}, make([]float32, l.Dim())); err != nil && !errors.Is(err, ErrFits) {
			t.Error(err)
		}
	})
}

func BenchmarkLift(b *testing.B) {
	const n, dim = 150, 384
	l, _, terms := random(b, n, dim)
	var p sparse.Vector
	for j := range uint32(n) {
		p.Terms, p.Weights = append(p.Terms, j), append(p.Weights, 1)
	}
	lifter, d := l.NewLifter(terms), make([]float32, dim)
	for b.Loop() {
		if _, err := lifter.Lift(p, d); err != nil {
			b.Fatal(err)
		}
	}
}
