//go:build amd64

package matrix

import (
	"math"

	"golang.org/x/sys/cpu"
)

// constants are read by the assembly, by index; portable.go explains each.
var constants = [...]float32{
	-math.MaxFloat32,
	math.Float32frombits(0x7FFFFFFF),                    // 1: all but the sign
	math.Float32frombits(128),                           // 2: an integer
	-87, 1.44269504, magic, 0.693359375, -2.12194440e-4, // 3-7: exp
	1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, // 8-13
	1,                                                                                             // 14
	0.70710678, 0.3275911, 1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592, 0.5, // 15-22: gelu
	math.Float32frombits(0x80000000), // 23: the sign
}

// wide holds each constant eight times, and lanes holds 16 lanes on and 16 off: AVX2 has
// neither enough registers to keep them nor mask registers.
var (
	wide  [len(constants)][8]float32
	lanes [32]int32
)

func init() {
	for i := range wide {
		for j := range wide[i] {
			wide[i][j] = constants[i]
		}
	}
	for i := range 16 {
		lanes[i] = -1
	}
	avx2.attention = avx2.attend(softmax2, scale2)
	avx512.attention = avx512.attend(softmax512, scale512)
	avxVNNI.attention, avxVNNI.matmul, avxVNNI.gelu, avxVNNI.addNorm = avx2.attention, avx2.matmul, avx2.gelu, avx2.addNorm
	if cpu.X86.HasAVX2 {
		builds = append(builds, &avx2)
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasAVXVNNI {
		builds = append(builds, &avxVNNI)
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VNNI {
		builds = append(builds, &avx512)
	}
	active = builds[len(builds)-1]
}

//go:noescape
func linear2(q *int16, scale *float32, w *int8, wscale, bias, out *float32, stride, m, K int)

//go:noescape
func head2(q *int16, scale *float32, w *int8, wscale, bias, out *float32, m, K int)

//go:noescape
func matmul2(a *float32, lda int, b *float32, ldb int, bias, c *float32, ldc, m, k int)

//go:noescape
func most2(x *float32, n int) float32

//go:noescape
func round2(q *int16, x *float32, n int, up float32)

//go:noescape
func softmax2(s *float32, n int, scale float32) float32

//go:noescape
func scale2(x *float32, n int, by float32)

//go:noescape
func gelu2(x *float32, n int)

//go:noescape
func addnorm2(x, y, gamma, beta *float32, m, n int, eps float32)

//go:noescape
func linearVNNI(q *uint8, scale *float32, w *int8, extra *int32, wscale, bias, out *float32, stride, m, K int)

//go:noescape
func headVNNI(q *uint8, scale *float32, w *int8, extra *int32, wscale, bias, out *float32, m, K int)

//go:noescape
func roundVNNI(q *uint8, x *float32, n int, up float32)

//go:noescape
func linear512(q *uint8, scale *float32, w *int8, extra *int32, wscale, bias, out *float32, stride, m, K int)

//go:noescape
func head512(q *uint8, scale *float32, w *int8, extra *int32, wscale, bias, out *float32, m, K int)

//go:noescape
func matmul512x64(a *float32, lda int, b *float32, ldb int, bias, c *float32, ldc, m, k int)

//go:noescape
func matmul512x16(a *float32, lda int, b *float32, ldb int, bias, c *float32, ldc, m, k int)

//go:noescape
func most512(x *float32, n int) float32

//go:noescape
func round512(q *uint8, x *float32, n int, up float32)

//go:noescape
func softmax512(s *float32, n int, scale float32) float32

//go:noescape
func scale512(x *float32, n int, by float32)

//go:noescape
func gelu512(x *float32, n int)

//go:noescape
func addnorm512(x, y, gamma, beta *float32, m, n int, eps float32)

// unsigned quantises to q + 128: VPDPBUSD takes unsigned bytes.
func (s *Scratch) unsigned(x []float32, m, K int, most func(*float32, int) float32, round func(*uint8, *float32, int, float32)) {
	s.u8, s.scale = grow(s.u8, m*K), grow(s.scale, m)
	for i := range m {
		top := most(&x[i*K], K)
		if top < tiny {
			s.scale[i] = 0
			for k := range s.u8[i*K : i*K+K] {
				s.u8[i*K+k] = 128
			}
			continue
		}
		s.scale[i] = top / 127
		round(&s.u8[i*K], &x[i*K], K, 127/top)
	}
}

// VPDPBUSD multiplies the weights of packQuads by 4 unsigned bytes of a token; those are q
// + 128, and extra subtracts the 128 again. avxVNNI uses AVX2's operations on floats.
var avxVNNI = ops{
	path:     AVXVNNI,
	unsigned: true,
	pack:     func(dst, row []int8, n, K int) { packQuads(dst, row, n, K, 16) },
	unpack:   func(row, src []int8, n, K int) { unpackQuads(row, src, n, K, 16) },
	quantize: func(s *Scratch, x []float32, m, K int) {
		s.unsigned(x, m, K, most2, roundVNNI)
	},
	linear: func(s *Scratch, out []float32, m int, w *Weights) {
		N, K := Pad(w.N), Pad(w.K)
		for n := 0; n < N; n += 16 {
			linearVNNI(at(s.u8), at(s.scale), &w.int8[n*K], &w.extra[n], &w.scale[n], &w.bias[n], &out[n], N, m, K)
		}
	},
	head: func(s *Scratch, out []float32, m int, w *Weights) {
		N, K := Pad(w.N), Pad(w.K)
		for n := 0; n < N; n += 16 {
			headVNNI(at(s.u8), at(s.scale), &w.int8[n*K], &w.extra[n], &w.scale[n], &w.bias[n], &out[n], m, K)
		}
	},
}

var avx512 = ops{
	path:     AVX512,
	unsigned: true,
	pack:     func(dst, row []int8, n, K int) { packQuads(dst, row, n, K, 64) },
	unpack:   func(row, src []int8, n, K int) { unpackQuads(row, src, n, K, 64) },
	quantize: func(s *Scratch, x []float32, m, K int) {
		s.unsigned(x, m, K, most512, round512)
	},
	linear: func(s *Scratch, out []float32, m int, w *Weights) {
		N, K := Pad(w.N), Pad(w.K)
		for n := 0; n < N; n += 64 {
			to, stride := out[n:], N
			if N-n < 64 { // the end of a panel would overwrite the next row
				s.wide = grow(s.wide, m*64)
				to, stride = s.wide, 64
			}
			linear512(at(s.u8), at(s.scale), &w.int8[n*K], &w.extra[n], &w.scale[n], &w.bias[n], at(to), stride, m, K)
			if N-n < 64 {
				for i := range m {
					copy(out[i*N+n:i*N+N], s.wide[i*64:])
				}
			}
		}
	},
	head: func(s *Scratch, out []float32, m int, w *Weights) {
		N, K := Pad(w.N), Pad(w.K)
		for n := 0; n < N; n += 64 {
			to := out[n:]
			if N-n < 64 {
				s.wide = grow(s.wide, 64)
				to = s.wide
			}
			head512(at(s.u8), at(s.scale), &w.int8[n*K], &w.extra[n], &w.scale[n], &w.bias[n], at(to), m, K)
			if N-n < 64 {
				copy(out[n:N], s.wide)
			}
		}
	},
	matmul: func(a []float32, lda int, b []float32, ldb int, bias, c []float32, ldc, m, N, k int) {
		n := 0
		for ; n+64 <= N; n += 64 {
			matmul512x64(at(a), lda, &b[n], ldb, from(bias, n), &c[n], ldc, m, k)
		}
		for ; n < N; n += 16 {
			matmul512x16(at(a), lda, &b[n], ldb, from(bias, n), &c[n], ldc, m, k)
		}
	},
	gelu: func(x []float32) { gelu512(at(x), len(x)) },
	addNorm: func(x, y, gamma, beta []float32, m, n int, eps float32) {
		addnorm512(at(x), at(y), at(gamma), at(beta), m, n, eps)
	},
}

// avx2 has no byte product that is exact for all int8, so it multiplies pairs of int16;
// weights are widened as they are read.
var avx2 = ops{
	path:   AVX2,
	pack:   packPairs8,
	unpack: unpackPairs8,
	quantize: func(s *Scratch, x []float32, m, K int) {
		s.q, s.scale = grow(s.q, m*K), grow(s.scale, m)
		for i := range m {
			most := most2(&x[i*K], K)
			if most < tiny {
				s.scale[i] = 0
				clear(s.q[i*K : i*K+K])
				continue
			}
			s.scale[i] = most / 127
			round2(&s.q[i*K], &x[i*K], K, 127/most)
		}
	},
	linear: func(s *Scratch, out []float32, m int, w *Weights) {
		N, K := Pad(w.N), Pad(w.K)
		for n := 0; n < N; n += 16 {
			linear2(at(s.q), at(s.scale), &w.int8[n*K], &w.scale[n], &w.bias[n], &out[n], N, m, K)
		}
	},
	head: func(s *Scratch, out []float32, m int, w *Weights) {
		N, K := Pad(w.N), Pad(w.K)
		for n := 0; n < N; n += 16 {
			head2(at(s.q), at(s.scale), &w.int8[n*K], &w.scale[n], &w.bias[n], &out[n], m, K)
		}
	},
	matmul: func(a []float32, lda int, b []float32, ldb int, bias, c []float32, ldc, m, N, k int) {
		for n := 0; n < N; n += 16 {
			matmul2(at(a), lda, &b[n], ldb, from(bias, n), &c[n], ldc, m, k)
		}
	},
	gelu: func(x []float32) { gelu2(at(x), len(x)) },
	addNorm: func(x, y, gamma, beta []float32, m, n int, eps float32) {
		addnorm2(at(x), at(y), at(gamma), at(beta), m, n, eps)
	},
}
