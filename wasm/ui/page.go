package main

import (
	"strconv"

	"github.com/vugu/vugu"

	"parley/shared/dialogue"
	"parley/shared/message"
	"parley/shared/wire"
)

const (
	results      = 10 // asked for
	firstResults = 3  // shown at once
	firstTerms   = 24 // shown at once
	// A render visits every turn shown, so of a long conversation only the newest
	// are, and older ones this many at a time.
	turnsShown = 12
)

// Root is the page's state and its outermost component.
type Root struct {
	browser  Browser
	dialogue dialogue.Dialogue
	ready    *message.Ready
	open     map[int]*opened // by turn ID
	shown    int             // newest turns on view
	editing  int             // turn ID, 0 for none
	undo     *undo
	play     *play
	level    string             // of the family, that reads the conversation; "" is the default
	dense    bool               // the second, dense stage is loaded; better.js has its switch
	wanted   string             // level of a conversation that was opened before any is known
	tools    tools              // the instruments: see tools.go
	examples map[string]example // by question: see compare.go
	touring  string             // the tour's step; "" for none
	tourTo   string             // ID of what is to be scrolled to, once it is there
	noticed  [2]string          // the notice on view

	lastID  int
	waiting map[int]waiting // by message ID
	fresh   int             // ID of the turn just asked, to be announced by itself
	reread  int             // ID of the turn just asked to be read the other way, likewise
	unseen  bool            // what was handled last changes nothing on view
}

// opened is what of a turn the reader opened or closed.
type opened struct {
	vector, allTerms, allResults bool
	results                      *bool // nil: open for the newest turn alone, unless it quotes nothing
}

type undo struct{ what, saved string }

// play is an example conversation being asked, turn by turn.
type play struct {
	questions []string
	at        int // questions asked
}

type waiting struct {
	ticket dialogue.Ticket
	from   int
}

// A Browser does what the program wants done outside its own part of the document, in
// the order of the calls, once the next render is over. Elements are named by ID; one
// that is not there is passed over. boot.js has most of it.
type Browser interface {
	Ask(id int, ask string)     // the worker, which answers by Message; ask is a message.Ask
	Save(conversation string)   // for a reload; "" for none
	Announce(text string)       // to a screen reader
	Say(text string)            // to everyone, under the box
	Notice(text, button string) // above the question box, with a button or ""; "" takes it away
	Type(text string)           // into the question box, unless a visitor has typed there
	// Share hands what is to be shared to the panel that asked for it (share.go).
	Share(conversation, collection, level, rows string)
	Opened(collection string) // a conversation that was asked in a collection; "": not known
	Copy(text string)         // to the clipboard
	ScrollTo(id string)       //
	Focus(id string)          //
	Edit(id, text string)     // a field: fills it, selects its text and focuses it
	Fill(id, value string)    // a field or slider
	Check(id string)          // a radio button
	DropFragment()            // of the page's address
	TickAfter(step int)       // calls Tick with it when a reader has had time to read
}

// ShowNotice tells the browser the notice, if it has changed. It comes before all else
// that was wanted, some of which may focus the notice's button.
func (c *Root) ShowNotice() {
	if text, action := c.notice(); [2]string{text, action} != c.noticed {
		c.noticed = [2]string{text, action}
		c.browser.Notice(text, action)
	}
}

// changed follows every change to the conversation: ask what is to be asked,
// keep what a reload must not lose.
func (c *Root) changed() {
	c.pump()
	c.tend()
	saved := ""
	if c.dialogue.Len() > 0 {
		saved = c.dialogue.Link("", c.level).Text()
	}
	c.browser.Save(saved)
}

// pump asks the worker the next question, once it is ready. One is under way at
// a time: each needs the reply before it.
func (c *Root) pump() {
	if c.ready == nil {
		return
	}
	ticket, from, ask, ok := c.dialogue.Next(results)
	if !ok {
		return
	}
	c.lastID++
	if c.waiting == nil {
		c.waiting = map[int]waiting{}
	}
	c.waiting[c.lastID] = waiting{ticket, from}
	ask.Level = c.level
	c.browser.Ask(c.lastID, wire.EncodeAsk(&ask))
}

// Ask adds a question to the conversation.
func (c *Root) Ask(question string) {
	c.stop()
	c.ask(question)
}

func (c *Root) ask(question string) {
	if !c.dialogue.Ask(question) {
		return
	}
	c.undo, c.editing = nil, 0
	turns := c.dialogue.Turns()
	c.fresh = turns[len(turns)-1].ID
	c.browser.ScrollTo(turnID(c.fresh))
	c.changed()
}

// Restore continues a conversation that was saved before a reload.
func (c *Root) Restore(saved string) {
	if c.dialogue.Restore(saved) {
		_, c.wanted = dialogue.Origin(saved)
		c.takeLevel()
	}
	c.changed() // if only to say that nothing was there
}

// New begins a new conversation; the old one can be brought back.
func (c *Root) New() {
	c.stop()
	if c.touring != "" {
		c.EndTour()
	}
	if c.dialogue.Len() > 0 {
		c.undo = &undo{"The conversation was cleared.", c.dialogue.Save()}
	}
	c.dialogue.Clear()
	c.open, c.editing, c.shown = nil, 0, 0
	c.browser.Focus("q")
	c.browser.Announce("New conversation.")
	c.changed()
}

// Play asks the questions one after another, each when the one before has its reply.
func (c *Root) Play(questions []string) {
	c.stop()
	if len(questions) == 0 {
		return
	}
	c.dialogue.Clear()
	c.open = nil
	c.play = &play{questions: questions}
	c.playNext()
	c.browser.Focus("status-button") // the example's own button is gone
}

func (c *Root) playNext() {
	q := c.play.questions[c.play.at]
	c.play.at++
	c.browser.Type("")
	c.ask(q)
}

// Tick goes on with the example, if it has not been stopped since step was due.
func (c *Root) Tick(step int) {
	if c.play != nil && c.play.at == step && c.dialogue.Pending() == 0 {
		c.playNext()
	}
}

// Act is the notice's button: stop the example, or undo.
func (c *Root) Act() {
	if c.play == nil {
		c.Undo()
		return
	}
	c.stop()
	c.browser.Focus("q")
}

// stop leaves the example where it is.
func (c *Root) stop() {
	if c.play != nil {
		c.play = nil
		c.browser.Type("")
	}
}

// afterAnswer goes on with an example that is being played.
func (c *Root) afterAnswer() {
	p := c.play
	switch {
	case p == nil || c.dialogue.Pending() > 0:
	case p.at < len(p.questions):
		c.browser.Type(p.questions[p.at])
		c.browser.TickAfter(p.at)
	default:
		c.play = nil
	}
}

// Message takes what the worker says. boot.js shows its progress and failures to
// load; here arrive "ready", "answer" and "error".
func (c *Root) Message(op string, id int, body string) {
	c.unseen = false
	switch op {
	case "ready":
		r, err := wire.Ready(body)
		if err != nil {
			return
		}
		if c.ready != nil { // another collection: every answer was found in the one before
			c.dialogue.AskAll()
		}
		c.ready, c.dense = r, false
		c.takeLevel()
		c.waiting = nil
		c.dialogue.AskAgain()
		c.tools.forget()
		c.pump()
		c.tend()
	case "grown": // what was answered stays; new questions find more
		if r, err := wire.Ready(body); err == nil {
			c.ready = r
		}
	case "dense": // boot.js makes "on" of its state, or ""
		if on := body == "on"; on != c.dense {
			c.dense = on
			c.dialogue.AskAll()
			c.changed()
		}
	case "lost": // the worker is gone, and another one is being started
		c.ready = nil
	case "answer", "error":
		if c.probed(id, op, body) {
			c.tend()
			return
		}
		w, ok := c.waiting[id]
		if !ok {
			return
		}
		delete(c.waiting, id)
		c.receive(w, op, body)
		c.pump()
		c.tend()
		c.arrive()
	}
}

func (c *Root) receive(w waiting, op, body string) {
	var f *message.Failure
	var err error
	if op == "answer" {
		var a *message.Answer
		if a, err = wire.Answer(body); err == nil {
			if i, ok := c.dialogue.Answer(w.ticket, w.from, a); ok {
				// Of a long conversation asked again, most turns are not on view;
				// every eighth render is enough to see how far it has come.
				c.unseen = i < c.Hidden() && i%8 != 0
				c.announce(i)
				c.afterAnswer()
			}
			return
		}
	} else {
		f, err = wire.Failure(body)
	}
	if err != nil {
		f = &message.Failure{Stage: "ask", Message: "the worker's reply could not be read: " + err.Error()}
	}
	if i, ok := c.dialogue.Fail(w.ticket, f); ok {
		c.stop()
		c.browser.Announce("Turn " + strconv.Itoa(i+1) + " failed: " + f.Message)
	}
}

// announce tells a screen reader of an answer: of a new turn by its reply, of
// turns asked again once, when the last has come.
func (c *Root) announce(i int) {
	t := c.dialogue.Turns()[i]
	switch {
	case t.ID == c.fresh:
		c.fresh = 0
		c.browser.Announce(spoken(&c.dialogue, i))
		c.browser.ScrollTo(turnID(t.ID))
	case t.ID == c.reread: // where it stands, it stays
		c.reread = 0
		c.browser.Announce(spoken(&c.dialogue, i))
	case c.dialogue.Pending() == 0:
		c.browser.Announce("Answers are up to date.")
	}
}

// The reader's actions on a turn; id is the turn's ID.

func (c *Root) index(id int) int {
	for i, t := range c.dialogue.Turns() {
		if t.ID == id {
			return i
		}
	}
	return -1
}

func (c *Root) opened(id int) *opened {
	if c.open == nil {
		c.open = map[int]*opened{}
	}
	if c.open[id] == nil {
		c.open[id] = &opened{}
	}
	return c.open[id]
}

func (c *Root) ToggleVector(id int)     { o := c.opened(id); o.vector = !o.vector }
func (c *Root) ToggleTerms(id int)      { o := c.opened(id); o.allTerms = !o.allTerms }
func (c *Root) ToggleAllResults(id int) { o := c.opened(id); o.allResults = !o.allResults }

func (c *Root) ToggleResults(id int) {
	open := !c.resultsOpen(id)
	c.opened(id).results = &open
}

func (c *Root) resultsOpen(id int) bool {
	if o := c.open[id]; o != nil && o.results != nil {
		return *o.results
	}
	turns := c.dialogue.Turns()
	last := turns[len(turns)-1]
	return last.ID == id && last.Doubt() == ""
}

// ShowEarlier brings older turns of a long conversation on view.
func (c *Root) ShowEarlier() {
	c.shown = max(c.shown, turnsShown) + turnsShown
}

// Edit opens the question of a turn for editing.
func (c *Root) Edit(id int) {
	if i := c.index(id); i >= 0 {
		c.stop()
		c.editing = id
		c.browser.Edit(editorID(id), c.dialogue.Turns()[i].Question)
	}
}

// CancelEdit closes the editor and leaves the question as it was.
func (c *Root) CancelEdit() {
	c.browser.Focus(editButtonID(c.editing))
	c.editing = 0
}

// SaveEdit is the editor's form submitted.
func (c *Root) SaveEdit(event vugu.DOMEvent) {
	event.PreventDefault()
	c.saveEdit(event.JSEventTarget().Call("querySelector", "textarea").Get("value").String())
}

func (c *Root) saveEdit(question string) {
	if dialogue.Clean(question) == "" {
		c.browser.Announce("A question needs some words. To remove the turn, delete it.")
		return
	}
	i := c.index(c.editing)
	c.browser.Focus(editButtonID(c.editing))
	c.editing = 0
	if c.dialogue.Edit(i, question) {
		c.undo = nil
		c.browser.Announce("Turn " + strconv.Itoa(i+1) + " changed; asking again from there.")
		c.changed()
	}
}

// Delete removes a turn; it can be brought back.
func (c *Root) Delete(id int) {
	i := c.index(id)
	if i < 0 {
		return
	}
	c.stop()
	c.undo = &undo{"Turn " + strconv.Itoa(i+1) + " was deleted.", c.dialogue.Save()}
	c.dialogue.Delete(i)
	delete(c.open, id)
	c.editing = 0
	c.browser.Focus("status-button")
	c.browser.Announce(c.undo.what)
	c.changed()
}

// Undo brings back what was deleted last.
func (c *Root) Undo() {
	if c.undo == nil {
		return
	}
	saved := c.undo.saved
	c.undo = nil
	c.open = nil
	c.dialogue.Restore(saved)
	c.browser.Focus("q")
	c.browser.Announce("Brought back.")
	c.changed()
}

// Choose makes a result the reply that the next turns build on.
func (c *Root) Choose(id int, result string) {
	i := c.index(id)
	if i < 0 || !c.dialogue.Choose(i, result) {
		return
	}
	c.stop()
	c.browser.Announce("The reply to turn " + strconv.Itoa(i+1) + " is now from " + c.dialogue.Reply(i).Title + ".")
	c.changed()
}

// Reread asks a turn again the other way: without what was said before it, or with it.
func (c *Root) Reread(id int) {
	i := c.index(id)
	if i < 0 || c.dialogue.Turns()[i].Answer == nil {
		return
	}
	read := message.ReadAlone
	if c.dialogue.Turns()[i].Answer.Alone {
		read = message.ReadTogether
	}
	if !c.dialogue.ReadAs(i, read) {
		return
	}
	c.stop()
	c.reread = id
	c.changed()
}

// Retry asks a turn again that failed.
func (c *Root) Retry(id int) {
	c.dialogue.Retry(c.index(id))
	c.changed()
}
