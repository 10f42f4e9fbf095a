package collection

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"parley/shared/collect"
	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/unpack"
)

// Files returns the files of a collection's folder, or of a zip archive of one as the page
// exports it. Archives are unpacked within the bounds of shared/unpack.
func Files(at string) (fs.FS, error) {
	info, err := os.Stat(at)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return os.DirFS(at), nil
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is neither a collection's folder nor a zip archive of one", at)
	}
	f, err := os.Open(at)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	files, err := unpack.Zip(f, info.Size(), unpack.Bound(info.Size()))
	if errors.Is(err, zip.ErrFormat) {
		return nil, fmt.Errorf("%s is neither a collection's folder nor a zip archive of one: %w", at, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return archive(files), nil
}

// An archive is an unpacked zip; readers must not change the bytes that they get.
type archive map[string][]byte

func (a archive) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported}
}

func (a archive) ReadFile(name string) ([]byte, error) {
	if content, ok := a[name]; ok {
		return content, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Open reads a collection's folder, or a zip archive of one, without its dense vectors. It
// returns an error for files that differ from the manifest.
func Open(at string) (x *index.Index, store *passages.Store, err error) {
	err = within(at, func(read func(name string) ([]byte, error)) error {
		x, store, err = collect.Open(read)
		return err
	})
	return x, store, err
}

// OpenAll is Open that also reads the dense vectors, where there are any.
func OpenAll(at string) (c *collect.Collection, err error) {
	err = within(at, func(read func(name string) ([]byte, error)) error {
		c, err = collect.OpenAll(read)
		return err
	})
	return c, err
}

// within calls open with a reader of the collection's files.
func within(at string, open func(read func(name string) ([]byte, error)) error) error {
	files, err := Files(at)
	if err != nil {
		return err
	}
	if err := open(func(name string) ([]byte, error) {
		content, err := fs.ReadFile(files, name)
		if errors.Is(err, fs.ErrNotExist) && name != "manifest.json" {
			err = fmt.Errorf("%w; index the documents again", err)
		}
		return content, err
	}); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}
