package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"parley/shared/cli"
	"parley/shared/importers"
	"parley/shared/wordpiece"
	"parley/trainer/disk"
	"parley/trainer/experiment"
)

var experimentCommand = cli.Command{
	Name: "experiment", Define: runExperiment,
	Synopsis: `--data DIR [FLAGS]
--list | --report [FLAGS]`,
	Summary: "run a grid of trainings, measure each, make tables and figures",
	About: `Trains and measures the rows of a grid's file, one after another, and writes a result
for each row and seed, then tables and figures. It skips what is done: a result is
known by its configuration and by the checksums of its data. If it is stopped, at any
moment, the same command continues. It reports rows that fail at the end. If the same
command is started several times, the processes share the work; one per core with
--threads 1 is faster than one process on all cores.

trainer/experiment/data.sh makes the folder of the data from the data sets.`,
	Examples: `sh trainer/experiment/data.sh SETS build/experiments/data
trainer experiment --list
trainer experiment --only main,l1 --seeds 1
trainer experiment --report
trainer experiment --only main --steps 20 --out build/trial --work build/trial`,
}

func runExperiment(flags *cli.Flags) cli.Run {
	var o struct {
		grid, data, work, out, cache, seeds, device string
		threads, steps                              int
		choices, list, report, json                 bool
	}
	flags.StringVar(&o.grid, "grid", "trainer/experiment/grid.json", "the grid's `file`")
	flags.StringVar(&o.data, "data", "build/experiments/data", "`folder` of the data, which the grid calls DATA")
	flags.StringVar(&o.work, "work", "build/experiments", "`folder` in which the trainings are kept")
	flags.StringVar(&o.out, "out", "models/experiments", "`folder` of the results")
	flags.StringVar(&o.cache, "cache", "build/cache", "`folder` in which vectors and rankings are kept")
	var only []string
	flags.Func("only", "these `experiments`, with commas, or one row as EXPERIMENT/LABEL; may be repeated", func(s string) error {
		if strings.Contains(s, "/") { // a label may have commas
			only = append(only, s)
		} else {
			only = append(only, strings.Split(s, ",")...)
		}
		return nil
	})
	flags.StringVar(&o.seeds, "seeds", "", "these `seeds` alone, with commas")
	flags.StringVar(&o.device, "device", "cpu", "cpu, cuda or cuda:N")
	flags.IntVar(&o.threads, "threads", 0, "`number` of cores that an operation in training uses (0: libtorch's choice)")
	flags.IntVar(&o.steps, "steps", 0, "for a trial: stop trainings after `n` steps (give another --out)")
	flags.BoolVar(&o.choices, "choices", false, "also measure earlier rows on the grid's further sets for choosing settings, if those were added since")
	flags.BoolVar(&o.list, "list", false, "print what is done and what is missing, and how long that will take")
	flags.BoolVar(&o.json, "json", false, "print the list as JSON, one object per row and seed")
	flags.BoolVar(&o.report, "report", false, "make tables and figures of the results so far; needs no data")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		if len(args) > 0 {
			return cli.Usagef("%q is no flag; several experiments go after --only, with commas", args[0])
		}
		if o.json && !o.list {
			return cli.Usagef("--json needs --list")
		}
		grid, err := experiment.ReadGrid(o.grid)
		if err != nil {
			return err
		}
		if o.report {
			return experiment.Report(grid, o.out, s.Err)
		}
		rows, err := grid.Rows()
		if err != nil {
			return err
		}
		var seeds []int
		if o.seeds != "" {
			for s := range strings.SplitSeq(o.seeds, ",") {
				n, err := strconv.Atoi(s)
				if err != nil {
					return cli.Usagef("--seeds: %q is not a number", s)
				}
				seeds = append(seeds, n)
			}
		}
		if rows, err = experiment.Select(rows, only, seeds); err != nil {
			return cli.WrongUse(err)
		}
		if o.steps > 0 {
			for i := range rows {
				rows[i].Train.Steps = o.steps
			}
		}
		lab := &experiment.Lab{
			Grid: grid, Data: o.data, Work: o.work, Out: o.out, Choices: o.choices,
			Cache: o.cache, Threads: o.threads, Device: o.device, Stderr: s.Err,
		}
		if o.list {
			return listExperiments(lab, rows, o.json, s.Out)
		}
		if err := describeData(rows, o.data, o.out); err != nil {
			return err
		}
		if err := lab.Run(ctx, rows); err != nil {
			return err
		}
		if o.steps > 0 {
			return nil // a trial's rows are not the grid's
		}
		return experiment.Report(grid, o.out, s.Err)
	}
}

// A listed is a row and seed as --list --json prints it.
type listed struct {
	Experiment string  `json:"experiment"`
	Label      string  `json:"label"`
	Seed       int     `json:"seed"` // 0 if nothing is trained
	Key        string  `json:"key,omitempty"`
	State      string  `json:"state"`             // "done", "trained", "to do" or "cannot"
	Missing    string  `json:"missing,omitempty"` // why it cannot be done
	Seconds    float64 `json:"seconds_left"`
}

// listExperiments prints one line per row, or JSON with one object per row and seed.
func listExperiments(lab *experiment.Lab, rows []experiment.Row, asJSON bool, stdout io.Writer) error {
	jobs, err := lab.Jobs(rows)
	if err != nil {
		return err
	}
	all := make([]listed, len(jobs))
	var names []string
	of := map[string][]listed{}
	var left float64
	done := 0
	for i := range jobs {
		j := &jobs[i]
		l := listed{j.Experiment, j.Label, j.Seed, j.Key, "to do", j.Missing, j.Seconds}
		switch {
		case j.Missing != "":
			l.State = "cannot"
		case j.Done():
			l.State = "done"
			done++
		case j.Trained:
			l.State = "trained"
		}
		left += j.Seconds
		all[i] = l
		if of[j.Name()] == nil {
			names = append(names, j.Name())
		}
		of[j.Name()] = append(of[j.Name()], l)
	}
	if asJSON {
		return cli.JSON(stdout, all)
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "experiment\trow\tdone\tof\t")
	for _, name := range names {
		seeds, missing := 0, ""
		for _, l := range of[name] {
			if l.State == "done" {
				seeds++
			} else if l.Missing != "" {
				missing = l.Missing + " is missing"
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", of[name][0].Experiment, of[name][0].Label, seeds, len(of[name]), missing)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d of %d done, about %s left\n", done, len(jobs), (time.Duration(left) * time.Second).String())
	return err
}

// describeData writes the table of the data sets: what the first training reads, and
// what it leaves out because the evaluations ask it.
func describeData(rows []experiment.Row, data, out string) error {
	i := slices.IndexFunc(rows, func(r experiment.Row) bool { return r.Trained() })
	if i < 0 {
		return nil
	}
	c := rows[i].Train
	path := filepath.Join(experiment.Path(data, rows[i].PassageEncoder()), "vocab.txt")
	vocab, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has only a tokenizer.json; the table is not worth reading that
	}
	if err != nil {
		return err
	}
	tokens, err := wordpiece.New(vocab)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var sets []experiment.DataSet
	for _, part := range []struct {
		use      string
		patterns []string
	}{{"train", c.Examples}, {"dev", c.Dev}, {"test", c.Exclude}} {
		names, err := experiment.Expand(data, part.patterns)
		var missing *experiment.Missing
		if errors.As(err, &missing) {
			return nil // the rows will report it
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			r, err := disk.Import("jsonl", []string{experiment.Path(data, name)}, importers.Options{})
			if err != nil {
				return err
			}
			sets = append(sets, experiment.DataSet{
				Name:  strings.TrimSuffix(name, ".jsonl"),
				Use:   part.use,
				Stats: importers.Describe(r.Examples, func(s string) int { return len(tokens.Append(nil, s, -1)) }),
			})
		}
	}
	return experiment.WriteDataSets(out, sets)
}
