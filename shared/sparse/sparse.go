// Package sparse holds the vectors that the encoder makes and the index
// searches: a few weighted terms out of a vocabulary of tens of thousands.
package sparse

// A Vector is a sparse vector over a vocabulary. Terms are vocabulary ids in
// strictly increasing order; Weights[i] > 0 belongs to Terms[i].
type Vector struct {
	Terms   []uint32
	Weights []float32
}

// L0 is the number of active terms.
func (v Vector) L0() int { return len(v.Terms) }
