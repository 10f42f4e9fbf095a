// Package dense is a collection's dense vectors, one a passage, in 8 bits: built once,
// opened from a byte slice, compared with a query's exactly.
//
// A vector of length 1 becomes integers and a scale,
//
//	q     = round(v * 127 / max|v|), half to even
//	scale = 1 / sqrt(sum of q^2), so that the length is 1 again
//
// The product of two such rows is their cosine. It is computed in integers and scaled by
// two roundings (package matrix): the same bits on every machine. Of random
// directions of 384 values it is within .0025 of float64's. What was read from a file and
// is added to a Builder again gives the same integers.
//
// build.go makes the file, open.go says how it is laid out and checks it, search.go
// compares.
package dense

import (
	"math"
	"unsafe"

	"parley/shared/matrix"
)

// Vectors is immutable and safe for concurrent use. It keeps nothing of the file.
type Vectors struct {
	n, dim int
	space  string
	rows   *matrix.Weights // [n][dim], nil where n is 0
}

// Len is the number of passages.
func (v *Vectors) Len() int { return v.n }

// Dim is the length of a vector.
func (v *Vectors) Dim() int { return v.dim }

// Space names the model that made the vectors (encoder.Sentence.Space): only vectors of
// one space can be compared.
func (v *Vectors) Space() string { return v.space }

// Vector writes passage i's vector into to, [Dim].
func (v *Vectors) Vector(to []float32, i int) {
	v.rows.Row(to[:v.dim], i, make([]int8, matrix.Pad(v.dim)))
}

// quantize writes the integers that stand for v into q and returns their scale; 0 where v
// has no direction, or holds what is no number.
func quantize(q []int8, v []float32) (scale float32) {
	var most float32
	for _, x := range v {
		most = max(most, x, -x) // NaN where there is one
	}
	if !(most > 0 && most <= math.MaxFloat32) {
		return 0
	}
	for i, x := range v {
		// In float64 a product with 127 is exact, and the quotient rounds the same way everywhere.
		q[i] = int8(math.RoundToEven(float64(x) * 127 / float64(most)))
	}
	return scaleOf(q)
}

// scaleOf is what makes q's length 1, 0 where q has none.
func scaleOf(q []int8) float32 {
	var square int64
	for _, x := range q {
		square += int64(x) * int64(x)
	}
	if square == 0 {
		return 0
	}
	return float32(1 / math.Sqrt(float64(square)))
}

// int8s is b as signed bytes, in b's memory.
func int8s(b []byte) []int8 {
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}
