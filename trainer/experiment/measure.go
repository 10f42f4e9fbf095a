package experiment

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/query"
	"parley/shared/sparse"
	"parley/shared/words"
	"parley/trainer/embedding"
	"parley/trainer/evaluate"
	"parley/trainer/metrics"
)

// depth is the number of passages in a query's ranking, and times is how often its
// search is timed.
const depth, times = 1000, 3

// A bench is an evaluation of the grid with its passages encoded by one encoder. It is
// opened once for all rows.
type bench struct {
	*evaluate.Evaluator
	frozen   *encoder.Encoder // the passages' encoder
	passages []sparse.Vector
	index    *evaluate.Index // with words
	place    map[string]int  // a passage's number, by its id
	// negatives are, by query, passages that nobody judged relevant and that the rewrite
	// ranks 11 to 960 (every tenth). There are none without rewrites.
	negatives map[string][]int
	idf       []float32 // by term; computed at the first use

	encoded string // describes how vectors were made
	vectors []sparse.Vector
}

// bench returns an evaluation with passages encoded, and lifted, as the row says. It opens
// each only once.
func (l *Lab) bench(ctx context.Context, e *Evaluation, row *Row) (*bench, error) {
	key := strings.Join(append(row.passageFolders(), e.Short), "\x00")
	if b := l.benches[key]; b != nil {
		return b, nil
	}
	files, err := e.open(l.Data)
	if err != nil {
		return nil, err
	}
	set, err := evaluate.Open(files)
	if err != nil {
		return nil, err
	}
	b := &bench{Evaluator: &evaluate.Evaluator{Set: set, Cache: l.Cache, Progress: l.Stderr}, place: map[string]int{}}
	var sum [32]byte
	if b.frozen, sum, err = evaluate.Load(Path(l.Data, row.PassageEncoder()), ""); err != nil {
		return nil, err
	}
	if b.passages, err = b.EncodePassages(ctx, b.frozen, sum, evaluate.Pruning{Mass: 1}); err != nil {
		return nil, err
	}
	if row.Train.Lift != "" {
		lift := embedding.Lift{Dense: Path(l.Data, row.Train.Lift), Weight: -1}
		if row.Train.LiftReader != "" {
			lift.Passages = Path(l.Data, row.Train.LiftReader)
		}
		by, err := lift.Open(b.frozen)
		if err != nil {
			return nil, err
		}
		if b.passages, err = by.Apply(ctx, b.passages, set.Passages.Texts, l.Cache, l.Stderr); err != nil {
			return nil, err
		}
	}
	for i, id := range set.Passages.IDs {
		b.place[id] = i
	}
	if b.index, err = evaluate.NewIndex(b.frozen.Vocab(), b.passages, set.Passages, &words.Default); err != nil {
		return nil, err
	}
	if b.negatives, err = b.drawNegatives(ctx); err != nil {
		return nil, err
	}
	if l.benches == nil {
		l.benches = map[string]*bench{}
	}
	l.benches[key] = b
	return b, nil
}

// open returns an evaluation's files.
func (e *Evaluation) open(data string) (f evaluate.Files, err error) {
	paths := func(patterns []string) (names []string) {
		if err != nil {
			return nil
		}
		names, err = Expand(data, patterns)
		for i := range names {
			names[i] = Path(data, names[i])
		}
		return names
	}
	f = evaluate.Files{Passages: paths(e.Passages), Tasks: paths(e.Tasks), Qrels: paths(e.Qrels), Queries: map[string][]string{}}
	for _, input := range evaluate.Inputs {
		if e.Has(input) {
			f.Queries[input] = paths(e.Files(input))
		}
	}
	return f, err
}

func (b *bench) drawNegatives(ctx context.Context) (map[string][]int, error) {
	queries := b.Set.Queries[evaluate.Rewrite]
	if len(queries) == 0 {
		return nil, nil
	}
	vectors, err := b.EncodeQueries(ctx, b.frozen, nil, query.Together, queries)
	if err != nil {
		return nil, err
	}
	r, err := evaluate.Search(ctx, b.index, queries, vectors, depth, 1)
	if err != nil {
		return nil, err
	}
	negatives := map[string][]int{}
	for id, hits := range r.Run {
		for i := 10; i < min(960, len(hits)); i += 10 {
			if b.Set.Qrels[id][hits[i].Doc] <= 0 {
				negatives[id] = append(negatives[id], b.place[hits[i].Doc])
			}
		}
	}
	return negatives, nil
}

// measureRow measures a row. folder is the student's.
func (l *Lab) measureRow(ctx context.Context, row *Row, e *Evaluation, folder string) (*Measured, error) {
	b, err := l.bench(ctx, e, row)
	if err != nil {
		return nil, err
	}
	queries := b.Set.Queries[row.Measure.Input]
	r, err := b.rank(ctx, row, folder, queries)
	if err != nil {
		return nil, err
	}
	report := metrics.Evaluate(r.Run, b.Set.Qrels)
	m := &Measured{Queries: len(report.ByQuery), Passages: len(b.passages), Metrics: evaluate.Named(report.Mean), PerQuery: packed(report)}
	if r.Vectors != nil {
		c := r.Cost(b.index, nil)
		m.Cost = &c
		if len(b.negatives) > 0 {
			m.Scores = b.scores(queries, r.Vectors)
		}
	}
	m.Turns, err = b.turns(queries, report, r)
	return m, err
}

// rank ranks the queries as the row says. BM25's ranking has no vectors.
func (b *bench) rank(ctx context.Context, row *Row, folder string, queries []evaluate.Query) (*evaluate.Ranking, error) {
	if row.Measure.System == BM25 {
		return &evaluate.Ranking{Run: evaluate.NewBM25(b.Set.Passages).Rank(queries, depth)}, nil
	}
	vectors, err := b.encode(ctx, row, folder, queries)
	if err != nil {
		return nil, err
	}
	return evaluate.Search(ctx, b.index, queries, prune(vectors, b.frozen.Vocab(), row.Measure), depth, times)
}

// packed returns the values of all queries, by measure.
func packed(report metrics.Report) map[string]string {
	all := map[string]string{}
	for _, measure := range Packed {
		var values []float64
		for _, id := range slices.Sorted(maps.Keys(report.ByQuery)) {
			values = append(values, report.ByQuery[id][measure])
		}
		all[metrics.Keys[measure]] = Pack(values)
	}
	return all
}

// turns returns the figures by turn.
func (b *bench) turns(queries []evaluate.Query, report metrics.Report, r *evaluate.Ranking) ([]TurnPart, error) {
	parts, err := b.Set.Parts(evaluate.ByTurn, report)
	if err != nil {
		return nil, err
	}
	var turns []TurnPart
	for _, p := range parts {
		t := TurnPart{Name: p.Name, Queries: p.Queries, Metrics: p.Metrics}
		if r.Vectors != nil {
			c := r.Cost(b.index, func(i int) bool {
				_, name, _ := evaluate.TurnPart(queries[i].ID) // no error: Parts has read the same ids
				return name == p.Name
			})
			t.Cost = &c
		}
		turns = append(turns, t)
	}
	return turns, nil
}

// encode encodes the queries. If the previous row only did something else with the same
// vectors, it returns those.
func (b *bench) encode(ctx context.Context, row *Row, folder string, queries []evaluate.Query) ([]sparse.Vector, error) {
	asked := row.Measure
	asked.Top, asked.Threshold = 0, 0
	key := fmt.Sprint(folder, asked)
	if b.encoded == key {
		return b.vectors, nil
	}
	enc, err := b.encoder(row, folder)
	if err != nil {
		return nil, err
	}
	settingsOf(row.Measure).Apply(enc)
	var lookup func([]byte) (uint32, bool)
	if enc.SearchesWords() {
		lookup = b.index.Lookup
	}
	var vectors []sparse.Vector
	if row.Measure.System == IDF {
		vectors = b.weigh(queries, enc.Query)
	} else if vectors, err = b.EncodeQueries(ctx, enc, lookup, query.Together, queries); err != nil {
		return nil, err
	}
	b.encoded, b.vectors = key, vectors
	return vectors, nil
}

// encoder loads the row's encoder of queries. Each row has its own, so that its settings
// affect no other row.
func (b *bench) encoder(row *Row, student string) (*encoder.Encoder, error) {
	own := *b.frozen
	enc := &own
	switch {
	case row.Measure.Int8:
		files, err := encoder.Quantize(folder.Files(student), nil)
		if err != nil {
			return nil, err
		}
		if enc, _, err = evaluate.LoadFiles(evaluate.Held(files)); err != nil {
			return nil, err
		}
	case row.Trained():
		var err error
		if enc, _, err = evaluate.Load(student, ""); err != nil {
			return nil, err
		}
	}
	if enc.Vocab() != b.frozen.Vocab() {
		return nil, fmt.Errorf("%s has a vocabulary of %d, the passages' encoder of %d: their vectors cannot be compared", student, enc.Vocab(), b.frozen.Vocab())
	}
	return enc, nil
}

// settingsOf returns a row's settings. A field that is 0 means the encoder's own.
func settingsOf(m Measure) evaluate.Settings {
	s := evaluate.Own
	s.QueryTokens = m.QueryTokens
	if m.ReplyTokens > 0 {
		s.ReplyTokens = m.ReplyTokens
	}
	if m.QuestionWords > 0 {
		s.QuestionWords = m.QuestionWords
	}
	if m.HistoryWords > 0 {
		s.HistoryWords = m.HistoryWords
	}
	return s
}

// weigh makes query vectors without an encoder. It weights each of the input's tokens by
// its idf over the passages,
//
//	idf(t) = ln(1 + (N - df + .5) / (df + .5))
//
// (inference-free retrieval: Geng et al. 2024, arXiv 2411.04403, whose weights are idf,
// too. They train the passages' encoder for this; here it does not change.)
func (b *bench) weigh(queries []evaluate.Query, form conversation.Form) []sparse.Vector {
	tokens := b.frozen.Tokenizer
	if b.idf == nil {
		df := make([]float64, b.frozen.Vocab())
		for _, text := range b.Set.Passages.Texts {
			seen := map[int32]bool{}
			for _, id := range conversation.Passage(tokens, text, b.frozen.PassageTokens).IDs {
				if !seen[id] {
					seen[id] = true
					df[id]++
				}
			}
		}
		n := float64(len(b.Set.Passages.Texts))
		for _, d := range df {
			b.idf = append(b.idf, float32(math.Log(1+(n-d+.5)/(d+.5))))
		}
	}
	vectors := make([]sparse.Vector, len(queries))
	for i, q := range queries {
		in := conversation.Build(tokens, q.Turns, form)
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

// prune returns what the row keeps of each vector: the heaviest of the learned terms,
// which are those below vocab, and all words.
func prune(vectors []sparse.Vector, vocab int, m Measure) []sparse.Vector {
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

// scores returns the distributions of the inner products of positives and negatives.
func (b *bench) scores(queries []evaluate.Query, vectors []sparse.Vector) *Scores {
	const width, bins = .5, 400
	s := &Scores{Width: width}
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
		for doc, grade := range b.Set.Qrels[q.ID] {
			if k, ok := b.place[doc]; ok && grade > 0 {
				pos = append(pos, float64(vectors[i].Dot(b.passages[k])))
			}
		}
		for _, k := range b.negatives[q.ID] {
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
