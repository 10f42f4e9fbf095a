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
// writes the list of words, search.go searches, ciff.go exchanges indexes with other
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
	wordExponent int // the same for words
	unit         int // the lower of the two, among those that have lists

	// List l belongs to terms[l]; the words' lists follow, in order of the words. A list's
	// postings are cut into runs, one for each block of 65,536 documents in which it has
	// postings: runs[first[l]:first[l+1]].
	terms []uint32
	first []uint32
	top   []byte // top[l]: the largest impact of list l

	// Run r holds the postings start[r] to start[r+1]. A run stores document numbers
	// relative to the start of the block, in 16 bits each.
	block []uint32
	start []int
	low   []uint16
	// impact shares the file's memory.
	impact []byte

	words wordList
}

const (
	blockBits = 16
	blockSize = 1 << blockBits
)

// Docs returns the number of documents, including empty ones.
func (x *Index) Docs() int { return int(x.docs) }

// Vocab returns the size of the vocabulary. Terms below it are ids of that vocabulary;
// terms from there on are words.
func (x *Index) Vocab() int { return int(x.vocab) }

// Words returns the number of words, 0 in an index made without words.
func (x *Index) Words() int { return int(x.words.n) }

// Word returns the word of a term, "" where the term is not a word. It allocates.
func (x *Index) Word(term uint32) string {
	if term < x.vocab || term-x.vocab >= x.words.n {
		return ""
	}
	return x.words.at(term - x.vocab)
}

// Lookup returns the term of a word in the form of package words, and whether there is
// one. It allocates nothing.
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

// Holding appends to to the first documents that contain a term, at most most of them.
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

// Postings returns the number of postings in all lists.
func (x *Index) Postings() int { return len(x.impact) }

// Step returns the document weight of an impact of 1 in a learned term's list.
func (x *Index) Step() float32 { return ldexp(1, x.exponent) }

// DF returns the number of documents that contain term.
func (x *Index) DF(term uint32) int {
	l, ok := x.list(term)
	if !ok {
		return 0
	}
	return x.start[x.first[l+1]] - x.start[x.first[l]]
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

// list returns the list of a term, and whether there is one.
func (x *Index) list(term uint32) (l int, ok bool) {
	if term < x.vocab {
		return slices.BinarySearch(x.terms, term)
	}
	i := term - x.vocab
	return len(x.terms) + int(i), i < x.words.n
}

// lists returns the number of lists.
func (x *Index) lists() int { return len(x.terms) + int(x.words.n) }

// term returns the term of list l.
func (x *Index) term(l int) uint32 {
	if l < len(x.terms) {
		return x.terms[l]
	}
	return x.vocab + uint32(l-len(x.terms))
}

// exponentOf returns the exponent of the weights in list l.
func (x *Index) exponentOf(l int) int {
	if l < len(x.terms) {
		return x.exponent
	}
	return x.wordExponent
}
