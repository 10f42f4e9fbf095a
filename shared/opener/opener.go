// Package opener suggests the first questions to a collection, by its titles.
package opener

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/shared/passages"
)

const (
	sampled = 300 // passages looked at, spread evenly over the collection
	longest = 70  // bytes of a title that makes a question
)

// Questions returns at most n questions, all different: a title that is a question as it
// stands, of any other "Tell me about TITLE". The titles are those of documents, as far as
// there are enough, then headings ("Title > Heading"), both spread over the collection.
// Titles that tell a reader nothing, such as names of files, numbers and hashes, are
// passed over.
func Questions(s *passages.Store, n int) []string {
	var titles, headings []string
	seen := map[string]bool{}
	add := func(list *[]string, title string) {
		if q := question(title); q != "" && !seen[strings.ToLower(q)] {
			seen[strings.ToLower(q)] = true
			*list = append(*list, q)
		}
	}
	step := max(1, s.Len()/sampled)
	for i := 0; i < s.Len(); i += step {
		p := s.At(i)
		title, _, _ := strings.Cut(p.Title, " > ")
		if !ofFile(title, p.ID) {
			add(&titles, title)
		}
	}
	for i := 0; i < s.Len() && len(titles) < n; i += step {
		if title := s.At(i).Title; strings.Contains(title, " > ") {
			add(&headings, title[strings.LastIndex(title, " > ")+3:])
		}
	}
	out := spread(titles, n)
	return append(out, spread(headings, n-len(out))...)
}

// spread returns n of the list, or all of a shorter one, in order.
func spread(list []string, n int) []string {
	if len(list) <= n {
		return list
	}
	out := make([]string, n)
	for i := range out {
		out[i] = list[(2*i+1)*len(list)/(2*n)]
	}
	return out
}

// question returns a title as a question, "" where it tells a reader nothing.
func question(title string) string {
	title = strings.Join(strings.Fields(title), " ")
	if len(title) > longest || !telling(title) {
		return ""
	}
	if strings.HasSuffix(title, "?") {
		return title
	}
	first, rest, _ := strings.Cut(title, " ")
	switch first {
	case "The", "A", "An", "How", "Why", "What", "When", "Where", "Which", "Who":
		title = strings.ToLower(first) + " " + rest
	}
	return strings.TrimRight("Tell me about "+title, ".:,; ")
}

// ofFile reports whether a title is one word in small letters that was made of the name of
// a file ("log" of "notes/log.txt"), which tells less than a title that somebody gave.
func ofFile(title, id string) bool {
	if at := strings.LastIndexByte(id, '#'); at > 0 {
		id = id[:at]
	}
	base, _, dotted := strings.Cut(id[strings.LastIndexByte(id, '/')+1:], ".")
	return dotted && title == base && title == strings.ToLower(title) && !strings.Contains(title, " ")
}

// telling reports whether a title is words, rather than a file's name, a number or a hash.
func telling(title string) bool {
	if strings.ContainsAny(title, "/\\_<>{}|=") {
		return false
	}
	letters, most := 0, 0
	for _, word := range strings.Fields(title) {
		digits, here := 0, 0
		for _, r := range word {
			switch {
			case unicode.IsLetter(r):
				here++
			case unicode.IsDigit(r):
				digits++
			case r == utf8.RuneError || unicode.IsControl(r):
				return false
			}
		}
		if digits >= 3 && here > 0 && digits+here >= 8 || here > 30 {
			return false // a hash, or a random id
		}
		if dot := strings.LastIndexByte(word, '.'); dot > 0 && dot >= len(word)-5 && dot < len(word)-1 && !strings.Contains(title, " ") {
			return false // name.ext
		}
		letters, most = letters+here, max(most, here)
	}
	return letters >= 3 && most >= 2
}
