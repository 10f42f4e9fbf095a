package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"parley/shared/collect"
	"parley/shared/dense"
	"parley/shared/documents"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/unpack"
	"parley/wasm/reactor"
)

// A desk is the state between calls.
type desk struct {
	parts   map[string][]byte // the encoders' files, until open and dense
	encoder *encoder.Encoder
	second  *second // nil: no dense vectors are being made

	files map[string][]byte // of collections and conversations, until they are used

	set     collect.Settings
	cutter  *collect.Cutter
	worker  *collect.PassageEncoder
	about   passages.About
	list    []passages.Passage // cut
	cut     []cutDocument      // the documents that list was cut from
	columns documents.Columns  // for the next document
	pdf     *openPDF           // nil: no page of one was given
	builder *collect.Builder   // list[:builder.Len()] is encoded
	tokens  int
	spent   time.Duration
	of      *fingerprint // of list; nil: not computed yet
	saved   int          // passages whose vectors are in a batch
	fresh   []byte       // vectors made since then

	// The memory of a Piece is kept until the next call that returns one.
	kept []byte
	made []collect.File
}

func unmarshal(body []byte, v any) error {
	if len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("the request cannot be read: %w", err)
	}
	return nil
}

// A Piece is a range of the program's memory.
type Piece struct {
	Name  string `json:"name"`
	At    uint32 `json:"at"`
	Bytes int    `json:"bytes"`
}

func piece(name string, content []byte) Piece {
	return Piece{name, reactor.Address(content), len(content)}
}

// keep returns the piece of content, whose memory stays until the next call that keeps some.
func (d *desk) keep(name string, content []byte) *Piece {
	d.kept = content
	p := piece(name, content)
	return &p
}

// keepPassages returns passages as passages.bin.
func (d *desk) keepPassages(about passages.About, list iter.Seq[passages.Passage]) (*Piece, error) {
	b := passages.NewBuilder(about)
	for p := range list {
		if err := b.Add(p); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		return nil, err
	}
	return d.keep("passages.bin", out.Bytes()), nil
}

// all yields the passages of a file.
func all(s *passages.Store) iter.Seq[passages.Passage] {
	return func(yield func(passages.Passage) bool) {
		for i := range s.Len() {
			if !yield(s.At(i)) {
				return
			}
		}
	}
}

// A Read is the result of reading a document's file.
type Read struct {
	Documents int      `json:"documents"`
	Passages  int      `json:"passages"`
	Notes     []string `json:"notes"` // what was left out, and why
	Told      []string `json:"told"`  // what was read, and how
	// Ask is the beginning of a table whose columns a person has to name.
	Ask *documents.Sample `json:"ask,omitempty"`
	// Other is true where the format of the file is not one that can be read; the page
	// shows only the number of such files.
	Other bool `json:"other,omitempty"`
}

func (d *desk) file(name string, content []byte) (any, error) {
	kind, rest, _ := strings.Cut(name, "/")
	switch kind {
	case "encoder", "dense":
		if name == "dense" {
			return d.resumeDense(content)
		}
		if d.parts == nil {
			d.parts = map[string][]byte{}
		}
		d.parts[name] = content
		return struct{}{}, nil
	case "document":
		return d.read(rest, content)
	case "pdf-page":
		return d.page(rest, content)
	case "pdf":
		return d.endPDF(rest, content)
	case "passages":
		return d.restore(content)
	case "vectors":
		return d.resume(content)
	case "collection", "older", "join", "conversation":
		if d.files == nil {
			d.files = map[string][]byte{}
		}
		d.files[name] = content
		return struct{}{}, nil
	}
	return nil, fmt.Errorf("there is no place for a file named %q", name)
}

// open loads the encoder; in a family it is the base, which encodes passages.
func (d *desk) open(struct{}) (any, error) {
	e, err := encoder.Load(func(name string) ([]byte, error) {
		if content, ok := d.parts["encoder/"+name]; ok {
			return content, nil
		}
		return nil, fs.ErrNotExist
	})
	if err != nil {
		return nil, err
	}
	d.encoder, d.parts = e, nil
	return struct{}{}, nil
}

// Begin describes a new collection.
type Begin struct {
	Title string `json:"title"`
}

var errNoEncoder = errors.New("the encoder is not loaded yet")
var errNotBegun = errors.New("no collection was begun")

func (d *desk) begin(b Begin) (any, error) {
	if d.encoder == nil {
		return nil, errNoEncoder
	}
	d.set = collect.Settings{}
	if err := d.set.For(d.encoder); err != nil {
		return nil, err
	}
	d.about = passages.About{Title: strings.ToValidUTF8(b.Title, "\uFFFD"), Encoder: d.encoder.Name, Fingerprint: d.encoder.Fingerprint()}
	d.cutter = collect.NewCutter(d.encoder, d.set)
	d.worker = collect.NewPassageEncoder(d.encoder, d.set)
	d.builder = collect.NewBuilder(d.encoder.Vocab(), d.about)
	// A PDF that was cancelled left its pages.
	d.list, d.cut, d.pdf, d.tokens, d.spent = nil, nil, nil, 0, 0
	d.of, d.saved, d.fresh = nil, 0, nil
	return struct{}{}, nil
}

// read reads a file and cuts its documents.
func (d *desk) read(name string, content []byte) (*Read, error) {
	o := documents.Options{Columns: d.columns}
	d.columns = documents.Columns{}
	if path.Ext(strings.TrimSuffix(name, ".gz")) == "" {
		o.Kind = documents.Text // as of a file that is named to the command line
	}
	return d.take(name, func() ([]documents.Document, []documents.Note) { return documents.Read(name, content, o) })
}

// take cuts the documents that read returns.
func (d *desk) take(name string, read func() ([]documents.Document, []documents.Note)) (*Read, error) {
	if d.cutter == nil {
		return nil, errNotBegun
	}
	if why := skipped(name); why != "" {
		return &Read{Notes: []string{name + ": " + why}, Told: []string{}}, nil
	}
	r := &Read{Notes: []string{}, Told: []string{}}
	docs, notes := read()
	note := func(n documents.Note) {
		switch {
		case n.Kept:
			r.Told = append(r.Told, n.Error())
		case n.Ask != nil:
			r.Ask = n.Ask
			fallthrough
		default:
			r.Other = r.Other || n.OtherFormat
			r.Notes = append(r.Notes, n.Error())
		}
	}
	for _, n := range notes {
		note(n)
	}
	for _, doc := range docs {
		doc.File = name
		own := doc.ID != name && !strings.HasPrefix(doc.ID, name+":")
		list := d.cutter.Cut(doc, note)
		if len(list) > 0 {
			r.Documents++
			d.cut = append(d.cut, cutDocument{name, documents.DocumentID(list[0].ID), own, len(d.list), len(d.list) + len(list)})
			if len(list) == 1 {
				d.cut[len(d.cut)-1].id = list[0].ID
			}
		}
		r.Passages += len(list)
		d.list, d.of = append(d.list, list...), nil
	}
	return r, nil
}

// A cutDocument is a document whose passages are list[from:to].
type cutDocument struct {
	file, id string
	own      bool // its record has an id, which a record in another file may also have
	from, to int
}

// skipped returns why a file is left out because of its path, by the command line's rules.
func skipped(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts[:len(parts)-1] {
		if why := documents.Skip(part, true); why != "" {
			return fmt.Sprintf("in %s: %s", strings.Join(parts[:i+1], "/"), why)
		}
		if part == documents.Sources { // the command line checks whether the folder has pages
			return fmt.Sprintf("in %s: copies of the sources of the pages beside it", strings.Join(parts[:i+1], "/"))
		}
	}
	if len(parts) == 1 {
		return "" // the person chose this file alone
	}
	return documents.Skip(parts[len(parts)-1], false)
}

// setColumns sets what the columns of the next document's table are.
func (d *desk) setColumns(c documents.Columns) (any, error) {
	d.columns = c
	return struct{}{}, nil
}

// Progress is the state of encoding.
type Progress struct {
	Done   int     `json:"done"`
	Total  int     `json:"total"`
	Tokens int     `json:"tokens"` // in the passages encoded in this run
	MS     float64 `json:"ms"`     // the time that they took
}

// fingerprint returns the fingerprint of the passages that were cut, for this encoder.
func (d *desk) fingerprint() fingerprint {
	if d.of == nil {
		f := fingerprintOf(d.encoder.Fingerprint(), d.list)
		d.of = &f
	}
	return *d.of
}

func (d *desk) progress() *Progress {
	return &Progress{Done: d.builder.Len(), Total: len(d.list), Tokens: d.tokens, MS: float64(d.spent) / 1e6}
}

// encode encodes passages for about ms milliseconds, at least one. batch returns their
// vectors.
func (d *desk) encode(in struct {
	MS float64 `json:"ms"`
}) (*Progress, error) {
	if d.builder == nil {
		return nil, errNotBegun
	}
	begin := time.Now()
	end := begin.Add(time.Duration(in.MS * 1e6))
	for d.builder.Len() < len(d.list) {
		p := d.list[d.builder.Len()]
		v, n, err := d.worker.Encode(p)
		if err != nil {
			return nil, err
		}
		if err := d.builder.Add(p, v); err != nil {
			return nil, err
		}
		d.tokens += n
		d.fresh = collect.AppendVectors(d.fresh, v)
		if time.Now().After(end) {
			break
		}
	}
	d.spent += time.Since(begin)
	return d.progress(), nil
}

// restore reads the passages that allPassages returned in an earlier run.
func (d *desk) restore(content []byte) (*Progress, error) {
	if d.builder == nil {
		return nil, errNotBegun
	}
	s, err := passages.Open(content)
	if err != nil {
		return nil, err
	}
	d.list, d.of = slices.AppendSeq(d.list, all(s)), nil
	return d.progress(), nil
}

// Extended says which part of an older collection stays.
type Extended struct {
	Kept     int      `json:"kept"`     // passages
	Replaced []string `json:"replaced"` // ids of documents that were read again
}

// extend puts an older collection's passages before those that were cut, with the vectors
// of its index. The result is the same as encoding all of them, except that older weights
// are rounded once more where a new passage has a larger weight. Words are counted again,
// even where the older collection has none.
func (d *desk) extend(struct{}) (*Extended, error) {
	if d.builder == nil || d.builder.Len() > 0 {
		return nil, errNotBegun
	}
	files := d.given("collection/")
	x, old, err := collect.Join(files["index.bin"], files["passages.bin"])
	if err != nil {
		return nil, err
	}
	about := old.About()
	if about.Encoder == "" || !about.MadeBy(d.encoder.Name, d.about.Fingerprint) || x.Vocab() != d.encoder.Vocab() {
		return nil, d.foreign(x, about)
	}
	about.Title = d.about.Title
	out := &Extended{Replaced: []string{}}
	var list []passages.Passage
	var kept []byte
	builder := collect.NewBuilder(x.Vocab(), about)
	others := d.others(old)
	for i, v := range x.Vectors() {
		p := old.At(i)
		if d.cutter.Supersedes(p.ID) && !others[p.ID] && !others[documents.DocumentID(p.ID)] {
			if id := documents.DocumentID(p.ID); len(out.Replaced) == 0 || out.Replaced[len(out.Replaced)-1] != id {
				out.Replaced = append(out.Replaced, id) // a document's passages are adjacent
			}
			continue
		}
		if err := builder.Add(p, v); err != nil {
			return nil, err
		}
		list = append(list, p)
		kept = collect.AppendVectors(kept, v)
	}
	d.about, d.builder, d.list, d.of = about, builder, append(list, d.list...), nil
	d.saved, d.fresh = 0, kept
	out.Kept = len(list)
	return out, nil
}

// others returns the ids of an older collection's documents that have the id of a document
// that was cut, but are different documents, from records of another file. Their ids get
// their file's name as a prefix.
func (d *desk) others(old *passages.Store) map[string]bool {
	first := map[string]int{} // the first passage of each older document
	for i := range old.Len() {
		id := old.At(i).ID
		for _, id := range []string{id, documents.DocumentID(id)} {
			if _, ok := first[id]; !ok {
				first[id] = i
			}
		}
	}
	others := map[string]bool{}
	for i := range d.cut {
		c := &d.cut[i]
		at, ok := first[c.id]
		if !c.own || !ok || alike(old.At(at), d.list[c.from]) {
			continue
		}
		others[c.id] = true
		id := c.file + "/" + c.id
		if at, ok := first[id]; ok && !alike(old.At(at), d.list[c.from]) {
			others[id] = true
			for n := 2; ok; n++ {
				id = fmt.Sprintf("%s/%s.%d", c.file, c.id, n)
				_, ok = first[id]
			}
		} else if ok {
			d.cutter.Supersede(id)
		}
		for j := c.from; j < c.to; j++ {
			d.list[j].ID = id + strings.TrimPrefix(d.list[j].ID, c.id)
		}
		c.id = id
	}
	return others
}

// alike reports whether two passages may belong to one document before and after a change:
// their titles are the same or, without titles, they share half of the words of the
// shorter one.
func alike(a, b passages.Passage) bool {
	if a.Title != "" || b.Title != "" {
		return a.Title == b.Title
	}
	words := map[string]bool{}
	for _, w := range strings.Fields(a.Text) {
		words[w] = true
	}
	n, same := 0, 0
	for _, w := range strings.Fields(b.Text) {
		if n++; words[w] {
			same++
		}
	}
	return 2*same >= min(n, len(words))
}

// Built are the files of a collection.
type Built struct {
	Files []Piece `json:"files"`
	Progress
}

func (d *desk) build(struct{}) (*Built, error) {
	if d.builder == nil {
		return nil, errNotBegun
	}
	if d.builder.Len() == len(d.list) {
		if err := d.builder.Hollow(); err != nil {
			return nil, err
		}
	}
	files, err := d.builder.Files()
	if err != nil {
		return nil, err
	}
	return &Built{d.keepFiles(files), *d.progress()}, nil
}

// keepFiles returns the pieces of files, whose memory stays until the next call that keeps
// some.
func (d *desk) keepFiles(files []collect.File) (list []Piece) {
	d.made = files
	for _, f := range files {
		list = append(list, piece(f.Name, f.Content))
	}
	return list
}

// allPassages returns every passage that was cut, encoded or not, as passages.bin.
func (d *desk) allPassages(struct{}) (*Piece, error) {
	if d.builder == nil {
		return nil, errNotBegun
	}
	return d.keepPassages(d.about, slices.Values(d.list))
}

// given returns the files whose names begin with a prefix, and forgets them.
func (d *desk) given(prefix string) map[string][]byte {
	out := map[string][]byte{}
	for name, content := range d.files {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			out[rest] = content
			delete(d.files, name)
		}
	}
	return out
}

// conversationFile is the conversation in an archive that a person shared with the
// documents that it is about. The manifest does not list it.
const conversationFile = "conversation.json"

// pack returns a zip archive of a collection's files, which the command line reads like
// the folder. The files are stored without compression, so that a browser can save it at
// once.
func (d *desk) pack(struct{}) (*Piece, error) {
	files := d.given("collection/")
	var list []collect.File
	for _, name := range []string{"index.bin", "passages.bin", collect.DenseFile} {
		content, ok := files[name]
		if !ok && name == collect.DenseFile {
			continue
		}
		if !ok {
			return nil, fmt.Errorf("%s is missing", name)
		}
		list = append(list, collect.File{Name: name, Content: content})
	}
	m, err := collect.Manifest(list)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	list = append(list, m)
	if content, ok := files[conversationFile]; ok {
		list = append(list, collect.File{Name: conversationFile, Content: content})
	}
	for _, f := range list {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(f.Content)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return d.keep("collection.zip", out.Bytes()), nil
}

// join returns the files of one collection that has the passages of several.
func (d *desk) join(in struct {
	Names []string `json:"names"`
}) (*Built, error) {
	var list []collect.Named
	for i, name := range in.Names {
		files := d.given(fmt.Sprintf("join/%d/", i))
		c := &collect.Collection{}
		var err error
		if c.Index, c.Passages, err = collect.Join(files["index.bin"], files["passages.bin"]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if content, ok := files[collect.DenseFile]; ok {
			if c.Dense, err = dense.Open(content); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, collect.DenseFile, err)
			}
		}
		if name == "" { // the site's own, which the page may not have opened
			name = cmp.Or(c.Passages.About().Title, "the built-in collection")
		}
		list = append(list, collect.Named{Name: name, Collection: c})
	}
	files, err := collect.Merge(list)
	if err != nil {
		return nil, err
	}
	return &Built{Files: d.keepFiles(files)}, nil
}

// retitle returns collection/passages.bin with another title.
func (d *desk) retitle(in Begin) (*Piece, error) {
	s, err := passages.Open(d.given("collection/")["passages.bin"])
	if err != nil {
		return nil, err
	}
	about := s.About()
	about.Title = strings.ToValidUTF8(in.Title, "\uFFFD")
	return d.keepPassages(about, all(s))
}

// source returns the document in collection/passages.bin that a passage is of.
func (d *desk) source(in struct {
	ID string `json:"id"`
}) (*documents.Source, error) {
	s, err := passages.Open(d.given("collection/")["passages.bin"])
	if err != nil {
		return nil, err
	}
	src, ok := documents.SourceOf(s, in.ID)
	if !ok {
		return nil, fmt.Errorf("the collection no longer has the passage %q", in.ID)
	}
	return &src, nil
}

// An Adopted is a valid collection that was made elsewhere.
type Adopted struct {
	Files    []Piece        `json:"files"` // index.bin, passages.bin, perhaps dense.bin
	About    passages.About `json:"about"`
	Passages int            `json:"passages"`
	// Conversation is the conversation that was shared with it, a file of transcript.JSON.
	Conversation string   `json:"conversation,omitempty"`
	Told         []string `json:"told,omitempty"` // what a person should know of it
}

// adopt checks a collection that `parley index` or another page made: its files, or a zip
// archive of them, which may contain them in a folder.
func (d *desk) adopt(struct{}) (*Adopted, error) {
	if d.encoder == nil {
		return nil, errNoEncoder
	}
	files := d.given("collection/")
	for name, content := range files {
		if strings.HasSuffix(strings.ToLower(name), ".zip") {
			var err error
			if files, err = unpack.Zip(bytes.NewReader(content), int64(len(content)), unpack.Max); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			break
		}
	}
	c, err := collect.OpenAll(func(name string) ([]byte, error) {
		if content, ok := files[name]; ok {
			return content, nil
		}
		return nil, fmt.Errorf("%s is missing: a collection is index.bin, passages.bin and manifest.json", name)
	})
	if err != nil {
		return nil, err
	}
	if c.Index.Vocab() != d.encoder.Vocab() || !c.Passages.About().MadeBy(d.encoder.Name, d.encoder.Fingerprint()) {
		return nil, d.foreign(c.Index, c.Passages.About())
	}
	own := []collect.File{{Name: "index.bin", Content: files["index.bin"]}, {Name: "passages.bin", Content: files["passages.bin"]}}
	if c.Dense != nil {
		own = append(own, collect.File{Name: collect.DenseFile, Content: files[collect.DenseFile]})
	}
	a := &Adopted{Files: d.keepFiles(own), About: c.Passages.About(), Passages: c.Passages.Len(), Conversation: string(files[conversationFile])}
	if a.About.Fingerprint == "" {
		a.Told = append(a.Told, "It was made before collections kept the fingerprint of their encoder: that this page's encoder made it is known by the name alone.")
	}
	return a, nil
}

// foreign returns the error for a collection that was not made with this page's encoder.
func (d *desk) foreign(x *index.Index, about passages.About) error {
	return fmt.Errorf("the collection was made by another encoder, %s, whose vocabulary has %d terms; this page's is %q (%s), with %d", about.Maker(), x.Vocab(), d.encoder.Name, d.encoder.Fingerprint(), d.encoder.Vocab())
}
