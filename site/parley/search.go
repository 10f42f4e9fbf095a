package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"parley/shared/answer"
	"parley/shared/cli"
	"parley/shared/documents"
	"parley/shared/encoder"
	"parley/shared/message"
)

func runSearch(l *cli.Flags) cli.Run {
	var from sources
	from.flags(l)
	from.engineFlag(l)
	k := l.IntP("results", "k", 0, "this `many` results; 0: 10, or 1000 in a run")
	asJSON := l.Bool("json", false, "print the answer as JSON (shared/message, Answer)")
	var turns turnsFlag
	l.VarP(&turns, "turn", "t", "an earlier `question`; may be repeated")
	l.VarP((*replyFlag)(&turns), "reply", "r", "the `reply` to the -t before it, instead of the engine's")
	read := l.String("read", "", "the `way` to read the question: alone, or together with those before it; otherwise the encoder decides")
	cli.OneOf(l, "read", message.ReadAlone, message.ReadTogether)
	trec := l.String("trec", "", "write a TREC run to this `file` (\"-\": standard output)")
	queries := l.String("queries", "", "the run's questions: a `file` of JSON Lines (_id, text or turns) or TSV (id, text)")
	byDocument := l.Bool("documents", false, "in a run, name documents (\"id\") rather than passages (\"id#2\")")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		if *k < 0 {
			return cli.Usagef("-k %d: wanted a positive number", *k)
		}
		if err := from.check(); err != nil {
			return err
		}
		switch *read {
		case "", message.ReadAlone, message.ReadTogether:
		default:
			return cli.Usagef("--read %s: wanted %s or %s", *read, message.ReadAlone, message.ReadTogether)
		}
		if *trec != "" || *queries != "" {
			if *read != "" {
				return cli.Usagef("--read is for one question; a run reads each with all that stands before it")
			}
			if *trec == "" || *queries == "" || len(args) > 0 || len(turns) > 0 || *asJSON {
				return cli.Usagef("a run needs --trec and --queries, and takes no question")
			}
			return writeRun(ctx, s, runOptions{*trec, *queries, from, *k, *byDocument})
		}
		if question := strings.Join(args, " "); question != "" {
			turns = append(turns, message.Turn{Question: question})
		}
		if len(turns) == 0 {
			return cli.Usagef("no question")
		}
		e, err := openEngine(ctx, from, s.Err)
		if err != nil {
			return err
		}
		a, err := converse(e.Engine, turns, *k, *read, from.stage)
		if err != nil {
			return err
		}
		if *asJSON {
			return cli.JSON(s.Out, a)
		}
		p := page{w: s.Out, width: cli.Width(s.Out), style: styleOf(s.Out), dense: e.Dense}
		p.answer(&a)
		return nil
	}
}

// converse asks the last turn's question. Earlier turns without a reply are answered
// first, each with the quotation that the page would show.
func converse(e *answer.Engine, turns []message.Turn, k int, read, stage string) (message.Answer, error) {
	last := len(turns) - 1
	for i := range turns[:last] {
		if turns[i].Reply != "" {
			continue
		}
		a, err := e.Ask(message.Ask{Turns: turns[:i+1], K: 1, Stage: stage})
		if err != nil {
			return a, fmt.Errorf("question %d: %w", i+1, err)
		}
		turns[i].Quote(a.Quoted())
		if read != message.ReadTogether {
			turns[i].Begins = a.Begins
		}
	}
	return e.Ask(message.Ask{Turns: turns, K: k, Read: read, Stage: stage})
}

// turnsFlag and replyFlag collect -t and -r in one conversation.
type turnsFlag []message.Turn

func (t *turnsFlag) String() string { return "" }

func (t *turnsFlag) Set(question string) error {
	*t = append(*t, message.Turn{Question: question})
	return nil
}

func (t *turnsFlag) Type() string { return "question" }

type replyFlag turnsFlag

func (r *replyFlag) String() string { return "" }

func (r *replyFlag) Set(reply string) error {
	if len(*r) == 0 {
		return fmt.Errorf("-r comes after the -t that it replies to")
	}
	(*r)[len(*r)-1].Reply = reply
	return nil
}

func (r *replyFlag) Type() string { return "reply" }

var _, _ cli.Value = (*turnsFlag)(nil), (*replyFlag)(nil)

// A page prints answers for people.
type page struct {
	w     io.Writer
	width int
	style style
	dense *encoder.Sentence // nil where there is one stage, which is then not mentioned
}

// answer prints a whole answer.
func (p page) answer(a *message.Answer) {
	p.spelling(a)
	p.reply(a, a.Quoted())
	p.results(a, a.Quoted(), func(*message.Result) bool { return false })
	p.cost(a)
}

// spelling prints which words were replaced.
func (p page) spelling(a *message.Answer) {
	if text := a.ReadAs(); text != "" {
		fmt.Fprintln(p.w, p.style.dim(wrap(printable(text), "  ", p.width)))
	}
}

// reply prints the quotation of one of a's results with its source, and what the question
// was read with. Where r is nil, it prints why there is no quotation.
func (p page) reply(a *message.Answer, r *message.Result) {
	if r == nil && a.Doubt != "" {
		fmt.Fprintln(p.w, wrap(message.Says(a.Doubt), "  ", p.width))
		if a.Doubt == message.DoubtUnsure { // it does not matter for a greeting, say
			p.read(a)
		}
		fmt.Fprintln(p.w)
		return
	}
	if r == nil {
		fmt.Fprintln(p.w, wrap("Nothing was found: no passage shares a term with the question.", "  ", p.width))
		p.read(a)
		return
	}
	text := cmp.Or(printable(r.Quotation()), printable(r.Title))
	fmt.Fprintf(p.w, "%s\n", p.style.bold(wrap("“"+text+"”", "  ", p.width)))
	source := printable(r.Title)
	if r.URL != "" {
		source += "  " + printable(r.URL)
	} else if at := place(r); at != "" {
		source += "  " + at
	}
	fmt.Fprintln(p.w, p.style.dim("  "+source))
	if r.NoFigure {
		fmt.Fprintln(p.w, p.style.dim(wrap(message.NoFigureText, "  ", p.width)))
	}
	p.read(a)
	fmt.Fprintln(p.w)
}

// read prints which turns were read, what did not fit, and which stages answered.
func (p page) read(a *message.Answer) {
	for _, text := range []string{a.Reading(), a.LeftOut(), p.answered(a)} {
		if text != "" {
			fmt.Fprintln(p.w, p.style.dim(wrap(text, "  ", p.width)))
		}
	}
}

// answered returns which stages answered, where there are two.
func (p page) answered(a *message.Answer) string {
	switch {
	case p.dense == nil:
	case a.Stage == message.StageBoth:
		return "searched with both vectors, sparse and dense"
	case a.Stage == message.StageRead:
		return "searched with both vectors, sparse and dense; the first results were then read together with the question"
	case a.Stage == message.StageDense:
		return "searched with the dense vector alone"
	case p.dense.SureAbove > 0 && a.Sure >= p.dense.SureAbove && a.Doubt == "":
		return "searched with the sparse vector alone, whose first result stood out"
	default:
		return "searched with the sparse vector alone"
	}
	return ""
}

// results lists all results, without the text of the one that is the reply; quoted reports
// whether a result was a reply before.
func (p page) results(a *message.Answer, reply *message.Result, quoted func(*message.Result) bool) {
	for i := range a.Results {
		r := &a.Results[i]
		mark := " "
		if r == reply {
			mark = ">"
		}
		title := titleOf(r)
		if quoted(r) {
			title += " (quoted before)"
		}
		title = p.style.bold(title)
		if at := place(r); at != "" {
			title += "  " + p.style.dim(at)
		}
		fmt.Fprintf(p.w, "%s%2d  %6.2f  %s\n", mark, i+1, r.Score, title)
		if r == reply {
			continue
		}
		fmt.Fprintf(p.w, "%s\n", p.style.dim(wrap(snippet(r), "            ", p.width)))
	}
	fmt.Fprintln(p.w)
}

// nearest names the results to look at where nothing is quoted, by the numbers that :pick
// takes.
func (p page) nearest(a *message.Answer) {
	if len(a.Results) == 0 || a.Doubt != message.DoubtUnsure && a.Doubt != message.DoubtLanguage {
		return
	}
	fmt.Fprintln(p.w, "  Nearest:")
	for i := range a.Results[:min(len(a.Results), 3)] {
		fmt.Fprintf(p.w, " %2d  %s\n", i+1, p.style.bold(titleOf(&a.Results[i])))
	}
	fmt.Fprintln(p.w)
}

// titleOf returns a result's title, or its id where it has none.
func titleOf(r *message.Result) string { return cmp.Or(printable(r.Title), printable(r.ID)) }

// place returns the file of a result, with its collection where several are searched, and
// the page or the line of a record in it; "" where it has an
// address, or where its id says no more than its title.
func place(r *message.Result) string {
	file, line := documents.Place(r.ID)
	from := ""
	if r.Collection != "" {
		file = strings.TrimPrefix(file, r.Collection+"/")
		from = printable(r.Collection) + ": "
	}
	if r.Page > 0 {
		return fmt.Sprintf("%s%s, page %d", from, printable(file), r.Page)
	}
	if r.URL != "" || file == r.Title || r.Title == "" {
		return strings.TrimSuffix(from, ": ")
	}
	if line > 0 {
		return fmt.Sprintf("%s%s, line %d", from, printable(file), line)
	}
	return from + printable(file)
}

// snippet returns the sentence that answers best, at most 200 characters of it.
func snippet(r *message.Result) string {
	s := []rune(printable(r.Quotation()))
	if len(s) > 200 {
		s = append(s[:199], '…')
	}
	return string(s)
}

// cost prints the time and work that the turn took.
func (p page) cost(a *message.Answer) {
	exact := 0
	for _, t := range a.Terms {
		if t.Word {
			exact++
		}
	}
	terms := fmt.Sprintf("%d active terms", len(a.Terms))
	if exact > 0 {
		terms += fmt.Sprintf(" (exact words: %d)", exact)
	}
	second := ""
	if a.Cost.DenseMS > 0 {
		second = fmt.Sprintf(", %.1f ms dense stage", a.Cost.DenseMS)
	}
	if a.Cost.ReaderMS > 0 {
		second += fmt.Sprintf(", %.1f ms reader", a.Cost.ReaderMS)
	}
	fmt.Fprintln(p.w, p.style.dim(fmt.Sprintf("  %.1f ms encoding, %.2f ms search, %.1f ms reading sentences%s; %d tokens, %s, %s postings",
		a.Cost.EncodeMS, a.Cost.SearchMS, a.Cost.ReadMS, second, a.Tokens, terms, thousands(a.Cost.Postings))))
}
