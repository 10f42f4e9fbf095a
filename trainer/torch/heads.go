package torch

// The heads are small networks on the encoder's last hidden states x, [T,H]:
//
//	z = w2 . GELU(W1 x + b1) + b2
//
// The word head reads the mean of x over a word's pieces. The word's weight in the query's
// vector is ReLU(z); of a word that occurs several times in the input, the largest z counts.
// z also says whether the word is in the rewrite: the logit is 4z - 2, so that a word has
// weight 0 if its probability is below .12, and weight 1 if it is .88.
//
// It learns from the fused ranking, the encoder's own scores plus BM25 of its words. It
// reads x, but no gradient flows back into x.
//
// The topic head reads [q; h; q*h]: the means of x over the tokens of the question (those of
// type 0) and of the history (the others), and their product. z is the logit of whether the
// question builds on what was said before.
const (
	WordHead  = "parley.words."
	TopicHead = "parley.topic."
)

// The logit of whether a word is in the rewrite is wordSlope x z + wordOffset.
const wordSlope, wordOffset = 4, -2

func (c Config) headParams(head string) []param {
	width := c.Width
	if head == TopicHead {
		width = 3 * c.Width
	}
	return []param{
		{name: head + "dense.weight", shape: []int{c.Width, width}}, {name: head + "dense.bias", shape: []int{c.Width}},
		{name: head + "out.weight", shape: []int{1, c.Width}}, {name: head + "out.bias", shape: []int{1}},
	}
}

// A Word is a word of an input.
type Word struct {
	Term  uint32 // its dimension, after the learned ones; 0: the collection does not have the word
	First int    // its pieces are the tokens First to Last
	Last  int
	// InRewrite says that the word is also in the rewrite, for the word loss.
	InRewrite bool
}
