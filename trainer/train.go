package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"

	"parley/trainer/torch"
	"parley/trainer/train"
)

const trainHelp = `Usage: trainer train --encoder DIR --examples FILES --passages FILES --out DIR [FLAGS]
       trainer train --config FILE [FLAGS]
       trainer train --resume --out DIR

Distils a query encoder: it learns to rank passages for a conversation as the teacher,
the frozen document encoder, ranks them for the rewritten question. Vectors and rankings
are made once and kept in --cache. A run can be stopped at any moment; --resume
continues it.

Every flag is also a field of the same name in a run's JSON file, such as DIR/run.json.

How --sampling draws the candidates from the teacher's ranking:
  window    evenly between the ranks --from and --to
  top       the first ones after --from
  uniform   evenly from the whole ranking
  score     by the teacher's score, with importance weights
  quantile  one from each of as many equal stretches of ranks

Examples:
  trainer train --encoder splade-tiny --examples canard.jsonl,qrecc.jsonl --passages wiki.jsonl --out runs/one
  trainer train --config runs/one/run.json --l1 0.02 --out runs/sparse
  trainer train --config runs/one/run.json --train-docs --doc-flops 0.001 --dev-passages 5000 --out runs/both
  trainer train --resume --out runs/one
  trainer train --config trainer/recipes/topiocqa.json --out runs/topiocqa   # full scale, on CUDA
`

func trainCommand(ctx context.Context, args []string, stdout, stderr *os.File) error {
	// The file is read first, so that flags override it.
	c := train.Default()
	var file, out string
	var resume bool
	first := flag.NewFlagSet("train", flag.ContinueOnError)
	ignored := train.Default()
	ignored.Flags(first)
	first.StringVar(&file, "config", "", "a run's JSON `file`; flags change its fields")
	first.BoolVar(&resume, "resume", false, "continue the run in --out")
	if err := parse(first, args, trainHelp+"\n"+train.Groups(), stdout); err != nil {
		return err
	}
	if first.NArg() > 0 {
		return wrongUse("%q is no flag; file names go after their flag, several with commas", first.Arg(0))
	}
	if out = ignored.Out; resume {
		if out == "" {
			return wrongUse("--resume needs --out, the run's folder")
		}
		file = filepath.Join(out, "run.json")
	}
	if file != "" {
		if err := c.Read(file); err != nil {
			return err
		}
		c.Out = out
	}
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	c.Flags(flags)
	flags.StringVar(&file, "config", file, "")
	flags.BoolVar(&resume, "resume", resume, "")
	if err := parse(flags, args, trainHelp, stdout); err != nil {
		return err
	}
	for _, list := range []*[]string{&c.Examples, &c.Dev, &c.Exclude, &c.Passages, &c.Teachers, &c.Engine} {
		var found files
		for _, p := range *list {
			if err := found.Set(p); err != nil {
				return err
			}
		}
		*list = found
	}
	if err := c.Check(); err != nil {
		return usageError{err}
	}
	err := train.Run(ctx, c, resume, stderr)
	if errors.Is(err, torch.ErrAbsent) {
		return torch.ErrAbsent
	}
	return err
}
