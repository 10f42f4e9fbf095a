// Package trec reads and writes TREC's runs and qrels. It reads gzip, too.
//
//	run:   query Q0 document rank score tag
//	qrels: query iteration document grade
//
// Fields are separated by blanks or tabs. Package beir reads BEIR's form of qrels.
package trec

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
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

// A Run is a system's answers: the documents of each query, in any order. The scores
// rank them.
type Run map[string][]Hit

// Rank sorts hits in trec_eval's order: score descending, then document descending as
// bytes. trec_eval keeps scores as 32-bit floats, so scores that differ only in a
// float64 are ties, here as there.
func Rank(hits []Hit) {
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(float32(b.Score), float32(a.Score)), cmp.Compare(b.Doc, a.Doc))
	})
}

// Grades are the judged documents of one query. A document with a grade of 1 or more
// is relevant; one with 0 or less is not.
type Grades map[string]int

// Qrels are the judgements of a collection, by query.
type Qrels map[string]Grades

// Add adds a judgement. It returns an error if the document was already judged for
// the query.
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

// ReadRun reads a run. It ignores the column rank, as trec_eval does: the scores
// rank. Errors are of type *lines.Error.
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

// ReadQrels reads judgements. Errors are of type *lines.Error.
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

// WriteRun writes run, sorted by query id; the documents of a query are in the order
// in which trec_eval ranks them. It sorts run's hits in place.
func WriteRun(w io.Writer, run Run, tag string) error {
	bw := bufio.NewWriter(w)
	var line []byte
	for _, q := range slices.Sorted(maps.Keys(run)) {
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

// AppendLine appends a line of a run to b. It writes the score as the shortest text
// that reads back as the same float of bits bits, 32 or 64. If an id or the tag is
// not one word, it returns an error, because the format cannot express that.
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
