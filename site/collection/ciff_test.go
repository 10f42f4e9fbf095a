package collection

import (
	"bytes"
	"compress/gzip"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/documents"
	"parley/shared/passages"
	"parley/site/collection/tiny"
)

// exported returns a small collection, its index in CIFF, and its texts in another order.
func exported(t testing.TB) (enc *LoadedEncoder, dir string, ciff []byte, step float32, texts []documents.Document) {
	t.Helper()
	root := t.TempDir()
	if err := tiny.Write(filepath.Join(root, "encoder"), 1); err != nil {
		t.Fatal(err)
	}
	enc, err := OpenEncoder(filepath.Join(root, "encoder"))
	if err != nil {
		t.Fatal(err)
	}
	texts = []documents.Document{
		{ID: "tea", Title: "Tea", Text: "Tea is a leaf in hot water.", URL: "https://example.org/tea"},
		{ID: "tower", Title: "Tower", Text: "The eiffel tower in paris is tall."},
		{ID: "whale", Text: "A whale is not a fish in the sea."},
	}
	dir = filepath.Join(root, "collection")
	if _, err := Build(t.Context(), enc, slices.Values(texts), dir, Options{About: passages.About{Title: "Test"}}); err != nil {
		t.Fatal(err)
	}
	x, p, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	err = x.WriteCIFF(&b, func(term uint32) string { return enc.Tokenizer.Piece(int32(term)) }, func(doc int) string { return p.At(doc).ID }, "test")
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(texts)
	return enc, dir, b.Bytes(), x.Unit(), texts
}

func always(step float32) func(string) (float32, error) {
	return func(string) (float32, error) { return step, nil }
}

// What was exported comes back with the same bytes, with gzip and without.
func TestACIFFBecomesTheCollectionAgain(t *testing.T) {
	enc, dir, ciff, step, texts := exported(t)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(ciff)
	z.Close()
	for _, data := range [][]byte{ciff, zipped.Bytes()} {
		out := filepath.Join(t.TempDir(), "out")
		sum, err := ImportCIFF(t.Context(), enc, bytes.NewReader(data), always(step), slices.Values(append(slices.Clone(texts), documents.Document{ID: "other", Text: "other"})), out, passages.About{Title: "Test"})
		if err != nil {
			t.Fatal(err)
		}
		if sum.Passages != 3 || sum.WithoutText != 0 || sum.Unused != 1 || sum.Postings == 0 {
			t.Errorf("%+v", sum)
		}
		for _, name := range []string{"index.bin", "passages.bin", "manifest.json"} {
			got, err := os.ReadFile(filepath.Join(out, name))
			if err != nil {
				t.Fatal(err)
			}
			if want, _ := os.ReadFile(filepath.Join(dir, name)); !bytes.Equal(got, want) {
				t.Errorf("%s is another than what was exported", name)
			}
		}
	}
}

// Without texts, the passages have their names and nothing else, and the index no words.
func TestACIFFWithoutTexts(t *testing.T) {
	enc, _, ciff, step, texts := exported(t)
	out := filepath.Join(t.TempDir(), "out")
	sum, err := ImportCIFF(t.Context(), enc, bytes.NewReader(ciff), always(step), nil, out, passages.About{Title: "Test"})
	if err != nil || sum.WithoutText != 3 {
		t.Fatalf("%+v, %v", sum, err)
	}
	x, p, err := Open(out)
	if err != nil || x.Words() != 0 || p.At(1) != (passages.Passage{ID: "tower", Title: "tower"}) {
		t.Errorf("%v, %+v", err, p.At(1))
	}
	if sum, err := ImportCIFF(t.Context(), enc, bytes.NewReader(ciff), always(step), slices.Values(texts[:1]), out, passages.About{}); err != nil || sum.WithoutText != 2 {
		t.Errorf("one text: %+v, %v", sum, err)
	}
}

func TestACIFFThatIsNotTakenChangesNothing(t *testing.T) {
	enc, dir, ciff, step, texts := exported(t)
	before, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	other := []documents.Document{{ID: "other", Text: "text"}}
	unnamed := errors.New("no weight")
	for says, x := range map[string]struct {
		data  []byte
		step  func(string) (float32, error)
		texts iter.Seq[documents.Document]
	}{
		"truncated":         {ciff[:len(ciff)/2], always(step), slices.Values(texts)},
		"no weight":         {ciff, func(string) (float32, error) { return 0, unnamed }, slices.Values(texts)},
		"the step":          {ciff, always(-1), slices.Values(texts)},
		"other ids":         {ciff, always(step), slices.Values(other)},
		"not in the vocabu": {bytes.ReplaceAll(ciff, []byte("tower"), []byte("towxr")), always(step), nil},
		"unexpected EOF":    {[]byte{0x1f, 0x8b, 0, 0}, always(step), nil}, // the beginning of gzip
		"ends within":       {nil, always(step), nil},
	} {
		if _, err := ImportCIFF(t.Context(), enc, bytes.NewReader(x.data), x.step, x.texts, dir, passages.About{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, wanted %q", err, says)
		}
	}
	if after, err := os.ReadFile(filepath.Join(dir, "manifest.json")); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the folder was changed: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o644)
	if _, err := ImportCIFF(t.Context(), enc, bytes.NewReader(ciff), always(step), nil, file, passages.About{}); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("%v", err)
	}
}

func FuzzImportCIFF(f *testing.F) {
	enc, _, ciff, step, texts := exported(f)
	f.Add(ciff)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		out := filepath.Join(t.TempDir(), "out")
		_, err := ImportCIFF(t.Context(), enc, bytes.NewReader(data), always(step), slices.Values(texts), out, passages.About{})
		if err != nil {
			if _, err := os.Stat(out); err == nil {
				t.Error("it was refused, and a folder is there")
			}
			return
		}
		if _, _, err := Open(out); err != nil {
			t.Errorf("what was taken does not open: %v", err)
		}
	})
}
