package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"

	"parley/shared/cli"
	"parley/trainer/evaluate"
	"parley/trainer/experiment"
	"parley/trainer/metrics"
)

var meanCommand = cli.Command{
	Name: "mean", Define: runMean,
	Synopsis: `[FLAGS] FILES`,
	Summary:  "make a table of evaluations, with the mean over seeds",
	About: `Makes a table from the output of trainer evaluate --json, in the order of the files.
Files whose names differ only in "-seedN" become one row, with their mean and standard
deviation.`,
	Examples: `trainer mean models/experiments/dense/*.json
trainer mean --parts models/experiments/dense/mtrag-both-seed*.json`,
}

// seedOf matches the end of a file's name that has the seed.
var seedOf = regexp.MustCompile(`-seed([0-9]+)$`)

// A meanRow is the outcomes of several seeds.
type meanRow struct {
	label    string
	outcomes []evaluate.Outcome
}

func runMean(flags *cli.Flags) cli.Run {
	parts := flags.Bool("parts", false, "the parts, too (trainer evaluate --by)")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		if len(args) == 0 {
			return cli.Usagef("no files")
		}
		var rows []meanRow
		place := map[string]int{}
		for _, path := range args {
			o, err := evaluate.ReadOutcome(path)
			if err != nil {
				return err
			}
			label := seedOf.ReplaceAllString(strings.TrimSuffix(filepath.Base(path), ".json"), "")
			i, ok := place[label]
			if !ok {
				i = len(rows)
				place[label] = i
				rows = append(rows, meanRow{label: label})
			}
			if first := rows[i].outcomes; len(first) > 0 && (first[0].Queries != o.Queries || first[0].Docs != o.Docs) {
				return fmt.Errorf("%s: %d queries over %d passages, another seed of %s has %d over %d", path, o.Queries, o.Docs, label, first[0].Queries, first[0].Docs)
			}
			rows[i].outcomes = append(rows[i].outcomes, o)
		}

		w := tabwriter.NewWriter(s.Out, 0, 0, 1, ' ', 0)
		fmt.Fprint(w, "| \t| queries\t| seeds\t")
		for _, m := range meanMeasures {
			fmt.Fprintf(w, "| %s\t", metrics.Names[m])
		}
		fmt.Fprintln(w, "| FLOPS\t| dense asked in\t|\n|---\t|---:\t|---:\t"+strings.Repeat("|---:\t", len(meanMeasures)+2)+"|")
		for _, r := range rows {
			r.print(w, r.label, func(o *evaluate.Outcome) (int, map[string]float64) { return o.Queries, o.Metrics }, true)
			if !*parts {
				continue
			}
			for k, p := range r.outcomes[0].Parts {
				r.print(w, "- "+p.Name, func(o *evaluate.Outcome) (int, map[string]float64) {
					if k < len(o.Parts) && o.Parts[k].Name == p.Name {
						return o.Parts[k].Queries, o.Parts[k].Metrics
					}
					return 0, nil
				}, false)
			}
		}
		return w.Flush()
	}
}

// meanMeasures are the measures in the project's tables.
var meanMeasures = []metrics.Measure{metrics.MRR, metrics.NDCG10, metrics.R10, metrics.R100}

func (r *meanRow) print(w *tabwriter.Writer, label string, of func(*evaluate.Outcome) (int, map[string]float64), cost bool) {
	n, _ := of(&r.outcomes[0])
	fmt.Fprintf(w, "| %s\t| %d\t| %d\t", label, n, len(r.outcomes))
	for _, m := range meanMeasures {
		var values []float64
		for i := range r.outcomes {
			if _, metric := of(&r.outcomes[i]); metric != nil {
				values = append(values, metric[metrics.Keys[m]])
			}
		}
		fmt.Fprintf(w, "| %s\t", withDeviation(values))
	}
	if !cost || r.outcomes[0].Cost == nil {
		fmt.Fprintln(w, "| \t| \t|")
		return
	}
	flops, share := 0.0, ""
	for _, o := range r.outcomes {
		flops += o.Cost.FLOPS / float64(len(r.outcomes))
	}
	if s := r.outcomes[0].Cost.Stages; s != nil {
		sum := 0.0
		for _, o := range r.outcomes {
			sum += o.Cost.Stages.Dense / float64(len(r.outcomes))
		}
		share = fmt.Sprintf("%.0f %%", 100*sum)
	}
	fmt.Fprintf(w, "| %.2f\t| %s\t|\n", flops, share)
}

// withDeviation formats the mean and, if there are several values, the standard deviation
// of the sample.
func withDeviation(values []float64) string {
	s := experiment.StatOf(values)
	if len(values) < 2 {
		return fmt.Sprintf("%.4f", s.Mean)
	}
	return fmt.Sprintf("%.4f ± %.4f", s.Mean, s.SD)
}
