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
//
// # Shapes
//
// Comments give the shape of each tensor and slice, outermost first. The letters are
//
//	B  sequences of a batch: queries, or the passages that they are ranked for
//	T  tokens of the longest sequence; shorter ones are padded with [PAD]
//	H  width of the hidden states (Config.Width)
//	V  vocabulary of the encoder (Config.Vocab)
//	C  candidates of a query; the first is the positive
//	A  active terms of the query that has most: a sparse vector has a few dozen of V
//	N  entries in a flat list over the batch, such as all weights of all vectors, or
//	   all words; a slice beside it says where each sequence's begin
//
// [B,T,H] is one tensor, row-major. [B][T] is a slice of slices, each of its own length
// where it is not padded. [B*T,H] is [B,T,H] with its first two dimensions taken as one.
// A step goes
//
//	ids [B,T] -> embedding [B,T,H] -> layers [B*T,H] -> head [B*T,H]
//	          -> logits of the terms that can be active, never all [B,T,V] (sieve.go)
//	          -> max over T of log(1 + ReLU): values [N], padded [B,A]
//	          -> scores of the candidates [B,C] -> loss, one number
package torch

import "errors"

// ErrAbsent is why a program built without libtorch cannot train.
var ErrAbsent = errors.New("this trainer was built without libtorch, which training needs: " +
	"run `make libtorch`, then `make trainer` (CPU), or set LIBTORCH to a libtorch or a Python torch first (CUDA)")
