package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"parley/shared/cli"
	"parley/shared/encoder"
	"parley/site/collection"
)

// A listed encoder is a line in the output of `parley models`.
type listed struct {
	Name      string  `json:"name"`
	Title     string  `json:"title,omitempty"`
	Dir       string  `json:"dir"`
	Bytes     int64   `json:"bytes"`           // size of its weights
	FLOPS     float64 `json:"flops,omitempty"` // the mean over Questions
	Questions int     `json:"questions,omitempty"`
	Use       string  `json:"use,omitempty"`
}

// listedDense is the second stage's encoder.
type listedDense struct {
	listed
	Space     string `json:"space,omitempty"`
	Installed bool   `json:"installed"`
	Why       string `json:"why,omitempty"` // why it is not installed
}

type listedCollection struct {
	Dir      string `json:"dir"`
	Title    string `json:"title"`
	Encoder  string `json:"encoder"`
	Passages int    `json:"passages"`
	Space    string `json:"dense_space,omitempty"` // space of its dense vectors; "": it has none
}

// runModels lists the encoders and the collection that the other commands use.
func runModels(l *cli.Flags) cli.Run {
	encoderDir := l.String("encoder", "", "the encoder's `folder`, or a family's")
	collectionDir := l.String("collection", "", "the collection's `folder`")
	asJSON := l.Bool("json", false, "print the list as JSON")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		if len(args) > 0 {
			return cli.Usagef("%q is one argument too many; folders are given by flags", args[0])
		}
		var out struct {
			Encoders   []listed         `json:"encoders"`
			Dense      listedDense      `json:"dense"`
			Collection listedCollection `json:"collection"`
		}
		encoders, base, err := openEncoders(*encoderDir)
		if err != nil {
			return err
		}
		dir := encoders.Dir
		if encoders.List == nil {
			out.Encoders = []listed{{Name: base.Name, Dir: dir, Bytes: weights(dir), Use: "passages and questions"}}
		} else {
			for _, level := range encoders.List.Levels {
				at := filepath.Join(dir, filepath.FromSlash(level.Folder))
				e := listed{Name: level.Name, Title: level.Title, Dir: at, Bytes: weights(at), FLOPS: level.FLOPS, Questions: level.Questions}
				if level.Name == encoders.List.Base {
					e.Use = "passages, questions"
				} else {
					e.Use = "questions"
				}
				if level.Name == encoders.List.Default {
					e.Use += " (the default)"
				}
				out.Encoders = append(out.Encoders, e)
			}
		}
		out.Dense.Name = "dense"
		if encoders.List != nil && encoders.List.Dense != nil {
			out.Dense.Title = encoders.List.Dense.Title
		}
		d, err := encoders.Dense()
		if err == nil {
			out.Dense.Dir, _ = encoders.DenseFolder(false)
			out.Dense.Bytes = weights(out.Dense.Dir)
			out.Dense.Space, out.Dense.Installed = d.Space, true
			out.Dense.Use = "questions, in a second stage"
			if passages, err := encoders.DenseFolder(true); err == nil && passages == out.Dense.Dir {
				out.Dense.Use = "passages and questions, in a second stage"
			}
		} else {
			out.Dense.Why = err.Error()
		}
		at, err := collectionFolder(*collectionDir)
		if err != nil {
			return err
		}
		c, err := collection.OpenAll(at)
		if err != nil {
			return err
		}
		about := c.Passages.About()
		out.Collection = listedCollection{Dir: at, Title: about.Title, Encoder: about.Encoder, Passages: c.Passages.Len()}
		if c.Dense != nil {
			out.Collection.Space = c.Dense.Space()
		}
		if *asJSON {
			return cli.JSON(s.Out, out)
		}
		t := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		row := func(e listed) {
			flops := ""
			if e.FLOPS > 0 {
				flops = fmt.Sprintf("FLOPS %.3f", e.FLOPS)
			}
			if e.FLOPS > 0 && e.Questions > 0 {
				flops += fmt.Sprintf(" on %d questions", e.Questions)
			}
			fmt.Fprintf(t, "%s\t%s\t%.1f MB\t%s\t%s\t%s\n", printable(e.Name), printable(e.Title), float64(e.Bytes)/1e6, flops, e.Use, e.Dir)
		}
		for _, e := range out.Encoders {
			row(e)
		}
		if out.Dense.Installed {
			row(out.Dense.listed)
		}
		t.Flush()
		if !out.Dense.Installed {
			fmt.Fprintf(s.Out, "dense: %s\n", printable(out.Dense.Why))
		}
		fmt.Fprintf(s.Out, "\n%s: %s, %s passages, made by %s\n", at, printable(out.Collection.Title), thousands(out.Collection.Passages), printable(out.Collection.Encoder))
		switch space := out.Collection.Space; {
		case space == "":
			fmt.Fprintf(s.Out, "no dense vectors; `%s` adds them\n", cli.Typed("parley", "index", "--dense", "--out", at, "--encoder", *encoderDir))
		case out.Dense.Installed && space != out.Dense.Space:
			fmt.Fprintf(s.Out, "dense vectors of %s, which the dense encoder above cannot be compared with: it wants those of %s\n", printable(space), printable(out.Dense.Space))
		default:
			fmt.Fprintf(s.Out, "dense vectors of %s\n", printable(space))
		}
		return nil
	}
}

// weights returns the size of an encoder's weights in bytes, 0 where there are none.
func weights(dir string) int64 {
	var n int64
	for _, name := range []string{"model.safetensors", encoder.ReaderFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			n += info.Size()
		}
	}
	return n
}
