package index

import (
	"encoding/binary"
	"io"
	"math"

	"parley/shared/container"
	"parley/shared/sparse"
)

// A Lexicon is an index without its postings: what is needed to make a query's weights and
// to read an answer, where another program holds the postings. It is immutable and safe for
// concurrent use.
//
// The file is a container (shared/container) with the magic "PARLEYLX". Its numbers,
// little-endian, are those of index.bin without the number of postings:
//
//	12  4  documents
//	16  4  vocabulary
//	20  4  lists of learned terms
//	24  4  exponent, signed
//	28  4  words
//	32  4  word exponent, signed
//
// Its sections:
//
//	lists: for each list of a learned term, in order of its term
//	     varint: term - lowest that it could be (the term before it + 1; at first 0)
//	     varint: postings - 1
//	     one byte: the largest impact, 1 to 255
//	  then for each word, in order, the last two
//	words: as in index.bin
//
// The lexicon of the example in open.go:
//
//	0000: 50 41 52 4c 45 59 4c 58  magic "PARLEYLX"
//	0008: 01 00 00 00  version 1
//	000c: 04 00 00 00  4 documents
//	0010: 09 00 00 00  vocabulary of 9
//	0014: 03 00 00 00  3 lists of learned terms
//	0018: fa ff ff ff  exponent -6
//	001c: 04 00 00 00  4 words
//	0020: f8 ff ff ff  word exponent -8
//	0024: 11 00 00 00 00 00 00 00 b4 8d df b8  lists: 17 bytes, CRC-32C
//	0030: 15 00 00 00 00 00 00 00 92 c5 f3 6d  words: 21 bytes, CRC-32C
//	003c: e5 e5 89 4b  CRC-32C of the header
//	0040: 01 00 80  term 1: 1 posting, at most 2 in steps of 1/64
//	0043: 02 02 40  term 4: 3 postings, at most 1
//	0046: 03 00 60  term 8: 1 posting, 1.5
//	0049: 00 9e  bridg: 1 posting, .617 in steps of 1/256
//	004b: 02 2f  tea: 3 postings, at most .183
//	004d: 00 9e  team
//	004f: 00 c3  tower
//	0051: 00 05 62 72 69 64 67  words: bridg, whole
//	0058: 00 03 74 65 61  tea
//	005d: 03 01 6d  tea m
//	0060: 01 04 6f 77 65 72  t ower
type Lexicon struct {
	lists
	df []uint32 // by list
}

var lexiconForm = &container.Format{Name: "lexicon", What: "lexicon", Magic: "PARLEYLX", Versions: []container.Layout{
	{Numbers: 24, Sections: []string{"lists", "words"}},
}}

// DF returns the number of documents that contain term.
func (x *Lexicon) DF(term uint32) int {
	l, ok := x.list(term)
	if !ok {
		return 0
	}
	return int(x.df[l])
}

// Explain returns the terms that a document with these impacts, ascending by term, shares
// with q, in q's order, as Index.Explain does.
func (x *Lexicon) Explain(q sparse.Vector, impacts []Impact) []Match {
	parts, exponent := x.plan(nil, q)
	var matches []Match
	for _, p := range parts {
		low, high := 0, len(impacts) // a search of slices would add another type to the page
		for low < high {
			if middle := (low + high) / 2; impacts[middle].Term < p.term {
				low = middle + 1
			} else {
				high = middle
			}
		}
		if low < len(impacts) && impacts[low].Term == p.term {
			matches = append(matches, x.match(p, exponent, impacts[low].Weight))
		}
	}
	return matches
}

// WriteLexicon writes the index's lexicon.
func (x *Index) WriteLexicon(w io.Writer) error {
	var body []byte
	next := uint32(0)
	for l := range x.count() {
		if l < len(x.terms) {
			body = binary.AppendUvarint(body, uint64(x.terms[l]-next))
			next = x.terms[l] + 1
		}
		body = binary.AppendUvarint(body, uint64(x.DF(x.term(l))-1))
		body = append(body, x.top[l])
	}
	le := binary.LittleEndian
	var n []byte
	for _, v := range []uint32{x.docs, x.vocab, uint32(len(x.terms)), uint32(int32(x.exponent)), x.words.n, uint32(int32(x.wordExponent))} {
		n = le.AppendUint32(n, v)
	}
	for _, b := range [][]byte{lexiconForm.Header(1, n, container.SumOf(body), container.SumOf(x.words.data)), body, x.words.data} {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// OpenLexicon checks all of data and reads it. data must not change while the lexicon is
// in use. An error is a *container.FormatError.
func OpenLexicon(data []byte) (*Lexicon, error) {
	file, err := lexiconForm.Open(data)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	number := func(i int) uint32 { return le.Uint32(file.Numbers[4*i:]) }
	x := &Lexicon{lists: lists{docs: number(0), vocab: number(1), exponent: int(int32(number(3))), wordExponent: int(int32(number(5)))}}
	learned, words := number(2), number(4)
	lists, texts := file.Sections[0], file.Sections[1]
	header := func(offset int64, format string, args ...any) error {
		return lexiconForm.Errorf("header", offset, format, args...)
	}
	switch {
	case x.exponent < minExponent || x.exponent > maxExponent || x.wordExponent < minExponent || x.wordExponent > maxExponent:
		return nil, header(24, "exponents %d and %d: both must be from %d to %d", x.exponent, x.wordExponent, minExponent, maxExponent)
	case x.docs > math.MaxInt32 || x.vocab > math.MaxInt32 || words > math.MaxInt32-x.vocab:
		return nil, header(12, "%d documents, a vocabulary of %d and %d words: too many", x.docs, x.vocab, words)
	case learned > x.vocab || uint64(len(lists.Data)) < 3*uint64(learned)+2*uint64(words):
		return nil, header(20, "%d lists of terms and %d of words in %d bytes, over a vocabulary of %d", learned, words, len(lists.Data), x.vocab)
	case uint64(len(texts.Data)) < 3*uint64(words) || uint64(len(texts.Data)) > math.MaxUint32:
		return nil, header(28, "%d words in %d bytes", words, len(texts.Data))
	}
	x.setUnit(learned, words)
	if err := x.words.read(texts.Data, texts.At, words); err != nil {
		return nil, err
	}
	x.terms = make([]uint32, learned)
	x.df, x.top = make([]uint32, x.count()), make([]byte, x.count())
	next, p := uint64(0), 0
	for l := range x.df {
		fail := func(format string, args ...any) (*Lexicon, error) {
			return nil, lexiconForm.Errorf("lists", lists.At+int64(p), format, args...)
		}
		if l < len(x.terms) {
			gap, n := uvarint(lists.Data, p)
			if n == 0 || next+uint64(gap) >= uint64(x.vocab) {
				return fail("list %d of %d: no term of the vocabulary of %d", l, len(x.df), x.vocab)
			}
			x.terms[l] = uint32(next) + gap
			next = uint64(x.terms[l]) + 1
			p += n
		}
		size, n := uvarint(lists.Data, p)
		if n == 0 || size >= x.docs {
			return fail("list %d of %d: no number of postings in %d documents", l, len(x.df), x.docs)
		}
		p += n
		if p == len(lists.Data) || lists.Data[p] == 0 {
			return fail("list %d of %d: no largest impact", l, len(x.df))
		}
		x.df[l], x.top[l] = size+1, lists.Data[p]
		p++
	}
	if p < len(lists.Data) {
		return nil, lexiconForm.Errorf("lists", lists.At+int64(p), "%d bytes follow the last list", len(lists.Data)-p)
	}
	return x, nil
}
