package main

import (
	"strconv"
	"strings"

	"parley/shared/message"
	"parley/shared/wire"
)

// chartTurns is the number of newest turns that the instruments show.
const chartTurns = 12

// tendDial hands the conversation to the dial (site/web/dial.js), which asks every level
// by probes of its own. Of each turn it gets a row: its index, its question, what to ask,
// the number of the turn that the ask begins with, the ids of passages that answer, and
// the id and the title of the reply's passage. Every level reads the same texts, including
// replies.
func (c *Root) tendDial() {
	if c.tools.open != "dial" || c.looked() < 0 {
		return
	}
	rows := [][]string{}
	turns := c.dialogue.Turns()
	for i := max(0, len(turns)-chartTurns); i < len(turns); i++ {
		if turns[i].Failure != nil || turns[i].Answer == nil {
			continue
		}
		from, ask := c.dialogue.Probe(i, dialDepth)
		ask.Stage, ask.Brief = message.StageSparse, true // so that only the levels differ
		row := []string{strconv.Itoa(i), turns[i].Question, wire.EncodeAsk(&ask), strconv.Itoa(from), strings.Join(c.known(i).gold, " "), "", ""}
		if r := c.dialogue.Reply(i); r != nil {
			row[5], row[6] = r.ID, r.Title
		}
		rows = append(rows, row)
	}
	c.browser.Dial(wire.Rows(rows), c.looked(), c.inUse())
}

// dialDepth is the number of results in which an answer's rank is looked up.
const dialDepth = 100
