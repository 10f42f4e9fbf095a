// Package conversations reads and checks the project's own data set: conversations
// that a visitor could have with a search engine over models/vital-articles, each
// question with its self-contained rewrite, its reply and the articles that answer.
//
// The data lie beside this file, train, dev and test, and choice, on which settings are
// chosen, together with dev; a conversation a line:
//
//	{"id": "test-01-03", "topic": "Arts", "persona": "concert-goer, sixty-ish",
//	 "turns": [
//	  {"question": "how long is mahlers resurrection", "rewrite": "How long is ...?",
//	   "reply": "It usually lasts 80 to 90 minutes.",
//	   "gold": [{"id": "Symphony_No._2_(Mahler)", "grade": 2}], "kind": "first"},
//	  {"question": "who wrote that one", ..., "kind": "pronoun", "needs_context": true}]}
//
// pooled.tsv has judgements of dev and choice beyond the writer's, factbook.tsv those of the
// World Factbook's passages (pooled.go).
//
// check.go holds what is asked of the set, duplicates.go and standalone.go two of its
// rules, stats.go its table, export.go the forms of BEIR and TREC.
package conversations

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"parley/shared/conversation"
	"parley/shared/passages"
	"parley/trainer/lines"
)

// Version of the set. The test split changes only with it.
const Version = 1

// A Conversation is one person's, from the first question to the last.
type Conversation struct {
	ID      string `json:"id"`    // split, territory, number: test-01-03
	Topic   string `json:"topic"` // of the encyclopedia's eleven, or Uncategorized, where it begins
	Persona string `json:"persona"`
	Turns   []Turn `json:"turns"`

	at position
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

	// Pooled are the articles that pooled.tsv adds to Gold, by id.
	Pooled []Gold `json:"-"`
	// Factbook are the World Factbook's passages that answer, by factbook.tsv: no part of
	// Judged, as the figures that were published and Export leave that book out.
	Factbook []Gold `json:"-"`
}

func (t *Turn) gold() []Gold { return t.Gold }

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

// Splits are those of the set as it was written first: what they hold and their shares
// of it stay as they are.
var Splits = []string{"train", "dev", "test"}

// Choice is the split that was written later, to choose settings on.
const Choice = "choice"

// All are the splits in the order of tables.
var All = append(slices.Clone(Splits), Choice)

// A Set is the whole data set, by split.
type Set map[string][]Conversation

type position struct {
	file string
	line int
}

// Open reads DIR/{train,dev,test,choice}.jsonl, DIR/pooled.tsv and DIR/factbook.tsv. The
// last three may be missing: a set without the first two of them has nothing to choose on.
func Open(dir string) (Set, error) {
	s := Set{}
	var errs []error
	for _, split := range Splits {
		list, err := Read(filepath.Join(dir, split+".jsonl"))
		s[split] = list
		errs = append(errs, err)
	}
	list, err := Read(filepath.Join(dir, Choice+".jsonl"))
	if err == nil {
		s[Choice] = list
	} else if !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	if err := s.readPooled(filepath.Join(dir, "pooled.tsv")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	if err := s.readFactbook(filepath.Join(dir, "factbook.tsv")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	return s, errors.Join(errs...)
}

// Read reads a file of conversations, plain or gzip. A field that there is not is
// refused; the error names file and line.
func Read(path string) ([]Conversation, error) {
	var list []Conversation
	err := lines.Read(path, func(r *lines.Reader) error {
		for n, line := range r.All() {
			d := json.NewDecoder(bytes.NewReader(line))
			d.DisallowUnknownFields()
			c := Conversation{at: position{path, n}}
			if err := d.Decode(&c); err != nil {
				return r.Errorf("not a conversation: %w", err)
			}
			if d.More() {
				return r.Errorf("more than one conversation on the line")
			}
			if c.ID == "" || len(c.Turns) == 0 {
				return r.Errorf("id or turns is missing")
			}
			list = append(list, c)
		}
		return r.Err()
	})
	return list, err
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

// Articles reads the collection that the set asks about: DIR/passages.bin.
func Articles(dir string) (*passages.Store, error) {
	path := filepath.Join(dir, "passages.bin")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := passages.Open(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
