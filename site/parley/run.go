package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"parley/shared/answer"
	"parley/shared/documents"
	"parley/shared/durable"
	"parley/shared/message"
)

type runOptions struct {
	out, queries string
	from         sources
	k            int
	byDocument   bool
}

// A query of a run: a conversation with an id.
type query struct {
	id    string
	turns []message.Turn
}

// writeRun searches many questions and writes their rankings as trec_eval reads
// them: query, "Q0", document, rank, score, name of the run. Each is what search finds
// for the same turns; earlier ones without a reply stay without.
func writeRun(ctx context.Context, s streams, o runOptions) error {
	if o.k == 0 {
		o.k = 1000
	}
	data, err := os.ReadFile(o.queries)
	if err != nil {
		return err
	}
	queries, err := readQueries(o.queries, data)
	if err != nil {
		return err
	}
	e, _, err := openEngine(o.from, s.err)
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
			one, err := answer.New(e.Encoder, e.Index, e.Passages)
			if err == nil {
				err = one.SetDense(e.Dense, e.Vectors)
			}
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(queries) {
					return
				}
				if err == nil {
					rankings[i], err = ranking(one, queries[i], tag, o)
				}
				if err != nil {
					errs[i] = fmt.Errorf("query %q: %w", queries[i].id, err)
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
		_, err := s.out.Write(all)
		return err
	}
	if err := durable.WriteFile(o.out, all); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%d questions, %s\n", len(queries), o.out)
	return nil
}

// ranking gives a query's lines of a run.
func ranking(e *answer.Engine, q query, tag string, o runOptions) ([]byte, error) {
	// A document's passages can fill any number of ranks: then it takes a longer ranking.
	for depth := o.k; ; depth *= 4 {
		hits, _, err := e.Rank(message.Ask{Turns: q.turns, Stage: o.from.stage}, depth)
		if errors.Is(err, answer.ErrNoQuestion) {
			return nil, nil // it finds nothing
		}
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		seen := map[string]bool{}
		rank := 0
		for _, h := range hits {
			if rank == o.k {
				break
			}
			doc := e.Passages.At(int(h.Doc)).ID
			if o.byDocument {
				doc = documents.DocumentID(doc)
				if seen[doc] {
					continue
				}
				seen[doc] = true
			}
			rank++
			fmt.Fprintf(&b, "%s Q0 %s %d %g %s\n", word(q.id), word(doc), rank, h.Score, tag)
		}
		if rank == o.k || len(hits) < depth {
			return b.Bytes(), nil
		}
	}
}

// word makes an id one word, as the format needs.
func word(id string) string { return strings.Join(strings.Fields(id), "%20") }

// readQueries reads JSON Lines, each with "_id" or "id" and either "text" or
// "turns" ([{"question", "reply"}], oldest first); or, in a file of any other
// name than .jsonl and .json, lines of an id, a tab and a question.
func readQueries(name string, data []byte) ([]query, error) {
	var list []query
	seen := map[string]int{}
	jsonLines := false
	switch filepath.Ext(name) {
	case ".jsonl", ".ndjson", ".json":
		jsonLines = true
	}
	lines := bufio.NewReader(bytes.NewReader(data))
	for n := 1; ; n++ {
		text, err := lines.ReadString('\n')
		if text == "" && err == io.EOF {
			break
		}
		fail := func(format string, args ...any) ([]query, error) {
			return nil, fmt.Errorf("%s:%d: %s", name, n, fmt.Sprintf(format, args...))
		}
		if text = strings.TrimRight(text, "\r\n"); strings.TrimSpace(text) == "" {
			continue
		}
		var q query
		if jsonLines {
			var r struct {
				BEIR  string `json:"_id"`
				ID    string `json:"id"`
				Text  string `json:"text"`
				Turns []struct {
					Question string `json:"question"`
					Reply    string `json:"reply"`
				} `json:"turns"`
			}
			if err := json.Unmarshal([]byte(text), &r); err != nil {
				return fail("%v", err)
			}
			if q.id = r.BEIR; q.id == "" {
				q.id = r.ID
			}
			for _, t := range r.Turns {
				q.turns = append(q.turns, message.Turn{Question: t.Question, Reply: t.Reply})
			}
			if len(q.turns) == 0 && r.Text != "" {
				q.turns = []message.Turn{{Question: r.Text}}
			}
		} else {
			id, question, ok := strings.Cut(text, "\t")
			if !ok {
				return fail("wanted an id, a tab and a question")
			}
			q = query{id, []message.Turn{{Question: question}}}
		}
		switch {
		case strings.TrimSpace(q.id) == "":
			return fail("the query has no id")
		case len(q.turns) == 0:
			return fail(`the query has neither "text" nor "turns"`)
		case seen[q.id] > 0:
			return fail("the id %q stands in line %d already", q.id, seen[q.id])
		}
		seen[q.id] = n
		list = append(list, q)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no query", name)
	}
	return list, nil
}
