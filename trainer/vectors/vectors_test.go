package vectors

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"parley/shared/recordlog"
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
	f, err := Open(context.Background(), path, key, vocab)
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
	f, err := Open(context.Background(), path, key, vocab)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []sparse.Vector
	for _, v := range f.All() {
		all = append(all, v.Clone())
	}
	return all
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

// Wherever a run is killed, whole blocks are read back, and continuing gives the same
// file as an uninterrupted run.
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

// The vectors in any valid record are vectors over the vocabulary.
func FuzzDecode(f *testing.F) {
	whole := write(f, filepath.Join(f.TempDir(), "seed"), Key{}, first, second)
	f.Add(whole[recordlog.HeaderSize+recordlog.HeadSize:])
	f.Fuzz(func(t *testing.T, body []byte) {
		file := &File{vocab: vocab}
		if err := file.take(body); err != nil && len(file.vectors) > 0 {
			t.Errorf("%v, and %d vectors", err, len(file.vectors))
		}
		for _, v := range file.vectors {
			if err := v.Check(vocab); err != nil {
				t.Error(err)
			}
		}
	})
}

// While one process adds to a file, others wait for it; once it is sealed, they can
// open it.
func TestOneAtATimeAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v")
	f, err := Open(context.Background(), path, Key{1}, vocab)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Append(first); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer stop()
	if g, err := Open(ctx, path, Key{1}, vocab); err == nil {
		g.Close()
		t.Skip("no locks here")
	} else if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if err := f.Seal(); err != nil {
		t.Fatal(err)
	}
	if err := f.Append(second); err == nil {
		t.Error("appended to a sealed file")
	}
	write(t, path, Key{1}, second) // another process goes on
	if !reflect.DeepEqual(f.All(), first) {
		t.Errorf("sealed, then grown by another: %v", f.All())
	}
	if got := reopen(t, path, Key{1}); !reflect.DeepEqual(got, both) {
		t.Errorf("read %v, want %v", got, both)
	}
}

// Append refuses what is not a vector: it would cut the file off at that place for
// ever.
func TestAppendRefusesWhatIsNoVector(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v")
	f, err := Open(context.Background(), path, Key{1}, vocab)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Append(first); err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	if err := f.Append([]sparse.Vector{second[0], {Terms: []uint32{3}, Weights: []float32{nan}}}); err == nil || !strings.Contains(err.Error(), "vector 3") || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("error %v", err)
	}
	if err := f.Append(second); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.All(), both) {
		t.Errorf("holds %v, want %v", f.All(), both)
	}
}

// Vectors are in the file's pages, not in the heap. The heap grows by the list of
// them, 48 bytes each, however many terms they have, also when they are appended.
func TestHeapDoesNotGrowWithTheFile(t *testing.T) {
	const docs, block, terms, vocab = 8192, 256, 400, 30000
	path := filepath.Join(t.TempDir(), "v")
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	begin := heap()
	check := func(what string, f *File) {
		t.Helper()
		const most = docs*48*5/4 + 2<<20 // append grows a list by a quarter; the buffer of a block
		if grown := heap() - begin; grown > most {
			t.Errorf("%s: the heap grew by %d bytes for a file of %d; want at most %d", what, grown, f.log.Size(), most)
		}
		last := f.All()[docs-1]
		if len(f.All()) != docs || last.L0() != terms || last.Weights[terms-1] != docs {
			t.Errorf("%s: %d vectors, the last of %d terms", what, len(f.All()), last.L0())
		}
	}
	f, err := Open(context.Background(), path, Key{}, vocab)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]sparse.Vector, block)
	for i := range list {
		list[i] = sparse.Vector{Terms: make([]uint32, terms), Weights: make([]float32, terms)}
	}
	begin = heap()
	for n := 0; n < docs; n += block {
		for i, v := range list {
			for k := range v.Terms {
				v.Terms[k], v.Weights[k] = uint32(k*70+(n+i)%70), float32(n+i+1)
			}
		}
		if err := f.Append(list); err != nil {
			t.Fatal(err)
		}
	}
	check("appended", f)
	f.Close()
	if f, err = Open(context.Background(), path, Key{}, vocab); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	check("opened", f)
	runtime.KeepAlive(list)
}
