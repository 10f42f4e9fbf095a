//go:build libtorch

package torch

import (
	"math/rand/v2"
	"slices"
)

// Has reports whether the encoder has the head.
func (e *Model) Has(head string) bool {
	_, ok := e.params[head+"out.bias"]
	return ok
}

// AddHead gives the encoder a head with random weights, if it has none. At the start, z
// is .5 for every word and 0, undecided, for every question.
func (e *Model) AddHead(head string, seed uint64) error {
	if e.Has(head) {
		return nil
	}
	r := rand.New(rand.NewPCG(seed, 1))
	found := map[string]weights{}
	params := e.Config.headParams(head)
	for _, p := range params {
		v := make([]float32, product(p.shape))
		if len(p.shape) == 2 {
			for i := range v {
				v[i] = float32(r.NormFloat64() * e.Config.InitialRange)
			}
		} else if head == WordHead && p.name == head+"out.bias" {
			v[0] = -float32(wordOffset) / wordSlope
		}
		found[p.name] = weights{v, p.shape}
	}
	e.order = append(e.order, params...)
	return e.make(found, params)
}

// topic returns the topic head's z, [B*T,H] -> [B].
func (e *Model) topic(s *scope, in inputs, x tensor) tensor {
	var token, side []int64 // each token's row of x, and the mean that it belongs to
	var share []float32
	for b := range in.b {
		question := in.question[b]
		for i := range in.length[b] {
			k, n := 2*b, question
			if i >= question {
				k, n = 2*b+1, in.length[b]-question
			}
			token, side, share = append(token, int64(b*in.t+i)), append(side, int64(k)), append(share, 1/float32(n))
		}
	}
	h := e.Config.Width
	rows := s.mul(s.indexSelect(x, 0, s.ints(token, len(token))), s.floats(share, len(share), 1))
	means := s.reshape(s.indexAdd(s.zeros(2*in.b, h), 0, s.ints(side, len(side)), rows), in.b, 2*h) // [B,2H]
	q, was := s.narrow(means, 1, 0, h), s.narrow(means, 1, h, h)
	return e.head(s, TopicHead, s.cat(1, q, was, s.mul(q, was)))
}

// head returns a head's z, [N,H] -> [N].
func (e *Model) head(s *scope, name string, x tensor) tensor {
	p := func(n string) tensor { return e.params[name+n] }
	y := s.gelu(s.linear(x, p("dense.weight"), p("dense.bias")))
	return s.reshape(s.linear(y, p("out.weight"), p("out.bias")), -1)
}

// weigh returns z for every word, [N], and the vectors of those with a weight. No
// gradient flows back into x: the head learns to read the encoder's states, and the
// encoder stays the same as without words.
func (e *Model) weigh(s *scope, in inputs, x tensor, words [][]Word) (word tensor, v vectors) {
	var token, of []int64 // each piece's row of x, and the word that it belongs to
	var share []float32   // 1 / the number of the word's pieces
	n := 0
	for b, list := range words {
		for _, w := range list {
			for i := w.First; i <= w.Last; i++ {
				token, of = append(token, int64(b*in.t+i)), append(of, int64(n))
				share = append(share, 1/float32(w.Last-w.First+1))
			}
			n++
		}
	}
	if n == 0 || s.err != nil {
		return word, v
	}
	pieces := s.mul(s.indexSelect(s.detach(x), 0, s.ints(token, len(token))), s.floats(share, len(share), 1)) // [pieces,H]
	pooled := s.indexAdd(s.zeros(n, e.Config.Width), 0, s.ints(of, len(of)), pieces)                          // [N,H]
	word = e.head(s, WordHead, pooled)
	z := s.toFloats(word)
	if s.err != nil {
		return word, v
	}
	var picked []int64 // the words with a weight, sequence after sequence
	v.width = 1
	at := 0 // the first word of the sequence
	for _, list := range words {
		best := map[uint32]int{}
		terms := []int32{}
		for i, w := range list {
			if w.Term == 0 || !(z[at+i] > 0) {
				continue
			}
			k, ok := best[w.Term]
			if !ok {
				terms = append(terms, int32(w.Term))
			}
			if !ok || z[at+i] > z[k] {
				best[w.Term] = at + i
			}
		}
		slices.Sort(terms)
		v.start = append(v.start, len(picked))
		for _, t := range terms {
			picked = append(picked, int64(best[uint32(t)]))
		}
		v.terms = append(v.terms, terms)
		v.width = max(v.width, len(terms))
		at += len(list)
	}
	if len(picked) == 0 {
		return word, vectors{}
	}
	v.values = s.relu(s.indexSelect(word, 0, s.ints(picked, len(picked))))
	v.lay(s)
	return word, v
}

// crossEntropy returns the mean, over the entries for which y is known, of
//
//	softplus(x) - y x = -(y ln p + (1-y) ln(1-p)), p = 1/(1+e^-x)
//
// y is 0 or 1, or below 0 if it is not known.
func (s *scope) crossEntropy(x tensor, y []float32) tensor {
	known := make([]float32, len(y))
	target := make([]float32, len(y))
	n := float32(0)
	for _, v := range y {
		if v >= 0 {
			n++
		}
	}
	for i, v := range y {
		if v >= 0 {
			known[i], target[i] = 1/n, v
		}
	}
	abs := s.add(s.relu(x), s.relu(s.times(x, -1)))
	soft := s.add(s.relu(x), s.log1p(s.exp(s.times(abs, -1))))
	loss := s.sub(soft, s.mul(s.floats(target, len(y)), x))
	return s.sum(s.mul(loss, s.floats(known, len(y))))
}
