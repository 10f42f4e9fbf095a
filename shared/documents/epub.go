package documents

import (
	"encoding/xml"
	"io"
	"path"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A book is what the package document of an EPUB says.
type book struct {
	title  string
	items  map[string]bookItem // by id
	spine  []string            // ids, in the order to read them
	ncx    string              // id of the contents in EPUB 2
	nav    []string            // paths of the contents in EPUB 3
	skip   map[string]bool     // paths of covers and contents
	labels map[string]string   // what the contents call a chapter, by its path
}

type bookItem struct{ path, mediaType string }

// Methods that hide fonts, not text.
var fontHiding = map[string]bool{"http://www.idpf.org/2008/embedding": true, "http://ns.adobe.com/pdf/enc#RC": true}

// epub reads a book's chapters in the order of its spine; covers and tables of contents
// are none.
func (r *office) epub() error {
	if err := r.epubLocked(); err != nil {
		return err
	}
	opf, err := r.packageDocument()
	if err != nil {
		return err
	}
	b, err := r.book(opf)
	if err != nil {
		return err
	}
	r.title = b.title
	read := map[string]bool{}
	for _, id := range b.spine {
		item, ok := b.items[id]
		if !ok || b.skip[item.path] || read[item.path] || strings.Contains(item.mediaType, "image/") {
			continue
		}
		read[item.path] = true
		in, err := r.parts.Open(item.path)
		if err != nil {
			r.leftOut("a chapter cannot be read (" + err.Error() + ")")
			continue
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		text, _, ok := (&decoder{name: item.path, kind: HTML}).decode(data)
		if !ok {
			r.leftOut("a chapter is no text (" + item.path + ")")
			continue
		}
		r.chapter(text, b.labels[item.path])
	}
	return nil
}

// epubLocked says so where the text is encrypted.
func (r *office) epubLocked() error {
	p, err := r.open("META-INF/encryption.xml")
	if p == nil || err != nil {
		return err
	}
	locked := false
	var each func(e xml.StartElement) error
	each = func(e xml.StartElement) error {
		if e.Name.Local == "EncryptionMethod" && !fontHiding[xmlAttr(e, "Algorithm")] {
			locked = true
		}
		if e.Name.Local == "EncryptedKey" { // how the key is kept
			return p.skip()
		}
		return p.each(each, nil)
	}
	err = p.each(each, nil)
	if locked {
		return refused("the book is protected against copying (DRM), and cannot be read; get it without that")
	}
	return err
}

// packageDocument is the path of the book's package document.
func (r *office) packageDocument() (string, error) {
	p, err := r.open("META-INF/container.xml")
	if err != nil {
		return "", err
	}
	opf := ""
	if p != nil {
		var each func(e xml.StartElement) error
		each = func(e xml.StartElement) error {
			if e.Name.Local == "rootfile" && opf == "" {
				opf = xmlAttr(e, "full-path")
			}
			return p.each(each, nil)
		}
		if err := p.each(each, nil); err != nil {
			return "", err
		}
	}
	if opf == "" || !r.parts.Has(opf) {
		return "", refused("no book is in it (META-INF/container.xml does not lead to a package document)")
	}
	return opf, nil
}

// book reads the package document.
func (r *office) book(opf string) (*book, error) {
	b := &book{items: map[string]bookItem{}, skip: map[string]bool{}, labels: map[string]string{}}
	p, err := r.open(opf)
	if err != nil {
		return nil, err
	}
	at := func(href string) string { return path.Join(path.Dir(opf), unescapePath(href)) }
	var each func(e xml.StartElement) error
	each = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "title":
			s, err := p.text()
			if b.title == "" {
				b.title = clean(s)
			}
			return err
		case "item":
			item := bookItem{at(xmlAttr(e, "href")), xmlAttr(e, "media-type")}
			b.items[xmlAttr(e, "id")] = item
			if strings.Contains(" "+xmlAttr(e, "properties")+" ", " nav ") && !b.skip[item.path] {
				b.skip[item.path] = true
				b.nav = append(b.nav, item.path)
			}
		case "spine":
			b.ncx = xmlAttr(e, "toc")
		case "itemref":
			b.spine = append(b.spine, xmlAttr(e, "idref"))
		case "reference":
			switch strings.ToLower(xmlAttr(e, "type")) {
			case "toc", "cover":
				b.skip[at(xmlAttr(e, "href"))] = true
			}
		}
		return p.each(each, nil)
	}
	if err := p.each(each, nil); err != nil {
		return nil, err
	}
	for _, at := range b.nav {
		r.navLabels(b, at)
	}
	if item, ok := b.items[b.ncx]; ok {
		r.ncxLabels(b, item.path)
	}
	return b, nil
}

// label notes what the contents call a chapter; the first name is that of all of it.
func (b *book) label(base, href, text string) {
	href, _, _ = strings.Cut(href, "#")
	if href == "" {
		return
	}
	at := path.Join(path.Dir(base), unescapePath(href))
	if text = clean(text); text != "" && b.labels[at] == "" {
		b.labels[at] = text
	}
}

// ncxLabels reads the contents of EPUB 2. A chapter can do without.
func (r *office) ncxLabels(b *book, name string) {
	p, err := r.open(name)
	if p == nil || err != nil {
		return
	}
	text := ""
	var each func(e xml.StartElement) error
	each = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "navLabel":
			s, err := p.text()
			text = s
			return err
		case "content":
			b.label(name, xmlAttr(e, "src"), text)
		}
		return p.each(each, nil)
	}
	p.each(each, nil)
}

// navLabels reads those of EPUB 3.
func (r *office) navLabels(b *book, name string) {
	in, err := r.parts.Open(name)
	if err != nil {
		return
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return
	}
	root, err := html.Parse(strings.NewReader(closeEmpty(string(data))))
	if err != nil {
		return
	}
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
			if c.DataAtom == atom.Nav && !epubType(c, "toc") {
				continue
			}
			if c.DataAtom == atom.A {
				b.label(name, attr(c, "href"), allText(c))
			}
			walk(c, depth+1)
		}
	}
	walk(root, 0)
}

// chapter appends one of a book's files.
func (r *office) chapter(src, label string) {
	root, err := html.Parse(strings.NewReader(closeEmpty(src)))
	if err != nil { // nested too deeply
		_, text := plain(src)
		r.deep = true
		r.add(officeBlock{text: text})
		r.emit()
		return
	}
	body := find(root, func(n *html.Node) bool { return n.DataAtom == atom.Body })
	if body == nil || epubType(body, "cover", "toc", "landmarks") || epubType(onlyElement(body), "cover", "toc", "landmarks") || isContents(body) {
		return
	}
	markupInto(&r.out, root, func() {
		if find(body, isHeading) == nil {
			r.out.heading(1, label, "")
		}
	})
}

// onlyElement is the one element that another consists of, and otherwise itself.
func onlyElement(n *html.Node) *html.Node {
	only := n
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.ElementNode && only == n:
			only = c
		case c.Type == html.ElementNode, c.Type == html.TextNode && clean(c.Data) != "":
			return n
		}
	}
	return only
}

// markupInto appends all text of a tree of HTML that is no web page, so that nothing
// stands around its text; before is called before text is written, if there is some.
func markupInto(out *layout, root *html.Node, before func()) {
	p := &page{}
	p.prune(root)
	text := false
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
			switch {
			case c.Type == html.TextNode:
				text = text || clean(c.Data) != ""
			case c.Type != html.ElementNode || p.out[c]:
			case epubType(c, "pagebreak", "noteref", "backlink") && len(allText(c)) <= 12,
				c.DataAtom == atom.Nav && epubType(c, "toc", "landmarks", "page-list", "lot", "loi"):
				p.out[c] = true
			default:
				walk(c, depth+1)
			}
		}
	}
	walk(root, 0)
	if !text {
		return
	}
	before()
	from := len(out.headings)
	w := htmlWriter{out: out, page: p}
	w.children(root, 0)
	w.flush()
	for i := range out.headings[from:] {
		out.headings[from+i].Anchor = "" // of a part of the file, to which no link leads
	}
	out.endTable()
}

// epubType reports whether an element is said to be one of some kinds.
func epubType(n *html.Node, kinds ...string) bool {
	for _, key := range []string{"epub:type", "role"} {
		for have := range strings.FieldsSeq(attr(n, key)) {
			for _, kind := range kinds {
				if have == kind || have == "doc-"+kind {
					return true
				}
			}
		}
	}
	return false
}

// isContents reports whether a chapter is but links to others.
func isContents(body *html.Node) bool {
	links, linked, all := 0, 0, 0
	var walk func(n *html.Node, depth int, in bool)
	walk = func(n *html.Node, depth int, in bool) {
		for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
			if c.Type == html.TextNode {
				size := len(clean(c.Data))
				all += size
				if in {
					linked += size
				}
				continue
			}
			a := c.DataAtom == atom.A && attr(c, "href") != "" && !strings.Contains(attr(c, "href"), "://")
			if a {
				links++
			}
			walk(c, depth+1, in || a)
		}
	}
	walk(body, 0, false)
	return links >= 3 && linked*10 >= all*8
}

// unescapePath reads the %20 of an address; what is none stays.
func unescapePath(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	hex := func(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20) }
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0 {
			b.WriteByte(byte(hex(s[i+1])<<4 | hex(s[i+2])))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
