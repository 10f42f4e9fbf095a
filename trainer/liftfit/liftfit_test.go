package liftfit

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"parley/shared/lift"
	"parley/shared/sparse"
)

// random returns a problem whose questions' dense vectors are a matrix times the sums of their terms, and
// noise, and the matrix, transposed. The terms are twice as wide.
func random(questions, n, dim int) (p *Problem, truth []float32) {
	r := rand.New(rand.NewPCG(1, 2))
	some := func(n int) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(r.NormFloat64())
		}
		return list
	}
	terms := lift.NewTerms(some(n*2*dim), 2*dim)
	truth = some(2 * dim * dim)
	p = &Problem{Dim: dim, Terms: terms, Dense: make([]float32, questions*dim)}
	for q := range questions {
		var v sparse.Vector
		for j := range uint32(n) {
			if r.IntN(4) == 0 {
				v.Terms, v.Weights = append(v.Terms, j), append(v.Weights, r.Float32()+.1)
			}
		}
		p.Sparse = append(p.Sparse, v)
		d := p.Dense[q*dim:][:dim]
		for m, j := range v.Terms {
			for k, x := range terms.Row(j) {
				for i := range d {
					d[i] += v.Weights[m] * x * truth[k*dim+i]
				}
			}
		}
		for i := range d {
			d[i] += float32(.1 * r.NormFloat64())
		}
	}
	return p, truth
}

// The solution is that of the ridge regression: no matrix near it has a smaller loss.
func TestSolveIsTheRidgeRegression(t *testing.T) {
	const dim, width = 5, 10
	p, truth := random(200, 24, dim)
	s, err := p.Solve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range s {
		if math.Abs(float64(x-truth[i])) > .05 {
			t.Errorf("value %d is %v, and the dense vectors were made with %v", i, x, truth[i])
		}
	}
	// The loss, as Problem's comment has it, in another order of summing.
	sums := make([][]float64, len(p.Sparse))
	var trace float64
	for q, v := range p.Sparse {
		sums[q] = make([]float64, width)
		for n, j := range v.Terms {
			for k, x := range p.Terms.Row(j) {
				sums[q][k] += float64(v.Weights[n]) * float64(x)
			}
		}
	}
	dense := make([][]float64, len(p.Sparse))
	for q := range dense {
		for _, x := range p.Dense[q*dim:][:dim] {
			dense[q] = append(dense[q], float64(x))
		}
	}
	for _, s := range sums {
		for _, x := range s {
			trace += x * x
		}
	}
	loss := func(m []float64) (sum float64) {
		for q := range sums {
			for i := range dim {
				d := dense[q][i]
				for k := range width {
					d -= sums[q][k] * m[k*dim+i]
				}
				sum += d * d
			}
		}
		for _, x := range m {
			sum += ridge * trace / width * x * x
		}
		return sum
	}
	found := make([]float64, width*dim)
	for i, x := range s {
		found[i] = float64(x)
	}
	least := loss(found)
	for i := range found {
		for _, by := range []float64{-1e-3, 1e-3} {
			found[i] += by
			if loss(found) <= least {
				t.Errorf("value %d changed by %v has a smaller loss", i, by)
			}
			found[i] -= by
		}
	}
}

// The dense vectors of questions that were not fitted are near what the matrix says, and on any number of
// cores it has the same bits.
func TestSolveFitsOtherQuestions(t *testing.T) {
	const dim = 6
	p, _ := random(400, 60, dim)
	held, heldDense := p.Sparse[300:], p.Dense[300*dim:]
	p.Sparse, p.Dense = p.Sparse[:300], p.Dense[:300*dim]
	s, err := p.Solve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f, err := p.Fit(s, held, heldDense); err != nil || f < .99 {
		t.Errorf("mean cosine of others %v, %v", f, err)
	}
	other := slices.Clone(s)
	slices.Reverse(other)
	if f, err := p.Fit(other, held, heldDense); err != nil || f > .5 {
		t.Errorf("another matrix has the mean cosine %v, %v", f, err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again, err := p.Solve(t.Context())
	if err != nil || !slices.Equal(again, s) {
		t.Errorf("a second time it is another; %v", err)
	}
}

func TestSolveRefusesWhatIsNoProblem(t *testing.T) {
	one := sparse.Vector{Terms: []uint32{0}, Weights: []float32{1}}
	none, single := lift.NewTerms(nil, 1), lift.NewTerms([]float32{1}, 1)
	for want, p := range map[string]*Problem{
		"0 questions":     {Dim: 2, Terms: single},
		"3 values":        {Dim: 2, Sparse: []sparse.Vector{one}, Dense: []float32{1, 2, 3}, Terms: single},
		"the term 0 of 0": {Dim: 1, Sparse: []sparse.Vector{one}, Dense: []float32{1}, Terms: none},
		"have no terms":   {Dim: 1, Sparse: []sparse.Vector{{}, {}}, Dense: []float32{1, 2}, Terms: single},
	} {
		if _, err := p.Solve(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one with %q", err, want)
		}
	}
}
