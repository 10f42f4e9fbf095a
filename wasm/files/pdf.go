package main

import (
	"errors"

	"parley/shared/documents"
	"parley/shared/pdf"
)

// An openPDF is a PDF some of whose pages were given.
type openPDF struct {
	name   string
	reader *documents.PDFReader
}

// page takes the next page of a PDF.
func (d *desk) page(name string, content []byte) (any, error) {
	p, err := pdf.DecodePage(content)
	if err != nil {
		return nil, err
	}
	d.pdfOf(name).Add(p)
	return struct{}{}, nil
}

func (d *desk) pdfOf(name string) *documents.PDFReader {
	if d.pdf == nil || d.pdf.name != name {
		d.pdf = &openPDF{name, documents.NewPDFReader(name)}
	}
	return d.pdf.reader
}

// A pdfAbout is what pdf.js says of a PDF besides its pages.
type pdfAbout struct {
	Title       string `json:"title"`
	Attachments int    `json:"attachments"`
	Failed      []int  `json:"failed"`  // pages that could not be read, from 1
	Stopped     string `json:"stopped"` // why no more pages were read
	Refused     string `json:"refused"` // "encrypted" or "damaged": it could not be opened
}

// endPDF cuts the PDF whose pages were given.
func (d *desk) endPDF(name string, content []byte) (any, error) {
	var about pdfAbout
	if err := unmarshal(content, &about); err != nil {
		return nil, err
	}
	r := d.pdfOf(name)
	d.pdf = nil
	return d.take(name, func() ([]documents.Document, []documents.Note) {
		switch about.Refused {
		case "":
		case "encrypted":
			return r.Refuse(pdf.ErrEncrypted)
		default:
			return r.Refuse(errors.New(about.Refused))
		}
		if about.Stopped != "" {
			r.Stopped(errors.New(about.Stopped))
		}
		r.Failed(about.Failed)
		return r.End(about.Title, about.Attachments)
	})
}
