package collection

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/bundle"
	"parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/passages"
	"parley/shared/safetensors"
	"parley/site/collection/tiny"
)

// Vectors of one encoder mean nothing to another, even with the same vocabulary.
func TestACollectionOfAnotherEncoderIsTold(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"one", "two"} {
		if err := tiny.Write(filepath.Join(dir, name), uint64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	enc, err := OpenEncoder(filepath.Join(dir, "one"))
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if _, err := Build(context.Background(), enc, slices.Values([]documents.Document{{ID: "a", Text: "the tower"}}), out, Options{}); err != nil {
		t.Fatal(err)
	}
	_, store, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	// Its namesake: other weights under the name of the first.
	namesake := tiny.Files(2)
	namesake["config.json"] = bytes.Replace(namesake["config.json"], []byte("tiny-2"), []byte("tiny-1"), 1)
	tiny.Put(t, filepath.Join(dir, "namesake"), namesake)
	list := `{"base": "base", "default": "base", "levels": [{"name": "base", "folder": "two"}]}`
	for _, x := range []struct {
		folder, list   string
		warning, wrong string
	}{
		{"one", "", "", ""},
		{"two", "", `made by another encoder, "tiny-1"`, ""},
		{".", list, "", `made by another encoder, "tiny-1" (`},
		{"namesake", "", `made by another encoder, "tiny-1" (`, ""},
		{".", strings.Replace(list, "two", "namesake", 1), "", `where the family's base is "tiny-1" (`},
		{".", strings.Replace(list, "two", "one", 1), "", ""},
	} {
		at := filepath.Join(dir, x.folder)
		if x.list != "" {
			if err := os.WriteFile(filepath.Join(at, "family.json"), []byte(x.list), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		e, err := OpenEncoders(at)
		if err != nil {
			t.Fatal(err)
		}
		warning, err := e.Foreign(store.About())
		if (x.warning == "") != (warning == "") || !strings.Contains(warning, x.warning) || (x.wrong == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), x.wrong) {
			t.Errorf("%s: %q, %v", x.folder, warning, err)
		}
		if warning, err := e.Foreign(passages.About{}); warning != "" || err != nil {
			t.Errorf("%s, of a collection that names no encoder: %q, %v", x.folder, warning, err)
		}
	}

	// A collection that was made before fingerprints were kept is read, with a note.
	before := store.About()
	before.Fingerprint = ""
	for _, name := range []string{"one", "namesake"} {
		e, err := OpenEncoders(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if warning, err := e.Foreign(before); err != nil || !strings.Contains(warning, "known by the name alone") {
			t.Errorf("%s: %q, %v", name, warning, err)
		}
	}

	// A manifest that names one file and holds another.
	raw, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := bundle.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile(filepath.Join(out, "passages.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "other.bin"), copied, 0o644); err != nil {
		t.Fatal(err)
	}
	for i := range m.Files {
		if m.Files[i].Name == "passages.bin" {
			m.Files[i].Path = "other.bin"
		}
	}
	if m, err = bundle.New(m.Files); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "manifest.json"), m.Encode(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(out); err == nil || !strings.Contains(err.Error(), "names passages.bin and holds other.bin") {
		t.Error(err)
	}
}

// Weights that are finite and absurd give no terms; nothing is written then.
func TestAnEncoderWithoutTermsIsRefused(t *testing.T) {
	dir := t.TempDir()
	files := tiny.Files(1)
	weights, err := safetensors.Read(files["model.safetensors"])
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range weights.Tensors {
		if x.Name == "cls.predictions.bias" {
			for i := 0; i < len(x.Data); i += 4 { // -1e38
				binary.LittleEndian.PutUint32(x.Data[i:], math.Float32bits(-1e38))
			}
		}
	}
	if files["model.safetensors"], err = safetensors.Write(weights.Tensors, nil); err != nil {
		t.Fatal(err)
	}
	enc, err := OpenEncoder(tiny.Put(t, filepath.Join(dir, "encoder"), files))
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	_, err = Build(t.Context(), enc, slices.Values([]documents.Document{{ID: "a", Text: "the tower"}}), out, Options{})
	if !errors.Is(err, collect.ErrNoTerms) {
		t.Error(err)
	}
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}
