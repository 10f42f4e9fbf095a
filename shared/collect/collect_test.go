package collect

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"parley/shared/documents"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// A passage holds no more of a file in memory than its text: titles and ids are parts of
// the file's, where its reader could leave them as they were.
func TestPassagesDoNotHoldTheirFile(t *testing.T) {
	c := NewCutter(nil, Settings{PassageTokens: -1})
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := heap()
	var list []passages.Passage
	for i := range 20 {
		file := strings.Repeat(fmt.Sprintf("%02d", i), 1<<19)
		list = append(list, c.Cut(documents.Document{ID: file[:2], Title: file[2:4], URL: file[4:6], Text: "Lifts."}, nil)...)
	}
	if got := heap() - before; got > 1<<20 {
		t.Errorf("%d passages of a few bytes take %d", len(list), got)
	}
	runtime.KeepAlive(list)
}

func FuzzVectors(f *testing.F) {
	f.Add(AppendVectors(nil, sparse.Vector{Terms: []uint32{1, 5}, Weights: []float32{1, 2}}, sparse.Vector{}), 2)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		const vocab = 1000
		vectors, ok := ReadVectors(data, n&31, vocab)
		if !ok {
			return
		}
		for _, v := range vectors {
			for i, term := range v.Terms {
				if term >= vocab || i > 0 && term <= v.Terms[i-1] {
					t.Fatalf("terms %v", v.Terms)
				}
			}
		}
		again, ok := ReadVectors(AppendVectors(nil, vectors...), len(vectors), vocab)
		if !ok || len(again) != len(vectors) {
			t.Fatal("what was read cannot be written and read again")
		}
	})
}

// Dense vectors that were written can be read, and writing them again gives the same
// bytes.
func FuzzDense(f *testing.F) {
	const space, dim = "a model", 3
	two, err := AppendDense(nil, space, dim, []float32{1, 0, -1}, []float32{0, .5, .25})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(two, 2)
	f.Add(two, 1)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		vectors, ok := ReadDense(data, space, dim, n&31)
		if !ok {
			return
		}
		once, err := AppendDense(nil, space, dim, vectors...)
		if err != nil {
			t.Fatal(err)
		}
		if vectors, ok = ReadDense(once, space, dim, len(vectors)); !ok {
			t.Fatalf("%x cannot be read", once)
		}
		if twice, err := AppendDense(nil, space, dim, vectors...); err != nil || !bytes.Equal(twice, once) {
			t.Fatalf("%x became %x (%v)", once, twice, err)
		}
	})
}
