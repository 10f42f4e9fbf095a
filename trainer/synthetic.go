package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"parley/shared/beir"
	"parley/shared/cli"
	"parley/shared/lines"
	"parley/shared/mtrag"
	"parley/trainer/disk"
	"parley/trainer/synthetic"
)

var syntheticCommand = cli.Command{
	Name: "synthetic", Define: runSynthetic,
	Synopsis: `--mtrag DIR --out DIR [FLAGS]`,
	Summary:  "make an evaluation from MTRAG's synthetic conversations",
	About: `Makes an evaluation for choosing settings, from MTRAG's synthetic conversations. The
passages from which a turn's reply was written are relevant to the turn. All of them,
with distractors, are the collection. Passages that are relevant in MTRAG's
conversations of people are left out, because those are for testing. A turn that has no
passage left is not asked.

Writes corpus.jsonl, tasks.jsonl, queries_last.jsonl and qrels.tsv. The same sets give
the same bytes.`,
	Examples: `trainer synthetic --mtrag SETS/mtrag --distractors lead3.jsonl --out synthetic
trainer evaluate --encoder models/splade-tiny --input conversation --passages synthetic/corpus.jsonl \
  --queries synthetic/queries_last.jsonl --tasks synthetic/tasks.jsonl --qrels synthetic/qrels.tsv`,
}

func runSynthetic(flags *cli.Flags) cli.Run {
	var folder, distractors, out string
	var first int
	var asJSON bool
	flags.StringVar(&folder, "mtrag", "", "MTRAG's `folder`: human/, passages/ and synthetic/")
	flags.StringVar(&distractors, "distractors", "", "`file` of further passages for the collection, in BEIR's form")
	flags.IntVar(&first, "first", 20000, "take the first `n` distractors")
	flags.StringVar(&out, "out", "", "`folder` to write")
	flags.BoolVar(&asJSON, "json", false, "print the figures as JSON")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		switch {
		case len(args) > 0:
			return cli.Usagef("%q is no flag", args[0])
		case folder == "" || out == "":
			return cli.Usagef("want --mtrag and --out")
		}
		gold, err := humanGold(folder)
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		var turns []mtrag.Synthetic
		err = disk.Lines(filepath.Join(folder, "synthetic", "synthetic.jsonl.gz"), func(r *lines.Reader) (err error) {
			turns, err = mtrag.ReadSynthetic(r)
			return err
		})
		if err != nil {
			return err
		}
		var others []beir.Document
		if distractors != "" {
			err := disk.Lines(distractors, func(r *lines.Reader) error {
				for d, err := range beir.Documents(r) {
					if err != nil {
						return err
					}
					if len(others) == first {
						break
					}
					others = append(others, d)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		e, err := synthetic.Evaluate(turns, gold, others)
		if err != nil {
			return err
		}
		if err := e.Write(out); err != nil {
			return err
		}
		if asJSON {
			return json.NewEncoder(s.Out).Encode(map[string]int{"passages": len(e.Corpus), "gold": e.Gold, "left_out": e.LeftOut, "queries": len(e.Qrels), "unasked": e.Unasked})
		}
		_, err = fmt.Fprintf(s.Out, "%d passages, %d of them contexts; %d contexts left out, as relevant in MTRAG's conversations of people\n%d queries, %d turns not asked\n",
			len(e.Corpus), e.Gold, e.LeftOut, len(e.Qrels), e.Unasked)
		return err
	}
}

// humanGold returns the texts of the passages that are relevant in MTRAG's
// conversations of people.
func humanGold(folder string) (map[string]bool, error) {
	relevant := map[string]bool{}
	qrels, err := filepath.Glob(filepath.Join(folder, "human", "qrels_*.tsv"))
	if err != nil {
		return nil, err
	}
	passages, err := filepath.Glob(filepath.Join(folder, "passages", "*.jsonl.gz"))
	if err != nil {
		return nil, err
	}
	if len(qrels) == 0 || len(passages) == 0 {
		return nil, fmt.Errorf("%s has no human/qrels_*.tsv or no passages/*.jsonl.gz", folder)
	}
	for _, path := range qrels {
		err := disk.Lines(path, func(r *lines.Reader) error {
			judged, err := beir.ReadQrels(r)
			for _, grades := range judged {
				for id, grade := range grades {
					if grade > 0 {
						relevant[id] = true
					}
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	texts := map[string]bool{}
	for _, path := range passages {
		err := disk.Lines(path, func(r *lines.Reader) error {
			for d, err := range beir.Documents(r) {
				if err != nil {
					return err
				}
				if relevant[d.ID] {
					texts[synthetic.SameText(d.Text)] = true
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return texts, nil
}
