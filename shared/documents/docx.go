package documents

import (
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A wordStyle is a style of paragraphs, as styles.xml has it.
type wordStyle struct {
	name, base string
	outline    int // 1 to 9; 0: not said
	list       bool
}

// What a paragraph of some style is.
type wordRole struct {
	heading int // its level; 0: no heading
	title   bool
	list    bool
	code    bool
	toc     bool
}

var (
	// headingName matches the names that Word gives the styles of headings, in its languages.
	headingName = regexp.MustCompile(`^(heading|überschrift|titre|título|titolo|kop|rubrik|overskrift|otsikko|nagłówek|nadpis|címsor|titlu|başlık|заголовок|标题|標題|見出し|제목) ?([1-9])$`)
	titleName   = regexp.MustCompile(`^(title|titel|titre|título|titolo|tytuł|otsikko|название|标题|標題|表題|제목)$`)
	tocName     = regexp.MustCompile(`^(toc ([1-9]|heading)|contents ([1-9]|heading)|index ([1-9]|heading)|table of figures|verzeichnis [1-9]|tm [1-9]|tdc [1-9])$`)
	codeName    = regexp.MustCompile(`^(source code|html preformatted|preformatted text|plain code|code|code block|verbatim)$`)
)

// roleOfName is what a style's name says of its paragraphs.
func roleOfName(name string) (role wordRole) {
	name = strings.ToLower(clean(name))
	switch {
	case titleName.MatchString(name):
		role.title = true
	case tocName.MatchString(name):
		role.toc = true
	case codeName.MatchString(name):
		role.code = true
	case strings.HasPrefix(name, "list ") && !strings.HasPrefix(name, "list paragraph"):
		role.list = true
	default:
		if m := headingName.FindStringSubmatch(name); m != nil {
			role.heading = int(m[2][0] - '0')
		}
	}
	return role
}

// A wordField is a field: what computes it, and then what it shows.
type wordField struct {
	result bool // what it shows has begun
	out    bool // it is a table of contents
}

// A docxReader reads the body of a document of Word.
type docxReader struct {
	*office
	p         *xmlPart
	relations map[string]relation
	roles     map[string]wordRole
	notes     map[string][]officeBlock // footnotes and endnotes, by kind and id
	after     []officeBlock            // notes and text boxes, which stand behind their paragraph
	inline    *strings.Builder
	fields    []wordField // those that are open
}

func (r *office) docx() error {
	main, err := r.main("word/document.xml")
	if err != nil {
		return err
	}
	d := &docxReader{office: r, notes: map[string][]officeBlock{}, inline: &strings.Builder{}}
	if d.relations, err = r.relations(main); err != nil {
		return err
	}
	if d.roles, err = r.docxRoles(d.usually("styles")); err != nil {
		return err
	}
	for _, kind := range []string{"footnote", "endnote"} {
		if err := d.readNotes(kind, d.usually(kind+"s")); err != nil {
			return err
		}
	}
	r.title = titleOrNone(r.coreTitle("docProps/core.xml"))
	if d.p, err = r.open(main); err != nil || d.p == nil {
		return err
	}
	err = d.p.inRootOf("document of Word", []string{"document", "wordDocument"}, func(e xml.StartElement) error {
		if e.Name.Local != "body" {
			return d.p.skip()
		}
		return d.p.each(func(e xml.StartElement) error {
			err := d.block(e)
			d.emit()
			return err
		}, nil)
	})
	d.endParagraph(wordRole{})
	d.emit()
	return err
}

// usually is the part of a kind that the document names, or else the usual one.
func (d *docxReader) usually(kind string) string {
	if found := d.related(d.relations, kind); found != "" {
		return found
	}
	return "word/" + kind + ".xml"
}

// docxRoles reads what the styles of paragraphs are.
func (r *office) docxRoles(name string) (map[string]wordRole, error) {
	p, err := r.open(name)
	if p == nil || err != nil {
		return nil, err
	}
	styles := map[string]*wordStyle{}
	err = p.inRoot(func(e xml.StartElement) error {
		if e.Name.Local != "style" || xmlAttr(e, "type") != "paragraph" && xmlAttr(e, "type") != "" {
			return p.skip()
		}
		s := &wordStyle{}
		styles[xmlAttr(e, "styleId")] = s
		var each func(e xml.StartElement) error
		each = func(e xml.StartElement) error {
			switch e.Name.Local {
			case "name":
				s.name = xmlAttr(e, "val")
			case "basedOn":
				s.base = xmlAttr(e, "val")
			case "outlineLvl":
				s.outline = outlineLevel(e)
			case "numPr":
				s.list = true
			case "pPr":
				return p.each(each, nil)
			}
			return p.skip()
		}
		return p.each(each, nil)
	})
	roles := map[string]wordRole{}
	for id, s := range styles {
		var role wordRole
		outline, list := 0, false
		for n := 0; s != nil && n < 20; n++ {
			if outline == 0 {
				outline = s.outline
			}
			list = list || s.list
			if role == (wordRole{}) {
				role = roleOfName(s.name)
			}
			s = styles[s.base]
		}
		switch {
		case role.title || role.toc || role.code:
		case role.heading > 0:
		case outline > 0 && outline < 10:
			role = wordRole{heading: outline}
		default:
			role.list = role.list || list
		}
		roles[id] = role
	}
	return roles, err
}

// outlineLevel is the level that an outlineLvl names: 1 to 9, 10 for that of plain text.
func outlineLevel(e xml.StartElement) int {
	n, err := strconv.Atoi(xmlAttr(e, "val"))
	if err != nil || n < 0 || n > 9 {
		return 0
	}
	return n + 1
}

// role is what a style is; one that styles.xml does not have is told by its id.
func (d *docxReader) role(style string) wordRole {
	if role, ok := d.roles[style]; ok {
		return role
	}
	name := strings.TrimRight(style, "0123456789")
	return roleOfName(name + " " + style[len(name):])
}

// readNotes reads the footnotes or endnotes.
func (d *docxReader) readNotes(kind, name string) error {
	p, err := d.open(name)
	if p == nil || err != nil {
		return err
	}
	outer := d.p
	d.p = p
	defer func() { d.p = outer }()
	return p.inRoot(func(e xml.StartElement) error {
		if e.Name.Local != kind || xmlAttr(e, "type") == "separator" || xmlAttr(e, "type") == "continuationSeparator" || xmlAttr(e, "type") == "continuationNotice" {
			return p.skip()
		}
		blocks, err := d.apart(func() error { return p.each(d.block, nil) })
		d.notes[kind+xmlAttr(e, "id")] = blocks
		return err
	})
}

// apart reads what is no part of the paragraph around it: a note, a text box, a cell.
func (d *docxReader) apart(read func() error) ([]officeBlock, error) {
	inline, fields, after := d.inline, d.fields, d.after
	d.inline, d.fields, d.after = &strings.Builder{}, nil, nil
	blocks, err := d.nested(func() error {
		err := read()
		d.endParagraph(wordRole{})
		return err
	})
	d.inline, d.fields, d.after = inline, fields, after
	return blocks, err
}

// block reads an element that holds blocks, or is one.
func (d *docxReader) block(e xml.StartElement) error {
	switch e.Name.Local {
	case "p":
		return d.paragraph()
	case "tbl":
		return d.table()
	case "sdt":
		return d.control(d.block)
	case "altChunk":
		return d.chunk(e)
	case "AlternateContent":
		return d.p.alternate(d.block)
	case "del", "moveFrom", "sectPr", "tcPr", "trPr", "tblPr", "tblGrid", "customXmlPr", "sdtPr", "sdtEndPr", "permStart", "permEnd":
		return d.p.skip()
	case "oMathPara", "oMath", "r": // where only blocks should be
		return d.run(e)
	}
	return d.p.each(d.block, nil)
}

// control reads a content control; a table of contents, or what only asks to be filled
// in, is no text.
func (d *docxReader) control(f func(e xml.StartElement) error) error {
	out := false
	return d.p.each(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "sdtPr":
			var each func(e xml.StartElement) error
			each = func(e xml.StartElement) error {
				switch e.Name.Local {
				case "showingPlcHdr":
					out = out || on(e)
				case "docPartGallery":
					out = out || strings.EqualFold(xmlAttr(e, "val"), "Table of Contents")
				case "docPartObj":
					return d.p.each(each, nil)
				}
				return d.p.skip()
			}
			return d.p.each(each, nil)
		case "sdtContent":
			if !out {
				return d.p.each(f, nil)
			}
		}
		return d.p.skip()
	}, nil)
}

// chunk reads a document that another program has put in as a whole.
func (d *docxReader) chunk(e xml.StartElement) error {
	t := d.relations[xmlAttr(e, "id")]
	switch KindOf(t.target) {
	case HTML, Text, Markdown:
		in, err := d.parts.Open(t.target)
		if err != nil {
			break
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		text, _, ok := (&decoder{name: t.target, kind: HTML}).decode(data)
		if !ok {
			break
		}
		d.emit()
		d.endCode()
		if KindOf(t.target) == HTML {
			htmlInto(&d.out, text)
		} else {
			d.add(officeBlock{text: text})
		}
		return d.p.skip()
	}
	d.leftOut("a document that is put in as a whole was not read; copy its text into this one")
	return d.p.skip()
}

func (d *docxReader) paragraph() error {
	var role wordRole
	deleted := false // its end
	err := d.p.each(func(e xml.StartElement) error {
		if e.Name.Local != "pPr" {
			return d.run(e)
		}
		level, list := -1, 0
		err := d.p.each(func(e xml.StartElement) error {
			switch e.Name.Local {
			case "pStyle":
				role = d.role(xmlAttr(e, "val"))
			case "outlineLvl":
				level = outlineLevel(e)
			case "framePr": // a capital over several lines
				deleted = deleted || xmlAttr(e, "dropCap") == "drop" || xmlAttr(e, "dropCap") == "margin"
			case "numPr":
				list = 1
				return d.p.each(func(e xml.StartElement) error {
					if e.Name.Local == "numId" && xmlAttr(e, "val") == "0" {
						list = -1
					}
					return d.p.skip()
				}, nil)
			case "rPr":
				return d.p.each(func(e xml.StartElement) error {
					deleted = deleted || e.Name.Local == "del" || e.Name.Local == "moveFrom"
					return d.p.skip()
				}, nil)
			}
			return d.p.skip()
		}, nil)
		switch {
		case level > 0 && level < 10 && !role.title && !role.toc:
			role.heading = level
		case level == 10:
			role.heading = 0
		}
		if role.heading == 0 && list != 0 {
			role.list = list > 0
		}
		if role.heading > 0 {
			d.fields = nil // one that was not ended ends before a heading
		}
		return err
	}, nil)
	if !deleted || err != nil { // else the next one continues it
		d.endParagraph(role)
	}
	return err
}

// endParagraph makes a block of the text that has gathered.
func (d *docxReader) endParagraph(role wordRole) {
	b := officeBlock{text: d.inline.String()}
	d.inline.Reset()
	switch {
	case role.title:
		b.kind, b.level = headingBlock, 1
		if d.title == "" {
			d.title = tidy(strings.ReplaceAll(b.text, "\n", " "))
		}
	case role.heading > 0:
		b.kind, b.level = headingBlock, role.heading
	case role.list:
		b.kind = listItem
	case role.code:
		b.kind = codeBlock
	}
	if !role.toc {
		d.add(b)
	}
	d.blocks = append(d.blocks, d.after...)
	d.after = nil
}

func (d *docxReader) put(s string) {
	if !slices.ContainsFunc(d.fields, func(f wordField) bool { return !f.result || f.out }) {
		d.inline.WriteString(s)
	}
}

// run reads an element within a paragraph.
func (d *docxReader) run(e xml.StartElement) error {
	switch e.Name.Local {
	case "t":
		s, err := d.p.text()
		d.put(s)
		return err
	case "r":
		return d.formatted()
	case "tab", "ptab":
		d.put("\t")
	case "br", "cr":
		d.put("\n")
	case "noBreakHyphen":
		d.put("-")
	case "sym":
		d.symbol(e)
	case "fldChar":
		switch n := len(d.fields); xmlAttr(e, "fldCharType") {
		case "begin":
			if n < maxNesting {
				d.fields = append(d.fields, wordField{})
			}
		case "separate":
			if n > 0 {
				d.fields[n-1].result = true
			}
		case "end":
			d.fields = d.fields[:max(n-1, 0)]
		}
	case "instrText":
		s, err := d.p.text()
		if f := strings.Fields(s); len(f) > 0 && len(d.fields) > 0 && (f[0] == "TOC" || f[0] == "INDEX") {
			d.fields[len(d.fields)-1].out = true
		}
		return err
	case "footnoteReference", "endnoteReference":
		id := strings.TrimSuffix(e.Name.Local, "Reference") + xmlAttr(e, "id")
		d.after = append(d.after, d.notes[id]...)
		delete(d.notes, id) // one that is named twice is read once
	case "AlternateContent":
		return d.p.alternate(d.run)
	case "sdt":
		return d.control(d.run)
	case "txbxContent":
		blocks, err := d.apart(func() error { return d.p.each(d.block, nil) })
		d.after = append(d.after, blocks...)
		return err
	case "relIds":
		blocks, err := d.diagram(d.relations[xmlAttr(e, "dm")].target)
		d.after = append(d.after, blocks...)
		if err != nil {
			return err
		}
	case "OLEObject":
		d.leftOut("an embedded object was not read")
	case "chart":
		d.leftOut("a chart was not read")
	case "tbl", "p": // where they should not be
		return d.block(e)
	case "del", "moveFrom", "delInstrText", "delText", "rPr", "pPr", "ffData", "rt", "docPr", "cNvPr", "annotationRef", "posOffset", "align",
		"sizeRelH", "sizeRelV", "pctWidth", "pctHeight", "binData", "fldData", "softHyphen", "commentReference", "smartTagPr", "customXmlPr", "ctrlPr":
	default:
		return d.p.each(d.run, nil)
	}
	return d.p.skip()
}

// formatted reads a run, unless it is hidden.
func (d *docxReader) formatted() error {
	hidden, raised := false, false
	return d.p.each(func(e xml.StartElement) error {
		if e.Name.Local == "rPr" {
			return d.p.each(func(e xml.StartElement) error {
				switch e.Name.Local {
				case "vanish":
					hidden = on(e)
				case "vertAlign":
					raised = xmlAttr(e, "val") == "superscript"
				}
				return d.p.skip()
			}, nil)
		}
		if raised && e.Name.Local == "t" && !hidden {
			s, err := d.p.text()
			if before := d.inline.String(); before != "" && isDigit(before[len(before)-1]) && isNumber(s) {
				d.put("^") // 10^3 is not 103
			}
			d.put(s)
			return err
		}
		if hidden && (e.Name.Local == "t" || e.Name.Local == "sym") {
			d.leftOut("hidden text was not read")
			return d.p.skip()
		}
		return d.run(e)
	}, nil)
}

// symbols are the characters of the font Symbol from 0x40 on, and from 0xa0 on.
var symbols = [2][]rune{
	[]rune("≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_\u203eαβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}~"),
	[]rune("€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…|—↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑"),
}

// symbol writes a character that is named by its font and number.
func (d *docxReader) symbol(e xml.StartElement) {
	n, err := strconv.ParseUint(xmlAttr(e, "char"), 16, 32)
	if err != nil {
		return
	}
	c := rune(n)
	own := c >= 0xf000 && c <= 0xf0ff // a number of the font's own
	if own {
		c -= 0xf000
	}
	switch {
	case strings.EqualFold(xmlAttr(e, "font"), "Symbol") && c >= 0xa0 && int(c)-0xa0 < len(symbols[1]):
		d.put(string(symbols[1][c-0xa0]))
	case strings.EqualFold(xmlAttr(e, "font"), "Symbol") && c >= 0x40 && int(c)-0x40 < len(symbols[0]):
		d.put(string(symbols[0][c-0x40]))
	case own && c >= 0x40 || unicode.Is(unicode.Co, c):
		d.leftOut("a sign of a font of pictures was not read")
	case unicode.IsGraphic(c):
		d.put(string(c))
	}
}

// table reads a table's rows. One heads the table where it says so, or where the table's
// style sets the first one off and it has a text in each of several columns.
func (d *docxReader) table() error {
	first := 0 // 1: the style sets the first row off; 2: it has been read
	return d.inTable(d.p, func(e xml.StartElement) error { return d.tableRow(e, &first) })
}

func (d *docxReader) tableRow(e xml.StartElement, first *int) error {
	switch e.Name.Local {
	case "tblPr":
		return d.p.each(func(e xml.StartElement) error {
			if e.Name.Local == "tblLook" {
				look, _ := strconv.ParseUint(xmlAttr(e, "val"), 16, 32)
				if v := xmlAttr(e, "firstRow"); v == "1" || v == "true" || v == "on" || v == "" && look&0x20 != 0 {
					*first = 1
				}
			}
			return d.p.skip()
		}, nil)
	case "sdt":
		return d.control(func(e xml.StartElement) error { return d.tableRow(e, first) })
	case "ins", "moveTo", "customXml":
		return d.p.each(func(e xml.StartElement) error { return d.tableRow(e, first) }, nil)
	case "tr":
	default:
		return d.p.skip()
	}
	var cells [][]officeBlock
	header, deleted := false, false
	var each func(e xml.StartElement) error
	each = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "trPr":
			return d.p.each(func(e xml.StartElement) error {
				switch e.Name.Local {
				case "tblHeader":
					header = on(e)
				case "del":
					deleted = true
				}
				return d.p.skip()
			}, nil)
		case "tc":
			cell, err := d.apart(func() error { return d.p.each(d.block, nil) })
			cells = append(cells, cell)
			return err
		case "sdt":
			return d.control(each)
		case "customXml", "ins", "moveTo":
			return d.p.each(each, nil)
		}
		return d.p.skip()
	}
	err := d.p.each(each, nil)
	if deleted {
		return err
	}
	if *first == 1 {
		header = header || canHead(cells)
	}
	*first = 2
	d.row(cells, header)
	return err
}

// diagram reads the text of a diagram's data.
func (r *office) diagram(name string) ([]officeBlock, error) {
	p, err := r.open(name)
	if p == nil || err != nil {
		return nil, err
	}
	return r.nested(func() error {
		var each func(e xml.StartElement) error
		each = func(e xml.StartElement) error {
			if e.Name.Local == "p" {
				s, err := p.text()
				r.add(officeBlock{kind: listItem, text: s})
				return err
			}
			return p.each(each, nil)
		}
		return p.each(each, nil)
	})
}
