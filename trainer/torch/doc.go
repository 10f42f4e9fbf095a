// Package torch trains sparse and dense encoders, and readers, on libtorch. It has the
// models (BertForMaskedLM and DistilBertForMaskedLM, used as SPLADE, and BertModel), the
// losses of a step, and AdamW.
//
// It is the only package that uses gotch, and the only one that needs libtorch. Without
// the build tag `libtorch` it has only types and an error that says how to get
// libtorch.
//
// It uses gotch's lowest layer, libtch, which calls libtorch's functions one to one.
// The layer above allocates 100 kB of Go memory and leaks a C block with every
// operation. Here, a scope owns the tensors made in it and frees all of them at its
// end. So a training step leaves nothing behind, and an operation takes a few
// microseconds of Go.
//
// # Shapes
//
// Comments give the shape of each tensor and slice, outermost dimension first. The
// letters are
//
//	B  sequences of a batch: queries, or passages
//	T  tokens of the longest sequence; shorter ones are padded with [PAD]
//	H  width of the hidden states (Config.Width)
//	V  vocabulary of the encoder (Config.Vocab)
//	C  candidates of a query; the first is the positive
//	A  active terms of the query that has the most; a sparse vector has a few dozen of V
//	N  entries in a flat list over the batch, such as all weights of all vectors, or
//	   all words; a slice beside it says where each sequence begins
//
// [B,T,H] is one tensor, row-major. [B][T] is a slice of slices, each of its own length
// if it is not padded. [B*T,H] is [B,T,H] with its first two dimensions combined. The
// course of a step is
//
//	ids [B,T] -> embedding [B,T,H] -> layers [B*T,H] -> head [B*T,H]
//	          -> logits of the terms that can be active, not of all [B,T,V] (sieve.go)
//	          -> max over T of log(1 + ReLU): values [N], padded [B,A]
//	          -> scores of the candidates [B,C] -> loss, one number
package torch

import "errors"

// ErrAbsent says that the program was built without libtorch and cannot train.
var ErrAbsent = errors.New("this trainer was built without libtorch, which training needs: " +
	"run `make libtorch`, then `make trainer` (CPU), or set LIBTORCH to a libtorch or a Python torch first (CUDA)")
