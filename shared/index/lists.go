package index

import (
	"math"
	"slices"

	"parley/shared/sparse"
)

// lists is what an index has without its postings: its terms, the largest impact of each
// list, and the steps. With it a query's weights are rounded as Search rounds them, so that
// who holds the postings elsewhere gives the same scores.
type lists struct {
	docs, vocab  uint32
	exponent     int // document weight = impact x 2^exponent
	wordExponent int // the same for words
	unit         int // the lower of the two, among those that have lists

	// List l belongs to terms[l]; the words' lists follow, in order of the words.
	terms []uint32
	top   []byte // top[l]: the largest impact of list l
	words wordList
}

// Docs returns the number of documents, including empty ones.
func (x *lists) Docs() int { return int(x.docs) }

// Vocab returns the size of the vocabulary. Terms below it are ids of that vocabulary;
// terms from there on are words.
func (x *lists) Vocab() int { return int(x.vocab) }

// Words returns the number of words, 0 in an index made without words.
func (x *lists) Words() int { return int(x.words.n) }

// Word returns the word of a term, "" where the term is not a word. It allocates.
func (x *lists) Word(term uint32) string {
	if term < x.vocab || term-x.vocab >= x.words.n {
		return ""
	}
	return x.words.at(term - x.vocab)
}

// Lookup returns the term of a word in the form of package words, and whether there is
// one. It allocates nothing.
func (x *lists) Lookup(word []byte) (term uint32, ok bool) {
	i, ok := x.words.find(word)
	return x.vocab + i, ok
}

// EachWord visits the words in the order of their bytes. A word is valid until visit
// returns.
func (x *lists) EachWord(visit func(word []byte, term uint32)) {
	var memory [longest]byte
	word := memory[:0]
	for i, p := uint32(0), 0; i < x.words.n; i++ {
		shared, rest, next := entry(x.words.data, p)
		word, p = append(word[:shared], rest...), next
		visit(word, x.vocab+i)
	}
}

// Step returns the document weight of an impact of 1 in a learned term's list.
func (x *lists) Step() float32 { return ldexp(1, x.exponent) }

// list returns the list of a term, and whether there is one.
func (x *lists) list(term uint32) (l int, ok bool) {
	if term < x.vocab {
		return slices.BinarySearch(x.terms, term)
	}
	i := term - x.vocab
	return len(x.terms) + int(i), i < x.words.n
}

// count returns the number of lists.
func (x *lists) count() int { return len(x.terms) + int(x.words.n) }

// term returns the term of list l.
func (x *lists) term(l int) uint32 {
	if l < len(x.terms) {
		return x.terms[l]
	}
	return x.vocab + uint32(l-len(x.terms))
}

// exponentOf returns the exponent of the weights in list l.
func (x *lists) exponentOf(l int) int {
	if l < len(x.terms) {
		return x.exponent
	}
	return x.wordExponent
}

// setUnit sets unit, once the exponents and the numbers of lists are known.
func (x *lists) setUnit(learned, words uint32) {
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
func (x *lists) plan(parts []part, q sparse.Vector) ([]part, int) {
	// bound is the score of a document that has the largest impact in each list.
	var bound float64
	for i := range min(len(q.Terms), len(q.Weights)) {
		w := float64(min(q.Weights[i], maxWeight))
		if !(w > 0) { // NaN too
			continue
		}
		if l, ok := x.list(q.Terms[i]); ok {
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
func (x *lists) round(parts []part, exponent int) bool {
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
func (x *lists) Most(q sparse.Vector) float32 {
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
func (x *lists) Factors(q sparse.Vector) (factors []Factor, step float32) {
	parts, exponent := x.plan(nil, q)
	for _, p := range parts {
		factors = append(factors, Factor{p.term, p.weight})
	}
	slices.SortFunc(factors, func(a, b Factor) int { return int(a.Term) - int(b.Term) })
	return factors, ldexp(1, exponent+x.unit)
}

// match returns a part of a score, of a document with this impact.
func (x *lists) match(p part, exponent int, impact byte) Match {
	e := x.exponentOf(int(p.list))
	m := Match{Term: p.term, Query: ldexp(float32(p.weight), exponent+x.unit-e), Doc: ldexp(float32(impact), e)}
	m.Score = float32(m.Query * m.Doc)
	return m
}
