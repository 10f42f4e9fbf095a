package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"parley/shared/bundle"
	"parley/shared/cli"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/trainer/evaluate"
	"parley/trainer/metrics"
	"parley/trainer/train"
)

var exportCommand = cli.Command{
	Name: "export", Define: runExport,
	Synopsis: `--licence LICENCE [FLAGS] RUN OUT`,
	Summary:  "write a run's best encoder in the form that ships, with a model card",
	About: `Writes the best encoder of a finished run in the form that ships: config.json,
model.safetensors in int8, vocab.txt, manifest.json and a model card, README.md, with
the run's recipe, data and their checksums, curves, figures and files. The same run
gives the same bytes. The command first verifies the run's files.

With --query-terms N, the encoder keeps the N heaviest terms of a conversation, so
that a search costs less, however long the conversation is. trainer evaluate
--query-terms N measures beforehand what that loses.

With --share BASE, the command leaves out the word embedding and the vocabulary, nine
tenths of the bytes. They must be equal to those of BASE, an encoder as it ships, bit
for bit; they are after a training with --freeze-embedding. The encoder is then loaded
over BASE.

A document encoder that was trained, too (trainer train --train-docs), is written to
OUT/doc.

For a dense student (--dense-student), --share leaves out only the vocabulary, and
--levels and --word-levels set how fine its integers are: fewer levels compress to
fewer bytes. --dense-weight, --dense-zero and --sure-above set how its cosines are
added to the sparse scores; trainer evaluate --dense measures them.

For a reader's run (trainer reader), OUT gets the files of the dense encoder that it
belongs to, with reader.safetensors, its settings in config.json, and a part of the card;
it may be that encoder's folder itself. The reader's matrices have --levels (7 if not
given), as the dense encoder that ships; with 7 or fewer they are rounded by dice.`,
	Examples: `trainer evaluate --encoder runs/one/best --passage-encoder models/splade-tiny --mtrag DIR --input conversation --json > mtrag.json
trainer export --licence Apache-2.0 --figures mtrag.json runs/one models/splade-tiny-conversations
trainer export --licence Apache-2.0 --share models/splade-tiny --query-terms 16 runs/one models/splade-tiny-conversations
trainer export --licence CC-BY-SA-4.0 --share models/splade-tiny --levels 31 --word-levels 31 --dense-weight 20 runs/dense models/bge-small-conv
trainer export --reader-weight 4 --reader-results 5 runs/reader models/bge-small-conv`,
}

func runExport(flags *cli.Flags) cli.Run {
	var name, licence, note, base string
	var figures files
	var terms int
	var alone, history float64
	flags.StringVar(&name, "name", "", "the encoder's `name`, shown to people (empty: OUT's last part)")
	flags.StringVar(&licence, "licence", "", "the weights' `licence`, an SPDX identifier such as Apache-2.0")
	flags.StringVar(&note, "note", "", "Markdown `file` for the end of the card: what the data are, and their licences")
	flags.Var(&figures, "figures", "`files` that trainer evaluate --json wrote, for the card")
	flags.IntVar(&terms, "query-terms", 0, "keep the `n` heaviest terms of a conversation's vector (0: all)")
	flags.Float64Var(&alone, "alone-below", 0, "read a question without its history if the topic head's `z` is below this; trainer conversations switch measures what that gains and loses")
	flags.Float64Var(&history, "history-words", 0, "the `factor` of the word head's weights of words in the history (0: 1)")
	levels := encoder.ShippedLevels
	var dense encoder.Settings
	flags.IntVar(&levels.Matrices, "levels", levels.Matrices, "for a dense student: matrices have integers from -`n` to n")
	flags.IntVar(&levels.Words, "word-levels", levels.Words, "for a dense student: the word embedding has integers from -`n` to n")
	flags.Float64Var(&dense.DenseWeight, "dense-weight", 0, "for a dense student: the `weight` of a cosine beside the sparse score")
	flags.Float64Var(&dense.DenseZero, "dense-zero", 0, "the `cosine` that counts 0")
	flags.Float64Var(&dense.SureAbove, "sure-above", 0, "skip the dense stage if the sparse one is right with this `probability` or more (0: never skip)")
	flags.StringVar(&base, "share", "", "leave out what this encoder's `folder` also has")
	reader := encoder.ReaderSettings{Results: 5, Weight: 4}
	flags.IntVar(&reader.Results, "reader-results", reader.Results, "for a reader: it reads the first `n` results")
	flags.Float64Var(&reader.Weight, "reader-weight", reader.Weight, "for a reader: the `weight` of its logit beside the score of both stages")
	flags.Float64Var(&reader.SentenceWeight, "sentence-weight", 0, "for a reader: the `weight` of its logits of sentences in what is quoted")
	return func(ctx context.Context, s cli.Streams, words []string) error {
		if len(words) != 2 {
			return cli.Usagef("%d folders, want 2: RUN and OUT", len(words))
		}
		if train.IsReader(words[0]) {
			if err := readerFlags(flags); err != nil {
				return err
			}
			if !given(flags, "levels") {
				levels.Matrices = readerLevels
			}
			x, err := readReader(words[0], reader, levels)
			if err != nil {
				return err
			}
			if x.note, err = readNote(note); err != nil {
				return err
			}
			return x.write(words[1], s.Out)
		}
		if licence == "" {
			return cli.Usagef("no --licence: others cannot use an encoder without one")
		}
		if terms < 0 {
			return cli.Usagef("--query-terms %d is negative", terms)
		}
		run, out := words[0], words[1]
		if name == "" {
			name = filepath.Base(out)
		}
		for _, other := range []string{run, filepath.Join(run, "best"), base} {
			if other != "" && sameFolder(out, other) {
				return cli.Usagef("OUT is %s itself; give another folder", other)
			}
		}
		dense.Name, dense.QueryTerms, dense.AloneBelow, dense.HistoryWords = name, terms, alone, history
		x, err := readExport(run, dense, levels)
		if err != nil {
			return err
		}
		x.licence = licence
		if err := x.readFigures(figures); err != nil {
			return err
		}
		if x.note, err = readNote(note); err != nil {
			return err
		}
		if base != "" {
			if err := x.share(base); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return x.write(out, s.Out)
	}
}

// readNote reads the file of --note, if it is named.
func readNote(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	note, err := os.ReadFile(path)
	if err == nil && !utf8.Valid(note) {
		err = fmt.Errorf("--note: %s is not text in UTF-8, as Markdown must be", path)
	}
	return note, err
}

// given reports whether a flag was given.
func given(flags *cli.Flags, name string) (is bool) {
	flags.Visit(func(f *cli.Flag) { is = is || f.Name == name })
	return is
}

func sameFolder(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// An export is a run's encoder while it is exported.
type export struct {
	run      *train.Finished
	files    map[string][]byte // the files that ship, except card and manifest
	doc      map[string][]byte // the files of the document encoder, if one was trained
	whole    map[string][]byte // the files before --share left any out
	enc      *encoder.Encoder  // nil if it is dense
	dense    *encoder.Sentence // nil if it is sparse
	settings encoder.Settings
	float    [32]byte // the SHA-256 of best/
	int8     [32]byte // the SHA-256 of what ships
	licence  string
	base     string // the name of the encoder that it loads over; "" if it is whole
	figures  []figure
	note     []byte
}

// A figure is a row of the card's table.
type figure struct {
	label string
	evaluate.Outcome
}

// readExport reads a run and makes the files that ship. set has the settings that the
// run does not have.
func readExport(run string, set encoder.Settings, levels encoder.Levels) (*export, error) {
	x := &export{}
	var err error
	if x.run, err = train.ReadFinished(run); err != nil {
		return nil, err
	}
	best := filepath.Join(run, "best")
	if x.run.Config.DenseStudent {
		return x, x.readDense(best, set, levels)
	}
	for name, is := range map[string]bool{"levels or word-levels": levels != encoder.ShippedLevels, "dense-weight, dense-zero or sure-above": set.DenseWeight != 0 || set.DenseZero != 0 || set.SureAbove != 0} {
		if is {
			return nil, cli.Usagef("--%s: the student of %s is not dense", name, run)
		}
	}
	if _, x.float, err = evaluate.Load(best, ""); err != nil {
		return nil, err
	}
	if x.whole, x.settings, err = quantized(best, set); err != nil {
		return nil, err
	}
	if x.run.Config.TrainDocs {
		if x.doc, _, err = quantized(filepath.Join(best, "doc"), encoder.Settings{Name: set.Name + "-doc"}); err != nil {
			return nil, err
		}
	}
	x.enc, x.int8, err = evaluate.LoadFiles(evaluate.Held(x.whole))
	if err != nil {
		return nil, fmt.Errorf("%s, quantised: %w", best, err)
	}
	x.files = x.whole
	return x, nil
}

// quantized reads the folder of a float encoder and makes the files that ship.
func quantized(dir string, set encoder.Settings) (map[string][]byte, encoder.Settings, error) {
	of, err := settingsOf(dir)
	if err != nil {
		return nil, of, err
	}
	of.Name, of.QueryTerms, of.AloneBelow, of.HistoryWords = set.Name, set.QueryTerms, set.AloneBelow, set.HistoryWords
	files, err := encoder.Quantize(folder.Files(dir), &of)
	if err != nil {
		return nil, of, fmt.Errorf("%s: %w", dir, err)
	}
	return files, of, nil
}

// settingsOf returns the settings under the key "parley" of an encoder's config.json.
func settingsOf(folder string) (encoder.Settings, error) {
	config, err := os.ReadFile(filepath.Join(folder, "config.json"))
	var of struct{ Parley encoder.Settings }
	if err == nil {
		if err = json.Unmarshal(config, &of); err != nil {
			err = fmt.Errorf("%s: config.json: %w", folder, err)
		}
	}
	return of.Parley, err
}

func (x *export) share(base string) error {
	if x.dense != nil {
		return x.shareVocabulary(base)
	}
	var err error
	if x.files, err = encoder.Share(x.whole, folder.Files(base)); err == nil && x.doc != nil {
		x.doc, err = encoder.Share(x.doc, folder.Files(base))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", base, err)
	}
	x.base = filepath.Base(base)
	return nil
}

func (x *export) readFigures(paths []string) error {
	for _, path := range paths {
		o, err := evaluate.ReadOutcome(path)
		if err != nil {
			return err
		}
		x.figures = append(x.figures, figure{strings.TrimSuffix(filepath.Base(path), ".json"), o})
	}
	return nil
}

// whose returns the name of the system that a figure is of. It goes by the checksum of
// the system's files and by how much of its vectors it kept, not by its name.
func (x *export) whose(f *figure) string {
	var who string
	switch f.Encoder {
	case hex.EncodeToString(x.int8[:]):
		who = "this encoder"
	case hex.EncodeToString(x.float[:]):
		who = "this encoder, before it was quantised"
	case "":
		return filepath.Base(f.System)
	default:
		return "another encoder, " + shortPath(f.System)
	}
	if f.Cost == nil || f.Cost.QueryTerms == x.settings.QueryTerms {
		return who
	}
	if f.Cost.QueryTerms == 0 {
		return who + ", with all terms"
	}
	return fmt.Sprintf("%s, with %d terms", who, f.Cost.QueryTerms)
}

// write writes the folder in one step: the encoder's files, its card and its manifest,
// and doc, the encoder of passages, if there is one. It keeps other files of the
// folder.
func (x *export) write(out string, stdout io.Writer) error {
	set, list, err := withManifest(x.files)
	if err != nil {
		return err
	}
	if set["README.md"], err = x.card(list); err != nil {
		return err
	}
	var doc map[string][]byte
	if x.doc != nil {
		if doc, _, err = withManifest(x.doc); err != nil {
			return err
		}
	}
	drop := map[string]bool{"vocab.txt": true, "doc": doc != nil} // an old one is removed if there is no new one
	if err := durable.Publish(out, func(name string) bool { return !drop[name] }, func(fresh string) error {
		put := func(dir string, files map[string][]byte) error {
			for name, content := range files {
				if err := durable.WriteFile(filepath.Join(dir, name), content); err != nil {
					return err
				}
			}
			return nil
		}
		if err := put(fresh, set); err != nil || doc == nil {
			return err
		}
		if err := os.Mkdir(filepath.Join(fresh, "doc"), 0o755); err != nil {
			return err
		}
		return put(filepath.Join(fresh, "doc"), doc)
	}); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(x.doc)) {
		fmt.Fprintf(stdout, "%10d  %s\n", len(x.doc[name]), filepath.Join(out, "doc", name))
	}
	for _, name := range slices.Sorted(maps.Keys(x.files)) {
		fmt.Fprintf(stdout, "%10d  %s\n", len(x.files[name]), filepath.Join(out, name))
	}
	return nil
}

// withManifest returns an encoder's files with their manifest, and the list in the
// manifest.
func withManifest(files map[string][]byte) (set map[string][]byte, list []bundle.File, err error) {
	m, err := bundle.OfFiles(files)
	if err != nil {
		return nil, nil, err
	}
	set = maps.Clone(files)
	set[bundle.ManifestFile] = m.Encode()
	return set, m.Files, nil
}

// card returns the model card: Markdown with Hugging Face's header.
func (x *export) card(list []bundle.File) ([]byte, error) {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if x.dense != nil {
		x.describeDense(line)
	} else {
		x.describe(line)
	}
	err := x.tell(line, list)
	return b.Bytes(), err
}

// describe writes what a sparse encoder is and how it was trained.
func (x *export) describe(line func(format string, args ...any)) {
	c := &x.run.Config
	line("---\nlicense: %s\nlanguage: en\npipeline_tag: feature-extraction\ntags: [splade, sparse-retrieval, conversational-search]\n---", strings.ToLower(x.licence))
	line("# %s\n", x.settings.Name)
	replies := ""
	if n := x.settings.ReplyTokens; n > 0 {
		replies = fmt.Sprintf(" (of each reply the first %d)", n)
	}
	kept := ""
	if n := x.settings.QueryTerms; n > 0 {
		kept = fmt.Sprintf(", of which it keeps the %d heaviest terms", n)
	}
	line("A query encoder for conversational search: %s. It reads a whole conversation, the current question first, cut to %d tokens%s, with token type %d for all that was said before; it gives a sparse vector over a vocabulary of %d%s.",
		x.shape(), x.settings.QueryTokens, replies, x.settings.HistoryTokenType, x.enc.Vocab(), kept)
	if x.settings.WordHead {
		history := ""
		if h := x.settings.HistoryWords; h > 0 {
			history = fmt.Sprintf("; words of what was said before count %v of that", h)
		}
		line("\nBeside it, a head on the last hidden states weighs every word of the conversation, to be matched exactly with the passages' words (BM25)%s.", history)
	}
	if x.settings.TopicHead {
		line("\nAnother says whether the question builds on what was said: below %v it is read alone.", x.settings.AloneBelow)
	}
	doc := c.DocEncoder
	if doc == "" {
		doc = c.Encoder
	}
	passages, teachers := fmt.Sprintf("Passages are encoded by `%s`, which stayed as it was.", shortPath(doc)), "that one"
	if c.TrainDocs {
		teachers = "that one, as it was,"
		passages = fmt.Sprintf("Passages are encoded by the encoder in `doc/`, which was trained with this one from `%s`: their vectors by that are of no use here.", shortPath(doc))
	}
	if c.Dense != "" {
		teachers += fmt.Sprintf(" and `%s`", shortPath(c.Dense))
	}
	if c.Words > 0 {
		teachers += fmt.Sprintf(", with %v times BM25 over the words of the rewrite,", c.Words)
	}
	if len(c.Teachers) > 0 {
		teachers = strings.Join(shortPaths(c.Teachers), ", ")
	}
	line("\n%s Trained from `%s`, this encoder ranks passages for a conversation as %s ranked them for the rewritten question (DiSCo: Lupart et al. 2025, arXiv 2410.14609).",
		passages, shortPath(c.Encoder), teachers)
	if x.base != "" {
		line("\nIt has no word embedding and no vocabulary of its own: it loads over `%s`, of which config.json has the checksums.", x.base)
	}

	x.table(line)
}

// table writes the table of figures.
func (x *export) table(line func(format string, args ...any)) {
	if len(x.figures) == 0 {
		return
	}
	line("\n## Figures")
	whose, system := x.whose, "system"
	if x.dense != nil {
		whose, system = (*figure).stages, "stages"
	}
	head, rule := "| | "+system+" | input | queries", "|---|---|---|---:"
	for m := range metrics.Measures {
		head, rule = head+" | "+metrics.Names[m], rule+"|---:"
	}
	if x.dense == nil {
		head, rule = head+" | L0 | FLOPS", rule+"|---:|---:"
	}
	line("%s |\n%s|", head, rule)
	for _, f := range x.figures {
		row := fmt.Sprintf("| %s | %s | %s | %d", f.label, whose(&f), f.Input, f.Queries)
		for m := range metrics.Measures {
			row += fmt.Sprintf(" | %.4f", f.Metrics[metrics.Keys[m]])
		}
		switch k := f.Cost; {
		case x.dense != nil:
			line("%s |", row)
		case k != nil:
			line("%s | %.1f | %.2f |", row, k.QueryL0, k.FLOPS)
		default:
			line("%s | | |", row)
		}
	}
	if x.dense != nil {
		return
	}
	line("\nL0 is the mean number of active terms of a query. FLOPS is the sum over terms of the shares of queries and of passages that hold them: the products a pair takes.")
}

// tell writes what the encoder was made from, and what its files are.
func (x *export) tell(line func(format string, args ...any), list []bundle.File) error {
	c, p := &x.run.Config, &x.run.Provenance
	line("\n## Training")
	passages := ""
	if p.Passages > 0 {
		passages = fmt.Sprintf(", %d passages to rank", p.Passages)
	}
	line("%d examples%s, %d steps; the encoder is that after epoch %d.", p.Train, passages, x.run.Steps, x.run.BestEpoch)
	switch {
	case p.Dev > 0 && x.dense != nil:
		line("\nMean cosine with the teacher's vectors of the rewrites, on %d held-out examples:\n", p.Dev)
		line("| epoch | cosine |\n|---:|---:|")
		for _, l := range x.run.Log {
			if l.Dev() {
				line("| %.0f | %.4f |", l["epoch"], l["dev_cosine"])
			}
		}
	case p.Dev > 0:
		line("\nAgreement with the teacher on %d held-out examples (its first ten count as relevant):\n", p.Dev)
		line("| epoch | nDCG@10 | R@100 | L0 |\n|---:|---:|---:|---:|")
		for _, l := range x.run.Log {
			if l.Dev() {
				line("| %.0f | %.4f | %.4f | %.1f |", l["epoch"], l["dev_ndcg10"], l["dev_r100"], l["dev_l0"])
			}
		}
	}
	recipe := *c
	recipe.Out, recipe.Cache, recipe.Encoder, recipe.DocEncoder = "", "", shortPath(c.Encoder), shortPath(c.DocEncoder)
	for _, paths := range []*[]string{&recipe.Examples, &recipe.Dev, &recipe.Exclude, &recipe.Passages, &recipe.Teachers, &recipe.Engine} {
		*paths = shortPaths(*paths)
	}
	text, err := json.MarshalIndent(recipe, "", "  ")
	if err != nil {
		return err
	}
	line("\nThe recipe, as `trainer train --config` takes it:\n\n```json\n%s\n```", text)

	line("\n## Data\nEvery file that was read:\n\n| file | SHA-256 |\n|---|---|")
	var read []string
	for path, sum := range p.SHA256 {
		read = append(read, fmt.Sprintf("| %s | `%s` |", shortPath(path), sum))
	}
	slices.Sort(read)
	line("%s", strings.Join(read, "\n"))

	line("\n## Files\n| file | bytes | SHA-256 |\n|---|---:|---|")
	for _, f := range list {
		line("| %s | %d | `%s` |", f.Name, f.Bytes, f.SHA256)
	}
	line("\nMatrices are int8 with a float32 scale a row, made from the float weights that the run left.")

	line("\n## Provenance and licence")
	changes := ""
	if p.Modified {
		changes = ", with changes that were not committed"
	}
	line("Trained by `trainer train`, revision %s%s, %s. The weights are offered under %s; the licences of the encoder that they began from and of the data hold besides.", p.Revision, changes, p.Go, x.licence)
	if len(x.note) > 0 {
		line("\n%s", bytes.TrimSpace(x.note))
	}
	return nil
}

// shape returns a description of the encoder's architecture.
func (x *export) shape() string {
	var c struct {
		Type   string `json:"model_type"`
		Layers int    `json:"num_hidden_layers"`
		Hidden int    `json:"hidden_size"`
		N      int    `json:"n_layers"`
		Dim    int    `json:"dim"`
	}
	json.Unmarshal(x.whole["config.json"], &c) // it is valid: Load has read it
	name := map[string]string{"bert": "BERT", "distilbert": "DistilBERT"}[c.Type]
	shape := fmt.Sprintf("%s, %d layers, %d wide", name, max(c.Layers, c.N), max(c.Hidden, c.Dim))
	if x.dense != nil {
		return shape
	}
	return shape + ", with its masked-LM head"
}

// shortPath returns a path's last two parts, because a card should not show someone's
// folders.
func shortPath(path string) string {
	if path == "" {
		return ""
	}
	parts := strings.Split(filepath.ToSlash(filepath.Clean(path)), "/")
	return strings.TrimPrefix(strings.Join(parts[max(0, len(parts)-2):], "/"), "/")
}

func shortPaths(paths []string) []string {
	short := make([]string, len(paths))
	for i, p := range paths {
		short[i] = shortPath(p)
	}
	return short
}
