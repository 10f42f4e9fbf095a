package bundle

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func set(t testing.TB) (*Manifest, fstest.MapFS) {
	t.Helper()
	folder := fstest.MapFS{
		"encoder/model.bin": {Data: []byte("weights")},
		"index.bin":         {Data: []byte("postings")},
		"empty":             {Data: nil},
	}
	var files []File
	for _, path := range []string{"encoder/model.bin", "index.bin", "empty"} {
		files = append(files, Of("name of "+path, path, folder[path].Data))
	}
	m, err := New(files)
	if err != nil {
		t.Fatal(err)
	}
	return m, folder
}

// The sums and the version were computed with sha256sum.
const golden = `{
  "version": "dc72a2724b2c5320",
  "files": [
    {
      "name": "name of encoder/model.bin",
      "path": "encoder/model.bin",
      "bytes": 7,
      "sha256": "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"
    },
    {
      "name": "name of index.bin",
      "path": "index.bin",
      "bytes": 8,
      "sha256": "4d6282602ee9de17e825dc3d715dccf02997f03a44ca2b7b2da9312994fc641c"
    },
    {
      "name": "name of empty",
      "path": "empty",
      "bytes": 0,
      "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    }
  ]
}
`

func TestManifestIsByteForByteThis(t *testing.T) {
	m, _ := set(t)
	if got := string(m.Encode()); got != golden {
		t.Errorf("the manifest is\n%swant\n%s", got, golden)
	}
	read, err := Parse([]byte(golden))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read.Encode(), m.Encode()) {
		t.Errorf("read as\n%s", read.Encode())
	}
	if m.Total() != 15 {
		t.Errorf("Total = %d, want 15", m.Total())
	}
	if f, ok := m.File("name of index.bin"); !ok || f.Path != "index.bin" {
		t.Errorf("File = %v, %v", f, ok)
	}
	if _, ok := m.File("index.bin"); ok {
		t.Error("found by path instead of name")
	}
}

func TestFilesByNameAreListedSorted(t *testing.T) {
	got, err := OfFiles(map[string][]byte{"b": []byte("two"), "a": nil, "c": []byte("three")})
	if err != nil {
		t.Fatal(err)
	}
	want, err := New([]File{Of("a", "a", nil), Of("b", "b", []byte("two")), Of("c", "c", []byte("three"))})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Encode(), want.Encode()) {
		t.Errorf("the manifest is\n%swant\n%s", got.Encode(), want.Encode())
	}
	if _, err := OfFiles(map[string][]byte{"../out": nil}); err == nil {
		t.Error("a file outside the folder was listed")
	}
}

func TestVersionChangesWithTheList(t *testing.T) {
	m, _ := set(t)
	seen := map[string]bool{m.Version: true}
	for _, change := range []func(f []File) []File{
		func(f []File) []File { return f[:2] },
		func(f []File) []File { f[0], f[1] = f[1], f[0]; return f },
		func(f []File) []File { f[0].Name = "other"; return f },
		func(f []File) []File { f[0].Path = "other"; return f },
		func(f []File) []File { f[0].Bytes++; return f },
		func(f []File) []File { f[0].SHA256 = strings.Repeat("0", 64); return f },
		func(f []File) []File { return nil },
	} {
		n, err := New(change(append([]File{}, m.Files...)))
		if err != nil {
			t.Fatal(err)
		}
		if seen[n.Version] {
			t.Errorf("version %s for another list: %s", n.Version, n.Encode())
		}
		seen[n.Version] = true
		if _, err := Parse(n.Encode()); err != nil {
			t.Error(err)
		}
	}
}

func TestUnsoundManifestsAreRefused(t *testing.T) {
	sound := File{Name: "n", Path: "p", Bytes: 1, SHA256: strings.Repeat("0a", 32)}
	with := func(f func(*File)) []File {
		g := sound
		f(&g)
		return []File{{Name: "x", Path: "y", SHA256: sound.SHA256}, g}
	}
	if _, err := New(with(func(*File) {})); err != nil {
		t.Fatal(err)
	}
	// Two names of one file.
	if _, err := New(with(func(f *File) { f.Path, f.Bytes = "y", 0 })); err != nil {
		t.Fatal(err)
	}
	cases := map[string][]File{
		"no name":          with(func(f *File) { f.Name = "" }),
		"control":          with(func(f *File) { f.Name = "a\nb" }),
		"not UTF-8":        with(func(f *File) { f.Name = "a\xff" }),
		"name is given":    with(func(f *File) { f.Name = "x" }),
		"other contents":   with(func(f *File) { f.Path = "y" }),
		"for other":        with(func(f *File) { f.Path, f.Bytes, f.SHA256 = "y", 0, strings.Repeat("0b", 32) }),
		"-1 bytes":         with(func(f *File) { f.Bytes = -1 }),
		"64 hex digits":    with(func(f *File) { f.SHA256 = f.SHA256[1:] }),
		"in lower case":    with(func(f *File) { f.SHA256 = strings.ToUpper(f.SHA256) }),
		`"0a0a` + "\u00e9": with(func(f *File) { f.SHA256 = f.SHA256[:4] + "\u00e9" + f.SHA256[6:] }),
	}
	for _, path := range []string{"", ".", "..", "/p", "../p", "a/../p", "a/./p", "a//p", "p/", "a/.."} {
		cases["not a path within: "+path] = with(func(f *File) { f.Path = path })
	}
	for _, path := range []string{`..\p`, "c:p", "p?q", "p#q", "%2e%2e/p", "a\x00", "https:/p"} {
		cases["the path holds: "+path] = with(func(f *File) { f.Path = path })
	}
	for want, files := range cases {
		want, _, _ := strings.Cut(want, ": ")
		_, err := New(files)
		var e *Error
		if !errors.As(err, &e) || e.Name != files[1].Name || e.Path != files[1].Path || !strings.Contains(err.Error(), want) {
			t.Errorf("New: error %v, want %q of the file %q", err, want, files[1].Path)
		}
		// The same list as it would arrive, its version right.
		m := &Manifest{Files: files}
		m.Version = m.version()
		if _, err := Parse(m.Encode()); !errors.As(err, &e) {
			t.Errorf("Parse: %v, want an error: %q", err, want)
		}
	}
}

func TestParseRefusesWhatIsNoManifest(t *testing.T) {
	for in, want := range map[string]string{
		"":           "EOF",
		"null":       "version",
		"[]":         "cannot unmarshal",
		golden + "x": "more follows",
		golden[:100]: "unexpected EOF",
		strings.Replace(golden, "bytes", "octets", 1):      "unknown field",
		strings.Replace(golden, ": 7,", ": 8,", 1):         "that of the list",
		strings.Replace(golden, ": 7,", ": 7.5,", 1):       "cannot unmarshal",
		strings.Replace(golden, ": 7,", ": 1e30,", 1):      "cannot unmarshal",
		strings.Replace(golden, `"version"`, `"files"`, 1): "cannot unmarshal",
	} {
		_, err := Parse([]byte(in))
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q, for\n%s", err, want, in)
		}
	}
}

func TestVerifyNamesEveryFileThatDiffers(t *testing.T) {
	m, folder := set(t)
	if err := m.Verify(folder); err != nil {
		t.Fatal(err)
	}
	folder["index.bin"].Data = []byte("postinGs")
	folder["empty"].Data = []byte{0}
	delete(folder, "encoder/model.bin")
	err := m.Verify(folder)
	for _, want := range []string{`"index.bin" ("name of index.bin"): wrong SHA-256`, `"empty" ("name of empty"): wrong size: 1 bytes, the manifest says 0`, `"encoder/model.bin"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	for _, want := range []error{ErrSum, ErrSize, fs.ErrNotExist} {
		if !errors.Is(err, want) {
			t.Errorf("error %v wraps no %v", err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(golden))
	f.Add([]byte(`{"version":"e3b0c44298fc1c14","files":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v is no *Error", err)
			}
			return
		}
		again, err := Parse(m.Encode())
		if err != nil || !bytes.Equal(again.Encode(), m.Encode()) {
			t.Fatalf("written again: %v", err)
		}
		if err := m.Verify(fstest.MapFS{}); (err == nil) != (len(m.Files) == 0) {
			t.Fatalf("verified against an empty folder: %v", err)
		}
	})
}
