// Package transcript writes a conversation as a file: as JSON, which Read reads again; as
// Markdown, for people; and as topics in the form of TREC CAsT, which evaluation tools and
// the trainer's importers read.
package transcript

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"parley/shared/link"
	"parley/shared/message"
)

// Version is the version of the JSON form.
const Version = 1

// A Conversation is a list of questions and replies, oldest first. As JSON:
//
//	{"parley": 1, "collection": "Vital articles", "encoder": "splade-tiny",
//	 "turns": [{"question": "How tall is the Eiffel Tower?", "reply": "The tower is ...",
//	            "id": "Eiffel_Tower", "title": "Eiffel Tower", "url": "https://..."}]}
type Conversation struct {
	Version    int        `json:"parley"`
	Collection string     `json:"collection,omitempty"`
	Encoder    string     `json:"encoder,omitempty"`
	Turns      []Exchange `json:"turns"`
}

// An Exchange is a question, and the sentence that replied with its source.
type Exchange struct {
	Question string `json:"question"`
	Reply    string `json:"reply,omitempty"`
	ID       string `json:"id,omitempty"` // of the passage quoted
	Title    string `json:"title,omitempty"`
	URL      string `json:"url,omitempty"`
	Chosen   bool   `json:"chosen,omitempty"` // the reader chose the passage
	Read     string `json:"read,omitempty"`   // how the reader wanted it read: "alone", "together"; "" where the engine decided
	Doubt    string `json:"doubt,omitempty"`  // why there is no reply (message.Answer.Doubt); "" where there is one
}

// Link returns the conversation as a link contains it: the questions, how they were to be
// read, and which passages the reader chose.
func (c Conversation) Link() link.Conversation {
	l := link.Conversation{Collection: c.Collection}
	for _, t := range c.Turns {
		asked := link.Asked{Question: t.Question, Read: t.Read}
		if t.Chosen {
			asked.Chosen = t.ID
		}
		l.Turns = append(l.Turns, asked)
	}
	return l
}

// A Form is a file format that Write knows.
type Form string

const (
	JSON     Form = "json"
	Markdown Form = "markdown"
	TREC     Form = "trec"
)

// Forms lists all forms.
var Forms = []Form{JSON, Markdown, TREC}

// Ending returns the file name extension of the form.
func (f Form) Ending() string {
	return map[Form]string{JSON: ".json", Markdown: ".md", TREC: ".topics.json"}[f]
}

// Write returns a conversation in the given form. It returns an error for an unknown form.
func Write(c Conversation, f Form) ([]byte, error) {
	c.Version = Version
	switch f {
	case JSON:
		return indented(c)
	case Markdown:
		return c.markdown(), nil
	case TREC:
		return c.topics()
	}
	return nil, fmt.Errorf("transcript: no form is called %q; there are %v", f, Forms)
}

func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// Read reads the JSON form.
func Read(data []byte) (Conversation, error) {
	var c Conversation
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("transcript: %w", err)
	}
	switch {
	case c.Version == 0:
		return c, errors.New("transcript: no conversation saved by Parley: the field parley is missing")
	case c.Version != Version:
		return c, fmt.Errorf("transcript: version %d: this program reads version %d", c.Version, Version)
	case len(c.Turns) == 0:
		return c, errors.New("transcript: a conversation without turns")
	}
	return c, nil
}

// markdown returns the conversation for people: questions as headings, replies as
// quotations.
func (c Conversation) markdown() []byte {
	var b bytes.Buffer
	title := "Conversation"
	if len(c.Turns) > 0 {
		title = line(c.Turns[0].Question)
	}
	fmt.Fprintf(&b, "# %s\n", title)
	end := "Every reply is a quotation."
	for i, t := range c.Turns {
		fmt.Fprintf(&b, "\n## %d. %s\n", i+1, line(t.Question))
		if says := message.Says(t.Doubt); t.Reply == "" && says != "" {
			fmt.Fprintf(&b, "\n*%s*\n", line(says))
			end = "Every reply is a quotation; what stands in italics is none."
			continue
		}
		if t.Reply == "" {
			b.WriteString("\nNothing was found.\n")
			continue
		}
		fmt.Fprintf(&b, "\n> %s\n", line(t.Reply))
		source := line(t.Title)
		if source == "" {
			source = line(t.ID)
		}
		if strings.HasPrefix(t.URL, "https://") || strings.HasPrefix(t.URL, "http://") {
			source = "[" + source + "](<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "%0A", "\r", "").Replace(t.URL) + ">)"
		}
		fmt.Fprintf(&b, "\n— %s\n", source)
	}
	if c.Collection != "" || c.Encoder != "" {
		fmt.Fprintf(&b, "\n---\n\nFound in %s by %s. %s\n", line(c.Collection), line(c.Encoder), end)
	}
	return b.Bytes()
}

// line returns text on one line in which no character is markup, wherever the line stands.
// Characters that begin a heading, a list or a quotation are escaped at its beginning,
// also the delimiter after a number ("0)", CommonMark 5.2).
func line(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	number := len(s) - len(strings.TrimLeft(s, "0123456789"))
	var b strings.Builder
	for i, r := range s {
		switch {
		case strings.ContainsRune("\\`*_[]<>|~", r), i == 0 && strings.ContainsRune("#+-=>", r), i > 0 && i == number && (r == '.' || r == ')'):
			b.WriteByte('\\')
		case r == '&':
			b.WriteString("&amp;")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// topics returns the form of TREC CAsT: an array of topics with numbered turns. CAsT 2021
// has a field for the passage that replied, which is written where there is one.
func (c Conversation) topics() ([]byte, error) {
	type turn struct {
		Number    int    `json:"number"`
		Utterance string `json:"raw_utterance"`
		Canonical string `json:"canonical_result_id,omitempty"`
		Passage   string `json:"passage,omitempty"`
	}
	type topic struct {
		Number int    `json:"number"`
		Title  string `json:"title,omitempty"`
		Turns  []turn `json:"turn"`
	}
	t := topic{Number: 1, Turns: []turn{}}
	for i, u := range c.Turns {
		if i == 0 {
			t.Title = u.Question
		}
		t.Turns = append(t.Turns, turn{i + 1, u.Question, u.ID, u.Reply})
	}
	return indented([]topic{t})
}
