package main

import (
	"context"
	"fmt"

	"parley/shared/cli"
	"parley/shared/progress"
	"parley/site/engine"
)

// runLoad writes a collection into a search engine that runs.
func runLoad(l *cli.Flags) cli.Run {
	to := l.String("to", "", "the engine's `URL`")
	var from sources
	dir := l.String("collection", "", "the collection's `folder`")
	l.StringVar(&from.encoder, "encoder", "", "the encoder's `folder`, or a family's")
	shards := l.Int("shards", 0, "the number of `shards` of a new index; 0: what the engine chooses")
	batch := l.Int("batch", 0, "`passages` in a request (0: 500)")
	replace := l.Bool("replace", false, "remove what has the name in the engine, and load anew")
	ask := l.String("ask", "", "the `question` of the example query (empty: the first passage's title)")
	asJSON := l.Bool("json", false, "print what was loaded as JSON")
	return func(ctx context.Context, s cli.Streams, args []string) (err error) {
		switch {
		case len(args) > 0:
			return cli.Usagef("%q: wanted flags alone", args[0])
		case *to == "":
			return cli.Usagef("no --to URL")
		case *shards < 0 || *batch < 0:
			return cli.Usagef("--shards %d, --batch %d: wanted positive numbers", *shards, *batch)
		}
		from.collections = []string{*dir}
		_, c, example, err := openExport(ctx, from, *ask, s)
		if err != nil {
			return err
		}
		bar := progress.Await(s.Err, "passages", int64(c.Passages.Len()))
		done, err := engine.Load(ctx, c, *to, engine.LoadOptions{Shards: *shards, Batch: *batch, Replace: *replace,
			Progress: func(p engine.Progress) { bar.Update(int64(p.Done), fmt.Sprintf("%d of %d", p.Done, p.Total)) },
			Notice:   func(text string) { bar.Clear(); fmt.Fprintln(s.Err, printable(text)) }})
		bar.Clear()
		if ctx.Err() != nil {
			return fmt.Errorf("stopped; the same command continues, and until then the engine's collection counts as unfinished")
		}
		if err != nil {
			return err
		}
		if *asJSON {
			return cli.JSON(s.Out, done)
		}
		fmt.Fprintf(s.Out, "%s passages in %s", thousands(done.Passages), done.Engine)
		if done.Kept > 0 {
			fmt.Fprintf(s.Out, ", %s of them from a run before", thousands(done.Kept))
		}
		fmt.Fprintf(s.Out, "\nTo ask it: %s\nIn its own words:\n\n%s", cli.Typed("parley", "search", "--engine", *to, example.Question),
			done.Form.Query(c, example.Factors, 10))
		return nil
	}
}
