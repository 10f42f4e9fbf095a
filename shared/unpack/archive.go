package unpack

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// ErrEncrypted is wrapped by the error for a zip's file that needs a password.
var ErrEncrypted = errors.New("encrypted")

// An Archive reads the files of a zip one by one, on request, by their paths.
type Archive struct {
	files map[string]*zip.File
	most  int64
	left  int64
}

// OpenArchive opens a zip archive of size bytes; most is the number of bytes to which its
// files may unpack together.
func OpenArchive(r io.ReaderAt, size, most int64) (*Archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	a := &Archive{files: map[string]*zip.File{}, most: most, left: most}
	for _, f := range z.File {
		if key := partKey(f.Name); a.files[key] == nil && !strings.HasSuffix(f.Name, "/") {
			a.files[key] = f
		}
	}
	return a, nil
}

// partKey returns the key of a file's name: programs that write documents disagree about
// capitals and slashes.
func partKey(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/"))
}

// Has reports whether the archive has a file of that name.
func (a *Archive) Has(name string) bool { return a.files[partKey(name)] != nil }

// Open reads a file. Where there is none, the error wraps fs.ErrNotExist; where the file
// needs a password, ErrEncrypted. Reading ends with ErrTooMuch at the bound.
func (a *Archive) Open(name string) (io.Reader, error) {
	f := a.files[partKey(name)]
	switch {
	case f == nil:
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	case f.Flags&1 != 0:
		return nil, fmt.Errorf("%s: %w", name, ErrEncrypted)
	}
	in, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &archived{a, name, in}, nil
}

type archived struct {
	a    *Archive
	name string
	in   io.ReadCloser
}

func (r *archived) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if r.a.left -= int64(n); r.a.left < 0 {
		return 0, fmt.Errorf("%s: %w: more than %d bytes", r.name, ErrTooMuch, r.a.most)
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", r.name, err)
	}
	if err != nil {
		r.in.Close()
	}
	return n, err
}
