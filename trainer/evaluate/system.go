package evaluate

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"parley/shared/encoder"
	"parley/shared/query"
	"parley/shared/words"
	"parley/trainer/embedding"
	"parley/trainer/metrics"
)

// A System is what is measured. Default returns the usual values.
type System struct {
	Input string // what it reads of a conversation: one of Inputs
	Depth int    // the number of documents per query

	BM25 bool // rank only by BM25; the other fields are for encoders

	Encoder        string // the folder, in Hugging Face's layout, float or int8
	Base           string // the folder of the base that Encoder is loaded over; "": it is whole
	PassageEncoder string // the folder of the encoder of passages; "": Encoder
	Settings       Settings
	Read           query.Reading
	Pruning        Pruning        // of the passages' vectors
	NoWords        bool           // search for learned terms only
	Words          words.BM25     // the weighting of the passages' words
	Float          bool           // score by the float weights instead of the index's 8-bit impacts
	Dense          Dense          // a second stage
	Lift           embedding.Lift // what a dense encoder adds to the passages' vectors
	Worker         string         // if not "", check that this worker.wasm ranks alike; it returns at most WorkerDepth passages
}

// Default returns a system with the usual settings and without an encoder.
func Default() System {
	return System{Input: Last, Depth: 1000, Settings: Own, Pruning: Pruning{Mass: 1}, Words: words.Default,
		Dense: Dense{Weight: -1, Zero: -1, SureAbove: -1, ReaderResults: -1, ReaderWeight: -1, SentenceWeight: -1},
		Lift:  embedding.Lift{Weight: -1}}
}

// An Outcome is the result of measuring a system. It is what trainer evaluate --json
// prints.
type Outcome struct {
	System  string             `json:"system"`
	Encoder string             `json:"encoder_sha256,omitempty"` // the checksum of its weights and vocabulary
	Input   string             `json:"input"`
	Queries int                `json:"queries"`
	Missing int                `json:"queries_without_answer"`         // queries for which nothing was found
	Unasked int                `json:"judged_but_not_asked,omitempty"` // judged queries that no file of queries has
	Docs    int                `json:"passages"`
	Metrics map[string]float64 `json:"metrics"` // means, by metrics.Keys
	Cost    *SystemCost        `json:"cost,omitempty"`
	Parts   []Part             `json:"parts,omitempty"`

	Run    metrics.Run    `json:"-"`
	Report metrics.Report `json:"-"`
}

// A SystemCost is the cost of searching for an encoder's vectors, and of making them.
type SystemCost struct {
	QueryTokens int     `json:"query_tokens"`
	HistoryType int     `json:"history_token_type"`
	ReplyTokens int     `json:"reply_tokens,omitempty"`
	QueryTerms  int     `json:"query_terms,omitempty"`
	QueryL0     float64 `json:"query_l0"`
	DocL0       float64 `json:"passage_l0"`
	FLOPS       float64 `json:"flops"`
	// The following fields are of the index that ships. They are missing if float weights
	// were searched.
	IndexBytes int64   `json:"index_bytes,omitempty"`
	Postings   float64 `json:"postings_per_query,omitempty"`
	SearchMS   float64 `json:"search_ms_per_query,omitempty"`
	// Stages is the cost with a second stage. The fields above are the cost of the sparse
	// stage.
	Stages *StagesCost `json:"stages,omitempty"`
}

// ReadOutcome reads a file that trainer evaluate --json wrote.
func ReadOutcome(path string) (o Outcome, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(data, &o); err != nil {
		return o, fmt.Errorf("%s: not a file of trainer evaluate --json: %w", path, err)
	}
	if o.Queries == 0 || len(o.Metrics) == 0 {
		return o, fmt.Errorf("%s: not a file of trainer evaluate --json: it has no queries or no metrics", path)
	}
	return o, nil
}

// Named returns the values by trec_eval's names of the measures.
func Named(v metrics.Values) map[string]float64 {
	m := map[string]float64{}
	for i, x := range v {
		m[metrics.Keys[i]] = x
	}
	return m
}

// ErrFloatWords says that a system with Float set searches for words, which have no float
// weights.
var ErrFloatWords = errors.New("only learned terms have float weights, and this encoder also searches for words")

// Measure ranks the passages for the set's queries of the system's input, and measures
// the ranking and its cost.
func (e *Evaluator) Measure(ctx context.Context, s System) (*Outcome, error) {
	queries := e.Set.Queries[s.Input]
	out := &Outcome{System: "BM25", Input: s.Input, Docs: len(e.Set.Passages.IDs)}
	if s.BM25 {
		out.Run = NewBM25(e.Set.Passages).Rank(queries, s.Depth)
	} else {
		out.System = s.Encoder
		if err := e.rank(ctx, &s, queries, out); err != nil {
			return nil, err
		}
	}
	out.Report = metrics.Evaluate(out.Run, e.Set.Qrels)
	out.Queries, out.Metrics = len(out.Report.ByQuery), Named(out.Report.Mean)
	out.Unasked = len(e.Set.Qrels) - len(queries)
	for _, q := range queries {
		if len(out.Run[q.ID]) == 0 {
			out.Missing++
		}
	}
	return out, nil
}

// rank ranks by an encoder, and fills in the cost.
func (e *Evaluator) rank(ctx context.Context, s *System, queries []Query, out *Outcome) error {
	enc, sum, err := Load(s.Encoder, s.Base)
	if err != nil {
		return err
	}
	out.Encoder = hex.EncodeToString(sum[:])
	s.Settings.Apply(enc)
	x, err := e.index(ctx, s, enc, sum)
	if err != nil {
		return err
	}
	vectors, err := e.EncodeQueries(ctx, enc, x.Lookup, s.Read, queries)
	if err != nil {
		return err
	}
	found, err := Search(ctx, x, queries, vectors, s.Depth, 1)
	if err != nil {
		return err
	}
	out.Run, out.Cost = found.Run, costOf(found, x, enc)
	if s.Worker != "" {
		if err := e.checkWorker(ctx, s, x.File, queries, found.Run); err != nil {
			return err
		}
	}
	if s.Dense.Encoder != "" {
		if out.Run, out.Cost.Stages, err = e.rankStages(ctx, s, enc, x.File, queries); err != nil {
			return err
		}
	}
	return nil
}

// index encodes the passages with the system's encoder of passages, and indexes them. If
// the system has none, it uses enc, whose checksum is sum.
func (e *Evaluator) index(ctx context.Context, s *System, enc *encoder.Encoder, sum [32]byte) (*Index, error) {
	of, err := enc, error(nil)
	if s.PassageEncoder != "" {
		if of, sum, err = Load(s.PassageEncoder, ""); err != nil {
			return nil, err
		}
		if of.Vocab() != enc.Vocab() {
			return nil, fmt.Errorf("%s has a vocabulary of %d, %s of %d: their vectors cannot be compared", s.Encoder, enc.Vocab(), s.PassageEncoder, of.Vocab())
		}
	}
	keep := s.Pruning
	if s.Lift.Dense != "" {
		keep = Pruning{Mass: 1} // until they are lifted
	}
	vectors, err := e.EncodePassages(ctx, of, sum, keep)
	if err != nil {
		return nil, err
	}
	if s.Lift.Dense != "" {
		l, err := s.Lift.Open(of)
		if err != nil {
			return nil, err
		}
		if vectors, err = l.Apply(ctx, vectors, e.Set.Passages.Texts, e.Cache, e.Progress); err != nil {
			return nil, err
		}
		vectors = s.Pruning.prune(vectors)
	}
	withWords := enc.SearchesWords() && !s.NoWords
	switch {
	case s.Float && withWords:
		return nil, ErrFloatWords
	case s.Float:
		return NewExact(enc.Vocab(), vectors, e.Set.Passages), nil
	case withWords:
		return NewIndex(enc.Vocab(), vectors, e.Set.Passages, &s.Words)
	}
	return NewIndex(enc.Vocab(), vectors, e.Set.Passages, nil)
}

// costOf returns the cost of a ranking in x, for queries that enc encoded.
func costOf(found *Ranking, x *Index, enc *encoder.Encoder) *SystemCost {
	spent := found.Cost(x, nil)
	c := &SystemCost{QueryTokens: enc.Query.MaxTokens, HistoryType: int(enc.Query.HistoryType), ReplyTokens: enc.Query.ReplyTokens, QueryTerms: enc.QueryTerms,
		QueryL0: spent.L0, DocL0: x.Docs.L0(), FLOPS: spent.FLOPS, IndexBytes: int64(len(x.File)), Postings: spent.Postings}
	if x.File != nil {
		c.SearchMS = spent.SearchMS
	}
	return c
}
