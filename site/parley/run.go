package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"parley/shared/answer"
	"parley/shared/beir"
	"parley/shared/cli"
	"parley/shared/documents"
	"parley/shared/durable"
	"parley/shared/lines"
	"parley/shared/message"
	"parley/shared/trec"
)

type runOptions struct {
	out, queries string
	from         sources
	k            int
	byDocument   bool
}

// writeRun searches for many questions and writes their rankings as trec_eval reads them:
// query, "Q0", document, rank, score, name of the run. Each ranking is what search finds
// for the same turns, except that earlier turns without a reply stay without one.
func writeRun(ctx context.Context, s cli.Streams, o runOptions) error {
	if o.k == 0 {
		o.k = 1000
	}
	queries, err := readQueries(o.queries)
	if err != nil {
		return err
	}
	e, err := openEngine(ctx, o.from, s.Err)
	if err != nil {
		return err
	}
	tag := strings.Join(strings.Fields(e.Encoder.Name), "-")
	if tag == "" {
		tag = "parley"
	}
	rankings := make([][]byte, len(queries))
	errs := make([]error, len(queries))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(queries)) {
		wg.Go(func() {
			one, err := e.another()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(queries) {
					return
				}
				if err == nil {
					rankings[i], err = ranking(one, queries[i], tag, o)
				}
				if err != nil {
					errs[i] = fmt.Errorf("query %q: %w", queries[i].ID, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	all := bytes.Join(rankings, nil)
	if o.out == "-" {
		_, err := s.Out.Write(all)
		return err
	}
	if err := durable.WriteFile(o.out, all); err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "%d questions, %s\n", len(queries), o.out)
	return nil
}

// ranking returns a query's lines of a run.
func ranking(e *answer.Engine, q beir.Query, tag string, o runOptions) ([]byte, error) {
	turns := turnsOf(q)
	// A document's passages can take any number of ranks, so a longer ranking may be
	// needed.
	for depth := o.k; ; depth *= 4 {
		hits, _, err := e.Rank(message.Ask{Turns: turns, Stage: o.from.stage}, depth)
		if errors.Is(err, answer.ErrNoQuestion) {
			return nil, nil // nothing was found
		}
		if err != nil {
			return nil, err
		}
		var b []byte
		seen := map[string]bool{}
		rank := 0
		for _, h := range hits {
			if rank == o.k {
				break
			}
			doc := e.Source.Passage(h.Doc).ID
			if o.byDocument {
				doc = documents.DocumentID(doc)
				if seen[doc] {
					continue
				}
				seen[doc] = true
			}
			rank++
			if b, err = trec.AppendLine(b, word(q.ID), word(doc), rank, float64(h.Score), 32, tag); err != nil {
				return nil, err
			}
		}
		if rank == o.k || len(hits) < depth {
			return b, nil
		}
	}
}

// word makes an id one word, as the format requires.
func word(id string) string { return strings.Join(strings.Fields(id), "%20") }

// turnsOf returns a query as the turns to ask.
func turnsOf(q beir.Query) (turns []message.Turn) {
	for _, t := range q.Said() {
		turns = append(turns, message.Turn{Question: t.Question, Reply: t.Reply})
	}
	return turns
}

// readQueries reads the questions of a run from a file: queries in BEIR's form where the
// file's name is one of JSON Lines, else lines of an id, a tab and a question.
func readQueries(file string) ([]beir.Query, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := lines.NewReader(f, file)
	if err != nil {
		return nil, err
	}
	var list []beir.Query
	switch filepath.Ext(strings.TrimSuffix(file, ".gz")) {
	case ".jsonl", ".ndjson", ".json":
		list, err = beir.ReadQueries(r)
		for _, q := range list {
			if q.Text == "" && q.Turns == nil { // the wanted field exists and is empty
				return nil, fmt.Errorf("%s: the text of query %q is empty", file, q.ID)
			}
		}
	default:
		list, err = beir.ReadQueriesTSV(r)
	}
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no query", file)
	}
	return list, nil
}
