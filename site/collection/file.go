package collection

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"parley/shared/bundle"
	"parley/shared/durable"
	"parley/shared/index"
	"parley/shared/passages"
)

type writerTo interface {
	WriteTo(w io.Writer) (int64, error)
}

// encoded is a file's content as it is.
type encoded []byte

func (e encoded) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(e)
	return int64(n), err
}

// writeFile writes a file whole or not at all, and gives its content.
func writeFile(name string, from writerTo) ([]byte, error) {
	var b bytes.Buffer
	if _, err := from.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), durable.WriteFile(name, b.Bytes())
}

// Open reads a collection's folder. Files that are not those of its manifest are
// refused.
func Open(dir string) (*index.Index, *passages.Store, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return nil, nil, err
	}
	m, err := bundle.Parse(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Join(dir, "manifest.json"), err)
	}
	read := func(name string) ([]byte, error) {
		f, ok := m.File(name)
		if !ok {
			return nil, fmt.Errorf("%s does not list %s", filepath.Join(dir, "manifest.json"), name)
		}
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w; index the documents again", err)
		}
		if err == nil {
			err = f.Verify(content)
		}
		return content, err
	}
	content, err := read("index.bin")
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, err)
	}
	x, err := index.Open(content)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Join(dir, "index.bin"), err)
	}
	if content, err = read("passages.bin"); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, err)
	}
	store, err := passages.Open(content)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Join(dir, "passages.bin"), err)
	}
	if x.Docs() != store.Len() {
		return nil, nil, fmt.Errorf("%s: the index has %d documents, the texts are %d; index the documents again", dir, x.Docs(), store.Len())
	}
	return x, store, nil
}
