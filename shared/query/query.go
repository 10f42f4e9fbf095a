// Package query turns a conversation into the sparse vector that is searched for:
//
//	turns -> conversation.Input -> encoder -> learned terms and words
//
// Dimensions below the size of the encoder's vocabulary are learned terms; those from
// there on are words that the collection has (package index).
package query

import (
	"slices"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/sparse"
)

// A Reading says which turns of a conversation are read.
type Reading uint8

const (
	Decide   Reading = iota // together, unless the encoder says that the question does not build on what was said before
	Together                // the newest question and what was said before it
	Alone                   // the newest question only
)

// A Reader reads conversations with one encoder. It serves one goroutine at a time; after
// warm-up a reading allocates nothing.
type Reader struct {
	// Form is the way conversations are read; NewReader sets the encoder's own.
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

// NewReader returns a Reader. lookup returns a word's dimension (index.Index.Lookup);
// where it is nil, words are not searched for.
func NewReader(e *encoder.Encoder, lookup func(stem []byte) (term uint32, ok bool)) *Reader {
	return &Reader{Form: e.Query, encoder: e, lookup: lookup, session: e.NewSession()}
}

// A Query is the result of a reading; it is valid until the Reader's next reading.
type Query struct {
	Vector sparse.Vector
	// Won says where each of the vector's terms came from: for the first Learned terms,
	// the index of the token of Input that won the term; for the others, the index of the
	// word in Words.
	Won     []int32
	Learned int
	Input   *conversation.Input
	Words   *conversation.Words
	// Weights are the encoder's weights of the words in Words, whether or not the
	// collection has them.
	Weights []float32
	Alone   bool // there was a history, and it was not read
	// Topic is the topic head's z: how far the question builds on what was said before. It
	// is known where Judged is true: there was a history, and Decide was to be done.
	Topic  float32
	Judged bool
}

// Origin returns where term i of the vector came from.
func (q *Query) Origin(i int) conversation.Origin {
	if i < q.Learned {
		return q.Input.From[q.Won[i]]
	}
	return q.Words.List[q.Won[i]].Origin
}

// Read reads turns, the newest last. Turns whose texts are empty are skipped; an input
// without a token of the newest question still gives a Query. Errors are those of
// encoder.Session.EncodeQuery.
func (r *Reader) Read(turns []conversation.Turn, how Reading) (Query, error) {
	r.turns = append(r.turns[:0], turns...)
	defer func() { clear(r.turns) }() // keep no text of a conversation
	newest := len(turns) - 1
	history := newest > 0 && slices.ContainsFunc(turns[:newest], func(t conversation.Turn) bool { return t != conversation.Turn{} })
	alone := history && how == Alone
	if alone {
		clear(r.turns[:newest]) // the remaining turns keep their numbers
	}
	q, err := r.read()
	if err != nil || !history || how != Decide {
		q.Alone = alone
		return q, err
	}
	z, judged := r.session.Topic(&r.input)
	if judged && z < r.encoder.AloneBelow {
		clear(r.turns[:newest])
		q, err = r.read()
		q.Alone = true
	}
	q.Topic, q.Judged = z, judged
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

// add inserts word i among the words that follow the learned terms. Of a word that occurs
// several times, the heaviest occurrence counts, of equal ones the first.
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
