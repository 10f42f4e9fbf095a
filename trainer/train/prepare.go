package train

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/importers"
	"parley/shared/lift"
	"parley/shared/progress"
	"parley/shared/sparse"
	"parley/shared/wordpiece"
	"parley/trainer/corpus"
	"parley/trainer/disk"
	"parley/trainer/embedding"
	"parley/trainer/teacher"
	"parley/trainer/vectors"
)

// A prepared has everything that a run reads, ready for its steps.
type prepared struct {
	train, dev []importers.Example
	record     []importers.Example // whose vectors are recorded
	ids, texts []string            // of the collection's passages
	docs       []sparse.Vector     // their vectors, by the frozen encoder
	lists      []*teacher.File     // one per teacher
	// rankingOf returns the id of an example's ranking in lists: textID of its rewrite
	// in rankings that were made here, the example's own id in those of others.
	rankingOf func(*importers.Example) string
	queries   map[string]sparse.Vector
	frozen    *encoder.Encoder              // nil if the student is dense
	tokenizer *wordpiece.Tokenizer          // the frozen encoder's, for the student, too
	dense     denseTeacher                  // only for a dense student
	found     map[asked]string              // the passage that the teacher ranks first for a question, if it replaces replies
	words     *lexicon                      // nil: no words
	engine    map[string]*importers.Example // the examples with an engine's replies, by source and id
	fuse      string
	shares    []float64         // the weights of lists; nil if they are equal
	files     []*vectors.File   // the files of docs and queries
	sums      map[string]string // the SHA-256 of every file that was read, by path
}

// prepare reads the run's files, and computes the frozen encoder's vectors and rankings
// or reads them from the cache. For a dense student, it completes c from the teacher's
// config.json.
func prepare(ctx context.Context, c *Config, stderr io.Writer) (*prepared, error) {
	p := &prepared{fuse: c.Fuse, rankingOf: byRewrite, sums: map[string]string{}}
	err := p.readExamples(c, stderr)
	if err == nil && c.DenseStudent {
		err = p.prepareDense(ctx, c, stderr)
	} else if err == nil {
		err = p.prepareSparse(ctx, c, stderr)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// readExamples reads the examples for training and measuring, without the excluded ones,
// and an engine's replies.
func (p *prepared) readExamples(c *Config, stderr io.Writer) error {
	var excluded, engine []importers.Example
	for _, list := range []struct {
		to    *[]importers.Example
		paths []string
	}{{&p.train, c.Examples}, {&p.dev, c.Dev}, {&excluded, c.Exclude}, {&engine, c.Engine}, {&p.record, c.Record}} {
		var err error
		if *list.to, err = p.examples(list.paths); err != nil {
			return err
		}
	}
	if len(c.Dev) == 0 && c.DevFraction > 0 {
		p.train, p.dev = split(p.train, c.DevFraction, c.Seed)
	}
	excluded = append(excluded, p.record...)
	var ofTrain, ofDev int
	p.train, ofTrain = without(p.train, excluded)
	p.dev, ofDev = without(p.dev, excluded)
	if n := ofTrain + ofDev; n > 0 {
		fmt.Fprintf(stderr, "%d examples are left out, because their question or rewrite is excluded\n", n)
	}
	if len(c.Engine) > 0 {
		p.engine = map[string]*importers.Example{}
		for i := range engine {
			p.engine[engine[i].Source+"\x00"+engine[i].ID] = &engine[i]
		}
	}
	return nil
}

// examples reads files of examples and notes their checksums.
func (p *prepared) examples(paths []string) ([]importers.Example, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	examples, err := disk.Examples(paths)
	if err != nil {
		return nil, err
	}
	return examples, p.sum(paths...)
}

// sum notes the checksums of files.
func (p *prepared) sum(paths ...string) (err error) {
	for _, path := range paths {
		if p.sums[path], err = Checksum(path); err != nil {
			return err
		}
	}
	return nil
}

// prepareSparse loads the frozen sparse encoder, encodes the passages and rewrites,
// ranks the passages for the rewrites, and keeps the examples that have a ranking.
func (p *prepared) prepareSparse(ctx context.Context, c *Config, stderr io.Writer) error {
	frozen, err := p.loadFrozen(c)
	if err != nil {
		return err
	}
	passages, err := p.readPassages(c)
	if err != nil {
		return err
	}
	if !c.TrainDocs || len(c.Teachers) == 0 { // else these vectors are not used
		if p.docs, err = p.encode(ctx, c, frozen, "encoding passages", passages, stderr); err != nil {
			return err
		}
	}
	teacher := frozen.All()
	if c.Lift != "" {
		if teacher, err = p.lift(ctx, c, teacher, stderr); err != nil {
			return err
		}
	}
	if c.Words > 0 {
		p.words, p.docs = addWords(passages, p.docs, p.frozen.Vocab())
	}
	if err := p.rank(ctx, c, passages, teacher, stderr); err != nil {
		return err
	}
	if err := p.keepTaught(stderr); err != nil {
		return err
	}
	if c.Replies > 0 {
		if p.found, err = p.firstPassages(); err != nil {
			return err
		}
	}
	if c.Distance != 0 {
		p.queries, err = p.encodeRewrites(ctx, c, frozen, stderr)
	}
	return err
}

// loadFrozen loads the frozen encoder, and notes the checksums of its files and of the
// student's.
func (p *prepared) loadFrozen(c *Config) (*folder.Summed, error) {
	from := cmp.Or(c.DocEncoder, c.Encoder)
	files := folder.Sum(folder.Files(from))
	var err error
	if p.frozen, err = encoder.Load(files.Read); err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	p.noteSums(from, files)
	p.tokenizer = p.frozen.Tokenizer
	return files, p.sumStudent(c, from)
}

// encode returns the vectors of texts by the frozen encoder, whose files are in frozen.
// It computes them or reads them from the cache.
func (p *prepared) encode(ctx context.Context, c *Config, frozen *folder.Summed, what string, of *corpus.Corpus, stderr io.Writer) ([]sparse.Vector, error) {
	m := progress.Await(stderr, what, int64(len(of.Texts)))
	file, err := of.Vectors(ctx, p.frozen, frozen.Weights(), c.Cache, func(done int) { m.Update(int64(done), "") })
	if err != nil {
		return nil, err
	}
	p.files = append(p.files, file)
	m.Done(fmt.Sprintf("%d", len(of.Texts)))
	return file.All(), nil
}

// lift changes the passages' vectors as c.Lift says. It returns the key of rankings by the frozen encoder,
// whose key without a lift is frozen.
func (p *prepared) lift(ctx context.Context, c *Config, frozen [32]byte, stderr io.Writer) ([32]byte, error) {
	of := embedding.Lift{Dense: c.Lift, Passages: c.LiftReader, Weight: -1}
	l, err := of.Open(p.frozen)
	if err != nil {
		return frozen, err
	}
	for _, dir := range []string{c.Lift, c.LiftReader} {
		if dir != "" {
			if err := p.sum(filepath.Join(dir, "model.safetensors")); err != nil {
				return frozen, err
			}
		}
	}
	if err := p.sum(filepath.Join(c.Lift, lift.File)); err != nil {
		return frozen, err
	}
	p.docs, err = l.Apply(ctx, p.docs, p.texts, c.Cache, stderr)
	return sha256.Sum256(slices.Concat(frozen[:], l.Sum[:])), err
}

// encodeRewrites returns the frozen encoder's vectors of the training examples'
// rewrites, by rewrite.
func (p *prepared) encodeRewrites(ctx context.Context, c *Config, frozen *folder.Summed, stderr io.Writer) (map[string]sparse.Vector, error) {
	texts := map[string]bool{}
	for _, e := range p.train {
		if e.Rewrite == "" {
			return nil, fmt.Errorf("example %q has no rewrite, so the teacher has no query vector; set --distance 0 or remove the example", e.ID)
		}
		texts[e.Rewrite] = true
	}
	all := &corpus.Corpus{Texts: slices.Sorted(maps.Keys(texts))}
	all.IDs = all.Texts
	v, err := p.encode(ctx, c, frozen, "encoding rewrites", all, stderr)
	if err != nil {
		return nil, err
	}
	queries := map[string]sparse.Vector{}
	for i, t := range all.Texts {
		queries[t] = v[i]
	}
	return queries, nil
}

// firstPassages returns the passage that the teacher ranks first for each question in
// training.
func (p *prepared) firstPassages() (map[asked]string, error) {
	found := map[asked]string{}
	for i := range p.train {
		e := &p.train[i]
		l, err := p.list(e)
		if err != nil {
			return nil, err
		}
		found[asked{e.Source, e.Conversation, e.Question}] = p.texts[l.Docs[0]]
	}
	return found, nil
}

// sumStudent notes the checksums of the student's folder, unless it is the teacher's
// folder from, whose files were already read.
func (p *prepared) sumStudent(c *Config, from string) error {
	if from == c.Encoder {
		return nil
	}
	for _, name := range encoderFiles {
		path := filepath.Join(c.Encoder, name)
		if err := p.sum(path); errors.Is(err, fs.ErrNotExist) {
			delete(p.sums, path) // torch.Load reports files that must exist
		} else if err != nil {
			return err
		}
	}
	return nil
}

// readPassages reads the collection.
func (p *prepared) readPassages(c *Config) (*corpus.Corpus, error) {
	passages, err := corpus.Read(c.Passages)
	if err != nil {
		return nil, err
	}
	p.ids, p.texts = passages.IDs, passages.Texts
	return passages, p.sum(c.Passages...)
}

// loadSentence reads a dense teacher's folder. sum is the checksum of its files.
func (p *prepared) loadSentence(dir string) (s *encoder.Sentence, sum []byte, err error) {
	files := folder.Sum(folder.Files(dir))
	if s, err = encoder.LoadSentence(files.Read); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, err)
	}
	p.noteSums(dir, files)
	all := files.All()
	return s, all[:], nil
}

// noteSums notes the checksums of the files that were read in a folder.
func (p *prepared) noteSums(dir string, files *folder.Summed) {
	for name, sum := range files.Each() {
		p.sums[filepath.Join(dir, name)] = sum
	}
}

func (p *prepared) close() {
	for _, f := range p.lists {
		f.Close()
	}
	for _, f := range p.files {
		f.Close()
	}
}

// Checksum returns the SHA-256 of a file, in hexadecimal.
func Checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func writeProvenance(folder string, p *prepared) error {
	return provenance(folder, Provenance{Train: len(p.train), Dev: len(p.dev), Passages: len(p.texts), SHA256: p.sums})
}

// provenance completes out and writes provenance.json.
func provenance(folder string, out Provenance) error {
	out.Revision, out.Modified = Revision()
	if info, ok := debug.ReadBuildInfo(); ok {
		out.Go = info.GoVersion
	}
	return writeJSON(filepath.Join(folder, "provenance.json"), out)
}

// Revision returns the program's git revision, or "unknown", and whether the program had
// uncommitted changes.
func Revision() (revision string, modified bool) {
	revision = "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.modified":
				modified = s.Value == "true"
			}
		}
	}
	if revision == "unknown" { // built without a stamp: ask git, in the source tree
		git := func(args ...string) (string, error) {
			text, err := exec.Command("git", args...).Output()
			return strings.TrimSpace(string(text)), err
		}
		if mod, err := os.ReadFile("go.mod"); err == nil && bytes.HasPrefix(mod, []byte("module parley\n")) {
			if head, err := git("rev-parse", "HEAD"); err == nil {
				changes, err := git("status", "--porcelain", "--untracked-files=no")
				revision, modified = head, err != nil || changes != ""
			}
		}
	}
	return revision, modified
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(path, append(data, '\n'))
}

// copyTokenizer copies the tokenizer's files to a saved encoder's folder.
func copyTokenizer(from, to string) error {
	for _, name := range encoderFiles[3:] {
		data, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = durable.WriteFile(filepath.Join(to, name), data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
