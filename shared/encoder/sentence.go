//go:build !wasip1

package encoder

import (
	"fmt"
	"math"

	"parley/shared/conversation"
	"parley/shared/matrix"
	"parley/shared/wordpiece"
)

// A Sentence is a dense encoder of texts, BERT without a head: the mean of its last
// hidden states, brought to length 1 (Reimers and Gurevych 2019, arXiv 1908.10084,
// section 3; all-MiniLM-L6-v2 is one). It serves as a second teacher; the page never
// loads one. It is safe for concurrent use; the memory of a call is in a SentenceSession.
type Sentence struct {
	Tokenizer *wordpiece.Tokenizer
	e         *Encoder
}

// LoadSentence reads a folder in Hugging Face's layout whose config.json names a
// BertModel. Float weights are quantised to int8, as Quantize does, for speed.
func LoadSentence(files Files) (*Sentence, error) {
	c, t, err := loadFront(files)
	if err != nil {
		return nil, err
	}
	if !c.bare {
		return nil, fmt.Errorf("encoder: config.json: wanted a BertModel, an encoder of sentences without a masked-LM head")
	}
	small, err := Quantize(files, nil)
	if err != nil {
		return nil, err
	}
	m, _, err := loadModel(c, small[weightsFile], nil)
	if err != nil {
		return nil, err
	}
	return &Sentence{t, &Encoder{Tokenizer: t, config: c, model: m}}, nil
}

// Dim is the length of the vectors.
func (s *Sentence) Dim() int { return s.e.config.hidden }

// MaxTokens is the longest input that the encoder can read.
func (s *Sentence) MaxTokens() int { return s.e.config.positions }

// A SentenceSession holds the working memory of one goroutine.
type SentenceSession struct{ s Session }

// NewSession makes the working memory of one goroutine.
func (s *Sentence) NewSession() *SentenceSession { return &SentenceSession{Session{e: s.e}} }

// Embed writes the vector of the input into to, [Dim]: of length 1.
func (s *SentenceSession) Embed(to []float32, in conversation.Input) error {
	if err := s.s.e.check(in); err != nil {
		return err
	}
	n := s.s.e.config.hidden
	x, wide := s.s.hidden(in), matrix.Pad(n) // [m][H]
	to = to[:n]
	clear(to)
	for i := range in.IDs {
		for j, v := range x[i*wide : i*wide+n] {
			to[j] += v
		}
	}
	var square float64
	for _, v := range to {
		square += float64(v) * float64(v)
	}
	length := math.Sqrt(square)
	if !(length > 0 && length <= math.MaxFloat32) {
		return fmt.Errorf("encoder: a sentence's vector has length %v; the weights are damaged", length)
	}
	for j, v := range to {
		to[j] = float32(float64(v) / length)
	}
	return nil
}
