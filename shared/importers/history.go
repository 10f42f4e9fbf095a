package importers

import (
	"html"
	"slices"
	"strings"

	"parley/shared/conversation"
	"parley/shared/lenient"
)

// A history is what was said in a conversation up to some turn. Those that go on from one
// another share their turns, so that all of a conversation's take the room of one. The
// zero value is that before the first turn.
type history struct {
	turns *[]conversation.Turn
	n     int // of turns, how many were said
}

// then is the history with a turn more.
func (h history) then(question, reply string) history {
	t := conversation.Turn{Question: clean(question), Reply: cleanReply(reply)}
	switch {
	case h.turns == nil:
		h.turns = new([]conversation.Turn)
	case h.n == len(*h.turns):
	case (*h.turns)[h.n] == t: // it went on so before
		h.n++
		return h
	default: // a branch of its own, of which no more is kept than is ever written
		own := slices.Clone((*h.turns)[max(0, h.n-MaxTurns):h.n])
		h = history{&own, len(own)}
	}
	*h.turns = append(*h.turns, t)
	h.n++
	return h
}

// said are the turns.
func (h history) said() []conversation.Turn {
	if h.turns == nil {
		return nil
	}
	return (*h.turns)[:h.n:h.n]
}

// pair makes turns of question, reply, question, reply. Where texts lack one, so that
// their number is odd, asked says which of them are questions; false where that does not
// help.
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

// clean makes text of what a data set holds: valid UTF-8, with the characters that HTML's
// entities stand for, also where they were written twice (&amp;quot;), and without blanks
// at its ends. So what Write wrote is read as it is.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	for range 3 {
		s = unescape(s)
	}
	return strings.TrimSpace(s)
}

// unescape replaces entities that end in a semicolon, as html.UnescapeString does not
// alone: of "?a=1&copy=2" nothing is one.
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
				b.WriteString(s[at:end]) // only its beginning is an entity
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

// cleanReply is clean of a reply; where a data set says that there is none, the reply
// says so in words.
func cleanReply(s string) string {
	switch s = clean(s); s {
	case "CANNOTANSWER", "UNANSWERABLE": // QuAC and CANARD; TopiOCQA
		return "I don't know."
	}
	return s
}
