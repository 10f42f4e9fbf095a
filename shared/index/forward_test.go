package index

import (
	"math/rand/v2"
	"slices"
	"testing"

	"parley/shared/sparse"
)

// Impacts and factors give Search's results, in plain sums over documents: in one block
// and in several, with and without words.
func TestDocumentsAndFactorsGiveSearchsScores(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 18))
	for _, docs := range []int{0, 1, 40, blockSize + 7} {
		var vectors []sparse.Vector
		var texts []string
		for range docs {
			terms, words := 5, 9
			if docs > blockSize {
				terms, words = 2, 1
			}
			vectors, texts = append(vectors, random(r, 90, r.IntN(terms))), append(texts, text(r, r.IntN(words)))
		}
		x := openOf(t, 90, vectors, texts)
		q := random(r, 90, 12)
		for i := range x.Words() {
			if i%3 == 0 {
				q.Terms, q.Weights = append(q.Terms, uint32(90+i)), append(q.Weights, r.Float32())
			}
		}
		factors, step := x.Factors(q)
		var got []Hit
		seen := 0
		for d, impacts := range x.Documents() {
			if d != seen {
				t.Fatalf("document %d comes in place %d", d, seen)
			}
			seen++
			sum := uint32(0)
			for i, m := range impacts {
				if i > 0 && impacts[i-1].Term >= m.Term {
					t.Fatalf("document %d: terms %v", d, impacts)
				}
				for _, f := range factors {
					if f.Term == m.Term {
						sum += f.Weight * uint32(m.Weight)
					}
				}
			}
			if sum > 0 {
				got = append(got, Hit{uint32(d), float32(sum) * step})
			}
		}
		if seen != docs {
			t.Errorf("%d documents of %d", seen, docs)
		}
		slices.SortStableFunc(got, func(a, b Hit) int {
			switch {
			case a.Score > b.Score:
				return -1
			case a.Score < b.Score:
				return 1
			}
			return 0
		})
		want, _ := x.NewSearcher().Search(q, max(docs, 1))
		if !slices.Equal(got, want) {
			t.Errorf("%d documents: %d hits, Search gives %d", docs, len(got), len(want))
		}
	}
}
