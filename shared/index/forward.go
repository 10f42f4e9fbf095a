package index

import (
	"iter"
	"slices"
)

// Other engines need every document's impacts, and a query's weights as integers, to
// answer as Search does. For a document that shares terms with the query, the sum of
// weight x impact is an integer below 2^24. An engine that sums in float32 or better
// therefore gets exactly Search's score divided by the step.

// An Impact is a term's weight in a document, 1 to 255, in the step of the term's list.
type Impact struct {
	Term   uint32
	Weight byte
}

// Documents iterates over all documents in order, each with its impacts in ascending order
// of their terms, words after learned terms. The slice is valid until the next document.
// The iteration keeps the impacts of 65,536 documents in memory.
func (x *Index) Documents() iter.Seq2[int, []Impact] {
	return func(yield func(int, []Impact) bool) {
		next := slices.Clone(x.first) // by list, the next run to read
		var impacts []Impact
		var at []int // document d of the block has impacts[at[d]:at[d+1]]
		for block := uint32(0); uint64(block)<<blockBits < uint64(x.docs); block++ {
			docs := int(min(uint64(x.docs)-uint64(block)<<blockBits, blockSize))
			at = append(at[:0], make([]int, docs+2)...)
			runs := func(visit func(l, run int)) {
				for l := range x.Lists() {
					if r := next[l]; r < x.first[l+1] && x.block[r] == block {
						visit(l, int(r))
					}
				}
			}
			runs(func(_, r int) {
				for _, d := range x.low[x.start[r]:x.start[r+1]] {
					at[int(d)+2]++
				}
			})
			for d := range docs {
				at[d+2] += at[d+1]
			}
			impacts = slices.Grow(impacts[:0], at[docs+1])[:at[docs+1]]
			runs(func(l, r int) {
				for i := x.start[r]; i < x.start[r+1]; i++ {
					to := &at[int(x.low[i])+1]
					impacts[*to] = Impact{x.Term(l), x.impact[i]}
					*to++
				}
				next[l]++
			})
			for d := range docs {
				if !yield(int(block)<<blockBits+d, impacts[at[d]:at[d+1]]) {
					return
				}
			}
		}
	}
}

// List iterates over the documents that contain a term, in order, each with its impact.
func (x *Index) List(term uint32) iter.Seq2[uint32, byte] {
	l, ok := x.Number(term)
	if !ok {
		return func(func(uint32, byte) bool) {}
	}
	return x.postings(l)
}
