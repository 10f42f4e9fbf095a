package collection

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"

	"parley/shared/documents"
)

// IsZIM reports whether a file has the name of a ZIM archive, or of the first part of one.
func IsZIM(name string) bool {
	end := strings.ToLower(path.Ext(name))
	return end == ".zim" || end == ".zimaa"
}

var laterPart = regexp.MustCompile(`(?i)\.zim[a-z][a-z]$`)

// parts is one file in several parts, as archives are split for disks that cannot hold
// large files.
type parts struct {
	*io.SectionReader // of all
	files             []*os.File
	sizes             []int64
	size              int64
}

func (p *parts) Close() error {
	for _, f := range p.files {
		f.Close()
	}
	return nil
}

// joined reads across the bounds of the parts.
type joined struct{ p *parts }

func (j joined) ReadAt(b []byte, at int64) (n int, err error) {
	for i, f := range j.p.files {
		if at >= j.p.sizes[i] {
			at -= j.p.sizes[i]
			continue
		}
		k := int(min(int64(len(b)-n), j.p.sizes[i]-at))
		if k, err = f.ReadAt(b[n:n+k], at); err != nil && err != io.EOF {
			return n + k, err
		}
		if n += k; n == len(b) {
			return n, nil
		}
		at = 0
	}
	return n, io.EOF
}

// openFile opens an undivided file.
func openFile(at string) (io.ReadCloser, error) { return os.Open(at) }

// openZIM opens an archive: all of wiki.zimaa, wiki.zimab, and so on, as far as they
// exist.
func openZIM(at string) (io.ReadCloser, error) {
	p := &parts{}
	for name := at; name != ""; name = nextPart(name) {
		f, err := os.Open(name)
		if err != nil {
			if len(p.files) > 0 && errors.Is(err, fs.ErrNotExist) {
				break
			}
			p.Close()
			return nil, err
		}
		p.files = append(p.files, f)
		info, err := f.Stat()
		if err != nil {
			p.Close()
			return nil, err
		}
		p.sizes = append(p.sizes, info.Size())
		p.size += info.Size()
	}
	p.SectionReader = io.NewSectionReader(joined{p}, 0, p.size)
	return p, nil
}

// DescribeZIM opens an archive and reads its metadata.
func DescribeZIM(at string) (*documents.Archive, error) {
	f, err := openZIM(at)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := f.(*parts)
	return documents.DescribeZIM(p, p.size)
}

// nextPart returns the name of the next part: "wiki.zimab" after "wiki.zimaa"; "" after
// the last possible part, and for an undivided file.
func nextPart(name string) string {
	if !laterPart.MatchString(name) {
		return ""
	}
	b := []byte(name)
	for i := len(b) - 1; i >= len(b)-2; i-- {
		if b[i]|0x20 != 'z' {
			b[i]++
			return string(b)
		}
		b[i] -= 'z' - 'a'
	}
	return ""
}
