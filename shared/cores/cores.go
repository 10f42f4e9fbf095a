// Package cores runs a loop's rounds on all cores.
package cores

import (
	"context"
	"runtime"
	"sync"
)

// Each calls round(i) once for each i below n, in no order, on a goroutine a core. worker returns the round
// of one goroutine, which may have memory of its own. After each round Each calls report with the number of
// rounds that are done, one call at a time; report may be nil. It stops at the first error, and where ctx
// ends, and returns that error when all goroutines have ended.
func Each(ctx context.Context, n int, worker func() (round func(i int) error, err error), report func(done int)) error {
	var mu sync.Mutex
	var failed error
	next, done := 0, 0
	// take returns the next round's number, and false where there is none.
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil {
			failed = ctx.Err()
		}
		if failed != nil || next >= n {
			return 0, false
		}
		next++
		return next - 1, true
	}
	end := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			if failed == nil {
				failed = err
			}
			return
		}
		if done++; report != nil {
			report(done)
		}
	}
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		workers.Go(func() {
			round, err := worker()
			if err != nil {
				end(err)
				return
			}
			for {
				i, more := take()
				if !more {
					return
				}
				end(round(i))
			}
		})
	}
	workers.Wait()
	return failed
}
