package main

import "parley/shared/dialogue"

// Show arranges the page for a script that leads through it: the tour and the
// presentation (site/web/tour.js, present.js). It turns the conversation into the one of a
// link, unless text is "", and shows one thing of a turn: "turn", "results", "vector", or
// an instrument, "dial" or "compare". Turns count from 1; 0 is the newest. With what ""
// nothing is singled out any more.
func (c *Root) Show(text, what string, turn int) {
	if text != "" {
		kept, ok := c.dialogue.Become(text)
		if !ok {
			c.browser.Say("This conversation cannot be read: it was made by a newer version, or is damaged.")
			return
		}
		c.stop()
		if !kept {
			c.open, c.shown = nil, 0
		}
		c.undo, c.editing = nil, 0
		if _, level := dialogue.Origin(text); level != c.level {
			c.level, c.wanted = "", level
			c.dialogue.AskAll()
			c.takeLevel()
		}
	}
	turns := c.dialogue.Turns()
	c.onShow, c.tools.turn = 0, 0
	if what == "" || len(turns) == 0 {
		c.tools.open = ""
		c.changed()
		return
	}
	if turn < 1 || turn > len(turns) {
		turn = len(turns)
	}
	c.shown = max(c.shown, len(turns)-turn+1)
	c.onShow = turns[turn-1].ID
	c.tools.open = ""
	if what == "dial" || what == "compare" {
		c.tools.open, c.tools.turn = what, c.onShow
	}
	for _, t := range turns {
		results := what == "results" && t.ID == c.onShow
		c.opened(t.ID).results, c.opened(t.ID).vector = &results, what == "vector" && t.ID == c.onShow
	}
	c.changed()
}
