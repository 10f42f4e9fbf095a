package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/bundle"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/safetensors"
	"parley/trainer/evaluate"
)

// aReader writes a dense encoder as it ships into DIR/dense, without its vocabulary, which
// is in DIR/vocabulary, and a finished run of a reader on its first layer into DIR/reader.
func aReader(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	float := folder.Files("../shared/encoder/testdata/sentence")
	whole, err := encoder.QuantizeTo(encoder.Levels{Matrices: 7, Words: 7}, float, &encoder.Settings{Name: "dense", QueryTokens: 12, PassageTokens: 20, DenseWeight: 60})
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "vocabulary/vocab.txt"), whole["vocab.txt"])
	delete(whole, "vocab.txt")
	whole["README.md"] = []byte("# dense\n\n## Files\n| file | bytes | SHA-256 |\n|---|---:|---|\n| config.json | 1 | `old` |\n\nMatrices are integers.\n")
	for name, data := range whole {
		put(t, filepath.Join(dir, "dense", name), data)
	}
	data, err := float("model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	tensors := f.Tensors
	for _, head := range []string{"relevance", "sentence"} {
		w := make([]float32, 24)
		for i := range w {
			w[i] = float32(i) / 8
		}
		tensors = append(tensors, safetensors.FromFloat32s(head+".weight", w, 1, 24), safetensors.FromFloat32s(head+".bias", []float32{.5}, 1))
	}
	best, err := safetensors.Write(tensors, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := bundle.New([]bundle.File{bundle.Of("model.safetensors", "model.safetensors", best)})
	if err != nil {
		t.Fatal(err)
	}
	dense := filepath.Join(dir, "dense")
	settings, err := json.Marshal(map[string]any{"out": "/home/someone/runs/reader", "encoder": dense, "vocabulary": filepath.Join(dir, "vocabulary"),
		"examples": []string{"/home/someone/data/a.jsonl"}, "lower-layers": 1, "layers": 1, "query-tokens": 12, "passage-tokens": 20})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"reader.json":            settings,
		"provenance.json":        fmt.Appendf(nil, `{"revision":"0123abc","train_examples":40,"dev_examples":8,"sha256":{%q:"%x"}}`, filepath.Join(dense, "model.safetensors"), sha256.Sum256(whole["model.safetensors"])),
		"checkpoint/state.json":  []byte(`{"step":20,"epoch":1,"best":0.6,"best_epoch":1,"ended":true}`),
		"log.jsonl":              []byte(`{"step":20,"epoch":1,"dev_loss":1.5,"dev_first":0.75,"dev_sentence":0.5}` + "\n"),
		"best/model.safetensors": best,
		"best.json":              m.Encode(),
	} {
		put(t, filepath.Join(dir, "reader", name), data)
	}
	return dir
}

// The reader goes into the dense encoder's folder, whose own weights stay as they are. Its
// matrices are as the dense encoder's, two integers to a byte, unless --levels says so.
func TestExportWritesAReader(t *testing.T) {
	dir := aReader(t)
	out := mustRun(t, dir, "export --reader-weight 3 DIR/reader DIR/out")
	if !strings.Contains(out, "reader.safetensors") {
		t.Error(out)
	}
	if string(read(t, filepath.Join(dir, "out/model.safetensors"))) != string(read(t, filepath.Join(dir, "dense/model.safetensors"))) {
		t.Error("the dense encoder's weights changed")
	}
	files := map[string][]byte{"vocab.txt": read(t, filepath.Join(dir, "vocabulary/vocab.txt"))}
	for _, name := range []string{"config.json", "model.safetensors", encoder.ReaderFile} {
		var err error
		if files[name], err = folder.Files(filepath.Join(dir, "out"))(name); err != nil { // verified by the manifest
			t.Fatal(err)
		}
	}
	s, err := encoder.LoadSentence(evaluate.Held(files))
	if err != nil {
		t.Fatal(err)
	}
	r, err := encoder.LoadReader(s, evaluate.Held(files))
	if err != nil || r == nil || r.Weight != 3 || r.Results != 5 || s.DenseWeight != 60 {
		t.Errorf("%v, reader %+v, dense weight %v", err, r, s.DenseWeight)
	}
	f, err := safetensors.Read(files[encoder.ReaderFile])
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]safetensors.DType{"encoder.layer.1.output.dense.weight": safetensors.U8, "encoder.layer.1.output.dense.weight.scale": safetensors.F32,
		"encoder.layer.1.output.LayerNorm.bias": safetensors.F32, "relevance.weight": safetensors.F32, "sentence.bias": safetensors.F32} {
		if x, ok := f.Tensor(name); !ok || x.DType != want {
			t.Errorf("%s is %q, want %q", name, x.DType, want)
		}
	}
	if _, ok := f.Tensor("encoder.layer.0.output.dense.bias"); ok {
		t.Error("the file has a layer that the dense encoder has")
	}
	mustRun(t, dir, "export --levels 127 DIR/reader DIR/fine")
	if f, err = safetensors.Read(read(t, filepath.Join(dir, "fine/reader.safetensors"))); err != nil {
		t.Fatal(err)
	}
	if x, ok := f.Tensor("encoder.layer.1.output.dense.weight"); !ok || x.DType != safetensors.I8 {
		t.Errorf("with 127 levels, a matrix is %q", x.DType)
	}
	card := string(read(t, filepath.Join(dir, "out/README.md")))
	for _, want := range []string{"# dense\n", "| reader.safetensors | ", "Matrices are integers.", "\n## Reader\n", "3 x (its logit", "| 1 | 1.5000 | 0.7500 | 0.5000 |", "data/a.jsonl"} {
		if !strings.Contains(card, want) {
			t.Errorf("the card lacks %q:\n%s", want, card)
		}
	}
	if strings.Contains(card, "/home/someone") || strings.Contains(card, "`old`") {
		t.Errorf("the card:\n%s", card)
	}
	if _, err := os.Stat(filepath.Join(dir, "out/vocab.txt")); err == nil {
		t.Error("the folder has a vocabulary, which the dense encoder's had not")
	}

	// Into the dense encoder's own folder, twice: the second changes nothing.
	mustRun(t, dir, "export --reader-weight 3 DIR/reader DIR/dense")
	mustRun(t, dir, "export --reader-weight 3 DIR/reader DIR/dense")
	for _, name := range []string{"config.json", "model.safetensors", "reader.safetensors", "manifest.json", "README.md"} {
		if string(read(t, filepath.Join(dir, "dense", name))) != string(read(t, filepath.Join(dir, "out", name))) {
			t.Errorf("%s is another in the dense encoder's own folder", name)
		}
	}
}

func TestExportRefusesAReaderThatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(dir string)
		line   string
		code   int
		says   string
	}{
		{"not ended", func(d string) { put(t, d+"/reader/checkpoint/state.json", []byte(`{"step":7}`)) }, "", 1, "trainer reader --resume"},
		{"another dense encoder", func(d string) {
			put(t, d+"/reader/provenance.json", []byte(`{"sha256":{}}`))
		}, "", 1, "is not the file that the reader"},
		{"other weights", func(d string) { put(t, d+"/reader/best/model.safetensors", []byte("x")) }, "", 1, "is not what the run wrote"},
		{"another's flag", nil, "--licence MIT DIR/reader DIR/out", 2, "--licence: RUN is a reader's"},
		{"no results", nil, "--reader-results 0 DIR/reader DIR/out", 1, "results is 0"},
	} {
		dir := aReader(t)
		if c.damage != nil {
			c.damage(dir)
		}
		if c.line == "" {
			c.line = "DIR/reader DIR/out"
		}
		if code, _, stderr := trainer(t, dir, "export "+c.line); code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: code %d, %q; want %d, %q", c.name, code, stderr, c.code, c.says)
		}
		if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
			t.Errorf("%s: a folder was written all the same", c.name)
		}
	}
}
