// Package trec reads and writes TREC's runs and qrels, plain or gzip.
//
//	run:   query Q0 document rank score tag
//	qrels: query iteration document grade
//
// Fields are separated by blanks or tabs. Package beir reads qrels of the other form.
package trec

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"parley/shared/lines"
)

// A Hit is a document and the score that a system gave it.
type Hit struct {
	Doc   string
	Score float64
}

// A Run is a system's answers: for each query its documents, in any order; the
// scores rank them.
type Run map[string][]Hit

// Rank puts hits in trec_eval's order: score descending, then document
// descending as bytes. trec_eval keeps scores as 32-bit floats, so scores that
// differ by less are ties there, and here.
func Rank(hits []Hit) {
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(float32(b.Score), float32(a.Score)), cmp.Compare(b.Doc, a.Doc))
	})
}

// Grades are the judged documents of one query. A grade of 1 or more is
// relevant; 0 and less is not.
type Grades map[string]int

// Qrels are the judgements of a collection, by query.
type Qrels map[string]Grades

// Add adds a judgement; a document is judged once.
func (q Qrels) Add(query, doc string, grade int) error {
	if q[query] == nil {
		q[query] = Grades{}
	}
	if _, ok := q[query][doc]; ok {
		return fmt.Errorf("query %q judges document %q twice", query, doc)
	}
	q[query][doc] = grade
	return nil
}

// ReadRun reads a run. The rank column is ignored, as trec_eval ignores it: the
// scores rank.
func ReadRun(r *lines.Reader) (Run, error) {
	run := Run{}
	seen := map[[2]string]bool{}
	for _, line := range r.All() {
		f := bytes.Fields(line)
		if len(f) != 6 {
			return nil, r.Errorf("%d fields, want 6: query Q0 document rank score tag", len(f))
		}
		query, doc := string(f[0]), string(f[2])
		score, err := strconv.ParseFloat(string(f[4]), 64)
		if err != nil || math.IsNaN(score) || math.IsInf(score, 0) {
			return nil, r.Errorf("score %q is not a finite number", f[4])
		}
		if key := [2]string{query, doc}; seen[key] {
			return nil, r.Errorf("query %q has document %q twice", query, doc)
		} else {
			seen[key] = true
		}
		run[query] = append(run[query], Hit{Doc: doc, Score: score})
	}
	return run, r.Err()
}

// ReadQrels reads judgements.
func ReadQrels(r *lines.Reader) (Qrels, error) {
	qrels := Qrels{}
	for _, line := range r.All() {
		f := bytes.Fields(line)
		if len(f) != 4 {
			return nil, r.Errorf("%d fields, want 4: query iteration document grade", len(f))
		}
		query, doc := string(f[0]), string(f[2])
		grade, err := strconv.Atoi(string(f[3]))
		if err != nil {
			return nil, r.Errorf("grade %q is not a whole number", f[3])
		}
		if err := qrels.Add(query, doc, grade); err != nil {
			return nil, r.Errorf("%w", err)
		}
	}
	return qrels, r.Err()
}

// WriteRun writes run, queries by id, documents in the order that trec_eval
// ranks them in. It ranks run's hits in place.
func WriteRun(w io.Writer, run Run, tag string) error {
	queries := make([]string, 0, len(run))
	for q := range run {
		queries = append(queries, q)
	}
	slices.Sort(queries)
	bw := bufio.NewWriter(w)
	var line []byte
	for _, q := range queries {
		Rank(run[q])
		for i, h := range run[q] {
			var err error
			if line, err = AppendLine(line[:0], q, h.Doc, i+1, h.Score, 64, tag); err != nil {
				return err
			}
			bw.Write(line)
		}
	}
	return bw.Flush()
}

// AppendLine appends a line of a run. The score is the shortest text that reads back as
// the same float of so many bits, 32 or 64. An id or tag that is not one word is an
// error: the format cannot hold it.
func AppendLine(b []byte, query, doc string, rank int, score float64, bits int, tag string) ([]byte, error) {
	for _, s := range [][2]string{{"tag", tag}, {"query", query}, {"document", doc}} {
		if f := bytes.Fields([]byte(s[1])); len(f) != 1 || len(f[0]) != len(s[1]) {
			return b, fmt.Errorf("%s %q cannot be written in a TREC run: it must be one word", s[0], s[1])
		}
	}
	b = fmt.Appendf(b, "%s Q0 %s %d ", query, doc, rank)
	b = strconv.AppendFloat(b, score, 'g', -1, bits)
	return fmt.Appendf(b, " %s\n", tag), nil
}
