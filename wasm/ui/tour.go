package main

import (
	"slices"
	"strconv"
)

// The tour is a few questions about sparse retrieval, each answered on the real page: a
// step asks a conversation and opens the instrument that shows the answer. The address of
// a step is #tour=NAME.

// A step of the tour.
type step struct {
	name, title string
	text        []string // paragraphs
	words       string   // one more paragraph, shown where exact words are searched for
	questions   []string
	open        string // "vector", or an instrument: dial, compare
}

var (
	tower = []string{"How tall is the Eiffel Tower?", "who designed it?"} // index.html offers it, with its rewrites
	// From a conversation of our test split (test-09-01); index.html offers it too,
	// without the last question.
	poets = []string{
		"who is the greatest russian poet, by most people opinion?",
		"After he died, who was most important?",
		"and which playwright called medicine his wife?",
		"His friend who wrote about him in memoirs, was he winning Nobel prize?",
		"so who got it as the first from Russia",
	}
)

var tour = []step{
	{"sparse-vector", "What is a sparse vector?", []string{
		"The encoder has given every one of 30,522 pieces of words a weight for this question. Nearly all are zero; the bars are the ones that are not.",
		"Solid bars stand for what you typed. Dashed ones were added: the encoder has learned that they belong. A passage has such a vector too, and its score is the sum, over the terms both have, of one weight times the other.",
	}, "Words in quotation marks count as well, each by its spelling: a rare name has no piece of its own.", tower[:1], "vector"},
	{"follow-ups", "Why do follow-ups fail?", []string{
		"“who designed it?” says nothing of a tower. Read alone, it finds whatever was designed by someone: see the first column.",
		"The same question rewritten to stand alone finds the tower, but someone has to rewrite it. Reading the whole conversation needs no rewriting.",
	}, "", tower, "compare"},
	{"distillation", "What did distillation change?", []string{
		"An encoder of single questions takes a conversation for one long question: terms of every turn light up, asked about or not.",
		"The distilled one was shown conversations, and learned to rank passages as that encoder ranks them for the rewrite. Compare the rank of the answer in each column, and which results moved.",
	}, "", poets[:4], "compare"},
	{"regulariser", "What does the regulariser remove?", []string{
		"Training can make every lit term cost something. Then the terms that help least go dark: each level to the right was trained at a higher price, or keeps fewer of its heaviest terms.",
		"Turn the dial, and the whole conversation is read again. Which terms went? Did the first results?",
	}, "", poets[:4], "dial"},
	{"cost", "What does it cost?", []string{
		"A search touches every posting of every lit term. FLOPS is that cost spread over the collection: how many products a question takes for an average passage.",
		"The longer the conversation, the more there is to light. Point at the charts, or choose a turn by its number.",
	}, "", poets, "dial"},
}

// steps returns the steps that this page can show: without levels there is no dial.
func (c *Root) steps() []step {
	if len(c.levels()) > 1 || c.ready == nil {
		return tour
	}
	return slices.DeleteFunc(slices.Clone(tour), func(s step) bool { return s.open == "dial" })
}

// Tour goes to the step of that name.
func (c *Root) Tour(name string) {
	i := slices.IndexFunc(c.steps(), func(s step) bool { return s.name == name })
	if i < 0 {
		return
	}
	s := c.steps()[i]
	c.stop()
	c.touring = name
	var asked []string
	for _, t := range c.dialogue.Turns() {
		asked = append(asked, t.Question)
	}
	if !slices.Equal(asked, s.questions) {
		if len(asked) > 0 && !c.ofTour(asked) {
			c.undo = &undo{"The tour has a conversation of its own.", c.dialogue.Save()}
		}
		c.dialogue.Clear()
		c.open, c.editing, c.shown = nil, 0, 0
		for _, q := range s.questions {
			c.dialogue.Ask(q)
		}
	}
	turns := c.dialogue.Turns()
	last := turns[len(turns)-1].ID
	c.tools.open, c.tools.turn = s.open, 0
	to := "instrument"
	closed := false
	c.opened(last).results = &closed // so that the instrument is in view
	c.opened(last).vector = s.open == "vector"
	if s.open == "vector" {
		c.tools.open, to = "", vectorID(last)
	}
	c.browser.Announce("Tour, step " + strconv.Itoa(i+1) + ": " + s.title)
	c.tourTo = to
	c.changed()
	c.arrive()
}

// ofTour reports whether these questions belong to a step, and so need not be kept.
func (c *Root) ofTour(asked []string) bool {
	return slices.ContainsFunc(tour, func(s step) bool { return slices.Equal(s.questions, asked) })
}

// arrive scrolls to what the step shows, once the conversation is answered.
func (c *Root) arrive() {
	if c.tourTo != "" && c.ready != nil && c.dialogue.Pending() == 0 {
		c.browser.ScrollTo(c.tourTo)
		c.tourTo = ""
	}
}

// EndTour ends the tour and changes nothing else.
func (c *Root) EndTour() {
	c.touring, c.tourTo = "", ""
	c.browser.DropFragment()
	c.browser.Focus("q")
}

// TourCard shows the step's text.
type TourCard struct{ Root *Root }

func (c *TourCard) at() int {
	return max(0, slices.IndexFunc(c.Root.steps(), func(s step) bool { return s.name == c.Root.touring }))
}

func (c *TourCard) Title() string { return c.Root.steps()[c.at()].title }

func (c *TourCard) Text() []string {
	s := c.Root.steps()[c.at()]
	turns := c.Root.dialogue.Turns()
	if n := len(turns); s.words != "" && n > 0 && turns[n-1].Answer != nil {
		if _, exact := split(turns[n-1].Answer.Terms); len(exact) > 0 {
			return append(slices.Clip(s.text), s.words)
		}
	}
	return s.text
}

func (c *TourCard) Count() string {
	return "Tour, " + strconv.Itoa(c.at()+1) + " of " + strconv.Itoa(len(c.Root.steps()))
}

// Back and Next return the addresses of the neighbouring steps, "" at the ends.
func (c *TourCard) Back() string { return c.address(c.at() - 1) }
func (c *TourCard) Next() string { return c.address(c.at() + 1) }

func (c *TourCard) address(i int) string {
	if s := c.Root.steps(); i >= 0 && i < len(s) {
		return "#tour=" + s[i].name
	}
	return ""
}
