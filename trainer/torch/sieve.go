//go:build libtorch

package torch

import (
	"math"
	"runtime"
	"sync"

	"parley/shared/matrix"
)

// A sieve finds the terms that can be active with 8-bit integers, several times faster
// than with floats. These are the few thousand of V whose largest logit may be above 0,
// whatever the rounding to integers lost. All other logits are certainly below 0, so
// what is computed from the remaining terms is exact.
//
// Let x = s_x q_x + e_x for a token and w = s_w q_w + e_w for a term's row, where no
// element of e_x exceeds s_x/2 and none of e_w exceeds s_w/2. The error of the
// integers' logit is then
//
//	|x.w - s_x s_w q_x.q_w| = |e_x.w + (x-e_x).e_w| <= r (s_x |w| + (|x| + r s_x) s_w),  r = sqrt(H)/2
type sieve struct {
	w      *matrix.Weights // [V][H], without bias
	length []float32       // [V] |w|
	scale  []float32       // [V] s_w
}

// newSieve quantises the output's rows, [V,H].
func newSieve(w []float32, vocab, hidden int) (*sieve, error) {
	v := &sieve{length: make([]float32, vocab), scale: make([]float32, vocab)}
	ints := make([]int8, vocab*hidden)
	cores(vocab, func(first, last int) {
		for j := first; j < last; j++ {
			row := w[j*hidden : j*hidden+hidden]
			var most, square float32
			for _, x := range row {
				most = max(most, x, -x)
				square += x * x
			}
			v.length[j], v.scale[j] = float32(math.Sqrt(float64(square))), most/127
			if most == 0 {
				continue
			}
			for k, x := range row {
				ints[j*hidden+k] = int8(math.RoundToEven(float64(x) / float64(v.scale[j])))
			}
		}
	})
	var err error
	v.w, err = matrix.NewInt8(ints, v.scale, nil, vocab, hidden)
	return v, err
}

// pass returns each sequence's terms that can be active, increasing. h has the
// transformed hidden states [B*T][H]: sequence b has length[b] rows, from row b*T on.
// bias is the output's, [V].
func (v *sieve) pass(h, bias []float32, t int, length []int) [][]int64 {
	hidden, wide := v.w.K, matrix.Pad(v.w.K)
	root := float32(math.Sqrt(float64(hidden))) / 2
	out := make([][]int64, len(length))
	cores(len(length), func(first, last int) {
		var scratch matrix.Scratch
		best := make([]float32, matrix.Pad(v.w.N))
		var rows []float32
		for b := first; b < last; b++ {
			rows = append(rows[:0], make([]float32, length[b]*wide)...)
			var scale, long float32 // the largest s_x and |x| of the sequence
			for i := range length[b] {
				x := h[(b*t+i)*hidden : (b*t+i+1)*hidden]
				copy(rows[i*wide:], x)
				var most, square float32
				for _, u := range x {
					most = max(most, u, -u)
					square += u * u
				}
				scale, long = max(scale, most/127), max(long, square)
			}
			long = float32(math.Sqrt(float64(long))) + root*scale
			scratch.Max(best, rows, length[b], v.w)
			for j, z := range bias {
				// A thousandth more, for the rounding of the floats.
				if z += best[j]; z > -1.001*root*(scale*v.length[j]+long*v.scale[j])-1e-4*(1+max(best[j], -best[j])) {
					out[b] = append(out[b], int64(j))
				}
			}
		}
	})
	return out
}

// cores divides n pieces of work into one stretch per core.
func cores(n int, f func(first, last int)) {
	parts := min(n, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for p := range parts {
		wg.Go(func() { f(p*n/parts, (p+1)*n/parts) })
	}
	wg.Wait()
}
