package bundle

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestWithin(t *testing.T) {
	manifest := func(paths ...string) *fstest.MapFile {
		var files []File
		for _, p := range paths {
			files = append(files, Of(p, p, []byte("content of "+p[strings.LastIndexByte(p, '/')+1:])))
		}
		m, err := New(files)
		if err != nil {
			t.Fatal(err)
		}
		return &fstest.MapFile{Data: m.Encode()}
	}
	content := func(name string) *fstest.MapFile { return &fstest.MapFile{Data: []byte("content of " + name)} }
	swapped, err := New([]File{Of("a", "b", []byte("content of b")), Of("b", "a", []byte("content of a"))})
	if err != nil {
		t.Fatal(err)
	}
	folder := fstest.MapFS{
		"own/a": content("a"), "own/b": content("b"), "own/more": content("more"), "own/manifest.json": manifest("a", "b"),
		"family/x/a": content("a"), "family/x/more": content("more"), "family/y/a": content("a"), "family/manifest.json": manifest("x/a", "z/a"),
		"bare/a": content("a"), "web/app/a": content("a"), "web/manifest.json": {Data: []byte(`{"name": "a web page"}`)},
		"swapped/a": content("a"), "swapped/b": content("b"), "swapped/manifest.json": {Data: swapped.Encode()},
		"broken/a": content("a"), "broken/manifest.json": {Data: []byte("{")},
		"above/x/a": content("a"), "above/manifest.json": {Data: []byte(`{"files": [{"sha256": "0"}]}`)},
	}
	sub := func(name string) fs.FS {
		f, err := fs.Sub(folder, name)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, x := range []struct {
		parent, name, file string
		want               string // of the error
	}{
		{".", "own", "a", ""}, {".", "own", "more", "the manifest does not list it"}, {".", "own", "none", "file does not exist"},
		{"own", ".", "b", ""},
		{"family", "x", "a", ""}, {"family", "x", "more", "the manifest does not list it"}, {"family", "y", "a", ""},
		{".", "bare", "a", ""}, {"web", "app", "a", ""}, {"bare", ".", "a", ""},
		{".", "swapped", "a", "names one file and holds another"},
		{".", "broken", "a", "broken/manifest.json"}, {"above", "x", "a", "in the folder above"},
	} {
		read, err := Within(sub(x.parent), x.name)
		var got []byte
		if err == nil {
			got, err = read(x.file)
		}
		if x.want == "" && (err != nil || string(got) != "content of "+x.file) || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s, %s: %q, %v, wanted %q", x.parent, x.name, got, err, x.want)
		}
	}
	// Every flipped bit, in a file or in its manifest, is reported.
	for _, x := range [][3]string{{".", "own", "own/a"}, {".", "own", "own/manifest.json"}, {"family", "x", "family/x/a"}, {"family", "x", "family/manifest.json"}} {
		whole := folder[x[2]].Data
		for i := range 8 * len(whole) {
			damaged := bytes.Clone(whole)
			damaged[i/8] ^= 1 << (i % 8)
			folder[x[2]] = &fstest.MapFile{Data: damaged}
			read, err := Within(sub(x[0]), x[1])
			if err == nil {
				_, err = read("a")
			}
			var e *Error
			// A name that JSON's decoder takes in either case.
			if err == nil && bytes.EqualFold(damaged, whole) {
				continue
			}
			if !errors.As(err, &e) {
				t.Fatalf("%s, bit %d: %v\n%s", x[2], i, err, damaged)
			}
		}
		folder[x[2]] = &fstest.MapFile{Data: whole}
	}
}
