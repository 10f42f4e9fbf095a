package collect

import (
	"testing"

	"parley/shared/sparse"
)

func FuzzVectors(f *testing.F) {
	f.Add(AppendVectors(nil, sparse.Vector{Terms: []uint32{1, 5}, Weights: []float32{1, 2}}, sparse.Vector{}), 2)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		const vocab = 1000
		vectors, ok := ReadVectors(data, n&31, vocab)
		if !ok {
			return
		}
		for _, v := range vectors {
			for i, term := range v.Terms {
				if term >= vocab || i > 0 && term <= v.Terms[i-1] {
					t.Fatalf("terms %v", v.Terms)
				}
			}
		}
		again, ok := ReadVectors(AppendVectors(nil, vectors...), len(vectors), vocab)
		if !ok || len(again) != len(vectors) {
			t.Fatal("what was read cannot be written and read again")
		}
	})
}
