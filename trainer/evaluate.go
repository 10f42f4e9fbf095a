package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"parley/shared/cli"
	"parley/shared/durable"
	"parley/shared/message"
	"parley/shared/query"
	"parley/shared/trec"
	"parley/trainer/evaluate"
	"parley/trainer/metrics"
)

var evaluateCommand = cli.Command{
	Name: "evaluate", Define: runEvaluate,
	Synopsis: `--encoder DIR --mtrag DIR [FLAGS]
--encoder DIR --passages FILES --queries FILES --qrels FILES [FLAGS]
--bm25 ...`,
	Summary: "rank a benchmark's queries with an encoder or BM25, and measure the ranking",
	About: `Encodes the passages (once; the vectors are kept in --cache), indexes them, ranks
them for every judged query, and prints trec_eval's figures and the cost: L0, the
mean number of active terms; FLOPS, sum_j p_q(j) p_d(j), the mean number of
multiplications per pair of a query and a passage.

FILES is a file, a pattern in quotes, or several with commas. Files may be gzip.

With --dense, a second stage ranks as it does in the page, and the ranking has 100
passages.`,
	Examples: `trainer evaluate --encoder models/splade-tiny --mtrag ../data/mtrag
trainer evaluate --encoder models/splade-tiny-conv --base models/splade-tiny --dense models/bge-small-conv --dense-passages bge-small --mtrag ../data/mtrag --input conversation
trainer evaluate --encoder models/splade-tiny --mtrag ../data/mtrag --input conversation --query-tokens 128
trainer evaluate --encoder runs/one/best --passage-encoder models/splade-tiny --mtrag ../data/mtrag --input conversation
trainer evaluate --bm25 --mtrag ../data/mtrag --input rewrite --run bm25.run --by turn
trainer evaluate --encoder models/splade-tiny --mtrag ../data/mtrag --wasm worker.wasm
trainer evaluate --encoder models/splade-tiny --passages corpus.jsonl --queries queries.jsonl --qrels qrels/test.tsv --json`,
}

// evaluateFlags are the values of the command's flags.
type evaluateFlags struct {
	system                          evaluate.System
	passages, queries, qrels, tasks files
	benchmark, read, cache          string
	runFile, tag, by                string
	json                            bool
}

func runEvaluate(flags *cli.Flags) cli.Run {
	o := evaluateFlags{system: evaluate.Default()}
	flags.StringVar(&o.system.Encoder, "encoder", "", "encoder's `folder` in Hugging Face's layout, float or int8")
	flags.StringVar(&o.system.Base, "base", "", "the base encoder's `folder`, if --encoder was exported with trainer export --share")
	flags.StringVar(&o.system.PassageEncoder, "passage-encoder", "", "encoder's `folder` for the passages (empty: that of --encoder)")
	flags.StringVar(&o.benchmark, "mtrag", "", "MTRAG's `folder`: sets passages, queries, qrels and tasks")
	flags.Var(&o.passages, "passages", "the collection: BEIR's corpus `files`; several become one pool")
	flags.Var(&o.queries, "queries", "queries, BEIR's `files`")
	flags.Var(&o.qrels, "qrels", "`files` of judgements, as BEIR's TSV or in TREC's form")
	flags.Var(&o.tasks, "tasks", "MTRAG's tasks `files`, which have the conversations")
	flags.StringVar(&o.system.Input, "input", o.system.Input, "what the encoder `reads`: last, conversation, questions or rewrite")
	cli.OneOf(flags, "input", evaluate.Inputs...)
	flags.IntVar(&o.system.Settings.QueryTokens, "query-tokens", 0, "cut the input at `n` tokens (0: the encoder's own length)")
	flags.IntVar(&o.system.Settings.HistoryType, "history-type", -1, "token `type` of the history, 0 or 1 (-1: the encoder's own)")
	flags.IntVar(&o.system.Settings.ReplyTokens, "reply-tokens", -1, "read the first `n` tokens of each reply (0: all, -1: the encoder's own)")
	flags.IntVar(&o.system.Settings.QueryTerms, "query-terms", -1, "keep the `n` heaviest terms of each query (0: all, -1: the encoder's own)")
	flags.Float64Var(&o.system.Settings.QuestionWords, "question-words", -1, "for an encoder without a word head: the `weight` of each word of the newest question (0: do not search for words, -1: the encoder's own)")
	flags.Float64Var(&o.system.Settings.HistoryWords, "history-words", -1, "the `factor` of the word head's weights of words in the history (-1: the encoder's own)")
	flags.BoolVar(&o.system.NoWords, "no-words", false, "search for learned terms only")
	flags.Float64Var(&o.system.Words.K1, "k1", o.system.Words.K1, "k1 of BM25, by which passages' words are weighed")
	flags.Float64Var(&o.system.Words.B, "b", o.system.Words.B, "b of BM25")
	flags.Float64Var(&o.system.Words.Title, "title-words", o.system.Words.Title, "how many `times` a word in a title counts")
	flags.StringVar(&o.read, "read", "together", "the `way` to read a conversation: together, alone (only the question), or decide (the encoder decides)")
	cli.OneOf(flags, "read", slices.Sorted(maps.Keys(readings))...)
	flags.Float64Var(&o.system.Pruning.Mass, "mass", 1, "keep the heaviest terms of each passage, up to this `share` of its weight; .9 is what ships")
	flags.IntVar(&o.system.Pruning.Top, "top", 0, "keep the `n` heaviest terms of each passage (0: all)")
	flags.IntVar(&o.system.Depth, "depth", 1000, "documents a query, `n`")
	flags.BoolVar(&o.system.Float, "float", false, "score by the float weights instead of the index's 8-bit impacts")
	flags.BoolVar(&o.system.BM25, "bm25", false, "rank by BM25 instead of an encoder (k1 .9, b .4, stemmed words)")
	flags.StringVar(&o.cache, "cache", "cache", "`folder` in which the passages' vectors are kept")
	flags.StringVar(&o.runFile, "run", "", "write the ranking as a TREC run to `file`")
	flags.StringVar(&o.system.Worker, "wasm", "", "rank with this `file`, the page's worker.wasm, and check that it ranks as this program does")
	flags.StringVar(&o.by, "by", "", "also print `parts` of the queries: by turn, or by domain (the file of their judgements)")
	cli.OneOf(flags, "by", evaluate.ByTurn, evaluate.ByDomain)
	flags.StringVar(&o.tag, "tag", "parley", "the run's `name`")
	denseFlags(flags, &o.system.Dense)
	flags.StringVar(&o.system.Lift.Dense, "lift", "", "lift the passages' weights by the dense encoder in this `folder`, which has a lift.safetensors (trainer lift)")
	flags.StringVar(&o.system.Lift.Passages, "lift-passages", "", "the dense encoder's `folder` that reads passages for --lift (empty: that of --lift)")
	flags.Float64Var(&o.system.Lift.Weight, "lift-weight", -1, "the `weight` of a dense score beside a term's weight (-1: the file's own)")
	flags.BoolVar(&o.json, "json", false, "print JSON instead of a table")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		if len(args) > 0 {
			return cli.Usagef("%q is no flag; file names go after their flag, several with commas or as one pattern in quotes", args[0])
		}
		if err := o.complete(); err != nil {
			return err
		}
		if err := o.check(); err != nil {
			return err
		}
		set, err := evaluate.Open(evaluate.Files{Passages: o.passages, Queries: map[string][]string{o.system.Input: o.queries}, Tasks: o.tasks, Qrels: o.qrels})
		if err != nil {
			return err
		}
		e := &evaluate.Evaluator{Set: set, Cache: o.cache, Progress: s.Err}
		out, err := e.Measure(ctx, o.system)
		if errors.Is(err, evaluate.ErrFloatWords) {
			return fmt.Errorf("%w: leave --float out", err)
		}
		if err != nil {
			return err
		}
		if o.runFile != "" {
			err := durable.Write(o.runFile, func(w io.Writer) error { return trec.WriteRun(w, out.Run, o.tag) })
			if err != nil {
				return err
			}
		}
		if o.by != "" {
			out.Parts, err = set.Parts(o.by, out.Report)
			var noTurn *evaluate.TurnError
			if errors.As(err, &noTurn) {
				return cli.Usagef("--by turn: %w", err)
			}
			if err != nil {
				return err
			}
		}
		if o.json {
			return cli.JSON(s.Out, out)
		}
		return outcomeTable(s.Out, out)
	}
}

// readings are the values of --read.
var readings = map[string]query.Reading{"together": query.Together, "alone": query.Alone, "decide": query.Decide}

// complete sets the way of reading from --read, and the files that no other flag names
// from the benchmark's folder.
func (o *evaluateFlags) complete() error {
	read, ok := readings[o.read]
	if !ok {
		return cli.Usagef("--read %q: want together, alone or decide", o.read)
	}
	o.system.Read = read
	if !slices.Contains(evaluate.Inputs, o.system.Input) {
		return cli.Usagef("--input %q: want %s, %s, %s or %s", o.system.Input, evaluate.Last, evaluate.Conversation, evaluate.Questions, evaluate.Rewrite)
	}
	if o.benchmark == "" {
		return nil
	}
	form := map[string]string{evaluate.Last: "lastturn", evaluate.Conversation: "lastturn",
		evaluate.Questions: "questions", evaluate.Rewrite: "rewrite"}[o.system.Input]
	for _, d := range []struct {
		f       *files
		pattern string
	}{
		{&o.passages, "passages/*.jsonl.gz"}, {&o.queries, "human/*_" + form + ".jsonl"},
		{&o.qrels, "human/qrels_*.tsv"}, {&o.tasks, "human/tasks.jsonl.gz"},
	} {
		if len(*d.f) > 0 {
			continue
		}
		if err := d.f.Set(filepath.Join(o.benchmark, filepath.FromSlash(d.pattern))); err != nil {
			return err
		}
	}
	return nil
}

// check returns an error if flags contradict each other or have values out of range.
func (o *evaluateFlags) check() error {
	s := &o.system
	switch {
	case s.BM25 == (s.Encoder != ""):
		return cli.Usagef("give either --encoder DIR or --bm25")
	case len(o.passages) == 0:
		return cli.Usagef("no --passages (or --mtrag)")
	case len(o.queries) == 0:
		return cli.Usagef("no --queries (or --mtrag)")
	case len(o.qrels) == 0:
		return cli.Usagef("no --qrels (or --mtrag)")
	case s.Input == evaluate.Conversation && len(o.tasks) == 0:
		return cli.Usagef("--input conversation needs --tasks, the file with the conversations")
	case s.Depth < 1:
		return cli.Usagef("--depth %d: at least 1 is needed", s.Depth)
	case !(s.Pruning.Mass > 0 && s.Pruning.Mass <= 1):
		return cli.Usagef("--mass %v is not a share above 0, at most 1", s.Pruning.Mass)
	case s.Words.Check() != nil:
		return cli.WrongUse(s.Words.Check())
	case s.Pruning.Top < 0:
		return cli.Usagef("--top %d is negative", s.Pruning.Top)
	case s.Settings.HistoryType > 1:
		return cli.Usagef("--history-type %d: want 0 or 1", s.Settings.HistoryType)
	case s.Settings.QueryTokens < 0 || s.Settings.QueryTokens > 0 && s.Settings.QueryTokens < 3:
		return cli.Usagef("--query-tokens %d: an input has at least 3 tokens", s.Settings.QueryTokens)
	}
	if err := checkDense(&s.Dense); err != nil {
		return err
	}
	if s.Lift.Dense != "" && s.BM25 {
		return cli.Usagef("--lift changes the weights of an encoder's passages: leave out --bm25")
	}
	if s.Lift.Dense == "" && (s.Lift.Passages != "" || s.Lift.Weight >= 0) {
		return cli.Usagef("--lift-passages and --lift-weight are for --lift")
	}
	if s.Dense.Encoder != "" && (s.BM25 || s.Float || s.Worker != "") {
		return cli.Usagef("--dense adds a stage after --encoder and its index: leave out --bm25, --float and --wasm")
	}
	if o.by != "" && o.by != evaluate.ByTurn && o.by != evaluate.ByDomain {
		return cli.Usagef("--by %q: want %s or %s", o.by, evaluate.ByTurn, evaluate.ByDomain)
	}
	if s.Worker != "" {
		if s.BM25 || s.Float || s.Settings.QueryTokens > 0 || s.Settings.HistoryType >= 0 || s.Settings.ReplyTokens >= 0 || s.Settings.QueryTerms >= 0 {
			return cli.Usagef("--wasm ranks by the index, and reads conversations as the encoder's config.json says: leave out --bm25, --float, --query-tokens, --history-type, --reply-tokens and --query-terms")
		}
		s.Depth = min(s.Depth, evaluate.WorkerDepth)
	}
	return nil
}

// denseFlags adds the flags of the dense stage to set; they change d.
func denseFlags(set *cli.Flags, d *evaluate.Dense) {
	set.StringVar(&d.Encoder, "dense", "", "a dense encoder's `folder`; measures with the second stage")
	set.StringVar(&d.Passages, "dense-passages", "", "the dense encoder's `folder` that reads passages (empty: that of --dense)")
	set.StringVar(&d.Stage, "stage", "", "which `stages` answer: sparse, dense, both or read (empty: the engine decides, question by question)")
	cli.OneOf(set, "stage", message.StageSparse, message.StageDense, message.StageBoth, message.StageRead)
	set.Float64Var(&d.Weight, "dense-weight", -1, "the `weight` of a cosine beside the sparse score (-1: the dense encoder's own)")
	set.Float64Var(&d.Zero, "dense-zero", -1, "the `cosine` that counts 0 (-1: the dense encoder's own)")
	set.Float64Var(&d.SureAbove, "sure-above", -1, "skip the dense stage if the sparse one is right with this `probability` or more (0: never skip, -1: the dense encoder's own)")
	set.IntVar(&d.ReaderResults, "reader-results", -1, "how many `results` the reader reads (-1: its own number)")
	set.Float64Var(&d.ReaderWeight, "reader-weight", -1, "the `weight` of a relevance beside the score of both stages (-1: the reader's own)")
	set.Float64Var(&d.SentenceWeight, "sentence-weight", -1, "the `weight` of the reader's sentences beside the engine's (0: the engine's alone, -1: the reader's own)")
	set.IntVar(&d.Tokens, "dense-tokens", 0, "cut passages for the dense encoder at `n` tokens (0: its own length)")
}

func checkDense(d *evaluate.Dense) error {
	switch d.Stage {
	case "", message.StageSparse, message.StageDense, message.StageBoth, message.StageRead:
	default:
		return cli.Usagef("--stage %q: want sparse, dense, both or read", d.Stage)
	}
	if d.Encoder == "" && d.Stage != "" && d.Stage != message.StageSparse {
		return cli.Usagef("--stage %s needs --dense, the dense encoder's folder", d.Stage)
	}
	return nil
}

// outcomeTable prints a row for all queries and one for each part.
func outcomeTable(w io.Writer, out *evaluate.Outcome) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := []string{"input", "queries"}
	row := []string{out.Input, fmt.Sprint(out.Queries)}
	for m, v := range out.Report.Mean {
		head = append(head, metrics.Names[m])
		row = append(row, fmt.Sprintf("%.4f", v))
	}
	if c := out.Cost; c != nil {
		head = append(head, "L0", "L0 docs", "FLOPS")
		row = append(row, fmt.Sprintf("%.1f", c.QueryL0), fmt.Sprintf("%.1f", c.DocL0), fmt.Sprintf("%.2f", c.FLOPS))
		if c.IndexBytes > 0 {
			head = append(head, "bytes/doc", "postings", "ms")
			row = append(row, fmt.Sprintf("%.0f", float64(c.IndexBytes)/float64(max(out.Docs, 1))),
				fmt.Sprintf("%.0f", c.Postings), fmt.Sprintf("%.2f", c.SearchMS))
		}
		if s := c.Stages; s != nil {
			head = append(head, "dense on", "sparse ms", "dense ms")
			row = append(row, fmt.Sprintf("%.0f %%", 100*s.Dense), fmt.Sprintf("%.1f", s.SparseMS), fmt.Sprintf("%.1f", s.DenseMS))
			if s.ReaderMS > 0 {
				head, row = append(head, "reader ms"), append(row, fmt.Sprintf("%.1f", s.ReaderMS))
			}
		}
	}
	fmt.Fprintln(t, strings.Join(head, "\t")+"\t")
	fmt.Fprintln(t, strings.Join(row, "\t")+"\t")
	for _, p := range out.Parts {
		row := []string{p.Name, fmt.Sprint(p.Queries)}
		for _, v := range p.Values {
			row = append(row, fmt.Sprintf("%.4f", v))
		}
		fmt.Fprintln(t, strings.Join(row, "\t")+"\t")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if out.Missing > 0 {
		fmt.Fprintf(w, "%d queries found nothing and count as 0.\n", out.Missing)
	}
	if out.Unasked > 0 {
		fmt.Fprintf(w, "%d judged queries are in no file of queries; they were not asked, and count as 0.\n", out.Unasked)
	}
	return nil
}

// files is a flag that names files. It splits at commas, expands patterns, and may be
// given several times.
type files []string

func (f *files) String() string { return strings.Join(*f, ",") }

func (f *files) Type() string { return "files" }

// findFiles replaces the patterns in each list by the files that they name.
func findFiles(lists ...*[]string) error {
	for _, list := range lists {
		var found files
		for _, p := range *list {
			if err := found.Set(p); err != nil {
				return err
			}
		}
		*list = found
	}
	return nil
}

func (f *files) Set(value string) error {
	for pattern := range strings.SplitSeq(value, ",") {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("pattern %q: %w", pattern, err)
		}
		if len(found) == 0 {
			return fmt.Errorf("no file %s", pattern)
		}
		*f = append(*f, found...)
	}
	return nil
}
