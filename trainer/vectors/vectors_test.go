package vectors

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"parley/shared/sparse"
)

var (
	first  = []sparse.Vector{{Terms: []uint32{1, 7}, Weights: []float32{.5, 2}}, {Terms: []uint32{}, Weights: []float32{}}}
	second = []sparse.Vector{{Terms: []uint32{0, 2, 9}, Weights: []float32{1, 2, 3}}}
	both   = append(append([]sparse.Vector{}, first...), second...)
)

const vocab = 10

func write(t testing.TB, path string, key Key, blocks ...[]sparse.Vector) []byte {
	t.Helper()
	f, err := Open(path, key, vocab)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		if err := f.Append(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func reopen(t testing.TB, path string, key Key) []sparse.Vector {
	t.Helper()
	f, err := Open(path, key, vocab)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return f.All()
}

func TestGoesOnWhereItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "v")
	write(t, path, Key{1}, first)
	write(t, path, Key{1}, second)
	if got := reopen(t, path, Key{1}); !reflect.DeepEqual(got, both) {
		t.Errorf("read %v, want %v", got, both)
	}
}

func TestAnotherKeyBeginsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v")
	write(t, path, Key{1}, first)
	if got := reopen(t, path, Key{2}); len(got) != 0 {
		t.Errorf("vectors of another key: %v", got)
	}
}

func TestBeginsAgainOverAForeignFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v")
	if err := os.WriteFile(path, []byte("this is a text, long enough to hold a header and more"), 0o666); err != nil {
		t.Fatal(err)
	}
	write(t, path, Key{1}, first)
	if got := reopen(t, path, Key{1}); !reflect.DeepEqual(got, first) {
		t.Errorf("read %v, want %v", got, first)
	}
}

// Wherever a run is killed, what is read back is whole blocks, and going on
// gives the file of an uninterrupted run.
func TestEveryTruncationAndFlippedByteLosesOnlyBlocks(t *testing.T) {
	dir := t.TempDir()
	whole := write(t, filepath.Join(dir, "whole"), Key{1}, first, second)
	path := filepath.Join(dir, "v")
	check := func(what string, at int, data []byte) {
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		got := reopen(t, path, Key{1})
		switch {
		case len(got) == 0, reflect.DeepEqual(got, first):
		default:
			t.Fatalf("%s at byte %d: read %v", what, at, got)
		}
		rest := [][]sparse.Vector{first, second}
		if len(got) > 0 {
			rest = rest[1:]
		}
		if again := write(t, path, Key{1}, rest...); !reflect.DeepEqual(again, whole) {
			t.Fatalf("%s at byte %d: going on gave another file", what, at)
		}
	}
	for n := range whole {
		check("cut", n, whole[:n])
		data := append([]byte{}, whole...)
		data[n] ^= 0x40
		check("flipped", n, data)
	}
}

func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	f.Add(write(f, filepath.Join(dir, "seed"), Key{}, first, second))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, end, err := read(bytes.NewReader(data), int64(len(data)), Key{}, vocab)
		if err != nil || end > int64(len(data)) {
			t.Errorf("end %d of %d, error %v", end, len(data), err)
		}
		for _, v := range all {
			if err := v.Check(vocab); err != nil {
				t.Error(err)
			}
		}
	})
}
