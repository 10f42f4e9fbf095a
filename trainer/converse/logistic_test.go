package converse

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The fit finds the coefficients from which the samples were drawn.
func TestFitFindsTheCoefficients(t *testing.T) {
	want := []float64{-.5, 2, -1}
	r := rand.New(rand.NewPCG(1, 2))
	var all []sample
	for range 20000 {
		x := []float64{1, r.NormFloat64(), r.NormFloat64()}
		all = append(all, sample{x, r.Float64() < logistic(want, x), 1})
	}
	for i, c := range fit(all, 1) {
		if math.Abs(c-want[i]) > .08 {
			t.Errorf("coefficient %d is %.3f, the samples were drawn by %v", i, c, want[i])
		}
	}
	// Turns that a line divides have no largest likelihood: ridge keeps it finite.
	for _, c := range fit([]sample{{[]float64{1, -1}, false, 1}, {[]float64{1, 1}, true, 1}}, 1) {
		if math.IsNaN(c) || math.Abs(c) > 10 {
			t.Errorf("a coefficient of %v", c)
		}
	}
}

// A sample with weight 3 counts as three samples.
func TestFitWeighs(t *testing.T) {
	a, b := sample{[]float64{1, .5}, true, 1}, sample{[]float64{1, -2}, false, 1}
	c := sample{[]float64{1, 1}, false, 1}
	c3 := c
	c3.weight = 3
	one, other := fit([]sample{a, b, c, c, c}, 1), fit([]sample{a, b, c3}, 1)
	for i := range one {
		if math.Abs(one[i]-other[i]) > 1e-9 {
			t.Errorf("coefficient %d: %v, %v", i, one[i], other[i])
		}
	}
}
