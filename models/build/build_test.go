package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/bundle"
	"parley/shared/conversation"
	"parley/shared/documents"
	"parley/shared/encoder"
	"parley/shared/family"
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
	for _, f := range m.Files {
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
	if compared < 6 {
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
