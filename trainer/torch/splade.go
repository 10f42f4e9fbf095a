//go:build libtorch

package torch

import (
	"errors"

	lib "github.com/sugarme/gotch/libtch"

	"parley/shared/sparse"
)

// vectors are the SPLADE vectors of a batch; only active terms are stored.
type vectors struct {
	terms  [][]int32 // each sequence's terms, increasing; never empty (see encode)
	start  []int     // where each sequence begins in values
	values tensor    // [N], all sequences' weights in the order of terms
	width  int       // A, the largest number of terms
	padded tensor    // [B,A], values row by row, 0 after a row's terms

}

// An encoded has what an encoder computes for a batch: the learned terms and, if it
// has the heads, the words with a weight and the heads' z.
type encoded struct {
	vectors
	words vectors // not set without a word head
	word  tensor  // [N], z of every word in the batch (see Word)
	topic tensor  // [B]
}

// l0 returns the mean number of terms.
func (v vectors) l0() float64 {
	n := 0
	for _, list := range v.terms {
		n += len(list)
	}
	return float64(n) / float64(len(v.terms))
}

// temporary runs f and frees the tensors that f made.
func (s *scope) temporary(f func()) {
	from := len(s.made)
	f()
	for _, c := range s.made[from:] {
		lib.AtFree(c)
	}
	s.made = s.made[:from]
}

// encode returns the vectors
//
//	w_j = max over tokens i of log(1 + ReLU(logit_ij))
//
// with gradients, by an exact shortcut. log(1+ReLU(x)) increases with x, so the
// maximum's gradient reaches one logit per term, that of the winning token, and only
// if it is positive. A first pass, without gradients and one sequence at a time, finds
// the winners (on the CPU, among the terms that a sieve lets through). A second pass
// computes only those logits, a few hundred of T x V. So the [B,T,V] logits are never
// stored, and nothing is propagated back through them.
//
// words, [B][N], are the words that the word head weighs.
func (e *Model) encode(s *scope, in inputs, words [][]Word) encoded {
	x := e.body(s, in)     // [B*T,H]
	h := e.transform(s, x) // [B*T,H]
	weight, bias := e.output()
	var v encoded
	var rows, cols []int64 // each winner's row of h, and the term
	s.noGrad(func() {
		sifted := e.sift(s, h, in)
		for b := range in.b {
			s.temporary(func() {
				own := s.narrow(h, 0, b*in.t, in.length[b]) // [t,H], without padding
				w, c := weight, bias
				if sifted != nil && len(sifted[b]) > 0 {
					few := s.ints(sifted[b], len(sifted[b]))
					w, c = s.indexSelect(weight, 0, few), s.indexSelect(bias, 0, few)
				}
				logits := s.linear(own, w, c) // [t,V]
				active := s.reshape(s.nonzero(s.positive(s.amax(logits, 0))), -1)
				terms := s.toInts(active)
				var won []int64
				if len(terms) > 0 {
					won = s.toInts(s.argmax(s.indexSelect(logits, 1, active), 0))
					if sifted != nil {
						for i, k := range terms {
							terms[i] = sifted[b][k]
						}
					}
				} else if s.err == nil {
					// A sequence without an active term keeps one pair: its weight and
					// its gradient are 0, unless the next step makes the logit
					// positive.
					terms, won = []int64{0}, []int64{0}
				}
				v.start = append(v.start, len(cols))
				list := make([]int32, len(terms))
				for i, j := range terms {
					list[i] = int32(j)
					rows = append(rows, int64(b*in.t)+won[i])
					cols = append(cols, j)
				}
				v.terms = append(v.terms, list)
				v.width = max(v.width, len(list))
			})
		}
	})
	if s.err != nil {
		return v
	}
	col := s.ints(cols, len(cols))
	z := s.sumLast(s.mul(s.indexSelect(h, 0, s.ints(rows, len(rows))), s.indexSelect(weight, 0, col)))
	z = s.add(z, s.indexSelect(bias, 0, col)) // [N]
	v.values = s.log1p(s.relu(z))
	if e.Has(WordHead) && words != nil {
		v.word, v.words = e.weigh(s, in, x, words)
	}
	if e.Has(TopicHead) {
		v.topic = e.topic(s, in, x)
	}
	v.lay(s)
	return v
}

// lay sets padded from values.
func (v *vectors) lay(s *scope) {
	if s.err != nil {
		return
	}
	n, rows := 0, len(v.terms)
	for _, list := range v.terms {
		n += len(list)
	}
	at := make([]int64, rows*v.width)
	for i := range at {
		at[i] = int64(n) // the zero after the values
	}
	for b, list := range v.terms {
		for k := range list {
			at[b*v.width+k] = int64(v.start[b] + k)
		}
	}
	v.padded = s.reshape(s.indexSelect(s.cat(0, v.values, s.zeros(1)), 0, s.ints(at, len(at))), rows, v.width)
}

// sift returns each sequence's terms that can be active, or nil if all terms have to
// be computed. It quantises the output's rows again unless they are frozen.
func (e *Model) sift(s *scope, h tensor, in inputs) [][]int64 {
	if e.device != onCPU {
		return nil
	}
	weight, bias := e.output()
	if v := e.sieve; v == nil || !e.frozen[e.Config.names().word] || !e.Config.Tied {
		w := s.toFloats(weight)
		if s.err != nil {
			return nil
		}
		var err error
		if e.sieve, err = newSieve(w, e.Config.Vocab, e.Config.Width); err != nil {
			s.fail(err)
			return nil
		}
	}
	x, c := s.toFloats(h), s.toFloats(bias)
	if s.err != nil {
		return nil
	}
	return e.sieve.pass(x, c, in.t, in.length)
}

// Encode returns the vectors of sequences, without gradients. types and words may be
// nil.
func (e *Model) Encode(ids [][]int32, types [][]uint8, words [][]Word) ([]sparse.Vector, error) {
	var out []sparse.Vector
	err := within(e.device, func(s *scope) {
		s.noGrad(func() {
			v := e.encode(s, e.pad(s, ids, types), words)
			out = v.read(s)
		})
	})
	return out, err
}

// Topic returns the topic head's z for sequences. It is above 0 if the question builds
// on its history.
func (e *Model) Topic(ids [][]int32, types [][]uint8) ([]float32, error) {
	if !e.Has(TopicHead) {
		return nil, errors.New("the encoder has no topic head")
	}
	var out []float32
	err := within(e.device, func(s *scope) {
		s.noGrad(func() {
			v := e.encode(s, e.pad(s, ids, types), nil)
			out = s.toFloats(v.topic)
		})
	})
	return out, err
}

// read copies vectors from the device, with words after the learned terms.
func (v encoded) read(s *scope) []sparse.Vector {
	if s.err != nil {
		return nil
	}
	out := make([]sparse.Vector, len(v.terms))
	for _, part := range []vectors{v.vectors, v.words} {
		if part.values.c == nil {
			continue
		}
		values := s.toFloats(part.values)
		for b, list := range part.terms {
			for k, j := range list {
				if w := values[part.start[b]+k]; w > 0 {
					out[b].Terms = append(out[b].Terms, uint32(j))
					out[b].Weights = append(out[b].Weights, w)
				}
			}
		}
	}
	return out
}
