package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/answer"
	"parley/shared/bundle"
	"parley/shared/collect"
	"parley/shared/conversation"
	"parley/shared/documents"
	"parley/shared/encoder"
	densetiny "parley/shared/encoder/tiny"
	"parley/shared/family"
	"parley/shared/passages"
	"parley/site/collection"
)

const models = ".."

func TestTheFilesAreThoseOfTheManifest(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(models, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := bundle.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Verify(os.DirFS(models)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"splade-tiny/model.safetensors", "vital-articles/index.bin", "vital-articles/passages.bin"} {
		if _, ok := m.File(name); !ok {
			t.Errorf("the manifest lacks %s", name)
		}
	}
}

// The index was made by the very encoder that lies beside it: what it holds of
// an article is what the encoder says of it today.
func TestTheIndexIsTheEncodersOwn(t *testing.T) {
	enc, err := collection.OpenEncoder(filepath.Join(models, "splade-tiny"))
	if err != nil {
		t.Fatal(err)
	}
	x, texts, err := collection.Open(filepath.Join(models, "vital-articles"))
	if err != nil {
		t.Fatal(err)
	}
	if got := texts.About(); got.Encoder != enc.Name || got.Licence != "CC BY-SA 4.0" {
		t.Errorf("about: %+v", got)
	}
	s := enc.NewSession()
	for doc := 0; doc < texts.Len(); doc += texts.Len() / 40 {
		p := texts.At(doc)
		if p.URL == "" {
			t.Errorf("%s has no link", p.ID)
		}
		v, _, err := s.Encode(conversation.Passage(enc.Tokenizer, passages.EncoderText(p), enc.PassageTokens))
		if err != nil {
			t.Fatal(err)
		}
		kept := v.Mass(.9)
		var terms []uint32
		for _, m := range x.Explain(v, uint32(doc)) {
			terms = append(terms, m.Term)
		}
		slices.Sort(terms)
		if !slices.Equal(terms, kept.Terms) {
			t.Errorf("%s: the index holds %d terms, the encoder gives %d, or others", p.ID, len(terms), kept.L0())
		}
	}
}

// So are its dense vectors those of the encoder that reads passages for the family's, and
// both must be there for what ships to have a second stage.
func TestTheDenseVectorsAreTheEncodersOwn(t *testing.T) {
	c, err := collection.OpenAll(filepath.Join(models, articles))
	if err != nil {
		t.Fatal(err)
	}
	e, err := collection.OpenEncoders(models)
	if err != nil {
		t.Fatal(err)
	}
	if e.List.Dense == nil {
		if c.Dense != nil {
			t.Error("the collection has dense vectors, and the family no dense encoder")
		}
		t.Skip("the family has no dense encoder")
	}
	if c.Dense == nil {
		t.Fatal("the collection has no dense vectors for the family's dense encoder")
	}
	base, err := e.Level("")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := answer.New(base, c.Index, c.Passages)
	if err != nil {
		t.Fatal(err)
	}
	d, err := e.Dense()
	if err == nil {
		err = engine.SetDense(d.Sentence, c.Dense)
	}
	if err != nil && !errors.Is(err, collection.ErrNoDense) {
		t.Fatal(err)
	}
	if d, err = e.DensePassages(); errors.Is(err, collection.ErrNoDense) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	// The vectors are bge-small-en-v1.5's, which is not in the repository; the encoder that
	// ships has learnt them, in 4 bits.
	least := .999
	if e.List.Dense.Passages == "" {
		least = .96
	}
	embed, row := collect.NewDensePassageEncoder(d.Sentence), make([]float32, d.Dim())
	for doc := 0; doc < c.Passages.Len(); doc += c.Passages.Len() / 10 {
		v, _, err := embed.Encode(c.Passages.At(doc))
		if err != nil {
			t.Fatal(err)
		}
		var cosine float64
		c.Dense.Vector(row, doc)
		for i, x := range row {
			cosine += float64(x) * float64(v[i])
		}
		if cosine < least {
			t.Errorf("%s: the vector has the cosine %.4f with the encoder's of today", c.Passages.At(doc).ID, cosine)
		}
	}
}

// This needs the packages, which `make models` downloads.
func TestRebuildGivesTheSameBytes(t *testing.T) {
	packages := filepath.Join("..", "..", "build", "packages")
	if _, err := os.Stat(packages); err != nil {
		t.Skip("no packages here: run `make models` first")
	}
	out := t.TempDir()
	if err := build(t.Context(), packages, out); err != nil {
		t.Fatal(err)
	}
	// Members of the family are trained, not built: they are left aside.
	ship, err := os.ReadFile(filepath.Join(models, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := bundle.Parse(ship)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	_, second := m.File(articles + "/" + collect.DenseFile) // made by another step
	for _, f := range m.Files {
		if second && (f.Path == articles+"/"+collect.DenseFile || f.Path == articles+"/manifest.json") {
			continue
		}
		if strings.HasPrefix(f.Path, base+"/") || strings.HasPrefix(f.Path, articles+"/") {
			content, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(f.Path)))
			if err == nil {
				err = f.Verify(content)
			}
			if err != nil {
				t.Error(err)
			}
			compared++
		}
	}
	if compared < 5 {
		t.Errorf("only %d files were compared", compared)
	}
}

// Listing what ships again changes nothing, and lists all that is there.
func TestTheListIsOfWhatShips(t *testing.T) {
	out := t.TempDir()
	if err := os.CopyFS(out, os.DirFS(models)); err != nil {
		t.Fatal(err)
	}
	if err := list(out, "../../trainer/conversations/dev.jsonl", ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{family.File, "manifest.json"} {
		want, err := os.ReadFile(filepath.Join(models, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(out, name)); err != nil || string(got) != string(want) {
			t.Errorf("%s is not what `make family` writes (%v):\n%s\nwant\n%s", name, err, want, got)
		}
	}
}

// The dense encoder is listed where its folder is, stays listed where it is not, and is
// no part of the manifest of what ships; the step that makes the vectors adds them to it.
func TestTheDenseEncoder(t *testing.T) {
	out := t.TempDir()
	if err := os.CopyFS(out, os.DirFS(models)); err != nil {
		t.Fatal(err)
	}
	// A few passages instead of all.
	enc, err := collection.OpenEncoder(filepath.Join(out, base))
	if err != nil {
		t.Fatal(err)
	}
	docs := []documents.Document{{ID: "Tea", Title: "Tea", Text: "Tea is a drink."}, {ID: "Sea", Title: "Sea", Text: "The sea is salt water."}}
	if err := os.RemoveAll(filepath.Join(out, articles)); err != nil {
		t.Fatal(err)
	}
	if _, err := collection.Build(t.Context(), enc, slices.Values(docs), filepath.Join(out, articles), collection.Options{}); err != nil {
		t.Fatal(err)
	}
	level, err := os.ReadFile(filepath.Join(out, family.File))
	if err != nil {
		t.Fatal(err)
	}
	f, err := family.Parse(level)
	if err != nil {
		t.Fatal(err)
	}
	f.Dense = nil
	if level, err = f.Encode(); err == nil {
		err = os.WriteFile(filepath.Join(out, family.File), level, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	const turns = "../../trainer/conversations/dev.jsonl"
	listed := func() (*family.Dense, *bundle.Manifest) {
		t.Helper()
		if err := list(out, turns, ""); err != nil {
			t.Fatal(err)
		}
		e, err := collection.OpenEncoders(out)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(out, "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := bundle.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		return e.List.Dense, m
	}
	gone, err := filepath.Glob(filepath.Join(out, distilled+"*")) // the base is enough to list
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range append(gone, filepath.Join(out, dense), filepath.Join(out, densePassages)) {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
	}
	if d, _ := listed(); d != nil {
		t.Errorf("none is there, and the list has %+v", d)
	}
	for folder, settings := range map[string]string{dense: `{"name": "conv", "space": "b", "dense_weight": 1}`, densePassages: `{"name": "b"}`} {
		files := densetiny.Sentence(enc.Vocab(), settings)
		if folder == dense {
			files["README.md"] = []byte("A card.")
		}
		for name, data := range files {
			at := filepath.Join(out, folder, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, data, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := family.Dense{Title: "Better answers", Folder: dense, Passages: densePassages, Card: dense + "/README.md"}
	d, m := listed()
	if d == nil || *d != want {
		t.Errorf("%+v", d)
	}
	for _, f := range m.Files {
		if strings.HasPrefix(f.Path, dense+"/") || f.Path == articles+"/dense.bin" {
			t.Errorf("the manifest lists %s", f.Path)
		}
	}
	own, err := os.ReadFile(filepath.Join(out, dense, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := bundle.Parse(own); err != nil || len(m.Files) != 2 || m.Verify(os.DirFS(filepath.Join(out, dense))) != nil {
		t.Errorf("%s, %v", own, err)
	}
	if err := addDense(t.Context(), filepath.Join(out, densePassages), out); err != nil {
		t.Fatal(err)
	}
	if _, m = listed(); m.Verify(os.DirFS(out)) != nil {
		t.Error("the manifest is not that of the files")
	}
	if _, ok := m.File(articles + "/dense.bin"); !ok {
		t.Error("the manifest lacks the vectors")
	}
	if err := os.RemoveAll(filepath.Join(out, dense)); err != nil {
		t.Fatal(err)
	}
	if d, _ := listed(); d == nil || *d != want {
		t.Errorf("its folder went, and the list has %+v", d)
	}
}

// A member that is put into the folder is on the list, in order of its level, and
// so is its card; what it is to the others is measured.
func TestAddingALevel(t *testing.T) {
	out := t.TempDir()
	if err := os.CopyFS(out, os.DirFS(models)); err != nil {
		t.Fatal(err)
	}
	files := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(models, base, name)) }
	whole := map[string][]byte{}
	for _, name := range []string{"config.json", "model.safetensors", "vocab.txt"} {
		data, err := files(name)
		if err != nil {
			t.Fatal(err)
		}
		whole[name] = data
	}
	shared, err := encoder.Share(whole, files)
	if err != nil {
		t.Fatal(err)
	}
	shared["README.md"] = []byte("A card.")
	for _, level := range []string{"", "-16x", "-3x"} {
		for name, data := range shared {
			at := filepath.Join(out, distilled+level, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, data, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	const turns = "../../trainer/conversations/dev.jsonl"
	if err := list(out, turns, "3x"); err != nil {
		t.Fatal(err)
	}
	e, err := collection.OpenEncoders(out)
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) int {
		return slices.IndexFunc(e.List.Levels, func(l family.Level) bool { return l.Name == name })
	}
	if !(at("undistilled") == 0 && at("distilled") == 1 && at("distilled") < at("3x") && at("3x") < at("16x")) || e.List.Default != "3x" {
		t.Errorf("the list is %+v", e.List)
	}
	l, err := e.List.Level("3x")
	if err != nil || l.Ratio != 1 || l.FLOPS != e.List.Levels[0].FLOPS || l.FLOPS < 1 || l.Card != distilled+"-3x/README.md" || l.Title != "3× sparser" {
		t.Errorf("%+v, %v", l, err) // they are all the base itself
	}
	m, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if err != nil || !strings.Contains(string(m), `"splade-tiny-conv-16x/model.safetensors"`) || !strings.Contains(string(m), `"family.json"`) {
		t.Errorf("the manifest lacks the levels (%v): %s", err, m)
	}
	if err := list(out, turns, "5x"); !errors.Is(err, family.ErrNoLevel) {
		t.Errorf("a default that is not there: %v", err)
	}
	// A default that is taken away gives way to the distilled one.
	if err := errors.Join(os.RemoveAll(filepath.Join(out, distilled+"-3x")), list(out, turns, "")); err != nil {
		t.Fatal(err)
	}
	if e, err = collection.OpenEncoders(out); err != nil || e.List.Default != "distilled" || at("3x") >= 0 {
		t.Errorf("the list is %+v, %v", e.List, err)
	}
}
