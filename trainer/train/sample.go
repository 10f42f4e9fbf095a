package train

import (
	"math"
	"math/rand/v2"
	"slices"

	"parley/trainer/teacher"
)

// A candidates is what a step sees of a teacher's list: places in it, the positive's
// first, and the logarithms of the importance weights where places were not drawn
// evenly.
type candidates struct {
	places    []int
	logWeight []float32 // nil: all 0
}

// samplings draw n places of l between ranks from and to (places from-1 to to-1),
// without repetition. Fewer are drawn where the list is short.
var samplings = map[string]func(r *rand.Rand, l teacher.List, from, to, n int) candidates{
	// window: evenly between the two ranks (DiSCo: 11 to 960).
	"window": func(r *rand.Rand, l teacher.List, from, to, n int) candidates {
		return candidates{places: evenly(r, from-1, min(to, len(l.Docs)), n)}
	},
	// top: the first n.
	"top": func(r *rand.Rand, l teacher.List, from, to, n int) candidates {
		var c candidates
		for p := from - 1; p < min(to, len(l.Docs)) && len(c.places) < n; p++ {
			c.places = append(c.places, p)
		}
		return c
	},
	// uniform: evenly from the whole list but the positive, whatever from and to.
	"uniform": func(r *rand.Rand, l teacher.List, from, to, n int) candidates {
		return candidates{places: evenly(r, 1, len(l.Docs), n)}
	},
	// score: with probability proportional to the teacher's score, weighted so that
	// the softmax over the sample estimates the one over all.
	"score": proportional,
	// quantile: one from each of n equal stretches of the ranks, so that every
	// region of the teacher's scores is seen in every step.
	"quantile": func(r *rand.Rand, l teacher.List, from, to, n int) candidates {
		first, last := from-1, min(to, len(l.Docs))
		n = min(n, last-first)
		var c candidates
		for i := range max(0, n) {
			a, b := first+i*(last-first)/n, first+(i+1)*(last-first)/n
			c.places = append(c.places, a+r.IntN(b-a))
		}
		return c
	},
}

// proportional draws n places by systematic sampling (Madow 1949): with places laid
// out in random order, each as long as its chance to be drawn, every n-th of the whole
// length from a random start. A place's chance is exactly n times its share of the
// scores; whatever would exceed 1 is always drawn, and shares are counted without it.
func proportional(r *rand.Rand, l teacher.List, from, to, n int) candidates {
	first, last := from-1, min(to, len(l.Docs))
	if first >= last {
		return candidates{}
	}
	// Fused teachers' scores may be negative: count from the lowest.
	low := math.Min(0, float64(l.Scores[last-1]))
	score := func(p int) float64 { return float64(l.Scores[p]) - low + 1e-6 }
	order := r.Perm(last - first)
	var sum float64
	for i := range order {
		order[i] += first
		sum += score(order[i])
	}
	var c candidates
	n = min(n, len(order))
	for i := first; i < last && n > 0; i++ { // best first, so the largest shares come first
		if float64(n)*score(i) < sum {
			break
		}
		c.places, c.logWeight = append(c.places, i), append(c.logWeight, 0)
		sum -= score(i)
		n--
		order = slices.DeleteFunc(order, func(p int) bool { return p == i })
	}
	next, at := r.Float64(), 0.0
	for _, p := range order {
		if n == 0 {
			break
		}
		chance := float64(n) * score(p) / sum
		if at += chance; at > next {
			c.places, c.logWeight = append(c.places, p), append(c.logWeight, float32(-math.Log(chance)))
			next++
		}
	}
	return c
}

// evenly draws n different numbers of [first, last).
func evenly(r *rand.Rand, first, last, n int) []int {
	if last <= first {
		return nil
	}
	n = min(n, last-first)
	seen := make(map[int]bool, n)
	out := make([]int, 0, n)
	for j := last - first - n; j < last-first; j++ { // Floyd's algorithm
		p := r.IntN(j + 1)
		if seen[p] {
			p = j
		}
		seen[p] = true
		out = append(out, first+p)
	}
	return out
}

// sample draws a step's candidates of a list: the positive from its first
// pseudo-positives, the rest by the configured sampling.
func (c *Config) sample(r *rand.Rand, l teacher.List) candidates {
	if len(l.Docs) == 0 {
		return candidates{}
	}
	positive := 0
	if k := min(c.Pseudo, len(l.Docs)); k > 1 {
		positive = r.IntN(k)
	}
	rest := samplings[c.Sampling](r, l, c.From, c.To, c.Candidates)
	out := candidates{places: []int{positive}}
	if rest.logWeight != nil {
		out.logWeight = []float32{0}
	}
	for i, p := range rest.places {
		if p == positive {
			continue
		}
		out.places = append(out.places, p)
		if rest.logWeight != nil {
			out.logWeight = append(out.logWeight, rest.logWeight[i])
		}
	}
	return out
}
