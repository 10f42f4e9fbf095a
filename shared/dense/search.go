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
// goroutine; after warm-up a search allocates nothing. Its results are valid until its
// next call.
type Searcher struct {
	v       *Vectors
	scratch matrix.Scratch
	query   []float32 // [Pad(dim)]
	cosines []float32 // [Pad(n)], of Best
	some    []float32 // of Cosines
	keys    []uint64
	hits    []Hit
}

// NewSearcher makes a searcher; Best needs 4 bytes a passage.
func (v *Vectors) NewSearcher() *Searcher {
	return &Searcher{v: v, query: make([]float32, matrix.Pad(v.dim))}
}

// Best returns the k passages of the greatest cosines with query, [Dim], of length 1;
// best first, ties by number. It compares with every passage.
func (s *Searcher) Best(query []float32, k int) []Hit {
	s.keys, s.hits = s.keys[:0], s.hits[:0]
	if k = min(k, s.v.n); k <= 0 {
		return s.hits
	}
	if s.cosines == nil {
		s.cosines = make([]float32, matrix.Pad(s.v.n))
	}
	copy(s.query, query[:s.v.dim])
	s.scratch.Linear(s.cosines, s.query, 1, s.v.rows)
	// The best k so far in order. Few of a collection's passages get in: inserting beats a heap.
	for i, c := range s.cosines[:s.v.n] {
		key := uint64(Order(c))<<32 | uint64(^uint32(i))
		n := len(s.keys)
		if n == k {
			if key < s.keys[n-1] {
				continue
			}
			n--
		} else {
			s.keys = append(s.keys, 0)
		}
		for n > 0 && s.keys[n-1] < key {
			s.keys[n] = s.keys[n-1]
			n--
		}
		s.keys[n] = key
	}
	for _, key := range s.keys {
		doc := ^uint32(key)
		s.hits = append(s.hits, Hit{doc, s.cosines[doc]})
	}
	return s.hits
}

// Cosines gives the cosines of these passages with query, [Dim], in their order: the bits
// that Best has.
func (s *Searcher) Cosines(query []float32, docs []uint32) []float32 {
	if len(docs) == 0 {
		return nil
	}
	copy(s.query, query[:s.v.dim])
	if n := matrix.Pad(len(docs)); cap(s.some) < n {
		s.some = make([]float32, n)
	}
	s.some = s.some[:len(docs)]
	s.scratch.Some(s.some, docs, s.query, s.v.rows)
	return s.some
}

// Order gives integers that are in the order of the floats, none of which is NaN.
func Order(v float32) uint32 {
	b := math.Float32bits(v)
	if b>>31 != 0 {
		return ^b
	}
	return b | 1<<31
}
