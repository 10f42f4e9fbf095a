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

	"parley/shared/conversation"
	"parley/shared/documents"
	"parley/shared/durable"
	"parley/shared/index"
	"parley/shared/passages"
)

type runOptions struct {
	out, queries                     string
	encoderDir, level, collectionDir string
	k                                int
	byDocument                       bool
}

// A query of a run: a conversation with an id.
type query struct {
	id    string
	turns []conversation.Turn
}

// writeRun searches many questions and writes their rankings as trec_eval reads
// them: query, "Q0", document, rank, score, name of the run.
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
	e, err := openEngine(o.encoderDir, o.level, o.collectionDir)
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
			session, searcher := e.Encoder.NewSession(), e.Index.NewSearcher()
			var in conversation.Input
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(queries) {
					return
				}
				in.Build(e.Encoder.Tokenizer, queries[i].turns, e.Encoder.Query)
				v, _, err := session.EncodeQuery(in)
				if err != nil {
					errs[i] = err
					return
				}
				depth := o.k
				if o.byDocument {
					depth = e.Index.Docs() // a document's passages can fill any number of ranks
				}
				hits, _ := searcher.Search(v, depth)
				rankings[i] = ranking(queries[i].id, tag, hits, e.Passages, o)
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

func ranking(id, tag string, hits []index.Hit, store *passages.Store, o runOptions) []byte {
	var b bytes.Buffer
	seen := map[string]bool{}
	rank := 0
	for _, h := range hits {
		if rank == o.k {
			break
		}
		doc := store.At(int(h.Doc)).ID
		if o.byDocument {
			doc = documents.DocumentID(doc)
			if seen[doc] {
				continue
			}
			seen[doc] = true
		}
		rank++
		fmt.Fprintf(&b, "%s Q0 %s %d %g %s\n", word(id), word(doc), rank, h.Score, tag)
	}
	return b.Bytes()
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
				q.turns = append(q.turns, conversation.Turn{Question: t.Question, Reply: t.Reply})
			}
			if len(q.turns) == 0 && r.Text != "" {
				q.turns = []conversation.Turn{{Question: r.Text}}
			}
		} else {
			id, question, ok := strings.Cut(text, "\t")
			if !ok {
				return fail("wanted an id, a tab and a question")
			}
			q = query{id, []conversation.Turn{{Question: question}}}
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
