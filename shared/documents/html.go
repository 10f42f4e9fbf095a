package documents

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// readHTML reads a page: the main part where it marks one, without scripts,
// navigation, forms and what is hidden.
func readHTML(name, src string) ([]Document, []Note) {
	root, err := html.Parse(strings.NewReader(src))
	if err != nil {
		return nil, []Note{{File: name, Why: "HTML: " + err.Error()}}
	}
	page := describe(root)
	if page.noindex {
		return nil, []Note{{File: name, Why: `the page asks not to be indexed (robots "noindex")`}}
	}
	w := htmlWriter{out: &layout{}}
	w.children(page.main(root), 0)
	w.flush()
	title, first := clean(page.title), ""
	if len(w.out.headings) > 0 {
		h := w.out.headings[0]
		first = w.out.text.String()[h.Start:h.End]
	}
	// "Eiffel Tower - Encyclopedia" beside a heading "Eiffel Tower": the heading
	// names the page, the rest names the site.
	if first != "" && (title == "" || strings.Contains(strings.ToLower(title), strings.ToLower(first))) {
		title = first
	}
	if title == "" {
		title = baseTitle(name)
	}
	if w.out.text.Len() == 0 {
		return nil, []Note{{File: name, Why: "no text in the page (is it made by a script?)"}}
	}
	return []Document{w.out.document(name, title, webURL(page.url))}, nil
}

// htmlInto appends a fragment of HTML to a document of another format.
func htmlInto(out *layout, src string) {
	root, err := html.Parse(strings.NewReader(src))
	if err != nil {
		return
	}
	w := htmlWriter{out: out}
	w.children(root, 0)
	w.flush()
}

// A page is what its head and its landmarks say of it.
type page struct {
	title, url string
	noindex    bool
	mains      []*html.Node // <main>, role=main
	articles   []*html.Node // outermost <article>s
}

// main gives the part to read.
func (p *page) main(root *html.Node) *html.Node {
	switch {
	case len(p.mains) > 0:
		return p.mains[0]
	case len(p.articles) == 1:
		return p.articles[0]
	}
	return root
}

func describe(root *html.Node) *page {
	p := &page{}
	var walk func(n *html.Node, depth int, inArticle bool)
	walk = func(n *html.Node, depth int, inArticle bool) {
		if depth > maxDepth {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != html.ElementNode {
				continue
			}
			article := inArticle
			switch {
			case c.DataAtom == atom.Title && c.Namespace == "" && p.title == "":
				p.title = rawText(c)
			case c.DataAtom == atom.Link && strings.EqualFold(attr(c, "rel"), "canonical") && p.url == "":
				p.url = attr(c, "href")
			case c.DataAtom == atom.Meta && attr(c, "property") == "og:url" && p.url == "":
				p.url = attr(c, "content")
			case c.DataAtom == atom.Meta && strings.EqualFold(attr(c, "name"), "robots"):
				p.noindex = strings.Contains(strings.ToLower(attr(c, "content")), "noindex")
			case (c.DataAtom == atom.Main || attr(c, "role") == "main") && !hidden(c):
				p.mains = append(p.mains, c)
			case c.DataAtom == atom.Article && !inArticle:
				p.articles = append(p.articles, c)
				article = true
			}
			walk(c, depth+1, article)
		}
	}
	walk(root, 0, false)
	return p
}

// An htmlWriter walks a page and writes its text: inline text gathers until an
// element that starts a block ends it.
type htmlWriter struct {
	out    *layout
	inline strings.Builder
	asLine bool // what gathers is an item of a list
}

func (w *htmlWriter) flush() {
	if w.inline.Len() == 0 {
		return
	}
	s := w.inline.String()
	w.inline.Reset()
	if w.asLine {
		w.out.line(s)
	} else if clean(s) != "" {
		w.out.block(s)
	}
}

func (w *htmlWriter) children(parent *html.Node, depth int) {
	if depth > maxDepth {
		return
	}
	for n := parent.FirstChild; n != nil; n = n.NextSibling {
		switch n.Type {
		case html.TextNode:
			w.inline.WriteString(n.Data)
		case html.ElementNode:
			w.element(n, depth)
		}
	}
}

func (w *htmlWriter) element(n *html.Node, depth int) {
	if dropped(n) {
		return
	}
	switch n.DataAtom {
	case atom.Br:
		w.flush()
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.flush()
		w.out.heading(int(n.Data[1]-'0'), nested(n, depth), attr(n, "id"))
	case atom.Pre, atom.Listing, atom.Xmp:
		w.flush()
		w.out.verbatim(nested(n, depth))
	case atom.Tr:
		w.flush()
		var cells []string
		header := true // every cell heads a column
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == html.ElementNode && !dropped(c) {
				header = header && (c.DataAtom == atom.Th || n.Parent != nil && n.Parent.DataAtom == atom.Thead)
				if s := clean(nested(c, depth)); s != "" {
					cells = append(cells, s)
				}
			}
		}
		w.out.row(strings.Join(cells, ", "), header)
	case atom.Li, atom.Dt, atom.Dd, atom.Option:
		w.flush()
		was := w.asLine
		w.asLine = true
		w.children(n, depth+1)
		w.flush()
		w.asLine = was
	case atom.Ul, atom.Ol, atom.Dl, atom.Table:
		w.flush()
		w.children(n, depth+1)
		w.flush()
		inLines := w.out.inLines
		if n.DataAtom == atom.Table {
			w.out.endTable()
		}
		w.out.inLines = inLines && w.asLine
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Main, atom.Header, atom.Body, atom.Html, atom.Blockquote,
		atom.Figure, atom.Figcaption, atom.Address, atom.Details, atom.Summary, atom.Fieldset, atom.Hgroup, atom.Hr,
		atom.Thead, atom.Tbody, atom.Tfoot, atom.Caption, atom.Center, atom.Legend:
		w.flush()
		w.children(n, depth+1)
		w.flush()
	default:
		w.children(n, depth+1)
	}
}

// nested gives the text inside n, without line breaks of blocks in it.
func nested(n *html.Node, depth int) string {
	var b strings.Builder
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		if depth > maxDepth {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch {
			case c.Type == html.TextNode:
				b.WriteString(c.Data)
			case c.Type == html.ElementNode && c.DataAtom == atom.Br:
				b.WriteByte('\n')
			case c.Type == html.ElementNode && !dropped(c):
				walk(c, depth+1)
				switch c.DataAtom {
				case atom.P, atom.Div, atom.Li, atom.Td, atom.Th, atom.Tr, atom.Blockquote:
					b.WriteByte('\n')
				}
			}
		}
	}
	walk(n, depth)
	return b.String()
}

func rawText(n *html.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// dropped reports whether an element is not the page's own text.
func dropped(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Head, atom.Nav, atom.Footer, atom.Aside,
		atom.Form, atom.Button, atom.Select, atom.Textarea, atom.Input, atom.Svg, atom.Math, atom.Iframe, atom.Object,
		atom.Embed, atom.Canvas, atom.Audio, atom.Video, atom.Map, atom.Dialog:
		return true
	}
	switch attr(n, "role") {
	case "navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "dialog":
		return true
	}
	return hidden(n)
}

func hidden(n *html.Node) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "aria-hidden":
			return a.Val == "true"
		case "style":
			if s := strings.ReplaceAll(strings.ToLower(a.Val), " ", ""); strings.Contains(s, "display:none") || strings.Contains(s, "visibility:hidden") {
				return true
			}
		}
	}
	return false
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}
