// Package trec reads and writes TREC's runs and qrels, plain or gzip.
//
//	run:   query Q0 document rank score tag
//	qrels: query iteration document grade
//
// Fields are separated by blanks or tabs.
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
	"parley/trainer/metrics"
)

// ReadRun reads a run. The rank column is ignored, as trec_eval ignores it: the
// scores rank.
func ReadRun(r *lines.Reader) (metrics.Run, error) {
	run := metrics.Run{}
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
		run[query] = append(run[query], metrics.Hit{Doc: doc, Score: score})
	}
	return run, r.Err()
}

// ReadQrels reads judgements.
func ReadQrels(r *lines.Reader) (metrics.Qrels, error) {
	qrels := metrics.Qrels{}
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
		if qrels[query] == nil {
			qrels[query] = metrics.Grades{}
		}
		if _, ok := qrels[query][doc]; ok {
			return nil, r.Errorf("query %q judges document %q twice", query, doc)
		}
		qrels[query][doc] = grade
	}
	return qrels, r.Err()
}

// WriteRun writes run, queries by id, documents in the order that trec_eval
// ranks them in. It ranks run's hits in place.
func WriteRun(w io.Writer, run metrics.Run, tag string) error {
	if err := word("tag", tag); err != nil {
		return err
	}
	queries := make([]string, 0, len(run))
	for q := range run {
		queries = append(queries, q)
	}
	slices.SortFunc(queries, cmp.Compare[string])
	bw := bufio.NewWriter(w)
	for _, q := range queries {
		if err := word("query", q); err != nil {
			return err
		}
		metrics.Rank(run[q])
		for i, h := range run[q] {
			if err := word("document", h.Doc); err != nil {
				return err
			}
			// The shortest text that reads back as the same score.
			score := strconv.FormatFloat(h.Score, 'g', -1, 64)
			fmt.Fprintf(bw, "%s Q0 %s %d %s %s\n", q, h.Doc, i+1, score, tag)
		}
	}
	return bw.Flush()
}

// word refuses what the format cannot hold.
func word(what, s string) error {
	if f := bytes.Fields([]byte(s)); len(f) != 1 || len(f[0]) != len(s) {
		return fmt.Errorf("%s %q cannot be written in a TREC run: it must be one word", what, s)
	}
	return nil
}
