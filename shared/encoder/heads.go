package encoder

import (
	"fmt"
	"strings"

	"parley/shared/conversation"
	"parley/shared/matrix"
)

// Heads are small networks on the last hidden states x, [m][H], of an encoder of
// conversations. They are part of its model.safetensors:
//
//	z = w2 . GELU(W1 x + b1) + b2          W1 [H][H], w2 [1][H]
//
// The word head reads the mean of x over a word's pieces; the word's weight is ReLU(z).
// The topic head reads [q; h; q*h]: the mean of x over the tokens of type 0, which are the
// newest question's, the mean over the others, and their product (so its W1 is [H][3H]).
// Where its z is above 0, the question builds on what was said before. trainer/torch says
// how they are trained.
const (
	wordHead  = "parley.words."
	topicHead = "parley.topic."
)

type head struct{ dense, out *matrix.Weights }

// head reads a head that config.json names.
func (r *tensorReader) head(name, setting string, n, inputs int) *head {
	if r.err == nil && !r.has(name+"dense.weight") {
		r.fail(name+"dense.weight", "is missing, though config.json says %s: export the encoder again, or remove that setting", setting)
		return nil
	}
	why := fmt.Sprintf("%s, hidden size %d", setting, n)
	w1, b1 := r.table(name+"dense.weight", why, n, inputs), r.vector(name+"dense.bias", why, n)
	w2, b2 := r.table(name+"out.weight", why, 1, n), r.vector(name+"out.bias", why, 1)
	return &head{r.weights(name+"dense.weight", w1, b1), r.weights(name+"out.weight", w2, b2)}
}

// headless reports tensors of a head that config.json does not name as an error: ignoring
// them would change the encoder.
func (r *tensorReader) headless(c *config) {
	for _, h := range []struct {
		name string
		has  bool
	}{{wordHead, c.parley.WordHead}, {topicHead, c.parley.TopicHead}} {
		for _, t := range r.file.Tensors {
			if !h.has && strings.HasPrefix(t.Name, h.name) {
				r.fail(t.Name, "is of a head that config.json does not name: config.json and model.safetensors must come from the same model")
				return
			}
		}
	}
}

// run computes z for m rows of x, [m][inputs] -> [m].
func (s *Session) run(h *head, x []float32, m int) []float32 {
	H, one := matrix.Pad(s.e.config.hidden), matrix.Pad(1)
	s.y, s.z = grow(s.y, m*H), grow(s.z, m*one)
	s.scratch.Linear(s.y, x, m, h.dense) // [m][Pad(inputs)] -> [m][H]
	matrix.GELU(s.y)
	s.scratch.Linear(s.z, s.y, m, h.out) // -> [m][Pad(1)]
	for i := range m {
		s.z[i] = s.z[i*one]
	}
	return s.z[:m]
}

// SearchesWords reports whether the encoder gives weights to words: it has a word head, or
// QuestionWords.
func (e *Encoder) SearchesWords() bool { return e.model.wordHead != nil || e.QuestionWords > 0 }

// WordWeights returns the weight of each word of in, in the order of words; 0 means that
// it is not searched for. in must be the input that was encoded last. An encoder without a
// word head gives every word of the newest question its QuestionWords.
func (s *Session) WordWeights(in *conversation.Input, words *conversation.Words) []float32 {
	s.word = grow(s.word, len(words.List))
	newest := -1
	for _, o := range in.From {
		newest = max(newest, o.Turn)
	}
	h, H := s.e.model.wordHead, matrix.Pad(s.e.config.hidden)
	if h != nil {
		s.pooled = grow(s.pooled, len(words.List)*H)
		for i, w := range words.List {
			row := s.pooled[i*H : i*H+H]
			clear(row)
			mean(row, s.x[w.First*H:(w.Last+1)*H], H)
		}
		copy(s.word, s.run(h, s.pooled, len(words.List)))
	}
	for i, w := range words.List {
		asked := w.Turn == newest && w.Side == conversation.Question
		switch {
		case h != nil && asked:
			s.word[i] = max(s.word[i], 0)
		case h != nil:
			s.word[i] = max(float32(s.word[i]*s.e.HistoryWords), 0)
		case asked:
			s.word[i] = s.e.QuestionWords
		default:
			s.word[i] = 0
		}
	}
	return s.word
}

// Topic returns the topic head's z for in, the input that was encoded last, and whether
// the encoder has such a head. Above 0, the newest question builds on what was said before
// it.
func (s *Session) Topic(in *conversation.Input) (z float32, ok bool) {
	h := s.e.model.topicHead
	if h == nil {
		return 0, false
	}
	n, H := s.e.config.hidden, matrix.Pad(s.e.config.hidden)
	s.pooled = grow(s.pooled, matrix.Pad(3*n))
	clear(s.pooled)
	question := 0
	for question < len(in.Types) && in.Types[question] == 0 {
		question++
	}
	q, was, both := s.pooled[:n], s.pooled[n:2*n], s.pooled[2*n:3*n]
	mean(q, s.x[:question*H], H)
	mean(was, s.x[question*H:len(in.IDs)*H], H)
	for j := range both {
		both[j] = q[j] * was[j]
	}
	return s.run(h, s.pooled, 1)[0], true
}

// mean writes the mean of rows, each of the given width, to to: zeros where there are
// none.
func mean(to, rows []float32, width int) {
	m := len(rows) / width
	if m == 0 {
		return
	}
	for i := range m {
		add(to, rows[i*width:])
	}
	share := 1 / float32(m)
	for j := range to {
		to[j] = float32(to[j] * share)
	}
}
