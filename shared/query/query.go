// Package query reads a conversation into what is searched for, one sparse vector:
//
//	turns -> conversation.Input -> encoder -> learned terms and words
//
// Dimensions below the encoder's vocabulary are learned terms; above are the words that
// the collection knows (package index).
package query

import (
	"slices"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/sparse"
)

// A Reading says what of a conversation is read.
type Reading uint8

const (
	Decide   Reading = iota // together, unless the encoder says that the question builds on nothing
	Together                // the newest question and what was said before it
	Alone                   // the newest question
)

// A Reader reads conversations by one encoder. It serves one goroutine at a time; after
// warm-up a reading allocates nothing.
type Reader struct {
	// Form is how conversations are read: the encoder's own, unless it is changed.
	Form conversation.Form

	encoder *encoder.Encoder
	lookup  func(stem []byte) (term uint32, ok bool)
	session *encoder.Session
	input   conversation.Input
	words   conversation.Words
	turns   []conversation.Turn
	vector  sparse.Vector
	won     []int32
}

// NewReader makes a Reader. lookup gives a word's dimension (index.Index.Lookup); nil:
// words are not searched for.
func NewReader(e *encoder.Encoder, lookup func(stem []byte) (term uint32, ok bool)) *Reader {
	return &Reader{Form: e.Query, encoder: e, lookup: lookup, session: e.NewSession()}
}

// A Query is what was read; it is valid until the Reader's next reading.
type Query struct {
	Vector sparse.Vector
	// Won says what each of the vector's terms came from: of the first Learned, the token
	// of Input that won it; of the others, the word of Words.
	Won     []int32
	Learned int
	Input   *conversation.Input
	Words   *conversation.Words
	// Weights are what the encoder gives each word of Words, known to the collection or not.
	Weights []float32
	Alone   bool // there was a history, and it was not read
}

// Origin is where term i of the vector came from.
func (q *Query) Origin(i int) conversation.Origin {
	if i < q.Learned {
		return q.Input.From[q.Won[i]]
	}
	return q.Words.List[q.Won[i]].Origin
}

// Read reads turns, the newest last. Turns whose texts are empty count as not there; an
// input without a token of the newest question gives a Query all the same.
func (r *Reader) Read(turns []conversation.Turn, how Reading) (Query, error) {
	r.turns = append(r.turns[:0], turns...)
	defer func() { clear(r.turns) }() // keep no text of a conversation
	newest := len(turns) - 1
	history := newest > 0 && slices.ContainsFunc(turns[:newest], func(t conversation.Turn) bool { return t != conversation.Turn{} })
	alone := history && how == Alone
	if alone {
		clear(r.turns[:newest]) // they keep their numbers
	}
	q, err := r.read()
	if err != nil || !history || how != Decide {
		q.Alone = alone
		return q, err
	}
	if z, ok := r.session.Topic(&r.input); ok && z < r.encoder.AloneBelow {
		clear(r.turns[:newest])
		q, err = r.read()
		q.Alone = true
	}
	return q, err
}

// read encodes r.turns.
func (r *Reader) read() (q Query, err error) {
	r.input.Build(r.encoder.Tokenizer, r.turns, r.Form)
	q.Input, q.Words = &r.input, &r.words
	v, winner, err := r.session.EncodeQuery(r.input)
	if err != nil {
		return q, err
	}
	r.vector.Terms, r.vector.Weights = append(r.vector.Terms[:0], v.Terms...), append(r.vector.Weights[:0], v.Weights...)
	r.won = append(r.won[:0], winner...)
	q.Learned = v.L0()
	r.words.Read(&r.input, r.turns)
	if r.lookup != nil {
		q.Weights = r.session.WordWeights(&r.input, &r.words)
		for i, w := range q.Weights {
			if w > 0 {
				if t, ok := r.lookup(r.words.Stem(i)); ok {
					r.add(q.Learned, t, w, int32(i))
				}
			}
		}
	}
	q.Vector, q.Won = r.vector, r.won
	return q, nil
}

// add puts word i among those behind the learned terms; of a word that stands several
// times the heaviest counts, of equal ones the first.
func (r *Reader) add(learned int, term uint32, weight float32, i int32) {
	v, n := &r.vector, len(r.vector.Terms)
	at := n // words are few; slices.Insert, of three types, would add 2 KB to the page
	for at > learned && v.Terms[at-1] > term {
		at--
	}
	if at > learned && v.Terms[at-1] == term {
		if weight > v.Weights[at-1] {
			v.Weights[at-1], r.won[at-1] = weight, i
		}
		return
	}
	v.Terms, v.Weights, r.won = append(v.Terms, 0), append(v.Weights, 0), append(r.won, 0)
	copy(v.Terms[at+1:], v.Terms[at:n])
	copy(v.Weights[at+1:], v.Weights[at:n])
	copy(r.won[at+1:], r.won[at:n])
	v.Terms[at], v.Weights[at], r.won[at] = term, weight, i
}
