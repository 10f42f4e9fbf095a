package main

import (
	"strconv"
	"strings"

	"parley/shared/message"
)

// Terms are of two kinds, learned ones and exact words, and look alike wherever they
// stand: a word in quotation marks, with a bar of two lines; a learned term with a solid
// bar, a dashed one where the encoder added it. kinds.vugu says so.

// A termKey names a term in every answer: a word may be spelt as a piece is.
type termKey struct {
	text string
	word bool
}

func keyOf(t *message.Term) termKey { return termKey{t.Text, t.Word} }

// String is the term for people. WordPiece marks a word's inner piece.
func (k termKey) String() string {
	if k.word {
		return "“" + k.text + "”"
	}
	if rest, ok := strings.CutPrefix(k.text, "##"); ok {
		return "-" + rest
	}
	return k.text
}

// termClass gives a term the colour of its turn and the look of its kind.
func termClass(t *message.Term) string {
	switch {
	case t.Word:
		return hue(t.Turn) + " exact"
	case !t.Typed:
		return hue(t.Turn) + " added"
	}
	return hue(t.Turn)
}

// termFrom says where a term came from: in two characters, and for a screen reader, of
// which kind it is.
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

// split parts terms by kind; each keeps its order.
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

// countTerms says how many terms there are of each kind: "31 terms", "31 learned terms and
// 4 exact words".
func countTerms(learned, exact int) string {
	if exact == 0 {
		return count(learned, "term")
	}
	return count(learned, "learned term") + " and " + count(exact, "exact word")
}

// active is countTerms for a table.
func active(a *message.Answer) string {
	learned, exact := split(a.Terms)
	if len(exact) == 0 {
		return thousands(len(learned))
	}
	return thousands(len(learned)) + " learned, " + thousands(len(exact)) + "\u00a0exact"
}

// countKinds is countTerms of an answer's.
func countKinds(a *message.Answer) string {
	learned, exact := split(a.Terms)
	return countTerms(len(learned), len(exact))
}

// heaviest is what a full bar stands for: the largest weight, or least.
func heaviest(terms []message.Term, least float32) float32 {
	for _, t := range terms {
		least = max(least, t.Weight)
	}
	return max(least, 1e-9)
}

// percent is a bar's width.
func percent(weight, top float32) string { return decimal(float64(100*weight/top)) + "%" }

// Kinds is the legend of the looks.
type Kinds struct{ Exact bool } // there are exact words
