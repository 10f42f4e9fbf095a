package publish

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// ErrCarriesNone says that this command was built without the page's programs.
var ErrCarriesNone = errors.New("this parley carries no page to publish")

// Carried returns the program that this command carries, which a release does (site/release).
func Carried() (App, error) {
	if len(carried) == 0 {
		return nil, ErrCarriesNone
	}
	return unpack(carried)
}

// Overlay writes the archive that a release carries into the folder dir, and returns the
// file by which the compiler finds it in the repository at root: go build -tags=carried
// -overlay=FILE.
func (app App) Overlay(root, dir string) (file string, err error) {
	packed, err := app.pack()
	if err != nil {
		return "", err
	}
	archive := filepath.Join(dir, "program.zip")
	if err := os.WriteFile(archive, packed, 0o644); err != nil {
		return "", err
	}
	replaced, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, "site", "publish", "program.zip"): archive}})
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, replaced, 0o644)
}

// pack makes the archive that a release carries: a zip file, the same bytes for the same
// program.
func (app App) pack() ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(app)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(app[name]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unpack reads what pack wrote.
func unpack(packed []byte) (App, error) {
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, fmt.Errorf("the page that parley carries: %w", err)
	}
	app := App{}
	for _, f := range z.File {
		r, err := f.Open()
		if err == nil {
			app[f.Name], err = io.ReadAll(r)
			r.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("the page that parley carries: %s: %w", f.Name, err)
		}
	}
	return app, nil
}
