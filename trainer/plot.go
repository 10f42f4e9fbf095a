package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"parley/shared/durable"
	"parley/trainer/plot"
	"parley/trainer/train"
)

const plotHelp = `Usage: trainer plot RUN... --out FILE

Draws the training curves of runs, also of runs that still train: loss and its parts,
regularisers, active terms, the dev set's figures, gradient and rate. Writes an SVG,
which is light or dark as the reader's screen is.

Examples:
  trainer plot runs/one --out one.svg
  trainer plot runs/one runs/sparse --out both.svg
`

func plotCommand(ctx context.Context, args []string, stdout, stderr *os.File) error {
	var out string
	flags := flag.NewFlagSet("plot", flag.ContinueOnError)
	flags.StringVar(&out, "out", "", "the SVG `file` to write")
	var folders []string
	for {
		if err := parse(flags, args, plotHelp, stdout); err != nil {
			return err
		}
		if flags.NArg() == 0 {
			break
		}
		folders, args = append(folders, flags.Arg(0)), flags.Args()[1:]
	}
	if len(folders) == 0 {
		return wrongUse("no run's folder")
	}
	if out == "" {
		return wrongUse("no --out, the file to write")
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
