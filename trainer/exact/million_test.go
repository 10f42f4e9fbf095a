package exact

import (
	"context"
	"flag"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"parley/shared/sparse"
	"parley/trainer/vectors"
)

var million = flag.Bool("million", false, "measure a million passages (1.6 GB of disk for a while)")

// The cost of a million passages of 200 terms: the vectors' file, the index, a
// search.
func TestMillion(t *testing.T) {
	if !*million {
		t.Skip("only with -million")
	}
	const docs, block, vocab = 1_000_000, 2000, 30522
	r := rand.New(rand.NewPCG(1, 1))
	vector := func(draws int) sparse.Vector {
		var v sparse.Vector
		for range draws {
			u := r.Float64()
			v.Terms = append(v.Terms, uint32(vocab*u*u)) // some terms are in many passages
		}
		slices.Sort(v.Terms)
		v.Terms = slices.Compact(v.Terms)
		for range v.Terms {
			v.Weights = append(v.Weights, float32(r.ExpFloat64())+.01)
		}
		return v
	}
	begin := time.Now()
	lap := func(what string) {
		took := time.Since(begin)
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		t.Logf("%s: %.2f s; heap %.0f MB", what, took.Seconds(), float64(m.HeapAlloc)/1e6)
		begin = time.Now()
	}
	path := filepath.Join(t.TempDir(), "v")
	f, err := vectors.Open(context.Background(), path, vectors.Key{}, vocab)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]sparse.Vector, block)
	for n := 0; n < docs; n += block {
		for i := range list {
			list[i] = vector(201)
		}
		if err := f.Append(list); err != nil {
			t.Fatal(err)
		}
	}
	lap("made and appended")
	f.Close()
	if f, err = vectors.Open(context.Background(), path, vectors.Key{}, vocab); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lap("opened")
	if len(f.All()) != docs {
		t.Fatalf("%d vectors", len(f.All()))
	}
	x := New(f.All())
	lap("indexed")
	t.Logf("%d postings", len(x.postings))
	const queries = 20
	for range queries {
		x.Search(vector(24), 1000)
	}
	lap("20 searches of 24 terms for the best 1,000")
}
