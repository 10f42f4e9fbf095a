package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"parley/shared/cli"
	"parley/shared/durable"
	"parley/shared/importers"
	"parley/trainer/corpus"
	"parley/trainer/disk"
	"parley/trainer/swap"
)

var swapCommand = cli.Command{
	Name: "swap", Define: runSwap,
	Synopsis: `--examples FILES --titles FILES --out FILE [FLAGS]`,
	Summary:  "make further examples by replacing a name with another",
	About: `Writes further training examples for a dense student. It replaces a name that a rewrite
takes from an earlier question ("the Eiffel Tower" for "it") by another name, in the
history and in the rewrite alike. The names are the titles of a collection in BEIR's
form. Examples whose rewrite takes no name from an earlier question are left out. The
same files and seed give the same bytes.`,
	Examples: `trainer swap --examples canard.jsonl,qrecc.jsonl --titles lead3.jsonl --out swapped.jsonl
trainer swap --examples 'train/*.jsonl' --titles lead3.jsonl --times 2 --seed 7 --out swapped.jsonl`,
}

func runSwap(flags *cli.Flags) cli.Run {
	var examples, titles files
	flags.Var(&examples, "examples", "training examples, `files` as trainer import writes them")
	flags.Var(&titles, "titles", "BEIR's corpus `files`, whose titles become the names")
	times := flags.Int("times", 1, "make `n` examples from each")
	seed := flags.Int("seed", 1, "`number` that seeds the choice of names")
	out := flags.String("out", "", "`file` to write")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		switch {
		case len(args) > 0:
			return cli.Usagef("%q is no flag; file names go after their flag, several with commas", args[0])
		case len(examples) == 0 || len(titles) == 0 || *out == "":
			return cli.Usagef("--examples, --titles and --out are needed")
		case *times < 1:
			return cli.Usagef("--times %d: at least 1 is needed", *times)
		}
		list, err := disk.Examples(examples)
		if err != nil {
			return err
		}
		of, err := corpus.Read(titles)
		if err != nil {
			return err
		}
		names := swap.NewNames(of.Titles, *seed)
		if names.Len() == 0 {
			return fmt.Errorf("--titles: no passage has a title that could be a name")
		}
		var made []importers.Example
		for n := range *times {
			for i := range list {
				e, ok := names.Swap(&list[i])
				if !ok {
					continue
				}
				if n > 0 {
					e.ID, e.Conversation = fmt.Sprint(e.ID, n+1), fmt.Sprint(e.Conversation, n+1)
				}
				made = append(made, e)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		var lines bytes.Buffer
		if err := importers.Write(&lines, made); err != nil {
			return err
		}
		if err := durable.WriteFile(*out, lines.Bytes()); err != nil {
			return err
		}
		return json.NewEncoder(s.Out).Encode(map[string]any{"examples": len(list), "written": len(made), "names": names.Len()})
	}
}
