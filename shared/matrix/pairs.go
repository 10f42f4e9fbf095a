package matrix

// packPairs8 packs a row in the order that AVX2 and the WebAssembly kernel read: panels of
// 8 outputs, with 16 bytes for every pair of k, [n0k0 n0k1 n1k0 n1k1 ... n7k0 n7k1].
// Widened to int16, these are the operand of one multiply-and-add-pairs instruction.
func packPairs8(dst, row []int8, n, K int) {
	p := dst[n/8*8*K+n%8*2:]
	for k := 0; k < K; k += 2 {
		p[k*8], p[k*8+1] = row[k], row[k+1]
	}
}

func unpackPairs8(row, src []int8, n, K int) {
	p := src[n/8*8*K+n%8*2:]
	for k := 0; k < K; k += 2 {
		row[k], row[k+1] = p[k*8], p[k*8+1]
	}
}
