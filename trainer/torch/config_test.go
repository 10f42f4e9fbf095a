package torch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseConfig(t *testing.T) {
	for name, want := range map[string]Config{
		"bert":       {Vocab: 48, Width: 8, Layers: 2, Heads: 2, Inner: 12, Positions: 16, Types: 2, Eps: 1e-12, Tied: true, InitialRange: .02},
		"distilbert": {Distil: true, Vocab: 48, Width: 8, Layers: 2, Heads: 2, Inner: 12, Positions: 16, Eps: 1e-12, Tied: true, InitialRange: .02},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", name, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseConfig(data); err != nil || got != want {
			t.Errorf("%s: %+v, %v; wanted %+v", name, got, err, want)
		}
	}
	for text, says := range map[string]string{
		``:                       "config.json",
		`{"model_type": "gpt2"}`: "gpt2",
		`{"model_type": "bert"}`: "vocab_size",
		`{"model_type": "bert", "hidden_act": "relu"}`:                                                                                         "relu",
		`{"model_type": "bert", "position_embedding_type": "relative_key"}`:                                                                    "relative_key",
		`{"model_type": "distilbert", "vocab_size": 9, "dim": 10, "n_layers": 1, "n_heads": 3, "hidden_dim": 1, "max_position_embeddings": 1}`: "not a multiple",
	} {
		if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, wanted one that says %q", text, err, says)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, name := range []string{"bert", "distilbert"} {
		data, err := os.ReadFile(filepath.Join("testdata", name, "config.json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig(data)
		if err == nil && (c.Vocab <= 0 || c.Width%c.Heads != 0) {
			t.Errorf("accepted %+v", c)
		}
	})
}
