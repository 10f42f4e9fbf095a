package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"time"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/query"
	"parley/shared/sparse"
	"parley/trainer/experiment"
	"parley/trainer/metrics"
	"parley/trainer/progress"
)

// encodeQueries encodes the queries on all cores; vectors[i] is of queries[i], with the
// words that lookup knows (nil: none).
func encodeQueries(ctx context.Context, enc *encoder.Encoder, lookup func([]byte) (uint32, bool), how query.Reading, queries []asked, form conversation.Form, stderr *os.File) ([]sparse.Vector, error) {
	vectors, errs := make([]sparse.Vector, len(queries)), make([]error, len(queries))
	meter := progress.New(stderr, "queries", 0, int64(len(queries)))
	next, done := make(chan int), make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		reader := query.NewReader(enc, lookup)
		reader.Form = form
		workers.Go(func() {
			for i := range next {
				q, err := reader.Read(queries[i].turns, how)
				vectors[i], errs[i] = q.Vector.Clone(), err // it is the reader's
				done <- i
			}
		})
	}
	go func() {
		defer close(next)
		for i := range queries {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		workers.Wait()
		close(done)
	}()
	n := int64(0)
	for range done {
		n++
		meter.Update(n, "")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("query %q: %w", queries[i].id, err)
		}
	}
	meter.Done("")
	return vectors, nil
}

// A ranking is what was found for queries, and what that took; all but run is by the
// queries' order.
type ranking struct {
	run      metrics.Run
	vectors  []sparse.Vector
	postings []int
	spent    []time.Duration
}

// searchAll searches for the queries' vectors, one after another, so that the time is
// a search's own: the fastest of times.
func searchAll(ctx context.Context, queries []asked, vectors []sparse.Vector, search func(sparse.Vector) ([]metrics.Hit, int), times int) (*ranking, error) {
	r := &ranking{run: metrics.Run{}, vectors: vectors}
	for i, v := range vectors {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var hits []metrics.Hit
		var postings int
		least := time.Duration(math.MaxInt64)
		for range times {
			begin := time.Now()
			hits, postings = search(v)
			least = min(least, time.Since(begin))
		}
		r.spent = append(r.spent, least)
		r.postings = append(r.postings, postings)
		r.run[queries[i].id] = hits
	}
	return r, nil
}

// cost is what the queries cost that of takes (nil: all), over passages whose terms
// docs counted.
func (r *ranking) cost(vocab int, docs *sparse.Activation, of func(query int) bool) experiment.Cost {
	var c experiment.Cost
	active := sparse.NewActivation(vocab)
	var spent time.Duration
	for i, v := range r.vectors {
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
	c.L0, c.FLOPS = active.L0(), sparse.FLOPS(active, docs)
	return c
}
