package collection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/durable"
	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/unpack"
)

// Imported describes what ImportCIFF made.
type Imported struct {
	Out          string `json:"out"`
	Passages     int    `json:"passages"`
	WithoutText  int    `json:"without_text,omitempty"`  // passages of which no text was given
	WithoutTerms int    `json:"without_terms,omitempty"` // passages whose vectors are empty
	Unused       int    `json:"unused,omitempty"`        // texts of no document of the index
	Postings     int    `json:"postings"`
}

// ImportCIFF makes the folder out from another engine's index, in CIFF (package index), gzip
// or not. Its terms are pieces of the encoder's vocabulary; step returns the weight of a
// frequency of 1, given the file's description. texts are the documents' titles and texts, by
// their ids, in any order; nil: none are known. They also give the index its words.
func ImportCIFF(ctx context.Context, enc *LoadedEncoder, ciff io.Reader, step func(description string) (float32, error), texts iter.Seq[documents.Document], out string, about passages.About) (*Imported, error) {
	if err := mayWrite(out); err != nil {
		return nil, err
	}
	in, _, err := unpack.Gzip(ciff)
	if err != nil {
		return nil, err
	}
	numbers := map[string]uint32{}
	for t := range uint32(enc.Vocab()) {
		numbers[enc.Tokenizer.Piece(int32(t))] = t
	}
	built, names, err := index.ReadCIFF(in, enc.Vocab(), func(name string) (uint32, bool) {
		t, ok := numbers[name]
		return t, ok
	}, step)
	if err != nil {
		return nil, err
	}
	sum := &Imported{Out: out, Passages: len(names)}
	if len(names) == 0 {
		return nil, ErrNoPassages
	}
	at := make(map[string]int, len(names))
	for i, name := range names {
		if before, ok := at[name]; ok {
			return nil, fmt.Errorf("documents %d and %d of the index have the same name %q", before, i, name)
		}
		at[name] = i
	}
	list := make([]passages.Passage, len(names))
	if texts != nil {
		// Each document is one passage, whatever its length, as it was for the index.
		for d := range texts {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			i, ok := at[d.ID]
			if !ok {
				sum.Unused++
				continue
			}
			list[i] = passages.Passage{ID: d.ID, Title: d.Title, Text: d.Text, URL: d.URL}
		}
	}
	about.Encoder, about.Fingerprint = enc.Name, enc.Fingerprint()
	stored := passages.NewBuilder(about)
	for i := range list {
		p := &list[i]
		if p.ID == "" {
			sum.WithoutText++
			*p = passages.Passage{ID: names[i], Title: names[i]}
		}
		if err := stored.Add(*p); err != nil {
			return nil, err
		}
		if texts != nil {
			built.AddWords(p.Title, p.Text)
		}
	}
	if texts != nil && sum.WithoutText == len(names) {
		return nil, fmt.Errorf("none of the index's %d documents has a text: it names the first %q, and the texts have other ids", len(names), names[0])
	}
	set := map[string][]byte{}
	var files []collect.File
	for _, f := range []struct {
		name string
		from io.WriterTo
	}{{"index.bin", built}, {"passages.bin", stored}} {
		var content bytes.Buffer
		if _, err := f.from.WriteTo(&content); err != nil {
			return nil, err
		}
		files = append(files, collect.File{Name: f.name, Content: content.Bytes()})
		set[f.name] = content.Bytes()
	}
	x, err := index.Open(set["index.bin"])
	if err != nil {
		return nil, err
	}
	sum.Postings = x.Postings()
	for _, v := range x.Documents() {
		if len(v) == 0 {
			sum.WithoutTerms++
		}
	}
	if sum.Postings == 0 {
		return nil, errors.New("the index has no postings")
	}
	m, err := collect.Manifest(files)
	if err != nil {
		return nil, err
	}
	set[m.Name] = m.Content
	// Vectors of another collection that the folder may hold do not belong to this one.
	return sum, durable.PublishFiles(out, set, collect.DenseFile, madeFile)
}
