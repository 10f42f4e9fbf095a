package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/bundle"
	"parley/shared/cli"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/trainer/evaluate"
	"parley/trainer/train"
)

// A readerExport is a reader while it is exported into the folder of its dense encoder.
type readerExport struct {
	run   *train.FinishedReader
	dense string // the dense encoder's folder
	set   encoder.ReaderSettings
	note  []byte
	files map[string][]byte // config.json, model.safetensors and reader.safetensors as they ship
}

// readReader reads a reader's run and makes the files that ship. set has the settings that
// the run does not have.
func readReader(run string, set encoder.ReaderSettings, levels encoder.Levels) (*readerExport, error) {
	x := &readerExport{}
	var err error
	if x.run, err = train.ReadFinishedReader(run); err != nil {
		return nil, err
	}
	c := &x.run.Config
	x.dense, x.set = c.Encoder, c.Settings()
	x.set.Results, x.set.Weight, x.set.SentenceWeight = set.Results, set.Weight, set.SentenceWeight
	whole, err := os.ReadFile(filepath.Join(run, "best", "model.safetensors"))
	if err != nil {
		return nil, err
	}
	of, err := settingsOf(x.dense)
	if err != nil {
		return nil, err
	}
	of.Reader = &x.set
	// The dense encoder's own matrices have integers already, and stay as they are.
	shipped := folder.Files(x.dense)
	files, err := encoder.QuantizeTo(levels, func(name string) ([]byte, error) {
		if name == encoder.ReaderFile {
			return whole, nil
		}
		data, err := shipped(name)
		if name == "vocab.txt" && errors.Is(err, fs.ErrNotExist) && c.Vocabulary != "" {
			return folder.Files(c.Vocabulary)(name)
		}
		return data, err
	}, &of)
	if err != nil {
		return nil, fmt.Errorf("%s with the reader of %s: %w", x.dense, run, err)
	}
	s, err := encoder.LoadSentence(evaluate.Held(files))
	if err == nil {
		_, err = encoder.LoadReader(s, evaluate.Held(files))
	}
	if err != nil {
		return nil, fmt.Errorf("%s with the reader of %s: %w", x.dense, run, err)
	}
	weights := filepath.Join(x.dense, "model.safetensors")
	now, err := os.ReadFile(weights)
	if err != nil {
		return nil, err
	}
	if sum, err := train.Checksum(weights); err != nil || sum != x.run.Provenance.SHA256[weights] || !bytes.Equal(now, files["model.safetensors"]) {
		return nil, errors.Join(err, fmt.Errorf("%s is not the file that the reader in %s was trained on, or not as it ships; its lower layers would not fit", weights, run))
	}
	delete(files, "vocab.txt")
	x.files = files
	return x, nil
}

// write writes the folder in one step: the files of the dense encoder, which may be in
// that folder already, with the reader, and the card with a part about it.
func (x *readerExport) write(out string, stdout io.Writer) error {
	set, list, err := withManifest(x.files)
	if err != nil {
		return err
	}
	card, err := os.ReadFile(filepath.Join(x.dense, "README.md"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if set["README.md"], err = x.card(card, list); err != nil {
		return err
	}
	if vocab, err := os.ReadFile(filepath.Join(x.dense, "vocab.txt")); err == nil {
		set["vocab.txt"] = vocab
	}
	if err := durable.PublishFiles(out, set); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(x.files)) {
		fmt.Fprintf(stdout, "%10d  %s\n", len(x.files[name]), filepath.Join(out, name))
	}
	return nil
}

// readerLevels are the levels of a reader's matrices if none are given: those of the dense
// encoder that ships, two integers to a byte.
const readerLevels = 7

const (
	readerHeading = "\n## Reader\n"
	filesHeading  = "\n## Files\n"
)

// card returns the dense encoder's card with the files of list, and with a part about the
// reader in place of one that was there.
func (x *readerExport) card(card []byte, list []bundle.File) ([]byte, error) {
	text, _, _ := strings.Cut(string(card), readerHeading)
	if before, after, ok := strings.Cut(text, filesHeading); ok {
		_, after, _ = strings.Cut(after, "\n\n")
		text = before + filesHeading + "| file | bytes | SHA-256 |\n|---|---:|---|\n"
		for _, f := range list {
			text += fmt.Sprintf("| %s | %d | `%s` |\n", f.Name, f.Bytes, f.SHA256)
		}
		text += "\n" + after
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	b.WriteString(strings.TrimRight(text, "\n") + "\n" + readerHeading)
	c, p := &x.run.Config, &x.run.Provenance
	what, begun := "the questions of a conversation (the newest first", "the next ones"
	if c.ReplyTokens > 0 {
		what = fmt.Sprintf("a conversation (the newest question first; of each reply, the title of the passage that it quotes and its beginning, %d tokens; in all", c.ReplyTokens)
	}
	if c.Further {
		begun = "those of the reader that was there before"
	}
	line("`%s` reads %s, %d tokens) and a passage (%d tokens) together, and gives a logit of whether the passage answers, and one for each of its sentences (monoBERT: Nogueira and Cho 2019, arXiv 1901.04085). It has the first %d layers of this encoder, which did not change, and %d of its own, begun from %s.",
		encoder.ReaderFile, what, c.QueryTokens, c.PassageTokens, c.Lower, c.Layers, begun)
	line("It reads the first %d results; one that was read gets %v x (its logit - the least of those) added to its score.", x.set.Results, x.set.Weight)
	line("\nTrained on %d examples, %d steps, by `trainer reader`, revision %s%s.", p.Train, x.run.Steps, p.Revision, map[bool]string{true: ", with changes that were not committed"}[p.Modified])
	if p.Dev > 0 {
		line("On %d held-out examples:\n\n| epoch | loss | passage right | sentence right |\n|---:|---:|---:|---:|", p.Dev)
		for _, l := range x.run.Log {
			if l.Dev() {
				line("| %.0f | %.4f | %.4f | %.4f |", l["epoch"], l["dev_loss"], l["dev_first"], l["dev_sentence"])
			}
		}
	}
	recipe := *c
	recipe.Out, recipe.Encoder, recipe.Vocabulary = "", shortPath(c.Encoder), shortPath(c.Vocabulary)
	recipe.Examples, recipe.Dev = shortPaths(c.Examples), shortPaths(c.Dev)
	settings, err := json.MarshalIndent(recipe, "", "  ")
	if err != nil {
		return nil, err
	}
	line("\nIts settings:\n\n```json\n%s\n```\n\nEvery file that was read:\n\n| file | SHA-256 |\n|---|---|", settings)
	var read []string
	for path, sum := range p.SHA256 {
		read = append(read, fmt.Sprintf("| %s | `%s` |", shortPath(path), sum))
	}
	slices.Sort(read)
	line("%s", strings.Join(read, "\n"))
	if len(x.note) > 0 {
		line("\n%s", bytes.TrimSpace(x.note))
	}
	return []byte(b.String()), nil
}

// readerFlags returns an error if a flag of export was given that a reader's run does not
// take.
func readerFlags(flags *cli.Flags) (err error) {
	takes := []string{"note", "levels", "reader-weight", "reader-results", "sentence-weight"}
	flags.Visit(func(f *cli.Flag) {
		if !slices.Contains(takes, f.Name) {
			err = cli.Usagef("--%s: RUN is a reader's, which is exported into the folder of its dense encoder", f.Name)
		}
	})
	return err
}
