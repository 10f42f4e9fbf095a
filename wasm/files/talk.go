package main

import (
	"cmp"
	"errors"
	"fmt"
	"path"

	"parley/shared/transcript"
	"parley/trainer/importers"
)

// An Imported is a conversation read from a file.
type Imported struct {
	Name  string            `json:"name"`
	Turns []transcript.Turn `json:"turns"`
}

// dataSets are the importers tried, the more particular first: jsonl takes almost
// anything that has turns.
var dataSets = []string{"topiocqa", "qrecc", "canard", "quac", "cast", "ikat", "convquestions", "mtrag", "jsonl"}

// maxImported bounds how many conversations of a file are offered.
const maxImported = 1000

// conversations reads a file of conversations: one saved by this page, or those of a
// published data set. The form is told by trying: that which reads the most questions
// of the file.
func (d *desk) conversations(in struct {
	Name string `json:"name"`
}) ([]Imported, error) {
	content, ok := d.given("conversation/")[in.Name]
	if !ok {
		return nil, fmt.Errorf("%s was not given", in.Name)
	}
	if c, err := transcript.Read(content); err == nil {
		return []Imported{{path.Base(in.Name), c.Turns}}, nil
	}
	var best *importers.Result
	for _, name := range dataSets {
		r, err := importers.Read(name, in.Name, content, importers.Options{})
		if err == nil && (best == nil || len(r.Examples) > len(best.Examples)) {
			best = r
		}
	}
	if best == nil || len(best.Examples) == 0 {
		return nil, errors.New("no conversations that can be read: wanted one saved by this page (JSON), or a file of TopiOCQA, TREC CAsT or iKAT, QReCC, CANARD, QuAC, ConvQuestions, MTRAG, or Parley's own set")
	}
	return gather(best.Examples), nil
}

// gather makes conversations of examples: of each the longest, for an example repeats
// what was said before it.
func gather(examples []importers.Example) []Imported {
	list := []Imported{}
	at := map[string]int{}
	for i := range examples {
		e := &examples[i]
		name := cmp.Or(e.Conversation, e.ID)
		k, ok := at[name]
		if !ok {
			if len(list) == maxImported {
				continue
			}
			k = len(list)
			at[name] = k
			list = append(list, Imported{Name: name})
		}
		if len(e.Turns) <= len(list[k].Turns) {
			continue
		}
		list[k].Turns = nil
		for _, t := range e.Turns {
			list[k].Turns = append(list[k].Turns, transcript.Turn{Question: t.Question, Reply: t.Reply})
		}
	}
	return list
}

// transcript writes a conversation in one of transcript.Forms.
func (d *desk) transcript(in struct {
	Form         transcript.Form         `json:"form"`
	Conversation transcript.Conversation `json:"conversation"`
}) (*Piece, error) {
	out, err := transcript.Write(in.Conversation, in.Form)
	if err != nil {
		return nil, err
	}
	d.kept = out
	p := piece("conversation"+in.Form.Ending(), out)
	return &p, nil
}
