package carried

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"parley/shared/bundle"
)

func TestUnpackWritesWhatIsMissingOrAltered(t *testing.T) {
	big := bytes.Repeat([]byte("abc"), 1<<16)
	files := fstest.MapFS{"a/big.bin": {Data: big}, "b.txt": {Data: []byte("b")}, "empty": {}}
	dir := filepath.Join(t.TempDir(), "new", "cache")
	whole := func() {
		t.Helper()
		if err := unpack(files, dir); err != nil {
			t.Fatal(err)
		}
		for name, f := range files {
			if got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err != nil || !bytes.Equal(got, f.Data) {
				t.Errorf("%s: %v, %d bytes, wanted %d", name, err, len(got), len(f.Data))
			}
		}
	}
	whole()
	at := func(name string) os.FileInfo {
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	before := [2]os.FileInfo{at("a/big.bin"), at("b.txt")}
	whole()
	if !os.SameFile(before[0], at("a/big.bin")) || !os.SameFile(before[1], at("b.txt")) {
		t.Error("what was there was written again")
	}
	altered := bytes.Clone(big)
	altered[len(altered)-1] ^= 1
	for what, content := range map[string][]byte{"one bit flipped": altered, "cut": big[:100], "longer": append(bytes.Clone(big), 'x')} {
		t.Log(what)
		if err := os.WriteFile(filepath.Join(dir, "a", "big.bin"), content, 0o644); err != nil {
			t.Fatal(err)
		}
		whole()
	}
	if !os.SameFile(before[1], at("b.txt")) {
		t.Error("a whole file was written again, beside an altered one")
	}
	os.Remove(filepath.Join(dir, "b.txt"))
	whole()

	// A cache that is whole need not be writable.
	if runtime.GOOS != "windows" {
		os.Chmod(dir, 0o555)
		defer os.Chmod(dir, 0o755)
		whole()
	}
}

// What cannot be written is an error that says which variable names another folder. A file
// where a folder should be stops everyone, also those who may write everywhere.
func TestUnpackSaysWhatToDoWhereItCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := unpack(fstest.MapFS{"a": {Data: []byte("a")}}, filepath.Join(file, "cache"))
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), CacheVariable) || !strings.Contains(err.Error(), "--encoder") {
		t.Error(err)
	}
}

func TestCacheIsWhereTheVariableSays(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(CacheVariable, dir)
	if got, err := Cache("x"); err != nil || got != filepath.Join(dir, "x") {
		t.Errorf("%s, %v", got, err)
	}
	t.Setenv(CacheVariable, "")
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	if _, err := Cache("x"); err == nil || !strings.Contains(err.Error(), CacheVariable) {
		t.Error(err)
	}
}

// Everything that the manifest lists is carried, whole.
func TestModelsHoldsWhatShips(t *testing.T) {
	t.Setenv(CacheVariable, t.TempDir())
	dir, err := Models()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", "vital-articles"} {
		raw, err := os.ReadFile(filepath.Join(dir, name, bundle.ManifestFile))
		if err != nil {
			t.Fatal(err)
		}
		m, err := bundle.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Verify(os.DirFS(filepath.Join(dir, name))); err != nil {
			t.Error(err)
		}
	}
	// Nothing of the repository is missing that is read beside a manifest.
	source := os.DirFS("../../models")
	for _, pattern := range []string{"*/config.json", "*/README.md", "*/*.bin", "*/*.safetensors", "*/vocab.txt", "experiments/figures.json"} {
		names, err := fs.Glob(source, pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				t.Error(err)
			}
		}
	}
}
