//go:build libtorch

package torch

import (
	"errors"
	"fmt"
	"math"
)

// vector returns the texts' vectors of length 1, [B,H].
func (e *Model) vector(s *scope, in inputs, by Pooling) tensor {
	x := s.reshape(e.body(s, in), in.b, in.t, e.Config.Width) // [B,T,H]
	var v tensor
	switch by {
	case PoolCLS:
		v = s.reshape(s.narrow(x, 1, 0, 1), in.b, e.Config.Width)
	case PoolMean:
		share := make([]float32, in.b*in.t)
		for i, n := range in.length {
			for j := range n {
				share[i*in.t+j] = 1 / float32(n)
			}
		}
		v = s.sumLast(s.transpose(s.mul(s.float(x), s.floats(share, in.b, in.t, 1)), 1, 2))
	default:
		s.fail(fmt.Errorf("pooling %q: wanted %q or %q", by, PoolCLS, PoolMean))
		return tensor{}
	}
	v = s.float(v)
	length := s.power(s.clampMin(s.sumLast(s.square(v)), 1e-24), .5) // [B]
	return s.div(v, s.reshape(length, in.b, 1))
}

// Vectors returns the vectors of texts, [B][H], without gradients. mixed is as in
// AdamW.Mixed.
func (e *Model) Vectors(ids [][]int32, types [][]uint8, by Pooling, mixed bool) ([][]float32, error) {
	var out [][]float32
	err := within(e.device, func(s *scope) {
		s.noGrad(func() {
			s.mixed(mixed, true)
			x := e.vector(s, e.pad(s, ids, types), by)
			s.mixed(mixed, false)
			v := s.toFloats(x)
			h := e.Config.Width
			for i := 0; i+h <= len(v); i += h {
				out = append(out, v[i:i+h])
			}
		})
	})
	return out, err
}

// check returns an error if the batch is not valid for the loss.
func (b *DenseBatch) check(l DenseLoss, width int) error {
	n := len(b.IDs)
	switch {
	case n == 0:
		return errors.New("an empty batch")
	case b.Types != nil && len(b.Types) != n:
		return fmt.Errorf("the batch has %d texts, but %d entries in Types", n, len(b.Types))
	case len(b.Target) != n:
		return fmt.Errorf("the batch has %d texts, but %d entries in Target", n, len(b.Target))
	}
	vector := func(what string, v []float32) error {
		if len(v) != width {
			return fmt.Errorf("%s has %d values, the encoder's vectors have %d", what, len(v), width)
		}
		for _, x := range v {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return fmt.Errorf("%s holds %v", what, x)
			}
		}
		return nil
	}
	for i, v := range b.Target {
		if err := vector(fmt.Sprintf("the target of text %d", i), v); err != nil {
			return err
		}
	}
	if l.KLD == 0 && l.InfoNCE == 0 {
		return nil
	}
	if len(b.Docs) != n || len(b.Passages) != n || len(b.Teacher) != n {
		return fmt.Errorf("the batch has %d texts, but %d, %d and %d entries in Docs, Passages and Teacher", n, len(b.Docs), len(b.Passages), len(b.Teacher))
	}
	c := len(b.Docs[0])
	for i := range n {
		if len(b.Docs[i]) != c || len(b.Passages[i]) != c || len(b.Teacher[i]) != c || c == 0 {
			return fmt.Errorf("text %d of the batch: %d, %d and %d candidates in Docs, Passages and Teacher, but text 0 has %d", i, len(b.Docs[i]), len(b.Passages[i]), len(b.Teacher[i]), c)
		}
		for k, v := range b.Passages[i] {
			if err := vector(fmt.Sprintf("candidate %d of text %d", k, i), v); err != nil {
				return err
			}
		}
	}
	return nil
}

// compute returns the loss, and its terms before their weights.
func (l DenseLoss) compute(s *scope, e *Model, b *DenseBatch, by Pooling) (total tensor, parts map[string]tensor) {
	if err := b.check(l, e.Config.Width); err != nil {
		s.fail(err)
		return
	}
	n, h := len(b.IDs), e.Config.Width
	q := e.vector(s, e.pad(s, b.IDs, b.Types), by) // [B,H]
	sum := newLossSum(s)
	sum.add("distance", l.Distance, func() tensor {
		return s.times(s.sum(s.square(s.sub(q, s.floats(flat(b.Target), n, h)))), 1/float64(n))
	})
	if l.KLD != 0 || l.InfoNCE != 0 {
		c := len(b.Docs[0])
		var all [][]float32
		for _, list := range b.Passages {
			all = append(all, list...)
		}
		d := s.floats(flat(all), n, c, h)                 // [B,C,H]
		own := s.sumLast(s.mul(d, s.reshape(q, n, 1, h))) // [B,C]
		sum.add("kld", l.KLD, func() tensor {
			teacher := s.floats(flat(b.Teacher), n, c)
			p := s.logSoftmax(s.times(teacher, 1/l.Temperature))
			r := s.logSoftmax(s.times(own, 1/l.Temperature))
			return s.times(s.sum(s.mul(s.exp(p), s.sub(p, r))), 1/float64(n))
		})
		sum.add("infonce", l.InfoNCE, func() tensor {
			positives := make([][]float32, n) // [B][H]
			hide := make([]float32, n*n)
			for i := range n {
				positives[i] = b.Passages[i][0]
				for j := range n {
					for _, doc := range b.Docs[i] {
						if doc == b.Docs[j][0] {
							hide[i*n+j] = absent // it is among the question's own
						}
					}
				}
			}
			// Not a product of matrices, which mixed precision would round.
			others := s.sumLast(s.mul(s.reshape(q, n, 1, h), s.floats(flat(positives), 1, n, h))) // [B,B]
			x := s.cat(1, s.times(own, 1/l.Tau), s.add(s.times(others, 1/l.Tau), s.floats(hide, n, n)))
			return s.times(s.sum(s.narrow(s.logSoftmax(x), 1, 0, 1)), -1/float64(n))
		})
	}
	if b.Also != nil && l.Distance != 0 {
		also, p := DenseLoss{Distance: l.Distance}.compute(s, e, b.Also, by)
		sum.parts["also"] = p["distance"]
		sum.total = s.add(sum.total, also)
	}
	if sum.total.c == nil && s.err == nil {
		s.fail(errors.New("the loss has no term: all weights are 0"))
	}
	return sum.total, sum.parts
}

// flat returns the rows one after another.
func flat(rows [][]float32) []float32 {
	var out []float32
	for _, r := range rows {
		out = append(out, r...)
	}
	return out
}

// StepDense does what Step does, for a dense student.
func (t *Trainer) StepDense(b *DenseBatch, l DenseLoss, by Pooling, rate float64) (Parts, error) {
	return t.take(t.denseLoss(b, l, by), rate)
}

func (t *Trainer) denseLoss(b *DenseBatch, l DenseLoss, by Pooling) objective {
	return func(s *scope) (tensor, map[string]tensor, Parts) {
		total, parts := l.compute(s, t.Query, b, by)
		return total, parts, nil
	}
}
