// Package liftfit finds the matrix of package lift: that by which the sum of what the dense encoder says of
// a question's terms, weighted by its sparse vector, is nearest to its dense vector.
package liftfit

import (
	"context"
	"fmt"
	"math"

	"parley/shared/cores"
	"parley/shared/lift"
	"parley/shared/sparse"
)

// A Problem is what to fit, by ridge regression. With s(q) = Σ_j q_j x_j,
//
//	min over A of  Σ_q |dense(q) - A s(q)|² + ridge |A|²
//
// It has one matrix for all terms, so a term that no question has gets its part, too.
type Problem struct {
	Dim    int
	Sparse []sparse.Vector // the questions' sparse vectors
	Dense  []float32       // [len(Sparse)][Dim], their dense vectors
	Terms  *lift.Terms     // x, of width W
}

// ridge is the share of the mean diagonal of S'S that is added to the diagonal. There are many more
// questions than dimensions, and figures are the same for a tenth and ten times of it.
const ridge = 1e-4

// Solve returns Aᵀ, [W][Dim], as lift.New takes it, by the normal equations. The same problem has the same
// bits on any number of cores.
func (p *Problem) Solve(ctx context.Context) ([]float32, error) {
	n, dim, width := len(p.Sparse), p.Dim, p.Terms.Width()
	if n == 0 || len(p.Dense) != n*dim {
		return nil, fmt.Errorf("liftfit: %d questions and %d values of their dense vectors, of length %d", n, len(p.Dense), dim)
	}
	sums, err := p.sums(p.Sparse) // [n][width]
	if err != nil {
		return nil, err
	}
	// gram is S'S, [width][width], and right S'D, [width][dim]. Blocks of rows keep what is read in the
	// processor's cache.
	gram, right := make([]float64, width*width), make([]float64, width*dim)
	const block = 64
	for from := 0; from < n; from += block {
		to := min(from+block, n)
		err := cores.Each(ctx, width, func() (func(k int) error, error) {
			return func(k int) error {
				row, with := gram[k*width:][:k+1], right[k*dim:][:dim]
				for q := from; q < to; q++ {
					of, d := sums[q*width:][:width], p.Dense[q*dim:][:dim]
					x := float64(of[k])
					for i := range row {
						row[i] += float64(x * float64(of[i]))
					}
					for i := range with {
						with[i] += float64(x * float64(d[i]))
					}
				}
				return nil
			}, nil
		}, nil)
		if err != nil {
			return nil, err
		}
	}
	var trace float64
	for k := range width {
		trace += gram[k*width+k]
	}
	if !(trace > 0) {
		return nil, fmt.Errorf("liftfit: the %d questions have no terms", n)
	}
	for k := range width {
		gram[k*width+k] += ridge * trace / float64(width)
	}
	if err := solve(gram, right, width, dim); err != nil {
		return nil, err
	}
	matrix := make([]float32, width*dim)
	for i, x := range right {
		matrix[i] = float32(x)
	}
	return matrix, nil
}

// sums returns s(q) of the vectors, [len(of)][W].
func (p *Problem) sums(of []sparse.Vector) ([]float32, error) {
	width := p.Terms.Width()
	all := make([]float32, len(of)*width)
	for q, v := range of {
		sum := all[q*width:][:width]
		for i, term := range v.Terms {
			if int(term) >= p.Terms.Len() {
				return nil, fmt.Errorf("liftfit: a question has the term %d of %d", term, p.Terms.Len())
			}
			for k, x := range p.Terms.Row(term) {
				sum[k] += float32(v.Weights[i] * x)
			}
		}
	}
	return all, nil
}

// Fit returns the mean cosine of A s(q) with the dense vector, of questions that were not fitted. The mean of
// the fitted questions' dense vectors is taken away from both: all have it in common. matrix is what Solve
// returned, dense is [len(questions)][Dim].
func (p *Problem) Fit(matrix []float32, questions []sparse.Vector, dense []float32) (float64, error) {
	dim, width := p.Dim, p.Terms.Width()
	sums, err := p.sums(questions)
	if err != nil {
		return 0, err
	}
	common := mean(p.Dense, dim)
	var all float64
	made := make([]float64, dim)
	for q := range questions {
		clear(made)
		for k := range width {
			for i, m := range matrix[k*dim:][:dim] {
				made[i] += float64(sums[q*width+k]) * float64(m)
			}
		}
		var with, a, b float64
		for i, x := range made {
			x, d := x-common[i], float64(dense[q*dim+i])-common[i]
			with, a, b = with+x*d, a+x*x, b+d*d
		}
		if a > 0 && b > 0 {
			all += with / math.Sqrt(a*b)
		}
	}
	return all / float64(max(len(questions), 1)), nil
}

// Mean returns the mean of rows of length dim.
func Mean(rows []float32, dim int) []float32 {
	m := make([]float32, dim)
	for k, x := range mean(rows, dim) {
		m[k] = float32(x)
	}
	return m
}

func mean(rows []float32, dim int) []float64 {
	sum := make([]float64, dim)
	for i, x := range rows {
		sum[i%dim] += float64(x)
	}
	for k := range sum {
		sum[k] /= float64(max(len(rows)/dim, 1))
	}
	return sum
}

// solve replaces right, [n][m], by the X with gram X = right, by Cholesky's decomposition gram = L L'. Only
// the lower half of gram, [n][n], is read, and it is lost.
func solve(gram, right []float64, n, m int) error {
	for i := range n {
		for j := range i + 1 {
			sum := gram[i*n+j]
			for k := range j {
				sum -= float64(gram[i*n+k] * gram[j*n+k])
			}
			if i > j {
				gram[i*n+j] = sum / gram[j*n+j]
			} else if sum > 0 {
				gram[i*n+i] = math.Sqrt(sum)
			} else {
				return fmt.Errorf("liftfit: dimension %d of the questions' sums depends on others", i)
			}
		}
	}
	// less takes f times row k from row i of right.
	less := func(i, k int, f float64) {
		to := right[i*m:][:m]
		for c, x := range right[k*m:][:m] {
			to[c] -= float64(f * x)
		}
	}
	divide := func(i int) {
		for c := range m {
			right[i*m+c] /= gram[i*n+i]
		}
	}
	for i := range n { // L Y = right
		for k := range i {
			less(i, k, gram[i*n+k])
		}
		divide(i)
	}
	for i := n - 1; i >= 0; i-- { // L' X = Y
		for k := i + 1; k < n; k++ {
			less(i, k, gram[k*n+i])
		}
		divide(i)
	}
	return nil
}
