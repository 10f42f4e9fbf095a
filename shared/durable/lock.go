package durable

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrLocked says that another process holds the lock of a file.
var ErrLocked = errors.New("another program is at work on it")

// Lock locks f for this process. It waits until other processes have unlocked it, or
// returns ctx's error when ctx ends. The lock ends with Unlock, or when f is closed, also
// when the process is killed; where the file is mapped into memory, only with Unlock. It
// excludes only programs that lock. Where the system has no locks, Lock does nothing.
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

// TryLock is Lock without waiting: it returns ErrLocked where another process holds the
// lock.
func TryLock(f *os.File) error { return lock(f) }

// Unlock releases the lock of f.
func Unlock(f *os.File) error { return unlock(f) }
