package documents

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A page is what a page says of itself, and which of its elements are not its text.
//
// Libraries that find the main text of articles were tried: they leave out hidden tab
// panels, asides and short answers, which documentation consists of. So nothing is left
// out here but what is known not to be text of the page's own, by four steps:
//
//  1. what no reader sees, and signs that belong to no sentence, go (prune);
//  2. what stands around the text goes (around), unless it holds the text;
//  3. the part that the page calls its main one is taken, if it holds much of what
//     is left (regions), and else all of it, without lists of nothing but links;
//  4. where that leaves little of what was seen, the second step is taken back.
type page struct {
	name               string          // the file's
	title, social, url string          // <title>, og:title, the canonical address
	latest             string          // where a notice of another version leads
	sites              map[string]bool // what the site may be called, in small letters
	noindex            bool
	refresh            string // where the page leads on to by itself
	script             bool   // a script does that
	index, search      bool   // generated: an index of words, a page to search on
	list               bool   // generated: a list of other pages
	fragment           bool   // no page but a piece of one

	ids     map[string]*html.Node
	openers map[string]*html.Node // by the id of what they show: buttons, tabs
	opened  map[*html.Node]string // the other way round
	heads   map[string]bool       // keys of the headings' texts
	labels  map[*html.Node]string // of tab panels: the tab's text
	out     map[*html.Node]bool   // not the page's text
	unsure  []*html.Node          // of out, those that only their names speak against
	weights map[*html.Node]weight
	folded  bool                // step 4 was taken
	last    map[*html.Node]bool // of lastInSection
	among   map[*html.Node]bool // of amongText
}

// A weight is how much an element holds that is not out.
type weight struct {
	text, links int // bytes but for blanks; of these, within links
	count       int // links
	inPage      int // of these, that lead to a place in the page
	jump        int // of these, that say what a heading says
	h1, mains   int
	controls    int // of forms
	longest     int // the longest paragraph
}

// plain is the text that is not in links.
func (w weight) plain() int { return w.text - w.links }

// describe reads what a page says of itself.
func describe(root *html.Node) *page {
	p := &page{sites: map[string]bool{}, ids: map[string]*html.Node{}, openers: map[string]*html.Node{}, opened: map[*html.Node]string{}, heads: map[string]bool{}}
	site := func(s string) {
		if s = strings.ToLower(clean(s)); s != "" && len(s) <= 60 && !homeWords[s] {
			p.sites[s] = true
		}
	}
	address := func(s string) {
		if p.url == "" {
			p.url = webURL(s)
		}
	}
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
			if c.Type != html.ElementNode {
				continue
			}
			id := attr(c, "id")
			if id != "" && p.ids[id] == nil {
				p.ids[id] = c
			}
			switch c.DataAtom {
			case atom.Html:
				p.list = isList(c)
			case atom.Title:
				if c.Namespace == "" && p.title == "" {
					p.title = rawText(c)
				}
			case atom.Link:
				if strings.EqualFold(attr(c, "rel"), "canonical") {
					address(attr(c, "href"))
				}
			case atom.Meta:
				p.meta(c, site, address)
			case atom.Script:
				s := rawText(c)
				p.script = p.script || len(s) < 2000 && (strings.Contains(s, "location.replace(") || strings.Contains(s, "location.href") || strings.Contains(s, "window.location"))
			}
			if isHeading(c) || c.DataAtom == atom.Dt || c.DataAtom == atom.Summary {
				p.heads[letterKey(allText(c))] = true
			}
			p.opener(c)
			switch {
			case marked(c, versions):
				if a := find(c, func(n *html.Node) bool { return n.DataAtom == atom.A }); a != nil {
					p.latest = attr(a, "href")
				}
			case marked(c, brands) || attr(c, "rel") == "home":
				site(allText(c))
			case breadcrumbs(c):
				if first := find(c, func(n *html.Node) bool { return n.DataAtom == atom.A }); first != nil {
					site(allText(first))
				}
			}
			p.index = p.index || marked(c, indexes)
			p.search = p.search || marked(c, searches)
			walk(c, depth+1)
		}
	}
	walk(root, 0)
	return p
}

func (p *page) meta(n *html.Node, site, address func(string)) {
	content := attr(n, "content")
	switch strings.ToLower(attr(n, "property")) {
	case "og:url":
		address(content)
	case "og:title":
		p.social = content
	case "og:site_name":
		site(content)
	}
	switch strings.ToLower(attr(n, "name")) {
	case "robots":
		p.noindex = strings.Contains(strings.ToLower(content), "noindex")
	case "generator": // javadoc names what wrote the page
		for _, writer := range [...]string{"Index", "Tree", "Help", "Search", "AllClasses", "AllPackages"} {
			p.index = p.index || strings.HasPrefix(content, "javadoc/"+writer)
		}
	case "application-name", "apple-mobile-web-app-title":
		site(content)
	}
	if strings.EqualFold(attr(n, "http-equiv"), "refresh") {
		delay, to, ok := strings.Cut(content, ";")
		seconds, err := strconv.Atoi(strings.TrimSpace(delay))
		if i := strings.Index(strings.ToLower(to), "url="); ok && err == nil && seconds <= 10 && i >= 0 {
			p.refresh = strings.Trim(strings.TrimSpace(to[i+4:]), `'"`)
		}
	}
}

// opener notes what an element shows when it is pressed.
func (p *page) opener(n *html.Node) {
	role := attr(n, "role")
	shows := func(id string) {
		p.openers[id] = n
		p.opened[n] = id
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "aria-controls":
			for id := range strings.FieldsSeq(a.Val) {
				shows(id)
			}
		case "data-target", "data-bs-target":
			shows(strings.TrimPrefix(a.Val, "#"))
		case "href":
			if len(a.Val) > 1 && a.Val[0] == '#' && (n.DataAtom == atom.A || role == "tab") {
				shows(a.Val[1:])
			}
		}
	}
}

// regions gives the parts of a page to read, once out says what not to.
func (p *page) regions(root *html.Node) []*html.Node {
	p.prune(root)
	body := find(root, func(n *html.Node) bool { return n.DataAtom == atom.Body })
	if body == nil {
		body = root
	}
	p.weigh(body)
	p.tabs(body)
	p.around(body, body, 0, false)
	p.weigh(body)
	list := p.mains(body)
	if list == nil {
		p.menus(body, body, 0)
		p.weigh(body)
		list = []*html.Node{body}
	}
	// The guard: names alone may not cost most of the text.
	left := 0
	for _, n := range list {
		left += p.weights[n].plain()
	}
	if len(p.unsure) == 0 {
		return list
	}
	for _, n := range p.unsure {
		delete(p.out, n)
	}
	p.weigh(body)
	share := 4
	if list[0] == body {
		share = 2 // the page names no main part
	}
	if w := p.weights[body]; left*share < w.plain() || left == 0 && w.text > 0 {
		p.folded = true
		return []*html.Node{body}
	}
	for _, n := range p.unsure {
		p.out[n] = true
	}
	p.weigh(body)
	return list
}

// mains gives the parts that the page calls its main ones, if they hold much of its text.
func (p *page) mains(body *html.Node) []*html.Node {
	var mains, articles []*html.Node
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
			if c.Type != html.ElementNode || p.out[c] {
				continue
			}
			switch {
			case isMain(c):
				if p.weights[c].text > 0 {
					mains = append(mains, c)
				}
				continue
			case c.DataAtom == atom.Article:
				articles = append(articles, c)
			}
			if c.DataAtom != atom.Article || p.weights[c].mains > 0 {
				walk(c, depth+1)
			}
		}
	}
	walk(body, 0)
	all := p.weights[body]
	share := func(list []*html.Node) float64 {
		sum, of := 0, all.plain()
		for _, n := range list {
			sum += p.weights[n].plain()
		}
		if of == 0 {
			of, sum = all.text, 0
			for _, n := range list {
				sum += p.weights[n].text
			}
		}
		return float64(sum) / float64(max(of, 1))
	}
	switch {
	case len(mains) > 0 && share(mains) >= .4:
		return mains
	case len(mains) == 0 && len(articles) == 1 && share(articles) >= .5:
		return articles
	}
	return nil
}

// prune takes out what no reader sees, and signs beside the text.
func (p *page) prune(root *html.Node) {
	p.out = map[*html.Node]bool{}
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
			if c.Type != html.ElementNode {
				continue
			}
			if p.unseen(c) || sign(c) || p.fragment && (c.DataAtom == atom.Nav || c.DataAtom == atom.Footer || c.DataAtom == atom.Form) {
				p.out[c] = true
				continue
			}
			walk(c, depth+1)
			switch c.DataAtom {
			case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dt:
				p.wholeLink(c)
			}
		}
	}
	walk(root, 0)
}

// wholeLink takes a permalink back in that is all of a heading's text (mandoc).
func (p *page) wholeLink(heading *html.Node) {
	links := 0
	var last *html.Node
	alone := textless(heading, func(c *html.Node) bool {
		if !p.out[c] {
			return true
		}
		if s := allText(c); c.DataAtom == atom.A && !signs[clean(s)] && strings.ContainsFunc(s, isWord) {
			links++
			last = c
		}
		return false
	})
	if alone && links == 1 {
		delete(p.out, last)
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// unseen reports whether an element is nothing that a reader reads.
func (p *page) unseen(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Noscript, atom.Noframes, atom.Noembed, atom.Template, atom.Head, atom.Svg, atom.Iframe, atom.Object, atom.Embed,
		atom.Canvas, atom.Audio, atom.Video, atom.Map, atom.Input, atom.Select, atom.Textarea, atom.Datalist, atom.Progress, atom.Meter:
		return true
	case atom.Button:
		return !p.opens(n)
	case atom.Math:
		return false
	}
	return hidden(n) && !p.shown(n)
}

func hidden(n *html.Node) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "aria-hidden":
			if a.Val == "true" {
				return true
			}
		case "style":
			if s := strings.ReplaceAll(strings.ToLower(a.Val), " ", ""); strings.Contains(s, "display:none") || strings.Contains(s, "mso-list:ignore") || strings.Contains(s, "visibility:hidden") {
				return true
			}
		}
	}
	return false
}

// shown reports whether something in the page shows what is hidden at first: a tab its
// panel, a question its answer.
func (p *page) shown(n *html.Node) bool {
	if attr(n, "hidden") == "until-found" {
		return true
	}
	if n.DataAtom == atom.Span && holdsMath(n) {
		return true // Wikipedia's formulas
	}
	switch attr(n, "role") {
	case "tabpanel":
		return true
	case "dialog", "alertdialog", "menu", "listbox", "navigation", "search", "alert", "status", "tooltip":
		return false
	}
	if attr(n, "aria-modal") == "true" {
		return false
	}
	panel := false
	for token := range tokens(n) {
		for _, part := range [...]string{"menu", "nav", "modal", "dialog", "popup", "cookie", "consent", "search", "mobile", "drawer", "sidebar", "toast", "icon", "loading", "template"} {
			if strings.Contains(token, part) {
				return false
			}
		}
		for _, part := range [...]string{"tab", "accordion", "accordeon", "collaps", "faq", "answer", "panel", "toggle", "spoiler", "expand", "detail"} {
			panel = panel || strings.Contains(token, part)
		}
	}
	if panel || p.openers[attr(n, "id")] != nil || attr(n, "role") == "region" && attr(n, "aria-labelledby") != "" {
		return !p.menu(n)
	}
	before := n.PrevSibling
	for before != nil && before.Type != html.ElementNode {
		before = before.PrevSibling
	}
	if before == nil {
		return false
	}
	return (before.DataAtom == atom.Dt || before.DataAtom == atom.Button || asks(clean(allText(before)))) && !p.menu(n)
}

// menu reports whether an element holds hardly anything but links.
func (p *page) menu(n *html.Node) bool {
	var w weight
	p.measure(n, 0, false, &w, nil)
	return w.count >= 3 && w.links*10 >= w.text*7
}

// asks reports whether a text is a question.
func asks(s string) bool {
	return strings.HasSuffix(s, "?") || strings.HasSuffix(s, "？") || strings.HasSuffix(s, "؟") || strings.HasSuffix(s, ";") && strings.ContainsAny(s, "αειουη")
}

// opens reports whether a button's text is a heading's, a tab's or a question's, which
// opens what it names.
func (p *page) opens(n *html.Node) bool {
	s := strings.ToLower(clean(allText(n)))
	if s == "" || actions[s] {
		return false
	}
	for token := range tokens(n) {
		for _, part := range [...]string{"copy", "clipboard", "menu", "hamburger", "nav-toggle", "navbar", "theme", "search", "close", "dismiss", "share", "sidebar"} {
			if strings.Contains(token, part) {
				return false
			}
		}
	}
	if attr(n, "role") == "tab" || asks(s) {
		return true
	}
	for up, i := n.Parent, 0; up != nil && i < 3; up, i = up.Parent, i+1 {
		switch up.DataAtom {
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dt, atom.Summary:
			return true
		}
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "aria-controls":
			to := p.ids[strings.TrimSpace(a.Val)]
			if to != nil && to.DataAtom != atom.Nav && !p.menu(to) && !p.inside(to, atom.Nav) && !p.inside(to, atom.Header) {
				return true
			}
		case "data-toggle", "data-bs-toggle":
			if a.Val == "collapse" || a.Val == "tab" || a.Val == "pill" {
				return !strings.Contains(attr(n, "class"), "toggler")
			}
		case "class":
			for token := range tokens(n) {
				if strings.Contains(token, "accordion") || strings.Contains(token, "collapsible") || strings.Contains(token, "faq") || strings.Contains(token, "question") {
					return true
				}
			}
		}
	}
	return false
}

func (p *page) inside(n *html.Node, a atom.Atom) bool {
	for n = n.Parent; n != nil; n = n.Parent {
		if n.DataAtom == a {
			return true
		}
	}
	return false
}

// weigh weighs every element under n that is not out.
func (p *page) weigh(n *html.Node) {
	p.weights = map[*html.Node]weight{}
	var w weight
	p.measure(n, 0, false, &w, p.weights)
	p.weights[n] = w
}

// measure adds what n holds to w, and notes it of each element within.
func (p *page) measure(n *html.Node, depth int, inLink bool, w *weight, note map[*html.Node]weight) {
	for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode:
			size := 0
			for i := 0; i < len(c.Data); i++ {
				if c.Data[i] > ' ' {
					size++
				}
			}
			w.text += size
			if inLink {
				w.links += size
			}
		case c.Type == html.ElementNode && c.DataAtom == atom.Input && attr(c, "type") != "hidden" || c.DataAtom == atom.Select || c.DataAtom == atom.Textarea:
			w.controls++
		case c.Type == html.ElementNode && !p.out[c]:
			var sub weight
			link := c.DataAtom == atom.A && attr(c, "href") != ""
			p.measure(c, depth+1, inLink || link, &sub, note)
			switch {
			case link && sub.text > 0:
				sub.count++
				if to := attr(c, "href"); len(to) > 1 && to[0] == '#' {
					sub.inPage++
				}
				if p.jumps(c) {
					sub.jump++
				}
			case c.DataAtom == atom.H1:
				sub.h1++
			case c.DataAtom == atom.P || c.DataAtom == atom.Pre:
				sub.longest = max(sub.longest, sub.plain())
			case isMain(c) || c.DataAtom == atom.Article:
				sub.mains++
			}
			if note != nil {
				note[c] = sub
			}
			w.text += sub.text
			w.links += sub.links
			w.count += sub.count
			w.inPage += sub.inPage
			w.jump += sub.jump
			w.h1 += sub.h1
			w.mains += sub.mains
			w.controls += sub.controls
			w.longest = max(w.longest, sub.longest)
		}
	}
}

// jumps reports whether a link leads to another place of the page.
func (p *page) jumps(n *html.Node) bool {
	to, ok := strings.CutPrefix(attr(n, "href"), "#")
	if !ok || to == "" {
		return false
	}
	if !p.heads[letterKey(allText(n))] {
		return false // it says what no heading says
	}
	target := p.ids[to]
	for up, i := n, 0; up != nil && i < 3; up, i = up.Parent, i+1 {
		if up == target {
			return false
		}
	}
	return true
}

// around takes out what stands around the text: menus, notices, tables of contents.
func (p *page) around(body, n *html.Node, depth int, inMain bool) {
	for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
		if c.Type != html.ElementNode || p.out[c] {
			continue
		}
		w := p.weights[c]
		switch p.furniture(c, w, inMain) {
		case surely:
			p.out[c] = true
			p.unlabel(c)
			continue
		case byName:
			if w.mains == 0 && (w.h1 == 0 || w.h1 < p.weights[body].h1) && w.plain()*5 < p.weights[body].plain()*2 {
				p.out[c] = true
				p.unsure = append(p.unsure, c)
				continue
			}
		}
		p.around(body, c, depth+1, inMain || isMain(c) || c.DataAtom == atom.Article)
	}
}

// unlabel takes out the words over a table of contents that is gone.
func (p *page) unlabel(n *html.Node) {
	if before := elementBefore(n); before != nil && isContentsWord(allText(before)) {
		p.out[before] = true
	}
}

// underContents reports whether an element stands under the words of a table of contents.
func underContents(n *html.Node) bool {
	before := elementBefore(n)
	return before != nil && isContentsWord(allText(before))
}

// isContentsWord reports whether a text is what stands over a table of contents.
func isContentsWord(s string) bool {
	return contentsWords[strings.ToLower(strings.Trim(clean(s), ": "))]
}

// elementBefore gives the element before n, nil where text is in between.
func elementBefore(n *html.Node) *html.Node {
	before := n.PrevSibling
	for before != nil && before.Type != html.ElementNode {
		if before.Type == html.TextNode && clean(before.Data) != "" {
			return nil
		}
		before = before.PrevSibling
	}
	return before
}

const (
	own    = iota
	byName // its name says that it is not the page's text
	surely
)

// furniture judges an element.
func (p *page) furniture(n *html.Node, w weight, inMain bool) int {
	switch n.DataAtom {
	case atom.Html, atom.Body, atom.Main, atom.Article, atom.H1:
		return own
	case atom.Nav, atom.Dialog:
		return surely
	case atom.Footer:
		if n.Parent != nil && (n.Parent.DataAtom == atom.Blockquote || n.Parent.DataAtom == atom.Figure) || marked(n, footnotes) {
			return own
		}
		return surely
	case atom.Form:
		// A form around the page (ASP.NET) is the page; others ask for something.
		if w.h1 > 0 || w.mains > 0 || w.controls == 0 && w.longest > 0 {
			return own
		}
		return byName
	case atom.Aside:
		if w.count >= 3 && w.links*10 >= w.text*6 {
			return surely
		}
	case atom.Header:
		if !inMain && w.h1 == 0 && (w.links*10 >= w.text*6 || find(n, func(n *html.Node) bool { return n.DataAtom == atom.Nav }) != nil) {
			return byName
		}
	}
	switch attr(n, "role") {
	case "navigation", "contentinfo", "search", "menu", "menubar", "dialog", "alertdialog", "toolbar", "doc-toc", "directory":
		return surely
	case "banner", "complementary":
		return byName
	case "tablist", "tab", "tabpanel", "doc-endnotes", "doc-footnote", "note":
		return own
	}
	if breadcrumbs(n) {
		return surely
	}
	switch n.DataAtom {
	case atom.Div, atom.P, atom.Aside, atom.Section, atom.Ul, atom.Ol:
		if w.text > 0 && w.text <= 120 && w.count > 0 && w.h1 == 0 && isTrail(n) {
			return surely
		}
		if w.text <= 300 && w.count > 0 && w.h1 == 0 && isStaleNotice(n) {
			return surely
		}
	}
	// A list of links to places in the page is its table of contents.
	if w.count >= 2 && w.inPage == w.count && (w.jump*2 >= w.count || underContents(n)) && w.links*10 >= w.text*9 && w.h1 == 0 {
		switch n.DataAtom {
		case atom.Ul, atom.Ol, atom.Div, atom.Aside, atom.Details, atom.Section, atom.Table, atom.Dl, atom.P:
			return surely
		}
	}
	for token := range tokens(n) {
		if consents[token] && w.mains == 0 && w.h1 == 0 {
			return surely
		}
		if strings.Contains(token, "cookie") || strings.Contains(token, "onetrust") || strings.Contains(token, "gdpr") {
			// What asks for consent has a button, and is no part of the text about it.
			if !inMain && w.mains == 0 && w.h1 == 0 && find(n, func(n *html.Node) bool { return n.DataAtom == atom.Button || marked(n, pressed) }) != nil {
				return surely
			}
			continue
		}
		switch {
		case around[token]:
			if w.mains == 0 && (w.h1 == 0 || inMain) {
				return surely
			}
			return byName
		case perhaps[token] || perhapsPart(token):
			if token == "sidebar" && (n.DataAtom == atom.Aside || n.DataAtom == atom.Div) && holds(n, "sidebar-title") {
				return own // docutils' sidebar: a box in the text
			}
			if w.longest >= 200 && w.links*3 < w.text || isHeading(n) || n.DataAtom == atom.P {
				return own
			}
			return byName
		}
	}
	return own
}

// menus takes out, in a page that says nothing of its parts, lists of nothing but links
// that stand among no text.
func (p *page) menus(body, n *html.Node, depth int) {
	for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
		if c.Type != html.ElementNode || p.out[c] {
			continue
		}
		w := p.weights[c]
		switch c.DataAtom {
		case atom.Ul, atom.Ol, atom.Div, atom.Table, atom.Td, atom.Section, atom.Header, atom.Center, atom.P, atom.Dl, atom.Aside:
			if w.count >= 3 && w.links*5 >= w.text*4 && w.links <= 40*w.count && w.h1 == 0 && w.plain()*5 < p.weights[body].plain() &&
				(c.DataAtom == atom.P && w.plain() > 0 || c.DataAtom != atom.P && !p.amongText(c.Parent)) {
				p.out[c] = true
				p.unsure = append(p.unsure, c)
				continue
			}
		}
		p.menus(body, c, depth+1)
	}
}

// amongText reports whether an element has paragraphs and headings as its children.
func (p *page) amongText(parent *html.Node) bool {
	if known, ok := p.among[parent]; ok {
		return known
	}
	is := false
	for c := parent.FirstChild; c != nil && !is; c = c.NextSibling {
		switch c.DataAtom {
		case atom.P, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Pre, atom.Blockquote:
			is = true
		}
		is = is || c.Type == html.TextNode && clean(c.Data) != ""
	}
	if p.among == nil {
		p.among = map[*html.Node]bool{}
	}
	p.among[parent] = is
	return is
}

// tabs names the panels that tabs show, and takes the row of tabs out.
func (p *page) tabs(body *html.Node) {
	p.labels = map[*html.Node]string{}
	lists := []*html.Node{}
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
			if c.Type != html.ElementNode || p.out[c] {
				continue
			}
			if attr(c, "role") == "tablist" || marked(c, tabRows) || isTabs(c) {
				lists = append(lists, c)
				continue
			}
			walk(c, depth+1)
		}
	}
	walk(body, 0)
	for _, list := range lists {
		tabs := outermost(list, func(n *html.Node) bool {
			return attr(n, "role") == "tab" || n.DataAtom == atom.Label || n.DataAtom == atom.A && len(attr(n, "href")) > 1 && attr(n, "href")[0] == '#'
		})
		if len(tabs) == 0 || find(list, func(n *html.Node) bool {
			return attr(n, "role") == "tabpanel" || marked(n, tabPanels) || n.DataAtom == atom.P
		}) != nil {
			continue // an accordion: the panels are between the tabs
		}
		panels := map[*html.Node]string{}
		for _, tab := range tabs {
			if to := p.ids[p.opened[tab]]; to != nil {
				panels[to] = clean(allText(tab))
			}
		}
		if len(panels) != len(tabs) {
			near := panelsAfter(list)
			if len(near) == 0 && len(panels) == 0 {
				continue // nothing to name: the row is text
			}
			if len(near) == len(tabs) {
				clear(panels)
				for i, n := range near {
					panels[n] = clean(allText(tabs[i]))
				}
			}
		}
		for n, label := range panels {
			if len(tabs) == 1 || len(panels) > 1 {
				p.labels[n] = label
			}
		}
		p.out[list] = true
	}
}

// isTabs reports whether an element is VitePress' row of tabs.
func isTabs(n *html.Node) bool {
	if attr(n, "class") != "tabs" {
		return false
	}
	next := n.NextSibling
	for next != nil && next.Type != html.ElementNode {
		next = next.NextSibling
	}
	return next != nil && marked(next, tabBlocks)
}

// panelsAfter gives the panels that follow a row of tabs.
func panelsAfter(row *html.Node) (list []*html.Node) {
	for up, i := row, 0; up != nil && i < 3 && len(list) == 0; up, i = up.Parent, i+1 {
		for c := up.NextSibling; c != nil; c = c.NextSibling {
			if c.Type != html.ElementNode {
				continue
			}
			before := len(list)
			switch {
			case attr(c, "role") == "tabpanel" || marked(c, tabPanels):
				list = append(list, c)
			case marked(c, tabBlocks):
				for block := range c.ChildNodes() {
					if block.Type == html.ElementNode {
						list = append(list, block)
					}
				}
			default:
				list = append(list, outermost(c, func(n *html.Node) bool { return attr(n, "role") == "tabpanel" || marked(n, tabPanels) })...)
			}
			if len(list) == before {
				break
			}
		}
	}
	return list
}

// lastInSection reports whether nothing but its like and headings follow an element
// until its section ends.
func (p *page) lastInSection(n *html.Node) bool {
	if known, ok := p.last[n]; ok {
		return known
	}
	kind := n.DataAtom
	like := []*html.Node{n} // siblings, of which the same is true
	is := func() bool {
		for up := n; up != nil; up = up.Parent {
			if isMain(up) || up.DataAtom == atom.Body || up.DataAtom == atom.Article {
				return true
			}
			steps := 0
			for c := up.NextSibling; c != nil; c = c.NextSibling {
				if steps++; steps > 500 && up != n {
					return false // of so many, each would look at all
				}
				switch {
				case c.Type == html.TextNode && clean(c.Data) != "":
					return false
				case c.Type != html.ElementNode || p.weights[c].text == 0:
				case c.DataAtom == kind:
					if up == n {
						like = append(like, c)
					}
				case isHeading(c):
					return true
				default:
					first := firstElement(c)
					return first != nil && (isHeading(first) || first.DataAtom == kind && up != n)
				}
			}
		}
		return true
	}()
	if p.last == nil {
		p.last = map[*html.Node]bool{}
	}
	for _, c := range like {
		p.last[c] = is
	}
	return is
}

func isHeading(n *html.Node) bool {
	return len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6'
}

func hasHeading(n *html.Node) bool { return find(n, isHeading) != nil }

func holdsMath(n *html.Node) bool {
	return find(n, func(n *html.Node) bool { return n.DataAtom == atom.Math }) != nil
}

func holds(n *html.Node, class string) bool {
	return find(n, func(n *html.Node) bool { return strings.Contains(attr(n, "class"), class) }) != nil
}

func isMain(n *html.Node) bool {
	return n.DataAtom == atom.Main || attr(n, "role") == "main"
}

// find gives the first element under n that is as asked, nil where none is.
func find(n *html.Node, is func(*html.Node) bool) *html.Node {
	for c := range n.Descendants() {
		if c.Type == html.ElementNode && is(c) {
			return c
		}
	}
	return nil
}

// outermost gives the elements under n that are as asked and in no other of them.
func outermost(n *html.Node, is func(*html.Node) bool) (list []*html.Node) {
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && depth <= maxDepth; c = c.NextSibling {
			if c.Type != html.ElementNode {
				continue
			}
			if is(c) {
				list = append(list, c)
			} else {
				walk(c, depth+1)
			}
		}
	}
	walk(n, 0)
	return list
}

// allText gives all text under n.
func allText(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode && c.Parent.DataAtom != atom.Style && c.Parent.DataAtom != atom.Script {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}
