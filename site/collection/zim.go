package collection

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/shared/documents"
	"parley/shared/passages"
	"parley/shared/zim"
)

// IsZIM reports whether a file has the name of a ZIM archive, or of the first part of one.
func IsZIM(name string) bool {
	end := strings.ToLower(path.Ext(name))
	return end == ".zim" || end == ".zimaa"
}

var laterPart = regexp.MustCompile(`(?i)\.zim[a-z][a-z]$`)

// A ZIM describes an archive, by its own metadata.
type ZIM struct {
	About          passages.About // its title, source, licence and authors
	Language, Date string         // in the archive's form: "eng", "2026-11-01"
	Pages          int            // the approximate number of its articles
}

// DescribeZIM opens an archive and reads its metadata.
func DescribeZIM(at string) (*ZIM, error) {
	f, a, err := openZIM(at)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	say := func(name string) string {
		s := strings.Join(strings.Fields(a.Metadata(name)), " ")
		if len(s) > 500 {
			s = strings.ToValidUTF8(s[:500], "")
		}
		return s
	}
	z := &ZIM{
		About:    passages.About{Title: say("Title"), Source: webSource(say("Source")), Licence: say("License"), Attribution: say("Creator")},
		Language: say("Language"), Date: say("Date"), Pages: a.Len(),
	}
	if webSource(z.About.Licence) != "" && strings.Contains(z.About.Licence, "://") {
		z.About.LicenceURL = z.About.Licence
	}
	for part := range strings.SplitSeq(a.Metadata("Counter"), ";") { // "image/webp=12;text/html=34"
		if n, ok := strings.CutPrefix(part, "text/html="); ok {
			if n, err := strconv.Atoi(n); err == nil && n > 0 && n < z.Pages {
				z.Pages = n
			}
		}
	}
	return z, nil
}

var host = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}$`)

// webSource returns the address for an archive's source, which may be a host name alone.
func webSource(s string) string {
	s = strings.TrimSuffix(s, "/")
	plain := s
	for _, scheme := range []string{"https://", "http://"} {
		plain = strings.TrimPrefix(plain, scheme)
	}
	name, rest, _ := strings.Cut(plain, "/")
	if !host.MatchString(name) || strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' }) {
		return ""
	}
	if plain == s {
		return "https://" + s
	}
	return s
}

// parts is one file in several parts, as archives are split for disks that cannot hold
// large files.
type parts struct {
	files []*os.File
	sizes []int64
}

func (p *parts) Close() error {
	for _, f := range p.files {
		f.Close()
	}
	return nil
}

func (p *parts) size() (n int64) {
	for _, s := range p.sizes {
		n += s
	}
	return n
}

func (p *parts) ReadAt(b []byte, at int64) (n int, err error) {
	for i, f := range p.files {
		if at >= p.sizes[i] {
			at -= p.sizes[i]
			continue
		}
		k := int(min(int64(len(b)-n), p.sizes[i]-at))
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

// openZIM opens an archive: all of wiki.zimaa, wiki.zimab, and so on, as far as they
// exist.
func openZIM(at string) (*parts, *zim.Archive, error) {
	p := &parts{}
	for name := at; ; {
		f, err := os.Open(name)
		if err != nil {
			if len(p.files) > 0 && errors.Is(err, fs.ErrNotExist) {
				break
			}
			p.Close()
			return nil, nil, err
		}
		p.files = append(p.files, f)
		info, err := f.Stat()
		if err != nil {
			p.Close()
			return nil, nil, err
		}
		p.sizes = append(p.sizes, info.Size())
		if name = nextPart(name); name == "" {
			break
		}
	}
	a, err := zim.Open(p, p.size())
	if err != nil {
		p.Close()
		if len(p.files) > 1 {
			err = fmt.Errorf("%d parts were found: %w", len(p.files), err)
		}
		return nil, nil, err
	}
	return p, a, nil
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

// readZIM reads an archive's articles, each as an HTML page, and passes their documents to
// yield. Their ids are their paths. A page without a canonical link gets urlPrefix and its
// path or, without a prefix, an address under the archive's source. readZIM returns false
// where yield did.
func readZIM(name, at string, charset, urlPrefix string, note func(documents.Note), yield func(documents.Document) bool) bool {
	f, a, err := openZIM(at)
	if err != nil {
		note(documents.Note{File: name, Why: err.Error()})
		return true
	}
	defer f.Close()
	articles := a.Articles()
	if articles.Damaged > 0 {
		note(documents.Note{File: name, Why: fmt.Sprintf("%d entries cannot be read, the first of them: %v", articles.Damaged, articles.Err)})
	}
	for _, mime := range slices.Sorted(maps.Keys(articles.Other)) {
		note(documents.Note{File: name, Why: fmt.Sprintf("articles that are no pages in HTML: %d of %s", articles.Other[mime], mime)})
	}
	if articles.Len() == 0 {
		note(documents.Note{File: name, Why: "no article in the archive"})
	}
	link := linker(a, urlPrefix)
	for p, err := range articles.All() {
		if err != nil {
			note(documents.Note{File: name, Why: err.Error()})
			continue
		}
		docs, notes := documents.Read(p.Path, p.Content, documents.Options{Kind: documents.HTML, Charset: charset})
		for _, n := range notes {
			n.File = name + "/" + p.Path
			note(n)
		}
		for _, d := range docs {
			d.File = name
			d.Title = articleTitle(p.Title, d.Title)
			if d.URL == "" {
				d.URL = link(p.Path)
			}
			if !yield(d) {
				return false
			}
		}
	}
	return true
}

var siteName = regexp.MustCompile(`^\s+[-–—|·•:]+\s`)

// articleTitle returns an article's title: the one in the archive's list, without the
// site's name if the page's own title leaves that out; or the page's own title, where the
// list has none.
func articleTitle(listed, page string) string {
	listed = strings.Join(strings.Fields(listed), " ")
	if rest, ok := strings.CutPrefix(listed, page); listed == "" || page != "" && ok && siteName.MatchString(rest) {
		return page
	}
	return listed
}

var wikimedia = regexp.MustCompile(`\.(wikipedia|wiktionary|wikivoyage|wikibooks|wikiquote|wikisource|wikinews|wikiversity|wikimedia)\.org$`)

// linker returns the addresses of articles that name none: urlPrefix and the path. Without
// a prefix, it is the article's page on Wikimedia's wikis, and for a crawled site the
// path, which begins with the host. Articles of other archives get no address.
func linker(a *zim.Archive, urlPrefix string) func(path string) string {
	source := webSource(a.Metadata("Source"))
	scraper := strings.ToLower(a.Metadata("Scraper"))
	crawled := strings.Contains(scraper, "warc2zim") || strings.Contains(scraper, "zimit")
	return func(path string) string {
		first, _, _ := strings.Cut(path, "/")
		switch {
		case urlPrefix != "":
			return urlPrefix + escapePath(path)
		case crawled && host.MatchString(first):
			return "https://" + escapePath(path)
		case wikimedia.MatchString(source):
			if a.Minor < 1 {
				path = strings.TrimSuffix(path, ".html")
			}
			return source + "/wiki/" + escapePath(strings.TrimPrefix(path, "A/"))
		}
		return ""
	}
}
