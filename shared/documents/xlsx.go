package documents

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"parley/shared/unpack"
)

const (
	// maxCells bounds what is kept of a workbook; a sheet may name cells far apart.
	maxCells = 8_000_000
	// maxSheetColumns is how many columns a sheet of Excel may have.
	maxSheetColumns = 16384
)

// A workbook is what its sheets share.
type workbook struct {
	*office
	texts []string
	dates []bool // of each cell format, whether it shows a date
	since time.Time
	cells int
}

// xlsx reads a workbook, each sheet as a table: its columns are understood as those
// of other tables are.
func (r *office) xlsx(o Options) (docs []Document, notes []Note) {
	name := r.name
	w := &workbook{office: r, since: time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)}
	sheets, err := w.sheets()
	if err != nil {
		return nil, []Note{r.refusal(err)}
	}
	seen := map[string]bool{}
	for _, s := range sheets {
		if s.hidden {
			notes = append(notes, Note{File: name, Why: fmt.Sprintf("the sheet %q is hidden, and was not read", s.name)})
			continue
		}
		rows, err := w.rows(s.part)
		if err != nil && len(rows) == 0 {
			return nil, []Note{r.refusal(err)}
		}
		if len(rows) == 0 {
			continue
		}
		t := newRecords(name, o.Columns)
		t.table(rows, ", ")
		list, said := t.documents(true)
		if err != nil {
			said = append(said, r.damaged(err))
		}
		for _, d := range list {
			if len(sheets) > 1 {
				if line, ok := strings.CutPrefix(d.ID, name+":"); ok {
					d.ID = name + ":" + clean(s.name) + ":" + line
				}
				if seen[d.ID] { // sheets may number from 1
					d.ID = name + ":" + clean(s.name) + ":" + d.ID
				}
				for n, id := 2, d.ID; seen[d.ID]; n++ {
					d.ID = fmt.Sprintf("%s-%d", id, n)
				}
			}
			seen[d.ID] = true
			docs = append(docs, d)
		}
		for _, n := range said {
			n.File = name
			if len(sheets) > 1 {
				n.Why = fmt.Sprintf("sheet %q: %s", s.name, n.Why)
			}
			notes = append(notes, n)
		}
	}
	notes = append(notes, r.omissions()...)
	if len(docs) == 0 && len(notes) == 0 {
		notes = []Note{{File: name, Why: "no text in it"}}
	}
	return docs, notes
}

type sheet struct {
	name, part string
	hidden     bool
}

// sheets reads what the workbook says of its sheets, and what they share.
func (w *workbook) sheets() (list []sheet, err error) {
	main, err := w.main("xl/workbook.xml")
	if err != nil {
		return nil, err
	}
	relations, err := w.relations(main)
	if err != nil {
		return nil, err
	}
	p, err := w.open(main)
	if p == nil || err != nil {
		return nil, err
	}
	var each func(e xml.StartElement) error
	each = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			if v := xmlAttr(e, "date1904"); v == "1" || v == "true" {
				w.since = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
			}
		case "sheet":
			if t := relations[relationID(e)]; t.kind == "worksheet" {
				state := xmlAttr(e, "state")
				list = append(list, sheet{xmlAttr(e, "name"), t.target, state == "hidden" || state == "veryHidden"})
			}
		case "sheets":
			return p.each(each, nil)
		}
		return p.skip()
	}
	if err := p.inRootOf("workbook", []string{"workbook"}, each); err != nil {
		return nil, err
	}
	if err := w.readTexts(w.related(relations, "sharedStrings")); err != nil {
		return nil, err
	}
	return list, w.readFormats(w.related(relations, "styles"))
}

// richText reads a text of runs; what says how it is pronounced is none.
func richText(p *xmlPart) (string, error) {
	var b strings.Builder
	var each func(e xml.StartElement) error
	each = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "t":
			s, err := p.text()
			b.WriteString(s)
			return err
		case "rPh", "phoneticPr", "rPr":
			return p.skip()
		}
		return p.each(each, nil)
	}
	err := p.each(each, nil)
	return strings.ReplaceAll(b.String(), "_x000D_", ""), err
}

func (w *workbook) readTexts(name string) error {
	p, err := w.open(name)
	if p == nil || err != nil {
		return err
	}
	return p.inRoot(func(e xml.StartElement) error {
		s, err := richText(p)
		w.texts = append(w.texts, s)
		return err
	})
}

// readFormats reads which formats of cells show dates.
func (w *workbook) readFormats(name string) error {
	p, err := w.open(name)
	if p == nil || err != nil {
		return err
	}
	own := map[string]string{}
	return p.inRoot(func(e xml.StartElement) error {
		if e.Name.Local != "numFmts" && e.Name.Local != "cellXfs" {
			return p.skip()
		}
		return p.each(func(e xml.StartElement) error {
			id := xmlAttr(e, "numFmtId")
			switch e.Name.Local {
			case "numFmt":
				own[id] = xmlAttr(e, "formatCode")
			case "xf":
				n, _ := strconv.Atoi(id)
				w.dates = append(w.dates, n >= 14 && n <= 17 || n == 22 || n >= 27 && n <= 31 || n == 36 || n >= 50 && n <= 58 || isDateFormat(own[id]))
			}
			return p.skip()
		}, nil)
	})
}

// isDateFormat reports whether a format of numbers shows a year or a day.
func isDateFormat(format string) bool {
	quoted, bracket := false, false
	for i := 0; i < len(format); i++ {
		switch c := format[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' || c == '_' || c == '*':
			i++
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case !quoted && !bracket && (c|0x20 == 'y' || c|0x20 == 'd'):
			return true
		}
	}
	return false
}

// rows reads a sheet's rows, without those that are empty.
func (w *workbook) rows(name string) (rows []row, err error) {
	p, err := w.open(name)
	if p == nil || err != nil {
		return nil, err
	}
	line := 0
	cell := func(r *row) func(e xml.StartElement) error {
		return func(e xml.StartElement) error {
			if e.Name.Local != "c" {
				return p.skip()
			}
			column := columnOf(xmlAttr(e, "r"))
			if column < 0 {
				column = len(r.cells)
			}
			s, err := w.cell(p, e)
			if strings.TrimSpace(s) == "" || column >= maxSheetColumns {
				return err
			}
			if w.cells += max(column+1-len(r.cells), 0); w.cells > maxCells {
				return fmt.Errorf("%s: %w: more than %d cells", name, unpack.ErrTooMuch, maxCells)
			}
			for len(r.cells) <= column {
				r.cells = append(r.cells, "")
			}
			r.cells[column] = s
			return err
		}
	}
	err = p.inRoot(func(e xml.StartElement) error {
		if e.Name.Local != "sheetData" {
			return p.skip()
		}
		return p.each(func(e xml.StartElement) error {
			line++
			if n, err := strconv.Atoi(xmlAttr(e, "r")); err == nil && n > 0 {
				line = n
			}
			r := row{line: line}
			err := p.each(cell(&r), nil)
			if len(r.cells) > 0 {
				rows = append(rows, r)
			}
			return err
		}, nil)
	})
	return rows, err
}

// cell gives what a cell shows.
func (w *workbook) cell(p *xmlPart, e xml.StartElement) (string, error) {
	value, text := "", ""
	computed, found := false, false
	err := p.each(func(e xml.StartElement) (err error) {
		switch e.Name.Local {
		case "f":
			computed = true
		case "v":
			found = true
			value, err = p.text()
			return err
		case "is":
			text, err = richText(p)
			return err
		}
		return p.skip()
	}, nil)
	if computed && !found {
		w.leftOut("a cell whose formula was never computed was not read; open the file and save it")
	}
	value = strings.TrimSpace(value)
	switch xmlAttr(e, "t") {
	case "s":
		if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < len(w.texts) {
			return w.texts[n], nil
		}
		return "", err
	case "inlineStr":
		return text, err
	case "str":
		return value, err
	case "b":
		return map[string]string{"0": "FALSE", "1": "TRUE"}[value], err
	case "e":
		return "", err // #N/A
	}
	format, _ := strconv.Atoi(xmlAttr(e, "s"))
	if format >= 0 && format < len(w.dates) && w.dates[format] {
		if days, err := strconv.ParseFloat(value, 64); err == nil && days >= 1 && days < 3e6 {
			at := w.since.Add(time.Duration(math.Round(days*86400)) * time.Second)
			if at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 {
				return at.Format("2006-01-02"), nil
			}
			return at.Format("2006-01-02 15:04"), nil
		}
	}
	// 0.1+0.2 is kept as 0.30000000000000004 and shown as 0.3.
	if n, err := strconv.ParseFloat(value, 64); err == nil && len(value) > 15 {
		return strconv.FormatFloat(n, 'g', 15, 64), nil
	}
	return value, err
}

// columnOf is the column of "AB12", from 0; -1 where it is none.
func columnOf(at string) int {
	n, i := 0, 0
	for ; i < len(at) && i < 4 && at[i]|0x20 >= 'a' && at[i]|0x20 <= 'z'; i++ {
		n = n*26 + int(at[i]|0x20-'a') + 1
	}
	return n - 1
}
