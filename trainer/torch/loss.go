//go:build libtorch

package torch

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"parley/shared/sparse"
)

// absent is a finite score that removes a candidate from a softmax.
const absent = -1e30

// check returns an error if the batch is not valid for the loss.
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
			return fmt.Errorf("query %d of the batch has no candidates", i)
		case len(b.Teacher[i]) != c,
			b.Tokens == nil && len(b.Frozen[i]) != c,
			b.Tokens != nil && len(b.Tokens[i]) != c,
			b.TeacherWords != nil && len(b.TeacherWords[i]) != c,
			b.LogWeight != nil && len(b.LogWeight[i]) != c:
			return fmt.Errorf("query %d of the batch: the lists of its %d candidates differ in length", i, c)
		case b.Types != nil && len(b.Types[i]) != len(b.IDs[i]):
			return fmt.Errorf("query %d of the batch: %d tokens, %d types", i, len(b.IDs[i]), len(b.Types[i]))
		}
		if b.Words != nil {
			for _, w := range b.Words[i] {
				if w.First < 0 || w.Last < w.First || w.Last >= len(b.IDs[i]) || int(w.Term) >= max(b.Dims, 1) {
					return fmt.Errorf("query %d of the batch: a word has dimension %d and tokens %d to %d, but there are %d dimensions and %d tokens", i, w.Term, w.First, w.Last, b.Dims, len(b.IDs[i]))
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

// documents are the candidates of a batch, in the order of its lists.
type documents struct {
	terms  [][]uint32
	frozen [][]float32 // the weights, if the vectors are frozen
	start  []int       // otherwise, where each begins in values
	values tensor      // [N+1], the last is 0
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

// scores returns each query's scores of the documents pick[b], [B,C]. All pick[b] have
// the same length; a negative number means no document, with score 0. A score needs only
// the document's weights at the query's active terms, so the matrix has A columns instead
// of V.
func scores(s *scope, q vectors, vocab int, d documents, pick [][]int) tensor {
	b, c, a := len(q.terms), len(pick[0]), q.width
	at := make([]int32, vocab) // 1 + the term's place in the query; 0: the query does not have it
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

// A lossSum sums a loss term by term.
type lossSum struct {
	s     *scope
	total tensor            // the sum of the terms, each times its weight
	parts map[string]tensor // the terms before their weights, by name
}

func newLossSum(s *scope) *lossSum { return &lossSum{s: s, parts: map[string]tensor{}} }

// add adds a term. It does not compute a term with weight 0.
func (l *lossSum) add(name string, weight float64, term func() tensor) {
	if weight == 0 || l.s.err != nil {
		return
	}
	t := term()
	l.parts[name] = t
	if t = l.s.times(t, weight); l.total.c == nil {
		l.total = t
	} else {
		l.total = l.s.add(l.total, t)
	}
}

// A step is a batch, with everything from which the terms of its loss are computed.
type step struct {
	*scope
	loss  Loss
	batch *Batch
	b, c  int // the numbers of queries, and of candidates in the longest list
	q     encoded
	d     documents // the candidates
	doc   vectors   // their vectors, if documents train
	vocab int       // the number of dimensions of queries and documents

	own     [][]int   // [B][C] each query's candidates in d; -1 if its list is shorter
	present []float32 // [B,C] 1, or 0 if own is -1
	offset  []float32 // [B,C] added to scores: the importance weights, or absent if own is -1

	student, teacher, added tensor // [B,C]: the student's scores, the teacher's, and offset
}

// compute returns the loss of a batch, its parts before their weights, and the mean
// numbers of active terms.
func (l Loss) compute(s *scope, query, doc *Model, batch *Batch) (total tensor, parts map[string]tensor, active map[string]float64) {
	t := l.step(s, query, doc, batch)
	if s.err != nil {
		return tensor{}, nil, nil
	}
	sum := newLossSum(s)
	t.divergences(sum)
	sum.add("infonce", l.InfoNCE, t.infoNCE)
	sum.add("margin_mse", l.MarginMSE, t.marginMSE)
	sum.add("distance", l.Distance, t.distance)
	t.wordTerms(sum)
	if t.q.topic.c != nil && slices.ContainsFunc(batch.Builds, func(b float32) bool { return b >= 0 }) {
		sum.add("topic", l.Topic, func() tensor { return s.crossEntropy(t.q.topic, batch.Builds) })
	}
	sum.regularise("", l.Query, t.q.vectors)
	active = map[string]float64{"l0": t.q.l0()}
	if batch.Tokens != nil {
		sum.regularise("doc_", l.Doc, t.doc)
		active["doc_l0"] = t.doc.l0()
	}
	if s.err == nil && sum.total.c == nil {
		s.fail(errors.New("every weight of the loss is 0, so there is nothing to train"))
	}
	return sum.total, sum.parts, active
}

// step encodes a batch and computes the scores of each query's candidates. Errors stay in
// the scope.
func (l Loss) step(s *scope, query, doc *Model, batch *Batch) *step {
	t := &step{scope: s, loss: l, batch: batch, b: len(batch.IDs), vocab: max(query.Config.Vocab, batch.Dims)}
	if err := batch.check(l); err != nil {
		s.fail(err)
		return t
	}
	t.q = query.encode(s, query.pad(s, batch.IDs, batch.Types), batch.Words)
	if batch.Tokens != nil {
		var all [][]int32
		for _, list := range batch.Tokens {
			all = append(all, list...)
		}
		t.doc = doc.encode(s, doc.pad(s, all, nil), nil).vectors
		if s.err == nil {
			t.d = t.doc.documents(s)
		}
	} else {
		t.d = flatten(batch)
	}
	if s.err != nil {
		return t
	}
	teacher := t.candidates()
	t.student = scores(s, t.q.vectors, t.vocab, t.d, t.own)
	t.teacher = s.floats(teacher, t.b, t.c)
	t.added = s.floats(t.offset, t.b, t.c)
	return t
}

// candidates sets each query's own candidates and the offset of their scores. It returns
// the teacher's scores, [B,C].
func (t *step) candidates() (teacher []float32) {
	for _, list := range t.batch.Docs {
		t.c = max(t.c, len(list))
	}
	n := t.b * t.c
	t.own = make([][]int, t.b)
	teacher, t.present, t.offset = make([]float32, n), make([]float32, n), make([]float32, n)
	for i, doc := 0, 0; i < t.b; i++ {
		t.own[i] = make([]int, t.c)
		for k := range t.c {
			at := i*t.c + k
			if k >= len(t.batch.Docs[i]) {
				t.own[i][k], t.offset[at] = -1, absent
				continue
			}
			t.own[i][k] = doc
			doc++
			teacher[at], t.present[at] = t.batch.Teacher[i][k], 1
			if t.batch.LogWeight != nil {
				t.offset[at] = t.batch.LogWeight[i][k]
			}
		}
	}
	return teacher
}

// mean returns the sum of x divided by the number of queries.
func (t *step) mean(x tensor) tensor { return t.times(t.sum(x), 1/float64(t.b)) }

// logShare returns the logarithm of the softmax of scores over a query's candidates,
// [B,C].
func (t *step) logShare(scores tensor) tensor {
	return t.logSoftmax(t.add(t.times(scores, 1/t.loss.Temperature), t.added))
}

// divergences adds the divergences of the student's ranking from the teacher's.
func (t *step) divergences(sum *lossSum) {
	l := t.loss
	if l.KLD == 0 && l.BKL == 0 && l.GKL == 0 {
		return
	}
	lq := t.logShare(t.student)
	lp := t.logShare(t.teacher)
	kl := t.mul(t.exp(lp), t.sub(lp, lq)) // [B,C]
	sum.add("kld", l.KLD, func() tensor { return t.mean(kl) })
	sum.add("bkl", l.BKL, func() tensor {
		x := t.mean(t.narrow(kl, 1, 0, 1))
		if t.c == 1 {
			return x
		}
		n := t.narrow(lq, 1, 1, t.c-1)
		return t.add(x, t.mean(t.mul(t.exp(n), n)))
	})
	sum.add("gkl", l.GKL, func() tensor {
		pos := t.clampMin(t.plus(t.times(t.exp(t.narrow(lq, 1, 0, 1)), -1), 1), 1e-9) // 1-q, kept above 0 for the power
		x := t.mean(t.mul(t.power(pos, l.Gamma), t.narrow(kl, 1, 0, 1)))
		if t.c == 1 {
			return x
		}
		neg := t.exp(t.times(t.narrow(lq, 1, 1, t.c-1), l.Gamma))
		return t.add(x, t.mean(t.mul(neg, t.narrow(kl, 1, 1, t.c-1))))
	})
}

// infoNCE returns the positive's cross entropy among the query's own candidates and those
// of others.
func (t *step) infoNCE() tensor {
	l := t.loss
	logits := t.times(t.student, 1/l.Tau)
	keep := t.floats(mask(t.offset, !l.OwnNegatives, t.b, t.c), t.b, t.c)
	logits = t.add(logits, keep)
	if l.InBatch == InBatchPositives || l.InBatch == InBatchAll {
		pick, hide := others(t.batch.Docs, t.own, l.InBatch)
		m := len(pick[0])
		logits = t.cat(1, logits, t.add(t.times(scores(t.scope, t.q.vectors, t.vocab, t.d, pick), 1/l.Tau), t.floats(hide, t.b, m)))
	}
	return t.times(t.mean(t.narrow(t.logSoftmax(logits), 1, 0, 1)), -1)
}

// marginMSE returns the mean square of the errors of the student's differences from the
// positive's score, compared with the teacher's.
func (t *step) marginMSE() tensor {
	// The positive's own difference is 0, so all C columns can be summed.
	diff := t.sub(t.student, t.teacher)
	diff = t.mul(t.sub(t.narrow(diff, 1, 0, 1), diff), t.floats(t.present, t.b, t.c))
	n := 0.0
	for _, p := range t.present {
		n += float64(p)
	}
	return t.times(t.sum(t.square(diff)), 1/math.Max(1, n-float64(t.b)))
}

// distance returns the squared distance between the query vectors and the teacher's.
func (t *step) distance() tensor {
	to, rest := aligned(t.q.vectors, t.batch.Query)
	return t.plus(t.mean(t.square(t.sub(t.q.padded, t.floats(to, t.b, t.q.width)))), rest/float64(t.b))
}

// wordTerms adds the terms of the word head.
func (t *step) wordTerms(sum *lossSum) {
	l := t.loss
	if t.q.words.values.c != nil && t.batch.TeacherWords != nil {
		sum.add("word_kld", l.WordKLD, func() tensor {
			more := make([]float32, t.b*t.c)
			for i, list := range t.batch.TeacherWords {
				copy(more[i*t.c:], list)
			}
			fused := t.add(t.detach(t.student), scores(t.scope, t.q.words, t.vocab, t.d, t.own))
			lq := t.logShare(fused)
			lp := t.logShare(t.add(t.teacher, t.floats(more, t.b, t.c)))
			return t.mean(t.mul(t.exp(lp), t.sub(lp, lq)))
		})
	}
	if t.q.words.values.c != nil {
		sum.regularise("word_", Regulariser{Postings: l.Query.Postings, Share: l.Query.Share}, t.q.words)
	}
	if t.q.word.c != nil {
		sum.add("words", l.Words, func() tensor {
			var y []float32
			for _, list := range t.batch.Words {
				for _, w := range list {
					v := float32(0)
					if w.InRewrite {
						v = 1
					}
					y = append(y, v)
				}
			}
			return t.crossEntropy(t.plus(t.times(t.q.word, wordSlope), wordOffset), y)
		})
	}
}

// mask keeps the scores that offset keeps, but without its importance weights. If alone
// is true, it keeps only the positives' (the first column).
func mask(offset []float32, alone bool, b, c int) []float32 {
	out := make([]float32, b*c)
	for i := range out {
		if offset[i] == absent || alone && i%c > 0 {
			out[i] = absent
		}
	}
	return out
}

// others picks the documents of the batch for every query, and hides those that are its
// own candidates.
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

// aligned returns the teacher's vectors at the students' active terms, [B,A]. rest is the
// squared length of their other terms, which no gradient can change.
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

// regularise adds the terms that keep vectors sparse. prefix begins their names.
func (l *lossSum) regularise(prefix string, r Regulariser, v vectors) {
	s, n := l.s, float64(len(v.terms))
	l.add(prefix+"flops", r.FLOPS, func() tensor {
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
	l.add(prefix+"l1", r.L1, func() tensor { return s.times(s.sum(v.values), 1/n) })
	l.add(prefix+"postings", r.Postings, func() tensor {
		var share []float32
		for _, list := range v.terms {
			for _, j := range list {
				if int(j) >= len(r.Share) {
					s.fail(fmt.Errorf("there are shares of %d terms, but a vector has term %d", len(r.Share), j))
					return tensor{}
				}
				share = append(share, r.Share[j])
			}
		}
		return s.times(s.sum(s.mul(v.values, s.floats(share, len(share)))), 1/n)
	})
	l.add(prefix+"entropy", r.Entropy, func() tensor {
		p := s.div(v.padded, s.reshape(s.clampMin(s.sumLast(v.padded), 1e-12), len(v.terms), 1))
		return s.times(s.sum(s.mul(p, s.log(s.clampMin(p, 1e-12)))), -1/n)
	})
	l.add(prefix+"anti_zero", r.AntiZero, func() tensor {
		return s.times(s.sum(s.power(s.plus(s.square(s.sumLast(v.padded)), 0.01), -1)), 1/n)
	})
}
