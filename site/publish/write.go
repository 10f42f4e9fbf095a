package publish

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"parley/shared/durable"
)

// replaceable returns an error unless out is absent, empty, or a folder that Build wrote:
// other files are not ours to delete.
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

// write publishes files as the folder out. Files named by their content stay for one more
// build: a visitor who has just loaded the page still finds the files that it names.
func write(out string, files []file) error {
	return durable.Publish(out, nil, func(fresh string) error {
		// Syncing waits for the disk, and a collection in parts has ten thousands of files.
		const writers = 16
		errs := make([]error, writers)
		var next atomic.Int64
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for errs[w] == nil {
					i := int(next.Add(1)) - 1
					if i >= len(files) {
						return
					}
					errs[w] = putFile(fresh, &files[i])
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		return carry(out, fresh)
	})
}

// putFile writes a file and its compressed copies.
func putFile(folder string, f *file) error {
	if err := put(folder, f.path, f.content); err != nil {
		return err
	}
	for i, content := range f.small {
		if content == nil {
			continue
		}
		if err := put(folder, f.path+methods[i].ending, content); err != nil {
			return err
		}
	}
	return nil
}

// put writes a file of the folder and syncs it to the disk.
func put(folder, name string, content []byte) error {
	at := filepath.Join(folder, filepath.FromSlash(name))
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

// carry copies to the folder fresh those files of out whose names contain their content's
// hash and that belong to out's own version: the files that its service worker lists, not
// those that it kept from the version before.
func carry(out, fresh string) error {
	list, err := os.ReadFile(filepath.Join(out, "sw.js"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	parts := keptParts(out, list)
	for _, folder := range []string{"app", "data"} {
		entries, err := os.ReadDir(filepath.Join(out, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			name := folder + "/" + e.Name()
			if !e.Type().IsRegular() || !parts[name] && !current(list, name) {
				continue
			}
			if err := durable.Link(filepath.Join(out, filepath.FromSlash(name)), filepath.Join(fresh, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
		}
	}
	return nil
}

// current reports whether a file, itself or compressed, belongs to the version of the
// given sw.js, rather than to the version before.
func current(sw []byte, name string) bool {
	for _, m := range methods {
		name = strings.TrimSuffix(name, m.ending)
	}
	return bytes.Contains(sw, []byte(strconv.Quote(name)))
}
