package converse

import (
	"math"
	"slices"
)

// A sample has the features of something that is true or false, the first of them the
// constant 1, and its weight in the fit.
type sample struct {
	x      []float64
	is     bool
	weight float64
}

func logistic(w, x []float64) float64 {
	z := 0.0
	for i := range w {
		z += w[i] * x[i]
	}
	return 1 / (1 + math.Exp(-z))
}

func logLoss(p float64, is bool) float64 {
	p = min(max(p, 1e-9), 1-1e-9)
	if is {
		return -math.Log(p)
	}
	return -math.Log(1 - p)
}

// fit minimises the weighted logistic loss of samples by Newton's method, and returns the
// coefficients. ridge is the factor of the squared coefficients in the loss; it does not
// apply to that of the constant.
func fit(samples []sample, ridge float64) []float64 {
	n := len(samples[0].x)
	w := make([]float64, n)
	for range 50 {
		gradient, hessian := make([]float64, n), make([][]float64, n)
		for i := range hessian {
			hessian[i] = make([]float64, n)
		}
		for _, s := range samples {
			p := logistic(w, s.x)
			d := p
			if s.is {
				d -= 1
			}
			for i, a := range s.x {
				gradient[i] += s.weight * d * a
				for j, b := range s.x {
					hessian[i][j] += s.weight * p * (1 - p) * a * b
				}
			}
		}
		for i := range w {
			penalty := ridge
			if i == 0 {
				penalty = 1e-6
			}
			gradient[i] += penalty * w[i]
			hessian[i][i] += penalty
		}
		step := solve(hessian, gradient)
		largest := 0.0
		for i := range w {
			w[i] -= step[i]
			largest = max(largest, math.Abs(step[i]))
		}
		if largest < 1e-9 {
			break
		}
	}
	return w
}

// solve returns x in a x = b, by Gaussian elimination. a must be positive definite, and is
// overwritten.
func solve(a [][]float64, b []float64) []float64 {
	n := len(b)
	x := slices.Clone(b)
	for i := range n {
		for j := i + 1; j < n; j++ {
			f := a[j][i] / a[i][i]
			for k := i; k < n; k++ {
				a[j][k] -= f * a[i][k]
			}
			x[j] -= f * x[i]
		}
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= a[i][k] * x[k]
		}
		x[i] /= a[i][i]
	}
	return x
}
