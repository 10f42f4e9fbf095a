package evaluate

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"parley/shared/cores"
	"parley/shared/encoder"
	"parley/shared/progress"
	"parley/shared/query"
	"parley/shared/sparse"
	"parley/trainer/bm25"
	"parley/trainer/corpus"
	"parley/trainer/metrics"
)

// EncodeQueries encodes queries on all cores, with the words that lookup knows (nil: no
// words). It returns the vectors in the order of the queries.
func (e *Evaluator) EncodeQueries(ctx context.Context, enc *encoder.Encoder, lookup func([]byte) (uint32, bool), how query.Reading, queries []Query) ([]sparse.Vector, error) {
	vectors := make([]sparse.Vector, len(queries))
	meter := progress.New(e.Progress, "queries", 0, int64(len(queries)))
	if err := cores.Each(ctx, len(queries), func() (func(i int) error, error) {
		reader := query.NewReader(enc, lookup)
		return func(i int) error {
			q, err := reader.Read(queries[i].Turns, how)
			if err != nil {
				return fmt.Errorf("query %q: %w", queries[i].ID, err)
			}
			vectors[i] = q.Vector.Clone() // q is in the reader's memory
			return nil
		}, nil
	}, func(done int) { meter.Update(int64(done), "") }); err != nil {
		return nil, err
	}
	meter.Done("")
	return vectors, nil
}

// A Ranking is what an index returned for queries, and what the searches cost.
type Ranking struct {
	Run     metrics.Run
	Vectors []sparse.Vector // the queries' vectors, in their order

	postings []int
	spent    []time.Duration
}

// Search searches x for the queries' vectors, one after another, so that each time is
// of one search alone. It searches times times, and reports the fastest.
func Search(ctx context.Context, x *Index, queries []Query, vectors []sparse.Vector, depth, times int) (*Ranking, error) {
	r := &Ranking{Run: metrics.Run{}, Vectors: vectors}
	for i, v := range vectors {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var hits []metrics.Hit
		var postings int
		least := time.Duration(math.MaxInt64)
		for range times {
			begin := time.Now()
			hits, postings = x.Search(v, depth)
			least = min(least, time.Since(begin))
		}
		r.spent = append(r.spent, least)
		r.postings = append(r.postings, postings)
		r.Run[queries[i].ID] = hits
	}
	return r, nil
}

// A Cost is the mean cost of a search per query.
type Cost struct {
	L0       float64 `json:"query_l0"` // active terms per query
	FLOPS    float64 `json:"flops"`    // sum_j p_q(j) p_d(j)
	Postings float64 `json:"postings"` // postings read per query
	SearchMS float64 `json:"search_ms"`
}

// Cost returns the mean cost of queries in x, in which they were searched. If of is not
// nil, it counts only the queries for whose number of is true.
func (r *Ranking) Cost(x *Index, of func(query int) bool) Cost {
	var c Cost
	active := sparse.NewActivation(x.Terms)
	var spent time.Duration
	for i, v := range r.Vectors {
		if of == nil || of(i) {
			active.Add(v)
			c.Postings += float64(r.postings[i])
			spent += r.spent[i]
		}
	}
	if n := float64(active.Vectors()); n > 0 {
		c.Postings /= n
		c.SearchMS = float64(spent.Microseconds()) / 1000 / n
	}
	c.L0, c.FLOPS = active.L0(), sparse.FLOPS(active, x.Docs)
	return c
}

// A BM25 ranks passages by their words: Lucene's BM25 (k1 .9, b .4) over stems.
type BM25 struct {
	x   bm25.Index
	ids []string
}

// NewBM25 indexes passages.
func NewBM25(of *corpus.Corpus) *BM25 {
	b := &BM25{ids: of.IDs}
	for _, t := range of.Texts {
		b.x.Add(t)
	}
	return b
}

// Rank returns the best passages for each query, at most depth, by the words of all its
// turns.
func (b *BM25) Rank(queries []Query, depth int) metrics.Run {
	run := metrics.Run{}
	for _, q := range queries {
		var text strings.Builder
		for _, t := range q.Turns {
			fmt.Fprintln(&text, t.Question, t.Reply)
		}
		for _, h := range b.x.Search(text.String(), depth) {
			run[q.ID] = append(run[q.ID], metrics.Hit{Doc: b.ids[h.Doc], Score: h.Score})
		}
	}
	return run
}
