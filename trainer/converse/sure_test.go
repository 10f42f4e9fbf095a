package converse

import (
	"math"
	"testing"
)

// The ends of the curve are each stage's own figures. Between them, a threshold takes
// the sure turns from the sparse stage and the others from both.
func TestCurve(t *testing.T) {
	all := []instance{
		{sure: .95, sparse: true, both: false, sparseMS: 1, denseMS: 20},
		{sure: .72, sparse: true, both: true, sparseMS: 1, denseMS: 20},
		{sure: .40, sparse: false, both: true, sparseMS: 1, denseMS: 20},
		{sure: .10, sparse: false, both: true, sparseMS: 1, denseMS: 20},
	}
	want := map[float64]Spent{
		0:  {0, 1, .75, 21},
		.5: {.5, .5, 1, 11},
		.9: {.9, .75, 1, 16},
		2:  {2, 0, .5, 1},
	}
	for _, s := range curve(all) {
		w, ok := want[s.Above]
		if ok && (math.Abs(s.Dense-w.Dense)+math.Abs(s.Right-w.Right)+math.Abs(s.MS-w.MS) > 1e-9) {
			t.Errorf("%+v, wanted %+v", s, w)
		}
		delete(want, s.Above)
	}
	if len(want) > 0 {
		t.Errorf("the curve lacks %v", want)
	}
}

func TestReportBinsBySure(t *testing.T) {
	var all []instance
	for i := range 40 {
		all = append(all, instance{features: []float64{1, float64(i)}, sure: float64(i) / 39, sparse: i >= 20, of: i})
	}
	r := sureness(all)
	turns := 0
	for _, b := range r.Bins {
		turns += b.Turns
		if b.Sure < b.From || b.Sure > b.To || b.From >= .6 && b.Right != 1 {
			t.Errorf("%+v", b)
		}
	}
	if turns != 40 || math.Abs(r.Right-.5) > 1e-9 || !(r.LogLoss < r.Constant) {
		t.Errorf("%d turns, right %v, log loss %v and %v", turns, r.Right, r.LogLoss, r.Constant)
	}
}
