package main

import (
	"parley/shared/dialogue"
	"parley/shared/wire"
)

// Share passes the conversation to the panel that shares and saves it (share.js): as the
// text of a link, with its collection and encoder, and as rows, one per turn: question,
// reply, the passage's id, title and address, "chosen" where the reader chose it, how the
// reader wanted the question read, and why there is no reply (message.Answer.Doubt).
func (c *Root) Share() {
	var collection, level string
	if r := c.ready; r != nil {
		collection, level = r.Collection, r.Encoder
		if len(r.Levels) > 0 {
			level = c.inUse()
		}
	}
	rows := [][]string{}
	for i, t := range c.dialogue.Turns() {
		row := []string{t.Question, "", "", "", "", "", t.Read, t.Doubt()}
		if r := c.dialogue.Reply(i); r != nil {
			row = []string{t.Question, r.Quotation(), r.ID, r.Title, link(r.URL), "", t.Read, ""}
			if t.Chosen != "" {
				row[5] = "chosen"
			}
		}
		rows = append(rows, row)
	}
	c.unseen = true // it only calls the browser
	c.browser.Share(c.dialogue.Link(collection, level).Text(), collection, level, wire.Rows(rows))
}

// Open replaces the conversation by that of a link or a file, and asks it again. The
// previous one can be brought back.
func (c *Root) Open(text string) {
	before := c.dialogue.Save()
	if !c.dialogue.Restore(text) {
		c.browser.Say("This conversation cannot be read: it was made by a newer version, or is damaged.")
		return
	}
	collection, level := dialogue.Origin(text)
	c.wanted = level
	c.takeLevel()
	c.stop()
	c.open, c.undo, c.editing, c.shown = nil, nil, 0, 0
	if before != "" {
		c.undo = &undo{"Another conversation was opened.", before}
	}
	c.changed()
	c.browser.Opened(collection)
}

// takeLevel sets the dial to the level of a conversation that was opened, once it is known
// whether this page has it.
func (c *Root) takeLevel() {
	if c.ready == nil {
		return
	}
	for _, l := range c.levels() {
		if l.Name == c.wanted {
			c.level = l.Name
		}
	}
	c.wanted = ""
}

// CopyVector copies the query vector of a turn to the clipboard.
func (c *Root) CopyVector(id int) {
	if i := c.index(id); i >= 0 && c.dialogue.Turns()[i].Answer != nil {
		c.browser.Copy(wire.Vector(c.dialogue.Turns()[i].Answer.Terms))
	}
}
