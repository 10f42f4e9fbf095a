package publish

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
)

// description is where parley.js begins (site/web/api.js): it names the workers of the
// folder, their programs and site.json, with the SHA-256 of each. No page of the folder
// loads it.
const description = "parley.json"

// entries have fixed names, since other pages name them, and are no part of the page, so
// the service worker does not keep them.
var entries = []string{description, "parley.js", "parley-search.js"}

// packaged are the files of the program that only users of parley.js load.
var packaged = append([]string{"parley-api.js"}, entries...)

// sayFirst writes into parley.json how many bytes a first question loads, as served.
func sayFirst(files []file) (sum int, err error) {
	for _, f := range files {
		if path.Dir(f.path) == "data" && !f.later && !f.part || slices.Contains([]string{"worker.js", "worker.wasm", "kernel.wasm", "parley-api.js", "site.json"}, f.name) {
			sum += f.served()
		}
	}
	for i := range files {
		f := &files[i]
		if f.name != description {
			continue
		}
		said := bytes.Replace(f.content, []byte(`"first": 0`), fmt.Appendf(nil, `"first": %d`, sum), 1)
		if bytes.Equal(said, f.content) {
			return sum, fmt.Errorf("site/web/%s has no place for the size of a first use", description)
		}
		f.content, f.small = said, [2][]byte{} // too small to be worth compressing
	}
	return sum, nil
}

// WidgetMarkup is what a site's pages have to contain.
const WidgetMarkup = `  <script type="module" src="/search/parley-search.js"></script>
  <parley-search></parley-search>
`

// widgetPage shows the widget; it is the index.html of a folder for it.
const widgetPage = "widget.html"

var documentsProgram = regexp.MustCompile(`(?s),\s*"files": \{.*?\n  \}`)

// widget returns what a site needs for <parley-search>: of the page's program only what
// answers.
func widget(app App) (App, error) {
	small := App{}
	for _, name := range []string{"parley-search.js", "parley-api.js", "parley.js", description, "worker.js", "worker.wasm", "kernel.wasm", "kernel-relaxed.wasm", "LICENSE", "NOTICE"} {
		content, ok := app[name]
		if !ok {
			return nil, fmt.Errorf("the program has no %s, which the widget needs; build it again from Parley's repository", name)
		}
		small[name] = content
	}
	small[description] = documentsProgram.ReplaceAll(app[description], nil)
	small["index.html"] = app[widgetPage]
	return small, nil
}

// served returns the bytes of a file as a host sends it.
func (f *file) served() int {
	if f.small[0] != nil {
		return len(f.small[0])
	}
	return len(f.content)
}
