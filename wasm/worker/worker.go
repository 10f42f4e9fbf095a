package main

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"strings"

	"parley/shared/answer"
	vectors "parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/family"
	"parley/shared/index"
	"parley/shared/matrix"
	"parley/shared/message"
	"parley/shared/opener"
	"parley/shared/passages"
	"parley/shared/wire"
	"parley/shared/words"
	"parley/wasm/reactor"
)

const (
	config    = "encoder/config.json"
	weights   = "encoder/model.safetensors"
	vocab     = "encoder/vocab.txt"
	tokenizer = "encoder/tokenizer.json"
	levels    = "levels/" // NAME/config.json and NAME/model.safetensors
	second    = "dense/"  // config.json, model.safetensors and perhaps reader.safetensors
	indexFile = "collection/index.bin"
	textsFile = "collection/passages.bin"
	denseFile = "collection/dense.bin"
	wordsFile = "collection/words.bin"
)

// A worker is the state between calls. The zero value has no files.
type worker struct {
	parts    map[string][]byte // an encoder's files, until all of them are there
	encoder  *encoder.Encoder  // the base, where there is a family
	members  map[string]*encoder.Encoder
	family   *family.Family // nil where there is one encoder
	index    *index.Index
	passages *passages.Store
	inParts  inParts      // in place of index and passages
	words    *index.Index // its words alone, until open joins them to index
	counted  *counted
	opened   bool
	engines  map[string]*answer.Engine // by level

	// The dense stage: either or both may be missing. The sizes are those of the files.
	sentence      *encoder.Sentence
	vectors       *vectors.Vectors
	sentenceBytes int
	vectorBytes   int
	reader        *encoder.Reader // the sentence's, or nil
	readerBytes   int
	readerErr     error // why the reader's file, which is there, is not used
}

func (w *worker) simd(kernel uint32) []byte {
	return reactor.Respond("open", func() (string, string, error) {
		if err := matrix.Use(reactor.Path(kernel)); err != nil {
			return "", "", err
		}
		return "done", "{}", nil
	})
}

// file handles a file that the host passes: the last name bytes of data are its name.
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

// partsFolder begins the names of a collection's files in parts.
const partsFolder = "parts/"

func (w *worker) add(name string, data []byte) (err error) {
	if level, ok := strings.CutPrefix(name, levels); ok {
		return w.addMember(level, data)
	}
	if part, ok := strings.CutPrefix(name, partsFolder); ok {
		return w.addPart(part, data)
	}
	if file, ok := strings.CutPrefix(name, second); ok {
		return w.addSentence(file, data)
	}
	if name == denseFile {
		w.vectors, w.vectorBytes = nil, len(data)
		w.vectors, err = vectors.Open(data)
		w.join()
		return err
	}
	if name == wordsFile {
		w.words, w.counted = nil, nil
		w.words, err = index.Open(data)
		return err
	}
	if (name == indexFile || name == textsFile) && w.index != nil {
		w.vectors = nil // they belong to the previous collection
	}
	w.opened, w.engines = false, nil
	switch name {
	case config, weights, vocab, tokenizer:
		return w.addEncoder(name, data)
	case family.File:
		w.family = nil
		w.family, err = family.Parse(data)
	case indexFile:
		w.index, w.inParts = nil, nil
		w.index, err = index.Open(data)
	case textsFile:
		w.passages, w.inParts = nil, nil
		w.passages, err = passages.Open(data)
	default:
		err = fmt.Errorf("there is no place for a file of this name; known are %s, %s, %s (or %s), %s, %s, %s, %s, %s, %sLEVEL/... and %s...",
			config, weights, vocab, tokenizer, indexFile, textsFile, denseFile, wordsFile, family.File, levels, second)
	}
	return err
}

// keep stores an encoder's file until the others are there.
func (w *worker) keep(name string, data []byte) {
	if w.parts == nil {
		w.parts = map[string][]byte{}
	}
	w.parts[name] = data
}

// folder returns a reader of the stored files of an encoder.
func (w *worker) folder(at string) encoder.Files {
	return func(name string) ([]byte, error) {
		if data, ok := w.parts[at+name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
}

// addEncoder stores a file of the encoder. Once all are there, it loads the encoder, then
// the levels that came before it. It then drops the files: weights are packed again for
// the processor anyway.
func (w *worker) addEncoder(name string, data []byte) error {
	w.encoder, w.members = nil, nil
	w.keep(name, data)
	if w.parts[config] == nil || w.parts[weights] == nil || w.parts[vocab] == nil && w.parts[tokenizer] == nil {
		return nil
	}
	e, err := encoder.Load(w.folder("encoder/"))
	if err != nil {
		return w.blame("encoder/", err)
	}
	w.encoder = e
	for _, name := range []string{config, weights, vocab, tokenizer} {
		delete(w.parts, name)
	}
	for name := range w.parts {
		if level, ok := strings.CutPrefix(name, levels); ok {
			level, _, _ = strings.Cut(level, "/")
			err = errors.Join(err, w.loadMember(level))
		}
	}
	err = errors.Join(err, w.loadSentence())
	w.loadReader()
	return err
}

// blame drops the file that made loading an encoder fail, so that it can be passed again,
// and names it in the page's way. at is the encoder's folder.
func (w *worker) blame(at string, err error) error {
	wrong := at + "model.safetensors"
	if f := (*encoder.FileError)(nil); errors.As(err, &f) {
		wrong = at + f.Name
	}
	delete(w.parts, wrong)
	return &reactor.FileError{Name: wrong, Err: err}
}

// addMember stores a file of a level. Other levels keep answering.
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
	return w.loadFolder(levels+level+"/", func(files encoder.Files) error {
		e, err := encoder.LoadOver(w.encoder, files)
		if err != nil {
			return err
		}
		if w.members == nil {
			w.members = map[string]*encoder.Encoder{}
		}
		w.members[level] = e
		return nil
	})
}

// loadFolder loads an encoder over the base, once its config.json and weights are there,
// and drops the files. Where loading fails, it drops only the file that is wrong.
func (w *worker) loadFolder(at string, load func(encoder.Files) error) error {
	config, weights := at+"config.json", at+"model.safetensors"
	if w.encoder == nil || w.parts[config] == nil || w.parts[weights] == nil {
		return nil
	}
	if err := load(w.folder(at)); err != nil {
		return w.blame(at, err)
	}
	delete(w.parts, config)
	delete(w.parts, weights)
	return nil
}

// addSentence stores a file of the dense encoder. The sparse stage keeps answering.
func (w *worker) addSentence(file string, data []byte) error {
	switch file {
	case encoder.ReaderFile:
		w.keep(second+file, data)
	case "config.json", "model.safetensors":
		w.sentence, w.reader = nil, nil
		w.join()
		w.keep(second+file, data)
		if err := w.loadSentence(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("the dense encoder has config.json, model.safetensors and %s alone: it shares the base's vocabulary", encoder.ReaderFile)
	}
	w.loadReader()
	return nil
}

// loadReader loads the reader once its file and the dense encoder are there. Without it, the
// other stages answer; so what is wrong with it is kept, to be told.
func (w *worker) loadReader() {
	const file = second + encoder.ReaderFile
	if w.sentence == nil || w.parts[file] == nil {
		return
	}
	w.reader, w.readerBytes, w.readerErr = nil, len(w.parts[file]), nil
	if !w.sentence.HasReader() {
		w.readerErr = errors.New("config.json names no reader")
	} else {
		w.reader, w.readerErr = encoder.LoadReader(w.sentence, w.folder(second))
	}
	delete(w.parts, file)
	w.join()
}

// loadSentence loads the dense encoder once its files and the base are there.
func (w *worker) loadSentence() error {
	return w.loadFolder(second, func(files encoder.Files) (err error) {
		// The file and the encoder made from it are the largest memory that the program
		// ever uses: garbage made on the way must not add to it.
		defer debug.SetGCPercent(debug.SetGCPercent(10))
		w.sentenceBytes = len(w.parts[second+"config.json"]) + len(w.parts[second+"model.safetensors"])
		w.sentence, err = encoder.LoadSentenceOver(w.encoder.Tokenizer, files)
		w.join()
		return err
	})
}

// join gives every engine the dense stage if it is complete and fits, else none.
func (w *worker) join() {
	for _, e := range w.engines {
		w.joinTo(e)
	}
}

// joinTo is join for one engine, and returns why the stage does not fit.
func (w *worker) joinTo(e *answer.Engine) error {
	if w.sentence == nil {
		return e.SetDense(nil, nil)
	}
	err := e.SetDense(w.sentence, w.vectors)
	if err == nil {
		err = e.SetReader(w.reader)
	}
	return err
}

// dense switches the dense stage on and reports its state, or drops its files.
func (w *worker) dense(on bool) []byte {
	return reactor.Respond("open", func() (string, string, error) {
		d := message.DenseState{State: message.DenseOff}
		if !on {
			w.sentence, w.vectors, w.reader, w.readerErr = nil, nil, nil, nil
			for _, file := range [...]string{"config.json", "model.safetensors", encoder.ReaderFile} {
				delete(w.parts, second+file)
			}
			w.join()
			runtime.GC()
			return "dense", wire.EncodeDenseState(&d), nil
		}
		e, err := w.engine("")
		if err != nil {
			return "", "", err
		}
		if w.sentence == nil {
			return "", "", w.lacking(second)
		}
		if err := w.joinTo(e); err != nil {
			d.State, d.Message = message.DenseAbsent, strings.TrimPrefix(err.Error(), "answer: ")
		} else {
			d.State, d.Name, d.Bytes, d.Memory = message.DenseOn, w.sentence.Name, int64(w.sentenceBytes+w.vectorBytes), memory()
			if d.Reader = w.reader != nil; d.Reader {
				d.Bytes += int64(w.readerBytes)
			} else if w.readerErr != nil {
				d.Message, d.File = w.readerErr.Error(), second+encoder.ReaderFile
			}
		}
		return "dense", wire.EncodeDenseState(&d), nil
	})
}

func missing(name string) error {
	return &reactor.FileError{Name: name, Err: errors.New("this file is missing")}
}

// lacking returns the error for an encoder that was not loaded because a file of its folder
// is missing.
func (w *worker) lacking(at string) error {
	name := at + "model.safetensors"
	if w.parts[name] != nil {
		name = at + "config.json"
	}
	return missing(name)
}

// memory runs the garbage collector and returns the size of the program's memory in bytes.
func memory() int64 {
	runtime.GC() // now, so that questions can use the files' memory
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

// open opens the collection; own says that it is the visitor's.
func (w *worker) open(own bool) []byte {
	return reactor.Respond("open", func() (string, string, error) {
		if own {
			w.words = nil // they are the site's
		}
		for _, part := range []struct {
			name    string
			missing bool
		}{
			{weights, w.encoder == nil && w.parts[weights] == nil},
			{config, w.encoder == nil && w.parts[config] == nil},
			{vocab, w.encoder == nil},
			{indexFile, w.index == nil && w.inParts == nil},
			{textsFile, w.passages == nil && w.inParts == nil},
		} {
			if part.missing {
				return "", "", missing(part.name)
			}
		}
		if w.words != nil && w.index != nil && w.index.Words() == 0 {
			whole, err := index.Join(w.index, w.words)
			if err != nil {
				return "", "", &reactor.FileError{Name: wordsFile, Err: err}
			}
			w.index = whole
		}
		about, passages, postings, questions := w.collection()
		// A single encoder may read questions over what another made: parley build warns.
		if (own || w.family != nil) && !about.MadeBy(w.encoder.Name, w.encoder.Fingerprint()) {
			return "", "", &reactor.FileError{Name: textsFile, Err: errors.New("it was made by another encoder, " + about.Maker() + ", where this page has " + w.encoder.Name + " (" + w.encoder.Fingerprint() + "): the documents must be indexed again")}
		}
		w.opened, w.engines = true, nil
		e, err := w.engine("")
		if err != nil {
			w.opened = false
			return "", "", err
		}
		w.words, w.counted = nil, nil
		debug.SetGCPercent(75) // memory on a phone costs more than the collections during questions
		ready := message.Ready{
			Encoder:     e.Encoder.Name,
			MaxTokens:   e.Encoder.Query.MaxTokens,
			Collection:  about.Title,
			Passages:    passages,
			Licence:     about.Licence,
			LicenceURL:  about.LicenceURL,
			Attribution: about.Attribution,
			Suggested:   questions,
			Postings:    postings,
			SIMD:        matrix.Current() != matrix.Portable,
			Memory:      memory(),
		}
		if w.family != nil {
			ready.Level = w.family.Default
			for _, l := range w.family.Levels {
				ready.Levels = append(ready.Levels, l.Level)
			}
			if d := w.family.Dense; d != nil {
				ready.Dense = message.Dense{Title: d.Title, Bytes: int64(d.Bytes), Space: d.Space, Card: d.Card}
			}
		}
		return "ready", wire.EncodeReady(&ready), nil
	})
}

// whole describes a collection of two files.
func (w *worker) whole() (about passages.About, n, postings int, questions []string) {
	return w.passages.About(), w.passages.Len(), w.index.Postings(), opener.Questions(w.passages, 3)
}

// engine returns the engine of a level; "" is the default.
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
			return nil, w.lacking(levels + level + "/")
		}
	}
	e, err := w.over(with)
	if err != nil {
		return nil, &reactor.FileError{Name: indexFile, Err: err}
	}
	if w.engines == nil {
		w.engines = map[string]*answer.Engine{}
	}
	w.engines[level] = e
	w.joinTo(e)
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
		if l := answer.Lacking(nil); errors.As(err, &l) {
			return "lacking", l.Lacks(), nil
		}
		return "answer", wire.EncodeAnswer(&a), err
	})
}

// counted has the words of texts that are still coming, so that they need not come as a
// file of their own.
type counted struct {
	texts passages.Stream
	words words.Counts
	file  []byte // words.bin; its memory stays for the host
}

// texts counts the words of the next bytes of passages.bin.
func (w *worker) texts(data []byte) []byte {
	return reactor.Respond("open", func() (string, string, error) {
		if w.counted == nil {
			w.counted = &counted{}
		}
		return "done", "{}", w.counted.texts.Add(data, w.counted.words.Add)
	})
}

// makeWords makes words.bin of the texts, of which those that texts has not read are counted
// now. Whether it is the published one, the host has to see.
func (w *worker) makeWords() []byte {
	return reactor.Respond("open", func() (string, string, error) {
		if w.passages == nil {
			return "", "", missing(textsFile)
		}
		c := w.counted
		if c == nil {
			c = &counted{}
		}
		for i := c.words.Len(); i < w.passages.Len(); i++ {
			p := w.passages.At(i)
			c.words.Add(p.Title, p.Text)
		}
		w.counted = &counted{file: index.OfWords(&c.words, words.Default)}
		return "words", fmt.Sprintf(`{"at":%d,"bytes":%d}`, reactor.Address(w.counted.file), len(w.counted.file)), nil
	})
}

// early answers a question by its words, before open.
func (w *worker) early(question []byte) []byte {
	return reactor.Respond("ask", func() (string, string, error) {
		for name, absent := range map[string]bool{wordsFile: w.words == nil, textsFile: w.passages == nil} {
			if absent {
				return "", "", missing(name)
			}
		}
		a, err := answer.ByWords(w.words, w.passages, string(question), earlyResults)
		return "early", wire.EncodeAnswer(&a), err
	})
}

// earlyResults is the number of results of an early answer.
const earlyResults = 3

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
