package answer

import "strings"

// People type "ww2", "henry 8", "henry the eighth" and "the first world war" where the passages say
// "World War II", "Henry VIII" and "World War I". No encoder learned that from its pieces, so such
// words are replaced as misspelt ones are, and the page says so.

// shortFor has what is hardly ever written in full, and means one thing alone, each before what it means.
// It is no map, whose making takes more of the page's program.
const shortFor = "|ww1=World War I|wwi=World War I|ww2=World War II|wwii=World War II|ussr=Soviet Union|mlk=Martin Luther King Jr." +
	"|jfk=John F. Kennedy|fdr=Franklin D. Roosevelt|nyc=New York City|lotr=The Lord of the Rings|xmas=Christmas|"

// inFull returns what an abbreviation means, "" where it is none.
func inFull(word string) string {
	_, after, ok := strings.Cut(shortFor, "|"+word+"=")
	if !ok {
		return ""
	}
	full, _, _ := strings.Cut(after, "|")
	return full
}

// numbered are the names after which a number is read as a Roman one: those of rulers and popes.
const numbered = " henry louis elizabeth george edward richard james charles william philip francis frederick napoleon paul pius john gregory leo urban benedict clement innocent ramesses ramses thutmose amenhotep nicholas alexander ivan mehmed murad selim darius xerxes otto pedro joseph leopold umberto wilhelm gustav christian haakon cleopatra ptolemy seleucus antiochus justinian theodosius constantine "

// mayFollow are words that may come after "elizabeth the first". Any other may be what is counted:
// "was elizabeth the first queen". A name is told apart from its number by "of" as well ("philip the
// second of spain"), except for "the first of".
const mayFollow = " s is was did do does had has have in at on and or die died rule ruled reign reigned live lived become became marry married born from to when where who why how what "

var romans = [...]string{1: "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX", "XXI", "XXII", "XXIII"}

// A stretch is a part of a question, in bytes, and what it is read as.
type stretch struct {
	start, end int
	as         string
}

// shorthand returns the stretches of a question that are read as something else, in order.
func shorthand(question string) (read []stretch) {
	words := plainWords(question)
	at := func(i int) string { // the word i, "" where there is none or something stands between it and the one before
		if i < 0 || i >= len(words) || i > 0 && words[i].start != words[i-1].end+1 {
			return ""
		}
		return words[i].as
	}
	for i := 0; i < len(words); i++ {
		w := words[i].as
		from, to, as := i, i+1, inFull(w)
		switch {
		case as != "":
		case (place(w) == 1 || place(w) == 2) && at(i+1) == "world" && at(i+2) == "war":
			to, as = i+3, "World War "+romans[place(w)]
		case i == 0 || at(i) == "":
		case words[i-1].as == "war":
			world := i > 1 && at(i-1) != "" && words[i-2].as == "world"
			switch n := cardinal(w); {
			case world && w == "one":
				as = "I"
			case world && w == "two":
				as = "II"
			case world || n <= 2:
				as = roman(n)
			}
		case in(numbered, words[i-1].as):
			if as = roman(cardinal(w)); as == "" && digit(w) && ends(at, i+1, w) {
				as = roman(place(w))
			}
		case words[i-1].as == "the" && i > 1 && at(i-1) != "" && in(numbered, words[i-2].as) && ends(at, i+1, w):
			if as = roman(place(w)); as != "" {
				from = i - 1
			}
		}
		if as != "" {
			read = append(read, stretch{words[from].start, words[to-1].end, as})
			i = to - 1
		}
	}
	return read
}

// ends reports whether a name and its number may end before word i.
func ends(at func(int) string, i int, number string) bool {
	next := at(i)
	return next == "" || in(mayFollow, next) || next == "of" && ordinal(number) > 0
}

// plainWords returns the words of a text in lower case, each with where it stands.
func plainWords(text string) (words []stretch) {
	start := -1
	for i := 0; i <= len(text); i++ {
		if i < len(text) && (text[i] >= 0x80 || alphanumeric(text[i])) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			words = append(words, stretch{start, i, strings.ToLower(text[start:i])})
			start = -1
		}
	}
	return words
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func digit(word string) bool { return word != "" && '0' <= word[0] && word[0] <= '9' }

// place is ordinal with 1 for "first" and "1st".
func place(word string) int {
	if word == "first" || word == "1st" {
		return 1
	}
	return ordinal(word)
}

func roman(n int) string {
	if n <= 0 || n >= len(romans) {
		return ""
	}
	return romans[n]
}

// cardinal returns the number that digits write, 0 where the word is none or is too large to be one
// of a name's.
func cardinal(word string) (n int) {
	for _, c := range []byte(word) {
		if c < '0' || c > '9' {
			return 0
		}
		n = min(10*n+int(c-'0'), len(romans))
	}
	return n
}
