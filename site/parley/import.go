package main

import (
	"context"
	"fmt"
	"iter"
	"os"

	"parley/shared/cli"
	"parley/shared/documents"
	"parley/shared/passages"
	"parley/site/collection"
	"parley/site/engine"
)

// runImport makes a collection from another engine's index.
func runImport(l *cli.Flags) cli.Run {
	var about passages.About
	encoderDir := l.String("encoder", "", "the `folder` of the encoder that made the index, or a family's, whose base did")
	texts := l.String("texts", "", "the documents' titles and texts: a `file` of JSON Lines (_id, title, text, metadata.url), or another that parley index reads")
	step := l.Float64("step", 0, "the `weight` of a frequency of 1; 0: what the file says, if Parley wrote it")
	out := l.String("out", "collection", "the `folder` to write")
	l.StringVar(&about.Title, "title", "", "`name` of the collection, shown on the page")
	l.StringVar(&about.Source, "source", "", "`url` where the documents come from")
	l.StringVar(&about.Licence, "licence", "", "`name` of the documents' licence, shown on the page")
	l.StringVar(&about.LicenceURL, "licence-url", "", "`url` of the licence")
	l.StringVar(&about.Attribution, "attribution", "", "`text` that names the authors, shown on the page")
	asJSON := l.Bool("json", false, "print what was made as JSON")
	return func(ctx context.Context, s cli.Streams, args []string) (err error) {
		switch {
		case len(args) == 0 || args[0] != "ciff":
			return cli.Usagef("wanted the format first: parley import ciff FILE")
		case len(args) != 2:
			return cli.Usagef("wanted one FILE, got %d", len(args)-1)
		case *step < 0:
			return cli.Usagef("--step %v: wanted a positive weight", *step)
		}
		if about.Title == "" {
			about.Title = "Documents"
		}
		_, enc, err := openEncoders(*encoderDir)
		if err != nil {
			return err
		}
		f, err := os.Open(args[1])
		if err != nil {
			return err
		}
		defer f.Close()
		var docs iter.Seq[documents.Document]
		left := omissions{all: true}
		if *texts != "" {
			if docs, err = collection.Read([]string{*texts}, documents.Options{}, "", left.note); err != nil {
				return err
			}
		}
		unit := engine.CIFFStep
		if *step > 0 {
			unit = func(string) (float32, error) { return float32(*step), nil }
		}
		sum, err := collection.ImportCIFF(ctx, enc, f, unit, docs, *out, about)
		left.print(s.Err)
		if err != nil {
			return fmt.Errorf("%s: %w", args[1], err)
		}
		if *asJSON {
			return cli.JSON(s.Out, sum)
		}
		fmt.Fprintf(s.Out, "%s passages, %s postings, in %s\n", thousands(sum.Passages), thousands(sum.Postings), sum.Out)
		if sum.WithoutText > 0 {
			fmt.Fprintf(s.Err, "warning: %s passages have no text: they are found, and nothing of them can be quoted; --texts gives texts\n", thousands(sum.WithoutText))
		}
		if sum.Unused > 0 {
			fmt.Fprintf(s.Err, "%s of the texts are of documents that the index does not have\n", thousands(sum.Unused))
		}
		fmt.Fprintf(s.Out, "Next: %s\n", cli.Typed("parley", "chat", "--collection", *out, "--encoder", *encoderDir))
		return nil
	}
}
