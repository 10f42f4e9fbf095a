package documents

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"

	"parley/shared/unpack"
)

// Documents of word processors, slides and books are zip archives of XML. Each is read
// in one pass over the tokens of its parts: text gathers in blocks, and the elements
// that are known to hold none of the document's own text are skipped. An element that
// is not known is read through, so that its text is not lost.

// titleWithin is how far from the beginning, in bytes, a heading may be the title: behind
// a date and a name. A later one is that of a part.
const titleWithin = 200

// maxNesting bounds how deeply elements are read; deeper ones lose their structure, not
// their text. A browser gives WebAssembly little stack.
const maxNesting = 100

func isOffice(k Kind) bool { return k == DOCX || k == ODT || k == PPTX || k == XLSX || k == EPUB }

// An officeBlock is a paragraph, or a row of a table.
type officeBlock struct {
	kind   blockKind
	level  int // of a heading
	text   string
	header bool // of a row: it heads its table
}

type blockKind uint8

const (
	paragraph blockKind = iota
	listItem
	headingBlock
	codeBlock
	tableRow
	tableEnd
)

// An office reads one document. Its parts are read by the files named after the formats.
type office struct {
	name   string
	parts  *unpack.Archive
	out    layout
	blocks []officeBlock
	code   []string // paragraphs of code that have no end yet
	title  string
	left   map[string]int // what was not read, how often
	order  []string       // keys of left
	deep   bool           // maxNesting was passed
}

// openOffice opens a document that is a zip archive; nil, and a note, where it is none.
func openOffice(name string, in io.ReaderAt, size int64, kind Kind, o Options) (*office, []Note) {
	whole := func(format string, a ...any) (*office, []Note) {
		return nil, []Note{{File: name, Why: fmt.Sprintf(format, a...)}}
	}
	most := o.MaxBytes
	if most <= 0 {
		most = unpack.Max
	}
	data := make([]byte, min(size, 512))
	if _, err := in.ReadAt(data, 0); err != nil && err != io.EOF {
		return whole("%v", err)
	}
	switch what := magic(data); {
	case len(data) == 0:
		return whole("empty")
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		// Its directory may be anywhere; that of a small document is soon found.
		data, err := io.ReadAll(io.NewSectionReader(in, 0, min(size, unpack.Max)))
		if err == nil && bytes.Contains(data, []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")) {
			return whole("%s", lockedBy)
		}
		return whole("it is an Office document of before 2007 under a new name; open it and save it as %s", strings.ToUpper(string(kind)))
	case bytes.HasPrefix(data, []byte("{\\rtf")):
		return whole("it is RTF under another name; open it and save it as %s", strings.ToUpper(string(kind)))
	case what != "a zip archive" && what != "":
		return whole("it begins as %s does, not as %s", what, strings.ToUpper(string(kind)))
	}
	parts, err := unpack.OpenArchive(in, size, most)
	if err != nil {
		return whole("not whole (%v); get it again", err)
	}
	return &office{name: name, parts: parts, left: map[string]int{}}, nil
}

// refusal says why a document was not read.
func (r *office) refusal(err error) Note {
	n := Note{File: r.name}
	switch {
	case errors.Is(err, errRefused):
		n.Why = strings.TrimPrefix(err.Error(), errRefused.Error()+": ")
	case errors.Is(err, unpack.ErrEncrypted):
		n.Why = lockedBy
	case errors.Is(err, unpack.ErrTooMuch):
		n.Why = err.Error() + "; split the file"
	default:
		n.Why = fmt.Sprintf("damaged (%v); open it in the program that wrote it and save it again", err)
	}
	return n
}

// readOffice reads a document that is a zip archive, of which it never holds more than
// what it needs: a presentation may be full of films.
func readOffice(name string, in io.ReaderAt, size int64, kind Kind, o Options) ([]Document, []Note) {
	r, notes := openOffice(name, in, size, kind, o)
	if r == nil {
		return nil, notes
	}
	if kind == XLSX {
		return r.xlsx(o)
	}
	var err error
	switch kind {
	case DOCX:
		err = r.docx()
	case ODT:
		err = r.odt()
	case PPTX:
		err = r.pptx()
	case EPUB:
		err = r.epub()
	}
	if err != nil {
		some := r.out.text.Len()+len(r.blocks)+len(r.code) > 0
		if !some || errors.Is(err, errRefused) || errors.Is(err, unpack.ErrEncrypted) || errors.Is(err, unpack.ErrTooMuch) {
			return nil, []Note{r.refusal(err)}
		}
		notes = append(notes, r.damaged(err))
	}
	r.emit()
	r.endCode()
	if r.deep {
		notes = append(notes, Note{File: name, Kept: true, Why: "parts of it are nested very deeply; they were read without their structure"})
	}
	notes = append(notes, r.omissions()...)
	r.title = titleOrNone(r.title)
	if r.title == "" && len(r.out.headings) > 0 && kind != PPTX {
		if h := r.out.headings[0]; h.Level == 1 && h.Start <= titleWithin {
			r.title = r.out.text.String()[h.Start:h.End]
		}
	}
	if r.title == "" {
		r.title = baseTitle(name)
	}
	if r.out.text.Len() == 0 {
		return nil, append(notes, Note{File: name, Why: "no text in it (is it made of pictures?)"})
	}
	return []Document{r.out.document(name, r.title, "")}, notes
}

func (r *office) damaged(err error) Note {
	return Note{File: r.name, Why: fmt.Sprintf("damaged (%v); what follows that place was not read", err)}
}

func times(n int) string {
	if n == 1 {
		return "(once)"
	}
	return fmt.Sprintf("(%d times)", n)
}

// placeholderTitle matches titles that programs give to documents without one.
var placeholderTitle = regexp.MustCompile(`(?i)^(microsoft (word|powerpoint)\b.*|(word|odt|odf) document|powerpoint[- ]pr(e|ä)sentation.*|pr(e|ä)sentation ?\d*|untitled( .*)?|unbenannt( .*)?|document ?\d*|dokument ?\d*|slide 1|folie 1|title|无标题)$`)

// titleOrNone is a title that somebody gave, "" of one that a program did.
func titleOrNone(s string) string {
	s = clean(s)
	if placeholderTitle.MatchString(s) || strings.Contains(s, "<%") || !strings.ContainsFunc(s, isWord) {
		return ""
	}
	return s
}

const lockedBy = "protected by a password; open it, take the password off and save it again"

// errRefused wraps why a document is not read.
var errRefused = errors.New("refused")

func refused(why string) error { return fmt.Errorf("%w: %s", errRefused, why) }

// leftOut counts what is not read.
func (r *office) leftOut(what string) {
	if r.left[what] == 0 && len(r.order) > 50 {
		what = "another part was not read"
	}
	if r.left[what]++; r.left[what] == 1 {
		r.order = append(r.order, what)
	}
}

// omissions says what leftOut counted.
func (r *office) omissions() (notes []Note) {
	for _, what := range r.order {
		notes = append(notes, Note{File: r.name, Why: what + " " + times(r.left[what])})
	}
	return notes
}

// emit writes the blocks so far.
func (r *office) emit() {
	for _, b := range r.blocks {
		r.write(b)
	}
	r.blocks = r.blocks[:0]
}

func (r *office) write(b officeBlock) {
	if b.kind == codeBlock {
		r.code = append(r.code, b.text)
		return
	}
	r.endCode()
	switch b.kind {
	case headingBlock:
		r.out.heading(min(max(b.level, 1), 6), b.text, "")
	case listItem:
		r.out.line(b.text)
	case tableRow:
		r.out.row(b.text, b.header)
	case tableEnd:
		r.out.endTable()
	default:
		r.out.inLines = false
		for line := range strings.SplitSeq(b.text, "\n") {
			r.out.line(line)
		}
		r.out.inLines = false
	}
}

// endCode writes paragraphs of code, which are its lines.
func (r *office) endCode() {
	if len(r.code) > 0 {
		r.out.verbatim(strings.Join(r.code, "\n"))
		r.code = nil
	}
}

// add adds a block; one without text is none.
func (r *office) add(b officeBlock) {
	if b.kind != codeBlock {
		if b.text = tidy(b.text); b.text == "" {
			return
		}
	}
	r.blocks = append(r.blocks, b)
}

// tidy cleans a paragraph, whose lines stay lines. A hyphen that may not end a line is
// a hyphen.
func tidy(s string) string {
	s = strings.ReplaceAll(s, "\u2011", "-")
	if !strings.Contains(s, "\n") {
		return clean(s)
	}
	list := strings.Split(s, "\n")
	for i := range list {
		list[i] = clean(list[i])
	}
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), "\n")
}

// nested has read fill blocks of their own, which come back.
func (r *office) nested(read func() error) ([]officeBlock, error) {
	before := r.blocks
	r.blocks = nil
	err := read()
	inner := r.blocks
	r.blocks = before
	return inner, err
}

// row adds a table's row. What belongs on no line, such as a table in a cell, says that the table
// lays the page out: then each cell is text of its own.
func (r *office) row(cells [][]officeBlock, header bool) {
	var list []string
	for _, cell := range cells {
		paragraphs := 0
		var text []string
		for _, b := range cell {
			if b.kind == paragraph {
				paragraphs++
			}
			if b.kind >= headingBlock || paragraphs > 2 {
				r.blocks = append(r.blocks, officeBlock{kind: tableEnd})
				for _, cell := range cells {
					r.blocks = append(r.blocks, cell...)
				}
				return
			}
			text = append(text, b.text)
		}
		if s := clean(strings.Join(text, " ")); s != "" {
			list = append(list, s)
		}
	}
	if len(list) > 0 {
		r.blocks = append(r.blocks, officeBlock{kind: tableRow, text: strings.Join(list, ", "), header: header})
	}
}

// inTable reads the element of a table by f, which adds its rows.
func (r *office) inTable(p *xmlPart, f func(e xml.StartElement) error) error {
	r.blocks = append(r.blocks, officeBlock{kind: tableEnd}) // of a list before it
	err := p.each(f, nil)
	r.blocks = append(r.blocks, officeBlock{kind: tableEnd})
	return err
}

// canHead reports whether a first row can head a table: it has a text in each of several
// columns.
func canHead(cells [][]officeBlock) bool {
	return len(cells) > 1 && !slices.ContainsFunc(cells, func(c []officeBlock) bool { return len(c) == 0 })
}

// An xmlPart reads the XML of a part.
type xmlPart struct {
	d     *xml.Decoder
	name  string
	depth int
	deep  func(text string) // takes what is nested more deeply than maxNesting
}

// open begins to read a part; it is nil where there is none of that name.
func (r *office) open(name string) (*xmlPart, error) {
	in, err := r.parts.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d := xml.NewDecoder(in)
	d.Strict = false // of entities and the like; an element that is not closed is an error still
	d.CharsetReader = charset.NewReaderLabel
	return &xmlPart{d: d, name: name, deep: func(s string) {
		r.deep = true
		r.add(officeBlock{text: s})
	}}, nil
}

// each gives f the elements up to the end of the one that was begun, or of the part. f
// reads an element to its end, by each, skip or text.
func (p *xmlPart) each(f func(e xml.StartElement) error, text func(string)) error {
	for {
		t, err := p.d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return p.located(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if p.depth == maxNesting {
				s, err := p.text()
				if err != nil {
					return err
				}
				p.deep(s)
				continue
			}
			p.depth++
			err := f(t)
			p.depth--
			if err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		case xml.CharData:
			if text != nil {
				text(string(t))
			}
		}
	}
}

// inRoot gives f the elements in the part's root element, as each does.
func (p *xmlPart) inRoot(f func(e xml.StartElement) error) error {
	return p.each(func(xml.StartElement) error { return p.each(f, nil) }, nil)
}

// inRootOf does what inRoot does, for a part whose root has one of some names. Without
// one, the document is refused: it is none of the kind that what says.
func (p *xmlPart) inRootOf(what string, names []string, f func(e xml.StartElement) error) error {
	return p.each(func(e xml.StartElement) error {
		if !slices.Contains(names, e.Name.Local) {
			return refused("no " + what + " is in it (" + p.name + " is <" + e.Name.Local + ">)")
		}
		return p.each(f, nil)
	}, nil)
}

func (p *xmlPart) located(err error) error {
	if errors.Is(err, unpack.ErrTooMuch) || errors.Is(err, unpack.ErrEncrypted) {
		return err
	}
	return fmt.Errorf("%s, byte %d: %w", p.name, p.d.InputOffset(), err)
}

func (p *xmlPart) skip() error {
	if err := p.d.Skip(); err != nil && err != io.EOF {
		return p.located(err)
	}
	return nil
}

// alternate reads the first choice, and what stands for it where there is none.
func (p *xmlPart) alternate(f func(e xml.StartElement) error) error {
	taken := false
	return p.each(func(e xml.StartElement) error {
		if taken || e.Name.Local != "Choice" && e.Name.Local != "Fallback" {
			return p.skip()
		}
		taken = true
		return p.each(f, nil)
	}, nil)
}

// text gives the text of an element, whatever is in it, to its end.
func (p *xmlPart) text() (string, error) {
	var b strings.Builder
	for depth := 1; depth > 0; {
		t, err := p.d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return b.String(), p.located(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			b.Write(t)
		}
	}
	return b.String(), nil
}

// xmlAttr is an attribute by its local name; "" without one.
func xmlAttr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// on reports whether an element that switches something on, does.
func on(e xml.StartElement) bool {
	switch xmlAttr(e, "val") {
	case "0", "false", "off":
		return false
	}
	return true
}

// coreTitle is the title that a part of properties holds, "" without one.
func (r *office) coreTitle(name string) string {
	p, err := r.open(name)
	if p == nil || err != nil {
		return ""
	}
	title := ""
	var each func(e xml.StartElement) error
	each = func(e xml.StartElement) error {
		if e.Name.Local == "title" && title == "" {
			s, err := p.text()
			title = clean(s)
			return err
		}
		if p.depth > 4 {
			return p.skip()
		}
		return p.each(each, nil)
	}
	p.each(each, nil) // a title is not worth an error
	return title
}

// A relation leads from a part to another.
type relation struct {
	kind, target string
	external     bool
}

// relations are those of a part of Office Open XML, by id.
func (r *office) relations(part string) (map[string]relation, error) {
	dir, file := path.Split(part)
	p, err := r.open(dir + "_rels/" + file + ".rels")
	if p == nil || err != nil {
		return nil, err
	}
	list := map[string]relation{}
	err = p.inRoot(func(e xml.StartElement) error {
		if e.Name.Local == "Relationship" {
			t := relation{path.Base(xmlAttr(e, "Type")), xmlAttr(e, "Target"), xmlAttr(e, "TargetMode") == "External"}
			if !strings.HasPrefix(t.target, "/") {
				t.target = path.Join(dir, t.target)
			}
			list[xmlAttr(e, "Id")] = t
		}
		return p.skip()
	})
	return list, err
}

// related is the part that relations of a kind lead to, "" without one; of several, the
// first by name.
func (r *office) related(list map[string]relation, kind string) (found string) {
	for _, t := range list {
		if t.kind == kind && !t.external && r.parts.Has(t.target) && (found == "" || t.target < found) {
			found = t.target
		}
	}
	return found
}

// main is the part that a package of Office Open XML begins with.
func (r *office) main(usual string) (string, error) {
	list, err := r.relations("")
	if err != nil {
		return "", err
	}
	if found := r.related(list, "officeDocument"); found != "" {
		return found, nil
	}
	if r.parts.Has(usual) {
		return usual, nil
	}
	if r.parts.Has("EncryptedPackage") {
		return "", refused(lockedBy)
	}
	return "", refused("no such document is in it (" + usual + " is missing)")
}
