//go:build !parts && !engine

package main

import (
	"errors"

	"parley/shared/answer"
	"parley/shared/encoder"
	"parley/shared/passages"
)

// inParts is nothing in a program without the tags "parts" and "engine", which most visitors
// load.
type inParts *struct{}

func (w *worker) addPart(string, []byte) error {
	return errors.New("this program searches in a whole collection alone, not in one in parts")
}

func (w *worker) collection() (about passages.About, n, postings int, questions []string) {
	return w.whole()
}

func (w *worker) over(e *encoder.Encoder) (*answer.Engine, error) {
	return answer.New(e, w.index, w.passages)
}
