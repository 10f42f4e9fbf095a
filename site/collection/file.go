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
)

// Files gives the files of a collection's folder, or of a zip archive of one, as the
// page exports it. close is to be called when all is read.
func Files(at string) (files fs.FS, close func() error, err error) {
	info, err := os.Stat(at)
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		return os.DirFS(at), func() error { return nil }, nil
	}
	z, err := zip.OpenReader(at)
	if err != nil {
		return nil, nil, fmt.Errorf("%s is neither a collection's folder nor a zip archive of one: %w", at, err)
	}
	return z, z.Close, nil
}

// Open reads a collection's folder, or a zip archive of one, but for its dense vectors.
// Files that are not those of its manifest are refused.
func Open(at string) (x *index.Index, store *passages.Store, err error) {
	err = within(at, func(read func(name string) ([]byte, error)) error {
		x, store, err = collect.Open(read)
		return err
	})
	return x, store, err
}

// OpenAll is Open with the dense vectors, where there are any.
func OpenAll(at string) (c *collect.Collection, err error) {
	err = within(at, func(read func(name string) ([]byte, error)) error {
		c, err = collect.OpenAll(read)
		return err
	})
	return c, err
}

// within opens a collection by what reads its files.
func within(at string, open func(read func(name string) ([]byte, error)) error) error {
	files, close, err := Files(at)
	if err != nil {
		return err
	}
	defer close()
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
