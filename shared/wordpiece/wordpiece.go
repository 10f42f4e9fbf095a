// Package wordpiece is BERT's uncased WordPiece tokenizer.
package wordpiece

// A Token is one piece of a text: its vocabulary id and the byte range
// text[Start:End] that it came from.
type Token struct {
	ID         int32
	Start, End int
}

// A Tokenizer splits text by one vocabulary. It is safe for concurrent use.
type Tokenizer struct {
}

// Special ids of the vocabulary: [PAD], [UNK], [CLS], [SEP], [MASK].
type Special struct{ Pad, Unk, Cls, Sep, Mask int32 }

// New reads a vocab.txt: one piece a line, its id the line's number from 0.
func New(vocab []byte) (*Tokenizer, error) { panic("stub") }

// FromJSON reads a Hugging Face tokenizer.json and refuses one that is not
// BERT's uncased WordPiece, naming the field.
func FromJSON(data []byte) (*Tokenizer, error) { panic("stub") }

// Append appends the tokens of text to dst, at most max of them (max < 0: all),
// and stops reading there, so that the cost of a huge paste is bounded. No
// special token is added, and "[SEP]" in text is text.
func (t *Tokenizer) Append(dst []Token, text string, max int) []Token { panic("stub") }

// Piece is the vocabulary's string for id ("tower", "##ing"), "" out of range.
func (t *Tokenizer) Piece(id int32) string { panic("stub") }

// Size is the number of pieces in the vocabulary.
func (t *Tokenizer) Size() int { panic("stub") }

// Special gives the ids of the special tokens.
func (t *Tokenizer) Special() Special { panic("stub") }
