package durable

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrLocked says that another process has taken a file.
var ErrLocked = errors.New("another program is at work on it")

// Lock takes f for this process alone, waiting until others have given it back or ctx
// ends. It is given back by Unlock or when f closes, also by a kill; of a file that is
// mapped into memory, by Unlock alone. Only who takes locks is kept out by them; where
// the system has none, Lock does nothing.
func Lock(ctx context.Context, f *os.File) error {
	for {
		err := TryLock(f)
		if !errors.Is(err, ErrLocked) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// TryLock is Lock without waiting: ErrLocked where another process has f.
func TryLock(f *os.File) error { return lock(f) }

// Unlock gives f back.
func Unlock(f *os.File) error { return unlock(f) }
