// Package documents reads people's files into documents, and cuts documents
// into passages of the length that an encoder reads.
//
//	bytes of a file --Read--> []Document --Cut--> []passages.Passage
//
// Formats: JSON Lines in BEIR's form, JSON, Markdown, HTML, CSV, TSV and plain
// text, each also compressed with gzip. It touches no file itself, so it runs
// in a browser as it does in a command.
package documents

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"parley/shared/unpack"
)

// A Document is one file, or one record of a file that holds many.
//
// Text is plain: blocks (paragraphs, headings, code) are separated by an empty
// line, lines within a block by "\n", and no markup is left.
type Document struct {
	ID, Title, Text, URL string
	Headings             []Heading // in the order of the text
}

// A Heading is the block Text[Start:End]; what follows belongs to it until the
// next heading of its level or a higher one.
type Heading struct {
	Start, End int
	Level      int    // 1 (highest) to 6
	Anchor     string // the fragment of the URL that leads to it, where known
}

// A Note says what was not read, and why.
type Note struct {
	File string
	Line int // from 1; 0: the whole file
	Why  string
	// OtherFormat says that the file's name tells of no format that Read knows;
	// of these a folder may hold many.
	OtherFormat bool
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
	Text     Kind = "text"
)

// Kinds lists the formats, in the order that help texts show them.
var Kinds = []Kind{JSONL, JSON, Markdown, HTML, CSV, TSV, Text}

var extensions = map[string]Kind{
	".jsonl": JSONL, ".ndjson": JSONL, ".json": JSON,
	".md": Markdown, ".markdown": Markdown, ".mdown": Markdown,
	".html": HTML, ".htm": HTML, ".xhtml": HTML,
	".csv": CSV, ".tsv": TSV, ".tab": TSV,
	".txt": Text, ".text": Text,
}

// KindOf tells the format by a file's name, "" where it is none that Read
// knows. A final ".gz" is ignored.
func KindOf(name string) Kind {
	name = strings.ToLower(name)
	return extensions[path.Ext(strings.TrimSuffix(name, ".gz"))]
}

// Columns names the columns of a table: by its header, or by number from 1. An
// empty name is looked for among the usual ones ("text", "body", "content" ...).
type Columns struct {
	ID, Title, Text, URL string
	NoHeader             bool // the first row is data; columns go by number
}

// Options of Read; the zero value suits files with a telling name.
type Options struct {
	Kind    Kind // "": by the name
	Columns Columns
	// MaxBytes bounds what a compressed file may grow to; 0: unpack.Max.
	MaxBytes int64
}

// Read reads a file. Records it cannot use are left out and noted, with the
// line; a file it cannot use gives no document and one note.
//
// A file without ids of its own gives its name as id; a record without one, the
// name and the line ("notes.csv:12").
func Read(name string, data []byte, o Options) ([]Document, []Note) {
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
	text, why, line := decode(data, kind)
	if why != "" {
		return nil, []Note{{File: name, Line: line, Why: why}}
	}
	switch kind {
	case JSONL:
		return readJSONL(name, text, 0)
	case JSON:
		return readJSON(name, text)
	case CSV, TSV:
		return readTable(name, text, kind, o.Columns)
	case Markdown:
		return readMarkdown(name, text)
	case HTML:
		return readHTML(name, text)
	case Text:
		return readText(name, text)
	}
	return whole(fmt.Sprintf("no format is called %q; there are %v", kind, Kinds))
}

// unknown says what a person can do about a file of no known format; general is
// true where that is nothing particular.
func unknown(name string) (why string, general bool) {
	switch path.Ext(strings.ToLower(name)) {
	case ".pdf":
		return "PDF is not read; make it text first (pdftotext FILE.pdf)", false
	case ".doc", ".docx", ".odt", ".rtf", ".epub":
		return "not read; save it as text, HTML or Markdown first", false
	case ".xls", ".xlsx", ".ods":
		return "not read; save it as CSV first", false
	case ".zip", ".tar", ".tgz", ".7z", ".bz2", ".xz", ".zst":
		return "archives are not read; unpack it first", false
	case ".rst", ".org", ".adoc", ".tex":
		return "not a format that is read; it can be taken as plain text", false
	}
	return "not a format that is read (JSONL, JSON, Markdown, HTML, CSV, TSV, text)", true
}

// gunzip unpacks data that begins as gzip does, whatever its name; other data
// comes back as it is.
func gunzip(data []byte, max int64) ([]byte, error) {
	if len(data) < 2 || data[0] != 0x1f || data[1] != 0x8b {
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

// decode gives the text of a file as UTF-8 with "\n" line ends, or says why
// there is none, and in which line.
func decode(data []byte, kind Kind) (text, why string, line int) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		data = fromUTF16(data)
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return "", fmt.Sprintf("a binary file (a zero byte at %d)", at), 0
	}
	if !utf8.Valid(data) {
		if kind == HTML && declaresLatin(data) {
			data = fromWindows1252(data)
		} else {
			at := 0
			for at < len(data) {
				r, n := utf8.DecodeRune(data[at:])
				if r == utf8.RuneError && n == 1 {
					break
				}
				at += n
			}
			why := fmt.Sprintf("not UTF-8 (byte 0x%02x); convert it first (iconv -f windows-1252 -t utf-8, if it is Western European)", data[at])
			return "", why, 1 + bytes.Count(data[:at], []byte("\n"))
		}
	}
	text = string(data)
	if strings.Contains(text, "\r") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return text, "", 0
}

// fromUTF16 decodes data that begins with a byte order mark. A lone surrogate
// or half a unit becomes U+FFFD.
func fromUTF16(data []byte) []byte {
	big := data[0] == 0xfe
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		if big {
			units = append(units, uint16(data[i])<<8|uint16(data[i+1]))
		} else {
			units = append(units, uint16(data[i+1])<<8|uint16(data[i]))
		}
	}
	out := []byte(string(utf16.Decode(units)))
	if len(data)%2 == 1 {
		out = append(out, "\uFFFD"...)
	}
	return out
}

// declaresLatin reports whether a page says in its first kilobyte that it is in
// Latin-1 or Windows-1252 (browsers read both as the latter).
func declaresLatin(data []byte) bool {
	head := strings.ToLower(string(data[:min(len(data), 1024)]))
	_, after, ok := strings.Cut(head, "charset=")
	if !ok {
		return false
	}
	after = strings.TrimLeft(after, `"' `)
	for _, name := range []string{"windows-1252", "cp1252", "iso-8859-1", "latin1", "us-ascii"} {
		if strings.HasPrefix(after, name) && !strings.HasPrefix(after, name+"0") &&
			!(name == "iso-8859-1" && len(after) > len(name) && after[len(name)] >= '0' && after[len(name)] <= '9') {
			return true
		}
	}
	return false
}

// windows1252 gives the characters of 0x80 to 0x9f; all others are as in Latin-1.
// https://encoding.spec.whatwg.org/index-windows-1252.txt
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

func fromWindows1252(data []byte) []byte {
	out := make([]byte, 0, len(data)+len(data)/8)
	for _, b := range data {
		r := rune(b)
		if b >= 0x80 && b < 0xa0 {
			r = windows1252[b-0x80]
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// baseTitle makes a title of a file's name: "docs/how-to_use.md" -> "how to use".
func baseTitle(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.TrimSuffix(name, ".gz")
	name = strings.TrimSuffix(name, path.Ext(name))
	return clean(strings.NewReplacer("_", " ", "-", " ").Replace(name))
}
