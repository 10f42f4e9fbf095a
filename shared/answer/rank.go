package answer

import (
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/sparse"
)

// Query returns the vector that Ask looks up in the index: for other engines, which rank
// by it as the sparse stage does (index.Factors). It is valid until the next question.
func (e *Engine) Query(ask message.Ask) (sparse.Vector, error) {
	f, err := e.read(ask)
	clear(e.turns) // keep no text of a conversation
	return f.Vector, err
}

// Rank gives the k best passages of what Ask answers, in its order and with its scores,
// and the stages that they are of: for evaluations, where k may be any number. Where both
// stages answer, there are no more than their candidates. The hits are valid until the
// next question.
func (e *Engine) Rank(ask message.Ask, k int) (hits []index.Hit, stage string, err error) {
	f, err := e.rank(ask, max(k, 0))
	return f.hits, f.stage, err
}
