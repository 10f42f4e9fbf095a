#include "textflag.h"

// AVX-512 with VNNI. Operands stand in Go's order, the destination last.
// Constants come from ·constants in amd64.go; their offsets are named there.

// linear512 and head512 share this inner loop: a tile of 6 tokens by 64 outputs.
// Z0-Z23 are the sums, row by row, 4 vectors of 16 outputs each;
// Z24-Z27 the weights of 4 k for 64 outputs, Z28 the tokens' 4 k.
//
//	SI  q of row 0, DI q of row 3, R8 = K, the stride; BX  w; CX  K/4

#define DOT(qaddr, c0, c1, c2, c3) \
	VPBROADCASTD qaddr, Z28; \
	VPDPBUSD     Z24, Z28, c0; \
	VPDPBUSD     Z25, Z28, c1; \
	VPDPBUSD     Z26, Z28, c2; \
	VPDPBUSD     Z27, Z28, c3

#define LOADW \
	VMOVDQU32 (BX), Z24; \
	VMOVDQU32 64(BX), Z25; \
	VMOVDQU32 128(BX), Z26; \
	VMOVDQU32 192(BX), Z27

// START sets every row's sums to extra = -128 * sum(w), since q is stored + 128.
#define START1(c0, c1, c2, c3) \
	VMOVDQU32 (R9), c0; \
	VMOVDQU32 64(R9), c1; \
	VMOVDQU32 128(R9), c2; \
	VMOVDQU32 192(R9), c3

#define COPY1(c0, c1, c2, c3) \
	VMOVDQA32 Z0, c0; \
	VMOVDQA32 Z1, c1; \
	VMOVDQA32 Z2, c2; \
	VMOVDQA32 Z3, c3

#define START6 \
	START1(Z0, Z1, Z2, Z3); \
	COPY1(Z4, Z5, Z6, Z7); \
	COPY1(Z8, Z9, Z10, Z11); \
	COPY1(Z12, Z13, Z14, Z15); \
	COPY1(Z16, Z17, Z18, Z19); \
	COPY1(Z20, Z21, Z22, Z23)

#define STEP6 \
	LOADW; \
	DOT((SI), Z0, Z1, Z2, Z3); \
	DOT((SI)(R8*1), Z4, Z5, Z6, Z7); \
	DOT((SI)(R8*2), Z8, Z9, Z10, Z11); \
	DOT((DI), Z12, Z13, Z14, Z15); \
	DOT((DI)(R8*1), Z16, Z17, Z18, Z19); \
	DOT((DI)(R8*2), Z20, Z21, Z22, Z23)

// STEPBACK deals with the 1 to 5 rows (R14) that are left after the last tile of 6:
// where there were 6 at all, the tile moves back over rows already done and does
// them again, to the same effect and faster than one by one. all is the number of
// rows, in and out the strides of AX and DX; scales
// the pointer to their scales, or a register to spare.
#define STEPBACK(all, single, tile, in, out, scales) \
	CMPQ  all, $6; \
	JLT   single; \
	NEGQ  R14; \
	ADDQ  $6, R14; \ // rows to go back
	MOVQ  in, SI; \
	IMULQ R14, SI; \
	SUBQ  SI, AX; \
	MOVQ  out, SI; \
	IMULQ R14, SI; \
	SUBQ  SI, DX; \
	SHLQ  $2, R14; \
	SUBQ  R14, scales; \
	MOVQ  $6, R14; \
	JMP   tile

// DEQUANTIZE turns a row's sums into ((sum * scale) * wscale) + bias at (DX), and
// steps to the next row. R10 scale, R11 wscale, R12 bias, R13 the stride of out
// in bytes.
#define DEQUANTIZE1(c, at) \
	VCVTDQ2PS c, c; \
	VMULPS    Z28, c, c; \
	VMULPS    at(R11), c, c; \
	VADDPS    at(R12), c, c; \
	VMOVUPS   c, at(DX)

#define DEQUANTIZE(c0, c1, c2, c3) \
	VBROADCASTSS (R10), Z28; \
	ADDQ $4, R10; \
	DEQUANTIZE1(c0, 0); \
	DEQUANTIZE1(c1, 64); \
	DEQUANTIZE1(c2, 128); \
	DEQUANTIZE1(c3, 192); \
	ADDQ R13, DX

// func linear512(q *uint8, scale *float32, w *int8, extra *int32, wscale, bias, out *float32, stride, m, K int)
TEXT ·linear512(SB), NOSPLIT, $0-80
	MOVQ q+0(FP), AX
	MOVQ scale+8(FP), R10
	MOVQ extra+24(FP), R9
	MOVQ wscale+32(FP), R11
	MOVQ bias+40(FP), R12
	MOVQ out+48(FP), DX
	MOVQ stride+56(FP), R13
	SHLQ $2, R13
	MOVQ m+64(FP), R14
	MOVQ K+72(FP), R8

linear6:
	CMPQ R14, $6
	JLT  linear1
	MOVQ AX, SI
	LEAQ (AX)(R8*2), DI
	ADDQ R8, DI
	MOVQ w+16(FP), BX
	MOVQ R8, CX
	SHRQ $2, CX
	START6

linear6k:
	STEP6
	ADDQ $4, SI
	ADDQ $4, DI
	ADDQ $256, BX
	DECQ CX
	JNZ  linear6k
	DEQUANTIZE(Z0, Z1, Z2, Z3)
	DEQUANTIZE(Z4, Z5, Z6, Z7)
	DEQUANTIZE(Z8, Z9, Z10, Z11)
	DEQUANTIZE(Z12, Z13, Z14, Z15)
	DEQUANTIZE(Z16, Z17, Z18, Z19)
	DEQUANTIZE(Z20, Z21, Z22, Z23)
	LEAQ (AX)(R8*4), AX
	LEAQ (AX)(R8*2), AX
	SUBQ $6, R14
	JMP  linear6

linear1:
	TESTQ R14, R14
	JZ    lineardone
	STEPBACK(m+64(FP), linear1row, linear6, R8, R13, R10)

linear1row:
	MOVQ  AX, SI
	MOVQ  w+16(FP), BX
	MOVQ  R8, CX
	SHRQ  $2, CX
	START1(Z0, Z1, Z2, Z3)

linear1k:
	LOADW
	DOT((SI), Z0, Z1, Z2, Z3)
	ADDQ $4, SI
	ADDQ $256, BX
	DECQ CX
	JNZ  linear1k
	DEQUANTIZE(Z0, Z1, Z2, Z3)
	ADDQ R8, AX
	DECQ R14
	JNZ  linear1row

lineardone:
	VZEROUPPER
	RET

// MAXIMUM folds a row's sums * scale into the running maxima Z24-Z27, which stand
// in memory at (DX) while the tile needs the registers.
#define MAXIMUM1(c, best) \
	VCVTDQ2PS c, c; \
	VMULPS    Z28, c, c; \
	VMAXPS    c, best, best

#define MAXIMUM(c0, c1, c2, c3) \
	VBROADCASTSS (R10), Z28; \
	ADDQ $4, R10; \
	MAXIMUM1(c0, Z24); \
	MAXIMUM1(c1, Z25); \
	MAXIMUM1(c2, Z26); \
	MAXIMUM1(c3, Z27)

#define LOADBEST \
	VMOVUPS (DX), Z24; \
	VMOVUPS 64(DX), Z25; \
	VMOVUPS 128(DX), Z26; \
	VMOVUPS 192(DX), Z27

#define STOREBEST \
	VMOVUPS Z24, (DX); \
	VMOVUPS Z25, 64(DX); \
	VMOVUPS Z26, 128(DX); \
	VMOVUPS Z27, 192(DX)

#define FINISH(best, at) \
	VMULPS at(R11), best, best; \
	VADDPS at(R12), best, best

// func head512(q *uint8, scale *float32, w *int8, extra *int32, wscale, bias, out *float32, m, K int)
TEXT ·head512(SB), NOSPLIT, $0-72
	MOVQ q+0(FP), AX
	MOVQ scale+8(FP), R10
	MOVQ extra+24(FP), R9
	MOVQ wscale+32(FP), R11
	MOVQ bias+40(FP), R12
	MOVQ out+48(FP), DX
	MOVQ m+56(FP), R14
	MOVQ K+64(FP), R8
	VBROADCASTSS ·constants+(4*0)(SB), Z24 // -max
	VMOVAPS Z24, Z25
	VMOVAPS Z24, Z26
	VMOVAPS Z24, Z27
	STOREBEST

head6:
	CMPQ R14, $6
	JLT  head1
	MOVQ AX, SI
	LEAQ (AX)(R8*2), DI
	ADDQ R8, DI
	MOVQ w+16(FP), BX
	MOVQ R8, CX
	SHRQ $2, CX
	START6

head6k:
	STEP6
	ADDQ $4, SI
	ADDQ $4, DI
	ADDQ $256, BX
	DECQ CX
	JNZ  head6k
	LOADBEST
	MAXIMUM(Z0, Z1, Z2, Z3)
	MAXIMUM(Z4, Z5, Z6, Z7)
	MAXIMUM(Z8, Z9, Z10, Z11)
	MAXIMUM(Z12, Z13, Z14, Z15)
	MAXIMUM(Z16, Z17, Z18, Z19)
	MAXIMUM(Z20, Z21, Z22, Z23)
	STOREBEST
	LEAQ (AX)(R8*4), AX
	LEAQ (AX)(R8*2), AX
	SUBQ $6, R14
	JMP  head6

head1:
	TESTQ R14, R14
	JZ    headdone
	XORQ  R13, R13
	STEPBACK(m+56(FP), head1row, head6, R8, R13, R10)

head1row:
	MOVQ  AX, SI
	MOVQ  w+16(FP), BX
	MOVQ  R8, CX
	SHRQ  $2, CX
	START1(Z0, Z1, Z2, Z3)

head1k:
	LOADW
	DOT((SI), Z0, Z1, Z2, Z3)
	ADDQ $4, SI
	ADDQ $256, BX
	DECQ CX
	JNZ  head1k
	LOADBEST
	MAXIMUM(Z0, Z1, Z2, Z3)
	STOREBEST
	ADDQ R8, AX
	DECQ R14
	JNZ  head1row

headdone:
	LOADBEST
	FINISH(Z24, 0)
	FINISH(Z25, 64)
	FINISH(Z26, 128)
	FINISH(Z27, 192)
	STOREBEST
	VZEROUPPER
	RET

// A float tile: 6 rows by 64 or 16 columns. Multiply, round, add.
#define MAC(b, w, t, c) \
	VMULPS b, w, t; \
	VADDPS t, c, c

#define MAC4(aaddr, c0, c1, c2, c3) \
	VBROADCASTSS aaddr, Z28; \
	MAC(Z28, Z24, Z29, c0); \
	MAC(Z28, Z25, Z30, c1); \
	MAC(Z28, Z26, Z31, c2); \
	MAC(Z28, Z27, Z29, c3)

#define ZERO4(c0, c1, c2, c3) \
	VPXORD c0, c0, c0; \
	VPXORD c1, c1, c1; \
	VPXORD c2, c2, c2; \
	VPXORD c3, c3, c3

#define LOADB \
	VMOVUPS (BX), Z24; \
	VMOVUPS 64(BX), Z25; \
	VMOVUPS 128(BX), Z26; \
	VMOVUPS 192(BX), Z27

#define STORE4(c0, c1, c2, c3) \
	VMOVUPS c0, (DX); \
	VMOVUPS c1, 64(DX); \
	VMOVUPS c2, 128(DX); \
	VMOVUPS c3, 192(DX); \
	ADDQ    R11, DX

#define BIAS4(c0, c1, c2, c3) \
	VADDPS (R12), c0, c0; \
	VADDPS 64(R12), c1, c1; \
	VADDPS 128(R12), c2, c2; \
	VADDPS 192(R12), c3, c3

// func matmul512x64(a *float32, lda int, b *float32, ldb int, bias, c *float32, ldc, m, k int)
// One panel of 64 columns, all rows.
TEXT ·matmul512x64(SB), NOSPLIT, $0-72
	MOVQ a+0(FP), AX
	MOVQ lda+8(FP), R8
	SHLQ $2, R8
	MOVQ ldb+24(FP), R10
	SHLQ $2, R10
	MOVQ bias+32(FP), R12
	MOVQ c+40(FP), DX
	MOVQ ldc+48(FP), R11
	SHLQ $2, R11
	MOVQ m+56(FP), R14
	MOVQ k+64(FP), R13

mm64x6:
	CMPQ R14, $6
	JLT  mm64x1
	MOVQ AX, SI
	LEAQ (AX)(R8*2), DI
	ADDQ R8, DI
	MOVQ b+16(FP), BX
	MOVQ R13, CX
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)
	ZERO4(Z16, Z17, Z18, Z19)
	ZERO4(Z20, Z21, Z22, Z23)

mm64x6k:
	LOADB
	MAC4((SI), Z0, Z1, Z2, Z3)
	MAC4((SI)(R8*1), Z4, Z5, Z6, Z7)
	MAC4((SI)(R8*2), Z8, Z9, Z10, Z11)
	MAC4((DI), Z12, Z13, Z14, Z15)
	MAC4((DI)(R8*1), Z16, Z17, Z18, Z19)
	MAC4((DI)(R8*2), Z20, Z21, Z22, Z23)
	ADDQ $4, SI
	ADDQ $4, DI
	ADDQ R10, BX
	DECQ CX
	JNZ  mm64x6k
	TESTQ R12, R12
	JZ   mm64x6store
	BIAS4(Z0, Z1, Z2, Z3)
	BIAS4(Z4, Z5, Z6, Z7)
	BIAS4(Z8, Z9, Z10, Z11)
	BIAS4(Z12, Z13, Z14, Z15)
	BIAS4(Z16, Z17, Z18, Z19)
	BIAS4(Z20, Z21, Z22, Z23)

mm64x6store:
	STORE4(Z0, Z1, Z2, Z3)
	STORE4(Z4, Z5, Z6, Z7)
	STORE4(Z8, Z9, Z10, Z11)
	STORE4(Z12, Z13, Z14, Z15)
	STORE4(Z16, Z17, Z18, Z19)
	STORE4(Z20, Z21, Z22, Z23)
	LEAQ (AX)(R8*4), AX
	LEAQ (AX)(R8*2), AX
	SUBQ $6, R14
	JMP  mm64x6

mm64x1:
	TESTQ R14, R14
	JZ    mm64done
	STEPBACK(m+56(FP), mm64x1row, mm64x6, R8, R11, DI)

mm64x1row:
	MOVQ  AX, SI
	MOVQ  b+16(FP), BX
	MOVQ  R13, CX
	ZERO4(Z0, Z1, Z2, Z3)

mm64x1k:
	LOADB
	MAC4((SI), Z0, Z1, Z2, Z3)
	ADDQ $4, SI
	ADDQ R10, BX
	DECQ CX
	JNZ  mm64x1k
	TESTQ R12, R12
	JZ   mm64x1store
	BIAS4(Z0, Z1, Z2, Z3)

mm64x1store:
	STORE4(Z0, Z1, Z2, Z3)
	ADDQ R8, AX
	DECQ R14
	JNZ  mm64x1row

mm64done:
	VZEROUPPER
	RET

#define MAC1(aaddr, t, c) \
	VMULPS.BCST aaddr, Z24, t; \
	VADDPS t, c, c

#define STORE1(c) \
	VMOVUPS c, (DX); \
	ADDQ    R11, DX

// func matmul512x16(a *float32, lda int, b *float32, ldb int, bias, c *float32, ldc, m, k int)
// The same for 16 columns.
TEXT ·matmul512x16(SB), NOSPLIT, $0-72
	MOVQ a+0(FP), AX
	MOVQ lda+8(FP), R8
	SHLQ $2, R8
	MOVQ ldb+24(FP), R10
	SHLQ $2, R10
	MOVQ bias+32(FP), R12
	MOVQ c+40(FP), DX
	MOVQ ldc+48(FP), R11
	SHLQ $2, R11
	MOVQ m+56(FP), R14
	MOVQ k+64(FP), R13
	VPXORD Z26, Z26, Z26
	TESTQ R12, R12
	JZ   mm16x6
	VMOVUPS (R12), Z26 // adding +0 instead of no bias changes nothing: no sum is -0

mm16x6:
	CMPQ R14, $6
	JLT  mm16x1
	MOVQ AX, SI
	LEAQ (AX)(R8*2), DI
	ADDQ R8, DI
	MOVQ b+16(FP), BX
	MOVQ R13, CX
	ZERO4(Z0, Z1, Z2, Z3)
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5

mm16x6k:
	VMOVUPS (BX), Z24
	MAC1((SI), Z10, Z0)
	MAC1((SI)(R8*1), Z11, Z1)
	MAC1((SI)(R8*2), Z12, Z2)
	MAC1((DI), Z13, Z3)
	MAC1((DI)(R8*1), Z14, Z4)
	MAC1((DI)(R8*2), Z15, Z5)
	ADDQ $4, SI
	ADDQ $4, DI
	ADDQ R10, BX
	DECQ CX
	JNZ  mm16x6k
	VADDPS Z26, Z0, Z0
	VADDPS Z26, Z1, Z1
	VADDPS Z26, Z2, Z2
	VADDPS Z26, Z3, Z3
	VADDPS Z26, Z4, Z4
	VADDPS Z26, Z5, Z5
	STORE1(Z0)
	STORE1(Z1)
	STORE1(Z2)
	STORE1(Z3)
	STORE1(Z4)
	STORE1(Z5)
	LEAQ (AX)(R8*4), AX
	LEAQ (AX)(R8*2), AX
	SUBQ $6, R14
	JMP  mm16x6

mm16x1:
	TESTQ R14, R14
	JZ    mm16done
	STEPBACK(m+56(FP), mm16x1row, mm16x6, R8, R11, DI)

mm16x1row:
	MOVQ  AX, SI
	MOVQ  b+16(FP), BX
	MOVQ  R13, CX
	VPXORD Z0, Z0, Z0

mm16x1k:
	VMOVUPS (BX), Z24
	MAC1((SI), Z10, Z0)
	ADDQ $4, SI
	ADDQ R10, BX
	DECQ CX
	JNZ  mm16x1k
	VADDPS Z26, Z0, Z0
	STORE1(Z0)
	ADDQ R8, AX
	DECQ R14
	JNZ  mm16x1row

mm16done:
	VZEROUPPER
	RET

// func most512(x *float32, n int) float32
// The maximum of |x|, n a positive multiple of 16.
TEXT ·most512(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VPBROADCASTD ·constants+(4*1)(SB), Z2 // 0x7FFFFFFF
	VPXORD Z0, Z0, Z0

most:
	VPANDD (SI), Z2, Z1
	VMAXPS Z1, Z0, Z0
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  most
	VEXTRACTF64X4 $1, Z0, Y1
	VMAXPS Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VMAXPS X1, X0, X0
	VPERMILPS $0x0E, X0, X1
	VMAXPS X1, X0, X0
	VPERMILPS $0x01, X0, X1
	VMAXSS X1, X0, X0
	VMOVSS X0, ret+16(FP)
	VZEROUPPER
	RET

// func round512(q *uint8, x *float32, n int, up float32)
// q = round(x * up) + 128; VCVTPS2DQ rounds half to even, as Go leaves MXCSR.
TEXT ·round512(SB), NOSPLIT, $0-28
	MOVQ q+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSS up+24(FP), Z1
	VPBROADCASTD ·constants+(4*2)(SB), Z2 // 128

round:
	VMULPS (SI), Z1, Z0
	VCVTPS2DQ Z0, Z0
	VPADDD Z2, Z0, Z0
	VPMOVDB Z0, (DI)
	ADDQ $64, SI
	ADDQ $16, DI
	SUBQ $16, CX
	JNZ  round
	VZEROUPPER
	RET

// EXPCONSTANTS keeps what EXP needs in Z16-Z26.
#define EXPCONSTANTS \
	VBROADCASTSS ·constants+(4*3)(SB), Z16; \ // -87
	VBROADCASTSS ·constants+(4*4)(SB), Z17; \ // log2 e
	VBROADCASTSS ·constants+(4*5)(SB), Z18; \ // magic
	VBROADCASTSS ·constants+(4*6)(SB), Z19; \ // ln 2, high
	VBROADCASTSS ·constants+(4*7)(SB), Z20; \ // ln 2, low
	VBROADCASTSS ·constants+(4*8)(SB), Z21; \
	VBROADCASTSS ·constants+(4*9)(SB), Z22; \
	VBROADCASTSS ·constants+(4*10)(SB), Z23; \
	VBROADCASTSS ·constants+(4*11)(SB), Z24; \
	VBROADCASTSS ·constants+(4*12)(SB), Z25; \
	VBROADCASTSS ·constants+(4*13)(SB), Z26; \
	VBROADCASTSS ·constants+(4*14)(SB), Z27 // 1, whose bits are also the exponent's offset

// EXP replaces Z0 by exp(Z0), through Z1-Z3: the text of exp in portable.go.
#define EXP \
	VMAXPS Z16, Z0, Z0; \
	VMULPS Z17, Z0, Z1; \
	VADDPS Z18, Z1, Z1; \
	VSUBPS Z18, Z1, Z2; \
	VMULPS Z19, Z2, Z3; \
	VSUBPS Z3, Z0, Z0; \
	VMULPS Z20, Z2, Z3; \
	VSUBPS Z3, Z0, Z0; \
	VMULPS Z0, Z21, Z2; \
	VADDPS Z22, Z2, Z2; \
	VMULPS Z0, Z2, Z2; \
	VADDPS Z23, Z2, Z2; \
	VMULPS Z0, Z2, Z2; \
	VADDPS Z24, Z2, Z2; \
	VMULPS Z0, Z2, Z2; \
	VADDPS Z25, Z2, Z2; \
	VMULPS Z0, Z2, Z2; \
	VADDPS Z26, Z2, Z2; \
	VMULPS Z0, Z0, Z3; \
	VMULPS Z3, Z2, Z2; \
	VADDPS Z27, Z0, Z3; \
	VADDPS Z3, Z2, Z2; \
	VPSLLD $23, Z1, Z1; \
	VPADDD Z27, Z1, Z1; \
	VMULPS Z1, Z2, Z0

// FOLD512 adds up the 16 stripes of Z4 into X4, through Y5.
#define FOLD512 \
	VEXTRACTF64X4 $1, Z4, Y5; \
	VADDPS Y5, Y4, Y4; \
	VEXTRACTF128 $1, Y4, X5; \
	VADDPS X5, X4, X4; \
	VPERMILPS $0x0E, X4, X5; \
	VADDPS X5, X4, X4; \
	VPERMILPS $0x01, X4, X5; \
	VADDSS X5, X4, X4

// TAILMASK sets K1 to the lanes of the last vector of a row of CX values: CX mod 16
// of them, or all.
#define TAILMASK \
	MOVQ CX, AX; \
	DECQ AX; \
	ANDQ $15, AX; \
	XCHGQ AX, CX; \
	MOVQ $2, BX; \
	SHLQ CX, BX; \
	DECQ BX; \
	KMOVW BX, K1; \
	XCHGQ AX, CX

// func softmax512(s *float32, n int, scale float32) float32
// s becomes exp((s - max) * scale), its pads 0; returns the sum.
TEXT ·softmax512(SB), NOSPLIT, $0-28
	MOVQ s+0(FP), SI
	MOVQ n+8(FP), CX
	TAILMASK
	ADDQ $15, CX
	SHRQ $4, CX // vectors
	DECQ CX
	EXPCONSTANTS
	VBROADCASTSS scale+16(FP), Z6
	MOVQ SI, DI
	MOVQ CX, DX
	VBROADCASTSS (SI), Z7
	VMOVAPS Z7, Z0

softmaxmost:
	TESTQ DX, DX
	JZ   softmaxtail
	VMAXPS (DI), Z7, Z7
	ADDQ $64, DI
	DECQ DX
	JMP  softmaxmost

softmaxtail:
	VMOVUPS (DI), K1, Z0
	VMAXPS Z0, Z7, Z7
	VEXTRACTF64X4 $1, Z7, Y0
	VMAXPS Y0, Y7, Y7
	VEXTRACTF128 $1, Y7, X0
	VMAXPS X0, X7, X7
	VPERMILPS $0x0E, X7, X0
	VMAXPS X0, X7, X7
	VPERMILPS $0x01, X7, X0
	VMAXSS X0, X7, X7
	VBROADCASTSS X7, Z7
	VPXORD Z4, Z4, Z4

softmaxexp:
	TESTQ CX, CX
	JZ   softmaxlast
	VMOVUPS (SI), Z0
	VSUBPS Z7, Z0, Z0
	VMULPS Z6, Z0, Z0
	EXP
	VMOVUPS Z0, (SI)
	VADDPS Z0, Z4, Z4
	ADDQ $64, SI
	DECQ CX
	JMP  softmaxexp

softmaxlast:
	VMOVUPS.Z (SI), K1, Z0
	VSUBPS Z7, Z0, Z0
	VMULPS Z6, Z0, Z0
	EXP
	VMOVAPS.Z Z0, K1, Z0
	VMOVUPS Z0, (SI)
	VADDPS Z0, Z4, Z4
	FOLD512
	VMOVSS X4, ret+24(FP)
	VZEROUPPER
	RET

// func scale512(x *float32, n int, by float32)
TEXT ·scale512(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VBROADCASTSS by+16(FP), Z0

scale:
	VMULPS (SI), Z0, Z1
	VMOVUPS Z1, (SI)
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  scale
	VZEROUPPER
	RET

// func gelu512(x *float32, n int)
TEXT ·gelu512(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	TESTQ CX, CX
	JZ   geludone
	EXPCONSTANTS
	VBROADCASTSS ·constants+(4*15)(SB), Z8  // sqrt 1/2
	VBROADCASTSS ·constants+(4*16)(SB), Z9  // .3275911
	VBROADCASTSS ·constants+(4*17)(SB), Z10 // a5
	VBROADCASTSS ·constants+(4*18)(SB), Z11
	VBROADCASTSS ·constants+(4*19)(SB), Z12
	VBROADCASTSS ·constants+(4*20)(SB), Z13
	VBROADCASTSS ·constants+(4*21)(SB), Z14 // a1
	VBROADCASTSS ·constants+(4*22)(SB), Z15 // 1/2
	VPBROADCASTD ·constants+(4*1)(SB), Z28  // 0x7FFFFFFF
	VPBROADCASTD ·constants+(4*23)(SB), Z29 // the sign bit

gelu:
	VMOVUPS (SI), Z7
	VMULPS Z8, Z7, Z6
	VPANDD Z28, Z6, Z6  // z
	VMULPS Z9, Z6, Z5
	VADDPS Z27, Z5, Z5
	VDIVPS Z5, Z27, Z5  // t
	VMULPS Z5, Z10, Z4
	VADDPS Z11, Z4, Z4
	VMULPS Z5, Z4, Z4
	VADDPS Z12, Z4, Z4
	VMULPS Z5, Z4, Z4
	VADDPS Z13, Z4, Z4
	VMULPS Z5, Z4, Z4
	VADDPS Z14, Z4, Z4
	VMULPS Z5, Z4, Z4   // p*t
	VMULPS Z6, Z6, Z0
	VPXORD Z29, Z0, Z0  // -z^2
	EXP
	VMULPS Z0, Z4, Z4
	VSUBPS Z4, Z27, Z4  // erf
	VPANDD Z29, Z7, Z0
	VPORD Z0, Z4, Z4
	VADDPS Z27, Z4, Z4
	VMULPS Z15, Z7, Z7
	VMULPS Z4, Z7, Z7
	VMOVUPS Z7, (SI)
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  gelu

geludone:
	VZEROUPPER
	RET

// func addnorm512(x, y, gamma, beta *float32, m, n int, eps float32)
TEXT ·addnorm512(SB), NOSPLIT, $0-52
	MOVQ x+0(FP), SI
	MOVQ y+8(FP), R8
	MOVQ gamma+16(FP), R9
	MOVQ beta+24(FP), R10
	MOVQ m+32(FP), R14
	MOVQ n+40(FP), CX
	TAILMASK
	VCVTSI2SSQ CX, X6, X6 // n
	ADDQ $15, CX
	SHRQ $4, CX // vectors
	VMOVSS eps+48(FP), X7
	VMOVSS ·constants+(4*14)(SB), X8 // 1

normrow:
	TESTQ R14, R14
	JZ   normdone
	MOVQ SI, DI
	MOVQ CX, DX
	VPXORD Z4, Z4, Z4
	TESTQ R8, R8
	JZ   normsum

normadd:
	VMOVUPS (DI), Z0
	VADDPS (R8), Z0, Z0
	VMOVUPS Z0, (DI)
	VADDPS Z0, Z4, Z4
	ADDQ $64, DI
	ADDQ $64, R8
	DECQ DX
	JNZ  normadd
	JMP  normmean

normsum:
	VADDPS (DI), Z4, Z4
	ADDQ $64, DI
	DECQ DX
	JNZ  normsum

normmean:
	FOLD512
	VDIVSS X6, X4, X4
	VBROADCASTSS X4, Z1 // mean
	MOVQ SI, DI
	MOVQ CX, DX
	VPXORD Z4, Z4, Z4

normvar:
	CMPQ DX, $1
	JEQ  normvarlast
	VMOVUPS (DI), Z0
	VSUBPS Z1, Z0, Z0
	VMULPS Z0, Z0, Z0
	VADDPS Z0, Z4, Z4
	ADDQ $64, DI
	DECQ DX
	JMP  normvar

normvarlast:
	VMOVUPS (DI), Z0
	VSUBPS.Z Z1, Z0, K1, Z0
	VMULPS Z0, Z0, Z0
	VADDPS Z0, Z4, Z4
	FOLD512
	VDIVSS X6, X4, X4
	VADDSS X7, X4, X4
	VSQRTSS X4, X4, X4
	VDIVSS X4, X8, X4
	VBROADCASTSS X4, Z2 // 1/sqrt(variance + eps)
	MOVQ SI, DI
	MOVQ CX, DX
	XORQ AX, AX

normout:
	VMOVUPS (DI), Z0
	VSUBPS Z1, Z0, Z0
	VMULPS Z2, Z0, Z0
	VMULPS (R9)(AX*1), Z0, Z0
	VADDPS (R10)(AX*1), Z0, Z0
	VMOVUPS Z0, (DI)
	ADDQ $64, DI
	ADDQ $64, AX
	DECQ DX
	JNZ  normout
	MOVQ DI, SI
	DECQ R14
	JMP  normrow

normdone:
	VZEROUPPER
	RET
