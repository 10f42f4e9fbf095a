// Package pdf makes text of the pages of a PDF:
//
//	characters with their places, as PDFium has them --Reader--> blocks of text, with headings and pages
//
// A PDF says where each character is drawn, and nothing about words, lines, columns or
// paragraphs. PDFium finds words and lines; this package finds columns, rows, paragraphs
// and headings, joins words that were hyphenated, and leaves out what repeats at the head
// and foot of pages.
//
// PDFium is WebAssembly both natively (site/pdfium) and in the page (site/web/pdf.js), so
// both pass the same characters, and get the same text.
package pdf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A Char is a character as it is drawn. Coordinates are in points (1/72 inch), from the
// lower left corner of the page.
type Char struct {
	// Rune is 0 for a character of unknown meaning. "\r\n" says that a line ends here, and
	// '\x02' is the hyphen of a word that goes on in the next line.
	Rune                     rune
	Left, Bottom, Right, Top float32
	Size                     float32 // of the font
	Weight                   int32   // of the font: 400 is regular, 700 bold; -1: unknown
	Angle                    float32 // of the line, in radians
	Fixed                    bool    // all characters of the font have one width
}

// A Page is one page of a file.
type Page struct {
	Height   float32
	Pictures int // pictures on it
	Chars    []Char
}

// A File is an open PDF.
type File interface {
	Title() string
	Pages() int
	// Page returns page i, from 0. An error that wraps ErrStopped ends the reading of the
	// file; any other is about this page.
	Page(i int) (Page, error)
	Attachments() int // files inside, which are not read
	Close() error
}

var (
	// ErrEncrypted means that a password is needed.
	ErrEncrypted = errors.New("protected by a password")
	// ErrStopped means that the file took more time or memory than it may.
	ErrStopped = errors.New("stopped")
)

const (
	// MaxChars bounds the characters of a page.
	MaxChars = 1 << 20
	// charBytes is the size of a character in AppendPage's form.
	charBytes  = 36
	pageHeader = 8
)

// AppendPage appends a page to b, as pdf.js writes it and DecodePage reads it: the height
// (float32) and the number of pictures, then for each character the rune, left, bottom,
// right, top, size (float32), weight, angle (float32), and 1 for a font of fixed width.
// All are little-endian and take four bytes.
func AppendPage(b []byte, p Page) []byte {
	put := func(v uint32) { b = binary.LittleEndian.AppendUint32(b, v) }
	float := func(v float32) { put(math.Float32bits(v)) }
	float(p.Height)
	put(uint32(p.Pictures))
	for _, c := range p.Chars {
		put(uint32(c.Rune))
		for _, v := range []float32{c.Left, c.Bottom, c.Right, c.Top, c.Size} {
			float(v)
		}
		put(uint32(c.Weight))
		float(c.Angle)
		fixed := uint32(0)
		if c.Fixed {
			fixed = 1
		}
		put(fixed)
	}
	return b
}

// DecodePage reads what AppendPage wrote.
func DecodePage(b []byte) (p Page, err error) {
	n := (len(b) - pageHeader) / charBytes
	if len(b) < pageHeader || len(b) != pageHeader+n*charBytes {
		return p, fmt.Errorf("pdf: a page of %d bytes", len(b))
	}
	if n > MaxChars {
		return p, fmt.Errorf("pdf: a page of %d characters, more than %d", n, MaxChars)
	}
	get := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	float := func(at int) float32 { return math.Float32frombits(get(at)) }
	p.Height, p.Pictures = float(0), int(get(4))
	p.Chars = make([]Char, n)
	for i := range p.Chars {
		at := pageHeader + i*charBytes
		p.Chars[i] = Char{rune(get(at)), float(at + 4), float(at + 8), float(at + 12), float(at + 16), float(at + 20), int32(get(at + 24)), float(at + 28), get(at+32) != 0}
	}
	return p, nil
}
