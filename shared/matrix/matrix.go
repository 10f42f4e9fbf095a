// Package matrix is the arithmetic of a BERT encoder: eight operations, defined once in
// plain Go (portable.go), and implemented again in assembly (AVX2, AVX-VNNI, AVX-512, NEON)
// and in C as a WebAssembly kernel. All implementations give the same bits for all finite
// inputs; portable.go is the specification.
//
// Layout. Matrices are row-major. Every row of float32 is padded to a multiple of 16
// values, Pad(n), and the padding is zero before and after every operation. Sizes below in
// capitals are padded (K = Pad(k)); m, the number of tokens, never is.
//
//	op         kernel import   arguments (pointers, then int32, then float32)
//	quantize   quantize        x f32[m][K], q i16[m][K], scale f32[m];               m, K
//	linear     linear_int8     q i16[m][K], scale f32[m], w, wscale f32[N],
//	                           bias f32[N], out f32[m][N];                           m, N, K
//	head       head_int8       the same, but out f32[N], the maximum over m;         m, N, K
//	matmul     matmul          a f32[m][lda], b f32[k][ldb], bias f32[N] or null,
//	                           c f32[m][ldc];                                        lda, ldb, ldc, m, N, k
//	attention  attention       qkv f32[m][3][heads][D], ctx f32[m][heads][D],
//	                           scratch f32[Pad(m)*(D+16)];                           m, heads, D, then scale
//	addnorm    add_norm        x f32[m][N] in and out, y f32[m][N] or null,
//	                           gamma f32[N], beta f32[N];                            m, n (not padded), then eps
//	gelu       gelu            x f32[count] in and out;                              count (multiple of 16)
//
// The eighth, log(1+x), is always plain Go (a few hundred values per query). w is int8
// weights packed by the path that reads them: see its pack function.
//
// Rules that make the bits equal
//   - float32 throughout; a product is rounded before it is added (no fused
//     multiply-add): float32(a*b) + c.
//   - A sum over a row (layer norm, softmax) has 16 stripes: element i goes to
//     stripe i mod 16, each starting at +0 and running upwards; then the stripes
//     fold, s[i] += s[i+8] for i < 8, then 4, 2, 1. So 4, 8 and 16 lanes agree.
//   - A float product of matrices runs over k upwards from +0, for each output
//     alone: a vector holds outputs, never partial sums of one.
//   - Integers are exact in any order. They become float32 rounded to nearest
//     even, and float32 becomes an integer by adding 12582912 = 1.5*2^23, which
//     rounds half to even too.
//   - Maxima are free of order: none sees a -0 (sums start at +0). What NaN and
//     infinities give is not specified; the encoder refuses weights with them.
package matrix

import "fmt"

//go:generate go run ./neon

// Lanes is the width of the widest vector in float32s: rows are padded to a multiple of
// it.
const Lanes = 16

// Pad returns n rounded up to a multiple of Lanes.
func Pad(n int) int { return (n + Lanes - 1) &^ (Lanes - 1) }

// A Path is one implementation of the operations.
type Path string

const (
	Portable Path = "portable" // plain Go
	AVX2     Path = "avx2"
	AVXVNNI  Path = "avxvnni" // AVX2, and AVX-VNNI's integer product
	AVX512   Path = "avx512"  // with VNNI
	NEON     Path = "neon"    // on arm64
	NEONDot  Path = "neondot" // NEON, and Armv8.2's integer product
	Kernel   Path = "kernel"  // the WebAssembly module kernel.wasm in wasm/kernel
	Relaxed  Path = "relaxed" // relaxed.wasm there
)

// ops is one path's implementation. The methods of Scratch do not check lengths; that is
// up to the callers.
type ops struct {
	path     Path
	unsigned bool                            // quantises to q + 128, and needs Weights.extra
	pack     func(dst, row []int8, n, K int) // writes row n of a weight matrix in packed form
	unpack   func(row, src []int8, n, K int) // the reverse
	quantize func(s *Scratch, x []float32, m, K int)
	linear   func(s *Scratch, out []float32, m int, w *Weights)
	head     func(s *Scratch, out []float32, m int, w *Weights)

	matmul    func(a []float32, lda int, b []float32, ldb int, bias, c []float32, ldc, m, N, k int)
	attention func(scratch, ctx, qkv []float32, m, heads, D int, scale float32)
	addNorm   func(x, y, gamma, beta []float32, m, n int, eps float32)
	gelu      func(x []float32)
}

// builds are the paths that this machine can run, slowest first; each path's file appends
// its own. active is the path in use.
var (
	builds = []*ops{&portable}
	active = &portable
)

// Use switches to a path. It returns an error for a path that this machine cannot run.
// Weights keep the path for which they were packed, so call Use before loading any. A
// native program starts on the fastest path; a WebAssembly program starts on the portable
// one, since only its host knows whether the kernel is available.
func Use(p Path) error {
	for _, b := range builds {
		if b.path == p {
			active = b
			return nil
		}
	}
	return fmt.Errorf("matrix: no path %q on this machine; there are %v", p, Paths())
}

// Current returns the path in use.
func Current() Path { return active.path }

// Paths returns the paths that this machine can run, slowest first.
func Paths() []Path {
	var p []Path
	for _, b := range builds {
		p = append(p, b.path)
	}
	return p
}

// Weights is a linear layer, y = x W^T + bias, with W of shape [N][K] in int8 with a scale
// per row, or in float32. It is packed for the path in use when it is made, and read-only
// from then on.
type Weights struct {
	N, K int // outputs and inputs, not padded

	ops *ops
	// N is rounded up to whole panels of 64, with zeros beyond:
	int8  []int8    // [N][Pad(K)] in the path's order, or nil
	scale []float32 // [N], int8 only
	bias  []float32 // [N]
	extra []int32   // [N], -128 * the sum of the row, int8 only, where ops.unsigned

	// float32 weights are transposed, in panels of 64 outputs (the last may be narrower).
	// Panel p is [k][width], so that a vector holds outputs.
	float []float32
}

// panel is the number of outputs that are computed together with float weights, and in the
// search for winners.
const panel = 64

// NewInt8 packs w, row-major [n][k], whose row i represents scale[i] * w[i]. bias may be
// nil. It returns an error where the lengths do not match or k is above 65,536.
func NewInt8(w []int8, scale, bias []float32, n, k int) (*Weights, error) {
	if err := check(len(w), n, k); err != nil {
		return nil, err
	}
	if len(scale) != n || bias != nil && len(bias) != n {
		return nil, fmt.Errorf("matrix: %d scales and %d biases for %d rows", len(scale), len(bias), n)
	}
	if k > maxInt8K {
		return nil, fmt.Errorf("matrix: rows of %d int8 weights could overflow 32 bits; the limit is %d", k, maxInt8K)
	}
	K := Pad(k)
	N := (n + panel - 1) / panel * panel // whole panels: the assembly reads them
	out := &Weights{N: n, K: k, ops: active,
		int8: make([]int8, N*K), scale: make([]float32, N), bias: make([]float32, N), extra: make([]int32, N)}
	copy(out.scale, scale)
	copy(out.bias, bias)
	row := make([]int8, K)
	for i := range n {
		copy(row, w[i*k:(i+1)*k])
		out.set(i, row)
	}
	return out, nil
}

// maxInt8K keeps 255 * 128 * k below 2^31: VNNI's largest unsigned activation times the
// least int8.
const maxInt8K = 65536

// WithBias returns a layer with the same weights, in the same memory, and another bias of
// N values.
func (w *Weights) WithBias(bias []float32) (*Weights, error) {
	if len(bias) != w.N {
		return nil, fmt.Errorf("matrix: %d biases for %d rows", len(bias), w.N)
	}
	out := *w
	out.bias = make([]float32, len(w.bias))
	copy(out.bias, bias)
	return &out, nil
}

// set packs row i.
func (w *Weights) set(i int, row []int8) {
	w.ops.pack(w.int8, row, i, len(row))
	if !w.ops.unsigned {
		return
	}
	var sum int32
	for _, v := range row {
		sum += int32(v)
	}
	w.extra[i] = -128 * sum
}

// NewFloat32 packs w, row-major [n][k]. bias may be nil. It returns an error where the
// lengths do not match.
func NewFloat32(w, bias []float32, n, k int) (*Weights, error) {
	if err := check(len(w), n, k); err != nil {
		return nil, err
	}
	if bias != nil && len(bias) != n {
		return nil, fmt.Errorf("matrix: %d biases for %d rows", len(bias), n)
	}
	N := Pad(n)
	out := &Weights{N: n, K: k, ops: active, float: make([]float32, N*k), bias: make([]float32, N)}
	copy(out.bias, bias)
	for i := range n {
		out.setFloat(i, w[i*k:(i+1)*k])
	}
	return out, nil
}

func (w *Weights) setFloat(i int, row []float32) {
	p, width := w.floatColumn(i)
	for k, v := range row {
		p[k*width] = v
	}
}

// floatColumn finds output i in its panel. It returns a slice that starts at the weight
// for k = 0, and the distance to the next k.
func (w *Weights) floatColumn(i int) (column []float32, width int) {
	first := i / panel * panel
	width = min(panel, Pad(w.N)-first)
	return w.float[first*w.K+i-first:], width
}

func check(size, n, k int) error {
	if n <= 0 || k <= 0 || size != n*k {
		return fmt.Errorf("matrix: %d weights for a matrix of %d x %d", size, n, k)
	}
	return nil
}

// Row writes row i of the weights as float32, dst[:K] = scale[i] * w[i]. buf has room for
// Pad(K) integers.
func (w *Weights) Row(dst []float32, i int, buf []int8) {
	if w.float != nil {
		c, width := w.floatColumn(i)
		for k := range w.K {
			dst[k] = c[k*width]
		}
		return
	}
	buf = buf[:Pad(w.K)]
	w.ops.unpack(buf, w.int8, i, len(buf))
	s := w.scale[i]
	for k := range w.K {
		dst[k] = float32(float32(buf[k]) * s)
	}
}

// Scratch is the working memory of one goroutine. It grows to the largest call so far and
// then allocates nothing.
type Scratch struct {
	q     []int16   // [m][K] quantised activations
	u8    []uint8   // [m][K] q + 128, for VNNI
	i8    []int8    // [m][K] quantised activations, for NEON
	pairs []int64   // [m/2][K] two tokens in one, for plain Go
	scale []float32 // [m] scales of the rows of q
	float []float32 // for attention; the logits of one panel [m][64]
	wide  []float32 // [m][64] a panel that is wider than the rest of out
	row   []int8    // [K]
	sub   Weights   // one panel of columns, for Winners
	view  Weights   // one panel of other weights, for Panel
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// Linear computes out = x W^T + bias for m tokens: x is [m][Pad(K)], out is [m][Pad(N)].
// With int8 weights, x is first quantised per token.
func (s *Scratch) Linear(out, x []float32, m int, w *Weights) {
	if m == 0 {
		return
	}
	if w.float == nil {
		w.ops.quantize(s, x, m, Pad(w.K))
		w.ops.linear(s, out, m, w)
		return
	}
	N := Pad(w.N)
	for n := 0; n < N; n += panel {
		width := min(panel, N-n)
		w.ops.matmul(x, Pad(w.K), w.float[n*w.K:], width, w.bias[n:], out[n:], N, m, width, w.K)
	}
}

// Panel computes 64 of Linear's outputs for one token, starting at first, a multiple of
// 64, with the same bits: out is [64]. w must have int8 weights. It makes a few of many
// outputs cheap.
func (s *Scratch) Panel(out, x []float32, first int, w *Weights) {
	K, last := Pad(w.K), first+panel
	s.view = Weights{N: panel, K: w.K, ops: w.ops, int8: w.int8[first*K : last*K], scale: w.scale[first:last], bias: w.bias[first:last], extra: w.extra[first:last]}
	s.Linear(out, x, 1, &s.view)
}

// Max computes out[n] = max over the m > 0 tokens of (x W^T + bias), [Pad(N)]: the
// masked-LM head under SPLADE's max pooling, without storing the m times N logits. The
// bits equal the maximum of Linear's output: multiplying by the row's scale (not negative)
// and adding the bias keep the order, so both can follow the maximum.
func (s *Scratch) Max(out, x []float32, m int, w *Weights) {
	if w.float == nil {
		w.ops.quantize(s, x, m, Pad(w.K))
		w.ops.head(s, out, m, w)
		return
	}
	N := Pad(w.N)
	s.float = grow(s.float, m*panel)
	for n := 0; n < N; n += panel {
		width := min(panel, N-n)
		w.ops.matmul(x, Pad(w.K), w.float[n*w.K:], width, nil, s.float, width, m, width, w.K)
		best := out[n : n+width]
		copy(best, s.float)
		for i := 1; i < m; i++ {
			for j, v := range s.float[i*width : i*width+width] {
				best[j] = max(best[j], v)
			}
		}
		for j, v := range best {
			best[j] = v + w.bias[n+j]
		}
	}
}

// Winners writes, for each output in terms, the first token that has Max's maximum (before
// the row's scale and bias: see Max), computed with the same bits. It is separate from Max
// because few outputs win, and the loop over all stays lean.
func (s *Scratch) Winners(dst []int32, terms []uint32, x []float32, m int, w *Weights) {
	s.some(terms, x, m, w, func(i int, _ float32, at int) { dst[i] = int32(at) })
}

// MaxOf is Max for the outputs in terms alone, with the same bits: dst[i] is the maximum
// of terms[i]. For sixty terms it costs less than one layer.
func (s *Scratch) MaxOf(dst []float32, terms []uint32, x []float32, m int, w *Weights) {
	s.some(terms, x, m, w, func(i int, best float32, _ int) {
		t := terms[i]
		if w.float == nil {
			best = float32(best * w.scale[t])
		}
		dst[i] = best + w.bias[t]
	})
}

// some calls visit, for each output in terms, with its maximum over the tokens before the
// row's scale and bias, and the first token that has it.
func (s *Scratch) some(terms []uint32, x []float32, m int, w *Weights, visit func(i int, best float32, at int)) {
	K := Pad(w.K)
	if w.float == nil {
		w.ops.quantize(s, x, m, K)
	}
	s.float = grow(s.float, m*panel)
	s.row = grow(s.row, K)
	sub := &s.sub
	sub.N, sub.K, sub.ops = panel, w.K, w.ops
	sub.bias = grow(sub.bias, panel)
	clear(sub.bias)
	for first := 0; first < len(terms); first += panel {
		some := terms[first:min(first+panel, len(terms))]
		if w.float == nil {
			sub.int8, sub.scale, sub.extra = grow(sub.int8, panel*K), grow(sub.scale, panel), grow(sub.extra, panel)
			for i, t := range some {
				sub.scale[i] = 1
				w.ops.unpack(s.row, w.int8, int(t), K)
				sub.set(i, s.row)
			}
			w.ops.linear(s, s.float, m, sub)
		} else {
			sub.float = grow(sub.float, panel*w.K)
			for i, t := range some {
				c, width := w.floatColumn(int(t))
				for k := range w.K {
					sub.float[k*panel+i] = c[k*width]
				}
			}
			w.ops.matmul(x, K, sub.float, panel, nil, s.float, panel, m, panel, w.K)
		}
		for i := range some {
			best, at := s.float[i], 0
			for j := 1; j < m; j++ {
				if v := s.float[j*panel+i]; v > best {
					best, at = v, j
				}
			}
			visit(first+i, best, at)
		}
	}
}

// Attention computes, for each head and each token i,
//
//	ctx_i = sum over j of softmax_j(scale * q_i . k_j) v_j
//
// qkv is [m][3][heads][D] with D a multiple of 16 (a head's width padded with zeros, which
// add nothing); ctx is [m][heads][D].
func (s *Scratch) Attention(ctx, qkv []float32, m, heads, D int, scale float32) {
	s.float = grow(s.float, Pad(m)*(D+Lanes))
	active.attention(s.float, ctx, qkv, m, heads, D, scale)
}

// AddNorm adds y to x ([m][Pad(n)] both; y may be nil) and normalises each row:
//
//	x = (x - mean) / sqrt(variance + eps) * gamma + beta
//
// gamma and beta are [Pad(n)] with zero pads.
func AddNorm(x, y, gamma, beta []float32, m, n int, eps float32) {
	active.addNorm(x, y, gamma, beta, m, n, eps)
}

// GELU replaces each x by x * (1 + erf(x/sqrt 2)) / 2; len(x) is a multiple of 16.
func GELU(x []float32) { active.gelu(x) }
