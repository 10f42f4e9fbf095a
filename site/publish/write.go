package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceable checks that out is absent, empty, or a folder that Build wrote:
// whatever else people keep, it is not ours to delete.
func replaceable(out string) error {
	entries, err := os.ReadDir(out)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range []string{"site.json", "index.html"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			return fmt.Errorf("%s holds other files and no published site; choose another folder (--out), or empty it", out)
		}
	}
	return nil
}

// write writes files into a new folder and puts it in the place of out.
func write(out string, files []file) (err error) {
	out = filepath.Clean(out)
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(out), "."+filepath.Base(out)+"-new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(fresh)
		}
	}()
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	put := func(name string, content []byte) error {
		at := filepath.Join(fresh, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		if e := f.Sync(); err == nil {
			err = e
		}
		if e := f.Close(); err == nil {
			err = e
		}
		return err
	}
	for _, f := range files {
		if err := put(f.path, f.content); err != nil {
			return err
		}
		for i, content := range f.small {
			if content == nil {
				continue
			}
			if err := put(f.path+methods[i].ending, content); err != nil {
				return err
			}
		}
	}
	// A folder cannot be renamed over another one: the old one steps aside.
	old := fresh + "-old"
	switch err := os.Rename(out, old); {
	case errors.Is(err, fs.ErrNotExist):
		old = ""
	case err != nil:
		return err
	}
	if err := os.Rename(fresh, out); err != nil {
		if old != "" {
			os.Rename(old, out)
		}
		return err
	}
	if old != "" {
		return os.RemoveAll(old)
	}
	return nil
}
