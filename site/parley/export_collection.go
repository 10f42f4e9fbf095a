package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"strings"

	"parley/shared/conversation"
	reading "parley/shared/query"
	"parley/site/collection"
	"parley/site/engine"
)

// runExportCollection writes a collection for another search engine.
func runExportCollection(ctx context.Context, s streams, l *line) error {
	var from sources
	l.StringVar(&from.collection, "collection", "", "the collection's `folder`")
	l.StringVar(&from.encoder, "encoder", "", "the encoder's `folder`, or a family's")
	to := l.String("to", "", "the `engine`: "+formNames())
	out := l.String("out", "", "the `folder` to write")
	part := l.Int("part", 0, "`passages` in a file (0: 5000)")
	ask := l.String("ask", "", "the `question` of the example query (empty: the first passage's title)")
	dry := l.Bool("dry-run", false, "write nothing; say what would be written, and show the example query")
	asJSON := l.Bool("json", false, "print what was written as JSON")
	args, err := l.parse()
	if err != nil {
		return err
	}
	switch {
	case *to == "" && len(args) == 2:
		return usagef("no --to ENGINE; an encoder is made small by `parley quantize %s`", strings.Join(args, " "))
	case len(args) > 0:
		return usagef("%q: wanted flags alone", args[0])
	case *to == "":
		return usagef("no --to ENGINE, one of %s", formNames())
	case *out == "" && !*dry:
		return usagef("no --out FOLDER to write")
	case *part < 0:
		return usagef("--part %d: wanted a positive number", *part)
	}
	form, err := engine.FormNamed(*to)
	if err != nil {
		return usagef("--to %w", err)
	}
	c, example, err := openExport(from, *ask, s)
	if err != nil {
		return err
	}
	if *dry {
		fmt.Fprintf(s.out, "%s\n%s passages, %s postings, %s terms\nThe query for %q:\n\n%s", form.About,
			thousands(c.Passages.Len()), thousands(c.Index.Postings()), thousands(c.Terms()), example.Question, form.Query(c, example.Factors, 10))
		return nil
	}
	bar := newMeter(s.err)
	sum, err := form.Export(ctx, c, *out, engine.Options{Part: *part, Example: example, Progress: func(p engine.Progress) {
		bar.show(collection.Progress{Done: p.Done, Total: p.Total, Left: p.Left})
	}})
	bar.end()
	if ctx.Err() != nil {
		return fmt.Errorf("stopped; the parts that are whole stay, and the same command continues")
	}
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(s.out, sum)
	}
	fmt.Fprintf(s.out, "%s passages in %d files, %.1f MB, in %s\n", thousands(sum.Passages), sum.Files, float64(sum.Bytes)/1e6, sum.Out)
	if sum.Kept > 0 {
		fmt.Fprintf(s.out, "%d files were there from a run before\n", sum.Kept)
	}
	fmt.Fprintf(s.out, "%s/README.md says how they are loaded and asked\n", sum.Out)
	return nil
}

// openExport opens a collection for export, and reads the example's question as the page
// would.
func openExport(from sources, question string, s streams) (*engine.Collection, engine.Example, error) {
	var none engine.Example
	from.stage = "sparse"
	e, _, err := openEngine(from, s.err)
	if err != nil {
		return nil, none, err
	}
	dir, err := collectionFolder(from.collection)
	if err != nil {
		return nil, none, err
	}
	files, err := collection.Files(dir)
	if err != nil {
		return nil, none, err
	}
	manifest, err := fs.ReadFile(files, "manifest.json")
	if err != nil {
		return nil, none, err
	}
	c := &engine.Collection{Index: e.Index, Passages: e.Passages, Hash: sha256.Sum256(manifest),
		Piece: func(term uint32) string { return e.Encoder.Tokenizer.Piece(int32(term)) }}
	example := engine.Example{Question: cmp.Or(question, e.Passages.At(0).Title, e.Passages.At(0).Text)}
	q, err := reading.NewReader(e.Encoder, e.Index.Lookup).Read([]conversation.Turn{{Question: example.Question}}, reading.Decide)
	if err != nil {
		return nil, none, err
	}
	example.Factors, _ = e.Index.Factors(q.Vector)
	return c, example, nil
}

func formNames() string {
	var names []string
	for _, f := range engine.Forms {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
