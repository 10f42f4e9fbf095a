package documents

import (
	"bytes"
	"compress/gzip"
	"os"
	"strings"
	"testing"
)

func TestAZIMInMemory(t *testing.T) {
	data, err := os.ReadFile("../zim/testdata/old.zim")
	if err != nil {
		t.Fatal(err)
	}
	docs, notes := Read("old.zim", data, Options{URLPrefix: "https://example.org/"})
	if len(docs) != 3 || len(notes) != 0 {
		t.Fatalf("%v, %v", docs, notes)
	}
	if d := docs[2]; d.ID != "Lyon.html" || d.Title != "Lyon" || d.Text != "Lyon is on the Rhône." || d.URL != "https://example.org/Lyon.html" {
		t.Errorf("%+v", d)
	}
	for _, c := range []struct {
		data []byte
		want string
	}{
		{data[:200], "the file is not whole: get it"}, {[]byte("%PDF"), "this is no ZIM file"}, {nil, "no whole header"}, {make([]byte, maxZIM+1), "the command parley index reads it"},
	} {
		docs, notes := Read("old.zim", c.data, Options{})
		if len(docs) != 0 || len(notes) != 1 || !strings.Contains(notes[0].Why, c.want) {
			t.Errorf("of %d bytes: %v, %v, wanted %q", len(c.data), docs, notes, c.want)
		}
	}
}

// A gzipped archive is read as a stream as it is in memory.
func TestAGzippedZIMIsStreamed(t *testing.T) {
	data, err := os.ReadFile("../zim/testdata/old.zim")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(data)
	z.Close()
	var titles []string
	for d, n := range Stream("old.zim.gz", bytes.NewReader(packed.Bytes()), Options{}) {
		if n != nil {
			t.Fatal(n)
		}
		titles = append(titles, d.Title)
	}
	if len(titles) != 3 || titles[2] != "Lyon" {
		t.Errorf("%q", titles)
	}
}

func TestSourcesOfArchives(t *testing.T) {
	for source, want := range map[string]string{
		"https://devdocs.io/go/": "https://devdocs.io/go", "stackoverflow.com": "https://stackoverflow.com", "javascript:alert(1)": "", "Our own notes": "", "": "",
	} {
		if got := webSource(source); got != want {
			t.Errorf("source %q gives %q, wanted %q", source, got, want)
		}
	}
}

func TestArticleTitles(t *testing.T) {
	for _, c := range [][3]string{ // listed, page's, wanted
		{"Mercury (planet)", "Mercury", "Mercury (planet)"}, {"", "Lyon", "Lyon"}, {"How to tie a rope - Outdoors", "How to tie a rope", "How to tie a rope"}, {" A\n b", "", "A b"},
	} {
		if got := articleTitle(c[0], c[1]); got != c[2] {
			t.Errorf("%q, %q: %q, wanted %q", c[0], c[1], got, c[2])
		}
	}
}
