package answer

import (
	"parley/shared/conversation"
	"parley/shared/matrix"
	"parley/shared/message"
)

// How sure is the sparse stage that its first result is right, of a question that the
// collection can answer? Of one that it cannot, it may be as sure of what only looks alike:
// the number decides what is spent, and no one is told it as a promise. It is a logistic
// function of a few features that mean the same over collections of any size:
//
//	sure = 1 / (1 + exp(-sum of coefficient x feature))
//
// All is float32 in one order, so that every machine takes the same stages.

// Features of a ranking, in the order of coefficients.
const (
	one       = iota // 1
	lead             // what the second result's score is less, of the first's
	otherLead        // the same of the first result that has another title
	tenLead          // the same of the tenth result
	filled           // the first's score of the most that a passage could have
	covered          // of the query's weight, what the first result shares
	wordless         // of the exact words' weight, what it lacks
	terms            // terms that it shares: n / (n + 16)
	question         // tokens of the newest question: n / (n + 8)
	history          // 1 where earlier turns were read
	newTopic         // 1 where there were some, and the encoder decided not to
	featureCount
)

// coefficients of the features, as `trainer conversations sure --splits dev,choice --pooled`
// fits them to 872 turns of our conversations (logistic loss with ridge 1, Newton's method).
// On conversations held out in turn the loss is .498, that of always saying the mean
// share, .627, is .660.
var coefficients = [featureCount]float32{-1.101, 1.850, 1.850, 3.064, -0.104, 1.547, -1.461, -0.196, 0.913, -1.258, -0.593}

// Sure is the probability that a ranking's first result is right, by its features; 0
// where nothing was found.
func Sure(features []float32) float32 {
	if features[filled] == 0 {
		return 0
	}
	return logistic(features, coefficients[:])
}

// logistic is 1 / (1 + exp(-sum of coefficient x feature)).
func logistic(features, coefficients []float32) float32 {
	var z float32
	for i, x := range features {
		z += float32(x * coefficients[i])
	}
	if z < 0 {
		e := matrix.Exp(z)
		return e / (1 + e)
	}
	return 1 / (1 + matrix.Exp(-z))
}

// Features are those of the sparse stage's ranking for a question, whatever stage it
// asks for: what Sure weighs, for fitting it.
func (e *Engine) Features(ask message.Ask) ([]float32, error) {
	ask.Stage = message.StageSparse
	ask.K = maxK
	f, err := e.find(ask)
	if err != nil {
		return nil, err
	}
	return e.features(&f), nil
}

// features are those of f, which holds the sparse stage's best ten at least, as far as
// there are so many.
func (e *Engine) features(f *found) []float32 {
	x := make([]float32, featureCount)
	x[one] = 1
	newest, asked := -1, 0
	for _, o := range f.Input.From {
		newest = max(newest, o.Turn)
	}
	for _, o := range f.Input.From {
		switch {
		case o.Turn == newest && o.Side == conversation.Question:
			asked++
		case o.Turn >= 0:
			x[history] = 1
		}
	}
	if f.Alone {
		x[newTopic] = 1
	}
	x[question] = float32(asked) / float32(asked+8)
	if len(f.hits) == 0 {
		return x
	}
	first := f.hits[0]
	less := func(i int) float32 {
		if i >= len(f.hits) {
			return 1 // nothing else was found
		}
		return (first.Score - f.hits[i].Score) / first.Score
	}
	title := e.Passages.At(int(first.Doc)).Title
	x[lead], x[tenLead] = less(1), less(9)
	other := 1
	for other < len(f.hits) && e.Passages.At(int(f.hits[other].Doc)).Title == title {
		other++
	}
	x[otherLead] = less(other)
	var score [1]float32
	x[filled] = first.Score / e.searcher.Scores(score[:], f.Vector, []uint32{first.Doc})
	var shared, sharedWords, all, allWords float32
	matches := e.Index.Explain(f.Vector, first.Doc)
	for _, m := range matches {
		shared += m.Query
		if int(m.Term) >= e.Encoder.Vocab() {
			sharedWords += m.Query
		}
	}
	for i, w := range f.Vector.Weights {
		all += w
		if i >= f.Learned {
			allWords += w
		}
	}
	x[covered] = min(shared/all, 1)
	if allWords > 0 {
		x[wordless] = max(1-sharedWords/allWords, 0)
	}
	x[terms] = float32(len(matches)) / float32(len(matches)+16)
	return x
}
