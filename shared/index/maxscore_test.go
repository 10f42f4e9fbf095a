package index

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"parley/shared/sparse"
)

// maxScorer is the search that Search is measured against: document at a time
// with MaxScore (Turtle and Flood 1995), lists in order of their bounds; it
// passes over documents that cannot reach the k best. It handles indexes of one
// block. That both give the same hits is one of the tests.
type maxScorer struct {
	x       *Index
	parts   []part
	cursors []cursor
	bound   []uint32 // bound[i]: the most that cursors[:i+1] can add
	best    []uint64
	hits    []Hit
}

type cursor struct {
	docs   []uint16
	impact []byte
	weight uint32
	most   uint32
}

func (s *maxScorer) Search(q sparse.Vector, k int) ([]Hit, Cost) {
	x := s.x
	var exponent int
	s.parts, exponent = x.plan(s.parts[:0], q)
	s.best, s.hits, s.cursors, s.bound = s.best[:0], s.hits[:0], s.cursors[:0], s.bound[:0]
	cost := Cost{Lists: len(s.parts)}
	k = min(k, int(x.docs))
	if k <= 0 {
		return s.hits, Cost{}
	}
	for _, p := range s.parts {
		from, to := x.start[p.run], x.start[p.last]
		s.cursors = append(s.cursors, cursor{x.low[from:to], x.impact[from:to], p.weight, p.weight * uint32(x.top[p.list])})
	}
	slices.SortFunc(s.cursors, func(a, b cursor) int { return cmp.Compare(a.most, b.most) })
	sum := uint32(0)
	for _, c := range s.cursors {
		sum += c.most
		s.bound = append(s.bound, sum)
	}
	essential, least := 0, uint32(0)
	for {
		doc := uint32(math.MaxUint32)
		for i := essential; i < len(s.cursors); i++ {
			if c := &s.cursors[i]; len(c.docs) > 0 {
				doc = min(doc, uint32(c.docs[0]))
			}
		}
		if doc == math.MaxUint32 {
			break
		}
		score := uint32(0)
		for i := essential; i < len(s.cursors); i++ {
			if c := &s.cursors[i]; len(c.docs) > 0 && uint32(c.docs[0]) == doc {
				score += c.weight * uint32(c.impact[0])
				c.docs, c.impact = c.docs[1:], c.impact[1:]
				cost.Postings++
			}
		}
		for i := essential - 1; i >= 0 && score+s.bound[i] > least; i-- {
			c := &s.cursors[i]
			n := 0
			for n < len(c.docs) && uint32(c.docs[n]) < doc {
				n++
			}
			c.docs, c.impact = c.docs[n:], c.impact[n:]
			cost.Postings++
			if len(c.docs) > 0 && uint32(c.docs[0]) == doc {
				score += c.weight * uint32(c.impact[0])
			}
		}
		if score <= least {
			continue
		}
		key := uint64(score)<<32 | uint64(^doc)
		if len(s.best) < k {
			s.best = append(s.best, key)
			up(s.best)
		} else {
			s.best[0] = key
			down(s.best)
		}
		if len(s.best) == k {
			least = uint32(s.best[0] >> 32)
			for essential < len(s.cursors) && s.bound[essential] <= least {
				essential++
			}
		}
	}
	slices.Sort(s.best)
	step := ldexp(1, exponent+x.unit)
	for _, key := range slices.Backward(s.best) {
		s.hits = append(s.hits, Hit{Doc: ^uint32(key), Score: float32(key>>32) * step})
	}
	return s.hits, cost
}

func TestMaxScoreFindsTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	var docs []sparse.Vector
	for range 3000 {
		docs = append(docs, random(r, 400, 50))
	}
	x := open(t, 400, docs...)
	a, b := x.NewSearcher(), &maxScorer{x: x}
	for range 100 {
		q, k := random(r, 400, r.IntN(60)), r.IntN(50)
		got, _ := a.Search(q, k)
		if want, _ := b.Search(q, k); !slices.Equal(got, want) {
			t.Fatalf("k = %d: hits %v, by MaxScore %v", k, got, want)
		}
	}
}
