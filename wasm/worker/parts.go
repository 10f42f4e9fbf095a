//go:build parts

package main

import (
	"strconv"
	"strings"

	"parley/shared/answer"
	"parley/shared/encoder"
	"parley/shared/parts"
	"parley/shared/passages"
	"parley/wasm/reactor"
)

// inParts is a collection in parts.
type inParts = *parts.Source

// directory is the name of the file that describes the parts.
const directory = "parts.bin"

// addPart takes parts.bin, or a part of it.
func (w *worker) addPart(name string, data []byte) (err error) {
	if name == directory {
		w.index, w.passages, w.inParts = nil, nil, nil
		w.opened, w.engines = false, nil
		if w.inParts, err = parts.Open(data); err != nil {
			w.inParts = nil
			return err
		}
		for early, data := range w.parts {
			if part, ok := strings.CutPrefix(early, partsFolder); ok {
				delete(w.parts, early)
				if err := w.inParts.Give(part, data); err != nil {
					return &reactor.FileError{Name: early, Err: err}
				}
			}
		}
		return nil
	}
	if w.inParts == nil {
		w.keep(partsFolder+name, data)
		return nil
	}
	return w.inParts.Give(name, data)
}

func (w *worker) collection() (about passages.About, n, postings int, questions []string) {
	if w.inParts == nil {
		return w.whole()
	}
	return w.inParts.About(), w.inParts.Lexicon().Docs(), w.inParts.Postings(), w.inParts.Questions()
}

func (w *worker) over(e *encoder.Encoder) (*answer.Engine, error) {
	if w.inParts == nil {
		return answer.New(e, w.index, w.passages)
	}
	return answer.Over(e, w.inParts)
}

// list returns the parts as JSON.
func (w *worker) list() string {
	b := []byte{'['}
	if w.inParts != nil {
		first := true // it is among the files that are loaded at the start
		w.inParts.Parts(func(name string, bytes int) {
			if first {
				first = false
				return
			}
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = append(b, `["`+name+`",`...)
			b = append(strconv.AppendInt(b, int64(bytes), 10), ']')
		})
	}
	return string(append(b, ']'))
}
