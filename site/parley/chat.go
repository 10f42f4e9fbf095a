package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"parley/shared/answer"
	"parley/shared/durable"
	"parley/shared/link"
	"parley/shared/message"
	"parley/shared/transcript"
)

const chatHelp = `  A line is a question. These are not:
  :pick N   take result N as the reply that the next question builds on
  :alone    ask the last question again, read without what was said before
  :together ask it again, read with it
  :stage S  ask it again, and all that follow, by these stages: sparse, dense, both, or
            auto, which is both unless the sparse one is sure
  :terms    show the whole vector of the last question
  :undo     take the last question back
  :new      begin a new conversation
  :link     show the end of a link to the conversation, to put behind the page's address
  :save F   save it in file F: Markdown (.md), TREC topics (.topics.json) or JSON
  :help     show this
  :quit     end (so does ctrl-D)
`

// shownTerms is how many terms of a vector stand under a reply.
const shownTerms = 12

func runChat(ctx context.Context, s streams, l *line) error {
	var from sources
	from.flags(l)
	k := l.Int("k", 5, "show this `many` results")
	address := l.String("link", "", "ask the questions of a shared `address` first, as the page's Share gives it")
	args, err := l.parse()
	if err != nil {
		return err
	}
	var shared link.Conversation
	if *address != "" {
		if shared, err = link.Open(*address); err != nil {
			return usageError{err}
		}
	}
	if len(args) > 0 {
		return usagef("%q: questions are typed, or come from a pipe; `parley search` takes one as argument", args[0])
	}
	if *k < 1 {
		return usagef("-k %d: wanted a positive number", *k)
	}
	if err := from.check(); err != nil {
		return err
	}
	stage := from.stage
	if stage == message.StageSparse {
		from.stage = "" // :stage may want the other later
	}
	e, absent, err := openEngine(from, s.err)
	if err != nil {
		return err
	}
	in, restore := prompter(s)
	defer restore()
	c := &chat{e: e, k: *k, stage: stage, absent: absent, page: page{w: in.out, width: width(s.out), style: styleOf(s.out), dense: e.Dense}}
	if in.prompts {
		about := e.Passages.About()
		fmt.Fprintf(in.out, "%s, %s passages. Ask; :help shows what else there is.\n\n", printable(about.Title), thousands(e.Passages.Len()))
	}
	for _, t := range shared.Turns {
		fmt.Fprintf(in.out, "? %s\n", printable(t.Question))
		c.ask(t.Question, t.Read)
		c.choose(t.Chosen)
	}
	// Reading cannot be interrupted; on a signal the command ends without it.
	type text struct {
		line string
		err  error
	}
	lines := make(chan text)
	ready := make(chan struct{}, 1)
	go func() {
		for range ready {
			line, err := in.read()
			lines <- text{line, err}
		}
	}()
	for {
		ready <- struct{}{}
		select {
		case <-ctx.Done():
			fmt.Fprintln(in.out)
			return nil
		case t := <-lines:
			if !in.prompts && strings.TrimSpace(t.line) != "" {
				fmt.Fprintf(in.out, "? %s\n", printable(t.line))
			}
			if strings.TrimSpace(t.line) != "" && c.line(t.line) {
				return nil
			}
			if errors.Is(t.err, io.EOF) {
				return nil
			}
			if t.err != nil {
				return t.err
			}
		}
	}
}

// An input reads lines: on a terminal with editing and history.
type input struct {
	read    func() (string, error)
	out     io.Writer
	prompts bool
}

// prompter makes the input; restore gives the terminal back as it was.
func prompter(s streams) (in input, restore func()) {
	restore = func() {}
	if f, ok := s.in.(*os.File); ok && isTerminal(s.in) && isTerminal(s.out) {
		if was, err := term.MakeRaw(int(f.Fd())); err == nil {
			t := term.NewTerminal(struct {
				io.Reader
				io.Writer
			}{s.in, s.out}, "> ")
			if w := width(s.out); w > 0 {
				t.SetSize(w, 24)
			}
			return input{t.ReadLine, t, true}, func() { term.Restore(int(f.Fd()), was) }
		}
	}
	r := bufio.NewReader(s.in)
	return input{func() (string, error) {
		line, err := r.ReadString('\n')
		return strings.TrimRight(line, "\r\n"), err
	}, s.out, false}, restore
}

// A turn of the chat: the question, how it was to be read (Ask.Read of shared/message),
// what was found, and which result is the reply, -1 where none is.
type turn struct {
	question string
	read     string
	answer   message.Answer
	pick     int
}

type chat struct {
	e      *answer.Engine
	k      int
	stage  string // of message.Ask
	absent error  // why there is no dense stage; nil where there is one
	page   page
	turns  []turn
}

// line takes one line, and reports whether it ends the chat.
func (c *chat) line(s string) (quit bool) {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, ":") {
		c.ask(s, "")
		return false
	}
	name, arg, _ := strings.Cut(s, " ")
	w := c.page.w
	switch name {
	case ":quit", ":q", ":exit":
		return true
	case ":help", ":h", ":?":
		fmt.Fprint(w, chatHelp)
	case ":new":
		c.turns = nil
		fmt.Fprintln(w, "  A new conversation.")
	case ":undo":
		if len(c.turns) == 0 {
			fmt.Fprintln(w, "  There is nothing to take back.")
			break
		}
		last := len(c.turns) - 1
		fmt.Fprintf(w, "  Taken back: %s\n", printable(c.turns[last].question))
		c.turns = c.turns[:last]
	case ":terms":
		if len(c.turns) == 0 {
			fmt.Fprintln(w, "  There is no question yet.")
			break
		}
		c.terms(c.turns[len(c.turns)-1].answer, len(c.turns[len(c.turns)-1].answer.Terms))
	case ":alone", ":together":
		if c.again(strings.TrimPrefix(name, ":")) {
			return false
		}
	case ":stage":
		if c.byStage(strings.TrimSpace(arg)) {
			return false
		}
	case ":pick":
		c.pick(arg)
	case ":link":
		c.link()
	case ":save":
		c.save(strings.TrimSpace(arg))
	default:
		fmt.Fprintf(w, "  There is no %s; :help shows what there is.\n", printable(name))
	}
	fmt.Fprintln(w)
	return false
}

func (c *chat) pick(arg string) {
	w := c.page.w
	if len(c.turns) == 0 {
		fmt.Fprintln(w, "  There is no question yet.")
		return
	}
	t := &c.turns[len(c.turns)-1]
	n, err := strconv.Atoi(strings.TrimSpace(arg))
	if err != nil || n < 1 || n > len(t.answer.Results) {
		fmt.Fprintf(w, "  :pick takes the number of a result, 1 to %d.\n", len(t.answer.Results))
		return
	}
	t.pick = n - 1
	c.page.reply(t.answer, t.pick)
}

// choose takes the result of an id as the last question's reply, where it is found.
func (c *chat) choose(id string) {
	if len(c.turns) == 0 {
		return
	}
	t := &c.turns[len(c.turns)-1]
	for i, r := range t.answer.Results {
		if r.ID == id && i != t.pick {
			t.pick = i
			c.page.reply(t.answer, i)
		}
	}
}

// link shows the fragment that holds the conversation.
func (c *chat) link() {
	shared := link.Conversation{Collection: c.e.Passages.About().Title, Level: c.e.Encoder.Name}
	for _, t := range c.turns {
		u := link.Turn{Question: t.question, Read: t.read}
		if t.pick != proposed(t.answer) {
			u.Chosen = t.answer.Results[t.pick].ID
		}
		shared.Turns = append(shared.Turns, u)
	}
	fragment, err := shared.Fragment()
	if err != nil {
		fmt.Fprintf(c.page.w, "  %s\n", printable(err.Error()))
		return
	}
	fmt.Fprintf(c.page.w, "  #%s\n", fragment)
}

// save writes the conversation into a file, in the form that its ending names.
func (c *chat) save(name string) {
	w := c.page.w
	if name == "" || len(c.turns) == 0 {
		fmt.Fprintln(w, "  :save takes the name of a file, once there is a question.")
		return
	}
	form := transcript.JSON
	for _, f := range transcript.Forms {
		if strings.HasSuffix(name, f.Ending()) {
			form = f
		}
	}
	saved := transcript.Conversation{Collection: c.e.Passages.About().Title, Encoder: c.e.Encoder.Name}
	for _, t := range c.turns {
		u := transcript.Turn{Question: t.question, Reply: quotation(t.answer, t.pick), Read: t.read}
		if t.pick >= 0 {
			r := t.answer.Results[t.pick]
			u.ID, u.Title, u.URL, u.Chosen = r.ID, r.Title, r.URL, t.pick != proposed(t.answer)
		} else {
			u.Doubt = t.answer.Doubt
		}
		saved.Turns = append(saved.Turns, u)
	}
	content, err := transcript.Write(saved, form)
	if err == nil {
		err = durable.WriteFile(name, content)
	}
	if err != nil {
		fmt.Fprintf(w, "  not saved: %s\n", printable(err.Error()))
		return
	}
	fmt.Fprintf(w, "  Saved in %s.\n", printable(name))
}

// again asks the last question another way; it reports whether there was one to ask.
func (c *chat) again(read string) bool {
	n := len(c.turns) - 1
	if n < 1 {
		fmt.Fprintln(c.page.w, "  There is no question with anything said before it.")
		return false
	}
	last := c.turns[n]
	c.turns = c.turns[:n]
	if !c.ask(last.question, read) {
		c.turns = append(c.turns, last)
	}
	return true
}

// byStage asks the last question again by other stages, and all that follow; it reports
// whether there was a question to ask.
func (c *chat) byStage(stage string) bool {
	w, was := c.page.w, c.stage
	switch stage {
	case message.StageSparse:
	case message.StageDense, message.StageBoth:
		if c.absent != nil {
			fmt.Fprintln(w, wrap("There is no dense stage: "+printable(c.absent.Error()), "  ", c.page.width))
			return false
		}
	case "auto":
		stage = ""
	default:
		fmt.Fprintf(w, "  :stage takes sparse, dense, both or auto; it is %s.\n", cmp.Or(c.stage, "auto"))
		return false
	}
	c.stage = stage
	n := len(c.turns) - 1
	if n < 0 {
		fmt.Fprintf(w, "  The stage is %s.\n", cmp.Or(stage, "auto"))
		return false
	}
	last := c.turns[n]
	c.turns = c.turns[:n]
	if !c.ask(last.question, last.read) {
		c.turns, c.stage = append(c.turns, last), was
	}
	return true
}

// ask reports whether the question was answered.
func (c *chat) ask(question, read string) bool {
	a, err := c.e.Ask(c.next(question, read))
	if err != nil {
		fmt.Fprintf(c.page.w, "  %s\n\n", printable(err.Error()))
		return false
	}
	c.show(question, read, a)
	return true
}

// next asks a question after those before it.
func (c *chat) next(question, read string) message.Ask {
	ask := message.Ask{K: c.k, Read: read, Stage: c.stage}
	for _, t := range c.turns {
		ask.Turns = append(ask.Turns, message.Turn{Question: t.question, Reply: quotation(t.answer, t.pick)})
	}
	ask.Turns = append(ask.Turns, message.Turn{Question: question})
	return ask
}

// show takes the answer as the newest turn's, and shows it.
func (c *chat) show(question, read string, a message.Answer) {
	quoted := map[uint32]bool{}
	for _, t := range c.turns {
		if t.pick >= 0 {
			quoted[t.answer.Results[t.pick].Doc] = true
		}
	}
	c.turns = append(c.turns, turn{question: question, read: read, answer: a, pick: proposed(a)})
	fmt.Fprintln(c.page.w)
	c.page.spelling(a)
	c.page.reply(a, proposed(a))
	if a.Doubt != "" {
		c.page.nearest(a)
	} else {
		c.page.results(a, proposed(a), quoted)
	}
	c.terms(a, shownTerms)
	c.page.cost(a)
	fmt.Fprintln(c.page.w)
}

// terms shows the heaviest terms of the vector: how heavy, and which turn lit them. What
// stands nowhere in the conversation has a plus. Exact words stand in quotation marks, by
// themselves: their weights are of another scale.
func (c *chat) terms(a message.Answer, most int) {
	var learned, exact []message.Term
	for _, t := range a.Terms {
		if t.Word {
			exact = append(exact, t)
		} else {
			learned = append(learned, t)
		}
	}
	left := max(len(learned)-most, 0) + max(len(exact)-most, 0)
	learned, exact = learned[:min(most, len(learned))], exact[:min(most, len(exact))]
	wide := 0
	for _, t := range slices.Concat(learned, exact) {
		wide = max(wide, utf8.RuneCountInString(termText(t)))
	}
	if len(learned) > 0 {
		c.bars(learned, "#", learned[0].Weight, wide)
	}
	if len(exact) > 0 {
		full := max(exact[0].Weight, 1)
		fmt.Fprintf(c.page.w, "  %s\n", c.page.style.dim(fmt.Sprintf("exact words, on a scale of their own: a full bar is %.2f", full)))
		c.bars(exact, "=", full, wide)
	}
	if left > 0 {
		fmt.Fprintf(c.page.w, "  %s\n", c.page.style.dim(fmt.Sprintf("and %d lighter ones (:terms)", left)))
	}
}

// bars shows terms of one kind; a full bar stands for the weight full.
func (c *chat) bars(terms []message.Term, cell string, full float32, wide int) {
	const cells = 24
	for _, t := range terms {
		text := termText(t)
		bar := strings.Repeat(cell, max(1, int(cells*t.Weight/full+0.5)))
		from := "marker"
		if t.Turn >= 0 {
			from = fmt.Sprintf("turn %d", t.Turn+1)
			if t.Reply {
				from += ", reply"
			}
		}
		fmt.Fprintf(c.page.w, "  %s%s  %5.2f  %s  %s\n", text, strings.Repeat(" ", wide-utf8.RuneCountInString(text)), t.Weight,
			c.page.style.turn(t.Turn, bar+strings.Repeat(" ", cells-len(bar))), c.page.style.dim(from))
	}
}

// termText is a term with the sign of its kind.
func termText(t message.Term) string {
	switch {
	case t.Word:
		return ` "` + printable(t.Text) + `"`
	case t.Typed:
		return " " + printable(t.Text)
	}
	return "+" + printable(t.Text)
}
