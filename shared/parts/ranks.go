package parts

import "parley/shared/index"

// Ranks number the terms of one kind, learned terms or words, by how many documents have
// them: 0 is that of the most, and of equal ones the lower term comes first. In that order
// the terms of a document lie close together at first and further apart then, as parts.bin
// foretells.
type ranks struct {
	docs  uint32
	terms []uint32 // by rank
	df    []uint32 // by rank: the number of documents that have the term
	of    []uint32 // by list of the kind: its rank
	list  func(term uint32) int
}

// kinds of terms, in the order of their numbers.
const (
	learnedTerms = iota
	wordTerms
	termKinds
)

// ranksOf returns the ranks of both kinds.
func ranksOf(x *index.Lexicon) (both [termKinds]*ranks) {
	learned := x.Lists() - x.Words()
	for kind, lists := range [termKinds][2]int{{0, learned}, {learned, x.Lists()}} {
		from, n := lists[0], lists[1]-lists[0]
		r := &ranks{docs: uint32(x.Docs()), terms: make([]uint32, n), of: make([]uint32, n), df: make([]uint32, n)}
		r.list = func(term uint32) int {
			l, _ := x.Number(term)
			return l - from
		}
		// A counting sort: there may be half a million words.
		df, next := make([]uint32, n), make([]uint32, x.Docs()+2)
		for l := range n {
			df[l] = min(uint32(x.DF(x.Term(from+l))), r.docs)
			next[r.docs-df[l]+1]++
		}
		for i := 1; i < len(next); i++ {
			next[i] += next[i-1]
		}
		for l := range n {
			rank := next[r.docs-df[l]]
			next[r.docs-df[l]]++
			r.terms[rank], r.of[l], r.df[rank] = x.Term(from+l), rank, df[l]
		}
		both[kind] = r
	}
	return both
}

// scale returns the k (bits.go) that suits the distance from a rank on to the next term that a
// document has.
func (r *ranks) scale(rank uint32) uint { return riceFor(r.docs, r.df[rank]) }
