//go:build libtorch

package torch

// #cgo LDFLAGS: -ltch
// #include <stdlib.h>
// #include "../libtorch/extra.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

// libtorch's numbers of element types (c10::ScalarType) and of the CPU.
const (
	kindInt64 = 4
	kindFloat = 6
	kindKeep  = -1 // the result's own type
	onCPU     = -1
)

// A tensor is a handle to a libtorch tensor, valid until the end of the scope that
// made it. Comments give shapes: [B,T,H] is batch, tokens, width.
type tensor struct{ c lib.Ctensor }

// A scope owns the tensors made in it and frees them together. It keeps the first
// error; after that, every operation does nothing. So code can be written as
// formulas, with one check at the end.
type scope struct {
	device int // onCPU, or the number of a CUDA device
	made   []lib.Ctensor
	out    *lib.Ctensor // where libtorch writes; allocated by itself, as cgo requires
	err    error
}

// within runs f in a scope, on one thread, because libtorch keeps gradient mode,
// mixed precision and errors per thread.
func within(device int, f func(*scope)) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s := &scope{device: device, out: new(lib.Ctensor)}
	defer func() {
		for _, c := range s.made {
			lib.AtFree(c)
		}
	}()
	f(s)
	return s.err
}

// lastError returns and clears libtorch's last error on this thread, or returns
// nil.
func lastError() error {
	c := lib.GetAndResetLastErr()
	if c == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(c))
	// The lines after the first are C++ stack frames.
	text, _, _ := strings.Cut(C.GoString((*C.char)(unsafe.Pointer(c))), "\n")
	return errors.New(text)
}

// free frees the tensors made since there were begin of them, except kept.
func (s *scope) free(begin int, kept tensor) {
	if s.err != nil {
		return
	}
	for _, c := range s.made[begin:] {
		if c != kept.c {
			lib.AtFree(c)
		}
	}
	s.made = append(s.made[:begin], kept.c)
}

func (s *scope) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// op makes a tensor with one of libtch's functions.
func (s *scope) op(name string, f func(out *lib.Ctensor)) tensor {
	if s.err != nil {
		return tensor{}
	}
	*s.out = nil
	f(s.out)
	return s.own(name, *s.out)
}

func (s *scope) own(name string, c lib.Ctensor) tensor {
	if c == nil {
		err := lastError()
		if err == nil {
			err = errors.New("no result")
		}
		s.fail(fmt.Errorf("libtorch: %s: %w", name, err))
		return tensor{}
	}
	s.made = append(s.made, c)
	return tensor{c}
}

// number calls f with v as a libtorch scalar.
func number(v float64, f func(lib.Cscalar)) {
	c := lib.AtsFloat(v)
	f(c)
	lib.AtsFree(c)
}

// noGrad runs f without recording what gradients need.
func (s *scope) noGrad(f func()) {
	before := lib.AtGradSetEnabled(0)
	f()
	lib.AtGradSetEnabled(before)
}

func (s *scope) floats(v []float32, shape ...int) tensor {
	if len(v) == 0 {
		s.fail(errors.New("libtorch: an empty tensor"))
	}
	if s.err != nil {
		return tensor{}
	}
	return s.from(unsafe.Pointer(&v[0]), len(v), shape, 4, kindFloat)
}

func (s *scope) ints(v []int64, shape ...int) tensor {
	if len(v) == 0 {
		s.fail(errors.New("libtorch: an empty tensor"))
	}
	if s.err != nil {
		return tensor{}
	}
	return s.from(unsafe.Pointer(&v[0]), len(v), shape, 8, kindInt64)
}

func (s *scope) from(data unsafe.Pointer, n int, shape []int, size uint, kind int) tensor {
	dims, want := sizes(shape), 1
	for _, d := range shape {
		want *= d
	}
	if want != n {
		s.fail(fmt.Errorf("libtorch: %d values for shape %v", n, shape))
		return tensor{}
	}
	t := s.own("data", lib.AtTensorOfData(data, dims, uint(len(dims)), size, kind))
	if s.device != onCPU {
		t = s.op("to", func(o *lib.Ctensor) { lib.AtgTo(o, t.c, int32(s.device)) })
	}
	return t
}

func sizes(shape []int) []int64 {
	dims := make([]int64, len(shape))
	for i, d := range shape {
		dims[i] = int64(d)
	}
	return dims
}

// toFloats returns the values of a float tensor. It waits for the device.
func (s *scope) toFloats(t tensor) []float32 {
	if s.err != nil {
		return nil
	}
	n := t.len()
	out := make([]float32, n)
	if n > 0 {
		f := s.float(t)
		if s.err == nil {
			lib.AtCopyData(f.c, unsafe.Pointer(&out[0]), uint(n), 4)
			s.check("copy")
		}
	}
	return out
}

func (s *scope) toInts(t tensor) []int64 {
	if s.err != nil {
		return nil
	}
	n := t.len()
	out := make([]int64, n)
	if n > 0 {
		lib.AtCopyData(t.c, unsafe.Pointer(&out[0]), uint(n), 8)
		s.check("copy")
	}
	return out
}

func (s *scope) check(name string) {
	if err := lastError(); err != nil {
		s.fail(fmt.Errorf("libtorch: %s: %w", name, err))
	}
}

func (t tensor) shape() []int64 {
	dims := make([]int64, lib.AtDim(t.c))
	if len(dims) > 0 {
		lib.AtShape(t.c, unsafe.Pointer(&dims[0]))
	}
	return dims
}

func (t tensor) len() int {
	n := 1
	for _, d := range t.shape() {
		n *= int(d)
	}
	return n
}

func (s *scope) backward(t tensor) {
	if s.err == nil {
		lib.AtBackward(t.c, 0, 0)
		s.check("backward")
	}
}

// The operations. Each is PyTorch's function of the same name.

func (s *scope) embedding(weight, ids tensor) tensor {
	return s.op("embedding", func(o *lib.Ctensor) { lib.AtgEmbedding(o, weight.c, ids.c, -1, 0, 0) })
}
func (s *scope) linear(x, weight, bias tensor) tensor {
	return s.op("linear", func(o *lib.Ctensor) { lib.AtgLinear(o, x.c, weight.c, bias.c) })
}
func (s *scope) layerNorm(x, weight, bias tensor, eps float64) tensor {
	return s.op("layer_norm", func(o *lib.Ctensor) { lib.AtgLayerNorm(o, x.c, weight.shape(), 1, weight.c, bias.c, eps, 1) })
}
func (s *scope) gelu(x tensor) tensor {
	return s.op("gelu", func(o *lib.Ctensor) { *o = lib.Ctensor(C.parley_gelu(unsafe.Pointer(x.c))) })
}
func (s *scope) attention(q, k, v, mask tensor) tensor {
	return s.op("scaled_dot_product_attention", func(o *lib.Ctensor) {
		lib.AtgScaledDotProductAttention(o, q.c, k.c, v.c, mask.c, 0, 0, 0, 1)
	})
}
func (s *scope) add(a, b tensor) tensor {
	return s.op("add", func(o *lib.Ctensor) { lib.AtgAdd(o, a.c, b.c) })
}
func (s *scope) sub(a, b tensor) tensor {
	return s.op("sub", func(o *lib.Ctensor) { lib.AtgSub(o, a.c, b.c) })
}
func (s *scope) mul(a, b tensor) tensor {
	return s.op("mul", func(o *lib.Ctensor) { lib.AtgMul(o, a.c, b.c) })
}
func (s *scope) div(a, b tensor) tensor {
	return s.op("div", func(o *lib.Ctensor) { lib.AtgDiv(o, a.c, b.c) })
}
func (s *scope) times(a tensor, v float64) tensor {
	return s.op("mul", func(o *lib.Ctensor) { number(v, func(c lib.Cscalar) { lib.AtgMulScalar(o, a.c, c) }) })
}
func (s *scope) plus(a tensor, v float64) tensor {
	return s.op("add", func(o *lib.Ctensor) { number(v, func(c lib.Cscalar) { lib.AtgAddScalar(o, a.c, c) }) })
}
func (s *scope) power(a tensor, v float64) tensor {
	return s.op("pow", func(o *lib.Ctensor) { number(v, func(c lib.Cscalar) { lib.AtgPowTensorScalar(o, a.c, c) }) })
}
func (s *scope) matmul(a, b tensor) tensor {
	return s.op("matmul", func(o *lib.Ctensor) { lib.AtgMatmul(o, a.c, b.c) })
}
func (s *scope) relu(a tensor) tensor {
	return s.op("relu", func(o *lib.Ctensor) { lib.AtgRelu(o, a.c) })
}
func (s *scope) log1p(a tensor) tensor {
	return s.op("log1p", func(o *lib.Ctensor) { lib.AtgLog1p(o, a.c) })
}
func (s *scope) log(a tensor) tensor {
	return s.op("log", func(o *lib.Ctensor) { lib.AtgLog(o, a.c) })
}
func (s *scope) exp(a tensor) tensor {
	return s.op("exp", func(o *lib.Ctensor) { lib.AtgExp(o, a.c) })
}
func (s *scope) square(a tensor) tensor {
	return s.op("square", func(o *lib.Ctensor) { lib.AtgSquare(o, a.c) })
}
func (s *scope) clampMin(a tensor, v float64) tensor {
	return s.op("clamp_min", func(o *lib.Ctensor) { number(v, func(c lib.Cscalar) { lib.AtgClampMin(o, a.c, c) }) })
}

// float returns a in float32; with mixed precision, hidden states are in bfloat16.
func (s *scope) float(a tensor) tensor {
	return s.op("float", func(o *lib.Ctensor) { lib.AtgTotype(o, a.c, kindFloat) })
}
func (s *scope) logSoftmax(a tensor) tensor { // over the last dimension
	return s.op("log_softmax", func(o *lib.Ctensor) { lib.AtgLogSoftmax(o, a.c, -1, kindFloat) })
}
func (s *scope) sum(a tensor) tensor {
	return s.op("sum", func(o *lib.Ctensor) { lib.AtgSum(o, a.c, kindFloat) })
}
func (s *scope) sumLast(a tensor) tensor {
	return s.op("sum", func(o *lib.Ctensor) { lib.AtgSumDimIntlist(o, a.c, []int64{-1}, 1, 0, kindFloat) })
}
func (s *scope) amax(a tensor, dim int64) tensor {
	return s.op("amax", func(o *lib.Ctensor) { lib.AtgAmax(o, a.c, []int64{dim}, 1, 0) })
}
func (s *scope) argmax(a tensor, dim int64) tensor {
	return s.op("argmax", func(o *lib.Ctensor) { lib.AtgArgmax(o, a.c, dim, 0, 0) })
}
func (s *scope) positive(a tensor) tensor {
	return s.op("gt", func(o *lib.Ctensor) { number(0, func(c lib.Cscalar) { lib.AtgGt(o, a.c, c) }) })
}
func (s *scope) nonzero(a tensor) tensor { // [count, dims]
	return s.op("nonzero", func(o *lib.Ctensor) { lib.AtgNonzero(o, a.c) })
}
func (s *scope) reshape(a tensor, shape ...int) tensor {
	return s.op("reshape", func(o *lib.Ctensor) { lib.AtgReshape(o, a.c, sizes(shape), len(shape)) })
}
func (s *scope) transpose(a tensor, i, j int64) tensor {
	return s.op("transpose", func(o *lib.Ctensor) { lib.AtgTranspose(o, a.c, i, j) })
}
func (s *scope) narrow(a tensor, dim, start, length int) tensor {
	return s.op("narrow", func(o *lib.Ctensor) { lib.AtgNarrow(o, a.c, int64(dim), int64(start), int64(length)) })
}
func (s *scope) indexSelect(a tensor, dim int64, index tensor) tensor {
	return s.op("index_select", func(o *lib.Ctensor) { lib.AtgIndexSelect(o, a.c, dim, index.c) })
}
func (s *scope) indexAdd(a tensor, dim int64, index, source tensor) tensor {
	return s.op("index_add", func(o *lib.Ctensor) { lib.AtgIndexAdd(o, a.c, dim, index.c, source.c) })
}
func (s *scope) cat(dim int64, all ...tensor) tensor {
	return s.op("cat", func(o *lib.Ctensor) {
		cs := make([]lib.Ctensor, len(all))
		for i, t := range all {
			cs[i] = t.c
		}
		lib.AtgCat(o, cs, len(cs), dim)
	})
}
func (s *scope) detach(a tensor) tensor {
	return s.op("detach", func(o *lib.Ctensor) { lib.AtgDetach(o, a.c) })
}
func (s *scope) zeros(shape ...int) tensor {
	return s.op("zeros", func(o *lib.Ctensor) { lib.AtgZeros(o, sizes(shape), len(shape), kindFloat, int32(s.device)) })
}

// Seed seeds libtorch's generators. New weights do not depend on them: they are
// drawn in Go, from a seed of their own.
func Seed(seed int64) { C.parley_seed(C.int64_t(seed)) }

// Threads sets how many cores an operation may use.
func Threads(n int) { C.parley_threads(C.int(n)) }

// LiveBlocks returns the number of memory blocks that libtorch has allocated on the
// CPU since its first call and not freed. Tests use it to show that nothing leaks.
func LiveBlocks() int64 { return int64(C.parley_live_blocks()) }

// Device returns the number of the device with the given name: "cpu", "cuda" or
// "cuda:1".
func Device(name string) (int, error) {
	if name == "cpu" || name == "" {
		return onCPU, nil
	}
	n := 0
	if name != "cuda" {
		if _, err := fmt.Sscanf(name, "cuda:%d", &n); err != nil || n < 0 {
			return 0, fmt.Errorf("device %q: wanted cpu, cuda or cuda:N", name)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if C.parley_load_cuda() == 0 {
		return 0, fmt.Errorf("device %q: this libtorch has no CUDA (%v); build with LIBTORCH set to one that has it", name, lastError())
	}
	if have := int(lib.AtcCudaDeviceCount()); n >= have {
		return 0, fmt.Errorf("device %q: libtorch sees %d CUDA devices", name, have)
	}
	return n, nil
}
