package cores

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
)

// Each round runs once, report counts them, and each goroutine has its own worker.
func TestEachRunsEveryRoundOnce(t *testing.T) {
	const n = 1000
	var rounds [n]atomic.Int32
	var workers atomic.Int32
	var reported []int
	err := Each(t.Context(), n, func() (func(i int) error, error) {
		workers.Add(1)
		return func(i int) error {
			rounds[i].Add(1)
			return nil
		}, nil
	}, func(done int) { reported = append(reported, done) })
	if err != nil || workers.Load() == 0 {
		t.Fatal(err, workers.Load())
	}
	for i := range rounds {
		if k := rounds[i].Load(); k != 1 {
			t.Errorf("round %d ran %d times", i, k)
		}
	}
	if len(reported) != n || !slices.IsSorted(reported) || reported[n-1] != n {
		t.Errorf("reported %d times, last %v", len(reported), reported[len(reported)-1])
	}
	if err := Each(t.Context(), 0, nil, nil); err != nil {
		t.Error(err)
	}
}

// It stops at an error of a round or of a worker, and where its context ends.
func TestEachStops(t *testing.T) {
	bad := errors.New("bad")
	var ran atomic.Int32
	fine := func() (func(i int) error, error) {
		return func(i int) error { ran.Add(1); return nil }, nil
	}
	if err := Each(t.Context(), 1_000_000, func() (func(i int) error, error) {
		return func(i int) error {
			if ran.Add(1); i == 3 {
				return bad
			}
			return nil
		}, nil
	}, nil); err != bad || ran.Load() == 1_000_000 {
		t.Errorf("%v after %d rounds", err, ran.Load())
	}
	if err := Each(t.Context(), 5, func() (func(i int) error, error) { return nil, bad }, nil); err != bad {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	ran.Store(0)
	if err := Each(ctx, 5, fine, nil); !errors.Is(err, context.Canceled) || ran.Load() != 0 {
		t.Errorf("%v after %d rounds", err, ran.Load())
	}
}
