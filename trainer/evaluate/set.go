// Package evaluate measures how well retrieval systems rank passages for judged
// questions, and what that costs.
//
//	set, err := evaluate.Open(evaluate.Files{Passages: ..., Qrels: ..., Queries: map[string][]string{evaluate.Last: ...}})
//	e := &evaluate.Evaluator{Set: set, Cache: "cache", Progress: os.Stderr}
//	system := evaluate.Default()
//	system.Encoder = "models/splade-tiny"
//	out, err := e.Measure(ctx, system)
//	out.Report.Mean[metrics.NDCG10], out.Cost.FLOPS
//
// set.go opens a set. system.go measures a whole system on it, with the steps in
// encoder.go (load), index.go (passages) and queries.go (encode, search), and with
// dense.go and worker.go for what only the page has. parts.go and compare.go split and
// compare the results.
package evaluate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley/shared/beir"
	"parley/shared/conversation"
	"parley/shared/lines"
	"parley/shared/mtrag"
	"parley/shared/trec"
	"parley/trainer/corpus"
	"parley/trainer/disk"
	"parley/trainer/metrics"
)

// The inputs: what a system reads of a conversation.
const (
	Last         = "last"         // only the last question
	Conversation = "conversation" // all questions and replies
	Questions    = "questions"    // all questions, without the replies
	Rewrite      = "rewrite"      // the last question as a person rewrote it
)

// Inputs lists the inputs.
var Inputs = []string{Last, Conversation, Questions, Rewrite}

// Files are the files of a set, plain or gzip.
type Files struct {
	Passages []string            // BEIR's corpus files; several become one pool
	Queries  map[string][]string // BEIR's queries files, by input
	Tasks    []string            // MTRAG's tasks files, which have the turns for Conversation; the query files then only name the questions
	Qrels    []string            // judgements: in BEIR's form if the name ends in .tsv or .tsv.gz, else in TREC's
}

// A Query is a judged question as a system reads it.
type Query struct {
	ID    string
	Turns []conversation.Turn // oldest first; the last one is the question, and has no reply
}

// A Set is what systems are measured on.
type Set struct {
	Passages *corpus.Corpus
	Queries  map[string][]Query // the judged queries by input, in the files' order
	Qrels    metrics.Qrels
	// JudgedIn is the name of the file that judges a query, by query. ByDomain needs
	// it.
	JudgedIn map[string]string
}

// Open reads a set. It returns an error if no query of an input is judged. Errors about
// a file are of type *lines.Error, with file and line.
func Open(f Files) (*Set, error) {
	s := &Set{Queries: map[string][]Query{}}
	var err error
	if s.Qrels, s.JudgedIn, err = ReadQrels(f.Qrels); err != nil {
		return nil, err
	}
	for _, input := range slices.Sorted(maps.Keys(f.Queries)) {
		if s.Queries[input], err = f.read(input, s.Qrels); err != nil {
			return nil, err
		}
	}
	s.Passages, err = corpus.Read(f.Passages)
	return s, err
}

// ReadQrels reads files of judgements as one. judgedIn maps each query to the file that
// judges it. A query that two files judge is an error.
func ReadQrels(paths []string) (all metrics.Qrels, judgedIn map[string]string, err error) {
	all, judgedIn = metrics.Qrels{}, map[string]string{}
	for _, path := range paths {
		err := disk.Lines(path, func(r *lines.Reader) error {
			read := trec.ReadQrels
			if strings.HasSuffix(strings.TrimSuffix(path, ".gz"), ".tsv") {
				read = beir.ReadQrels
			}
			qrels, err := read(r)
			for q, grades := range qrels {
				if all[q] != nil {
					return &lines.Error{File: path, Msg: fmt.Sprintf("query %q is also judged in another file", q)}
				}
				all[q], judgedIn[q] = grades, path
			}
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("%s: no judgement", strings.Join(paths, ", "))
	}
	return all, judgedIn, nil
}

// read reads the judged queries of an input as conversations.
func (f *Files) read(input string, qrels metrics.Qrels) ([]Query, error) {
	turns := func(q beir.Query) ([]conversation.Turn, error) {
		return []conversation.Turn{{Question: mtrag.Question(q.Text)}}, nil
	}
	switch input {
	case Questions:
		turns = func(q beir.Query) ([]conversation.Turn, error) { return mtrag.Questions(q.Text), nil }
	case Conversation:
		tasks, err := readTasks(f.Tasks)
		if err != nil {
			return nil, err
		}
		turns = func(q beir.Query) ([]conversation.Turn, error) { return tasks.Until(q.ID) }
	}
	var queries []Query
	seen := map[string]bool{}
	for _, path := range f.Queries[input] {
		var read []beir.Query
		err := disk.Lines(path, func(r *lines.Reader) (err error) {
			read, err = beir.ReadQueries(r)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, q := range read {
			if qrels[q.ID] == nil {
				continue
			}
			if seen[q.ID] {
				return nil, fmt.Errorf("%s: query %q is also in another file", path, q.ID)
			}
			seen[q.ID] = true
			said, err := turns(q)
			if err != nil {
				return nil, err
			}
			queries = append(queries, Query{q.ID, said})
		}
	}
	if len(queries) == 0 {
		return nil, errors.New("none of the queries is judged; do the queries and the qrels belong together?")
	}
	return queries, nil
}

func readTasks(paths []string) (mtrag.Conversations, error) {
	tasks := mtrag.Conversations{}
	for _, path := range paths {
		err := disk.Lines(path, func(r *lines.Reader) error {
			more, err := mtrag.ReadTasks(r)
			maps.Copy(tasks, more)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return tasks, nil
}
