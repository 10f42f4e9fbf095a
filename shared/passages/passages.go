// Package passages stores the texts of a collection in one file, read in place.
//
// build.go writes the file, open.go specifies its layout and checks it, stream.go reads one
// that is still coming, url.go derives addresses that need not be stored.
package passages

import (
	"strconv"
	"strings"
	"unsafe"
)

// A Passage is one document as it is searched and shown.
type Passage struct {
	ID, Title, Text, URL string
	Page                 int // of the document, on which it begins, from 1; 0: it has no pages
	// Collection is the one that it is from, where several were joined; Add ignores it.
	Collection string
}

// About describes a collection: its title, source and licence. The licence applies to
// every passage.
type About struct {
	Title       string `json:"title"`
	Source      string `json:"source,omitempty"`
	Licence     string `json:"licence,omitempty"`
	LicenceURL  string `json:"licence_url,omitempty"`
	Attribution string `json:"attribution,omitempty"`
	// Link is the template of the passages' URLs. {title} and {id} are replaced by the
	// passage's own, escaped as Wikipedia does; for example
	// "https://en.wikipedia.org/wiki/{title}". A URL that follows the template takes no
	// room in the file.
	Link string `json:"link,omitempty"`
	// Of has the names of the collections that were joined to this one, a line each; every
	// id begins with one of them and "/".
	Of string `json:"of,omitempty"`
	// Encoder is the name of the document encoder that made the collection's index, and
	// Fingerprint tells that encoder from others of the name (encoder.Fingerprint); "" in
	// collections that were made before it was kept.
	Encoder     string `json:"encoder,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
}

// MadeBy reports whether the encoder of that name and fingerprint can have made the
// collection. Vectors of one encoder mean nothing to another, even with the same
// vocabulary. What either side does not know ("") is not compared.
func (a About) MadeBy(encoder, fingerprint string) bool {
	same := func(a, b string) bool { return a == "" || b == "" || a == b }
	return same(a.Encoder, encoder) && same(a.Fingerprint, fingerprint)
}

// Maker names the encoder that made the collection, with its fingerprint where it is known.
func (a About) Maker() string {
	switch {
	case a.Encoder == "":
		return "an unnamed encoder"
	case a.Fingerprint == "":
		return strconv.Quote(a.Encoder)
	}
	return strconv.Quote(a.Encoder) + " (" + a.Fingerprint + ")"
}

// A Store is immutable and safe for concurrent use.
type Store struct {
	about   About
	n       int
	columns [columns]column
	pages   []uint32 // nil: no passage has a page
}

// A column has one string for each passage; string i is data[start[i]:start[i+1]-1].
type column struct {
	data  []byte
	start []uint32
}

func (c *column) at(i int) string {
	from, to := c.start[i], c.start[i+1]-1
	if from == to {
		return ""
	}
	return unsafe.String(&c.data[from], to-from)
}

// About returns the description of the collection.
func (s *Store) About() About { return s.about }

// Len returns the number of passages.
func (s *Store) Len() int { return s.n }

// At returns passage i, from 0 to Len-1. Its strings share the file's memory; only a URL
// that follows the template is allocated.
func (s *Store) At(i int) Passage {
	p := Passage{
		ID:    s.columns[ids].at(i),
		Title: s.columns[titles].at(i),
		Text:  s.columns[texts].at(i),
		URL:   s.columns[urls].at(i),
	}
	if s.pages != nil {
		p.Page = int(s.pages[i])
	}
	if p.ID == "" {
		p.ID = p.Title
	}
	if s.about.Of != "" {
		p.Collection, _, _ = strings.Cut(p.ID, "/")
	}
	switch p.URL {
	case "":
		p.URL = s.about.URL(p)
	case noURL:
		p.URL = ""
	}
	return p
}

// Title returns the title of passage i, as At does.
func (s *Store) Title(i int) string { return s.columns[titles].at(i) }

// EncoderText returns the text of a passage that an encoder reads: the title, then the
// text; only the text where it begins with the title. Training and indexing must agree on
// it.
func EncoderText(p Passage) string {
	if p.Title == "" || strings.HasPrefix(p.Text, p.Title) {
		return p.Text
	}
	return p.Title + "\n" + p.Text
}
