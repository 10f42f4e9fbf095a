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
	"parley/shared/sparse"
	"parley/shared/wordpiece"
	"parley/trainer/corpus"
	"parley/trainer/disk"
	"parley/trainer/progress"
	"parley/trainer/teacher"
	"parley/trainer/vectors"
)

// prepared is everything a run reads, ready for its steps.
type prepared struct {
	train, dev []importers.Example
	texts      []string        // of the collection's passages
	docs       []sparse.Vector // their vectors, by the frozen encoder
	lists      []*teacher.File // one a teacher
	// rankingOf is the id under which the lists have an example's ranking: textID of its
	// rewrite in those made here, the example's own in those that others made.
	rankingOf func(*importers.Example) string
	queries   map[string]sparse.Vector
	frozen    *encoder.Encoder              // nil where the student is dense
	tokenizer *wordpiece.Tokenizer          // the frozen encoder's, for the student, too
	dense     denseTeacher                  // of a dense student
	found     map[asked]string              // the passage that the teacher ranks first for a question, where replies are made of it
	words     *lexicon                      // nil: none
	engine    map[string]*importers.Example // examples with an engine's replies, by source and id
	fuse      string
	shares    []float64       // of the lists, where they are not all alike
	files     []*vectors.File // which hold docs and queries
}

// prepare reads the run's files and makes, or finds in the cache, what the frozen
// encoder has to say to them. Of a dense student it completes c from the teacher's
// config.json.
func prepare(ctx context.Context, c *Config, sums map[string]string, stderr *os.File) (_ *prepared, err error) {
	p := &prepared{fuse: c.Fuse, rankingOf: byRewrite}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	read := func(paths []string) ([]importers.Example, error) {
		if len(paths) == 0 {
			return nil, nil
		}
		r, err := disk.Import("jsonl", paths, importers.Options{})
		if err != nil {
			return nil, err
		}
		if len(r.Unread) > 0 {
			return nil, fmt.Errorf("%d examples cannot be read, the first: %w", len(r.Unread), r.Unread[0])
		}
		for _, path := range paths {
			if sums[path], err = Checksum(path); err != nil {
				return nil, err
			}
		}
		return r.Examples, nil
	}
	if p.train, err = read(c.Examples); err != nil {
		return nil, err
	}
	if p.dev, err = read(c.Dev); err != nil {
		return nil, err
	}
	excluded, err := read(c.Exclude)
	if err != nil {
		return nil, err
	}
	if len(c.Dev) == 0 && c.DevFraction > 0 {
		p.train, p.dev = split(p.train, c.DevFraction, c.Seed)
	}
	var dropped, dropped2 int
	p.train, dropped = without(p.train, excluded)
	p.dev, dropped2 = without(p.dev, excluded)
	if n := dropped + dropped2; n > 0 {
		fmt.Fprintf(stderr, "%d examples are left out: their question or rewrite is among the excluded\n", n)
	}

	if len(c.Engine) > 0 {
		examples, err := read(c.Engine)
		if err != nil {
			return nil, err
		}
		p.engine = map[string]*importers.Example{}
		for i := range examples {
			p.engine[examples[i].Source+"\x00"+examples[i].ID] = &examples[i]
		}
	}
	if c.DenseStudent {
		return p, p.prepareDense(ctx, c, sums, stderr)
	}

	from := cmp.Or(c.DocEncoder, c.Encoder)
	files := folder.Sum(folder.Files(from))
	if p.frozen, err = encoder.Load(files.Read); err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	noteSums(sums, from, files)
	p.tokenizer = p.frozen.Tokenizer
	if err := sumStudent(c, from, sums); err != nil {
		return nil, err
	}
	passages, err := p.readPassages(c, sums)
	if err != nil {
		return nil, err
	}
	encode := func(what string, of *corpus.Corpus) ([]sparse.Vector, error) {
		m := progress.Await(stderr, what, int64(len(of.Texts)))
		file, err := of.Vectors(ctx, p.frozen, files.Weights(), c.Cache, func(done int) { m.Update(int64(done), "") })
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, file)
		m.Done(fmt.Sprintf("%d", len(of.Texts)))
		return file.All(), nil
	}
	if !c.TrainDocs || len(c.Teachers) == 0 { // else nothing is asked of these vectors
		if p.docs, err = encode("encoding passages", passages); err != nil {
			return nil, err
		}
	}

	if c.Words > 0 {
		p.words, p.docs = addWords(passages, p.docs, p.frozen.Vocab())
	}
	if err := p.rank(ctx, *c, passages, files.All(), sums, stderr); err != nil {
		return nil, err
	}
	if p.train, err = p.taught("training", p.train, stderr); err != nil {
		return nil, err
	}
	if len(p.train) == 0 {
		return nil, errors.New("no example is left to train on: none has a rewrite (or a ranking in --teachers)")
	}
	if p.dev, err = p.taught("dev", p.dev, stderr); err != nil {
		return nil, err
	}
	if c.Replies > 0 {
		p.found = map[asked]string{}
		for i := range p.train {
			e := &p.train[i]
			l, err := p.list(e)
			if err != nil {
				return nil, err
			}
			p.found[asked{e.Source, e.Conversation, e.Question}] = p.texts[l.Docs[0]]
		}
	}
	if c.Distance != 0 {
		texts := map[string]bool{}
		for _, e := range p.train {
			if e.Rewrite == "" {
				return nil, fmt.Errorf("example %q has no rewrite, so the teacher has no query vector: set --distance 0 or leave it out", e.ID)
			}
			texts[e.Rewrite] = true
		}
		all := &corpus.Corpus{Texts: slices.Sorted(maps.Keys(texts))}
		all.IDs = all.Texts
		v, err := encode("encoding rewrites", all)
		if err != nil {
			return nil, err
		}
		p.queries = map[string]sparse.Vector{}
		for i, t := range all.Texts {
			p.queries[t] = v[i]
		}
	}
	return p, nil
}

// sumStudent adds the checksums of the student's folder, unless that is the teacher's,
// from, whose files were read already.
func sumStudent(c *Config, from string, sums map[string]string) (err error) {
	if from == c.Encoder {
		return nil
	}
	for _, name := range encoderFiles {
		path := filepath.Join(c.Encoder, name)
		if sums[path], err = Checksum(path); errors.Is(err, fs.ErrNotExist) {
			delete(sums, path) // what must be there, torch.Load says
		} else if err != nil {
			return err
		}
	}
	return nil
}

// readPassages reads the collection.
func (p *prepared) readPassages(c *Config, sums map[string]string) (*corpus.Corpus, error) {
	passages, err := corpus.Read(c.Passages)
	if err != nil {
		return nil, err
	}
	for _, path := range c.Passages {
		if sums[path], err = Checksum(path); err != nil {
			return nil, err
		}
	}
	p.texts = passages.Texts
	return passages, nil
}

// embed gives the texts' vectors by a dense encoder of the checksum sum, [n][Dim], which
// the cache keeps.
func embed(ctx context.Context, c *Config, by *encoder.Sentence, sum []byte, texts []string, tokens int, what string, stderr *os.File) ([]float32, error) {
	of := sha256.Sum256(slices.Concat(sum, textsKey(texts), fmt.Append(nil, tokens)))
	if err := os.MkdirAll(c.Cache, 0o777); err != nil {
		return nil, err
	}
	path := filepath.Join(c.Cache, fmt.Sprintf("%x.dense", of[:8]))
	m := progress.Await(stderr, what, int64(len(texts)))
	v, err := teacher.Embed(ctx, by, texts, tokens, path, func(done int) { m.Update(int64(done), "") })
	if err == nil {
		m.Done(fmt.Sprintf("%d", len(texts)))
	}
	return v, err
}

// rankBy opens, or makes, a teacher's ranking of the passages of the given ids for all
// rewrites. key tells teachers apart.
func (p *prepared) rankBy(ctx context.Context, c *Config, ids []string, stderr *os.File, what string, ranker func() (func() teacher.Ranker, error), key ...[]byte) error {
	h := sha256.New()
	for _, b := range key {
		h.Write(b)
	}
	f, err := teacher.Open(ctx, filepath.Join(c.Cache, fmt.Sprintf("%x.ranking", h.Sum(nil)[:8])), teacher.KeyOf(ids), len(ids))
	if err != nil {
		return err
	}
	p.lists = append(p.lists, f)
	var todo []teacher.Query
	seen := map[string]bool{}
	for _, list := range [][]importers.Example{p.train, p.dev} {
		for _, e := range list {
			if id := byRewrite(&e); e.Rewrite != "" && !seen[id] {
				seen[id] = true
				todo = append(todo, teacher.Query{ID: id, Text: e.Rewrite})
			}
		}
	}
	if !slices.ContainsFunc(todo, func(q teacher.Query) bool { return !f.Has(q.ID) }) {
		return f.Seal()
	}
	by, err := ranker()
	if err != nil {
		return err
	}
	m := progress.Await(stderr, what, int64(len(todo)))
	if err := teacher.Rank(ctx, by, todo, f, func(done int) { m.Update(int64(done), "") }); err != nil {
		return err
	}
	m.Done(fmt.Sprintf("%d rewrites", len(todo)))
	return f.Seal()
}

// rank opens or makes the teachers' rankings.
func (p *prepared) rank(ctx context.Context, c Config, passages *corpus.Corpus, frozen [32]byte, sums map[string]string, stderr *os.File) error {
	ids := passages.IDs
	key := teacher.KeyOf(ids)
	path := func(parts ...[]byte) string {
		h := sha256.New()
		for _, b := range parts {
			h.Write(b)
		}
		return filepath.Join(c.Cache, fmt.Sprintf("%x.ranking", h.Sum(nil)[:8]))
	}
	open := func(path string) (*teacher.File, error) { return teacher.Open(ctx, path, key, len(ids)) }
	if len(c.Teachers) == 0 {
		rank := func(what string, ranker func() (func() teacher.Ranker, error), key ...[]byte) error {
			return p.rankBy(ctx, &c, ids, stderr, what, ranker, key...)
		}
		depth := fmt.Append(nil, c.Depth)
		err := rank("the teacher ranks", func() (func() teacher.Ranker, error) {
			return teacher.Sparse(p.frozen, p.docs, c.Depth), nil
		}, []byte("own"), frozen[:], key[:], depth)
		if err != nil || c.Dense == "" {
			return err
		}
		p.shares = []float64{1 - c.DenseShare, c.DenseShare}
		dense, sum, err := loadSentence(c.Dense, sums)
		if err != nil {
			return err
		}
		texts := textsKey(passages.Texts)
		return rank("the dense teacher ranks", func() (func() teacher.Ranker, error) {
			v, err := embed(ctx, &c, dense, sum, passages.Texts, c.DenseTokens, "encoding passages for the dense teacher", stderr)
			if err != nil {
				return nil, err
			}
			return teacher.Dense(dense, v, c.Depth, "")
		}, []byte("dense"), sum, texts, key[:], depth, fmt.Append(nil, c.DenseTokens))
	}
	p.rankingOf = func(e *importers.Example) string { return e.ID }
	// Data sets may share ids.
	whose := map[string]string{}
	for _, e := range slices.Concat(p.train, p.dev) {
		if other, again := whose[e.ID]; again {
			return fmt.Errorf("id %q is in %q and in %q: a ranking in --teachers would be taken for both", e.ID, other, e.Source)
		}
		whose[e.ID] = e.Source
	}
	for _, from := range c.Teachers {
		sum, err := Checksum(from)
		if err != nil {
			return err
		}
		sums[from] = sum
		at := path([]byte(sum), key[:])
		if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
			if err := importRanking(from, at, ids, open); err != nil {
				return err
			}
		}
		f, err := open(at)
		if err != nil {
			return err
		}
		p.lists = append(p.lists, f)
		if err := f.Seal(); err != nil {
			return err
		}
	}
	return nil
}

// importRanking makes the file at of another program's ranking. It has its name only
// when it is whole, so that half a ranking never looks like one. Where two runs are
// at it, the second waits at open, and finds it made.
func importRanking(from, at string, ids []string, open func(path string) (*teacher.File, error)) error {
	part := at + ".part"
	f, err := open(part)
	if err != nil {
		return err
	}
	defer f.Close()
	defer os.Remove(part) // after the rename there is none
	if _, err := os.Stat(at); err == nil {
		return nil
	}
	if err := teacher.Import(from, ids, f); err != nil {
		return err
	}
	return os.Rename(part, at)
}

// loadSentence reads a dense teacher's folder; sum is over its files.
func loadSentence(dir string, sums map[string]string) (s *encoder.Sentence, sum []byte, err error) {
	files := folder.Sum(folder.Files(dir))
	if s, err = encoder.LoadSentence(files.Read); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, err)
	}
	noteSums(sums, dir, files)
	all := files.All()
	return s, all[:], nil
}

// noteSums adds what was read of a folder to the sums of a run.
func noteSums(sums map[string]string, dir string, files *folder.Summed) {
	for name, sum := range files.Each() {
		sums[filepath.Join(dir, name)] = sum
	}
}

// textsKey tells collections apart by what their passages say.
func textsKey(texts []string) []byte {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d ", len(t))
		io.WriteString(h, t)
	}
	return h.Sum(nil)
}

// textID names a ranking by what was asked, so that runs share it.
func textID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}

// byRewrite names an example's ranking by what is asked of the teacher.
func byRewrite(e *importers.Example) string { return textID(e.Rewrite) }

// list is the fused teachers' ranking for an example.
func (p *prepared) list(e *importers.Example) (teacher.List, error) {
	id := p.rankingOf(e)
	var lists []teacher.List
	var shares []float64
	for i, f := range p.lists {
		l, err := f.Get(id)
		if err != nil {
			return l, err
		}
		if len(l.Docs) > 0 {
			lists = append(lists, l)
			if p.shares != nil {
				shares = append(shares, p.shares[i])
			}
		}
	}
	if len(lists) == 0 {
		return teacher.List{}, nil
	}
	return teacher.Fuse(lists, shares, p.fuse == "max"), nil
}

// taught keeps the examples that a teacher ranked at least two passages for.
func (p *prepared) taught(what string, examples []importers.Example, stderr *os.File) ([]importers.Example, error) {
	var kept []importers.Example
	for i := range examples {
		l, err := p.list(&examples[i])
		if err != nil {
			return nil, err
		}
		if len(l.Docs) >= 2 {
			kept = append(kept, examples[i])
		}
	}
	if n := len(examples) - len(kept); n > 0 {
		fmt.Fprintf(stderr, "%d of %d %s examples have no ranking of a teacher (no rewrite, or none in --teachers) and are left out\n", n, len(examples), what)
	}
	return kept, nil
}

func (p *prepared) close() {
	for _, f := range p.lists {
		f.Close()
	}
	for _, f := range p.files {
		f.Close()
	}
}

// Checksum is the SHA-256 of a file, in hexadecimal.
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

func writeProvenance(folder string, p *prepared, sums map[string]string) error {
	out := Provenance{Train: len(p.train), Dev: len(p.dev), Passages: len(p.texts), SHA256: sums}
	out.Revision, out.Modified = Revision()
	if info, ok := debug.ReadBuildInfo(); ok {
		out.Go = info.GoVersion
	}
	return writeJSON(filepath.Join(folder, "provenance.json"), out)
}

// Revision is the program's own in git, "unknown" where nothing tells it, and whether
// there were changes beyond it.
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
	if revision == "unknown" { // built without the stamp: ask git, in the source tree
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

// copyTokenizer copies the tokenizer's files beside a saved encoder.
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
