package documents

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"
)

// A front is what a Markdown file's front matter says that matters here.
type front struct {
	title, url string
	about      string // its descriptions, for a file that has no other text
}

// frontMatter splits off the front matter as site generators have it: YAML between
// lines of "---" (the second may be "..."), or TOML between lines of "+++", from the
// first line on. Text between two rules is no front matter, and stays.
func frontMatter(src string) (front, string) {
	open, rest, _ := strings.Cut(src, "\n")
	open = strings.TrimRight(open, " \t")
	language := ""
	if strings.HasPrefix(open, "---") && open != "---" { // "---json", as gray-matter has it
		language = strings.ToLower(strings.TrimSpace(open[3:]))
		open = "---"
	}
	switch {
	case language == "toml":
	case language != "" && language != "yaml" && language != "yml" && language != "json":
		return front{}, src
	case open == "{":
		return jsonFront(src)
	case open != "---" && open != "+++":
		return openFront(src)
	}
	head, body, closed := "", "", false
	for at := 0; at <= len(rest) && !closed; {
		line := rest[at:]
		next := len(rest) + 1
		if i := strings.IndexByte(line, '\n'); i >= 0 {
			line, next = line[:i], at+i+1
		}
		line = strings.TrimRight(line, " \t")
		if line == open || open == "---" && line == "..." {
			head, body, closed = rest[:at], rest[min(next, len(rest)):], true
		}
		at = next
	}
	if !closed {
		return front{}, src
	}
	var f front
	ok := false
	if open == "+++" || language == "toml" {
		f, ok = readTOML(head)
	} else if language == "json" {
		var left string
		if f, left = jsonFront(head + "\n"); strings.TrimSpace(left) != "" {
			return front{}, src
		}
		ok = true
	} else if strings.TrimSpace(head) == "" {
		return front{}, src // two rules
	} else {
		f, ok = readYAML(head)
	}
	if !ok {
		return front{}, src
	}
	return f, body
}

// jsonFront splits off front matter in JSON, as Hugo has it: an object in lines of its own.
func jsonFront(src string) (front, string) {
	p := jsonParser{s: src, told: map[string]bool{}}
	v, err := p.value()
	if err != nil || len(p.notes) > 0 || v.kind != '{' {
		return front{}, src
	}
	line, body, _ := strings.Cut(src[p.at:], "\n")
	var f front
	named := false
	for i, key := range v.keys {
		key = strings.ToLower(key)
		named = named || known[key]
		if v.list[i].kind == 's' || v.list[i].kind == 'n' {
			f.put(key, v.list[i].text)
			if key == "description" || key == "summary" {
				f.about = blocks(v.list[i].text)
			}
		}
	}
	if strings.TrimSpace(line) != "" || !named {
		return front{}, src
	}
	return f, body
}

var openTitle = regexp.MustCompile(`(?i)^(?:title:[ \t]+\S|%[ \t]+\S)`)

// openFront splits off front matter that nothing encloses: "Title: ..." and other keys that
// are known, up to an empty line, as MultiMarkdown and MkDocs have it; "% title", "%
// authors" and "% date", as Pandoc has it.
func openFront(src string) (front, string) {
	if !openTitle.MatchString(src) {
		return front{}, src
	}
	head, body, _ := strings.Cut(src, "\n\n")
	var f front
	for i, line := range strings.Split(head, "\n") {
		switch {
		case head[0] == '%':
			if !strings.HasPrefix(line, "%") && !strings.HasPrefix(line, " ") || i > 5 {
				return front{}, src
			}
			if i == 0 {
				f.title = clean(line[1:])
			}
		case i > 0 && strings.HasPrefix(line, "    "): // goes on
		default:
			m := simpleLine.FindStringSubmatch(line)
			if m == nil || !known[strings.ToLower(m[1])] {
				return front{}, src
			}
			f.put(strings.ToLower(m[1]), m[2])
		}
	}
	return f, body
}

// known are keys that nothing but front matter has.
var known = set(`title layout date draft tags categories category url permalink slug description author authors weight
	sidebar_label sidebar_position sidebar id aliases alias hero features keywords lang language lastmod updated
	published cover image template toc nav_order parent has_children redirect_from redirect_to head outline hide
	icon status editurl hide_title pagination_next pagination_prev type summary excerpt cssclasses cssclass publish
	created modified order navigation sitemap canonical_url`)

var yamlKey = regexp.MustCompile(`^[\pL_][\pL\pN_. -]*$`)

// readYAML reads front matter in YAML. It is not ok where it is a text of people.
func readYAML(head string) (f front, ok bool) {
	var doc yaml.Node
	if deep(head) || yaml.Unmarshal([]byte(head), &doc) != nil {
		return readLines(head)
	}
	if doc.Kind == 0 {
		return f, true // nothing but comments
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return f, false
	}
	pairs := doc.Content[0].Content
	named := false
	for i := 0; i+1 < len(pairs); i += 2 {
		key := strings.ToLower(pairs[i].Value)
		if pairs[i].Kind != yaml.ScalarNode {
			return f, false
		}
		named = named || known[key]
		f.put(key, scalar(pairs[i+1]))
	}
	if !named {
		blank := strings.TrimSpace(head[:strings.IndexByte(head+"\n", '\n')]) == ""
		for i := 0; i+1 < len(pairs); i += 2 {
			if blank || !yamlKey.MatchString(pairs[i].Value) || prose(pairs[i+1].Value) {
				return front{}, false
			}
		}
	}
	var about []string
	describes(doc.Content[0], 0, &about)
	f.about = strings.Join(about, "\n\n")
	return f, true
}

// put keeps the value of a key that is wanted; the first of several keys counts.
func (f *front) put(key, value string) {
	switch key {
	case "title":
		if f.title == "" {
			f.title = clean(value)
		}
	case "url", "canonical_url", "canonicalurl", "canonical", "permalink", "link":
		if f.url == "" {
			f.url = webURL(value)
		}
	}
}

// scalar gives a node's text, "" for what is none.
func scalar(n *yaml.Node) string {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// describes gathers the descriptions in front matter, where a landing page has its text.
func describes(n *yaml.Node, depth int, about *[]string) {
	if depth > 8 {
		return
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode {
			if i%2 == 0 {
				continue
			}
			switch strings.ToLower(n.Content[i-1].Value) {
			case "description", "summary", "excerpt", "tagline", "details", "lead", "subtitle", "text":
				if s := blocks(scalar(c)); s != "" {
					*about = append(*about, s)
				}
			case "title", "name":
				if s := clean(scalar(c)); s != "" && depth > 0 {
					*about = append(*about, s)
				}
			}
		}
		describes(c, depth+1, about)
	}
}

// readTOML reads front matter in TOML.
func readTOML(head string) (f front, ok bool) {
	var m map[string]any
	if deep(head) {
		return f, false
	}
	if _, err := toml.Decode(head, &m); err != nil || len(m) == 0 {
		return f, false
	}
	for k, v := range m {
		if s, is := v.(string); is {
			f.put(strings.ToLower(k), s)
		} else if strings.EqualFold(k, "title") {
			f.put("title", fmt.Sprint(v))
		}
	}
	for _, k := range []string{"description", "summary"} {
		if s, is := m[k].(string); is && f.about == "" {
			f.about = blocks(s)
		}
	}
	return f, true
}

var simpleLine = regexp.MustCompile(`^([A-Za-z_][\w-]*):(?:\s+(.*))?$`)

// readLines reads front matter that is no YAML to the letter ("title: Fuel: diesel")
// line by line, if one of its keys is known and all of it looks like keys and values.
func readLines(head string) (f front, ok bool) {
	for line := range strings.SplitSeq(head, "\n") {
		if strings.TrimSpace(line) == "" || strings.ContainsAny(line[:1], " \t-#]}") {
			continue
		}
		m := simpleLine.FindStringSubmatch(line)
		if m == nil {
			return front{}, false
		}
		v := strings.TrimSpace(m[2])
		if n := len(v); n >= 2 && (v[0] == '"' || v[0] == '\'') && v[n-1] == v[0] {
			v = v[1 : n-1]
		}
		ok = ok || known[strings.ToLower(m[1])]
		f.put(strings.ToLower(m[1]), v)
	}
	if !ok {
		return front{}, false
	}
	return f, true
}

// prose reports whether a value is a sentence rather than a setting.
func prose(s string) bool {
	s = strings.TrimSpace(s)
	return len(strings.Fields(s)) >= 4 && strings.ContainsAny(s[len(s)-1:], ".!?")
}

// deep reports whether text is more than front matter is ever: nested so deeply, or so
// long, that parsers which recurse should not be given it.
func deep(s string) bool {
	const most = 50
	if len(s) > 1<<17 {
		return true
	}
	depth := 0
	for line := range strings.SplitSeq(s, "\n") {
		rest := strings.TrimLeft(line, " \t")
		if len(line)-len(rest) > 4*most {
			return true
		}
		for n := 0; len(rest) > 1 && strings.IndexByte("-?:", rest[0]) >= 0 && (rest[1] == ' ' || rest[1] == '\t'); n++ {
			if n > most {
				return true
			}
			rest = strings.TrimLeft(rest[2:], " \t")
		}
		for i := 0; i < len(rest); i++ {
			switch rest[i] {
			case '[', '{':
				if depth++; depth > most {
					return true
				}
			case ']', '}':
				depth = max(depth-1, 0)
			}
		}
	}
	return false
}
