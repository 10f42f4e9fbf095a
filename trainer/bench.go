package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/query"
	"parley/shared/sparse"
	"parley/shared/words"
	"parley/trainer/collection"
	"parley/trainer/experiment"
	"parley/trainer/metrics"
)

// A bench is an evaluation of the experiments: judgements, passages' vectors and
// index, read once for all rows.
type bench struct {
	set      evaluation // its files
	files    func(input string) ([]string, error)
	qrels    metrics.Qrels
	docs     *collection.Collection
	frozen   *encoder.Encoder // the passages'
	passages []sparse.Vector
	in       *searched          // with words
	queries  map[string][]asked // by input
	place    map[string]int     // of a passage, by its id
	// negatives are, by query, passages that the rewrite ranks 11 to 960 (every tenth)
	// and nobody judged relevant; none where there are no rewrites.
	negatives map[string][]int
	idf       []float32 // by term, once asked for

	encoded string // what vectors were made by
	vectors []sparse.Vector
	stderr  *os.File
}

// openBench reads an evaluation; encoderDir is the passages' encoder.
func openBench(ctx context.Context, data, encoderDir, cache string, e *experiment.Evaluation, stderr *os.File) (*bench, error) {
	b := &bench{queries: map[string][]asked{}, place: map[string]int{}, negatives: map[string][]int{}, stderr: stderr}
	paths := func(patterns []string) ([]string, error) {
		names, err := experiment.Expand(data, patterns)
		for i := range names {
			names[i] = experiment.Path(data, names[i])
		}
		return names, err
	}
	b.files = func(input string) ([]string, error) { return paths(e.Files(input)) }
	b.set = evaluation{cache: cache, depth: 1000, mass: 1, words: words.Default}
	var err error
	var qrels []string
	for _, f := range []struct {
		to   *[]string
		from []string
	}{{(*[]string)(&b.set.passages), e.Passages}, {(*[]string)(&b.set.tasks), e.Tasks}, {&qrels, e.Qrels}} {
		if *f.to, err = paths(f.from); err != nil {
			return nil, err
		}
	}
	if b.qrels, _, err = readQrels(qrels); err != nil {
		return nil, err
	}
	if b.docs, err = collection.Read(b.set.passages); err != nil {
		return nil, err
	}
	var weights [32]byte
	if b.frozen, weights, err = loadEncoder(experiment.Path(data, encoderDir)); err != nil {
		return nil, err
	}
	if b.passages, err = b.set.encodePassages(ctx, b.frozen, weights, b.docs, stderr); err != nil {
		return nil, err
	}
	for i := range b.passages {
		b.place[b.docs.IDs[i]] = i
	}
	if b.in, err = b.set.searcher(b.frozen.Vocab(), b.passages, b.docs, true); err != nil {
		return nil, err
	}
	return b, b.drawNegatives(ctx, e)
}

func (b *bench) drawNegatives(ctx context.Context, e *experiment.Evaluation) error {
	if !e.Has(inputRewrite) {
		return nil
	}
	queries, err := b.read(inputRewrite)
	if err != nil {
		return err
	}
	vectors, err := encodeQueries(ctx, b.frozen, nil, query.Together, queries, b.frozen.Query, b.stderr)
	if err != nil {
		return err
	}
	r, err := searchAll(ctx, queries, vectors, b.in.search, 1)
	if err != nil {
		return err
	}
	for id, hits := range r.run {
		for i := 10; i < min(960, len(hits)); i += 10 {
			if b.qrels[id][hits[i].Doc] <= 0 {
				b.negatives[id] = append(b.negatives[id], b.place[hits[i].Doc])
			}
		}
	}
	return nil
}

func (b *bench) read(input string) ([]asked, error) {
	if q := b.queries[input]; q != nil {
		return q, nil
	}
	o := b.set
	var err error
	if o.queries, err = b.files(input); err != nil {
		return nil, err
	}
	o.input = input
	b.queries[input], err = o.readQueries(b.qrels)
	return b.queries[input], err
}

// measure measures a row; folder is the student's.
func (b *bench) measure(ctx context.Context, row *experiment.Row, folder string) (*experiment.Measured, error) {
	queries, err := b.read(row.Measure.Input)
	if err != nil {
		return nil, err
	}
	var r *ranking
	if row.Measure.System == experiment.BM25 {
		r = &ranking{run: b.set.rankBM25(b.docs, queries)}
	} else {
		vectors, err := b.encode(ctx, row, folder, queries)
		if err != nil {
			return nil, err
		}
		if r, err = searchAll(ctx, queries, prune(vectors, b.frozen.Vocab(), row.Measure), b.in.search, 3); err != nil {
			return nil, err
		}
	}
	report := metrics.Evaluate(r.run, b.qrels)
	m := &experiment.Measured{Queries: len(report.ByQuery), Passages: len(b.docs.IDs), Metrics: named(report.Mean), PerQuery: map[string]string{}}
	for _, measure := range experiment.Packed {
		var values []float64
		for _, id := range slices.Sorted(maps.Keys(report.ByQuery)) {
			values = append(values, report.ByQuery[id][measure])
		}
		m.PerQuery[metrics.Keys[measure]] = experiment.Pack(values)
	}
	cost := func(of func(int) bool) *experiment.Cost {
		if r.vectors == nil {
			return nil
		}
		c := r.cost(b.in.dims, b.in.docs, of)
		return &c
	}
	m.Cost = cost(nil)
	parts, err := partsBy(byTurn, report, nil)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		m.Turns = append(m.Turns, experiment.Turn{Name: p.Name, Queries: p.Queries, Metrics: p.Metrics, Cost: cost(func(i int) bool {
			_, label, _ := turnPart(queries[i].id) // partsBy has read the same ids
			return label == p.Name
		})})
	}
	if r.vectors != nil && len(b.negatives) > 0 {
		m.Scores = b.scores(queries, r.vectors)
	}
	return m, nil
}

// encode encodes the queries, or gives the vectors of the row before where only what
// is done with them differs.
func (b *bench) encode(ctx context.Context, row *experiment.Row, folder string, queries []asked) ([]sparse.Vector, error) {
	asked := row.Measure
	asked.Top, asked.Threshold = 0, 0
	key := fmt.Sprint(folder, asked)
	if b.encoded == key {
		return b.vectors, nil
	}
	enc := b.frozen
	switch {
	case row.Measure.Int8:
		files, err := encoder.Quantize(folderFiles(folder), nil)
		if err != nil {
			return nil, err
		}
		enc, _, err = loadFiles(held(files))
		if err != nil {
			return nil, err
		}
	case row.Trained():
		var err error
		if enc, _, err = loadEncoder(folder); err != nil {
			return nil, err
		}
	}
	if enc.Vocab() != b.frozen.Vocab() {
		return nil, fmt.Errorf("%s has a vocabulary of %d, the passages' encoder of %d: their vectors cannot be compared", folder, enc.Vocab(), b.frozen.Vocab())
	}
	form := enc.Query
	if row.Measure.QueryTokens > 0 {
		form.MaxTokens = row.Measure.QueryTokens
	}
	if row.Measure.ReplyTokens > 0 {
		form.ReplyTokens = row.Measure.ReplyTokens
	}
	var lookup func([]byte) (uint32, bool)
	// A copy: the frozen encoder's other rows search for no words.
	own := *enc
	enc = &own
	if w := row.Measure.QuestionWords; w > 0 {
		enc.QuestionWords = float32(w)
	}
	if w := row.Measure.HistoryWords; w > 0 {
		enc.HistoryWords = float32(w)
	}
	if enc.SearchesWords() {
		lookup = b.in.lookup
	}
	var vectors []sparse.Vector
	var err error
	if row.Measure.System == experiment.IDF {
		vectors = b.weigh(queries, form)
	} else if vectors, err = encodeQueries(ctx, enc, lookup, query.Together, queries, form, b.stderr); err != nil {
		return nil, err
	}
	b.encoded, b.vectors = key, vectors
	return vectors, nil
}

// weigh makes query vectors without an encoder: the input's tokens, each weighted by
// its idf over the passages,
//
//	idf(t) = ln(1 + (N - df + .5) / (df + .5))
//
// (inference-free retrieval: Geng et al. 2024, arXiv 2411.04403, whose weights are idf,
// too; they train the passages' encoder for it, here it stays as it is).
func (b *bench) weigh(queries []asked, form conversation.Form) []sparse.Vector {
	tokens := b.frozen.Tokenizer
	if b.idf == nil {
		df := make([]float64, b.frozen.Vocab())
		for _, text := range b.docs.Texts {
			seen := map[int32]bool{}
			for _, id := range conversation.Passage(tokens, text, b.frozen.PassageTokens).IDs {
				if !seen[id] {
					seen[id] = true
					df[id]++
				}
			}
		}
		n := float64(len(b.docs.Texts))
		for _, d := range df {
			b.idf = append(b.idf, float32(math.Log(1+(n-d+.5)/(d+.5))))
		}
	}
	vectors := make([]sparse.Vector, len(queries))
	for i, q := range queries {
		in := conversation.Build(tokens, q.turns, form)
		seen := map[uint32]bool{}
		for k, id := range in.IDs {
			if in.From[k].Side != conversation.Marker {
				seen[uint32(id)] = true
			}
		}
		for _, t := range slices.Sorted(maps.Keys(seen)) {
			vectors[i].Terms, vectors[i].Weights = append(vectors[i].Terms, t), append(vectors[i].Weights, b.idf[t])
		}
	}
	return vectors
}

// prune leaves of each vector what the row keeps: of the learned terms, those below vocab,
// the heaviest; words stay.
func prune(vectors []sparse.Vector, vocab int, m experiment.Measure) []sparse.Vector {
	if m.Top == 0 && m.Threshold == 0 {
		return vectors
	}
	out := make([]sparse.Vector, len(vectors))
	for i, v := range vectors {
		if m.Top > 0 {
			learned, _ := slices.BinarySearch(v.Terms, uint32(vocab))
			kept := sparse.Vector{Terms: v.Terms[:learned], Weights: v.Weights[:learned]}.Top(m.Top)
			v = sparse.Vector{Terms: slices.Concat(kept.Terms, v.Terms[learned:]), Weights: slices.Concat(kept.Weights, v.Weights[learned:])}
		}
		for k, w := range v.Weights {
			if float64(w) >= m.Threshold {
				out[i].Terms, out[i].Weights = append(out[i].Terms, v.Terms[k]), append(out[i].Weights, w)
			}
		}
	}
	return out
}

// scores are the distributions of positives' and negatives' inner products.
func (b *bench) scores(queries []asked, vectors []sparse.Vector) *experiment.Scores {
	const width, bins = .5, 400
	s := &experiment.Scores{Width: width}
	count := func(to *[]int, score float64) {
		k := min(int(score/width), bins-1)
		for len(*to) <= k {
			*to = append(*to, 0)
		}
		(*to)[k]++
	}
	judged := 0
	for i, q := range queries {
		var pos, neg []float64
		for doc, grade := range b.qrels[q.id] {
			if k, ok := b.place[doc]; ok && grade > 0 {
				pos = append(pos, float64(vectors[i].Dot(b.passages[k])))
			}
		}
		for _, k := range b.negatives[q.id] {
			neg = append(neg, float64(vectors[i].Dot(b.passages[k])))
		}
		if len(pos) == 0 || len(neg) == 0 {
			continue
		}
		judged++
		slices.Sort(neg)
		var auc float64
		for _, p := range pos {
			count(&s.Positives, p)
			first, _ := slices.BinarySearch(neg, p)
			after, _ := slices.BinarySearchFunc(neg, p, func(a, p float64) int { return cmp.Or(cmp.Compare(a, p), -1) })
			auc += (float64(first) + float64(after-first)/2) / float64(len(neg)) / float64(len(pos))
		}
		for _, n := range neg {
			count(&s.Negatives, n)
		}
		s.AUC += auc
	}
	s.AUC /= float64(max(1, judged))
	return s
}

func named(v metrics.Values) map[string]float64 {
	m := map[string]float64{}
	for i, x := range v {
		m[metrics.Keys[i]] = x
	}
	return m
}
