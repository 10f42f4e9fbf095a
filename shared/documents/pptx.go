package documents

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// A pptxReader reads the slides of a presentation.
type pptxReader struct {
	*office
	p         *xmlPart
	relations map[string]relation // of the slide
	notes     bool                // it is a slide's notes that are read
	title     string              // of the slide
}

// pptx reads a presentation slide by slide. Each begins with the heading "slide 3: its
// title", and ends with what its speaker notes say.
func (r *office) pptx() error {
	main, err := r.main("ppt/presentation.xml")
	if err != nil {
		return err
	}
	r.title = titleOrNone(r.coreTitle("docProps/core.xml"))
	slides, err := r.slides(main)
	for i, slide := range slides {
		if err := r.slide(i+1, slide); err != nil {
			return err
		}
	}
	return err
}

// slides are the parts of the slides, in their order.
func (r *office) slides(main string) (list []string, err error) {
	relations, err := r.relations(main)
	if err != nil {
		return nil, err
	}
	p, err := r.open(main)
	if p == nil || err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	err = p.inRootOf("presentation", []string{"presentation"}, func(e xml.StartElement) error {
		if e.Name.Local != "sldIdLst" {
			return p.skip()
		}
		return p.each(func(e xml.StartElement) error {
			if t := relations[relationID(e)]; t.target != "" && !seen[t.target] {
				seen[t.target] = true
				list = append(list, t.target)
			}
			return p.skip()
		}, nil)
	})
	return list, err
}

// relationID is the attribute r:id, beside which there may be an id.
func relationID(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

func (r *office) slide(number int, name string) error {
	relations, err := r.relations(name)
	if err != nil {
		return err
	}
	d := &pptxReader{office: r, relations: relations}
	read := func(name string) ([]officeBlock, error) {
		p, err := r.open(name)
		if err != nil || p == nil {
			return nil, err
		}
		d.p = p
		return r.nested(func() error { return p.each(d.shape, nil) })
	}
	text, err := read(name)
	title := clean(d.title)
	var notes []officeBlock
	if found := r.related(relations, "notesSlide"); found != "" && err == nil {
		d.notes = true
		notes, err = read(found)
	}
	if len(notes) > 0 {
		notes[0].text = "Speaker notes: " + notes[0].text
	}
	if title == "" && len(text)+len(notes) == 0 {
		return err
	}
	if r.title == "" && len(r.out.headings) == 0 {
		r.title = title
	}
	heading := fmt.Sprintf("slide %d", number)
	if title != "" {
		heading += ": " + title
	}
	r.add(officeBlock{kind: headingBlock, level: 1, text: heading})
	r.blocks = append(append(r.blocks, text...), notes...)
	r.emit()
	return err
}

// shape reads what stands on a slide.
func (d *pptxReader) shape(e xml.StartElement) error {
	switch e.Name.Local {
	case "sp":
		return d.textShape()
	case "tbl":
		return d.table()
	case "relIds":
		blocks, err := d.diagram(d.relations[xmlAttr(e, "dm")].target)
		d.blocks = append(d.blocks, joinLines(blocks)...)
		if err != nil {
			return err
		}
	case "chart":
		d.leftOut("a chart was not read")
	case "oleObj":
		d.leftOut("an embedded object was not read")
	case "AlternateContent":
		return d.p.alternate(d.shape)
	case "pic", "extLst", "timing", "transition", "nvGrpSpPr", "nvGraphicFramePr", "clrMapOvr", "bg":
	default:
		return d.p.each(d.shape, nil)
	}
	return d.p.skip()
}

// textShape reads a shape with text. What the slide's master fills in is no text of the
// slide: its number, date, header and footer. Of a page of notes, the notes alone are read.
func (d *pptxReader) textShape() error {
	kind := ""
	return d.p.each(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "nvSpPr":
			var each func(e xml.StartElement) error
			each = func(e xml.StartElement) error {
				if e.Name.Local == "ph" {
					if kind = xmlAttr(e, "type"); kind == "" {
						kind = "body"
					}
				}
				return d.p.each(each, nil)
			}
			return d.p.each(each, nil)
		case "txBody":
			if kind == "sldNum" || kind == "dt" || kind == "ftr" || kind == "hdr" || d.notes && kind != "body" {
				return d.p.skip()
			}
			lines, err := d.paragraphs()
			text := strings.Join(lines, "\n")
			if (kind == "title" || kind == "ctrTitle") && d.title == "" {
				d.title = strings.ReplaceAll(text, "\n", " ")
			} else {
				d.add(officeBlock{text: text})
			}
			return err
		}
		return d.p.skip()
	}, nil)
}

// paragraphs are the texts of the paragraphs in an element.
func (d *pptxReader) paragraphs() (lines []string, err error) {
	err = d.p.each(func(e xml.StartElement) error {
		if e.Name.Local != "p" {
			return d.p.skip()
		}
		var b strings.Builder
		var run func(e xml.StartElement) error
		run = func(e xml.StartElement) error {
			switch e.Name.Local {
			case "t":
				s, err := d.p.text()
				b.WriteString(s)
				return err
			case "br":
				b.WriteByte('\n')
			case "tab":
				b.WriteByte('\t')
			case "fld":
				if t := xmlAttr(e, "type"); t != "slidenum" && !strings.HasPrefix(t, "datetime") {
					return d.p.each(run, nil)
				}
			case "pPr", "rPr", "endParaRPr":
			case "AlternateContent":
				return d.p.alternate(run)
			default:
				return d.p.each(run, nil)
			}
			return d.p.skip()
		}
		err := d.p.each(run, nil)
		if s := tidy(b.String()); s != "" {
			lines = append(lines, s)
		}
		return err
	}, nil)
	return lines, err
}

func (d *pptxReader) table() error {
	header := false
	return d.inTable(d.p, func(e xml.StartElement) error {
		switch e.Name.Local {
		case "tblPr":
			header = xmlAttr(e, "firstRow") != "" && xmlAttr(e, "firstRow") != "0" && xmlAttr(e, "firstRow") != "false"
		case "tr":
			var cells [][]officeBlock
			err := d.p.each(func(e xml.StartElement) error {
				if e.Name.Local != "tc" || xmlAttr(e, "hMerge") == "1" || xmlAttr(e, "vMerge") == "1" {
					return d.p.skip()
				}
				var cell []officeBlock
				err := d.p.each(func(e xml.StartElement) error {
					if e.Name.Local != "txBody" {
						return d.p.skip()
					}
					lines, err := d.paragraphs()
					if len(lines) > 0 {
						cell = append(cell, officeBlock{kind: listItem, text: strings.Join(lines, " ")})
					}
					return err
				}, nil)
				cells = append(cells, cell)
				return err
			}, nil)
			d.row(cells, header && canHead(cells))
			header = false
			return err
		}
		return d.p.skip()
	})
}

// joinLines makes one block of lines.
func joinLines(blocks []officeBlock) []officeBlock {
	var lines []string
	for _, b := range blocks {
		lines = append(lines, b.text)
	}
	if len(lines) == 0 {
		return nil
	}
	return []officeBlock{{text: strings.Join(lines, "\n")}}
}
