package engine

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"sync"
	"time"

	"parley/shared/passages"
)

// A marker is note 0: what an engine holds, and whether all of it.
type marker struct {
	Parley     string `json:"parley"` // "collection"
	Version    int    `json:"version"`
	Collection string `json:"collection"` // the hash of its files, in hex
	Passages   int    `json:"passages"`
	WithTerms  int    `json:"with_terms"` // passages whose vectors are not empty
	Done       int    `json:"done"`       // all passages before this one were written
	Whole      bool   `json:"whole"`
	Lexicon    blob   `json:"lexicon"`
	About      blob   `json:"about"`
}

// markerVersion changes where older programs would misread what is stored.
const markerVersion = 2

// A blob is a file in several notes.
type blob struct {
	First  int    `json:"first"` // its first note
	Notes  int    `json:"notes"`
	SHA256 string `json:"sha256"`
}

// writeBlob stores a file in notes from first on.
func writeBlob(ctx context.Context, s server, first int, data []byte) (blob, error) {
	sum := sha256.Sum256(data)
	b := blob{First: first, SHA256: hex.EncodeToString(sum[:])}
	for len(data) > 0 {
		n := min(len(data), s.noteSize())
		if err := usual.retry(ctx, func() error { return s.put(ctx, first+b.Notes, data[:n]) }); err != nil {
			return b, err
		}
		data = data[n:]
		b.Notes++
	}
	return b, nil
}

// mostNotes bounds what is read: 1 GB in the notes of most engines.
const mostNotes = 100_000

func (b blob) read(ctx context.Context, s server, what string) ([]byte, error) {
	if b.First < 1 || b.Notes < 0 || b.Notes > mostNotes {
		return nil, fmt.Errorf("its %s is in %d notes from %d on: damaged; `parley load --replace` loads the collection again", what, b.Notes, b.First)
	}
	var data []byte
	for i := range b.Notes {
		part, err := note(ctx, s, b.First+i)
		if err != nil {
			return nil, err
		}
		data = append(data, part...)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != b.SHA256 {
		return nil, fmt.Errorf("its %s was altered, or a part of it is missing; `parley load --replace` loads the collection again", what)
	}
	return data, nil
}

// note reads a note, and counted counts the passages, of an engine that may be starting.
func note(ctx context.Context, s server, n int) (data []byte, err error) {
	return data, usual.retry(ctx, func() error {
		data, err = s.get(ctx, n)
		return err
	})
}

func counted(ctx context.Context, s server) (n int, err error) {
	return n, usual.retry(ctx, func() error {
		n, err = s.count(ctx)
		return err
	})
}

// readMarker returns what an engine holds; nil: nothing of ours.
func readMarker(ctx context.Context, s server) (*marker, error) {
	data, err := note(ctx, s, 0)
	if err != nil || data == nil {
		return nil, err
	}
	var m marker
	if err := json.Unmarshal(data, &m); err != nil || m.Parley != "collection" {
		return nil, fmt.Errorf("it %w under this name; name another with #NAME at the end of the address", ErrOther)
	}
	if m.Version != markerVersion {
		return nil, fmt.Errorf("its collection was loaded by another version of Parley (form %d, this program reads %d); `parley load --replace` loads it again", m.Version, markerVersion)
	}
	return &m, nil
}

func (m *marker) write(ctx context.Context, s server) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return usual.retry(ctx, func() error { return s.put(ctx, 0, data) })
}

// LoadOptions of Load; the zero value stands for the defaults.
type LoadOptions struct {
	Shards   int  // 0: as many as the engine makes by itself
	Batch    int  // passages in a request; 0: 500
	Replace  bool // what has the name is removed first
	Progress func(Progress)
	Notice   func(string) // is told what people should know
}

// A Loaded describes what Load did.
type Loaded struct {
	Engine   string `json:"engine"`
	Passages int    `json:"passages"`
	Kept     int    `json:"kept"` // of these, were there from a run before
	Shards   int    `json:"shards,omitempty"`
	Form     *Form  `json:"-"` // in which it is asked
}

// writers is the number of requests under way at a time.
const writers = 4

// Load writes a collection into the engine at an address. The same call continues a run
// that was stopped in any way, here or there. A collection that is there already is left as
// it is.
func Load(ctx context.Context, c *Collection, address string, o LoadOptions) (_ *Loaded, err error) {
	o.Batch = cmp.Or(o.Batch, 500)
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	s, err := dial(ctx, address, true)
	if err != nil {
		return nil, err
	}
	defer s.close()
	defer func() {
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("%s: %w", s, err)
		}
	}()
	hash := hex.EncodeToString(c.Hash[:])
	if o.Replace {
		if err := usual.retry(ctx, func() error { return s.drop(ctx) }); err != nil {
			return nil, err
		}
	}
	m, err := readMarker(ctx, s)
	if err != nil {
		return nil, err
	}
	if m != nil && m.Collection != hash {
		return nil, fmt.Errorf("it %w under this name, another collection; name another with #NAME at the end of the address, or replace it with --replace", ErrOther)
	}
	if err := usual.retry(ctx, func() error { return s.create(ctx, c.Terms(), o.Shards) }); err != nil {
		return nil, err
	}
	if m == nil {
		// Whatever is there is not from a load of ours: its notes come before its passages.
		n, err := counted(ctx, s)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			return nil, fmt.Errorf("it %w under this name, %d documents; name another with #NAME at the end of the address, or replace it with --replace", ErrOther, n)
		}
		if m, err = begin(ctx, s, c, hash); err != nil {
			return nil, err
		}
	}
	done := &Loaded{Engine: s.String(), Passages: m.Passages, Kept: min(m.Done, m.Passages), Shards: o.Shards, Form: s.form()}
	for again := false; ; again = true {
		if !m.Whole {
			if err := writeAll(ctx, s, c, m, o); err != nil {
				return nil, err
			}
			if err := usual.retry(ctx, func() error { return s.settle(ctx) }); err != nil {
				return nil, err
			}
		}
		n, err := counted(ctx, s)
		if err != nil {
			return nil, err
		}
		if n == kept(s, m) {
			break
		}
		if n > kept(s, m) || again {
			return nil, fmt.Errorf("it holds %d passages after all %d were written: something else writes under this name, or removes; load into another name, or again with --replace", n, kept(s, m))
		}
		// The engine lost what it had acknowledged: it was killed, say.
		o.Notice(fmt.Sprintf("%s holds %d passages of %d that it had taken; they are written once more", s, n, kept(s, m)))
		m.Done, m.Whole, done.Kept = 0, false, 0
		if err := m.write(ctx, s); err != nil {
			return nil, err
		}
	}
	if m.Whole {
		return done, nil
	}
	m.Whole = true
	return done, m.write(ctx, s)
}

// begin writes the notes: the lexicon, the description, and that nothing else is there yet.
func begin(ctx context.Context, s server, c *Collection, hash string) (*marker, error) {
	m := &marker{Parley: "collection", Version: markerVersion, Collection: hash, Passages: c.Passages.Len()}
	for _, v := range c.Index.Documents() {
		if len(v) > 0 {
			m.WithTerms++
		}
	}
	var lexicon, about bytes.Buffer
	if err := c.Index.WriteLexicon(&lexicon); err != nil {
		return nil, err
	}
	b := passages.NewBuilder(c.Passages.About())
	// Titles from all over the collection, from which first questions are made.
	const titles = 100
	for i := range min(titles, c.Passages.Len()) {
		p := c.Passages.At(i * c.Passages.Len() / min(titles, c.Passages.Len()))
		if err := b.Add(passages.Passage{ID: p.ID, Title: p.Title}); err != nil {
			return nil, err
		}
	}
	if _, err := b.WriteTo(&about); err != nil {
		return nil, err
	}
	var err error
	if m.About, err = writeBlob(ctx, s, 1, about.Bytes()); err != nil {
		return nil, err
	}
	if m.Lexicon, err = writeBlob(ctx, s, 1+m.About.Notes, lexicon.Bytes()); err != nil {
		return nil, err
	}
	return m, m.write(ctx, s)
}

// writeAll writes the passages from m.Done on, several requests at a time. m follows what is
// written without a gap.
func writeAll(ctx context.Context, s server, c *Collection, m *marker, o LoadOptions) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type batch struct {
		number int
		docs   []document
	}
	work, first := make(chan batch), m.Done
	var wg sync.WaitGroup
	var mu sync.Mutex
	written := map[int]bool{} // batches that are written, after the first that is not
	next, noted := 0, time.Now()
	finished := func(b batch) error {
		mu.Lock()
		defer mu.Unlock()
		for written[b.number] = true; written[next]; next++ {
			delete(written, next)
			m.Done = min(first+(next+1)*o.Batch, m.Passages)
		}
		o.Progress(Progress{m.Done, m.Passages})
		if time.Since(noted) < 2*time.Second {
			return nil
		}
		noted = time.Now()
		return m.write(ctx, s)
	}
	for range writers {
		wg.Go(func() {
			for b := range work {
				err := usual.retry(ctx, func() error { return s.write(ctx, c, b.docs) })
				if err == nil {
					err = finished(b)
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	vectors, stop := iter.Pull2(c.Index.Documents())
	defer stop()
	for range first {
		vectors()
	}
	for n, doc := 0, first; doc < m.Passages && ctx.Err() == nil; n++ {
		b := batch{number: n}
		for end := min(doc+o.Batch, m.Passages); doc < end; doc++ {
			_, v, _ := vectors()
			b.docs = append(b.docs, document{doc, c.Passages.At(doc), append(v[:0:0], v...)})
		}
		select {
		case work <- b:
		case <-ctx.Done():
		}
	}
	close(work)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return m.write(ctx, s)
}
