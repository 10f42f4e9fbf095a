package matrix

import "math"

// portable is the definition of every operation.
var portable = ops{
	path:     Portable,
	pack:     func(dst, row []int8, n, K int) { copy(dst[n*K:], row) }, // row-major, unchanged
	unpack:   func(row, src []int8, n, K int) { copy(row, src[n*K:n*K+K]) },
	quantize: quantizePairs,
	linear:   linearPortable,
	head:     headPortable,

	matmul:    matmulPortable,
	attention: attentionPortable,
	addNorm:   addNormPortable,
	gelu:      geluPortable,
}

// magic is 1.5 * 2^23. Adding it to |x| < 2^22 rounds x to an integer, half to even, which
// is then in the low bits of the sum.
const magic = 12582912

const magicBits = 0x4B400000 // of float32(magic)

// tiny is the row maximum below which a row is treated as zero: 127/max and the scale
// would leave the normal range of float32.
const tiny = 1e-30

// quantizeRow turns a row into integers from -127 to 127 and the scale that turns them
// back: x ~ scale * q.
//
//	scale = max|x| / 127,  q = round(x * (127 / max|x|)), half to even
func quantizeRow(x []float32, q []int16) (scale float32) {
	var most float32
	for _, v := range x {
		most = max(most, math.Float32frombits(math.Float32bits(v)&0x7FFFFFFF))
	}
	if most < tiny {
		clear(q)
		return 0
	}
	up := 127 / most
	q = q[:len(x)]
	for i, v := range x {
		t := float32(v*up) + magic
		q[i] = int16(int32(math.Float32bits(t)) - magicBits)
	}
	return most / 127
}

// quantize is the operation as the kernel provides it: x [m][K] to q [m][K] and scale [m].
func quantize(q []int16, scale, x []float32, m, K int) {
	for i := range m {
		scale[i] = quantizeRow(x[i*K:i*K+K], q[i*K:i*K+K])
	}
}

// quantizePairs also packs two tokens into one int64, a + b<<32, so that one
// multiplication by a weight serves both. In wrapping arithmetic, the low half of a sum of
// such products is the first token's sum, and the rest is the second's. Rows are filled up
// with zeros to a multiple of 4 tokens.
func quantizePairs(s *Scratch, x []float32, m, K int) {
	m4 := (m + 3) &^ 3
	s.q, s.scale, s.pairs = grow(s.q, m4*K), grow(s.scale, m4), grow(s.pairs, m4/2*K)
	quantize(s.q, s.scale, x, m, K)
	clear(s.q[m*K:])
	clear(s.scale[m:])
	for i := 0; i < m4; i += 2 {
		a, b, p := s.q[i*K:i*K+K], s.q[i*K+K:i*K+2*K], s.pairs[i/2*K:i/2*K+K]
		for k := range p {
			p[k] = int64(a[k]) + int64(b[k])<<32
		}
	}
}

// dots4x2 sums over k the products of two pairs of tokens with two rows of weights. c0 and
// c1 belong to w0 and tokens 0-1 and 2-3; d0 and d1 belong to w1.
func dots4x2(p0, p1 []int64, w0, w1 []int8) (c0, c1, d0, d1 int64) {
	p1, w0, w1 = p1[:len(p0)], w0[:len(p0)], w1[:len(p0)]
	for k, x := range p0 {
		y, w, v := p1[k], int64(w0[k]), int64(w1[k])
		c0 += x * w
		c1 += y * w
		d0 += x * v
		d1 += y * v
	}
	return
}

// split separates the two sums of a pair.
func split(c int64) (int32, int32) {
	lo := int32(c)
	return lo, int32((c - int64(lo)) >> 32)
}

// dequantize computes one logit. The order of its three roundings is part of the
// definition; head does the last two after its maximum.
//
//	out = ((float32(sum) * scale) * wscale) + bias
func dequantize(sum int32, scale, wscale, bias float32) float32 {
	return float32(float32(float32(sum)*scale)*wscale) + bias
}

// linearPortable: out[i][n] = dequantize(sum over k of q[i][k] * w[n][k], scale[i], wscale[n], bias[n]).
func linearPortable(s *Scratch, out []float32, m int, w *Weights) {
	N, K := Pad(w.N), Pad(w.K)
	for n := 0; n < N; n += 2 {
		w0, w1 := w.int8[n*K:n*K+K], w.int8[n*K+K:n*K+2*K]
		for i := 0; i < m; i += 4 {
			p := s.pairs[i/2*K : i/2*K+2*K]
			c0, c1, d0, d1 := dots4x2(p[:K], p[K:], w0, w1)
			var c, d [4]int32
			c[0], c[1] = split(c0)
			c[2], c[3] = split(c1)
			d[0], d[1] = split(d0)
			d[2], d[3] = split(d1)
			for j := range min(4, m-i) {
				o := out[(i+j)*N+n : (i+j)*N+n+2]
				o[0] = dequantize(c[j], s.scale[i+j], w.scale[n], w.bias[n])
				o[1] = dequantize(d[j], s.scale[i+j], w.scale[n+1], w.bias[n+1])
			}
		}
	}
}

// headPortable: out[n] = max over i of (float32(sum) * scale[i]), then * wscale[n] + bias[n].
func headPortable(s *Scratch, out []float32, m int, w *Weights) {
	N, K := Pad(w.N), Pad(w.K)
	for n := 0; n < N; n += 2 {
		w0, w1 := w.int8[n*K:n*K+K], w.int8[n*K+K:n*K+2*K]
		best0, best1 := float32(-math.MaxFloat32), float32(-math.MaxFloat32)
		for i := 0; i < m; i += 4 {
			p := s.pairs[i/2*K : i/2*K+2*K]
			c0, c1, d0, d1 := dots4x2(p[:K], p[K:], w0, w1)
			var c, d [4]int32
			c[0], c[1] = split(c0)
			c[2], c[3] = split(c1)
			d[0], d[1] = split(d0)
			d[2], d[3] = split(d1)
			for j, scale := range s.scale[i:min(i+4, m)] {
				best0 = max(best0, float32(c[j])*scale)
				best1 = max(best1, float32(d[j])*scale)
			}
		}
		out[n] = float32(best0*w.scale[n]) + w.bias[n]
		out[n+1] = float32(best1*w.scale[n+1]) + w.bias[n+1]
	}
}

// matmulPortable: c[i][j] = sum over k of a[i][k] * b[k][j] (+ bias[j] where
// there is one), for i < m and j < N, N a multiple of 16; k runs upwards.
func matmulPortable(a []float32, lda int, b []float32, ldb int, bias, c []float32, ldc, m, N, k int) {
	for i := 0; i < m; i += 2 {
		a0 := a[i*lda : i*lda+k]
		a1 := a0
		if i+1 < m {
			a1 = a[(i+1)*lda : (i+1)*lda+k]
		}
		for j := 0; j < N; j += 4 {
			var c00, c01, c02, c03, c10, c11, c12, c13 float32
			at := j
			for l, x := range a0 {
				y, w := a1[l], b[at:at+4:at+4]
				c00 += float32(x * w[0])
				c01 += float32(x * w[1])
				c02 += float32(x * w[2])
				c03 += float32(x * w[3])
				c10 += float32(y * w[0])
				c11 += float32(y * w[1])
				c12 += float32(y * w[2])
				c13 += float32(y * w[3])
				at += ldb
			}
			if bias != nil {
				w := bias[j : j+4]
				c00, c01, c02, c03 = c00+w[0], c01+w[1], c02+w[2], c03+w[3]
				c10, c11, c12, c13 = c10+w[0], c11+w[1], c12+w[2], c13+w[3]
			}
			o := c[i*ldc+j : i*ldc+j+4]
			o[0], o[1], o[2], o[3] = c00, c01, c02, c03
			if i+1 < m {
				o = c[(i+1)*ldc+j : (i+1)*ldc+j+4]
				o[0], o[1], o[2], o[3] = c10, c11, c12, c13
			}
		}
	}
}

// attentionPortable, for each head, with q, k, v its columns of qkv:
//
//	s[i][j] = sum over d of q[i][d] * k[j][d]       d upwards, like matmul
//	e[i][j] = exp((s[i][j] - max over j of s[i]) * scale)
//	t[i]    = sum over j of e[i][j]                 16 stripes
//	ctx[i]  = (sum over j of e[i][j] * v[j]) * (1/t[i])   j upwards, like matmul
//
// scratch holds k transposed, [D][M] with M = Pad(m), then 16 rows of scores,
// [16][M]. The pads of both are zero or of no consequence.
func attentionPortable(scratch, ctx, qkv []float32, m, heads, D int, scale float32) {
	M, H := Pad(m), heads*D
	kt, scores := scratch[:D*M], scratch[D*M:(D+Lanes)*M]
	for h := range heads {
		q, k, v := qkv[h*D:], qkv[H+h*D:], qkv[2*H+h*D:]
		for d := range D {
			for j := range m {
				kt[d*M+j] = k[j*3*H+d]
			}
			clear(kt[d*M+m : d*M+M])
		}
		for i := 0; i < m; i += Lanes {
			rows := min(Lanes, m-i)
			matmulPortable(q[i*3*H:], 3*H, kt, M, nil, scores, M, rows, M, D)
			var inverse [Lanes]float32
			for r := range rows {
				inverse[r] = 1 / softmaxRow(scores[r*M:r*M+m], scale)
			}
			out := ctx[i*H+h*D:]
			matmulPortable(scores, M, v, 3*H, nil, out, H, rows, D, m)
			for r := range rows {
				o := out[r*H : r*H+D]
				for d := range o {
					o[d] = float32(o[d] * inverse[r])
				}
			}
		}
	}
}

// softmaxRow replaces s by exp((s - max) * scale) and returns the sum.
func softmaxRow(s []float32, scale float32) float32 {
	most := s[0]
	for _, v := range s {
		most = max(most, v)
	}
	var stripe [Lanes]float32
	for j, v := range s {
		e := exp(float32((v - most) * scale))
		s[j] = e
		stripe[j%Lanes] += e
	}
	return fold(&stripe)
}

// fold adds up the 16 partial sums.
func fold(s *[Lanes]float32) float32 {
	for w := Lanes / 2; w > 0; w /= 2 {
		for i := range w {
			s[i] += s[i+w]
		}
	}
	return s[0]
}

// addNormPortable, for each row: a = x + y; mean = sum(a)/n;
// variance = sum((a-mean)^2)/n; x = ((a-mean) * (1/sqrt(variance+eps))) * gamma + beta.
func addNormPortable(x, y, gamma, beta []float32, m, n int, eps float32) {
	N := Pad(n)
	gamma, beta = gamma[:n], beta[:n]
	for i := range m {
		a := x[i*N : i*N+n]
		if y != nil {
			for j, v := range y[i*N : i*N+n] {
				a[j] += v
			}
		}
		var stripe [Lanes]float32
		for j, v := range a {
			stripe[j%Lanes] += v
		}
		mean := fold(&stripe) / float32(n)
		stripe = [Lanes]float32{}
		for j, v := range a {
			d := v - mean
			stripe[j%Lanes] += float32(d * d)
		}
		variance := fold(&stripe) / float32(n)
		inverse := 1 / float32(math.Sqrt(float64(variance+eps))) // rounds once: the sqrt of a float32 is exact enough in float64
		for j, v := range a {
			a[j] = float32(float32((v-mean)*inverse)*gamma[j]) + beta[j]
		}
	}
}

func geluPortable(x []float32) {
	for i, v := range x {
		x[i] = gelu(v)
	}
}

// gelu is x*Phi(x) with erf by Abramowitz and Stegun 7.1.26:
//
//	erf(z) = 1 - (a1 t + a2 t^2 + ... + a5 t^5) exp(-z^2),  t = 1/(1 + .3275911 z),  z >= 0
func gelu(x float32) float32 {
	z := abs(float32(x * 0.70710678))
	t := 1 / (1 + float32(z*0.3275911))
	p := float32(1.061405429)
	p = float32(p*t) + -1.453152027
	p = float32(p*t) + 1.421413741
	p = float32(p*t) + -0.284496736
	p = float32(p*t) + 0.254829592
	erf := 1 - float32(float32(p*t)*exp(-float32(z*z)))
	// Or in the sign bit of x: erf >= 0, except -1.2e-7 at z = 0, which stays negative.
	erf = math.Float32frombits(math.Float32bits(erf) | math.Float32bits(x)&0x80000000)
	return float32(float32(x*0.5) * (1 + erf))
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ 0x80000000) }

// Exp returns e^x for x <= 0, at least e^-87, with the same bits on every machine.
func Exp(x float32) float32 { return exp(x) }

// exp returns e^x for x <= 0 by Cephes' expf: x = n ln 2 + r, |r| <= ln 2 / 2, and a
// polynomial in r. Below -87 it returns e^-87, which is above the denormals.
func exp(x float32) float32 {
	x = max(x, -87)
	t := float32(x*1.44269504) + magic
	n := t - magic
	r := x - float32(n*0.693359375)
	r -= float32(n * -2.12194440e-4)
	p := float32(1.9875691500e-4)
	p = float32(p*r) + 1.3981999507e-3
	p = float32(p*r) + 8.3334519073e-3
	p = float32(p*r) + 4.1665795894e-2
	p = float32(p*r) + 1.6666665459e-1
	p = float32(p*r) + 5.0000001201e-1
	p = float32(p*float32(r*r)) + (r + 1)
	// 2^n: the low bits of t hold n, and the shift moves it into the exponent.
	return float32(p * math.Float32frombits(math.Float32bits(t)<<23+0x3F800000))
}

// Log1p returns log(1+x) for x >= 0, within 2 units in the last place: Cephes' logf of u =
// 1+x rounded, and a correction for that rounding.
func Log1p(x float32) float32 {
	u := 1 + x
	b := math.Float32bits(u)
	// u = 2^e * f with f in [sqrt 1/2, sqrt 2)
	e := int32(b-0x3F3504F3) >> 23
	f := math.Float32frombits(b-uint32(e)<<23) - 1
	z := float32(f * f)
	p := float32(7.0376836292e-2)
	p = float32(p*f) + -1.1514610310e-1
	p = float32(p*f) + 1.1676998740e-1
	p = float32(p*f) + -1.2420140846e-1
	p = float32(p*f) + 1.4249322787e-1
	p = float32(p*f) + -1.6668057665e-1
	p = float32(p*f) + 2.0000714765e-1
	p = float32(p*f) + -2.4999993993e-1
	p = float32(p*f) + 3.3333331174e-1
	y := float32(float32(p*f) * z)
	y += float32(float32(e) * -2.12194440e-4)
	y -= float32(0.5 * z)
	y += (x - (u - 1)) / u
	return (f + y) + float32(float32(e)*0.693359375)
}
