package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"

	"parley/shared/lines"
	"parley/trainer/disk"
	"parley/trainer/metrics"
	"parley/trainer/trec"
)

const compareHelp = `Usage: trainer compare --qrels FILES [FLAGS] RUN_A RUN_B

Says for every measure what RUN_B gains over RUN_A: the difference, its 95 %
interval (bootstrap over the queries) and the p-value of the paired randomisation
test. Both runs are TREC runs, as trainer evaluate --run writes them.

Examples:
  trainer compare --qrels '../data/mtrag/human/qrels_*.tsv' last.run rewrite.run
`

// compared is one measure of two runs.
type compared struct {
	A        float64 `json:"a"`
	B        float64 `json:"b"`
	Gain     float64 `json:"gain"`
	Relative float64 `json:"relative"` // gain / a; 0 where a is 0
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	P        float64 `json:"p"`
}

func compare(_ context.Context, args []string, stdout, stderr *os.File) error {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	var qrelsFiles files
	flags.Var(&qrelsFiles, "qrels", "judgements, `files` of BEIR's TSV or TREC's form")
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
	qrels, _, err := readQrels(qrelsFiles)
	if err != nil {
		return err
	}
	var reports [2]metrics.Report
	for i := range reports {
		path := flags.Arg(i)
		err := disk.Lines(path, func(r *lines.Reader) error {
			run, err := trec.ReadRun(r)
			if err != nil {
				return err
			}
			reports[i] = metrics.Evaluate(run, qrels)
			return nil
		})
		if err != nil {
			return err
		}
		if n := len(reports[i].Missing); n == len(qrels) {
			return fmt.Errorf("%s answers none of the %d judged queries: do run and qrels belong together?", path, n)
		} else if n > 0 {
			fmt.Fprintf(stderr, "%s has no answer to %d of %d queries; they count as 0.\n", path, n, len(qrels))
		}
	}

	var ids []string
	for id := range qrels {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	all := map[string]compared{}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "measure\tA\tB\tB - A\tof A\t95 % interval\tp\t\n")
	for m := range metrics.Measures {
		var values [2][]float64
		for i, r := range reports {
			for _, id := range ids {
				values[i] = append(values[i], r.ByQuery[id][m])
			}
		}
		d, err := metrics.Compare(values[0], values[1], *trials, *seed)
		if err != nil {
			return err
		}
		c := compared{A: reports[0].Mean[m], B: reports[1].Mean[m], Gain: d.Mean, Low: d.Low, High: d.High, P: d.P}
		if c.A > 0 {
			c.Relative = c.Gain / c.A
		}
		all[metrics.Keys[m]] = c
		fmt.Fprintf(t, "%s\t%.4f\t%.4f\t%+.4f\t%+.2f %%\t[%+.4f, %+.4f]\t%.4f\t\n",
			metrics.Names[m], c.A, c.B, c.Gain, 100*c.Relative, c.Low, c.High, c.P)
	}
	if *asJSON {
		return printJSON(stdout, all)
	}
	return t.Flush()
}
