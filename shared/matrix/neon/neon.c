//go:build ignore

// (Not for cgo: main.go has clang compile this file, and writes ../neon_arm64.s.)
//
// The operations of shared/matrix for arm64. Those on floats are wasm/kernel/kernel.c's
// own. The integer products are here, twice: with SDOT (Armv8.2's dot product, which all
// of Apple's processors have), and for those without it.
//
// Each function's one argument is where Go keeps its arguments. A function may not use a
// stack in memory, call another, or have constants in memory: main.go refuses that.
#define NEON
#define EXPORT(name) INLINE
#define NOINLINE __attribute__((always_inline))
#include "../../../wasm/kernel/kernel.c"

// Go's assembly need not preserve the registers that C's functions do. A function that is
// said to change them all has no reason to put anything else on the stack; main.go drops
// the code that saves them.
#define ALL_REGISTERS __asm__ volatile("" ::: "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15")

struct quantize {
  const float *x;
  int8_t *q;
  float *scale;
  int64_t m, K;
};

// x f32[m][K] -> q i8[m][K], scale f32[m]
void quantizeNEON(const struct quantize *a) {
  const float *x = a->x;
  int8_t *q = a->q;
  float *scale = a->scale;
  int64_t m = a->m, K = a->K;
  for (int64_t i = 0; i < m; i++, x += K, q += K) {
    v128_t most4 = f32(0);
    for (int64_t k = 0; k < K; k += 4) most4 = wasm_f32x4_pmax(most4, wasm_f32x4_abs(load(x + k)));
    float most = largest(most4), up = 0;
    scale[i] = 0;
    union {
      uint32_t u;
      float f;
    } tiny = {hide(0x0DA24260)}, top = {hide(0x42FE0000)};  // 1e-30, 127
    if (most >= tiny.f) {
      up = top.f / most;
      scale[i] = most / top.f;
    }
    v128_t by = f32(up), one = f32(magic), bits = wasm_i32x4_splat(magic_bits);
    for (int64_t k = 0; k < K; k += 16) {  // up = 0 gives zeros
      int16x4_t h[4];
      UNROLL for (int l = 0; l < 4; l++)
        h[l] = vmovn_s32(wasm_i32x4_sub(add(mul(load(x + k + 4 * l), by), one), bits));
      vst1q_s8(q + k, vcombine_s8(vmovn_s16(vcombine_s16(h[0], h[1])), vmovn_s16(vcombine_s16(h[2], h[3]))));
    }
  }
}

// Loops over the R rows of a tile and the 4 vectors of a panel, written out: arrays that
// are indexed by constants stay in registers.
#define ROW(r, ...) { enum { r = 0 }; __VA_ARGS__ } if (R > 1) { { enum { r = 1 }; __VA_ARGS__ } { enum { r = 2 }; __VA_ARGS__ } { enum { r = 3 }; __VA_ARGS__ } }
#define VECTOR(h, ...) { enum { h = 0 }; __VA_ARGS__ } { enum { h = 1 }; __VA_ARGS__ } { enum { h = 2 }; __VA_ARGS__ } { enum { h = 3 }; __VA_ARGS__ }

// Weights come in panels of 16 outputs: for every 4 k, 64 bytes, the 4 weights of output
// 0, the 4 of output 1, and so on. dots sums over k the products of R tokens, rows of K
// int8, with a panel.
INLINE void dots(const int8_t *q, const int8_t *w, int64_t K, int R, int32x4_t c[ROWS][4]) {
  ROW(r, VECTOR(h, c[r][h] = vdupq_n_s32(0);))
#ifdef __ARM_FEATURE_DOTPROD
  for (int64_t k = 0; k < K; k += 16, q += 16, w += 256) {
    int8x16_t x[ROWS], v;
    ROW(r, x[r] = vld1q_s8(q + r * K);)
#define QUAD(j) VECTOR(h, v = vld1q_s8(w + 64 * j + 16 * h); ROW(r, c[r][h] = vdotq_laneq_s32(c[r][h], v, x[r], j);))
    QUAD(0) QUAD(1) QUAD(2) QUAD(3)
  }
#else
  // Two products fit into 16 bits, four do not: they are added in pairs, and again.
  for (int64_t k = 0; k < K; k += 4, q += 4, w += 64) {
    int8x16_t x[ROWS], v;
    ROW(r, x[r] = vreinterpretq_s8_s32(vld1q_dup_s32((const int32_t *)(q + r * K)));)
    VECTOR(h, v = vld1q_s8(w + 16 * h); ROW(r, {
      int16x8_t lo = vmull_s8(vget_low_s8(v), vget_low_s8(x[r])), hi = vmull_high_s8(v, x[r]);
      c[r][h] = vpadalq_s16(c[r][h], vpaddq_s16(lo, hi));
    }))
  }
#endif
}

struct linear {
  const int8_t *q;
  const float *scale;
  const int8_t *w;
  const float *wscale, *bias;
  float *out;
  int64_t stride, m, K;
};

// What the inner loop does not need is read when it is needed (volatile), for there are
// few registers.
INLINE void linear_rows(const volatile struct linear *a, const int8_t *q, const float *scale, float *out, int R) {
  int32x4_t c[ROWS][4];
  dots(q, a->w, a->K, R, c);
  const float *wscale = a->wscale, *bias = a->bias;
  int64_t stride = a->stride;
  ROW(r, v128_t s = wasm_v128_load32_splat(scale + r); VECTOR(h, {
    v128_t y = mul(mul(wasm_f32x4_convert_i32x4(c[r][h]), s), load(wscale + 4 * h));
    store(out + r * stride + 4 * h, add(y, load(bias + 4 * h)));
  }))
}

// One panel: out[i][n] = ((float(sum) * scale[i]) * wscale[n]) + bias[n], in rows of stride.
void linearNEON(const volatile struct linear *a) {
  ALL_REGISTERS;
  const int8_t *q = a->q;
  const float *scale = a->scale;
  float *out = a->out;
  int64_t m = a->m;
  for (; m >= ROWS; m -= ROWS, q += ROWS * a->K, scale += ROWS, out += ROWS * a->stride)
    linear_rows(a, q, scale, out, ROWS);
  for (; m > 0; m--, q += a->K, scale++, out += a->stride)
    linear_rows(a, q, scale, out, 1);
}

INLINE void head_rows(const int8_t *q, const float *scale, const int8_t *w, float *best, int64_t K, int R) {
  int32x4_t c[ROWS][4];
  dots(q, w, K, R, c);
  VECTOR(h, {
    v128_t most = load(best + 4 * h);
    ROW(r, most = wasm_f32x4_pmax(most, mul(wasm_f32x4_convert_i32x4(c[r][h]), wasm_v128_load32_splat(scale + r)));)
    store(best + 4 * h, most);
  })
}

struct head {
  const int8_t *q;
  const float *scale;
  const int8_t *w;
  const float *wscale, *bias;
  float *out;
  int64_t m, K;
};

// One panel: out[n] = (max over i of float(sum) * scale[i]) * wscale[n] + bias[n]
void headNEON(const struct head *a) {
  ALL_REGISTERS;
  const int8_t *q = a->q;
  const float *scale = a->scale;
  float *out = a->out;
  int64_t m = a->m;
  UNROLL for (int h = 0; h < 4; h++) store(out + 4 * h, f32(-0x1.fffffep127f));
  for (; m >= ROWS; m -= ROWS, q += ROWS * a->K, scale += ROWS) head_rows(q, scale, a->w, out, a->K, ROWS);
  for (; m > 0; m--, q += a->K, scale++) head_rows(q, scale, a->w, out, a->K, 1);
  UNROLL for (int h = 0; h < 4; h++)
    store(out + 4 * h, add(mul(load(out + 4 * h), load(a->wscale + 4 * h)), load(a->bias + 4 * h)));
}

// The kernel's operations on floats.

struct matmul {
  const float *a;
  int64_t lda;
  const float *b;
  int64_t ldb;
  const float *bias;
  float *c;
  int64_t ldc, m, k;
};

// 16 columns of the product.
void matmulNEON(const struct matmul *a) {
  ALL_REGISTERS;
  matmul(a->a, a->b, a->bias, a->c, a->lda, a->ldb, a->ldc, a->m, 16, a->k);
}

struct softmax {
  float *s;
  int64_t n;
  float scale, none, sum;  // Go begins results at a multiple of 8 bytes
};

void softmaxNEON(struct softmax *a) {
  ALL_REGISTERS;
  a->sum = softmax(a->s, a->n, a->scale);
}

struct scale {
  float *x;
  int64_t n;
  float by;
};

void scaleNEON(const struct scale *a) {
  v128_t by = f32(a->by);
  for (int64_t j = 0; j < a->n; j += 4) store(a->x + j, mul(load(a->x + j), by));
}

struct gelu {
  float *x;
  int64_t n;
};

void geluNEON(const struct gelu *a) {
  ALL_REGISTERS;
  gelu(a->x, a->n);
}

struct add_norm {
  float *x;
  const float *y, *gamma, *beta;
  int64_t m, n;
  float eps;
};

void addNormNEON(const struct add_norm *a) { add_norm(a->x, a->y, a->gamma, a->beta, a->m, a->n, a->eps); }
