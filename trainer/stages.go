package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"parley/shared/answer"
	"parley/shared/conversation"
	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/query"
	"parley/shared/wordpiece"
	"parley/trainer/collection"
	"parley/trainer/metrics"
	"parley/trainer/progress"
	"parley/trainer/teacher"
)

// A second is a dense stage as a measurement wants it.
type second struct {
	encoder, passages  string // folders: of questions, and of passages ("" the same)
	stage              string // of message.Ask
	weight, zero, sure float64
	tokens             int
	cache              string
}

// flags adds what a command needs to measure with a dense stage.
func (d *second) flags(set *flag.FlagSet) {
	set.StringVar(&d.encoder, "dense", "", "a dense encoder's `folder`: measure with the second stage")
	set.StringVar(&d.passages, "dense-passages", "", "the dense encoder's `folder` that reads passages (empty: that of --dense)")
	set.StringVar(&d.stage, "stage", "", "which `stages` answer: sparse, dense or both (empty: the engine decides, question by question)")
	set.Float64Var(&d.weight, "dense-weight", -1, "what a cosine counts beside the sparse score, a `number` (-1: the dense encoder's own)")
	set.Float64Var(&d.zero, "dense-zero", -1, "the `cosine` that counts 0 (-1: the dense encoder's own)")
	set.Float64Var(&d.sure, "sure-above", -1, "the sparse stage's `probability` of being right from which the dense one is skipped (0: never, -1: the dense encoder's own)")
	set.IntVar(&d.tokens, "dense-tokens", 0, "cut passages for the dense encoder at `n` tokens (0: its own length)")
}

func (d *second) check() error {
	switch d.stage {
	case "", message.StageSparse, message.StageDense, message.StageBoth:
	default:
		return wrongUse("--stage %q: want sparse, dense or both", d.stage)
	}
	if d.encoder == "" && d.stage != "" && d.stage != message.StageSparse {
		return wrongUse("--stage %s needs --dense, the dense encoder's folder", d.stage)
	}
	return nil
}

// loadDense reads a dense encoder's folder; sum is over its files. One that ships has no
// vocabulary: it is the sparse encoder's.
func loadDense(folder string, vocabulary *wordpiece.Tokenizer) (s *encoder.Sentence, sum []byte, err error) {
	h := sha256.New()
	load := encoder.LoadSentence
	if _, missing := os.Stat(filepath.Join(folder, "vocab.txt")); missing != nil {
		load = func(files encoder.Files) (*encoder.Sentence, error) {
			return encoder.LoadSentenceOver(vocabulary, files)
		}
	}
	s, err = load(func(name string) ([]byte, error) {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil && name != "config.json" { // whose settings do not change what a text's vector is
			fmt.Fprintf(h, "%s %d ", name, len(data))
			h.Write(data)
		}
		return data, err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", folder, err)
	}
	return s, h.Sum(nil), nil
}

// load reads the encoder and gives it the passages' vectors, in 8 bits as they ship.
func (d *second) load(ctx context.Context, vocabulary *wordpiece.Tokenizer, texts []string, stderr *os.File) (*encoder.Sentence, *dense.Vectors, error) {
	s, sum, err := loadDense(d.encoder, vocabulary)
	if err != nil {
		return nil, nil, err
	}
	for _, set := range []struct {
		to *float32
		v  float64
	}{{&s.DenseWeight, d.weight}, {&s.DenseZero, d.zero}, {&s.SureAbove, d.sure}} {
		if set.v >= 0 {
			*set.to = float32(set.v)
		}
	}
	of := s
	if d.passages != "" {
		if of, sum, err = loadDense(d.passages, vocabulary); err != nil {
			return nil, nil, err
		}
	}
	if d.tokens > 0 {
		of.PassageTokens = d.tokens
	}
	h := sha256.New()
	fmt.Fprintf(h, "%x %d %s ", sum, of.PassageTokens, of.Pooling())
	var in conversation.Input
	of.Passage(&in, "type") // the token type is in no sum
	fmt.Fprint(h, in.Types[0], " ")
	for _, t := range texts {
		fmt.Fprintf(h, "%d ", len(t))
		h.Write([]byte(t))
	}
	if err := os.MkdirAll(d.cache, 0o777); err != nil {
		return nil, nil, err
	}
	path := filepath.Join(d.cache, hex.EncodeToString(h.Sum(nil)[:8])+".dense")
	meter := progress.Await(stderr, "dense vectors of passages", int64(len(texts)))
	vectors, err := teacher.EmbedPassages(ctx, of, texts, path, func(done int) { meter.Update(int64(done), "") })
	if err != nil {
		return nil, nil, err
	}
	meter.Done(fmt.Sprint(len(texts)))
	b, n := dense.NewBuilder(of.Space, of.Dim()), of.Dim()
	for i := range texts {
		if err := b.Add(vectors[i*n : i*n+n]); err != nil {
			return nil, nil, fmt.Errorf("passage %d: %w", i, err)
		}
	}
	var file bytes.Buffer
	if _, err := b.WriteTo(&file); err != nil {
		return nil, nil, err
	}
	v, err := dense.Open(file.Bytes())
	return s, v, err
}

// passagesFile is a collection as the page has its texts, passages.bin.
func passagesFile(docs *collection.Collection) ([]byte, error) {
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

// depthOfStages is how many passages an engine gives at most.
const depthOfStages = 100

// rankStages ranks as the page does, by package answer, with both stages.
func (o *evaluation) rankStages(ctx context.Context, enc *encoder.Encoder, file []byte, docs *collection.Collection, queries []asked, stderr *os.File) (metrics.Run, *stagesCost, error) {
	s, v, err := o.second.load(ctx, enc.Tokenizer, docs.Texts, stderr)
	if err != nil {
		return nil, nil, err
	}
	x, err := index.Open(file)
	if err != nil {
		return nil, nil, err
	}
	texts, err := passagesFile(docs)
	if err != nil {
		return nil, nil, err
	}
	store, err := passages.Open(texts)
	if err != nil {
		return nil, nil, err
	}
	read := map[query.Reading]string{query.Alone: message.ReadAlone, query.Together: message.ReadTogether}[o.reading]
	answers, errs := make([]message.Answer, len(queries)), make([]error, len(queries))
	meter := progress.New(stderr, "both stages", 0, int64(len(queries)))
	var mu sync.Mutex
	next, done := 0, 0
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		e, err := answer.New(enc, x, store)
		if err == nil {
			err = e.SetDense(s, v)
		}
		if err != nil {
			return nil, nil, err
		}
		workers.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(queries) || ctx.Err() != nil {
					return
				}
				var turns []message.Turn
				for _, t := range queries[i].turns {
					turns = append(turns, message.Turn(t))
				}
				answers[i], errs[i] = e.Ask(message.Ask{Turns: turns, K: min(o.depth, depthOfStages), Read: read, Stage: o.second.stage, Brief: true})
				mu.Lock()
				done++
				meter.Update(int64(done), "")
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	meter.Done("")
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	run, c := metrics.Run{}, &stagesCost{Stage: cmp.Or(o.second.stage, "as the engine decides"), VectorBytes: v.Len() * (v.Dim() + 4)}
	for i, a := range answers {
		if errs[i] != nil {
			return nil, nil, fmt.Errorf("query %q: %w", queries[i].id, errs[i])
		}
		for _, r := range a.Results {
			run[queries[i].id] = append(run[queries[i].id], metrics.Hit{Doc: r.ID, Score: float64(r.Score)})
		}
		c.SparseMS += (a.Cost.EncodeMS + a.Cost.SearchMS) / float64(len(answers))
		c.DenseMS += a.Cost.DenseMS / float64(len(answers))
		if a.Stage != message.StageSparse {
			c.Dense += 1 / float64(len(answers))
		}
	}
	return run, c, nil
}

// A stagesCost is what two stages cost a question, on average.
type stagesCost struct {
	Stage       string  `json:"stage"`       // sparse, dense or both, or "as the engine decides"
	Dense       float64 `json:"dense_share"` // of the questions, on which the dense stage was spent
	SparseMS    float64 `json:"sparse_ms"`
	DenseMS     float64 `json:"dense_ms"`
	VectorBytes int     `json:"vector_bytes"`
}
