package main

import (
	"context"
	"fmt"
	"path/filepath"

	"parley/shared/cli"
	"parley/shared/durable"
	"parley/trainer/plot"
	"parley/trainer/train"
)

var plotCommand = cli.Command{
	Name: "plot", Define: runPlot,
	Synopsis: `RUN... --out FILE`,
	Summary:  "draw the training curves of runs",
	About: `Draws the training curves of runs, also of runs that still train: loss and its parts,
regularisers, active terms, the dev set's figures, gradient and rate. Writes an SVG,
which is light or dark as the reader's screen is.`,
	Examples: `trainer plot runs/one --out one.svg
trainer plot runs/one runs/sparse --out both.svg`,
}

func runPlot(flags *cli.Flags) cli.Run {
	var out string
	flags.StringVar(&out, "out", "", "the SVG `file` to write")
	return func(_ context.Context, _ cli.Streams, folders []string) error {
		if len(folders) == 0 {
			return cli.Usagef("no run's folder")
		}
		if out == "" {
			return cli.Usagef("no --out, the file to write")
		}
		var runs []plot.Run
		for _, dir := range folders {
			log, err := train.ReadLog(filepath.Join(dir, "log.jsonl"))
			if err != nil {
				return err
			}
			if len(log) == 0 {
				return fmt.Errorf("the run in %s has not made a step yet", dir)
			}
			runs = append(runs, plot.Run{Name: filepath.Base(dir), Log: log})
		}
		return durable.WriteFile(out, plot.Curves(runs).SVG())
	}
}
