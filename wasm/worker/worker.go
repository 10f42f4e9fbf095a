package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"parley/shared/answer"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/matrix"
	"parley/shared/message"
	"parley/shared/passages"
)

// maxInbox bounds one file or request, far below what would exhaust the memory.
const maxInbox = 1 << 30

const (
	config    = "encoder/config.json"
	weights   = "encoder/model.safetensors"
	vocab     = "encoder/vocab.txt"
	tokenizer = "encoder/tokenizer.json"
	baseWords = "base/model.safetensors" // with baseVocab: of a family's base
	baseVocab = "base/vocab.txt"
	indexFile = "collection/index.bin"
	textsFile = "collection/passages.bin"
)

// A worker is the state between calls. The zero value has no files.
type worker struct {
	parts    map[string][]byte // the encoder's files, until all are there
	encoder  *encoder.Encoder
	index    *index.Index
	passages *passages.Store
	engine   *answer.Engine
}

// respond makes a reply of what f returns. What f could not foresee, a panic,
// becomes an error too: the page then says so, and the worker goes on.
func respond(stage string, f func() (word string, body any, err error)) (reply []byte) {
	defer func() {
		if r := recover(); r != nil {
			reply = encode("error", message.Failure{Stage: stage, Message: fmt.Sprint("internal error: ", r)})
		}
	}()
	word, body, err := f()
	if err != nil {
		failure := message.Failure{Stage: stage, Message: err.Error()}
		var wrong *fileError
		if errors.As(err, &wrong) {
			failure.File = wrong.name
		}
		return encode("error", failure)
	}
	return encode(word, body)
}

func encode(word string, body any) []byte {
	data, err := json.Marshal(body)
	if err != nil { // none of the types can fail, but for a NaN
		return encode("error", message.Failure{Stage: "ask", Message: err.Error()})
	}
	return append([]byte(word+"\n"), data...)
}

// A fileError says which file is wrong.
type fileError struct {
	name string
	err  error
}

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

func (w *worker) simd(on bool) []byte {
	return respond("open", func() (string, any, error) {
		path := matrix.Portable
		if on {
			path = matrix.Kernel
		}
		if err := matrix.Use(path); err != nil {
			return "", nil, err
		}
		return "done", struct{}{}, nil
	})
}

// file takes data, whose last name bytes are the file's name.
func (w *worker) file(data []byte, name uint32) []byte {
	return respond("open", func() (string, any, error) {
		if uint64(name) > uint64(len(data)) {
			return "", nil, fmt.Errorf("a file's name of %d bytes in an inbox of %d: reserve room for contents and name first", name, len(data))
		}
		n := len(data) - int(name)
		title := string(data[n:])
		err := w.add(title, data[:n:n])
		if wrong := (*fileError)(nil); err != nil && !errors.As(err, &wrong) {
			err = &fileError{title, err}
		}
		if err != nil {
			return "", nil, err
		}
		return "done", struct{}{}, nil
	})
}

func (w *worker) add(name string, data []byte) (err error) {
	w.engine = nil
	switch name {
	case config, weights, vocab, tokenizer, baseWords, baseVocab:
		return w.addEncoder(name, data)
	case indexFile:
		w.index = nil
		w.index, err = index.Open(data)
	case textsFile:
		w.passages = nil
		w.passages, err = passages.Open(data)
	default:
		err = fmt.Errorf("there is no place for a file of this name; known are %s, %s, %s (or %s), %s and %s",
			config, weights, vocab, tokenizer, indexFile, textsFile)
	}
	return err
}

// addEncoder keeps a file of the encoder's and loads it once all are there. The
// files are then dropped: weights are repacked for the processor anyway.
func (w *worker) addEncoder(name string, data []byte) error {
	if w.parts == nil {
		w.parts = map[string][]byte{}
	}
	w.encoder = nil
	w.parts[name] = data
	member := w.parts[baseWords] != nil && w.parts[baseVocab] != nil
	if w.parts[config] == nil || w.parts[weights] == nil || !member && w.parts[vocab] == nil && w.parts[tokenizer] == nil {
		return nil
	}
	part := func(folder string) encoder.Files {
		return func(name string) ([]byte, error) {
			if data, ok := w.parts[folder+name]; ok {
				return data, nil
			}
			return nil, fs.ErrNotExist
		}
	}
	files := part("encoder/")
	if member {
		files = encoder.Over(files, part("base/"))
	}
	e, err := encoder.Load(files)
	if err == nil {
		w.encoder, w.parts = e, nil
		return nil
	}
	// Blame the file that the error begins with, and wait for that one again.
	wrong := vocab
	switch text := strings.TrimPrefix(err.Error(), "encoder: "); {
	case member && strings.Contains(text, "the base's vocab.txt"):
		wrong = baseVocab
	case member && strings.Contains(text, "the base's"):
		wrong = baseWords
	case strings.HasPrefix(text, "config.json"):
		wrong = config
	case strings.HasPrefix(text, "model.safetensors"):
		wrong = weights
	case w.parts[vocab] == nil:
		wrong = tokenizer
	}
	delete(w.parts, wrong)
	return &fileError{wrong, err}
}

func (w *worker) open() []byte {
	return respond("open", func() (string, any, error) {
		for _, part := range []struct {
			name    string
			missing bool
		}{
			{weights, w.encoder == nil && w.parts[weights] == nil},
			{config, w.encoder == nil && w.parts[config] == nil},
			{vocab, w.encoder == nil},
			{indexFile, w.index == nil},
			{textsFile, w.passages == nil},
		} {
			if part.missing {
				return "", nil, &fileError{part.name, errors.New("this file is missing")}
			}
		}
		e, err := answer.New(w.encoder, w.index, w.passages)
		if err != nil {
			return "", nil, &fileError{indexFile, err}
		}
		w.engine = e
		runtime.GC() // now: the files' own memory is free for the questions
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		about := w.passages.About()
		return "ready", message.Ready{
			Encoder:     w.encoder.Name,
			MaxTokens:   w.encoder.Query.MaxTokens,
			Collection:  about.Title,
			Passages:    w.passages.Len(),
			Licence:     about.Licence,
			LicenceURL:  about.LicenceURL,
			Attribution: about.Attribution,
			Postings:    w.index.Postings(),
			SIMD:        matrix.Current() == matrix.Kernel,
			Memory:      int64(memory.Sys),
		}, nil
	})
}

func (w *worker) ask(body []byte) []byte {
	return respond("ask", func() (string, any, error) {
		var ask message.Ask
		if err := w.decode(body, &ask); err != nil {
			return "", nil, err
		}
		a, err := w.engine.Ask(ask)
		return "answer", a, err
	})
}

func (w *worker) digest(body []byte) []byte {
	return respond("ask", func() (string, any, error) {
		var asks []message.Ask
		if err := w.decode(body, &asks); err != nil {
			return "", nil, err
		}
		sum, err := w.engine.Digest(asks)
		return "digest", fmt.Sprintf("%016x", sum), err
	})
}

func (w *worker) decode(body []byte, v any) error {
	if w.engine == nil {
		return errors.New("the files are not loaded yet")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("the question cannot be read: %w", err)
	}
	return nil
}
