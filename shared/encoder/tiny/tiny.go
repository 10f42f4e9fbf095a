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

// inner is the width of the encoders' blocks.
const inner = 40

// made are random tensors.
type made struct {
	r    *rand.Rand
	list []safetensors.Tensor
}

func (m *made) matrix(name string, n, k int, size float64) {
	q, scale := make([]int8, n*k), make([]float32, n)
	for i := range q {
		q[i] = int8(max(-127, min(127, math.Round(m.r.NormFloat64()*40))))
	}
	for i := range scale {
		scale[i] = float32(size / 40)
	}
	m.list = append(m.list, safetensors.FromInt8s(name, q, n, k), safetensors.FromFloat32s(name+".scale", scale, n))
}

func (m *made) vector(name string, n int, value float32) {
	v := make([]float32, n)
	for i := range v {
		v[i] = value
	}
	m.list = append(m.list, safetensors.FromFloat32s(name, v, n))
}

func (m *made) norm(name string) {
	m.vector(name+".weight", Dim, 1)
	m.vector(name+".bias", Dim, 0)
}

// layer makes a block, whose names begin with name.
func (m *made) layer(name string) {
	linear := func(name string, n, k int) {
		m.matrix(name+".weight", n, k, .1)
		m.vector(name+".bias", n, .01)
	}
	for _, part := range []string{"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"} {
		linear(name+part, Dim, Dim)
	}
	m.norm(name + "attention.output.LayerNorm")
	linear(name+"intermediate.dense", inner, Dim)
	linear(name+"output.dense", Dim, inner)
	m.norm(name + "output.LayerNorm")
}

func (m *made) file() []byte {
	data, err := safetensors.Write(m.list, nil)
	if err != nil {
		panic(err) // names and shapes here are sound
	}
	return data
}

// Sentence returns the files of a dense int8 encoder over a vocabulary of that size,
// without the vocabulary itself: config.json, with parley as its settings, and
// model.safetensors. Texts that share words have similar vectors. Equal arguments give
// equal bytes.
func Sentence(vocab int, parley string) map[string][]byte {
	const positions = 512
	m := &made{r: rand.New(rand.NewPCG(13, 13))}
	m.matrix("embeddings.word_embeddings.weight", vocab, Dim, 1)
	m.matrix("embeddings.position_embeddings.weight", positions, Dim, .05)
	m.matrix("embeddings.token_type_embeddings.weight", 2, Dim, .05)
	m.norm("embeddings.LayerNorm")
	m.layer("encoder.layer.0.")
	config := fmt.Sprintf(`{"model_type": "bert", "architectures": ["BertModel"], "vocab_size": %d, "hidden_size": %d, "num_hidden_layers": 1,
		"num_attention_heads": 2, "intermediate_size": %d, "max_position_embeddings": %d, "type_vocab_size": 2, "parley": %s}`, vocab, Dim, inner, positions, parley)
	return map[string][]byte{"config.json": []byte(config), "model.safetensors": m.file()}
}

// ReaderSettings are settings of WithReader's reader, a key of a dense encoder's parley.
const ReaderSettings = `"reader": {"lower_layers": 1, "layers": 1, "query_tokens": 32, "passage_tokens": 96, "results": 5, "weight": 3}`

// WithReader adds a reader with one layer of its own to the files of Sentence, whose
// settings have ReaderSettings.
func WithReader(files map[string][]byte) map[string][]byte {
	m := &made{r: rand.New(rand.NewPCG(13, 14))}
	m.layer("encoder.layer.1.")
	for _, name := range []string{"relevance", "sentence"} {
		w := make([]float32, Dim)
		for i := range w {
			w[i] = float32(m.r.NormFloat64())
		}
		m.list = append(m.list, safetensors.FromFloat32s(name+".weight", w, 1, Dim))
		m.vector(name+".bias", 1, .1)
	}
	files[encoder.ReaderFile] = m.file()
	return files
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
