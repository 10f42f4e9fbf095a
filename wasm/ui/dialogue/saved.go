package dialogue

import "encoding/json"

// What a reload must not lose: the questions, and which results were chosen. The
// answers are found again, in milliseconds, and need no room in the storage.
type saved struct {
	Turns []savedTurn `json:"turns"`
}

type savedTurn struct {
	Question string `json:"q"`
	Chosen   string `json:"c,omitempty"`
}

// A browser's storage holds some 5 MB; a conversation beyond this keeps its
// newest turns.
const maxSaved = 2 << 20

// Save gives the conversation as text that Restore reads.
func (d *Dialogue) Save() string {
	var s saved
	size := 0
	first := len(d.turns)
	for first > 0 {
		size += len(d.turns[first-1].Question) + 64
		if size > maxSaved {
			break
		}
		first--
	}
	for _, t := range d.turns[first:] {
		s.Turns = append(s.Turns, savedTurn{t.Question, t.Chosen})
	}
	b, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(b)
}

// Restore replaces the conversation by a saved one; all of it is to be asked
// again. Text that Save did not write leaves the conversation as it is.
func (d *Dialogue) Restore(text string) bool {
	var s saved
	if json.Unmarshal([]byte(text), &s) != nil {
		return false
	}
	d.turns = nil
	d.state++
	for _, t := range s.Turns {
		if q := Clean(t.Question); q != "" {
			turn := d.newTurn(q)
			turn.Chosen = t.Chosen
			d.turns = append(d.turns, turn)
		}
	}
	return true
}
