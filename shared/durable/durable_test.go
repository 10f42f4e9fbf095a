package durable

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// names lists the contents of a folder.
func names(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, e := range list {
		s = append(s, e.Name())
	}
	return strings.Join(s, " ")
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWriteFileReplacesWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, text := range []string{"first, and long", "second", "", strings.Repeat("x", 1<<17)} {
		if err := WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != text {
			t.Errorf("%d bytes, wanted %d", len(got), len(text))
		}
	}
	if got := names(t, dir); got != "a" {
		t.Errorf("the folder holds %s", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// A write that fails in the middle leaves the file as it was, and nothing beside it.
func TestFailureLeavesWhatWas(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := WriteFile(path, []byte("before")); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("no more")
	err := Write(path, func(w io.Writer) error {
		w.Write(make([]byte, 1<<18)) // beyond the buffer: some of it is in the file
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
	if got := content(t, path); got != "before" {
		t.Errorf("the file became %q", got)
	}
	if got := names(t, dir); got != "a" {
		t.Errorf("the folder holds %s", got)
	}
	if err := WriteFile(filepath.Join(dir, "absent", "a"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("into no folder: %v", err)
	}
	// A folder has the file's name, so the rename fails.
	if err := os.MkdirAll(filepath.Join(dir, "b", "c"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(filepath.Join(dir, "b"), nil); err == nil {
		t.Error("a folder was replaced")
	}
	if got := names(t, dir); got != "a b" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	// Two handles of a file are distinguished like two processes.
	a, b := open(), open()
	defer b.Close()
	if err := TryLock(a); err != nil {
		t.Fatal(err)
	}
	if err := TryLock(b); err == nil {
		t.Skip("no locks here")
	} else if !errors.Is(err, ErrLocked) {
		t.Errorf("error %v", err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer stop()
	if err := Lock(ctx, b); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waited: %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { a.Close() })
	if err := Lock(context.Background(), b); err != nil {
		t.Errorf("after it was given back: %v", err)
	}
	c := open()
	defer c.Close()
	if err := Unlock(b); err != nil {
		t.Error(err)
	}
	if err := TryLock(c); err != nil {
		t.Errorf("unlocked, but %v", err)
	}
}
