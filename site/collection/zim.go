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

// IsZIM reports whether a file's name is that of a ZIM archive, or of the first part of one.
func IsZIM(name string) bool {
	end := strings.ToLower(path.Ext(name))
	return end == ".zim" || end == ".zimaa"
}

var laterPart = regexp.MustCompile(`(?i)\.zim[a-z][a-z]$`)

// A ZIM is what an archive says of itself.
type ZIM struct {
	About          passages.About // its title, source, licence and authors
	Language, Date string         // as the archive has them: "eng", "2026-11-01"
	Pages          int            // about as many articles as it has
}

// DescribeZIM opens an archive and reads what it says of itself.
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

// webSource makes an address of what an archive says of its source: it may be a host alone.
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

// parts is a file in several, as archives are cut for disks that hold no large files.
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

// openZIM opens an archive; of wiki.zimaa, wiki.zimab, and so on as far as there are any.
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

// nextPart is the name of the part after one: "wiki.zimab" after "wiki.zimaa"; "" after
// the last that can be, and of a file that is whole.
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

// readZIM reads an archive's articles, each as a page in HTML. Their ids are their paths;
// a page without a canonical link gets urlPrefix and its path, or else where the archive
// says that it is from. It returns false where yield did.
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

// articleTitle is an article's title: what the archive lists it under, without the site's
// name that the page's own title leaves out; where it lists none, the page's own.
func articleTitle(listed, page string) string {
	listed = strings.Join(strings.Fields(listed), " ")
	if rest, ok := strings.CutPrefix(listed, page); listed == "" || page != "" && ok && siteName.MatchString(rest) {
		return page
	}
	return listed
}

var wikimedia = regexp.MustCompile(`\.(wikipedia|wiktionary|wikivoyage|wikibooks|wikiquote|wikisource|wikinews|wikiversity|wikimedia)\.org$`)

// linker gives the addresses of articles that say none: urlPrefix and the path; without
// a prefix, of Wikimedia's wikis the article's page, and of a crawled site the path, which
// begins with its host. Of others nothing is known.
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
