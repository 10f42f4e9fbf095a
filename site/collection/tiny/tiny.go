// Package tiny makes an encoder for tests. It has a few kilobytes and is nearly lexical,
// since its attention adds nothing and each piece activates mostly itself.
package tiny

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/safetensors"
)

const (
	hidden = 64
	inner  = 32
)

// vocabulary returns the special pieces, letters, digits and words.
func vocabulary() []string {
	v := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
	for c := '!'; c <= '~'; c++ {
		if c < 'A' || c > 'Z' {
			v = append(v, string(c))
		}
	}
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		v = append(v, "##"+string(c))
	}
	return append(v, strings.Fields(`the and of in is was it by a to for tower paris iron tall metres designed engineer
		eiffel tea leaf hot water green black china japan river bridge built year city stone ship harbour sea whale
		fish salt moon planet star sun orbit cell plant animal root music piano string drum song`)...)
}

// Files returns the files of the encoder's folder by name, with float weights. Equal seeds
// give equal bytes.
func Files(seed uint64) map[string][]byte {
	r := rand.New(rand.NewPCG(seed, 0))
	vocab := vocabulary()
	seen := map[string]bool{}
	lines := vocab[:0:0]
	for _, p := range vocab {
		if !seen[p] {
			seen[p] = true
			lines = append(lines, p)
		}
	}
	n := len(lines)
	fill := func(size int, f func(i int) float32) []float32 {
		v := make([]float32, size)
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	zero := func(int) float32 { return 0 }
	one := func(int) float32 { return 1 }
	var ts []safetensors.Tensor
	add := func(name string, f func(i int) float32, shape ...int) {
		size := 1
		for _, d := range shape {
			size *= d
		}
		ts = append(ts, safetensors.FromFloat32s(name, fill(size, f), shape...))
	}
	norm := func(name string) {
		add(name+".weight", one, hidden)
		add(name+".bias", zero, hidden)
	}
	dense := func(name string, f func(i int) float32, rows, columns int) {
		add(name+".weight", f, rows, columns)
		add(name+".bias", zero, rows)
	}
	random := func(int) float32 { return float32(r.NormFloat64()) / 8 }
	add("bert.embeddings.word_embeddings.weight", random, n, hidden)
	add("bert.embeddings.position_embeddings.weight", zero, 512, hidden)
	add("bert.embeddings.token_type_embeddings.weight", zero, 2, hidden)
	norm("bert.embeddings.LayerNorm")
	p := "bert.encoder.layer.0."
	for _, name := range []string{"query", "key", "value"} {
		dense(p+"attention.self."+name, random, hidden, hidden)
	}
	dense(p+"attention.output.dense", zero, hidden, hidden)
	norm(p + "attention.output.LayerNorm")
	dense(p+"intermediate.dense", random, inner, hidden)
	dense(p+"output.dense", zero, hidden, inner)
	norm(p + "output.LayerNorm")
	dense("cls.predictions.transform.dense", func(i int) float32 {
		if i%(hidden+1) == 0 {
			return 1
		}
		return 0
	}, hidden, hidden)
	norm("cls.predictions.transform.LayerNorm")
	// Lower the bias of frequent pieces, as training does.
	add("cls.predictions.bias", func(i int) float32 {
		if i < n-60 {
			return -4
		}
		return -2
	}, n)
	weights, err := safetensors.Write(ts, nil)
	if err != nil {
		panic(err)
	}
	config, err := json.Marshal(map[string]any{
		"architectures": []string{"BertForMaskedLM"}, "model_type": "bert", "vocab_size": n,
		"hidden_size": hidden, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": inner,
		"max_position_embeddings": 512, "type_vocab_size": 2, "hidden_act": "gelu",
		"parley": map[string]any{"name": fmt.Sprintf("tiny-%d", seed), "query_tokens": 64, "passage_tokens": 48},
	})
	if err != nil {
		panic(err)
	}
	return map[string][]byte{
		"config.json": config, "model.safetensors": weights, "vocab.txt": []byte(strings.Join(lines, "\n") + "\n"),
	}
}

// Write writes the encoder's folder.
func Write(dir string, seed uint64) error {
	return write(dir, Files(seed))
}

// Put writes files to a folder, which it returns.
func Put(t testing.TB, dir string, files map[string][]byte) string {
	t.Helper()
	if err := write(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
