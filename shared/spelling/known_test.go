package spelling

import (
	"bytes"
	"fmt"
	"testing"
)

func TestKnownWordsAreNoMisspellings(t *testing.T) {
	for _, w := range []string{"thimble", "glutton", "suffocate", "epiphany", "midwife", "assange", "snowden", "larsson"} {
		if !Known([]byte(w)) {
			t.Errorf("%s is not known", w)
		}
	}
	for _, w := range []string{"goverment", "nothern", "recieve", "definately", "seperate", "calender", "einstien", "kilimanjero", "fotosynthesis"} {
		if Known([]byte(w)) {
			t.Errorf("%s is known", w)
		}
	}
	// The share of strings that are no words and seem to be known is the filter's.
	n, of := 0, 20000
	for i := range of {
		if Known(fmt.Appendf(nil, "zq%dx", i)) {
			n++
		}
	}
	if share := float64(n) / float64(of); share > .03 {
		t.Errorf("%.3f of strings that are no words are known", share)
	}
}

func TestFilterHasItsWords(t *testing.T) {
	var words [][]byte
	for i := range 500 {
		words = append(words, fmt.Appendf(nil, "word%d", i))
	}
	defer func(was []byte) { known = was }(known)
	known = Filter(words)
	for _, w := range words {
		if !Known(w) {
			t.Errorf("%s is not in the filter", w)
		}
	}
	if len(known) != 500*bitsPerWord/8 || !bytes.Equal(known, Filter(words)) {
		t.Errorf("%d bytes", len(known))
	}
	if known = Filter(nil); Known([]byte("word")) {
		t.Error("an empty filter knows a word")
	}
}
