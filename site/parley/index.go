package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"parley/shared/cli"
	"parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/passages"
	"parley/shared/progress"
	"parley/site/collection"
)

func runIndex(l *cli.Flags) cli.Run {
	var about passages.About
	var columns documents.Columns
	encoderDir := l.String("encoder", "", "the encoder's `folder`, or a family's, whose base encodes")
	out := l.String("out", "collection", "the `folder` to write")
	mass := l.Float64("mass", .9, "keep the heaviest terms of each passage that make up this `share` of its weight; 1: all")
	top := l.Int("top", 0, "keep at most this `many` terms of each passage; 0: no limit")
	tokens := l.Int("passage-tokens", 0, "cut documents into passages of at most this `many` tokens, title included; 0: 190")
	whole := l.Bool("whole", false, "do not cut documents: each is one passage already")
	kind := l.String("as", "", fmt.Sprintf("read all files as this `format`: %v", documents.Kinds))
	cli.OneOf(l, "as", documents.Kinds...)
	l.StringVar(&columns.ID, "column-id", "", "`column` of tables, or field of JSON, that holds the id, by name or number")
	l.StringVar(&columns.Title, "column-title", "", "`column` that holds the title")
	l.StringVar(&columns.Text, "column-text", "", "`column` that holds the text; several with commas between; * for all, each with its name")
	l.StringVar(&columns.URL, "column-url", "", "`column` that holds the link")
	charset := l.String("charset", "", "the `name` of the files' character set (windows-1252, shift_jis ...); without it, it is detected")
	l.BoolVar(&columns.NoHeader, "no-header", false, "tables begin with data; name columns by number")
	urlPrefix := l.String("url-prefix", "", "documents without a link get this `url` and their path")
	site := l.String("site", "", "the folder is what Hugo, MkDocs, Sphinx, Docusaurus ... wrote: its pages are read, and their links are this `url` and their path; ./ for the widget")
	l.StringVar(&about.Title, "title", "", "`name` of the collection, shown on the page")
	l.StringVar(&about.Source, "source", "", "`url` where the documents come from")
	l.StringVar(&about.Licence, "licence", "", "`name` of the documents' licence, shown on the page")
	l.StringVar(&about.LicenceURL, "licence-url", "", "`url` of the licence")
	l.StringVar(&about.Attribution, "attribution", "", "`text` that names the authors, shown on the page")
	denseDir := l.String("dense", "", "make dense vectors, too, for a second stage, by the dense encoder in this `folder`, or the family's; without PATH, add them to the collection in --out")
	l.Lookup("dense").NoOptDefVal = familys
	lifted := l.Bool("lift", false, "let the dense encoder change the weights of the passages' terms, so that the first stage alone ranks in part as it does; with --dense, or in a folder that has dense vectors")
	workers := l.Int("workers", 0, "encode with this `many` goroutines; 0: one a core")
	anew := l.Bool("anew", false, "encode everything again, also what the folder in --out has")
	asJSON := l.Bool("json", false, "print what was done as JSON")
	verbose := l.Bool("verbose", false, "name every file and record that was left out, not just some of each kind")
	return func(ctx context.Context, s cli.Streams, args []string) (err error) {
		dense := *denseDir != ""
		if *denseDir == familys {
			for _, a := range args {
				if _, err := os.Stat(filepath.Join(a, "model.safetensors")); err == nil {
					return cli.Usagef("%s is an encoder's folder: to make dense vectors by it, write --dense=%s", a, a)
				}
			}
		}
		add := len(args) == 0 && dense
		if add {
			l.Visit(func(f *cli.Flag) {
				if !slices.Contains([]string{"dense", "out", "encoder", "workers", "json"}, f.Name) {
					err = cli.Usagef("--%s is for documents, and none are named; without them, --dense adds dense vectors to what is in --out", f.Name)
				}
			})
			if err != nil {
				return err
			}
		}
		switch {
		case len(args) == 0 && !add:
			return cli.Usagef("nothing to index; name files or folders")
		case *kind != "" && !slices.Contains(documents.Kinds, documents.Kind(*kind)):
			return cli.Usagef("--as %s: wanted one of %v", *kind, documents.Kinds)
		case !(*mass > 0 && *mass <= 1):
			return cli.Usagef("--mass %v: wanted a share above 0, at most 1", *mass)
		case *top < 0:
			return cli.Usagef("--top %d: wanted a number of terms, or 0 for no bound", *top)
		case *tokens < 0:
			return cli.Usagef("--passage-tokens %d: wanted a number of tokens, or 0 for 190", *tokens)
		case *workers < 0:
			return cli.Usagef("--workers %d: wanted a number of goroutines, or 0 for one a core", *workers)
		case *site != "" && *urlPrefix != "":
			return cli.Usagef("--site and --url-prefix exclude each other")
		case *site != "" && !strings.HasSuffix(*site, "/"):
			return cli.Usagef("--site %s: wanted an address that ends with a slash, such as / or https://docs.example.org/", *site)
		case *whole && *tokens > 0:
			return cli.Usagef("--whole and --passage-tokens exclude each other")
		}
		pages := describeZIM(s.Err, args, &about)
		if about.Title == "" {
			about.Title = "Documents"
		}
		if *whole {
			*tokens = -1
		}
		encoders, enc, err := openEncoders(*encoderDir)
		if err != nil {
			return err
		}
		o := collection.Options{About: about, Workers: *workers, Anew: *anew, Settings: collect.Settings{Mass: *mass, Top: *top, PassageTokens: *tokens}}
		if dense {
			if o.Dense, err = passagesBy(encoders, enc, *denseDir); err != nil {
				return err
			}
		}
		if *lifted {
			if o.Lift, err = liftBy(encoders, enc, *denseDir, o.Dense); err != nil {
				return err
			}
		}
		if add {
			return addDense(ctx, s, enc, *out, *encoderDir, o, *asJSON)
		}
		if os.Getenv("GOGC") == "" {
			// Texts stay and there is little garbage, so the program needs little more memory
			// than the texts.
			debug.SetGCPercent(12)
		}
		left := omissions{all: *verbose}
		docs, err := collection.Read(args, documents.Options{Kind: documents.Kind(*kind), Columns: columns, Charset: *charset, Site: *site}, *urlPrefix, left.note)
		if errors.Is(err, collection.ErrNoSuchPath) {
			return cli.WrongUse(err)
		}
		if err != nil {
			return err
		}
		if pages > 0 {
			docs = counted(docs, progress.Await(s.Err, "articles read", int64(pages)))
		}
		bar := collection.NewReporter(s.Err)
		o.Progress = bar.Show
		o.Note = left.note
		sum, err := collection.Build(ctx, enc, docs, *out, o)
		bar.Clear()
		left.print(s.Err)
		if errors.Is(err, collection.ErrNoPassages) {
			return fmt.Errorf("%w: no document was found in what was given", err)
		}
		if err != nil {
			return err
		}
		if *asJSON {
			return cli.JSON(s.Out, struct {
				*collection.Summary
				LeftOut int `json:"left_out"`
			}{sum, left.total()})
		}
		fmt.Fprintf(s.Out, "%s documents, %s passages in %s\n", thousands(sum.Documents), thousands(sum.Passages), sum.Out)
		if sum.Unchanged > 0 {
			fmt.Fprintf(s.Out, "%s passages are as they were, and were not encoded again\n", thousands(sum.Unchanged))
		}
		if sum.Resumed > 0 {
			fmt.Fprintf(s.Out, "%s passages were there from a run before\n", thousands(sum.Resumed))
		}
		if sum.PassagesPerSec > 0 {
			fmt.Fprintf(s.Out, "encoded in %.1f s: %.0f passages, %s tokens a second\n", sum.EncodeSeconds, sum.PassagesPerSec, thousands(int(float64(sum.Tokens)/sum.EncodeSeconds)))
		}
		fmt.Fprintf(s.Out, "index %.2f MB, texts %.2f MB; %.0f postings a passage\n", float64(sum.IndexBytes)/1e6, float64(sum.PassagesBytes)/1e6, float64(sum.Postings)/float64(sum.Passages))
		if sum.WithoutTerms > 0 {
			fmt.Fprintf(s.Err, "warning: the encoder gave no term for %s of %s passages: only their words find them\n", thousands(sum.WithoutTerms), thousands(sum.Passages))
		}
		printDense(s.Out, sum, *encoderDir)
		if sum.Lifted != "" {
			fmt.Fprintf(s.Out, "lifted by %s: the first stage ranks in part as it does\n", sum.Lifted)
		}
		var by string // the second stage's encoder, unless it is the family's
		if *denseDir != familys {
			by = *denseDir
		}
		needed := []string{"--collection", sum.Out, "--encoder", *encoderDir, "--dense", by}
		fmt.Fprintf(s.Out, "Next: %s, or %s\n", cli.Typed(append([]string{"parley", "chat"}, needed...)...), cli.Typed(append([]string{"parley", "build"}, needed...)...))
		return nil
	}
}

// describeZIM says what the ZIM archives among paths say of themselves, and returns about
// how many articles they have. What one alone says is the collection's, where no flag says
// otherwise. An archive that cannot be opened is told later, among what was left out.
func describeZIM(w io.Writer, paths []string, about *passages.About) (pages int) {
	for _, p := range paths {
		if info, err := os.Stat(p); !collection.IsZIM(p) || err != nil || !info.Mode().IsRegular() {
			continue
		}
		z, err := collection.DescribeZIM(p)
		if err != nil {
			continue
		}
		pages += z.Pages
		line := cmp.Or(z.About.Title, "no title")
		for _, more := range []struct{ what, is string }{{"language ", z.Language}, {"of ", z.Date}, {"by ", z.About.Attribution}, {"licence ", z.About.Licence}, {"from ", z.About.Source}} {
			if more.is != "" {
				line += ", " + more.what + more.is
			}
		}
		fmt.Fprintf(w, "%s: %s\n", printable(p), printable(line))
		if len(paths) == 1 {
			about.Title = cmp.Or(about.Title, z.About.Title)
			about.Source = cmp.Or(about.Source, z.About.Source)
			if about.Licence == "" && about.LicenceURL == "" {
				about.Licence, about.LicenceURL = z.About.Licence, z.About.LicenceURL
			}
			about.Attribution = cmp.Or(about.Attribution, z.About.Attribution)
		}
	}
	return pages
}

// counted shows how many documents were read.
func counted(docs iter.Seq[documents.Document], meter *progress.Meter) iter.Seq[documents.Document] {
	return func(yield func(documents.Document) bool) {
		defer meter.Clear()
		n := 0
		for d := range docs {
			n++
			meter.Update(int64(n), thousands(n))
			if !yield(d) {
				return
			}
		}
	}
}

// familys is the value of --dense without a folder.
const familys = "family"

// passagesBy opens the dense encoder for passages: the one in dir, or the family's.
func passagesBy(encoders *collection.Encoders, base *collection.LoadedEncoder, dir string) (*collection.LoadedDenseEncoder, error) {
	if dir == familys {
		return encoders.DensePassages()
	}
	d, err := collection.OpenDense(dir, base.Tokenizer)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("--dense=%s: %w: there is no dense encoder in this folder", dir, err)
	}
	return d, err
}

// liftBy opens the lift of the dense encoder in dir, or of the family's. d is the dense encoder
// that reads the passages, if one does: mostly the same.
func liftBy(encoders *collection.Encoders, base *collection.LoadedEncoder, dir string, d *collection.LoadedDenseEncoder) (*collection.LoadedLift, error) {
	if dir == "" || dir == familys {
		var err error
		if dir, err = encoders.DenseFolder(false); err != nil {
			return nil, err
		}
		if passages, err := encoders.DenseFolder(true); err != nil || passages != dir {
			d = nil
		}
	}
	if d == nil {
		var err error
		if d, err = collection.OpenDense(dir, base.Tokenizer); err != nil {
			return nil, err
		}
	}
	return collection.OpenLift(dir, d)
}

// addDense adds dense vectors to a collection.
func addDense(ctx context.Context, s cli.Streams, enc *collection.LoadedEncoder, out, encoderDir string, o collection.Options, asJSON bool) error {
	if _, err := os.Stat(out); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is no collection to add dense vectors to; name one with --out, or documents to index", out)
	}
	bar := collection.NewReporter(s.Err)
	o.Progress = bar.Show
	sum, err := collection.AddDense(ctx, enc, out, o)
	bar.Clear()
	if err != nil {
		return err
	}
	if asJSON {
		return cli.JSON(s.Out, sum)
	}
	fmt.Fprintf(s.Out, "%s passages in %s\n", thousands(sum.Passages), sum.Out)
	printDense(s.Out, sum, encoderDir)
	return nil
}

// printDense prints a summary of the dense vectors. encoderDir is what --encoder names.
func printDense(w io.Writer, sum *collection.Summary, encoderDir string) {
	d := sum.Dense
	switch {
	case sum.DenseDropped:
		fmt.Fprintf(w, "the passages are others than before: their dense vectors were dropped; %s makes new ones\n", cli.Typed("parley", "index", "--dense", "--out", sum.Out, "--encoder", encoderDir))
	case d == nil:
	case d.Encoder == "":
		fmt.Fprintf(w, "dense vectors %.2f MB: those of before, since the passages are the same\n", float64(d.Bytes)/1e6)
	default:
		if d.Resumed > 0 {
			fmt.Fprintf(w, "%s dense vectors were there from a run before\n", thousands(d.Resumed))
		}
		text := fmt.Sprintf("dense vectors %.2f MB, by %s", float64(d.Bytes)/1e6, d.Encoder)
		if d.PassagesPerSec > 0 {
			text += fmt.Sprintf(", in %.1f s: %.0f passages, %s tokens a second", d.EncodeSeconds, d.PassagesPerSec, thousands(int(float64(d.Tokens)/d.EncodeSeconds)))
		}
		fmt.Fprintln(w, text)
	}
}
