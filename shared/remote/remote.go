// Package remote is a collection whose postings another program has, a search engine
// usually: here is its lexicon, there are the rest and the texts.
//
//	conversation ──encoder, lexicon──▶ factors ──engine──▶ passages with impacts ──lexicon──▶ scores
//
// The engine gets a query's integer weights and nothing else, and returns the best passages,
// each with its impacts of the query's terms. From these the scores are added up once more,
// as the index does it. found.go is what a tab and its host say to each other.
package remote

import (
	"errors"
	"fmt"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// Found is a passage that an engine found. Impacts ascend by term; those of other terms
// than the query's may be missing.
type Found struct {
	Doc     uint32
	Passage passages.Passage
	Impacts []index.Impact
}

// Ask asks an engine for the k passages with the highest sums of weight x impact, ties by
// document number.
type Ask func(q []index.Factor, k int) ([]Found, error)

// A Source answers vectors by asking an engine; it is an answer.Source.
type Source struct {
	lexicon *index.Lexicon
	ask     Ask
	found   []Found // by the last question
	hits    []index.Hit
}

// New returns the source of the engine that ask asks.
func New(x *index.Lexicon, ask Ask) *Source { return &Source{lexicon: x, ask: ask} }

// Lexicon returns what is known of the collection's terms.
func (s *Source) Lexicon() *index.Lexicon { return s.lexicon }

// Search returns the k best documents. The cost is what an index would touch.
func (s *Source) Search(q sparse.Vector, k int) ([]index.Hit, index.Cost, error) {
	factors, step := s.lexicon.Factors(q)
	s.found, s.hits = nil, s.hits[:0]
	var cost index.Cost
	if len(factors) == 0 || k <= 0 {
		return s.hits, cost, nil
	}
	for _, f := range factors {
		cost.Lists++
		cost.Postings += s.lexicon.DF(f.Term)
	}
	found, err := s.ask(factors, k)
	if err != nil {
		return nil, cost, err
	}
	s.found = found
	for i, f := range found {
		score := index.Score(factors, f.Impacts)
		if score == 0 || int(f.Doc) >= s.lexicon.Docs() {
			return nil, cost, fmt.Errorf("the engine returned document %d of %d, which shares no term with the question", f.Doc, s.lexicon.Docs())
		}
		h := index.Hit{Doc: f.Doc, Score: float32(score) * step}
		s.hits = append(s.hits, h)
		at := i // the engine's order is nearly this one already
		for ; at > 0 && (s.hits[at-1].Score < h.Score || s.hits[at-1].Score == h.Score && s.hits[at-1].Doc > h.Doc); at-- {
			s.hits[at] = s.hits[at-1]
		}
		s.hits[at] = h
	}
	s.hits = s.hits[:min(k, len(s.hits))]
	return s.hits, cost, nil
}

var errUnknown = errors.New("the engine was not asked for this passage")

// Bring checks that the documents were found by the last question, which brought their
// passages, too.
func (s *Source) Bring(docs []uint32) error {
	for _, d := range docs {
		if s.of(d) == nil {
			return errUnknown
		}
	}
	return nil
}

func (s *Source) of(doc uint32) *Found {
	for i := range s.found {
		if s.found[i].Doc == doc {
			return &s.found[i]
		}
	}
	return nil
}

// Passage returns a passage that the last question found.
func (s *Source) Passage(doc uint32) passages.Passage {
	if f := s.of(doc); f != nil {
		return f.Passage
	}
	return passages.Passage{}
}

// Explain returns what each shared term adds to a found document's score.
func (s *Source) Explain(q sparse.Vector, doc uint32) []index.Match {
	if f := s.of(doc); f != nil {
		return s.lexicon.Matches(q, f.Impacts)
	}
	return nil
}

// Holding returns the documents in which a term weighs most, where an index returns the
// first that contain it: an engine can be asked for nothing else. It decides only which
// inflection of a word takes the place of a misspelt one.
func (s *Source) Holding(term uint32, most int) ([]uint32, error) {
	found, err := s.ask([]index.Factor{{Term: term, Weight: 1}}, most)
	if err != nil {
		return nil, err
	}
	s.found = found
	var docs []uint32
	for _, f := range found {
		docs = append(docs, f.Doc)
	}
	return docs, nil
}

// Scores is for the dense stage, which needs the collection in this program.
func (s *Source) Scores([]float32, sparse.Vector, []uint32) error {
	return errors.New("the dense stage does not answer where an engine ranks: its vectors are not there")
}
