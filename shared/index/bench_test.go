package index

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"testing"

	"parley/shared/sparse"
)

// Benchmarks on real vectors: PARLEY_DOCS and PARLEY_QUERIES name files of sparse
// vectors, little-endian: u32 vectors; for each, u32 n, n u32 terms, n f32
// weights. The vocabulary is BERT's, of 30,522 terms.
//
//	PARLEY_DOCS=docs.vec PARLEY_QUERIES=queries.vec go test -run xxx -bench Real ./shared/index
func vectors(b testing.TB, variable string) []sparse.Vector {
	b.Helper()
	name := os.Getenv(variable)
	if name == "" {
		b.Skipf("%s names no file of vectors", variable)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	out := make([]sparse.Vector, binary.LittleEndian.Uint32(data))
	data = data[4:]
	for i := range out {
		n := int(binary.LittleEndian.Uint32(data))
		v := sparse.Vector{Terms: make([]uint32, n), Weights: make([]float32, n)}
		for j := range n {
			v.Terms[j] = binary.LittleEndian.Uint32(data[4+4*j:])
			v.Weights[j] = math.Float32frombits(binary.LittleEndian.Uint32(data[4+4*n+4*j:]))
		}
		out[i] = v
		data = data[4+8*n:]
	}
	return out
}

// realFile is the index of the documents, pruned as shipped.
func realFile(b *testing.B) []byte {
	builder := NewBuilder(30522)
	for _, v := range vectors(b, "PARLEY_DOCS") {
		if err := builder.Add(v.Mass(.9)); err != nil {
			b.Fatal(err)
		}
	}
	var buf bytes.Buffer
	if _, err := builder.WriteTo(&buf); err != nil {
		b.Fatal(err)
	}
	return buf.Bytes()
}

func BenchmarkRealOpen(b *testing.B) {
	data := realFile(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRealSearch(b *testing.B) {
	queries := vectors(b, "PARLEY_QUERIES")
	x, err := Open(realFile(b))
	if err != nil {
		b.Fatal(err)
	}
	for _, way := range []struct {
		name string
		s    interface {
			Search(sparse.Vector, int) ([]Hit, Cost)
		}
	}{{"TermAtATime", x.NewSearcher()}, {"MaxScore", &maxScorer{x: x}}} {
		for _, k := range []struct {
			name string
			n    int
		}{{"10", 10}, {"100", 100}, {"1000", 1000}} {
			b.Run(way.name+"/k="+k.name, func(b *testing.B) {
				b.ReportAllocs()
				var cost Cost
				i := 0
				for b.Loop() {
					_, c := way.s.Search(queries[i%len(queries)], k.n)
					cost.Lists += c.Lists
					cost.Postings += c.Postings
					i++
				}
				b.ReportMetric(float64(cost.Postings)/float64(i), "postings/op")
				b.ReportMetric(float64(cost.Lists)/float64(i), "lists/op")
			})
		}
	}
}
