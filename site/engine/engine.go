// Package engine writes a collection in the forms that other search engines load, so that
// they rank as Parley does:
//
//	index.bin, passages.bin ──Documents──▶ impacts of a passage ──Form──▶ files of an engine
//	a conversation ──encoder──▶ vector ──Factors──▶ integers ──Form──▶ the engine's query
//
// The rankings are equal because every engine here stores a passage's weights exactly:
// they are the impacts of the index, whole numbers from 1 to 255 (Elasticsearch keeps nine
// significant bits, Lucene's features are exact to 512). A query's weights are the
// integers to which Parley's own search rounds them, divided by a power of two where an
// engine limits them. Sums stay below 2^24, so float32 represents them exactly, in any
// order of summation. Ties go to the passage with the lower number, which is the field
// "doc".
//
// Terms are numbers: a piece of the encoder's vocabulary has its id, and the collection's
// words follow the vocabulary, in the order of their bytes.
package engine

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/durable"
	"parley/shared/index"
	"parley/shared/passages"
)

// A Collection is what is exported.
type Collection struct {
	Index    *index.Index
	Passages *passages.Store
	Piece    func(term uint32) string // of the encoder's vocabulary, by term
	Hash     [sha256.Size]byte        // of the collection's files; it distinguishes exports of other collections
}

// Terms returns the number of terms, learned ones and words: the dimension of all vectors.
func (c *Collection) Terms() int { return c.Index.Vocab() + c.Index.Words() }

// name returns a term as text.
func (c *Collection) name(term uint32) string {
	if word := c.Index.Word(term); word != "" {
		return index.WordPrefix + word
	}
	return c.Piece(term)
}

// A Form is one engine's format: some small files, and parts of some thousand passages
// each; or one file of the engine's own kind.
type Form struct {
	Name  string
	About string // one line for people

	// head returns the small files: mappings, tables, how to load and how to query.
	head func(c *Collection, q Example) (map[string]string, error)
	// A part's name ends in ext. Its passages stand between before and after, with between
	// after each but the last.
	ext, before, between, after string
	passage                     func(w *bufio.Writer, c *Collection, doc int, p passages.Passage, v []index.Impact) error
	// whole writes the form's single file, in place of parts.
	whole func(ctx context.Context, c *Collection, path string, m *meter) error
	file  string
	// query returns the query to the engine for the k best passages.
	query func(c *Collection, q []index.Factor, k int) string
}

// Forms lists all forms, in the order of the help.
var Forms = []*Form{opensearch, elasticsearch, qdrant, milvus, pgvector, sqlite, anserini, ciff}

// FormNamed returns the form of that name.
func FormNamed(name string) (*Form, error) {
	var names []string
	for _, f := range Forms {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return nil, fmt.Errorf("there is no form %q; there are %s", name, strings.Join(names, ", "))
}

// Query returns the query to the engine for the k best passages: JSON, SQL, or similar, as
// shown in the form's README.
func (f *Form) Query(c *Collection, q []index.Factor, k int) string { return f.query(c, q, k) }

// An Example is a question and its query, shown in an export's README.
type Example struct {
	Question string
	Factors  []index.Factor
}

// Options of Export; the zero value stands for the defaults.
type Options struct {
	Part     int            // number of passages in a file; 0: 5,000
	Progress func(Progress) // is called after each part
	Example  Example
}

// Progress is the state of an export.
type Progress struct {
	Done, Total int // numbers of passages; those in Done are on the disk
}

// A Summary describes what Export made.
type Summary struct {
	Form     string `json:"form"`
	Out      string `json:"out"`
	Passages int    `json:"passages"`
	Files    int    `json:"files"`
	Kept     int    `json:"kept"` // of Files, those that an earlier run made
	Bytes    int64  `json:"bytes"`
}

// stateFile describes the contents of an export's folder, for the run that continues it.
const stateFile = "export.json"

// state is the content of stateFile.
type state struct {
	Parley     string `json:"parley"` // "export"
	Form       string `json:"form"`
	Collection string `json:"collection"` // the hash of its files, in hex
	Passages   int    `json:"passages"`
	Terms      int    `json:"terms"`
	Part       int    `json:"part"` // passages in a file
	Whole      bool   `json:"whole"`
}

// ErrOther is wrapped by the error for a folder, or an engine, that contains something else.
var ErrOther = errors.New("holds something else")

// Export writes a collection into the folder out, part by part. The same call continues a
// run that was interrupted in any way: complete parts stay. A folder that contains
// anything else, or an export of another collection, is not changed; the error wraps
// ErrOther.
func (f *Form) Export(ctx context.Context, c *Collection, out string, o Options) (*Summary, error) {
	if o.Part <= 0 {
		o.Part = 5000
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	want := state{"export", f.Name, hex.EncodeToString(c.Hash[:]), c.Passages.Len(), c.Terms(), o.Part, false}
	had, err := readState(out)
	if err != nil {
		return nil, err
	}
	if was := had; was != (state{}) {
		was.Whole = false
		if was != want {
			return nil, fmt.Errorf("%s %w: an export of another collection, form or size of parts; name another folder, or remove it", out, ErrOther)
		}
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	s := &Summary{Form: f.Name, Out: out, Passages: c.Passages.Len()}
	if err := writeState(out, want); err != nil {
		return nil, err
	}
	head, err := f.head(c, o.Example)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(head)) {
		if err := durable.WriteFile(filepath.Join(out, name), []byte(head[name])); err != nil {
			return nil, err
		}
		s.Files++
		s.Bytes += int64(len(head[name]))
	}
	meter := &meter{o.Progress, Progress{Total: c.Passages.Len()}}
	if f.whole != nil {
		err = f.exportWhole(ctx, c, out, had.Whole, s, meter)
	} else {
		err = f.exportParts(ctx, c, out, o.Part, s, meter)
	}
	if err != nil {
		return nil, err
	}
	want.Whole = true
	return s, writeState(out, want)
}

func (f *Form) exportWhole(ctx context.Context, c *Collection, out string, whole bool, s *Summary, meter *meter) error {
	at := filepath.Join(out, f.file)
	if info, err := os.Stat(at); err == nil && whole {
		s.Kept++
		s.Files++
		s.Bytes += info.Size()
		return nil
	}
	if err := f.whole(ctx, c, at, meter); err != nil {
		return err
	}
	info, err := os.Stat(at)
	if err != nil {
		return err
	}
	s.Files++
	s.Bytes += info.Size()
	return nil
}

func (f *Form) exportParts(ctx context.Context, c *Collection, out string, size int, s *Summary, meter *meter) error {
	next, stop := iter.Pull2(c.Index.Documents())
	defer stop()
	for first := 0; first < c.Passages.Len(); first += size {
		last := min(first+size, c.Passages.Len())
		at := filepath.Join(out, fmt.Sprintf("part-%06d%s", first/size, f.ext))
		s.Files++
		if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() {
			for range last - first {
				next()
			}
			s.Kept++
			s.Bytes += info.Size()
			meter.skip(last - first)
			continue
		}
		err := durable.Write(at, func(w io.Writer) error {
			doc := first
			return f.part(w, c, func() (document, error) {
				if doc == last {
					return document{}, io.EOF
				}
				_, v, _ := next()
				doc++
				return document{doc - 1, c.Passages.At(doc - 1), v}, ctx.Err()
			})
		})
		if err != nil {
			return err
		}
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		s.Bytes += info.Size()
		meter.done(last - first)
	}
	return nil
}

// part writes a part of the passages that next returns, until it returns io.EOF.
func (f *Form) part(w io.Writer, c *Collection, next func() (document, error)) error {
	b := bufio.NewWriterSize(w, 1<<16)
	b.WriteString(f.before)
	for i := 0; ; i++ {
		d, err := next()
		if err == io.EOF {
			b.WriteString(f.after)
			return b.Flush()
		}
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteString(f.between)
		}
		if err := f.passage(b, c, d.doc, d.passage, d.impacts); err != nil {
			return err
		}
	}
}

// rows returns a part of these passages.
func (f *Form) rows(c *Collection, docs []document) ([]byte, error) {
	var b bytes.Buffer
	err := f.part(&b, c, func() (document, error) {
		if len(docs) == 0 {
			return document{}, io.EOF
		}
		d := docs[0]
		docs = docs[1:]
		return d, nil
	})
	return b.Bytes(), err
}

func readState(out string) (s state, err error) {
	data, err := os.ReadFile(filepath.Join(out, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(out)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		if len(entries) > 0 {
			return s, fmt.Errorf("%s %w: it is not empty, and has no %s; name another folder", out, ErrOther, stateFile)
		}
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil || s.Parley != "export" {
		return s, fmt.Errorf("%s %w: its %s does not describe an export", out, ErrOther, stateFile)
	}
	return s, nil
}

func writeState(out string, s state) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(out, stateFile), append(data, '\n'))
}

// A meter counts the passages that are on the disk. Who draws the progress decides how
// often (shared/progress).
type meter struct {
	report func(Progress)
	now    Progress
}

// skip counts passages that an earlier run wrote.
func (m *meter) skip(n int) { m.now.Done += n }

// done counts passages that were written.
func (m *meter) done(n int) {
	m.now.Done += n
	m.report(m.now)
}
