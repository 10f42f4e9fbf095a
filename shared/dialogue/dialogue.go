// Package dialogue is the state of a conversation in progress, in the page and in the
// terminal: its turns, the reply that each quotes, and which answers an edit has made out
// of date.
//
// A reply is never generated. It is one sentence of one result: of the best result, or of
// the one that the reader chose. Where the worker doubts that any result answers, there is
// no reply unless the reader chooses one. Every later turn is encoded together with the
// replies before it, so changing a turn makes all later answers stale. Next returns the
// turn to ask again, one at a time, oldest first.
package dialogue

import (
	"strings"
	"unicode/utf8"

	"parley/shared/message"
)

// A Turn is a question and the state of its answer.
type Turn struct {
	ID       int    // never reused within a Dialogue
	Question string // as typed; valid UTF-8, not cut
	Answer   *message.Answer
	Failure  *message.Failure // why the last attempt gave no answer
	Chosen   string           // ID of the result chosen as the reply; "" for the worker's choice
	Read     string           // the reader's choice of how it is read, a value of message.Ask.Read; "" lets the worker decide
	// Stale says that Answer belongs to an earlier state of the conversation. It stays
	// visible until the new answer arrives, so that the page does not jump.
	Stale bool
}

// Doubt returns why t quotes nothing: a value of message.Answer.Doubt. It is "" where t
// quotes a result, because there is no doubt or the reader chose one, or has no answer.
func (t *Turn) Doubt() string {
	if t.Answer == nil || t.Failure != nil || t.Chosen != "" {
		return ""
	}
	return t.Answer.Doubt
}

// A Dialogue is a conversation in progress. It is not safe for concurrent use.
type Dialogue struct {
	turns []*Turn
	next  int
	asked Ticket // what Next returned last
	state int    // counts changes, to recognise an answer to an old state
}

// A Ticket belongs to one question asked in one state of the conversation.
type Ticket struct{ turn, state int }

// Limits on what is sent to the encoder. It reads a few hundred tokens at most, newest
// first, and both ends of the newest question, so older turns and longer texts could not
// reach it.
const (
	maxTurns = 200      // turns of one Ask
	maxBytes = 32 << 10 // bytes of one question in an Ask
)

// Turns returns the turns, oldest first; the caller must not change the slice.
func (d *Dialogue) Turns() []*Turn { return d.turns }

// Len returns the number of turns.
func (d *Dialogue) Len() int { return len(d.turns) }

// Clean returns a browser's string as valid UTF-8 (a lone surrogate becomes U+FFFD)
// without white space at its ends.
func Clean(question string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(question, "\x00", ""), "\uFFFD"))
}

// Ask appends a turn. It returns false, and does nothing, where the text is empty.
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

// Edit changes the question of turn i; it and all later turns are then to be asked again.
// It returns false where the question is the same.
func (d *Dialogue) Edit(i int, question string) bool {
	question = Clean(question)
	if !d.has(i) || question == "" || question == d.turns[i].Question {
		return false
	}
	t := d.turns[i]
	t.Question = question
	t.Chosen, t.Read = "", "" // they were chosen for another question
	d.stale(i)
	return true
}

// Delete removes turn i; all later turns are then to be asked again.
func (d *Dialogue) Delete(i int) {
	if !d.has(i) {
		return
	}
	d.turns = append(d.turns[:i:i], d.turns[i+1:]...)
	d.stale(i)
}

// Choose makes the result with the given ID the reply of turn i; all later turns are then
// to be asked again. It returns false where it was the reply already, or is not among the
// results.
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

// ReadAs sets whether turn i is read alone or together with what was said before it; it
// and all later turns are then to be asked again. It returns false where that is no
// change.
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

// Retry clears the failure of turn i, so that Next asks it again.
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

// Next returns what to ask next: the oldest turn without an up-to-date answer, with the
// conversation before it. from is the index of the turn that became Turns[0] of ask. ok is
// false where nothing is to be asked, or the same was asked already. A turn that failed
// has no reply, and later turns do not wait for it: its question may be one that can never
// be answered.
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

// Request returns the question to the worker about turn i: the conversation up to it,
// asking for k results.
func (d *Dialogue) Request(i, k int) (from int, ask message.Ask) {
	from = max(0, i+1-maxTurns)
	ask.K, ask.Read = k, d.turns[i].Read
	for j := from; j < i; j++ {
		t := message.Turn{Question: clip(d.turns[j].Question, maxBytes)}
		t.Quote(d.Reply(j))
		// Where the reader wants all turns read together, no earlier one hides what was
		// said before it.
		if a := d.turns[j].Answer; a != nil && d.turns[j].Failure == nil && ask.Read != message.ReadTogether {
			t.Begins = a.Begins
		}
		ask.Turns = append(ask.Turns, t)
	}
	ask.Turns = append(ask.Turns, message.Turn{Question: clipMiddle(d.turns[i].Question, maxBytes)})
	return from, ask
}

// Probe is Request for an instrument of the page. It fixes whether the history is read to
// what the turn's answer decided.
func (d *Dialogue) Probe(i, k int) (from int, ask message.Ask) {
	from, ask = d.Request(i, k)
	if a := d.turns[i].Answer; a != nil && i > 0 && !a.Completed { // which is completed again
		ask.Read = message.ReadTogether
		if a.Alone {
			ask.Read = message.ReadAlone
		}
	}
	return from, ask
}

// State returns a number that changes whenever an answer may have become out of date.
func (d *Dialogue) State() int { return d.state }

// AskAll makes every answer out of date, for when another encoder or another collection is
// to be used.
func (d *Dialogue) AskAll() { d.stale(0) }

// Answer stores the answer to ticket. It returns the turn, and false where the
// conversation has changed since.
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
		t.Chosen = "" // the worker's own choice, or no longer among the results
	}
	d.asked = Ticket{}
	return i, true
}

// Fail stores the failure of ticket, as Answer stores an answer.
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

// AskAgain forgets what was asked and not answered, because the worker that was asked has
// ended.
func (d *Dialogue) AskAgain() {
	d.asked = Ticket{}
	for _, t := range d.turns {
		t.Failure = nil
	}
}

// Pending returns the number of turns that wait for an answer.
func (d *Dialogue) Pending() (n int) {
	for _, t := range d.turns {
		if t.Failure == nil && (t.Answer == nil || t.Stale) {
			n++
		}
	}
	return n
}

// Reply returns the result that turn i quotes. It is nil where nothing was found, the
// worker doubts what was found, or asking failed.
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

// QuotedIn returns the latest turn before i that quotes the result's passage, and whether
// there is one.
func (d *Dialogue) QuotedIn(i int, result string) (turn int, ok bool) {
	for j := min(i, len(d.turns)) - 1; j >= 0; j-- {
		if r := d.Reply(j); r != nil && r.ID == result {
			return j, true
		}
	}
	return 0, false
}

// clipMiddle cuts s to at most n bytes. It keeps a quarter of them from the beginning and
// the rest from the end, of which the encoder reads more.
func clipMiddle(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return clip(s, n/4) + " " + clipStart(s, n-n/4-len(" "))
}

// clipStart keeps at most the last n bytes of s, from the start of a character.
func clipStart(s string, n int) string {
	from := max(len(s)-n, 0)
	for from < len(s) && !utf8.RuneStart(s[from]) {
		from++
	}
	return s[from:]
}

// clip keeps at most the first n bytes of s, up to the end of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
