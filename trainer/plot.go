package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"parley/shared/cli"
	"parley/shared/durable"
	"parley/trainer/plot"
	"parley/trainer/train"
)

var plotCommand = cli.Command{
	Name: "plot", Define: runPlot,
	Synopsis: `RUN... --out FILE`,
	Summary:  "draw the training curves of runs, or a figure",
	About: `Draws the training curves of runs, also of runs that still train: loss and its parts,
regularisers, active terms, the dev set's figures, gradient and rate; or the figure that
a file FIGURE.json describes, as site/growth writes it. Writes an SVG, which is light or
dark as the reader's screen is.`,
	Examples: `trainer plot runs/one --out one.svg
trainer plot runs/one runs/sparse --out both.svg
trainer plot growth.json --out growth.svg`,
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
		if filepath.Ext(folders[0]) == ".json" {
			return drawFigure(folders, out)
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

// drawFigure draws the figure in a file.
func drawFigure(files []string, out string) error {
	if len(files) > 1 {
		return cli.Usagef("%d files; a figure is one", len(files))
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	var f plot.Figure
	if err := json.Unmarshal(data, &f); err != nil || len(f.Panels) == 0 {
		return fmt.Errorf("%s describes no figure: %w", files[0], cmp.Or(err, errors.New("it has no panels")))
	}
	return durable.WriteFile(out, f.SVG())
}
