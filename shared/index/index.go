// Package index is the inverted index: term -> postings (document, impact),
// built once, read in place from a byte slice, searched exactly.
package index

import (
	"io"

	"parley/shared/sparse"
)

// A Builder collects documents, numbered from 0 in the order they are added.
type Builder struct{}

// NewBuilder makes an index over a vocabulary of the given size.
func NewBuilder(vocab int) *Builder { panic("stub") }

func (b *Builder) Add(doc sparse.Vector) error { panic("stub") }

// WriteTo writes the index; the bytes depend on the documents alone.
func (b *Builder) WriteTo(w io.Writer) (int64, error) { panic("stub") }

// A FormatError says what is wrong with an index file, and where.
type FormatError struct {
	Section string
	Offset  int64
	Msg     string
}

func (e *FormatError) Error() string { panic("stub") }

// An Index is immutable and safe for concurrent use.
type Index struct{}

// Open checks data whole (lengths, CRCs, order) and reads it in place.
func Open(data []byte) (*Index, error) { panic("stub") }

func (x *Index) Docs() int          { panic("stub") }
func (x *Index) Vocab() int         { panic("stub") }
func (x *Index) Postings() int      { panic("stub") }
func (x *Index) DF(term uint32) int { panic("stub") } // documents that hold term

// A Hit is a document and its score. The score is sum of query weight x document
// weight, computed in integers (impacts), so equal on every machine.
type Hit struct {
	Doc   uint32
	Score float32
}

// Cost is what a search did.
type Cost struct {
	Lists    int // posting lists opened
	Postings int // postings touched (scored)
}

// A Searcher holds the working memory of one goroutine: no allocation per query
// after warm-up. Its results are valid until its next call.
type Searcher struct{}

func (x *Index) NewSearcher() *Searcher { panic("stub") }

// Search returns the k best documents, best first, ties by document number.
func (s *Searcher) Search(q sparse.Vector, k int) ([]Hit, Cost) { panic("stub") }

// A Match is one term's part of a score.
type Match struct {
	Term              uint32
	Query, Doc, Score float32
}

// Explain gives the terms that doc shares with q; their scores sum to the hit's.
func (x *Index) Explain(q sparse.Vector, doc uint32) []Match { panic("stub") }
