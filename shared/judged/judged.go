// Package judged reads conversations whose questions were judged: each question has its
// self-contained rewrite, its reply and the articles that answer it. The project's own
// data set, trainer/conversations, has this form, one conversation per line:
//
//	{"id": "test-01-03", "topic": "Arts", "persona": "concert-goer, sixty-ish",
//	 "turns": [
//	  {"question": "how long is mahlers resurrection", "rewrite": "How long is ...?",
//	   "reply": "It usually lasts 80 to 90 minutes.",
//	   "gold": [{"id": "Symphony_No._2_(Mahler)", "grade": 2}], "kind": "first"},
//	  {"question": "who wrote that one", ..., "kind": "pronoun", "needs_context": true}]}
package judged

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"parley/shared/conversation"
	"parley/shared/lines"
)

// A Conversation is what one person asked, from the first question to the last.
type Conversation struct {
	ID      string `json:"id"`    // split, territory, number: test-01-03
	Topic   string `json:"topic"` // where it begins: one of the encyclopedia's eleven topics, or Uncategorized
	Persona string `json:"persona"`
	Turns   []Turn `json:"turns"`

	File string `json:"-"` // the name that Read was given
	Line int    `json:"-"` // from 1
}

// A Turn is a question and its reply.
type Turn struct {
	Question string `json:"question"` // as the person types it in the conversation
	Rewrite  string `json:"rewrite"`  // the same question, understandable by itself
	Reply    string `json:"reply"`    // one to three sentences, based on the gold articles
	Gold     []Gold `json:"gold"`     // best first
	Kind     Kind   `json:"kind"`
	// NeedsContext: a stranger who reads only the question cannot know what it is
	// about.
	NeedsContext bool `json:"needs_context,omitempty"`
	// Switch: the question changes to an unrelated topic.
	Switch bool `json:"switch,omitempty"`

	// Pooled are the articles that were judged later, from pooled results, sorted by
	// id.
	Pooled []Gold `json:"-"`
	// Factbook are the World Factbook's passages that answer. Judged leaves them out,
	// because the published figures leave that book out.
	Factbook []Gold `json:"-"`
}

// Judged returns all of Wikipedia's articles that are known to answer: Gold, then
// Pooled.
func (t *Turn) Judged() []Gold { return slices.Concat(t.Gold, t.Pooled) }

// A Gold is an article that answers the question: fully (grade 2) or in part (grade 1).
type Gold struct {
	ID    string `json:"id"`
	Grade int    `json:"grade"`
}

// A Kind says how a question relates to what was said before.
type Kind string

const (
	First         Kind = "first"
	Pronoun       Kind = "pronoun"       // who built it?
	Ellipsis      Kind = "ellipsis"      // and its height?
	WhatAbout     Kind = "what-about"    // what about Venus?
	Comparison    Kind = "comparison"    // is it bigger than the other?
	Clarification Kind = "clarification" // I meant the river
	Return        Kind = "return"        // going back to the first painter
	TopicSwitch   Kind = "topic-switch"
	ChitChat      Kind = "chit-chat" // small talk, then a question
)

// Kinds lists all kinds in the order in which tables show them.
var Kinds = []Kind{First, Pronoun, Ellipsis, WhatAbout, Comparison, Clarification, Return, TopicSwitch, ChitChat}

// Read reads a file of conversations, plain or gzip. Errors call the file name. They
// are of type *lines.Error and name the line; a field that the form does not have is an
// error, too. Read then returns the conversations before that line.
func Read(in io.Reader, name string) ([]Conversation, error) {
	r, err := lines.NewReader(in, name)
	if err != nil {
		return nil, err
	}
	var list []Conversation
	for n, line := range r.All() {
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		c := Conversation{File: name, Line: n}
		if err := d.Decode(&c); err != nil {
			return list, r.Errorf("not a conversation: %w", err)
		}
		if d.More() {
			return list, r.Errorf("more than one conversation on the line")
		}
		if c.ID == "" || len(c.Turns) == 0 {
			return list, r.Errorf("id or turns is missing")
		}
		list = append(list, c)
	}
	return list, r.Err()
}

// Until returns the conversation as it is when turn i (from 0) is asked: i+1 turns, of
// which the last has no reply yet.
func (c *Conversation) Until(i int) []conversation.Turn {
	said := make([]conversation.Turn, i+1)
	for j, t := range c.Turns[:i+1] {
		said[j] = conversation.Turn{Question: t.Question, Reply: t.Reply}
	}
	said[i].Reply = ""
	return said
}

// QueryID returns the name of turn i (from 0) in runs and qrels, in MTRAG's form:
// ID<::>i+1.
func (c *Conversation) QueryID(i int) string { return fmt.Sprintf("%s<::>%d", c.ID, i+1) }

// Hops reports whether none of the best articles (grade 2) of turn i is among the
// previous turn's gold articles: a system that repeats its last article then finds
// nothing. i is 1 or more.
func (c *Conversation) Hops(i int) bool {
	for _, g := range c.Turns[i].Gold {
		for _, p := range c.Turns[i-1].Gold {
			if g.Grade == 2 && p == g {
				return false
			}
		}
	}
	return true
}
