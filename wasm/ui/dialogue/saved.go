package dialogue

import "parley/shared/wire"

// A browser's storage holds some 5 MB; a conversation beyond this keeps its
// newest turns.
const maxSaved = 2 << 20

// Save gives the conversation as text that Restore reads: what a reload must not
// lose, so the questions, and which results were chosen. The answers are found
// again, in milliseconds, and need no room in the storage.
func (d *Dialogue) Save() string {
	size := 0
	first := len(d.turns)
	for first > 0 {
		size += len(d.turns[first-1].Question) + 64
		if size > maxSaved {
			break
		}
		first--
	}
	pairs := make([]wire.Pair, 0, len(d.turns)-first)
	for _, t := range d.turns[first:] {
		pairs = append(pairs, wire.Pair{t.Question, t.Chosen})
	}
	return wire.Pairs(pairs)
}

// Restore replaces the conversation by a saved one; all of it is to be asked
// again. Text that Save did not write leaves the conversation as it is.
func (d *Dialogue) Restore(text string) bool {
	pairs, err := wire.ReadPairs(text)
	if err != nil {
		return false
	}
	d.Clear()
	for _, p := range pairs {
		if d.Ask(p[0]) {
			d.turns[len(d.turns)-1].Chosen = p[1]
		}
	}
	return true
}

// Clear removes all turns.
func (d *Dialogue) Clear() {
	d.turns = nil
	d.state++
}
