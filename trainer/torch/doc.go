// Package torch trains sparse encoders on libtorch: BertForMaskedLM and
// DistilBertForMaskedLM read as SPLADE, the losses of a distillation step, AdamW.
//
// It is the only package on gotch, and the only one that needs libtorch: without
// the build tag `libtorch` it has no code but an error that says how to get it.
//
// Of gotch it uses the lowest layer, libtch, which calls libtorch's functions one
// to one. The layer above allocates 100 kB of Go memory and leaks a C block with
// every operation; here a Scope owns what is made in it and frees all of it at
// its end, so that a training step leaves nothing behind and costs a few
// microseconds of Go an operation.
package torch

import "errors"

// ErrAbsent is why a program built without libtorch cannot train.
var ErrAbsent = errors.New("this trainer was built without libtorch, which training needs: " +
	"run `make libtorch`, then `make trainer` (CPU), or set LIBTORCH to a libtorch or a Python torch first (CUDA)")
