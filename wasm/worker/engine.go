//go:build engine

package main

import (
	"errors"
	"strings"

	"parley/shared/answer"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/jsontree"
	"parley/shared/opener"
	"parley/shared/passages"
	"parley/shared/remote"
	"parley/wasm/reactor"
)

// Files of a collection that a search engine holds, which the page's host asks. A file
// foundFile and the question is the host's answer to that question.
const (
	lexiconFile = "lexicon.bin"
	aboutFile   = "about.bin"
	foundFile   = "found/"
)

// inParts is a collection that a search engine holds.
type inParts = *held

type held struct {
	lexicon *index.Lexicon
	about   *passages.Store
	answers []answered // the last ones, oldest first
}

// An answered question. The engine asks anew whatever it lacked, so an answer is read twice
// at least.
type answered struct {
	question string
	answer   []byte
}

const keptAnswers = 16

// addPart takes a file of the collection, or an answer.
func (w *worker) addPart(name string, data []byte) (err error) {
	if question, ok := strings.CutPrefix(name, foundFile); ok {
		if w.inParts == nil {
			return errors.New("the collection was changed meanwhile")
		}
		list := &w.inParts.answers
		if len(*list) == keptAnswers {
			*list = append((*list)[:0], (*list)[1:]...)
		}
		*list = append(*list, answered{question, data})
		return nil
	}
	w.index, w.passages = nil, nil
	w.opened, w.engines = false, nil
	if w.inParts == nil {
		w.inParts = &held{}
	}
	switch name {
	case lexiconFile:
		w.inParts.lexicon, err = index.OpenLexicon(data)
	case aboutFile:
		w.inParts.about, err = passages.Open(data)
	default:
		err = errors.New("there is no place for a file of this name")
	}
	return err
}

func (w *worker) collection() (about passages.About, n, postings int, questions []string) {
	h := w.inParts
	if h == nil {
		return w.whole()
	}
	if h.lexicon == nil || h.about == nil { // over says so
		return about, 0, 0, nil
	}
	return h.about.About(), h.lexicon.Docs(), h.lexicon.Postings(), opener.Questions(h.about, 3)
}

func (w *worker) over(e *encoder.Encoder) (*answer.Engine, error) {
	h := w.inParts
	if h == nil {
		return answer.New(e, w.index, w.passages)
	}
	for name, absent := range map[string]bool{lexiconFile: h.lexicon == nil, aboutFile: h.about == nil} {
		if absent {
			return nil, &reactor.FileError{Name: partsFolder + name, Err: errors.New("this file is missing")}
		}
	}
	return answer.Over(e, remote.New(h.lexicon, h.ask))
}

// ask returns the host's answer, or says that it is lacking.
func (h *held) ask(q []index.Factor, k int) ([]remote.Found, error) {
	question := remote.Question(q, k)
	for i := range h.answers {
		if a := &h.answers[i]; a.question == question {
			return remote.Decode(a.answer, q)
		}
	}
	return nil, lacking(question)
}

// lacking is the error for a question that the host has not answered yet; it is the
// question.
type lacking string

func (l lacking) Error() string { return "the search engine has not answered yet" }

func (l lacking) Lacks() string {
	return string(append(jsontree.AppendQuoted([]byte(`{"question":`), string(l)), '}'))
}
