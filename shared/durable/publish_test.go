package durable

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func set(text string) map[string][]byte {
	return map[string][]byte{"a": []byte(text), "b": []byte(text), "c": []byte(text)}
}

func TestPublishFilesReplacesASet(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "out")
	if err := PublishFiles(dir, set("one")); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "README.md"), []byte("mine"), 0o600)
	os.MkdirAll(filepath.Join(dir, "sub", "deep"), 0o755)
	os.WriteFile(filepath.Join(dir, "sub", "deep", "x"), []byte("x"), 0o644)
	os.WriteFile(filepath.Join(dir, "d"), []byte("old"), 0o644)
	open, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := PublishFiles(dir, set("two"), "d", "none"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "README.md a b c sub" {
		t.Errorf("the folder holds %s", got)
	}
	for name, want := range map[string]string{"a": "two", "c": "two", "README.md": "mine", "sub/deep/x": "x"} {
		if got := content(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if got := names(t, parent); got != "out" {
		t.Errorf("beside it lies %s", got)
	}
	// A symbolic link stays a link.
	link := filepath.Join(parent, "link")
	if err := os.Symlink("out", link); err != nil {
		t.Skip(err)
	}
	if err := PublishFiles(link, set("three")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 || content(t, filepath.Join(dir, "a")) != "three" {
		t.Errorf("%v, %v", info, err)
	}
}

func TestPublishThatFailsChangesNothing(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "out")
	if err := PublishFiles(dir, set("one")); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("no more")
	err := Publish(dir, nil, func(fresh string) error {
		os.WriteFile(filepath.Join(fresh, "a"), []byte("two"), 0o644)
		return failure
	})
	if !errors.Is(err, failure) || names(t, parent) != "out" || content(t, filepath.Join(dir, "a")) != "one" {
		t.Errorf("%v: %s, %s", err, names(t, parent), names(t, dir))
	}
	if err := Publish(filepath.Join(dir, "a"), nil, func(string) error { return nil }); err == nil || content(t, filepath.Join(dir, "a")) != "one" {
		t.Errorf("a file was replaced by a folder: %v", err)
	}
}

// The contents of a file that came late are kept, and what keep refuses is removed.
func TestPublishKeeps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	if err := PublishFiles(dir, set("one")); err != nil {
		t.Fatal(err)
	}
	if err := Publish(dir, func(name string) bool { return name != "a" }, func(fresh string) error {
		os.WriteFile(filepath.Join(dir, "late"), []byte("late"), 0o644)
		return os.WriteFile(filepath.Join(fresh, "b"), []byte("two"), 0o644)
	}); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "b c late" || content(t, filepath.Join(dir, "b")) != "two" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestTheNextRunRemovesWhatAKilledOneLeft(t *testing.T) {
	if !locks {
		t.Skip("no locks here")
	}
	parent := t.TempDir()
	dir := filepath.Join(parent, "out")
	make := func(name string) string {
		at := filepath.Join(parent, name)
		if err := os.MkdirAll(filepath.Join(at, "x"), 0o755); err != nil {
			t.Fatal(err)
		}
		return at
	}
	make(".out" + newName + "1")
	os.WriteFile(filepath.Join(parent, ".out"+newName+"2"), nil, 0o644)
	busy, err := os.Open(make(".out" + newName + "3"))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if err := TryLock(busy); err != nil {
		t.Fatal(err)
	}
	make(".out" + newName + "mine")
	make(".other" + newName + "4")
	if err := PublishFiles(dir, set("one")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, parent); got != ".other"+newName+"4 .out"+newName+"3 .out"+newName+"mine out" {
		t.Errorf("there are %s", got)
	}
	// Killed between two renames, where the system has no exchange.
	if err := os.Rename(dir, filepath.Join(parent, ".out"+oldName+"5")); err != nil {
		t.Fatal(err)
	}
	sweep(parent, "out")
	if got := content(t, filepath.Join(dir, "a")); got != "one" {
		t.Errorf("the old folder did not come back: %q", got)
	}
}

// A child process publishes two sets of files in turn and is killed at any moment; each
// time the folder contains one set, complete.
func TestAKillLeavesTheOldSetOrTheNewOne(t *testing.T) {
	const child = "PARLEY_DURABLE_CHILD"
	if dir := os.Getenv(child); dir != "" {
		for i := 0; ; i++ {
			if err := PublishFiles(dir, set(strings.Repeat(string(rune('A'+i%26)), 100_000))); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
	}
	parent := t.TempDir()
	dir := filepath.Join(parent, "out")
	if err := PublishFiles(dir, set("first")); err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		c := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		c.Env = append(os.Environ(), child+"="+dir)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		end := time.Now().Add(time.Duration(20+7*i) * time.Millisecond)
		for time.Now().Before(end) { // who reads meanwhile finds a folder, always
			if _, err := os.ReadFile(filepath.Join(dir, "a")); err != nil && exchangeable(t) {
				if _, again := os.ReadFile(filepath.Join(dir, "a")); again != nil {
					t.Errorf("while it is published: %v, %v", err, again)
				}
			}
		}
		c.Process.Kill()
		if err := c.Wait(); err == nil {
			t.Fatal("the child ended")
		}
		sweep(parent, "out")
		a, b, c3 := content(t, filepath.Join(dir, "a")), content(t, filepath.Join(dir, "b")), content(t, filepath.Join(dir, "c"))
		if a != b || b != c3 {
			t.Errorf("kill %d: a mix of %.1s, %.1s and %.1s", i, a, b, c3)
		}
	}
	if err := PublishFiles(dir, set("last")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, parent) + ": " + names(t, dir); got != "out: a b c" {
		t.Errorf("there are %s", got)
	}
}

// exchangeable reports whether two folders can be exchanged here.
func exchangeable(t *testing.T) bool {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	os.Mkdir(a, 0o755)
	os.Mkdir(b, 0o755)
	return exchange(a, b) == nil
}

// Permission to write to the folder itself is enough; its parent may be read-only.
func TestPublishFilesWhereTheParentMayNotBeWritten(t *testing.T) {
	if os.Getuid() <= 0 {
		t.Skip("root may write everywhere, and this system may have no such thing")
	}
	parent := t.TempDir()
	dir := filepath.Join(parent, "c")
	if err := PublishFiles(dir, map[string][]byte{"a": []byte("1"), "gone": nil, "manifest.json": []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(parent, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(parent, 0o755)
	if err := PublishFiles(dir, map[string][]byte{"a": []byte("2"), "manifest.json": []byte("2")}, "gone"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "a manifest.json" || content(t, filepath.Join(dir, "a")) != "2" || content(t, filepath.Join(dir, "manifest.json")) != "2" {
		t.Errorf("%s", got)
	}
	if err := PublishFiles(filepath.Join(parent, "new"), map[string][]byte{"a": nil}); err == nil {
		t.Error("a folder was made where none may be")
	}
}
