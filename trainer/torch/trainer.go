//go:build libtorch

package torch

// #include "../libtorch/extra.h"
import "C"

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"

	"parley/shared/safetensors"
)

// An AdamW has the settings of the optimiser (Loshchilov and Hutter 2019).
type AdamW struct {
	Beta1, Beta2, Eps float64
	Decay             float64 // for matrices; biases and norms do not decay
	Clip              float64 // the largest norm of the gradient; 0: no limit
	Mixed             bool    // compute forward in bfloat16 where that is safe
}

// A Trainer takes optimisation steps on a query encoder and, if there is one, on a
// document encoder. Close frees its memory, but not the encoders.
type Trainer struct {
	Query, Doc *Model
	opt        AdamW
	step       int64
	names      []string
	params     []tensor
	m, v       []tensor
	mean       []tensor // the mean of the parameters over the calls of Average; nil before the first
	averaged   int
	decay      []C.double
}

// NewTrainer returns a Trainer with zero moments. doc is nil if documents are frozen.
func NewTrainer(query, doc *Model, opt AdamW) (*Trainer, error) {
	t := &Trainer{Query: query, Doc: doc, opt: opt}
	err := within(query.device, func(s *scope) {
		for _, e := range []*Model{query, doc} {
			if e == nil {
				continue
			}
			prefix := "query."
			if e == doc {
				prefix = "doc."
			}
			for _, p := range e.order {
				if e.frozen[p.name] {
					continue
				}
				t.names = append(t.names, prefix+p.name)
				t.params = append(t.params, e.params[p.name])
				t.m = append(t.m, s.keep(s.zeros(p.shape...)))
				t.v = append(t.v, s.keep(s.zeros(p.shape...)))
				d := C.double(0)
				if len(p.shape) == 2 {
					d = C.double(opt.Decay)
				}
				t.decay = append(t.decay, d)
			}
		}
	})
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Close frees the moments.
func (t *Trainer) Close() {
	for _, list := range [][]tensor{t.m, t.v, t.mean} {
		for _, x := range list {
			if x.c != nil {
				lib.AtFree(x.c)
			}
		}
	}
	t.m, t.v, t.mean = nil, nil, nil
}

// Step computes the batch's loss and gradients, updates the parameters, and returns
// the parts of the loss. If the loss or the gradient is not finite, it changes
// nothing and returns an error with the parts.
func (t *Trainer) Step(b *Batch, l Loss, rate float64) (Parts, error) {
	return t.take(t.loss(b, l), rate)
}

// An objective computes a loss. It returns the whole, its terms before their weights,
// and other figures.
type objective func(s *scope) (tensor, map[string]tensor, Parts)

func (t *Trainer) loss(b *Batch, l Loss) objective {
	return func(s *scope) (tensor, map[string]tensor, Parts) { return l.compute(s, t.Query, t.Doc, b) }
}

func (t *Trainer) take(compute objective, rate float64) (Parts, error) {
	var parts Parts
	err := within(t.Query.device, func(s *scope) {
		parts = t.gradients(s, compute)
		if s.err == nil {
			t.update(s, rate)
		}
		if s.err != nil {
			t.clear()
		}
	})
	return parts, err
}

// gradients adds the loss's gradients to the parameters' and clips them.
func (t *Trainer) gradients(s *scope, compute objective) Parts {
	s.mixed(t.opt.Mixed, true)
	total, tensors, figures := compute(s)
	s.mixed(t.opt.Mixed, false)
	if s.err != nil {
		return nil
	}
	parts := Parts{"loss": float64(s.toFloats(total)[0])}
	maps.Copy(parts, figures)
	for name, p := range tensors {
		parts[name] = float64(s.toFloats(p)[0])
	}
	if s.err == nil && !finite(parts["loss"]) {
		s.fail(fmt.Errorf("the loss is not finite: %s", parts.String()))
	}
	s.backward(total)
	if s.err != nil {
		return parts
	}
	limit := t.opt.Clip
	if limit <= 0 {
		limit = math.Inf(1)
	}
	ptrs := pointers(t.params)
	var norm C.double
	if C.parley_clip(&ptrs[0], C.int(len(ptrs)), C.double(limit), &norm) == 0 {
		s.check("clip_grad_norm")
		return parts
	}
	parts["norm"] = float64(norm)
	if !finite(parts["norm"]) {
		s.fail(fmt.Errorf("the gradient is not finite: %s", parts.String()))
	}
	return parts
}

// mixed turns mixed precision on or off, if it is wanted.
func (s *scope) mixed(wanted, on bool) {
	flag := func(b bool) C.int {
		if b {
			return 1
		}
		return 0
	}
	if wanted && C.parley_autocast(flag(s.device != onCPU), flag(on)) == 0 {
		s.check("autocast")
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func (p Parts) String() string {
	var b strings.Builder
	for _, k := range p.Names() {
		fmt.Fprintf(&b, "%s %.4g ", k, p[k])
	}
	return strings.TrimSpace(b.String())
}

func pointers(ts []tensor) []unsafe.Pointer {
	ps := make([]unsafe.Pointer, len(ts))
	for i, t := range ts {
		ps[i] = unsafe.Pointer(t.c)
	}
	return ps
}

func (t *Trainer) update(s *scope, rate float64) {
	t.step++
	p, m, v := pointers(t.params), pointers(t.m), pointers(t.v)
	if C.parley_adamw(&p[0], &m[0], &v[0], &t.decay[0], C.int(len(p)), C.int64_t(t.step),
		C.double(rate), C.double(t.opt.Beta1), C.double(t.opt.Beta2), C.double(t.opt.Eps)) == 0 {
		s.check("adamw")
	}
}

// Average adds the present parameters to their mean over all calls (stochastic weight
// averaging: Izmailov et al. 2018, arXiv 1803.05407, equation 1).
func (t *Trainer) Average() error {
	return within(t.Query.device, func(s *scope) {
		s.noGrad(func() {
			t.averaged++
			if t.mean == nil {
				t.beginMean(s)
				return
			}
			for i, p := range t.params {
				s.op("lerp_", func(o *lib.Ctensor) {
					number(1/float64(t.averaged), func(w lib.Cscalar) { lib.AtgLerp_(o, t.mean[i].c, p.c, w) })
				})
			}
		})
	})
}

// beginMean makes the tensors of the mean, equal to the parameters.
func (t *Trainer) beginMean(s *scope) {
	for _, p := range t.params {
		t.mean = append(t.mean, s.keep(s.copied(p)))
	}
}

// copied returns a new tensor with t's values.
func (s *scope) copied(t tensor) tensor {
	var shape []int
	for _, d := range t.shape() {
		shape = append(shape, int(d))
	}
	x := s.zeros(shape...)
	if s.err == nil {
		lib.AtCopy_(x.c, t.c)
		s.check("copy")
	}
	return x
}

// Averaged returns the number of calls of Average.
func (t *Trainer) Averaged() int { return t.averaged }

// Swap exchanges the parameters and their mean. It is called once to measure and save
// the mean, and again to continue the training.
func (t *Trainer) Swap() error {
	return within(t.Query.device, func(s *scope) {
		s.noGrad(func() {
			for i, p := range t.params {
				if s.err != nil {
					return
				}
				kept := s.copied(p)
				lib.AtCopy_(p.c, t.mean[i].c)
				lib.AtCopy_(t.mean[i].c, kept.c)
				s.check("copy")
			}
		})
	})
}

// clear frees gradients that no update used.
func (t *Trainer) clear() {
	ps := pointers(t.params)
	C.parley_zero_grad(&ps[0], C.int(len(ps)))
}

// State returns the optimiser's moments, the parameters' mean, and the number of
// steps, for a checkpoint.
func (t *Trainer) State() ([]safetensors.Tensor, int64, error) {
	var out []safetensors.Tensor
	err := within(t.Query.device, func(s *scope) {
		for i, name := range t.names {
			for _, x := range t.kept(i) {
				var shape []int
				for _, d := range x.t.shape() {
					shape = append(shape, int(d))
				}
				out = append(out, safetensors.FromFloat32s(x.prefix+name, s.toFloats(x.t), shape...))
			}
		}
		if t.mean != nil {
			out = append(out, safetensors.FromFloat32s("averaged", []float32{float32(t.averaged)}, 1))
		}
	})
	return out, t.step, err
}

// A kept is a parameter's tensor in a checkpoint, named PREFIX + the parameter's
// name.
type kept struct {
	prefix string
	t      tensor
}

func (t *Trainer) kept(i int) []kept {
	list := []kept{{"m.", t.m[i]}, {"v.", t.v[i]}}
	if t.mean != nil {
		list = append(list, kept{"mean.", t.mean[i]})
	}
	return list
}

// Restore sets what State returned. step is the number of steps.
func (t *Trainer) Restore(f *safetensors.File, step int64) error {
	t.step = step
	return within(t.Query.device, func(s *scope) {
		if n, ok := f.Tensor("averaged"); ok {
			v, err := n.Float32s()
			if err != nil || len(v) != 1 || !(v[0] >= 1 && v[0] <= math.MaxInt32) {
				s.fail(errors.New("the checkpoint's \"averaged\" is not a number of steps"))
				return
			}
			t.averaged = int(v[0])
			t.beginMean(s)
		}
		for i, name := range t.names {
			for _, x := range t.kept(i) {
				saved, ok := f.Tensor(x.prefix + name)
				if !ok {
					s.fail(fmt.Errorf("the checkpoint has no %q; it belongs to another run", x.prefix+name))
					return
				}
				v, err := saved.Float32s()
				if err != nil {
					s.fail(err)
					return
				}
				if len(v) != x.t.len() {
					s.fail(fmt.Errorf("the checkpoint's %q has %d values, this run's %d", x.prefix+name, len(v), x.t.len()))
					return
				}
				lib.AtCopy_(x.t.c, s.floats(v, saved.Shape...).c)
				s.check("copy")
			}
		}
	})
}
