package collection

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"parley/shared/bundle"
	"parley/shared/collect"
	"parley/shared/dense"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/passages"
	"parley/shared/wordpiece"
)

// A LoadedDenseEncoder is a dense encoder that was read from a folder, with the SHA-256 of
// the files that were read.
type LoadedDenseEncoder struct {
	*encoder.Sentence
	Hash [sha256.Size]byte
}

// OpenDense reads a dense encoder's folder. Its vocabulary must equal the given one, which
// is used where the folder has none.
func OpenDense(dir string, vocabulary *wordpiece.Tokenizer) (*LoadedDenseEncoder, error) {
	files, err := folder.Open(dir)
	if err != nil {
		return nil, err
	}
	own := false
	for _, name := range []string{"vocab.txt", "tokenizer.json"} {
		_, err := os.Stat(filepath.Join(dir, name))
		own = own || err == nil
	}
	var s *encoder.Sentence
	if own {
		s, err = encoder.LoadSentence(files.Read)
		if err == nil && !s.Tokenizer.Same(vocabulary) {
			err = errors.New("its vocabulary is not that of the sparse encoder: a dense encoder reads the same pieces")
		}
	} else {
		s, err = encoder.LoadSentenceOver(vocabulary, files.Read)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	s.Tokenizer = vocabulary
	return &LoadedDenseEncoder{s, files.All()}, nil
}

// OpenReader reads the reader of a dense encoder that was read from dir; nil where it has
// none.
func OpenReader(dir string, d *LoadedDenseEncoder) (*encoder.Reader, error) {
	r, err := encoder.LoadReader(d.Sentence, folder.Files(dir))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return r, nil
}

// ErrNoDense is wrapped by the errors of Dense and DensePassages where there is no dense
// encoder.
var ErrNoDense = errors.New("no dense encoder is installed")

// Dense returns the family's dense encoder for conversations.
func (e *Encoders) Dense() (*LoadedDenseEncoder, error) { return e.dense(false) }

// DensePassages returns the dense encoder that reads passages for it.
func (e *Encoders) DensePassages() (*LoadedDenseEncoder, error) { return e.dense(true) }

// DenseFolder returns the folder of the family's dense encoder, for conversations or for
// passages.
func (e *Encoders) DenseFolder(passages bool) (string, error) {
	if e.List == nil || e.List.Dense == nil {
		return "", fmt.Errorf("%w: %s names none; give one's folder (--dense=FOLDER)", ErrNoDense, e.Dir)
	}
	folder := e.List.Dense.Folder
	if passages && e.List.Dense.Passages != "" {
		folder = e.List.Dense.Passages
	}
	dir := filepath.Join(e.Dir, filepath.FromSlash(folder))
	if _, err := os.Stat(filepath.Join(dir, "config.json")); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: %s is not there; models/README.md says how it is made, or give another's folder (--dense=FOLDER)", ErrNoDense, dir)
	} else if err != nil {
		return "", err
	}
	return dir, nil
}

func (e *Encoders) dense(passages bool) (*LoadedDenseEncoder, error) {
	dir, err := e.DenseFolder(passages)
	if err != nil {
		return nil, err
	}
	base, err := e.Base()
	if err != nil {
		return nil, err
	}
	return OpenDense(dir, base.Tokenizer)
}

// A DenseSummary describes the dense vectors that were made.
type DenseSummary struct {
	Encoder string `json:"encoder,omitempty"` // "" where existing vectors were kept
	Space   string `json:"space,omitempty"`
	Bytes   int    `json:"bytes"`
	Encoded
}

// openDenseWork opens or creates the work file of dense vectors.
func openDenseWork(enc *LoadedDenseEncoder, texts []textHash, out string) (*work[[]float32], error) {
	h := sha256.New()
	fmt.Fprintf(h, "dense %x\n", enc.Hash)
	key := [sha256.Size]byte(h.Sum(nil))
	return openWork(workName(out, key, denseWork), key, texts, denseCodec(enc.Space, enc.Dim()))
}

// encodeDense makes the vectors that the work file lacks, and returns dense.bin with all
// of them.
func encodeDense(ctx context.Context, list []passages.Passage, w *work[[]float32], o *Options) (*DenseSummary, []byte, error) {
	made, err := encode(ctx, list, w, o, func() func(i int) ([]float32, int, error) {
		e := collect.NewDensePassageEncoder(o.Dense.Sentence)
		return func(i int) ([]float32, int, error) {
			v, n, err := e.Encode(list[i])
			return slices.Clone(v), n, err
		}
	})
	if err != nil {
		return nil, nil, err
	}
	b := dense.NewBuilder(o.Dense.Space, o.Dense.Dim())
	b.Fingerprint = o.Dense.SpaceFingerprint
	for v, err := range w.all() {
		if err == nil {
			err = b.Add(v)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	var content bytes.Buffer
	if _, err := b.WriteTo(&content); err != nil {
		return nil, nil, err
	}
	return &DenseSummary{o.Dense.Name, o.Dense.Space, content.Len(), made}, content.Bytes(), nil
}

// keepDense returns the dense.bin of the folder if it belongs to the same passages.
// dropped says that it belongs to others. A file that does not contain vectors is ignored.
func keepDense(out string, list []passages.Passage) (content []byte, dropped bool) {
	at := filepath.Join(out, collect.DenseFile)
	content, err := os.ReadFile(at)
	if err == nil {
		_, err = dense.Open(content)
	}
	if err != nil {
		return nil, false
	}
	c, err := OpenAll(out)
	if err != nil || c.Dense == nil || c.Passages.Len() != len(list) {
		return nil, true
	}
	for i, p := range list {
		if passages.EncoderText(p) != passages.EncoderText(c.Passages.At(i)) {
			return nil, true
		}
	}
	return content, false
}

// AddDense adds dense vectors, made by o.Dense, to the collection in the folder out, or
// replaces those that it has; its other files stay as they are. enc must be the encoder
// that made the collection.
func AddDense(ctx context.Context, enc *LoadedEncoder, out string, o Options) (*Summary, error) {
	begin := time.Now()
	o.fill()
	if info, err := os.Stat(out); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is no folder; unpack it first", out)
	}
	x, store, err := Open(out)
	if err != nil {
		return nil, err
	}
	if x.Vocab() != enc.Vocab() || !store.About().MadeBy(enc.Name, enc.Fingerprint()) {
		return nil, fmt.Errorf("%s was made by another encoder, %s, whose vocabulary has %d terms; this one is %q (%s), with %d", out, store.About().Maker(), x.Vocab(), enc.Name, enc.Fingerprint(), enc.Vocab())
	}
	list := make([]passages.Passage, store.Len())
	for i := range list {
		list[i] = store.At(i)
	}
	sum := &Summary{Out: out, Passages: len(list), Postings: x.Postings()}
	w, err := openDenseWork(o.Dense, hashTexts(list), out)
	if err != nil {
		return nil, err
	}
	defer w.close()
	var content []byte
	if sum.Dense, content, err = encodeDense(ctx, list, w, &o); err != nil {
		if w.done > 0 && ctx.Err() != nil {
			return nil, &Stopped{len(list), len(list), w.done, context.Cause(ctx)}
		}
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if err != nil {
		return nil, err
	}
	m, err := bundle.Parse(raw)
	if err != nil {
		return nil, err
	}
	files := slices.DeleteFunc(m.Files, func(f bundle.File) bool { return f.Name == collect.DenseFile })
	if m, err = bundle.New(append(files, bundle.Of(collect.DenseFile, collect.DenseFile, content))); err != nil {
		return nil, err
	}
	for _, f := range files {
		switch f.Name {
		case "index.bin":
			sum.IndexBytes = int(f.Bytes)
		case "passages.bin":
			sum.PassagesBytes = int(f.Bytes)
		}
	}
	if err := durable.PublishFiles(out, map[string][]byte{collect.DenseFile: content, "manifest.json": m.Encode()}); err != nil {
		return nil, err
	}
	sum.Seconds = time.Since(begin).Seconds()
	return sum, w.remove()
}
