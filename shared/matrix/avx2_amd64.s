#include "textflag.h"

// AVX2, without FMA, whose single rounding would give other bits. A row's 16
// stripes are two vectors. Constants stand 8 times over in ·wide; C names one.

#define C(i) ·wide+(32*i)(SB)

// Integer tiles: 4 tokens by 16 outputs. Y0-Y7 are the sums, row by row, 2 vectors
// of 8 outputs each; Y8 and Y9 the weights of 2 k widened to int16, Y10 the
// token's 2 k.
//
//	SI  q of row 0, DI q of row 3, R8 = 2K, the stride; BX, R9 the two panels; CX  K/2

#define LOADW \
	VPMOVSXBW (BX), Y8; \
	VPMOVSXBW (R9), Y9

#define DOT(qaddr, c0, c1) \
	VPBROADCASTD qaddr, Y10; \
	VPMADDWD     Y8, Y10, Y11; \
	VPADDD       Y11, c0, c0; \
	VPMADDWD     Y9, Y10, Y12; \
	VPADDD       Y12, c1, c1

#define ZERO8 \
	VPXOR Y0, Y0, Y0; \
	VPXOR Y1, Y1, Y1; \
	VPXOR Y2, Y2, Y2; \
	VPXOR Y3, Y3, Y3; \
	VPXOR Y4, Y4, Y4; \
	VPXOR Y5, Y5, Y5; \
	VPXOR Y6, Y6, Y6; \
	VPXOR Y7, Y7, Y7

// TILE4 sums a tile of four rows that start at AX; TILE1 one row.
#define TILE4(loop) \
	MOVQ AX, SI; \
	LEAQ (AX)(R8*2), DI; \
	ADDQ R8, DI; \
	MOVQ w+16(FP), BX; \
	LEAQ (BX)(R8*4), R9; \ // a panel of 8 outputs takes 8K bytes
	MOVQ R8, CX; \
	SHRQ $2, CX; \
	ZERO8; \
loop: \
	LOADW; \
	DOT((SI), Y0, Y1); \
	DOT((SI)(R8*1), Y2, Y3); \
	DOT((SI)(R8*2), Y4, Y5); \
	DOT((DI), Y6, Y7); \
	ADDQ $4, SI; \
	ADDQ $4, DI; \
	ADDQ $16, BX; \
	ADDQ $16, R9; \
	DECQ CX; \
	JNZ  loop

#define TILE1(loop) \
	MOVQ AX, SI; \
	MOVQ w+16(FP), BX; \
	LEAQ (BX)(R8*4), R9; \
	MOVQ R8, CX; \
	SHRQ $2, CX; \
	VPXOR Y0, Y0, Y0; \
	VPXOR Y1, Y1, Y1; \
loop: \
	LOADW; \
	DOT((SI), Y0, Y1); \
	ADDQ $4, SI; \
	ADDQ $16, BX; \
	ADDQ $16, R9; \
	DECQ CX; \
	JNZ  loop

// STEPBACK deals with the 1 to 3 rows (R14) that are left after the last tile of 4,
// as in avx512_amd64.s.
#define STEPBACK(all, single, tile, in, out, scales) \
	CMPQ  all, $4; \
	JLT   single; \
	NEGQ  R14; \
	ADDQ  $4, R14; \ // rows to go back
	MOVQ  in, SI; \
	IMULQ R14, SI; \
	SUBQ  SI, AX; \
	MOVQ  out, SI; \
	IMULQ R14, SI; \
	SUBQ  SI, DX; \
	SHLQ  $2, R14; \
	SUBQ  R14, scales; \
	MOVQ  $4, R14; \
	JMP   tile

// DEQUANTIZE stores a row's ((sum * scale) * wscale) + bias at (DX) and steps on.
#define DEQUANTIZE(c0, c1) \
	VBROADCASTSS (R10), Y10; \
	ADDQ $4, R10; \
	VCVTDQ2PS c0, c0; \
	VMULPS Y10, c0, c0; \
	VMULPS (R11), c0, c0; \
	VADDPS (R12), c0, c0; \
	VMOVUPS c0, (DX); \
	VCVTDQ2PS c1, c1; \
	VMULPS Y10, c1, c1; \
	VMULPS 32(R11), c1, c1; \
	VADDPS 32(R12), c1, c1; \
	VMOVUPS c1, 32(DX); \
	ADDQ R13, DX

// func linear2(q *int16, scale *float32, w *int8, wscale, bias, out *float32, stride, m, K int)
TEXT ·linear2(SB), NOSPLIT, $0-72
	MOVQ q+0(FP), AX
	MOVQ scale+8(FP), R10
	MOVQ wscale+24(FP), R11
	MOVQ bias+32(FP), R12
	MOVQ out+40(FP), DX
	MOVQ stride+48(FP), R13
	SHLQ $2, R13
	MOVQ m+56(FP), R14
	MOVQ K+64(FP), R8
	SHLQ $1, R8

linear4:
	CMPQ R14, $4
	JLT  linear1
	TILE4(linear4k)
	DEQUANTIZE(Y0, Y1)
	DEQUANTIZE(Y2, Y3)
	DEQUANTIZE(Y4, Y5)
	DEQUANTIZE(Y6, Y7)
	LEAQ (AX)(R8*4), AX
	SUBQ $4, R14
	JMP  linear4

linear1:
	TESTQ R14, R14
	JZ   lineardone
	STEPBACK(m+56(FP), linear1row, linear4, R8, R13, R10)

linear1row:
	TILE1(linear1k)
	DEQUANTIZE(Y0, Y1)
	ADDQ R8, AX
	DECQ R14
	JNZ  linear1row

lineardone:
	VZEROUPPER
	RET

#define MAXIMUM(c0, c1) \
	VBROADCASTSS (R10), Y10; \
	ADDQ $4, R10; \
	VCVTDQ2PS c0, c0; \
	VMULPS Y10, c0, c0; \
	VMAXPS c0, Y13, Y13; \
	VCVTDQ2PS c1, c1; \
	VMULPS Y10, c1, c1; \
	VMAXPS c1, Y14, Y14

// func head2(q *int16, scale *float32, w *int8, wscale, bias, out *float32, m, K int)
TEXT ·head2(SB), NOSPLIT, $0-64
	MOVQ q+0(FP), AX
	MOVQ scale+8(FP), R10
	MOVQ wscale+24(FP), R11
	MOVQ bias+32(FP), R12
	MOVQ out+40(FP), DX
	MOVQ m+48(FP), R14
	MOVQ K+56(FP), R8
	SHLQ $1, R8
	VMOVUPS C(0), Y13 // -max
	VMOVUPS Y13, Y14

head4:
	CMPQ R14, $4
	JLT  head1
	TILE4(head4k)
	MAXIMUM(Y0, Y1)
	MAXIMUM(Y2, Y3)
	MAXIMUM(Y4, Y5)
	MAXIMUM(Y6, Y7)
	LEAQ (AX)(R8*4), AX
	SUBQ $4, R14
	JMP  head4

head1:
	TESTQ R14, R14
	JZ   headdone
	XORQ R13, R13
	STEPBACK(m+48(FP), head1row, head4, R8, R13, R10)

head1row:
	TILE1(head1k)
	MAXIMUM(Y0, Y1)
	ADDQ R8, AX
	DECQ R14
	JNZ  head1row

headdone:
	VMULPS (R11), Y13, Y13
	VADDPS (R12), Y13, Y13
	VMOVUPS Y13, (DX)
	VMULPS 32(R11), Y14, Y14
	VADDPS 32(R12), Y14, Y14
	VMOVUPS Y14, 32(DX)
	VZEROUPPER
	RET

// A float tile: 4 rows by 16 columns.
#define MAC(aaddr, c0, c1) \
	VBROADCASTSS aaddr, Y10; \
	VMULPS Y8, Y10, Y11; \
	VADDPS Y11, c0, c0; \
	VMULPS Y9, Y10, Y12; \
	VADDPS Y12, c1, c1

#define STORE(c0, c1) \
	VADDPS Y13, c0, c0; \
	VADDPS Y14, c1, c1; \
	VMOVUPS c0, (DX); \
	VMOVUPS c1, 32(DX); \
	ADDQ R11, DX

// func matmul2(a *float32, lda int, b *float32, ldb int, bias, c *float32, ldc, m, k int)
// 16 columns, all rows.
TEXT ·matmul2(SB), NOSPLIT, $0-72
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
	VPXOR Y13, Y13, Y13
	VPXOR Y14, Y14, Y14
	TESTQ R12, R12
	JZ   matmul4
	VMOVUPS (R12), Y13 // adding +0 instead of no bias changes nothing: no sum is -0
	VMOVUPS 32(R12), Y14

matmul4:
	CMPQ R14, $4
	JLT  matmul1
	MOVQ AX, SI
	LEAQ (AX)(R8*2), DI
	ADDQ R8, DI
	MOVQ b+16(FP), BX
	MOVQ R13, CX
	ZERO8

matmul4k:
	VMOVUPS (BX), Y8
	VMOVUPS 32(BX), Y9
	MAC((SI), Y0, Y1)
	MAC((SI)(R8*1), Y2, Y3)
	MAC((SI)(R8*2), Y4, Y5)
	MAC((DI), Y6, Y7)
	ADDQ $4, SI
	ADDQ $4, DI
	ADDQ R10, BX
	DECQ CX
	JNZ  matmul4k
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	STORE(Y6, Y7)
	LEAQ (AX)(R8*4), AX
	SUBQ $4, R14
	JMP  matmul4

matmul1:
	TESTQ R14, R14
	JZ   matmuldone
	STEPBACK(m+56(FP), matmul1row, matmul4, R8, R11, DI)

matmul1row:
	MOVQ AX, SI
	MOVQ b+16(FP), BX
	MOVQ R13, CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1

matmul1k:
	VMOVUPS (BX), Y8
	VMOVUPS 32(BX), Y9
	MAC((SI), Y0, Y1)
	ADDQ $4, SI
	ADDQ R10, BX
	DECQ CX
	JNZ  matmul1k
	STORE(Y0, Y1)
	ADDQ R8, AX
	DECQ R14
	JNZ  matmul1row

matmuldone:
	VZEROUPPER
	RET

// MAXLANES folds the maxima of a into its lane 0, ax its lower half.
#define MAXLANES(a, ax) \
	VEXTRACTF128 $1, a, X15; \
	VMAXPS X15, ax, ax; \
	VPERMILPS $0x0E, ax, X15; \
	VMAXPS X15, ax, ax; \
	VPERMILPS $0x01, ax, X15; \
	VMAXSS X15, ax, ax

// FOLD adds up the 16 stripes of Y4 and Y5 into X4.
#define FOLD \
	VADDPS Y5, Y4, Y4; \
	VEXTRACTF128 $1, Y4, X5; \
	VADDPS X5, X4, X4; \
	VPERMILPS $0x0E, X4, X5; \
	VADDPS X5, X4, X4; \
	VPERMILPS $0x01, X4, X5; \
	VADDSS X5, X4, X4

// func most2(x *float32, n int) float32
// The maximum of |x|, n a positive multiple of 16.
TEXT ·most2(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VMOVUPS C(1), Y2
	VPXOR Y0, Y0, Y0

most:
	VANDPS (SI), Y2, Y1
	VMAXPS Y1, Y0, Y0
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ  most
	MAXLANES(Y0, X0)
	VMOVSS X0, ret+16(FP)
	VZEROUPPER
	RET

// func round2(q *int16, x *float32, n int, up float32)
// q = round(x * up), half to even, as Go leaves MXCSR.
TEXT ·round2(SB), NOSPLIT, $0-28
	MOVQ q+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSS up+24(FP), Y1

round:
	VMULPS (SI), Y1, Y0
	VCVTPS2DQ Y0, Y0
	VMULPS 32(SI), Y1, Y2
	VCVTPS2DQ Y2, Y2
	VPACKSSDW Y2, Y0, Y0    // by halves: 0-3, 8-11, 4-7, 12-15
	VPERMQ $0xD8, Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ $64, SI
	ADDQ $32, DI
	SUBQ $16, CX
	JNZ  round
	VZEROUPPER
	RET

// EXP replaces Y0 by exp(Y0), through Y1-Y3: the text of exp in portable.go.
#define EXP \
	VMAXPS C(3), Y0, Y0; \
	VMULPS C(4), Y0, Y1; \
	VADDPS C(5), Y1, Y1; \
	VSUBPS C(5), Y1, Y2; \
	VMULPS C(6), Y2, Y3; \
	VSUBPS Y3, Y0, Y0; \
	VMULPS C(7), Y2, Y3; \
	VSUBPS Y3, Y0, Y0; \
	VMULPS C(8), Y0, Y2; \
	VADDPS C(9), Y2, Y2; \
	VMULPS Y0, Y2, Y2; \
	VADDPS C(10), Y2, Y2; \
	VMULPS Y0, Y2, Y2; \
	VADDPS C(11), Y2, Y2; \
	VMULPS Y0, Y2, Y2; \
	VADDPS C(12), Y2, Y2; \
	VMULPS Y0, Y2, Y2; \
	VADDPS C(13), Y2, Y2; \
	VMULPS Y0, Y0, Y3; \
	VMULPS Y3, Y2, Y2; \
	VADDPS C(14), Y0, Y3; \
	VADDPS Y3, Y2, Y2; \
	VPSLLD $23, Y1, Y1; \
	VPADDD C(14), Y1, Y1; \
	VMULPS Y1, Y2, Y0

// TAILMASK sets Y8 and Y9 to the lanes of the last 16 of a row of CX values: CX mod
// 16 of them, or all.
#define TAILMASK \
	MOVQ CX, AX; \
	NEGQ AX; \
	ANDQ $15, AX; \
	LEAQ ·lanes(SB), BX; \
	VMOVUPS (BX)(AX*4), Y8; \
	VMOVUPS 32(BX)(AX*4), Y9

// func softmax2(s *float32, n int, scale float32) float32
// s becomes exp((s - max) * scale), its pads 0; returns the sum.
TEXT ·softmax2(SB), NOSPLIT, $0-28
	MOVQ s+0(FP), SI
	MOVQ n+8(FP), CX
	TAILMASK
	ADDQ $15, CX
	SHRQ $4, CX
	DECQ CX // blocks of 16 before the last
	VBROADCASTSS scale+16(FP), Y6
	MOVQ SI, DI
	MOVQ CX, DX
	VBROADCASTSS (SI), Y7
	VMOVAPS Y7, Y10

softmaxmost:
	TESTQ DX, DX
	JZ   softmaxtail
	VMAXPS (DI), Y7, Y7
	VMAXPS 32(DI), Y7, Y7
	ADDQ $64, DI
	DECQ DX
	JMP  softmaxmost

softmaxtail:
	VBLENDVPS Y8, (DI), Y10, Y0
	VMAXPS Y0, Y7, Y7
	VBLENDVPS Y9, 32(DI), Y10, Y0
	VMAXPS Y0, Y7, Y7
	MAXLANES(Y7, X7)
	VBROADCASTSS X7, Y7
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5

softmaxexp:
	TESTQ CX, CX
	JZ   softmaxlast
	VMOVUPS (SI), Y0
	VSUBPS Y7, Y0, Y0
	VMULPS Y6, Y0, Y0
	EXP
	VMOVUPS Y0, (SI)
	VADDPS Y0, Y4, Y4
	VMOVUPS 32(SI), Y0
	VSUBPS Y7, Y0, Y0
	VMULPS Y6, Y0, Y0
	EXP
	VMOVUPS Y0, 32(SI)
	VADDPS Y0, Y5, Y5
	ADDQ $64, SI
	DECQ CX
	JMP  softmaxexp

softmaxlast:
	VMOVUPS (SI), Y0
	VSUBPS Y7, Y0, Y0
	VMULPS Y6, Y0, Y0
	EXP
	VANDPS Y8, Y0, Y0
	VMOVUPS Y0, (SI)
	VADDPS Y0, Y4, Y4
	VMOVUPS 32(SI), Y0
	VSUBPS Y7, Y0, Y0
	VMULPS Y6, Y0, Y0
	EXP
	VANDPS Y9, Y0, Y0
	VMOVUPS Y0, 32(SI)
	VADDPS Y0, Y5, Y5
	FOLD
	VMOVSS X4, ret+24(FP)
	VZEROUPPER
	RET

// func scale2(x *float32, n int, by float32)
TEXT ·scale2(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VBROADCASTSS by+16(FP), Y0

scale:
	VMULPS (SI), Y0, Y1
	VMOVUPS Y1, (SI)
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ  scale
	VZEROUPPER
	RET

// func gelu2(x *float32, n int)
TEXT ·gelu2(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	TESTQ CX, CX
	JZ   geludone
	VMOVUPS C(14), Y8  // 1
	VMOVUPS C(23), Y9  // the sign

gelu:
	VMOVUPS (SI), Y7
	VMULPS C(15), Y7, Y6
	VANDPS C(1), Y6, Y6 // z
	VMULPS C(16), Y6, Y5
	VADDPS Y8, Y5, Y5
	VDIVPS Y5, Y8, Y5   // t
	VMULPS C(17), Y5, Y4
	VADDPS C(18), Y4, Y4
	VMULPS Y5, Y4, Y4
	VADDPS C(19), Y4, Y4
	VMULPS Y5, Y4, Y4
	VADDPS C(20), Y4, Y4
	VMULPS Y5, Y4, Y4
	VADDPS C(21), Y4, Y4
	VMULPS Y5, Y4, Y4   // p*t
	VMULPS Y6, Y6, Y0
	VXORPS Y9, Y0, Y0   // -z^2
	EXP
	VMULPS Y0, Y4, Y4
	VSUBPS Y4, Y8, Y4   // erf
	VANDPS Y9, Y7, Y0
	VORPS Y0, Y4, Y4
	VADDPS Y8, Y4, Y4
	VMULPS C(22), Y7, Y7
	VMULPS Y4, Y7, Y7
	VMOVUPS Y7, (SI)
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ  gelu

geludone:
	VZEROUPPER
	RET

// SQUARE adds the square of v - mean (Y1) to a stripe.
#define SQUARE(vaddr, stripe) \
	VMOVUPS vaddr, Y0; \
	VSUBPS Y1, Y0, Y0; \
	VMULPS Y0, Y0, Y0; \
	VADDPS Y0, stripe, stripe

// func addnorm2(x, y, gamma, beta *float32, m, n int, eps float32)
TEXT ·addnorm2(SB), NOSPLIT, $0-52
	MOVQ x+0(FP), SI
	MOVQ y+8(FP), R8
	MOVQ gamma+16(FP), R9
	MOVQ beta+24(FP), R10
	MOVQ m+32(FP), R14
	MOVQ n+40(FP), CX
	TAILMASK
	VXORPS X6, X6, X6
	VCVTSI2SSQ CX, X6, X6 // n
	ADDQ $15, CX
	SHRQ $4, CX           // blocks of 16
	VMOVSS eps+48(FP), X7
	VMOVSS C(14), X10     // 1

normrow:
	TESTQ R14, R14
	JZ   normdone
	MOVQ SI, DI
	MOVQ CX, DX
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	TESTQ R8, R8
	JZ   normsum

normadd:
	VMOVUPS (DI), Y0
	VADDPS (R8), Y0, Y0
	VMOVUPS Y0, (DI)
	VADDPS Y0, Y4, Y4
	VMOVUPS 32(DI), Y0
	VADDPS 32(R8), Y0, Y0
	VMOVUPS Y0, 32(DI)
	VADDPS Y0, Y5, Y5
	ADDQ $64, DI
	ADDQ $64, R8
	DECQ DX
	JNZ  normadd
	JMP  normmean

normsum:
	VADDPS (DI), Y4, Y4
	VADDPS 32(DI), Y5, Y5
	ADDQ $64, DI
	DECQ DX
	JNZ  normsum

normmean:
	FOLD
	VDIVSS X6, X4, X4
	VBROADCASTSS X4, Y1 // mean
	MOVQ SI, DI
	MOVQ CX, DX
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5

normvar:
	CMPQ DX, $1
	JEQ  normvarlast
	SQUARE((DI), Y4)
	SQUARE(32(DI), Y5)
	ADDQ $64, DI
	DECQ DX
	JMP  normvar

normvarlast:
	VMOVUPS (DI), Y0
	VSUBPS Y1, Y0, Y0
	VANDPS Y8, Y0, Y0
	VMULPS Y0, Y0, Y0
	VADDPS Y0, Y4, Y4
	VMOVUPS 32(DI), Y0
	VSUBPS Y1, Y0, Y0
	VANDPS Y9, Y0, Y0
	VMULPS Y0, Y0, Y0
	VADDPS Y0, Y5, Y5
	FOLD
	VDIVSS X6, X4, X4
	VADDSS X7, X4, X4
	VSQRTSS X4, X4, X4
	VDIVSS X4, X10, X4
	VBROADCASTSS X4, Y2 // 1/sqrt(variance + eps)
	MOVQ SI, DI
	MOVQ CX, DX
	ADDQ DX, DX
	XORQ AX, AX

normout:
	VMOVUPS (DI), Y0
	VSUBPS Y1, Y0, Y0
	VMULPS Y2, Y0, Y0
	VMULPS (R9)(AX*1), Y0, Y0
	VADDPS (R10)(AX*1), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	ADDQ $32, AX
	DECQ DX
	JNZ  normout
	MOVQ DI, SI
	DECQ R14
	JMP  normrow

normdone:
	VZEROUPPER
	RET
