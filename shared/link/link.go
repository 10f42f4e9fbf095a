// Package link writes a conversation as the fragment of the page's address, so that it can
// be sent to others and asked again there:
//
//	https://HOST/PATH/#c=DATA    DATA = base64url(deflate(text)), without padding
//
// A browser never sends a fragment to a server, so only the people who get a link can read
// it. The text is UTF-8, one item per line, and each line begins with a word:
//
//	parley 1                           the version of the form
//	collection Wikipedia's vital ...   where it was asked; may be missing
//	level splade-tiny                  by which encoder; may be missing
//	? How tall is the Eiffel Tower?    a question, oldest first
//	= Eiffel_Tower                     the passage chosen to reply to the question above it
//	read alone                         the reader wanted it read without what was said
//	                                   before; "together": with it
//
// In a value, "\n", "\r" and "\\" stand for a line feed, a carriage return and a
// backslash. Lines that begin with other words are skipped, so that later versions can add
// some.
//
// The page's program writes and reads the text, with the few imports of this file, and
// leaves compression to the browser. compress.go does both for all other programs; the
// browser tests compare the two.
package link

import (
	"errors"
	"strings"

	"parley/shared/message"
)

// A Conversation is the contents of a link.
type Conversation struct {
	Collection, Level string
	Turns             []Asked
}

// An Asked is a question, the id of the passage chosen as its reply ("" where none was
// chosen), and how the reader wanted it read ("" where the engine decides; see Ask.Read in
// shared/message).
type Asked struct{ Question, Chosen, Read string }

const version = "parley 1"

// Written by hand, since strings.Replacer and strconv.Quote would make the page larger.

func escape(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\\':
			b = append(b, '\\', '\\')
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// unescape leaves a backslash before any other character as it is.
func unescape(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case 'n':
				c = '\n'
				i++
			case 'r':
				c = '\r'
				i++
			case '\\':
				i++
			}
		}
		b = append(b, c)
	}
	return string(b)
}

// Text returns a conversation as the text of a link.
func (c Conversation) Text() string {
	var b strings.Builder
	b.WriteString(version)
	line := func(word, value string) {
		if value != "" {
			b.WriteString("\n" + word + " ")
			b.WriteString(escape(strings.ToValidUTF8(value, "\uFFFD")))
		}
	}
	line("collection", c.Collection)
	line("level", c.Level)
	for _, t := range c.Turns {
		line("?", t.Question)
		line("=", t.Chosen)
		line("read", t.Read)
	}
	return b.String()
}

// Parse reads the text that Text returns.
func Parse(text string) (c Conversation, err error) {
	first, rest, more := strings.Cut(text, "\n")
	if later, ok := strings.CutPrefix(first, "parley "); ok && first != version {
		return c, errors.New("link: of version " + later + ", and this program reads version 1: a newer one made it")
	}
	if first != version {
		return c, errors.New("link: it does not begin with \"" + version + "\": damaged, or none of Parley's")
	}
	for more {
		var line string
		line, rest, more = strings.Cut(rest, "\n")
		word, value, _ := strings.Cut(line, " ")
		value = unescape(strings.ToValidUTF8(value, "\uFFFD"))
		switch word {
		case "collection":
			c.Collection = value
		case "level":
			c.Level = value
		case "?":
			c.Turns = append(c.Turns, Asked{Question: value})
		case "=":
			if len(c.Turns) == 0 {
				return c, errors.New("link: a reply before any question")
			}
			c.Turns[len(c.Turns)-1].Chosen = value
		case "read":
			// Other values are skipped, like lines of other words: later versions may add
			// some.
			if n := len(c.Turns); n > 0 && (value == message.ReadAlone || value == message.ReadTogether) {
				c.Turns[n-1].Read = value
			}
		}
	}
	return c, nil
}
