package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"parley/shared/cli"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/family"
	"parley/site/collection"
)

// A checked folder is the result of `parley check` for one folder.
type checked struct {
	Folder string   `json:"folder"`
	Kind   string   `json:"kind"` // collection, encoder, dense encoder, encoders
	OK     bool     `json:"ok"`
	Facts  []string `json:"facts,omitempty"`
	Wrong  []string `json:"wrong,omitempty"`
}

func (c *checked) fact(format string, args ...any) {
	c.Facts = append(c.Facts, printable(fmt.Sprintf(format, args...)))
}

func (c *checked) wrong(err error) {
	if err != nil {
		c.Wrong = append(c.Wrong, printable(err.Error()))
	}
}

// runCheck verifies folders, and prints what is inside.
func runCheck(l *cli.Flags) cli.Run {
	asJSON := l.Bool("json", false, "print what was found as JSON")
	return func(ctx context.Context, s cli.Streams, folders []string) error {
		if len(folders) == 0 {
			return cli.Usagef("no folder to check")
		}
		all := make([]*checked, len(folders))
		bad := 0
		for i, dir := range folders {
			if err := ctx.Err(); err != nil {
				return err
			}
			all[i] = check(dir)
			if !all[i].OK {
				bad++
			}
		}
		if *asJSON {
			if err := cli.JSON(s.Out, all); err != nil {
				return err
			}
		} else {
			for _, c := range all {
				fmt.Fprintf(s.Out, "%s: %s\n", c.Folder, c.Kind)
				for _, fact := range c.Facts {
					fmt.Fprintf(s.Out, "  %s\n", fact)
				}
				for _, wrong := range c.Wrong {
					fmt.Fprintf(s.Out, "  wrong: %s\n", wrong)
				}
				if c.OK {
					fmt.Fprintln(s.Out, "  every file is whole, and they belong together")
				}
			}
		}
		if bad > 0 {
			return fmt.Errorf("%d of %d are not in order", bad, len(folders))
		}
		return nil
	}
}

// check recognises a folder by its files and opens everything in it; opening verifies.
func check(dir string) *checked {
	c := &checked{Folder: dir}
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.Kind = "nothing"
		c.wrong(errors.New("there is no such folder"))
	case err != nil:
		c.Kind = "nothing that can be read"
		c.wrong(err)
	case info.IsDir() && has(family.File):
		c.encoders(dir)
	case info.IsDir() && has("config.json"):
		c.encoder(dir)
	case !info.IsDir() || has("manifest.json"):
		c.collection(dir)
	default:
		c.Kind = "nothing that this command knows"
		c.wrong(fmt.Errorf("no manifest.json, as collections have, no config.json, as encoders have, and no %s, as families of encoders have", family.File))
	}
	c.OK = len(c.Wrong) == 0
	return c
}

func (c *checked) collection(at string) {
	c.Kind = "a collection"
	open, err := collection.OpenAll(at)
	if err != nil {
		c.wrong(err)
		return
	}
	about := open.Passages.About()
	c.fact("%q, made by the encoder %q", about.Title, about.Encoder)
	c.fact("%s passages; %s postings of learned terms and %s words", thousands(open.Passages.Len()), thousands(open.Index.Postings()), thousands(open.Index.Words()))
	if open.Dense != nil {
		c.fact("dense vectors of %d values, of the space %s", open.Dense.Dim(), open.Dense.Space())
	} else {
		c.fact("no dense vectors")
	}
	if about.Licence != "" {
		c.fact("licence of the texts: %s", about.Licence)
	}
}

func (c *checked) encoder(dir string) {
	e, err := collection.OpenEncoder(dir)
	if err == nil {
		c.Kind = "an encoder"
		c.fact("%q: %d terms, conversations of up to %d tokens, passages of %d", e.Name, e.Vocab(), e.Query.MaxTokens, e.PassageTokens)
		if e.SearchesWords() {
			c.fact("it searches for words, too")
		}
		c.sum(dir)
		return
	}
	d, other := encoder.LoadSentence(folder.Files(dir))
	if other == nil {
		c.Kind = "a dense encoder"
		c.fact("%q: %d values, of the space %s, conversations of up to %d tokens", d.Name, d.Dim(), d.Space, d.Query.MaxTokens)
		c.reader(encoder.LoadReader(d, folder.Files(dir)))
		c.sum(dir)
		return
	}
	c.Kind = "an encoder"
	c.wrong(err)
	if _, err := os.Stat(filepath.Join(dir, "..", family.File)); err == nil {
		c.wrong(fmt.Errorf("it may share the base of its family: check the folder %s", filepath.Join(dir, "..")))
	}
}

// reader notes what a dense encoder's reader is.
func (c *checked) reader(r *encoder.Reader, err error) {
	switch {
	case err != nil:
		c.wrong(err)
	case r != nil:
		c.fact("it has a reader, for the first %d results", r.Results)
	}
}

// sum notes that an encoder's files were compared with nothing, where neither its folder
// nor the one around it has a manifest.
func (c *checked) sum(dir string) {
	for _, at := range []string{dir, filepath.Join(dir, "..")} {
		if _, err := os.Stat(filepath.Join(at, "manifest.json")); err == nil {
			return
		}
	}
	c.fact("it has no manifest.json: its files were read, and compared with nothing")
}

func (c *checked) encoders(dir string) {
	c.Kind = "encoders that share a base"
	e, err := collection.OpenEncoders(dir)
	if err != nil {
		c.wrong(err)
		return
	}
	for _, level := range e.List.Levels {
		if _, err := e.Level(level.Name); err != nil {
			c.wrong(err)
			continue
		}
		c.fact("%s: %s", level.Name, level.Title)
	}
	d, err := e.Dense()
	switch {
	case err == nil:
		c.fact("dense: %s, of the space %s", d.Name, d.Space)
		if dir, err := e.DenseFolder(false); err == nil {
			c.reader(collection.OpenReader(dir, d))
		}
	case errors.Is(err, collection.ErrNoDense):
		c.fact("no dense encoder is installed")
	default:
		c.wrong(err)
	}
}
