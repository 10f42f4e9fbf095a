package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/shared/lines"
)

// Open reads a conversation that somebody saved or wrote down. name is the file's name in
// errors. The file may be
//
//   - the JSON form, see Read;
//   - the Markdown form, of which the questions are taken;
//   - text with speakers ("User: ...", "Assistant: ..."; "Q: ...", "A: ..."), of which the
//     questions are taken, the replies left out;
//   - any other text: every line is a question.
//
// Text must be UTF-8. A file that begins like JSON, and is not the JSON form, is refused.
func Open(data []byte, name string) (Conversation, error) {
	if text := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff"))); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		return Read(text)
	}
	r, err := lines.NewReader(bytes.NewReader(data), name)
	if err != nil {
		return Conversation{}, err
	}
	var text []string
	for _, b := range r.All() {
		if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
			return Conversation{}, r.Errorf("this is no text in UTF-8")
		}
		if s := strings.TrimSpace(string(b)); s != "" {
			text = append(text, s)
		}
	}
	if err := r.Err(); err != nil {
		return Conversation{}, err
	}
	asked := headings(text)
	if asked == nil {
		asked = spoken(text)
	}
	if asked == nil {
		asked = text
	}
	switch {
	case len(asked) == 0:
		return Conversation{}, &lines.Error{File: name, Err: errors.New("no question is in it")}
	case len(asked) > MaxQuestions:
		return Conversation{}, &lines.Error{File: name, Err: fmt.Errorf("%d lines would each be a question; a conversation has %d at most", len(asked), MaxQuestions)}
	}
	c := Conversation{Version: Version}
	for _, q := range asked {
		c.Turns = append(c.Turns, Exchange{Question: q})
	}
	return c, nil
}

// MaxQuestions is the most questions that Open accepts, to refuse a whole book.
const MaxQuestions = 1000

// headings returns the questions of the Markdown form, nil where text does not have it:
// first "# ...", then "## 1. ...", "## 2. ..." and so on.
func headings(text []string) (asked []string) {
	if len(text) == 0 || !strings.HasPrefix(text[0], "# ") {
		return nil
	}
	for _, s := range text {
		if q, ok := strings.CutPrefix(s, "## "+strconv.Itoa(len(asked)+1)+". "); ok {
			asked = append(asked, unline(q))
		}
	}
	return asked
}

// unline is the inverse of line.
func unline(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
		if s[i] == '&' && strings.HasPrefix(s[i:], "&amp;") {
			i += len("amp;")
		}
	}
	return b.String()
}

var (
	askers   = []string{"user", "human", "me", "you", "q", "question"}
	repliers = []string{"assistant", "ai", "bot", "chatgpt", "a", "answer", "agent", "system", "parley"}
)

// spoken returns the questions of a text with speakers, nil where its first line names
// none. A line without a speaker continues the one before.
func spoken(text []string) (asked []string) {
	var asks bool
	for i, s := range text {
		name, said, ok := strings.Cut(s, ":")
		name = strings.ToLower(strings.Trim(name, "* "))
		said = strings.TrimSpace(strings.TrimPrefix(said, "**")) // "**User:** ..."
		switch {
		case ok && slices.Contains(askers, name):
			asks = true
			asked = append(asked, said)
		case ok && slices.Contains(repliers, name):
			asks = false
		case i == 0:
			return nil
		case asks:
			last := &asked[len(asked)-1]
			*last = strings.TrimSpace(*last + " " + s)
		}
	}
	return slices.DeleteFunc(asked, func(q string) bool { return q == "" })
}
