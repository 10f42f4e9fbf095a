package main

import (
	"strconv"
	"strings"

	"parley/shared/message"
)

// Terms of the two kinds, learned terms and exact words, look the same everywhere: a word
// is in quotation marks, with a bar of two lines; a learned term has a solid bar, or a
// dashed one where the encoder added it. kinds.vugu shows the legend.

// A termKey identifies a term in every answer: a word and a piece may have the same
// spelling.
type termKey struct {
	text string
	word bool
}

func keyOf(t *message.Term) termKey { return termKey{t.Text, t.Word} }

// String returns the term for people. WordPiece marks a piece inside a word.
func (k termKey) String() string {
	if k.word {
		return "“" + k.text + "”"
	}
	if rest, ok := strings.CutPrefix(k.text, "##"); ok {
		return "-" + rest
	}
	return k.text
}

// termClass returns the class for the colour of a term's turn and the look of its kind.
func termClass(t *message.Term) string {
	switch {
	case t.Word:
		return hue(t.Turn) + " exact"
	case !t.Typed:
		return hue(t.Turn) + " added"
	}
	return hue(t.Turn)
}

// termFrom returns where a term came from: as one or two characters, and, with its kind,
// for a screen reader.
func termFrom(t *message.Term) (chip, spoken string) {
	chip, spoken = "·", "from a marker between the texts"
	if t.Turn >= 0 {
		chip = strconv.Itoa(t.Turn + 1)
		spoken = "from turn " + chip
		if t.Reply {
			spoken = "from the reply in turn " + chip
			chip += "”"
		}
	}
	switch {
	case t.Word:
		spoken = "exact word, " + spoken
	case !t.Typed:
		spoken += ", added by the encoder"
	}
	return chip, spoken
}

// split separates terms by kind and keeps the order within each.
func split(terms []message.Term) (learned, exact []message.Term) {
	for _, t := range terms {
		if t.Word {
			exact = append(exact, t)
		} else {
			learned = append(learned, t)
		}
	}
	return learned, exact
}

// countTerms returns the number of terms of each kind: "31 terms", "31 learned terms and 4
// exact words".
func countTerms(learned, exact int) string {
	if exact == 0 {
		return count(learned, "term")
	}
	return count(learned, "learned term") + " and " + count(exact, "exact word")
}

// active is countTerms for a cell of a table.
func active(a *message.Answer) string {
	learned, exact := split(a.Terms)
	if len(exact) == 0 {
		return thousands(len(learned))
	}
	return thousands(len(learned)) + " learned, " + thousands(len(exact)) + "\u00a0exact"
}

// countKinds is countTerms for an answer.
func countKinds(a *message.Answer) string {
	learned, exact := split(a.Terms)
	return countTerms(len(learned), len(exact))
}

// heaviest returns the weight of a full bar: the largest weight, at least least.
func heaviest(terms []message.Term, least float32) float32 {
	for _, t := range terms {
		least = max(least, t.Weight)
	}
	return max(least, 1e-9)
}

// percent returns the width of a bar.
func percent(weight, top float32) string { return decimal(float64(100*weight/top)) + "%" }

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// Kinds is the legend of the kinds of terms.
type Kinds struct{ Exact bool } // there are exact words
