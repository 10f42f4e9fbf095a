package index

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"parley/shared/container"
	"parley/shared/words"
)

// A page may send an index as two files of the same format, of the same documents: one has
// the learned terms, the other the words, over a vocabulary of none. A visit over a slow
// line loads the words first, or counts them in the texts, and loads them once.

// Split cuts an index with words in two. Each half has the bytes that WriteTo makes of its
// part of the documents, the words with NewBuilder(0). Both halves are nil where the index
// has no words.
func Split(data []byte) (learned, spelt []byte, err error) {
	x, err := Open(data)
	if err != nil || x.Words() == 0 {
		return nil, nil, err
	}
	file, err := form.Open(data)
	if err != nil {
		return nil, nil, err
	}
	postings := x.start[x.first[len(x.terms)]] // of learned terms
	cuts := [sections]int{skip(file.Sections[listsSection].Data, 2*len(x.terms)), skip(file.Sections[documentsSection].Data, postings), postings, 0}
	var bodies [2][sections][]byte
	for s, at := range cuts {
		body := file.Sections[s].Data
		bodies[0][s], bodies[1][s] = body[:at], body[at:]
	}
	return halfFile(header{version: 1, docs: x.docs, vocab: x.vocab, lists: uint32(len(x.terms)), postings: uint64(postings), exponent: int32(x.exponent)}, bodies[0]),
		halfFile(header{version: 2, docs: x.docs, postings: uint64(len(x.impact) - postings), exponent: minExponent, words: x.words.n, wordExponent: int32(x.wordExponent)}, bodies[1]), nil
}

// skip returns where varint n of b begins; b has at least n.
func skip(b []byte, n int) (at int) {
	for range n {
		_, size := binary.Uvarint(b[at:])
		at += size
	}
	return at
}

func halfFile(h header, body [sections][]byte) []byte {
	var sums []container.Sum
	for s := range h.sections() {
		sums = append(sums, container.SumOf(body[s]))
	}
	file := form.Header(h.version, h.append(nil), sums...)
	for s := range h.sections() {
		file = append(file, body[s]...)
	}
	return file
}

// OfWords returns the half of the words that were counted, as Split makes it.
func OfWords(c *words.Counts, by words.BM25) []byte {
	w := listWords(c, by)
	return halfFile(header{version: 2, docs: uint32(c.Len()), postings: w.postings, exponent: minExponent, words: w.n, wordExponent: int32(w.exponent)}, w.body)
}

// Join makes one index of the halves that Split made, as Open reads the whole. It keeps no
// memory of either.
func Join(learned, spelt *Index) (*Index, error) {
	switch {
	case learned.Words() > 0:
		return nil, fmt.Errorf("index: words are joined to an index that has words")
	case len(spelt.terms) > 0 || spelt.vocab > 0:
		return nil, fmt.Errorf("index: an index of words alone has no vocabulary, and this one has %d terms", spelt.vocab)
	case learned.docs != spelt.docs:
		return nil, fmt.Errorf("index: the words are of %d documents, the terms of %d; they must be built together", spelt.docs, learned.docs)
	case uint64(learned.vocab)+uint64(spelt.words.n) > math.MaxUint32:
		return nil, fmt.Errorf("index: %d words over a vocabulary of %d", spelt.words.n, learned.vocab)
	}
	x := &Index{Lexicon: Lexicon{docs: learned.docs, vocab: learned.vocab, exponent: learned.exponent, wordExponent: spelt.wordExponent}}
	x.setUnit(uint32(len(learned.terms)), spelt.words.n)
	x.terms = learned.terms
	x.words = wordList{data: slices.Clone(spelt.words.data), n: spelt.words.n, heads: spelt.words.heads}
	x.df = slices.Concat(learned.df, spelt.df)
	x.top = slices.Concat(learned.top, spelt.top)
	x.block = slices.Concat(learned.block, spelt.block)
	x.low = slices.Concat(learned.low, spelt.low)
	x.impact = slices.Concat(learned.impact, spelt.impact)
	// Runs and postings of words are counted on from those of terms; the last number of
	// each list is where it ends.
	x.first, x.start = slices.Clone(learned.first), slices.Clone(learned.start)
	for _, r := range spelt.first[1:] {
		x.first = append(x.first, r+uint32(len(learned.block)))
	}
	for _, p := range spelt.start[1:] {
		x.start = append(x.start, p+len(learned.low))
	}
	return x, nil
}
