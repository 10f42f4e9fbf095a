package collection

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/documents"
	"parley/site/pdfium"
)

// ErrNoSuchPath is wrapped by the error for a path that does not exist.
var ErrNoSuchPath = errors.New("no such file or folder")

// Read reads documents from files and, recursively and in the order of their names, from
// folders. It calls note for everything that is left out. Documents of a single folder are
// named by their path within it, those of several paths by the path as given.
//
// urlPrefix, unless empty, gives documents without a link of their own one: the prefix and
// their path. o.Site gives all of them one, cuts them into sections, and leaves out files
// that are no pages.
//
// Within folders, Read leaves out the files that documents.Skip names, links to folders,
// and collections made by this program. A file that is reached twice, by a link or by two
// paths, is read once. A file whose name has no extension is plain text, unless o.Kind
// says otherwise. A ZIM archive is read article by article, whatever o.Kind says.
func Read(paths []string, o documents.Options, urlPrefix string, note func(documents.Note)) (iter.Seq[documents.Document], error) {
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("%s: %w", p, ErrNoSuchPath)
			}
			return nil, err
		}
	}
	o.URLPrefix, o.PDF = urlPrefix, pdfium.Open
	return func(yield func(documents.Document) bool) {
		seen := map[string]string{} // names by the files' resolved paths
		one := func(name, at string, o documents.Options) bool {
			if real, err := filepath.EvalSymlinks(at); err == nil {
				if absolute, err := filepath.Abs(real); err == nil {
					if first, ok := seen[absolute]; ok {
						note(documents.Note{File: name, Why: "the same file as " + first + "; it was read once", Kept: true})
						return true
					}
					seen[absolute] = name
				}
			}
			open := openFile
			if IsZIM(name) {
				open, o.Kind = openZIM, documents.ZIM
			}
			if o.Kind == "" && path.Ext(strings.TrimSuffix(name, ".gz")) == "" {
				o.Kind = documents.Text
			}
			f, err := open(at)
			if err != nil {
				note(documents.Note{File: name, Why: err.Error()})
				return true
			}
			defer f.Close()
			for d, n := range documents.Stream(name, f, o) {
				if n != nil {
					note(*n)
					continue
				}
				d.File = name
				switch {
				case o.Site != "" && isBeside(name, at, d.Latest):
					note(documents.Note{File: name, Why: "of another version than " + d.Latest})
					continue
				case o.Site != "":
					d.URL = o.Site + documents.EscapePath(address(name))
				case d.URL == "" && urlPrefix != "":
					d.URL = urlPrefix + documents.EscapePath(d.ID)
				}
				if o.Site != "" {
					sections := documents.Sections(d)
					if len(sections) == 0 {
						note(documents.Note{File: name, Why: "a list of other pages"})
					}
					for _, s := range sections {
						if !yield(s) {
							return false
						}
					}
					continue
				}
				if !yield(d) {
					return false
				}
			}
			return true
		}
		for _, p := range paths {
			given := path.Clean(filepath.ToSlash(p))
			info, err := os.Stat(p)
			if err != nil {
				note(documents.Note{File: given, Why: err.Error()})
				continue
			}
			if !info.IsDir() && !info.Mode().IsRegular() {
				note(documents.Note{File: given, Why: "not a file: a pipe or a device"})
				continue
			}
			if !info.IsDir() {
				name := given
				if len(paths) == 1 {
					name = path.Base(given)
				}
				if !one(name, p, o) {
					return
				}
				continue
			}
			stopped := false
			err = fs.WalkDir(os.DirFS(p), ".", func(in string, d fs.DirEntry, err error) error {
				name := in
				if len(paths) > 1 {
					name = path.Join(given, in)
				}
				if err != nil {
					note(documents.Note{File: name, Why: err.Error()})
					return nil
				}
				at := filepath.Join(p, filepath.FromSlash(in))
				why := ""
				if in != "." {
					why = documents.Skip(d.Name(), d.IsDir())
				}
				switch {
				case why != "":
				case d.IsDir() && isCollection(at):
					why = "a collection that was made of documents"
				case d.IsDir() && in != "." && isPublished(at):
					why = "a folder that parley build wrote"
				case !d.IsDir() && o.Site != "" && machinery(d.Name()):
					why = "not a page, but what the site works with"
				case d.IsDir() && d.Name() == documents.Sources && in != "." && hasPages(filepath.Dir(at)):
					why = "copies of the sources of the pages beside it"
				case d.IsDir():
					return nil
				default:
					why = noFile(at)
				}
				if why == "" && laterPart.MatchString(d.Name()) && !IsZIM(d.Name()) {
					note(documents.Note{File: name, Why: "a part of an archive, read with its first, .zimaa", Kept: true})
					return nil
				}
				if why != "" {
					if d.IsDir() {
						name += "/"
					}
					note(documents.Note{File: name, Why: why})
					if d.IsDir() {
						return fs.SkipDir
					}
					return nil
				}
				if !one(name, at, o) {
					stopped = true
					return fs.SkipAll
				}
				return nil
			})
			if err != nil {
				note(documents.Note{File: given, Why: err.Error()})
			}
			if stopped {
				return
			}
		}
	}, nil
}

// isBeside reports whether the page that an address leads to, absolute within its site, is
// in the same folder as another, which is called name within that folder.
func isBeside(name, at, address string) bool {
	address, _, _ = strings.Cut(address, "#")
	if !strings.HasPrefix(address, "/") || strings.Contains(address, "..") {
		return false
	}
	root := at
	for range strings.Count(name, "/") + 1 {
		root = filepath.Dir(root)
	}
	for rest, ok := address, true; ok; { // the site may have been made for a folder
		rest = strings.Trim(rest, "/")
		for _, file := range []string{rest + "/index.html", rest + ".html", rest} {
			other := filepath.Join(root, filepath.FromSlash(file))
			if info, err := os.Stat(other); err == nil && info.Mode().IsRegular() && other != at {
				return true
			}
		}
		_, rest, ok = strings.Cut(rest, "/")
	}
	return false
}

// noFile returns why a path in a folder is not read, "" for a file or a link to one:
// reading a pipe or a device might never end, and a link to a folder may lead back to
// where it stands.
func noFile(at string) string {
	info, err := os.Stat(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "a link that leads nowhere"
	case err != nil:
		return err.Error()
	case info.IsDir():
		return "a link to a folder, which was not followed; name that folder, too"
	case !info.Mode().IsRegular():
		return "not a file: a pipe or a device"
	}
	return ""
}

// hasPages reports whether a folder contains HTML pages.
func hasPages(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return !e.IsDir() && documents.KindOf(e.Name()) == documents.HTML
	})
}

// machinery reports whether a file of a site is none that a visitor reads: lists for search
// engines, data of scripts, licences of libraries.
func machinery(name string) bool {
	switch documents.KindOf(name) {
	case "", documents.JSON, documents.JSONL, documents.CSV, documents.TSV, documents.Text, documents.Markdown:
		return true
	}
	return false
}

// address returns the path by which a site's host serves a page.
func address(name string) string {
	if dir, file := path.Split(name); file == "index.html" || file == "index.htm" {
		return dir
	}
	return name
}

// isPublished reports whether a folder was made by parley build.
func isPublished(dir string) bool { return hasFiles(dir, "parley.json", "site.json") }

// isCollection reports whether a folder was made by Build.
func isCollection(dir string) bool {
	return hasFiles(dir, "manifest.json", "index.bin", "passages.bin")
}

// hasFiles reports whether a folder has files of all these names.
func hasFiles(dir string, names ...string) bool {
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}
