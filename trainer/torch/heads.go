package torch

// Heads are small networks on the encoder's last hidden states x, [T,H]:
//
//	z = w2 . GELU(W1 x + b1) + b2
//
// The word head reads the mean of x over a word's pieces. The word weighs ReLU(z) in the
// query's vector; of a word that stands several times in the input the largest counts.
// That z says, too, whether the word stands in the rewrite: the logit is 4z - 2, so that a
// word weighs nothing where the chance is below .12, and 1 where it is .88.
//
// It is taught the fused ranking, the encoder's own scores plus its words' BM25, and reads x
// without moving it.
//
// The topic head reads [q; h; q*h], the means of x over the tokens of the question (those of
// type 0) and of the history (the others), and their product: z is the logit of the
// question's building on what was said before.
const (
	WordHead  = "parley.words."
	TopicHead = "parley.topic."
)

// The logit of a word's standing in the rewrite is wordSlope x z + wordOffset.
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
	Term  uint32 // its dimension, above the learned ones; 0: the collection has no such word
	First int    // its pieces are the tokens First to Last
	Last  int
	// InRewrite says that it stands in the rewrite, too: what the word loss asks for.
	InRewrite bool
}
