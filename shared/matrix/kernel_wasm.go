//go:build wasm && !nokernel

package matrix

import "unsafe"

// In WebAssembly the operations can come from wasm/kernel, a C module with SIMD that works
// on this instance's memory. The host provides the module's exports as imports of module
// "kernel", or stubs where SIMD is missing, and says which
// (wasm/reactor, Path).
// Build with -tags nokernel for a host that provides neither (go test under wasmtime or
// Node).

//go:wasmimport kernel quantize
//go:noescape
func kernelQuantize(x, q, scale unsafe.Pointer, m, k int32)

//go:wasmimport kernel linear_int8
//go:noescape
func kernelLinear(q, scale, w, wscale, bias, out unsafe.Pointer, m, n, k int32)

//go:wasmimport kernel head_int8
//go:noescape
func kernelHead(q, scale, w, wscale, bias, out unsafe.Pointer, m, n, k int32)

//go:wasmimport kernel matmul
//go:noescape
func kernelMatmul(a, b, bias, c unsafe.Pointer, lda, ldb, ldc, m, n, k int32)

//go:wasmimport kernel attention
//go:noescape
func kernelAttention(qkv, ctx, scratch unsafe.Pointer, m, heads, d int32, scale float32)

//go:wasmimport kernel add_norm
//go:noescape
func kernelAddNorm(x, y, gamma, beta unsafe.Pointer, m, n int32, eps float32)

//go:wasmimport kernel gelu
//go:noescape
func kernelGELU(x unsafe.Pointer, count int32)

func init() {
	relaxed = kernel
	relaxed.path = Relaxed
	relaxed.pack = func(dst, row []int8, n, K int) { packQuads(dst, row, n, K, 8) }
	relaxed.unpack = func(row, src []int8, n, K int) { unpackQuads(row, src, n, K, 8) }
	builds = append(builds, &kernel, &relaxed)
}

func at[T any](s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }

// relaxed is kernel with the weights in quads: its quantize writes a byte for each
// activation in place of an int16.
var relaxed ops

// kernel packs weights as panels of 8 outputs. For every pair of k a panel has 16 bytes:
// [n0k0 n0k1 n1k0 n1k1 ... n7k0 n7k1].
var kernel = ops{
	path:   Kernel,
	pack:   packPairs8,
	unpack: unpackPairs8,
	quantize: func(s *Scratch, x []float32, m, K int) {
		s.q, s.scale = grow(s.q, m*K), grow(s.scale, m)
		kernelQuantize(at(x), at(s.q), at(s.scale), int32(m), int32(K))
	},
	linear: func(s *Scratch, out []float32, m int, w *Weights) {
		kernelLinear(at(s.q), at(s.scale), at(w.int8), at(w.scale), at(w.bias), at(out), int32(m), int32(Pad(w.N)), int32(Pad(w.K)))
	},
	head: func(s *Scratch, out []float32, m int, w *Weights) {
		kernelHead(at(s.q), at(s.scale), at(w.int8), at(w.scale), at(w.bias), at(out), int32(m), int32(Pad(w.N)), int32(Pad(w.K)))
	},
	matmul: func(a []float32, lda int, b []float32, ldb int, bias, c []float32, ldc, m, N, k int) {
		kernelMatmul(at(a), at(b), at(bias), at(c), int32(lda), int32(ldb), int32(ldc), int32(m), int32(N), int32(k))
	},
	attention: func(scratch, ctx, qkv []float32, m, heads, D int, scale float32) {
		kernelAttention(at(qkv), at(ctx), at(scratch), int32(m), int32(heads), int32(D), scale)
	},
	addNorm: func(x, y, gamma, beta []float32, m, n int, eps float32) {
		kernelAddNorm(at(x), at(y), at(gamma), at(beta), int32(m), int32(n), eps)
	},
	gelu: func(x []float32) { kernelGELU(at(x), int32(len(x))) },
}
