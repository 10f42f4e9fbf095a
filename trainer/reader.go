package main

import (
	"context"
	"errors"
	"path/filepath"

	"parley/shared/cli"
	"parley/trainer/torch"
	"parley/trainer/train"
)

var readerCommand = cli.Command{
	Name: "reader", Define: runReader,
	Synopsis: `--encoder DIR --examples FILES --out DIR [FLAGS]
--resume --out DIR`,
	Summary: "train the reader, which reads question and passage together (needs libtorch)",
	About: `Trains the reader, the stage that reads a question and a passage together and says
whether the passage, and which of its sentences, answers (monoBERT: Nogueira and Cho
2019, arXiv 1901.04085). It has the embeddings and the lower layers of a dense encoder as
it ships, which stay as they are, and layers of its own above them.

The examples are those of trainer candidates. The loss is the sum of the cross entropy of
whether a passage answers, over pairs; of the answering passages among an example's, and
of the answering sentences among a passage's, each by softmax.

A run can be stopped at any moment; --resume continues it. trainer export writes its
reader into the dense encoder's folder.`,
	Examples: `trainer reader --encoder models/bge-small-conv --vocabulary models/splade-tiny --examples conversations.jsonl,answers.jsonl --dev dev.jsonl --mixed --out runs/reader
trainer reader --resume --out runs/reader
trainer export --reader-weight 4 --reader-results 5 runs/reader models/bge-small-conv`,
}

func runReader(flags *cli.Flags) cli.Run {
	given := train.DefaultReader()
	given.Flags(flags)
	resume := flags.Bool("resume", false, "continue the run in --out")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		if len(args) > 0 {
			return cli.Usagef("%q is no flag; file names go after their flag, several with commas", args[0])
		}
		c := given
		if *resume {
			if given.Out == "" {
				return cli.Usagef("--resume needs --out, the run's folder")
			}
			c = train.DefaultReader()
			if err := c.Read(filepath.Join(given.Out, train.ReaderFile)); err != nil {
				return err
			}
			c.Out = given.Out
			if err := c.Override(flags); err != nil {
				return err
			}
		}
		if err := findFiles(&c.Examples, &c.Dev); err != nil {
			return cli.WrongUse(err)
		}
		if err := c.Check(); err != nil {
			return cli.WrongUse(err)
		}
		err := train.RunReader(ctx, c, *resume, s.Err)
		if errors.Is(err, torch.ErrAbsent) {
			return torch.ErrAbsent
		}
		return err
	}
}
