package publish

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"path"
	"regexp"
	"slices"
	"strings"

	"parley/site/serve"
)

// placeholder matches {{NAME}}, where NAME is a file's logical name, which is replaced by
// its path, or one of the words that render knows. The path is relative to the folder in
// pages and scripts (both resolve it against the page), and to the file itself in style
// sheets. {{NAME integrity}} is replaced by the file's SHA-256 in the form of Subresource
// Integrity, so that each program is verified by the one that loads it, starting with
// index.html.
var placeholder = regexp.MustCompile(`\{\{([A-Za-z0-9_./-]+)( integrity)?\}\}`)

// fixed reports whether a file keeps its name, because a browser or a host asks for it by
// that name. All other files are found through these.
func fixed(name string) bool {
	switch path.Ext(name) {
	case ".html", ".webmanifest", ".png", ".svg", ".ico", ".txt", "":
		return true
	}
	return name == "sw.js" || name == "site.json" || slices.Contains(entries, name)
}

// text reports whether a file may contain placeholders.
func text(name string) bool {
	switch path.Ext(name) {
	case ".html", ".js", ".css", ".webmanifest":
		return true
	}
	return name == description
}

var (
	commentLines = regexp.MustCompile(`(?m)^[ \t]*//.*\n`)
	indentation  = regexp.MustCompile(`(?m)^[ \t]+`)
	cssComments  = regexp.MustCompile(`(?s)/\*.*?\*/\n?`)
)

// lean removes the comments from our own scripts and style sheets, which makes them a
// tenth smaller for visitors. Scripts of others keep their notices.
func lean(name string, content []byte) []byte {
	switch {
	case name == "wasm_exec.js" || name == "vugu-helper.js":
	case path.Ext(name) == ".js":
		return indentation.ReplaceAll(commentLines.ReplaceAll(content, nil), nil)
	case path.Ext(name) == ".css":
		return indentation.ReplaceAll(cssComments.ReplaceAll(content, nil), nil)
	}
	return content
}

// integrity returns the SHA-256 of content in the form of Subresource Integrity and
// policies.
func integrity(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func hash16(content []byte) string { return hash(content)[:16] }

// hashed returns the path of a file of the program: "boot.js" -> "app/boot.HASH16.js".
func hashed(name string, content []byte) string {
	ext := path.Ext(name)
	return "app/" + strings.TrimSuffix(path.Base(name), ext) + "." + hash16(content) + ext
}

// A renderer fills in placeholders. A file's path depends on its content, which depends on
// the paths of the files that it names, so each file is rendered after those it needs.
type renderer struct {
	app   App
	words map[string]string
	done  map[string]file
	open  []string // being rendered, to detect a cycle
}

// render fills in the app's placeholders and returns its files in order of their paths.
// site is site.json; data are the files that it lists. Besides files' names, CSP stands
// for the content security policy, SITE for the SHA-256 of site.json, and PRECACHE, in
// sw.js, for the list of files.
func render(app App, site file, data []file) ([]file, error) {
	r := renderer{app: app, words: map[string]string{"CSP": serve.Policy, "SITE": hash(site.content)}, done: map[string]file{site.name: site}}
	names := make([]string, 0, len(app))
	for name := range app {
		if path.Base(name) != name && !fixed(name) {
			return nil, fmt.Errorf("site/web/%s: only files of fixed names may lie in a folder", name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name == "sw.js" {
			continue
		}
		if _, err := r.file(name); err != nil {
			return nil, err
		}
	}
	files := make([]file, 0, len(r.done)+1)
	for _, f := range r.done {
		files = append(files, f)
	}
	byPath := func(a, b file) int { return cmp.Compare(a.path, b.path) }
	slices.SortFunc(files, byPath)
	if _, ok := app["sw.js"]; ok {
		list, err := precache(slices.Concat(files, data))
		if err != nil {
			return nil, err
		}
		r.words["PRECACHE"] = list
		sw, err := r.file("sw.js")
		if err != nil {
			return nil, err
		}
		files = append(files, sw)
		slices.SortFunc(files, byPath)
	}
	return files, nil
}

// file renders one file, after those whose paths it needs.
func (r *renderer) file(name string) (file, error) {
	if f, ok := r.done[name]; ok {
		return f, nil
	}
	if i := slices.Index(r.open, name); i >= 0 {
		return file{}, fmt.Errorf("site/web: these files name each other in a circle, so none can be named by content: %s", strings.Join(append(r.open[i:], name), " -> "))
	}
	r.open = append(r.open, name)
	defer func() { r.open = r.open[:len(r.open)-1] }()

	content := lean(name, r.app[name])
	if text(name) {
		var failed error
		content = placeholder.ReplaceAllFunc(content, func(match []byte) []byte {
			m := placeholder.FindSubmatch(match)
			value, err := r.value(name, string(m[1]))
			if err == nil && m[2] != nil {
				value = integrity(r.done[string(m[1])].content)
			}
			if err != nil && failed == nil {
				line := 1 + bytes.Count(r.app[name][:bytes.Index(r.app[name], match)], []byte("\n"))
				failed = fmt.Errorf("site/web/%s:%d: %w", name, line, err)
			}
			return []byte(value)
		})
		if failed != nil {
			return file{}, failed
		}
	}
	f := file{name: name, path: name, content: content, later: name == pdfium}
	if !fixed(name) {
		f.path = hashed(name, content)
	}
	r.done[name] = f
	return f, nil
}

// value returns the replacement of a placeholder in the file "in".
func (r *renderer) value(in, name string) (string, error) {
	if v, ok := r.words[name]; ok {
		return quote(in, name, v), nil
	}
	if _, ok := r.app[name]; !ok {
		if _, ok := r.done[name]; !ok {
			return "", fmt.Errorf("{{%s}}: there is no such file", name)
		}
	}
	to := name
	if !fixed(name) {
		f, err := r.file(name)
		if err != nil {
			return "", err
		}
		to = f.path
	}
	if path.Ext(in) == ".css" {
		if rest, ok := strings.CutPrefix(to, "app/"); ok {
			return rest, nil
		}
		return "../" + to, nil
	}
	return to, nil
}

// quote escapes a word for the kind of file that it goes into. PRECACHE is JavaScript
// already.
func quote(in, name, value string) string {
	if name != "PRECACHE" && path.Ext(in) == ".html" {
		return html.EscapeString(value)
	}
	return value
}
