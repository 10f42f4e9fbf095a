// Package disk opens files for the readers in shared, which do not access the disk.
package disk

import (
	"fmt"
	"io"
	"os"

	"parley/shared/importers"
	"parley/shared/lines"
)

// Lines opens the file at path, calls read with its lines, and closes it.
func Lines(path string, read func(*lines.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := lines.NewReader(f, path)
	if err != nil {
		return err
	}
	return read(r)
}

// Import reads the files of a data set; see importers.Import.
func Import(name string, paths []string, o importers.Options) (*importers.Result, error) {
	files := make([]importers.File, len(paths))
	for i, path := range paths {
		files[i] = importers.File{Name: path, Open: func() (io.ReadCloser, error) { return os.Open(path) }}
	}
	return importers.Import(name, files, o)
}

// Examples reads files of examples, as trainer import writes them. It returns an error if
// one of the examples cannot be read.
func Examples(paths []string) ([]importers.Example, error) {
	r, err := Import("jsonl", paths, importers.Options{})
	if err != nil {
		return nil, err
	}
	if len(r.Unread) > 0 {
		return nil, fmt.Errorf("%d examples cannot be read, the first: %w", len(r.Unread), r.Unread[0])
	}
	return r.Examples, nil
}
