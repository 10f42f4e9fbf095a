package lift

import (
	"context"
	"fmt"
	"strings"

	"parley/shared/conversation"
	"parley/shared/cores"
	"parley/shared/encoder"
)

// Terms are what a dense encoder says of each term of its vocabulary: the word embedding, [Dim], and the
// vector of the term as a question, [Dim], without the mean of all terms' vectors. They are safe for
// concurrent use.
type Terms struct {
	width int
	rows  []float32 // [Len][width]
}

// NewTerms returns terms of that width with the rows, [][width].
func NewTerms(rows []float32, width int) *Terms { return &Terms{width, rows} }

// Width returns the length of a row, and Len the number of terms.
func (t *Terms) Width() int { return t.width }
func (t *Terms) Len() int   { return len(t.rows) / t.width }

// Rows returns all rows, [Len][Width].
func (t *Terms) Rows() []float32 { return t.rows }

// Row returns a term's row, [Width].
func (t *Terms) Row(term uint32) []float32 { return t.rows[int(term)*t.width:][:t.width] }

// ReadTerms asks a dense encoder for all terms of a vocabulary of n, on all cores; that takes it as long as
// n short questions. It calls report with the number of terms that are done. Every machine returns the same
// bits.
func ReadTerms(ctx context.Context, s *encoder.Sentence, n int, report func(done int)) (*Terms, error) {
	dim := s.Dim()
	t := &Terms{2 * dim, make([]float32, n*2*dim)}
	if err := cores.Each(ctx, n, func() (func(i int) error, error) {
		session := s.NewSession()
		var in conversation.Input
		return func(i int) error {
			row := t.Row(uint32(i))
			if !session.Word(row[:dim], uint32(i)) {
				return fmt.Errorf("lift: the dense encoder %s has no term %d of %d", s.Name, i, n)
			}
			s.Conversation(&in, []conversation.Turn{{Question: written(s.Tokenizer.Piece(int32(i)))}})
			return session.Embed(row[dim:], in)
		}, nil
	}, report); err != nil {
		return nil, err
	}
	mean := make([]float64, dim)
	for i := range n {
		for k, x := range t.Row(uint32(i))[dim:] {
			mean[k] += float64(x)
		}
	}
	for i := range n {
		row := t.Row(uint32(i))[dim:]
		for k := range row {
			row[k] -= float32(mean[k] / float64(n))
		}
	}
	return t, nil
}

// written returns what a piece of the vocabulary is written as.
func written(piece string) string {
	if inner := strings.TrimPrefix(piece, "##"); inner != "" {
		return inner
	}
	return piece
}
