//go:build !wasip1

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"parley/shared/encoder"
	"parley/shared/passages"
)

// A collection of another encoder is refused: a visitor's always, and the site's where
// there is a family. A single encoder may read questions over what another made.
func TestACollectionOfAnotherEncoderIsRefused(t *testing.T) {
	files := map[string][]byte{}
	for _, name := range []string{"config.json", "model.safetensors", "vocab.txt"} {
		data, err := os.ReadFile(filepath.Join("../../shared/encoder/testdata/bert", name))
		if err != nil {
			t.Fatal(err)
		}
		files["encoder/"+name] = data
	}
	files[config] = bytes.Replace(files[config], []byte("{"), []byte(`{"_name_or_path": "one",`), 1)
	e, err := encoder.Load(encoderFiles(files))
	if err != nil {
		t.Fatal(err)
	}
	var texts []byte
	files[indexFile], texts = collection(t, e, "a first text.", "another text")
	store, err := passages.Open(texts)
	if err != nil {
		t.Fatal(err)
	}
	const family = `{"base": "one", "default": "one", "levels": [{"name": "one", "title": "One"}]}`
	for _, x := range []struct {
		encoder, fingerprint string
		single, family, own  bool // whether it opens
	}{
		{e.Name, e.Fingerprint(), true, true, true},
		{e.Name, "", true, true, true}, // made before there were fingerprints
		{e.Name, e.Fingerprint() + "1", true, false, false},
		{"another", e.Fingerprint() + "1", true, false, false},
		{"another", "", true, false, false},
	} {
		about := store.About()
		about.Encoder, about.Fingerprint = x.encoder, x.fingerprint
		b := passages.NewBuilder(about)
		for i := range store.Len() {
			if err := b.Add(store.At(i)); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		if _, err := b.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		files[textsFile] = out.Bytes()
		w := &worker{}
		take := func(name string, data []byte) {
			if reply := w.file(append(bytes.Clone(data), name...), uint32(len(name))); !bytes.HasPrefix(reply, []byte("done\n")) {
				t.Fatalf("%s: %s", name, reply)
			}
		}
		check := func(what string, own, want bool) {
			if reply := w.open(own); bytes.HasPrefix(reply, []byte("ready\n")) != want || !want && !bytes.Contains(reply, []byte("made by another encoder")) {
				t.Errorf("%+v, %s: %.200s", x, what, reply)
			}
		}
		for name, data := range files {
			take(name, data)
		}
		check("a single encoder", false, x.single)
		check("a visitor's", true, x.own)
		take("family.json", []byte(family))
		check("a family", false, x.family)
	}
}
