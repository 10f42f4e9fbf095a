// Package exact ranks by the inner product of the float weights, without rounding.
// The index that ships, with its 8-bit impacts, is measured against it.
package exact

import (
	"parley/shared/sparse"
	"parley/trainer/ranking"
)

// An Index has vectors by term, in memory. It takes 8 bytes per active term,
// wherever the documents' own vectors are, and 8 bytes per document for the scores
// of each goroutine that searches. A million passages of 200 terms take 1.6 GB and 8
// MB, and a search for 24 terms .1 s (million_test.go, on busy cores); for many
// more, memory is the limit. It is not safe for concurrent use (see Share).
type Index struct {
	start    []int // where each term's postings start, and the end of all
	postings []posting
	scores   []float64
	hits     []ranking.Hit
}

type posting struct {
	doc    uint32
	weight float32
}

// New indexes documents, numbered from 0. It makes two passes over them; the first
// one counts, so that the postings are one piece of memory of exactly the right
// size.
func New(docs []sparse.Vector) *Index {
	x := &Index{start: []int{0}, scores: make([]float64, len(docs))}
	for _, d := range docs {
		if n := d.L0(); n > 0 {
			for last := int(d.Terms[n-1]); len(x.start) < last+2; {
				x.start = append(x.start, 0)
			}
		}
		for _, t := range d.Terms {
			x.start[t+1]++
		}
	}
	for t := range len(x.start) - 1 {
		x.start[t+1] += x.start[t]
	}
	x.postings = make([]posting, x.start[len(x.start)-1])
	next := make([]int, len(x.start))
	copy(next, x.start)
	for i, d := range docs {
		for k, t := range d.Terms {
			x.postings[next[t]] = posting{uint32(i), d.Weights[k]}
			next[t]++
		}
	}
	return x
}

// Share returns the same index with scratch memory of its own, for another
// goroutine.
func (x *Index) Share() *Index {
	return &Index{start: x.start, postings: x.postings, scores: make([]float64, len(x.scores))}
}

// Search returns the k best documents that have a term in common with q, best first;
// of equal scores, the lower number first. Sums are float64, in the order of q's
// terms. The result is valid until the next search.
func (x *Index) Search(q sparse.Vector, k int) []ranking.Hit {
	for i, t := range q.Terms {
		if int(t) >= len(x.start)-1 {
			break // no document has this term or a later one
		}
		w := float64(q.Weights[i])
		for _, p := range x.postings[x.start[t]:x.start[t+1]] {
			x.scores[p.doc] += float64(w * float64(p.weight))
		}
	}
	// Weights are positive, so only documents that share a term have a score.
	x.hits = ranking.Best(x.hits, x.scores, k)
	return x.hits
}
