package main

import (
	"slices"
	"strconv"

	"parley/shared/dialogue"
	"parley/shared/message"
	"parley/shared/wire"
)

// termsShown reports whether a turn's own terms are on view.
func (c *Root) termsShown(turnID int) bool {
	return c.open[turnID] != nil && c.open[turnID].vector || c.tools.whys[turnID] != nil && len(c.tools.whys[turnID].open) > 0
}

// lensShown reports whether something on view links terms with words.
func (c *Root) lensShown() bool {
	return c.tools.open != "" || slices.ContainsFunc(c.Visible(), func(t *dialogue.Turn) bool { return c.termsShown(t.ID) })
}

// stop returns the tabindex of a text whose words can be gone through by arrow keys.
func stop(is bool) string {
	if is {
		return "0"
	}
	return "-1"
}

// tendLens hands what is shown of the conversation's terms to site/web/lens.js, which
// shows for a term the words that lit it and the passages' words that it matched, and the
// other way round. Of each turn it gets a row: its index, the number of the turn that the
// ask begins with, and what to ask.
func (c *Root) tendLens() {
	if !c.lensShown() || c.ready == nil || c.dialogue.Pending() > 0 {
		return
	}
	rows := [][]string{}
	turns := c.dialogue.Turns()
	for i := c.Hidden(); i < len(turns); i++ {
		if turns[i].Answer == nil || turns[i].Failure != nil {
			continue
		}
		from, ask := c.dialogue.Probe(i, results)
		ask.Level, ask.Stage, ask.Explain = c.level, message.StageSparse, true
		rows = append(rows, []string{strconv.Itoa(i), strconv.Itoa(from), wire.EncodeAsk(&ask)})
	}
	c.browser.Lens(wire.Rows(rows))
}
