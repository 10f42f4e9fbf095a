package engine

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

const vocab = 60

// collection returns a collection of n passages with random vectors and words; their texts
// contain the characters that each form has to escape.
func collection(t testing.TB, n int) *Collection {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 18))
	ib, pb := index.NewBuilder(vocab), passages.NewBuilder(passages.About{Title: "Test", Licence: "CC0"})
	for d := range n {
		var v sparse.Vector
		for term := range uint32(vocab) {
			if r.IntN(6) == 0 && d%7 != 3 {
				v.Terms, v.Weights = append(v.Terms, term), append(v.Weights, r.Float32()*3)
			}
		}
		text := fmt.Sprintf("tower number%d says \"a\\b\"\n\t, it's <5 & 中文 %d", r.IntN(5), d)
		if err := ib.Add(v); err != nil {
			t.Fatal(err)
		}
		ib.AddWords("", text)
		if err := pb.Add(passages.Passage{ID: fmt.Sprintf("p\"%d", d), Title: fmt.Sprintf("Title, %d", d), Text: text, URL: "https://example.org/" + strconv.Itoa(d), Page: d % 4}); err != nil {
			t.Fatal(err)
		}
	}
	var i, p bytes.Buffer
	if _, err := ib.WriteTo(&i); err != nil {
		t.Fatal(err)
	}
	if _, err := pb.WriteTo(&p); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(i.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	store, err := passages.Open(p.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return &Collection{Index: x, Passages: store, Piece: func(t uint32) string { return fmt.Sprintf("[unused%d]", t) }}
}

// queries returns random queries over terms and words.
func queries(c *Collection, n int) []sparse.Vector {
	r := rand.New(rand.NewPCG(4, 18))
	all := make([]sparse.Vector, n)
	for i := range all {
		for t := range uint32(c.Terms()) {
			if r.IntN(8) == 0 {
				all[i].Terms, all[i].Weights = append(all[i].Terms, t), append(all[i].Weights, r.Float32()*2)
			}
		}
	}
	return all
}

func export(t testing.TB, f *Form, c *Collection, out string, part int) *Summary {
	t.Helper()
	factors, _ := c.Index.Factors(queries(c, 1)[0])
	s, err := f.Export(t.Context(), c, out, Options{Part: part, Example: Example{"which tower?", factors}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// files reads a folder.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(data)
	}
	return all
}

func TestSQLiteRanksAsSearchDoes(t *testing.T) {
	c := collection(t, 200)
	dir := t.TempDir()
	export(t, sqlite, c, dir, 0)
	db, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(filepath.Join(dir, "parley.db"))+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i, q := range queries(c, 30) {
		factors, step := c.Index.Factors(q)
		rows, err := db.Query(sqlite.Query(c, factors, 20))
		if err != nil {
			t.Fatal(err)
		}
		var got []index.Hit
		for rows.Next() {
			var h index.Hit
			var id, title string
			var score int
			if err := rows.Scan(&h.Doc, &id, &title, &score); err != nil {
				t.Fatal(err)
			}
			if want := c.Passages.At(int(h.Doc)); id != want.ID || title != want.Title {
				t.Errorf("document %d is %q, %q", h.Doc, id, title)
			}
			h.Score = float32(score) * step
			got = append(got, h)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		want, _ := c.Index.NewSearcher().Search(q, 20)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("query %d:\n got %v\nwant %v", i, got, want)
		}
	}
}

// What a part says of a passage, by the fields of its form.
type row struct {
	doc     int
	passage passages.Passage
	impacts map[uint32]int
}

// read reads the rows of an export's parts with its own parser.
var read = map[string]func(t testing.TB, part string) []row{
	"opensearch":    readBulk,
	"elasticsearch": readBulk,
	"milvus": func(t testing.TB, part string) (rows []row) {
		for _, line := range strings.Split(strings.TrimSuffix(part, "\n"), "\n") {
			rows = append(rows, readObject(t, line))
		}
		return rows
	},
	"qdrant": func(t testing.TB, part string) (rows []row) {
		var body struct {
			Points []struct {
				ID      int
				Payload struct {
					Doc int
					passages.Passage
				}
				Vector map[string]struct {
					Indices []uint32
					Values  []int
				}
			}
		}
		if err := json.Unmarshal([]byte(part), &body); err != nil {
			t.Fatal(err)
		}
		for _, p := range body.Points {
			if p.ID != p.Payload.Doc {
				t.Errorf("point %d is of document %d", p.ID, p.Payload.Doc)
			}
			r := row{p.Payload.Doc, p.Payload.Passage, map[uint32]int{}}
			for i, term := range p.Vector["parley"].Indices {
				r.impacts[term] = p.Vector["parley"].Values[i]
			}
			rows = append(rows, r)
		}
		return rows
	},
	"pgvector": func(t testing.TB, part string) (rows []row) {
		part, ok := strings.CutPrefix(part, "COPY parley_part (doc, id, title, text, url, page, v) FROM STDIN;\n")
		part, ended := strings.CutSuffix(part, "\n\\.\n")
		if !ok || !ended {
			t.Fatalf("no COPY: %.60q", part)
		}
		unescape := strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r")
		for _, line := range strings.Split(part, "\n") {
			f := strings.Split(line, "\t")
			r := row{impacts: map[uint32]int{}}
			r.doc, _ = strconv.Atoi(f[0])
			for i, to := range []*string{&r.passage.ID, &r.passage.Title, &r.passage.Text, &r.passage.URL} {
				*to = unescape.Replace(f[1+i])
			}
			r.passage.Page, _ = strconv.Atoi(f[5])
			vector, dim, _ := strings.Cut(f[6], "/")
			if dim != strconv.Itoa(vocab+termsOfTest) {
				t.Errorf("dimension %s", dim)
			}
			for _, pair := range strings.FieldsFunc(strings.Trim(vector, "{}"), func(r rune) bool { return r == ',' }) {
				var term uint32
				var impact int
				fmt.Sscanf(pair, "%d:%d", &term, &impact)
				r.impacts[term-1] = impact
			}
			rows = append(rows, r)
		}
		return rows
	},
}

var termsOfTest int

func readObject(t testing.TB, line string) row {
	var o struct {
		Doc int
		passages.Passage
		V map[string]int
	}
	if err := json.Unmarshal([]byte(line), &o); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	r := row{o.Doc, o.Passage, map[uint32]int{}}
	for term, impact := range o.V {
		n, _ := strconv.Atoi(term)
		r.impacts[uint32(n)] = impact
	}
	return r
}

func readBulk(t testing.TB, part string) (rows []row) {
	lines := bufio.NewScanner(strings.NewReader(part))
	for lines.Scan() {
		var action struct {
			Index struct {
				ID string `json:"_id"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &action); err != nil {
			t.Fatal(err)
		}
		lines.Scan()
		r := readObject(t, lines.Text())
		if action.Index.ID != strconv.Itoa(r.doc) {
			t.Errorf("action %q is of document %d", action.Index.ID, r.doc)
		}
		rows = append(rows, r)
	}
	return rows
}

func TestPartsHoldAllPassagesAndImpacts(t *testing.T) {
	c := collection(t, 23)
	termsOfTest = c.Index.Words()
	want := make([]row, 23)
	for d, impacts := range c.Index.Documents() {
		p := c.Passages.At(d)
		want[d] = row{d, p, map[uint32]int{}}
		for _, m := range impacts {
			want[d].impacts[m.Term] = int(m.Weight)
		}
	}
	for name, read := range read {
		t.Run(name, func(t *testing.T) {
			f, err := FormNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			s := export(t, f, c, dir, 10)
			all := files(t, dir)
			if s.Files != len(all)-1 { // export.json is for us alone
				t.Errorf("%d files, counted %d", len(all)-1, s.Files)
			}
			var got []row
			for i := range 3 {
				got = append(got, read(t, all[fmt.Sprintf("part-%06d%s", i, f.ext)])...)
			}
			for d := range want {
				if d >= len(got) || fmt.Sprint(got[d]) != fmt.Sprint(want[d]) {
					t.Fatalf("passage %d of %d:\n got %v\nwant %v", d, len(got), got[d], want[d])
				}
			}
			if !strings.Contains(all["README.md"], "which tower?") {
				t.Errorf("README.md: %s", all["README.md"])
			}
		})
	}
}

func TestCIFFIsTheIndexAgain(t *testing.T) {
	c := collection(t, 23)
	dir := t.TempDir()
	export(t, ciff, c, dir, 0)
	f, err := os.Open(filepath.Join(dir, "index.ciff.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	_, docs, err := index.ReadCIFF(z, vocab, func(name string) (uint32, bool) {
		var term uint32
		n, _ := fmt.Sscanf(name, "[unused%d]", &term)
		return term, n == 1
	}, CIFFStep)
	if err != nil || len(docs) != 23 || docs[5] != c.Passages.At(5).ID {
		t.Errorf("%d documents, %v", len(docs), err)
	}
}

// The files that a stopped run has written stay, and the next run ends with the same files
// as an uninterrupted one.
func TestExportContinues(t *testing.T) {
	c := collection(t, 50)
	factors, _ := c.Index.Factors(queries(c, 1)[0])
	for _, f := range Forms {
		whole, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
		export(t, f, c, whole, 10)
		ctx, cancel := context.WithCancel(t.Context())
		o := Options{Part: 10, Example: Example{"which tower?", factors}, Progress: func(Progress) { cancel() }}
		if _, err := f.Export(ctx, c, out, o); err == nil && f != ciff {
			t.Errorf("%s: was not stopped", f.Name)
		}
		cancel()
		s := export(t, f, c, out, 10)
		if f.whole == nil && s.Kept != 1 {
			t.Errorf("%s: %d files were kept, wanted the part that was whole", f.Name, s.Kept)
		}
		got, want := files(t, out), files(t, whole)
		if len(got) != len(want) {
			t.Errorf("%s: %d files, %d in a run that was not stopped", f.Name, len(got), len(want))
		}
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s: %s is another", f.Name, name)
			}
		}
	}
}

func TestExportLeavesOtherFoldersAlone(t *testing.T) {
	c := collection(t, 5)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "diary.txt"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := qdrant.Export(t.Context(), c, dir, Options{}); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a folder of someone's: %v", err)
	}
	dir = t.TempDir()
	export(t, qdrant, c, dir, 0)
	other := collection(t, 6)
	other.Hash[0] = 1
	for name, run := range map[string]func() (*Summary, error){
		"another collection": func() (*Summary, error) { return qdrant.Export(t.Context(), other, dir, Options{}) },
		"another form":       func() (*Summary, error) { return milvus.Export(t.Context(), c, dir, Options{}) },
	} {
		if _, err := run(); !errors.Is(err, ErrOther) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := FormNamed("lucene"); err == nil || !strings.Contains(err.Error(), "opensearch, elasticsearch") {
		t.Errorf("an unknown form: %v", err)
	}
}

// Where an engine bounds a query's weights, they are divided by a power of two, exactly.
func TestLuceneWeightsAreExact(t *testing.T) {
	c := collection(t, 1)
	q := []index.Factor{{Term: 1, Weight: 65535}, {Term: 2, Weight: 1}, {Term: 3, Weight: 640}}
	var body struct {
		Query struct {
			SparseVector struct {
				QueryVector map[string]float32 `json:"query_vector"`
			} `json:"sparse_vector"`
		}
	}
	if err := json.Unmarshal([]byte(elasticsearch.Query(c, q, 3)), &body); err != nil {
		t.Fatal(err)
	}
	for _, f := range q {
		w := body.Query.SparseVector.QueryVector[strconv.Itoa(int(f.Term))]
		if w > 64 || w*1024 != float32(f.Weight) {
			t.Errorf("term %d: %v for %d", f.Term, w, f.Weight)
		}
	}
}
