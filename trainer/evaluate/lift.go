package evaluate

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"

	"parley/shared/encoder"
	"parley/shared/sparse"
	"parley/shared/termvectors"
)

// A Lift is what a dense encoder adds to the passages' sparse vectors (package termvectors). If Terms is
// "", nothing.
type Lift struct {
	Terms string // the file of the terms' vectors
	Dense string // the folder of the dense encoder that reads the passages
	// Weight and Above replace the file's own; -1: its own.
	Weight, Above float64
}

// Open reads the file of the terms' vectors.
func (l *Lift) Open() (*termvectors.Vectors, error) {
	data, err := os.ReadFile(l.Terms)
	if err != nil {
		return nil, err
	}
	v, err := termvectors.Open(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.Terms, err)
	}
	if l.Weight >= 0 {
		v.Weight = float32(l.Weight)
	}
	if l.Above >= 0 {
		v.Above = float32(l.Above)
	}
	return v, nil
}

// lift returns the vectors of the set's passages, which of made, as l changes them.
func (e *Evaluator) lift(ctx context.Context, l *Lift, of *encoder.Encoder, vectors []sparse.Vector) ([]sparse.Vector, error) {
	terms, err := l.Open()
	if err != nil {
		return nil, err
	}
	s, sum, err := LoadDense(l.Dense, of.Tokenizer)
	if err != nil {
		return nil, err
	}
	if terms.Dim() != s.Dim() || terms.Terms() != of.Vocab() {
		return nil, fmt.Errorf("%s has vectors of length %d for %d terms; the dense encoder's have the length %d, and the sparse one has %d terms", l.Terms, terms.Dim(), terms.Terms(), s.Dim(), of.Vocab())
	}
	dense, err := embedPassages(ctx, s, sum, e.Set.Passages.Texts, e.Cache, e.Progress)
	if err != nil {
		return nil, err
	}
	out := make([]sparse.Vector, len(vectors))
	errs := make([]error, runtime.GOMAXPROCS(0))
	var workers sync.WaitGroup
	for w := range errs {
		workers.Go(func() {
			lifter := terms.NewLifter()
			for i := w; i < len(vectors); i += len(errs) {
				v, err := lifter.Lift(vectors[i], dense[i*s.Dim():(i+1)*s.Dim()])
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					errs[w] = err
					return
				}
				out[i] = v.Clone()
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
