package collect

import (
	"bytes"
	"fmt"

	"parley/shared/conversation"
	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/passages"
)

// DenseFile is the name of the file of a collection's dense vectors (package dense), where
// it has them. manifest.json lists it last.
const DenseFile = "dense.bin"

// A DensePassageEncoder encodes passages as dense vectors; it serves one goroutine at a
// time.
type DensePassageEncoder struct {
	enc     *encoder.Sentence
	session *encoder.SentenceSession
	in      conversation.Input
	vector  []float32 // [Dim]
}

// NewDensePassageEncoder returns an encoder of passages with its own working memory.
func NewDensePassageEncoder(s *encoder.Sentence) *DensePassageEncoder {
	return &DensePassageEncoder{enc: s, session: s.NewSession(), vector: make([]float32, s.Dim())}
}

// Encode returns a passage's vector, [Dim], of length 1, and the length of the encoder's
// input in tokens. It reads the same text as PassageEncoder.Encode, up to its own limit
// for passages. The vector is valid until the next call.
func (e *DensePassageEncoder) Encode(p passages.Passage) (v []float32, tokens int, err error) {
	e.enc.Passage(&e.in, passages.EncoderText(p))
	if err := e.session.Embed(e.vector, e.in); err != nil {
		return nil, 0, fmt.Errorf("passage %q: %w", p.ID, err)
	}
	return e.vector, len(e.in.IDs), nil
}

// AppendDense appends vectors of length dim to dst, as AppendVectors does for sparse ones.
// The bytes are a file of package dense, so the values have 8 bits and are checked when
// they are read.
func AppendDense(dst []byte, space string, dim int, vectors ...[]float32) ([]byte, error) {
	b := dense.NewBuilder(space, dim)
	for _, v := range vectors {
		if err := b.Add(v); err != nil {
			return nil, err
		}
	}
	out := bytes.NewBuffer(dst)
	_, err := b.WriteTo(out)
	return out.Bytes(), err
}

// ReadDense reads the n vectors of that space and length that AppendDense wrote, and
// reports whether b is valid. A dense.Builder makes the same integers of them as of the
// vectors that were written.
func ReadDense(b []byte, space string, dim, n int) ([][]float32, bool) {
	v, err := dense.Open(b)
	if err != nil || v.Len() != n || v.Dim() != dim || v.Space() != space {
		return nil, false
	}
	vectors := make([][]float32, n)
	for i := range vectors {
		vectors[i] = make([]float32, dim)
		v.Vector(vectors[i], i)
	}
	return vectors, true
}

// A Collection is the contents of a collection's folder.
type Collection struct {
	Index    *index.Index
	Passages *passages.Store
	Dense    *dense.Vectors // nil where it has none
}

// OpenAll is Open that also reads the dense vectors, where the manifest lists them.
func OpenAll(read func(name string) ([]byte, error)) (*Collection, error) {
	m, err := readManifest(read)
	if err != nil {
		return nil, err
	}
	c := &Collection{}
	if c.Index, c.Passages, err = open(m, read); err != nil {
		return nil, err
	}
	if _, ok := m.File(DenseFile); !ok {
		return c, nil
	}
	content, err := listed(m, DenseFile, read)
	if err != nil {
		return nil, err
	}
	if c.Dense, err = JoinDense(content, c.Passages); err != nil {
		return nil, err
	}
	return c, nil
}

// JoinDense opens a collection's dense.bin. It returns an error for one that does not
// belong to texts.
func JoinDense(content []byte, texts *passages.Store) (*dense.Vectors, error) {
	v, err := dense.Open(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", DenseFile, err)
	}
	if v.Len() != texts.Len() {
		return nil, fmt.Errorf("%s has vectors of %d passages, the texts are %d: they do not belong together; make it again (parley index --dense)", DenseFile, v.Len(), texts.Len())
	}
	return v, nil
}
