package documents

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// undress takes out of Markdown what its dialects add to it and no reader sees, and
// makes the rest plain Markdown: MDX's imports, tags and expressions, the fences of
// admonitions and tabs (Docusaurus, VitePress, Starlight, MkDocs, MyST, Quarto),
// shortcodes (Hugo), Liquid's tags (Jekyll), callouts and private comments (Obsidian),
// lists of attributes. Titles and labels in them stay as paragraphs. Code stays as it is.
// absent lists what stands for text that is not in the file, which the generator of a site
// puts there: a variable, another file.
func undress(src string, mdx bool) (text string, absent []string) {
	u := undresser{mdx: mdx || importLine.MatchString(src), lines: strings.Split(src, "\n"), blank: true}
	for u.at < len(u.lines) {
		u.line()
	}
	u.flush()
	return u.out.String(), u.absent
}

// An undresser goes through a text line by line. Lines that are no code gather in
// chunk, whose inline markup is then undressed at once.
type undresser struct {
	mdx     bool
	lines   []string
	at      int // the next line
	out     strings.Builder
	chunk   strings.Builder
	blocks  []indented      // that dedent what is in them, innermost last
	blank   bool            // the line before was blank, or none
	list    bool            // within a list, indented lines are no code
	width   int             // of the table that the lines are of, in columns; 0: none
	liquid  bool            // tags of Liquid were there, so {{ x }} is a variable
	endless map[string]bool // what begins and has no end in the chunk
	failed  int             // braces and tags without an end
	absent  []string
}

// An indented block ends with the first line that is indented no more than its mark.
type indented struct{ mark, strip int }

var (
	importLine  = regexp.MustCompile(`(?m)^import\s+(?:[\w*{][^\n'"]*\s+from\s+)?['"][^'"\n]+['"];?\s*$`)
	esmLine     = regexp.MustCompile(`^(?:import\s*(?:[\w*{'"])|export\s+(?:default\b|const\b|let\b|var\b|function\b|async\b|class\b|type\b|interface\b|[{*]))`)
	fenceLine   = regexp.MustCompile("^((?:\\s*>)*)\\s*(`{3,}|~{3,})\\s*([^`]*)$")
	colonFence  = regexp.MustCompile(`^\s*(?:>\s*)*:{3,}\s*(\S.*)?$`)
	mkdocsNote  = regexp.MustCompile(`^\s*(?:!!!|\?\?\?\+?)\s+["\w][\w -]*(?:"([^"]*)")?\s*(?:inline(?: end)?)?\s*$`)
	mkdocsTab   = regexp.MustCompile(`^\s*===[+!]?\s+"([^"]*)"\s*$`)
	footnote    = regexp.MustCompile(`^ {0,3}\[\^[^\]\s]+\]:[ \t]*(.*)$`)
	attributes  = regexp.MustCompile(`^\s*\{(?::|\s*[.#][\w-])[^{}]*\}\s*$`)
	callout     = regexp.MustCompile(`^((?:\s*>)+)\s*\[![\w-]+(?:\|[^\]]*)?\][-+]?\s*(.*)$`)
	listMark    = regexp.MustCompile(`^\s*(?:[-+*]|\d{1,9}[.)])(?:\s|$)`)
	highlight   = regexp.MustCompile(`^\s*(?:\{%-?\s*highlight\b|\{\{[<%]\s*highlight\b)`)
	blockID     = regexp.MustCompile(`(?m)[ \t]\^(?:[a-z0-9]{6}|[A-Za-z][\w-]{3,})[ \t]*$|^\^[\w-]+[ \t]*$`)
	icons       = regexp.MustCompile(`:(?:material|octicons|fontawesome|simple)-[\w-]+:(?:\{[^{}\n]*\})? ?`)
	optionLine  = regexp.MustCompile(`^\s*:[\w-]+:(?:\s.*)?$`)
	quoted      = regexp.MustCompile(`^\s*\{([\w:-]+)\}\s*(.*)$`)
	keys        = regexp.MustCompile(`(^|[\s(])\+\+("[^"\n+]+"|[a-z0-9-]+(?:\+[a-z0-9-]+)*)\+\+`)
	raised      = regexp.MustCompile(`([\pL\d)])\^([\pL\d+−-]{1,12})\^`)
	abbreviated = regexp.MustCompile(`^\*\[([^\]]+)\]:\s*(.+)$`)
	comments    = regexp.MustCompile(`^\s*(?:\{%-?\s*comment\b|\{\{[<%]\s*comment\b)`)
	included    = regexp.MustCompile(`^(?:;*--8<--\s+\S|<<<\s*\S|<!--\s*@include:)`)
	namedTitle  = regexp.MustCompile(`\b(?:title|label|summary)=(?:"([^"]*)"|'([^']*)')`)
)

// admonitions are the directives of MyST whose content is Markdown.
var admonitions = set(`note tip warning important admonition seealso attention caution danger error hint dropdown tab-set tab-item
	grid grid-item grid-item-card card margin sidebar details versionadded versionchanged deprecated epigraph topic`)

// tocs are lines that stand for a table of contents.
var tocs = lines("[toc]\n[[toc]]\n[[_toc_]]\n{:toc}\n{: toc}\n${toc}\n@[toc]\n[[_toc_]]\n{{toc}}\n{{< toc >}}\n{{% toc %}}")

func (u *undresser) flush() {
	if u.chunk.Len() > 0 {
		u.out.WriteString(u.inline(u.chunk.String()))
		u.chunk.Reset()
	}
}

// paragraph writes s as a paragraph, of which the inline markup counts.
func (u *undresser) paragraph(s string) {
	u.chunk.WriteString("\n")
	if s = strings.TrimSpace(s); s != "" {
		u.chunk.WriteString(s + "\n\n")
	}
	u.blank = true
}

// margin is the width of a line's indentation in columns.
func margin(line string) int {
	n := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			n++
		case '\t':
			n += 4 - n%4
		default:
			return n
		}
	}
	return n
}

// dedent takes n columns of indentation from a line.
func dedent(line string, n int) string {
	if n <= 0 {
		return line
	}
	have := margin(line)
	rest := strings.TrimLeft(line, " \t")
	return strings.Repeat(" ", max(have-n, 0)) + rest
}

// line takes the next line, or several that belong together.
func (u *undresser) line() {
	raw := u.lines[u.at]
	u.at++
	if strings.TrimSpace(raw) == "" {
		u.chunk.WriteString("\n")
		u.blank = true
		u.width = 0
		return
	}
	indent := margin(raw)
	for len(u.blocks) > 0 && indent <= u.blocks[len(u.blocks)-1].mark {
		u.blocks = u.blocks[:len(u.blocks)-1]
	}
	strip := 0
	if len(u.blocks) > 0 {
		strip = u.blocks[len(u.blocks)-1].strip
	}
	line := dedent(raw, strip)
	indent -= strip
	trimmed := strings.TrimSpace(line)
	was := u.blank
	u.blank = false
	if listMark.MatchString(line) {
		u.list = true
	} else if indent <= 0 && was {
		u.list = false
	}
	if m := fenceLine.FindStringSubmatch(line); m != nil && !strings.Contains(m[3], "`") {
		u.fence(m, line, strip)
		return
	}
	if indent >= 4 && was && !u.list && !u.mdx { // code
		u.flush()
		u.code(line, strip)
		return
	}
	if u.special(line, trimmed, indent+strip, was) {
		return
	}
	if u.mdx && trimmed[0] == '<' {
		u.element(trimmed, indent+strip)
	}
	switch {
	case u.width > 0:
		line = mendRow(line, u.width)
	case !was && strings.Contains(line, "|") && strings.Contains(line, "-") && strings.Trim(trimmed, "|-: \t") == "":
		u.width = cells(line)
	}
	u.chunk.WriteString(line)
	u.chunk.WriteString("\n")
}

// pipes gives where the bars are that part a table's row.
func pipes(line string) (at []int) {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '|':
			at = append(at, i)
		}
	}
	return at
}

// cells counts the cells of a table's row.
func cells(line string) int {
	n := len(pipes(line)) + 1
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "|") {
		n--
	}
	if len(line) > 1 && strings.HasSuffix(line, "|") && !strings.HasSuffix(line, `\|`) {
		n--
	}
	return n
}

// mendRow keeps the text of a row with more cells than the table has columns, which would
// go: bars within code part nothing, and the last cell takes what is left.
func mendRow(line string, width int) string {
	if cells(line) <= width {
		return line
	}
	escape := func(within func(at int) bool) {
		var b strings.Builder
		from := 0
		for _, i := range pipes(line) {
			if within(i) {
				b.WriteString(line[from:i] + `\`)
				from = i
			}
		}
		line = b.String() + line[from:]
	}
	code := 0 // where the code ends that was met last
	next := 0
	escape(func(at int) bool {
		for next < at {
			j := strings.IndexByte(line[next:at], '`')
			if j < 0 {
				next = at
				break
			}
			next += j
			run := len(line[next:]) - len(strings.TrimLeft(line[next:], "`"))
			next += run
			if j := closing(line[next:], run); j >= 0 {
				next += j + run
				code = next
			}
		}
		return at < code
	})
	if n := cells(line); n > width {
		n = 0
		first := strings.HasPrefix(strings.TrimSpace(line), "|")
		last := len(strings.TrimRight(line, " \t")) - 1
		escape(func(at int) bool {
			if n++; first && n == 1 || at == last {
				return false
			}
			if first {
				return n > width
			}
			return n >= width
		})
	}
	return line
}

// element notes how far the content of an element of JSX is indented, which means
// nothing, where its tag stands on a line of its own.
func (u *undresser) element(tag string, mark int) {
	if strings.HasPrefix(tag, "</") || strings.HasSuffix(tag, "/>") || strings.Contains(tag, "</") {
		return
	}
	for i := u.at; i < len(u.lines) && i < u.at+10; i++ {
		if strings.TrimSpace(u.lines[i]) == "" {
			continue
		}
		if n := margin(u.lines[i]); n > mark {
			u.blocks = append(u.blocks, indented{mark, n})
		}
		return
	}
}

// code writes an indented block of code, of which line is the first.
func (u *undresser) code(line string, strip int) {
	u.out.WriteString(line + "\n")
	for u.at < len(u.lines) {
		raw := u.lines[u.at]
		if strings.TrimSpace(raw) != "" && margin(raw)-strip < 4 {
			return
		}
		u.at++
		u.blank = strings.TrimSpace(raw) == ""
		u.out.WriteString(dedent(raw, strip) + "\n")
	}
}

// fence writes a fenced block as it is; of MyST's directives, what is in them.
func (u *undresser) fence(m []string, line string, strip int) {
	quote, mark, info := m[1] != "", m[2], strings.TrimSpace(m[3])
	closes := func(line string) bool {
		line = strings.TrimLeft(line, " \t>")
		line = strings.TrimRight(line, " \t")
		return len(line) >= len(mark) && strings.Trim(line, mark[:1]) == ""
	}
	name := ""
	if d := quoted.FindStringSubmatch(info); d != nil {
		name = d[1]
		info = d[2]
	}
	switch {
	case name == "toctree" || name == "contents" || name == "tableofcontents":
		for u.at < len(u.lines) && !closes(u.lines[u.at]) {
			u.at++
		}
		u.at++
		u.paragraph("")
		return
	case admonitions[name]:
		u.paragraph(info)
		for u.at < len(u.lines) && optionLine.MatchString(u.lines[u.at]) {
			u.at++
		}
		// The content is taken line by line, with its end out of the way.
		for i := u.at; i < len(u.lines); i++ {
			if closes(u.lines[i]) {
				u.lines[i] = ""
				break
			}
		}
		return
	}
	u.flush()
	u.out.WriteString(line + "\n")
	for u.at < len(u.lines) {
		raw := u.lines[u.at]
		if quote && !strings.HasPrefix(strings.TrimLeft(raw, " \t"), ">") {
			return
		}
		u.at++
		u.out.WriteString(dedent(raw, strip) + "\n")
		if closes(raw) {
			return
		}
	}
}

// special takes lines that are markup of their own. It reports whether line was one.
func (u *undresser) special(line, trimmed string, indent int, blank bool) bool {
	switch first := trimmed[0]; {
	case tocs[strings.ToLower(trimmed)]:
		u.paragraph("")
	case (first == '*' || first == '-' || first == '1') && u.at < len(u.lines) && strings.Contains(u.lines[u.at], "{:") && tocs[strings.ToLower(strings.ReplaceAll(strings.TrimSpace(u.lines[u.at]), " ", ""))]:
		u.at++
		u.paragraph("")
	case (first == 'i' || first == 'e') && blank && indent == 0 && u.module(line):
	case first == ':' && colonFence.MatchString(line):
		u.paragraph(fenceTitle(colonFence.FindStringSubmatch(line)[1]))
		for u.at < len(u.lines) && optionLine.MatchString(u.lines[u.at]) {
			u.at++
		}
	case first == ':' && len(trimmed) > 2 && (trimmed[1] == ' ' || trimmed[1] == '\t') && strings.TrimLeft(trimmed[1:], " \t")[0] != ':':
		// A definition: what is in it is indented.
		u.chunk.WriteString("\n")
		u.blocks = append(u.blocks, indented{indent, indent + 4})
		u.at--
		u.lines[u.at] = strings.Repeat(" ", indent+4) + strings.TrimLeft(trimmed[1:], " \t")
		u.blank, u.list = true, false
	case first == '!' || first == '?':
		m := mkdocsNote.FindStringSubmatch(line)
		if m == nil {
			return false
		}
		u.paragraph(m[1])
		u.blocks = append(u.blocks, indented{indent, indent + 4})
	case first == '=':
		m := mkdocsTab.FindStringSubmatch(line)
		if m == nil {
			return false
		}
		u.paragraph(m[1])
		u.blocks = append(u.blocks, indented{indent, indent + 4})
	case first == '[':
		m := footnote.FindStringSubmatch(line)
		if m == nil {
			return false
		}
		u.chunk.WriteString("\n" + m[1] + "\n")
		u.blocks = append(u.blocks, indented{indent, indent + 4})
	case first == '*':
		m := abbreviated.FindStringSubmatch(trimmed)
		if m == nil {
			return false
		}
		u.paragraph(m[1] + ": " + m[2])
	case included.MatchString(trimmed):
		u.lack(strings.TrimSuffix(strings.TrimPrefix(trimmed, "<!--"), "-->"))
		u.paragraph("")
	case strings.Trim(trimmed, ";") == "--8<--": // a list of files
		for u.at < len(u.lines) && strings.TrimSpace(u.lines[u.at]) != "" {
			name := strings.TrimSpace(u.lines[u.at])
			u.at++
			if name == trimmed {
				break
			}
			u.lack(name)
		}
		u.paragraph("")
	case first == '>':
		m := callout.FindStringSubmatch(line)
		if m == nil {
			return false
		}
		u.chunk.WriteString(m[1] + " " + m[2] + "\n" + m[1] + "\n")
	case first == '{':
		switch {
		case attributes.MatchString(line):
		case highlight.MatchString(line):
			u.highlighted()
		case strings.HasPrefix(trimmed, "{::comment") && !strings.Contains(trimmed, "{:/"):
			return u.skip("{:/")
		case comments.MatchString(line) && !strings.Contains(trimmed, "endcomment") && !strings.Contains(trimmed, "/comment"):
			if trimmed[1] == '%' {
				return u.skip("endcomment")
			}
			return u.skip("/comment") || u.skip("/ comment")
		default:
			return false
		}
	case first == '<' && (strings.HasPrefix(trimmed, "<script") || strings.HasPrefix(trimmed, "<style")):
		u.at--
		if end := "</" + trimmed[1:6]; !u.skip(end) { // "</scrip", "</style"
			u.at++
			return false
		}
	case first == '<' && strings.HasPrefix(trimmed, "<!--"):
		if strings.Contains(trimmed, "-->") {
			return false
		}
		return u.skip("-->")
	case strings.HasPrefix(trimmed, "%%"):
		if strings.Contains(trimmed[2:], "%%") {
			return false // within the line
		}
		return u.private()
	case trimmed == "$$":
		return u.formula()
	default:
		return false
	}
	return true
}

// skip passes all lines to the one that holds end, if there is one.
func (u *undresser) skip(end string) bool {
	for i := u.at; i < len(u.lines); i++ {
		if _, after, ok := strings.Cut(u.lines[i], end); ok {
			u.at = i + 1
			if end[0] == '<' {
				_, after, _ = strings.Cut(after, ">")
			}
			if (end == "-->" || end[0] == '<') && strings.TrimSpace(after) != "" {
				u.lines[i], u.at = after, i
			}
			u.paragraph("")
			return true
		}
	}
	return false
}

// private passes an Obsidian comment of several lines: it ends with "%%" at a line's end.
func (u *undresser) private() bool {
	for i := u.at; i < len(u.lines); i++ {
		if strings.HasSuffix(strings.TrimRight(u.lines[i], " \t"), "%%") {
			u.at = i + 1
			u.paragraph("")
			return true
		}
	}
	return false
}

// formula writes a formula of several lines as a block whose lines stay.
func (u *undresser) formula() bool {
	for i := u.at; i < len(u.lines) && i < u.at+100; i++ {
		if strings.TrimSpace(u.lines[i]) != "$$" {
			continue
		}
		u.flush()
		u.out.WriteString("\n~~~~~~\n" + strings.Join(u.lines[u.at:i], "\n") + "\n~~~~~~\n\n")
		u.at = i + 1
		u.blank = true
		return true
	}
	return false
}

// highlighted writes code between tags of Liquid or Hugo as a fenced block.
func (u *undresser) highlighted() {
	u.flush()
	u.out.WriteString("\n~~~~~~\n")
	for u.at < len(u.lines) {
		line := u.lines[u.at]
		u.at++
		if strings.Contains(line, "endhighlight") || strings.Contains(line, "/highlight") || strings.Contains(line, "/ highlight") {
			break
		}
		u.out.WriteString(line + "\n")
	}
	u.out.WriteString("~~~~~~\n\n")
	u.blank = true
}

// module passes a statement of MDX that imports or exports. Its brackets say where it
// ends; without, an empty line does.
func (u *undresser) module(line string) bool {
	if !esmLine.MatchString(line) || !u.mdx && !strings.ContainsAny(line, "='\"({;") {
		return false
	}
	if strings.HasPrefix(line, "import") && !u.mdx {
		return false
	}
	if strings.HasPrefix(line, "import") && !strings.ContainsAny(line, "'\"{*") {
		return false
	}
	depth := 0
	var quote byte
	for i, more := u.at-1, 0; i < len(u.lines) && more < 500; i, more = i+1, more+1 {
		s := u.lines[i]
		if strings.TrimSpace(s) == "" && depth <= 0 && quote == 0 {
			break
		}
		for j := 0; j < len(s); j++ {
			switch c := s[j]; {
			case quote != 0:
				if c == '\\' {
					j++
				} else if c == quote {
					quote = 0
				}
			case c == '"' || c == '`' || c == '\'' && (j == 0 || !isLetter(s[j-1])):
				quote = c
			case c == '(' || c == '[' || c == '{':
				depth++
			case c == ')' || c == ']' || c == '}':
				depth--
			}
		}
		if quote != '`' {
			quote = 0
		}
		if depth <= 0 && quote == 0 {
			// The statement may go on in the next line: "export const x =".
			end := strings.TrimRight(s, " \t")
			if !strings.HasSuffix(end, "=") && !strings.HasSuffix(end, ",") && !strings.HasSuffix(end, "=>") {
				u.at = i + 1
				u.blank = true
				return true
			}
		}
	}
	// It never ends: up to the next empty line it is left out all the same.
	for u.at < len(u.lines) && strings.TrimSpace(u.lines[u.at]) != "" {
		u.at++
	}
	u.blank = true
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// fenceTitle gives the title that stands behind ":::": "tip Before you come",
// "note[Title]", "{note} Title", "{.callout-tip title="Title"}".
func fenceTitle(s string) string {
	s = strings.TrimSpace(s)
	if m := namedTitle.FindStringSubmatch(s); m != nil {
		return m[1] + m[2]
	}
	if i := strings.IndexByte(s, '['); i >= 0 && !strings.ContainsAny(s[:i], " \t") {
		if j := strings.LastIndexByte(s, ']'); j > i {
			return s[i+1 : j]
		}
	}
	if strings.HasPrefix(s, "{") {
		_, s, _ = strings.Cut(s, "}")
	} else if i := strings.IndexAny(s, " \t{"); i >= 0 {
		s = s[i:]
	} else {
		return ""
	}
	if i := strings.LastIndexByte(s, '{'); i >= 0 && strings.HasSuffix(s, "}") {
		s = s[:i]
	}
	return strings.Trim(s, " \t:")
}

// inline undresses the inline markup of text that is no block of code. All that it
// looks for is near, so that it takes linear time.
func (u *undresser) inline(s string) string {
	if strings.Contains(s, ":") {
		s = icons.ReplaceAllString(s, "")
	}
	if !strings.ContainsAny(s, "<{%=^$`+") {
		return s
	}
	s = blockID.ReplaceAllString(s, "")
	u.endless = nil
	var b strings.Builder
	b.Grow(len(s))
	open := 0 // paragraph's end up to which a run of backticks has no partner
	for i := 0; i < len(s); {
		n := 0 // bytes that are passed
		put := ""
		switch c := s[i]; c {
		case '\\':
			if i+1 < len(s) {
				b.WriteString(s[i : i+2])
				i += 2
				continue
			}
		case '`':
			run := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
			n, put = run, s[i:i+run]
			if i >= open {
				end := len(s)
				if j := strings.Index(s[i:], "\n\n"); j >= 0 {
					end = i + j
				}
				if j := closing(s[i+run:end], run); j >= 0 {
					n, put = run+j+run, s[i:i+run+j+run]
				} else {
					open = end
				}
			}
		case '$':
			if j := formula(s[i:]); j > 0 {
				n, put = j, s[i:i+j]
			}
		case '<':
			n, put = u.tag(s, i)
		case '{':
			n, put = u.brace(s, i)
		case '%':
			if strings.HasPrefix(s[i:], "%%") {
				line, _, _ := strings.Cut(s[i+2:min(i+2002, len(s))], "\n")
				if j := strings.Index(line, "%%"); j > 0 {
					n = 2 + j + 2
				}
			}
		case '+':
			if m := keys.FindStringSubmatch(s[max(i-1, 0):min(i+60, len(s))]); m != nil && strings.HasPrefix(s[i:], "++") && i+len(m[2])+4 <= len(s) && s[i+2:i+2+len(m[2])] == m[2] {
				n, put = len(m[2])+4, strings.Trim(m[2], `"`)
			}
		case '^':
			// 10^3^, and not 10^3.
			if i > 0 {
				_, before := utf8.DecodeLastRuneInString(s[:i])
				if m := raised.FindStringSubmatchIndex(s[i-before : min(i+20, len(s))]); m != nil && m[0] == 0 {
					n, put = m[5]-before+1, s[i-before+m[4]:i-before+m[5]]
					if isDigit(s[i-1]) && isDigit(put[0]) {
						put = "^" + put
					}
				}
			}
		case '=':
			// ==marked==
			if strings.HasPrefix(s[i:], "==") && i+2 < len(s) && s[i+2] != '=' && s[i+2] != ' ' && s[i+2] != '\n' && (i == 0 || s[i-1] != '=') {
				line, _, _ := strings.Cut(s[i+2:min(i+500, len(s))], "\n")
				if j := strings.Index(line, "=="); j > 0 && line[j-1] != ' ' && !strings.HasPrefix(line[j:], "===") {
					n, put = 2+j+2, line[:j]
				}
			}
		}
		if n == 0 {
			b.WriteByte(s[i])
			i++
			continue
		}
		b.WriteString(put)
		i += n
	}
	return b.String()
}

// closing finds a run of exactly n backticks, -1 where there is none.
func closing(s string, n int) int {
	for i := 0; i < len(s); {
		j := strings.IndexByte(s[i:], '`')
		if j < 0 {
			return -1
		}
		i += j
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if run == n {
			return i
		}
		i += run
	}
	return -1
}

// formula gives the length of the TeX formula that s begins with, 0 where it is a price:
// "$" before a character and "$" after one, with no digit behind (as Pandoc has it).
func formula(s string) int {
	s = s[:min(len(s), 1000)]
	if strings.HasPrefix(s, "$$") {
		if j := strings.Index(s[2:], "$$"); j > 0 && !strings.Contains(s[:2+j], "\n\n") {
			return 2 + j + 2
		}
		return 0
	}
	if len(s) < 3 || s[1] == ' ' || s[1] == '\n' {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '\n':
			return 0
		case '$':
			if s[i-1] == ' ' || i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' {
				return 0
			}
			return i + 1
		}
	}
	return 0
}

// ahead gives what follows s[i], as far as the end of a tag or of an expression is looked
// for. A text in which many have none is not read again and again.
func (u *undresser) ahead(s string, i int) string {
	if u.failed > 100 {
		return s[i:min(len(s), i+200)]
	}
	return s[i:min(len(s), i+4000)]
}

// spoken are the attributes of components whose values a reader reads.
var spoken = set(`title label description summary header heading question caption name`)

// silent are components that hold no text.
var silent = set(`img image icon br hr spacer divider video youtube vimeo iframe embed comment badge script head helmet figure picture
	thememedimage themedimage logo avatar audio map gist tweet codesandbox stackblitz codepen hero toc tableofcontents doccardlist component`)

// lack notes what stands for text that is not in the file.
func (u *undresser) lack(what string) {
	if what = clean(what); what != "" && len(u.absent) < 1000 {
		u.absent = append(u.absent, what)
	}
}

// tag reads an element of JSX at s[i], and gives its length and what stays of it.
func (u *undresser) tag(s string, i int) (n int, put string) {
	t := u.ahead(s, i)
	at := 1
	end := false
	if at < len(t) && t[at] == '/' {
		end = true
		at++
	}
	start := at
	for at < len(t) && (isLetter(t[at]) || t[at] >= '0' && t[at] <= '9' || t[at] == '.' || t[at] == '-' || t[at] == '_' || t[at] == ':' && u.mdx) {
		at++
	}
	name := t[start:at]
	if name == "" {
		if u.mdx && at < len(t) && t[at] == '>' { // <> and </>
			return at + 1, ""
		}
		return 0, ""
	}
	component := name[0] >= 'A' && name[0] <= 'Z' && (u.mdx || len(name) > 1 && (name[1] >= 'a' && name[1] <= 'z'))
	if !component && (!u.mdx || strings.Contains(name, ":") || strings.Contains(name, "@")) {
		return 0, ""
	}
	said, length := attributesOf(t, at)
	if length < 0 {
		u.failed++
		return 0, ""
	}
	low := strings.ToLower(name)
	if !component {
		switch low {
		case "table", "thead", "tbody", "tr", "td", "th", "ul", "ol", "li", "pre", "code", "h1", "h2", "h3", "h4", "h5", "h6", "dl", "dt", "dd", "style", "script":
			if end {
				return length, "</" + low + ">"
			}
			return length, "<" + low + ">"
		}
		said = nil
	}
	first := strings.TrimSpace(s[strings.LastIndexByte(s[:i], '\n')+1:i]) == ""
	block := component && first
	switch low {
	case "div", "section", "p", "details", "summary", "figure", "figcaption", "blockquote", "center", "header", "footer", "article", "aside", "nav", "main", "br", "hr":
		block = true
	}
	if component && len(said) == 0 && strings.HasSuffix(t[:length], "/>") && !silent[low] {
		u.lack(t[:length])
	}
	if !block {
		return length, strings.Join(said, ", ")
	}
	put = "\n\n"
	for _, v := range said {
		put += v + "\n\n"
	}
	return length, put
}

// attributesOf passes the attributes of a tag from t[at] on to its end, and gives the
// values that are read, and the length of the tag, -1 where it has no end.
func attributesOf(t string, at int) (said []string, length int) {
	for at < len(t) {
		switch c := t[at]; {
		case c == '>':
			return said, at + 1
		case c == '{':
			n := braces(t[at:])
			if n == 0 {
				return nil, -1
			}
			at += n
		case c == '"' || c == '\'':
			j := strings.IndexByte(t[at+1:], c)
			if j < 0 {
				return nil, -1
			}
			key := t[:at]
			key = strings.TrimSuffix(key, "=")
			key = key[strings.LastIndexAny(key, " \t\n")+1:]
			if v := clean(t[at+1 : at+1+j]); v != "" && spoken[key] {
				said = append(said, v)
			}
			at += j + 2
		case c == '<' || c == '`':
			return nil, -1
		default:
			if c == '\n' && strings.HasPrefix(t[at:], "\n\n") {
				return nil, -1
			}
			at++
		}
	}
	return nil, -1
}

// braces gives the length of the expression in braces that s begins with, 0 where it
// does not end nearby.
func braces(s string) int {
	depth := 0
	var quote byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '`' || c == '\'' && (i == 0 || !isLetter(s[i-1])):
			quote = c
		case strings.HasPrefix(s[i:], "/*"):
			j := strings.Index(s[i:], "*/")
			if j < 0 {
				return 0
			}
			i += j + 1
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

var (
	headingID      = regexp.MustCompile(`^\{(?:/\*\s*)?:?\s*#([\w.:-]+)[^{}\n]*\}`)
	styled         = regexp.MustCompile(`^\{\s*(?::|\.[A-Za-z]|#[A-Za-z]|[\w-]+=)[^{}\n]{0,200}\}`)
	literal        = regexp.MustCompile("^\\{\\s*(?:\"([^\"\\n]*)\"|'([^'\\n]*)'|`([^`$]*)`)\\s*\\}$")
	ofSite         = regexp.MustCompile(`^\{\{-?\s*(?:site|page|layout|include)\.[^{}\n]*\}\}`)
	anyVariable    = regexp.MustCompile(`^\{\{-?\s*[A-Za-z_][^{}\n]*\}\}`)
	spokenArgument = regexp.MustCompile(`\b(?:title|label|summary|text|content|caption|message|description|header|heading|body|note)=\s*(?:"([^"]*)"|'([^']*)')`)
	nameArgument   = regexp.MustCompile(`\bname=\s*(?:"([^"]*)"|'([^']*)')`)
	argument       = regexp.MustCompile(`"([^"]*)"`)
)

// brace reads what begins with a brace at s[i]: shortcodes, Liquid's tags, attributes,
// and in MDX expressions.
func (u *undresser) brace(s string, i int) (n int, put string) {
	t := u.ahead(s, i)
	switch {
	case strings.HasPrefix(t, "{{<") || strings.HasPrefix(t, "{{%"):
		close := ">}}"
		if t[2] == '%' {
			close = "%}}"
		}
		j := strings.Index(t[3:], close) + 3
		if j < 3 {
			return 0, ""
		}
		put, known := shortcode(strings.TrimSpace(t[3:j]), u.alone(s, i, j+3))
		if !known && !strings.Contains(s, t[:3]+"/"+shortcodeName(t[3:j])) && !strings.Contains(s, t[:3]+" /"+shortcodeName(t[3:j])) {
			u.lack(t[:j+3])
		}
		return j + 3, put
	case strings.HasPrefix(t, "{{/*"):
		if j := strings.Index(t, "*/}}"); j > 0 {
			return j + 4, ""
		}
		return 0, ""
	case strings.HasPrefix(t, "{%"):
		if j := strings.Index(t[2:], "%}") + 2; j >= 2 && !strings.Contains(t[:j], "\n\n") {
			return u.liquidTag(s, i, strings.TrimSpace(strings.Trim(t[2:j], "-")), j+2)
		}
		return 0, ""
	case strings.HasPrefix(t, "{::") || strings.HasPrefix(t, "{:/"):
		j := strings.IndexByte(t, '}')
		if j < 0 || strings.Contains(t[:j], "\n") {
			return 0, ""
		}
		if strings.HasPrefix(t, "{::comment") {
			if k := u.end(s, i, "{:/"); k > 0 {
				if end := strings.IndexByte(s[k:], '}'); end >= 0 {
					return k + end + 1 - i, ""
				}
			}
		}
		return j + 1, ""
	case strings.HasPrefix(t, "{/*"):
		if m := headingID.FindStringSubmatch(t); m != nil {
			if j := strings.Index(t, "*/}"); j > 0 && !strings.Contains(t[:j], "\n") {
				return j + 3, "{#" + m[1] + "}"
			}
		}
		if j := strings.Index(t, "*/}"); j > 0 {
			return j + 3, ""
		}
		return 0, ""
	}
	if m := ofSite.FindString(t); m != "" {
		u.variable(s, i, m)
		return len(m), ""
	}
	if m := anyVariable.FindString(t); m != "" && u.liquid {
		u.variable(s, i, m)
		return len(m), ""
	}
	if headingID.MatchString(t) && strings.HasPrefix(strings.TrimLeft(s[strings.LastIndexByte(s[:i], '\n')+1:i], " "), "#") {
		return 0, "" // a heading's, which is kept
	}
	if i > 0 && strings.IndexByte(")]`*_", s[i-1]) >= 0 {
		if m := styled.FindString(t); m != "" {
			return len(m), ""
		}
	}
	if !u.mdx {
		return 0, ""
	}
	n = braces(t)
	if n == 0 {
		u.failed++
		return 0, ""
	}
	if m := literal.FindStringSubmatch(t[:n]); m != nil {
		return n, m[1] + m[2] + m[3]
	}
	if !strings.HasPrefix(t, "{/*") && !strings.Contains(t[:n], "children") {
		u.lack(t[:n])
	}
	return n, ""
}

// variable notes a variable that is not the address of a link.
func (u *undresser) variable(s string, i int, what string) {
	if i == 0 || strings.IndexByte(`("'=/`, s[i-1]) < 0 {
		u.lack(what)
	}
}

// end gives where in s, after i, end begins, -1 where it is not there.
func (u *undresser) end(s string, i int, end string) int {
	if u.endless[end] {
		return -1
	}
	j := strings.Index(s[i:], end)
	if j < 0 {
		if u.endless == nil {
			u.endless = map[string]bool{}
		}
		u.endless[end] = true
		return -1
	}
	return i + j
}

// alone reports whether s[i:i+n] has its lines for itself.
func (u *undresser) alone(s string, i, n int) bool {
	line, _, _ := strings.Cut(s[i+n:min(i+n+1000, len(s))], "\n")
	return strings.TrimSpace(s[strings.LastIndexByte(s[:i], '\n')+1:i]) == "" && strings.TrimSpace(line) == ""
}

// liquidTag reads a tag of Liquid of n bytes at s[i].
func (u *undresser) liquidTag(s string, i int, tag string, n int) (int, string) {
	name, args, _ := strings.Cut(tag, " ")
	switch name {
	case "raw", "comment":
		if end := u.end(s, i, "end"+name); end > 0 {
			begin := strings.LastIndex(s[:end], "{%")
			if close := strings.Index(s[end:], "%}"); close >= 0 && begin >= i+n {
				if name == "raw" {
					return end + close + 2 - i, s[i+n : begin]
				}
				return end + close + 2 - i, ""
			}
		}
	case "include", "include_relative", "render":
		var said []string
		for _, m := range spokenArgument.FindAllStringSubmatch(args, 8) {
			said = append(said, m[1]+m[2])
		}
		if len(said) == 0 {
			u.lack(s[i : i+n])
			return n, ""
		}
		return n, "\n\n" + strings.Join(said, "\n\n") + "\n\n"
	case "for", "if", "unless", "assign", "capture", "case":
		u.liquid = true
	}
	return n, ""
}

func shortcodeName(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, " \t\n"); i > 0 {
		return s[:i]
	}
	return s
}

// wordless are shortcodes that stand for no text of the page.
var wordless = set(`youtube vimeo tweet x gist instagram icon ref relref toc img image figure video audio iframe rawhtml clear br hr
	children childpages sectionpages mermaid plantuml gallery map`)

// opensBlock are shortcodes with a title, which their content follows.
var opensBlock = set(`details expand tab step accordion collapse hint spoiler card notice alert admonition callout figure`)

// shortcode gives what of a shortcode of Hugo is read: a title, a caption, a label. It is
// not known where it may stand for text that is elsewhere.
func shortcode(s string, alone bool) (put string, known bool) {
	if s == "" || s[0] == '/' {
		return "", true
	}
	name := shortcodeName(s)
	var said []string
	for _, m := range spokenArgument.FindAllStringSubmatch(s, 8) {
		said = append(said, m[1]+m[2])
	}
	if len(said) == 0 {
		switch name {
		case "tab", "step", "accordion":
			if m := nameArgument.FindStringSubmatch(s); m != nil {
				said = append(said, m[1]+m[2])
				break
			}
			fallthrough
		case "details", "expand", "tabpane", "collapse", "button", "hint", "spoiler", "kbd", "key", "hl", "mark", "badge", "abbr", "tooltip", "term":
			if m := argument.FindStringSubmatch(s); m != nil && !strings.Contains(s[:strings.IndexByte(s, '"')], "=") {
				said = append(said, m[1])
			}
		}
	}
	if len(said) == 0 {
		return "", wordless[name]
	}
	if !alone && !opensBlock[name] {
		return strings.Join(said, " "), true
	}
	return "\n\n" + strings.Join(said, "\n\n") + "\n\n", true
}
