package zim

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// listing is the path of the entry that lists the front articles.
const listing = "listing/titleOrdered/v1"

// HTML reports whether a MIME type is HTML.
func HTML(mime string) bool {
	mime, _, _ = strings.Cut(strings.ToLower(mime), ";")
	mime = strings.TrimSpace(mime)
	return mime == "text/html" || mime == "application/xhtml+xml"
}

// Articles are the pages that readers look up: the archive's front articles, with
// redirects followed; where it lists none, all HTML pages in the namespace C, or A in the
// old scheme. Pages with the same content count once.
type Articles struct {
	Redirects int            // entries that lead to others, or have another's content
	Other     map[string]int // front articles that are not HTML, by MIME type
	Damaged   int            // entries that cannot be read
	Err       error          // the first error about these; nil where there is none

	a    *Archive
	list []place // by cluster and blob
}

// A place is the position of an article's content. It takes 12 bytes, and nothing else is
// kept for an article.
type place struct{ cluster, blob, entry uint32 }

// Articles finds the articles. It reads all entries, but no content except the list.
func (a *Archive) Articles() *Articles {
	s := &Articles{a: a, Other: map[string]int{}}
	damaged := func(err error) {
		if s.Damaged++; s.Err == nil {
			s.Err = err
		}
	}
	front, err := a.front()
	if err != nil {
		damaged(err)
	}
	content := byte('C')
	if a.Minor < 1 {
		content = 'A'
	}
	for i := range int(a.entries) {
		e, err := a.Entry(i)
		if err != nil {
			damaged(err)
			continue
		}
		switch {
		case e.Namespace != content:
			continue
		case e.redirect:
			s.Redirects++
			continue
		case front != nil && !front.has(uint32(i)):
			continue
		case HTML(e.Type):
			s.list = append(s.list, place{e.cluster, e.blob, uint32(i)})
		case front != nil && e.Type != "":
			s.Other[e.Type]++
		}
	}
	slices.SortFunc(s.list, func(x, y place) int {
		return cmp.Or(cmp.Compare(x.cluster, y.cluster), cmp.Compare(x.blob, y.blob), cmp.Compare(x.entry, y.entry))
	})
	before := len(s.list)
	s.list = slices.CompactFunc(s.list, func(x, y place) bool { return x.cluster == y.cluster && x.blob == y.blob })
	s.Redirects += before - len(s.list)
	return s
}

// numbers is a set of entries.
type numbers []uint64

func (n numbers) has(i uint32) bool { return n[i/64]&(1<<(i%64)) != 0 }
func (n numbers) add(i uint32)      { n[i/64] |= 1 << (i % 64) }

// front returns the set of the front articles, including those that redirects among them
// lead to; nil where the archive lists none.
func (a *Archive) front() (numbers, error) {
	if a.Minor < 1 {
		return nil, nil
	}
	e, err := a.Find('X', listing)
	if errors.Is(err, ErrNotThere) {
		return nil, nil
	}
	var list []byte
	if err == nil {
		list, err = a.read(e, 4*uint64(a.entries))
	}
	if err != nil {
		return nil, fmt.Errorf("the list of the articles cannot be read, so all pages were taken: %w", err)
	}
	set := make(numbers, (uint64(a.entries)+63)/64)
	any := false
	for ; len(list) >= 4; list = list[4:] {
		if i := binary.LittleEndian.Uint32(list); i < a.entries {
			set.add(i)
			any = true
		}
	}
	if !any {
		return nil, nil
	}
	for i := range a.entries {
		if set[i/64] == 0 || !set.has(i) {
			continue
		}
		e, err := a.Entry(int(i))
		if err != nil || !e.redirect || e.target < a.entries && set.has(e.target) {
			continue // reading all entries reports what is damaged
		}
		if e, err = a.Follow(e); err == nil {
			set.add(e.number)
		}
	}
	return set, nil
}

// Len returns the number of articles.
func (s *Articles) Len() int { return len(s.list) }

// An Article is an entry and its content, which is valid until the next article.
type Article struct {
	Entry
	Content []byte
}

// All iterates over the articles in the order of the file, so that each cluster is
// unpacked once. An error says which article was left out; the iteration continues after
// it.
//
// The iteration ends with an error when the unpacked content exceeds both 64 times the
// file's size and 1 GiB: no archive of texts compresses that well.
func (s *Articles) All() iter.Seq2[Article, error] {
	return func(yield func(Article, error) bool) {
		a := s.a
		var d decoders
		defer d.close()
		var buf []byte
		var unpacked, most = uint64(0), uint64(max(1<<30, 64*a.size))
		for list := s.list; len(list) > 0; {
			n := 1
			for n < len(list) && list[n].cluster == list[0].cluster {
				n++
			}
			c, err := a.cluster(&d, list[0].cluster, buf)
			if err != nil && !yield(Article{}, leftOut(n, err)) {
				return
			}
			for i := 0; err == nil && i < n; i++ {
				p := list[i]
				e, problem := a.Entry(int(p.entry))
				if problem == nil && (e.cluster != p.cluster || e.blob != p.blob) {
					problem = &FormatError{e.at, "the file was changed while it was read", nil}
				}
				var content []byte
				lost := 1
				if problem == nil {
					before := c.read
					content, problem = c.blob(p.blob, maxBlob)
					unpacked += c.read - before
					buf = c.buf
					if problem != nil && c.packed && !errors.Is(problem, errTooMuch) {
						lost = n - i // nothing after it can be unpacked
					}
				}
				if problem != nil {
					if !yield(Article{}, leftOut(lost, problem)) {
						return
					}
					i += lost - 1
				} else if !yield(Article{e, content}, nil) {
					return
				}
				if unpacked > most {
					yield(Article{}, &FormatError{c.start, fmt.Sprintf("more than %d bytes unpacked, from a file of %d; the rest was not read", most, a.size), errTooMuch})
					return
				}
			}
			list = list[n:]
		}
	}
}

func leftOut(n int, err error) error {
	if n == 1 {
		return fmt.Errorf("an article was left out: %w", err)
	}
	return fmt.Errorf("%d articles were left out: %w", n, err)
}
