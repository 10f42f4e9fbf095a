// Command growth measures how searching grows with a collection: time, memory and bytes of
// the index, for the first 10,000, 100,000 ... of its passages, and beyond them with the
// passages repeated under other numbers:
//
//	go run ./site/growth --collection FOLDER --queries QUERIES.jsonl --docs 10000,100000,1000000
//
// QUERIES.jsonl is what `parley export --queries` writes. With --ciff FOLDER it also writes
// each index and the queries for rivals.py, which measures bmp and Seismic on them; run both
// on a machine that does nothing else.
//
// With --parts it counts, instead, what questions fetch of the whole collection in parts, as
// parley build --parts publishes it, and whether they rank as the whole index does:
//
//	go run ./site/growth --collection FOLDER --queries QUERIES.jsonl --parts --every 12
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/shared/index"
	"parley/shared/sparse"
	"parley/site/collection"
)

// A row is what was measured on one index.
type row struct {
	Docs     int                `json:"docs"`
	Postings int                `json:"postings"`
	Bytes    int                `json:"index_bytes"`
	Memory   uint64             `json:"memory"` // of the opened index
	Build    float64            `json:"build_seconds"`
	Open     float64            `json:"open_seconds"`
	Touched  float64            `json:"postings_a_question"`
	Millis   map[string]float64 `json:"ms"` // median, by engine and depth: "10", "100"
}

type query struct {
	V    map[uint32]uint32 `json:"v"`
	Step float32           `json:"step"`
}

func main() {
	from := flag.String("collection", "", "the collection's `folder`")
	asked := flag.String("queries", "", "a `file` that parley export --queries wrote")
	sizes := flag.String("docs", "10000,100000,283131,1000000", "`numbers` of passages")
	ciff := flag.String("ciff", "", "also write each index as CIFF, with its queries, into this `folder`")
	inParts := flag.Bool("parts", false, "count what questions fetch of the collection in parts")
	every := flag.Int("every", 1, "with --parts: ask every `n`th question")
	flag.Parse()
	if *every < 1 {
		*every = 1
	}
	if err := run(*from, *asked, *sizes, *ciff, *inParts, *every); err != nil {
		fmt.Fprintln(os.Stderr, "growth:", err)
		os.Exit(1)
	}
}

func run(from, asked, sizes, ciff string, inParts bool, every int) error {
	x, texts, err := collection.Open(from)
	if err != nil {
		return err
	}
	learned := uint32(x.Vocab())
	if inParts {
		learned = math.MaxUint32 // this collection's words have their numbers
	}
	queries, err := read(asked, learned)
	if err != nil {
		return err
	}
	if x.Docs() == 0 {
		return fmt.Errorf("%s: no passages", from)
	}
	if inParts {
		return countParts(x, texts, queries, every)
	}
	vectors := x.Vectors()
	out := json.NewEncoder(os.Stdout)
	for field := range strings.SplitSeq(sizes, ",") {
		docs, err := strconv.Atoi(field)
		if err != nil || docs < 1 {
			return fmt.Errorf("--docs %s: wanted numbers", sizes)
		}
		r, grown, err := measure(vectors, x.Vocab(), docs, queries)
		if err != nil {
			return err
		}
		if err := out.Encode(r); err != nil {
			return err
		}
		if ciff != "" {
			if err := export(grown, filepath.Join(ciff, field), queries); err != nil {
				return err
			}
		}
	}
	return nil
}

// read reads the queries' terms below learned: words have other numbers in an index that
// grows.
func read(name string, learned uint32) (list []sparse.Vector, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var q query
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		var v sparse.Vector
		for _, term := range sortedKeys(q.V) {
			if term >= learned {
				break
			}
			v.Terms, v.Weights = append(v.Terms, term), append(v.Weights, float32(q.V[term])*q.Step)
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: no queries", name)
	}
	return list, lines.Err()
}

func sortedKeys(m map[uint32]uint32) []uint32 {
	keys := make([]uint32, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// measure indexes docs passages and asks the queries.
func measure(vectors []sparse.Vector, vocab, docs int, queries []sparse.Vector) (r row, x *index.Index, err error) {
	begin := time.Now()
	b := index.NewBuilder(vocab)
	for i := range docs {
		if err := b.Add(vectors[i%len(vectors)]); err != nil {
			return r, nil, err
		}
	}
	var file bytes.Buffer
	if _, err := b.WriteTo(&file); err != nil {
		return r, nil, err
	}
	b = nil
	r = row{Docs: docs, Bytes: file.Len(), Build: time.Since(begin).Seconds(), Millis: map[string]float64{}}
	before := heap()
	begin = time.Now()
	if x, err = index.Open(file.Bytes()); err != nil {
		return r, nil, err
	}
	r.Open = time.Since(begin).Seconds()
	s := x.NewSearcher()
	r.Memory, r.Postings = heap()-before+uint64(file.Len()), x.Postings()
	for _, k := range []int{10, 100} {
		var times []time.Duration
		for range 3 {
			for _, q := range queries {
				begin := time.Now()
				_, cost := s.Search(q, k)
				times = append(times, time.Since(begin))
				r.Touched += float64(cost.Postings)
			}
		}
		slices.Sort(times)
		r.Millis["parley "+strconv.Itoa(k)] = times[len(times)/2].Seconds() * 1000
	}
	r.Touched /= float64(6 * len(queries))
	return r, x, nil
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// export writes an index and the queries for other engines.
func export(x *index.Index, folder string, queries []sparse.Vector) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(folder, "index.ciff"))
	if err != nil {
		return err
	}
	defer f.Close()
	names := func(i int) string { return strconv.Itoa(i) }
	terms := func(t uint32) string { return strconv.Itoa(int(t)) }
	if err := x.WriteCIFF(f, terms, names, ""); err != nil {
		return err
	}
	q, err := os.Create(filepath.Join(folder, "queries.jsonl"))
	if err != nil {
		return err
	}
	defer q.Close()
	out := json.NewEncoder(q)
	s := x.NewSearcher()
	for _, v := range queries {
		factors, _ := x.Factors(v)
		line := struct {
			V    map[string]uint32 `json:"v"`
			Best []uint32          `json:"best"`
		}{V: map[string]uint32{}}
		for _, f := range factors {
			line.V[terms(f.Term)] = f.Weight
		}
		hits, _ := s.Search(v, 100)
		for _, h := range hits {
			line.Best = append(line.Best, h.Doc)
		}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
