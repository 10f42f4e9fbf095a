package matrix

import (
	"math/rand/v2"
	"testing"
)

// Every operation on 16 tokens of the encoder that ships, by each path. neon/count.sh
// counts what they take in instructions on arm64.
func BenchmarkOperations(b *testing.B) {
	const m, k, n = 16, 128, 512
	was := active
	defer func() { active = was }()
	r := rand.New(rand.NewPCG(1, 2))
	w8, scale, x := int8s(r, n*k), rows(r, 1, n, 1), rows(r, m, k, 1)
	qkv, wide, gamma := rows(r, m, 3*k, 1), rows(r, m, n, 1), rows(r, 1, k, 1)
	out := make([]float32, m*n)
	for _, path := range builds {
		active = path
		layer, err := NewInt8(w8, scale, scale, n, k)
		if err != nil {
			b.Fatal(err)
		}
		s := new(Scratch)
		for _, op := range []struct {
			name string
			run  func()
		}{
			{"linear", func() { s.Linear(out, x, m, layer) }},
			{"head", func() { s.Max(out, x, m, layer) }},
			{"attention", func() { s.Attention(out, qkv, m, 2, 64, .125) }},
			{"gelu", func() { GELU(wide) }},
			{"addnorm", func() { AddNorm(x, nil, gamma, gamma, m, k, 1e-12) }},
		} {
			b.Run(op.name+"/"+string(path.path), func(b *testing.B) {
				for range b.N {
					op.run()
				}
			})
		}
	}
}
