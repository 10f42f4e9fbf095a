package main

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"strings"

	"parley/shared/answer"
	"parley/shared/encoder"
	"parley/shared/family"
	"parley/shared/index"
	"parley/shared/matrix"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/wire"
	"parley/wasm/reactor"
)

const (
	config    = "encoder/config.json"
	weights   = "encoder/model.safetensors"
	vocab     = "encoder/vocab.txt"
	tokenizer = "encoder/tokenizer.json"
	levels    = "levels/" // NAME/config.json and NAME/model.safetensors
	indexFile = "collection/index.bin"
	textsFile = "collection/passages.bin"
)

// A worker is the state between calls. The zero value has no files.
type worker struct {
	parts    map[string][]byte // an encoder's files, until all of it are there
	encoder  *encoder.Encoder  // the base, where there is a family
	members  map[string]*encoder.Encoder
	family   *family.Family // nil: one encoder
	index    *index.Index
	passages *passages.Store
	opened   bool
	engines  map[string]*answer.Engine // by level
}

func (w *worker) simd(on bool) []byte {
	return reactor.Respond("open", func() (string, string, error) {
		path := matrix.Portable
		if on {
			path = matrix.Kernel
		}
		if err := matrix.Use(path); err != nil {
			return "", "", err
		}
		return "done", "{}", nil
	})
}

// file takes data, whose last name bytes are the file's name.
func (w *worker) file(data []byte, name uint32) []byte {
	return reactor.Respond("open", func() (string, string, error) {
		title, content, err := reactor.Split(data, name)
		if err != nil {
			return "", "", err
		}
		err = w.add(title, content)
		if wrong := (*reactor.FileError)(nil); err != nil && !errors.As(err, &wrong) {
			err = &reactor.FileError{Name: title, Err: err}
		}
		if err != nil {
			return "", "", err
		}
		return "done", "{}", nil
	})
}

func (w *worker) add(name string, data []byte) (err error) {
	if level, ok := strings.CutPrefix(name, levels); ok {
		return w.addMember(level, data)
	}
	w.opened, w.engines = false, nil
	switch name {
	case config, weights, vocab, tokenizer:
		return w.addEncoder(name, data)
	case family.File:
		w.family = nil
		w.family, err = family.Parse(data)
	case indexFile:
		w.index = nil
		w.index, err = index.Open(data)
	case textsFile:
		w.passages = nil
		w.passages, err = passages.Open(data)
	default:
		err = fmt.Errorf("there is no place for a file of this name; known are %s, %s, %s (or %s), %s, %s, %s and %sLEVEL/...",
			config, weights, vocab, tokenizer, indexFile, textsFile, family.File, levels)
	}
	return err
}

// keep keeps a file of an encoder's until the others are there.
func (w *worker) keep(name string, data []byte) {
	if w.parts == nil {
		w.parts = map[string][]byte{}
	}
	w.parts[name] = data
}

// folder gives the files that are kept, as an encoder's.
func (w *worker) folder(at string) encoder.Files {
	return func(name string) ([]byte, error) {
		if data, ok := w.parts[at+name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
}

// addEncoder keeps a file of the encoder's and loads it once all are there, then
// the members that came before it. The files are then dropped: weights are repacked
// for the processor anyway.
func (w *worker) addEncoder(name string, data []byte) error {
	w.encoder, w.members = nil, nil
	w.keep(name, data)
	if w.parts[config] == nil || w.parts[weights] == nil || w.parts[vocab] == nil && w.parts[tokenizer] == nil {
		return nil
	}
	e, err := encoder.Load(w.folder("encoder/"))
	if err != nil {
		// Blame the file that the error begins with, and wait for that one again.
		wrong := vocab
		switch text := strings.TrimPrefix(err.Error(), "encoder: "); {
		case strings.HasPrefix(text, "config.json"):
			wrong = config
		case strings.HasPrefix(text, "model.safetensors"):
			wrong = weights
		case w.parts[vocab] == nil:
			wrong = tokenizer
		}
		delete(w.parts, wrong)
		return &reactor.FileError{Name: wrong, Err: err}
	}
	w.encoder = e
	for _, name := range []string{config, weights, vocab, tokenizer} {
		delete(w.parts, name)
	}
	for name := range w.parts {
		level, _, _ := strings.Cut(strings.TrimPrefix(name, levels), "/")
		err = errors.Join(err, w.loadMember(level))
	}
	return err
}

// addMember keeps a file of a level's. Other levels answer as before.
func (w *worker) addMember(name string, data []byte) error {
	level, file, _ := strings.Cut(name, "/")
	if level == "" || file != "config.json" && file != "model.safetensors" {
		return fmt.Errorf("a level has config.json and model.safetensors alone: it shares its base's vocabulary")
	}
	delete(w.members, level)
	delete(w.engines, level)
	w.keep(levels+name, data)
	return w.loadMember(level)
}

// loadMember loads a level once its files and the base are there.
func (w *worker) loadMember(level string) error {
	at := levels + level + "/"
	if w.encoder == nil || w.parts[at+"config.json"] == nil || w.parts[at+"model.safetensors"] == nil {
		return nil
	}
	e, err := encoder.LoadOver(w.encoder, w.folder(at))
	if err != nil {
		wrong := at + "model.safetensors"
		if strings.HasPrefix(err.Error(), "encoder: config.json") {
			wrong = at + "config.json"
		}
		delete(w.parts, wrong)
		return &reactor.FileError{Name: wrong, Err: err}
	}
	if w.members == nil {
		w.members = map[string]*encoder.Encoder{}
	}
	w.members[level] = e
	delete(w.parts, at+"config.json")
	delete(w.parts, at+"model.safetensors")
	return nil
}

func (w *worker) open() []byte {
	return reactor.Respond("open", func() (string, string, error) {
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
				return "", "", &reactor.FileError{Name: part.name, Err: errors.New("this file is missing")}
			}
		}
		w.opened, w.engines = true, nil
		e, err := w.engine("")
		if err != nil {
			w.opened = false
			return "", "", err
		}
		debug.SetGCPercent(75) // a phone's memory is dearer than the collections that questions need
		runtime.GC()           // now: the files' own memory is free for the questions
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		about := w.passages.About()
		ready := message.Ready{
			Encoder:     e.Encoder.Name,
			MaxTokens:   e.Encoder.Query.MaxTokens,
			Collection:  about.Title,
			Passages:    w.passages.Len(),
			Licence:     about.Licence,
			LicenceURL:  about.LicenceURL,
			Attribution: about.Attribution,
			Postings:    w.index.Postings(),
			SIMD:        matrix.Current() == matrix.Kernel,
			Memory:      int64(memory.Sys),
		}
		if w.family != nil {
			ready.Level = w.family.Default
			for _, l := range w.family.Levels {
				ready.Levels = append(ready.Levels, l.Level)
			}
		}
		return "ready", wire.EncodeReady(&ready), nil
	})
}

// engine gives the engine of a level; "" is the default.
func (w *worker) engine(level string) (*answer.Engine, error) {
	if !w.opened {
		return nil, errors.New("the files are not loaded yet")
	}
	base := ""
	if w.family != nil {
		base = w.family.Base
		l, err := w.family.Level(level)
		if err != nil {
			return nil, err
		}
		level = l.Name
	}
	if e := w.engines[level]; e != nil {
		return e, nil
	}
	with := w.encoder
	if level != base {
		if with = w.members[level]; with == nil {
			name := levels + level + "/model.safetensors"
			if w.parts[name] != nil {
				name = levels + level + "/config.json"
			}
			return nil, &reactor.FileError{Name: name, Err: errors.New("this file is missing")}
		}
	}
	e, err := answer.New(with, w.index, w.passages)
	if err != nil {
		return nil, &reactor.FileError{Name: indexFile, Err: err}
	}
	if w.engines == nil {
		w.engines = map[string]*answer.Engine{}
	}
	w.engines[level] = e
	return e, nil
}

func (w *worker) ask(body []byte) []byte {
	return reactor.Respond("ask", func() (string, string, error) {
		ask, err := wire.Ask(string(body))
		if err != nil {
			return "", "", unreadable(err)
		}
		e, err := w.engine(ask.Level)
		if err != nil {
			return "", "", err
		}
		a, err := e.Ask(*ask)
		return "answer", wire.EncodeAnswer(&a), err
	})
}

func (w *worker) digest(body []byte) []byte {
	return reactor.Respond("ask", func() (string, string, error) {
		asks, err := wire.Asks(string(body))
		if err != nil {
			return "", "", unreadable(err)
		}
		level := ""
		if len(asks) > 0 {
			level = asks[0].Level
		}
		e, err := w.engine(level)
		if err != nil {
			return "", "", err
		}
		sum, err := e.Digest(asks)
		return "digest", fmt.Sprintf(`"%016x"`, sum), err
	})
}

func unreadable(err error) error { return fmt.Errorf("the question cannot be read: %w", err) }
