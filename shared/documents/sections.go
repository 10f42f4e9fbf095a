package documents

import (
	"fmt"
	"slices"
	"strings"
)

// Sections cuts a page at its headings, so that a link can lead to the section that answers:
// each is a document with the page's title and the headings that it stands under, and the
// page's link with the heading's anchor. A page without headings stays as it is. Summaries of
// other pages are left out; of a page that has nothing else, there are no sections.
func Sections(d Document) []Document {
	if len(d.Headings) == 0 {
		return []Document{d}
	}
	var out []Document
	add := func(id, title, url, text string) {
		if text = strings.TrimSpace(text); text != "" {
			out = append(out, Document{ID: id, Title: title, URL: url, Text: text, File: d.File, Line: d.Line})
		}
	}
	add(d.ID, d.Title, d.URL, d.Text[:d.Headings[0].Start])
	var path []Heading
	listed := false
	for i, h := range d.Headings {
		for len(path) > 0 && path[len(path)-1].Level >= h.Level {
			path = path[:len(path)-1]
		}
		path = append(path, h)
		if slices.ContainsFunc(path, func(h Heading) bool { return h.Elsewhere }) {
			listed = true
			continue
		}
		end := len(d.Text)
		if i+1 < len(d.Headings) {
			end = d.Headings[i+1].Start
		}
		title, last, url := d.Title, d.Title, d.URL
		for _, h := range path {
			if s := d.Text[h.Start:h.End]; !strings.EqualFold(s, last) {
				title, last = strings.TrimPrefix(title+" > "+s, " > "), s
			}
			if h.Anchor != "" && url != "" {
				url = d.URL + "#" + fragment(h.Anchor)
			}
		}
		id := h.Anchor
		if id == "" {
			id = fmt.Sprint("section-", i+1)
		}
		add(d.ID+"#"+id, title, url, d.Text[h.End:end])
	}
	if len(out) == 0 && !listed {
		return []Document{d} // nothing but headings
	}
	return out
}
