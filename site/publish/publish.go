// Package publish makes the folder that a static host serves: the page, both
// WebAssembly programs, an encoder and a collection.
//
//	index.html  sw.js  site.json  manifest.webmanifest  icons  LICENSE  NOTICE
//	app/NAME.HASH16.EXT    the program: scripts, styles, WebAssembly
//	data/HASH16.NAME       what it searches with and in: encoder, index, texts
//	_headers  hosting/     for hosts: headers to send (hosting.go)
//
// HASH16 is the first 16 hex digits of the file's SHA-256, so that what such a
// name holds never changes and may be cached for ever. Everything else has a
// fixed name and must be asked for anew. site.json is the manifest (shared/bundle)
// of what the worker loads, with the list of the family of encoders (shared/family),
// where there is one, under "family"; their model cards are cards/LEVEL.txt. sw.js
// carries the list of all files, which the service worker verifies before a version
// replaces another; levels but the base and the default are apart there, since they
// are loaded when they are first asked for, and so is the dense stage: its encoder and
// the collection's dense vectors, where there are both (second.go). All paths are relative: the
// folder works under any address. Beside each file that gains by it lies one
// compressed with Brotli (".br") and one with gzip (".gz").
//
// The bytes depend on the inputs and the Go toolchain alone. A folder that is built anew
// keeps the files in app and data of the version before: a page that was loaded just
// before asks for them.
package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"parley/shared/bundle"
	"parley/shared/collect"
	"parley/shared/family"
	"parley/shared/passages"
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
	Encoder    string // folder: config.json, model.safetensors, vocab.txt; or a family's
	Collection string // folder: index.bin, passages.bin, and dense.bin for a dense stage
	// Dense is a dense encoder's folder for the second stage; "": the family's, where that
	// is installed and the collection has dense vectors, but none in one file.
	Dense   string
	NoDense bool // leave the second stage out
	// Ours says that all of this is what the repository ships: then the budget of the
	// second stage is kept or the report has an error.
	Ours bool
	// Experiments is the figures.json of trainer experiment, for the page that draws
	// it; "" leaves that page out.
	Experiments string
	Level       Level
	Cache       string // folder for compressed files, "" for none
	// Log is told what is being done, a line at a time; nil for silence.
	Log func(format string, args ...any)
}

// A file of the folder, as it will be written.
type file struct {
	name    string // logical: "boot.js", "encoder/config.json"
	path    string // "app/boot.0123456789abcdef.js"
	content []byte
	small   [2][]byte // Brotli, gzip; nil where it gains nothing
	later   bool      // loaded only when it is asked for
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
	files, err := contents(ctx, o, false)
	if err != nil {
		return nil, err
	}
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
	if err := write(o.Out, slices.Concat(files, hosting())); err != nil {
		return nil, err
	}
	return report(o, files), nil
}

// contents gives the folder's files, nothing yet compressed. What would be pages of
// their own, the experiments and the model cards, one file does without.
func contents(ctx context.Context, o Options, oneFile bool) ([]file, error) {
	if oneFile && o.Dense == "" {
		o.NoDense = true // it would double the file
	}
	list, data, err := readData(ctx, o)
	if err != nil {
		return nil, err
	}
	if oneFile {
		o.Experiments = ""
		if list != nil {
			for i := range list.Levels {
				list.Levels[i].Card = ""
			}
			if list.Dense != nil {
				list.Dense.Card = ""
			}
		}
	}
	site, err := manifest(list, data)
	if err != nil {
		return nil, err
	}
	data = once(data)
	program, err := personal(o.App, o.Title, o.Examples)
	if err != nil {
		return nil, err
	}
	if program, err = withExperiments(program, o.Experiments); err != nil {
		return nil, err
	}
	if program, err = withCards(program, o.Encoder, list); err != nil {
		return nil, err
	}
	app, err := render(program, file{name: "site.json", path: "site.json", content: site}, data)
	return append(app, data...), err
}

// once leaves out what is there already under another name: levels may have the same
// weights.
func once(data []file) []file {
	var stored []file
	at := map[string]int{}
	for _, f := range data {
		if i, ok := at[f.path]; ok {
			stored[i].later = stored[i].later && f.later
			continue
		}
		at[f.path] = len(stored)
		stored = append(stored, f)
	}
	return stored
}

// readData reads what site.json lists, and the family's list; nil where o.Encoder is
// no family's folder, or one of a single level, which is then published alone, and there
// is no dense stage. o.Collection is a collection's folder or a zip archive of one. A
// manifest, where there is one, must agree with its files.
func readData(ctx context.Context, o Options) (*family.Family, []file, error) {
	encoder, texts := o.Encoder, o.Collection
	var files []file
	add := func(name string, from fs.FS, dir, what string) error {
		content, err := fs.ReadFile(from, path.Base(name))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is missing: %s is not %s", filepath.Join(dir, path.Base(name)), dir, what)
		}
		files = append(files, file{name: name, path: "data/" + hash16(content) + "." + path.Base(name), content: content})
		return err
	}
	const anEncoder = "an encoder's folder; `parley quantize` makes one"
	encoders, err := collection.OpenEncoders(encoder)
	if err != nil {
		return nil, nil, err
	}
	list, base := encoders.List, encoder
	if list != nil {
		l, err := list.Level(list.Base)
		if err != nil {
			return nil, nil, err
		}
		base = filepath.Join(encoder, l.Folder)
	}
	for _, name := range []string{"encoder/config.json", "encoder/model.safetensors", "encoder/vocab.txt"} {
		if err := add(name, os.DirFS(base), base, anEncoder); err != nil {
			return nil, nil, err
		}
	}
	const aCollection = "a collection's folder; `parley index` makes one"
	collected, err := collection.Files(texts)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s is missing: it is not %s", texts, aCollection)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, name := range []string{"collection/index.bin", "collection/passages.bin"} {
		if err := add(name, collected, texts, aCollection); err != nil {
			return nil, nil, err
		}
	}
	stored := files[len(files)-1].content // passages.bin
	dense, folder, err := second(o, encoders, collected)
	if err != nil {
		return nil, nil, err
	}
	if list != nil && len(list.Levels) == 1 && dense == nil {
		list = nil
	}
	if list != nil {
		for _, l := range list.Levels {
			if l.Name == list.Base {
				continue
			}
			// A level that does not fit its base must not be found out by a visitor.
			if _, err := encoders.Level(l.Name); err != nil {
				return nil, nil, err
			}
			for _, name := range []string{"config.json", "model.safetensors"} {
				dir := filepath.Join(encoder, l.Folder)
				if err := add("levels/"+l.Name+"/"+name, os.DirFS(dir), dir, anEncoder); err != nil {
					return nil, nil, err
				}
				files[len(files)-1].later = l.Name != list.Default
			}
		}
	}
	store, err := passages.Open(stored)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", texts, err)
	}
	if warning, err := encoders.Foreign(store.About()); err != nil {
		return nil, nil, fmt.Errorf("%s and %s: %w", encoder, texts, err)
	} else if warning != "" && o.Log != nil {
		o.Log("warning: %s: %s", texts, warning)
	}
	folders := map[string]fs.FS{encoder: os.DirFS(encoder), texts: collected}
	if dense != nil {
		if list == nil {
			if list, err = single(encoders); err != nil {
				return nil, nil, err
			}
		}
		folders[folder] = os.DirFS(folder)
		begin := len(files)
		for _, f := range []struct {
			name string
			from fs.FS
			dir  string
		}{{"dense/config.json", folders[folder], folder}, {"dense/model.safetensors", folders[folder], folder}, {"collection/" + collect.DenseFile, collected, texts}} {
			if err := add(f.name, f.from, f.dir, anEncoder); err != nil {
				return nil, nil, err
			}
		}
		if o.Level != None { // now, since the page says beforehand what will be loaded
			if err := compress(ctx, files[begin:], o.Level, o.Cache); err != nil {
				return nil, nil, err
			}
		}
		for i := range files[begin:] {
			f := &files[begin+i]
			f.later = true
			if dense.Bytes += len(f.content); f.small[0] != nil {
				dense.Bytes -= len(f.content) - len(f.small[0])
			}
		}
	}
	if list != nil {
		list.Dense = dense
	}
	for dir, from := range folders {
		raw, err := fs.ReadFile(from, "manifest.json")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		m, err := bundle.Parse(raw)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", filepath.Join(dir, "manifest.json"), err)
		}
		if err := m.Verify(from); err != nil {
			return nil, nil, fmt.Errorf("%s is not whole: %w; make it again", dir, err)
		}
	}
	return list, files, nil
}

var experiments = regexp.MustCompile(`(?s)<!-- experiments -->.*<!-- /experiments -->\n?`)

// withExperiments adds the figures, or takes their page away.
func withExperiments(program App, figures string) (App, error) {
	program = maps.Clone(program)
	if figures == "" {
		for _, name := range []string{"experiments.html", "experiments.css", "experiments.js"} {
			delete(program, name)
		}
		program["index.html"] = experiments.ReplaceAllLiteral(program["index.html"], nil)
		return program, nil
	}
	content, err := os.ReadFile(figures)
	if err == nil && !json.Valid(content) {
		err = fmt.Errorf("%s is no JSON; `trainer experiment --report` writes it", figures)
	}
	program["experiments.json"] = content
	return program, err
}

// withCards adds the levels' model cards to the program.
func withCards(program App, encoder string, list *family.Family) (App, error) {
	if list == nil {
		return program, nil
	}
	program = maps.Clone(program)
	for _, l := range list.Levels {
		if l.Card == "" {
			continue
		}
		card, err := os.ReadFile(filepath.Join(encoder, filepath.FromSlash(l.Card)))
		if err != nil {
			return nil, fmt.Errorf("the card of level %s: %w", l.Name, err)
		}
		program[cardPath(l.Name)] = card
	}
	if list.Dense != nil && list.Dense.Card != "" {
		// Its folder need not be the family's: the path is as it stands.
		card, err := os.ReadFile(list.Dense.Card)
		if err != nil {
			return nil, fmt.Errorf("the card of the dense encoder: %w", err)
		}
		program[denseCard] = card
	}
	return program, nil
}

func cardPath(level string) string { return "cards/" + level + ".txt" }

// denseCard is no level's: their names have no slash.
const denseCard = "cards/dense/card.txt"

// manifest is site.json.
func manifest(list *family.Family, data []file) ([]byte, error) {
	var files []bundle.File
	for _, f := range data {
		files = append(files, bundle.Of(f.name, f.path, f.content))
	}
	m, err := bundle.New(files)
	if err != nil || list == nil {
		return m.Encode(), err
	}
	site := struct {
		*bundle.Manifest
		Family family.Family `json:"family"`
	}{m, *list}
	site.Family.Levels = slices.Clone(list.Levels)
	for i := range site.Family.Levels {
		l := &site.Family.Levels[i]
		l.Folder = ""
		if l.Card != "" {
			l.Card = cardPath(l.Name)
		}
	}
	if d := list.Dense; d != nil {
		copied := *d
		copied.Folder, copied.Passages = "", ""
		if d.Card != "" {
			copied.Card = denseCard
		}
		site.Family.Dense = &copied
	}
	content, err := json.MarshalIndent(site, "", "  ")
	return append(content, '\n'), err
}

// precache is the list in sw.js: [path, bytes, SHA-256] of every file but sw.js
// itself, those apart that are loaded later, and a version that changes with any.
func precache(files []file) (string, error) {
	var list []bundle.File
	later := map[string]bool{}
	for _, f := range files {
		list = append(list, bundle.Of(f.path, f.path, f.content))
		later[f.path] = f.later
	}
	m, err := bundle.New(list)
	if err != nil {
		return "", err
	}
	out := struct {
		Version string   `json:"version"`
		Files   [][3]any `json:"files"`
		Later   [][3]any `json:"later"`
	}{Version: m.Version, Later: [][3]any{}}
	for _, f := range m.Files {
		to := &out.Files
		if later[f.Path] {
			to = &out.Later
		}
		*to = append(*to, [3]any{f.Path, f.Bytes, f.SHA256})
	}
	b, err := json.Marshal(out)
	return string(b), err
}
