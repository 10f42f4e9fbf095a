package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// ManifestFile is the name of the manifest in a folder.
const ManifestFile = "manifest.json"

// ErrUnlisted is wrapped by the error for a file that the folder's manifest does not list.
var ErrUnlisted = errors.New("the manifest does not list it")

// Within returns a function that reads the files of the folder name in parent, and
// verifies each before it returns it. It verifies against the folder's own manifest or,
// where there is none, against parent's, as in a family whose folders share one. Where
// there is a manifest, a file that it does not list is refused with ErrUnlisted. A folder
// without a manifest of either kind is read as it is. The name "." means parent itself. An
// error is an *Error, or that of reading the file.
func Within(parent fs.FS, name string) (read func(file string) ([]byte, error), err error) {
	m, prefix, err := manifestOf(parent, name)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return func(file string) ([]byte, error) { return fs.ReadFile(parent, path.Join(name, file)) }, nil
	}
	return func(file string) ([]byte, error) {
		content, err := fs.ReadFile(parent, path.Join(name, file))
		if err != nil {
			return nil, err
		}
		listed := prefix + file
		for _, f := range m.Files {
			if f.Path != listed && f.Name != listed {
				continue
			}
			if f.Path != f.Name {
				return nil, f.err("the manifest names one file and holds another")
			}
			if err := f.Verify(content); err != nil {
				return nil, err
			}
			return content, nil
		}
		return nil, &Error{listed, listed, ErrUnlisted}
	}, nil
}

// manifestOf finds the manifest that covers a folder's files, nil where there is none.
// prefix is how their paths begin in it.
func manifestOf(parent fs.FS, name string) (m *Manifest, prefix string, err error) {
	at := path.Join(name, ManifestFile)
	raw, err := fs.ReadFile(parent, at)
	if err == nil {
		m, err = Parse(raw)
		if err != nil {
			err = fmt.Errorf("%s: %w", at, err)
		}
		return m, "", err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, "", err
	}
	if name == "." {
		return nil, "", nil
	}
	if raw, err = fs.ReadFile(parent, ManifestFile); err != nil {
		return nil, "", nil // the folder above may belong to something else
	}
	// Web pages have a manifest.json of another kind.
	if m, err = Parse(raw); err != nil {
		if bytes.Contains(raw, []byte(`"sha256"`)) {
			return nil, "", fmt.Errorf("%s in the folder above: %w", ManifestFile, err)
		}
		return nil, "", nil
	}
	for _, f := range m.Files {
		if path.Dir(f.Path) == name {
			return m, name + "/", nil
		}
	}
	return nil, "", nil
}
