// Package sparse defines the vectors that the encoder makes and the index
// searches. Each has a few weighted terms out of a vocabulary of tens of
// thousands.
package sparse

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// A Vector is a sparse vector over a vocabulary. Terms are vocabulary ids in
// strictly increasing order; Weights[i] > 0 is the weight of Terms[i].
type Vector struct {
	Terms   []uint32
	Weights []float32
}

// L0 returns the number of active terms.
func (v Vector) L0() int { return len(v.Terms) }

// Check returns an error if v is not a vector over a vocabulary of vocab terms:
// if its lists have unequal lengths, a term is out of range or out of order, or
// a weight is not positive and finite. It describes the first fault only;
// entries are numbered from 0.
func (v Vector) Check(vocab int) error {
	if len(v.Terms) != len(v.Weights) {
		return fmt.Errorf("sparse: %d terms, but %d weights", len(v.Terms), len(v.Weights))
	}
	for i, t := range v.Terms {
		if int64(t) >= int64(vocab) {
			return fmt.Errorf("sparse: entry %d: term %d is outside the vocabulary of %d", i, t, vocab)
		}
		if i > 0 && t <= v.Terms[i-1] {
			return fmt.Errorf("sparse: entry %d: term %d after term %d: terms must increase", i, t, v.Terms[i-1])
		}
		if w := v.Weights[i]; !(w > 0) || math.IsInf(float64(w), 1) {
			return fmt.Errorf("sparse: entry %d: term %d has the weight %v; weights must be positive and finite", i, t, w)
		}
	}
	return nil
}

// Dot returns the inner product of v and u. It sums in float32, in the order of
// the terms, and rounds each product and each sum once, so that every machine
// computes the same bits.
func (v Vector) Dot(u Vector) float32 {
	var sum float32
	for i, j := 0, 0; i < len(v.Terms) && j < len(u.Terms); {
		switch a, b := v.Terms[i], u.Terms[j]; {
		case a < b:
			i++
		case a > b:
			j++
		default:
			// The conversion keeps the compiler from fusing product and sum
			// into one rounding.
			sum = float32(v.Weights[i]*u.Weights[j]) + sum
			i++
			j++
		}
	}
	return sum
}

// Top returns the k terms with the largest weights; of equal weights, those
// with the lower ids. If v has k terms or fewer, it returns v itself. Otherwise
// the result shares no memory with v.
func (v Vector) Top(k int) Vector {
	if v.L0() <= k {
		return v
	}
	v, _ = v.Clone().KeepTop(k, nil)
	return v
}

// KeepTop does what Top does, but writes the result into v's memory. It also
// needs memory for k weights: it uses scratch's, and returns it for the next
// call.
func (v Vector) KeepTop(k int, scratch []float32) (Vector, []float32) {
	if v.L0() <= k {
		return v, scratch
	}
	if k <= 0 {
		return Vector{v.Terms[:0], v.Weights[:0]}, scratch
	}
	top := scratch[:0] // the k largest weights so far, falling; insertion is fast enough for so few
	for _, w := range v.Weights {
		if len(top) == k {
			if w <= top[k-1] {
				continue
			}
			top = top[:k-1]
		}
		i := len(top)
		for top = append(top, w); i > 0 && top[i-1] < w; i-- {
			top[i] = top[i-1]
		}
		top[i] = w
	}
	least, ties := top[k-1], 0 // ties: how many terms of exactly that weight are kept
	for _, w := range top {
		if w == least {
			ties++
		}
	}
	n := 0
	for i, w := range v.Weights {
		if w == least {
			ties--
		}
		if w > least || w == least && ties >= 0 {
			v.Terms[n], v.Weights[n] = v.Terms[i], w
			n++
		}
	}
	return Vector{v.Terms[:n], v.Weights[:n]}, top
}

// Mass returns the fewest of the heaviest terms that together have at least the
// given share, 0 to 1, of the whole weight. This static pruning removes more
// from a document whose weight lies in few terms (after the alpha-mass
// subvector of Bruch et al., SIGIR 2024). Ties and memory are as in Top.
func (v Vector) Mass(share float64) Vector {
	var sum, part float64
	for _, w := range v.Weights {
		sum += float64(w)
	}
	least := float64(share * sum)
	order := v.heaviest()
	k := 0
	for k < len(order) && part < least {
		part += float64(v.Weights[order[k]])
		k++
	}
	if k == v.L0() || share >= 1 { // two sums of all weights may differ by rounding
		return v
	}
	return v.only(order[:k])
}

// heaviest returns the positions in v by falling weight; of equal weights, by
// term.
func (v Vector) heaviest() []int {
	order := make([]int, v.L0())
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(v.Weights[b], v.Weights[a]), cmp.Compare(a, b))
	})
	return order
}

// only returns v's entries at the given positions. It sorts positions.
func (v Vector) only(positions []int) Vector {
	slices.Sort(positions)
	kept := Vector{Terms: make([]uint32, len(positions)), Weights: make([]float32, len(positions))}
	for i, p := range positions {
		kept.Terms[i], kept.Weights[i] = v.Terms[p], v.Weights[p]
	}
	return kept
}

// Clone returns a copy of v in memory of its own. An encoder's result is valid
// only until the encoder's next call.
func (v Vector) Clone() Vector {
	return Vector{Terms: slices.Clone(v.Terms), Weights: slices.Clone(v.Weights)}
}
