// Package spelling finds, among the words of a collection, the one that a misspelt word
// was meant to be.
//
// Edits have the costs below, by how people mistype and guess; as in Damerau and
// Levenshtein's distance, with each stretch edited once ("optimal string alignment"):
//
//	1  two neighbours change places (einstien); a letter is doubled or not (botom)
//	2  one vowel for another (kilimanjero; y for i or e alone), left out or added (austrlia),
//	   the same of "h" and of "n" before "m" (goverment), an "h" at another place (ghandi), and
//	   letters that sound alike (kristal)
//	4  any other letter exchanged, left out or added
//
// "ph" is one letter, "f". A short word may cost less than a long one: English words that
// a collection lacks are often near ones that it has (bloke, broke).
package spelling

import "bytes"

// A word shorter than shortest has too many neighbours to be corrected.
const (
	shortest = 5
	longest  = 40 // longer strings are not words
)

// Costs of an edit.
const (
	slip  = 1
	guess = 2
	other = 4
)

// allowed returns the highest cost of correcting a word of n letters, among words that are
// common or not.
func allowed(n int, common bool) int {
	switch {
	case common && n >= 7:
		return other
	case n <= 5:
		return slip
	case n <= 7:
		return guess
	case n <= 9:
		return guess + slip
	}
	return 2 * guess
}

// A Nearest finds the known word nearest to a misspelt one. It reuses its memory from one
// search to the next.
type Nearest struct {
	word, known []byte
	rows        [3][longest + 1]int

	best     []byte
	distance int
	longer   int // by how many letters the lengths differ
	often    int
}

// Seek begins the search for a word in lower case. It returns false where the word is not
// to be corrected: it is too short, too long, or has characters other than a to z. common
// says that all words that will be offered are common ones, which may be farther away: a
// word that nobody knows is seldom so like one of them by chance.
func (n *Nearest) Seek(word []byte, common bool) bool {
	n.best = n.best[:0]
	n.distance = allowed(len(word), common) + 1
	if len(word) < shortest || len(word) > longest {
		return false
	}
	if !IsWord(word) {
		return false
	}
	n.word = fold(n.word[:0], word)
	return true
}

// Offer compares a known word, which that many passages contain, or which is that frequent
// by another measure. Of words at the same distance, one whose length is nearer is nearer
// (planit is planet, not plant), then the more frequent one, and of equally frequent ones
// the first offered. It reports whether this one is the nearest until now.
func (n *Nearest) Offer(known []byte, passages int) bool {
	if !n.May(known) {
		return false
	}
	n.known = fold(n.known[:0], known)
	d := n.between(n.distance)
	if d > guess && movesH(n.word, n.known) {
		d = guess
	}
	longer := max(len(known)-len(n.word), len(n.word)-len(known))
	if d > n.distance || d == n.distance && (len(n.best) == 0 || longer > n.longer || longer == n.longer && passages <= n.often) {
		return false
	}
	n.best, n.distance, n.longer, n.often = append(n.best[:0], known...), d, longer, passages
	return true
}

// May reports whether a known word may be near, by its length and its first letter. That is
// seldom wrong, and rules out most known words.
func (n *Nearest) May(known []byte) bool {
	if len(known) < shortest-1 || len(known) > longest {
		return false
	}
	if known[0] == 'p' && known[1] == 'h' {
		return n.word[0] == 'f'
	}
	return known[0] == n.word[0]
}

// IsWord reports whether s is a word of the letters a to z.
func IsWord(s []byte) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return len(s) > 0
}

// Cost returns what the edits of the word that Found returns cost.
func (n *Nearest) Cost() int { return n.distance }

// Found returns the nearest word offered; nil where none was near enough.
func (n *Nearest) Found() []byte {
	if len(n.best) == 0 {
		return nil
	}
	return n.best
}

// fold appends word to to, with f for ph.
func fold(to, word []byte) []byte {
	for len(word) > 0 {
		i := bytes.Index(word, []byte("ph"))
		if i < 0 {
			break
		}
		to = append(append(to, word[:i]...), 'f')
		word = word[i+2:]
	}
	return append(to, word...)
}

// between returns the cost of turning n.known into n.word, or any number above most.
func (n *Nearest) between(most int) int {
	a, b := n.word, n.known
	if d := len(a) - len(b); d > most || -d > most {
		return most + 1
	}
	before, last, row := &n.rows[0], &n.rows[1], &n.rows[2]
	last[0] = 0
	for j := 1; j <= len(b); j++ {
		last[j] = last[j-1] + single(b, j-1)
	}
	leastBefore := 0
	for i := 1; i <= len(a); i++ {
		row[0] = last[0] + single(a, i-1)
		least := row[0]
		for j := 1; j <= len(b); j++ {
			d := last[j-1] + exchange(a[i-1], b[j-1])
			d = min(d, last[j]+single(a, i-1), row[j-1]+single(b, j-1))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+slip)
			}
			row[j] = d
			least = min(least, d)
		}
		if least > most && leastBefore > most { // a swap of neighbours looks back two rows
			return most + 1
		}
		leastBefore = least
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// movesH reports whether two words are the same but for the place of an "h".
func movesH(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	i, j := 0, 0
	for moved := 0; ; {
		switch {
		case i == len(a) && j == len(b):
			return moved == 2
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
			continue
		case i < len(a) && a[i] == 'h':
			i++
		case j < len(b) && b[j] == 'h':
			j++
		default:
			return false
		}
		moved++
	}
}

// single returns the cost of adding or leaving out letter i of w.
func single(w []byte, i int) int {
	switch {
	case i > 0 && w[i] == w[i-1] || i+1 < len(w) && w[i] == w[i+1]:
		return slip
	case vowel(w[i]) || w[i] == 'h' || w[i] == 'n' && i+1 < len(w) && w[i+1] == 'm':
		return guess
	}
	return other
}

// exchange returns the cost of writing a for b.
func exchange(a, b byte) int {
	switch {
	case a == b:
		return 0
	case vowel(a) && vowel(b) && a != 'y' && b != 'y':
		return guess
	}
	for _, alike := range [...]string{"iy", "ey", "ckqs", "sz", "gj", "dt", "bp", "fv", "mn", "vw"} {
		if has(alike, a) && has(alike, b) {
			return guess
		}
	}
	return other
}

func vowel(c byte) bool { return has("aeiouy", c) }

func has(s string, c byte) bool {
	for i := range len(s) {
		if s[i] == c {
			return true
		}
	}
	return false
}
