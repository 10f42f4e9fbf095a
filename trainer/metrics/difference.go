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
	// Low and High bound the mean's 95 % interval: the percentile bootstrap over
	// queries (Efron 1979).
	Low, High float64
	// P is the two-sided p-value of Fisher's randomisation test (Smucker, Allan
	// and Carterette 2007): how often the mean would be this far from 0 if each
	// query's pair of values were labelled a and b by a coin.
	P float64
}

// Compare tests the paired values a and b, one entry a query, by trials random
// relabellings and as many resamples. The same seed gives the same answer. rounded is how
// far a value may be from what was measured: relabellings that were ties before the values
// were rounded count as ties.
func Compare(a, b []float64, rounded float64, trials int, seed uint64) (Difference, error) {
	if len(a) != len(b) {
		return Difference{}, fmt.Errorf("%d values against %d: both systems need one a query", len(a), len(b))
	}
	if len(a) == 0 {
		return Difference{}, fmt.Errorf("no query to compare on")
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

	// A relabelling that gives the same mean must count as "as far from 0", whatever
	// rounding did to either: of two sums over n differences of two values each.
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
		// The labelling at hand is one of the possible ones, so it counts too
		// and p is never 0 (Phipson and Smyth 2010).
		P: float64(extreme+1) / float64(trials+1),
	}, nil
}

// quantile interpolates linearly between the order statistics of sorted.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
