// Package publish makes the folder that a static host serves: the page, both
// WebAssembly programs, an encoder and a collection.
//
//	index.html  sw.js  site.json  manifest.webmanifest  icons  LICENSE  NOTICE
//	app/NAME.HASH16.EXT    the program: scripts, styles, WebAssembly
//	data/HASH16.NAME       what it searches with and in: encoder, index, texts
//
// HASH16 is the first 16 hex digits of the file's SHA-256, so that what such a
// name holds never changes and may be cached for ever. Everything else has a
// fixed name and must be asked for anew. site.json is the manifest (shared/bundle)
// of what the worker loads; sw.js carries the list of all files, which the service
// worker verifies before a version replaces another. All paths are relative: the
// folder works under any address. Beside each file that gains by it lies one
// compressed with Brotli (".br") and one with gzip (".gz").
//
// The bytes depend on the inputs and the Go toolchain alone.
package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"parley/shared/bundle"
	"parley/site/collection"
)

// Options of Build.
type Options struct {
	Out   string // the folder to write; one that Build wrote before is replaced
	Title string // of the page; "" keeps its own
	App   App
	// Examples are the conversations offered on the page, each a list of
	// questions; nil keeps the page's own, which suit the built-in collection; none
	// takes them away.
	Examples   [][]string
	Encoder    string // folder: config.json, model.safetensors, vocab.txt
	Collection string // folder: index.bin, passages.bin
	Level      Level
	Cache      string // folder for compressed files, "" for none
	// Log is told what is being done, a line at a time; nil for silence.
	Log func(format string, args ...any)
}

// A file of the folder, as it will be written.
type file struct {
	name    string // logical: "boot.js", "encoder/config.json"
	path    string // "app/boot.0123456789abcdef.js"
	content []byte
	small   [2][]byte // Brotli, gzip; nil where it gains nothing
}

// dataFiles are what site.json lists, by logical name.
var dataFiles = []string{
	"encoder/config.json", "encoder/model.safetensors", "encoder/vocab.txt",
	"collection/index.bin", "collection/passages.bin",
}

// Build writes the folder and says what is in it. Nothing of an older folder
// changes before the new one is complete.
func Build(ctx context.Context, o Options) (*Report, error) {
	log := o.Log
	if log == nil {
		log = func(string, ...any) {}
	}
	if err := replaceable(o.Out); err != nil {
		return nil, err
	}
	data, err := readData(o.Encoder, o.Collection)
	if err != nil {
		return nil, err
	}
	site, err := manifest(data)
	if err != nil {
		return nil, err
	}
	program, err := personal(o.App, o.Title, o.Examples)
	if err != nil {
		return nil, err
	}
	app, err := render(program, file{
		name: "site.json", path: "site.json", content: site.Encode(),
	}, data)
	if err != nil {
		return nil, err
	}
	files := append(app, data...)
	if o.Level != None {
		log("compressing %d files", len(files))
		if err := compress(ctx, files, o.Level, o.Cache); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	log("writing %s", o.Out)
	if err := write(o.Out, files); err != nil {
		return nil, err
	}
	return report(o, files), nil
}

// readData reads the encoder and the collection, folders or zip archives of them. A
// manifest.json, where there is one, must agree with its files.
func readData(encoder, dir string) ([]file, error) {
	var files []file
	for _, part := range []struct{ at, prefix, what string }{
		{encoder, "encoder/", "an encoder's folder; `parley export` makes one"},
		{dir, "collection/", "a collection's folder; `parley index` makes one"},
	} {
		from, done, err := collection.Files(part.at)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is missing: it is not %s", part.at, part.what)
		}
		if err != nil {
			return nil, err
		}
		defer done()
		for _, name := range dataFiles {
			base, ok := strings.CutPrefix(name, part.prefix)
			if !ok {
				continue
			}
			content, err := fs.ReadFile(from, base)
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("%s is missing: %s is not %s", filepath.Join(part.at, base), part.at, part.what)
			}
			if err != nil {
				return nil, err
			}
			files = append(files, file{name: name, path: "data/" + hash16(content) + "." + base, content: content})
		}
		raw, err := fs.ReadFile(from, "manifest.json")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		m, err := bundle.Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(part.at, "manifest.json"), err)
		}
		if err := m.Verify(from); err != nil {
			return nil, fmt.Errorf("%s is not whole: %w; make it again", part.at, err)
		}
	}
	return files, nil
}

// manifest is site.json.
func manifest(data []file) (*bundle.Manifest, error) {
	var list []bundle.File
	for _, f := range data {
		list = append(list, bundle.Of(f.name, f.path, f.content))
	}
	return bundle.New(list)
}

// precache is the list in sw.js: [path, bytes, SHA-256] of every file but sw.js
// itself, and a version that changes with any of them.
func precache(files []file) (string, error) {
	var list []bundle.File
	for _, f := range files {
		list = append(list, bundle.Of(f.path, f.path, f.content))
	}
	m, err := bundle.New(list)
	if err != nil {
		return "", err
	}
	out := struct {
		Version string   `json:"version"`
		Files   [][3]any `json:"files"`
	}{Version: m.Version}
	for _, f := range m.Files {
		out.Files = append(out.Files, [3]any{f.Path, f.Bytes, f.SHA256})
	}
	b, err := json.Marshal(out)
	return string(b), err
}
