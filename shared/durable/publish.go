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

// Names of folders that are being written, and of old ones about to be removed. They are
// hidden, lie beside the folder that they are for, and end in digits. The process that
// writes one holds its lock.
const (
	newName = ".parley-new-"
	oldName = ".parley-old-"
)

// Publish replaces the folder dir, in one step, by a folder that fill writes: whenever the
// program is killed, dir is the old folder or the new one. Entries of the old folder whose
// names keep accepts are taken over, unless fill wrote one of that name; a nil keep
// accepts none. Programs that have the old folder open can go on reading it.
//
// The step is an exchange of two names where the system offers it (Linux, macOS, on most
// of their file systems). Elsewhere it is two renames, between which there is no dir; the
// next run repairs that. Publish also removes what killed runs left beside dir.
func Publish(dir string, keep func(name string) bool, fill func(fresh string) error) (err error) {
	if at, err := filepath.EvalSymlinks(dir); err == nil {
		dir = at // replace the target of a link, not the link
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
	defer os.RemoveAll(fresh) // an unpublished folder, or the old one
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
		// Another system, or a file system without an exchange.
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
	// Keep what someone added while the new folder was written.
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

// PublishFiles is Publish for some files of a folder, or of folders in it ("dev/a.txt"): the
// other files stay, except those named in drop, which are removed. Where the folder exists
// but its parent cannot be written to, it replaces the files one by one, manifest.json last.
// If it is killed then, some files are old and some new; they do not verify, and the next
// run repairs that.
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
		if err := writeWithin(dir, name, content); err != nil {
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
			if err := writeWithin(fresh, name, content); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeWithin is WriteFile for a file of a folder, or of one that it makes there.
func writeWithin(dir, name string, content []byte) error {
	at := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	return WriteFile(at, content)
}

// Link makes a hard link to a file, or to every file in a folder; where the system has no
// hard links, it copies. If the target file exists, it returns an error that wraps
// fs.ErrExist; to a target folder that exists, it adds what is missing.
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

// create makes a file or folder to be written, and locks it before another run's sweep can
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

// sweep removes what killed runs left for name in a folder: everything that no process has
// locked. Where a run was killed while there was neither the old nor the new folder, it
// restores the old one. What cannot be removed stays.
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
			// Nothing distinguishes a run at work from one that was killed.
		case old && os.Rename(at, filepath.Join(folder, name)) == nil:
		default:
			os.RemoveAll(at)
		}
		f.Close()
	}
}

// syncFolder writes a folder's entries to the disk, where the system allows it. Elsewhere
// they survive the end of the program, but perhaps not a power failure.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
