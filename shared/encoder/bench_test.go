package encoder

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"parley/shared/matrix"
	"parley/shared/safetensors"
)

// splade builds a model of splade-tiny's sizes with random weights: speed does
// not depend on them, and the weights that ship need not be here.
func splade(b testing.TB) Files {
	const vocab, hidden, inner, layers = 30522, 128, 512, 2
	r := rand.New(rand.NewPCG(1, 2))
	var ts []safetensors.Tensor
	put := func(name string, spread float64, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64() * spread)
		}
		ts = append(ts, safetensors.FromFloat32s(name, v, shape...))
	}
	dense := func(name string, n, k int) { put(name+".weight", 0.1, n, k); put(name+".bias", 0.1, n) }
	norm := func(name string) { put(name+".LayerNorm.weight", 1, hidden); put(name+".LayerNorm.bias", 0.1, hidden) }
	put("bert.embeddings.word_embeddings.weight", 0.05, vocab, hidden)
	put("bert.embeddings.position_embeddings.weight", 0.05, 512, hidden)
	put("bert.embeddings.token_type_embeddings.weight", 0.05, 2, hidden)
	norm("bert.embeddings")
	for i := range layers {
		p := fmt.Sprintf("bert.encoder.layer.%d.", i)
		for _, x := range []string{"query", "key", "value"} {
			dense(p+"attention.self."+x, hidden, hidden)
		}
		dense(p+"attention.output.dense", hidden, hidden)
		norm(p + "attention.output")
		dense(p+"intermediate.dense", inner, hidden)
		dense(p+"output.dense", hidden, inner)
		norm(p + "output")
	}
	dense("cls.predictions.transform.dense", hidden, hidden)
	norm("cls.predictions.transform")
	// A bias that leaves about 1 % of the terms active, as the trained model has.
	v := make([]float32, vocab)
	for i := range v {
		v[i] = float32(r.NormFloat64()) - 3.7
	}
	ts = append(ts, safetensors.FromFloat32s("cls.predictions.bias", v, vocab))
	weights, err := safetensors.Write(ts, nil)
	if err != nil {
		b.Fatal(err)
	}
	return with(folder("..", "..", "models", "splade-tiny"), map[string][]byte{
		"model.safetensors": weights,
		"config.json": fmt.Appendf(nil, `{"model_type":"bert","vocab_size":%d,"hidden_size":%d,"num_hidden_layers":%d,"num_attention_heads":2,
			"intermediate_size":%d,"hidden_act":"gelu","max_position_embeddings":512,"type_vocab_size":2}`, vocab, hidden, layers, inner),
	})
}

// BenchmarkEncode times one core on a query's length and on a passage's.
func BenchmarkEncode(b *testing.B) {
	float := splade(b)
	small, err := Quantize(float, nil)
	if err != nil {
		b.Fatal(err)
	}
	was := matrix.Current()
	defer matrix.Use(was)
	for _, p := range matrix.Paths() {
		matrix.Use(p)
		for kind, files := range map[string]Files{"int8": with(nil, small), "float": float} {
			e := load(b, files)
			for _, m := range []int{64, 185} {
				in := randomInput(rand.New(rand.NewPCG(3, 4)), e, m)
				b.Run(fmt.Sprintf("%s/%s/%d", p, kind, m), func(b *testing.B) {
					s := e.NewSession()
					s.Encode(in)
					var terms int
					for b.Loop() {
						v, _, err := s.Encode(in)
						if err != nil {
							b.Fatal(err)
						}
						terms = v.L0()
					}
					b.ReportMetric(float64(terms), "terms")
				})
			}
		}
	}
}

// BenchmarkLoad times what a visitor waits for after the download.
func BenchmarkLoad(b *testing.B) {
	files := folder("..", "..", "models", "splade-tiny")
	data := map[string][]byte{}
	for _, name := range []string{"config.json", "vocab.txt", "model.safetensors"} {
		var err error
		if data[name], err = files(name); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		load(b, with(nil, data))
	}
}
