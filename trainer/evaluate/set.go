// Package evaluate measures what systems of retrieval find for judged questions, and
// what that costs.
//
//	set, err := evaluate.Open(evaluate.Files{Passages: ..., Qrels: ..., Queries: map[string][]string{evaluate.Last: ...}})
//	e := &evaluate.Evaluator{Set: set, Cache: "cache", Progress: os.Stderr}
//	system := evaluate.Default()
//	system.Encoder = "models/splade-tiny"
//	out, err := e.Measure(ctx, system)
//	out.Report.Mean[metrics.NDCG10], out.Cost.FLOPS
//
// set.go opens a set; system.go measures a whole system on it, with the steps of
// encoder.go (load), index.go (passages), queries.go (encode, search) and, for what the
// page has besides, dense.go and worker.go; parts.go and compare.go take the results
// apart.
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
	Last         = "last"         // the last turn alone
	Conversation = "conversation" // all turns and the replies
	Questions    = "questions"    // all turns, without the replies
	Rewrite      = "rewrite"      // the last turn as a person rewrote it
)

// Inputs are all of them.
var Inputs = []string{Last, Conversation, Questions, Rewrite}

// Files are those of a set, plain or gzip.
type Files struct {
	Passages []string            // BEIR's corpus files; several make one pool
	Queries  map[string][]string // BEIR's queries files, by input
	Tasks    []string            // MTRAG's tasks files, from which Conversation's turns are read; its query files name the questions
	Qrels    []string            // judgements: BEIR's form where a name ends in .tsv (.gz aside), else TREC's
}

// A Query is a judged question as a system reads it.
type Query struct {
	ID    string
	Turns []conversation.Turn // oldest first; the last one is asked, and has no reply
}

// A Set is what systems are measured on.
type Set struct {
	Passages *corpus.Corpus
	Queries  map[string][]Query // by input, in the files' order; only judged ones
	Qrels    metrics.Qrels
	// JudgedIn is the name of the file that judges a query; ByDomain needs it.
	JudgedIn map[string]string
}

// Open reads a set. Errors name file and line (lines.Error); that no query of an input
// is judged is one.
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

// ReadQrels reads files of judgements as one. judgedIn is the file that judges a query;
// no query may be judged in two.
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
					return &lines.Error{File: path, Msg: fmt.Sprintf("query %q is judged in another file already", q)}
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
				return nil, fmt.Errorf("%s: query %q is in another file already", path, q.ID)
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
		return nil, errors.New("none of the queries is judged: do queries and qrels belong together?")
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
