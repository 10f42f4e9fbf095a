package answer

import "strings"

// People type "ww2" and "henry 8" where the passages say "World War II" and "Henry VIII". No encoder
// learned that from its pieces, so such a word is replaced as a misspelt one is, and the page says so.

// numbered are the words after which a number is read as a Roman one: those of rulers, popes and wars.
const numbered = " war henry louis elizabeth george edward richard james charles william philip francis frederick napoleon paul pius john gregory leo urban benedict clement innocent ramesses ramses thutmose amenhotep nicholas alexander ivan mehmed murad selim darius xerxes otto pedro joseph leopold umberto wilhelm gustav christian haakon cleopatra ptolemy seleucus antiochus justinian theodosius constantine "

var romans = [...]string{1: "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX", "XXI", "XXII", "XXIII"}

// shorthand returns what a word is read as that comes right after the word before, "" where it stays.
func shorthand(before, word string) string {
	word = strings.ToLower(word)
	switch word {
	case "ww1", "wwi":
		return "World War I"
	case "ww2", "wwii":
		return "World War II"
	}
	n := 0
	for _, c := range []byte(word) {
		if c < '0' || c > '9' {
			return ""
		}
		n = min(10*n+int(c-'0'), len(romans))
	}
	if n == 0 || n >= len(romans) || before == "" || !in(numbered, strings.ToLower(before)) {
		return ""
	}
	return romans[n]
}
