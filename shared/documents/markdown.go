package documents

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// CommonMark with GitHub's tables, strikethrough and task lists.
// Formulas, links to notes and marks of footnotes are no emphasis and no links.
var commonMark = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList),
	goldmark.WithParserOptions(parser.WithInlineParsers(util.Prioritized(wikiLink{}, 150), util.Prioritized(mathSpan{}, 150))),
)

// maxDepth bounds recursion over nested markup; what lies deeper is left out.
const maxDepth = 500

func readMarkdown(name, src string) ([]Document, []Note) {
	front, body := frontMatter(src)
	body, absent := undress(body, strings.HasSuffix(strings.ToLower(strings.TrimSuffix(name, ".gz")), ".mdx"))
	if tangled(body) {
		return readText(name, body)
	}
	source := []byte(untangle(body))
	w := markdownWriter{source: source, headings: map[string]bool{}}
	root := commonMark.Parser().Parse(text.NewReader(source))
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			s, _ := headingAnchor(w.inline(h))
			w.headings[letterKey(s)] = true
		}
	}
	w.blocks(root, 0)
	var notes []Note
	if n := len(absent); n > 0 {
		what := strconv.Quote(shortList(absent[:1]))
		if n > 1 {
			what += fmt.Sprintf(" and %s", plural(n-1, "other", "others"))
		}
		notes = append(notes, Note{File: name, Kept: true, Why: "what the site's generator puts in place of " + what + " is not in the file"})
	}
	title := front.title
	if title == "" {
		title = w.out.first()
	}
	if w.out.text.Len() == 0 {
		// A landing page has its text in the front matter.
		if title == "" && front.about == "" {
			return nil, append(notes, Note{File: name, Why: "empty"})
		}
		w.out.add(front.about, "")
	}
	if title == "" {
		title = baseTitle(name)
	}
	return []Document{w.out.document(name, title, front.url)}, notes
}

// tangled reports whether a text is no Markdown that anyone wrote, but something
// that goldmark would take minutes for, since it needs time quadratic in these:
// containers in containers, and brackets that nothing closes, or link definitions,
// within one block.
func tangled(src string) bool {
	const most = 1000
	square, round, definitions := 0, 0, 0
	for line := range strings.SplitSeq(src, "\n") {
		if strings.TrimSpace(line) == "" {
			square, round, definitions = 0, 0, 0
			continue
		}
		depth := 0
		for rest := line; ; depth++ {
			rest = strings.TrimLeft(rest, " \t")
			digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
			if digits < len(rest) && digits < 10 && (digits == 0 && strings.IndexByte(">-+*", rest[0]) >= 0 || digits > 0 && strings.IndexByte(".)", rest[digits]) >= 0) {
				rest = rest[digits+1:]
				continue
			}
			break
		}
		// A rule of stars or dashes is no nest.
		if depth > most && strings.Trim(line, "-* \t") != "" {
			return true
		}
		square += strings.Count(line, "[") - strings.Count(line, "]")
		round += strings.Count(line, "(") - strings.Count(line, ")")
		definitions += strings.Count(line, "]:")
		if square > most || round > most || definitions > 5*most {
			return true
		}
	}
	return false
}

// At most so many marks of emphasis, and opening brackets or runs of backquotes, are in one
// paragraph that goldmark is given: it compares each with those before or after it, and a
// megabyte of "*a_" or "[a]" would take minutes.
const (
	mostEmphasis = 400
	mostBrackets = 1000
)

// untangle breaks a paragraph that has more of these than most into several, where it
// can at the end of a line or of a word. All other texts stay as they are.
func untangle(src string) string {
	var out strings.Builder
	written := 0
	emphasis, brackets := 0, 0
	table := false
	at := 0
	for line := range strings.Lines(src) {
		trimmed := strings.TrimLeft(line, " \t>")
		switch {
		case strings.TrimSpace(trimmed) == "":
			emphasis, brackets, table = 0, 0, false
		case begins(trimmed), table:
			emphasis, brackets = 0, 0 // an item, a heading or a row is a text of its own
		}
		if strings.Contains(trimmed, "-") && strings.Contains(trimmed, "|") && strings.Trim(trimmed, "|-: \t\n") == "" {
			table = true
		}
		cut := at // where the text may be broken last: at the line's beginning, or after a space
		for i := range len(line) {
			switch c := line[i]; c {
			case ' ':
				cut = at + i + 1
				continue
			case '*', '_', '~':
				if i > 0 && line[i-1] == c {
					continue
				}
				emphasis++
			case '[':
				brackets++
			case '`':
				if i > 0 && line[i-1] == c {
					continue
				}
				brackets++
			default:
				continue
			}
			if emphasis <= mostEmphasis && brackets <= mostBrackets {
				continue
			}
			if cut <= written || at+i-cut > 1000 {
				cut = at + i
			}
			out.WriteString(src[written:cut])
			out.WriteString("\n\n")
			written, emphasis, brackets, table = cut, 0, 0, false
			for j := cut; j <= at+i; j++ { // of what follows the break
				switch src[j] {
				case '*', '_', '~':
					emphasis++
				case '[', '`':
					brackets++
				}
			}
		}
		at += len(line)
	}
	if written == 0 {
		return src
	}
	out.WriteString(src[written:])
	return out.String()
}

// begins reports whether a line begins a list's item or a heading.
func begins(line string) bool {
	rest := strings.TrimLeft(line, "0123456789")
	switch {
	case rest == "":
		return false
	case rest != line:
		return len(line)-len(rest) < 10 && (rest[0] == '.' || rest[0] == ')') && len(rest) > 2 && rest[1] == ' '
	case line[0] == '-', line[0] == '+', line[0] == '*':
		return len(line) > 2 && line[1] == ' ' && strings.TrimSpace(line[2:]) != ""
	}
	return strings.HasPrefix(line, "#") && strings.HasPrefix(strings.TrimLeft(line, "#"), " ")
}

// A markdownWriter walks goldmark's tree and keeps what a reader would read.
type markdownWriter struct {
	source   []byte
	out      layout
	headings map[string]bool // keys of all headings
}

func (w *markdownWriter) blocks(parent ast.Node, depth int) {
	if depth > maxDepth {
		return
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			s, id := headingAnchor(w.inline(n))
			if !w.contentsOnly(s, n.NextSibling()) {
				w.out.heading(n.Level, s, id)
			}
		case *ast.Paragraph:
			if s := w.inline(n); !w.contentsOnly(s, n.NextSibling()) {
				w.out.block(s)
			}
		case *ast.TextBlock: // the text of an item in a tight list
			w.out.line(w.inline(n))
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			w.out.verbatim(string(n.Lines().Value(w.source)))
		case *ast.HTMLBlock:
			raw := string(n.Lines().Value(w.source))
			if n.HasClosure() {
				raw += string(n.ClosureLine.Value(w.source))
			}
			htmlInto(&w.out, raw)
		case *extast.Table:
			for row := n.FirstChild(); row != nil; row = row.NextSibling() {
				var cells []string
				for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
					if s := clean(w.inline(cell)); s != "" {
						cells = append(cells, s)
					}
				}
				w.out.row(strings.Join(cells, ", "), row == n.FirstChild())
			}
			w.out.endTable()
		case *ast.List:
			if !w.isContents(n) {
				w.blocks(n, depth+1)
			}
		default: // quotations, items
			w.blocks(n, depth+1)
		}
	}
	if _, ok := parent.(*ast.List); ok {
		w.out.inLines = false
	}
}

func (w *markdownWriter) inline(parent ast.Node) string {
	var b strings.Builder
	w.appendInline(&b, parent, 0)
	return b.String()
}

func (w *markdownWriter) appendInline(b *strings.Builder, parent ast.Node, depth int) {
	if depth > maxDepth {
		return
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.Write(unescape(n.Value(w.source), n.IsRaw()))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte('\n')
			}
		case *ast.String:
			b.Write(unescape(n.Value, n.IsRaw()))
		case *ast.CodeSpan:
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				if t, ok := c.(*ast.Text); ok {
					b.Write(t.Value(w.source))
				}
			}
		case *ast.AutoLink:
			b.Write(n.Label(w.source))
		case *ast.Image:
			// "![quay|300](quay.png)": Obsidian's width.
			b.WriteString(imageSize.ReplaceAllString(w.inline(n), ""))
		case *ast.RawHTML:
			if s := strings.ToLower(string(n.Segments.Value(w.source))); strings.HasPrefix(s, "<br") {
				b.WriteByte(' ')
			}
		default: // emphasis, links
			w.appendInline(b, n, depth+1)
		}
	}
}

// unescape resolves backslashes and entities, which goldmark leaves to whoever
// writes the text out.
func unescape(s []byte, raw bool) []byte {
	if raw {
		return s
	}
	return util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(s)))
}

// A wikiLink is Obsidian's "[[note|text]]", of which the text is read, and the mark of
// a footnote, "[^1]", of which nothing is.
type wikiLink struct{}

func (wikiLink) Trigger() []byte { return []byte{'[', '!'} }

func (wikiLink) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	line = line[:min(len(line), 500)]
	embed := bytes.HasPrefix(line, []byte("!"))
	extra := 0
	if embed {
		extra = len("!")
		line = line[extra:]
	}
	if !embed && bytes.HasPrefix(line, []byte("[^")) {
		end := bytes.IndexByte(line, ']')
		if end < 3 || bytes.ContainsAny(line[2:end], " \t[") || bytes.HasPrefix(line[end+1:], []byte("(")) {
			return nil
		}
		block.Advance(end + 1)
		return ast.NewString(nil)
	}
	if !bytes.HasPrefix(line, []byte("[[")) {
		return nil
	}
	end := bytes.Index(line, []byte("]]"))
	if end < 3 || bytes.ContainsAny(line[2:end], "[\n") || bytes.HasPrefix(line[end+2:], []byte("(")) {
		return nil
	}
	target, label, named := bytes.Cut(line[2:end], []byte("|"))
	s := bytes.TrimSuffix(target, []byte("\\"))
	if named {
		s = label
	} else {
		s = bytes.ReplaceAll(bytes.TrimPrefix(s, []byte("#")), []byte("#"), []byte(" > "))
		s = bytes.ReplaceAll(s, []byte("^"), nil)
	}
	if embed && isMedia.Match(target) {
		s = nil
	}
	block.Advance(extra + end + 2)
	node := ast.NewString(bytes.Clone(s))
	node.SetRaw(true)
	return node
}

var imageSize = regexp.MustCompile(`\s*\|\s*\d+(?:x\d+)?$`)

var isMedia = regexp.MustCompile(`(?i)\.(png|jpe?g|gif|svg|webp|bmp|pdf|mp[34]|wav|ogg|webm|mov|excalidraw|canvas)\\?$`)

// A mathSpan is a formula in TeX between dollars, which stays as it is.
type mathSpan struct{}

func (mathSpan) Trigger() []byte { return []byte{'$'} }

func (mathSpan) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	n := formula(string(line[:min(len(line), 1000)]))
	if n == 0 {
		return nil
	}
	node := ast.NewString(bytes.Clone(line[:n]))
	node.SetRaw(true)
	block.Advance(n)
	return node
}

var headingAttributes = regexp.MustCompile(`\s*\{:?\s*(?:#([\w.:-]+))?(?:\s*[.#]?[\w-]+(?:=(?:"[^"]*"|'[^']*'|[^\s"']+))?)*\s*\}\s*$`)

// headingAnchor parts a heading from the list of attributes behind it: "{#id .class}".
func headingAnchor(s string) (heading, id string) {
	i := strings.LastIndexByte(s, '{')
	if i <= 0 {
		return s, ""
	}
	if m := headingAttributes.FindStringSubmatch(s[i:]); m != nil && strings.ContainsAny(s[i:i+2], "{") && (m[1] != "" || strings.ContainsAny(s[i:], ".=")) {
		return strings.TrimSpace(s[:i]), m[1]
	}
	return s, ""
}

// contentsOnly reports whether a heading stands over a table of contents alone.
func (w *markdownWriter) contentsOnly(s string, next ast.Node) bool {
	list, ok := next.(*ast.List)
	return ok && isContentsWord(s) && w.isContents(list)
}

// isContents reports whether a list is the page's table of contents: each item is no
// more than a link to a place in the page, and half of them say what headings say, or the
// line above says that it is one.
func (w *markdownWriter) isContents(list ast.Node) bool {
	links, repeats := 0, 0
	var is func(n ast.Node, depth int) bool
	is = func(n ast.Node, depth int) bool {
		if depth > maxDepth {
			return false
		}
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			switch c := c.(type) {
			case *ast.Link:
				if !bytes.HasPrefix(c.Destination, []byte("#")) || len(c.Destination) < 2 {
					return false
				}
				links++
				if w.headings[letterKey(w.inline(c))] {
					repeats++
				}
			case *ast.List, *ast.ListItem, *ast.TextBlock, *ast.Paragraph:
				if !is(c, depth+1) {
					return false
				}
			default:
				return false
			}
		}
		return true
	}
	if !is(list, 0) || links < 2 {
		return false
	}
	switch before := list.PreviousSibling().(type) {
	case *ast.Heading, *ast.Paragraph:
		if isContentsWord(w.inline(before)) {
			return true
		}
	}
	return repeats*2 >= links
}
