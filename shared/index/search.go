package index

import (
	"math"
	"slices"

	"parley/shared/sparse"
)

// A Hit is a document and its score: the sum of query weight x document weight over the
// shared terms, computed in integers (impacts), so equal on every machine.
type Hit struct {
	Doc   uint32
	Score float32
}

// Cost counts the work of a search.
type Cost struct {
	Lists    int // posting lists opened
	Postings int // postings touched (scored)
}

// A Searcher is the working memory of one goroutine; after warm-up a search allocates
// nothing. Its results are valid until its next call.
type Searcher struct {
	x     *Index
	parts []part
	score *[blockSize]uint32 // of the current block's documents; 0 between searches
	best  []uint64           // a min-heap of keys
	hits  []Hit
}

// NewSearcher returns a Searcher; it takes 256 KB, and 16 bytes per hit.
func (x *Index) NewSearcher() *Searcher {
	return &Searcher{x: x, score: new([blockSize]uint32)}
}

// A part is one list of a query: its weight, and the runs not yet read.
type part struct {
	term, list uint32
	run, last  uint32
	weight     uint32
	unrounded  float64 // in the unit of all lists
}

// plan is Lexicon.plan, with the runs of each list.
func (x *Index) plan(parts []part, q sparse.Vector) ([]part, int) {
	parts, exponent := x.Lexicon.plan(parts, q)
	for i := range parts {
		p := &parts[i]
		p.run, p.last = x.first[p.list], x.first[p.list+1]
	}
	return parts, exponent
}

// Search returns the k best documents that share a term with q, best first, ties by
// document number, and the cost of the search. It ignores weights of q that are not
// positive, and terms that the index does not have.
//
// It works term at a time: it adds each list to an array of scores, one block of documents
// after the other. Learned vectors have many terms of similar weight, so skipping saves
// few postings and costs more than it saves. On 10,033 documents MaxScore took over ten
// times as long for the best 10 or 100, two to four times for 1,000 (maxscore_test.go);
// this way a million documents take 1 to 4 ms.
func (s *Searcher) Search(q sparse.Vector, k int) ([]Hit, Cost) {
	x := s.x
	s.best, s.hits = s.best[:0], s.hits[:0]
	var exponent int
	s.parts, exponent = x.plan(s.parts[:0], q)
	var cost Cost
	k = min(k, int(x.docs))
	if k <= 0 {
		return s.hits, cost
	}
	for _, p := range s.parts {
		cost.Lists++
		cost.Postings += x.start[p.last] - x.start[p.run]
	}
	for {
		block := uint32(math.MaxUint32)
		for i := range s.parts {
			if p := &s.parts[i]; p.run < p.last {
				block = min(block, x.block[p.run])
			}
		}
		if block == math.MaxUint32 {
			break
		}
		for i := range s.parts {
			if p := &s.parts[i]; p.run < p.last && x.block[p.run] == block {
				s.add(p.weight, x.start[p.run], x.start[p.run+1])
				p.run++
			}
		}
		s.collect(block, k)
	}
	slices.Sort(s.best)
	step := ldexp(1, exponent+x.unit)
	for _, key := range slices.Backward(s.best) {
		s.hits = append(s.hits, Hit{Doc: ^uint32(key), Score: float32(key>>32) * step})
	}
	return s.hits, cost
}

// add adds weight times the impacts of the postings from to end to the scores.
func (s *Searcher) add(weight uint32, from, end int) {
	low, impact := s.x.low[from:end], s.x.impact[from:end]
	impact = impact[:len(low)] // no bounds check below
	score := s.score
	for i, d := range low {
		score[d] += weight * uint32(impact[i])
	}
}

// collect merges the block's scores into the best k so far. Blocks come in order, so of
// equal scores those already in have the lower numbers.
func (s *Searcher) collect(block uint32, k int) {
	base := uint64(block) << blockBits
	score := s.score[:min(uint64(s.x.docs)-base, blockSize)]
	least := uint32(0)
	if len(s.best) == k {
		least = uint32(s.best[0] >> 32)
	}
	for i, v := range score {
		if v <= least {
			continue
		}
		key := uint64(v)<<32 | uint64(^uint32(base+uint64(i)))
		if len(s.best) < k {
			s.best = append(s.best, key)
			up(s.best)
		} else {
			s.best[0] = key
			down(s.best)
		}
		if len(s.best) == k {
			least = uint32(s.best[0] >> 32)
		}
	}
	clear(score)
}

// The best keys are a min-heap. A key is a score and, below it, the complement of the
// document number: of equal scores, the lower document's key is greater.

// up restores the heap after its last key was appended.
func up(h []uint64) {
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if h[parent] <= h[i] {
			return
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
}

// down restores the heap after its first key was replaced.
func down(h []uint64) {
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1] < h[child] {
			child++
		}
		if h[i] <= h[child] {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// ldexp returns 2^exponent x v, exactly for the exponents of this package.
func ldexp(v float32, exponent int) float32 {
	return float32(math.Ldexp(float64(v), exponent))
}

// Scores writes the score that Search gives each of docs to to, 0 where a document shares
// no term with q. It reads no postings of other documents.
func (s *Searcher) Scores(to []float32, q sparse.Vector, docs []uint32) {
	var exponent int
	s.parts, exponent = s.x.plan(s.parts[:0], q)
	step := ldexp(1, exponent+s.x.unit)
	for i, doc := range docs {
		sum := uint32(0)
		for j := range s.parts {
			if at, ok := s.x.find(&s.parts[j], doc); ok {
				sum += s.parts[j].weight * uint32(s.x.impact[at])
			}
		}
		to[i] = float32(sum) * step
	}
}

// find returns the position of doc's posting in a list, and whether there is one.
func (x *Index) find(p *part, doc uint32) (at int, ok bool) {
	run, ok := slices.BinarySearch(x.block[p.run:p.last], doc>>blockBits)
	if !ok {
		return 0, false
	}
	first := x.start[int(p.run)+run]
	at, ok = slices.BinarySearch(x.low[first:x.start[int(p.run)+run+1]], uint16(doc))
	return first + at, ok
}

// A Match is one term's part of a score. Query and Doc are the rounded weights, and Score
// is exactly their product.
type Match struct {
	Term              uint32
	Query, Doc, Score float32
}

// Explain returns the terms that doc shares with q, in q's order. Their scores sum to the
// hit's exactly, in any order.
func (x *Index) Explain(q sparse.Vector, doc uint32) []Match {
	parts, exponent := x.plan(nil, q)
	var matches []Match
	for _, p := range parts {
		if at, ok := x.find(&p, doc); ok {
			matches = append(matches, x.match(p, exponent, x.impact[at]))
		}
	}
	return matches
}
