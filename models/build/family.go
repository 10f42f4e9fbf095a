package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"parley/shared/conversation"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/family"
	"parley/shared/lift"
	"parley/shared/message"
	"parley/shared/query"
	"parley/shared/sparse"
	"parley/site/collection"
	"parley/trainer/conversations"
)

const (
	base      = "splade-tiny"
	articles  = "vital-articles"
	distilled = base + "-conv" // the member without a regulariser; the others have "-2x" and so on appended

	// The dense encoders of the second stage, if they exist: that of conversations, and
	// that of passages, if the first does not read them.
	dense         = "bge-small-conv"
	densePassages = "bge-small"
)

// list writes family.json, with the base and every folder splade-tiny-conv* in out, and
// then the manifest. chosen is the name of the default level; "" keeps the one that
// family.json names, or else takes the distilled one. The dense encoder that family.json
// names stays in it, even if its folder does not exist: it is larger than everything
// else, and need not ship. So it has a manifest of its own, and is not in that of the
// others.
//
// FLOPS is sum_j p_q(j) p_d(j) (sparse.FLOPS), where q are the turns of a file of the
// project's conversations, with its replies in the history, and d is the built-in
// collection.
func list(out, turns, chosen string) error {
	f := &family.Family{Base: "undistilled", Levels: []family.Level{
		{Level: message.Level{Name: "undistilled", Title: "Undistilled"}, Folder: base},
	}}
	entries, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), distilled)
		if !ok || !e.IsDir() {
			continue
		}
		l := family.Level{Level: message.Level{Name: "distilled", Title: "Distilled"}, Folder: e.Name()}
		if rest != "" {
			l.Name = strings.TrimPrefix(rest, "-")
			l.Title = l.Name
			if times(l.Name) > 0 {
				l.Title = strings.TrimSuffix(l.Name, "x") + "× sparser"
			}
		}
		f.Levels = append(f.Levels, l)
	}
	slices.SortStableFunc(f.Levels[1:], func(a, b family.Level) int {
		return cmp.Or(cmp.Compare(times(a.Name), times(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	var before *family.Family // the existing list
	if data, err := os.ReadFile(filepath.Join(out, family.File)); err == nil {
		if before, err = family.Parse(data); err != nil {
			return fmt.Errorf("%s: %w", out, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if chosen == "" {
		chosen = f.Levels[min(1, len(f.Levels)-1)].Name
		if before != nil && len(before.Levels) > 1 {
			if _, err := f.Level(before.Default); err == nil {
				chosen = before.Default
			}
		}
	}
	if _, err := f.Level(chosen); err != nil {
		return err
	}
	f.Default = chosen
	f.Dense = second(out, before)
	if err := measure(out, turns, f); err != nil {
		return err
	}
	data, err := f.Encode()
	if err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(out, family.File), data); err != nil {
		return err
	}
	folders := []string{articles}
	for _, l := range f.Levels {
		fmt.Printf("%-12s FLOPS %6.3f, %5.2f times below distilled  %s\n", l.Name, l.FLOPS, l.Ratio, filepath.Join(out, l.Folder))
		folders = append(folders, l.Folder)
	}
	if d := f.Dense; d != nil {
		for _, folder := range []string{d.Folder, d.Passages} {
			dir := filepath.Join(out, filepath.FromSlash(folder))
			if folder == "" || !there(filepath.Join(dir, "config.json")) {
				continue
			}
			names := []string{"config.json", "model.safetensors"}
			for _, also := range []string{encoder.ReaderFile, lift.File} {
				if there(filepath.Join(dir, also)) {
					names = append(names, also)
				}
			}
			if err := writeManifest(dir, names...); err != nil {
				return err
			}
			fmt.Printf("%-12s %s\n", "dense", dir)
		}
	}
	slices.Sort(folders)
	return writeManifest(out, append([]string{family.File}, folders...)...)
}

// second returns the list's dense encoder: the earlier one or, if there was none, that in
// the folder with its name.
func second(out string, before *family.Family) *family.Dense {
	d := &family.Dense{Title: "Better answers", Folder: dense}
	switch {
	case before != nil && before.Dense != nil:
		*d = *before.Dense
	case !there(filepath.Join(out, dense, "config.json")):
		return nil
	case there(filepath.Join(out, densePassages, "config.json")):
		d.Passages = densePassages
	}
	if card := path.Join(d.Folder, "README.md"); there(filepath.Join(out, filepath.FromSlash(card))) {
		d.Card = card
	}
	return d
}

// there reports whether a file exists.
func there(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// times returns the number in a level's name, "1.5x"; 0 if there is none.
func times(level string) float64 {
	n, err := strconv.ParseFloat(strings.TrimSuffix(level, "x"), 64)
	if err != nil || !strings.HasSuffix(level, "x") {
		return 0
	}
	return n
}

// measure sets FLOPS, the number of questions behind them, ratios and cards.
func measure(out, turns string, f *family.Family) error {
	list, err := conversations.Read(turns)
	if err != nil {
		return err
	}
	x, _, err := collection.Open(filepath.Join(out, articles))
	if err != nil {
		return err
	}
	enc, err := collection.ReadEncoder(folder.Unverified(filepath.Join(out, base)))
	if err != nil {
		return err
	}
	var reference float64
	for i := range f.Levels {
		l := &f.Levels[i]
		e := enc.Encoder
		if l.Folder != base {
			dir := filepath.Join(out, l.Folder)
			if e, err = encoder.LoadOver(enc.Encoder, folder.Unverified(dir)); err != nil {
				return fmt.Errorf("%s: %w", dir, err)
			}
		}
		active := sparse.NewActivation(x.Vocab() + x.Words())
		reader := query.NewReader(e, x.Lookup)
		for _, c := range list {
			var said []conversation.Turn
			for _, t := range c.Turns {
				said = append(said, conversation.Turn{Question: t.Question, Reply: t.Reply})
				q, err := reader.Read(said, query.Decide)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", l.Folder, c.ID, err)
				}
				active.Add(q.Vector)
				l.Questions++
			}
		}
		for j := range uint32(x.Vocab() + x.Words()) {
			l.FLOPS += active.P(j) * float64(x.DF(j)) / float64(x.Docs())
		}
		if l.Folder == distilled {
			reference = l.FLOPS
		}
		card := filepath.Join(l.Folder, "README.md")
		if _, err := os.Stat(filepath.Join(out, card)); err == nil {
			l.Card = filepath.ToSlash(card)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for i := range f.Levels {
		l := &f.Levels[i]
		if l.FLOPS > 0 {
			l.Ratio = math.Round(100*reference/l.FLOPS) / 100
		}
		l.FLOPS = math.Round(1000*l.FLOPS) / 1000
	}
	return nil
}
