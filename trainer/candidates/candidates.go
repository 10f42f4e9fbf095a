// Package candidates has the training examples of the reader, the stage that reads
// question and passage together: a conversation's questions, passages that a search
// found, and which of them, and which of their sentences, answer. They are made from
// this project's conversations (package converse), from questions with short answers
// (answers.go), and from other conversations that have rewrites (rewrites.go).
package candidates

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"

	"parley/shared/conversation"
	"parley/shared/lines"
	"parley/shared/passages"
	"parley/shared/sentence"
	"parley/trainer/disk"
)

// An Example is a question in its conversation, and passages. An example without a
// relevant passage is an input that nothing answers. A file has one per line:
//
//	{"id":"train-01-01<::>2","source":"conversations","questions":["who was Brahms","where was he born"],"replies":["Johannes Brahms\nHe was ..."],
//	 "passages":[{"title":"Johannes Brahms","text":"...","relevant":true,"sentences":[1]},{"title":"Hamburg","text":"..."}]}
type Example struct {
	ID        string   `json:"id"`
	Source    string   `json:"source"`
	Questions []string `json:"questions"` // those that are read, oldest first
	// Replies are those to all questions but the newest, as the reader reads them
	// (answer.Said); "" where there was none. It may be absent.
	Replies  []string  `json:"replies,omitempty"`
	Passages []Passage `json:"passages"`
}

// Turns returns the conversation, oldest turn first.
func (e *Example) Turns() []conversation.Turn {
	turns := make([]conversation.Turn, len(e.Questions))
	for i, q := range e.Questions {
		turns[i].Question = q
		if i < len(e.Replies) {
			turns[i].Reply = e.Replies[i]
		}
	}
	return turns
}

// The values of Example.Source.
const (
	Conversations = "conversations" // a turn of this project's conversations
	Unanswerable  = "unanswerable"  // an input that nothing answers
	Answers       = "answers"       // a question with short answers
	Rewrites      = "rewrites"      // a question of other conversations, judged by a teacher that read its rewrite
)

// A Passage is a passage that was found for a question.
type Passage struct {
	Title    string `json:"title,omitempty"`
	Text     string `json:"text"`
	Relevant bool   `json:"relevant,omitempty"`
	// Sentences are the numbers of the text's sentences (sentence.Split) that answer,
	// ascending. A relevant passage may have none: then nobody knows which.
	Sentences []int `json:"sentences,omitempty"`
}

// Relevant reports whether one of the passages is relevant.
func (e *Example) Relevant() bool {
	for _, p := range e.Passages {
		if p.Relevant {
			return true
		}
	}
	return false
}

// A Find returns the best passages for the newest of the turns, Found of them.
type Find func(turns []conversation.Turn) ([]passages.Passage, error)

// Found is the number of passages that are looked at for an answer.
const Found = 10

// Draw returns n of the passages: those that come first, and others that r draws. It
// changes the list's order.
func Draw(list []Passage, first, n int, r *rand.Rand) []Passage {
	if len(list) <= n {
		return list
	}
	rest := list[first:]
	r.Shuffle(len(rest), func(a, b int) { rest[a], rest[b] = rest[b], rest[a] })
	return list[:n]
}

// nameOf returns the name in a passage's title: without what is in brackets after it.
func nameOf(title string) string {
	name, _, _ := strings.Cut(title, " (")
	return name
}

// names reports whether a question names what a passage is about.
func names(question, title string) bool {
	name := plain(nameOf(title))
	return len(name) > 3 && strings.Contains(plain(question), name)
}

// check returns an error for what cannot be an example.
func (e *Example) check() error {
	switch {
	case len(e.Questions) == 0 || strings.TrimSpace(e.Questions[len(e.Questions)-1]) == "":
		return errors.New("the example has no question")
	case len(e.Replies) >= len(e.Questions):
		return errors.New("the example has a reply to its newest question")
	case len(e.Passages) == 0:
		return errors.New("the example has no passage")
	}
	for _, p := range e.Passages {
		if len(p.Sentences) == 0 {
			continue
		}
		if !p.Relevant {
			return errors.New("a passage that is not relevant has sentences that answer")
		}
		n, last := len(sentence.Split(p.Text)), -1
		for _, s := range p.Sentences {
			if s <= last || s >= n {
				return errors.New("sentences are not ascending numbers of the passage's sentences, from 0")
			}
			last = s
		}
	}
	return nil
}

// Read reads files of examples, plain or gzip. Errors about a line are of type
// *lines.Error.
func Read(paths []string) (all []Example, err error) {
	for _, path := range paths {
		err := disk.Lines(path, func(r *lines.Reader) error {
			for _, line := range r.All() {
				var e Example
				d := json.NewDecoder(bytes.NewReader(line))
				d.DisallowUnknownFields()
				if err := d.Decode(&e); err != nil {
					return r.Errorf("not an example: %w", err)
				}
				if err := e.check(); err != nil {
					return r.Errorf("%w", err)
				}
				all = append(all, e)
			}
			return r.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Write writes examples, one line each.
func Write(w io.Writer, all []Example) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for i := range all {
		if err := out.Encode(&all[i]); err != nil {
			return err
		}
	}
	return nil
}
