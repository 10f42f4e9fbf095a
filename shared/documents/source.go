package documents

import (
	"regexp"
	"strconv"
	"strings"

	"parley/shared/passages"
)

// A Source is a document as a collection holds it: its passages, in order.
type Source struct {
	Title string `json:"title"`          // "" for none
	Place string `json:"place"`          // the file, as far as the ids say it, else the record's id
	Line  int    `json:"line,omitempty"` // of the record in the file; 0: not known
	URL   string `json:"url,omitempty"`
	At    int    `json:"at"` // the passage that was asked for
	Parts []Part `json:"parts"`
}

// A Part is a passage of a Source.
type Part struct {
	Heading string `json:"heading,omitempty"` // "Heading > Heading"; "" for none
	Text    string `json:"text"`
	Page    int    `json:"page,omitempty"` // on which it begins, from 1; 0: it has none
}

// SourceOf returns the document that the passage of an id is of; it is not ok where there
// is no such passage. Cut numbers a document's passages, and a collection holds them next
// to each other.
func SourceOf(s *passages.Store, id string) (src Source, ok bool) {
	at := 0
	for ; at < s.Len() && s.At(at).ID != id; at++ {
	}
	if at == s.Len() {
		return src, false
	}
	from, to := at, at+1
	if of, n := numbered(id); n > 0 {
		is := func(i, n int) bool { return i >= 0 && i < s.Len() && s.At(i).ID == of+"#"+strconv.Itoa(n) }
		for is(from-1, n-1) {
			from--
			n--
		}
		_, n = numbered(id)
		for is(to, n+1) {
			to++
			n++
		}
	}
	first := s.At(from)
	src.Title, _, _ = strings.Cut(first.Title, " > ")
	src.Place, src.Line = Place(id)
	src.URL, src.At = first.URL, at-from
	if to-from > 1 {
		src.URL, _, _ = strings.Cut(first.URL, "#")
	}
	for i := from; i < to; i++ {
		p := s.At(i)
		_, heading, _ := strings.Cut(p.Title, " > ")
		src.Parts = append(src.Parts, Part{heading, p.Text, p.Page})
	}
	return src, true
}

// numbered splits the id of a passage; n is 0 for one that Cut did not number.
func numbered(id string) (of string, n int) {
	of = DocumentID(id)
	if of != id {
		n, _ = strconv.Atoi(id[len(of)+1:])
	}
	return of, n
}

var recordLine = regexp.MustCompile(`^(.+\.\w+):([0-9]+)$`)

// Place returns the file that a passage is of and, for a record of a table, its line; a
// record that has an id of its own is at that id.
func Place(id string) (file string, line int) {
	file = DocumentID(id)
	if m := recordLine.FindStringSubmatch(file); m != nil {
		if n, err := strconv.Atoi(m[2]); err == nil {
			return m[1], n
		}
	}
	return file, 0
}
