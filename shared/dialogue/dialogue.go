// Package dialogue is a conversation while it is held, in the page and in the terminal:
// turns, the reply each of them quotes, and which answers an edit has made out of date.
//
// A reply is never generated. It is one sentence of one result: of the best
// result, or of the one that the reader chose; where the worker doubts that anything
// answers, of none unless one is chosen. Since every later turn is encoded
// together with the replies before it, changing a turn makes all later answers
// stale; Next says which turn to ask again, one at a time, oldest first.
package dialogue

import (
	"strings"
	"unicode/utf8"

	"parley/shared/message"
)

// A Turn is a question and what is known of its answer.
type Turn struct {
	ID       int    // never reused within a Dialogue
	Question string // as typed; valid UTF-8, not cut
	Answer   *message.Answer
	Failure  *message.Failure // why the last attempt gave no answer
	Chosen   string           // ID of the result chosen as the reply; "" for the worker's choice
	Read     string           // how the reader wants it read, a value of message.Ask.Read; "" lets the worker decide
	// Stale says that Answer belongs to an earlier state of the conversation. It
	// stays on view until the new one arrives, so that the page does not jump.
	Stale bool
}

// Doubt says why t quotes nothing: a value of message.Answer.Doubt, "" where it quotes a
// result after all, or has no answer.
func (t *Turn) Doubt() string {
	if t.Answer == nil || t.Failure != nil || t.Chosen != "" {
		return ""
	}
	return t.Answer.Doubt
}

// A Dialogue is not safe for concurrent use.
type Dialogue struct {
	turns []*Turn
	next  int
	asked Ticket // what Next gave last
	state int    // counts changes, so that an answer to an old state is known
}

// A Ticket belongs to one question asked in one state of the conversation.
type Ticket struct{ turn, state int }

// Limits of what is sent to the encoder. It reads a few hundred tokens at most, newest
// first, of the newest question both ends; so older turns and longer texts could not
// reach it anyway.
const (
	maxTurns = 200      // turns of one Ask
	maxBytes = 32 << 10 // bytes of one question in an Ask
)

// Turns gives the turns, oldest first; the caller must not change the slice.
func (d *Dialogue) Turns() []*Turn { return d.turns }

// Len is the number of turns.
func (d *Dialogue) Len() int { return len(d.turns) }

// Clean makes text of whatever a browser gives: valid UTF-8 (a lone surrogate
// becomes U+FFFD) without surrounding white space.
func Clean(question string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(question, "\x00", ""), "\uFFFD"))
}

// Ask appends a turn. It reports false, and does nothing, where there is no
// question in the text.
func (d *Dialogue) Ask(question string) bool {
	question = Clean(question)
	if question == "" {
		return false
	}
	d.turns = append(d.turns, d.newTurn(question))
	return true
}

func (d *Dialogue) newTurn(question string) *Turn {
	d.next++
	return &Turn{ID: d.next, Question: question}
}

// Edit changes the question of turn i; it and all later turns are to be asked
// again. It reports false where nothing changed.
func (d *Dialogue) Edit(i int, question string) bool {
	question = Clean(question)
	if !d.has(i) || question == "" || question == d.turns[i].Question {
		return false
	}
	t := d.turns[i]
	t.Question = question
	t.Chosen, t.Read = "", "" // chosen for another question
	d.stale(i)
	return true
}

// Delete removes turn i; all later turns are to be asked again.
func (d *Dialogue) Delete(i int) {
	if !d.has(i) {
		return
	}
	d.turns = append(d.turns[:i:i], d.turns[i+1:]...)
	d.stale(i)
}

// Choose makes the result with the given ID the reply of turn i; all later turns
// are to be asked again. It reports false where it already was, or is not among
// the results.
func (d *Dialogue) Choose(i int, result string) bool {
	if !d.has(i) || d.turns[i].Answer == nil {
		return false
	}
	t := d.turns[i]
	now := d.Reply(i)
	for k := range t.Answer.Results {
		if r := &t.Answer.Results[k]; r.ID == result && r != now {
			t.Chosen = result
			if r == t.Answer.Quoted() {
				t.Chosen = ""
			}
			d.stale(i + 1)
			return true
		}
	}
	return false
}

// ReadAs makes turn i be read alone or together with what was said before it; it and
// all later turns are to be asked again. It reports false where it was asked so
// already.
func (d *Dialogue) ReadAs(i int, read string) bool {
	if !d.has(i) || d.turns[i].Read == read {
		return false
	}
	t := d.turns[i]
	t.Read = read
	t.Chosen = "" // it was chosen among what was found the other way
	d.stale(i)
	return true
}

// Retry asks turn i again after a failure.
func (d *Dialogue) Retry(i int) {
	if d.has(i) {
		d.stale(i)
	}
}

func (d *Dialogue) has(i int) bool { return i >= 0 && i < len(d.turns) }

func (d *Dialogue) stale(from int) {
	d.state++
	for _, t := range d.turns[min(from, len(d.turns)):] {
		t.Stale, t.Failure = true, nil
	}
}

// Next gives what to ask next: the oldest turn without an up-to-date answer,
// with the conversation before it. from is the index of the conversation's turn
// that became Turns[0] of the Ask. ok is false where nothing is to be asked, or
// where the same was already asked. A turn that failed has no reply, and holds up
// no later one: its question may be one that cannot be answered.
func (d *Dialogue) Next(k int) (ticket Ticket, from int, ask message.Ask, ok bool) {
	for i, t := range d.turns {
		if t.Failure != nil || t.Answer != nil && !t.Stale {
			continue
		}
		ticket = Ticket{t.ID, d.state}
		if ticket == d.asked {
			return
		}
		d.asked = ticket
		from, ask = d.Request(i, k)
		return ticket, from, ask, true
	}
	return
}

// Request is the conversation up to turn i, as the worker is asked it.
func (d *Dialogue) Request(i, k int) (from int, ask message.Ask) {
	from = max(0, i+1-maxTurns)
	ask.K, ask.Read = k, d.turns[i].Read
	for j := from; j < i; j++ {
		ask.Turns = append(ask.Turns, message.Turn{Question: clip(d.turns[j].Question, maxBytes), Reply: d.Reply(j).Quotation()})
	}
	ask.Turns = append(ask.Turns, message.Turn{Question: clipMiddle(d.turns[i].Question, maxBytes)})
	return from, ask
}

// Probe is Request for an instrument, which is to read what the turn's answer read:
// whether that is the history is not to be decided anew.
func (d *Dialogue) Probe(i, k int) (from int, ask message.Ask) {
	from, ask = d.Request(i, k)
	if a := d.turns[i].Answer; a != nil && i > 0 {
		ask.Read = message.ReadTogether
		if a.Alone {
			ask.Read = message.ReadAlone
		}
	}
	return from, ask
}

// State changes whenever an answer that was there may no longer be the right one.
func (d *Dialogue) State() int { return d.state }

// AskAll makes every answer out of date: another encoder is to read all of it, or
// another collection to be searched.
func (d *Dialogue) AskAll() { d.stale(0) }

// Answer files an answer under its ticket. It reports the turn, or false where
// the conversation has changed since.
func (d *Dialogue) Answer(ticket Ticket, from int, a *message.Answer) (i int, ok bool) {
	i, ok = d.find(ticket)
	if !ok {
		return i, false
	}
	t := d.turns[i]
	for k := range a.Terms {
		if a.Terms[k].Turn >= 0 {
			a.Terms[k].Turn += from
		}
	}
	for k := range a.Read {
		a.Read[k] += from
	}
	a.Dropped = a.Dropped || from > 0 && !a.Alone
	a.Cut = a.Cut || len(t.Question) > maxBytes
	t.Answer, t.Failure, t.Stale = a, nil, false
	if r := d.Reply(i); r == nil || r.ID != t.Chosen {
		t.Chosen = "" // what the worker proposes, or no longer among the results
	}
	d.asked = Ticket{}
	return i, true
}

// Fail files a failure under its ticket, as Answer does an answer.
func (d *Dialogue) Fail(ticket Ticket, f *message.Failure) (i int, ok bool) {
	i, ok = d.find(ticket)
	if ok {
		d.turns[i].Failure = f
		d.asked = Ticket{}
	}
	return i, ok
}

func (d *Dialogue) find(ticket Ticket) (int, bool) {
	if ticket.state == d.state {
		for i, t := range d.turns {
			if t.ID == ticket.turn {
				return i, true
			}
		}
	}
	return 0, false
}

// AskAgain forgets what was asked and not answered, after the worker that was
// asked is gone.
func (d *Dialogue) AskAgain() {
	d.asked = Ticket{}
	for _, t := range d.turns {
		t.Failure = nil
	}
}

// Pending says how many turns wait for an answer.
func (d *Dialogue) Pending() (n int) {
	for _, t := range d.turns {
		if t.Failure == nil && (t.Answer == nil || t.Stale) {
			n++
		}
	}
	return n
}

// Reply is the result that turn i quotes, nil where it found nothing, doubts what it
// found, or failed.
func (d *Dialogue) Reply(i int) *message.Result {
	if !d.has(i) || d.turns[i].Failure != nil || d.turns[i].Answer == nil {
		return nil
	}
	t := d.turns[i]
	for k := range t.Answer.Results {
		if r := &t.Answer.Results[k]; r.ID == t.Chosen {
			return r
		}
	}
	return t.Answer.Quoted()
}

// QuotedIn says which earlier turn than i, the latest, quotes the result's passage.
func (d *Dialogue) QuotedIn(i int, result string) (turn int, ok bool) {
	for j := min(i, len(d.turns)) - 1; j >= 0; j-- {
		if r := d.Reply(j); r != nil && r.ID == result {
			return j, true
		}
	}
	return 0, false
}

// clipMiddle cuts s to at most n bytes: a quarter of them from its beginning, the rest
// from its end, which the encoder reads more of.
func clipMiddle(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return clip(s, n/4) + " " + clipStart(s, n-n/4-len(" "))
}

// clipStart cuts s to at most n bytes from its end, between characters.
func clipStart(s string, n int) string {
	from := max(len(s)-n, 0)
	for from < len(s) && !utf8.RuneStart(s[from]) {
		from++
	}
	return s[from:]
}

// clip cuts s to at most n bytes, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
