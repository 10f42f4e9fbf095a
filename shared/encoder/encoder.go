// Package encoder is BERT with its masked-LM head, read as SPLADE: token ids in,
// a sparse vector over the vocabulary out.
package encoder

import (
	"parley/shared/conversation"
	"parley/shared/sparse"
	"parley/shared/wordpiece"
)

// Files reads one file of an encoder's folder by name ("config.json",
// "model.safetensors", "vocab.txt", "tokenizer.json"); it returns an error that
// wraps fs.ErrNotExist where there is none.
type Files func(name string) ([]byte, error)

// An Encoder is safe for concurrent use; the memory of a call is in a Session.
type Encoder struct {
	Tokenizer *wordpiece.Tokenizer
	Query     conversation.Form // how it reads a conversation (config.json, "parley")
	// PassageTokens is the length at which a document is cut.
	PassageTokens int
	Name          string
}

// Load reads an encoder's folder. Float weights give the reference path, int8
// weights with row scales the shipped one. A file that does not fit says which
// tensor and why.
func Load(files Files) (*Encoder, error) { panic("stub") }

// Vocab is the length of the vectors.
func (e *Encoder) Vocab() int { panic("stub") }

// A Session holds the working memory of one goroutine. Its results are valid
// until its next call.
type Session struct{}

func (e *Encoder) NewSession() *Session { panic("stub") }

// Encode returns the SPLADE vector of the input, and for each active term the
// index of the token that won it (the first, where several tie).
//
//	weight_j = max over tokens i of log(1 + ReLU(logit_ij))
func (s *Session) Encode(in conversation.Input) (v sparse.Vector, winner []int32, err error) {
	panic("stub")
}
