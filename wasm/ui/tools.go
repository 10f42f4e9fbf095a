package main

import (
	"strconv"

	"parley/shared/dialogue"
	"parley/shared/message"
	"parley/shared/wire"
)

// The instruments open on demand; each has a component and a file.
//
//	dial.go     every level of the family side by side: hands the conversation to site/web/dial.js
//	compare.go  ways of reading a conversation, and the ranks of the passages that answer
//	why.go      the parts of a score, and what happens when they change
//
// They ask the worker by probes, beside the conversation. tend sends the probes that are
// still missing, once the conversation itself waits for nothing.

// tools is the state of the instruments.
type tools struct {
	open     string // the one shown under the conversation: dial, compare; "" for none
	turn     int    // ID of the turn looked at; 0: the newest
	probes   map[int]func(*message.Answer, *message.Failure)
	measures map[measureKey]*measure
	rewrites map[int]string // typed by the visitor, by turn ID
	filled   int            // ID of the turn whose rewrite is in the field
	whys     map[int]*why   // by turn ID
}

// A measureKey is a turn and a way of reading it.
type measureKey struct {
	turn int    // ID
	way  string // such as "level 2x"
}

// A measure is the result of a way. The last one is shown until the next arrives.
type measure struct {
	answer  *message.Answer // brief
	failure string
	state   int // of the dialogue, when the probe was sent
	asked   bool
}

// mostProbes is the number of probes under way at a time: the worker answers one after the
// other anyway.
const mostProbes = 2

// forget drops probes that will not be answered, because their worker has ended.
func (t *tools) forget() {
	t.probes = nil
	for _, m := range t.measures {
		m.asked = false
		if m.answer == nil {
			m.state = -1
		}
	}
	for _, w := range t.whys {
		w.asked = false
	}
}

// tend sends the probes that the open instruments need.
func (c *Root) tend() {
	c.fillRewrite()
	if c.ready == nil || c.dialogue.Pending() > 0 {
		return
	}
	for len(c.tools.probes) < mostProbes && (c.tendWhy() || c.tendCompare()) {
	}
	c.tendDial()
	c.saveCompare()
	c.tendLens()
}

// probe asks the worker, and calls done with the answer or the failure.
func (c *Root) probe(ask message.Ask, done func(*message.Answer, *message.Failure)) {
	c.lastID++
	if c.tools.probes == nil {
		c.tools.probes = map[int]func(*message.Answer, *message.Failure){}
	}
	c.tools.probes[c.lastID] = done
	c.browser.Ask(c.lastID, wire.EncodeAsk(&ask))
}

// probed handles the reply to a probe, and reports whether it was one.
func (c *Root) probed(id int, op, body string) bool {
	done, ok := c.tools.probes[id]
	if !ok {
		return false
	}
	delete(c.tools.probes, id)
	var a *message.Answer
	var f *message.Failure
	var err error
	if op == "answer" {
		a, err = wire.Answer(body)
	} else {
		f, err = wire.Failure(body)
	}
	if err != nil {
		f = &message.Failure{Stage: "ask", Message: err.Error()}
	}
	done(a, f)
	return true
}

// measure asks for one way of reading turn i, unless the answer is known or under way; it
// reports whether it asked.
func (c *Root) measure(i int, way string, ask message.Ask) bool {
	key := measureKey{c.dialogue.Turns()[i].ID, way}
	m := c.tools.measures[key]
	if m == nil {
		m = &measure{state: -1}
		if c.tools.measures == nil {
			c.tools.measures = map[measureKey]*measure{}
		}
		c.tools.measures[key] = m
	}
	state := c.dialogue.State()
	if m.asked || m.state == state {
		return false
	}
	m.asked = true
	ask.Brief = true
	c.probe(ask, func(a *message.Answer, f *message.Failure) {
		m.asked, m.state = false, state
		m.answer, m.failure = a, ""
		if f != nil {
			m.failure = f.Message
		}
	})
	return true
}

// measured returns the result of a way for a turn; nil where none is known.
func (c *Root) measured(turn int, way string) *message.Answer {
	if m := c.tools.measures[measureKey{turn, way}]; m != nil {
		return m.answer
	}
	return nil
}

// inUse returns the level that reads the conversation.
func (c *Root) inUse() string {
	if c.level == "" && c.ready != nil {
		return c.ready.Level
	}
	return c.level
}

// levels returns those of the family, none where one encoder was published alone.
func (c *Root) levels() []message.Level {
	if c.ready == nil {
		return nil
	}
	return c.ready.Levels
}

// levelTitle returns a level's name for people.
func (c *Root) levelTitle(name string) string {
	for _, l := range c.levels() {
		if l.Name == name {
			return l.Title
		}
	}
	return name
}

// looked returns the index of the turn that the instruments show; -1 where none was
// answered.
func (c *Root) looked() int {
	if i := c.index(c.tools.turn); i >= 0 {
		return i
	}
	return c.dialogue.Len() - 1
}

// SetLevel makes another level read the whole conversation, immediately.
func (c *Root) SetLevel(name string) {
	if name == c.inUse() {
		return
	}
	c.level = name
	c.dialogue.AskAll()
	c.browser.Announce(c.levelTitle(name) + ": reading the conversation again.")
	c.changed()
}

// OpenTool opens an instrument under the conversation, or closes it.
func (c *Root) OpenTool(name string) {
	if c.tools.open == name {
		name = ""
	}
	c.tools.open = name
	c.tend()
}

// LookAt makes the instruments show a turn, by its index.
func (c *Root) LookAt(i int) {
	if i < 0 || i >= c.dialogue.Len() || i == c.looked() {
		return
	}
	c.tools.turn = c.dialogue.Turns()[i].ID
	if i == c.dialogue.Len()-1 {
		c.tools.turn = 0 // and follows the newest turn
	}
	c.tend()
}

// Tools is the row of instruments under the conversation.
type Tools struct{ Root *Root }

// ToolsShown reports whether there is an answer for the instruments to show.
func (c *Root) ToolsShown() bool {
	return c.dialogue.Len() > 0 && c.dialogue.Turns()[0].Answer != nil
}

func (c *Tools) HasLevels() bool       { return len(c.Root.levels()) > 1 }
func (c *Tools) Open(name string) bool { return c.Root.tools.open == name }

// TurnPicker chooses the turn that the instruments show.
type TurnPicker struct{ Root *Root }

func (c *TurnPicker) Turns() []PickView {
	turns := c.Root.dialogue.Turns()
	first := max(0, len(turns)-chartTurns)
	var views []PickView
	for i := first; i < len(turns); i++ {
		q, _ := dialogue.Clip(turns[i].Question, 80)
		views = append(views, PickView{i, strconv.Itoa(i + 1), q, i == c.Root.looked(), "number " + hue(i)})
	}
	return views
}

// Question returns that turn's question.
func (c *TurnPicker) Question() string {
	if i := c.Root.looked(); i >= 0 {
		q, _ := dialogue.Clip(c.Root.dialogue.Turns()[i].Question, 160)
		return q
	}
	return ""
}

// A PickView is one turn to choose.
type PickView struct {
	I           int
	N, Question string
	Chosen      bool
	Class       string
}
