//go:build !wasip1

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley/shared/answer"
	"parley/shared/conversation"
	vectors "parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/encoder/tiny"
	"parley/shared/message"
	"parley/wasm/host"
)

const settings = `{"name": "tiny", "query_tokens": 64, "history_token_type": 1, "reply_tokens": -1, "dense_weight": 20, "dense_zero": 0.5}`

// withDense adds a dense encoder and the vectors of a small collection to the files, and
// gives the native engine of all.
func withDense(t testing.TB, files map[string][]byte) *answer.Engine {
	t.Helper()
	e := native(t, files)
	small := tiny.Sentence(e.Encoder.Vocab(), settings)
	s, err := encoder.LoadSentenceOver(e.Encoder.Tokenizer, tiny.Files(small))
	if err != nil {
		t.Fatal(err)
	}
	files[second+"config.json"], files[second+"model.safetensors"] = small["config.json"], small["model.safetensors"]
	files[denseFile] = embed(t, e, s, "tiny")
	v, err := vectors.Open(files[denseFile])
	if err == nil {
		err = e.SetDense(s, v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func embed(t testing.TB, e *answer.Engine, s *encoder.Sentence, space string) []byte {
	t.Helper()
	b, session, to := vectors.NewBuilder(space, s.Dim()), s.NewSession(), make([]float32, s.Dim())
	var in conversation.Input
	for i := range e.Passages.Len() {
		s.Passage(&in, e.Passages.At(i).Text)
		if err := errors.Join(session.Embed(to, in), b.Add(to)); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// say calls dense.
func say(t testing.TB, w *host.Worker, on uint64) (d message.DenseState) {
	t.Helper()
	word, body, err := w.Call("dense", nil, on)
	if err != nil || word != "dense" {
		t.Fatalf("dense(%d): %s %s, %v", on, word, body, err)
	}
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func stage(t testing.TB, w *host.Worker) string {
	t.Helper()
	a, err := w.Ask(question("rivers of Africa"))
	if err != nil || len(a.Results) < 3 {
		t.Fatalf("%+v, %v", a, err)
	}
	return a.Stage
}

var denseFiles = []string{second + "config.json", second + "model.safetensors", denseFile}

func give(t testing.TB, w *host.Worker, files map[string][]byte, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := w.File(name, files[name]); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// The dense stage has the bits of native Go, with the kernel and without, whenever its
// files come; and the sparse stage keeps its own.
func TestDenseSameBits(t *testing.T) {
	files := few(t)
	engine := withDense(t, files)
	asks := conversations(t)[:6]
	both := slices.Clone(asks)
	for i := range both {
		asks[i].Stage = message.StageSparse
		both[i].Stage = []string{"", message.StageDense, message.StageBoth}[i%3]
	}
	sparse, err1 := engine.Digest(asks)
	dense, err2 := engine.Digest(both)
	if err := errors.Join(err1, err2); err != nil || sparse == dense {
		t.Fatalf("digests %x and %x, %v", sparse, dense, err)
	}
	for _, simd := range []bool{true, false} {
		w := start(t, simd)
		if simd { // after open, and before
			hand(t, w, files)
			give(t, w, files, denseFiles...)
		} else {
			give(t, w, files, second+"model.safetensors", second+"config.json")
			hand(t, w, files)
			give(t, w, files, denseFile)
		}
		want := len(files[second+"config.json"]) + len(files[second+"model.safetensors"]) + len(files[denseFile])
		if d := say(t, w, 1); d.State != message.DenseOn || d.Name != "tiny" || d.Bytes != int64(want) || d.Memory < d.Bytes || d.Memory > w.Memory() {
			t.Errorf("simd=%v: %+v, wanted %d bytes", simd, d, want)
		}
		for digest, asks := range map[uint64][]message.Ask{sparse: asks, dense: both} {
			if got, err := w.Digest(asks); err != nil || got != fmt.Sprintf("%016x", digest) {
				t.Errorf("simd=%v: digest %s, natively %016x (%v)", simd, got, digest, err)
			}
		}
		got, err := w.Ask(both[2])
		if err != nil {
			t.Fatal(err)
		}
		native, err := engine.Ask(both[2])
		if err != nil {
			t.Fatal(err)
		}
		native.Cost.EncodeMS, native.Cost.SearchMS, native.Cost.ReadMS, native.Cost.DenseMS = got.Cost.EncodeMS, got.Cost.SearchMS, got.Cost.ReadMS, got.Cost.DenseMS
		g, _ := json.Marshal(got)
		n, _ := json.Marshal(native)
		if !bytes.Equal(g, n) || got.Cost.DenseMS <= 0 || got.Stage != message.StageBoth {
			t.Errorf("simd=%v:\n got %.300s\nwant %.300s", simd, g, n)
		}
	}
}

// On, off, and on again; another collection; and what is said where something is missing.
func TestDenseComesAndGoes(t *testing.T) {
	files := few(t)
	engine := withDense(t, files)
	w := start(t, true)
	if word, _, err := w.Call("dense", nil, 1); err != nil || word != "error" {
		t.Errorf("before anything: %s, %v", word, err)
	}
	hand(t, w, files)
	for _, name := range []string{second + "model.safetensors", second + "config.json"} {
		_, body, err := w.Call("dense", nil, 1)
		var f message.Failure
		if e := json.Unmarshal(body, &f); err != nil || e != nil || f.File != name || !strings.Contains(f.Message, "missing") {
			t.Errorf("without %s: %s, %v", name, body, err)
		}
		give(t, w, files, name)
	}
	if d := say(t, w, 1); d.State != message.DenseAbsent || !strings.Contains(d.Message, "no dense vectors") || stage(t, w) != message.StageSparse {
		t.Errorf("without vectors: %+v", d)
	}
	ask := question("rivers")
	ask.Stage = message.StageBoth
	_, err := w.Ask(ask)
	if f := failure(t, err); f.Stage != "ask" || !strings.Contains(f.Message, "not loaded") {
		t.Errorf("both without vectors: %+v", f)
	}
	other := bytes.Replace(files[denseFile], []byte("tiny"), []byte("bigs"), 1)
	if err := w.File(denseFile, other); err == nil {
		t.Error("a damaged file of vectors")
	}
	small, err := encoder.LoadSentenceOver(engine.Encoder.Tokenizer, tiny.Files(tiny.Sentence(engine.Encoder.Vocab(), settings)))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.File(denseFile, embed(t, engine, small, "bge")); err != nil {
		t.Fatal(err)
	}
	if d := say(t, w, 1); d.State != message.DenseAbsent || !strings.Contains(d.Message, "vectors are of bge") || stage(t, w) != message.StageSparse {
		t.Errorf("vectors of another space: %+v", d)
	}
	give(t, w, files, denseFile)
	if d := say(t, w, 1); d.State != message.DenseOn || stage(t, w) != message.StageBoth {
		t.Errorf("%+v", d)
	}
	if d := say(t, w, 0); d != (message.DenseState{State: message.DenseOff}) || stage(t, w) != message.StageSparse {
		t.Errorf("off: %+v", d)
	}
	before := w.Memory()
	for range 3 {
		give(t, w, files, denseFiles...)
		if d := say(t, w, 1); d.State != message.DenseOn || stage(t, w) != message.StageBoth {
			t.Errorf("on again: %+v", d)
		}
		say(t, w, 0)
	}
	if grown := w.Memory() - before; grown > 8<<20 {
		t.Errorf("three times on and off, and %d bytes more", grown)
	}
	give(t, w, files, denseFiles...)
	// Another collection has no vectors until its own come.
	own := few(t)
	own[indexFile], own[textsFile] = collection(t, engine.Encoder, "One river.", "Two rivers of Africa.", "Three rivers.")
	ownEngine := withDense(t, own)
	give(t, w, own, indexFile, textsFile)
	if _, err := w.Open(); err != nil {
		t.Fatal(err)
	}
	if d := say(t, w, 1); d.State != message.DenseAbsent || stage(t, w) != message.StageSparse {
		t.Errorf("another collection: %+v", d)
	}
	give(t, w, own, denseFile)
	if d := say(t, w, 1); d.State != message.DenseOn || stage(t, w) != message.StageBoth || ownEngine.Passages.Len() != 3 {
		t.Errorf("another collection's own: %+v", d)
	}
	give(t, w, files, denseFile)
	if d := say(t, w, 1); d.State != message.DenseAbsent || !strings.Contains(d.Message, "another number") || stage(t, w) != message.StageSparse {
		t.Errorf("vectors of the collection before: %+v", d)
	}
}

// A wrong file is named, the sparse stage answers all the while, and the right one mends it.
func TestWrongDenseFiles(t *testing.T) {
	files := few(t)
	withDense(t, files)
	w := start(t, true)
	hand(t, w, files)
	floats := bytes.Replace(files[second+"config.json"], []byte(`"hidden_size": 32`), []byte(`"hidden_size": 48`), 1)
	for _, c := range []struct {
		what, file, says string
		data             []byte
	}{
		{"no JSON", second + "config.json", "config.json", []byte("<html>")},
		{"another kind", second + "config.json", "wanted a BertModel", files[config]},
		{"another size", second + "model.safetensors", "hidden size 48", nil},
		{"truncated", second + "model.safetensors", "cut off", files[second+"model.safetensors"][:5000]},
		{"truncated vectors", denseFile, "truncated", files[denseFile][:100]},
		{"an index", denseFile, "no file of vectors", files[indexFile]},
	} {
		var err error
		for _, name := range denseFiles {
			data := files[name]
			if name == c.file && c.data != nil {
				data = c.data
			}
			if c.what == "another size" && name == second+"config.json" {
				data = floats
			}
			err = errors.Join(err, w.File(name, data))
		}
		if f := failure(t, err); f.File != c.file || !strings.Contains(f.Message, c.says) || stage(t, w) != message.StageSparse {
			t.Errorf("%s: %+v", c.what, f)
		}
		if c.what == "another size" {
			give(t, w, files, second+"config.json")
		}
		give(t, w, files, c.file)
		if d := say(t, w, 1); d.State != message.DenseOn || stage(t, w) != message.StageBoth {
			t.Errorf("%s, then right: %+v", c.what, d)
		}
		say(t, w, 0)
	}
	if f := failure(t, w.File(second+"vocab.txt", files[vocab])); !strings.Contains(f.Message, "shares the base's vocabulary") {
		t.Errorf("a vocabulary: %+v", f)
	}
}
