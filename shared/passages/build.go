package passages

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/shared/container"
	"parley/shared/jsontree"
)

// A Builder collects passages, numbered from 0 in the order in which they are added. It
// keeps the texts and the set of ids in memory.
type Builder struct {
	about About
	n     uint32
	data  [columns]grown
	pages []byte
	paged bool // a passage has a page
	seen  map[string]uint32
}

// NewBuilder returns an empty collection.
func NewBuilder(about About) *Builder {
	about.Link = strings.ToValidUTF8(about.Link, "\uFFFD") // as JSON will store it
	return &Builder{about: about, seen: map[string]uint32{}}
}

// Add adds a passage. It returns an error, and adds nothing, where the id is empty or was
// added before, or a string is not UTF-8.
func (b *Builder) Add(p Passage) error {
	stored := [columns]string{ids: p.ID, titles: p.Title, texts: p.Text, urls: p.URL}
	if p.ID == "" {
		return fmt.Errorf("passages: passage %d has no id", b.n)
	}
	for c, s := range stored {
		if i := invalid(s); i >= 0 {
			return fmt.Errorf("passages: passage %d, id %s: %s: byte %d is not UTF-8", b.n, strconv.QuoteToASCII(p.ID), sectionNames[firstColumn+c], i)
		}
		if uint64(b.data[c].n)+uint64(len(s))+2 > math.MaxUint32 {
			return fmt.Errorf("passages: passage %d, id %s: the collection's %s exceed 4 GiB", b.n, strconv.QuoteToASCII(p.ID), sectionNames[firstColumn+c])
		}
	}
	if first, ok := b.seen[p.ID]; ok {
		return fmt.Errorf("passages: passage %d has the id %s of passage %d", b.n, strconv.QuoteToASCII(p.ID), first)
	}
	if p.Page < 0 || p.Page > math.MaxInt32 {
		return fmt.Errorf("passages: passage %d, id %s: page %d", b.n, strconv.QuoteToASCII(p.ID), p.Page)
	}
	if b.n == math.MaxInt32 {
		return fmt.Errorf("passages: more than %d passages", b.n)
	}
	b.seen[p.ID] = b.n
	if p.ID == p.Title {
		stored[ids] = ""
	}
	if link := b.about.URL(p); p.URL == link {
		stored[urls] = ""
	} else if p.URL == "" {
		stored[urls] = noURL
	}
	for c, s := range stored {
		b.data[c].add(s)
	}
	b.pages = binary.AppendUvarint(b.pages, uint64(p.Page))
	b.paged = b.paged || p.Page > 0
	b.n++
	return nil
}

// invalid returns the offset of the first byte of s that is not UTF-8, -1 for none.
func invalid(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

// encode returns About as JSON for parseAbout; it leaves out empty fields except the
// title.
func (a *About) encode() []byte {
	b := jsontree.AppendQuoted([]byte(`{"title":`), a.Title)
	for _, f := range [][2]string{
		{"source", a.Source}, {"licence", a.Licence}, {"licence_url", a.LicenceURL},
		{"attribution", a.Attribution}, {"link", a.Link}, {"of", a.Of}, {"encoder", a.Encoder},
		{"fingerprint", a.Fingerprint},
	} {
		if f[1] != "" {
			b = jsontree.AppendQuoted(append(jsontree.AppendQuoted(append(b, ','), f[0]), ':'), f[1])
		}
	}
	return append(b, '}')
}

// WriteTo writes the collection and returns its size in bytes; the bytes depend only on
// what was added.
func (b *Builder) WriteTo(w io.Writer) (int64, error) {
	about := b.about.encode()
	body, version := [][][]byte{aboutSection: {about}}, 1
	for i := range b.data {
		body = append(body, b.data[i].pieces())
	}
	if b.paged {
		body, version = append(body, [][]byte{b.pages}), 2
	}
	var sums []container.Sum
	for _, pieces := range body {
		n, sum := 0, container.NewCRC()
		for _, data := range pieces {
			n += len(data)
			sum.Write(data)
		}
		sums = append(sums, container.Sum{Length: int64(n), CRC: sum.Sum32()})
	}
	header := form.Header(version, binary.LittleEndian.AppendUint32(nil, b.n), sums...)
	written := int64(0)
	for _, pieces := range append([][][]byte{{header}}, body...) {
		for _, data := range pieces {
			n, err := w.Write(data)
			written += int64(n)
			if err != nil {
				return written, fmt.Errorf("passages: %w", err)
			}
		}
	}
	return written, nil
}

// grown is a column that grows without copying what it has: a slice that append enlarges
// is in memory twice while it is copied, and has a quarter of its capacity unused.
type grown struct {
	full [][]byte
	last []byte
	n    int // bytes in all
}

const pieceSize = 1 << 20

func (g *grown) add(s string) {
	if need := len(s) + 1; len(g.last)+need > cap(g.last) && cap(g.last) >= pieceSize {
		g.full = append(g.full, g.last)
		g.last = make([]byte, 0, max(pieceSize, need))
	}
	g.last = append(append(g.last, s...), end)
	g.n += len(s) + 1
}

func (g *grown) pieces() [][]byte { return append(g.full[:len(g.full):len(g.full)], g.last) }
