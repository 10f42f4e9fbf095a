// Package collect makes a collection of documents, a passage at a time:
//
//	documents --Cutter--> passages --Encode--> vectors --Builder--> index.bin, passages.bin, manifest.json
//	                              \--------- words ----/
//
// Words are counted as passages come and weighted when files are written, since their
// weights depend on all passages; in a collection that grows, all of them are computed
// again.
//
// A collection may have a second vector for each passage, from a dense encoder, in
// dense.bin (dense.go).
//
// The command line (site/collection, on all cores, with a work file) and the page
// (wasm/files, in one worker) both use this package, so the same documents give the same
// bytes in either.
package collect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"runtime"
	"strings"

	"parley/shared/bundle"
	"parley/shared/conversation"
	"parley/shared/documents"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
	"parley/shared/wordpiece"
)

// Settings say what of a document is kept; the zero value stands for the defaults below.
type Settings struct {
	// Mass is the share of each passage's weight that is kept, in its heaviest terms
	// (static pruning, sparse.Vector.Mass). 0 means .9, which loses less than .5 % of
	// Recall@100; 1 keeps all.
	Mass float64
	// Top is the most terms of a passage that are kept; 0: no limit.
	Top int
	// PassageTokens is the length of the longest passage, title included. 0 means 190, or
	// the encoder's limit where that is less; a negative number means that documents are
	// not cut.
	PassageTokens int
}

// For replaces zero values by the defaults for an encoder, and returns an error for values
// that make no sense.
func (s *Settings) For(e *encoder.Encoder) error {
	if s.Mass == 0 {
		s.Mass = .9
	}
	if !(s.Mass > 0 && s.Mass <= 1) || s.Top < 0 {
		return fmt.Errorf("collect: cannot keep a share of %v of the weight in at most %d terms; wanted a share above 0, at most 1", s.Mass, s.Top)
	}
	if s.PassageTokens == 0 {
		s.PassageTokens = min(190, e.PassageTokens)
	}
	return nil
}

// A Cutter cuts documents into passages and gives every passage an id of its own.
type Cutter struct {
	enc    *encoder.Encoder
	limit  int
	tokens []wordpiece.Token
	seen   map[string]origin // ids of documents and passages
	next   map[string]int    // the number to append to an id that comes again
	seed   maphash.Seed
}

// An origin is the place and the text that an id comes from.
type origin struct {
	file string
	line int
	hash uint64
}

// NewCutter returns a Cutter with settings that For has completed.
func NewCutter(e *encoder.Encoder, s Settings) *Cutter {
	c := &Cutter{enc: e, limit: s.PassageTokens, seen: map[string]origin{}, next: map[string]int{}, seed: maphash.MakeSeed()}
	if c.limit > 0 {
		c.limit = max(c.limit-2, 8) // [CLS] and [SEP] take two
	}
	return c
}

// Cut returns the passages of a document. Where its id came before with the same text,
// there are none. Where it came with another text, the document gets another id, made with
// its file's name, since two files may both number from 1. Cut calls note, unless it is
// nil, in both cases.
func (c *Cutter) Cut(d documents.Document, note func(documents.Note)) []passages.Passage {
	if note == nil {
		note = func(documents.Note) {}
	}
	here := origin{d.File, d.Line, maphash.String(c.seed, d.Title+"\x00"+d.Text+"\x00"+d.URL)}
	about := documents.Note{File: d.File, Line: d.Line}
	if about.File == "" {
		about.File = d.ID
	}
	if before, ok := c.seen[d.ID]; ok && before.hash == here.hash {
		about.Why = "the same as " + before.name(d.ID)
		note(about)
		return nil
	}
	d = own(d)
	list := documents.Cut(d, c.limit, c.count)
	if before, ok := c.taken(d.ID, list); ok {
		was := d.ID
		c.rename(&d.ID, d.File, list)
		about.Kept = true
		about.Why = fmt.Sprintf("the id %s is that of %s, too; it became %s", was, before.name(was), d.ID)
		note(about)
	}
	c.seen[d.ID] = here
	for _, p := range list {
		c.seen[p.ID] = here
	}
	return list
}

// own returns a document whose short strings are copies: as parts of a file they would keep
// all of it in memory, beside the text that was made of it.
func own(d documents.Document) documents.Document {
	d.ID, d.Title, d.URL = strings.Clone(d.ID), strings.Clone(d.Title), strings.Clone(d.URL)
	return d
}

// name returns where an id was seen.
func (o origin) name(id string) string {
	switch {
	case o.file == "":
		return "an earlier document of the id " + id
	case o.line == 0:
		return o.file
	}
	return fmt.Sprintf("%s:%d", o.file, o.line)
}

// taken reports whether the id of a document, or of one of its passages, came before.
func (c *Cutter) taken(id string, list []passages.Passage) (before origin, ok bool) {
	if before, ok = c.seen[id]; ok {
		return before, true
	}
	for _, p := range list {
		if before, ok = c.seen[p.ID]; ok {
			return before, true
		}
	}
	return before, false
}

// rename gives a document and its passages an id that no other has: with the file's name
// before it, or a number after it.
func (c *Cutter) rename(id *string, file string, list []passages.Passage) {
	was := *id
	try := func(other string) bool {
		for i := range list {
			list[i].ID = other + strings.TrimPrefix(list[i].ID, *id)
		}
		*id = other
		_, ok := c.taken(other, list)
		return !ok
	}
	base := was
	if file != "" && !strings.HasPrefix(was, file) {
		base = file + "/" + was
		if try(base) {
			return
		}
	}
	for c.next[base] = max(c.next[base], 1) + 1; !try(fmt.Sprintf("%s.%d", base, c.next[base])); c.next[base]++ {
	}
}

// Supersede records the id as that of a document that was cut here.
func (c *Cutter) Supersede(id string) { c.seen[id] = origin{} }

// Supersedes reports whether a passage of an older collection is replaced, because a
// document with its document's id has been cut here.
func (c *Cutter) Supersedes(id string) bool {
	_, ok := c.seen[id]
	if !ok {
		_, ok = c.seen[documents.DocumentID(id)]
	}
	return ok
}

func (c *Cutter) count(s string) int {
	c.tokens = c.enc.Tokenizer.Append(c.tokens[:0], s, -1)
	return len(c.tokens)
}

// A PassageEncoder encodes passages as sparse vectors; it serves one goroutine at a time.
type PassageEncoder struct {
	enc     *encoder.Encoder
	session *encoder.Session
	set     Settings
	in      conversation.Input
}

// NewPassageEncoder returns an encoder of passages with settings that For has completed.
func NewPassageEncoder(e *encoder.Encoder, s Settings) *PassageEncoder {
	return &PassageEncoder{enc: e, session: e.NewSession(), set: s}
}

// Encode returns a passage's vector as it is indexed, and the length of the encoder's
// input in tokens. The vector is valid until the next call.
func (e *PassageEncoder) Encode(p passages.Passage) (v sparse.Vector, tokens int, err error) {
	v, tokens, err = e.EncodeWhole(p)
	return e.Prune(v), tokens, err
}

// EncodeWhole is Encode without pruning.
func (e *PassageEncoder) EncodeWhole(p passages.Passage) (v sparse.Vector, tokens int, err error) {
	e.in.Passage(e.enc.Tokenizer, passages.EncoderText(p), e.enc.PassageTokens)
	v, _, err = e.session.Encode(e.in)
	if err != nil {
		return v, 0, fmt.Errorf("passage %q: %w", p.ID, err)
	}
	return v, len(e.in.IDs), nil
}

// Prune returns what the settings keep of a passage's vector.
func (e *PassageEncoder) Prune(v sparse.Vector) sparse.Vector {
	if v = v.Mass(e.set.Mass); e.set.Top > 0 {
		v = v.Top(e.set.Top)
	}
	return v
}

// A Builder collects passages and their vectors.
type Builder struct {
	index   *index.Builder
	texts   *passages.Builder
	n       int
	without int // passages without a term
}

// NewBuilder returns an empty collection over a vocabulary of the given size.
func NewBuilder(vocab int, about passages.About) *Builder {
	return &Builder{index: index.NewBuilder(vocab), texts: passages.NewBuilder(about)}
}

// Add adds a passage with its vector. It keeps no reference to the vector's memory.
func (b *Builder) Add(p passages.Passage, v sparse.Vector) error {
	// The text is added first: an index with more documents than texts would be refused.
	if err := b.texts.Add(p); err != nil {
		return err
	}
	b.n++
	if v.L0() == 0 {
		b.without++
	}
	b.index.AddWords(p.Title, p.Text)
	return b.index.Add(v)
}

// Len returns the number of passages added.
func (b *Builder) Len() int { return b.n }

// Without returns the number of passages without a term; no question finds these by the
// encoder.
func (b *Builder) Without() int { return b.without }

// Hollow returns an error that wraps ErrNoTerms where no passage at all has a term, else
// nil.
func (b *Builder) Hollow() error {
	if b.n > 0 && b.without == b.n {
		return fmt.Errorf("%w for %d passages: its weights are damaged, or it was trained for something else", ErrNoTerms, b.n)
	}
	return nil
}

// ErrNoTerms is wrapped by Hollow's error: damaged weights can be finite numbers.
var ErrNoTerms = errors.New("the encoder gave no term")

// A File is a file of a collection's folder.
type File struct {
	Name    string
	Content []byte
}

// Files returns the collection's files with the passages added so far: index.bin,
// passages.bin and, last, manifest.json, which lists the others. More passages may be
// added afterwards.
func (b *Builder) Files() ([]File, error) {
	same := *b // of which Finish forgets the parts
	return same.Finish()
}

// Finish returns what Files does, and gives the builder's memory back as the files are
// made. The builder must not be used afterwards.
func (b *Builder) Finish() ([]File, error) {
	// The postings go first: until then they take the most memory.
	var postings pieces
	if _, err := b.index.WriteTo(&postings); err != nil {
		return nil, err
	}
	b.index = nil
	if postings.n > 4<<20 {
		runtime.GC() // of the lists, before the memory for the whole is taken
	}
	index := postings.join()
	// The texts are written twice, the first time only to count: a buffer that grows as it
	// goes would hold them twice.
	n, err := b.texts.WriteTo(io.Discard)
	if err != nil {
		return nil, err
	}
	texts := bytes.NewBuffer(make([]byte, 0, n))
	if _, err := b.texts.WriteTo(texts); err != nil {
		return nil, err
	}
	b.texts = nil
	files := []File{{"index.bin", index}, {"passages.bin", texts.Bytes()}}
	m, err := Manifest(files)
	if err != nil {
		return nil, err
	}
	return append(files, m), nil
}

// pieces is a buffer that does not copy what it has when it grows.
type pieces struct {
	list [][]byte
	n    int
}

func (p *pieces) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		last := len(p.list) - 1
		if last < 0 || len(p.list[last]) == cap(p.list[last]) {
			p.list = append(p.list, make([]byte, 0, 1<<20))
			last++
		}
		k := min(len(rest), cap(p.list[last])-len(p.list[last]))
		p.list[last] = append(p.list[last], rest[:k]...)
		rest = rest[k:]
	}
	p.n += len(b)
	return len(b), nil
}

// join returns what was written, and forgets it.
func (p *pieces) join() []byte {
	out := make([]byte, 0, p.n)
	for i, piece := range p.list {
		out = append(out, piece...)
		p.list[i] = nil
	}
	p.list, p.n = nil, 0
	return out
}

// Manifest returns the manifest.json of files.
func Manifest(files []File) (File, error) {
	var list []bundle.File
	for _, f := range files {
		list = append(list, bundle.Of(f.Name, f.Name, f.Content))
	}
	m, err := bundle.New(list)
	if err != nil {
		return File{}, err
	}
	return File{"manifest.json", m.Encode()}, nil
}

// Open reads a collection by its manifest.json. It returns an error for files that differ
// from the manifest, or do not belong together. It does not read dense vectors.
func Open(read func(name string) ([]byte, error)) (*index.Index, *passages.Store, error) {
	m, err := readManifest(read)
	if err != nil {
		return nil, nil, err
	}
	return open(m, read)
}

func open(m *bundle.Manifest, read func(name string) ([]byte, error)) (*index.Index, *passages.Store, error) {
	postings, err := listed(m, "index.bin", read)
	if err != nil {
		return nil, nil, err
	}
	texts, err := listed(m, "passages.bin", read)
	if err != nil {
		return nil, nil, err
	}
	return Join(postings, texts)
}

func readManifest(read func(name string) ([]byte, error)) (*bundle.Manifest, error) {
	raw, err := read("manifest.json")
	if err != nil {
		return nil, err
	}
	m, err := bundle.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("manifest.json: %w", err)
	}
	return m, nil
}

// listed reads a file that the manifest lists.
func listed(m *bundle.Manifest, name string, read func(name string) ([]byte, error)) ([]byte, error) {
	f, ok := m.File(name)
	if !ok {
		return nil, fmt.Errorf("manifest.json does not list %s", name)
	}
	if f.Path != name {
		return nil, fmt.Errorf("manifest.json names %s and holds %s", name, f.Path)
	}
	content, err := read(f.Path)
	if err == nil {
		err = f.Verify(content)
	}
	return content, err
}

// Join opens a collection's index.bin and passages.bin. It returns an error where they do
// not belong together.
func Join(postings, texts []byte) (*index.Index, *passages.Store, error) {
	x, err := index.Open(postings)
	if err != nil {
		return nil, nil, fmt.Errorf("index.bin: %w", err)
	}
	store, err := passages.Open(texts)
	if err != nil {
		return nil, nil, fmt.Errorf("passages.bin: %w", err)
	}
	if x.Docs() != store.Len() {
		return nil, nil, fmt.Errorf("the index has %d documents, the texts are %d: they do not belong together; index the documents again", x.Docs(), store.Len())
	}
	return x, store, nil
}

// AppendVectors appends vectors to dst, for the work file of a run that may be
// interrupted. For each vector it writes the number of terms (uvarint), then for each term
// its difference to the term before, less one (uvarint), then the weights (float32 bits,
// little-endian).
func AppendVectors(dst []byte, vectors ...sparse.Vector) []byte {
	for _, v := range vectors {
		dst = binary.AppendUvarint(dst, uint64(len(v.Terms)))
		next := uint32(0)
		for _, t := range v.Terms {
			dst = binary.AppendUvarint(dst, uint64(t-next))
			next = t + 1
		}
		for _, x := range v.Weights {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
		}
	}
	return dst
}

// ReadVectors reads the n vectors over the vocabulary that AppendVectors wrote, and
// reports whether b contains just those.
func ReadVectors(b []byte, n, vocab int) ([]sparse.Vector, bool) {
	vectors := make([]sparse.Vector, 0, min(n, len(b)))
	for range n {
		v, size, ok := NextVector(b, vocab)
		if !ok {
			return nil, false
		}
		b = b[size:]
		vectors = append(vectors, v)
	}
	return vectors, len(b) == 0
}

// NextVector reads the first vector of b, and returns its size in bytes.
func NextVector(b []byte, vocab int) (v sparse.Vector, size int, ok bool) {
	terms, at := binary.Uvarint(b)
	if at <= 0 || terms > uint64(len(b)) {
		return v, 0, false
	}
	v = sparse.Vector{Terms: make([]uint32, terms), Weights: make([]float32, terms)}
	next := uint64(0)
	for i := range v.Terms {
		gap, k := binary.Uvarint(b[at:])
		if k <= 0 || gap > uint64(vocab) || next+gap >= uint64(vocab) {
			return v, 0, false
		}
		at += k
		v.Terms[i] = uint32(next + gap)
		next += gap + 1
	}
	if uint64(len(b)-at) < 4*terms {
		return v, 0, false
	}
	for i := range v.Weights {
		v.Weights[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[at+4*i:]))
	}
	return v, at + int(4*terms), true
}
