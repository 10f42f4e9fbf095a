// Package index is the inverted index: term -> postings (document, impact),
// built once, opened from a byte slice, searched exactly.
//
// An impact is a document's weight in 8 bits: weight = impact x step, one step
// for the whole index, a power of two. A query's weights are rounded to
// multiples of another power of two. Scores are therefore sums of integers,
// equal in any order of summation and on every machine; and since they stay
// under 2^24, a float32 holds each of them exactly.
//
// Measured on SPLADE-tiny vectors of 38,852 passages and 777 queries: rounding to
// 8 bits moves Recall@100 by at most 0.05 % of itself and nDCG@10 by 0.13 %, and
// even the coarse step of 1/8 (22 levels) loses no more than 0.3 and 0.9 %. A
// step for each term would have nothing to win.
//
// Terms are of two kinds. Those below V, the size of the vocabulary, are learned: an
// encoder weighs them. Term V + i is word i of the index's own list, sorted by bytes:
// exact, weighed by BM25 (package words). Words have a step of their own, since their
// weights are several times as large. A sum takes both, in integers all the same.
//
// build.go makes the file, open.go says how it is laid out and checks it, words.go
// keeps the list of words, search.go searches, ciff.go exchanges indexes with other
// engines.
package index

import (
	"slices"

	"parley/shared/sparse"
)

// An Index is immutable and safe for concurrent use.
type Index struct {
	docs, vocab  uint32
	exponent     int // document weight = impact x 2^exponent
	wordExponent int // of words, likewise
	unit         int // the lesser of those exponents that lists have

	// List l belongs to terms[l], and after these come the words' lists, in order of
	// the words. A list's postings are cut into runs, one for each block of 65,536
	// documents that it reaches: runs[first[l]:first[l+1]].
	terms []uint32
	first []uint32
	top   []byte // top[l]: the largest impact of list l

	// Run r holds the postings start[r] to start[r+1]. Within a run, documents
	// are counted from the block's first: 16 bits each.
	block []uint32
	start []int
	low   []uint16
	// impact aliases the file.
	impact []byte

	words wordList
}

const (
	blockBits = 16
	blockSize = 1 << blockBits
)

// Docs is the number of documents, empty ones included.
func (x *Index) Docs() int { return int(x.docs) }

// Vocab is the size of the vocabulary that learned terms are ids of; the terms from
// there on are words.
func (x *Index) Vocab() int { return int(x.vocab) }

// Words is the number of words, 0 in an index made without them.
func (x *Index) Words() int { return int(x.words.n) }

// Word is the word that a term stands for, "" where it is none. It allocates.
func (x *Index) Word(term uint32) string {
	if term < x.vocab || term-x.vocab >= x.words.n {
		return ""
	}
	return x.words.at(term - x.vocab)
}

// Lookup gives the term of a word as package words reads it. It allocates nothing.
func (x *Index) Lookup(word []byte) (term uint32, ok bool) {
	i, ok := x.words.find(word)
	return x.vocab + i, ok
}

// EachWord visits the words in the order of their bytes. A word is valid until visit
// returns.
func (x *Index) EachWord(visit func(word []byte, term uint32)) {
	var memory [longest]byte
	word := memory[:0]
	for i, p := uint32(0), 0; i < x.words.n; i++ {
		shared, rest, next := entry(x.words.data, p)
		word, p = append(word[:shared], rest...), next
		visit(word, x.vocab+i)
	}
}

// Holding appends the first documents that hold a term, at most most of them.
func (x *Index) Holding(to []uint32, term uint32, most int) []uint32 {
	l, ok := x.list(term)
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

// Postings is the number of postings over all lists.
func (x *Index) Postings() int { return len(x.impact) }

// Step is the document weight that an impact of 1 stands for in a learned term's list.
func (x *Index) Step() float32 { return ldexp(1, x.exponent) }

// DF is the number of documents that hold term.
func (x *Index) DF(term uint32) int {
	l, ok := x.list(term)
	if !ok {
		return 0
	}
	return x.start[x.first[l+1]] - x.start[x.first[l]]
}

// Vectors returns the learned part of each document's vector, in the documents' order.
// Its weights are those of the index, multiples of Step. A Builder that adds these
// vectors writes the same file again, if AddWords gets the same texts: a word's weights
// depend on all documents, so the words of a collection that grows are counted anew.
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

// list is the list of a term.
func (x *Index) list(term uint32) (l int, ok bool) {
	if term < x.vocab {
		return slices.BinarySearch(x.terms, term)
	}
	i := term - x.vocab
	return len(x.terms) + int(i), i < x.words.n
}

// lists is the number of lists.
func (x *Index) lists() int { return len(x.terms) + int(x.words.n) }

// term is the term that list l belongs to.
func (x *Index) term(l int) uint32 {
	if l < len(x.terms) {
		return x.terms[l]
	}
	return x.vocab + uint32(l-len(x.terms))
}

// exponentOf is that of the weights in list l.
func (x *Index) exponentOf(l int) int {
	if l < len(x.terms) {
		return x.exponent
	}
	return x.wordExponent
}
