package answer

import (
	"fmt"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// A Source is who answers a vector: it has a collection's passages, and ranks them. There
// are three: the index in this program (Local), an index in parts on a static host, and
// another search engine. What is known of the collection's terms is in this program in any
// case, since it makes the vector. All rank alike, to the bit, but for a title that
// is asked about and not among the first hits: the first alone has all titles at hand (titled).
//
// Search, Bring and Holding may have to fetch something. A source that cannot fetch while it
// is called, as in a tab, returns a Lacking; whoever asked fetches what it names, gives it to
// the source, and asks the whole question again. A source serves one goroutine at a time.
type Source interface {
	// Lexicon is what is known of the collection's terms.
	Lexicon() *index.Lexicon
	// Search returns the k best documents, as index.Searcher does; valid until its next
	// call.
	Search(q sparse.Vector, k int) ([]index.Hit, index.Cost, error)
	// Bring sees to it that Passage and Explain know these documents, which Search or
	// Holding returned, until the next call of Bring.
	Bring(docs []uint32) error
	Passage(doc uint32) passages.Passage
	Explain(q sparse.Vector, doc uint32) []index.Match
	// Holding returns some documents that contain a term, at most most of them.
	Holding(term uint32, most int) ([]uint32, error)
	// Scores writes the documents' scores to to, as index.Searcher does. The dense stage
	// alone needs it; a source without it returns an error.
	Scores(to []float32, q sparse.Vector, docs []uint32) error
}

// titled is a source that has the titles of all of its passages at hand.
type titled interface {
	Title(doc uint32) string
}

// Lacking is the error of a source for what has to be fetched first.
type Lacking interface {
	error
	// Lacks returns what is lacking, as JSON for who fetches it.
	Lacks() string
}

// local is the index in this program.
type local struct {
	index    *index.Index
	searcher *index.Searcher
	passages *passages.Store
}

// Local returns the source of an index and its passages in this program. It returns an error
// where the two do not belong together.
func Local(x *index.Index, p *passages.Store) (Source, error) {
	if x.Docs() != p.Len() {
		return nil, fmt.Errorf("answer: the index has %d documents, the collection %d passages; they must be built together", x.Docs(), p.Len())
	}
	return &local{x, x.NewSearcher(), p}, nil
}

func (l *local) Lexicon() *index.Lexicon { return &l.index.Lexicon }

func (l *local) Search(q sparse.Vector, k int) ([]index.Hit, index.Cost, error) {
	hits, cost := l.searcher.Search(q, k)
	return hits, cost, nil
}

func (l *local) Bring([]uint32) error { return nil }

func (l *local) Passage(doc uint32) passages.Passage { return l.passages.At(int(doc)) }

func (l *local) Explain(q sparse.Vector, doc uint32) []index.Match { return l.index.Explain(q, doc) }

func (l *local) Holding(term uint32, most int) ([]uint32, error) {
	return l.index.Holding(nil, term, most), nil
}

func (l *local) Scores(to []float32, q sparse.Vector, docs []uint32) error {
	l.searcher.Scores(to, q, docs)
	return nil
}

func (l *local) Title(doc uint32) string { return l.passages.Title(int(doc)) }
