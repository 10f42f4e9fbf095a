//go:build ignore

// (Not for cgo: build.sh compiles this file.)
//
// The operations of shared/matrix in WebAssembly SIMD, over the memory of the Go
// instance that imports them. shared/matrix/portable.go is the specification: the
// same bits for any shape. matrix.go states shapes and arguments; in short,
//
//   - rows are padded to a multiple of 16 (names in capitals are padded sizes),
//     pads hold zero before and after; m, the number of tokens, is any number;
//   - a product is rounded before it is added (WebAssembly has no fused
//     multiply-add, and relaxed SIMD's is not used);
//   - sums over a row run in 16 stripes (four vectors here), folded 8, 4, 2, 1.
//
// This file is compiled twice. With RELAXED, integer products are relaxed SIMD's dot
// product of bytes. What that makes of an activation below zero, the standard leaves open,
// but it is the same at every call: a processor either takes it as it is, or as that plus
// 256. The kernel asks which, and where it is the latter adds 128 to every activation, and
// takes 128 times the sum of an output's weights from its product.
//
// No libc, no data, and nothing on a stack in memory: all of memory is Go's. Keep
// arrays small and loops over them unrolled, so that they stay in registers; the
// tests check that not a byte beside the results is written.
#include <stdint.h>
#include <wasm_simd128.h>

#ifndef NEON  // shared/matrix/neon compiles the operations on floats for arm64
#define EXPORT(name) __attribute__((export_name(name)))
#define NOINLINE __attribute__((noinline))  // for size
#endif
#define INLINE static inline __attribute__((always_inline))

#define f32(x) wasm_f32x4_splat(x)
#define add wasm_f32x4_add
#define sub wasm_f32x4_sub
#define mul wasm_f32x4_mul
#define load wasm_v128_load
#define store wasm_v128_store

static const float magic = 12582912.0f;        // 1.5 * 2^23: adding it rounds to an integer
static const int32_t magic_bits = 0x4B400000;  // of magic

// fold adds up the 16 stripes of a sum.
INLINE float fold(v128_t s0, v128_t s1, v128_t s2, v128_t s3) {
  v128_t s = add(add(s0, s2), add(s1, s3));
  s = add(s, wasm_i32x4_shuffle(s, s, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(s, 0) + wasm_f32x4_extract_lane(s, 1);
}

INLINE float largest(v128_t v) {
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2));
  return wasm_f32x4_extract_lane(v, 0);
}

// below has ones in the lanes i for which first + i < n.
INLINE v128_t below(int first, int n) {
  return wasm_i32x4_lt(wasm_i32x4_add(wasm_i32x4_splat(first), wasm_i32x4_make(0, 1, 2, 3)), wasm_i32x4_splat(n));
}

#ifdef RELAXED
typedef int8_t integer;

// i32x4.relaxed_dot_i8x16_i7x16_add_s. clang 14 does not know it: build.sh puts it in the
// place of an instruction of the same operands.
#ifndef DOT  // a test has another
#define DOT(w, x, sum) __builtin_wasm_laneselect_i32x4(w, x, sum)
#endif

// offset returns what is added to activations: 128 in all lanes where the processor takes
// bytes of them as 0 to 255 (x86's VPDPBUSD), 0 where it takes them as they are (Arm's SDOT).
INLINE v128_t offset(void) {
  v128_t product = DOT(wasm_i8x16_splat(1), wasm_i8x16_splat(-128), wasm_i32x4_splat(0));
  return wasm_v128_and(wasm_i32x4_gt(product, wasm_i32x4_splat(0)), wasm_i32x4_splat(128));
}
#else
typedef int16_t integer;
#endif

#ifndef NEON
// x f32[m][K] -> q integer[m][K], scale f32[m].
EXPORT("quantize") void quantize(const float *x, integer *q, float *scale, int m, int K) {
#ifdef RELAXED
  v128_t flip = wasm_i8x16_splat(wasm_i32x4_extract_lane(offset(), 0));  // the highest bit, which adds 128
#endif
  for (int i = 0; i < m; i++, x += K, q += K) {
    v128_t most4 = f32(0);
    for (int k = 0; k < K; k += 4) most4 = wasm_f32x4_pmax(most4, wasm_f32x4_abs(load(x + k)));
    float most = largest(most4), up = 0;
    scale[i] = 0;
    if (most >= 1e-30f) {
      up = 127 / most;
      scale[i] = most / 127;
    }
    for (int k = 0; k < K; k += 8) {  // up = 0 gives zeros
      v128_t a = add(mul(load(x + k), f32(up)), f32(magic)), b = add(mul(load(x + k + 4), f32(up)), f32(magic));
      a = wasm_i32x4_sub(a, wasm_i32x4_splat(magic_bits));
      b = wasm_i32x4_sub(b, wasm_i32x4_splat(magic_bits));
      v128_t both = wasm_i16x8_narrow_i32x4(a, b);
#ifdef RELAXED
      wasm_v128_store64_lane(q + k, wasm_v128_xor(wasm_i8x16_narrow_i16x8(both, both), flip), 0);
#else
      store(q + k, both);
#endif
    }
  }
}

#endif

#define UNROLL _Pragma("clang loop unroll(full)")

// Tokens are taken ROWS at a time. Where m is no multiple of it the last tile
// goes back and does some tokens twice, which changes nothing; fewer than ROWS
// tokens are done one by one. In the call, i is the tile's first token and R the
// number of its tokens, a constant.
#define ROWS 4
#define EACH_TILE(i, m, call)                         \
  if (m >= ROWS) {                                    \
    enum { R = ROWS };                                \
    for (int tile = 0; tile < m; tile += ROWS) {      \
      int i = tile <= m - ROWS ? tile : m - ROWS;     \
      call;                                           \
    }                                                 \
  } else {                                            \
    enum { R = 1 };                                   \
    for (int i = 0; i < m; i++) call;                 \
  }

#ifdef RELAXED
// A panel of 8 outputs holds for every 4 k 32 bytes, the 4 weights of output 0, the 4 of
// output 1, and so on.
//
// before returns where the sums of a panel begin.
INLINE void before(const int8_t *w, int K, v128_t c[2]) {
  UNROLL for (int h = 0; h < 2; h++) c[h] = wasm_i32x4_splat(0);
  for (int k = 0; k < K; k += 4, w += 32) {
    UNROLL for (int h = 0; h < 2; h++) c[h] = DOT(load(w + 16 * h), wasm_i8x16_splat(1), c[h]);
  }
  v128_t each = wasm_i32x4_neg(offset());
  UNROLL for (int h = 0; h < 2; h++) c[h] = wasm_i32x4_mul(c[h], each);
}

// dots is the tile of the integer product: c[r][..] = the sums over k of R tokens times a
// panel of 8 outputs.
INLINE void dots(const integer *q, const int8_t *w, const v128_t begin[2], int K, int R, v128_t c[ROWS][2]) {
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int h = 0; h < 2; h++) c[r][h] = begin[h];
  for (int k = 0; k < K; k += 4) {
    v128_t w0 = load(w + 8 * k), w1 = load(w + 8 * k + 16);
    UNROLL for (int r = 0; r < R; r++) {
      v128_t token = wasm_v128_load32_splat(q + r * K + k);
      c[r][0] = DOT(w0, token, c[r][0]);
      c[r][1] = DOT(w1, token, c[r][1]);
    }
  }
}
#elif !defined(NEON)
// dots is the tile of the integer product: c[r][..] = the sums over k of R tokens
// (rows of K int16) times a panel of 8 outputs. A panel holds for every pair of
// k 16 bytes, [n0k0 n0k1 n1k0 n1k1 ... n7k0 n7k1]: widened, one operand of
// dot_i16x8, whose other operand is a token's pair of k in all lanes.
INLINE void dots(const integer *q, const int8_t *w, const v128_t begin[2], int K, int R, v128_t c[ROWS][2]) {
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int h = 0; h < 2; h++) c[r][h] = begin[h];
  for (int k = 0; k < K; k += 4, q += 4, w += 32) {
    UNROLL for (int pair = 0; pair < 2; pair++) {
      v128_t w0 = wasm_i16x8_load8x8(w + 16 * pair), w1 = wasm_i16x8_load8x8(w + 16 * pair + 8);
      UNROLL for (int r = 0; r < R; r++) {
        v128_t x = wasm_v128_load32_splat(q + r * K + 2 * pair);
        c[r][0] = wasm_i32x4_add(c[r][0], wasm_i32x4_dot_i16x8(x, w0));
        c[r][1] = wasm_i32x4_add(c[r][1], wasm_i32x4_dot_i16x8(x, w1));
      }
    }
  }
}

INLINE void before(const int8_t *w, int K, v128_t c[2]) {
  (void)w, (void)K;
  c[0] = c[1] = wasm_i32x4_splat(0);
}
#endif

#ifndef NEON
INLINE void linear_tile(const integer *q, const float *scale, const int8_t *w, const v128_t begin[2], const float *wscale,
                        const float *bias, float *out, int N, int K, int R) {
  v128_t c[ROWS][2];
  dots(q, w, begin, K, R, c);
  UNROLL for (int r = 0; r < R; r++, out += N) {
    v128_t s = wasm_v128_load32_splat(scale + r);
    UNROLL for (int h = 0; h < 2; h++) {
      v128_t y = mul(mul(wasm_f32x4_convert_i32x4(c[r][h]), s), load(wscale + 4 * h));
      store(out + 4 * h, add(y, load(bias + 4 * h)));
    }
  }
}

// out[i][n] = ((float(sum) * scale[i]) * wscale[n]) + bias[n]
EXPORT("linear_int8") void linear_int8(const integer *q, const float *scale, const int8_t *w, const float *wscale,
                                       const float *bias, float *out, int m, int N, int K) {
  for (int n = 0; n < N; n += 8, w += 8 * K) {
    v128_t begin[2];
    before(w, K, begin);
    EACH_TILE(i, m, linear_tile(q + i * K, scale + i, w, begin, wscale + n, bias + n, out + i * N + n, N, K, R))
  }
}

INLINE void head_tile(const integer *q, const float *scale, const int8_t *w, const v128_t begin[2], v128_t best[2], int K,
                      int R) {
  v128_t c[ROWS][2];
  dots(q, w, begin, K, R, c);
  UNROLL for (int r = 0; r < R; r++) {
    v128_t s = wasm_v128_load32_splat(scale + r);
    UNROLL for (int h = 0; h < 2; h++) best[h] = wasm_f32x4_pmax(best[h], mul(wasm_f32x4_convert_i32x4(c[r][h]), s));
  }
}

// out[n] = (max over i of float(sum) * scale[i]) * wscale[n] + bias[n]
EXPORT("head_int8") void head_int8(const integer *q, const float *scale, const int8_t *w, const float *wscale,
                                   const float *bias, float *out, int m, int N, int K) {
  for (int n = 0; n < N; n += 8, w += 8 * K) {
    v128_t best[2] = {f32(-0x1.fffffep127f), f32(-0x1.fffffep127f)};
    v128_t begin[2];
    before(w, K, begin);
    EACH_TILE(i, m, head_tile(q + i * K, scale + i, w, begin, best, K, R))
    UNROLL for (int h = 0; h < 2; h++)
      store(out + n + 4 * h, add(mul(best[h], load(wscale + n + 4 * h)), load(bias + n + 4 * h)));
  }
}

#endif

INLINE void matmul_tile(const float *a, const float *b, const float *bias, float *c, int lda, int ldb, int ldc, int k,
                        int R) {
  v128_t s[ROWS][2];
  UNROLL for (int r = 0; r < R; r++) s[r][0] = s[r][1] = f32(0);
  for (int l = 0; l < k; l++, a++, b += ldb) {
    v128_t b0 = load(b), b1 = load(b + 4);
    UNROLL for (int r = 0; r < R; r++) {
      v128_t x = wasm_v128_load32_splat(a + r * lda);
      s[r][0] = add(s[r][0], mul(x, b0));
      s[r][1] = add(s[r][1], mul(x, b1));
    }
  }
  UNROLL for (int r = 0; r < R; r++, c += ldc) {
    UNROLL for (int h = 0; h < 2; h++) store(c + 4 * h, bias ? add(s[r][h], load(bias + 4 * h)) : s[r][h]);
  }
}

// c[i][j] = sum over k of a[i][k] * b[k][j] (+ bias[j] where there is one), k upwards
EXPORT("matmul") NOINLINE void matmul(const float *a, const float *b, const float *bias, float *c, int lda, int ldb, int ldc,
                             int m, int N, int k) {
  for (int j = 0; j < N; j += 8, b += 8) {
    const float *bias_j = bias ? bias + j : 0;
    EACH_TILE(i, m, matmul_tile(a + i * lda, b, bias_j, c + i * ldc + j, lda, ldb, ldc, k, R))
  }
}

// e^x for x <= 0, constant for constant and step for step as in portable.go.
INLINE v128_t exp4(v128_t x) {
  x = wasm_f32x4_pmax(x, f32(-87));
  v128_t t = add(mul(x, f32(1.44269504f)), f32(magic)), n = sub(t, f32(magic));
  v128_t r = sub(x, mul(n, f32(0.693359375f)));
  r = sub(r, mul(n, f32(-2.12194440e-4f)));
  v128_t p = f32(1.9875691500e-4f);
  p = add(mul(p, r), f32(1.3981999507e-3f));
  p = add(mul(p, r), f32(8.3334519073e-3f));
  p = add(mul(p, r), f32(4.1665795894e-2f));
  p = add(mul(p, r), f32(1.6666665459e-1f));
  p = add(mul(p, r), f32(5.0000001201e-1f));
  p = add(mul(p, mul(r, r)), add(r, f32(1)));
  return mul(p, wasm_i32x4_add(wasm_i32x4_shl(t, 23), wasm_i32x4_splat(0x3F800000)));
}

// softmax replaces s by exp((s - max) * scale) and returns the sum. What stands
// from m to the next multiple of 16 is left with no meaning.
static NOINLINE float softmax(float *s, int m, float scale) {
  v128_t most4 = f32(s[0]);
  for (int j = 0; j < m; j += 4) {
    v128_t in = below(j, m);
    most4 = wasm_f32x4_pmax(most4, wasm_v128_bitselect(load(s + j), most4, in));
  }
  v128_t most = f32(largest(most4)), by = f32(scale), t[4];
  UNROLL for (int l = 0; l < 4; l++) t[l] = f32(0);
  for (int j = 0; j < m; j += 16)
    UNROLL for (int l = 0; l < 4; l++) {
      v128_t e = exp4(mul(sub(load(s + j + 4 * l), most), by));
      store(s + j + 4 * l, e);
      t[l] = add(t[l], wasm_v128_and(e, below(j + 4 * l, m)));
    }
  return fold(t[0], t[1], t[2], t[3]);
}

#ifndef NEON
INLINE void attention_tile(const float *q, const float *v, const float *kt, float *scores, float *ctx, int m, int H,
                           int D, float scale, int R) {
  int M = (m + 15) & ~15;
  matmul(q, kt, 0, scores, 3 * H, M, M, R, M, D);
  float *sum = scores + ROWS * M;
  for (int r = 0; r < R; r++) sum[r] = softmax(scores + r * M, m, scale);
  matmul(scores, v, 0, ctx, M, 3 * H, H, R, D, m);
  for (int r = 0; r < R; r++, ctx += H) {
    v128_t inverse = f32(1 / sum[r]);
    for (int d = 0; d < D; d += 4) store(ctx + d, mul(load(ctx + d), inverse));
  }
}

// ctx_i = sum over j of softmax_j(scale * q_i . k_j) v_j, for each head.
// scratch holds k transposed, [D][M], then rows of scores, [ROWS][M], and their sums.
EXPORT("attention") void attention(const float *qkv, float *ctx, float *scratch, int m, int heads, int D, float scale) {
  int M = (m + 15) & ~15, H = heads * D;
  float *kt = scratch, *scores = scratch + D * M;
  for (int h = 0; h < heads; h++, qkv += D, ctx += D) {
    const float *k = qkv + H, *v = k + H;
    for (int d = 0; d < D; d++) {
      for (int j = 0; j < m; j++) kt[d * M + j] = k[j * 3 * H + d];
      for (int j = m; j < M; j++) kt[d * M + j] = 0;
    }
    EACH_TILE(i, m, attention_tile(qkv + i * 3 * H, v, kt, scores, ctx + i * H, m, H, D, scale, R))
  }
}

#endif

// x = (x + y - mean) / sqrt(variance + eps) * gamma + beta by rows of n of N
EXPORT("add_norm") void add_norm(float *x, const float *y, const float *gamma, const float *beta, int m, int n,
                                 float eps) {
  int N = (n + 15) & ~15;
  for (int i = 0; i < m; i++, x += N) {
    v128_t s[4];
    UNROLL for (int l = 0; l < 4; l++) s[l] = f32(0);
    for (int j = 0; j < N; j += 16)  // the pads add zero
      UNROLL for (int l = 0; l < 4; l++) {
        v128_t a = load(x + j + 4 * l);
        if (y) {
          a = add(a, load(y + j + 4 * l));
          store(x + j + 4 * l, a);
        }
        s[l] = add(s[l], a);
      }
    if (y) y += N;
    v128_t mean = f32(fold(s[0], s[1], s[2], s[3]) / (float)n);
    UNROLL for (int l = 0; l < 4; l++) s[l] = f32(0);
    for (int j = 0; j < N; j += 16)
      UNROLL for (int l = 0; l < 4; l++) {
        v128_t d = wasm_v128_and(sub(load(x + j + 4 * l), mean), below(j + 4 * l, n));
        s[l] = add(s[l], mul(d, d));
      }
    float variance = fold(s[0], s[1], s[2], s[3]) / (float)n;
    v128_t inverse = f32(1 / __builtin_sqrtf(variance + eps));
    for (int j = 0; j < N; j += 4) {
      v128_t a = add(mul(mul(sub(load(x + j), mean), inverse), load(gamma + j)), load(beta + j));
      store(x + j, wasm_v128_and(a, below(j, n)));
    }
  }
}

// x * Phi(x), erf by Abramowitz and Stegun 7.1.26
EXPORT("gelu") void gelu(float *x, int count) {
  for (int i = 0; i < count; i += 4) {
    v128_t v = load(x + i), one = f32(1);
    v128_t z = wasm_f32x4_abs(mul(v, f32(0.70710678f)));
    v128_t t = wasm_f32x4_div(one, add(one, mul(z, f32(0.3275911f))));
    v128_t p = f32(1.061405429f);
    p = add(mul(p, t), f32(-1.453152027f));
    p = add(mul(p, t), f32(1.421413741f));
    p = add(mul(p, t), f32(-0.284496736f));
    p = add(mul(p, t), f32(0.254829592f));
    v128_t erf = sub(one, mul(mul(p, t), exp4(wasm_f32x4_neg(mul(z, z)))));
    erf = wasm_v128_or(erf, wasm_v128_and(v, f32(-0.0f)));
    store(x + i, mul(mul(v, f32(0.5f)), add(one, erf)));
  }
}
