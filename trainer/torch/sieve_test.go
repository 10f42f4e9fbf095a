//go:build libtorch

package torch

import (
	"math/rand/v2"
	"testing"
)

// Every term with a logit above 0 passes, for all sizes; few of the others do.
func TestSieveLetsEveryActiveTermThrough(t *testing.T) {
	const vocab, hidden, tokens = 400, 20, 7
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 50 {
		w, bias := make([]float32, vocab*hidden), make([]float32, vocab)
		for j := range vocab {
			size := float32(r.ExpFloat64()) * float32(round%3) // rows of zeros, and of very different lengths
			for k := range hidden {
				w[j*hidden+k] = size * float32(r.NormFloat64())
			}
			bias[j] = float32(r.NormFloat64()) - 4
		}
		length := []int{tokens, 1, 4}
		h := make([]float32, len(length)*tokens*hidden)
		for i := range h {
			h[i] = float32(r.NormFloat64() * r.ExpFloat64())
		}
		v, err := newSieve(w, vocab, hidden)
		if err != nil {
			t.Fatal(err)
		}
		passed, active := 0, 0
		for b, list := range v.pass(h, bias, tokens, length) {
			in := map[int64]bool{}
			for _, j := range list {
				in[j] = true
			}
			passed += len(list)
			for j := range vocab {
				on := false
				for i := range length[b] {
					z := float64(bias[j])
					for k := range hidden {
						z += float64(w[j*hidden+k]) * float64(h[(b*tokens+i)*hidden+k])
					}
					on = on || z > 0
				}
				if on {
					active++
					if !in[int64(j)] {
						t.Fatalf("round %d: term %d of sequence %d is active and was held back", round, j, b)
					}
				}
			}
		}
		if passed > active+vocab/4 {
			t.Errorf("round %d: %d terms passed, %d are active: the sieve is coarser than it says", round, passed, active)
		}
	}
}
