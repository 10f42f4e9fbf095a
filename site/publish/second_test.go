package publish

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/shared/bundle"
	"parley/shared/documents"
	densetiny "parley/shared/encoder/tiny"
	"parley/shared/family"
	"parley/shared/passages"
	"parley/shared/safetensors"
	"parley/site/collection"
	"parley/site/collection/tiny"
)

const denseSettings = `{"name": "conv", "space": "s", "dense_weight": 20, "dense_zero": 0.5}`

// withDense gives the family of withFamily a dense encoder and the collection its vectors.
func withDense(t *testing.T, o *Options) {
	t.Helper()
	list, err := collection.OpenEncoders(o.Encoder)
	if err != nil {
		t.Fatal(err)
	}
	base, err := list.Base()
	if err != nil {
		t.Fatal(err)
	}
	files := densetiny.Sentence(base.Vocab(), denseSettings)
	files["README.md"] = []byte("The card of conv")
	tiny.Put(t, filepath.Join(o.Encoder, "conv"), files)
	list.List.Dense = &family.Dense{Title: "Better answers", Folder: "conv", Passages: "elsewhere", Card: "conv/README.md"}
	data, err := list.List.Encode()
	if err != nil {
		t.Fatal(err)
	}
	tiny.Put(t, o.Encoder, map[string][]byte{family.File: data})
	index(t, *o, filepath.Join(o.Encoder, "conv"), base, "tea leaf")
}

// index makes the collection again, with dense vectors.
func index(t *testing.T, o Options, dense string, base *collection.LoadedEncoder, texts ...string) {
	t.Helper()
	d, err := collection.OpenDense(dense, base.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	var docs []documents.Document
	for i, text := range texts {
		docs = append(docs, documents.Document{ID: string(rune('1' + i)), Title: "Tea", Text: text})
	}
	if _, err := collection.Build(t.Context(), base, slices.Values(docs), o.Collection, collection.Options{About: passages.About{Title: "T"}, Dense: d}); err != nil {
		t.Fatal(err)
	}
}

type site struct {
	bundle.Manifest
	Family *family.Family
}

func readSite(t *testing.T, o Options) (s site, files map[string]string) {
	t.Helper()
	files = folder(t, o.Out)
	if err := json.Unmarshal([]byte(files["site.json"]), &s); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(os.DirFS(o.Out)); err != nil {
		t.Error(err)
	}
	return s, files
}

// denseFiles are the dense stage's, and their size as served with Brotli.
func denseFiles(s site, files map[string]string) (names []string, size int64) {
	for _, f := range s.Files {
		if strings.HasPrefix(f.Name, "dense/") || f.Name == "collection/dense.bin" {
			names, size = append(names, f.Name), size+f.Bytes
			if small, ok := files[f.Path+".br"]; ok {
				size += int64(len(small)) - f.Bytes
			}
		}
	}
	return names, size
}

// The dense stage is three files that are loaded later, and says what it costs.
func TestTheDenseStage(t *testing.T) {
	o := options(t)
	withFamily(t, &o)
	withDense(t, &o)
	r := build(t, o)
	s, files := readSite(t, o)
	names, size := denseFiles(s, files)
	if !slices.Equal(names, []string{"dense/config.json", "dense/model.safetensors", "collection/dense.bin"}) {
		t.Errorf("%v", names)
	}
	if d := s.Family.Dense; d == nil || *d != (family.Dense{Title: "Better answers", Card: "cards/dense/card.html", Bytes: int(size), Space: "s"}) {
		t.Errorf("%+v, %d bytes", d, size)
	}
	if !strings.Contains(files["cards/dense/card.html"], "<p>The card of conv</p>") {
		t.Error("the card is not there")
	}
	now, later, _ := strings.Cut(files["sw.js"], `"later"`)
	for _, name := range names {
		f, _ := s.File(name)
		if strings.Contains(now, f.Path) || !strings.Contains(later, f.Path) {
			t.Errorf("%s is on the wrong list of sw.js", name)
		}
	}
	if r.Dense.Brotli+r.Vectors.Brotli != int(size) || r.Vectors.Bytes == 0 {
		t.Errorf("the report: %+v and %+v of %d", r.Dense, r.Vectors, size)
	}
	var out strings.Builder
	if r.Print(&out); !strings.Contains(out.String(), "\nbetter answers: 0.0") || !strings.Contains(out.String(), "MB, loaded on request (encoder ") {
		t.Error(out.String())
	}
	withoutAny := o
	withoutAny.NoDense = true
	q := build(t, withoutAny)
	if s, files := readSite(t, o); s.Family.Dense != nil || files["cards/dense/card.html"] != "" || q.Data != r.Data || q.FirstPage.Bytes-r.FirstPage.Bytes > 0 {
		t.Errorf("%+v", s.Family)
	}
}

// A dense encoder's reader is a file more of the dense stage; one that does not fit is not
// published.
func TestTheReaderIsPartOfTheDenseStage(t *testing.T) {
	o := options(t)
	withFamily(t, &o)
	withDense(t, &o)
	base, err := collection.OpenEncoder(filepath.Join(o.Encoder, "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(o.Encoder, "conv")
	with := densetiny.WithReader(densetiny.Sentence(base.Vocab(), strings.Replace(denseSettings, "}", ", "+densetiny.ReaderSettings+"}", 1)))
	tiny.Put(t, dir, with)
	build(t, o)
	s, files := readSite(t, o)
	names, size := denseFiles(s, files)
	if !slices.Equal(names, []string{"dense/config.json", "dense/model.safetensors", "dense/reader.safetensors", "collection/dense.bin"}) || s.Family.Dense.Bytes != int(size) {
		t.Errorf("%v, %d bytes, said %d", names, size, s.Family.Dense.Bytes)
	}
	f, _ := s.File("dense/reader.safetensors")
	if now, later, _ := strings.Cut(files["sw.js"], `"later"`); strings.Contains(now, f.Path) || !strings.Contains(later, f.Path) {
		t.Error("the reader is on the wrong list of sw.js")
	}
	for says, change := range map[string]func(){
		"reader.safetensors (the reader that config.json names) cannot be read": func() { os.Remove(filepath.Join(dir, "reader.safetensors")) },
		`"encoder.layer.1.attention.self.query.weight" is missing`: func() {
			tiny.Put(t, dir, map[string][]byte{"reader.safetensors": with["model.safetensors"]})
		},
	} {
		change()
		if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), "the dense stage cannot be published") || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
}

// Without an encoder or without vectors there is no dense stage; with one that does not
// fit, there is no site.
func TestADenseStageThatIsNotThere(t *testing.T) {
	o := options(t)
	withFamily(t, &o)
	withDense(t, &o)
	dir := filepath.Join(o.Encoder, "conv")
	without := func(o Options, says string) {
		t.Helper()
		var log strings.Builder
		o.Log = func(format string, args ...any) { fmt.Fprintf(&log, format+"\n", args...) }
		build(t, o)
		if s, _ := readSite(t, o); s.Family.Dense != nil || !strings.Contains(log.String(), "without the dense stage: ") || !strings.Contains(log.String(), says) {
			t.Errorf("%+v, said %q", s.Family.Dense, log.String())
		}
	}
	refused := func(o Options, says string) {
		t.Helper()
		if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, wanted %q", err, says)
		}
	}
	change := func(old, new string) (undo func()) {
		t.Helper()
		config, err := os.ReadFile(filepath.Join(dir, "config.json"))
		if err != nil || !bytes.Contains(config, []byte(old)) {
			t.Fatal(err)
		}
		tiny.Put(t, dir, map[string][]byte{"config.json": bytes.Replace(config, []byte(old), []byte(new), 1)})
		return func() { tiny.Put(t, dir, map[string][]byte{"config.json": config}) }
	}

	undo := change(`"space": "s"`, `"space": "other"`)
	refused(o, "dense vectors are of s, the dense encoder conv compares with those of other")
	refused(o, "--no-dense leaves it out")
	undo()
	undo = change(`"dense_weight": 20, `, ``)
	refused(o, "has no dense_weight")
	undo()
	tiny.Put(t, dir, map[string][]byte{"vocab.txt": bytes.Replace(tiny.Files(1)["vocab.txt"], []byte("\nwhale\n"), []byte("\nwhales\n"), 1)})
	refused(o, "its vocabulary is not that of the sparse encoder")
	os.Remove(filepath.Join(dir, "vocab.txt"))

	// Float weights, which the page does not take.
	model := filepath.Join(dir, "model.safetensors")
	was, _ := os.ReadFile(model)
	weights, err := safetensors.Read(was)
	if err != nil {
		t.Fatal(err)
	}
	const word = "embeddings.word_embeddings.weight"
	tensors := slices.DeleteFunc(slices.Clone(weights.Tensors), func(x safetensors.Tensor) bool { return strings.HasPrefix(x.Name, word) })
	for _, x := range weights.Tensors {
		if x.Name == word {
			tensors = append(tensors, safetensors.FromFloat32s(word, slices.Repeat([]float32{1, 2}, x.Shape[0]*x.Shape[1]/2), x.Shape...))
		}
	}
	float, err := safetensors.Write(tensors, nil)
	if err != nil {
		t.Fatal(err)
	}
	tiny.Put(t, dir, map[string][]byte{"model.safetensors": float})
	refused(o, "the weights are not in 8 bits or 4 ("+word+" is F32)")
	tiny.Put(t, dir, map[string][]byte{"model.safetensors": was[:len(was)/2]})
	refused(o, "the dense stage cannot be published")
	tiny.Put(t, dir, map[string][]byte{"model.safetensors": was})

	// Vectors of another collection.
	vectors := filepath.Join(o.Collection, "dense.bin")
	mine, _ := os.ReadFile(vectors)
	list, err := collection.OpenEncoders(o.Encoder)
	if err != nil {
		t.Fatal(err)
	}
	base, err := list.Base()
	if err != nil {
		t.Fatal(err)
	}
	more := o
	more.Collection = filepath.Join(t.TempDir(), "more")
	index(t, more, dir, base, "tea", "leaf", "hot water")
	tiny.Put(t, more.Collection, map[string][]byte{"dense.bin": mine})
	refused(more, "wrong size")
	os.Remove(filepath.Join(more.Collection, "manifest.json"))
	refused(more, "manifest.json")

	// A collection without, and then no encoder either.
	index(t, more, dir, base, "tea")
	plain := more
	plain.Collection = filepath.Join(t.TempDir(), "plain")
	if _, err := collection.Build(t.Context(), base, slices.Values([]documents.Document{{ID: "1", Text: "tea"}}), plain.Collection, collection.Options{}); err != nil {
		t.Fatal(err)
	}
	without(plain, "`parley index --dense --out "+plain.Collection+"` adds them")
	plain.Dense = dir
	refused(plain, "has no dense vectors")
	o.Dense = filepath.Join(dir, "none")
	refused(o, "no such file")
	o.Dense = ""
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	without(o, dir+" is not there")

	// Named, it needs no family that lists it.
	o.Dense = dir + "-away"
	build(t, o)
	if s, _ := readSite(t, o); s.Family.Dense == nil || s.Family.Dense.Card != "cards/dense/card.html" {
		t.Errorf("%+v", s.Family)
	}
}

// Beside an encoder without a family the dense stage needs a list, and has one.
func TestADenseStageWithoutAFamily(t *testing.T) {
	o := options(t)
	base, err := collection.OpenEncoder(o.Encoder)
	if err != nil {
		t.Fatal(err)
	}
	o.Dense = tiny.Put(t, filepath.Join(t.TempDir(), "dense"), densetiny.Sentence(base.Vocab(), denseSettings))
	index(t, o, o.Dense, base, "tea leaf")
	build(t, o)
	s, _ := readSite(t, o)
	if names, _ := denseFiles(s, nil); len(names) != 3 || s.Family == nil || len(s.Family.Levels) != 1 || s.Family.Default != s.Family.Base || s.Family.Dense.Title != "Better answers" {
		t.Errorf("%v, %+v", names, s.Family)
	}
	o.Dense = ""
	build(t, o)
	if s, _ := readSite(t, o); s.Family != nil {
		t.Errorf("%+v", s.Family)
	}
}

func TestOneFileHasADenseStageWhereItIsNamed(t *testing.T) {
	o := options(t)
	withFamily(t, &o)
	withDense(t, &o)
	o.App = App{"LICENSE": nil, "NOTICE": nil, "wasm_exec.js": []byte("go"), "kernel.wasm": nil, "kernel-relaxed.wasm": nil, "ui.wasm": nil, "worker.wasm": nil, "files.wasm": nil, "pdfium.wasm": nil}
	if err := o.App.addWeb(); err != nil {
		t.Fatal(err)
	}
	for dense, want := range map[string]int{"": 0, filepath.Join(o.Encoder, "conv"): 1} {
		o.Dense, o.NoDense = dense, false
		o.Out = filepath.Join(t.TempDir(), "one.html")
		if _, err := OneFile(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile(o.Out)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(regexp.MustCompile(`data-part="data/[0-9a-f]+\.dense\.bin"`).FindAll(page, -1)); got != want {
			t.Errorf("%q: %d", dense, got)
		}
	}
}

func TestTheDenseStagesBudget(t *testing.T) {
	r := Report{Compressed: true, Dense: Sizes{Brotli: DenseBudget}, Vectors: Sizes{Brotli: VectorsBudget}}
	if w, err := r.Over(); w != "" || err != nil {
		t.Error(w, err)
	}
	for _, over := range []*int{&r.Dense.Brotli, &r.Vectors.Brotli} {
		*over++
		if w, err := r.Over(); !strings.Contains(w, "better answers") || err != nil {
			t.Errorf("anyone's: %q, %v", w, err)
		}
		r.ours = true
		if w, err := r.Over(); w != "" || err == nil || !strings.Contains(err.Error(), "better answers") {
			t.Errorf("ours: %q, %v", w, err)
		}
		r.ours = false
		*over--
	}
}
