// Package family is the list of the encoders that ship together: one base, which encodes
// passages, and members, which encode conversations, each over the base's word embedding
// (encoder.LoadOver). A level is an entry of that list; they go from the base itself,
// undistilled, to the sparsest.
//
//	{
//	  "base": "undistilled",
//	  "default": "distilled",
//	  "levels": [
//	    {"name": "undistilled", "title": "Undistilled", "folder": "splade-tiny", "flops": 4.9, "questions": 438, "ratio": 0.8, "card": "splade-tiny/README.md"},
//	    {"name": "distilled", ...}
//	  ],
//	  "dense": {"title": "Better answers", "folder": "bge-small-conv", "passages": "bge-small", "card": "bge-small-conv/README.md"}
//	}
//
// "dense" is present where the family has a dense encoder, for a second stage.
package family

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"parley/shared/jsontree"
	"parley/shared/message"
	"parley/shared/wire"
)

// File is the name of a family's list, in models/ and for the worker.
const File = "family.json"

// A Family is a list of levels in order.
type Family struct {
	Base    string  `json:"base"`    // the level that encodes passages and lends its embedding
	Default string  `json:"default"` // the level that a visitor begins with
	Levels  []Level `json:"levels"`
	Dense   *Dense  `json:"dense,omitempty"` // nil: none
}

// Dense is the encoder of the second stage (encoder.Sentence). It uses the base's
// vocabulary and has no file of its own for it.
type Dense struct {
	Title  string `json:"title"`            // for people
	Folder string `json:"folder,omitempty"` // its path from the list's folder; it reads conversations
	// Passages is the folder of the encoder that reads passages, of the same space; "":
	// the encoder in Folder reads them.
	Passages string `json:"passages,omitempty"`
	Card     string `json:"card,omitempty"` // path of its model card
	// In the site.json of a published family:
	Bytes int    `json:"bytes,omitempty"` // size of the download: the encoder and the passages' vectors
	Space string `json:"space,omitempty"` // whose vectors the passages have
}

// A Level is one encoder of a family.
type Level struct {
	message.Level
	Folder string `json:"folder,omitempty"` // its path from the list's folder
}

// Parse reads a list. It returns an error for a level that is named twice, and for a base
// or default that is not on the list.
func Parse(data []byte) (*Family, error) {
	var f Family
	v, err := jsontree.Parse(string(data))
	if err == nil {
		err = v.Into(map[string]any{"base": &f.Base, "default": &f.Default})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	for i, l := range v.Get("levels").List {
		f.Levels = append(f.Levels, Level{Level: wire.Level(l)})
		if err := l.Into(map[string]any{"folder": &f.Levels[i].Folder}); err != nil {
			return nil, fmt.Errorf("%s: level %d: %w", File, i+1, err)
		}
	}
	if d := v.Get("dense"); d.Kind != jsontree.Null {
		f.Dense = &Dense{}
		err := d.Into(map[string]any{"title": &f.Dense.Title, "folder": &f.Dense.Folder, "passages": &f.Dense.Passages, "card": &f.Dense.Card,
			"bytes": &f.Dense.Bytes, "space": &f.Dense.Space})
		for _, folder := range []string{f.Dense.Folder, f.Dense.Passages} {
			if err == nil && folder != "" && !fs.ValidPath(folder) {
				err = fmt.Errorf("folder %q leads out of the list's own", folder)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: dense: %w", File, err)
		}
	}
	seen := map[string]bool{}
	for i, l := range f.Levels {
		switch {
		case l.Name == "" || strings.ContainsAny(l.Name, "/\\ \t\n"):
			return nil, fmt.Errorf("%s: level %d is called %q; wanted a word without slashes", File, i+1, l.Name)
		case l.Folder != "" && !fs.ValidPath(l.Folder):
			return nil, fmt.Errorf("%s: level %s: folder %q leads out of the list's own", File, l.Name, l.Folder)
		case seen[l.Name]:
			return nil, fmt.Errorf("%s: there are two levels %s", File, l.Name)
		}
		seen[l.Name] = true
	}
	for _, name := range []string{f.Base, f.Default} {
		if !seen[name] {
			return nil, fmt.Errorf("%s: base and default must be levels, but there is no level %q", File, name)
		}
	}
	return &f, nil
}

// ErrNoLevel is wrapped by the error for a level that is not on the list.
var ErrNoLevel = errors.New("there is no such level")

// Level returns the level of that name; "" is the default one.
func (f *Family) Level(name string) (Level, error) {
	if name == "" {
		name = f.Default
	}
	var names []string
	for _, l := range f.Levels {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return Level{}, fmt.Errorf("%q: %w; there are %s", name, ErrNoLevel, strings.Join(names, ", "))
}
