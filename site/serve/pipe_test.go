//go:build unix

package serve

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A pipe in the folder, which nobody writes to, is treated as missing and blocks no
// request.
func TestAPipeIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.txt"), 0o644); err != nil {
		t.Skip(err)
	}
	for _, links := range []bool{false, true} {
		done := make(chan int)
		go func() {
			code, _ := ask(Handler(Folder(dir, links)), "localhost", "/pipe.txt")
			done <- code
		}()
		select {
		case code := <-done:
			if code != 404 {
				t.Errorf("links %v: %d", links, code)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("links %v: the request hangs", links)
		}
	}
}
