// Package lift puts what a dense encoder knows of a passage into the weights of its sparse vector.
//
// The dense vector of a question is nearly a linear function of its sparse one. With x_j for what the
// dense encoder says of term j (Terms: its word embedding, and its vector of the term as a question), and
// one matrix A for all terms,
//
//	dense(q) ≈ Σ_j q_j A x_j
//
// (package trainer/liftfit finds A). The cosine with a passage's dense vector d is then, without a part
// that is the same for all passages,
//
//	dense(q)·(d - Mean) ≈ Σ_j q_j x_j·g    with g = Aᵀ(d - Mean)
//
// which is a sum over the question's terms, as an inverted index computes it. So the weights of a
// passage become
//
//	w'_j = max(0, w_j + Weight · x_j·g)
//
// for the terms that it has, and the sparse stage alone ranks in part as the dense encoder does. A
// question costs what it cost: nothing of the dense encoder is needed then.
//
// The matrix and the mean are in the dense encoder's folder, in File, a file of Hugging Face's
// safetensors:
//
//	map        I8  [2 Dim][Dim]  Aᵀ in 8 bits: map[k][i] * map.scale[k] is what dimension i of a passage
//	                             gives dimension k of g
//	map.scale  F32 [2 Dim]
//	mean       F32 [Dim]         Mean, of the dense vectors of passages
//
// with the metadata weight (Weight), encoder (the name of the sparse encoder) and space (that of the
// passages' dense vectors).
package lift

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"parley/shared/safetensors"
	"parley/shared/sparse"
)

// File is the name of the file in a dense encoder's folder.
const File = "lift.safetensors"

// A Lift says how dense vectors change sparse ones. It is safe for concurrent use.
type Lift struct {
	Weight float32 // of a dense score beside a term's weight
	// Encoder names the sparse encoder whose vectors are changed, and Space the model that makes the
	// passages' dense vectors.
	Encoder, Space string

	matrix []int8    // [2 Dim][Dim]
	scale  []float32 // [2 Dim], of matrix's rows
	mean   []float32 // [Dim]
}

// New returns the lift with the matrix A, transposed, [2 Dim][Dim], and the mean, [Dim]. It keeps the matrix
// in 8 bits, with the greatest of each row as 127.
func New(matrix, mean []float32) (*Lift, error) {
	dim := len(mean)
	if dim == 0 || len(matrix) != 2*dim*dim {
		return nil, fmt.Errorf("lift: %d values are no matrix of %d x %d", len(matrix), 2*dim, dim)
	}
	l := &Lift{matrix: make([]int8, 2*dim*dim), scale: make([]float32, 2*dim), mean: mean}
	for k := range 2 * dim {
		row := matrix[k*dim:][:dim]
		var greatest float32
		for _, x := range row {
			greatest = max(greatest, float32(math.Abs(float64(x))))
		}
		if l.scale[k] = greatest / 127; greatest == 0 {
			continue
		}
		for i, x := range row {
			l.matrix[k*dim+i] = int8(math.RoundToEven(float64(x) / float64(l.scale[k])))
		}
	}
	for _, list := range [][]float32{l.scale, mean} {
		for _, x := range list {
			if !(math.Abs(float64(x)) <= math.MaxFloat32) {
				return nil, errors.New("lift: the matrix or the mean has a value that is not finite")
			}
		}
	}
	return l, nil
}

// Dim returns the length of the dense vectors.
func (l *Lift) Dim() int { return len(l.mean) }

// Open reads a File. Its errors say which part of it is wrong.
func Open(data []byte) (*Lift, error) {
	f, err := safetensors.Read(data)
	if err != nil {
		return nil, err
	}
	tensor := func(name string, dims int) (t safetensors.Tensor, err error) {
		t, ok := f.Tensor(name)
		if !ok {
			return t, fmt.Errorf("lift: no tensor %q; trainer lift makes such a file", name)
		}
		if len(t.Shape) != dims {
			return t, fmt.Errorf("lift: tensor %q has the shape %v, wanted %d dimensions", name, t.Shape, dims)
		}
		return t, nil
	}
	l := &Lift{}
	matrix, err := tensor("map", 2)
	if err == nil {
		l.matrix, err = matrix.Int8s()
	}
	if err != nil {
		return nil, err
	}
	for _, of := range []struct {
		name string
		to   *[]float32
	}{{"map.scale", &l.scale}, {"mean", &l.mean}} {
		t, err := tensor(of.name, 1)
		if err == nil {
			*of.to, err = t.Float32s()
		}
		if err != nil {
			return nil, err
		}
	}
	if dim := len(l.mean); dim == 0 || matrix.Shape[0] != 2*dim || matrix.Shape[1] != dim || len(l.scale) != 2*dim {
		return nil, fmt.Errorf("lift: the map has the shape %v, its scales %d and the mean %d values; wanted twice the length of the mean, and the length", matrix.Shape, len(l.scale), dim)
	}
	x, err := strconv.ParseFloat(f.Metadata["weight"], 32)
	if err != nil || !(x >= 0) {
		return nil, fmt.Errorf("lift: the metadata's weight is %q, wanted a number of 0 or more", f.Metadata["weight"])
	}
	l.Weight, l.Encoder, l.Space = float32(x), f.Metadata["encoder"], f.Metadata["space"]
	return l, nil
}

// Fits returns an error unless l changes the vectors of the sparse encoder of that name by dense vectors of
// that space and length.
func (l *Lift) Fits(encoder, space string, dim int) error {
	switch {
	case l.Encoder != encoder:
		return fmt.Errorf("lift: it changes the vectors of the encoder %q, not of %q", l.Encoder, encoder)
	case l.Space != space:
		return fmt.Errorf("lift: it wants the dense vectors of %q, not of %q", l.Space, space)
	case l.Dim() != dim:
		return fmt.Errorf("lift: it wants dense vectors of length %d, not %d", l.Dim(), dim)
	}
	return nil
}

// A Lifter changes passages' vectors; it serves one goroutine at a time.
type Lifter struct {
	l     *Lift
	terms *Terms
	from  []float32 // [Dim], the passage without the mean
	g     []float32 // [2 Dim], what it gives each term
	out   sparse.Vector
}

// NewLifter returns a Lifter with its own working memory.
func (l *Lift) NewLifter(terms *Terms) *Lifter {
	return &Lifter{l: l, terms: terms, from: make([]float32, l.Dim()), g: make([]float32, 2*l.Dim())}
}

// ErrFits is returned for vectors that do not belong to the lift.
var ErrFits = errors.New("lift: the vector has terms that the dense encoder does not have, or another length")

// Lift returns the vector of a passage as package lift says, given its sparse vector and its dense one,
// [Dim], of length 1. The result is valid until the next call. Every machine returns the same bits.
func (l *Lifter) Lift(w sparse.Vector, dense []float32) (sparse.Vector, error) {
	of, dim := l.l, l.l.Dim()
	if len(dense) != dim || l.terms.Width() != 2*dim || len(w.Terms) > 0 && int(w.Terms[len(w.Terms)-1]) >= l.terms.Len() {
		return sparse.Vector{}, ErrFits
	}
	for i, x := range dense {
		l.from[i] = x - of.mean[i]
	}
	// The conversions keep compilers from fusing, so that every machine has the same bits.
	for k := range l.g {
		row := of.matrix[k*dim:][:dim]
		var sum float32
		for i, x := range l.from {
			sum += float32(float32(row[i]) * x)
		}
		l.g[k] = float32(of.Weight * float32(of.scale[k]*sum))
	}
	out := sparse.Vector{Terms: l.out.Terms[:0], Weights: l.out.Weights[:0]}
	for i, term := range w.Terms {
		weight := w.Weights[i]
		for k, x := range l.terms.Row(term) {
			weight += float32(x * l.g[k])
		}
		if weight > 0 {
			out.Terms, out.Weights = append(out.Terms, term), append(out.Weights, weight)
		}
	}
	l.out = out
	return out, nil
}
