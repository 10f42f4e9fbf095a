package train

import (
	"math"
	"math/rand/v2"
	"slices"

	"parley/trainer/teacher"
)

// A choice has what a step uses of a teacher's list: places in it, the positive's
// first, and the logarithms of the importance weights if places were not drawn
// evenly.
type choice struct {
	places    []int
	logWeight []float32 // nil: all 0
}

// samplings draw n places of l between the ranks from and to (places from-1 to to-1),
// without repetition. They return fewer if the list is short.
var samplings = map[string]func(r *rand.Rand, l teacher.List, from, to, n int) choice{
	// window draws evenly between the two ranks (DiSCo: 11 to 960).
	"window": func(r *rand.Rand, l teacher.List, from, to, n int) choice {
		return choice{places: evenly(r, from-1, min(to, len(l.Docs)), n)}
	},
	// top takes the first n.
	"top": func(r *rand.Rand, l teacher.List, from, to, n int) choice {
		var c choice
		for p := from - 1; p < min(to, len(l.Docs)) && len(c.places) < n; p++ {
			c.places = append(c.places, p)
		}
		return c
	},
	// uniform draws evenly from the whole list except the positive; it ignores from
	// and to.
	"uniform": func(r *rand.Rand, l teacher.List, from, to, n int) choice {
		return choice{places: evenly(r, 1, len(l.Docs), n)}
	},
	// score draws with probabilities proportional to the teacher's scores, and
	// weights the candidates so that the softmax over them estimates the one over the
	// list.
	"score": proportional,
	// quantile draws one from each of n equal stretches of the ranks, so that every
	// step has candidates from the whole range of the teacher's scores.
	"quantile": func(r *rand.Rand, l teacher.List, from, to, n int) choice {
		first, last := from-1, min(to, len(l.Docs))
		n = min(n, last-first)
		var c choice
		for i := range max(0, n) {
			a, b := first+i*(last-first)/n, first+(i+1)*(last-first)/n
			c.places = append(c.places, a+r.IntN(b-a))
		}
		return c
	},
}

// proportional draws n places by systematic sampling (Madow 1949). The places are
// laid out on a line in random order, each with a length proportional to its
// probability; from a random start, a draw is made at equal distances. A place's
// probability is exactly n times its share of the scores. A place for which that
// exceeds 1 is always drawn, and does not count for the others' shares.
func proportional(r *rand.Rand, l teacher.List, from, to, n int) choice {
	first, last := from-1, min(to, len(l.Docs))
	if first >= last {
		return choice{}
	}
	// Fused teachers' scores may be negative, so they are counted from the lowest.
	low := math.Min(0, float64(l.Scores[last-1]))
	score := func(p int) float64 { return float64(l.Scores[p]) - low + 1e-6 }
	order := r.Perm(last - first)
	var sum float64
	for i := range order {
		order[i] += first
		sum += score(order[i])
	}
	var c choice
	n = min(n, len(order))
	for i := first; i < last && n > 0; i++ { // the list is sorted, so the largest shares come first
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

// evenly draws n different numbers from [first, last).
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

// sample draws a step's candidates from a list: the positive from its first
// pseudo-positives, the others by the configured sampling.
func (c *Config) sample(r *rand.Rand, l teacher.List) choice {
	if len(l.Docs) == 0 {
		return choice{}
	}
	positive := 0
	if k := min(c.Pseudo, len(l.Docs)); k > 1 {
		positive = r.IntN(k)
	}
	rest := samplings[c.Sampling](r, l, c.From, c.To, c.Candidates)
	out := choice{places: []int{positive}}
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
