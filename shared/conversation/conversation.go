// Package conversation turns a conversation into the encoder's input.
//
// The newest text stands first: what was said last tells most about the question, and
// where the input is short the oldest text is left out:
//
//	[CLS] q_n [SEP] a_(n-1) [SEP] q_(n-1) [SEP] a_(n-2) [SEP] ... q_1 [SEP]
//	  0    0    0      h       h                                        type
//
// where q_i and a_i are the question and the reply of turn i, and h is the
// encoder's token type for the history.
package conversation

import "parley/shared/wordpiece"

// A Turn is a question and its reply; the newest turn has no reply yet. Data sets store it
// as JSON (shared/importers). The page's messages have a type of their own with the same
// fields (message.Turn), since the tables of this package's tokenizer would make the
// page's program larger.
type Turn struct {
	Question string `json:"question"`
	Reply    string `json:"reply,omitempty"`
}

// A Side is the text of a turn that a token came from.
type Side uint8

const (
	Marker Side = iota // [CLS] or [SEP], from no text
	Question
	Reply
	Document // a passage: see Follow
)

// An Origin is where a token of the input came from: the turn (index into the
// conversation; -1 for a marker), the side, and the byte range in that text.
type Origin struct {
	Turn       int
	Side       Side
	Start, End int
}

// A Form is the way in which an encoder reads a conversation, from its config.
type Form struct {
	MaxTokens   int   // length of the input, markers included; at least 3 to hold any text
	HistoryType uint8 // token type of everything after the first [SEP]
	ReplyTokens int   // tokens of each reply that are read, from its beginning; 0: all that fit, below 0: none
}

// An Input is what the encoder reads: IDs, Types and From have one entry per token. Cut is
// true where the newest question did not fit and its middle was left out. Dropped is true
// where other text did not fit: the end of a text, or older texts. A reply that was cut at
// Form.ReplyTokens does not count as dropped.
type Input struct {
	IDs     []int32
	Types   []uint8
	From    []Origin
	Cut     bool
	Dropped bool
}

// Build lays out turns newest first,
//
//	[CLS] q_n [SEP] a_(n-1) [SEP] q_(n-1) [SEP] a_(n-2) ... [SEP]
//
// and cuts at form.MaxTokens:
//
//   - Every text is followed by [SEP], and [SEP] is always last. A text of the
//     history of more tokens than there is room for keeps its first ones, as far as
//     [SEP] still fits behind them; nothing comes after it.
//   - A current question of more tokens than there is room for keeps its two ends: of
//     the room, a quarter (rounded down) from its beginning and the rest from its
//     end. Whoever writes that much tells first what it is about, and asks at the
//     end. It leaves no room for history. Where the end is next to nothing but white
//     space, or one endless word, so that it gives fewer tokens (see
//     wordpiece.Tokenizer.AppendEnd), the beginning gives more.
//   - Where there is room for [SEP] but for no token before it, the input ends
//     with the [SEP] already there, one token short.
//   - A text without tokens (empty, white space, controls only) is left out along
//     with its [SEP]. The current question's [SEP] stays in any case, so that
//     history is never read as the question.
//   - A reply gives its first form.ReplyTokens tokens, so that a long one does not
//     push out the questions before it; where that is below 0, no reply is read.
//   - The newest turn's own reply is not read: it is what the question asks for.
//   - No turns give [CLS] [SEP]; MaxTokens of 1 gives [CLS], below that nothing.
//
// Types are 0 up to and including the first [SEP], form.HistoryType after it.
//
// No more of a text is read than fits, and one token to see whether more is
// there: 500 turns of a megabyte each cost as much as the few that are used.
func Build(t *wordpiece.Tokenizer, turns []Turn, form Form) Input {
	var in Input
	in.Build(t, turns, form)
	return in
}

// Passage returns the input of a document: [CLS] text [SEP], at most max tokens. Of a
// longer text it keeps the beginning, where a text says what it is about. Its tokens come
// from the question of turn 0.
func Passage(t *wordpiece.Tokenizer, text string, max int) Input {
	var in Input
	in.Passage(t, text, max)
	return in
}

// Build is the function Build in the memory of in.
func (in *Input) Build(t *wordpiece.Tokenizer, turns []Turn, form Form) {
	var question string
	newest := len(turns) - 1
	if newest >= 0 {
		question = turns[newest].Question
	}
	in.begin(t, question, newest, form.MaxTokens, true)
	for i := newest - 1; i >= 0 && !in.Dropped; i-- {
		if form.ReplyTokens >= 0 {
			in.add(t, turns[i].Reply, i, Reply, form)
		}
		in.add(t, turns[i].Question, i, Question, form)
	}
}

// Passage is the function Passage in the memory of in.
func (in *Input) Passage(t *wordpiece.Tokenizer, text string, max int) {
	in.begin(t, text, 0, max, false)
}

// DocumentType is the token type of a passage that Follow puts behind questions.
const DocumentType = 1

// Follow keeps the first n tokens of in, and puts a passage behind them, with its own token
// type:
//
//	... text [SEP]
//
// both together at most max tokens. Of a longer text it keeps the beginning. Its tokens
// come from no turn.
func (in *Input) Follow(t *wordpiece.Tokenizer, n int, text string, max int) {
	in.IDs, in.Types, in.From = in.IDs[:n], in.Types[:n], in.From[:n]
	in.text(t, text, Origin{Turn: -1, Side: Document}, DocumentType, n+max, 0, false)
	in.marker(t.Special().Sep, DocumentType)
}

// Part returns which tokens of the passage that Follow put there, from the token from on,
// begin in the bytes start to end of its text: the first, and the one after the last. They
// are equal where there is none.
func (in *Input) Part(from, start, end int) (first, after int) {
	for first = from; first < len(in.IDs)-1 && in.From[first].Start < start; first++ {
	}
	for after = first; after < len(in.IDs)-1 && in.From[after].Start < end; after++ {
	}
	return first, after
}

// begin empties in and appends [CLS] question [SEP]. Of a question that is too long it
// keeps both ends where ends is set, else the beginning.
func (in *Input) begin(t *wordpiece.Tokenizer, question string, turn, max int, ends bool) {
	*in = Input{IDs: in.IDs[:0], Types: in.Types[:0], From: in.From[:0]}
	if max >= 1 {
		in.marker(t.Special().Cls, 0)
	}
	in.text(t, question, Origin{Turn: turn, Side: Question}, 0, max, 0, ends)
	if max >= 2 {
		in.marker(t.Special().Sep, 0)
	}
}

// add appends a text of the history and [SEP].
func (in *Input) add(t *wordpiece.Tokenizer, text string, turn int, side Side, form Form) {
	if in.Dropped { // nothing older comes after a text that was cut
		return
	}
	most := 0
	if side == Reply {
		most = form.ReplyTokens
	}
	if in.text(t, text, Origin{Turn: turn, Side: side}, form.HistoryType, form.MaxTokens, most, false) > 0 {
		in.marker(t.Special().Sep, form.HistoryType)
	}
}

// text appends the tokens of text, as many as leave room for [SEP] and at most most (0: no
// limit), and returns their number. Where more do not fit, it keeps the first ones, or
// both ends.
func (in *Input) text(t *wordpiece.Tokenizer, text string, from Origin, typ uint8, size, most int, ends bool) int {
	room := max(0, size-len(in.IDs)-1)
	wanted := room + 1 // one more than fits shows whether there is more
	if most > 0 {
		wanted = min(wanted, most)
	}
	var buf [512]wordpiece.Token // on the stack: as many as most encoders read
	tokens := t.Append(buf[:0], text, wanted)
	switch {
	case len(tokens) <= room:
	case ends:
		var buf [512]wordpiece.Token
		end := t.AppendEnd(buf[:0], text, room-room/4)
		tokens = append(tokens[:room-len(end)], end...)
		in.Cut = true
	default:
		tokens = tokens[:room]
		in.Dropped = true
	}
	for _, k := range tokens {
		from.Start, from.End = k.Start, k.End
		in.IDs = append(in.IDs, k.ID)
		in.Types = append(in.Types, typ)
		in.From = append(in.From, from)
	}
	return len(tokens)
}

func (in *Input) marker(id int32, typ uint8) {
	in.IDs = append(in.IDs, id)
	in.Types = append(in.Types, typ)
	in.From = append(in.From, Origin{Turn: -1, Side: Marker})
}
