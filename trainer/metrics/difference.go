package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// A Difference compares two systems on one measure.
type Difference struct {
	Mean float64 // mean of b - a over the queries
	// Low and High are the ends of the mean's 95 % interval, by the percentile bootstrap
	// over queries (Efron 1979).
	Low, High float64
	// P is the two-sided p-value of Fisher's randomisation test (Smucker, Allan and
	// Carterette 2007): the probability of a mean at least this far from 0 if a coin
	// decided, for each query, which of its two values is a's.
	P float64
}

// Compare tests the paired values a and b, with one entry per query, by trials random
// relabellings and as many resamples. Equal seeds give equal results. rounded is the
// largest rounding error of a value: relabellings that may have been ties before the
// rounding count as ties. It returns an error if the lengths differ, there are no values,
// or trials is below 1.
func Compare(a, b []float64, rounded float64, trials int, seed uint64) (Difference, error) {
	if len(a) != len(b) {
		return Difference{}, fmt.Errorf("%d values and %d; both systems need one per query", len(a), len(b))
	}
	if len(a) == 0 {
		return Difference{}, fmt.Errorf("there is no query to compare")
	}
	if trials < 1 {
		return Difference{}, fmt.Errorf("%d trials: at least 1 is needed", trials)
	}
	n := float64(len(a))
	d := make([]float64, len(a))
	var sum float64
	for i := range a {
		d[i] = b[i] - a[i]
		sum += d[i]
	}
	rnd := rand.New(rand.NewPCG(seed, 0))

	// A relabelling with the same mean must count as "as far from 0", whatever the
	// rounding did to either: each is a sum over n differences of two values.
	reach := math.Abs(sum) - (1e-12+4*rounded)*n
	extreme := 0
	for range trials {
		var s float64
		var coins uint64
		for i, x := range d {
			if i%64 == 0 {
				coins = rnd.Uint64()
			}
			if coins&1 == 0 {
				s += x
			} else {
				s -= x
			}
			coins >>= 1
		}
		if math.Abs(s) >= reach {
			extreme++
		}
	}

	means := make([]float64, trials)
	for t := range means {
		var s float64
		for range d {
			s += d[rnd.IntN(len(d))]
		}
		means[t] = s / n
	}
	slices.Sort(means)
	return Difference{
		Mean: sum / n,
		Low:  quantile(means, .025),
		High: quantile(means, .975),
		// The actual labelling is one of the possible ones, so it counts, too, and p is
		// never 0 (Phipson and Smyth 2010).
		P: float64(extreme+1) / float64(trials+1),
	}, nil
}

// quantile returns the q-quantile of sorted, interpolated linearly.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
