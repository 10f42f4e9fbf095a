package documents

import (
	"iter"
	"path"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// set makes a set of words.
func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// lines makes a set of lines.
func lines(list string) map[string]bool {
	m := map[string]bool{}
	for line := range strings.SplitSeq(list, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			m[line] = true
		}
	}
	return m
}

// Names that site generators and themes give to parts of their pages, as classes or
// ids, in small letters and without what follows an underscore.
var (
	// around is what stands around the text.
	around = set(`topnav sidenav main-navigation site-navigation mobile-nav nav-menu navmenu main-menu dropdown-menu submenu
		sub-menu top-bar site-header page-topbar site-sidebar left-sidebar right-sidebar sidebar-primary sidebar-secondary
		sphinxsidebar bd-sidebar bd-sidebar-primary bd-sidebar-secondary bd-toc bd-header wy-nav-side wy-nav-top wy-side-nav-search
		toc-drawer toctree-wrapper sidebar-drawer mobile-header right-sidebar-container sidebar-pane widget-area
		table-of-contents tableofcontents tocmobile toccollapsible theme-doc-toc-mobile theme-doc-toc-desktop
		on-this-page onthispage page-toc local-toc doc-toc markdown-toc toc-container ez-toc-container lwptoc contents-list
		vplocalnav vpdocaside vpdocasideoutline vpdocfooter vpsidebar vpnav vpfooter mobile-starlight-toc
		site-footer page-footer colophon md-footer doc-footer bottom-nav legal-copy about-language
		pagination-nav pagination-links prev-next prevnext prev-next-area prev-next-footer prev-next-bottom
		post-navigation posts-navigation nav-links nav-previous nav-next page-nav rst-footer-buttons related-pages
		nav-wrapper nav-wide-wrapper mobile-nav-chapters nav-chapters
		edit-this-page theme-edit-this-page editthispage edit-page edit-link editlink edit-page-link edit-on-github
		md-content__button md-source-file content-icon-container view-this-page sourcelink tocsection
		last-updated lastupdated theme-last-updated vplastupdated page-metadata git-revision-date
		theme-doc-version-banner theme-doc-version-badge version-banner version-warning version-warning-banner
		bd-header-version-warning version-selector version-switcher version-switcher__container rst-versions
		rst-other-versions rst-current-version readthedocs-notification md-banner md-announce md-version sphinx-version-warning
		announcement-bar announcementbar theme-announcement-bar bd-header-announcement sitenotice
		skip-link skip-links skip-to-content skiplink skip-nav skip-to-main screen-reader-skip skiptocontent
		sharedaddy share-buttons social-share social-links addtoany_share_save_container post-share
		jp-relatedposts related-posts yarpp-related comment-respond newsletter-signup
		search-results no-results has-results __comments comment-reply-link ambox
		reading-time td-page-meta feedback--title feedback--question feedback--response
		page-feedback doc-feedback md-feedback was-this-helpful helpful-widget
		search-box search-form search-bar searchform docsearch md-search search-modal searchbar-wrapper
		md-overlay advertisement adsbygoogle ethical-sidebar ethical-footer ethical-rst
		mw-jump-link noprint navbox vertical-navbox catlinks printfooter mw-indicators mw-navigation mw-head mw-panel
		authority-control sistersitebox sitesub contentsub contentsub2 vector-toc vector-page-toolbar vector-page-titlebar-toc
		vector-column-start vector-dropdown vector-menu vector-sitenotice-container vector-sticky-header mw-footer
		zim-footer kiwixtoolbar kiwixfooter kiwix_serve_taskbar
		breadcrumb-section likes-and-labels-container pagesectionheader greybox
		top-nav sub-nav nav-list sec-table man-top-links`)

	// consents are of the windows that ask for consent, of the makers of such.
	consents = set(`onetrust-consent-sdk onetrust-banner-sdk cybotcookiebotdialog cky-consent-container usercentrics-root didomi-host
		qc-cmp2-container truste-consent-track cookie-law-info-bar cmplz-cookiebanner moove_gdpr_cookie_info_bar borlabscookiebox
		osano-cm-window cookieconsent cookie-notice cookiescript_injected klaro`)

	// perhaps are names of the same that may be of other things, too.
	perhaps = set(`nav navbar navigation menu menubar topbar masthead sidebar sidebars toc footer pagination pager
		related share sharing subscribe newsletter feedback search searchbox modal lightbox overlay advert respond announcement
		outdated deprecated-version unreleased-version`)

	// linkSigns are of links beside a heading that lead to it.
	linkSigns = set(`headerlink hash-link header-anchor anchor-link anchorlink sl-anchor-link heading-link heading-anchor
		heading-anchor-link anchorjs-link md-anchor doc-anchor permalink anchor section-anchor deep-link td-heading-self-link
		mw-editsection viewcode-link viewcode-back top-link back-to-top to-top footnote-backref footnote-back
		footnotebackref reversefootnote mw-cite-backlink data-footnote-backref`)

	// numbers are of the numbers of lines of code.
	numbers = set(`linenos linenodiv lineno linenumber line-number line-numbers linenumbers line-numbers-rows line-numbers-wrapper ln lnt
		gutter blob-num hljs-ln-numbers hljs-ln-n rouge-gutter code-line-number codelinenumber react-syntax-highlighter-line-number
		crayon-nums crayon-num linenum linenums lno lineno-gutter`)

	// aside is what belongs to no sentence, within the text.
	aside = set(`copybtn copy-btn btn-copy copy-to-clipboard copy-code-button code-copy-btn clip-button copy-button buttongroup md-clipboard clipboard-copy code-copy
		admonitionicon md-annotation__index headeranchor boring`)

	footnotes  = set(`footnotes footnote footnote-list citation-list references`)
	marks      = set(`reference footnote-ref footnote-reference`)
	signatures = set(`sig sig-object`)
	formulas   = set(`math tex latex mwe-math-fallback-image-inline mwe-math-fallback-image-display`)
	brands     = set(`navbar-brand navbar__title navbar__brand site-title site-name sitename brand logo logo-text project-name sidebar-brand-text site-logo`)
	versions   = set(`theme-doc-version-banner`)
	indexes    = set(`genindex-jumpbox genindextable modindextable`)
	searches   = set(`search-results searchresults search-page search-page-results`)
	tabRows    = set(`tabbed-labels tabs-list tab-list tablist nav-tabs ui-tabs-nav tab-buttons code-group-tabs`)
	tabPanels  = set(`tabbed-block tab-pane tab-panel tabpanel tabcontent ui-tabs-panel sphinx-tabs-panel`)
	tabBlocks  = set(`blocks tabbed-content tab-blocks`)
	pressed    = set(`btn button close accept dismiss onetrust-close-btn-handler`)

	signs = lines(`¶
		#
		§
		∞
		⚓
		⚓︎
		🔗
		🔗︎
		↩
		↩︎
		⏎
		[source]
		[src]
		[docs]
		[edit]
		[view source]
		[edit source]
		[link]`)

	homeWords = lines(`home
		start
		index
		docs
		documentation
		accueil
		startseite
		inicio
		»
		/`)

	// contentsWords stand over tables of contents.
	contentsWords = lines(`contents
		table of contents
		toc
		on this page
		in this article
		in this page
		on this page:
		page contents
		inhalt
		inhaltsverzeichnis
		auf dieser seite
		sommaire
		table des matières
		sur cette page
		contenido
		contenidos
		índice
		en esta página
		nesta página
		indice
		inhoud
		inhoudsopgave
		spis treści
		содержание
		оглавление
		目次
		目录
		目錄
		本页内容
		차례
		목차`)

	// noTitles are what pages are called that nobody has named.
	noTitles = lines(`app
		react app
		vite app
		vite + react
		vue app
		document
		untitled
		untitled document
		untitled page
		new page
		new page 1
		new tab
		index
		home
		page
		title`)

	// actions are what buttons and links of a page do, never what it says.
	actions = lines(`copy
		copied
		copied!
		copy code
		copy to clipboard
		copy link
		copy page
		share
		print
		print this page
		menu
		close
		search
		on this page
		table of contents
		toggle navigation
		toggle table of contents
		toggle sidebar
		toggle dark mode
		toggle light / dark / auto color theme
		expand all
		expand description
		collapse all
		show all
		hide
		edit
		edit page
		edit this page
		edit this page on github
		edit on github
		edit on gitlab
		edit on bitbucket
		edit on codeberg
		edit source
		edit this section
		improve this page
		suggest an edit
		suggest edits
		suggest changes
		suggest a change
		view source
		view page source
		view source on github
		view on github
		view this page
		show source
		page source
		report an issue
		report a bug
		report an issue with this page
		create an issue
		open an issue
		file an issue
		give feedback
		was this page helpful?
		was this helpful?
		back to top
		return to top
		↑ back to top
		scroll to top
		to top
		top
		previous
		next
		previous page
		next page
		« previous
		next »
		← previous
		next →
		‹ previous
		next ›
		<< previous
		next >>
		prev
		« prev
		← prev
		seite bearbeiten
		diese seite bearbeiten
		nach oben
		modifier cette page
		haut de page
		editar esta página
		accept
		accept all
		accept cookies
		reject
		reject all
		got it
		i agree
		dismiss
		subscribe
		reply
		load more
		read more
		sign in
		log in
		yes
		no
		ok`)
)

// tokens gives an element's classes and its id, in small letters; of classes with an
// underscore, what is before it, too ("tableOfContents_bqdL").
func tokens(n *html.Node) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, a := range n.Attr {
			if a.Key != "class" && a.Key != "id" || a.Namespace != "" {
				continue
			}
			for t := range strings.FieldsSeq(a.Val) {
				t = strings.ToLower(t)
				if !yield(t) {
					return
				}
				if i := strings.IndexByte(t, '_'); i > 0 && a.Key == "class" && !yield(t[:i]) {
					return
				}
			}
		}
	}
}

// marked reports whether an element has one of the names.
func marked(n *html.Node, names map[string]bool) bool {
	for t := range tokens(n) {
		if names[t] {
			return true
		}
	}
	return false
}

// perhapsPart reports whether a part of a name says the same as perhaps.
func perhapsPart(token string) bool {
	for _, part := range [...]string{"newsletter", "sharing", "social-", "-social", "share-", "-share", "paywall", "related-articles", "related-content", "site-nav", "main-nav"} {
		if strings.Contains(token, part) {
			return true
		}
	}
	return strings.HasPrefix(token, "footer-") || strings.HasSuffix(token, "-footer") && token != "card-footer" && token != "table-footer"
}

// staleNotice is how sites say that there is another version of a page.
var staleNotice = regexp.MustCompile(`(?i)^(?:note|warning|important|attention|caution|danger|info)?[\s:!.⚠️]*(?:you(?:'re| are| ’re) (?:currently )?(?:not )?(?:reading|viewing|looking at|browsing)|this is (?:the |an? )?|this (?:version|documentation|page) (?:is|of|describes)|these docs are|there is a newer|a newer version)`)

var staleWords = regexp.MustCompile(`(?i)\b(?:old|older|outdated|out of date|unreleased|development|pre-release|prerelease|newer|latest|most recent|stable|no longer|unmaintained|legacy)\b.*\b(?:version|documentation|docs|release|maintained)\b|\b(?:version|documentation|docs|release)\b.*\b(?:old|older|outdated|out of date|unreleased|development|newer|latest|most recent|stable|no longer|legacy)\b`)

var siteNouns = regexp.MustCompile(`(?i)\b(?:documentation|docs|manual|guide|handbook|page|site|website|reference|release)\b|^\W*(?:\w+\W+)?you\b`)

// isStaleNotice reports whether an element says no more than that there is another version.
func isStaleNotice(n *html.Node) bool {
	s := clean(allText(n))
	return staleNotice.MatchString(s) && staleWords.MatchString(s) && siteNouns.MatchString(s)
}

// isTrail reports whether an element is breadcrumbs by what it says: "Home > Docs > Ropes".
func isTrail(n *html.Node) bool {
	first := find(n, func(n *html.Node) bool { return n.DataAtom == atom.A })
	s := clean(allText(n))
	return first != nil && homeWords[strings.ToLower(clean(allText(first)))] && strings.HasPrefix(s, clean(allText(first))) &&
		strings.ContainsAny(s, ">»›/→▸") && !strings.ContainsAny(s, ".!?;")
}

func breadcrumbs(n *html.Node) bool {
	if strings.Contains(strings.ToLower(attr(n, "aria-label")), "breadcrumb") || strings.HasSuffix(attr(n, "itemtype"), "BreadcrumbList") {
		return true
	}
	for t := range tokens(n) {
		if strings.Contains(t, "breadcrumb") {
			return n.DataAtom != atom.Body && n.DataAtom != atom.Html && !strings.Contains(t, "has-") && !strings.Contains(t, "with-")
		}
	}
	return false
}

// sign reports whether an element is a sign beside the text and no part of it: a
// permalink, a link to the source, the number of a line, a footnote's mark.
func sign(n *html.Node) bool {
	switch n.DataAtom {
	case atom.A:
		return linkSign(n)
	case atom.Sup:
		if marked(n, marks) {
			return true
		}
		a := firstChildElement(n)
		return a != nil && a.DataAtom == atom.A && linkSign(a) && clean(allText(n)) == clean(allText(a))
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Main, atom.Article, atom.Body, atom.Html, atom.P, atom.Section:
		return false
	}
	for t := range tokens(n) {
		switch {
		case numbers[t]:
			// A wrapper may have the name as well as what it wraps.
			return !holdsCode(n)
		case aside[t], t == "headerlink", t == "mw-editsection", t == "mw-cite-backlink", t == "viewcode-link":
			return find(n, func(n *html.Node) bool { return n.DataAtom == atom.Pre || n.DataAtom == atom.P || isHeading(n) }) == nil
		case t == "lang":
			return n.DataAtom == atom.Span && n.Parent != nil && strings.Contains(attr(n.Parent, "class"), "language-")
		case (t == "sr-only" || t == "visually-hidden" || t == "screen-reader-text") && n.DataAtom == atom.Span:
			return n.Parent != nil && (n.Parent.DataAtom == atom.A || n.Parent.DataAtom == atom.Button || isHeading(n.Parent) || inTree(n))
		case t == "label" && n.DataAtom == atom.Span:
			return n.Parent != nil && strings.Contains(attr(n.Parent, "class"), "footnote") // "[1]" before a note
		}
	}
	return false
}

// inTree reports whether an element is in an entry of a tree of files (Starlight).
func inTree(n *html.Node) bool {
	for up, i := n.Parent, 0; up != nil && i < 3; up, i = up.Parent, i+1 {
		if up.DataAtom == atom.Span && strings.Contains(attr(up, "class"), "tree-entry") {
			return true
		}
	}
	return false
}

// holdsCode reports whether what is named after the numbers of lines is the code itself.
func holdsCode(n *html.Node) bool {
	if n.DataAtom == atom.Pre || n.DataAtom == atom.Code || n.DataAtom == atom.Div || n.DataAtom == atom.Table || n.DataAtom == atom.Td {
		for i, f := range strings.Fields(allText(n)) {
			if i > 100_000 {
				break
			}
			for _, r := range f {
				if r < '0' || r > '9' {
					return true
				}
			}
		}
	}
	return false
}

func firstChildElement(n *html.Node) *html.Node {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode {
			return c
		}
	}
	return nil
}

// linkSign reports whether a link is a sign, or leads to a tool of the site.
func linkSign(n *html.Node) bool {
	s := clean(allText(n))
	if s == "" {
		return true
	}
	href := attr(n, "href")
	jumps := strings.Contains(href, "#")
	if signs[s] && (jumps || s[0] == '[') {
		return true
	}
	switch attr(n, "role") {
	case "doc-backlink", "doc-noteref":
		return !strings.Contains(attr(n, "class"), "toc-backref")
	}
	switch attr(n, "rel") {
	case "prev", "next":
		return true
	}
	low := strings.ToLower(s)
	if generated.MatchString(href) && marked(n, marks) && alone(n) {
		return true
	}
	for t := range tokens(n) {
		switch {
		case t == "footnote-reference" || t == "footnote-ref" || t == "mw-editsection":
			return true
		case linkSigns[t]:
			return jumps || t != "permalink" && t != "anchor"
		case (t == "src" || t == "srclink" || t == "source-link") && (low == "source" || low == "src" || low == "[src]" || low == "view source"):
			return true
		}
	}
	if len(low) > 60 {
		return false
	}
	if jumps {
		for _, begin := range [...]string{"link to this ", "permalink to ", "permanent link", "direct link to ", "anchor link to ", "skip to ", "section titled "} {
			if strings.HasPrefix(low, begin) {
				return true
			}
		}
		if low == "permalink" || low == "skip to content" || low == "jump to content" || low == "jump to navigation" || low == "jump to search" {
			return true
		}
	}
	low = strings.Trim(low, " ✏️✎↗↑→←»«‹›⇧🖉📝.")
	is := actions[low]
	if len(low) <= 45 {
		for _, begin := range [...]string{"edit this page", "edit this doc", "edit on ", "improve this ", "suggest an edit", "suggest edits", "view source on ", "view on git", "report an issue", "report a problem", "open an issue"} {
			is = is || strings.HasPrefix(low, begin)
		}
	}
	if !is {
		for t := range tokens(n) {
			is = is || (t == "prev" || t == "previous" || t == "next") && (strings.HasPrefix(low, "prev") || strings.HasPrefix(low, "next"))
		}
	}
	return is && alone(n)
}

// generated matches the addresses of pages that Sphinx makes, to which its first page links.
var generated = regexp.MustCompile(`(^|/)(genindex|(py-)?modindex|search)(\.html|/)$`)

// alone reports whether a link stands in no sentence.
func alone(n *html.Node) bool {
	word := func(n *html.Node) bool {
		return n != nil && n.Type == html.TextNode && strings.ContainsFunc(n.Data, unicode.IsLetter)
	}
	return !word(n.PrevSibling) && !word(n.NextSibling)
}

// What stands between a page's name and its site's in a <title>.
var separators = []string{" — ", " – ", " - ", " | ", " · ", " :: ", " • ", " » ", " « ", " ‹ ", " › ", "｜", " ⋅ "}

var siteWords = regexp.MustCompile(`(?i)(^|\W)(documentation|docs|wikipedia|wiktionary|wiki|user guide|user manual|confluence|github pages|read the docs)$|v?\d+(\.\d+)+\S* (documentation|docs|manual|api|guide)$`)

var apiOf = regexp.MustCompile(`\s*\([^()]*\bAPI\)$`)

// names gives the page's name without the site's, and the first heading if it says the same.
func (p *page) names(out *layout) (title, heading string) {
	title = clean(p.title)
	social := p.bare(clean(p.social), "")
	first, level := "", 0
	if len(out.headings) > 0 {
		h := out.headings[0]
		first, level = out.text.String()[h.Start:h.End], h.Level
	}
	switch {
	case first != "" && !p.sites[strings.ToLower(first)] && (title == "" || contains(title, first)),
		first != "" && level == 1 && (strings.EqualFold(first, social) || p.sites[strings.ToLower(title)] || noTitles[strings.ToLower(title)]):
		title = first
	case social != "" && (title == "" || contains(title, social)):
		title = social
	}
	title = p.bare(title, first)
	heading = title
	if first != "" && strings.EqualFold(p.bare(first, ""), title) {
		heading = first
	}
	return title, heading
}

// contains reports whether a title holds a part as whole words.
func contains(title, part string) bool {
	title, part = strings.ToLower(title), strings.ToLower(part)
	for at := 0; ; {
		i := strings.Index(title[at:], part)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(part)
		if (start == 0 || !letter(title[start-1]) || !letter(part[0])) && (end == len(title) || !letter(title[end]) || !letter(part[len(part)-1])) {
			return true
		}
		at = start + 1
	}
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// bare takes the site's name from a title.
func (p *page) bare(title, heading string) string {
	title = apiOf.ReplaceAllString(title, "")
	for {
		at, sep := -1, ""
		for _, s := range separators {
			if i := strings.LastIndex(title, s); i > at {
				at, sep = i, s
			}
		}
		if at <= 0 || title == heading {
			break
		}
		last := strings.TrimSpace(title[at+len(sep):])
		if !p.sites[strings.ToLower(last)] && !siteWords.MatchString(last) && sep != " | " && sep != "｜" {
			break
		}
		title = strings.TrimSpace(title[:at])
	}
	for _, sep := range append(separators, ": ", " : ") {
		if before, after, ok := strings.Cut(title, sep); ok && strings.TrimSpace(after) != "" && p.sites[strings.ToLower(strings.TrimSpace(before))] {
			return strings.TrimSpace(after)
		}
	}
	return title
}

// isList reports whether Docusaurus marks a page as a list of others, of tags or of a blog.
func isList(root *html.Node) bool {
	blog, post := false, false
	for t := range tokens(root) {
		if strings.HasSuffix(t, "-list-page") {
			return true
		}
		blog, post = blog || t == "plugin-blog", post || t == "blog-post-page"
	}
	return blog && !post
}

var notFound = regexp.MustCompile(`(?i)^(error )?404\b|^(the )?page (you requested )?(was |could )?not (be )?found|^seite nicht gefunden|^page non trouvée|^página no encontrada`)

// noPage says what a page is that a site's generator made for other things than to be
// read, "" for all others.
func (p *page) noPage(name, text string) string {
	title := clean(p.title)
	base := strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	short := len(text) < 400
	switch {
	case strings.HasPrefix(name, "_modules/") || strings.Contains(name, "/_modules/"):
		return "source code that the site's generator put beside its reference"
	case p.refresh != "" && short:
		return "a page that only leads on, to " + clean(p.refresh)
	case p.script && len(text) < 200 && (text == "" || strings.Contains(strings.ToLower(title+" "+text), "redirect")):
		if text == "" {
			return ""
		}
		return "a page that only leads on"
	case short && (notFound.MatchString(title) || notFound.MatchString(text)), base == "404.html" && len(text) < 2000:
		return "the site's page for what is not found"
	case p.list:
		return "a list of other pages"
	case p.index || strings.HasPrefix(base, "genindex") && strings.HasSuffix(base, ".html") || base == "py-modindex.html":
		return "an index that the site's generator made"
	case (p.search || base == "search.html") && short && contains(title+" "+text, "search"):
		return "the site's page to search on"
	}
	return ""
}

// siteFile says what a text file is that a site has for machines, "" for all others.
func siteFile(name, text string) string {
	if path.Base(name) != "robots.txt" || !strings.Contains(strings.ToLower(text), "user-agent") {
		return ""
	}
	return "what the site says to robots, and not to readers"
}
