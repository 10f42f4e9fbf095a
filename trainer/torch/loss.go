//go:build libtorch

package torch

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"parley/shared/sparse"
)

// absent is a score that takes a candidate out of a softmax, and stays finite.
const absent = -1e30

// check finds what is wrong with a batch before anything is computed on it.
func (b *Batch) check(l Loss) error {
	n := len(b.IDs)
	if n == 0 {
		return errors.New("an empty batch")
	}
	lists := map[string]int{"Docs": len(b.Docs), "Teacher": len(b.Teacher)}
	if b.Types != nil {
		lists["Types"] = len(b.Types)
	}
	if b.Tokens == nil {
		lists["Frozen"] = len(b.Frozen)
	} else {
		lists["Tokens"] = len(b.Tokens)
	}
	if b.LogWeight != nil {
		lists["LogWeight"] = len(b.LogWeight)
	}
	if l.Distance != 0 {
		lists["Query"] = len(b.Query)
	}
	if b.Words != nil {
		lists["Words"] = len(b.Words)
	}
	if b.TeacherWords != nil {
		lists["TeacherWords"] = len(b.TeacherWords)
	}
	if b.Builds != nil {
		lists["Builds"] = len(b.Builds)
	}
	for name, have := range lists {
		if have != n {
			return fmt.Errorf("a batch of %d queries has %d entries in %s", n, have, name)
		}
	}
	for i := range n {
		c := len(b.Docs[i])
		switch {
		case c == 0:
			return fmt.Errorf("query %d of the batch has no candidate", i)
		case len(b.Teacher[i]) != c,
			b.Tokens == nil && len(b.Frozen[i]) != c,
			b.Tokens != nil && len(b.Tokens[i]) != c,
			b.TeacherWords != nil && len(b.TeacherWords[i]) != c,
			b.LogWeight != nil && len(b.LogWeight[i]) != c:
			return fmt.Errorf("query %d of the batch: lists of its %d candidates differ in length", i, c)
		case b.Types != nil && len(b.Types[i]) != len(b.IDs[i]):
			return fmt.Errorf("query %d of the batch: %d tokens, %d types", i, len(b.IDs[i]), len(b.Types[i]))
		}
		if b.Words != nil {
			for _, w := range b.Words[i] {
				if w.First < 0 || w.Last < w.First || w.Last >= len(b.IDs[i]) || int(w.Term) >= max(b.Dims, 1) {
					return fmt.Errorf("query %d of the batch: a word of dimension %d, tokens %d to %d; there are %d dimensions, %d tokens", i, w.Term, w.First, w.Last, b.Dims, len(b.IDs[i]))
				}
			}
		}
		for _, t := range b.Teacher[i] {
			if math.IsNaN(float64(t)) || math.IsInf(float64(t), 0) {
				return fmt.Errorf("query %d of the batch: a teacher's score is %v", i, t)
			}
		}
	}
	return nil
}

// documents are the candidates of a batch, flattened in the order of its lists.
type documents struct {
	terms  [][]uint32
	frozen [][]float32 // weights, where the vectors are frozen
	start  []int       // else, of each in values
	values tensor      // [N+1], the last 0
}

func flatten(b *Batch) documents {
	var d documents
	for _, list := range b.Frozen {
		for _, v := range list {
			d.terms = append(d.terms, v.Terms)
			d.frozen = append(d.frozen, v.Weights)
		}
	}
	return d
}

func (v vectors) documents(s *scope) documents {
	d := documents{start: v.start}
	for _, list := range v.terms {
		u := make([]uint32, len(list))
		for i, j := range list {
			u[i] = uint32(j)
		}
		d.terms = append(d.terms, u)
	}
	d.values = s.cat(0, v.values, s.zeros(1))
	return d
}

// scores gives each query's scores of the documents pick[b], as many for each b
// (negative: none, score 0): [B,C]. A score needs only the document's weights at the
// query's active terms, a matrix of A columns instead of V.
func scores(s *scope, q vectors, vocab int, d documents, pick [][]int) tensor {
	b, c, a := len(q.terms), len(pick[0]), q.width
	at := make([]int32, vocab) // 1 + the term's place in the query, 0: not there
	var weights []float32
	var index []int64
	if d.frozen != nil {
		weights = make([]float32, b*a*c)
	} else {
		index = make([]int64, b*a*c)
		last := int64(d.values.len() - 1)
		for i := range index {
			index[i] = last
		}
	}
	for i, list := range q.terms {
		for k, j := range list {
			at[j] = int32(k + 1)
		}
		for n, doc := range pick[i] {
			if doc < 0 {
				continue
			}
			for k, j := range d.terms[doc] {
				if int(j) >= vocab {
					s.fail(fmt.Errorf("a document's vector has term %d, the vocabulary %d", j, vocab))
					return tensor{}
				}
				if p := int(at[j]) - 1; p >= 0 {
					cell := (i*a+p)*c + n
					if weights != nil {
						weights[cell] = d.frozen[doc][k]
					} else {
						index[cell] = int64(d.start[doc] + k)
					}
				}
			}
		}
		for _, j := range list {
			at[j] = 0
		}
	}
	var m tensor // [B,A,C]
	if weights != nil {
		m = s.floats(weights, b, a, c)
	} else {
		m = s.reshape(s.indexSelect(d.values, 0, s.ints(index, len(index))), b, a, c)
	}
	return s.reshape(s.matmul(s.reshape(q.padded, b, 1, a), m), b, c)
}

// compute gives the loss of a batch as a tensor, its parts, and the numbers of active
// terms.
func (l Loss) compute(s *scope, query, doc *Model, batch *Batch) (tensor, map[string]tensor, map[string]float64) {
	if err := batch.check(l); err != nil {
		s.fail(err)
		return tensor{}, nil, nil
	}
	q := query.encode(s, query.pad(s, batch.IDs, batch.Types), batch.Words)
	var d documents
	var dv vectors
	if batch.Tokens != nil {
		var all [][]int32
		for _, list := range batch.Tokens {
			all = append(all, list...)
		}
		dv = doc.encode(s, doc.pad(s, all, nil), nil).vectors
		if s.err == nil {
			d = dv.documents(s)
		}
	} else {
		d = flatten(batch)
	}
	if s.err != nil {
		return tensor{}, nil, nil
	}
	b, c := len(batch.IDs), 0
	for _, list := range batch.Docs {
		c = max(c, len(list))
	}
	// Each query's own candidates, and what is added to their scores.
	own := make([][]int, b)
	teacher := make([]float32, b*c)
	present := make([]float32, b*c)
	offset := make([]float32, b*c)
	for i, n := 0, 0; i < b; i++ {
		own[i] = make([]int, c)
		for k := range c {
			if k >= len(batch.Docs[i]) {
				own[i][k], offset[i*c+k] = -1, absent
				continue
			}
			own[i][k] = n
			n++
			teacher[i*c+k], present[i*c+k] = batch.Teacher[i][k], 1
			if batch.LogWeight != nil {
				offset[i*c+k] = batch.LogWeight[i][k]
			}
		}
	}
	vocab := max(query.Config.Vocab, batch.Dims)
	student := scores(s, q.vectors, vocab, d, own) // [B,C]
	target := s.floats(teacher, b, c)
	added := s.floats(offset, b, c)

	parts := map[string]tensor{}
	var total tensor
	term := func(name string, weight float64, f func() tensor) {
		if weight == 0 || s.err != nil {
			return
		}
		t := f()
		parts[name] = t
		if t = s.times(t, weight); total.c == nil {
			total = t
		} else {
			total = s.add(total, t)
		}
	}
	mean := func(t tensor) tensor { return s.times(s.sum(t), 1/float64(b)) }

	if l.KLD != 0 || l.BKL != 0 || l.GKL != 0 {
		lq := s.logSoftmax(s.add(s.times(student, 1/l.Temperature), added))
		lp := s.logSoftmax(s.add(s.times(target, 1/l.Temperature), added))
		kl := s.mul(s.exp(lp), s.sub(lp, lq)) // [B,C]
		term("kld", l.KLD, func() tensor { return mean(kl) })
		term("bkl", l.BKL, func() tensor {
			t := mean(s.narrow(kl, 1, 0, 1))
			if c == 1 {
				return t
			}
			n := s.narrow(lq, 1, 1, c-1)
			return s.add(t, mean(s.mul(s.exp(n), n)))
		})
		term("gkl", l.GKL, func() tensor {
			pos := s.clampMin(s.plus(s.times(s.exp(s.narrow(lq, 1, 0, 1)), -1), 1), 1e-9) // 1-q, above 0 for the power
			t := mean(s.mul(s.power(pos, l.Gamma), s.narrow(kl, 1, 0, 1)))
			if c == 1 {
				return t
			}
			neg := s.exp(s.times(s.narrow(lq, 1, 1, c-1), l.Gamma))
			return s.add(t, mean(s.mul(neg, s.narrow(kl, 1, 1, c-1))))
		})
	}
	term("infonce", l.InfoNCE, func() tensor {
		logits := s.times(student, 1/l.Tau)
		keep := s.floats(mask(offset, !l.OwnNegatives, b, c), b, c)
		logits = s.add(logits, keep)
		if l.InBatch == InBatchPositives || l.InBatch == InBatchAll {
			pick, hide := others(batch.Docs, own, l.InBatch)
			m := len(pick[0])
			logits = s.cat(1, logits, s.add(s.times(scores(s, q.vectors, vocab, d, pick), 1/l.Tau), s.floats(hide, b, m)))
		}
		return s.times(mean(s.narrow(s.logSoftmax(logits), 1, 0, 1)), -1)
	})
	term("margin_mse", l.MarginMSE, func() tensor {
		// The positive's own difference is 0, so all C columns may be summed.
		diff := s.sub(student, target)
		diff = s.mul(s.sub(s.narrow(diff, 1, 0, 1), diff), s.floats(present, b, c))
		n := 0.0
		for _, p := range present {
			n += float64(p)
		}
		return s.times(s.sum(s.square(diff)), 1/math.Max(1, n-float64(b)))
	})
	term("distance", l.Distance, func() tensor {
		to, rest := aligned(q.vectors, batch.Query)
		return s.plus(mean(s.square(s.sub(q.padded, s.floats(to, b, q.width)))), rest/float64(b))
	})
	if q.words.values.c != nil && batch.TeacherWords != nil {
		term("word_kld", l.WordKLD, func() tensor {
			more := make([]float32, b*c)
			for i, list := range batch.TeacherWords {
				copy(more[i*c:], list)
			}
			fused := s.add(s.detach(student), scores(s, q.words, vocab, d, own))
			lq := s.logSoftmax(s.add(s.times(fused, 1/l.Temperature), added))
			lp := s.logSoftmax(s.add(s.times(s.add(target, s.floats(more, b, c)), 1/l.Temperature), added))
			return mean(s.mul(s.exp(lp), s.sub(lp, lq)))
		})
	}
	if q.words.values.c != nil {
		regularise(s, term, "word_", Regulariser{Postings: l.Query.Postings, Share: l.Query.Share}, q.words)
	}
	if q.word.c != nil {
		term("words", l.Words, func() tensor {
			var y []float32
			for _, list := range batch.Words {
				for _, w := range list {
					v := float32(0)
					if w.InRewrite {
						v = 1
					}
					y = append(y, v)
				}
			}
			return s.crossEntropy(s.plus(s.times(q.word, wordSlope), wordOffset), y)
		})
	}
	if q.topic.c != nil && slices.ContainsFunc(batch.Builds, func(b float32) bool { return b >= 0 }) {
		term("topic", l.Topic, func() tensor { return s.crossEntropy(q.topic, batch.Builds) })
	}
	regularise(s, term, "", l.Query, q.vectors)
	if batch.Tokens != nil {
		regularise(s, term, "doc_", l.Doc, dv)
	}
	if s.err == nil && total.c == nil {
		s.fail(errors.New("every weight of the loss is 0: nothing to train"))
	}
	active := map[string]float64{"l0": q.l0()}
	if batch.Tokens != nil {
		active["doc_l0"] = dv.l0()
	}
	return total, parts, active
}

// mask keeps the scores that offset keeps, without its importance weights; with
// alone, only the positives' (the first column).
func mask(offset []float32, alone bool, b, c int) []float32 {
	out := make([]float32, b*c)
	for i := range out {
		if offset[i] == absent || alone && i%c > 0 {
			out[i] = absent
		}
	}
	return out
}

// others picks the documents of the batch for every query, and hides those that are
// its own candidates.
func others(docs [][]uint32, own [][]int, which InBatch) (pick [][]int, hide []float32) {
	var all []int
	var number []uint32
	for i, list := range docs {
		for k, d := range list {
			if k == 0 || which == InBatchAll {
				all = append(all, own[i][k])
				number = append(number, d)
			}
		}
	}
	pick = make([][]int, len(docs))
	hide = make([]float32, len(docs)*len(all))
	for i, list := range docs {
		pick[i] = all
		mine := map[uint32]bool{}
		for _, d := range list {
			mine[d] = true
		}
		for n, d := range number {
			if mine[d] {
				hide[i*len(all)+n] = absent
			}
		}
	}
	return pick, hide
}

// aligned lays out the teacher's vectors over the students' active terms, [B,A]; rest
// is the squared length of what lies elsewhere, which no gradient can change.
func aligned(q vectors, teacher []sparse.Vector) (out []float32, rest float64) {
	out = make([]float32, len(q.terms)*q.width)
	for i, list := range q.terms {
		k := 0
		for n, j := range teacher[i].Terms {
			for k < len(list) && uint32(list[k]) < j {
				k++
			}
			w := teacher[i].Weights[n]
			if k < len(list) && uint32(list[k]) == j {
				out[i*q.width+k] = w
			} else {
				rest += float64(w) * float64(w)
			}
		}
	}
	return out, rest
}

func regularise(s *scope, term func(string, float64, func() tensor), prefix string, r Regulariser, v vectors) {
	n := float64(len(v.terms))
	term(prefix+"flops", r.FLOPS, func() tensor {
		place := map[int32]int64{}
		var col []int64
		for _, list := range v.terms {
			for _, j := range list {
				if _, ok := place[j]; !ok {
					place[j] = int64(len(place))
				}
				col = append(col, place[j])
			}
		}
		sums := s.indexAdd(s.zeros(len(place)), 0, s.ints(col, len(col)), v.values)
		return s.sum(s.square(s.times(sums, 1/n)))
	})
	term(prefix+"l1", r.L1, func() tensor { return s.times(s.sum(v.values), 1/n) })
	term(prefix+"postings", r.Postings, func() tensor {
		var share []float32
		for _, list := range v.terms {
			for _, j := range list {
				if int(j) >= len(r.Share) {
					s.fail(fmt.Errorf("the shares of %d terms are given, a vector has term %d", len(r.Share), j))
					return tensor{}
				}
				share = append(share, r.Share[j])
			}
		}
		return s.times(s.sum(s.mul(v.values, s.floats(share, len(share)))), 1/n)
	})
	term(prefix+"entropy", r.Entropy, func() tensor {
		p := s.div(v.padded, s.reshape(s.clampMin(s.sumLast(v.padded), 1e-12), len(v.terms), 1))
		return s.times(s.sum(s.mul(p, s.log(s.clampMin(p, 1e-12)))), -1/n)
	})
	term(prefix+"anti_zero", r.AntiZero, func() tensor {
		return s.times(s.sum(s.power(s.plus(s.square(s.sumLast(v.padded)), 0.01), -1)), 1/n)
	})
}
