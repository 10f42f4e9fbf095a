package dense

import (
	"math"

	"parley/shared/matrix"
)

// A Hit is a passage and its cosine with the query.
type Hit struct {
	Doc    uint32
	Cosine float32
}

// A Searcher compares one query at a time with a collection's vectors. It serves one
// goroutine at a time; after warm-up a search allocates nothing. Its results are valid
// until its next call.
type Searcher struct {
	v       *Vectors
	scratch matrix.Scratch
	query   []float32 // [Pad(dim)]
	cosines []float32 // [Pad(n)], with all passages
	some    []float32 // the result of Cosines
	block   [block]float32
	keys    []uint64
	hits    []Hit
}

// NewSearcher returns a Searcher. Comparing with every passage takes 4 bytes per passage.
func (v *Vectors) NewSearcher() *Searcher {
	return &Searcher{v: v, query: make([]float32, matrix.Pad(v.dim))}
}

// all returns query's cosines with all passages.
func (s *Searcher) all(query []float32) []float32 {
	if s.cosines == nil {
		s.cosines = make([]float32, matrix.Pad(s.v.n))
	}
	copy(s.query, query[:s.v.dim])
	s.scratch.Linear(s.cosines, s.query, 1, s.v.rows)
	return s.cosines[:s.v.n]
}

// Best returns the k passages with the greatest cosines with query, which is [Dim] and has
// length 1; best first, ties by number. It compares with every passage.
func (s *Searcher) Best(query []float32, k int) []Hit {
	if k = min(k, s.v.n); k <= 0 {
		return nil
	}
	if cap(s.keys) < k {
		s.keys, s.hits = make([]uint64, k), make([]Hit, k)
	}
	// The best keys so far, in order; 0 is less than any key. Few passages get in, so
	// inserting is faster than a heap.
	best := s.keys[:k]
	clear(best)
	cosines := s.all(query)
	for i, c := range cosines {
		key := uint64(Order(c))<<32 | uint64(^uint32(i))
		n := k - 1
		if key < best[n] {
			continue
		}
		for ; n > 0 && best[n-1] < key; n-- {
			best[n] = best[n-1]
		}
		best[n] = key
	}
	hits := s.hits[:k]
	for i, key := range best {
		hits[i] = Hit{^uint32(key), cosines[^uint32(key)]}
	}
	return hits
}

// Cosines returns the cosines of docs with query, [Dim], in the order of docs, with the
// same bits as Best. In a large collection it compares only with those.
func (s *Searcher) Cosines(query []float32, docs []uint32) []float32 {
	if cap(s.some) < len(docs) {
		s.some = make([]float32, len(docs))
	}
	some := s.some[:len(docs)]
	if len(docs) == 0 {
		return some
	}
	if s.v.n <= block*len(docs) {
		cosines := s.all(query)
		for i, doc := range docs {
			some[i] = cosines[doc]
		}
		return some
	}
	copy(s.query, query[:s.v.dim])
	for i, doc := range docs {
		s.scratch.Panel(s.block[:], s.query, int(doc)/block*block, s.v.rows)
		some[i] = s.block[doc%block]
	}
	return some
}

// block is the number of passages that matrix compares at a time.
const block = 64

// Order returns an integer that sorts as the float does. v must not be NaN.
func Order(v float32) uint32 {
	b := math.Float32bits(v)
	if b>>31 != 0 {
		return ^b
	}
	return b | 1<<31
}
