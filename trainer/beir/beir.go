// Package beir reads queries, collections and judgements in the form of the
// BEIR benchmark, plain or gzip: JSON lines, and qrels as TSV with a header.
package beir

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"

	"parley/shared/lines"
	"parley/shared/passages"
	"parley/trainer/metrics"
)

// A Query is a line of queries.jsonl.
type Query struct {
	ID   string
	Text string
}

// A Document is a line of corpus.jsonl.
type Document struct {
	ID, Title, Text string
}

// Passage is what the encoder reads of the document: its title, then its text.
// Some collections already begin the text with the title; they get it once.
func (d Document) Passage() string {
	return passages.EncoderText(passages.Passage{Title: d.Title, Text: d.Text})
}

// record is a line of either file. "id" serves where "_id" is missing: MTRAG's
// passages and many others say so.
type record struct {
	ID    *string `json:"_id"`
	Alias *string `json:"id"`
	Title string  `json:"title"`
	Text  *string `json:"text"`
}

func parse(r *lines.Reader, line []byte) (rec record, id string, err error) {
	if err := json.Unmarshal(line, &rec); err != nil {
		return rec, "", r.Errorf("not a JSON object with _id and text: %w", err)
	}
	switch {
	case rec.ID != nil:
		id = *rec.ID
	case rec.Alias != nil:
		id = *rec.Alias
	}
	if id == "" {
		return rec, "", r.Errorf(`no "_id"`)
	}
	if rec.Text == nil {
		return rec, "", r.Errorf(`%q has no "text"`, id)
	}
	return rec, id, nil
}

// ReadQueries reads queries in the file's order; an id stands once.
func ReadQueries(r *lines.Reader) ([]Query, error) {
	var queries []Query
	seen := map[string]int{}
	for n, line := range r.All() {
		rec, id, err := parse(r, line)
		if err != nil {
			return nil, err
		}
		if first, ok := seen[id]; ok {
			return nil, r.Errorf("query %q again: it is on line %d already", id, first)
		}
		seen[id] = n
		queries = append(queries, Query{ID: id, Text: *rec.Text})
	}
	return queries, r.Err()
}

// Documents yields the documents of a collection in the file's order, and last,
// where something is wrong, the error.
func Documents(r *lines.Reader) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, line := range r.All() {
			rec, id, err := parse(r, line)
			if err != nil {
				yield(Document{}, err)
				return
			}
			if !yield(Document{ID: id, Title: rec.Title, Text: *rec.Text}, nil) {
				return
			}
		}
		if err := r.Err(); err != nil {
			yield(Document{}, err)
		}
	}
}

// ReadQrels reads judgements: a header line, then query TAB document TAB grade.
func ReadQrels(r *lines.Reader) (metrics.Qrels, error) {
	qrels := metrics.Qrels{}
	header := true
	for _, line := range r.All() {
		f := bytes.Split(line, []byte("\t"))
		if len(f) != 3 {
			return nil, r.Errorf("%d fields between tabs, want 3: query-id corpus-id score", len(f))
		}
		if header {
			header = false
			// Without this check a file that has no header would lose a judgement.
			if _, err := strconv.Atoi(string(f[2])); err == nil {
				return nil, r.Errorf("no header line (query-id, corpus-id, score)")
			}
			continue
		}
		query, doc := string(f[0]), string(f[1])
		grade, err := strconv.Atoi(string(f[2]))
		if err != nil {
			return nil, r.Errorf("score %q is not a whole number", f[2])
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
