package documents

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
)

// An odtReader reads the body of a text document in ODF.
type odtReader struct {
	*office
	p      *xmlPart
	styles map[string]odfStyle
	inline *strings.Builder
	after  []officeBlock // notes and text boxes, which stand behind their paragraph
	list   bool          // paragraphs are items of a list
	headed bool          // the last paragraph was one of a table's head
}

// An odfStyle is a style of paragraphs, or of text within them, as styles.xml or content.xml has it.
type odfStyle struct {
	parent string
	level  int // of headings, 0 else
	hidden bool
}

func (r *office) odt() error {
	if err := r.odfLocked(); err != nil {
		return err
	}
	d := &odtReader{office: r, styles: map[string]odfStyle{}, inline: &strings.Builder{}}
	r.title = r.coreTitle("meta.xml")
	p, err := r.open("styles.xml")
	if err != nil {
		return err
	}
	if d.p = p; p != nil {
		if err := p.each(d.top, nil); err != nil {
			return err
		}
	}
	if d.p, err = r.open("content.xml"); err != nil {
		return err
	}
	if d.p == nil {
		return refused("no such document is in it (content.xml is missing)")
	}
	err = d.p.each(d.top, nil)
	d.endParagraph("", 0)
	d.emit()
	return err
}

// ofText stands before the names of styles of text, which may be those of paragraphs.
const ofText = "text "

// odfLocked says so where a document is encrypted.
func (r *office) odfLocked() error {
	in, err := r.parts.Open("META-INF/manifest.xml")
	if err != nil {
		return nil // it may be missing
	}
	manifest, err := io.ReadAll(io.LimitReader(in, 1<<20))
	if err == nil && strings.Contains(string(manifest), "encryption-data") {
		return refused(lockedBy)
	}
	return err
}

// top reads what is above the text: styles, and the body.
func (d *odtReader) top(e xml.StartElement) error {
	switch e.Name.Local {
	case "style":
		s := odfStyle{parent: xmlAttr(e, "parent-style-name")}
		s.level, _ = strconv.Atoi(xmlAttr(e, "default-outline-level"))
		name, family := xmlAttr(e, "name"), xmlAttr(e, "family")
		err := d.p.each(func(e xml.StartElement) error {
			if e.Name.Local == "text-properties" {
				s.hidden = xmlAttr(e, "display") == "none"
			}
			return d.p.skip()
		}, nil)
		switch family {
		case "text":
			d.styles[ofText+name] = s
		case "paragraph":
			d.styles[name] = s
		}
		return err
	case "text":
		return d.p.each(func(e xml.StartElement) error {
			err := d.block(e)
			d.emit()
			return err
		}, nil)
	case "spreadsheet", "presentation", "drawing", "chart":
		return refused("no text document is in it but a " + e.Name.Local + "; save it as text, HTML or CSV first")
	case "master-styles", "scripts", "font-face-decls", "settings":
		return d.p.skip()
	}
	return d.p.each(d.top, nil)
}

// role is what a style is, by its name or those of the styles that it builds on.
func (d *odtReader) role(style string) (role wordRole, tableHeading bool) {
	for n := 0; style != "" && n < 20; n++ {
		name := strings.ReplaceAll(style, "_20_", " ")
		if name == "Table Heading" {
			return role, true
		}
		if role = roleOfName(name); role != (wordRole{}) {
			role.list = false // of ODF, elements say so
			return role, false
		}
		style = d.styles[style].parent
	}
	return role, false
}

// level is the outline level that a style gives, 0 without one.
func (d *odtReader) level(style string) int {
	for n := 0; style != "" && n < 20; n++ {
		s := d.styles[style]
		if s.level > 0 {
			return s.level
		}
		style = s.parent
	}
	return 0
}

func (d *odtReader) blocksOf() error { return d.p.each(d.block, nil) }

// apart reads what is no part of the paragraph around it: a note, a text box, a cell.
func (d *odtReader) apart(read func() error) ([]officeBlock, error) {
	inline, after, list := d.inline, d.after, d.list
	d.inline, d.after, d.list = &strings.Builder{}, nil, false
	blocks, err := d.nested(func() error {
		err := read()
		d.endParagraph("", 0)
		return err
	})
	d.inline, d.after, d.list = inline, after, list
	return blocks, err
}

// block reads an element that holds blocks, or is one.
func (d *odtReader) block(e xml.StartElement) error {
	if e.Name.Local == "section" && xmlAttr(e, "display") == "none" {
		d.leftOut("hidden text was not read")
		return d.p.skip()
	}
	switch e.Name.Local {
	case "h", "p":
		return d.paragraph(e)
	case "list":
		was := d.list
		d.list = true
		err := d.blocksOf()
		d.list = was
		return err
	case "table":
		return d.table()
	case "table-of-content", "illustration-index", "table-index", "object-index", "user-index", "alphabetical-index",
		"tracked-changes", "annotation", "sequence-decls", "variable-decls", "user-field-decls", "dde-connection-decls", "forms",
		"index-title-template", "bibliography-source", "alphabetical-index-auto-mark-file", "hidden-paragraph", "title", "desc", "section-source":
		return d.p.skip()
	case "frame", "custom-shape", "text-box", "a":
		err := d.inlineElement(e)
		d.endParagraph("", 0)
		return err
	}
	return d.blocksOf()
}

func (d *odtReader) paragraph(e xml.StartElement) error {
	style, level := xmlAttr(e, "style-name"), 0
	if d.styles[style].hidden {
		d.leftOut("hidden text was not read")
		return d.p.skip()
	}
	if e.Name.Local == "h" {
		level = 1
		if n, err := strconv.Atoi(xmlAttr(e, "outline-level")); err == nil && n > 0 {
			level = n
		}
	}
	err := d.p.each(d.inlineElement, func(s string) { d.inline.WriteString(s) })
	d.endParagraph(style, level)
	return err
}

// endParagraph makes a block of the text that has gathered. In ODF, line ends within
// text are white space, and elements stand for those that show.
func (d *odtReader) endParagraph(style string, level int) {
	b := officeBlock{text: d.inline.String()}
	d.inline.Reset()
	role, headed := d.role(style)
	if style != "" {
		d.headed = headed
	}
	if level == 0 && !d.list {
		level = d.level(style)
	}
	switch {
	case role.title:
		b.kind, b.level = headingBlock, 1
		if d.title == "" {
			d.title = clean(b.text)
		}
	case level > 0 || role.heading > 0:
		if b.kind, b.level = headingBlock, level; level == 0 {
			b.level = role.heading
		}
	case d.list:
		b.kind = listItem
	case role.code:
		b.kind = codeBlock
	}
	if b.kind != codeBlock {
		b.text = strings.ReplaceAll(b.text, "\n", " ")
	}
	b.text = strings.ReplaceAll(b.text, lineBreak, "\n")
	d.add(b)
	d.blocks = append(d.blocks, d.after...)
	d.after = nil
}

// lineBreak stands for one until a paragraph is whole; XML cannot hold it.
const lineBreak = "\x01"

// inlineElement reads an element within a paragraph.
func (d *odtReader) inlineElement(e xml.StartElement) error {
	put := func(s string) { d.inline.WriteString(s) }
	switch e.Name.Local {
	case "span":
		if d.styles[ofText+xmlAttr(e, "style-name")].hidden {
			d.leftOut("hidden text was not read")
			return d.p.skip()
		}
		return d.p.each(d.inlineElement, put)
	case "s":
		n, _ := strconv.Atoi(xmlAttr(e, "c"))
		put(strings.Repeat(" ", min(max(n, 1), 80)))
	case "tab":
		put("\t")
	case "line-break":
		put(lineBreak)
	case "note":
		return d.p.each(func(e xml.StartElement) error {
			if e.Name.Local != "note-body" {
				return d.p.skip()
			}
			blocks, err := d.apart(d.blocksOf)
			d.after = append(d.after, blocks...)
			return err
		}, nil)
	case "p", "h", "table", "list":
		blocks, err := d.apart(func() error { return d.block(e) })
		d.after = append(d.after, blocks...)
		return err
	case "text-box":
		blocks, err := d.apart(d.blocksOf)
		d.after = append(d.after, blocks...)
		return err
	case "object", "object-ole":
		d.leftOut("an embedded object (a formula, a chart) was not read")
	case "annotation", "annotation-end", "ruby-text", "title", "desc", "hidden-text", "hidden-paragraph", "tracked-changes", "event-listeners", "control",
		"image", "binary-data", "glue-point", "enhanced-geometry", "contour-polygon", "bibliography-configuration":
	case "custom-shape", "rect", "ellipse", "circle", "line", "polyline", "polygon", "regular-polygon", "path", "connector", "measure", "g":
		return d.p.each(d.inlineElement, nil)
	default:
		return d.p.each(d.inlineElement, put)
	}
	return d.p.skip()
}

// table reads a table's rows. Those that the document calls headers head it, and a first
// one whose cells are set as headings.
func (d *odtReader) table() error {
	first, header := true, false
	var rows func(e xml.StartElement) error
	rows = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "table-header-rows":
			header = true
			err := d.p.each(rows, nil)
			header = false
			return err
		case "table-rows", "table-row-group":
			return d.p.each(rows, nil)
		case "table-row":
		default:
			return d.p.skip()
		}
		var cells [][]officeBlock
		headings := 0
		err := d.p.each(func(e xml.StartElement) error {
			if e.Name.Local != "table-cell" {
				return d.p.skip() // one that another covers
			}
			d.headed = false
			cell, err := d.apart(d.blocksOf)
			if d.headed {
				headings++
			}
			cells = append(cells, cell)
			return err
		}, nil)
		d.row(cells, header || first && len(cells) > 1 && headings == len(cells))
		first = false
		return err
	}
	return d.inTable(d.p, rows)
}
