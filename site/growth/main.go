// Command growth measures how searching grows with a collection: time, memory and bytes of
// the index, for the first 10,000, 100,000 ... of its passages. Beyond those that there are,
// passages come again under other numbers, each time with an eighth of their terms left out
// and the weights of the others changed by up to a fifth, so that they do not all tie:
//
//	go run ./site/growth --collection FOLDER --queries QUERIES.jsonl --docs 10000,100000,1000000
//
// QUERIES.jsonl is what `parley export --queries` writes. With --rivals PYTHON, bmp and
// Seismic (rivals.py) answer the same questions from the same index, fed by CIFF, in turn with
// Parley. Times are the processor's, not the wall clock's, since the machine may have other
// work. --figure FILE also writes the figure,
// which `trainer plot FILE --out growth.svg` draws.
//
// With --parts it counts, instead, what questions fetch of the whole collection in parts, as
// parley build --parts publishes it, and whether they rank as the whole index does:
//
//	go run ./site/growth --collection FOLDER --queries QUERIES.jsonl --parts
//
// Sizes of parts (parts.Size) are tried with --size '{"First": 1000000}'.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/shared/index"
	"parley/shared/parts"
	"parley/shared/sparse"
	"parley/site/collection"
)

// A row is what was measured on one index.
type row struct {
	Docs     int      `json:"docs"`
	Postings int      `json:"postings"`
	Bytes    int      `json:"index_bytes"`
	Memory   uint64   `json:"memory"` // of the opened index
	Build    float64  `json:"build_seconds"`
	Open     float64  `json:"open_seconds"`
	Touched  float64  `json:"postings_a_question"`
	Engines  []*rival `json:"engines"` // Parley first
}

type query struct {
	V    map[uint32]uint32 `json:"v"`
	Step float32           `json:"step"`
}

func main() {
	from := flag.String("collection", "", "the collection's `folder`")
	asked := flag.String("queries", "", "a `file` that parley export --queries wrote")
	sizes := flag.String("docs", "10000,100000,283131,1000000", "`numbers` of passages")
	python := flag.String("rivals", "", "also ask bmp and Seismic, by this `python`")
	figure := flag.String("figure", "", "write the figure into this `file`")
	rounds := flag.Int("rounds", 5, "`how often` each question is asked")
	inParts := flag.Bool("parts", false, "count what questions fetch of the collection in parts")
	every := flag.Int("every", 1, "with --parts: ask every `n`th question")
	size := flag.String("size", "{}", "with --parts: `JSON`, what is changed of the sizes of parts")
	flag.Parse()
	*every, *rounds = max(*every, 1), max(*rounds, 1)
	var cut *parts.Size
	if *inParts {
		cut = new(parts.Size)
		*cut = parts.Default
		if err := json.Unmarshal([]byte(*size), cut); err != nil {
			fmt.Fprintln(os.Stderr, "growth: --size:", err)
			os.Exit(2)
		}
	}
	if err := run(*from, *asked, *sizes, *python, *figure, cut, *every, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "growth:", err)
		os.Exit(1)
	}
}

func run(from, asked, sizes, python, figure string, cut *parts.Size, every, rounds int) error {
	x, texts, err := collection.Open(from)
	if err != nil {
		return err
	}
	learned := uint32(x.Vocab())
	if cut != nil {
		learned = math.MaxUint32 // this collection's words have their numbers
	}
	queries, err := read(asked, learned)
	if err != nil {
		return err
	}
	if x.Docs() == 0 {
		return fmt.Errorf("%s: no passages", from)
	}
	if cut != nil {
		return countParts(x, texts, *cut, queries, every)
	}
	if python != "" { // before an hour of work
		if _, err := os.Stat(rivalsFile); err != nil {
			return fmt.Errorf("%w: run it in the repository's root", err)
		}
	}
	vectors, vocab := x.Vectors(), x.Vocab()
	out := json.NewEncoder(os.Stdout)
	var rows []row
	rivals := []string{"bmp", "Seismic"}
	for field := range strings.SplitSeq(sizes, ",") {
		docs, err := strconv.Atoi(field)
		if err != nil || docs < 1 {
			return fmt.Errorf("--docs %s: wanted numbers", sizes)
		}
		r, err := measure(vectors, vocab, docs, queries, python, rivals, rounds)
		if err != nil {
			return err
		}
		for _, e := range r.Engines { // what cannot be started now cannot for more passages
			if e.Absent != "" {
				rivals = slices.DeleteFunc(rivals, func(name string) bool { return name == e.Name })
			}
		}
		if err := out.Encode(r); err != nil {
			return err
		}
		rows = append(rows, r)
		if figure != "" {
			if err := draw(figure, rows); err != nil {
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

// again returns a vector as it comes for the nth time.
func again(v sparse.Vector, n, doc int) sparse.Vector {
	if n == 0 {
		return v
	}
	r := rand.New(rand.NewPCG(uint64(n), uint64(doc)))
	var changed sparse.Vector
	for i, term := range v.Terms {
		if factor := .8 + .4*r.Float32(); r.IntN(8) > 0 {
			changed.Terms, changed.Weights = append(changed.Terms, term), append(changed.Weights, v.Weights[i]*factor)
		}
	}
	return changed
}

// measure indexes docs passages and asks the queries.
func measure(vectors []sparse.Vector, vocab, docs int, queries []sparse.Vector, python string, rivals []string, rounds int) (r row, err error) {
	begin := time.Now()
	b := index.NewBuilder(vocab)
	for i := range docs {
		if err := b.Add(again(vectors[i%len(vectors)], i/len(vectors), i%len(vectors))); err != nil {
			return r, err
		}
	}
	var file bytes.Buffer
	if _, err := b.WriteTo(&file); err != nil {
		return r, err
	}
	b = nil
	r = row{Docs: docs, Bytes: file.Len(), Build: time.Since(begin).Seconds()}
	before := heap()
	begin = time.Now()
	x, err := index.Open(file.Bytes())
	if err != nil {
		return r, err
	}
	r.Open = time.Since(begin).Seconds()
	s := x.NewSearcher()
	r.Memory, r.Postings = heap()-before+uint64(file.Len()), x.Postings()
	for _, q := range queries {
		_, cost := s.Search(q, 1)
		r.Touched += float64(cost.Postings) / float64(len(queries))
	}
	r.Engines = []*rival{{Name: "Parley", ask: func(k int) (seconds []float64, err error) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for _, q := range queries {
			begin := processor()
			s.Search(q, k)
			seconds = append(seconds, processor()-begin)
		}
		return seconds, nil
	}}}
	if python != "" && len(rivals) > 0 {
		all, stop, err := startRivals(python, rivals, x, queries)
		if err != nil {
			return r, err
		}
		defer stop()
		r.Engines = append(r.Engines, all...)
	}
	return r, takeTurns(r.Engines, rounds)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// export writes an index and the queries for other engines: "best" are the best hundred, with
// the sums of their products.
func export(x *index.Index, folder string, queries []sparse.Vector) error {
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
	d, err := os.Create(filepath.Join(folder, "docs.jsonl"))
	if err != nil {
		return err
	}
	defer d.Close()
	lines := bufio.NewWriterSize(d, 1<<16)
	for doc, v := range x.Documents() {
		fmt.Fprintf(lines, `{"id":"%d","content":"","vector":{`, doc)
		for i, m := range v {
			if i > 0 {
				lines.WriteByte(',')
			}
			fmt.Fprintf(lines, `"%d":%d`, m.Term, m.Weight)
		}
		lines.WriteString("}}\n")
	}
	if err := lines.Flush(); err != nil {
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
		factors, step := x.Factors(v)
		line := struct {
			V    map[string]uint32 `json:"v"`
			Best [][2]uint32       `json:"best"`
		}{V: map[string]uint32{}}
		for _, f := range factors {
			line.V[terms(f.Term)] = f.Weight
		}
		hits, _ := s.Search(v, 100)
		for _, h := range hits {
			line.Best = append(line.Best, [2]uint32{h.Doc, uint32(h.Score/step + .5)})
		}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
