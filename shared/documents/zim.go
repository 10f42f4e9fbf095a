package documents

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/shared/passages"
	"parley/shared/zim"
)

// An Archive describes a ZIM archive, by its own metadata.
type Archive struct {
	About          passages.About // its title, source, licence and authors
	Language, Date string         // in the archive's form: "eng", "2026-11-01"
	Pages          int            // the approximate number of its articles
}

// DescribeZIM reads the metadata of an archive of size bytes.
func DescribeZIM(r io.ReaderAt, size int64) (*Archive, error) {
	a, err := zim.Open(r, size)
	if err != nil {
		return nil, err
	}
	say := func(name string) string {
		s := strings.Join(strings.Fields(a.Metadata(name)), " ")
		if len(s) > 500 {
			s = strings.ToValidUTF8(s[:500], "")
		}
		return s
	}
	z := &Archive{
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

// maxZIM bounds an archive that is read from memory, as in the page, which holds all its
// articles, too. From a file, articles are read one at a time.
const maxZIM = 64 << 20

// streamZIM reads an archive's articles, each as an HTML page, in the order of its
// clusters. Their ids are their paths. A page without a canonical link gets o.URLPrefix and
// its path or, without a prefix, an address under the archive's source.
func streamZIM(name string, r io.ReaderAt, size int64, o Options) iter.Seq2[Document, *Note] {
	return func(yield func(Document, *Note) bool) {
		a, err := zim.Open(r, size)
		if err != nil {
			yield(Document{}, &Note{File: name, Why: err.Error()})
			return
		}
		articles := a.Articles()
		var notes []Note
		if articles.Damaged > 0 {
			notes = append(notes, Note{File: name, Why: fmt.Sprintf("%d entries cannot be read, the first of them: %v", articles.Damaged, articles.Err)})
		}
		for _, mime := range slices.Sorted(maps.Keys(articles.Other)) {
			notes = append(notes, Note{File: name, Why: fmt.Sprintf("articles that are no pages in HTML: %d of %s", articles.Other[mime], mime)})
		}
		if articles.Len() == 0 {
			notes = append(notes, Note{File: name, Why: "no article in the archive"})
		}
		for i := range notes {
			if !yield(Document{}, &notes[i]) {
				return
			}
		}
		link := linker(a, o.URLPrefix)
		for p, err := range articles.All() {
			if err != nil {
				if !yield(Document{}, &Note{File: name, Why: err.Error()}) {
					return
				}
				continue
			}
			docs, notes := Read(p.Path, p.Content, Options{Kind: HTML, Charset: o.Charset})
			for i := range notes {
				notes[i].File = name + "/" + p.Path
				if !yield(Document{}, &notes[i]) {
					return
				}
			}
			for _, d := range docs {
				d.Title = articleTitle(p.Title, d.Title)
				if d.URL == "" {
					d.URL = link(p.Path)
				}
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}

// readZIM reads an archive in memory as streamZIM does.
func readZIM(name string, data []byte, o Options) (docs []Document, notes []Note) {
	if len(data) > maxZIM {
		return nil, []Note{{File: name, Why: fmt.Sprintf("an archive of more than %d MiB; the command parley index reads it", maxZIM>>20)}}
	}
	for d, n := range streamZIM(name, bytes.NewReader(data), int64(len(data)), o) {
		if n != nil {
			notes = append(notes, *n)
		} else {
			docs = append(docs, d)
		}
	}
	return docs, notes
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
			return urlPrefix + EscapePath(path)
		case crawled && host.MatchString(first):
			return "https://" + EscapePath(path)
		case wikimedia.MatchString(source):
			if a.Minor < 1 {
				path = strings.TrimSuffix(path, ".html")
			}
			return source + "/wiki/" + EscapePath(strings.TrimPrefix(path, "A/"))
		}
		return ""
	}
}

// EscapePath escapes a path for a URL, except its slashes.
func EscapePath(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/!$&'()*+,;=:@", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
