package evaluate

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"

	"parley/shared/answer"
	"parley/shared/cores"
	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/progress"
	"parley/shared/query"
	"parley/shared/wordpiece"
	"parley/trainer/corpus"
	"parley/trainer/embedding"
	"parley/trainer/metrics"
)

// A Dense is the second stage of a system. If Encoder is "", there is none.
type Dense struct {
	Encoder  string // the folder of the encoder of questions
	Passages string // the folder of the encoder of passages; "": the same
	Stage    string // the stages that answer (message.Ask.Stage); "": the engine decides for each question
	// Weight is the factor of a cosine beside the sparse score. Zero is the cosine that
	// counts 0. The dense stage is skipped if the sparse one is right with a probability
	// of SureAbove or more; 0: never. -1 means the encoder's own value.
	Weight, Zero, SureAbove float64
	// The reader's, where the encoder has one: how many of the first results it reads, and
	// the weights of a relevance and of a sentence. -1 means its own.
	ReaderResults                int
	ReaderWeight, SentenceWeight float64
	Tokens                       int // the length at which passages are cut, in tokens; 0: the encoder's own
}

// Join gives an engine the dense stage, and the reader where the encoder has one, with the
// settings in d.
func (d *Dense) Join(e *answer.Engine, s *encoder.Sentence, v *dense.Vectors) error {
	if err := e.SetDense(s, v); err != nil {
		return err
	}
	r, err := encoder.LoadReader(s, folder.Files(d.Encoder))
	if err != nil {
		return fmt.Errorf("%s: %w", d.Encoder, err)
	}
	if r == nil {
		return nil
	}
	if d.ReaderResults >= 0 {
		r.Results = d.ReaderResults
	}
	if d.ReaderWeight >= 0 {
		r.Weight = float32(d.ReaderWeight)
	}
	if d.SentenceWeight >= 0 {
		r.SentenceWeight = float32(d.SentenceWeight)
	}
	return e.SetReader(r)
}

// Open loads the encoder of questions with the settings in d, and returns it with the
// passages' vectors in 8 bits, as they ship. The folder cache keeps the vectors for the
// next call.
func (d *Dense) Open(ctx context.Context, vocabulary *wordpiece.Tokenizer, texts []string, cache string, progressTo io.Writer) (*encoder.Sentence, *dense.Vectors, error) {
	s, sum, err := embedding.Load(d.Encoder, vocabulary)
	if err != nil {
		return nil, nil, err
	}
	for _, set := range []struct {
		to *float32
		v  float64
	}{{&s.DenseWeight, d.Weight}, {&s.DenseZero, d.Zero}, {&s.SureAbove, d.SureAbove}} {
		if set.v >= 0 {
			*set.to = float32(set.v)
		}
	}
	of := s
	if d.Passages != "" {
		if of, sum, err = embedding.Load(d.Passages, vocabulary); err != nil {
			return nil, nil, err
		}
	}
	if d.Tokens > 0 {
		of.PassageTokens = d.Tokens
	}
	vectors, err := embedding.Passages(ctx, of, sum, texts, cache, progressTo)
	if err != nil {
		return nil, nil, err
	}
	v, err := packDense(of, vectors, len(texts))
	return s, v, err
}

// packDense returns vectors, [n][Dim], quantised as dense.bin has them.
func packDense(of *encoder.Sentence, vectors []float32, n int) (*dense.Vectors, error) {
	b, dim := dense.NewBuilder(of.Space, of.Dim()), of.Dim()
	for i := range n {
		if err := b.Add(vectors[i*dim : i*dim+dim]); err != nil {
			return nil, fmt.Errorf("passage %d: %w", i, err)
		}
	}
	var file bytes.Buffer
	if _, err := b.WriteTo(&file); err != nil {
		return nil, err
	}
	return dense.Open(file.Bytes())
}

// passagesFile returns the collection's texts in the page's form, passages.bin.
func passagesFile(docs *corpus.Corpus) ([]byte, error) {
	b := passages.NewBuilder(passages.About{Title: "evaluation"})
	for i, id := range docs.IDs {
		title, text := docs.Parts(i)
		if err := b.Add(passages.Passage{ID: id, Title: title, Text: text}); err != nil {
			return nil, fmt.Errorf("passage %q: %w", id, err)
		}
	}
	var texts bytes.Buffer
	_, err := b.WriteTo(&texts)
	return texts.Bytes(), err
}

// depthOfStages is the largest number of passages that an engine returns.
const depthOfStages = 100

// A StagesCost is the mean cost of two stages per question.
type StagesCost struct {
	Stage       string  `json:"stage"`       // sparse, dense, both or read, or "as the engine decides"
	Dense       float64 `json:"dense_share"` // the share of questions for which the dense stage ran
	SparseMS    float64 `json:"sparse_ms"`
	DenseMS     float64 `json:"dense_ms"`
	ReaderMS    float64 `json:"reader_ms,omitempty"`
	VectorBytes int     `json:"vector_bytes"`
}

// rankStages ranks with both stages over the index file, as the page does, by package
// answer.
func (e *Evaluator) rankStages(ctx context.Context, s *System, enc *encoder.Encoder, file []byte, queries []Query) (metrics.Run, *StagesCost, error) {
	sentence, vectors, err := s.Dense.Open(ctx, enc.Tokenizer, e.Set.Passages.Texts, e.Cache, e.Progress)
	if err != nil {
		return nil, nil, err
	}
	x, err := index.Open(file)
	if err != nil {
		return nil, nil, err
	}
	texts, err := passagesFile(e.Set.Passages)
	if err != nil {
		return nil, nil, err
	}
	store, err := passages.Open(texts)
	if err != nil {
		return nil, nil, err
	}
	answers, err := e.askAll(ctx, s, queries, func() (*answer.Engine, error) {
		engine, err := answer.New(enc, x, store)
		if err == nil {
			err = s.Dense.Join(engine, sentence, vectors)
		}
		return engine, err
	})
	if err != nil {
		return nil, nil, err
	}
	run, c := metrics.Run{}, &StagesCost{Stage: cmp.Or(s.Dense.Stage, "as the engine decides"), VectorBytes: vectors.Len() * (vectors.Dim() + 4)}
	for i, a := range answers {
		for _, r := range a.Results {
			run[queries[i].ID] = append(run[queries[i].ID], metrics.Hit{Doc: r.ID, Score: float64(r.Score)})
		}
		c.SparseMS += (a.Cost.EncodeMS + a.Cost.SearchMS) / float64(len(answers))
		c.DenseMS += a.Cost.DenseMS / float64(len(answers))
		c.ReaderMS += a.Cost.ReaderMS / float64(len(answers))
		if a.Stage != message.StageSparse {
			c.Dense += 1 / float64(len(answers))
		}
	}
	return run, c, nil
}

// asked returns a query in the form in which the page would ask it, to be ranked by the encoders alone.
func (s *System) asked(q Query) message.Ask {
	a := message.Ask{NoRules: true, Read: map[query.Reading]string{query.Alone: message.ReadAlone, query.Together: message.ReadTogether}[s.Read]}
	for _, t := range q.Turns {
		a.Turns = append(a.Turns, message.Turn{Question: t.Question, Reply: t.Reply})
	}
	return a
}

// askAll asks the queries on all cores, each core with an engine of its own. It returns
// the answers in the order of the queries.
func (e *Evaluator) askAll(ctx context.Context, s *System, queries []Query, engine func() (*answer.Engine, error)) ([]message.Answer, error) {
	answers := make([]message.Answer, len(queries))
	meter := progress.New(e.Progress, "both stages", 0, int64(len(queries)))
	err := cores.Each(ctx, len(queries), func() (func(i int) error, error) {
		one, err := engine()
		return func(i int) error {
			ask := s.asked(queries[i])
			ask.K, ask.Stage, ask.Brief = min(s.Depth, depthOfStages), s.Dense.Stage, true
			var err error
			if answers[i], err = one.Ask(ask); err != nil {
				return fmt.Errorf("query %q: %w", queries[i].ID, err)
			}
			return nil
		}, err
	}, func(done int) { meter.Update(int64(done), "") })
	meter.Done("")
	if err != nil {
		return nil, err
	}
	return answers, nil
}
