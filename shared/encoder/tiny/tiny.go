// Package tiny makes small dense encoders of random weights, for tests.
package tiny

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"

	"parley/shared/encoder"
	"parley/shared/safetensors"
)

// Dim is the length of the encoders' vectors.
const Dim = 32

// Sentence returns the files of a dense int8 encoder over a vocabulary of that size,
// without the vocabulary itself: config.json, with parley as its settings, and
// model.safetensors. Texts that share words have similar vectors. Equal arguments give
// equal bytes.
func Sentence(vocab int, parley string) map[string][]byte {
	const inner, positions = 40, 512
	r := rand.New(rand.NewPCG(13, 13))
	var tensors []safetensors.Tensor
	matrix := func(name string, n, k int, size float64) {
		q, scale := make([]int8, n*k), make([]float32, n)
		for i := range q {
			q[i] = int8(max(-127, min(127, math.Round(r.NormFloat64()*40))))
		}
		for i := range scale {
			scale[i] = float32(size / 40)
		}
		tensors = append(tensors, safetensors.FromInt8s(name, q, n, k), safetensors.FromFloat32s(name+".scale", scale, n))
	}
	vector := func(name string, n int, value float32) {
		v := make([]float32, n)
		for i := range v {
			v[i] = value
		}
		tensors = append(tensors, safetensors.FromFloat32s(name, v, n))
	}
	norm := func(name string) {
		vector(name+".weight", Dim, 1)
		vector(name+".bias", Dim, 0)
	}
	linear := func(name string, n, k int) {
		matrix(name+".weight", n, k, .1)
		vector(name+".bias", n, .01)
	}
	matrix("embeddings.word_embeddings.weight", vocab, Dim, 1)
	matrix("embeddings.position_embeddings.weight", positions, Dim, .05)
	matrix("embeddings.token_type_embeddings.weight", 2, Dim, .05)
	norm("embeddings.LayerNorm")
	const layer = "encoder.layer.0."
	for _, name := range []string{"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"} {
		linear(layer+name, Dim, Dim)
	}
	norm(layer + "attention.output.LayerNorm")
	linear(layer+"intermediate.dense", inner, Dim)
	linear(layer+"output.dense", Dim, inner)
	norm(layer + "output.LayerNorm")
	weights, err := safetensors.Write(tensors, nil)
	if err != nil {
		panic(err) // names and shapes above are sound
	}
	config := fmt.Sprintf(`{"model_type": "bert", "architectures": ["BertModel"], "vocab_size": %d, "hidden_size": %d, "num_hidden_layers": 1,
		"num_attention_heads": 2, "intermediate_size": %d, "max_position_embeddings": %d, "type_vocab_size": 2, "parley": %s}`, vocab, Dim, inner, positions, parley)
	return map[string][]byte{"config.json": []byte(config), "model.safetensors": weights}
}

// Files returns a reader of files, which are given by name.
func Files(files map[string][]byte) encoder.Files {
	return func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return bytes.Clone(data), nil
		}
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
}
