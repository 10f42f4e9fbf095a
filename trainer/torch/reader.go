package torch

// The reader reads a question and a passage together. It has a dense encoder's embeddings
// and lower layers, which are frozen, layers of its own above them, and two linear heads
// on the last hidden states x, [T,H]:
//
//	relevance  w . x_[CLS] + b                        the passage answers the question
//	sentence   w . mean of x over its tokens + b      the sentence does
const (
	RelevanceHead = "relevance."
	SentenceHead  = "sentence."
)

// A Span is a run of tokens: those from First up to, not including, End.
type Span struct{ First, End int }

// A ReaderBatch has N pairs of a question and a passage.
type ReaderBatch struct {
	IDs   [][]int32 // [N][T], each of its own length
	Types [][]uint8 // [N][T]
	// Example [N] is the number of a pair's example, ascending: pairs of an example are
	// compared with each other.
	Example  []int
	Relevant []bool // [N]
	// Sentences [N] are the passages' sentences, where each has at least one token; nil
	// for passages whose sentences nobody judged. Right [N] says which of them answer.
	Sentences [][]Span
	Right     [][]bool
}

// The terms of the reader's loss, in Parts. Each is a mean, and the loss is their sum:
//
//	pairs      over pairs: the cross entropy of relevance and Relevant
//	list       over examples with a relevant and another passage:
//	           -ln(sum over the relevant e^relevance / sum over all e^relevance)
//	sentences  over passages with at least two sentences, some of which answer: the same
//	           of their sentences' logits
const (
	readerPairs     = "pairs"
	readerList      = "list"
	readerSentences = "sentences"
)
