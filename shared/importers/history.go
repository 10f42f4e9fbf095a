package importers

import (
	"html"
	"slices"
	"strings"

	"parley/shared/conversation"
	"parley/shared/lenient"
)

// A history is what was said in a conversation before some turn. Histories that continue
// one another share memory, so that all those of a conversation take no more than the
// longest. The zero value is the empty history.
type history struct {
	turns *[]conversation.Turn
	n     int // the length of this history; turns may be longer
}

// then returns the history with one more turn.
func (h history) then(question, reply string) history {
	t := conversation.Turn{Question: clean(question), Reply: cleanReply(reply)}
	switch {
	case h.turns == nil:
		h.turns = new([]conversation.Turn)
	case h.n == len(*h.turns):
	case (*h.turns)[h.n] == t: // another history continued the same way
		h.n++
		return h
	default: // a branch; Write never writes more than MaxTurns of it
		own := slices.Clone((*h.turns)[max(0, h.n-MaxTurns):h.n])
		h = history{&own, len(own)}
	}
	*h.turns = append(*h.turns, t)
	h.n++
	return h
}

// said returns the turns.
func (h history) said() []conversation.Turn {
	if h.turns == nil {
		return nil
	}
	return (*h.turns)[:h.n:h.n]
}

// pair returns texts as turns: question, reply, question, reply. If their number is odd,
// one is missing; asked then says which texts are questions. It returns false if that
// does not tell the turns apart either.
func pair(texts []lenient.Text, asked map[string]bool) ([]conversation.Turn, bool) {
	var turns []conversation.Turn
	for i, text := range texts {
		question, reply := clean(string(text)), cleanReply(string(text))
		switch {
		case len(texts)%2 == 0 && i%2 == 0, len(texts)%2 != 0 && asked[question]:
			turns = append(turns, conversation.Turn{Question: question})
		case len(turns) == 0 || turns[len(turns)-1].Reply != "":
			return nil, false
		default:
			turns[len(turns)-1].Reply = reply
		}
	}
	return turns, true
}

// clean returns a data set's text as valid UTF-8, with HTML's entities replaced, also
// those that were escaped twice (&amp;quot;), and without blanks at its ends. It does not
// change what Write wrote.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	for range 3 {
		s = unescape(s)
	}
	return strings.TrimSpace(s)
}

// unescape replaces HTML's entities that end in a semicolon. html.UnescapeString also
// replaces others, such as the "&copy" in "?a=1&copy=2".
func unescape(s string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(s, '&')
		if at < 0 {
			break
		}
		end := at + 1
		for end < len(s) && (s[end] == '#' || s[end] >= '0' && s[end] <= '9' || s[end]|0x20 >= 'a' && s[end]|0x20 <= 'z') {
			end++
		}
		if end < len(s) && s[end] == ';' {
			end++
			b.WriteString(s[:at])
			if e := html.UnescapeString(s[at:end]); strings.HasSuffix(e, ";") && len(e) > 1 {
				b.WriteString(s[at:end]) // the text has an entity only up to here
			} else {
				b.WriteString(e)
			}
		} else {
			b.WriteString(s[:end])
		}
		s = s[end:]
	}
	if b.Len() == 0 {
		return s
	}
	b.WriteString(s)
	return b.String()
}

// cleanReply does what clean does, for a reply. If the data set marks the question as
// unanswerable, the reply says so in words.
func cleanReply(s string) string {
	switch s = clean(s); s {
	case "CANNOTANSWER", "UNANSWERABLE": // QuAC and CANARD; TopiOCQA
		return "I don't know."
	}
	return s
}
