package answer

import (
	"parley/shared/conversation"
	"parley/shared/matrix"
	"parley/shared/message"
)

// Sure estimates how likely it is that the sparse stage's first result is right, for a question
// that the collection can answer. For a question that it cannot answer the estimate may be as high,
// so it decides only whether the second stage runs, and is never shown. It is a logistic function
// of a few features that mean the same in collections of any size:
//
//	sure = 1 / (1 + exp(-sum of coefficient x feature))
//
// All arithmetic is float32 in one order, so that every machine chooses the same stages.

// Features of a ranking, in the order of coefficients.
const (
	one       = iota // constant 1
	lead             // 1 - second score / first score
	otherLead        // the same for the first result that has another title
	tenLead          // the same for the tenth result
	filled           // first score / the highest score that a passage could reach
	covered          // share of the query's weight whose terms the first result has
	wordless         // share of the exact words' weight that the first result lacks
	terms            // n / (n + 16), n terms that the first result shares with the query
	question         // n / (n + 8), n tokens of the newest question
	history          // 1 where earlier turns were read
	newTopic         // 1 where there were earlier turns and the encoder decided not to read them
	featureCount
)

// coefficients are the coefficients of the features, as `trainer conversations sure --splits
// dev,choice --pooled` fits them to 872 turns of our conversations (logistic loss with ridge 1,
// Newton's method). In cross-validation over conversations the loss is .498; a constant prediction
// of the mean share, .627, has a loss of .660.
var coefficients = [featureCount]float32{-1.101, 1.850, 1.850, 3.064, -0.104, 1.547, -1.461, -0.196, 0.913, -1.258, -0.593}

// Sure returns the probability that a ranking's first result is right, given the features that
// Features returns; 0 where features is empty, since nothing was found.
func Sure(features []float32) float32 {
	if features[filled] == 0 {
		return 0
	}
	return logistic(features, coefficients[:])
}

// logistic returns 1 / (1 + exp(-sum of coefficient x feature)).
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

// Features returns the features of the sparse stage's ranking for a question, in the order of the
// constants above, whatever stage ask names. Sure weighs them; the trainer fits Sure's coefficients
// to them. They are nil where nothing was found.
func (e *Engine) Features(ask message.Ask) ([]float32, error) {
	ask.Stage = message.StageSparse
	ask.K = maxK
	f, err := e.find(ask)
	if err != nil {
		return nil, err
	}
	return e.features(&f), nil
}

// features computes the features of f, which holds the sparse stage's ten best hits, or all where
// there are fewer.
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
	title := e.Source.Passage(first.Doc).Title
	x[lead], x[tenLead] = less(1), less(9)
	other := 1
	for other < len(f.hits) && e.Source.Passage(f.hits[other].Doc).Title == title {
		other++
	}
	x[otherLead] = less(other)
	x[filled] = first.Score / e.lexicon.Most(f.Vector)
	var shared, sharedWords, all, allWords float32
	matches := e.Source.Explain(f.Vector, first.Doc)
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
