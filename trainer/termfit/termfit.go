// Package termfit finds the dense vectors of terms that package termvectors uses: those whose sum, weighted
// by a question's sparse vector, is nearest to its dense vector.
package termfit

import (
	"context"
	"math"
	"runtime"
	"sync"

	"parley/shared/sparse"
)

// A Problem is what to fit, by ridge regression towards a prior:
//
//	min over U of  Σ_q |dense(q) - m - Σ_j q_j u_j|² + Ridge Σ_j |u_j - c p_j|²
//
// where p_j is the dense vector of the term's own text, without these vectors' mean, m the mean of the
// questions' dense vectors, and c the scale with which the prior alone fits best. A term that few questions
// have stays near its prior.
type Problem struct {
	Sparse []sparse.Vector // the questions' sparse vectors
	Dense  []float32       // [len(Sparse)][Dim], their dense vectors
	Prior  []float32       // [Terms][Dim], the dense vectors of the terms' texts
	Dim    int
	Ridge  float64
}

// rounds is the number of steps of the method of conjugate gradients. Each dimension is solved for itself.
const rounds = 40

// Solve returns the terms' vectors, [Terms][Dim]. It changes Dense and Prior: it takes their means away.
func (p *Problem) Solve(ctx context.Context) ([]float32, error) {
	center(p.Dense, p.Dim)
	center(p.Prior, p.Dim)
	c := p.scale()
	terms := len(p.Prior) / p.Dim
	out := make([]float32, terms*p.Dim)
	block := (p.Dim + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0)
	block = min(block, 64) // of 64 dimensions, four matrices of 30,522 terms take 60 MB
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for from := range next {
				p.solve(ctx, out, c, from, min(from+block, p.Dim))
			}
		})
	}
	for from := 0; from < p.Dim; from += block {
		next <- from
	}
	close(next)
	wg.Wait()
	return out, ctx.Err()
}

// Mean returns the mean of rows of length dim.
func Mean(rows []float32, dim int) []float32 {
	sum := make([]float64, dim)
	for i, x := range rows {
		sum[i%dim] += float64(x)
	}
	mean := make([]float32, dim)
	for k, s := range sum {
		mean[k] = float32(s / float64(max(len(rows)/dim, 1)))
	}
	return mean
}

// center takes the mean away from rows of length dim.
func center(rows []float32, dim int) {
	mean := Mean(rows, dim)
	for i := range rows {
		rows[i] -= mean[i%dim]
	}
}

// scale returns c, the factor of the prior with which it fits best without more.
func (p *Problem) scale() float64 {
	var with, of float64
	sum := make([]float64, p.Dim)
	for q, v := range p.Sparse {
		clear(sum)
		for i, t := range v.Terms {
			for k := range sum {
				sum[k] += float64(v.Weights[i]) * float64(p.Prior[int(t)*p.Dim+k])
			}
		}
		for k, s := range sum {
			with += s * float64(p.Dense[q*p.Dim+k])
			of += s * s
		}
	}
	if of == 0 {
		return 0
	}
	return with / of
}

// solve solves dimensions from to to. All of its matrices are [terms][to-from].
func (p *Problem) solve(ctx context.Context, out []float32, c float64, from, to int) {
	n, terms := to-from, len(p.Prior)/p.Dim
	sum := make([]float64, n)
	// gram adds X'(X x) to y, or, with target, X'(target - X x).
	gram := func(y, x []float64, target bool) {
		for q, v := range p.Sparse {
			clear(sum)
			for i, t := range v.Terms {
				w := float64(v.Weights[i])
				for k, x := range x[int(t)*n : int(t)*n+n] {
					sum[k] += float64(w * x)
				}
			}
			if target {
				for k := range sum {
					sum[k] = float64(p.Dense[q*p.Dim+from+k]) - sum[k]
				}
			}
			for i, t := range v.Terms {
				w := float64(v.Weights[i])
				y := y[int(t)*n : int(t)*n+n]
				for k, s := range sum {
					y[k] += float64(w * s)
				}
			}
		}
	}
	u := make([]float64, terms*n)
	for t := range terms {
		for k := range n {
			u[t*n+k] = c * float64(p.Prior[t*p.Dim+from+k])
		}
	}
	r := make([]float64, terms*n) // what is left of the gradient, negative
	gram(r, u, true)
	step := append([]float64(nil), r...)
	a := make([]float64, terms*n)
	squares := func(x, y []float64) []float64 {
		s := make([]float64, n)
		for i := range x {
			s[i%n] += float64(x[i] * y[i])
		}
		return s
	}
	left := squares(r, r)
	begin := append([]float64(nil), left...)
	// The ridge pulls towards the prior, where u begins: it acts on what was added, whose gradient r has.
	for range rounds {
		if ctx.Err() != nil {
			return
		}
		for i := range a {
			a[i] = float64(p.Ridge * step[i])
		}
		gram(a, step, false)
		curve := squares(step, a)
		for i := range u {
			k := i % n
			if curve[k] > 0 {
				alpha := left[k] / curve[k]
				u[i] += float64(alpha * step[i])
				r[i] -= float64(alpha * a[i])
			}
		}
		now := squares(r, r)
		done := true
		for i := range step {
			k := i % n
			beta := 0.0
			if left[k] > 0 {
				beta = now[k] / left[k]
			}
			step[i] = r[i] + float64(beta*step[i])
		}
		for k := range now {
			done = done && now[k] <= 1e-10*begin[k]
		}
		if left = now; done {
			break
		}
	}
	for t := range terms {
		for k := range n {
			out[t*p.Dim+from+k] = float32(u[t*n+k])
		}
	}
}

// Fit returns the mean cosine of the vectors that rows give the questions with their dense vectors, for
// questions that were not fitted. dense is [len(questions)][dim]; the mean of the fitted is taken away
// from them.
func Fit(rows []float32, questions []sparse.Vector, dense, mean []float32) float64 {
	dim := len(mean)
	var all float64
	for q, v := range questions {
		var with, a, b float64
		for k := range dim {
			var s float64
			for i, t := range v.Terms {
				s += float64(v.Weights[i]) * float64(rows[int(t)*dim+k])
			}
			d := float64(dense[q*dim+k] - mean[k])
			with, a, b = with+s*d, a+s*s, b+d*d
		}
		if a > 0 && b > 0 {
			all += with / math.Sqrt(a*b)
		}
	}
	return all / float64(max(len(questions), 1))
}
