// Package bundle is the manifest of a set of files: which files belong together, how large
// they are, and the SHA-256 of each. No file of a set should be used before all of them
// verify.
//
//	{
//	  "version": "<first 16 hex digits of the SHA-256 of the list>",
//	  "files": [
//	    {"name": "index", "path": "vital/index.bin", "bytes": 123, "sha256": "<64 hex digits>"}
//	  ]
//	}
//
// A file's name says what it is for and stays the same from version to version; its path
// says where it is, relative to the manifest's folder.
package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// A File is one file of a set.
type File struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // 64 hex digits, lower case
}

// A Manifest lists a set of files, in order. Its version is computed from the list, so it
// changes with any of the files.
type Manifest struct {
	Version string `json:"version"`
	Files   []File `json:"files"`
}

// An Error says what is wrong with a file of a set, or with the manifest itself.
type Error struct {
	Name, Path string // both empty: the manifest itself
	Err        error
}

func (e *Error) Error() string {
	switch {
	case e.Name == "" && e.Path == "":
		return "bundle: manifest: " + e.Err.Error()
	case e.Name == e.Path:
		return fmt.Sprintf("bundle: %q: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("bundle: %q (%q): %v", e.Path, e.Name, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

func (f File) err(format string, args ...any) error {
	return &Error{f.Name, f.Path, fmt.Errorf(format, args...)}
}

// Of returns the entry of a file with the given content.
func Of(name, path string, content []byte) File {
	sum := sha256.Sum256(content)
	return File{Name: name, Path: path, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}

// New returns the manifest of a list of files. An error is an *Error.
func New(files []File) (*Manifest, error) {
	m := &Manifest{Files: append([]File{}, files...)}
	if err := m.check(); err != nil {
		return nil, err
	}
	m.Version = m.version()
	return m, nil
}

// OfFiles returns the manifest of files by name, sorted; each is in the folder under its
// name. An error is an *Error.
func OfFiles(content map[string][]byte) (*Manifest, error) {
	var files []File
	for _, name := range slices.Sorted(maps.Keys(content)) {
		files = append(files, Of(name, name, content[name]))
	}
	return New(files)
}

// Parse reads a manifest. It refuses unknown or missing fields, a path that leads out of
// the folder or cannot stand in a URL, impossible sizes or sums, a name given twice, a
// path given twice with different contents, and a version that is not the list's. An error
// is an *Error.
func Parse(data []byte) (*Manifest, error) {
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, &Error{Err: fmt.Errorf("byte %d: %w", d.InputOffset(), err)}
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, &Error{Err: fmt.Errorf("byte %d: more follows", d.InputOffset())}
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	if v := m.version(); m.Version != v {
		return nil, &Error{Err: fmt.Errorf("version %q, but that of the list is %q", m.Version, v)}
	}
	return &m, nil
}

// Encode returns the manifest as JSON; equal lists give equal bytes.
func (m *Manifest) Encode() []byte {
	// Marshal cannot fail on strings and numbers that check accepts.
	data, _ := json.MarshalIndent(m, "", "  ")
	return append(data, '\n')
}

func (m *Manifest) check() error {
	names, paths := map[string]bool{}, map[string]File{}
	for i, f := range m.Files {
		// Two names may have one path: equal contents may be stored once.
		other, again := paths[f.Path]
		switch {
		case f.Name == "":
			return f.err("file %d has no name", i)
		case !plain(f.Name):
			return f.err("file %d: the name holds a control character, or is not UTF-8", i)
		case names[f.Name]:
			return f.err("the name is given twice")
		case again && (other.Bytes != f.Bytes || other.SHA256 != f.SHA256):
			return f.err("the path is given twice, for other contents")
		case f.Path == ".", !fs.ValidPath(f.Path):
			return f.err("not a path within the folder: no leading or trailing slash, no empty part, no . or ..")
		case !plain(f.Path), strings.ContainsAny(f.Path, `\:?#%`):
			return f.err(`the path holds a control character or one of \ : ? # %%`)
		case f.Bytes < 0:
			return f.err("%d bytes", f.Bytes)
		case !isSum(f.SHA256):
			return f.err("the SHA-256 %q is not 64 hex digits in lower case", f.SHA256)
		}
		names[f.Name], paths[f.Path] = true, f
	}
	return nil
}

func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func isSum(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// version hashes the list, one line per file; no field contains a line feed or NUL.
func (m *Manifest) version() string {
	h := sha256.New()
	for _, f := range m.Files {
		fmt.Fprintf(h, "%s\x00%s\x00%d\x00%s\n", f.Name, f.Path, f.Bytes, f.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Total returns the size of all files together, in bytes.
func (m *Manifest) Total() int64 {
	var sum int64
	for _, f := range m.Files {
		sum += f.Bytes
	}
	return sum
}

// File returns the file of that name, and whether there is one.
func (m *Manifest) File(name string) (File, bool) {
	for _, f := range m.Files {
		if f.Name == name {
			return f, true
		}
	}
	return File{}, false
}

// Verify's *Error wraps ErrSize or ErrSum.
var (
	ErrSize = errors.New("wrong size")
	ErrSum  = errors.New("wrong SHA-256")
)

// Verify checks content against the list. An error is an *Error that wraps
// ErrSize or ErrSum.
func (f File) Verify(content []byte) error {
	if n := int64(len(content)); n != f.Bytes {
		return f.err("%w: %d bytes, the manifest says %d", ErrSize, n, f.Bytes)
	}
	if got := Of(f.Name, f.Path, content); got.SHA256 != f.SHA256 {
		return f.err("%w: %s, the manifest says %s", ErrSum, got.SHA256, f.SHA256)
	}
	return nil
}

// Verify reads every file of the set from its folder. It returns an *Error for each file
// that is missing or differs, joined, or nil.
func (m *Manifest) Verify(folder fs.FS) error {
	var all []error
	for _, f := range m.Files {
		content, err := fs.ReadFile(folder, f.Path)
		if err != nil {
			all = append(all, &Error{f.Name, f.Path, err})
			continue
		}
		all = append(all, f.Verify(content))
	}
	return errors.Join(all...)
}
