package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"parley/shared/message"
	"parley/shared/query"
	"parley/trainer/collection"
	"parley/trainer/metrics"
	"parley/trainer/progress"
	"parley/wasm/host"
	"parley/wasm/kernel"
)

// wasmDepth is how many passages the page's worker gives at most.
const wasmDepth = 100

// wasmRanker starts the page's worker, worker.wasm itself, over an encoder's files and
// an index, and ranks as it does.
func (o *evaluation) wasmRanker(ctx context.Context, index []byte, docs *collection.Collection) (rank func(asked) ([]metrics.Hit, error), close func() error, err error) {
	program, err := os.ReadFile(o.wasm)
	if err != nil {
		return nil, nil, err
	}
	w, err := host.New(ctx, program, kernel.Binary)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.wasm, err)
	}
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	texts, err := passagesFile(docs)
	if err != nil {
		return nil, nil, err
	}
	hand := func(dir, as string, names ...string) error {
		for _, name := range names {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue // the worker says what is missing
			}
			if err == nil {
				err = w.File(as+name, data)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", dir, err)
			}
		}
		return nil
	}
	level := ""
	if o.base != "" {
		level = "member"
		if err := hand(o.encoder, "levels/"+level+"/", "config.json", "model.safetensors"); err != nil {
			return nil, nil, err
		}
	}
	whole, words := cmp.Or(o.base, o.encoder), "tokenizer.json"
	if _, missing := os.Stat(filepath.Join(whole, "vocab.txt")); missing == nil {
		words = "vocab.txt"
	}
	if err := hand(whole, "encoder/", "config.json", "model.safetensors", words); err != nil {
		return nil, nil, err
	}
	if err := errors.Join(w.File("collection/index.bin", index), w.File("collection/passages.bin", texts)); err != nil {
		return nil, nil, err
	}
	if _, err := w.Open(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.wasm, err)
	}
	return func(q asked) ([]metrics.Hit, error) {
		how := map[query.Reading]string{query.Together: message.ReadTogether, query.Alone: message.ReadAlone}
		ask := message.Ask{K: min(o.depth, wasmDepth), Level: level, Read: how[o.reading]}
		for _, t := range q.turns {
			ask.Turns = append(ask.Turns, message.Turn(t))
		}
		a, err := w.Ask(ask)
		if err != nil {
			return nil, err
		}
		hits := make([]metrics.Hit, len(a.Results))
		for i, r := range a.Results {
			hits[i] = metrics.Hit{Doc: r.ID, Score: float64(r.Score)}
		}
		return hits, nil
	}, w.Close, nil
}

// checkWasm ranks the queries by the worker and compares with run.
func (o *evaluation) checkWasm(ctx context.Context, index []byte, docs *collection.Collection, queries []asked, run metrics.Run, stderr *os.File) error {
	rank, closeIt, err := o.wasmRanker(ctx, index, docs)
	if err != nil {
		return err
	}
	defer closeIt()
	meter := progress.New(stderr, "queries in "+o.wasm, 0, int64(len(queries)))
	for i, q := range queries {
		if err := ctx.Err(); err != nil {
			return err
		}
		found, err := rank(q)
		if err == nil {
			err = sameRanking(found, run[q.id])
		}
		if err != nil {
			return fmt.Errorf("query %q: %w", q.id, err)
		}
		meter.Update(int64(i+1), "")
	}
	meter.Done("")
	return nil
}

// sameRanking compares what the worker found with what this program did.
func sameRanking(wasm, native []metrics.Hit) error {
	if len(wasm) != len(native) {
		return fmt.Errorf("worker.wasm finds %d passages, this program %d", len(wasm), len(native))
	}
	for i, h := range wasm {
		if h != native[i] {
			return fmt.Errorf("rank %d: worker.wasm finds %q (%v), this program %q (%v): were they built from the same revision?", i+1, h.Doc, h.Score, native[i].Doc, native[i].Score)
		}
	}
	return nil
}
