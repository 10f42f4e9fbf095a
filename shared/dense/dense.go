// Package dense stores a collection's dense vectors, one per passage, in 8 bits. They are
// built once, opened from a byte slice, and compared exactly with a query's vector.
//
// A vector of length 1 becomes integers and a scale,
//
//	q     = round(v * 127 / max|v|), half to even
//	scale = 1 / sqrt(sum of q^2), so that the length is 1 again
//
// The product of two such rows is their cosine. It is computed in integers and scaled by
// two roundings (package matrix), so its bits are the same on every machine. For random
// directions of 384 values it is within .0025 of the float64 cosine. A Builder makes the
// same integers of vectors that were read from a file.
//
// build.go writes the file, open.go specifies its layout and checks it, search.go
// compares.
package dense

import (
	"math"
	"unsafe"

	"parley/shared/matrix"
)

// Vectors are immutable and safe for concurrent use. They keep no reference to the file.
type Vectors struct {
	n, dim             int
	space, fingerprint string
	rows               *matrix.Weights // [n][dim], nil where n is 0
}

// Len returns the number of passages.
func (v *Vectors) Len() int { return v.n }

// Dim returns the length of a vector in values.
func (v *Vectors) Dim() int { return v.dim }

// Space returns the name of the model that made the vectors (encoder.Sentence.Space). Only
// vectors of one space can be compared.
func (v *Vectors) Space() string { return v.space }

// Fingerprint tells that model from others of the name
// (encoder.Sentence.SpaceFingerprint); "" where it is not known.
func (v *Vectors) Fingerprint() string { return v.fingerprint }

// MadeBy reports whether the vectors can be of that space. Where either fingerprint is
// unknown, it goes by the names alone.
func (v *Vectors) MadeBy(space, fingerprint string) bool {
	return v.space == space && (v.fingerprint == "" || fingerprint == "" || v.fingerprint == fingerprint)
}

// Vector writes passage i's vector into to, [Dim].
func (v *Vectors) Vector(to []float32, i int) {
	v.rows.Row(to[:v.dim], i, make([]int8, matrix.Pad(v.dim)))
}

// quantize writes the integers that stand for v into q and returns their scale; 0 where v
// is all zeros, or contains NaN or infinity.
func quantize(q []int8, v []float32) (scale float32) {
	var most float32
	for _, x := range v {
		most = max(most, x, -x) // NaN where v contains one
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

// scaleOf returns the factor that makes q's length 1, 0 where q is all zeros.
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

// int8s returns b as signed bytes, in the same memory.
func int8s(b []byte) []int8 {
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}
