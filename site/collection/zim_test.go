package collection

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/documents"
	"parley/shared/passages"
)

const zimFiles = "../../shared/zim/testdata/"

// newZIM writes the archive that libzim made, packed by zstd.
func newZIM(t *testing.T, name string) string {
	t.Helper()
	packed, err := os.ReadFile(zimFiles + "new.zim.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	in, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(at, in, 0o644); err != nil {
		t.Fatal(err)
	}
	return at
}

func TestArticlesOfAZIM(t *testing.T) {
	read := func(prefix string, paths ...string) (docs []documents.Document, notes []string) {
		t.Helper()
		list, err := Read(paths, documents.Options{}, prefix, func(n documents.Note) { notes = append(notes, n.Error()) })
		if err != nil {
			t.Fatal(err)
		}
		return slices.Collect(list), notes
	}
	docs, notes := read("", newZIM(t, "places.zim"))
	if len(docs) != 2 {
		t.Fatalf("%d documents, wanted 2: %v", len(docs), docs)
	}
	for i, want := range []documents.Document{
		{ID: "Eiffel_Tower", Title: "Eiffel Tower", URL: "https://en.wikipedia.org/wiki/Eiffel_Tower", File: "places.zim",
			Text: "The tower is 330 metres tall.\n\nDesign\n\nGustave Eiffel's company designed it."},
		{ID: "Paris", Title: "Paris", URL: "https://en.wikipedia.org/wiki/Paris", File: "places.zim", Text: "Paris is the capital of France."},
	} {
		d := docs[i]
		if d.ID != want.ID || d.Title != want.Title || d.URL != want.URL || d.File != want.File || d.Text != want.Text {
			t.Errorf("document %d is %+v, wanted %+v", i, d, want)
		}
	}
	if want := []string{"places.zim: articles that are no pages in HTML: 1 of application/pdf"}; !slices.Equal(notes, want) {
		t.Errorf("notes %q, wanted %q", notes, want)
	}

	// A prefix is for pages that have no link of their own.
	docs, _ = read("https://example.org/", newZIM(t, "places.zim"))
	if docs[0].URL != "https://example.org/Eiffel_Tower" || docs[1].URL != "https://en.wikipedia.org/wiki/Paris" {
		t.Errorf("links %q and %q", docs[0].URL, docs[1].URL)
	}

	// The old scheme says nothing of its source.
	docs, notes = read("", zimFiles+"old.zim")
	if len(docs) != 3 || len(notes) != 0 || docs[2].ID != "Lyon.html" || docs[2].Title != "Lyon" || docs[2].Text != "Lyon is on the Rhône." || docs[2].URL != "" {
		t.Errorf("%v, %q", docs, notes)
	}
}

func TestAZIMInParts(t *testing.T) {
	whole, err := os.ReadFile(zimFiles + "plain.zim")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, part := range slices.Collect(slices.Chunk(whole, 1500)) {
		if err := os.WriteFile(filepath.Join(dir, "wiki.zima"+string(rune('a'+i))), part, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (ids, notes []string) {
		list, err := Read([]string{dir}, documents.Options{}, "", func(n documents.Note) { notes = append(notes, n.Error()) })
		if err != nil {
			t.Fatal(err)
		}
		for d := range list {
			ids = append(ids, d.ID)
		}
		return ids, notes
	}
	ids, notes := read()
	if want := []string{"Eiffel_Tower", "City_of_Light", "frame.html"}; !slices.Equal(ids, want) || len(notes) != 2 {
		t.Errorf("%q, %q; wanted %q", ids, notes, want)
	}
	os.Remove(filepath.Join(dir, "wiki.zimac"))
	ids, notes = read()
	if len(ids) != 0 || !strings.Contains(strings.Join(notes, "\n"), "wiki.zimaa: zim: at byte 32: the list of 21 paths, from byte 3819 on, is beyond the file's end at 3000") {
		t.Errorf("without its last part: %q, %q", ids, notes)
	}
}

func TestNextPart(t *testing.T) {
	for name, want := range map[string]string{"w.zimaa": "w.zimab", "w.zimaz": "w.zimba", "w.zimzz": "", "w.zim": "", "W.ZIMAA": "W.ZIMAB"} {
		if got := nextPart(name); got != want {
			t.Errorf("after %s comes %q, wanted %q", name, got, want)
		}
	}
}

func TestWhatAZIMSaysOfItself(t *testing.T) {
	z, err := DescribeZIM(newZIM(t, "places.zim"))
	if err != nil {
		t.Fatal(err)
	}
	want := documents.Archive{About: passages.About{Title: "Two places", Source: "https://en.wikipedia.org", Licence: "CC BY-SA 4.0", Attribution: "Wikipedia"}, Language: "eng", Date: "2026-11-01", Pages: 3} // its count leaves the alias out
	if *z != want {
		t.Errorf("%+v, wanted %+v", *z, want)
	}
}
