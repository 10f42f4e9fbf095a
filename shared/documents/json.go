package documents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A record is one document as JSON gives it. BEIR's names come first
// (https://github.com/beir-cellar/beir: _id, title, text, metadata), then what
// other collections call the same things (Pyserini: id, contents).
type record struct {
	BEIRID   loose `json:"_id"`
	ID       loose `json:"id"`
	DocID    loose `json:"docid"`
	Title    loose `json:"title"`
	Text     loose `json:"text"`
	Contents loose `json:"contents"`
	Content  loose `json:"content"`
	Body     loose `json:"body"`
	URL      loose `json:"url"`
	Metadata about `json:"metadata"`
}

// loose takes a string or a number; anything else counts as absent, so that
// one odd field does not cost the record.
type loose string

func (l *loose) UnmarshalJSON(b []byte) error {
	switch {
	case b[0] == '"':
		return json.Unmarshal(b, (*string)(l))
	case b[0] == '-' || b[0] >= '0' && b[0] <= '9':
		*l = loose(b)
	}
	return nil
}

type about struct{ URL string }

func (a *about) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		return nil
	}
	var fields struct {
		URL loose `json:"url"`
	}
	err := json.Unmarshal(b, &fields)
	a.URL = string(fields.URL)
	return err
}

// document turns a record into a document, or says why it cannot.
func (r *record) document(defaultID string) (Document, string) {
	first := func(of ...loose) string {
		for _, s := range of {
			if s != "" {
				return string(s)
			}
		}
		return ""
	}
	d := Document{
		ID:    first(r.BEIRID, r.ID, r.DocID, loose(defaultID)),
		Title: clean(string(r.Title)),
		Text:  blocks(first(r.Text, r.Contents, r.Content, r.Body)),
		URL:   webURL(first(r.URL, loose(r.Metadata.URL))),
	}
	if d.Text == "" && d.Title == "" {
		return d, `no "text" and no "title"`
	}
	return d, ""
}

// readJSONL reads a record a line; before is how many lines of the file come before
// the text.
func readJSONL(name, text string, before int) (docs []Document, notes []Note) {
	line := before
	for s := range strings.SplitSeq(text, "\n") {
		line++
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		d, why := parseRecord([]byte(s), fmt.Sprintf("%s:%d", name, line))
		if why != "" {
			notes = append(notes, Note{File: name, Line: line, Why: why})
			continue
		}
		docs = append(docs, d)
	}
	return docs, notes
}

func parseRecord(raw []byte, defaultID string) (Document, string) {
	if len(raw) == 0 || raw[0] != '{' {
		return Document{}, "not a JSON object"
	}
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return Document{}, fmt.Sprintf("not JSON at byte %d of the line: %v", syntax.Offset, err)
		}
		return Document{}, err.Error()
	}
	return r.document(defaultID)
}

// readJSON reads one array of records, or one record; a file of several
// values, as JSON Lines.
func readJSON(name, text string) (docs []Document, notes []Note) {
	data := []byte(text)
	trimmed := bytes.TrimLeft(data, " \t\n")
	if len(trimmed) == 0 {
		return nil, []Note{{File: name, Why: "empty"}}
	}
	lineAt := func(offset int64) int { return 1 + bytes.Count(data[:min(offset, int64(len(data)))], []byte("\n")) }
	if trimmed[0] != '[' {
		if json.Valid(data) {
			d, why := parseRecord(trimmed, name)
			if why != "" {
				return nil, []Note{{File: name, Why: why}}
			}
			return []Document{d}, nil
		}
		return readJSONL(name, text, 0)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	fail := func(err error) {
		at := dec.InputOffset()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = syntax.Offset
		}
		notes = append(notes, Note{File: name, Line: lineAt(at), Why: fmt.Sprintf("not JSON from here on: %v", err)})
	}
	if _, err := dec.Token(); err != nil { // the '['
		fail(err)
		return docs, notes
	}
	line, counted := 1, int64(0) // lines counted as far as that, so that a long array is read once
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			fail(err)
			return docs, notes
		}
		at := dec.InputOffset() - int64(len(raw))
		line += bytes.Count(data[counted:at], []byte("\n"))
		counted = at
		d, why := parseRecord(raw, fmt.Sprintf("%s:%d", name, line))
		if why != "" {
			notes = append(notes, Note{File: name, Line: line, Why: why})
			continue
		}
		docs = append(docs, d)
	}
	if _, err := dec.Token(); err != nil { // the ']'
		fail(err)
	}
	return docs, notes
}

// webURL gives s where it is a link that a page may show, else "". Documents
// are not trusted: a "javascript:" link must never reach a page.
func webURL(s string) string {
	s = strings.TrimSpace(s)
	low := strings.ToLower(s[:min(len(s), 8)])
	if !strings.HasPrefix(low, "https://") && !strings.HasPrefix(low, "http://") {
		return ""
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return ""
	}
	return s
}
