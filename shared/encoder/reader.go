package encoder

import (
	"errors"
	"fmt"
	"math"

	"parley/shared/conversation"
	"parley/shared/jsontree"
	"parley/shared/matrix"
	"parley/shared/safetensors"
	"parley/shared/sentence"
)

// A Reader reads a question and a passage together, as a cross-encoder does (Nogueira and
// Cho 2019, arXiv 1901.04085, "monoBERT"). It belongs to a dense encoder, in whose folder
// it has a file of its own, reader.safetensors. Its embeddings and lower layers are those
// of the dense encoder, which are in memory once; above them it has layers of its own, and
// two heads on the last hidden states x:
//
//	relevance = w . x of [CLS] + b               does the passage answer?
//	sentence  = v . (mean x of its tokens) + c   does this sentence?
//
// The input is conversation.Input.Follow's: the conversation, newest first, and the passage.
// A Reader is safe for concurrent use; the memory of a call is in a ReaderSession.
type Reader struct {
	Results int // how many of the first results are read
	// A result that was read gets Weight * (its relevance - the least of those read).
	Weight float32
	// A sentence's score is its score in relation to the passage's best + SentenceWeight *
	// the softmax of the sentences' logits; 0: the logits do not count.
	SentenceWeight float32

	query               conversation.Form
	passageTokens       int
	relevance, sentence probe
	e                   *Encoder
}

// ReaderSettings is the key "reader" of Settings.
type ReaderSettings struct {
	LowerLayers    int     `json:"lower_layers"`           // layers of the dense encoder that it has, from the first
	Layers         int     `json:"layers"`                 // layers of its own
	QueryTokens    int     `json:"query_tokens"`           // length of the conversation, [CLS] and every [SEP] included
	ReplyTokens    int     `json:"reply_tokens,omitempty"` // tokens of each reply that are read, from its beginning; 0: none
	PassageTokens  int     `json:"passage_tokens"`         // length at which a passage is cut, its [SEP] included
	Results        int     `json:"results"`                // see Reader
	Weight         float64 `json:"weight"`
	SentenceWeight float64 `json:"sentence_weight,omitempty"`
}

// ReaderFile has the reader's layers and heads.
const ReaderFile = "reader.safetensors"

func (s *ReaderSettings) read(v jsontree.Value) error {
	fields := map[string]any{
		"lower_layers": &s.LowerLayers, "layers": &s.Layers, "query_tokens": &s.QueryTokens, "reply_tokens": &s.ReplyTokens, "passage_tokens": &s.PassageTokens,
		"results": &s.Results, "weight": &s.Weight, "sentence_weight": &s.SentenceWeight,
	}
	for i, key := range v.Keys {
		if fields[key] == nil {
			return unknown(v, i)
		}
	}
	return v.Into(fields)
}

// Form returns how the reader reads a conversation.
func (s *ReaderSettings) Form() conversation.Form {
	f := conversation.Form{MaxTokens: s.QueryTokens, ReplyTokens: s.ReplyTokens}
	if f.ReplyTokens == 0 {
		f.ReplyTokens = -1
	}
	return f
}

func (s *ReaderSettings) check(c *config) error {
	if !c.bare || c.types <= conversation.DocumentType {
		return errors.New("only a dense encoder, a BertModel with two token types, has one")
	}
	for _, x := range [...]struct {
		key            string
		v, least, most float64
	}{
		{"lower_layers", float64(s.LowerLayers), 0, float64(c.layers)}, {"layers", float64(s.Layers), 1, 1000},
		{"query_tokens", float64(s.QueryTokens), 3, float64(c.positions)}, {"reply_tokens", float64(s.ReplyTokens), 0, float64(s.QueryTokens)},
		{"passage_tokens", float64(s.PassageTokens), 2, float64(c.positions - s.QueryTokens)},
		{"results", float64(s.Results), 1, 100}, {"weight", s.Weight, 0, 1e4}, {"sentence_weight", s.SentenceWeight, 0, 1e4},
	} {
		if !(x.v >= x.least && x.v <= x.most) {
			return fmt.Errorf("%s is %v; wanted %v to %v", x.key, x.v, x.least, x.most)
		}
	}
	return nil
}

// A probe is a linear function of one hidden state.
type probe struct {
	w []float32 // [hidden]
	b float32
}

// readerModel is everything that is read from reader.safetensors.
type readerModel struct {
	layers              []layer
	relevance, sentence probe
}

// probe reads the head NAME.weight, [1][n], and NAME.bias.
func (r *tensorReader) probe(name, why string, n int) (p probe) {
	weight, ok := r.tensor(name+".weight", why, 1, n)
	bias := r.vector(name+".bias", why, 1)
	if !ok || r.err != nil {
		return p
	}
	r.used = append(r.used, use{weight, false})
	w, err := weight.Float32s()
	if err != nil {
		r.fail(name+".weight", "cannot be read: %v", err)
	}
	return probe{w, bias[0]}
}

// readerWeights reads reader.safetensors and ignores other tensors; it also returns the
// list of those that it read.
func (c *config) readerWeights(data []byte) (*readerModel, []use, error) {
	file, err := safetensors.Read(data)
	if err != nil {
		return nil, nil, fmt.Errorf("encoder: %s: %w", ReaderFile, err)
	}
	r, set := &tensorReader{name: ReaderFile, file: file}, c.parley.Reader
	m := &readerModel{layers: r.layers(c, set.LowerLayers, set.Layers)}
	m.relevance = r.probe("relevance", c.why(), c.hidden)
	m.sentence = r.probe("sentence", c.why(), c.hidden)
	if r.err != nil {
		return nil, nil, r.err
	}
	return m, r.used, nil
}

// HasReader reports whether the encoder's config.json names a reader.
func (s *Sentence) HasReader() bool { return s.e.config.parley.Reader != nil }

// LoadReader reads the reader that belongs to s, of whose folder files reads
// reader.safetensors alone. It returns nil where config.json names no reader. The commands
// quantise float weights, as LoadSentence does. Every error is a *FileError.
func LoadReader(s *Sentence, files Files) (*Reader, error) {
	c := *s.e.config
	set := c.parley.Reader
	if set == nil {
		return nil, nil
	}
	data, err := files(ReaderFile)
	if err != nil {
		return nil, missing(ReaderFile, "the reader that config.json names", err)
	}
	m, used, err := c.readerWeights(data)
	if err == nil {
		if name := floatMatrix(used); name != "" {
			if data, err = inInt8(ReaderFile, &c, used, name); err == nil {
				m, _, err = c.readerWeights(data)
			}
		}
	}
	if err != nil {
		return nil, blame(ReaderFile, err)
	}
	whole := *s.e.model
	whole.layers = append(whole.layers[:set.LowerLayers:set.LowerLayers], m.layers...)
	return &Reader{
		Results: set.Results, Weight: float32(set.Weight), SentenceWeight: float32(set.SentenceWeight),
		query:         set.Form(),
		passageTokens: set.PassageTokens,
		relevance:     m.relevance, sentence: m.sentence,
		e: &Encoder{Tokenizer: s.Tokenizer, config: &c, model: &whole},
	}, nil
}

// A ReaderSession is the working memory of one goroutine, for one conversation at a time.
type ReaderSession struct {
	r      *Reader
	s      Session
	input  conversation.Input
	asked  int       // tokens of the conversation
	mean   []float32 // [H]
	logits []float32 // by sentence
}

// NewSession returns the working memory of one goroutine.
func (r *Reader) NewSession() *ReaderSession {
	return &ReaderSession{r: r, s: Session{e: r.e}, mean: make([]float32, matrix.Pad(r.e.config.hidden))}
}

// Ask sets the questions and, where the reader reads them, the replies; the newest turn is
// last. A turn whose texts are empty is skipped.
func (s *ReaderSession) Ask(turns []conversation.Turn) {
	s.input.Build(s.r.e.Tokenizer, turns, s.r.query)
	s.asked = len(s.input.IDs)
}

// Read reads a passage after the conversation: text as encoders read passages, in which what
// is not the title begins at byte own. spans are sentences of that part, in order and from
// its beginning. It returns the logit of its relevance, and one for each sentence; a
// sentence that lies beyond the passage's tokens has none, and gets -Inf. The logits are
// valid until the next call.
func (s *ReaderSession) Read(text string, own int, spans []sentence.Span) (relevance float32, sentences []float32, err error) {
	s.input.Follow(s.r.e.Tokenizer, s.asked, text, s.r.passageTokens)
	if err := s.r.e.check(s.input); err != nil {
		return 0, nil, err
	}
	x, H := s.s.hidden(s.input), matrix.Pad(s.r.e.config.hidden) // [m][H]
	relevance = s.r.relevance.of(x)
	s.logits = grow(s.logits, len(spans))
	first, end, sound := 0, s.asked, finite(relevance)
	for i, span := range spans {
		first, end = s.input.Part(end, own+span.Start, own+span.End)
		if s.logits[i] = float32(math.Inf(-1)); end > first {
			clear(s.mean)
			mean(s.mean, x[first*H:end*H], H)
			s.logits[i] = s.r.sentence.of(s.mean)
			sound = sound && finite(s.logits[i])
		}
	}
	if !sound {
		return 0, nil, fmt.Errorf("encoder: a logit of the reader is not a number; the weights in %s are damaged", ReaderFile)
	}
	return relevance, s.logits, nil
}

// of returns w . x + b, added up in one order on every machine.
func (p *probe) of(x []float32) float32 {
	var sum float32
	for j, w := range p.w {
		sum += float32(w * x[j])
	}
	return sum + p.b
}

func finite(v float32) bool { return v-v == 0 }

// BelongsTo reports whether the reader was loaded over this dense encoder.
func (r *Reader) BelongsTo(s *Sentence) bool { return r.e.model.words == s.e.model.words }
