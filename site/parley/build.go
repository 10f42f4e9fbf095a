package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/cli"
	"parley/shared/progress"
	"parley/site/carried"
	"parley/site/engine"
	"parley/site/publish"
)

func runBuild(l *cli.Flags) cli.Run {
	collectionDir := l.String("collection", "", "the collection's `folder`")
	at := l.String("engine", "", "make a page for the collection in the search engine at this `URL`, to be served by parley serve --engine")
	encoderDir := l.String("encoder", "", "the encoder's `folder`, or a family's; it reads the questions")
	dense := l.String("dense", "", "the dense encoder's `folder`, for the second stage; empty: the family's, where it is installed and the collection has its vectors")
	noDense := l.Bool("no-dense", false, "leave the second stage out")
	inParts := l.Bool("parts", false, "publish the collection in parts, for collections too large to load: a question fetches those that it needs")
	out := l.String("out", "site/dist", "the `folder` to write; one built before is replaced")
	oneFile := l.String("one-file", "", "write everything into this one HTML `file` instead, which opens from a disk")
	widget := l.Bool("widget", false, "write what <parley-search> needs in a site's own pages, and no page of ours but one that shows it")
	title := l.String("title", "", "`title` of the page")
	examples := l.String("examples", "", "`file` of conversations to offer: one question per line, an empty line between conversations")
	from := l.String("from", "", "take the page's programs from this `folder`, built before")
	wasm := l.String("wasm", "", "take ui.wasm, worker.wasm, files.wasm, pdfium.wasm and wasm_exec.js from this `folder`")
	level := l.String("compress", string(publish.Best), fmt.Sprintf("how `hard` to compress, of %v", publish.Levels))
	cli.OneOf(l, "compress", publish.Levels...)
	cache := l.String("cache", "", "`folder` that keeps compressed files for the next build")
	var embed []string
	embedFlag(l, &embed)
	asJSON := l.Bool("json", false, "print the sizes as JSON")
	return func(ctx context.Context, s cli.Streams, args []string) (err error) {
		switch {
		case len(args) > 0:
			return cli.Usagef("%q is one argument too many; folders are given by flags", args[0])
		case *at != "" && (*collectionDir != "" || *dense != "" || *oneFile != ""):
			return cli.Usagef("--engine takes the place of --collection, and has no dense stage; a single file has no host that could ask it")
		case *inParts && (*dense != "" || *oneFile != "" || *at != ""):
			return cli.Usagef("--parts excludes --dense, --one-file and --engine")
		case *dense != "" && *noDense:
			return cli.Usagef("--dense and --no-dense exclude each other")
		case *widget && (*oneFile != "" || *dense != "" || *examples != "" || embed != nil || *at != "" || *inParts):
			return cli.Usagef("--widget excludes --one-file, --dense, --examples, --embed, --engine and --parts")
		case *from != "" && *wasm != "":
			return cli.Usagef("--from and --wasm exclude each other")
		case *oneFile != "" && embed != nil:
			return cli.Usagef("--one-file and --embed exclude each other: a page that opens from a disk cannot be told what frames it")
		}
		if !slices.Contains(publish.Levels, publish.Level(*level)) {
			return cli.Usagef("--compress %s: wanted one of %v", *level, publish.Levels)
		}
		o := publish.Options{Out: *out, Title: *title, Level: publish.Level(*level), Cache: *cache, Dense: *dense, NoDense: *noDense || *widget, Widget: *widget, Embed: embed, Parts: *inParts, EncoderFlag: *encoderDir,
			Ours: *encoderDir == "" && *collectionDir == "" && *dense == "" && *at == "", Log: func(format string, args ...any) {
				fmt.Fprintf(s.Err, format+"\n", args...)
			}}
		if o.Encoder, err = encoderFolder(*encoderDir); err != nil {
			return err
		}
		if *at != "" {
			live, err := engine.Open(ctx, *at)
			if err != nil {
				return err
			}
			lexicon, about := live.Files()
			o.Engine = &publish.Engine{Lexicon: lexicon, About: about}
			live.Close()
		} else if o.Collection, err = collectionFolder(*collectionDir); err != nil {
			return err
		}
		switch {
		case *examples != "":
			if o.Examples, err = readExamples(*examples); err != nil {
				return err
			}
		case *collectionDir != "" || *at != "":
			o.Examples = [][]string{} // the page's own examples are about the built-in collection
		}
		if *collectionDir == "" && *at == "" && *from == "" && !*widget {
			if o.Experiments, err = figures(); err != nil {
				return err
			}
		}
		if o.Cache == "" && o.Level == publish.Best {
			o.Cache = compressedBefore(s.Err)
		}
		if *from != "" {
			o.App, err = publish.FromDist(*from)
		} else {
			o.App, err = program(ctx, *wasm, s.Err)
		}
		if err != nil {
			return err
		}
		if *oneFile != "" {
			o.Out = *oneFile
			size, err := publish.OneFile(ctx, o)
			if err != nil {
				return err
			}
			if size > publish.OneFileBudget {
				less := "fewer passages, or fewer terms of each (parley index --mass 0.8), make it smaller"
				if *dense != "" {
					less = "without --dense it has no second stage, and is far smaller"
				}
				fmt.Fprintf(s.Err, "warning: %.1f MB is more than %.0f MB: it opens slowly; %s\n", float64(size)/1e6, publish.OneFileBudget/1e6, less)
			}
			if *asJSON {
				return json.NewEncoder(s.Out).Encode(map[string]any{"out": o.Out, "bytes": size})
			}
			fmt.Fprintf(s.Out, "%s: %.1f MB; open it in a browser\n", o.Out, float64(size)/1e6)
			return nil
		}
		var bar *progress.Meter
		o.Progress = func(done, total int64) {
			if bar == nil {
				bar = progress.Await(s.Err, "compressing", total)
			}
			bar.Update(done, fmt.Sprintf("%.1f of %.1f MB", float64(done)/1e6, float64(total)/1e6))
		}
		r, err := publish.Build(ctx, o)
		if bar != nil {
			bar.Clear()
		}
		if err != nil {
			return err
		}
		if *asJSON {
			if err := cli.JSON(s.Out, r); err != nil {
				return err
			}
		} else {
			r.Print(s.Out)
		}
		warning, err := r.Over()
		if warning != "" {
			fmt.Fprintln(s.Err, "warning: "+warning)
		}
		if err != nil {
			return err
		}
		if *widget {
			fmt.Fprintf(s.Err, "Next: put this into your site's pages, where /search/ is the address of %s:\n%s", *out, publish.WidgetMarkup)
			return nil
		}
		next := []string{"parley", "serve", *out}
		if *at != "" {
			next = []string{"parley", "serve", "--engine", *at, *out}
		}
		fmt.Fprintf(s.Err, "Next: %s\n", cli.Typed(next...))
		return nil
	}
}

// program returns the page's program: from the repository that contains the working
// directory, or else what this command carries, or else from the repository from which it
// was installed.
func program(ctx context.Context, prebuilt string, log io.Writer) (publish.App, error) {
	root, err := publish.Root(".")
	if err != nil && prebuilt == "" {
		app, none := publish.Carried()
		if !errors.Is(none, publish.ErrCarriesNone) {
			return app, none
		}
		if root, err = publish.Source(); err != nil {
			return nil, fmt.Errorf("%w; take a release of parley, which does, or the programs of a folder built before (--from FOLDER), or run this in Parley's repository", none)
		}
	}
	if prebuilt == "" {
		fmt.Fprintf(log, "building the page's programs from %s\n", root)
	}
	return publish.FromSource(ctx, root, prebuilt)
}

// figures returns the file of the experiments' figures, "" where there is none.
func figures() (string, error) {
	root, err := publish.Root(".")
	if err != nil {
		dir, err := carried.Models()
		return filepath.Join(dir, "experiments", "figures.json"), err
	}
	file := filepath.Join(root, "models", "experiments", "figures.json")
	if _, err := os.Stat(file); err != nil {
		return "", nil
	}
	return file, nil
}

// compressedBefore returns the folder that keeps compressed files between builds, "" where
// there can be none.
func compressedBefore(log io.Writer) string {
	dir, err := carried.Cache("compressed")
	if root, noRoot := publish.Root("."); noRoot == nil {
		dir, err = filepath.Join(root, "build", "compressed"), nil
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		fmt.Fprintf(log, "compressed files are not kept for the next build: %v\n", err)
		return ""
	}
	return dir
}

// readExamples reads conversations from a file.
func readExamples(name string) ([][]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all := [][]string{}
	fresh := true
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		q := strings.TrimSpace(lines.Text())
		if q == "" {
			fresh = true
			continue
		}
		if fresh {
			all = append(all, nil)
			fresh = false
		}
		all[len(all)-1] = append(all[len(all)-1], q)
	}
	return all, lines.Err()
}
