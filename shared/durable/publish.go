package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Names of what is being written, and of what is about to go: hidden, beside what they are
// for, with digits at the end. Whoever writes one holds its lock.
const (
	newName = ".parley-new-"
	oldName = ".parley-old-"
)

// Publish puts a folder that fill writes in the place of dir, all of it in one step:
// whenever the program is killed, dir is the folder before or the new one. Of the folder
// before, what keep reports true for, by the names of its entries, is taken over, unless
// fill wrote another; nil keeps nothing. Who has the old folder open reads on in it.
//
// The step is an exchange of two names where the system has that (Linux, macOS, and most
// file systems there); elsewhere two renames, between which there is no dir: the next run
// mends that. What killed runs left beside dir is removed.
func Publish(dir string, keep func(name string) bool, fill func(fresh string) error) (err error) {
	if at, err := filepath.EvalSymlinks(dir); err == nil {
		dir = at // what a link leads to is replaced, and not the link
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	parent, base := filepath.Split(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	sweep(parent, base)
	fresh, lock, err := create(func() (string, error) { return os.MkdirTemp(parent, "."+base+newName+"*") })
	if err != nil {
		return err
	}
	defer lock.Close()
	defer os.RemoveAll(fresh) // what was not published, or what was there before
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	if err := fill(fresh); err != nil {
		return err
	}
	if keep == nil {
		keep = func(string) bool { return false }
	}
	before, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		syncFolder(fresh)
		if err := os.Rename(fresh, dir); err != nil {
			return err
		}
		syncFolder(parent)
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range before {
		if !keep(e.Name()) {
			continue
		}
		if err := Link(filepath.Join(dir, e.Name()), filepath.Join(fresh, e.Name())); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	syncFolder(fresh)
	old := fresh
	if err := exchange(fresh, dir); err != nil {
		// Another system, or a file system that cannot.
		old = strings.Replace(fresh, newName, oldName, 1)
		if err := os.Rename(dir, old); err != nil {
			return err
		}
		if err := os.Rename(fresh, dir); err != nil {
			return errors.Join(err, os.Rename(old, dir))
		}
		defer os.RemoveAll(old)
	}
	syncFolder(parent)
	// What someone put there while the new folder was written is not lost.
	if late, err := os.ReadDir(old); err == nil {
		for _, e := range late {
			to := filepath.Join(dir, e.Name())
			if _, err := os.Lstat(to); keep(e.Name()) && errors.Is(err, fs.ErrNotExist) {
				os.Rename(filepath.Join(old, e.Name()), to)
			}
		}
	}
	return nil
}

// PublishFiles is Publish of files in a folder whose other files stay; those of names in
// drop go. Where the folder is there and the one that it is in may not be written, the
// files are replaced one by one, manifest.json last: a kill then leaves some old and some
// new, which do not verify, and the next run mends that.
func PublishFiles(dir string, files map[string][]byte, drop ...string) error {
	err := publishFiles(dir, files, drop)
	if info, there := os.Stat(dir); there != nil || !info.IsDir() || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		return err
	}
	const last = "manifest.json"
	for name, content := range files {
		if name == last {
			continue
		}
		if err := WriteFile(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	if content, ok := files[last]; ok {
		if err := WriteFile(filepath.Join(dir, last), content); err != nil {
			return err
		}
	}
	for _, name := range drop {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func publishFiles(dir string, files map[string][]byte, drop []string) error {
	gone := map[string]bool{}
	for _, name := range drop {
		gone[name] = true
	}
	return Publish(dir, func(name string) bool { return !gone[name] }, func(fresh string) error {
		for name, content := range files {
			if err := WriteFile(filepath.Join(fresh, name), content); err != nil {
				return err
			}
		}
		return nil
	})
}

// Link makes a second name of a file, or of every file in a folder; a copy, where the
// system has no second names. A file that is there is an error that wraps fs.ErrExist; in
// a folder that is there, what it lacks is added.
func Link(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if err := os.Mkdir(to, info.Mode().Perm()|0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		entries, err := os.ReadDir(from)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := Link(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
		}
		return nil
	}
	if err := os.Link(from, to); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is neither a file nor a folder, and cannot be taken over", from)
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}

// create makes something to be written, and takes its lock before another run's sweep can
// take it for a leftover.
func create(make func() (string, error)) (name string, lock *os.File, err error) {
	for range 100 {
		if name, err = make(); err != nil {
			return "", nil, err
		}
		if lock, err = os.Open(name); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return "", nil, err
		}
		if err = TryLock(lock); err == nil {
			var held, there fs.FileInfo
			if held, err = lock.Stat(); err == nil {
				if there, err = os.Stat(name); err == nil && os.SameFile(held, there) {
					return name, lock, nil
				}
			}
		}
		lock.Close()
	}
	return "", nil, err
}

// sweep removes what killed runs left of name in a folder: whatever nobody holds the lock
// of. Where a run was killed while there was neither the old nor the new, the old one
// comes back. What cannot be removed stays.
func sweep(folder, name string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), "."+name)
		old := strings.HasPrefix(rest, oldName)
		if !ok || !e.IsDir() && !e.Type().IsRegular() || !old && !strings.HasPrefix(rest, newName) || strings.Trim(rest[len(newName):], "0123456789") != "" {
			continue
		}
		at := filepath.Join(folder, e.Name())
		f, err := os.Open(at)
		if err != nil {
			continue
		}
		info, err := f.Stat()
		switch {
		case err != nil, TryLock(f) != nil:
		case !locks && time.Since(info.ModTime()) < 24*time.Hour:
			// Nothing tells a run that is at work from one that was killed.
		case old && os.Rename(at, filepath.Join(folder, name)) == nil:
		default:
			os.RemoveAll(at)
		}
		f.Close()
	}
}

// syncFolder brings the names in a folder to the disk, where the system lets one: else
// they survive the program's end, though perhaps not the machine's.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
