package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"parley/shared/bundle"
	"parley/shared/conversation"
	"parley/shared/documents"
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
		v, _, err := s.Encode(conversation.Passage(enc.Tokenizer, documents.EncoderText(p), enc.PassageTokens))
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
	want, err := os.ReadFile(filepath.Join(models, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("the manifest is\n%s\nwant\n%s", got, want)
	}
}
