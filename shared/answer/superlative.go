package answer

import (
	"strings"

	"parley/shared/sentence"
)

// To an encoder, "the largest planet" is nearly the same as "the ninth-largest", and the reader
// confuses them, too. So where a question asks for a place among the largest, the longest and so on,
// a passage that names another place alone is taken to be less relevant, and one that names this
// place to be more so. It is decided by words, in English alone.

// rankWeight is what a passage's relevance, a logit, gains or loses by this.
const rankWeight = 1.5

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

const ordinals = " second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "

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

// A rank is a place among the largest, the longest and so on: 2, "largest biggest", for the
// second-largest. Place 0 is "one of the largest".
type rank struct {
	place int
	of    string
}

// rankAt returns the rank that the word i of words names; of is "" where it names none.
func rankAt(words []string, i int) rank {
	r := rank{1, sameAs(words[i])}
	if r.of == "" || i == 0 {
		return r
	}
	if n := ordinal(words[i-1]); n > 0 {
		r.place = n
		return r
	}
	for j := max(0, i-3); j < i; j++ {
		if w := words[j]; w == "among" || w == "of" && j > 0 && in(" one some two three four many ", words[j-1]) {
			r.place = 0
		}
	}
	return r
}

// asksRank returns the rank that a question asks for, and what it is a rank of: the one or two words
// after the superlative. ok is false where it asks for none.
func asksRank(question string) (r rank, what []string, ok bool) {
	if len(question) > longest {
		return r, nil, false
	}
	words := split(strings.ToLower(question))
	for i := range words {
		if r = rankAt(words, i); r.of == "" {
			continue
		}
		for _, w := range words[i+1 : min(i+3, len(words))] {
			if len(w) < 3 || in(" the and are was were has had does did that which who what where when how why one ones then than ever known with from for ", w) {
				break
			}
			what = append(what, strings.TrimSuffix(w, "s"))
		}
		// "Who reigned longest?" asks for no place among things.
		bare := len(what) == 0 && i > 0 && ordinal(words[i-1]) == 0 && !in(" the and or ", words[i-1])
		return r, what, r.place > 0 && !bare
	}
	return r, nil, false
}

// ranked returns 1 where a sentence of a text, one of spans, names rank r of what, -1 where sentences
// name others alone, and 0 where there is none.
func ranked(text string, spans []sentence.Span, r rank, what []string) int {
	other := 0
	for _, span := range spans {
		words := split(strings.ToLower(text[span.Start:span.End]))
		if !about(words, what) {
			continue
		}
		for i := range words {
			switch is := rankAt(words, i); {
			case is.of != r.of || is.place == 0:
			case is.place == r.place:
				return 1
			default:
				other = -1
			}
		}
	}
	return other
}

// about reports whether one of words begins with one of what, or what is empty.
func about(words, what []string) bool {
	if len(what) == 0 {
		return true
	}
	for _, w := range words {
		for _, x := range what {
			if strings.HasPrefix(w, x) {
				return true
			}
		}
	}
	return false
}
