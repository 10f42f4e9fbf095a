package bm25

import "strings"

// Stem takes an English word's endings off by Porter's algorithm (An algorithm
// for suffix stripping, Program 14(3), 1980), the stemmer of Lucene's English
// analyser. Words of two letters and words that are not all of a-z stay.
func Stem(word string) string {
	if len(word) < 3 {
		return word
	}
	for i := range len(word) {
		if word[i] < 'a' || word[i] > 'z' {
			return word
		}
	}
	w := word

	// Step 1a: plurals.
	w = replaceFirst(w, always, "sses", "ss", "ies", "i", "ss", "ss", "s", "")

	// Step 1b: past tense and gerund.
	if s, ok := strings.CutSuffix(w, "eed"); ok {
		if measure(s) > 0 {
			w = s + "ee"
		}
	} else {
		s, ok := strings.CutSuffix(w, "ed")
		if !ok {
			s, ok = strings.CutSuffix(w, "ing")
		}
		if ok && hasVowel(s) {
			w = s
			switch {
			case strings.HasSuffix(w, "at"), strings.HasSuffix(w, "bl"), strings.HasSuffix(w, "iz"):
				w += "e"
			case doubleConsonant(w) && !strings.HasSuffix(w, "l") && !strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "z"):
				w = w[:len(w)-1]
			case measure(w) == 1 && shortEnd(w):
				w += "e"
			}
		}
	}

	// Step 1c: y after a vowel's syllable.
	w = replaceFirst(w, hasVowel, "y", "i")

	// Steps 2 and 3: double endings to single ones.
	some := func(stem string) bool { return measure(stem) > 0 }
	w = replaceFirst(w, some,
		"ational", "ate", "tional", "tion", "enci", "ence", "anci", "ance", "izer", "ize",
		"abli", "able", "alli", "al", "entli", "ent", "eli", "e", "ousli", "ous",
		"ization", "ize", "ation", "ate", "ator", "ate", "alism", "al", "iveness", "ive",
		"fulness", "ful", "ousness", "ous", "aliti", "al", "iviti", "ive", "biliti", "ble")
	w = replaceFirst(w, some,
		"icate", "ic", "ative", "", "alize", "al", "iciti", "ic", "ical", "ic", "ful", "", "ness", "")

	// Step 4: what is left of an ending, where the stem is long.
	more := func(stem string) bool { return measure(stem) > 1 }
	if s, ok := strings.CutSuffix(w, "ion"); ok {
		if more(s) && (strings.HasSuffix(s, "s") || strings.HasSuffix(s, "t")) {
			w = s
		}
	} else {
		w = replaceFirst(w, more,
			"al", "", "ance", "", "ence", "", "er", "", "ic", "", "able", "", "ible", "", "ant", "",
			"ement", "", "ment", "", "ent", "", "ou", "", "ism", "", "ate", "", "iti", "", "ous", "",
			"ive", "", "ize", "")
	}

	// Step 5: a final e, and a double l.
	if s, ok := strings.CutSuffix(w, "e"); ok {
		if m := measure(s); m > 1 || m == 1 && !shortEnd(s) {
			w = s
		}
	}
	if strings.HasSuffix(w, "ll") && more(w) {
		w = w[:len(w)-1]
	}
	return w
}

func always(string) bool { return true }

// replaceFirst replaces the first of the endings (given as ending, replacement,
// ...) that w has, if the stem before it fits. Longer endings stand before the
// shorter ones that they end in.
func replaceFirst(w string, fits func(stem string) bool, endings ...string) string {
	for i := 0; i < len(endings); i += 2 {
		if stem, ok := strings.CutSuffix(w, endings[i]); ok {
			if fits(stem) {
				return stem + endings[i+1]
			}
			return w
		}
	}
	return w
}

// vowel says whether w[i] is one: y is, after a consonant.
func vowel(w string, i int) bool {
	switch w[i] {
	case 'a', 'e', 'i', 'o', 'u':
		return true
	case 'y':
		return i > 0 && !vowel(w, i-1)
	}
	return false
}

func hasVowel(w string) bool {
	for i := range len(w) {
		if vowel(w, i) {
			return true
		}
	}
	return false
}

// measure is Porter's m: how often a vowel is followed by a consonant.
func measure(w string) int {
	m := 0
	for i := 1; i < len(w); i++ {
		if vowel(w, i-1) && !vowel(w, i) {
			m++
		}
	}
	return m
}

func doubleConsonant(w string) bool {
	n := len(w)
	return n > 1 && w[n-1] == w[n-2] && !vowel(w, n-1)
}

// shortEnd is Porter's *o: consonant, vowel, consonant that is not w, x or y.
func shortEnd(w string) bool {
	n := len(w)
	return n > 2 && !vowel(w, n-3) && vowel(w, n-2) && !vowel(w, n-1) &&
		!strings.ContainsRune("wxy", rune(w[n-1]))
}
