package conversations

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/conversation"
	"parley/shared/judged"
	"parley/shared/lines"
	"parley/trainer/disk"
)

// An Unanswerable is an input that no article answers, nor a fact about a country
// (capital, population, area, borders, highest point, languages, religions,
// government, economy, currency). The right reply is that nothing was found. The
// input comes first, or after the beginning of a conversation of the same split:
//
//	{"id":"none-dev-105","split":"dev","kind":"specific","after":"dev-03-01","turns":1,
//	 "question":"what did he have for lunch that day"}
type Unanswerable struct {
	ID       string   `json:"id"`
	Split    string   `json:"split"` // train, dev or test
	Kind     NoneKind `json:"kind"`
	After    string   `json:"after,omitempty"` // the id of a conversation, or ""
	Turns    int      `json:"turns,omitempty"` // how many of its turns come before the input
	Question string   `json:"question"`
	before   []judged.Turn
}

// A NoneKind says why an input has no answer.
type NoneKind string

const (
	Greeting  NoneKind = "greeting"
	Thanks    NoneKind = "thanks"
	SmallTalk NoneKind = "chit-chat" // the whole input, unlike in judged.ChitChat
	Gibberish NoneKind = "gibberish"
	Language  NoneKind = "language" // not in English
	Emoji     NoneKind = "emoji"
	Tool      NoneKind = "tool"     // about Parley itself
	Recent    NoneKind = "recent"   // news, weather, prices, today's date
	Specific  NoneKind = "specific" // the articles have the subject, but not what is asked
	Outside   NoneKind = "outside"  // the articles do not have the subject
)

// NoneKinds lists the kinds in the order of the file.
var NoneKinds = []NoneKind{Greeting, Thanks, SmallTalk, Gibberish, Language, Emoji, Tool, Recent, Specific, Outside}

// ReadUnanswerable reads a file of inputs that cannot be answered. s has the
// conversations that they follow. An unknown, missing or repeated value is an error,
// of type *lines.Error, with file and line.
func ReadUnanswerable(path string, s Set) ([]Unanswerable, error) {
	type key struct{ split, id string }
	turns := map[key][]judged.Turn{}
	for split, list := range s {
		for _, c := range list {
			turns[key{split, c.ID}] = c.Turns
		}
	}
	var list []Unanswerable
	seen := map[string]bool{}
	err := disk.Lines(path, func(r *lines.Reader) error {
		for _, line := range r.All() {
			var u Unanswerable
			if err := decodeStrictly(line, &u); err != nil {
				return r.Errorf("not an input: %w", err)
			}
			if u.ID == "" || seen[u.ID] {
				return r.Errorf("id %q is empty or occurs twice", u.ID)
			}
			seen[u.ID] = true
			if !slices.Contains(Splits, u.Split) {
				return r.Errorf("there is no split %q", u.Split)
			}
			if !slices.Contains(NoneKinds, u.Kind) {
				return r.Errorf("there is no kind %q", u.Kind)
			}
			if strings.TrimSpace(u.Question) == "" {
				return r.Errorf("no question")
			}
			if (u.After != "") != (u.Turns != 0) {
				return r.Errorf("give both after and turns, or neither")
			}
			if u.After != "" {
				said, ok := turns[key{u.Split, u.After}]
				if !ok {
					return r.Errorf("there is no conversation %q in %s", u.After, u.Split)
				}
				if u.Turns < 1 || u.Turns > len(said) {
					return r.Errorf("after %d turns of %s, which has %d", u.Turns, u.After, len(said))
				}
				u.before = said[:u.Turns]
			}
			list = append(list, u)
		}
		return r.Err()
	})
	return list, err
}

// Until returns the conversation as it is when the input is typed. Its last turn has
// no reply yet.
func (u *Unanswerable) Until() []conversation.Turn {
	said := make([]conversation.Turn, 0, len(u.before)+1)
	for _, t := range u.before {
		said = append(said, conversation.Turn{Question: t.Question, Reply: t.Reply})
	}
	return append(said, conversation.Turn{Question: u.Question})
}

// A Handbook is a small collection unlike the encyclopedia: the employee handbook of
// an invented company, with questions of its readers.
type Handbook struct {
	Markdown  string
	Headings  []string // the headings of its sections, in order
	Questions []HandbookQuestion
}

// A HandbookQuestion is a question that one section of the handbook answers, or none.
type HandbookQuestion struct {
	ID       string `json:"id"`
	Question string `json:"question"`
	Section  string `json:"section,omitempty"` // the section's heading; "" if no section answers
}

// OpenHandbook reads handbook.md and questions.jsonl in the folder dir. A question
// about a missing section is an error, as is an unknown field or a repeated id.
func OpenHandbook(dir string) (*Handbook, error) {
	path := filepath.Join(dir, "handbook.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	h := &Handbook{Markdown: string(text)}
	for i, line := range strings.Split(h.Markdown, "\n") {
		heading, ok := strings.CutPrefix(line, "## ")
		if !ok {
			continue
		}
		if slices.Contains(h.Headings, heading) {
			return nil, &lines.Error{File: path, Line: i + 1, Msg: fmt.Sprintf("a second section %q", heading)}
		}
		h.Headings = append(h.Headings, heading)
	}
	seen := map[string]bool{}
	err = disk.Lines(filepath.Join(dir, "questions.jsonl"), func(r *lines.Reader) error {
		for _, line := range r.All() {
			var q HandbookQuestion
			if err := decodeStrictly(line, &q); err != nil {
				return r.Errorf("not a question: %w", err)
			}
			if q.ID == "" || seen[q.ID] {
				return r.Errorf("id %q is empty or occurs twice", q.ID)
			}
			seen[q.ID] = true
			if strings.TrimSpace(q.Question) == "" {
				return r.Errorf("no question")
			}
			if q.Section != "" && !slices.Contains(h.Headings, q.Section) {
				return r.Errorf("the handbook has no section %q", q.Section)
			}
			h.Questions = append(h.Questions, q)
		}
		return r.Err()
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

// decodeStrictly decodes the one JSON object on a line into v. A field that v does
// not have is an error.
func decodeStrictly(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one object on the line")
	}
	return nil
}
