//go:build amd64 || arm64

package matrix

import "unsafe"

// at returns the address of a slice for assembly.
func at[T any](s []T) *T { return unsafe.SliceData(s) }

// from returns the address of s[n], or nil where s is nil.
func from(s []float32, n int) *float32 {
	if s == nil {
		return nil
	}
	return &s[n]
}

// queries is the number of rows of scores that attend keeps: whole tiles of 6 and of 4,
// and at most the 16 that scratch has room for.
const queries = 12

// attend is attentionPortable with a path's own products, softmax and scaling.
func (o *ops) attend(softmax func(*float32, int, float32) float32, scaleBy func(*float32, int, float32)) func(scratch, ctx, qkv []float32, m, heads, D int, scale float32) {
	return func(scratch, ctx, qkv []float32, m, heads, D int, scale float32) {
		M, H := Pad(m), heads*D
		kt, scores := scratch[:D*M], scratch[D*M:(D+Lanes)*M]
		for h := range heads {
			q, v := qkv[h*D:], qkv[2*H+h*D:]
			transpose(kt, qkv[H+h*D:], m, M, D, 3*H)
			for i := 0; i < m; i += queries {
				rows := min(queries, m-i)
				o.matmul(q[i*3*H:], 3*H, kt, M, nil, scores, M, rows, M, D)
				var inverse [queries]float32
				for r := range rows {
					inverse[r] = 1 / softmax(&scores[r*M], m, scale)
				}
				out := ctx[i*H+h*D:]
				o.matmul(scores, M, v, 3*H, nil, out, H, rows, D, m)
				for r := range rows {
					scaleBy(&out[r*H], D, inverse[r])
				}
			}
		}
	}
}

// transpose writes k, [m][D] in rows of stride ld, as [D][M].
func transpose(kt, k []float32, m, M, D, ld int) {
	for j := range m {
		row := k[j*ld : j*ld+D]
		for d, v := range row {
			kt[d*M+j] = v
		}
	}
	for d := range D {
		clear(kt[d*M+m : d*M+M])
	}
}
