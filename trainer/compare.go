package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"text/tabwriter"

	"parley/trainer/evaluate"
	"parley/trainer/metrics"
)

const compareHelp = `Usage: trainer compare --qrels FILES [FLAGS] RUN_A RUN_B

For every measure, prints what RUN_B gains over RUN_A: the difference, its 95 %
interval (bootstrap over the queries) and the p-value of the paired randomisation
test. Both files are TREC runs, such as trainer evaluate --run writes.

Examples:
  trainer compare --qrels '../data/mtrag/human/qrels_*.tsv' last.run rewrite.run
`

func compareCommand(_ context.Context, args []string, stdout, stderr *os.File) error {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	var qrelsFiles files
	flags.Var(&qrelsFiles, "qrels", "`files` of judgements, as BEIR's TSV or in TREC's form")
	trials := flags.Int("trials", 10000, "relabellings, and resamples, `n`")
	seed := flags.Uint64("seed", 1, "`seed` of both")
	asJSON := flags.Bool("json", false, "print JSON instead of a table")
	if err := parse(flags, args, compareHelp, stdout); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return wrongUse("%d runs, want 2 (flags go before them)", flags.NArg())
	}
	if len(qrelsFiles) == 0 {
		return wrongUse("no --qrels")
	}
	qrels, _, err := evaluate.ReadQrels(qrelsFiles)
	if err != nil {
		return err
	}
	var reports [2]metrics.Report
	for i := range reports {
		path := flags.Arg(i)
		if reports[i], err = evaluate.ReadRun(path, qrels); err != nil {
			return err
		}
		if n := len(reports[i].Missing); n > 0 {
			fmt.Fprintf(stderr, "%s has no answer to %d of %d queries; they count as 0.\n", path, n, len(qrels))
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
		return printJSON(stdout, byKey)
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "measure\tA\tB\tB - A\tof A\t95 % interval\tp\t\n")
	for m, c := range all {
		fmt.Fprintf(t, "%s\t%.4f\t%.4f\t%+.4f\t%+.2f %%\t[%+.4f, %+.4f]\t%.4f\t\n",
			metrics.Names[m], c.A, c.B, c.Gain, 100*c.Relative, c.Low, c.High, c.P)
	}
	return t.Flush()
}
