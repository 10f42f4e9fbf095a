//go:build arm64

package matrix

import "golang.org/x/sys/cpu"

func init() {
	neon.attention = neon.attend(softmaxNEON, scaleNEON)
	neonDot.attention, neonDot.matmul, neonDot.gelu, neonDot.addNorm = neon.attention, neon.matmul, neon.gelu, neon.addNorm
	builds = append(builds, &neon)
	if cpu.ARM64.HasASIMDDP {
		builds = append(builds, &neonDot)
	}
	active = builds[len(builds)-1]
}

//go:noescape
func linearNEON(q *int8, scale *float32, w *int8, wscale, bias, out *float32, stride, m, K int)

//go:noescape
func headNEON(q *int8, scale *float32, w *int8, wscale, bias, out *float32, m, K int)

//go:noescape
func linearDot(q *int8, scale *float32, w *int8, wscale, bias, out *float32, stride, m, K int)

//go:noescape
func headDot(q *int8, scale *float32, w *int8, wscale, bias, out *float32, m, K int)

//go:noescape
func quantizeNEON(x *float32, q *int8, scale *float32, m, K int)

//go:noescape
func matmulNEON(a *float32, lda int, b *float32, ldb int, bias, c *float32, ldc, m, k int)

//go:noescape
func softmaxNEON(s *float32, n int, scale float32) (sum float32)

//go:noescape
func scaleNEON(x *float32, n int, by float32)

//go:noescape
func geluNEON(x *float32, n int)

//go:noescape
func addNormNEON(x, y, gamma, beta *float32, m, n int, eps float32)

// neon is for every processor: four bytes' products are added up in two steps.
var neon = ops{
	path:     NEON,
	pack:     func(dst, row []int8, n, K int) { packQuads(dst, row, n, K, 16) },
	unpack:   func(row, src []int8, n, K int) { unpackQuads(row, src, n, K, 16) },
	quantize: quantizeBytes,
	linear: func(s *Scratch, out []float32, m int, w *Weights) {
		N, K := Pad(w.N), Pad(w.K)
		for n := 0; n < N; n += 16 {
			linearNEON(at(s.i8), at(s.scale), &w.int8[n*K], &w.scale[n], &w.bias[n], &out[n], N, m, K)
		}
	},
	head: func(s *Scratch, out []float32, m int, w *Weights) {
		N, K := Pad(w.N), Pad(w.K)
		for n := 0; n < N; n += 16 {
			headNEON(at(s.i8), at(s.scale), &w.int8[n*K], &w.scale[n], &w.bias[n], &out[n], m, K)
		}
	},
	matmul: func(a []float32, lda int, b []float32, ldb int, bias, c []float32, ldc, m, N, k int) {
		for n := 0; n < N; n += 16 {
			matmulNEON(at(a), lda, &b[n], ldb, from(bias, n), &c[n], ldc, m, k)
		}
	},
	gelu: func(x []float32) { geluNEON(at(x), len(x)) },
	addNorm: func(x, y, gamma, beta []float32, m, n int, eps float32) {
		addNormNEON(at(x), at(y), at(gamma), at(beta), m, n, eps)
	},
}

// neonDot uses NEON's operations on floats, and SDOT.
var neonDot = ops{
	path:     NEONDot,
	pack:     neon.pack,
	unpack:   neon.unpack,
	quantize: quantizeBytes,
	linear: func(s *Scratch, out []float32, m int, w *Weights) {
		N, K := Pad(w.N), Pad(w.K)
		for n := 0; n < N; n += 16 {
			linearDot(at(s.i8), at(s.scale), &w.int8[n*K], &w.scale[n], &w.bias[n], &out[n], N, m, K)
		}
	},
	head: func(s *Scratch, out []float32, m int, w *Weights) {
		N, K := Pad(w.N), Pad(w.K)
		for n := 0; n < N; n += 16 {
			headDot(at(s.i8), at(s.scale), &w.int8[n*K], &w.scale[n], &w.bias[n], &out[n], m, K)
		}
	},
}

func quantizeBytes(s *Scratch, x []float32, m, K int) {
	s.i8, s.scale = grow(s.i8, m*K), grow(s.scale, m)
	quantizeNEON(at(x), at(s.i8), at(s.scale), m, K)
}
