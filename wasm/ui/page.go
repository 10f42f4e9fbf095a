package main

import (
	"strconv"

	"github.com/vugu/vugu"

	"parley/shared/dialogue"
	"parley/shared/message"
	"parley/shared/wire"
)

const (
	results      = 10 // results of an answer
	firstResults = 3  // results shown at first
	firstTerms   = 24 // terms shown at first
	// A render visits every turn shown, so a long conversation shows only its newest
	// turns, and reveals this many older ones at a time.
	turnsShown = 12
)

// Root is the page's state and its outermost component.
type Root struct {
	browser  Browser
	dialogue dialogue.Dialogue
	ready    *message.Ready
	open     map[int]*opened // by turn ID
	shown    int             // number of newest turns that are shown
	editing  int             // ID of the turn being edited, 0 for none
	undo     *undo
	play     *play
	level    string             // the family's level that reads the conversation; "" is the default
	dense    bool               // the second, dense stage is loaded; better.js has its switch
	wanted   string             // level of a conversation that was opened before the levels are known
	tools    tools              // the instruments: see tools.go
	examples map[string]example // by question: see compare.go
	onShow   int                // ID of the turn that the tour or a presentation shows, 0 for none: see show.go
	noticed  [2]string          // the notice that is shown

	lastID  int
	waiting map[int]waiting // by message ID
	fresh   int             // ID of the turn just asked, to be announced by itself
	reread  int             // ID of the turn just asked to be read the other way, announced in the same way
	unseen  bool            // the last call changed nothing that is shown
}

// opened says which parts of a turn the reader has opened or closed.
type opened struct {
	vector, allTerms, allResults bool
	results                      *bool // nil: open only for the newest turn, unless that quotes nothing
}

type undo struct{ what, saved string }

// play is an example conversation that is being asked, turn by turn.
type play struct {
	questions []string
	at        int // number of questions asked
}

type waiting struct {
	ticket dialogue.Ticket
	from   int
}

// A Browser carries out the program's requests outside its own part of the document, in
// the order of the calls, after the next render. Elements are named by ID, and missing
// ones are ignored. boot.js implements most of it.
type Browser interface {
	Ask(id int, ask string)     // asks the worker, whose answer arrives at Message; ask is a message.Ask
	Save(conversation string)   // stores it for a reload; "" for none
	Announce(text string)       // to screen readers
	Say(text string)            // to everyone, under the question box
	Notice(text, button string) // above the question box, with a button unless button is ""; an empty text removes it
	Type(text string)           // into the question box, unless a visitor has typed there
	// Share passes the conversation to the panel that asked for it (share.go).
	Share(conversation, collection, level, rows string)
	Opened(collection string)                   // the collection in which an opened conversation was asked; "": not known
	Copy(text string)                           // to the clipboard
	ScrollTo(id string)                         //
	Focus(id string)                            //
	Edit(id, text string)                       // fills a field, selects its text and focuses it
	Fill(id, value string)                      // sets a field or slider
	Dial(rows string, looked int, level string) // hands the conversation to the dial (dial.go)
	Lens(rows string)                           // and to what links terms with words (lens.go)
	Compare(table string, looked int)           // hands what Compare shows to what saves it (compare.go)
	TickAfter(step int)                         // calls Tick with step after time for reading
}

// ShowNotice shows the notice, if it has changed. It comes before the other requests,
// since one of them may focus the notice's button.
func (c *Root) ShowNotice() {
	if text, action := c.notice(); [2]string{text, action} != c.noticed {
		c.noticed = [2]string{text, action}
		c.browser.Notice(text, action)
	}
}

// changed must follow every change to the conversation: it asks what is to be asked, and
// stores what a reload must not lose.
func (c *Root) changed() {
	c.pump()
	c.tend()
	saved := ""
	if c.dialogue.Len() > 0 {
		saved = c.dialogue.Link("", c.level).Text()
	}
	c.browser.Save(saved)
}

// pump asks the worker the next question, once the worker is ready. Only one question is
// under way at a time, since each needs the reply before it.
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
	c.changed() // also where nothing was saved
}

// New begins a new conversation; the old one can be brought back.
func (c *Root) New() {
	c.stop()
	c.onShow = 0
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

// Tick continues the example, unless it was stopped since step was due.
func (c *Root) Tick(step int) {
	if c.play != nil && c.play.at == step && c.dialogue.Pending() == 0 {
		c.playNext()
	}
}

// Act handles the notice's button: it stops the example, or undoes.
func (c *Root) Act() {
	if c.play == nil {
		c.Undo()
		return
	}
	c.stop()
	c.browser.Focus("q")
}

// stop stops the example at its current turn.
func (c *Root) stop() {
	if c.play != nil {
		c.play = nil
		c.browser.Type("")
	}
}

// afterAnswer continues an example that is being played.
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

// Message handles a message from the worker: "ready", "answer", "error" and the others
// below. boot.js itself shows the worker's progress and its failures to load.
func (c *Root) Message(op string, id int, body string) {
	c.unseen = false
	switch op {
	case "ready":
		r, err := wire.Ready(body)
		if err != nil {
			return
		}
		if c.ready != nil { // another collection: all answers are from the one before
			c.dialogue.AskAll()
		}
		c.ready, c.dense = r, false
		c.takeLevel()
		c.waiting = nil
		c.dialogue.AskAgain()
		c.tools.forget()
		c.pump()
		c.tend()
	case "grown": // old answers stay; new questions find more
		if r, err := wire.Ready(body); err == nil {
			c.ready = r
		}
	case "dense": // boot.js passes "on", or "" for any other state
		if on := body == "on"; on != c.dense {
			c.dense = on
			c.dialogue.AskAll()
			c.changed()
		}
	case "lost": // the worker has ended, and another one is starting
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
	}
}

func (c *Root) receive(w waiting, op, body string) {
	var f *message.Failure
	var err error
	if op == "answer" {
		var a *message.Answer
		if a, err = wire.Answer(body); err == nil {
			if i, ok := c.dialogue.Answer(w.ticket, w.from, a); ok {
				// When a long conversation is asked again, most turns are not shown; every
				// eighth render is enough to show the progress.
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

// announce tells a screen reader about an answer: about a new turn with its reply, and
// about turns that were asked again once, after the last of them.
func (c *Root) announce(i int) {
	t := c.dialogue.Turns()[i]
	switch {
	case t.ID == c.fresh:
		c.fresh = 0
		c.browser.Announce(spoken(&c.dialogue, i))
		c.browser.ScrollTo(turnID(t.ID))
	case t.ID == c.reread: // it stays in its place
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

func (c *Root) ToggleVector(id int)     { o := c.opened(id); o.vector = !o.vector; c.tend() }
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

// ShowEarlier shows older turns of a long conversation.
func (c *Root) ShowEarlier() {
	c.shown = max(c.shown, turnsShown) + turnsShown
}

// Edit opens an editor for the question of a turn.
func (c *Root) Edit(id int) {
	if i := c.index(id); i >= 0 {
		c.stop()
		c.editing = id
		c.browser.Edit(editorID(id), c.dialogue.Turns()[i].Question)
	}
}

// CancelEdit closes the editor without a change.
func (c *Root) CancelEdit() {
	c.browser.Focus(editButtonID(c.editing))
	c.editing = 0
}

// SaveEdit handles the submitted form of the editor.
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

// Delete removes a turn; Undo restores it.
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

// Undo restores what was deleted last.
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

// Choose makes a result the reply, on which the next turns build.
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
	if a := c.dialogue.Turns()[i].Answer; a.Alone || a.Completed {
		read = message.ReadTogether
	}
	if !c.dialogue.ReadAs(i, read) {
		return
	}
	c.stop()
	c.reread = id
	c.changed()
}

// Retry asks a failed turn again.
func (c *Root) Retry(id int) {
	c.dialogue.Retry(c.index(id))
	c.changed()
}
