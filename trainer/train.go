package main

import (
	"context"
	"errors"
	"path/filepath"

	"parley/shared/cli"
	"parley/trainer/torch"
	"parley/trainer/train"
)

var trainCommand = cli.Command{
	Name: "train", Define: runTrain,
	Synopsis: `--encoder DIR --examples FILES --passages FILES --out DIR [FLAGS]
--config FILE [FLAGS]
--resume --out DIR`,
	Summary: "distil a query encoder (needs libtorch)",
	About: `Distils a query encoder: it learns to rank passages for a conversation as the teacher,
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

` + train.Groups(),
	Examples: `trainer train --encoder splade-tiny --examples canard.jsonl,qrecc.jsonl --passages wiki.jsonl --out runs/one
trainer train --config runs/one/run.json --l1 0.02 --out runs/sparse
trainer train --config runs/one/run.json --train-docs --doc-flops 0.001 --dev-passages 5000 --out runs/both
trainer train --resume --out runs/one
trainer train --config trainer/recipes/topiocqa.json --out runs/topiocqa   # full scale, on CUDA`,
}

func runTrain(flags *cli.Flags) cli.Run {
	given := train.Default()
	given.Flags(flags)
	file := flags.String("config", "", "a run's JSON `file`; flags change its fields")
	resume := flags.Bool("resume", false, "continue the run in --out")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		if len(args) > 0 {
			return cli.Usagef("%q is no flag; file names go after their flag, several with commas", args[0])
		}
		from := *file
		if *resume {
			if given.Out == "" {
				return cli.Usagef("--resume needs --out, the run's folder")
			}
			from = filepath.Join(given.Out, "run.json")
		}
		c := given
		if from != "" {
			// Flags override what the file says.
			c = train.Default()
			if err := c.Read(from); err != nil {
				return err
			}
			c.Out = given.Out
			if err := c.Override(flags); err != nil {
				return err
			}
		}
		if err := findFiles(&c.Examples, &c.Dev, &c.Exclude, &c.Passages, &c.Teachers, &c.Engine, &c.Record); err != nil {
			return cli.WrongUse(err)
		}
		if err := c.Check(); err != nil {
			return cli.WrongUse(err)
		}
		err := train.Run(ctx, c, *resume, s.Err)
		if errors.Is(err, torch.ErrAbsent) {
			return torch.ErrAbsent
		}
		return err
	}
}
