// Package exact ranks by the inner product of the float weights, nothing
// rounded: what the shipped index with its 8-bit impacts is measured against.
package exact

import (
	"cmp"
	"slices"

	"parley/shared/sparse"
)

type posting struct {
	doc    uint32
	weight float32
}

// An Index holds vectors by term. It is not safe for concurrent use.
type Index struct {
	lists  map[uint32][]posting
	docs   int
	scores []float64
}

// Add adds a document; documents are numbered from 0 in the order added.
func (x *Index) Add(v sparse.Vector) {
	if x.lists == nil {
		x.lists = map[uint32][]posting{}
	}
	for i, t := range v.Terms {
		x.lists[t] = append(x.lists[t], posting{uint32(x.docs), v.Weights[i]})
	}
	x.docs++
}

// Share is the same index with scratch memory of its own, for one more goroutine;
// nothing may be added to either any more.
func (x *Index) Share() *Index { return &Index{lists: x.lists, docs: x.docs} }

// A Hit is a document and its score.
type Hit struct {
	Doc   uint32
	Score float64
}

// Search returns the k best documents that share a term with q, best first, ties
// by document number. Sums are float64.
func (x *Index) Search(q sparse.Vector, k int) []Hit {
	if len(x.scores) < x.docs {
		x.scores = make([]float64, x.docs)
	}
	var touched []uint32
	for i, t := range q.Terms {
		w := float64(q.Weights[i])
		for _, p := range x.lists[t] {
			if x.scores[p.doc] == 0 { // weights are positive, so 0 means untouched
				touched = append(touched, p.doc)
			}
			x.scores[p.doc] += float64(w * float64(p.weight))
		}
	}
	hits := make([]Hit, len(touched))
	for i, d := range touched {
		hits[i] = Hit{d, x.scores[d]}
		x.scores[d] = 0
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Doc, b.Doc))
	})
	return hits[:min(k, len(hits))]
}
