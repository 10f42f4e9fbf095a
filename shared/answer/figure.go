package answer

import (
	"strings"
	"unicode"
)

// A quotation is the best sentence found, and may lack the figure that the question asks for; the
// answer then says so. Whether a question asks for a figure is decided by its words, in English
// alone; any other question counts as asking for none. In doubt, nothing is said.

// longest is the longest question that is judged, in bytes: what a long pasted text asks cannot be
// told.
const longest = 400

// The lists of words have a blank between words and at both ends: maps would be larger.
const (
	measures = " tall high long deep heavy old many much big large wide broad thick fast hot cold warm expensive populous "
	times    = " year years century decade date "
	// These count after "what is the", and before "of" or the question's end: "what is the area
	// known for?" asks for no figure.
	quantities = " population height length depth width weight size area distance speed temperature elevation altitude diameter radius circumference percentage number cost price "

	numbers = " no none zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen" +
		" seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands" +
		" million millions billion billions trillion dozen dozens half twice pair both" +
		" second third fourth fifth sixth seventh eighth ninth tenth tenths" +
		" mile miles metre metres meter meters kilometre kilometres kilometer kilometers percent " // "over a mile"
	dates = " january february april june july august september october november december" +
		" monday tuesday wednesday thursday friday saturday sunday spring summer autumn winter morning noon evening night midnight" +
		" seconds minutes hours days weeks months years decade decades century centuries age ages era eras period periods dynasty reign war ago" +
		" ancient antiquity prehistoric neolithic medieval "
)

func in(list, word string) bool { return strings.Contains(list, " "+word+" ") }

func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

// wants reports whether a question asks for a figure, and whether for a date; a date can also be
// told in words: "when do they bloom?"
func wants(question string) (figure, date bool) {
	if len(question) > longest {
		return false, false
	}
	words := split(strings.ToLower(question))
	at := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	for i, w := range words {
		next := at(i + 1)
		switch w {
		case "how":
			// "How far did they go?" asks for a place.
			if in(measures, next) || next == "far" && in(" is are was from away ", at(i+2)) {
				return true, in(" long old ", next)
			}
		case "when":
			// "When he died, who was king?" asks for no date. "When does it melt?" mostly asks for
			// a condition.
			if in(" was were did ", next) {
				return true, true
			}
		case "what", "which":
			if in(times, next) {
				return true, true
			}
			if in(" percentage temperature age height speed ", next) {
				return true, false
			}
			if in(" s is are was were ", next) && in(" the its his her their ", at(i+2)) {
				for j := i + 3; j < i+5; j++ { // "the total length of"
					if n := at(j); (in(quantities, n) || in(times, n)) && (at(j+1) == "" || in(" of between from in at there ", at(j+1))) {
						return true, in(times, n)
					}
				}
			}
		case "population":
			if next == "of" && i == 0 {
				return true, false
			}
		}
	}
	return false, false
}

// yearly lists words that stand before a year.
const yearly = " in from to since by until till between and during circa around early late mid about before after january february march april may june july august september october november december spring summer autumn winter "

// isYear reports whether a word may be a year.
func isYear(w string) bool {
	return len(w) == 4 && (w[0] == '1' || w[0] == '2' && w[1] == '0') && strings.Trim(w, "0123456789") == ""
}

// gives reports whether a sentence contains a figure or, where date is set, a date.
func gives(sentence string, date bool) bool {
	if date && strings.ContainsFunc(sentence, unicode.IsNumber) {
		return true
	}
	before, words := "", split(sentence)
	for i, as := range words {
		w := strings.ToLower(as)
		// "Built from 1887 to 1889" contains no height.
		if strings.ContainsFunc(w, unicode.IsNumber) && !(isYear(w) && in(yearly, before)) {
			return true
		}
		after := ""
		if i+1 < len(words) {
			after = words[i+1]
		}
		switch {
		case date && (as == "May" || as == "March" || in(dates, w)):
			return true
		case w == "one" && (before == "no" || in(" of another ", after)), w == "no" && in(" one longer ", after):
			// "One of the tallest" and "no longer" count nothing.
		case in(numbers, w):
			return true
		}
		before = w
	}
	return false
}
