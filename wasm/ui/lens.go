package main

import (
	"strconv"

	"parley/shared/message"
	"parley/shared/wire"
)

// tendLens hands what is shown of the conversation's terms to site/web/lens.js, which
// shows for a term the words that lit it and the passages' words that it matched, and the
// other way round. Of each turn it gets a row: its index, the number of the turn that the
// ask begins with, and what to ask.
func (c *Root) tendLens() {
	shown := c.tools.open != ""
	for _, t := range c.Visible() {
		shown = shown || c.open[t.ID] != nil && c.open[t.ID].vector || c.tools.whys[t.ID] != nil && len(c.tools.whys[t.ID].open) > 0
	}
	if !shown || c.ready == nil || c.dialogue.Pending() > 0 {
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
