// Package passages stores the texts of a collection in one file, read in place.
package passages

import "io"

// A Passage is one document as it is searched and shown.
type Passage struct {
	ID, Title, Text, URL string
}

// About describes a collection: what it is, where from, under which licence.
type About struct {
	Title       string `json:"title"`
	Source      string `json:"source,omitempty"`
	Licence     string `json:"licence,omitempty"`
	LicenceURL  string `json:"licence_url,omitempty"`
	Attribution string `json:"attribution,omitempty"`
	// Encoder names the document encoder that the collection's index was made by.
	Encoder string `json:"encoder,omitempty"`
}

type Builder struct{}

func NewBuilder(about About) *Builder                 { panic("stub") }
func (b *Builder) Add(p Passage) error                { panic("stub") }
func (b *Builder) WriteTo(w io.Writer) (int64, error) { panic("stub") }

// A Store is immutable and safe for concurrent use.
type Store struct{}

// Open checks data whole and reads it in place; errors are *FormatError.
func Open(data []byte) (*Store, error) { panic("stub") }
func (s *Store) About() About          { panic("stub") }
func (s *Store) Len() int              { panic("stub") }
func (s *Store) At(i int) Passage      { panic("stub") }

type FormatError struct {
	Section string
	Offset  int64
	Msg     string
}

func (e *FormatError) Error() string { panic("stub") }
