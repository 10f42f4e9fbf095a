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

// packQuads packs int8 weights as panels of width outputs. For every 4 k, a panel has the
// 4 weights of output 0, the 4 of output 1, and so on: the operand of an instruction that
// adds up four products of bytes.
func packQuads(dst, row []int8, n, K, width int) {
	p := dst[n/width*width*K+n%width*4:]
	for k := 0; k < K; k += 4 {
		copy(p[k*width:k*width+4], row[k:k+4])
	}
}

func unpackQuads(row, src []int8, n, K, width int) {
	p := src[n/width*width*K+n%width*4:]
	for k := 0; k < K; k += 4 {
		copy(row[k:k+4], p[k*width:k*width+4])
	}
}
