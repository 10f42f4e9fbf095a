package collection

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// In every file that ships, single bits are flipped: each loader refuses the file and
// names it.
func TestNoFlippedBitIsLoaded(t *testing.T) {
	const shipped = "../../models"
	dir := filepath.Join(t.TempDir(), "models")
	var files []string
	err := filepath.WalkDir(shipped, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(shipped, at)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "experiments" || d.Name() == "build" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, rel), 0o755)
		}
		switch filepath.Ext(at) {
		case ".json", ".safetensors", ".bin", ".txt":
			if rel != "manifest.json" {
				files = append(files, rel)
			}
		default:
			return nil
		}
		if os.Link(at, filepath.Join(dir, rel)) == nil {
			return nil
		}
		data, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "manifest.json")
	if len(files) < 18 {
		t.Fatalf("only %q", files)
	}
	// load opens everything that uses the file.
	load := func(file string) error {
		folder, _, _ := strings.Cut(filepath.ToSlash(file), "/")
		if folder == "vital-articles" {
			_, err := OpenAll(filepath.Join(dir, folder))
			return err
		}
		e, err := OpenEncoders(dir)
		if err != nil {
			return err
		}
		if folder == e.List.Dense.Folder {
			// The base, whose vocabulary it uses, is intact.
			d, err := e.Dense()
			if err == nil {
				_, err = OpenReader(filepath.Join(dir, folder), d)
			}
			if err == nil {
				_, err = OpenLift(filepath.Join(dir, folder), d)
			}
			return err
		}
		for _, l := range e.List.Levels {
			if l.Folder == folder || folder == file {
				_, err := e.Level(l.Name)
				return err
			}
		}
		t.Fatalf("no loader reads %s", file)
		return nil
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, file := range files {
		at := filepath.Join(dir, file)
		whole, err := os.ReadFile(at)
		if err != nil {
			t.Fatal(err)
		}
		places := []int{0, len(whole) / 2, len(whole) - 1, r.IntN(len(whole))}
		if len(whole) > 1<<20 {
			places = places[3:]
		}
		for _, i := range places {
			damaged := append([]byte{}, whole...)
			damaged[i] ^= 1 << r.IntN(8)
			// Not in place: the file may be a hard link to the one that ships.
			if err := os.Remove(at); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(at, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			err := load(file)
			if err == nil || !strings.Contains(err.Error(), filepath.Base(file)) && !strings.Contains(err.Error(), "manifest") {
				t.Errorf("%s, byte %d: %v", file, i, err)
			}
		}
		if err := os.WriteFile(at, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := load("family.json"); err != nil {
		t.Errorf("whole again: %v", err)
	}
}
