package documents

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"parley/shared/pdf"
)

// maxPDFText bounds the characters that are read of one PDF.
const maxPDFText = 32 << 20

// A PDFReader reads a PDF, a page at a time.
type PDFReader struct {
	name   string
	reader pdf.Reader
	notes  []Note
	full   bool
}

// NewPDFReader returns a reader that has read no page.
func NewPDFReader(name string) *PDFReader { return &PDFReader{name: name} }

// Add reads the next page.
func (p *PDFReader) Add(page pdf.Page) {
	if p.full = p.full || p.reader.Chars() > maxPDFText; !p.full {
		p.reader.Add(page)
	}
}

// Note notes what could not be read.
func (p *PDFReader) Note(format string, a ...any) {
	p.notes = append(p.notes, Note{File: p.name, Why: fmt.Sprintf(format, a...)})
}

var (
	// fileTitle matches titles that are the name of the file that the PDF was made of.
	fileTitle = regexp.MustCompile(`(?i)^\S+\.(pdf|docx?|dvi|tex|indd|ps|odt|rtf|qxd|pptx?|xlsx?|pub|eps|fm|p65|html?)$|^[a-z]:\\|^/|^file:`)
	fromWord  = regexp.MustCompile(`(?i)^microsoft (word|powerpoint|excel) - `)
)

// End returns the document. title is what the file calls itself, attachments the number of
// files in it.
func (p *PDFReader) End(title string, attachments int) ([]Document, []Note) {
	t := p.reader.End()
	var out layout
	inRows := false // the block before is a row of a table
	for _, b := range t.Blocks {
		row := b.Kind == pdf.Header || b.Kind == pdf.Row
		if b.Kind == pdf.Header || row != inRows {
			out.endTable()
		}
		inRows = row
		before := out.text.Len()
		text := clean(b.Text)
		switch {
		case b.Level > 0:
			out.heading(b.Level, text, "")
		case b.Kind == pdf.Code:
			out.verbatim(b.Text)
		case row:
			out.row(text, b.Kind == pdf.Header)
		case b.Kind == pdf.Item:
			out.line(text)
		default:
			out.block(text)
		}
		added := out.text.Len() - before
		if added == 0 {
			continue
		}
		begin := out.text.Len() - min(len(text), added)
		for _, m := range b.Pages {
			// Tidying may have moved a place by some characters.
			at := min(begin+m.At, out.text.Len()-1)
			if n := len(out.pages); n > 0 && (out.pages[n-1].Number == m.Page || out.pages[n-1].Start >= at) {
				continue
			}
			out.pages = append(out.pages, Page{Start: at, Number: m.Page})
		}
	}
	if p.full {
		p.Note("more than %d characters; what follows them was not read. Split the file", maxPDFText)
	}
	if len(t.Repeated) > 0 {
		p.notes = append(p.notes, Note{File: p.name, Kept: true, Why: "what repeats at the head or foot of its pages was left out: " + quoteSome(t.Repeated)})
	}
	if n := attachments; n > 0 {
		p.Note("files attached to it were not read %s", times(n))
	}
	if out.text.Len() == 0 {
		switch {
		case len(t.Unknown) > 0:
			p.Note("its fonts do not say which characters they draw; make a text layer first, by OCR (ocrmypdf --force-ocr FILE.pdf OUT.pdf)")
		case len(t.Pictures) > 0:
			p.Note("no text in it: its pages are pictures (scanned?). Make a text layer first, by OCR (ocrmypdf FILE.pdf OUT.pdf)")
		case len(p.notes) == 0:
			p.Note("no text in it")
		}
		return nil, p.notes
	}
	if len(t.Pictures) > 0 {
		p.Note("no text, only a picture (scanned?), on %s", pagesOf(t.Pictures))
	}
	if len(t.Unknown) > 0 {
		p.Note("the fonts do not say which characters they draw on %s", pagesOf(t.Unknown))
	}
	title = titleOrNone(fromWord.ReplaceAllString(clean(title), ""))
	if fileTitle.MatchString(title) {
		title = ""
	}
	if title == "" && len(out.headings) > 0 && out.headings[0].Level == 1 && out.headings[0].Start <= titleWithin {
		title = out.text.String()[out.headings[0].Start:out.headings[0].End]
	}
	if title == "" {
		title = baseTitle(p.name)
	}
	return []Document{out.document(p.name, title, "")}, p.notes
}

func pagesOf(list []int) string {
	if len(list) == 1 {
		return "page " + pdf.Ranges(list)
	}
	return "pages " + pdf.Ranges(list)
}

// quoteSome quotes the first few of a list.
func quoteSome(list []string) string {
	var b strings.Builder
	for i, s := range list {
		if i == 3 {
			fmt.Fprintf(&b, " and %d more", len(list)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if r := []rune(s); len(r) > 80 {
			s = string(r[:80]) + "…"
		}
		fmt.Fprintf(&b, "“%s”", clean(s))
	}
	return b.String()
}

// Refuse says why a PDF that cannot be opened is not read.
func (p *PDFReader) Refuse(err error) ([]Document, []Note) {
	switch {
	case errors.Is(err, pdf.ErrEncrypted):
		p.Note(lockedBy)
	case errors.Is(err, pdf.ErrStopped):
		p.Note("%v", err)
	default:
		p.Note("not a whole PDF (%v); get it again, or open it and save it anew", err)
	}
	return nil, p.notes
}

// Stopped says why the pages after those that were added are not read.
func (p *PDFReader) Stopped(err error) {
	p.Note("page %d: %v; it and the pages after it were not read", p.reader.Pages()+1, err)
}

// Failed says which pages could not be read.
func (p *PDFReader) Failed(pages []int) {
	if len(pages) > 0 {
		p.Note("damaged on %s", pagesOf(pages))
	}
}

func readPDF(name string, in io.ReadSeeker, o Options) ([]Document, []Note) {
	p := NewPDFReader(name)
	if o.PDF == nil {
		p.Note("PDF is not read here")
		return nil, p.notes
	}
	f, err := o.PDF(in)
	if err != nil {
		return p.Refuse(err)
	}
	defer f.Close()
	var failed []int
	for i := range f.Pages() {
		if p.full {
			break
		}
		page, err := f.Page(i)
		if errors.Is(err, pdf.ErrStopped) {
			p.Stopped(err)
			break
		}
		if err != nil {
			failed = append(failed, i+1)
		}
		p.Add(page)
	}
	p.Failed(failed)
	return p.End(f.Title(), f.Attachments())
}
