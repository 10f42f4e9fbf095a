#include "textflag.h"

// AVX-VNNI: VPDPBUSD on 256 bits, encoded with VEX, on the processors without
// AVX-512 of these years. Go's assembler knows only the EVEX form, so the
// instruction stands here byte by byte. Everything else is AVX2's.

// DP(acc, w) is VPDPBUSD Y(8+w), Y10, Y(acc): to each of 8 int32 sums add the
// products of 4 unsigned bytes of Y10 and 4 signed bytes of Y8 or Y9.
// VEX.256.66.0F38.W0 50 /r
#define DP(acc, w) BYTE $0xC4; BYTE $0xC2; BYTE $0x2D; BYTE $0x50; BYTE $(0xC0 + 8*acc + w)

// Tiles: 4 tokens by 16 outputs. Y0-Y7 are the sums, row by row, 2 vectors of 8
// outputs each; Y8 and Y9 the weights of 4 k, Y10 the token's 4 k.
//
//	SI  q of row 0, DI q of row 3, R8 = K, the stride; BX w; R9 extra; CX  K/4

#define LOADW \
	VMOVDQU (BX), Y8; \
	VMOVDQU 32(BX), Y9

#define DOT(qaddr, c0, c1) \
	VPBROADCASTD qaddr, Y10; \
	DP(c0, 0); \
	DP(c1, 1)

// The sums start at extra = -128 * sum(w), since q is stored + 128.
#define TILE4(loop) \
	MOVQ AX, SI; \
	LEAQ (AX)(R8*2), DI; \
	ADDQ R8, DI; \
	MOVQ w+16(FP), BX; \
	MOVQ R8, CX; \
	SHRQ $2, CX; \
	VMOVDQU (R9), Y0; \
	VMOVDQU 32(R9), Y1; \
	VMOVDQA Y0, Y2; \
	VMOVDQA Y1, Y3; \
	VMOVDQA Y0, Y4; \
	VMOVDQA Y1, Y5; \
	VMOVDQA Y0, Y6; \
	VMOVDQA Y1, Y7; \
loop: \
	LOADW; \
	DOT((SI), 0, 1); \
	DOT((SI)(R8*1), 2, 3); \
	DOT((SI)(R8*2), 4, 5); \
	DOT((DI), 6, 7); \
	ADDQ $4, SI; \
	ADDQ $4, DI; \
	ADDQ $64, BX; \
	DECQ CX; \
	JNZ  loop

#define TILE1(loop) \
	MOVQ AX, SI; \
	MOVQ w+16(FP), BX; \
	MOVQ R8, CX; \
	SHRQ $2, CX; \
	VMOVDQU (R9), Y0; \
	VMOVDQU 32(R9), Y1; \
loop: \
	LOADW; \
	DOT((SI), 0, 1); \
	ADDQ $4, SI; \
	ADDQ $64, BX; \
	DECQ CX; \
	JNZ  loop

// STEPBACK as in avx512_amd64.s, for tiles of 4.
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

// func linearVNNI(q *uint8, scale *float32, w *int8, extra *int32, wscale, bias, out *float32, stride, m, K int)
TEXT ·linearVNNI(SB), NOSPLIT, $0-80
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
	STEPBACK(m+64(FP), linear1row, linear4, R8, R13, R10)

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

// func headVNNI(q *uint8, scale *float32, w *int8, extra *int32, wscale, bias, out *float32, m, K int)
TEXT ·headVNNI(SB), NOSPLIT, $0-72
	MOVQ q+0(FP), AX
	MOVQ scale+8(FP), R10
	MOVQ extra+24(FP), R9
	MOVQ wscale+32(FP), R11
	MOVQ bias+40(FP), R12
	MOVQ out+48(FP), DX
	MOVQ m+56(FP), R14
	MOVQ K+64(FP), R8
	VBROADCASTSS ·constants+(4*0)(SB), Y13 // -max
	VMOVAPS Y13, Y14

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
	STEPBACK(m+56(FP), head1row, head4, R8, R13, R10)

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

// func roundVNNI(q *uint8, x *float32, n int, up float32)
// q = round(x * up) + 128
TEXT ·roundVNNI(SB), NOSPLIT, $0-28
	MOVQ q+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSS up+24(FP), Y1
	VPBROADCASTD ·constants+(4*2)(SB), Y3 // 128

round:
	VMULPS (SI), Y1, Y0
	VCVTPS2DQ Y0, Y0
	VPADDD Y3, Y0, Y0
	VMULPS 32(SI), Y1, Y2
	VCVTPS2DQ Y2, Y2
	VPADDD Y3, Y2, Y2
	VPACKUSDW Y2, Y0, Y0 // by halves: 0-3, 8-11, 4-7, 12-15
	VPERMQ $0xD8, Y0, Y0
	VEXTRACTI128 $1, Y0, X2
	VPACKUSWB X2, X0, X0
	VMOVDQU X0, (DI)
	ADDQ $64, SI
	ADDQ $16, DI
	SUBQ $16, CX
	JNZ  round
	VZEROUPPER
	RET
