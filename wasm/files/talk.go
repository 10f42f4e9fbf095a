package main

import (
	"cmp"
	"fmt"
	"path"

	"parley/shared/importers"
	"parley/shared/transcript"
)

// An Imported is a conversation that was read from a file.
type Imported struct {
	Name  string `json:"name"`
	First string `json:"first"` // question
	Turns int    `json:"turns"`
	Text  string `json:"text"` // the text of a link to it
}

func imported(name string, c transcript.Conversation) Imported {
	return Imported{name, c.Turns[0].Question, len(c.Turns), c.Link().Text()}
}

// dataSets are the importers that are tried, the most specific first: jsonl accepts almost
// anything that has turns.
var dataSets = []string{"topiocqa", "qrecc", "canard", "quac", "cast", "ikat", "convquestions", "mtrag", "jsonl"}

// maxImported is the number of a file's conversations that are offered.
const maxImported = 1000

// conversations reads a file of conversations: one saved by this page, a published data
// set, or text (transcript.Open). It finds the form by trying: of the data sets, it takes
// the one that reads the most questions from the file.
func (d *desk) conversations(in struct {
	Name string `json:"name"`
}) ([]Imported, error) {
	content, ok := d.given("conversation/")[in.Name]
	if !ok {
		return nil, fmt.Errorf("%s was not given", in.Name)
	}
	if c, err := transcript.Read(content); err == nil {
		return []Imported{imported(path.Base(in.Name), c)}, nil
	}
	var best *importers.Result
	for _, name := range dataSets {
		r, err := importers.Import(name, []importers.File{importers.Memory(in.Name, content)}, importers.Options{})
		if err == nil && (best == nil || len(r.Examples) > len(best.Examples)) {
			best = r
		}
	}
	if best == nil {
		c, err := transcript.Open(content, in.Name)
		if err != nil {
			return nil, fmt.Errorf("no conversations that can be read: %w; wanted one saved by this page (JSON, Markdown), text with a question a line, or a file of TopiOCQA, TREC CAsT or iKAT, QReCC, CANARD, QuAC, ConvQuestions, MTRAG, or Parley's own set", err)
		}
		return []Imported{imported(path.Base(in.Name), c)}, nil
	}
	return gather(best.Examples), nil
}

// gather returns the conversations of examples. An example repeats the turns before it, so
// of each conversation it takes the longest one.
func gather(examples []importers.Example) []Imported {
	var names []string
	longest := map[string]*importers.Example{}
	for i := range examples {
		e := &examples[i]
		name := cmp.Or(e.Conversation, e.ID)
		if longest[name] == nil {
			if len(names) == maxImported {
				continue
			}
			names = append(names, name)
		}
		if longest[name] == nil || len(e.History) > len(longest[name].History) {
			longest[name] = e
		}
	}
	list := []Imported{}
	for _, name := range names {
		var c transcript.Conversation
		for _, t := range longest[name].Turns() {
			c.Turns = append(c.Turns, transcript.Exchange{Question: t.Question})
		}
		list = append(list, imported(name, c))
	}
	return list
}

// transcript returns a conversation as a file in one of transcript.Forms.
func (d *desk) transcript(in struct {
	Form         transcript.Form         `json:"form"`
	Conversation transcript.Conversation `json:"conversation"`
}) (*Piece, error) {
	out, err := transcript.Write(in.Conversation, in.Form)
	if err != nil {
		return nil, err
	}
	return d.keep("conversation"+in.Form.Ending(), out), nil
}
