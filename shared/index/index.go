// Package index is the inverted index, term -> postings (document, impact). It is built
// once, opened from a byte slice, and searched exactly.
//
// An impact is a document's weight in 8 bits: weight = impact x step, with one step for
// the whole index, a power of two. A query's weights are rounded to multiples of another
// power of two. Scores are therefore sums of integers, equal in any order of summation and
// on every machine. They stay below 2^24, so float32 represents each of them exactly.
//
// Measured on SPLADE-tiny vectors of 38,852 passages and 777 queries, rounding to 8 bits
// changes Recall@100 by at most 0.05 % of its value and nDCG@10 by 0.13 %. Even the coarse
// step of 1/8 (22 levels) loses at most 0.3 and 0.9 %. So a step for each term would gain
// nothing.
//
// Terms are of two kinds. Those below V, the size of the vocabulary, are learned: an
// encoder gives their weights. Term V + i is word i of the index's own list, sorted by
// bytes: it matches exactly, and BM25 gives its weight (package words). Words have a step
// of their own, since their weights are several times as large. A score sums both kinds,
// in integers.
//
// build.go writes the file, open.go specifies its layout and checks it, words.go reads and
// writes the list of words, halves.go cuts an index into learned terms and words and joins
// them, search.go searches, lexicon.go is an index without its postings, forward.go lists
// each document's impacts, ciff.go exchanges indexes with other engines.
package index

import (
	"parley/shared/sparse"
)

// An Index is immutable and safe for concurrent use.
type Index struct {
	Lexicon

	// List l belongs to term(l). A list's postings are cut into runs, one for each block of
	// 65,536 documents in which it has postings: runs[first[l]:first[l+1]].
	first []uint32

	// Run r holds the postings start[r] to start[r+1]. A run stores document numbers
	// relative to the start of the block, in 16 bits each.
	block []uint32
	start []int
	low   []uint16
	// impact shares the file's memory.
	impact []byte
}

const (
	blockBits = 16
	blockSize = 1 << blockBits
)

// Holding appends to to the first documents that contain a term, at most most of them.
func (x *Index) Holding(to []uint32, term uint32, most int) []uint32 {
	l, ok := x.Number(term)
	if !ok {
		return to
	}
	for r := x.first[l]; r < x.first[l+1]; r++ {
		for i := x.start[r]; i < x.start[r+1]; i++ {
			if most--; most < 0 {
				return to
			}
			to = append(to, x.block[r]<<blockBits|uint32(x.low[i]))
		}
	}
	return to
}

// Vectors returns the learned part of each document's vector, in the order of the
// documents. The weights are the index's, multiples of Step. A Builder that adds these
// vectors, and with AddWords the same texts, writes the same file again. Words are not
// part of the vectors: their weights depend on all documents.
func (x *Index) Vectors() []sparse.Vector {
	vectors := make([]sparse.Vector, x.docs)
	length := make([]int, x.docs)
	for l := range x.terms {
		for d := range x.postings(l) {
			length[d]++
		}
	}
	learned := x.start[x.first[len(x.terms)]]
	terms, weights := make([]uint32, learned), make([]float32, learned)
	at := 0
	for d, n := range length {
		vectors[d] = sparse.Vector{Terms: terms[at : at : at+n], Weights: weights[at : at : at+n]}
		at += n
	}
	for l, t := range x.terms { // ascending, so each document's terms ascend
		for d, impact := range x.postings(l) {
			v := &vectors[d]
			v.Terms, v.Weights = append(v.Terms, t), append(v.Weights, float32(impact)*x.Step())
		}
	}
	return vectors
}
