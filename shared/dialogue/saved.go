package dialogue

import "parley/shared/link"

// A browser's storage holds about 5 MB; of a conversation that is longer than this, the
// newest turns are kept.
const maxSaved = 2 << 20

// Save returns the conversation as text for Restore, in the form of a link (shared/link).
// It contains what a reload must not lose: the questions, which results were chosen, and
// what the reader wanted read alone or together. Answers are computed again in
// milliseconds and need no storage. A conversation without turns is "".
func (d *Dialogue) Save() string {
	if len(d.turns) == 0 {
		return ""
	}
	return d.Link("", "").Text()
}

// Link returns the conversation in the form in which it is shared.
func (d *Dialogue) Link(collection, level string) link.Conversation {
	size := 0
	first := len(d.turns)
	for first > 0 {
		size += len(d.turns[first-1].Question) + 64
		if size > maxSaved {
			break
		}
		first--
	}
	c := link.Conversation{Collection: collection, Level: level}
	for _, t := range d.turns[first:] {
		c.Turns = append(c.Turns, link.Asked{Question: t.Question, Chosen: t.Chosen, Read: t.Read})
	}
	return c
}

// Restore replaces the conversation by a saved one; all of it is then to be asked again.
// "" is a conversation without turns. Restore returns false, and changes nothing, where
// the text is not one that Save writes.
func (d *Dialogue) Restore(text string) bool {
	var c link.Conversation
	if text != "" {
		var err error
		if c, err = link.Parse(text); err != nil {
			return false
		}
	}
	d.Clear()
	for _, t := range c.Turns {
		if d.Ask(t.Question) {
			last := d.turns[len(d.turns)-1]
			last.Chosen, last.Read = t.Chosen, t.Read
		}
	}
	return true
}

// Become turns the conversation into a saved one, as Restore does, but keeps its turns
// where the saved one only adds turns to them or reads some of them in another way: then
// only what differs is asked again. kept is false where it began anew.
func (d *Dialogue) Become(text string) (kept, ok bool) {
	c, err := link.Parse(text)
	if err != nil {
		return false, false
	}
	kept = len(d.turns) <= len(c.Turns)
	for i := 0; kept && i < len(d.turns); i++ {
		kept = d.turns[i].Question == Clean(c.Turns[i].Question) && d.turns[i].Chosen == c.Turns[i].Chosen
	}
	if !kept {
		return false, d.Restore(text)
	}
	for i, t := range c.Turns {
		if i < len(d.turns) {
			d.ReadAs(i, t.Read)
		} else if d.Ask(t.Question) {
			last := d.turns[len(d.turns)-1]
			last.Chosen, last.Read = t.Chosen, t.Read
		}
	}
	return true, true
}

// Origin returns the collection and the level that a saved conversation was asked with, ""
// where it names none.
func Origin(text string) (collection, level string) {
	c, _ := link.Parse(text)
	return c.Collection, c.Level
}

// Clear removes all turns.
func (d *Dialogue) Clear() {
	d.turns = nil
	d.state++
}
