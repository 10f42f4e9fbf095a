package spelling

import _ "embed"

// known.bin has words that are no misspellings, although the encoder has them in pieces
// only and a collection may lack them, as a Bloom filter (Bloom 1970): word w is in it if
// the bits (a + i b) mod m, for i from 0 to probes-1, are set, where m is the number of
// bits, a and b are the lower and the upper half of FNV-1a's 64 bits of w, b made odd, and
// bit k is bit k mod 8 of byte k / 8. models/build/known.py says where the words are from,
// and models/build makes the file.
//
//go:embed known.bin
var known []byte

const (
	probes      = 6
	bitsPerWord = 8 // one in forty-five words that are not in it seems to be
)

// Known reports whether a word in lower case is known to be no misspelling. It is wrong
// about one in forty-five of those that nobody knows; they stay as they are.
func Known(word []byte) bool {
	found := len(known) > 0
	eachBit(word, len(known), func(b int) { found = found && known[b/8]&(1<<(b%8)) != 0 })
	return found
}

// Filter returns what known.bin is for words.
func Filter(words [][]byte) []byte {
	filter := make([]byte, (len(words)*bitsPerWord+7)/8)
	for _, w := range words {
		eachBit(w, len(filter), func(b int) { filter[b/8] |= 1 << (b % 8) })
	}
	return filter
}

// eachBit visits the numbers of a word's bits in a filter of size bytes.
func eachBit(word []byte, size int, visit func(b int)) {
	if size == 0 {
		return
	}
	sum := uint64(14695981039346656037)
	for _, c := range word {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	a, b := uint64(uint32(sum)), sum>>32|1
	for i := range uint64(probes) {
		visit(int((a + i*b) % uint64(8*size)))
	}
}
