package termfit

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"parley/shared/sparse"
)

// random returns a problem whose questions' dense vectors are sums of true vectors and noise.
func random(questions, terms, dim int) (p *Problem, truth []float32) {
	r := rand.New(rand.NewPCG(1, 2))
	truth = make([]float32, terms*dim)
	for i := range truth {
		truth[i] = float32(r.NormFloat64())
	}
	p = &Problem{Dim: dim, Ridge: .5, Prior: make([]float32, terms*dim), Dense: make([]float32, questions*dim)}
	for i := range p.Prior {
		p.Prior[i] = truth[i] + float32(r.NormFloat64())
	}
	for q := range questions {
		var v sparse.Vector
		for j := range uint32(terms) {
			if r.IntN(4) == 0 {
				v.Terms, v.Weights = append(v.Terms, j), append(v.Weights, r.Float32()+.1)
			}
		}
		for i, j := range v.Terms {
			for k := range dim {
				p.Dense[q*dim+k] += v.Weights[i] * truth[int(j)*dim+k]
			}
		}
		for k := range dim {
			p.Dense[q*dim+k] += float32(.1*r.NormFloat64()) + 3 // what all have in common
		}
		p.Sparse = append(p.Sparse, v)
	}
	return p, truth
}

// The solution is that of the normal equations, (X'X + Ridge) u = X'y + Ridge c p, solved by elimination.
func TestSolveIsTheRidgeRegression(t *testing.T) {
	const terms, dim = 12, 5
	p, _ := random(60, terms, dim)
	got, err := p.Solve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c := p.scale()
	for k := range dim {
		var a [terms][terms + 1]float64
		for j := range terms {
			a[j][j] = p.Ridge
			a[j][terms] = p.Ridge * c * float64(p.Prior[j*dim+k])
		}
		for q, v := range p.Sparse {
			for i, j := range v.Terms {
				for l, m := range v.Terms {
					a[j][m] += float64(v.Weights[i]) * float64(v.Weights[l])
				}
				a[j][terms] += float64(v.Weights[i]) * float64(p.Dense[q*dim+k])
			}
		}
		for i := range terms { // positive definite: no pivoting is needed
			for j := i + 1; j < terms; j++ {
				f := a[j][i] / a[i][i]
				for l := i; l <= terms; l++ {
					a[j][l] -= f * a[i][l]
				}
			}
		}
		var u [terms]float64
		for i := terms - 1; i >= 0; i-- {
			u[i] = a[i][terms]
			for j := i + 1; j < terms; j++ {
				u[i] -= a[i][j] * u[j]
			}
			u[i] /= a[i][i]
		}
		for j := range terms {
			if d := math.Abs(u[j] - float64(got[j*dim+k])); d > 1e-4 {
				t.Errorf("term %d, dimension %d: %v, want %v", j, k, got[j*dim+k], u[j])
			}
		}
	}
}

// Questions that were not fitted have dense vectors near the sums, and a term that no question has keeps
// its prior.
func TestSolveFitsOtherQuestions(t *testing.T) {
	const terms, dim = 30, 6
	p, _ := random(400, terms, dim)
	held, heldDense := p.Sparse[300:], append([]float32(nil), p.Dense[300*dim:]...)
	p.Sparse, p.Dense = p.Sparse[:300], p.Dense[:300*dim]
	for q := range p.Sparse { // none has term 0
		if v := &p.Sparse[q]; len(v.Terms) > 0 && v.Terms[0] == 0 {
			v.Terms, v.Weights = v.Terms[1:], v.Weights[1:]
		}
	}
	mean := Mean(p.Dense, dim)
	rows, err := p.Solve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if f := Fit(rows, held, heldDense, mean); f < .9 {
		t.Errorf("mean cosine of others %v", f)
	}
	if f := Fit(p.Prior, held, heldDense, mean); f > .85 {
		t.Errorf("mean cosine of the prior %v: the problem is too easy", f)
	}
	for k := range dim {
		if want := p.scale() * float64(p.Prior[k]); math.Abs(float64(rows[k])-want) > 1e-5 {
			t.Errorf("dimension %d of the term that no question has: %v, want %v", k, rows[k], want)
		}
	}
}

func TestSolveStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p, _ := random(10, 5, 3)
	if _, err := p.Solve(ctx); err == nil {
		t.Error("no error")
	}
}
