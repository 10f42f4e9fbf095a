// Package judged reads conversations whose questions were judged: each question with
// its self-contained rewrite, its reply and the articles that answer it. The project's
// own data set, trainer/conversations, has this form, a conversation a line:
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

// A Conversation is one person's, from the first question to the last.
type Conversation struct {
	ID      string `json:"id"`    // split, territory, number: test-01-03
	Topic   string `json:"topic"` // of the encyclopedia's eleven, or Uncategorized, where it begins
	Persona string `json:"persona"`
	Turns   []Turn `json:"turns"`

	File string `json:"-"` // where Read found it
	Line int    `json:"-"` // from 1
}

// A Turn is a question and what was said to it.
type Turn struct {
	Question string `json:"question"` // as the person types it, in context
	Rewrite  string `json:"rewrite"`  // the same question standing alone
	Reply    string `json:"reply"`    // one to three sentences, resting on the gold articles
	Gold     []Gold `json:"gold"`     // best first
	Kind     Kind   `json:"kind"`
	// NeedsContext: a stranger who reads the question alone cannot know what it is about.
	NeedsContext bool `json:"needs_context,omitempty"`
	// Switch: the topic changed to something unrelated.
	Switch bool `json:"switch,omitempty"`

	// Pooled are the articles that were judged later, from pooled results, by id.
	Pooled []Gold `json:"-"`
	// Factbook are the World Factbook's passages that answer: no part of Judged, as the
	// figures that were published leave that book out.
	Factbook []Gold `json:"-"`
}

// Judged are all of Wikipedia's articles that are known to answer: Gold, then Pooled.
func (t *Turn) Judged() []Gold { return slices.Concat(t.Gold, t.Pooled) }

// Gold is an article that answers: grade 2 fully, 1 in part.
type Gold struct {
	ID    string `json:"id"`
	Grade int    `json:"grade"`
}

// A Kind says how a question follows on what was said.
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

// Kinds in the order of tables.
var Kinds = []Kind{First, Pronoun, Ellipsis, WhatAbout, Comparison, Clarification, Return, TopicSwitch, ChitChat}

// Read reads a file of conversations, plain or gzip; name is what errors call it. A
// field that the form does not have is refused; the error is a *lines.Error and names
// file and line. The conversations before it are returned, too.
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

// Until is the conversation as it stands when turn i (from 0) is asked: its last
// turn has no reply yet.
func (c *Conversation) Until(i int) []conversation.Turn {
	said := make([]conversation.Turn, i+1)
	for j, t := range c.Turns[:i+1] {
		said[j] = conversation.Turn{Question: t.Question, Reply: t.Reply}
	}
	said[i].Reply = ""
	return said
}

// QueryID names turn i (from 0) in runs and qrels, in the way of MTRAG.
func (c *Conversation) QueryID(i int) string { return fmt.Sprintf("%s<::>%d", c.ID, i+1) }

// Hops says whether turn i's best articles are none of the turn's before: whoever
// echoes what was said last finds nothing.
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
