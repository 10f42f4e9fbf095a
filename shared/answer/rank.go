package answer

import (
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/sparse"
)

// Query returns the vector that Ask searches the index for. Other engines rank by it as the sparse
// stage does (index.Factors). The vector is valid until the next question.
func (e *Engine) Query(ask message.Ask) (sparse.Vector, error) {
	f, err := e.read(ask)
	e.forget()
	return f.Vector, err
}

// Rank returns the k best passages for the question, in the order and with the scores of Ask, and
// the stages that ranked them. It serves evaluations, where k may be any number. Where both stages
// answer, there are at most as many hits as candidates. The hits are valid until the next question.
func (e *Engine) Rank(ask message.Ask, k int) (hits []index.Hit, stage string, err error) {
	f, err := e.rank(ask, max(k, 0))
	return f.hits, f.stage, err
}
