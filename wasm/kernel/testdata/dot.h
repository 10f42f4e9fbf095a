// The dot product of bytes by instructions that every engine has, in place of relaxed
// SIMD's: of x as it is (SIGNED, as Arm's SDOT), or as 0 to 255 (as x86's VPDPBUSD).
#include <wasm_simd128.h>

#ifdef SIGNED
#define WIDE(half, x) wasm_i16x8_extend_##half##_i8x16(x)
#else
#define WIDE(half, x) wasm_u16x8_extend_##half##_u8x16(x)
#endif

static inline __attribute__((always_inline)) v128_t dot(v128_t w, v128_t x, v128_t sum) {
  v128_t low = wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(w), WIDE(low, x));
  v128_t high = wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(w), WIDE(high, x));
  return wasm_i32x4_add(sum, wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6), wasm_i32x4_shuffle(low, high, 1, 3, 5, 7)));
}
#define DOT dot
