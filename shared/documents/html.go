package documents

import (
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// printed matches the names of the pages that generators make of all others.
var printed = regexp.MustCompile(`(?i)(^|/)(print|print[-_](site|page|all)|singlehtml|all)(/index)?\.html?$`)

// readHTML reads a page: its main text, by what the page holds more than by the
// names of its elements (htmlmain.go), without what stands around it.
func readHTML(name, src string) ([]Document, []Note) {
	if strings.HasPrefix(strings.TrimLeft(src, " \n\t"), "<?xml") {
		src = closeEmpty(src)
	}
	root, err := html.Parse(strings.NewReader(src))
	if err != nil {
		return readDeep(name, src)
	}
	p := describe(root)
	p.name = name
	var notes []Note
	if p.noindex {
		if printed.MatchString(name) {
			return nil, []Note{{File: name, Why: `all pages once more, to be printed (robots "noindex")`}}
		}
		// That is a wish to search engines; a person's own copy is read.
		notes = []Note{{File: name, Kept: true, Why: `the page asks search engines not to list it (robots "noindex"); it was read all the same`}}
	}
	regions := p.regions(root)
	w := htmlWriter{out: &layout{}, page: p}
	for _, r := range regions {
		w.children(r, 0)
		w.flush()
	}
	if why := p.noPage(name, w.out.text.String()); why != "" {
		return nil, []Note{{File: name, Why: why}}
	}
	if w.out.text.Len() == 0 {
		return nil, []Note{{File: name, Why: "no text in the page (is it made by a script?)"}}
	}
	title, heading := p.names(w.out)
	if title == "" {
		title = baseTitle(name)
	}
	d := w.out.document(name, heading, p.url)
	d.Title, d.Latest = title, p.latest
	if p.folded {
		notes = append(notes, Note{File: name, Kept: true, Why: "most of its text is in parts that are called menus, sidebars or notices; all of them were read"})
	}
	return []Document{d}, notes
}

// htmlInto appends a fragment of HTML to a document of another format.
func htmlInto(out *layout, src string) {
	// Outside a table its rows would lose their cells.
	if s := strings.TrimSpace(src); len(s) > 3 {
		switch strings.ToLower(s[:3]) {
		case "<tr", "<td", "<th", "<tb":
			src = "<table>" + src
		}
	}
	root, err := html.Parse(strings.NewReader(src))
	if err != nil {
		_, src = plain(src)
		out.block(src)
		return
	}
	p := &page{fragment: true}
	p.prune(root)
	w := htmlWriter{out: out, page: p}
	w.children(root, 0)
	w.flush()
}

// readDeep reads a page that is nested too deeply for the parser.
func readDeep(name, src string) ([]Document, []Note) {
	title, text := plain(src)
	text = blocks(text)
	if text == "" {
		return nil, []Note{{File: name, Why: "no text in the page (is it made by a script?)"}}
	}
	if title == "" {
		title = baseTitle(name)
	}
	return []Document{{ID: name, Title: title, Text: text}}, nil
}

// plain gives the title of a page, and its text without any structure but paragraphs.
func plain(src string) (title, text string) {
	var b strings.Builder
	var in atom.Atom // of an element whose text is not the page's
	z := html.NewTokenizer(strings.NewReader(src))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return title, b.String()
		case html.TextToken:
			switch in {
			case 0:
				b.WriteString(strings.ReplaceAll(string(z.Text()), "\n", " "))
			case atom.Title:
				if title == "" {
					title = clean(string(z.Text()))
				}
			}
		case html.StartTagToken:
			tag, _ := z.TagName()
			switch a := atom.Lookup(tag); a {
			case atom.Script, atom.Style, atom.Title, atom.Noscript, atom.Template, atom.Textarea:
				in = a
			case atom.Td, atom.Th:
				b.WriteByte(' ')
			default:
				if isBlock(a) {
					b.WriteString("\n\n")
				}
			}
		case html.EndTagToken:
			tag, _ := z.TagName()
			if a := atom.Lookup(tag); a == in {
				in = 0
			} else if isBlock(a) {
				b.WriteString("\n\n")
			}
		}
	}
}

// closeEmpty writes "<a id=x/>" out as "<a id=x></a>": in XHTML that is an empty
// element, in HTML one that never ends.
func closeEmpty(src string) string {
	var b strings.Builder
	for {
		end := strings.Index(src, "/>")
		if end < 0 {
			break
		}
		start := strings.LastIndexByte(src[:end], '<')
		if start >= 0 {
			tag := src[start+1 : end]
			name := tag
			if i := strings.IndexAny(tag, " \t\n"); i >= 0 {
				name = tag[:i]
			}
			if isName(name) && !strings.Contains(tag, ">") && !isVoid(atom.Lookup([]byte(strings.ToLower(name)))) {
				b.WriteString(src[:end])
				b.WriteString("></")
				b.WriteString(name)
				b.WriteByte('>')
				src = src[end+2:]
				continue
			}
		}
		b.WriteString(src[:end+2])
		src = src[end+2:]
	}
	b.WriteString(src)
	return b.String()
}

func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || s[i] < '0' || s[i] > ':') && (i == 0 || s[i] != '-') {
			return false
		}
	}
	return s != ""
}

func isVoid(a atom.Atom) bool {
	switch a {
	case atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta, atom.Param, atom.Source, atom.Track, atom.Wbr:
		return true
	}
	return false
}

// An htmlWriter walks what is left of a page and writes its text: inline text
// gathers until an element that starts a block ends it.
type htmlWriter struct {
	out    *layout
	page   *page
	inline strings.Builder
	asLine bool // what gathers is an item of a list
	level  int  // of the last heading that was an <h1> to <h6>
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
			if !w.page.out[n] {
				w.element(n, depth)
			}
		}
	}
}

func (w *htmlWriter) element(n *html.Node, depth int) {
	if label := w.page.labels[n]; label != "" { // a tab's name, before its panel
		w.flush()
		if first, _, _ := strings.Cut(strings.TrimSpace(w.nested(n, depth)), "\n"); clean(first) != label {
			w.inline.WriteString(label)
			w.flush()
		}
	}
	switch n.DataAtom {
	case atom.Br:
		w.flush()
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.flush()
		s, anchor := w.nested(n, depth), w.anchor(n)
		if anchor == "" && isDate(clean(s)) {
			w.out.block(s)
			return
		}
		w.level = int(n.Data[1] - '0')
		w.out.heading(w.level, s, anchor)
		if last := len(w.out.headings) - 1; last >= 0 && w.level > 1 && w.page.elsewhere(n) {
			w.out.headings[last].Elsewhere = true
		}
	case atom.Pre, atom.Listing, atom.Xmp:
		w.flush()
		if code := w.code(n, depth); !lineNumbers(n, code) {
			w.out.verbatim(code)
		}
	case atom.Math:
		w.inline.WriteString(tex(n))
	case atom.Img:
		if marked(n, formulas) && (n.PrevSibling == nil || !holdsMath(n.PrevSibling)) {
			w.inline.WriteString(attr(n, "alt"))
		}
	case atom.Sup:
		w.inline.WriteString(power(w.inline.String(), n))
		w.children(n, depth+1)
	case atom.Tr:
		w.flush()
		w.row(n, depth)
	case atom.Li, atom.Dt, atom.Dd, atom.Option:
		w.flush()
		if n.DataAtom == atom.Dt && w.signature(n, depth) {
			return
		}
		was := w.asLine
		w.asLine = true
		w.children(n, depth+1)
		w.flush()
		w.asLine = was
	case atom.Ul, atom.Ol, atom.Dl, atom.Table:
		w.flush()
		if n.DataAtom == atom.Table {
			if code := w.numbered(n, depth); code != "" {
				w.out.verbatim(code)
				return
			}
		}
		w.children(n, depth+1)
		w.flush()
		inLines := w.out.inLines
		if n.DataAtom == atom.Table {
			w.out.endTable()
		}
		w.out.inLines = inLines && w.asLine
	case atom.Summary, atom.Button:
		// A question that opens its answer heads it, where the answer ends its section.
		s := clean(w.nested(n, depth))
		if actions[strings.ToLower(s)] {
			return
		}
		w.flush()
		if n.DataAtom == atom.Summary && !w.page.fragment && !w.asLine && s != "" && len(s) <= 200 && !hasHeading(n) && w.page.lastInSection(n.Parent) {
			w.out.heading(min(max(w.level, 1)+1, 6), s, attr(n.Parent, "id"))
			return
		}
		w.children(n, depth+1)
		w.flush()
	default:
		if !isBlock(n.DataAtom) {
			w.children(n, depth+1)
			return
		}
		w.flush()
		w.children(n, depth+1)
		w.flush()
	}
}

// isDate reports whether a text is nothing but a day, as blogs have it under the title.
func isDate(s string) bool {
	for _, form := range [...]string{"2006-01-02", "January 2, 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006", "Monday, January 2, 2006", "2006/01/02", "02.01.2006"} {
		if _, err := time.Parse(form, s); err == nil {
			return true
		}
	}
	return false
}

// elsewhere reports whether all of a heading is a link to another page of the site, as in
// lists of posts.
func (p *page) elsewhere(heading *html.Node) bool {
	var link *html.Node
	for up, i := heading.Parent, 0; up != nil && i < 3 && link == nil; up, i = up.Parent, i+1 {
		if up.DataAtom == atom.A {
			link = up // a card
		}
	}
	outside := func(c *html.Node) bool {
		if p.out[c] {
			return false
		}
		if c.DataAtom == atom.A && link == nil {
			link = c
			return false
		}
		return true
	}
	if link == nil && (!textless(heading, outside) || link == nil) {
		return false
	}
	host, to := splitURL(attr(link, "href"))
	ownHost, own := splitURL(p.url)
	if to == "" || host != "" && host != ownHost {
		return false
	}
	bare := func(s string) string {
		return strings.TrimSuffix(strings.TrimSuffix(path.Clean("/"+s), "/index.html"), ".html")
	}
	here, there := bare(p.name), bare(to)
	if to[0] != '/' {
		there = bare(path.Join(path.Dir("/"+p.name), to))
	}
	return there != bare(own) && (here == "" || !strings.HasSuffix(there, here))
}

// textless reports whether there is no text below n but in elements that enter refuses.
func textless(n *html.Node, enter func(*html.Node) bool) bool {
	var walk func(n *html.Node, depth int) bool
	walk = func(n *html.Node, depth int) bool {
		for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
			if c.Type == html.TextNode && clean(c.Data) != "" || c.Type == html.ElementNode && enter(c) && !walk(c, depth+1) {
				return false
			}
		}
		return true
	}
	return walk(n, 0)
}

// splitURL gives the host of a web address, "" of a relative one, and its path, "" where it
// leads to no page.
func splitURL(s string) (host, to string) {
	s, _, _ = strings.Cut(s, "#")
	s, _, _ = strings.Cut(s, "?")
	before, rest, ok := strings.Cut(s, "//")
	switch {
	case ok && (before == "" || before == "http:" || before == "https:"):
		host, to, _ = strings.Cut(rest, "/")
		return strings.ToLower(host), "/" + to
	case strings.Contains(strings.SplitN(s, "/", 2)[0], ":"):
		return "", "" // mailto:
	}
	return "", s
}

// signature writes a function's or a class' signature, as Sphinx marks it, as the heading
// of its description, where nothing else follows in its section.
func (w *htmlWriter) signature(n *html.Node, depth int) bool {
	if w.page.fragment || attr(n, "id") == "" || n.Parent == nil || n.Parent.DataAtom != atom.Dl || !marked(n, signatures) || !w.page.lastInSection(n.Parent) {
		return false
	}
	s := clean(w.nested(n, depth))
	if s == "" || len(s) > 200 {
		return false
	}
	level := max(w.level, 1) + 1
	for up := n.Parent; up != nil; up = up.Parent {
		if up.DataAtom == atom.Dd {
			level++
		}
	}
	w.out.heading(min(level, 6), s, attr(n, "id"))
	return true
}

// anchor is the fragment that leads to a heading: its own id, or one that it holds,
// or that of the section that it begins (Sphinx).
func (w *htmlWriter) anchor(n *html.Node) string {
	if id := attr(n, "id"); id != "" {
		return id
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode {
			if id := attr(c, "id"); id != "" {
				return id
			}
			if id := attr(c, "name"); id != "" && c.DataAtom == atom.A {
				return id
			}
		}
	}
	if n.Parent != nil && n.Parent.DataAtom == atom.Section && firstElement(n.Parent) == n {
		return attr(n.Parent, "id")
	}
	return ""
}

// row writes a table's row: as a line with commas, unless the table only lays a page out.
func (w *htmlWriter) row(n *html.Node, depth int) {
	var cells []string
	header := true // every cell heads a column
	var only *html.Node
	filled := 0
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode || w.page.out[c] {
			continue
		}
		only, filled = c, filled+1
		header = header && (c.DataAtom == atom.Th || n.Parent != nil && n.Parent.DataAtom == atom.Thead)
		if layoutCell(c, 0) {
			w.out.endTable()
			w.children(n, depth+1)
			w.flush()
			return
		}
		if s := clean(w.nested(c, depth)); s != "" {
			cells = append(cells, s)
		}
	}
	if filled == 1 && find(only, func(n *html.Node) bool { return n.DataAtom == atom.P || n.DataAtom == atom.Ul || n.DataAtom == atom.Ol }) != nil {
		// What is beside it, if anything, is no text of the page: it is no table.
		w.out.endTable()
		w.children(only, depth+1)
		w.flush()
		return
	}
	w.out.row(strings.Join(cells, ", "), header)
}

// layoutCell reports whether a table's cell holds what belongs on no line of a table.
func layoutCell(n *html.Node, depth int) bool {
	if depth > maxDepth {
		return false
	}
	paragraphs := 0
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		switch c.DataAtom {
		case atom.Pre, atom.Table, atom.H1, atom.H2, atom.H3, atom.Main, atom.Article:
			return true
		case atom.P:
			if paragraphs++; paragraphs > 2 {
				return true
			}
		}
		if layoutCell(c, depth+1) {
			return true
		}
	}
	return false
}

// nested gives the text inside n, without line breaks of blocks in it.
func (w *htmlWriter) nested(n *html.Node, depth int) string {
	var b strings.Builder
	w.nest(&b, n, depth)
	return b.String()
}

func (w *htmlWriter) nest(b *strings.Builder, n *html.Node, depth int) {
	if depth > maxDepth {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode:
			b.WriteString(c.Data)
		case c.Type != html.ElementNode || w.page.out[c]:
		case c.DataAtom == atom.Br:
			b.WriteByte('\n')
		case c.DataAtom == atom.Math:
			b.WriteString(tex(c))
		default:
			parted := c.DataAtom == atom.Td || c.DataAtom == atom.Th || isBlock(c.DataAtom)
			if c.DataAtom == atom.Sup {
				b.WriteString(power(b.String(), c))
			}
			if parted && b.Len() > 0 {
				b.WriteByte('\n')
			}
			w.nest(b, c, depth+1)
			if parted {
				b.WriteByte('\n')
			}
		}
	}
}

// code gives the text of a <pre>, whose lines may be elements.
func (w *htmlWriter) code(n *html.Node, depth int) string {
	var b strings.Builder
	last := byte('\n')
	write := func(s string) {
		if s != "" {
			b.WriteString(s)
			last = s[len(s)-1]
		}
	}
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		if depth > maxDepth {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch {
			case c.Type == html.TextNode:
				write(c.Data)
			case c.Type != html.ElementNode || w.page.out[c]:
			case c.DataAtom == atom.Br:
				write("\n")
			default:
				walk(c, depth+1)
				switch c.DataAtom {
				case atom.P, atom.Div, atom.Li, atom.Tr:
					if last != '\n' {
						write("\n")
					}
				}
			}
		}
	}
	walk(n, depth)
	return annotations.ReplaceAllString(b.String(), "")
}

// annotations are the marks in code of MkDocs Material's notes to it.
var annotations = regexp.MustCompile(`(?m)[ \t]*(?:#|//|--|;|/\*|<!--)[ \t]*\(\d+\)![ \t]*(?:\*/|-->)?[ \t]*$`)

// power is what parts a raised number from the one before it, since 10³ is not 103.
func power(before string, n *html.Node) string {
	if before == "" || !isDigit(before[len(before)-1]) {
		return ""
	}
	if s := strings.TrimLeft(clean(allText(n)), "+-−"); s == "" || !isDigit(s[0]) || strings.Trim(s, "0123456789.,") != "" {
		return "" // 1st
	}
	if next := n.NextSibling; next != nil && next.Type == html.TextNode {
		if s := strings.TrimSpace(next.Data); strings.HasPrefix(s, "/") || strings.HasPrefix(s, "⁄") {
			return " " // a fraction: 1 1/2
		}
	}
	return "^"
}

// numbered gives the code of a table that has a line of it and its number in each row.
func (w *htmlWriter) numbered(table *html.Node, depth int) string {
	var b strings.Builder
	var walk func(n *html.Node, depth int) bool
	walk = func(n *html.Node, depth int) bool {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch {
			case c.Type != html.ElementNode || w.page.out[c] && c.DataAtom != atom.Tr:
			case c.DataAtom == atom.Tbody && !walk(c, depth+1):
				return false
			case c.DataAtom == atom.Tr:
				var line *html.Node
				number := false
				for cell := c.FirstChild; cell != nil; cell = cell.NextSibling {
					switch {
					case cell.Type != html.ElementNode:
					case marked(cell, numbers):
						number = true
					case line != nil || layoutCell(cell, 0):
						return false
					default:
						line = cell
					}
				}
				if !number || line == nil {
					return false
				}
				b.WriteString(strings.Trim(w.code(line, depth), "\n"))
				b.WriteByte('\n')
			}
		}
		return true
	}
	if !walk(table, depth) {
		return ""
	}
	return b.String()
}

// lineNumbers reports whether a <pre> is the column of numbers beside another.
func lineNumbers(n *html.Node, code string) bool {
	for n != nil && n.DataAtom != atom.Td && n.DataAtom != atom.Body {
		n = n.Parent
	}
	if n == nil || n.DataAtom != atom.Td || len(code) > 1<<20 {
		return false
	}
	want := 0
	for number := range strings.FieldsSeq(code) {
		got, err := strconv.Atoi(number)
		if err != nil || want > 0 && got != want {
			return false
		}
		want = got + 1
	}
	next := n.NextSibling
	for next != nil && next.DataAtom != atom.Td {
		next = next.NextSibling
	}
	return want > 0 && next != nil && find(next, func(n *html.Node) bool { return n.DataAtom == atom.Pre }) != nil
}

// tex gives a formula as its author wrote it, where the page says that.
func tex(n *html.Node) string {
	if s := attr(n, "alttext"); s != "" {
		return s
	}
	source := ""
	var all strings.Builder
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		if depth > maxDepth {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch {
			case c.Type == html.TextNode:
				all.WriteString(c.Data)
			case c.Type == html.ElementNode && (c.Data == "annotation" || c.Data == "annotation-xml"):
				if strings.HasSuffix(attr(c, "encoding"), "tex") {
					source = rawText(c)
				}
			case c.Type == html.ElementNode:
				walk(c, depth+1)
			}
		}
	}
	walk(n, 0)
	if source != "" {
		return source
	}
	return all.String()
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Main, atom.Header, atom.Footer, atom.Aside, atom.Nav, atom.Body, atom.Html,
		atom.Blockquote, atom.Figure, atom.Figcaption, atom.Address, atom.Details, atom.Summary, atom.Fieldset, atom.Hgroup, atom.Hr,
		atom.Thead, atom.Tbody, atom.Tfoot, atom.Caption, atom.Center, atom.Legend, atom.Form, atom.Dialog, atom.Search, atom.Menu,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Pre, atom.Ul, atom.Ol, atom.Dl, atom.Li, atom.Dt, atom.Dd,
		atom.Table, atom.Tr, atom.Br:
		return true
	}
	return false
}

func firstElement(n *html.Node) *html.Node {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && c.DataAtom != atom.A && c.DataAtom != atom.Span {
			return c
		}
	}
	return nil
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

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}
