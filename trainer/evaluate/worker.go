package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"parley/shared/encoder/folder"
	"parley/shared/progress"
	"parley/trainer/metrics"
	"parley/wasm/host"
	"parley/wasm/kernel"
)

// WorkerDepth is the largest number of passages that the page's worker returns.
const WorkerDepth = 100

// checkWorker ranks the queries with the page's worker, the program s.Worker, over
// the index file. It returns an error if the ranking differs from run.
func (e *Evaluator) checkWorker(ctx context.Context, s *System, file []byte, queries []Query, run metrics.Run) error {
	w, err := e.openWorker(ctx, s, file)
	if err != nil {
		return err
	}
	defer w.Close()
	meter := progress.New(e.Progress, "queries in "+s.Worker, 0, int64(len(queries)))
	for i, q := range queries {
		if err := ctx.Err(); err != nil {
			return err
		}
		ask := s.asked(q)
		ask.K = min(s.Depth, WorkerDepth)
		if s.Base != "" {
			ask.Level = workerLevel
		}
		a, err := w.Ask(ask)
		if err == nil {
			hits := make([]metrics.Hit, len(a.Results))
			for i, r := range a.Results {
				hits[i] = metrics.Hit{Doc: r.ID, Score: float64(r.Score)}
			}
			err = sameRanking(hits, run[q.ID])
		}
		if err != nil {
			return fmt.Errorf("query %q: %w", q.ID, err)
		}
		meter.Update(int64(i+1), "")
	}
	meter.Done("")
	return nil
}

// workerLevel is the worker's name for the encoder that is measured.
const workerLevel = "member"

// openWorker starts the worker with the system's encoder and an index.
func (e *Evaluator) openWorker(ctx context.Context, s *System, file []byte) (_ *host.Worker, err error) {
	program, err := os.ReadFile(s.Worker)
	if err != nil {
		return nil, err
	}
	w, err := host.New(ctx, program, kernel.Binary)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Worker, err)
	}
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	texts, err := passagesFile(e.Set.Passages)
	if err != nil {
		return nil, err
	}
	if s.Base != "" {
		if err := hand(w, s.Encoder, "levels/"+workerLevel+"/", "config.json", "model.safetensors"); err != nil {
			return nil, err
		}
	}
	whole, words := cmp.Or(s.Base, s.Encoder), "tokenizer.json"
	if _, missing := os.Stat(filepath.Join(whole, "vocab.txt")); missing == nil {
		words = "vocab.txt"
	}
	if err := hand(w, whole, "encoder/", "config.json", "model.safetensors", words); err != nil {
		return nil, err
	}
	if err := errors.Join(w.File("collection/index.bin", file), w.File("collection/passages.bin", texts)); err != nil {
		return nil, err
	}
	if _, err := w.Open(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Worker, err)
	}
	return w, nil
}

// hand gives the worker files of a folder, under names that begin with as. It skips
// files that do not exist: the worker reports what it misses.
func hand(w *host.Worker, dir, as string, names ...string) error {
	read := folder.Files(dir)
	for _, name := range names {
		data, err := read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
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

// sameRanking returns an error if the worker's ranking differs from the native one.
func sameRanking(worker, native []metrics.Hit) error {
	if len(worker) != len(native) {
		return fmt.Errorf("worker.wasm finds %d passages, this program %d", len(worker), len(native))
	}
	for i, h := range worker {
		if h != native[i] {
			return fmt.Errorf("rank %d: worker.wasm finds %q (%v), this program %q (%v); were they built from the same revision?", i+1, h.Doc, h.Score, native[i].Doc, native[i].Score)
		}
	}
	return nil
}
