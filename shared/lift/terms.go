package lift

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"parley/shared/conversation"
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
	var mu sync.Mutex
	var failed error
	next, done := 0, 0
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			session := s.NewSession()
			var in conversation.Input
			const block = 64
			for {
				mu.Lock()
				from := next
				next += block
				stop := from >= n || failed != nil
				mu.Unlock()
				if stop {
					return
				}
				to := min(from+block, n)
				err := ctx.Err()
				for i := from; i < to && err == nil; i++ {
					row := t.Row(uint32(i))
					if !session.Word(row[:dim], uint32(i)) {
						err = fmt.Errorf("lift: the dense encoder %s has no term %d of %d", s.Name, i, n)
						break
					}
					s.Conversation(&in, []conversation.Turn{{Question: written(s.Tokenizer.Piece(int32(i)))}})
					err = session.Embed(row[dim:], in)
				}
				mu.Lock()
				if err != nil && failed == nil {
					failed = err
				}
				done += to - from
				report(done)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if failed != nil {
		return nil, failed
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
