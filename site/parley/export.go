package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"parley/shared/answer"
	"parley/shared/cli"
	"parley/shared/durable"
	"parley/shared/message"
	"parley/shared/progress"
	"parley/site/collection"
	"parley/site/engine"
)

// runExport writes a collection for another search engine.
func runExport(l *cli.Flags) cli.Run {
	var from sources
	dir := l.String("collection", "", "the collection's `folder`")
	l.StringVar(&from.encoder, "encoder", "", "the encoder's `folder`, or a family's")
	to := l.String("to", "", "the `engine`: "+formNames())
	cli.OneOf(l, "to", strings.Split(formNames(), ", ")...)
	out := l.String("out", "", "the `folder` to write")
	part := l.Int("part", 0, "`passages` in a file (0: 5000)")
	ask := l.String("ask", "", "the `question` of the example query (empty: the first passage's title)")
	queries := l.String("queries", "", "also write these questions, encoded, to queries.jsonl, each with the 100 passages that Parley ranks best: a `file` as search --queries takes it")
	dry := l.Bool("dry-run", false, "write nothing; say what would be written, and show the example query")
	asJSON := l.Bool("json", false, "print what was written as JSON")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		switch {
		case *to == "" && len(args) == 2:
			return cli.Usagef("no --to ENGINE; an encoder is made small by `parley quantize %s`", strings.Join(args, " "))
		case len(args) > 0:
			return cli.Usagef("%q: wanted flags alone", args[0])
		case *to == "":
			return cli.Usagef("no --to ENGINE, one of %s", formNames())
		case *out == "" && !*dry:
			return cli.Usagef("no --out FOLDER to write")
		case *part < 0:
			return cli.Usagef("--part %d: wanted a positive number", *part)
		}
		form, err := engine.FormNamed(*to)
		if err != nil {
			return cli.Usagef("--to: %w", err)
		}
		from.collections = []string{*dir}
		e, c, example, err := openExport(ctx, from, *ask, s)
		if err != nil {
			return err
		}
		if *dry {
			fmt.Fprintf(s.Out, "%s\n%s passages, %s postings, %s terms\nThe query for %q:\n\n%s", form.About,
				thousands(c.Passages.Len()), thousands(c.Index.Postings()), thousands(c.Terms()), example.Question, form.Query(c, example.Factors, 10))
			return nil
		}
		bar := progress.Await(s.Err, "passages", int64(c.Passages.Len()))
		sum, err := form.Export(ctx, c, *out, engine.Options{Part: *part, Example: example, Progress: func(p engine.Progress) {
			bar.Update(int64(p.Done), fmt.Sprintf("%d of %d", p.Done, p.Total))
		}})
		bar.Clear()
		if err == nil && *queries != "" {
			err = writeQueries(ctx, e, *queries, filepath.Join(*out, "queries.jsonl"))
			sum.Files++
		}
		if ctx.Err() != nil {
			return fmt.Errorf("stopped; the parts that are whole stay, and the same command continues")
		}
		if err != nil {
			return err
		}
		if *asJSON {
			return cli.JSON(s.Out, sum)
		}
		fmt.Fprintf(s.Out, "%s passages in %d files, %.1f MB, in %s\n", thousands(sum.Passages), sum.Files, float64(sum.Bytes)/1e6, sum.Out)
		if sum.Kept > 0 {
			fmt.Fprintf(s.Out, "%d files were there from a run before\n", sum.Kept)
		}
		fmt.Fprintf(s.Out, "%s/README.md says how they are loaded and asked\n", sum.Out)
		return nil
	}
}

// openExport opens a collection for export, and encodes the example's question as the page
// would.
func openExport(ctx context.Context, from sources, question string, s cli.Streams) (*answer.Engine, *engine.Collection, engine.Example, error) {
	var none engine.Example
	from.stage = message.StageSparse
	e, err := openEngine(ctx, from, s.Err)
	if err != nil {
		return nil, nil, none, err
	}
	dir, err := collectionFolder(from.collections[0])
	if err != nil {
		return nil, nil, none, err
	}
	files, err := collection.Files(dir)
	if err != nil {
		return nil, nil, none, err
	}
	manifest, err := fs.ReadFile(files, "manifest.json")
	if err != nil {
		return nil, nil, none, err
	}
	c := &engine.Collection{Index: e.Index, Passages: e.Passages, Hash: sha256.Sum256(manifest),
		Piece: func(term uint32) string { return e.Encoder.Tokenizer.Piece(int32(term)) }}
	if question == "" && e.Passages.Len() > 0 {
		question = cmp.Or(e.Passages.At(0).Title, e.Passages.At(0).Text)
	}
	v, err := e.Query(message.Ask{Turns: []message.Turn{{Question: question}}})
	if err != nil {
		return nil, nil, none, fmt.Errorf("the example's question: %w; name another with --ask", err)
	}
	factors, _ := e.Index.Factors(v)
	return e.Engine, c, engine.Example{Question: question, Factors: factors}, nil
}

// writeQueries writes each question's query and the passages that Parley ranks best for
// it:
//
//	{"_id": "q1", "v": {"1037": 512, ...}, "step": 0.0002, "best": [[12, 70144], ...]}
//
// v holds the integers to query an engine with. best holds the numbers of passages with
// their sums of v x impact; step times a sum is the score that Parley shows.
func writeQueries(ctx context.Context, e *answer.Engine, from, to string) error {
	list, err := readQueries(from)
	if err != nil {
		return err
	}
	type line struct {
		ID   string            `json:"_id"`
		V    map[uint32]uint32 `json:"v"`
		Step float32           `json:"step"`
		Best [][2]uint32       `json:"best"`
	}
	return durable.Write(to, func(w io.Writer) error {
		out, searcher := json.NewEncoder(w), e.Index.NewSearcher()
		for _, q := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			v, err := e.Query(message.Ask{Turns: turnsOf(q)})
			if errors.Is(err, answer.ErrNoQuestion) {
				continue
			}
			if err != nil {
				return fmt.Errorf("query %q: %w", q.ID, err)
			}
			factors, step := e.Index.Factors(v)
			l := line{q.ID, map[uint32]uint32{}, step, [][2]uint32{}}
			for _, f := range factors {
				l.V[f.Term] = f.Weight
			}
			hits, _ := searcher.Search(v, 100)
			for _, h := range hits {
				l.Best = append(l.Best, [2]uint32{h.Doc, uint32(h.Score / step)})
			}
			if err := out.Encode(l); err != nil {
				return err
			}
		}
		return nil
	})
}

func formNames() string {
	var names []string
	for _, f := range engine.Forms {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
