// The part of clang's header of this name that wasm/kernel/kernel.c uses for its float
// operations, in NEON: so the kernel's own source is compiled for arm64, too.
//
// A constant is moved from a general register, which hide keeps the compiler from seeing
// through: it would put the constant into memory, and these functions have none.
#include <arm_neon.h>

typedef int32x4_t v128_t;

#define IN static inline __attribute__((always_inline))
#define F(v) vreinterpretq_f32_s32(v)
#define I(v) vreinterpretq_s32_f32(v)

IN uint64_t hide(uint64_t x) {
  __asm__("" : "+r"(x));
  return x;
}

IN v128_t splat_f32(float x) {
  if (!__builtin_constant_p(x)) return I(vdupq_n_f32(x));
  union {
    float f;
    uint32_t u;
  } bits = {x};
  return vdupq_n_s32(hide(bits.u));
}
IN v128_t splat_i32(int x) { return vdupq_n_s32(__builtin_constant_p(x) ? hide(x) : x); }

#define wasm_f32x4_splat(x) splat_f32(x)
#define wasm_i32x4_splat(x) splat_i32(x)
#define wasm_i32x4_make(a, b, c, d) \
  vcombine_s32(vcreate_s32(hide((uint64_t)(b) << 32 | (a))), vcreate_s32(hide((uint64_t)(d) << 32 | (c))))

IN v128_t wasm_v128_load(const void *p) { return vreinterpretq_s32_u8(vld1q_u8(p)); }
IN void wasm_v128_store(void *p, v128_t v) { vst1q_u8(p, vreinterpretq_u8_s32(v)); }
IN v128_t wasm_v128_load32_splat(const void *p) { return vld1q_dup_s32(p); }

#define wasm_f32x4_add(a, b) I(vaddq_f32(F(a), F(b)))
#define wasm_f32x4_sub(a, b) I(vsubq_f32(F(a), F(b)))
#define wasm_f32x4_mul(a, b) I(vmulq_f32(F(a), F(b)))
#define wasm_f32x4_div(a, b) I(vdivq_f32(F(a), F(b)))
#define wasm_f32x4_neg(a) I(vnegq_f32(F(a)))
#define wasm_f32x4_abs(a) I(vabsq_f32(F(a)))
#define wasm_f32x4_pmax(a, b) I(vmaxq_f32(F(a), F(b)))  // no NaN, and no -0 beside a +0
#define wasm_f32x4_extract_lane(v, i) vgetq_lane_f32(F(v), i)
#define wasm_f32x4_convert_i32x4(v) I(vcvtq_f32_s32(v))

#define wasm_i32x4_add(a, b) vaddq_s32(a, b)
#define wasm_i32x4_sub(a, b) vsubq_s32(a, b)
#define wasm_i32x4_shl(a, n) vshlq_n_s32(a, n)
#define wasm_i32x4_lt(a, b) vreinterpretq_s32_u32(vcltq_s32(a, b))
#define wasm_i32x4_shuffle(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#define wasm_v128_and(a, b) vandq_s32(a, b)
#define wasm_v128_or(a, b) vorrq_s32(a, b)
#define wasm_v128_bitselect(a, b, mask) vbslq_s32(vreinterpretq_u32_s32(mask), a, b)
