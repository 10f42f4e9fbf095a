// Package publish writes the folder that a static host serves: the page, its WebAssembly
// programs, an encoder and a collection.
//
//	index.html  sw.js  site.json  manifest.webmanifest  icons  LICENSE  NOTICE
//	parley.js  parley.json   the folder as an ES module, for other pages and for Node
//	app/NAME.HASH16.EXT    the program: scripts, styles, WebAssembly
//	data/HASH16.NAME       what it searches with and in: encoder, index (in two halves, early.go), texts
//	_headers  hosting/     for hosts: headers to send (hosting.go)
//	embed.json             origins whose pages may show this one in a frame
//
// HASH16 is the first 16 hex digits of the file's SHA-256, so the content of such a name
// never changes and may be cached forever. All other files have fixed names, and browsers
// must check them for changes. site.json is the manifest (shared/bundle) of the files that
// the worker loads; it contains the list of the family of encoders (shared/family), if
// there is one, under "family". Model cards are cards/LEVEL.html. sw.js contains the list
// of all files, which the service worker verifies before a new version replaces the old
// one. Files that are loaded only on request are listed separately there: levels other
// than the base and the default, and the dense stage, which is its encoder and the
// collection's dense vectors (second.go). All paths are relative, so the folder works
// under any address. Beside each file that compresses well are copies compressed with
// Brotli (".br") and gzip (".gz").
//
// The bytes depend only on the inputs and the Go toolchain. A rebuilt folder keeps the
// files in app and data of the version before, for pages that were loaded just before.
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
	"strings"

	"parley/shared/bundle"
	"parley/shared/collect"
	"parley/shared/family"
	"parley/shared/passages"
	"parley/site/collection"
)

// Options of Build.
type Options struct {
	Out   string // the folder to write; a folder that Build wrote is replaced
	Title string // of the page; "" keeps the built-in one
	App   App
	// Examples are the conversations offered on the page, each a list of questions. nil
	// keeps the page's own, which suit the built-in collection; an empty list removes
	// them.
	Examples [][]string
	Encoder  string // folder: config.json, model.safetensors, vocab.txt; or a family's
	// EncoderFlag is what a command must say to use the same encoder, after --encoder; ""
	// where it need not say anything.
	EncoderFlag string
	Collection  string // folder: index.bin, passages.bin, and dense.bin for a dense stage
	// Engine takes the place of Collection where a search engine holds the collection.
	Engine *Engine
	// Dense is a dense encoder's folder for the second stage. "" means the family's, if it
	// is installed and the collection has dense vectors; in a single file it means none.
	Dense   string
	NoDense bool // leave the second stage out
	// Parts publishes the collection in parts, of which a question fetches what it needs.
	Parts bool
	// Widget leaves out the page, and all that <parley-search> does not load (package.go).
	Widget bool
	// Ours says that everything published is what the repository ships; then the report
	// has an error where the second stage exceeds its budget.
	Ours bool
	// Experiments is the figures.json of trainer experiment, for the page that draws it;
	// "" leaves out that page.
	Experiments string
	// Embed lists the origins whose pages may show this one in a frame (serve.Origin).
	Embed []string
	Level Level
	Cache string // folder for compressed files, "" for none
	// Log is called with each step, as one line; nil for no output.
	Log func(format string, args ...any)
	// Progress is called with the bytes that are compressed, and how many there are.
	Progress func(done, total int64)
}

// A file of the folder to be written.
type file struct {
	name    string // logical: "boot.js", "encoder/config.json"
	path    string // "app/boot.0123456789abcdef.js"
	content []byte
	small   [2][]byte // Brotli, gzip; nil where compression gains nothing
	later   bool      // loaded only on request
	part    bool      // of a collection in parts: not in site.json, and not compressed again
}

// Build writes the folder and returns a report of its contents. Nothing in an older folder
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
		if err := compress(ctx, files, o.Level, o.Cache, o.Progress); err != nil {
			return nil, err
		}
	}
	first, err := sayFirst(files)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	log("writing %s", o.Out)
	whole := files
	if !o.Widget { // which lies in a folder of a site that has its own headers
		whole = slices.Concat(files, hosting(o.Embed))
	}
	if err := write(o.Out, whole); err != nil {
		return nil, err
	}
	return report(o, files, first), nil
}

// contents returns the folder's files, not yet compressed. A single file has no pages
// beside it, so it leaves out the experiments and the model cards.
func contents(ctx context.Context, o Options, oneFile bool) ([]file, error) {
	if oneFile && o.Dense == "" {
		o.NoDense = true // it would double the file's size
	}
	if o.Parts && oneFile {
		return nil, errOneFileInParts
	}
	list, data, err := readData(ctx, o)
	if err != nil {
		return nil, err
	}
	data, others := splitParts(data)
	if !oneFile && !o.Widget {
		if data, err = withWordsApart(data); err != nil {
			return nil, err
		}
	}
	if o.Widget && list != nil {
		list.Levels = slices.DeleteFunc(list.Levels, func(l family.Level) bool { return l.Name != list.Base && l.Name != list.Default })
	}
	cards, err := readCards(o.Encoder, list)
	if err != nil {
		return nil, err
	}
	about := describe(list, cards)
	if oneFile || o.Widget {
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
	all := data
	if data = once(data); o.Level != None && !oneFile { // now, since site.json says what is sent
		if err := compress(ctx, data, o.Level, o.Cache, nil); err != nil {
			return nil, err
		}
	}
	site, err := manifest(list, all, data)
	if err != nil {
		return nil, err
	}
	program, err := withEngine(o.App, o.Engine != nil)
	if err != nil {
		return nil, err
	}
	program, err = withParts(program, o.Parts)
	if err != nil {
		return nil, err
	}
	program, err = personal(program, o.Title, o.Examples)
	if err != nil {
		return nil, err
	}
	if program, err = withExperiments(program, o.Experiments); err != nil {
		return nil, err
	}
	if err = withCards(program, list, cards, about); err != nil {
		return nil, err
	}
	if o.Widget {
		if program, err = widget(program); err != nil {
			return nil, err
		}
	} else {
		delete(program, widgetPage)
	}
	app, err := render(program, file{name: "site.json", path: "site.json", content: site}, data)
	return slices.Concat(app, data, others), err
}

// once leaves out files whose content is already there under another name: levels may have
// the same weights.
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

// readData reads the files that site.json lists, and the family's list. The list is nil
// where o.Encoder is not a family's folder, or the family has a single level, which is
// then published alone, and there is no dense stage. o.Collection is a collection's folder
// or a zip archive of one. A manifest, if there is one, must match its files.
func readData(ctx context.Context, o Options) (*family.Family, []file, error) {
	encoder, texts := o.Encoder, o.Collection
	var files []file
	add := func(name string, from fs.FS, dir, what string) error {
		content, err := fs.ReadFile(from, path.Base(name))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is missing: %s is not %s", filepath.Join(dir, path.Base(name)), dir, what)
		}
		files = append(files, inData(name, content))
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
	var collected fs.FS
	var stored []byte // passages.bin
	if o.Engine != nil {
		files = append(files, o.Engine.files()...)
		stored, texts = o.Engine.About, "the engine's collection"
		o.NoDense = true // its vectors would have to be here
	} else {
		const aCollection = "a collection's folder; `parley index` makes one"
		if collected, err = collection.Files(texts); errors.Is(err, fs.ErrNotExist) {
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
		stored = files[len(files)-1].content
	}
	if o.Parts {
		inParts, err := cutCollection(files[len(files)-2].content, stored)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", texts, err)
		}
		files = append(files[:len(files)-2], inParts...)
		o.NoDense = true // all vectors would have to be there
	}
	dense, folder, denseFiles, err := second(o, encoders, collected)
	if err != nil {
		return nil, nil, err
	}
	if list != nil && len(list.Levels) == 1 && dense == nil {
		list = nil
	}
	if list != nil {
		for _, l := range list.Levels {
			if l.Name == list.Base || o.Widget && l.Name != list.Default {
				continue
			}
			// A level that does not fit its base must fail here, not at a visitor's.
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
	folders := map[string]fs.FS{encoder: os.DirFS(encoder)}
	if collected != nil {
		folders[texts] = collected
	}
	if dense != nil {
		if list == nil {
			if list, err = single(encoders); err != nil {
				return nil, nil, err
			}
		}
		folders[folder] = os.DirFS(folder)
		begin := len(files)
		for _, name := range denseFiles {
			if err := add("dense/"+name, folders[folder], folder, anEncoder); err != nil {
				return nil, nil, err
			}
		}
		if err := add("collection/"+collect.DenseFile, collected, texts, anEncoder); err != nil {
			return nil, nil, err
		}
		if o.Level != None { // now, since the page states the size of the download
			if err := compress(ctx, files[begin:], o.Level, o.Cache, nil); err != nil {
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

// inData returns a file that is named by its content.
func inData(name string, content []byte) file {
	return file{name: name, path: "data/" + hash16(content) + "." + path.Base(name), content: content}
}

var experiments = regexp.MustCompile(`(?s)<!-- experiments -->.*<!-- /experiments -->\n?`)

// withExperiments adds the figures, or removes their page.
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
	if err != nil {
		return nil, err
	}
	data := map[string]json.RawMessage{}
	if err := json.Unmarshal(content, &data); err != nil {
		return nil, fmt.Errorf("%s is no JSON; `trainer experiment --report` writes it: %w", figures, err)
	}
	// Beside the figures there may be what was found, and the course of a training.
	for key, name := range map[string]string{"claims": "claims.json", "course": "course.jsonl"} {
		at := filepath.Join(filepath.Dir(figures), name)
		content, err := os.ReadFile(at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if path.Ext(name) == ".jsonl" {
			content = []byte("[" + strings.Join(strings.Split(strings.TrimSpace(string(content)), "\n"), ",") + "]")
		}
		if !json.Valid(content) {
			return nil, fmt.Errorf("%s is damaged: its lines are no JSON", at)
		}
		data[key] = content
	}
	program["experiments.json"], err = json.Marshal(data)
	return program, err
}

// manifest returns site.json. It lists all, and says what stored takes when it is sent.
func manifest(list *family.Family, all, stored []file) ([]byte, error) {
	var files []bundle.File
	for _, f := range all {
		files = append(files, bundle.Of(f.name, f.path, f.content))
	}
	m, err := bundle.New(files)
	if err != nil {
		return nil, err
	}
	site := struct {
		*bundle.Manifest
		// By path, of files that are sent compressed: their bytes in Brotli, in gzip.
		Sent   map[string][2]int `json:"sent,omitempty"`
		Family *family.Family    `json:"family,omitempty"`
	}{m, map[string][2]int{}, nil}
	for _, f := range stored {
		if f.small[0] != nil && f.small[1] != nil {
			site.Sent[f.path] = [2]int{len(f.small[0]), len(f.small[1])}
		}
	}
	if list != nil {
		published := *list
		site.Family = &published
		published.Levels = slices.Clone(list.Levels)
		for i := range published.Levels {
			l := &published.Levels[i]
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
			published.Dense = &copied
		}
	}
	content, err := json.MarshalIndent(site, "", "  ")
	return append(content, '\n'), err
}

// precache returns the list in sw.js: [path, bytes, SHA-256] of every file except sw.js
// itself and entries, separately for the levels that a visit does not begin with and for
// what else is loaded later, and a version that changes with any of them.
func precache(files []file) (string, error) {
	var list []bundle.File
	later, level := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		if slices.Contains(entries, f.name) {
			continue
		}
		list = append(list, bundle.Of(f.path, f.path, f.content))
		later[f.path] = f.later || slices.Contains(packaged, f.name)
		level[f.path] = strings.HasPrefix(f.name, "levels/")
	}
	m, err := bundle.New(list)
	if err != nil {
		return "", err
	}
	out := struct {
		Version string   `json:"version"`
		Files   [][3]any `json:"files"`
		Levels  [][3]any `json:"levels"`
		Later   [][3]any `json:"later"`
	}{Version: m.Version, Levels: [][3]any{}, Later: [][3]any{}}
	for _, f := range m.Files {
		to := &out.Files
		switch {
		case later[f.Path] && level[f.Path]:
			to = &out.Levels
		case later[f.Path]:
			to = &out.Later
		}
		*to = append(*to, [3]any{f.Path, f.Bytes, f.SHA256})
	}
	b, err := json.Marshal(out)
	return string(b), err
}
