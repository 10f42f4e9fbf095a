package encoder

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"

	"parley/shared/conversation"
	"parley/shared/matrix"
	"parley/shared/safetensors"
	"parley/shared/wordpiece"
)

// A Sentence is a dense encoder of texts: BERT without a head. Its vector is the mean of
// the last hidden states or the first token's, scaled to length 1 (Reimers and Gurevych
// 2019, arXiv 1908.10084, section 3). Examples are all-MiniLM-L6-v2 and bge-small-en-v1.5,
// and encoders of conversations trained to reproduce the vectors of such a one (Yu et al.
// 2021, arXiv 2105.04166, "ConvDR"). It is safe for concurrent use; the memory of a call
// is in a SentenceSession.
type Sentence struct {
	Tokenizer *wordpiece.Tokenizer
	Query     conversation.Form // how it reads a conversation (config.json, "parley")
	// Instruction is put before a question that has no history; "" stands for none.
	Instruction string
	// Space names the model whose passages' vectors can be compared with this encoder's,
	// and SpaceFingerprint tells that model from others of the name; "" where it is another
	// than this one, and config.json does not have it.
	Space, SpaceFingerprint string
	Name                    string
	// PassageTokens is the length in tokens at which a passage is cut.
	PassageTokens int
	Fingerprint   string // tells the encoder from others, as Encoder.Fingerprint does
	// A passage's score is its sparse score + DenseWeight * (cosine - DenseZero).
	DenseWeight, DenseZero float32
	// SureAbove is the sparse stage's probability of being right at or above which the
	// dense stage is skipped; 0: never.
	SureAbove float32

	passageType uint8
	e           *Encoder
}

// LoadSentence reads a folder in Hugging Face's layout whose config.json names a
// BertModel. The commands quantise float weights to int8, as Quantize does, for speed; the
// page accepts int8 alone. Every error is a *FileError.
func LoadSentence(files Files) (*Sentence, error) {
	c, t, err := loadFront(files)
	if err != nil {
		return nil, err
	}
	return loadSentence(c, t, files)
}

// LoadSentenceOver is LoadSentence for a folder without a vocabulary. It uses t, the
// vocabulary of another encoder.
func LoadSentenceOver(t *wordpiece.Tokenizer, files Files) (*Sentence, error) {
	c, err := loadConfig(files)
	if err == nil {
		err = blame("config.json", fits(c, t))
	}
	if err != nil {
		return nil, err
	}
	return loadSentence(c, t, files)
}

func loadSentence(c *config, t *wordpiece.Tokenizer, files Files) (*Sentence, error) {
	if !c.bare {
		return nil, blame("config.json", errors.New("encoder: config.json: wanted a BertModel, an encoder of sentences without a masked-LM head"))
	}
	data, err := files(weightsFile)
	if err != nil {
		return nil, missing(weightsFile, "the weights in Hugging Face's safetensors layout", err)
	}
	m, used, err := loadModel(c, data, nil)
	if err == nil {
		if name := floatMatrix(used); name != "" {
			if data, err = inInt8(weightsFile, c, used, name); err == nil {
				m, used, err = loadModel(c, data, nil)
			}
		}
	}
	if err != nil {
		return nil, blame(weightsFile, err)
	}
	p := &c.parley
	s := &Sentence{
		Tokenizer: t, Query: c.form(), Instruction: p.Instruction, Space: p.Space, Name: c.name,
		PassageTokens: p.PassageTokens, passageType: uint8(p.PassageTokenType), Fingerprint: sentenceFingerprint(c, t, used),
		DenseWeight: float32(p.DenseWeight), DenseZero: float32(p.DenseZero), SureAbove: float32(p.SureAbove),
		e: &Encoder{Tokenizer: t, config: c, model: m},
	}
	if s.Space == "" {
		s.Space = s.Name
	}
	if s.SpaceFingerprint = p.SpaceFingerprint; s.SpaceFingerprint == "" && s.Space == s.Name {
		s.SpaceFingerprint = s.Fingerprint
	}
	return s, nil
}

// floatMatrix returns the name of a matrix with float weights, "" where there is none. The
// table of token types stays as it is.
func floatMatrix(used []use) string {
	for i := range used {
		u := &used[i]
		if u.matrix && u.DType != safetensors.I8 && u.DType != safetensors.U8 && !strings.HasSuffix(u.Name, "token_type_embeddings.weight") {
			return u.Name
		}
	}
	return ""
}

// sentenceFingerprint is Encoder.Fingerprint for a Sentence: of the tensors that it uses,
// so that a folder with float weights has that of its quantised copy, whose vectors are
// the same.
func sentenceFingerprint(c *config, t *wordpiece.Tokenizer, used []use) string {
	sum, n := crc32.New(castagnoli), 0
	for i := range used {
		u := &used[i]
		fmt.Fprintln(sum, u.Name, u.DType, u.Shape)
		sum.Write(u.Data)
		n += len(u.Data)
	}
	fmt.Fprintln(sum, cmp.Or(c.parley.Pooling, Mean), c.parley.PassageTokenType)
	return fmt.Sprintf("%d-%08x-%s", n, sum.Sum32(), c.reads(t))
}

// Dim returns the length of the vectors in values.
func (s *Sentence) Dim() int { return s.e.config.hidden }

// MaxTokens returns the length of the longest input that the encoder can read.
func (s *Sentence) MaxTokens() int { return s.e.config.positions }

// Conversation makes in the encoder's input for turns, the newest last, reusing its
// memory. A turn whose texts are empty is skipped.
func (s *Sentence) Conversation(in *conversation.Input, turns []conversation.Turn) {
	in.Build(s.Tokenizer, turns, s.Query)
	if s.Instruction == "" || len(turns) == 0 {
		return
	}
	newest := len(turns) - 1
	for _, o := range in.From {
		if o.Turn >= 0 && o.Turn < newest {
			return
		}
	}
	// The instruction is no text of the conversation. That does not matter here, since the
	// origins of the tokens are not used.
	in.Build(s.Tokenizer, []conversation.Turn{{Question: s.Instruction + turns[newest].Question}}, s.Query)
}

// Passage makes in the encoder's input for a passage, [CLS] text [SEP], cut at
// PassageTokens, reusing its memory.
func (s *Sentence) Passage(in *conversation.Input, text string) {
	in.Passage(s.Tokenizer, text, s.PassageTokens)
	for i := range in.Types {
		in.Types[i] = s.passageType
	}
}

// A SentenceSession is the working memory of one goroutine.
type SentenceSession struct{ s Session }

// NewSession returns the working memory of one goroutine.
func (s *Sentence) NewSession() *SentenceSession { return &SentenceSession{Session{e: s.e}} }

// Embed writes the vector of the input, of length 1, to to, [Dim].
func (s *SentenceSession) Embed(to []float32, in conversation.Input) error {
	if err := s.s.e.check(in); err != nil {
		return err
	}
	c := s.s.e.config
	rows := len(in.IDs)
	if c.parley.Pooling == CLS {
		rows = 1
	}
	n, wide := c.hidden, matrix.Pad(c.hidden)
	x := s.s.blocks(in, rows) // [rows][H]
	to = to[:n]
	clear(to)
	for i := range rows {
		add(to, x[i*wide:])
	}
	var square float64
	for _, v := range to {
		square += float64(float64(v) * float64(v)) // the conversion forbids fusing
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

// Word writes the word embedding of a piece of the vocabulary, as it is before positions are
// added, to to, [Dim]. It reports whether there is such a piece.
func (s *SentenceSession) Word(to []float32, piece uint32) bool {
	c := s.s.e.config
	if uint64(piece) >= uint64(c.vocab) {
		return false
	}
	s.s.row = grow(s.s.row, matrix.Pad(c.hidden))
	s.s.e.model.words.Row(to[:c.hidden], int(piece), s.s.row)
	return true
}

// Pooling returns Mean or CLS.
func (s *Sentence) Pooling() string { return cmp.Or(s.e.config.parley.Pooling, Mean) }
