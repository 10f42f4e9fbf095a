package answer

import (
	"slices"
	"strings"

	"parley/shared/sentence"
)

// To an encoder, "the largest planet" is nearly the same as "the ninth-largest". So where a question
// asks for a place among the largest, the longest and so on, a rule (rule.go) compares it with what the
// passages say about that place.

// superlatives are groups of words that mean the same, each between bars.
const superlatives = "| largest biggest | highest tallest | oldest earliest | smallest tiniest | fastest quickest | nearest closest | farthest furthest" +
	" | longest | shortest | deepest | lowest | heaviest | lightest | hottest | warmest | coldest | brightest | youngest | newest | densest | strongest | hardest | richest | wealthiest | driest | wettest | widest | steepest | loudest | slowest |"

// sameAs returns the words that mean the same superlative as w, or "" if w is none.
func sameAs(w string) string {
	at := strings.Index(superlatives, " "+w+" ")
	if at < 0 || !strings.HasSuffix(w, "est") {
		return ""
	}
	from := strings.LastIndexByte(superlatives[:at+1], '|')
	return superlatives[from+1 : at+1+strings.IndexByte(superlatives[at+1:], '|')]
}

// manners are the adjectives that make a superlative with "most" and "least" and are asked for.
const manners = " populous populated common popular expensive famous visited spoken abundant massive distant powerful active widespread numerous densely valuable "

// first is what an ordinal without a superlative is a place of: "the 35th president".
const first = "first"

const ordinals = " second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth "

// ordinal returns 2 for "second" and "2nd", and so on; 0 for what is no ordinal above 1.
func ordinal(w string) int {
	if w != "" && in(ordinals, w) {
		return 2 + strings.Count(ordinals[:strings.Index(ordinals, " "+w+" ")], " ")
	}
	n, digits := 0, 0
	for digits < len(w) && digits < 3 && w[digits] >= '0' && w[digits] <= '9' {
		n = 10*n + int(w[digits]-'0')
		digits++
	}
	if n > 1 && in(" st nd rd th ", w[digits:]) {
		return n
	}
	return 0
}

// A rank is a place among the largest, the longest and so on: 2, "largest biggest ", for the
// second-largest. Place 0 is "one of the largest".
type rank struct {
	place int
	of    string
}

// rankAt returns the rank that the words from i on name, and the index of the word after it; of is ""
// where they name none.
func rankAt(words []string, i int) (r rank, next int) {
	r, next = rank{1, sameAs(words[i])}, i+1
	if in(" most least ", words[i]) && next < len(words) && in(manners, words[next]) {
		r.of, next = words[i]+" "+words[next], next+1
	}
	if r.of == "" {
		n := ordinal(words[i])
		if words[i] == first {
			n = 1
		}
		if n == 0 || next < len(words) && (sameAs(words[next]) != "" || in(" most least ", words[next])) { // the second-largest
			return rank{}, next
		}
		r = rank{n, first}
	} else if i > 0 && ordinal(words[i-1]) > 0 {
		r.place = ordinal(words[i-1])
		return r, next
	}
	for j := max(0, i-3); j < i; j++ {
		if w := words[j]; w == "among" || w == "of" && j > 0 && in(" one some two three four many ", words[j-1]) {
			r.place = 0
		}
	}
	return r, next
}

// A placeAsked is what a question asks for: the largest city in Texas.
type placeAsked struct {
	rank
	what  []string // of what: one or two nouns, as stem cuts them
	among []string // where; empty: in the world
}

// asksRank returns the rank that a question asks for; ok is false where it asks for none.
func asksRank(question string) (a placeAsked, ok bool) {
	if len(question) > longest {
		return a, false
	}
	words := split(strings.ToLower(question))
	for i := range words {
		var next int
		if a.rank, next = rankAt(words, i); a.of == "" {
			continue
		}
		for next < len(words) && len(a.what) < 2 && !joins(words[next]) {
			a.what = append(a.what, stem(words[next]))
			next++
		}
		if len(a.what) == 0 && i > 2 && in(" which what ", words[0]) && !joins(words[1]) { // "Which planet is the biggest?"
			a.what = append(a.what, stem(words[1]))
		}
		a.among = within(words, i, next, true)
		// "Who reigned longest?" asks for no place among things.
		bare := len(a.what) == 0 && i > 0 && ordinal(words[i-1]) == 0 && !in(" the and or ", words[i-1])
		return a, a.place > 0 && !bare && (len(a.what) > 0 || a.of != first)
	}
	return a, false
}

// ranked returns how well the sentences of a text, spans, fit the place asked for: 1 where one names it,
// -1 where others are named alone, between where what is named is a place in another part of the world
// or of a smaller class ("the largest marine mammal"), and 0 where none is.
func (a *placeAsked) ranked(text string, spans []sentence.Span) float32 {
	var other, nearly, elsewhere, part bool
	worldly := len(a.among) == 0 || hasAny(a.among, worldwide)
	for _, span := range spans {
		var named, another bool // in this sentence
		words := split(strings.ToLower(text[span.Start:span.End]))
		for i := range words {
			is, next := rankAt(words, i)
			if is.place == 0 || !a.same(is.of) {
				continue
			}
			ok, smaller := stands(words, i, next, a.what)
			if !ok || a.of == first && !all(words[next:min(next+4, len(words))], a.what) {
				continue
			}
			right, fits := is.place == a.place, a.fits(words, i, next, is.place, text)
			if several(words[next:], a.what) {
				if i > 1 {
					// "It includes the tallest trees", but "more than the biggest gas planets" does not.
					nearly = nearly || right && fits && !slices.Contains(words[max(0, i-3):i], "than")
					continue
				}
				right = right && fits // "The largest cities of Canada are Toronto, Montreal ..."
				smaller = smaller || !right
				fits = true
			}
			switch {
			case right && fits && !smaller:
				named = true
			case right || fits && smaller && is.place == 1:
				nearly = true
				part = part || worldly && right && !fits && !smaller
			case fits && !smaller:
				another = true
			default:
				elsewhere = true
			}
		}
		if named && !another {
			return 1
		}
		nearly, other = nearly || named, other || another && !named
	}
	switch {
	case other:
		return -1
	case part && a.of != first: // what is the highest in Africa would be said to be that of the world
		return .25
	case nearly && a.of != first: // the first president of another country is none
		return .5
	case elsewhere:
		return -.8
	}
	return 0
}

// several reports whether words tell of several of what: "the largest cities of Canada are Toronto, Montreal ..."
func several(words, what []string) bool {
	for _, w := range words[:min(len(words), 2)] {
		if strings.HasSuffix(w, "s") && len(what) > 0 && begins([]string{w}, what) {
			return true
		}
	}
	return false
}

// same reports whether a superlative is the one that a asks for. The largest city is the most populous one.
func (a *placeAsked) same(of string) bool {
	if of == a.of {
		return true
	}
	for _, w := range a.what {
		if w == "cit" {
			return size(of) && size(a.of)
		}
	}
	return false
}

// stem cuts what differs between one and several: city, cities.
func stem(noun string) string {
	noun = strings.TrimSuffix(noun, "s")
	return strings.TrimSuffix(strings.TrimSuffix(noun, "ie"), "y")
}

// size reports whether a superlative is about a city's size.
func size(of string) bool { return of == "most populous" || strings.Contains(of, " largest ") }

// coordinated returns the index of the first word from next on that belongs to no further superlative: "the
// tallest and the second-largest animal".
func coordinated(words []string, next int) int {
	for next < len(words) && (in(" and or most least ", words[next]) || words[next] == "the" && words[next-1] == "and" || ordinal(words[next]) > 0 || sameAs(words[next]) != "" || in(manners, words[next])) {
		next++
	}
	return next
}

// stands reports whether the superlative in words[i:next] is of what: that is among the three words
// after it and after other superlatives, or among the five after an "of" there ("the largest and deepest of
// the five oceans"), or, where no noun follows ("the largest in the Solar System"), among the twelve before.
// "The largest to drain into the Arctic Ocean" is no ocean, and "the deepest point of the lake" no lake.
// smaller says that another word stands between: the largest marine mammal is one among fewer.
func stands(words []string, i, next int, what []string) (ok, smaller bool) {
	next = coordinated(words, next)
	if next < len(words) && in(" point part section level end ", words[next]) {
		return false, false
	}
	end := min(next+3, len(words))
	for j := next; j < end; j++ {
		if words[j] == "of" {
			end = min(j+6, len(words))
			break
		}
	}
	for j, w := range words[next:end] {
		if begins([]string{w}, what) {
			return true, smaller
		}
		if of := end > next+3; !of && !in(" known living extant single natural recorded ever remaining existing us s ", w) {
			smaller = smaller || j < 2
		}
	}
	bare := next == len(words) || joins(words[next])
	return bare && begins(words[max(0, i-12):i], what), false
}

const (
	months    = " january february march april may june july august september october november december early late "
	ages      = " early late 1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th 11th 12th 13th 14th 15th 16th 17th 18th 19th 20th 21st "
	worldwide = " world earth globe planet solar universe galaxy history "
	wholes    = " all entire whole known recorded modern human natural two three four five six seven eight nine ten "
	// What is the largest in a part is not so in the whole.
	parts = " north south east west northern southern eastern western central "
	units = " state province region district county territory island " // "the German state of Bavaria"
)

// within returns the words that say where a superlative in words[i:next] holds: those after "in" ("the
// longest river in Western Asia") as far as the next superlative, or those before ("Asia's longest river").
func within(words []string, i, next int, into bool) (among []string) {
	for j := i - 1; j > 0 && j > i-4; j-- {
		if words[j] == "s" && !in(" what who where that it there here ", words[j-1]) {
			return words[j-1 : j]
		}
	}
	next = coordinated(words, next)
	for j := next; j < min(next+9, len(words)); j++ {
		if r, _ := rankAt(words, j); r.of != "" && r.place != 0 && j > next+1 {
			break
		}
		if in(" native endemic found located ", words[j]) { // "the largest living rodent, native to all countries in South America"
			break
		}
		after := words[j+1 : min(j+7, len(words))]
		if !in(" in of on within outside ", words[j]) && !(into && words[j] == "into") || tellsWhen(after) {
			continue
		}
		for _, w := range after {
			if in(" by and or than is are was were which that with after to for from at who what when how compared ", w) {
				return among
			}
			if !in(" the a its this these in of on ", w) {
				among = append(among, w)
			}
		}
		return among
	}
	return nil
}

// tellsWhen reports whether words begin as a time does: "1996", "the 19th century", "early May".
func tellsWhen(words []string) bool {
	switch {
	case len(words) == 0:
		return false
	case words[0] == "the":
		return len(words) > 1 && in(ages, words[1])
	}
	return words[0] == "ad" || words[0][0] <= '9' || in(months, words[0])
}

// fits reports whether the superlative in words[i:next] holds where a asks.
//
// The longest river of the world is also the longest of Africa, if the text names Africa at all.
func (a *placeAsked) fits(words []string, i, next, place int, text string) bool {
	among := within(words, i, next, len(a.among) > 0) // "the first person to journey into space"
	// "The highest of an island on Earth" is not that of Earth, and "the highest of the Caucasus Mountains" not
	// that of mountains.
	scope := among
	for len(scope) > 1 && in(wholes, scope[0]) {
		scope = scope[1:]
	}
	class := len(a.what) > 0 && begins(scope[:min(len(scope), 1)], a.what)
	world := hasAny(scope[:min(len(scope), 1)], worldwide) || class && hasAny(scope, worldwide)
	if len(a.among) == 0 || hasAny(a.among, worldwide) {
		return len(among) == 0 || world || class
	}
	if world && place == 1 {
		return shared(split(strings.ToLower(text)), a.among)
	}
	if hasAny(among, parts) && !hasAny(a.among, parts) {
		return false
	}
	for i, w := range among {
		if i+1 < len(among) && in(units, w) {
			among = among[i+1:]
			break
		}
	}
	return shared(among, a.among)
}

// shared reports whether both lists have a word, or a long one with the same beginning: Africa, African.
func shared(a, b []string) bool {
	for _, w := range a {
		for _, x := range b {
			n := min(len(w), len(x), 5)
			if w == x || n >= 4 && w[:n] == x[:n] {
				return true
			}
		}
	}
	return false
}

// hasAny reports whether one of words is in the list.
func hasAny(words []string, list string) bool {
	for _, w := range words {
		if in(list, w) {
			return true
		}
	}
	return false
}

// joins reports whether w is a word that joins others, which ends what a superlative is of.
func joins(w string) bool {
	return len(w) < 3 || in(" the and are was were has had does did that which who what where when how why one ones then than ever with from for known ", w)
}

// all reports whether each of what begins one of words. "The first World Cup" is not the first worldwide league.
func all(words, what []string) bool {
	for i := range what {
		if !begins(words, what[i:i+1]) {
			return false
		}
	}
	return true
}

const people = " man person human "

// begins reports whether one of words begins with one of what, or what is empty.
func begins(words, what []string) bool {
	for _, w := range words {
		for _, x := range what {
			if strings.HasPrefix(w, x) || in(people, w) && in(people, x) {
				return true
			}
		}
	}
	return len(what) == 0
}
