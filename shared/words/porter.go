package words

// Stem removes an English word's endings by Porter's algorithm (An algorithm for suffix
// stripping, Program 14(3), 1980), the stemmer of Lucene's English analyser. Words of two
// letters, and words with characters other than a to z, stay as they are.
func Stem(word string) string { return string(stem([]byte(word))) }

// stem is Stem in the memory of w: no ending is replaced by a longer one.
func stem(w []byte) []byte {
	if len(w) < 3 {
		return w
	}
	for _, c := range w {
		if c < 'a' || c > 'z' {
			return w
		}
	}

	// Step 1a: plurals.
	w = replaceFirst(w, always, plurals)

	// Step 1b: past tense and gerund.
	if s, ok := cutSuffix(w, "eed"); ok {
		if measure(s) > 0 {
			w = w[:len(w)-1]
		}
	} else {
		s, ok := cutSuffix(w, "ed")
		if !ok {
			s, ok = cutSuffix(w, "ing")
		}
		if ok && hasVowel(s) {
			w = s
			switch {
			case hasSuffix(w, "at"), hasSuffix(w, "bl"), hasSuffix(w, "iz"):
				w = append(w, 'e')
			case doubleConsonant(w) && !hasSuffix(w, "l") && !hasSuffix(w, "s") && !hasSuffix(w, "z"):
				w = w[:len(w)-1]
			case measure(w) == 1 && shortEnd(w):
				w = append(w, 'e')
			}
		}
	}

	// Step 1c: y after a vowel's syllable.
	w = replaceFirst(w, hasVowel, yToI)

	// Steps 2 and 3: double endings to single ones.
	w = replaceFirst(w, some, doubles)
	w = replaceFirst(w, some, singles)

	// Step 4: the rest of an ending, where the stem is long.
	if s, ok := cutSuffix(w, "ion"); ok {
		if more(s) && (hasSuffix(s, "s") || hasSuffix(s, "t")) {
			w = s
		}
	} else {
		w = replaceFirst(w, more, rest)
	}

	// Step 5: a final e, and a double l.
	if s, ok := cutSuffix(w, "e"); ok {
		if m := measure(s); m > 1 || m == 1 && !shortEnd(s) {
			w = s
		}
	}
	if hasSuffix(w, "ll") && more(w) {
		w = w[:len(w)-1]
	}
	return w
}

// Endings and their replacements. A longer ending stands before the shorter ones that it
// ends in.
var (
	plurals = [][2]string{{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}}
	yToI    = [][2]string{{"y", "i"}}
	doubles = [][2]string{
		{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
		{"abli", "able"}, {"alli", "al"}, {"entli", "ent"}, {"eli", "e"}, {"ousli", "ous"},
		{"ization", "ize"}, {"ation", "ate"}, {"ator", "ate"}, {"alism", "al"}, {"iveness", "ive"},
		{"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"}, {"iviti", "ive"}, {"biliti", "ble"}}
	singles = [][2]string{
		{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""}}
	rest = [][2]string{
		{"al", ""}, {"ance", ""}, {"ence", ""}, {"er", ""}, {"ic", ""}, {"able", ""}, {"ible", ""}, {"ant", ""},
		{"ement", ""}, {"ment", ""}, {"ent", ""}, {"ou", ""}, {"ism", ""}, {"ate", ""}, {"iti", ""}, {"ous", ""},
		{"ive", ""}, {"ize", ""}}
)

func always([]byte) bool    { return true }
func some(stem []byte) bool { return measure(stem) > 0 }
func more(stem []byte) bool { return measure(stem) > 1 }

func hasSuffix(w []byte, s string) bool { return len(w) >= len(s) && string(w[len(w)-len(s):]) == s }

func cutSuffix(w []byte, s string) ([]byte, bool) {
	if !hasSuffix(w, s) {
		return w, false
	}
	return w[:len(w)-len(s)], true
}

// replaceFirst replaces the first of the endings that w has, if the stem before it fits.
func replaceFirst(w []byte, fits func(stem []byte) bool, endings [][2]string) []byte {
	for _, e := range endings {
		if stem, ok := cutSuffix(w, e[0]); ok {
			if fits(stem) {
				return append(stem, e[1]...)
			}
			return w
		}
	}
	return w
}

// vowel reports whether w[i] is a vowel; y is one after a consonant.
func vowel(w []byte, i int) bool {
	switch w[i] {
	case 'a', 'e', 'i', 'o', 'u':
		return true
	case 'y':
		return i > 0 && !vowel(w, i-1)
	}
	return false
}

func hasVowel(w []byte) bool {
	for i := range len(w) {
		if vowel(w, i) {
			return true
		}
	}
	return false
}

// measure returns Porter's m: the number of times that a vowel is followed by a consonant.
func measure(w []byte) int {
	m := 0
	for i := 1; i < len(w); i++ {
		if vowel(w, i-1) && !vowel(w, i) {
			m++
		}
	}
	return m
}

func doubleConsonant(w []byte) bool {
	n := len(w)
	return n > 1 && w[n-1] == w[n-2] && !vowel(w, n-1)
}

// shortEnd is Porter's *o: w ends in a consonant, a vowel, and a consonant that is not w,
// x or y.
func shortEnd(w []byte) bool {
	n := len(w)
	return n > 2 && !vowel(w, n-3) && vowel(w, n-2) && !vowel(w, n-1) &&
		w[n-1] != 'w' && w[n-1] != 'x' && w[n-1] != 'y'
}
