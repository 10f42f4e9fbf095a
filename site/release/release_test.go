package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var files = []entry{{"p/parley", []byte("program"), true}, {"p/man/man1/parley.1", bytes.Repeat([]byte("x"), 5000), false}}

// An archive depends on nothing but its files and the time it is given; what is read back
// is what was put in, with the right to run the program.
func TestArchivesAreTheSameAndWhole(t *testing.T) {
	when := time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC)
	for what, write := range map[string]func([]entry, time.Time) ([]byte, error){"tar.gz": tarball, "zip": zipped} {
		first, err := write(files, when)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := write(files, when); err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: other bytes the second time, %v", what, err)
		}
		if later, _ := write(files, when.Add(time.Minute)); bytes.Equal(first, later) {
			t.Errorf("%s: the time is not in it", what)
		}
		for i, f := range readBack(t, what, first) {
			if want := files[i]; f.name != want.name || !bytes.Equal(f.content, want.content) || f.program != want.program {
				t.Errorf("%s: file %d is %s, %d bytes, a program: %v", what, i, f.name, len(f.content), f.program)
			}
		}
	}
}

func readBack(t *testing.T, what string, archive []byte) (all []entry) {
	t.Helper()
	if what == "zip" {
		z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, entry{f.Name, content, f.Mode()&0o111 != 0})
		}
		return all
	}
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" {
			t.Errorf("%s names who made it", h.Name)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry{h.Name, content, h.Mode&0o111 != 0})
	}
}

func TestTheTimeIsOneThatArchivesCanHold(t *testing.T) {
	if when, err := at("1700000000"); err != nil || when.Format(time.RFC3339) != "2023-11-14T22:13:20Z" {
		t.Error(when, err)
	}
	for _, wrong := range []string{"", "0", "tomorrow", "9999999999"} {
		if _, err := at(wrong); err == nil || !strings.Contains(err.Error(), epoch) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestWrongSystemsAreRefusedBeforeAnythingIsBuilt(t *testing.T) {
	r := &release{root: "nowhere", out: t.TempDir(), seconds: "1700000000"}
	for _, wrong := range []string{"linux", "", "/amd64", "linux/"} {
		if _, err := r.make(t.Context(), []string{"linux/amd64", wrong}); err == nil || !strings.Contains(err.Error(), "wanted one as linux/amd64") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// The copy that --check builds from holds what git would commit, as it is now.
func TestCopySources(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	git := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("git", append([]string{"-C", from}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		at := filepath.Join(from, name)
		os.MkdirAll(filepath.Dir(at), 0o755)
		if err := os.WriteFile(at, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q")
	write("a/b.txt", "old")
	write("gone", "")
	write(".gitignore", "build\n")
	git("add", ".")
	write("a/b.txt", "new")
	write("untracked é", "u")
	write("build/big", "")
	os.Remove(filepath.Join(from, "gone"))
	if err := copySources(context.Background(), from, to); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(to, "a", "b.txt")); err != nil || string(got) != "new" {
		t.Errorf("%q %v", got, err)
	}
	if info, err := os.Stat(filepath.Join(to, "untracked é")); err != nil || info.Mode()&0o100 == 0 {
		t.Error(info, err)
	}
	for _, name := range []string{"gone", "build"} {
		if _, err := os.Stat(filepath.Join(to, name)); err == nil {
			t.Errorf("%s was copied", name)
		}
	}
}
