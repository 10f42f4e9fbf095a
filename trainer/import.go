package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"parley/shared/cli"
	"parley/shared/durable"
	"parley/shared/importers"
	"parley/shared/wordpiece"
	"parley/trainer/disk"
)

var importCommand = cli.Command{
	Name: "import", Define: runImport,
	Synopsis: `NAME FILES... [FLAGS]`,
	Summary:  "read the conversations of a data set as examples",
	About: `Reads the conversations of a data set in its published form, plain or gzip, and writes
them as examples, one JSON line each: a question, what was said before it, and its
rewrite if the data set has one. Prints how many there are, how long they are in turns
and in tokens, and every record that could not be read.

NAME is one of ` + strings.Join(importers.Names(), ", ") + `.`,
	Examples: `trainer import canard canard/dev.json --out canard.jsonl
trainer import topiocqa all_history_train.json --rows --out topiocqa.jsonl
trainer import qrecc qrecc.json --rewrite GPT_rewrite --out qrecc.jsonl
trainer import cast 2019/evaluation_topics_v1.0.json 2019/evaluation_topics_annotated_resolved_v1.0.tsv --out cast19.jsonl
trainer import convquestions train_*.json --distinct --out convquestions.jsonl
trainer import mtrag tasks.jsonl *_rewrite.jsonl --json`,
}

func runImport(flags *cli.Flags) cli.Run {
	var out, vocab string
	var distinct, asJSON bool
	var o importers.Options
	flags.StringVar(&out, "out", "", "write the examples to `file`")
	flags.StringVar(&o.Rewrite, "rewrite", "", "the `field` with the rewrite, for data sets that have several")
	flags.BoolVar(&o.Rows, "rows", false, "name examples by their row in the file, from 0, as DiSCo's rankings do (canard, qrecc, topiocqa)")
	flags.BoolVar(&distinct, "distinct", false, "keep one example of each pair of question and rewrite")
	flags.StringVar(&vocab, "vocab", "models/splade-tiny/vocab.txt", "count tokens by this `vocabulary`")
	flags.BoolVar(&asJSON, "json", false, "print the figures as JSON")
	return func(ctx context.Context, s cli.Streams, words []string) error {
		if len(words) < 2 {
			return cli.Usagef("want the data set's name and its files")
		}
		var paths files
		for _, p := range words[1:] {
			if err := paths.Set(p); err != nil {
				return err
			}
		}
		data, err := os.ReadFile(vocab)
		if err != nil {
			return fmt.Errorf("to count tokens: %w; name another with --vocab", err)
		}
		t, err := wordpiece.New(data)
		if err != nil {
			return fmt.Errorf("%s: %w", vocab, err)
		}
		r, err := disk.Import(words[0], paths, o)
		if err != nil {
			return err
		}
		for _, e := range r.Unread {
			fmt.Fprintln(s.Err, "not read:", e)
		}
		if distinct {
			r.Examples = importers.Distinct(r.Examples)
		}
		stats := importers.Describe(r.Examples, func(s string) int { return len(t.Append(nil, s, -1)) })
		if out != "" {
			if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
				return err
			}
			if err := durable.Write(out, func(w io.Writer) error { return importers.Write(w, r.Examples) }); err != nil {
				return err
			}
		}
		if asJSON {
			return cli.JSON(s.Out, struct {
				importers.Stats
				Unread int `json:"unread"`
			}{stats, len(r.Unread)})
		}
		w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "conversations\t%d\n", stats.Conversations)
		fmt.Fprintf(w, "turns\t%d\n", stats.Turns)
		fmt.Fprintf(w, "with a rewrite\t%d\n", stats.Rewritten)
		fmt.Fprintf(w, "distinct\t%d\n", stats.Distinct)
		fmt.Fprintf(w, "turns a conversation\t%.1f\n", stats.PerConv)
		fmt.Fprintf(w, "place of the question\t%.1f\n", stats.Depth)
		fmt.Fprintf(w, "tokens of a question\t%.1f\n", stats.Question)
		fmt.Fprintf(w, "tokens of a rewrite\t%.1f\n", stats.Rewrite)
		fmt.Fprintf(w, "tokens of question and history\t%.1f\n", stats.Whole)
		fmt.Fprintf(w, "not read\t%d\n", len(r.Unread))
		return w.Flush()
	}
}
