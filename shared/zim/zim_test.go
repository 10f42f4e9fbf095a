package zim

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err == nil {
			b, err = io.ReadAll(z)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func open(t testing.TB, b []byte) *Archive {
	t.Helper()
	a, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestArticles(t *testing.T) {
	for _, c := range []struct {
		file      string
		titles    []string // "path: title", in the order of the clusters
		redirects int
		other     map[string]int
		entries   int
		metadata  map[string]string
	}{
		{"new.zim.gz", []string{"Eiffel_Tower: Eiffel Tower", "Paris: "}, 2, map[string]int{"application/pdf": 1}, 22,
			map[string]string{"Title": "Two places", "Language": "eng", "Date": "2026-11-01", "Creator": "Wikipedia", "License": "CC BY-SA 4.0", "Source": "en.wikipedia.org", "Nothing": ""}},
		// No article is listed here, so all pages are; an alias has its page's content.
		{"plain.zim", []string{"Eiffel_Tower: Eiffel Tower", "City_of_Light: City of Light", "frame.html: A frame"}, 3, map[string]int{}, 21,
			map[string]string{"Title": "Two places"}},
		{"old.zim", []string{"Eiffel_Tower.html: Eiffel Tower", "Paris.html: Paris", "Lyon.html: "}, 2, map[string]int{}, 7,
			map[string]string{"Title": "Old places", "Language": "fra", "Creator": ""}},
	} {
		t.Run(c.file, func(t *testing.T) {
			a := open(t, file(t, c.file))
			s := a.Articles()
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			var titles []string
			content := map[string]string{}
			for p, err := range s.All() {
				if err != nil {
					t.Fatal(err)
				}
				titles = append(titles, p.Path+": "+p.Title)
				content[p.Title] = string(p.Content)
			}
			if !slices.Equal(titles, c.titles) || s.Len() != len(c.titles) {
				t.Errorf("articles %q, wanted %q", titles, c.titles)
			}
			if got := content["Eiffel Tower"]; !strings.HasPrefix(got, "<!DOCTYPE html><html><head><title>Eiffel Tower</title>") || !strings.HasSuffix(got, "Creative Commons.</div></body></html>") {
				t.Errorf("the tower's page is %q", got)
			}
			if s.Redirects != c.redirects || !maps.Equal(s.Other, c.other) || a.Len() != c.entries {
				t.Errorf("%d redirects, others %v, %d entries; wanted %d, %v, %d", s.Redirects, s.Other, a.Len(), c.redirects, c.other, c.entries)
			}
			for name, want := range c.metadata {
				if got := a.Metadata(name); got != want {
					t.Errorf("%s is %q, wanted %q", name, got, want)
				}
			}
		})
	}
}

func TestRedirectsAreFollowed(t *testing.T) {
	a := open(t, file(t, "new.zim.gz"))
	e, err := a.Find('C', "La_Tour") // to Tour_Eiffel, to Eiffel_Tower
	if err != nil || !e.Redirect() {
		t.Fatal(e, err)
	}
	if e, err = a.Follow(e); err != nil || e.Path != "Eiffel_Tower" {
		t.Fatal(e, err)
	}
	if b, err := a.Read(e); err != nil || !bytes.Contains(b, []byte("330 metres")) {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := a.Find('C', "Londres"); !errors.Is(err, ErrNotThere) {
		t.Errorf("a path that is not there: %v", err)
	}
	old := open(t, file(t, "old.zim"))
	e, err = old.Find('A', "circle.html")
	if err != nil {
		t.Fatal(err)
	}
	var format *FormatError
	if _, err = old.Follow(e); !errors.As(err, &format) || !strings.Contains(err.Error(), `"circle.html" leads in a circle`) {
		t.Errorf("a circle: %v", err)
	}
	if _, err = old.Read(e); !errors.As(err, &format) {
		t.Errorf("a redirect was read: %v", err)
	}
}

func TestWhatIsNoWholeArchiveIsRefusedWithThePlace(t *testing.T) {
	good := file(t, "old.zim")
	changed := func(at int, b ...byte) []byte {
		c := bytes.Clone(good)
		copy(c[at:], b)
		return c
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "at byte 0: no whole header"},
		{"half a header", good[:50], "at byte 0: no whole header"},
		{"other", []byte(strings.Repeat("no ZIM ", 20)), "at byte 0: this is no ZIM file"},
		{"version", changed(4, 7), "at byte 4: version 7.0"},
		{"cut off", good[:len(good)-1], fmt.Sprintf("at byte 72: the file ends at byte %d, before its checksum at %d", len(good)-1, len(good)-16)},
		{"entries", changed(24, 255, 255, 255, 255), "at byte 32: the list of 4294967295 paths"},
		{"clusters", changed(48, 255, 255, 255, 255, 255, 255, 255, 255), "at byte 48: the list of 3 clusters"},
		{"types", changed(56, 0, 0, 0, 0, 1), "at byte 56: the list of MIME types"},
	} {
		_, err := Open(bytes.NewReader(c.file), int64(len(c.file)))
		var format *FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, wanted %q", c.name, err, c.want)
		}
	}
}

// all reads what can be read.
func all(a *Archive) (paths []string, errs []error) {
	s := a.Articles()
	if s.Err != nil {
		errs = append(errs, s.Err)
	}
	for p, err := range s.All() {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		paths = append(paths, p.Path)
	}
	return paths, errs
}

func TestADamagedPartCostsItsArticlesAlone(t *testing.T) {
	good := file(t, "old.zim")
	a := open(t, good)
	position := func(list int64, i int) int {
		return int(binary.LittleEndian.Uint64(good[list+8*int64(i):]))
	}
	for _, c := range []struct {
		name   string
		at     int
		put    []byte
		paths  []string
		reason string
	}{
		{"packed", position(a.packs, 0) + 40, []byte{1, 2, 3, 4}, []string{"Lyon.html"}, "2 articles were left out"},
		{"kind", position(a.packs, 2), []byte{7}, []string{"Eiffel_Tower.html", "Paris.html"}, "its kind of compression, 7, is unknown"},
		{"zlib", position(a.packs, 2), []byte{2}, []string{"Eiffel_Tower.html", "Paris.html"}, "zimrecreate"},
		{"cluster beyond", int(a.packs) + 16 + 7, []byte{1}, []string{"Eiffel_Tower.html", "Paris.html"}, "cluster 2 is said to be at byte"},
		{"entry's type", position(a.paths, 2), []byte{9}, []string{"Eiffel_Tower.html", "Lyon.html"}, "MIME type 9, of 2"},
		{"entry beyond", int(a.paths) + 8*2 + 7, []byte{1}, []string{"Eiffel_Tower.html", "Lyon.html"}, "entry 2 is said to be at byte"},
		{"blob", position(a.paths, 2) + 12, []byte{9}, []string{"Eiffel_Tower.html", "Lyon.html"}, "the cluster has 2 blobs, none of number 9"},
	} {
		b := bytes.Clone(good)
		copy(b[c.at:], c.put)
		paths, errs := all(open(t, b))
		if !slices.Equal(paths, c.paths) || len(errs) != 1 || !strings.Contains(errs[0].Error(), c.reason) {
			t.Errorf("%s: %q and %v, wanted %q and %q", c.name, paths, errs, c.paths, c.reason)
		}
		var format *FormatError
		if len(errs) > 0 && !errors.As(errs[0], &format) {
			t.Errorf("%s: %v has no place", c.name, errs[0])
		}
	}
}

// archive makes one of the old scheme with one entry, of the blob in a cluster.
func archive(cluster []byte) []byte {
	le := binary.LittleEndian
	b := make([]byte, headerSize)
	b = append(b, "text/html\x00\x00"...)
	entry := len(b)
	b = append(b, 0, 0, 0, 'A', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = append(b, "a\x00\x00"...)
	paths := len(b)
	b = le.AppendUint64(b, uint64(entry))
	packs := len(b)
	b = le.AppendUint64(b, uint64(len(b)+8))
	b = append(b, cluster...)
	le.PutUint32(b, magic)
	le.PutUint16(b[4:], 5)
	le.PutUint32(b[24:], 1)
	le.PutUint32(b[28:], 1)
	le.PutUint64(b[32:], uint64(paths))
	le.PutUint64(b[48:], uint64(packs))
	le.PutUint64(b[56:], headerSize)
	le.PutUint64(b[72:], uint64(len(b)))
	return append(b, make([]byte, 16)...)
}

func TestWhatIsSaidOfSizesIsNotBelieved(t *testing.T) {
	le := binary.LittleEndian
	for _, c := range []struct {
		name, want string
		cluster    []byte
	}{
		{"list", "its list of blobs is said to take 4294967288 bytes", le.AppendUint32([]byte{1}, 1<<32-8)},
		{"empty list", "its list of blobs is said to take 0 bytes", make([]byte, 100)},
		{"blob", "blob 0 is said to end at 1073741824", le.AppendUint32(le.AppendUint32([]byte{1}, 8), 1<<30)},
		{"backwards", "blob 0 is said to end at 4", le.AppendUint32(le.AppendUint32([]byte{1}, 8), 4)},
		{"8 bytes", "blob 0 is said to end at 9223372036854775808", le.AppendUint64(le.AppendUint64([]byte{17}, 16), 1<<63)},
	} {
		paths, errs := all(open(t, archive(c.cluster)))
		if len(paths) != 0 || len(errs) != 1 || !strings.Contains(errs[0].Error(), c.want) {
			t.Errorf("%s: %q, %v, wanted %q", c.name, paths, errs, c.want)
		}
	}
}

func FuzzArchive(f *testing.F) {
	for _, name := range []string{"plain.zim", "old.zim"} {
		f.Add(file(f, name))
	}
	f.Add(archive([]byte{1, 8, 0, 0, 0, 9, 0, 0, 0, 'x'}))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Open(bytes.NewReader(b), int64(len(b)))
		var format *FormatError
		if err != nil {
			if !errors.As(err, &format) {
				t.Fatalf("%v has no place", err)
			}
			return
		}
		paths, errs := all(a)
		if len(paths) > a.Len() {
			t.Fatalf("%d articles of %d entries", len(paths), a.Len())
		}
		for _, err := range errs {
			if !errors.As(err, &format) {
				t.Fatalf("%v has no place", err)
			}
		}
		a.Metadata("Title")
	})
}
