package documents

import (
	"regexp"
	"strings"
)

// What a terminal takes for colours, in a log that was kept.
var escapes = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")

// readText reads plain text. Paragraphs are separated by empty lines; within
// one, lines are joined, since most plain text is wrapped by hand. A short first
// line with an empty one after it is the title.
func readText(name, text string) ([]Document, []Note) {
	if strings.IndexByte(text, 0x1b) >= 0 {
		text = escapes.ReplaceAllString(text, "")
	}
	var l layout
	title := ""
	paragraphs := 0
	var lines []string
	flush := func() {
		if len(lines) == 0 {
			return
		}
		if paragraphs++; paragraphs == 1 && len(lines) == 1 && len(lines[0]) <= 120 && !strings.HasSuffix(lines[0], ".") {
			title = clean(lines[0])
		} else {
			l.block(strings.Join(lines, " "))
		}
		lines = lines[:0]
	}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) == "" {
			flush()
			continue
		}
		lines = append(lines, line)
	}
	flush()
	switch {
	case title != "" && l.text.Len() == 0: // one short line is the text, not its title
		l.block(title)
		title = ""
	case title == "" && l.text.Len() == 0:
		return nil, []Note{{File: name, Why: "empty"}}
	}
	if title == "" {
		title = baseTitle(name)
	}
	return []Document{l.document(name, title, "")}, nil
}
