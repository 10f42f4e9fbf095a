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

	"parley/shared/cli"
	"parley/shared/dialogue"
	"parley/shared/documents"
	"parley/shared/durable"
	"parley/shared/link"
	"parley/shared/message"
	"parley/shared/opener"
	"parley/shared/transcript"
)

const chatHelp = `  A line is a question, unless it is one of these:
  :pick N   make result N the reply that the next question builds on
  :source N show the document of result N around its passage; without N, of the reply
  :alone    ask the last question again, read without what was said before
  :together ask it again, read with it
  :stage S  ask it, and all later questions, with these stages: sparse, dense, both, read
            (both, and the reader over the first results), or auto, which is all that are
            there unless the sparse one is sure
  :terms    show the whole vector of the last question
  :undo     take the last question back
  :new      begin a new conversation
  :link     show the end of a link to the conversation, to append to the page's address
  :save F   save it in file F: Markdown (.md), TREC topics (.topics.json) or JSON
  :help     show this
  :quit     end (so does ctrl-D)
`

// shownTerms is the number of a vector's terms that are shown under a reply.
const shownTerms = 12

func runChat(l *cli.Flags) cli.Run {
	var from sources
	from.flags(l)
	from.engineFlag(l)
	k := l.IntP("results", "k", 5, "show this `many` results")
	address := l.String("link", "", "ask the questions of a shared `address` first, as the page's Share shows it")
	file := l.String("open", "", "ask the questions of a `file` first: one that :save wrote (JSON, Markdown), or text with one question per line")
	return func(ctx context.Context, s cli.Streams, args []string) (err error) {
		var shared link.Conversation
		if *address != "" {
			if shared, err = link.Open(*address); err != nil {
				return cli.WrongUse(err)
			}
		}
		if *file != "" {
			if *address != "" {
				return cli.Usagef("--link and --open both name a conversation")
			}
			if shared, err = openConversation(*file); err != nil {
				return err
			}
		}
		if len(args) > 0 {
			return cli.Usagef("%q: questions are typed, or come from a pipe; `parley search` takes one as argument", args[0])
		}
		if *k < 1 {
			return cli.Usagef("-k %d: wanted a positive number", *k)
		}
		if err := from.check(); err != nil {
			return err
		}
		stage := from.stage
		if stage == message.StageSparse {
			from.stage = "" // :stage may ask for the dense stage later
		}
		e, err := openEngine(ctx, from, s.Err)
		if err != nil {
			return err
		}
		in, restore := prompter(s)
		defer restore()
		c := &chat{e: e, k: *k, stage: stage, absent: e.absent, unread: e.unread, page: page{w: in.out, width: cli.Width(s.Out), style: styleOf(s.Out), dense: e.Dense}}
		if in.prompts {
			about := e.collection.About()
			fmt.Fprintf(in.out, "%s, %s passages. Ask; :help shows what else there is.\n", printable(about.Title), thousands(e.Source.Lexicon().Docs()))
			c.suggest()
			fmt.Fprintln(in.out)
		}
		for _, t := range shared.Turns {
			fmt.Fprintf(in.out, "? %s\n", printable(t.Question))
			c.ask(t.Question, t.Read)
			c.choose(t.Chosen)
		}
		// Reading cannot be interrupted, so on a signal the command ends while it waits.
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
}

// openConversation reads the questions of a file, in the form of a link's conversation.
func openConversation(name string) (c link.Conversation, err error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return c, err
	}
	saved, err := transcript.Open(content, name)
	if err != nil {
		return c, err
	}
	return saved.Link(), nil
}

// An input reads lines, on a terminal with editing and history.
type input struct {
	read    func() (string, error)
	out     io.Writer
	prompts bool
}

// prompter returns the input; restore resets the terminal.
func prompter(s cli.Streams) (in input, restore func()) {
	restore = func() {}
	if f, ok := s.In.(*os.File); ok && isTerminal(s.In) && isTerminal(s.Out) {
		if was, err := term.MakeRaw(int(f.Fd())); err == nil {
			t := term.NewTerminal(struct {
				io.Reader
				io.Writer
			}{s.In, s.Out}, "> ")
			if w := cli.Width(s.Out); w > 0 {
				t.SetSize(w, 24)
			}
			return input{t.ReadLine, t, true}, func() { term.Restore(int(f.Fd()), was) }
		}
	}
	r := bufio.NewReader(s.In)
	return input{func() (string, error) {
		line, err := r.ReadString('\n')
		return strings.TrimRight(line, "\r\n"), err
	}, s.Out, false}, restore
}

type chat struct {
	e      *asked
	k      int
	stage  string // a value of message.Ask.Stage
	absent error  // why there is no dense stage; nil where there is one
	unread error  // why there is no reader; nil where there is one
	page   page
	said   dialogue.Dialogue
}

// line handles one line, and reports whether it ends the chat.
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
		c.said.Clear()
		fmt.Fprintln(w, "  A new conversation.")
		c.suggest()
	case ":undo":
		last := c.last()
		if last == nil {
			fmt.Fprintln(w, "  There is nothing to take back.")
			break
		}
		fmt.Fprintf(w, "  Taken back: %s\n", printable(last.Question))
		c.said.Delete(c.said.Len() - 1)
	case ":terms":
		last := c.last()
		if last == nil {
			fmt.Fprintln(w, "  There is no question yet.")
			break
		}
		c.terms(last.Answer, len(last.Answer.Terms))
	case ":alone", ":together":
		if c.again(strings.TrimPrefix(name, ":")) {
			return false
		}
	case ":stage":
		if c.byStage(strings.TrimSpace(arg)) {
			return false
		}
	case ":pick":
		c.pick(strings.TrimSpace(arg))
	case ":source":
		c.source(strings.TrimSpace(arg))
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

// suggest prints first questions, made of the collection's titles.
func (c *chat) suggest() {
	for i, q := range opener.Questions(c.e.collection, 3) {
		lead := "  For example: "
		if i > 0 {
			lead = "               "
		}
		fmt.Fprintln(c.page.w, c.page.style.dim(lead+printable(q)))
	}
}

// last returns the newest turn, nil before the first.
func (c *chat) last() *dialogue.Turn {
	turns := c.said.Turns()
	if len(turns) == 0 {
		return nil
	}
	return turns[len(turns)-1]
}

// source prints the passage of a result between those before and after it in its document.
func (c *chat) source(arg string) {
	w := c.page.w
	last := c.last()
	if last == nil || len(last.Answer.Results) == 0 {
		fmt.Fprintln(w, "  There is no result yet.")
		return
	}
	r := c.said.Reply(c.said.Len() - 1)
	if r == nil {
		r = &last.Answer.Results[0]
	}
	if arg != "" {
		if r = c.result(":source", arg); r == nil {
			return
		}
	}
	src, ok := documents.Source{Title: r.Title, Place: r.ID, Parts: []documents.Part{{Text: r.Text}}}, true
	if c.e.Passages != nil { // a search engine gives single passages
		src, ok = documents.SourceOf(c.e.Passages, r.ID)
	}
	if !ok {
		fmt.Fprintln(w, "  The collection no longer has that passage.")
		return
	}
	heading := c.page.style.bold(printable(cmp.Or(src.Title, src.Place)))
	if at := place(r); at != "" {
		heading += "  " + c.page.style.dim(at)
	}
	fmt.Fprintf(w, "  %s\n", heading)
	for i := max(src.At-1, 0); i < min(src.At+2, len(src.Parts)); i++ {
		part := src.Parts[i]
		lead := fmt.Sprintf("passage %d of %d", i+1, len(src.Parts))
		if part.Heading != "" {
			lead += ": " + printable(part.Heading)
		}
		fmt.Fprintf(w, "\n  %s\n", c.page.style.dim(lead))
		mark := "  "
		if i == src.At {
			mark = "> "
		}
		for _, line := range strings.Split(part.Text, "\n") {
			if line = printable(line); line != "" {
				fmt.Fprintln(w, wrap(line, "  "+mark, c.page.width))
			}
		}
	}
}

func (c *chat) pick(arg string) {
	w := c.page.w
	last := c.last()
	if last == nil {
		fmt.Fprintln(w, "  There is no question yet.")
		return
	}
	r := c.result(":pick", arg)
	if r == nil {
		return
	}
	c.said.Choose(c.said.Len()-1, r.ID)
	c.page.reply(last.Answer, r)
}

// result returns the newest turn's result of that number. Where there is none, it says
// what the command takes, and returns nil.
func (c *chat) result(command, number string) *message.Result {
	results := c.last().Answer.Results
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(results) {
		fmt.Fprintf(c.page.w, "  %s takes the number of a result, 1 to %d.\n", command, len(results))
		return nil
	}
	return &results[n-1]
}

// choose makes the result of that id the last question's reply, if it was found.
func (c *chat) choose(id string) {
	if i := c.said.Len() - 1; c.said.Choose(i, id) {
		c.page.reply(c.last().Answer, c.said.Reply(i))
	}
}

// link prints the fragment of a link to the conversation.
func (c *chat) link() {
	shared := c.said.Link(c.e.collection.About().Title, c.e.Encoder.Name)
	fragment, err := shared.Fragment()
	if err != nil {
		fmt.Fprintf(c.page.w, "  %s\n", printable(err.Error()))
		return
	}
	fmt.Fprintf(c.page.w, "  #%s\n", fragment)
}

// save writes the conversation to a file, in the form that the file name's extension
// names.
func (c *chat) save(name string) {
	w := c.page.w
	if name == "" || c.said.Len() == 0 {
		fmt.Fprintln(w, "  :save takes the name of a file, once there is a question.")
		return
	}
	form := transcript.JSON
	for _, f := range transcript.Forms {
		if strings.HasSuffix(name, f.Ending()) {
			form = f
		}
	}
	saved := transcript.Conversation{Collection: c.e.collection.About().Title, Encoder: c.e.Encoder.Name}
	for i, t := range c.said.Turns() {
		u := transcript.Exchange{Question: t.Question, Read: t.Read, Doubt: t.Doubt()}
		if r := c.said.Reply(i); r != nil {
			u.Reply, u.ID, u.Title, u.URL, u.Chosen = r.Quotation(), r.ID, r.Title, r.URL, t.Chosen != ""
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

// again asks the last question again, read the given way; it reports whether there was
// one.
func (c *chat) again(read string) bool {
	if c.said.Len() < 2 {
		fmt.Fprintln(c.page.w, "  There is no question with anything said before it.")
		return false
	}
	c.reask(read)
	return true
}

// byStage asks the last question again with other stages, and uses them for all that
// follow; it reports whether there was a question.
func (c *chat) byStage(stage string) bool {
	w, was := c.page.w, c.stage
	switch stage {
	case message.StageSparse:
	case message.StageDense, message.StageBoth, message.StageRead:
		if c.absent != nil {
			fmt.Fprintln(w, wrap("There is no dense stage: "+printable(c.absent.Error()), "  ", c.page.width))
			return false
		}
		if c.unread != nil && stage == message.StageRead {
			fmt.Fprintln(w, wrap("There is no reader: "+printable(c.unread.Error()), "  ", c.page.width))
			return false
		}
	case "auto":
		stage = ""
	default:
		fmt.Fprintf(w, "  :stage takes sparse, dense, both, read or auto; it is %s.\n", cmp.Or(c.stage, "auto"))
		return false
	}
	c.stage = stage
	last := c.last()
	if last == nil {
		fmt.Fprintf(w, "  The stage is %s.\n", cmp.Or(stage, "auto"))
		return false
	}
	if !c.reask(last.Read) {
		c.stage = was
	}
	return true
}

// reask asks the last question again, read the given way, and reports whether it was
// answered. Where it was not, the old answer stays.
func (c *chat) reask(read string) bool {
	n := c.said.Len() - 1
	a, err := c.e.Ask(c.request(n, read))
	if err != nil {
		c.fails(err)
		return false
	}
	question := c.said.Turns()[n].Question
	c.said.Delete(n)
	c.said.Ask(question)
	c.show(read, a)
	return true
}

// ask asks a question, read the given way (message.Ask.Read). A question that is not
// answered does not become a turn.
func (c *chat) ask(question, read string) {
	if !c.said.Ask(question) {
		return // only characters that a text does not contain
	}
	n := c.said.Len() - 1
	a, err := c.e.Ask(c.request(n, read))
	if err != nil {
		c.said.Delete(n)
		c.fails(err)
		return
	}
	c.show(read, a)
}

func (c *chat) fails(err error) { fmt.Fprintf(c.page.w, "  %s\n\n", printable(err.Error())) }

// request returns the question to the engine about turn n, read the given way.
func (c *chat) request(n int, read string) message.Ask {
	_, ask := c.said.Request(n, c.k)
	ask.Read, ask.Stage = read, c.stage
	return ask
}

// show makes a the newest turn's answer, and prints it.
func (c *chat) show(read string, a message.Answer) {
	n := c.said.Len() - 1
	c.said.ReadAs(n, read)
	ticket, from, _, _ := c.said.Next(c.k)
	c.said.Answer(ticket, from, &a)
	fmt.Fprintln(c.page.w)
	c.page.spelling(&a)
	c.page.reply(&a, a.Quoted())
	if a.Doubt != "" {
		c.page.nearest(&a)
	} else {
		c.page.results(&a, a.Quoted(), func(r *message.Result) bool {
			_, before := c.said.QuotedIn(n, r.ID)
			return before
		})
	}
	c.terms(&a, shownTerms)
	c.page.cost(&a)
	fmt.Fprintln(c.page.w)
}

// terms prints the heaviest terms of the vector, with their weights and the turns that won
// them. A plus marks a term that is not in the conversation. Exact words are in quotation
// marks and in a list of their own, since their weights have another scale.
func (c *chat) terms(a *message.Answer, most int) {
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

// bars prints terms of one kind; full is the weight of a full bar.
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

// termText returns a term with the mark of its kind.
func termText(t message.Term) string {
	switch {
	case t.Word:
		return ` "` + printable(t.Text) + `"`
	case t.Typed:
		return " " + printable(t.Text)
	}
	return "+" + printable(t.Text)
}
