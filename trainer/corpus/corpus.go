// Package corpus reads the collection of passages that is searched, and encodes it
// once.
package corpus

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"parley/shared/beir"
	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/lines"
	"parley/shared/sparse"
	"parley/shared/words"
	"parley/trainer/disk"
	"parley/trainer/vectors"
)

// A Corpus is a list of passages. IDs[i] is the id of Texts[i], which is what an
// encoder reads of the passage. Titles and Bodies are its parts, whose words are
// counted; both are nil if there are only texts.
type Corpus struct {
	IDs, Texts     []string
	Titles, Bodies []string
}

// Count counts the passages' words.
func (c *Corpus) Count() *words.Counts {
	counts := &words.Counts{}
	for i := range c.Texts {
		counts.Add(c.Parts(i))
	}
	return counts
}

// Parts returns a passage's title and text.
func (c *Corpus) Parts(i int) (title, text string) {
	if c.Bodies == nil {
		return "", c.Texts[i]
	}
	return c.Titles[i], c.Bodies[i]
}

// Read reads files in BEIR's corpus form as one pool. It returns an error if there
// are no passages or an id occurs twice; errors about a line are of type
// *lines.Error.
func Read(paths []string) (*Corpus, error) {
	c := &Corpus{}
	seen := map[string]bool{}
	for _, path := range paths {
		err := disk.Lines(path, func(r *lines.Reader) error {
			for d, err := range beir.Documents(r) {
				if err != nil {
					return err
				}
				if seen[d.ID] {
					return r.Errorf("passage %q is here for the second time; ids must be unique over all files", d.ID)
				}
				seen[d.ID] = true
				c.IDs = append(c.IDs, d.ID)
				c.Texts = append(c.Texts, d.Passage())
				c.Titles, c.Bodies = append(c.Titles, d.Title), append(c.Bodies, d.Text)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(c.Texts) == 0 {
		return nil, fmt.Errorf("%s: no passage", strings.Join(paths, ", "))
	}
	return c, nil
}

// Key returns a key that differs for other collections and other encoders. It is
// computed from the texts and from the vectors of a few of them, so that it changes
// with the weights and with the code that computes with them. weights is the SHA-256
// of the encoder's files; it covers weights that the few texts do not use.
func (c *Corpus) Key(e *encoder.Encoder, weights [32]byte) (vectors.Key, error) {
	h := sha256.New()
	h.Write(weights[:])
	number := func(n int) { binary.Write(h, binary.LittleEndian, uint64(n)) }
	// The version of the file's form. With another key, a file of an older form is
	// not overwritten while an older program has it mapped.
	number(2)
	number(e.PassageTokens)
	number(len(c.Texts))
	for _, t := range c.Texts {
		number(len(t))
		h.Write([]byte(t))
	}
	s := e.NewSession()
	const probes = 8
	for i := range min(probes, len(c.Texts)) {
		v, err := c.vector(e, s, i*len(c.Texts)/probes)
		if err != nil {
			return vectors.Key{}, err
		}
		number(v.L0())
		binary.Write(h, binary.LittleEndian, v.Terms)
		binary.Write(h, binary.LittleEndian, v.Weights)
	}
	return vectors.Key(h.Sum(nil)), nil
}

func (c *Corpus) vector(e *encoder.Encoder, s *encoder.Session, i int) (sparse.Vector, error) {
	v, _, err := s.Encode(conversation.Passage(e.Tokenizer, c.Texts[i], e.PassageTokens))
	if err != nil {
		return v, fmt.Errorf("passage %q: %w", c.IDs[i], err)
	}
	return v, nil
}

// blockDocs is the number of passages encoded between two writes of the file. A run
// that is killed loses no more than these.
const blockDocs = 256

// Vectors encodes the passages on all cores, or reads the vectors that an earlier
// run kept in the folder cache. If another process is encoding them, it waits for
// that. The file is sealed, and has the vectors in the order of the passages until
// the caller closes it. Vectors calls report from time to time with the number of
// passages that are done.
func (c *Corpus) Vectors(ctx context.Context, e *encoder.Encoder, weights [32]byte, cache string, report func(done int)) (*vectors.File, error) {
	key, err := c.Key(e, weights)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(cache, fmt.Sprintf("%x.vectors", key[:8]))
	file, err := vectors.Open(ctx, path, key, e.Vocab())
	if err != nil {
		return nil, err
	}
	if len(file.All()) > len(c.Texts) {
		err = fmt.Errorf("%s holds %d vectors for %d passages: delete it", path, len(file.All()), len(c.Texts))
	} else if err = c.encode(ctx, e, file, report); err == nil {
		err = file.Seal()
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// encode appends the vectors that the file does not have yet.
func (c *Corpus) encode(ctx context.Context, e *encoder.Encoder, file *vectors.File, report func(done int)) error {
	workers := runtime.GOMAXPROCS(0)
	sessions := make([]*encoder.Session, workers)
	for i := range sessions {
		sessions[i] = e.NewSession()
	}
	report(len(file.All()))
	for len(file.All()) < len(c.Texts) {
		if err := ctx.Err(); err != nil {
			return err
		}
		first := len(file.All())
		block := make([]sparse.Vector, min(blockDocs, len(c.Texts)-first))
		errs := make([]error, workers)
		next := make(chan int)
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range next {
					v, err := c.vector(e, sessions[w], first+i)
					if err != nil && errs[w] == nil {
						errs[w] = err
					}
					block[i] = v.Clone() // v is in the session's memory
				}
			})
		}
		for i := range block {
			next <- i
		}
		close(next)
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		if err := file.Append(block); err != nil {
			return fmt.Errorf("passages %d to %d: %w", first+1, first+len(block), err)
		}
		report(len(file.All()))
	}
	return nil
}
