//go:build libtorch

package train

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/importers"
	"parley/trainer/torch"
)

// The architectures of the recipes' encoders, small, over the vocabulary of
// teacher/testdata; positions are those of the real ones.
const (
	smallBERT = `{"architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": 48, "hidden_size": 16, "num_hidden_layers": 2,
		"num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 512, "type_vocab_size": 2, "hidden_act": "gelu"}`
	smallDistilBERT = `{"architectures": ["DistilBertForMaskedLM"], "model_type": "distilbert", "vocab_size": 48, "dim": 16, "n_layers": 2,
		"n_heads": 2, "hidden_dim": 32, "max_position_embeddings": 512, "activation": "gelu"}`
)

// Three steps of every recipe, on the CPU, on made data: a thousand passages, so that
// ranks 11 to 960 are there, and conversations that are cut at 256 tokens.
func TestRecipesRun(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	letters := func(n int) string {
		w := make([]string, n)
		for i := range w {
			w[i] = string(rune('a' + r.IntN(26)))
		}
		return strings.Join(w, " ")
	}
	var passages, examples bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&passages, "{\"_id\": \"d%d\", \"text\": %q}\n", i, letters(8))
	}
	var list []importers.Example
	ranking := map[string]map[string]float64{}
	for i := range 48 {
		e := importers.Example{ID: fmt.Sprint(i), Conversation: fmt.Sprint(i / 4), Rewrite: letters(4)}
		for range i % 4 {
			e.History = append(e.History, conversation.Turn{Question: letters(4), Reply: letters(120)})
		}
		e.Question = letters(3)
		list = append(list, e)
		scores := map[string]float64{}
		for d := range 1000 {
			scores[fmt.Sprintf("d%d", d)] = 20 * r.Float64()
		}
		ranking[e.ID] = scores
	}
	if err := importers.Write(&examples, list); err != nil {
		t.Fatal(err)
	}
	disco, err := json.Marshal(ranking)
	if err != nil {
		t.Fatal(err)
	}
	vocab, err := os.ReadFile("../teacher/testdata/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range recipes(t) {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			at := func(file string) string { return filepath.Join(folder, file) }
			device, err := torch.Device("cpu")
			if err != nil {
				t.Fatal(err)
			}
			config := smallBERT
			if strings.Contains(name, "distil") {
				config = smallDistilBERT
			}
			e, err := torch.New([]byte(config), device, 3)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			if err := e.Save(at("encoder"), nil); err != nil {
				t.Fatal(err)
			}
			for file, data := range map[string][]byte{"encoder/vocab.txt": vocab, "passages.jsonl": passages.Bytes(), "examples.jsonl": examples.Bytes(), "disco.json": disco} {
				if err := os.WriteFile(at(file), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			// Only what the machine and the data decide is changed, and the dev set
			// enlarged: 2 % of 12 conversations would be none.
			c.Encoder, c.DocEncoder, c.Out, c.Cache = at("encoder"), at("encoder"), at("run"), at("cache")
			c.Examples, c.Passages, c.Exclude = []string{at("examples.jsonl")}, []string{at("passages.jsonl")}, nil
			if len(c.Teachers) > 0 {
				c.Teachers = []string{at("disco.json")}
			}
			c.Device, c.Mixed, c.Threads, c.Steps, c.DevFraction = "cpu", false, 1, 3, .2
			c.L1, c.KLD, c.InfoNCE = 1e-3, .9, .1 // a level of the paper's
			if err := Run(context.Background(), c, false, quiet(t)); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(at("run/log.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			steps, measured := 0, 0
			for line := range bytes.Lines(data) {
				var l map[string]float64
				if err := json.Unmarshal(line, &l); err != nil {
					t.Fatalf("%v in %s", err, line)
				}
				if _, ok := l["dev_ndcg10"]; ok {
					measured++
					continue
				}
				steps++
				for _, term := range []string{"kld", "infonce", "l1"} {
					if l[term] <= 0 {
						t.Errorf("step %v: %s is %v", l["step"], term, l[term])
					}
				}
			}
			if steps != 3 || measured != 1 {
				t.Errorf("%d steps, measured %d times", steps, measured)
			}
			if _, err := os.Stat(at("run/best/model.safetensors")); err != nil {
				t.Error(err)
			}
		})
	}
}
