package parts

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// A Source answers vectors from parts that are given to it (answer.Source). It fetches
// nothing: where parts are lacking, its methods return a *Lacking. It serves one goroutine
// at a time.
type Source struct {
	*directory
	number map[string]uint32 // by name
	ranks  [termKinds]*ranks // once a part of documents needs them

	given map[uint32]*part
	bytes int // of what was given
	asked int // counts searches

	score, seen []uint32 // by document: see evaluate
	hits        []index.Hit
}

// A part is one that was given.
type part struct {
	used   int    // the search that used it last
	bytes  int    // of its file
	pieces []byte // of lists
	read   map[uint32]piece
	*documents
}

// Open returns the source of a collection, given its parts.bin. An error is a
// *container.FormatError. data must not change while the source is in use.
func Open(data []byte) (*Source, error) {
	d, err := openDirectory(data)
	if err != nil {
		return nil, err
	}
	s := &Source{directory: d, number: map[string]uint32{}, given: map[uint32]*part{}}
	for i, name := range d.names {
		s.number[name] = uint32(i)
	}
	return s, nil
}

// Lexicon returns what is known of the collection's terms.
func (s *Source) Lexicon() *index.Lexicon { return s.lexicon }

// About returns the description of the collection.
func (s *Source) About() passages.About { return s.about }

// Questions returns first questions to the collection.
func (s *Source) Questions() []string { return s.questions }

// Postings returns the number of postings in all lists.
func (s *Source) Postings() (n int) {
	for _, at := range s.pieces {
		n += int(at.postings)
	}
	return n
}

// Parts visits all parts, each with the bytes of its file.
func (s *Source) Parts(visit func(name string, bytes int)) {
	for i, name := range s.names {
		visit(name, int(s.sizes[i]))
	}
}

// keptBytes is how many bytes of parts a source keeps. Those that the last questions did
// not use are dropped first, and lacking again.
const keptBytes = 64 << 20

// Give gives a part to the source. It does not check that the name is the content's own:
// whoever fetches a part has to.
func (s *Source) Give(name string, content []byte) error {
	n, ok := s.number[name]
	if !ok {
		return errors.New("parts: there is no part " + strconv.Quote(name) + " in this collection")
	}
	p := &part{used: s.asked, bytes: len(content)}
	var err error
	if n < s.lists {
		file, e := listsForm.Open(content)
		if err = e; err == nil {
			p.pieces, p.read = file.Sections[0].Data, map[uint32]piece{}
			if want := int(s.sizes[n]); len(content) != want {
				err = listsForm.Errorf("pieces", file.Sections[0].At, "the part has %d bytes, where parts.bin says %d", len(content), want)
			}
		}
	} else {
		first := (n - s.lists) * s.perPart
		if s.ranks[0] == nil {
			s.ranks = ranksOf(s.lexicon)
		}
		p.documents, err = openDocuments(content, s.dictionary, int(min(s.perPart, uint32(s.lexicon.Docs())-first)), s.ranks)
	}
	if err != nil {
		return err
	}
	s.forget(n)
	s.given[n] = p
	s.bytes += p.bytes
	for s.bytes > keptBytes {
		oldest, age := uint32(0), s.asked
		for n, p := range s.given {
			if n > 0 && p.used < age { // the first part stays
				oldest, age = n, p.used
			}
		}
		if age == s.asked {
			break // all are needed now
		}
		s.forget(oldest)
	}
	return nil
}

func (s *Source) forget(n uint32) {
	if p := s.given[n]; p != nil {
		s.bytes -= p.bytes
		delete(s.given, n)
	}
}

// use returns a part, nil where it was not given.
func (s *Source) use(n uint32) *part {
	p := s.given[n]
	if p != nil {
		p.used = s.asked
	}
	return p
}

// piece returns a piece of a list, if its part was given.
func (s *Source) piece(i uint32) (read piece, ok bool, err error) {
	at := &s.pieces[i]
	p := s.use(at.part)
	if p == nil {
		return read, false, nil
	}
	if read, ok = p.read[i]; ok {
		return read, true, nil
	}
	read, offset, err := readPiece(p.pieces[at.from:at.to], uint32(s.lexicon.Docs()), at.top, 1, at.postings)
	if err != nil {
		return read, false, listsForm.Errorf("pieces", int64(listsForm.Versions[0].HeaderSize())+int64(at.from)+int64(offset), "part %s: %v", s.names[at.part], err)
	}
	p.read[i] = read
	return read, true, nil
}

// document returns the part of a document and its place there; nil where it was not given.
func (s *Source) document(doc uint32) (*documents, uint32) {
	if p := s.use(s.documentPart(doc)); p != nil {
		return p.documents, doc % s.perPart
	}
	return nil, 0
}

func (s *Source) documentPart(doc uint32) uint32 { return s.lists + doc/s.perPart }

// Lacking is the error where parts have to be given first.
type Lacking struct {
	Parts []Part
	// What is known by now. Certain are documents that are among the best for sure, the
	// first first, though what is lacking may still change their order.
	Certain []string
	Wanted  int // number of the best that are wanted

	has   map[uint32]bool // the numbers of Parts
	bytes int             // of Parts
}

// A Part is one that is lacking.
type Part struct {
	Name  string
	Bytes int
}

func (l *Lacking) Error() string {
	return "parts: " + strconv.Itoa(len(l.Parts)) + " parts of the collection have to be fetched first"
}

// Lacks returns l as JSON: {"parts": [[name, bytes], ...], "certain": [title, ...], "wanted": 10}.
func (l *Lacking) Lacks() string {
	var b strings.Builder
	b.WriteString(`{"parts":[`)
	for i, p := range l.Parts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`["` + p.Name + `",` + strconv.Itoa(p.Bytes) + `]`)
	}
	b.WriteString(`],"certain":[`)
	for i, title := range l.Certain {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(quoted(title))
	}
	b.WriteString(`],"wanted":` + strconv.Itoa(l.Wanted) + `}`)
	return b.String()
}

// lack adds a part to those that are lacking, unless it was given or is among them.
func (s *Source) lack(l *Lacking, n uint32) {
	if s.use(n) != nil || l.has[n] {
		return
	}
	if l.has == nil {
		l.has = map[uint32]bool{}
	}
	l.has[n] = true
	l.Parts = append(l.Parts, Part{s.names[n], int(s.sizes[n])})
	l.bytes += int(s.sizes[n])
}

// Bring returns a Lacking unless the parts of all docs were given.
func (s *Source) Bring(docs []uint32) error {
	l := &Lacking{Wanted: len(docs)}
	found := true // by the last search, so all are certain
	for i, doc := range docs {
		s.lack(l, s.documentPart(doc))
		found = found && i < len(s.hits) && s.hits[i].Doc == doc
	}
	if len(l.Parts) == 0 {
		return nil
	}
	for _, doc := range docs {
		if d, i := s.document(doc); found && d != nil {
			l.Certain = append(l.Certain, d.store.At(int(i)).Title)
		}
	}
	return l
}

// Passage returns a passage whose part was given.
func (s *Source) Passage(doc uint32) passages.Passage {
	d, i := s.document(doc)
	return d.store.At(int(i))
}

// Explain returns what index.Index.Explain returns, of a document whose part was given.
func (s *Source) Explain(q sparse.Vector, doc uint32) []index.Match {
	d, i := s.document(doc)
	return s.lexicon.Matches(q, d.vectors[i])
}

// Holding returns the first documents that contain a term, at most most.
func (s *Source) Holding(term uint32, most int) ([]uint32, error) {
	l, ok := s.lexicon.Number(term)
	if !ok {
		return nil, nil
	}
	lacking := &Lacking{}
	var docs []uint32
	for i := s.first[l]; i < s.first[l+1]; i++ {
		read, ok, err := s.piece(i)
		if err != nil {
			return nil, err
		}
		if !ok {
			s.lack(lacking, s.pieces[i].part)
		}
		docs = append(docs, read.docs...)
	}
	if len(lacking.Parts) > 0 {
		return nil, lacking
	}
	slices.Sort(docs)
	return docs[:min(max(most, 0), len(docs))], nil
}

// Scores writes the scores of documents whose parts were given, or returns a Lacking.
func (s *Source) Scores(to []float32, q sparse.Vector, docs []uint32) error {
	if err := s.Bring(docs); err != nil {
		return err
	}
	factors, step := s.lexicon.Factors(q)
	for i, doc := range docs {
		d, at := s.document(doc)
		to[i] = float32(index.Score(factors, d.vectors[at])) * step
	}
	return nil
}
