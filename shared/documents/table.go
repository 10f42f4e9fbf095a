package documents

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// What people call the columns, most telling first.
var columnNames = struct{ id, title, text, url []string }{
	id:    []string{"_id", "id", "docid", "doc_id", "document_id", "pid", "key"},
	title: []string{"title", "name", "heading", "headline", "subject", "question"},
	text:  []string{"text", "body", "content", "contents", "passage", "document", "description", "abstract", "answer", "summary"},
	url:   []string{"url", "link", "href", "uri", "source"},
}

// A row of a table; where it does not parse, err says why and there are no fields.
type row struct {
	line   int
	fields []string
	err    error
}

func csvRows(text string, comma rune) iter.Seq[row] {
	return func(yield func(row) bool) {
		r := csv.NewReader(strings.NewReader(text))
		r.Comma = comma
		r.FieldsPerRecord = -1
		r.LazyQuotes = true // a stray quote is text, not the loss of what follows
		for {
			fields, err := r.Read()
			if err == io.EOF {
				return
			}
			var parse *csv.ParseError
			if errors.As(err, &parse) {
				if !yield(row{parse.StartLine, nil, parse.Err}) {
					return
				}
				continue
			}
			if err != nil {
				yield(row{err: err})
				return
			}
			line, _ := r.FieldPos(0)
			if !yield(row{line, fields, nil}) {
				return
			}
		}
	}
}

// tsvRows takes tabs and line ends for what they are: TSV knows no quotes.
func tsvRows(text string) iter.Seq[row] {
	return func(yield func(row) bool) {
		line := 0
		for s := range strings.SplitSeq(text, "\n") {
			line++
			if s != "" && !yield(row{line, strings.Split(s, "\t"), nil}) {
				return
			}
		}
	}
}

// separator tells commas from the semicolons and tabs that spreadsheets also
// write, by the first line.
func separator(text string) rune {
	head, _, _ := strings.Cut(text, "\n")
	best, most := ',', strings.Count(head, ",")
	for _, r := range ";\t" {
		if n := strings.Count(head, string(r)); n > most {
			best, most = r, n
		}
	}
	return best
}

func readTable(name, text string, kind Kind, want Columns) (docs []Document, notes []Note) {
	if strings.TrimSpace(text) == "" {
		return nil, []Note{{File: name, Why: "empty"}}
	}
	all := tsvRows(text)
	if kind == CSV {
		all = csvRows(text, separator(text))
	}
	var at struct{ id, title, text, url int } // from 0, -1: absent
	known := false
	for r := range all {
		line, fields := r.line, r.fields
		if r.err != nil {
			notes = append(notes, Note{File: name, Line: line, Why: r.err.Error()})
			continue
		}
		if !known {
			known = true
			header := fields
			if want.NoHeader {
				header = nil
			}
			why := ""
			find := func(asked string, usual []string) int {
				i, err := column(header, len(fields), asked, usual)
				if err != nil && why == "" {
					why = err.Error()
				}
				return i
			}
			at.id, at.title = find(want.ID, columnNames.id), find(want.Title, columnNames.title)
			at.text, at.url = find(want.Text, columnNames.text), find(want.URL, columnNames.url)
			if want.NoHeader && want.Text == "" && why == "" {
				why = "without a header the text's column must be named by its number"
			} else if at.text < 0 && why == "" {
				why = fmt.Sprintf("no column is called %s; the columns are: %s; name the one that holds the text",
					strings.Join(columnNames.text[:3], ", "), strings.Join(fields, ", "))
			}
			if why != "" {
				return nil, append(notes, Note{File: name, Line: line, Why: why})
			}
			if !want.NoHeader {
				continue
			}
		}
		cell := func(i int) string {
			if i < 0 || i >= len(fields) {
				return ""
			}
			return fields[i]
		}
		if at.text >= len(fields) && cell(at.title) == "" {
			notes = append(notes, Note{File: name, Line: line, Why: fmt.Sprintf("%d columns, but the text is in column %d", len(fields), at.text+1)})
			continue
		}
		d := Document{ID: clean(cell(at.id)), Title: clean(cell(at.title)), Text: blocks(cell(at.text)), URL: webURL(cell(at.url))}
		if d.ID == "" {
			d.ID = fmt.Sprintf("%s:%d", name, line)
		}
		if d.Text == "" && d.Title == "" {
			notes = append(notes, Note{File: name, Line: line, Why: "no text and no title"})
			continue
		}
		docs = append(docs, d)
	}
	return docs, notes
}

// column finds a column: the one asked for by name or number, or else the first
// of the usual names; -1 where there is none.
func column(header []string, width int, asked string, usual []string) (int, error) {
	same := func(name string) func(string) bool {
		return func(h string) bool { return strings.EqualFold(clean(h), name) }
	}
	if asked == "" {
		for _, name := range usual {
			if i := slices.IndexFunc(header, same(name)); i >= 0 {
				return i, nil
			}
		}
		return -1, nil
	}
	if i := slices.IndexFunc(header, same(asked)); i >= 0 {
		return i, nil
	}
	if n, err := strconv.Atoi(asked); err == nil && n >= 1 && n <= width {
		return n - 1, nil
	}
	if header == nil {
		return -1, fmt.Errorf("no column %q; without a header they go by number, 1 to %d", asked, width)
	}
	return -1, fmt.Errorf("no column %q; the columns are: %s", asked, strings.Join(header, ", "))
}
