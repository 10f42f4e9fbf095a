package dialogue

import "parley/shared/link"

// A browser's storage holds some 5 MB; a conversation beyond this keeps its
// newest turns.
const maxSaved = 2 << 20

// Save gives the conversation as text that Restore reads, in the form of a link
// (shared/link): what a reload must not lose, so the questions, which results were
// chosen, and what the reader wanted read alone or together. The answers are found again, in milliseconds, and need no room in the
// storage. A conversation without turns gives "".
func (d *Dialogue) Save() string {
	if len(d.turns) == 0 {
		return ""
	}
	return d.Link("", "").Text()
}

// Link gives the conversation as it is shared.
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

// Restore replaces the conversation by a saved one; all of it is to be asked again.
// "" is one without turns. Text that Save did not write leaves the conversation as it
// is.
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

// Origin is the collection that a saved conversation was asked in and the level that read
// it, "" where it names none.
func Origin(text string) (collection, level string) {
	c, _ := link.Parse(text)
	return c.Collection, c.Level
}

// Clear removes all turns.
func (d *Dialogue) Clear() {
	d.turns = nil
	d.state++
}
