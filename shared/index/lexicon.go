package index

import (
	"encoding/binary"
	"io"
	"math"
	"slices"

	"parley/shared/container"
	"parley/shared/sparse"
)

// A Lexicon is an index without its postings: its terms, the steps, and the number of
// postings and the largest impact of each list. With it a query's weights are rounded as
// Search rounds them, so that whoever has the postings gives the same scores. It is
// immutable and safe for concurrent use.
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
	docs, vocab  uint32
	exponent     int // document weight = impact x 2^exponent
	wordExponent int // the same for words
	unit         int // the lower of the two, among those that have lists

	// List l belongs to terms[l]; the words' lists follow, in order of the words.
	terms []uint32
	df    []uint32 // df[l]: the number of list l's postings
	top   []byte   // top[l]: its largest impact
	words wordList
}

// Docs returns the number of documents, including empty ones.
func (x *Lexicon) Docs() int { return int(x.docs) }

// Vocab returns the size of the vocabulary. Terms below it are ids of that vocabulary;
// terms from there on are words.
func (x *Lexicon) Vocab() int { return int(x.vocab) }

// Words returns the number of words, 0 in an index made without words.
func (x *Lexicon) Words() int { return int(x.words.n) }

// Word returns the word of a term, "" where the term is not a word. It allocates.
func (x *Lexicon) Word(term uint32) string {
	if term < x.vocab || term-x.vocab >= x.words.n {
		return ""
	}
	return x.words.at(term - x.vocab)
}

// Lookup returns the term of a word in the form of package words, and whether there is
// one. It allocates nothing.
func (x *Lexicon) Lookup(word []byte) (term uint32, ok bool) {
	i, ok := x.words.find(word)
	return x.vocab + i, ok
}

// EachWord visits the words in the order of their bytes. A word is valid until visit
// returns.
func (x *Lexicon) EachWord(visit func(word []byte, term uint32)) {
	var memory [longest]byte
	word := memory[:0]
	for i, p := uint32(0), 0; i < x.words.n; i++ {
		shared, rest, next := entry(x.words.data, p)
		word, p = append(word[:shared], rest...), next
		visit(word, x.vocab+i)
	}
}

// DF returns the number of documents that contain term.
func (x *Lexicon) DF(term uint32) int {
	l, ok := x.Number(term)
	if !ok {
		return 0
	}
	return int(x.df[l])
}

// Postings returns the number of postings in all lists.
func (x *Lexicon) Postings() (n int) {
	for _, df := range x.df {
		n += int(df)
	}
	return n
}

// Step returns the document weight of an impact of 1 in a learned term's list.
func (x *Lexicon) Step() float32 { return ldexp(1, x.exponent) }

// Number returns the number of a term's list, and whether there is one.
func (x *Lexicon) Number(term uint32) (l int, ok bool) {
	if term < x.vocab {
		return slices.BinarySearch(x.terms, term)
	}
	i := term - x.vocab
	return len(x.terms) + int(i), i < x.words.n
}

// Lists returns the number of lists: those of learned terms, then those of words.
func (x *Lexicon) Lists() int { return len(x.terms) + int(x.words.n) }

// Term returns the term of list l.
func (x *Lexicon) Term(l int) uint32 {
	if l < len(x.terms) {
		return x.terms[l]
	}
	return x.vocab + uint32(l-len(x.terms))
}

// Top returns the largest impact in list l.
func (x *Lexicon) Top(l int) byte { return x.top[l] }

// exponentOf returns the exponent of the weights in list l.
func (x *Lexicon) exponentOf(l int) int {
	if l < len(x.terms) {
		return x.exponent
	}
	return x.wordExponent
}

// setUnit sets unit, once the exponents and the numbers of lists are known.
func (x *Lexicon) setUnit(learned, words uint32) {
	x.unit = x.exponent
	if words > 0 && (learned == 0 || x.wordExponent < x.unit) {
		x.unit = x.wordExponent
	}
}

// maxScore is the bound below which sums of weight x impact stay: float32 represents every
// integer up to it.
const maxScore = 1 << 24

// plan appends the lists that q opens to parts, and returns the exponent of the query's
// step: weight x impact is in units of 2^(exponent + x.unit). It chooses the finest step
// at which no document can reach maxScore.
//
// An impact in a list whose step is 2^n units counts 2^n times. Multiplying the query
// weight by 2^n does this exactly.
func (x *Lexicon) plan(parts []part, q sparse.Vector) ([]part, int) {
	// bound is the score of a document that has the largest impact in each list.
	var bound float64
	for i := range min(len(q.Terms), len(q.Weights)) {
		w := float64(min(q.Weights[i], maxWeight))
		if !(w > 0) { // NaN too
			continue
		}
		if l, ok := x.Number(q.Terms[i]); ok {
			w = math.Ldexp(w, x.exponentOf(l)-x.unit)
			parts = append(parts, part{term: q.Terms[i], list: uint32(l), unrounded: w})
			// The conversion forbids fusing the product into the sum.
			bound += float64(w * float64(x.top[l]))
		}
	}
	_, exponent := math.Frexp(bound)
	exponent = max(exponent-24, minExponent)
	for !x.round(parts, exponent) {
		exponent++
	}
	return slices.DeleteFunc(parts, func(p part) bool { return p.weight == 0 }), exponent
}

// round rounds the weights to multiples of 2^exponent, halves up, and reports whether
// every score stays below maxScore.
func (x *Lexicon) round(parts []part, exponent int) bool {
	bound := 0.0
	for i := range parts {
		p := &parts[i]
		w := math.Floor(math.Ldexp(p.unrounded, -exponent) + 0.5)
		bound += float64(w * float64(x.top[p.list]))
		if bound >= maxScore {
			return false
		}
		p.weight = uint32(w)
	}
	return true
}

// Most returns the highest score that any document could have for q, from the largest
// weight in each of q's lists.
func (x *Lexicon) Most(q sparse.Vector) float32 {
	parts, exponent := x.plan(nil, q)
	sum := uint32(0)
	for _, p := range parts {
		sum += p.weight * uint32(x.top[p.list])
	}
	return float32(sum) * ldexp(1, exponent+x.unit)
}

// A Factor is a query's weight for one term, per impact.
type Factor struct{ Term, Weight uint32 }

// Factors returns a query's weights as Search rounds them, ascending by term, without the
// terms that no document contains. A document's score is step times the sum of Weight x
// Impact.Weight over the shared terms.
func (x *Lexicon) Factors(q sparse.Vector) (factors []Factor, step float32) {
	parts, exponent := x.plan(nil, q)
	for _, p := range parts {
		factors = append(factors, Factor{p.term, p.weight})
	}
	slices.SortFunc(factors, func(a, b Factor) int { return int(a.Term) - int(b.Term) })
	return factors, ldexp(1, exponent+x.unit)
}

// Score returns the sum of weight x impact over the shared terms; both ascend by term.
func Score(q []Factor, impacts []Impact) (sum uint32) {
	for _, f := range q {
		for len(impacts) > 0 && impacts[0].Term < f.Term {
			impacts = impacts[1:]
		}
		if len(impacts) > 0 && impacts[0].Term == f.Term {
			sum += f.Weight * uint32(impacts[0].Weight)
		}
	}
	return sum
}

// match returns a part of a score, of a document with this impact.
func (x *Lexicon) match(p part, exponent int, impact byte) Match {
	e := x.exponentOf(int(p.list))
	m := Match{Term: p.term, Query: ldexp(float32(p.weight), exponent+x.unit-e), Doc: ldexp(float32(impact), e)}
	m.Score = float32(m.Query * m.Doc)
	return m
}

var lexiconForm = &container.Format{Name: "lexicon", What: "lexicon", Magic: "PARLEYLX", Versions: []container.Layout{
	{Numbers: 24, Sections: []string{"lists", "words"}},
}}

// Matches returns the terms that a document with these impacts, ascending by term, shares
// with q, in q's order, as Index.Explain does.
func (x *Lexicon) Matches(q sparse.Vector, impacts []Impact) []Match {
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
	for l := range x.Lists() {
		if l < len(x.terms) {
			body = binary.AppendUvarint(body, uint64(x.terms[l]-next))
			next = x.terms[l] + 1
		}
		body = binary.AppendUvarint(body, uint64(x.df[l]-1))
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
	x := &Lexicon{docs: number(0), vocab: number(1), exponent: int(int32(number(3))), wordExponent: int(int32(number(5)))}
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
	x.df, x.top = make([]uint32, x.Lists()), make([]byte, x.Lists())
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
