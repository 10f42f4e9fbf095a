package converse

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/judged"
	"parley/shared/passages"
	"parley/shared/query"
	"parley/trainer/conversations"
	"parley/trainer/corpus"
	"parley/trainer/evaluate"
	"parley/trainer/metrics"
)

// Rankings measures how the articles are ranked for each question of a set, by the
// index that ships and by BM25.
type Rankings struct {
	Set      conversations.Set
	Articles *passages.Store
	Folder   string // the folder of the articles' index
	Encoder  string // the encoder's folder
	Pooled   bool   // also use the judgements of pooled.tsv
	Progress io.Writer
}

// A Measured has the figures of a system on a split with one input: means by group.
type Measured struct {
	System string             `json:"system"`
	Input  string             `json:"input"`
	Split  string             `json:"split"`
	Turns  map[string]int     `json:"turns"`
	NDCG   map[string]float64 `json:"ndcg_cut_10"`
	MRR    map[string]float64 `json:"recip_rank"`
	R10    map[string]float64 `json:"recall_10"`
}

// measuredInputs are the inputs with which each system is measured.
var measuredInputs = []string{evaluate.Last, evaluate.Conversation, evaluate.Rewrite}

// depth is the number of articles in a ranking.
const depth = 100

// Measure measures both systems with each input on the splits. pool has the first ten
// articles of every ranking, for judging.
func (r *Rankings) Measure(ctx context.Context, splits []string) (rows []Measured, pool *Pool, err error) {
	enc, _, err := evaluate.Load(r.Encoder, "")
	if err != nil {
		return nil, nil, err
	}
	x, err := r.index(enc)
	if err != nil {
		return nil, nil, err
	}
	words := evaluate.NewBM25(r.corpus())
	pool = &Pool{grades: map[string]map[string]string{}}
	for _, split := range splits {
		list := r.Set[split]
		qrels := r.qrels(list)
		for _, input := range measuredInputs {
			run := words.Rank(queriesOf(list, input), depth)
			rows = append(rows, measured("BM25", input, split, list, run, qrels))
			pool.add(list, run, qrels)
		}
		for _, input := range measuredInputs {
			queries := queriesOf(list, input)
			e := evaluate.Evaluator{Progress: r.Progress}
			vectors, err := e.EncodeQueries(ctx, enc, nil, query.Together, queries)
			if err != nil {
				return nil, nil, err
			}
			found, err := evaluate.Search(ctx, x, queries, vectors, depth, 1)
			if err != nil {
				return nil, nil, err
			}
			rows = append(rows, measured(filepath.Base(r.Encoder), input, split, list, found.Run, qrels))
			pool.add(list, found.Run, qrels)
		}
	}
	return rows, pool, nil
}

// isFactbook reports whether id is a passage of the Factbook. Rankings leave these
// out, as conversations.Export does, because only articles were judged.
func isFactbook(id string) bool { return strings.HasPrefix(id, conversations.FactbookPrefix) }

// index opens the articles' index, without the Factbook.
func (r *Rankings) index(enc *encoder.Encoder) (*evaluate.Index, error) {
	x, err := openIndex(r.Folder)
	if err != nil {
		return nil, err
	}
	if x.Vocab() != enc.Vocab() || x.Docs() != r.Articles.Len() {
		return nil, fmt.Errorf("the index in %s has %d passages of %d terms, the articles are %d, the encoder's terms %d", r.Folder, x.Docs(), x.Vocab(), r.Articles.Len(), enc.Vocab())
	}
	ids := make([]string, r.Articles.Len())
	for i := range ids {
		ids[i] = r.Articles.At(i).ID
	}
	return evaluate.OpenIndex(x, ids, isFactbook), nil
}

// corpus returns the articles, without the Factbook.
func (r *Rankings) corpus() *corpus.Corpus {
	c := &corpus.Corpus{}
	for i := range r.Articles.Len() {
		if p := r.Articles.At(i); !isFactbook(p.ID) {
			c.IDs, c.Texts = append(c.IDs, p.ID), append(c.Texts, passages.EncoderText(p))
		}
	}
	return c
}

// queriesOf returns the conversations' questions as an input has them.
func queriesOf(list []judged.Conversation, input string) (queries []evaluate.Query) {
	for i := range list {
		c := &list[i]
		for j, t := range c.Turns {
			said := c.Until(j)
			switch input {
			case evaluate.Last:
				said = said[j:]
			case evaluate.Rewrite:
				said = []conversation.Turn{{Question: t.Rewrite}}
			}
			queries = append(queries, evaluate.Query{ID: c.QueryID(j), Turns: said})
		}
	}
	return queries
}

func (r *Rankings) qrels(list []judged.Conversation) metrics.Qrels {
	qrels := metrics.Qrels{}
	for i := range list {
		for j, t := range list[i].Turns {
			grades := metrics.Grades{}
			judged := t.Gold
			if r.Pooled {
				judged = t.Judged()
			}
			for _, g := range judged {
				grades[g.ID] = g.Grade
			}
			qrels[list[i].QueryID(j)] = grades
		}
	}
	return qrels
}

// measured measures a run by groups. It sorts the run's hits in place.
func measured(system, input, split string, list []judged.Conversation, run metrics.Run, qrels metrics.Qrels) Measured {
	m := Measured{system, input, split, map[string]int{}, map[string]float64{}, map[string]float64{}, map[string]float64{}}
	report := metrics.Evaluate(run, qrels)
	for i := range list {
		for j := range list[i].Turns {
			v := report.ByQuery[list[i].QueryID(j)]
			for _, g := range Groups {
				if g.holds(&list[i], j) {
					m.Turns[g.Name]++
					m.NDCG[g.Name] += v[metrics.NDCG10]
					m.MRR[g.Name] += v[metrics.MRR]
					m.R10[g.Name] += v[metrics.R10]
				}
			}
		}
	}
	for name, n := range m.Turns {
		m.NDCG[name] /= float64(n)
		m.MRR[name] /= float64(n)
		m.R10[name] /= float64(n)
	}
	return m
}

// A Pool has the articles to judge, by query.
type Pool struct {
	order  []string
	grades map[string]map[string]string // the grade by query and article; "" if nobody judged it
}

// add adds the first ten hits of each query, which must be sorted, and their grades.
func (p *Pool) add(list []judged.Conversation, run metrics.Run, qrels metrics.Qrels) {
	for i := range list {
		for j := range list[i].Turns {
			id := list[i].QueryID(j)
			if p.grades[id] == nil {
				p.order = append(p.order, id)
				p.grades[id] = map[string]string{}
			}
			hits := run[id]
			for _, h := range hits[:min(10, len(hits))] {
				p.grades[id][h.Doc] = ""
			}
			for doc, g := range qrels[id] {
				p.grades[id][doc] = fmt.Sprint(g)
			}
		}
	}
}

// TSV returns the pool as lines of query, article and grade, after a line with these
// names.
func (p *Pool) TSV() []byte {
	var b bytes.Buffer
	b.WriteString("query-id\tcorpus-id\tgrade\n")
	for _, q := range p.order {
		var ids []string
		for id := range p.grades[q] {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		for _, id := range ids {
			fmt.Fprintf(&b, "%s\t%s\t%s\n", q, id, p.grades[q][id])
		}
	}
	return b.Bytes()
}
