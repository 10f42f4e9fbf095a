package exact

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"parley/shared/sparse"
	"parley/trainer/ranking"
)

func random(r *rand.Rand, vocab, n int) sparse.Vector {
	var v sparse.Vector
	for t := range vocab {
		if r.IntN(vocab) < n {
			v.Terms = append(v.Terms, uint32(t))
			v.Weights = append(v.Weights, 3*r.Float32()+.01)
		}
	}
	return v
}

func TestEqualsComparingEveryPair(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var docs []sparse.Vector
	for range 300 {
		docs = append(docs, random(r, 200, 12))
	}
	docs = append(docs, sparse.Vector{}) // a document without term is one, too
	x := New(docs)
	for range 50 {
		q := random(r, 220, 6) // some terms are beyond all documents'
		var want []ranking.Hit
		for i, d := range docs {
			var sum float64
			for a, t := range q.Terms {
				if b, ok := slices.BinarySearch(d.Terms, t); ok {
					sum += float64(q.Weights[a]) * float64(d.Weights[b])
				}
			}
			if sum > 0 {
				want = append(want, ranking.Hit{Doc: uint32(i), Score: sum})
			}
		}
		slices.SortStableFunc(want, func(a, b ranking.Hit) int { return cmp.Compare(b.Score, a.Score) })
		want = want[:min(20, len(want))]
		got := x.Share().Search(q, 20)
		if again := x.Search(q, 20); !slices.Equal(got, again) {
			t.Fatalf("%v, shared %v", again, got)
		}
		if len(got) != len(want) {
			t.Fatalf("%d hits, want %d", len(got), len(want))
		}
		for i := range got {
			if got[i].Doc != want[i].Doc || math.Abs(got[i].Score-want[i].Score) > 1e-9 {
				t.Fatalf("rank %d: %v, want %v", i, got[i], want[i])
			}
		}
	}
	for _, none := range [][]sparse.Vector{nil, {{}}} {
		if got := New(none).Search(docs[0], 10); len(got) != 0 {
			t.Error(got)
		}
	}
}
