// Package termvectors puts what a dense encoder knows of a passage into the weights of its sparse vector.
//
// The dense vector of a question is nearly a linear function of its sparse one: with one dense vector u_j
// for each term j of the vocabulary,
//
//	dense(q) ≈ m + Σ_j q_j u_j
//
// (package trainer/termfit finds them). The cosine with a passage's dense vector d is then, but for a
// part that is the same for all questions,
//
//	dense(q)·d ≈ Σ_j q_j (u_j·d)
//
// which is a sum over the question's terms, as an inverted index computes it. So a passage's weights
// become
//
//	w'_j = max(0, w_j + Weight · u_j·(d - Mean))           for the terms that it has
//	w'_j = max(0, Weight · (u_j·(d - Mean) - Above))       for the others
//
// and the sparse stage alone ranks in part as the dense encoder does. A search costs what it cost, as
// far as Above keeps new terms out; nothing of the dense encoder is needed then.
package termvectors

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"parley/shared/safetensors"
	"parley/shared/sparse"
)

// Vectors are the dense vectors of a vocabulary's terms. They are safe for concurrent use.
type Vectors struct {
	Weight float32 // of a dense score beside a term's weight
	Above  float32 // what a term's dense score must exceed for a passage to gain the term
	// Encoder and Dense name the encoders that the vectors were found with.
	Encoder, Dense string

	mean []float32 // [Dim]
	rows []float32 // [Terms][Dim]
}

// New returns the vectors rows, [terms][dim], for passages whose dense vectors have this mean, [dim].
func New(rows, mean []float32) (*Vectors, error) {
	if len(mean) == 0 || len(rows) == 0 || len(rows)%len(mean) != 0 {
		return nil, fmt.Errorf("termvectors: %d values are no vectors of length %d", len(rows), len(mean))
	}
	return &Vectors{mean: mean, rows: rows}, nil
}

// Dim returns the length of the dense vectors, and Terms the number of terms.
func (v *Vectors) Dim() int   { return len(v.mean) }
func (v *Vectors) Terms() int { return len(v.rows) / len(v.mean) }

// Open reads a file that Encode wrote. Its errors say which part of it is wrong.
func Open(data []byte) (*Vectors, error) {
	f, err := safetensors.Read(data)
	if err != nil {
		return nil, err
	}
	read := func(name string, dims int) (x []float32, shape []int, err error) {
		t, ok := f.Tensor(name)
		if !ok {
			return nil, nil, fmt.Errorf("termvectors: no tensor %q; trainer term-vectors makes such a file", name)
		}
		if len(t.Shape) != dims {
			return nil, nil, fmt.Errorf("termvectors: tensor %q has the shape %v, wanted %d dimensions", name, t.Shape, dims)
		}
		if x, err = t.Float32s(); err != nil {
			return nil, nil, fmt.Errorf("termvectors: tensor %q: %w", name, err)
		}
		return x, t.Shape, nil
	}
	rows, shape, err := read("terms", 2)
	if err != nil {
		return nil, err
	}
	mean, of, err := read("mean", 1)
	if err != nil {
		return nil, err
	}
	if shape[1] != of[0] {
		return nil, fmt.Errorf("termvectors: the terms' vectors have the length %d, the mean %d", shape[1], of[0])
	}
	v, err := New(rows, mean)
	if err != nil {
		return nil, err
	}
	for _, set := range []struct {
		name string
		to   *float32
	}{{"weight", &v.Weight}, {"above", &v.Above}} {
		x, err := strconv.ParseFloat(f.Metadata[set.name], 32)
		if err != nil || !(x >= 0) {
			return nil, fmt.Errorf("termvectors: the metadata's %s is %q, wanted a number of 0 or more", set.name, f.Metadata[set.name])
		}
		*set.to = float32(x)
	}
	v.Encoder, v.Dense = f.Metadata["encoder"], f.Metadata["dense"]
	return v, nil
}

// Encode returns v as a file of Hugging Face's safetensors: "terms" [Terms][Dim] and "mean" [Dim], and
// the settings as metadata.
func (v *Vectors) Encode() ([]byte, error) {
	text := func(x float32) string { return strconv.FormatFloat(float64(x), 'g', -1, 32) }
	return safetensors.Write([]safetensors.Tensor{
		safetensors.FromFloat32s("terms", v.rows, v.Terms(), v.Dim()),
		safetensors.FromFloat32s("mean", v.mean, v.Dim()),
	}, map[string]string{"weight": text(v.Weight), "above": text(v.Above), "encoder": v.Encoder, "dense": v.Dense})
}

// A Lifter changes passages' vectors; it serves one goroutine at a time.
type Lifter struct {
	v    *Vectors
	from []float32 // [Dim], the passage's dense vector without the mean
	out  sparse.Vector
}

// NewLifter returns a Lifter with its own working memory.
func (v *Vectors) NewLifter() *Lifter {
	return &Lifter{v: v, from: make([]float32, v.Dim())}
}

// ErrFits is returned for vectors that do not belong to the terms' vectors.
var ErrFits = errors.New("termvectors: the vector has terms or a length that the terms' vectors do not have")

// Lift returns the vector of a passage as package termvectors says, given its sparse vector and its dense
// one, [Dim], of length 1. The result is valid until the next call. Every machine returns the same bits.
func (l *Lifter) Lift(w sparse.Vector, dense []float32) (sparse.Vector, error) {
	v := l.v
	n := v.Terms()
	if len(dense) != v.Dim() || len(w.Terms) > 0 && int(w.Terms[len(w.Terms)-1]) >= n {
		return sparse.Vector{}, ErrFits
	}
	for i, x := range dense {
		l.from[i] = x - v.mean[i]
	}
	out := sparse.Vector{Terms: l.out.Terms[:0], Weights: l.out.Weights[:0]}
	keep := func(term uint32, weight float32) {
		if weight > 0 {
			out.Terms, out.Weights = append(out.Terms, term), append(out.Weights, weight)
		}
	}
	has := func(i int) {
		term := w.Terms[i]
		keep(term, w.Weights[i]+float32(v.Weight*l.score(term)))
	}
	if math.IsInf(float64(v.Above), 1) { // no term is gained: the others need not be looked at
		for i := range w.Terms {
			has(i)
		}
	} else {
		i := 0
		for term := range uint32(n) {
			if i < len(w.Terms) && w.Terms[i] == term {
				has(i)
				i++
			} else if s := l.score(term); s > v.Above {
				keep(term, v.Weight*(s-v.Above))
			}
		}
	}
	l.out = out
	return out, nil
}

// score returns a term's dense score, u·(d - Mean). The conversions keep compilers from fusing, so that
// every machine has the same bits.
func (l *Lifter) score(term uint32) float32 {
	dim := len(l.from)
	row := l.v.rows[int(term)*dim:][:dim]
	var a, b float32 // two sums, which a processor adds at the same time
	i := 0
	for ; i+1 < dim; i += 2 {
		a += float32(row[i] * l.from[i])
		b += float32(row[i+1] * l.from[i+1])
	}
	if i < dim {
		a += float32(row[i] * l.from[i])
	}
	return a + b
}
