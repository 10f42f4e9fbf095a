// Package conversation turns a conversation into the encoder's input.
package conversation

import "parley/shared/wordpiece"

// A Turn is a question and the reply it got; the newest turn has no reply yet.
type Turn struct{ Question, Reply string }

// Side says which text of a turn a token came from.
type Side uint8

const (
	Marker Side = iota // [CLS] or [SEP], from no text
	Question
	Reply
)

// An Origin says where a token of the input came from: the turn (index into
// the conversation; -1 for a marker), the side, and the byte range of that text.
type Origin struct {
	Turn       int
	Side       Side
	Start, End int
}

// Form is an encoder's own way of reading a conversation, from its config.
type Form struct {
	MaxTokens   int   // length of the input, markers included
	HistoryType uint8 // token type of everything after the first [SEP]
}

// An Input is what the encoder reads: IDs, Types and From have one entry a
// token. Dropped is true where older text did not fit.
type Input struct {
	IDs     []int32
	Types   []uint8
	From    []Origin
	Dropped bool
}

// Build lays out turns newest first,
//
//	[CLS] q_n [SEP] a_(n-1) [SEP] q_(n-1) [SEP] a_(n-2) ... [SEP]
//
// and cuts at form.MaxTokens.
func Build(t *wordpiece.Tokenizer, turns []Turn, form Form) Input { panic("stub") }

// Passage is the input of a document: [CLS] text [SEP], cut at max tokens.
func Passage(t *wordpiece.Tokenizer, text string, max int) Input { panic("stub") }
