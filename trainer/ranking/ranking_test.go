package ranking

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// sorted implements the definition: sort all, take k.
func sorted(scores []float64, k int) []Hit {
	var all []Hit
	for d, v := range scores {
		if v > 0 {
			all = append(all, Hit{uint32(d), v})
		}
	}
	slices.SortStableFunc(all, compare)
	return all[:min(k, len(all))]
}

func TestEqualsSortingAll(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	var dst []Hit
	for range 3000 {
		scores := make([]float64, r.IntN(60))
		for i := range scores {
			if r.IntN(3) > 0 {
				scores[i] = float64(1 + r.IntN(9)) // many ties
			}
		}
		k := r.IntN(20)
		want := sorted(scores, k)
		dst = Best(dst, scores, k)
		if !slices.Equal(dst, want) {
			t.Fatalf("best %d: %v, want %v", k, dst, want)
		}
		if slices.Max(append(scores, 0)) != 0 {
			t.Fatalf("scores are left: %v", scores)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	scores := make([]float64, 5000)
	dst := make([]Hit, 0, 100)
	if n := testing.AllocsPerRun(20, func() {
		for i := range scores {
			scores[i] = float64(i * 7919 % 5003)
		}
		dst = Best(dst, scores, 100)
	}); n != 0 {
		t.Errorf("%v allocations a query", n)
	}
}

// A teacher does this for every question: the best 1,000 of 80,000.
func BenchmarkBest(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 1))
	from := make([]float64, 80_000)
	for i := range from {
		from[i] = r.ExpFloat64()
	}
	scores := make([]float64, len(from))
	b.Run("heap", func(b *testing.B) {
		var dst []Hit
		for b.Loop() {
			copy(scores, from)
			dst = Best(dst, scores, 1000)
		}
	})
	b.Run("sort", func(b *testing.B) {
		for b.Loop() {
			copy(scores, from)
			sorted(scores, 1000)
		}
	})
}
