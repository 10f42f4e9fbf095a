package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// again makes a release once more, from a copy of the sources and with an empty build
// cache, and returns an error where its checksums differ.
func again(ctx context.Context, r *release, targets []string, sums string) error {
	there, err := os.MkdirTemp("", "parley-again-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(there)
	second := *r
	second.root, second.out = filepath.Join(there, "sources"), filepath.Join(there, "release")
	if err := os.Setenv("GOCACHE", filepath.Join(there, "cache")); err != nil {
		return err
	}
	if err := copySources(ctx, r.root, second.root); err != nil {
		return err
	}
	other, err := second.make(ctx, targets)
	if err != nil {
		return fmt.Errorf("the second time: %w", err)
	}
	if other != sums {
		return fmt.Errorf("the second time, other bytes came of the same sources:\n%s\nand before:\n%s", other, sums)
	}
	fmt.Fprintln(os.Stderr, "made twice, the same bytes")
	return nil
}

// copySources copies the files that git tracks, or would if they were added, as they are
// now.
func copySources(ctx context.Context, from, to string) error {
	c := exec.CommandContext(ctx, "git", "-C", from, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list, err := c.Output()
	if err != nil {
		return fmt.Errorf("the list of the sources: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if err := copyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if os.IsNotExist(err) {
		return nil // deleted, and not yet committed
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
