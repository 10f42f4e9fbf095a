package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"parley/shared/cli"
	"parley/trainer/evaluate"
	"parley/trainer/metrics"
)

var compareCommand = cli.Command{
	Name: "compare", Define: runCompare,
	Synopsis: `--qrels FILES [FLAGS] RUN_A RUN_B`,
	Summary:  "test whether the figures of two runs differ",
	About: `For every measure, prints what RUN_B gains over RUN_A: the difference, its 95 %
interval (bootstrap over the queries) and the p-value of the paired randomisation
test. Both files are TREC runs, such as trainer evaluate --run writes.`,
	Examples: `trainer compare --qrels '../data/mtrag/human/qrels_*.tsv' last.run rewrite.run`,
}

func runCompare(flags *cli.Flags) cli.Run {
	var qrelsFiles files
	flags.Var(&qrelsFiles, "qrels", "`files` of judgements, as BEIR's TSV or in TREC's form")
	trials := flags.Int("trials", 10000, "relabellings, and resamples, `n`")
	seed := flags.Uint64("seed", 1, "`seed` of both")
	asJSON := flags.Bool("json", false, "print JSON instead of a table")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		if len(args) != 2 {
			return cli.Usagef("%d runs, want 2", len(args))
		}
		if len(qrelsFiles) == 0 {
			return cli.Usagef("no --qrels")
		}
		qrels, _, err := evaluate.ReadQrels(qrelsFiles)
		if err != nil {
			return err
		}
		var reports [2]metrics.Report
		for i := range reports {
			path := args[i]
			if reports[i], err = evaluate.ReadRun(path, qrels); err != nil {
				return err
			}
			if n := len(reports[i].Missing); n > 0 {
				fmt.Fprintf(s.Err, "%s has no answer to %d of %d queries; they count as 0.\n", path, n, len(qrels))
			}
		}
		all, err := evaluate.Compare(reports[0], reports[1], *trials, *seed)
		if err != nil {
			return err
		}
		if *asJSON {
			byKey := map[string]evaluate.Comparison{}
			for m, c := range all {
				byKey[metrics.Keys[m]] = c
			}
			return cli.JSON(s.Out, byKey)
		}
		t := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprint(t, "measure\tA\tB\tB - A\tof A\t95 % interval\tp\t\n")
		for m, c := range all {
			fmt.Fprintf(t, "%s\t%.4f\t%.4f\t%+.4f\t%+.2f %%\t[%+.4f, %+.4f]\t%.4f\t\n",
				metrics.Names[m], c.A, c.B, c.Gain, 100*c.Relative, c.Low, c.High, c.P)
		}
		return t.Flush()
	}
}
