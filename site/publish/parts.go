package publish

import (
	"errors"
	"maps"
	"os"
	"path/filepath"

	inverted "parley/shared/index"
	"parley/shared/parts"
	"parley/shared/passages"
)

// A collection in parts (shared/parts) is data/NAME.part for each part. site.json lists what
// a visit loads first: parts/parts.bin, and the first part.

// partPath returns the path of a part.
func partPath(name string) string { return "data/" + name + ".part" }

// cutCollection returns a collection in parts: the files of site.json, then all other
// parts.
func cutCollection(indexed, stored []byte) ([]file, error) {
	x, err := inverted.Open(indexed)
	if err != nil {
		return nil, err
	}
	p, err := passages.Open(stored)
	if err != nil {
		return nil, err
	}
	var files []file
	directory, err := parts.Write(x, p, parts.Default, func(name string, content []byte) error {
		files = append(files, file{name: "parts/" + name, path: partPath(name), content: content, part: true})
		return nil
	})
	if err != nil {
		return nil, err
	}
	files = append(files, file{name: "parts/parts.bin", path: "data/" + hash16(directory) + ".parts.bin", content: directory})
	s, err := parts.Open(directory)
	if err != nil {
		return nil, err
	}
	first := ""
	s.Parts(func(name string, _ int) {
		if first == "" {
			first = "parts/" + name
		}
	})
	for i := range files {
		if files[i].name == first {
			files[i].part = false
		}
	}
	return files, nil
}

// splitParts separates the parts of a collection from the files of site.json.
func splitParts(data []file) (listed, others []file) {
	for _, f := range data {
		if f.part {
			others = append(others, f)
		} else {
			listed = append(listed, f)
		}
	}
	return listed, others
}

// partsSay is what the page says where nothing leaves it, and what holds where parts are
// fetched.
var partsSay = said{
	kept: `'Ready to work offline, for what was fetched.'`,
	promises: [][2]string{{
		`Conversational search that runs wholly in this browser tab: nothing you type leaves it.`,
		`Conversational search that runs in this browser tab, over a collection of which it fetches the parts that a question needs.`,
	}, {
		`<strong>Nothing you type leaves this page.</strong>`,
		`<strong>What you type stays in this page.</strong> Its host sees which parts of the collection a question needs, and can guess from them what it is about, unless all parts are kept.`,
	}},
}

// partsProgram is the program of a worker that searches in parts.
const partsProgram = "parts.wasm"

// withParts returns the program with all that a collection in parts needs, or without.
func withParts(app App, wanted bool) (App, error) {
	app = maps.Clone(app)
	page, style, worker, program := app["parts.js"], app["parts.css"], app["parts-worker.js"], app[partsProgram]
	for _, name := range []string{"parts.js", "parts.css", "parts-worker.js", partsProgram} {
		delete(app, name)
	}
	if !wanted {
		return app, nil
	}
	if page == nil || style == nil || worker == nil || program == nil {
		return nil, errors.New("these programs search in a whole collection alone; those that are built from the sources, or that a release of parley carries, search in parts, too")
	}
	if err := app.say(partsSay); err != nil {
		return nil, err
	}
	app["boot.js"] = append(app["boot.js"], page...)
	app["style.css"] = append(append([]byte{}, app["style.css"]...), style...)
	app["worker.js"], app["worker.wasm"] = worker, program
	return app, nil
}

// keptParts returns the paths of the parts that belong to the version in out, given its
// sw.js.
func keptParts(out string, sw []byte) map[string]bool {
	kept := map[string]bool{}
	names, _ := filepath.Glob(filepath.Join(out, "data", "*.parts.bin"))
	for _, name := range names {
		if !current(sw, "data/"+filepath.Base(name)) {
			continue
		}
		directory, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if s, err := parts.Open(directory); err == nil {
			s.Parts(func(name string, _ int) { kept[partPath(name)] = true })
		}
	}
	return kept
}

var errOneFileInParts = errors.New("a single file cannot be fetched in parts; leave out --parts or --one-file")
