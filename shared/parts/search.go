package parts

import (
	"slices"

	"parley/shared/index"
	"parley/shared/jsontree"
	"parley/shared/sparse"
)

// What a search fetches at once. Small waves fetch less in all, and wait more often.
var (
	waveBytes   = 64 << 10  // of lists
	finishBytes = 128 << 10 // of documents that remain: then the lists have told enough
)

// A reach is a query's list, as far as its pieces were given.
type reach struct {
	index.Factor
	next, end uint32 // its pieces that were not given
	rest      uint32 // what they add to a document at most
}

// A candidate is a document that may be among the best.
type candidate struct {
	doc         uint32
	least, most uint32 // bounds of its score
}

// Search returns the k best documents, with the scores and in the order of index.Searcher,
// or a *Lacking. The cost counts what was read. It is valid until the next call.
func (s *Source) Search(q sparse.Vector, k int) ([]index.Hit, index.Cost, error) {
	s.asked++
	s.hits = s.hits[:0]
	var cost index.Cost
	k = min(k, s.lexicon.Docs())
	factors, step := s.lexicon.Factors(q)
	if k <= 0 || len(factors) == 0 {
		return s.hits, cost, nil
	}
	lists, err := s.read(factors, &cost)
	if err != nil {
		return nil, cost, err
	}
	unseen := uint32(0) // what a document that was not seen has at most
	for _, l := range lists {
		unseen += l.rest
	}
	all, least := s.candidates(factors, unseen, k)
	// Of equal scores the lower number is better, so where an unseen document can have
	// the score of the last one, nothing is certain.
	complete := unseen == 0 || len(all) >= k && unseen < least
	l, open := &Lacking{Wanted: k}, 0
	if complete {
		open = s.remaining(l, all)
		if open == 0 {
			for _, c := range all[:min(k, len(all))] {
				s.hits = append(s.hits, index.Hit{Doc: c.doc, Score: float32(c.least) * step})
			}
			return s.hits, cost, nil
		}
	}
	if !complete || l.bytes > finishBytes {
		l = &Lacking{Wanted: k}
		s.wave(l, lists)
		if complete { // those that will be shown in all likelihood
			for _, c := range all[:min(k, len(all))] {
				s.lack(l, s.documentPart(c.doc))
			}
		}
	}
	s.certain(l, all, unseen, k)
	return nil, cost, l
}

// remaining adds the parts of candidates whose scores are open until they are more than
// finishBytes: there may be as many candidates as the collection has documents. It returns the
// number of those that it looked at.
func (s *Source) remaining(l *Lacking, all []candidate) (open int) {
	for _, c := range all {
		if l.bytes > finishBytes {
			break
		}
		if c.least < c.most {
			s.lack(l, s.documentPart(c.doc))
			open++
		}
	}
	return open
}

// read adds up the pieces that were given: score[d] is the sum of document d's known
// postings, and seen[d] of what is left of the lists that it was seen in.
func (s *Source) read(factors []index.Factor, cost *index.Cost) ([]reach, error) {
	if s.score == nil {
		s.score, s.seen = make([]uint32, s.lexicon.Docs()), make([]uint32, s.lexicon.Docs())
	}
	clear(s.score)
	clear(s.seen)
	lists := make([]reach, len(factors))
	for i, f := range factors {
		n, _ := s.lexicon.Number(f.Term)
		l := reach{Factor: f, next: s.first[n], end: s.first[n+1]}
		var read []piece
		for l.next < l.end {
			p, ok, err := s.piece(l.next)
			if err != nil {
				return nil, err
			}
			if !ok {
				l.rest = f.Weight * uint32(s.pieces[l.next].top)
				break
			}
			read = append(read, p)
			l.next++
		}
		cost.Lists++
		for _, p := range read {
			from := uint32(0)
			for _, r := range p.runs {
				add := f.Weight * uint32(r.impact)
				for _, doc := range p.docs[from:r.end] {
					s.score[doc] += add
					s.seen[doc] += l.rest
				}
				from = r.end
			}
			cost.Postings += len(p.docs)
		}
		lists[i] = l
	}
	return lists, nil
}

// candidates returns the documents that were seen and can be among the k best, and the least
// score of the k-th: first the k best by their least scores, in order, then all others. Those
// whose parts were given have exact scores.
func (s *Source) candidates(factors []index.Factor, unseen uint32, k int) (all []candidate, least uint32) {
	for n, p := range s.given {
		if p.documents == nil {
			continue
		}
		for i, v := range p.documents.vectors {
			if doc := (n-s.lists)*s.perPart + uint32(i); s.score[doc] > 0 {
				s.score[doc], s.seen[doc] = index.Score(factors, v), unseen // nothing is left
				p.used = s.asked
			}
		}
	}
	least = kth(s.score, k)
	var others []candidate
	for doc, v := range s.score {
		if most := v + unseen - s.seen[doc]; v == 0 || most < least {
			continue
		} else if c := (candidate{uint32(doc), v, most}); v >= least {
			all = append(all, c)
		} else { // there may be very many
			others = append(others, c)
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		if a.least != b.least {
			return int(b.least) - int(a.least)
		}
		return int(a.doc) - int(b.doc)
	})
	return append(all, others...), least
}

// kth returns the k-th largest of scores, 0 where fewer are above 0.
func kth(scores []uint32, k int) uint32 {
	best := make([]uint32, 0, k) // a min-heap
	for _, v := range scores {
		switch {
		case v == 0 || len(best) == k && v <= best[0]:
		case len(best) < k:
			best = append(best, v)
			for i := len(best) - 1; i > 0 && best[(i-1)/2] > best[i]; i = (i - 1) / 2 {
				best[i], best[(i-1)/2] = best[(i-1)/2], best[i]
			}
		default:
			best[0] = v
			for i := 0; ; {
				child := 2*i + 1
				if child >= k {
					break
				}
				if child+1 < k && best[child+1] < best[child] {
					child++
				}
				if best[i] <= best[child] {
					break
				}
				best[i], best[child] = best[child], best[i]
				i = child
			}
		}
	}
	if len(best) < k {
		return 0
	}
	return best[0]
}

// wave adds the pieces that lower the bounds most for their bytes.
func (s *Source) wave(l *Lacking, lists []reach) {
	next := make([]uint32, len(lists))
	for i := range lists {
		next[i] = lists[i].next
	}
	for from := l.bytes; l.bytes-from < waveBytes; {
		best, most := -1, 0.0
		for i := range lists {
			if next[i] == lists[i].end {
				continue
			}
			if gain := s.gain(lists[i].Weight, next[i], lists[i].end); gain > most {
				best, most = i, gain
			}
		}
		if best < 0 {
			break
		}
		s.lack(l, s.pieces[next[best]].part)
		next[best]++
	}
}

// gain returns by how much a list's bound falls for a byte, at best, if it is read on from
// its piece next.
func (s *Source) gain(weight, next, end uint32) (most float64) {
	bytes := 0
	for i := next; i < end; i++ {
		bytes += int(s.pieces[i].to - s.pieces[i].from)
		drop := uint32(s.pieces[next].top)
		if i+1 < end {
			drop -= uint32(s.pieces[i+1].top)
		}
		// One more, so that no piece promises nothing.
		most = max(most, float64(weight*drop+1)/float64(bytes))
	}
	return most
}

// certain notes the titles of documents that are among the k best for sure, and lacks those
// of them that are not known.
func (s *Source) certain(l *Lacking, all []candidate, unseen uint32, k int) {
	for _, c := range all[:min(k, len(all))] {
		if c.least <= unseen {
			break
		}
		rivals := 0
		for _, o := range all {
			if o.doc != c.doc && o.most >= c.least {
				rivals++
			}
		}
		if rivals >= k {
			continue
		}
		if d, i := s.document(c.doc); d != nil {
			l.Certain = append(l.Certain, d.store.At(int(i)).Title)
		} else {
			s.lack(l, s.documentPart(c.doc))
		}
	}
}

func quoted(s string) []byte { return jsontree.AppendQuoted(nil, s) }
