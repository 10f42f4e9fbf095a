// Package documents reads people's files into documents, and cuts documents
// into passages of the length that an encoder reads.
//
//	bytes of a file --Read--> []Document --Cut--> []passages.Passage
//
// Formats: JSON Lines in BEIR's form, JSON, Markdown, HTML, CSV, TSV, plain text,
// documents of Word (DOCX) and in ODF (ODT), presentations (PPTX), workbooks (XLSX), books (EPUB),
// messages (EML), archives of Kiwix (ZIM) and PDF, each also compressed with gzip. It touches
// no file itself, so it runs in a browser as it does in a command.
package documents

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"parley/shared/pdf"
	"parley/shared/unpack"
)

// A Document is one file, or one record of a file that holds many.
//
// Text is plain: blocks (paragraphs, headings, code) are separated by an empty
// line, lines within a block by "\n", and no markup is left.
type Document struct {
	ID, Title, Text, URL string
	Headings             []Heading // in the order of the text
	Tables               []Table   // in the order of the text
	Pages                []Page    // in the order of the text; none: it has no pages
	File                 string    // as Read was told; "": a caller's own document
	Line                 int       // where its record begins, from 1; 0: it is the whole file
	Latest               string    // of a page that says it is of another version: the address of the latest one
}

// A Heading is the block Text[Start:End]; what follows belongs to it until the
// next heading of its level or a higher one.
type Heading struct {
	Start, End int
	Level      int    // 1 (highest) to 6
	Anchor     string // the fragment of the URL that leads to it, where known
	Elsewhere  bool   // it is a link to another page of its site: what it heads is a summary
}

// A Table is the lines Text[Start:End], a row each; the first, Text[Start:Header], says
// what the columns are. Passages that begin further down repeat it.
type Table struct {
	Start, Header, End int
}

// A Page says that the text from Start on, until the next one, is on the page of that
// number, from 1.
type Page struct {
	Start, Number int
}

// A Note says what was not read, and why.
type Note struct {
	File string
	Line int // from 1; 0: the whole file
	Why  string
	// OtherFormat says that the file's name tells of no format that Read knows;
	// of these a folder may hold many.
	OtherFormat bool
	// Kept says that nothing was left out: the note tells how it was read.
	Kept bool
	// Ask, where it is not nil, is what a person has to choose from so that the
	// file can be read: Columns of Options would say it.
	Ask *Sample
}

// A Sample is the beginning of a table whose columns do not say what they hold.
type Sample struct {
	Columns []string   `json:"columns"` // by the header, or "1", "2" and so on without one
	Rows    [][]string `json:"rows"`    // the first few, each as long as Columns
}

func (n Note) Error() string {
	if n.Line == 0 {
		return n.File + ": " + n.Why
	}
	return fmt.Sprintf("%s:%d: %s", n.File, n.Line, n.Why)
}

// A Kind is a format that Read knows.
type Kind string

const (
	JSONL    Kind = "jsonl"
	JSON     Kind = "json"
	Markdown Kind = "markdown"
	HTML     Kind = "html"
	CSV      Kind = "csv"
	TSV      Kind = "tsv"
	DOCX     Kind = "docx"
	ODT      Kind = "odt"
	PPTX     Kind = "pptx"
	XLSX     Kind = "xlsx"
	EPUB     Kind = "epub"
	EML      Kind = "eml"
	ZIM      Kind = "zim"
	PDF      Kind = "pdf"
	Text     Kind = "text"
)

// Kinds lists the formats, in the order that help texts show them.
var Kinds = []Kind{JSONL, JSON, Markdown, HTML, CSV, TSV, DOCX, ODT, PPTX, XLSX, EPUB, EML, ZIM, PDF, Text}

var extensions = map[string]Kind{
	".jsonl": JSONL, ".ndjson": JSONL, ".json": JSON,
	".md": Markdown, ".markdown": Markdown, ".mdown": Markdown, ".mkd": Markdown, ".mdx": Markdown,
	".html": HTML, ".htm": HTML, ".xhtml": HTML,
	".csv": CSV, ".tsv": TSV, ".tab": TSV,
	".docx": DOCX, ".docm": DOCX, ".dotx": DOCX, ".dotm": DOCX, ".odt": ODT, ".ott": ODT,
	".pptx": PPTX, ".pptm": PPTX, ".ppsx": PPTX, ".ppsm": PPTX, ".potx": PPTX,
	".xlsx": XLSX, ".xlsm": XLSX, ".xltx": XLSX,
	".epub": EPUB, ".eml": EML,
	".zim": ZIM, ".zimaa": ZIM,
	".pdf": PDF,
	".txt": Text, ".text": Text,
}

// KindOf tells the format by a file's name, "" where it is none that Read
// knows. A final ".gz" is ignored.
func KindOf(name string) Kind {
	name = strings.ToLower(name)
	return extensions[path.Ext(strings.TrimSuffix(name, ".gz"))]
}

// Columns names the columns of a table, and the fields of JSON's records: by its
// header, or by number from 1. What is empty is found out, by the usual names ("text",
// "body", "Antwort" ...) and by what the columns hold.
type Columns struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Text  string `json:"text"` // one, several with commas between, or "*": all others, each with its name
	URL   string `json:"url"`
	// NoHeader says that the first row is data; columns go by number.
	NoHeader bool `json:"no_header"`
}

// Options of Read; the zero value suits files with a telling name.
type Options struct {
	Kind    Kind // "": by the name
	Columns Columns
	Charset string // of files without a byte order mark, as HTML names it; "": found out
	// MaxBytes bounds what a compressed file may grow to; 0: unpack.Max.
	MaxBytes int64
	// URLPrefix begins the links of a ZIM archive's articles that have none of their own;
	// their path follows it. "": their addresses are under the archive's source.
	URLPrefix string
	// Site, unless empty, says that the files are what a generator of sites wrote, and
	// begins the pages' links: their path follows it, whatever they call their own address.
	Site string
	// PDF opens a PDF; nil: none can be read.
	PDF func(io.ReadSeeker) (pdf.File, error)
}

// Read reads a file. Records it cannot use are left out and noted, with the
// line; a file it cannot use gives no document and one note.
//
// A file without ids of its own gives its name as id; a record without one, the
// name and the line ("notes.csv:12").
func Read(name string, data []byte, o Options) ([]Document, []Note) {
	name = strings.ToValidUTF8(name, "\uFFFD")
	whole := func(why string) ([]Document, []Note) { return nil, []Note{{File: name, Why: why}} }
	data, err := gunzip(data, o.MaxBytes)
	if err != nil {
		return whole(err.Error())
	}
	kind := o.Kind
	if kind == "" {
		kind = KindOf(name)
	}
	if kind == "" {
		why, general := unknown(name)
		return nil, []Note{{File: name, Why: why, OtherFormat: general}}
	}
	if !slices.Contains(Kinds, kind) {
		return whole(fmt.Sprintf("no format is called %q; there are %v", kind, Kinds))
	}
	if isOffice(kind) {
		return readOffice(name, bytes.NewReader(data), int64(len(data)), kind, o)
	}
	if kind == ZIM {
		return readZIM(name, data, o)
	}
	if kind == EML {
		return readEML(name, data)
	}
	if kind == PDF {
		return readPDF(name, bytes.NewReader(data), o)
	}
	text, notes, ok := (&decoder{name: name, kind: kind, asked: o.Charset}).decode(data)
	if !ok {
		return nil, notes
	}
	docs, more := readKind(name, text, kind, o)
	return docs, append(notes, more...)
}

func readKind(name, text string, kind Kind, o Options) ([]Document, []Note) {
	switch kind {
	case JSONL, JSON:
		return readJSON(name, text, o.Columns)
	case CSV, TSV:
		return readTable(name, text, kind, o.Columns)
	case Markdown:
		return readMarkdown(name, text)
	case HTML:
		return readHTML(name, text)
	}
	if why := siteFile(name, text); why != "" {
		return nil, []Note{{File: name, Why: why}}
	}
	if looksLikeTable(text) {
		return readTable(name, text, TSV, o.Columns)
	}
	return readText(name, text)
}

// unknown says what a person can do about a file of no known format; general is
// true where that is nothing particular.
func unknown(name string) (why string, general bool) {
	switch path.Ext(strings.ToLower(name)) {
	case ".doc", ".dot":
		return "Word's format of before 2007 is not read; open it and save it as .docx or .odt", false
	case ".ppt", ".pps", ".odp", ".key":
		return "not read; open it and save it as .pptx", false
	case ".rtf", ".wpd", ".pages", ".fodt", ".sxw":
		return "not read; open it and save it as .docx or .odt", false
	case ".mobi", ".azw", ".azw3", ".fb2", ".lit":
		return "not read; convert it to .epub first", false
	case ".msg", ".pst", ".mbox":
		return "not read; save its messages as .eml files from the mail program", false
	case ".xls", ".xlsb", ".ods", ".numbers":
		return "not read; open it and save it as .xlsx or CSV", false
	case ".zip", ".tar", ".tgz", ".7z", ".bz2", ".xz", ".zst":
		return "archives are not read; unpack it first", false
	case ".zimab", ".zimac":
		return "a later part of a ZIM archive, which parley index reads with the first, .zimaa", false
	case ".rst", ".org", ".adoc", ".tex":
		return "not a format that is read; it can be taken as plain text", false
	}
	return "not a format that is read (JSONL, JSON, Markdown, HTML, CSV, TSV, DOCX, ODT, PPTX, XLSX, EPUB, EML, ZIM, PDF, text)", true
}

// gunzip unpacks data that begins as gzip does, whatever its name; other data
// comes back as it is.
func gunzip(data []byte, max int64) ([]byte, error) {
	if !unpack.IsGzip(data) {
		return data, nil
	}
	if max <= 0 {
		max = unpack.Max
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	out, err := io.ReadAll(io.LimitReader(z, max+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("gzip: the file ends too early, after %d bytes of text; get it again", len(out))
	case err != nil:
		return nil, fmt.Errorf("gzip: %w", err)
	case int64(len(out)) > max:
		return nil, fmt.Errorf("gzip: more than %d bytes unpacked; split the file", max)
	}
	return out, nil
}

// baseTitle makes a title of a file's name: "docs/how-to_use.md" -> "how to use".
func baseTitle(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.TrimSuffix(name, ".gz")
	name = strings.TrimSuffix(name, path.Ext(name))
	return clean(strings.NewReplacer("_", " ", "-", " ").Replace(name))
}

// webURL gives s where it is a link that a page may show, else "". Documents
// are not trusted: a "javascript:" link must never reach a page.
func webURL(s string) string {
	s = strings.TrimSpace(s)
	low := strings.ToLower(s[:min(len(s), 8)])
	if !strings.HasPrefix(low, "https://") && !strings.HasPrefix(low, "http://") {
		return ""
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return ""
	}
	return s
}
