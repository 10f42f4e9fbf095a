package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"parley/shared/cli"
	"parley/shared/durable"
	"parley/shared/judged"
	"parley/shared/passages"
	"parley/shared/wordpiece"
	"parley/trainer/conversations"
	"parley/trainer/converse"
)

var conversationsCommand = cli.Command{
	Name: "conversations", Define: runConversations,
	Synopsis: `check [FLAGS]
export DIR [FLAGS]
measure [FLAGS]
converse [FLAGS]
switch [FLAGS]
sure [FLAGS]
quote [FLAGS]
doubt [FLAGS]`,
	Summary: "check, export and measure the project's own conversations",
	About: `Works with the project's own conversations about the encyclopedia in models/.

check reads them, prints their statistics, and reports every problem: ids, labels,
quotas, splits, near-duplicates, rewrites that are not understandable by themselves.
The tests run it, too.
export writes queries, judgements and articles in the forms of BEIR and TREC. The
splits are train, dev, test, choice and visitors; popular, facts and facts-held-out can
be played, too. Settings are chosen on choice;
export writes it together with dev, with the pooled judgements of both.
measure ranks the articles for every question, with the index that ships and with
BM25, and prints the figures by input, by kind of follow-up and by depth.
converse plays the conversations as people use the engine: turn by turn, with the
engine's own quotations in the history. It prints how often the right article comes
first and among the first three, and how often the reply comes from the right article
and the right sentence.
switch asks an unrelated question after the beginning of a conversation and by itself.
It prints how often both find the same, and what real follow-ups lose when the engine
takes a question for a new topic.
sure fits the estimate of how often the sparse stage's first article is right. It
prints how well the estimate in package answer is calibrated and, with --dense, the
curve of the cascade: how many answers are right, and at what cost, if the second
stage is skipped above a threshold.
quote also plays the conversations. By the labels in sentences.tsv, it prints how often
the quotation from the right article answers, and how often the reply does.
doubt fits the estimate of whether the first result answers at all, on train and choice
and their unanswerable inputs (unanswerable.jsonl). It prints how many of these it
recognises and how many correctly answered turns it loses.
Without --encoder, these five use the default level of models/family.json.`,
	Examples: `trainer conversations check
trainer conversations check --json
trainer conversations export build/conversations
trainer evaluate --encoder models/splade-tiny --input conversation --passages build/conversations/corpus.jsonl \
  --queries build/conversations/test/queries_last.jsonl --tasks build/conversations/test/tasks.jsonl --qrels build/conversations/test/qrels.tsv
trainer conversations measure --splits test
trainer conversations measure --splits test --encoder runs/one/best --pool pool.tsv
trainer conversations measure --splits dev,choice --pooled
trainer conversations converse --splits dev,test
trainer conversations converse --encoder runs/one/best --out turns.jsonl
trainer conversations converse --encoder models/splade-tiny-conv-4x --base models/splade-tiny --replies writer --json
trainer conversations switch --splits dev --pairs 300
trainer conversations quote --splits dev,test
trainer conversations doubt --splits dev,test
trainer conversations converse --splits dev,choice --pooled --dense models/bge-small-conv --stage both
trainer conversations sure --splits dev,choice --pooled --dense models/bge-small-conv
trainer conversations quote --splits dev --dense models/bge-small-conv --stage read --sentence-weight 1`,
}

func runConversations(flags *cli.Flags) cli.Run {
	var o conversationsFlags
	flags.StringVar(&o.data, "data", "trainer/conversations", "`folder` of the conversations")
	flags.StringVar(&o.files.Articles, "articles", "models/vital-articles", "`folder` of the articles and their index")
	flags.StringVar(&o.files.Encoder, "encoder", "models/splade-tiny", "the query encoder's `folder`; check counts tokens by its vocabulary")
	flags.StringVar(&o.files.Base, "base", "", "converse, switch: the base encoder's `folder`, if --encoder was exported with --share")
	flags.StringVar(&o.splits, "splits", "", "measure, converse, switch: the `splits`, with commas (empty: dev,test for measure, dev for converse, test for switch)")
	flags.StringVar(&o.pool, "pool", "", "measure: write every ranking's first ten, pooled, to `file`")
	flags.StringVar(&o.replies, "replies", converse.Engine, "converse: `whose` replies the history has: engine or writer")
	cli.OneOf(flags, "replies", converse.Engine, converse.Writer)
	flags.StringVar(&o.out, "out", "", "converse, doubt: write every turn, its reply and whether that is right to `file`, one JSON line per turn")
	flags.IntVar(&o.pairs, "pairs", 400, "switch: the `number` of pairs of a conversation and a question in each split")
	flags.IntVar(&o.seed, "seed", 1, "switch: the `number` that seeds the choice of pairs")
	flags.BoolVar(&o.fitted, "fitted", false, "doubt: measure with the coefficients fitted now instead of those in package answer")
	flags.BoolVar(&o.pooled, "pooled", false, "measure, converse, switch: also use the judgements of pooled.tsv and pooled-test.tsv")
	denseFlags(flags, &o.files.Dense)
	flags.StringVar(&o.files.Cache, "cache", "cache", "converse, switch: `folder` in which the passages' dense vectors are kept")
	flags.BoolVar(&o.json, "json", false, "print JSON instead of tables")
	return func(ctx context.Context, s cli.Streams, words []string) error {
		if len(words) == 0 {
			return cli.Usagef("want check, export, measure, converse, switch, sure, quote or doubt")
		}
		if want := map[string]int{"check": 1, "export": 2, "measure": 1, "converse": 1, "switch": 1, "sure": 1, "quote": 1, "doubt": 1}[words[0]]; want != len(words) {
			return cli.Usagef("%q: want check, export DIR, measure, converse, switch, sure, quote or doubt", words)
		}
		if o.splits == "" {
			o.splits = map[string]string{"measure": "dev,test", "converse": "dev", "switch": "test", "sure": "dev,choice", "quote": "dev", "doubt": "dev"}[words[0]]
		}
		plays := !slices.Contains([]string{"check", "export", "measure"}, words[0])
		if plays {
			if err := o.check(flags); err != nil {
				return err
			}
		}
		set, err := conversations.Open(o.data)
		if err != nil {
			return err
		}
		articles, err := conversations.Articles(o.files.Articles)
		if err != nil {
			return err
		}
		switch words[0] {
		case "export":
			return conversations.Export(set, articles, words[1])
		case "measure":
			return o.measure(ctx, set, articles, s.Out, s.Err)
		case "check":
			return checkConversations(set, articles, filepath.Join(o.files.Encoder, "vocab.txt"), o.json, s.Out)
		}
		set.AddFacts(articles, strings.Split(o.splits, ","))
		e, err := o.files.Engine(ctx, articles, s.Err)
		if err != nil {
			return err
		}
		p := &converse.Player{Engine: e, Set: set, Splits: strings.Split(o.splits, ","), Replies: o.replies, Stage: o.files.Dense.Stage, Pooled: o.pooled, Progress: s.Err}
		return o.play(ctx, words[0], p, s.Out)
	}
}

// conversationsFlags are the values of the command's flags.
type conversationsFlags struct {
	data, splits, pool, replies, out string
	files                            converse.Files
	pairs, seed                      int
	json, pooled, fitted             bool
}

// check returns an error if flags contradict each other, and sets the default encoder
// if --encoder was not given.
func (o *conversationsFlags) check(flags *cli.Flags) error {
	for name := range strings.SplitSeq(o.splits, ",") {
		if !slices.Contains(conversations.Playable, name) {
			return cli.Usagef("--splits: there is no %q; there are %s", name, strings.Join(conversations.Playable, ", "))
		}
	}
	if err := checkDense(&o.files.Dense); err != nil {
		return err
	}
	switch {
	case o.replies != converse.Engine && o.replies != converse.Writer:
		return cli.Usagef("--replies %q: want %s or %s", o.replies, converse.Engine, converse.Writer)
	case o.pairs < 1:
		return cli.Usagef("--pairs %d: at least 1 is needed", o.pairs)
	}
	named := false
	flags.Visit(func(f *cli.Flag) { named = named || f.Name == "encoder" })
	if named {
		return nil
	}
	if o.files.Base != "" {
		return cli.Usagef("--base names what --encoder shares: give both")
	}
	var err error
	o.files.Encoder, o.files.Base, err = converse.DefaultLevel(familyFile)
	return err
}

// familyFile is the list of encoders, which names the default level.
const familyFile = "models/family.json"

func (o *conversationsFlags) measure(ctx context.Context, set conversations.Set, articles *passages.Store, stdout, stderr io.Writer) error {
	splits := strings.Split(o.splits, ",")
	for _, name := range splits {
		if !slices.Contains(conversations.All, name) {
			return cli.Usagef("--splits: there is no %q", name)
		}
	}
	r := converse.Rankings{Set: set, Articles: articles, Folder: o.files.Articles, Encoder: o.files.Encoder, Pooled: o.pooled, Progress: stderr}
	rows, pool, err := r.Measure(ctx, splits)
	if err != nil {
		return err
	}
	if o.pool != "" {
		if err := durable.WriteFile(o.pool, pool.TSV()); err != nil {
			return err
		}
	}
	if o.json {
		return cli.JSON(stdout, rows)
	}
	return measuredTable(stdout, splits, rows)
}

// play plays the conversations, prints the report that what names, and writes --out.
func (o *conversationsFlags) play(ctx context.Context, what string, p *converse.Player, stdout io.Writer) error {
	switch what {
	case "converse":
		reports, turns, err := p.Converse(ctx)
		if err != nil {
			return err
		}
		if err := writeLines(o.out, turns); err != nil {
			return err
		}
		return o.print(stdout, reports, func() error { return repliedTable(stdout, reports) })
	case "switch":
		reports, err := p.Switch(ctx, o.pairs, o.seed)
		if err != nil {
			return err
		}
		return o.print(stdout, reports, func() error { return switchTable(stdout, reports) })
	case "sure":
		report, err := p.Sure(ctx)
		if err != nil {
			return err
		}
		return o.print(stdout, report, func() error { return surenessTable(stdout, report) })
	case "quote":
		sentences, err := conversations.ReadSentences(filepath.Join(o.data, "sentences.tsv"), p.Set)
		if err != nil {
			return err
		}
		reports, err := p.Quote(ctx, sentences)
		if err != nil {
			return err
		}
		return o.print(stdout, reports, func() error { return quoteTable(stdout, reports) })
	}
	report, inputs, err := p.Doubt(ctx, o.data, o.fitted)
	if err != nil {
		return err
	}
	if err := writeLines(o.out, inputs); err != nil {
		return err
	}
	return o.print(stdout, report, func() error { return doubtTable(stdout, report) })
}

// print prints a report as JSON, or as its table without --json.
func (o *conversationsFlags) print(stdout io.Writer, report any, table func() error) error {
	if o.json {
		return cli.JSON(stdout, report)
	}
	return table()
}

// writeLines writes all to a file, one JSON line each. If file is "", it does nothing.
func writeLines[T any](file string, all []T) error {
	if file == "" {
		return nil
	}
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	for _, one := range all {
		if err := out.Encode(one); err != nil {
			return err
		}
	}
	return durable.WriteFile(file, b.Bytes())
}

func checkConversations(set conversations.Set, articles *passages.Store, vocabPath string, asJSON bool, stdout io.Writer) error {
	vocab, err := os.ReadFile(vocabPath)
	if err != nil {
		return fmt.Errorf("to count tokens: %w", err)
	}
	tokens, err := wordpiece.New(vocab)
	if err != nil {
		return fmt.Errorf("%s: %w", vocabPath, err)
	}
	count := func(s string) int { return len(tokens.Append(nil, s, -1)) }
	ids := map[string]bool{}
	for i := range articles.Len() {
		ids[articles.At(i).ID] = true
	}
	problems := conversations.Check(set, func(id string) bool { return ids[id] })
	splits := map[string]conversations.Stats{}
	topics := map[string]map[string]conversations.Stats{}
	for _, split := range conversations.All {
		splits[split] = conversations.Describe(set[split], count)
		topics[split] = map[string]conversations.Stats{}
		for _, topic := range conversations.Topics {
			var of []judged.Conversation
			for _, c := range set[split] {
				if c.Topic == topic {
					of = append(of, c)
				}
			}
			topics[split][topic] = conversations.Describe(of, count)
		}
	}
	if asJSON {
		err = cli.JSON(stdout, map[string]any{"splits": splits, "topics": topics, "problems": problems})
	} else {
		err = conversationTables(stdout, splits, topics)
		for _, p := range problems {
			fmt.Fprintln(stdout, p)
		}
	}
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("%d problems", len(problems))
	}
	return err
}

// conversationTables prints the statistics as Markdown, as the data card has them.
func conversationTables(w io.Writer, splits map[string]conversations.Stats, topics map[string]map[string]conversations.Stats) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	row := func(name, format string, value func(conversations.Stats) any) {
		fmt.Fprintf(t, "| %s\t", name)
		for _, split := range conversations.All {
			fmt.Fprintf(t, "| "+format+"\t", value(splits[split]))
		}
		fmt.Fprintln(t, "|")
	}
	fmt.Fprintln(t, "| \t| train\t| dev\t| test\t| choice\t| visitors\t|\n|---\t|---:\t|---:\t|---:\t|---:\t|---:\t|")
	type S = conversations.Stats
	row("conversations", "%d", func(s S) any { return s.Conversations })
	row("turns", "%d", func(s S) any { return s.Turns })
	row("turns a conversation", "%.2f", func(s S) any { return s.Length })
	row("tokens of a question", "%.1f", func(s S) any { return s.Question })
	row("tokens of a rewrite", "%.1f", func(s S) any { return s.Rewrite })
	row("tokens of a reply", "%.1f", func(s S) any { return s.Reply })
	row("gold articles, different", "%d", func(s S) any { return s.Articles })
	row("gold articles a turn", "%.2f", func(s S) any { return s.Golds })
	row("follow-ups", "%d", func(s S) any { return s.FollowUps })
	row("that hop to another article", "%.1f %%", func(s S) any { return 100 * s.Hops })
	row("that need the context", "%.1f %%", func(s S) any { return 100 * s.NeedsContext })
	for _, k := range judged.Kinds[1:] {
		row("kind "+string(k), "%d", func(s S) any { return s.Kinds[k] })
	}
	row("turns that switch the topic", "%d", func(s S) any { return s.Switches })
	row("conversations that switch", "%.1f %%", func(s S) any { return 100 * s.Switching })
	for n := conversations.MinLength; n <= conversations.MaxLength; n++ {
		row(fmt.Sprintf("conversations of %d turns", n), "%d", func(s S) any { return s.Lengths[n] })
	}
	row("rewrites that dangle, by rule", "%d", func(s S) any { return s.Dangling })
	t.Flush()
	fmt.Fprintln(t, "\n| topic\t| train\t| turns\t| dev\t| turns\t| test\t| turns\t| hops\t| switches\t| choice\t| turns\t| visitors\t| turns\t|\n|---\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|")
	for _, topic := range conversations.Topics {
		fmt.Fprintf(t, "| %s\t", topic)
		var hops float64
		var follow, switches int
		for _, split := range conversations.Splits {
			s := topics[split][topic]
			fmt.Fprintf(t, "| %d\t| %d\t", s.Conversations, s.Turns)
			hops += s.Hops * float64(s.FollowUps)
			follow += s.FollowUps
			switches += s.Switches
		}
		// The splits that came later have no hops and switches here.
		c, v := topics[conversations.Choice][topic], topics[conversations.Visitors][topic]
		fmt.Fprintf(t, "| %.1f %%\t| %d\t| %d\t| %d\t| %d\t| %d\t|\n", 100*hops/float64(max(1, follow)), switches, c.Conversations, c.Turns, v.Conversations, v.Turns)
	}
	return t.Flush()
}
