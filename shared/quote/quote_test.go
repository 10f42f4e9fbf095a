package quote

import (
	"strings"
	"testing"

	"parley/shared/sentence"
)

func TestBest(t *testing.T) {
	spans := sentence.Split(lighthouse)
	part := func(i, j int) string { return lighthouse[spans[i].Start:spans[j].End] }
	if len(spans) != 6 {
		t.Fatal(spans)
	}
	for _, c := range []struct {
		what   string
		scores []float32
		said   []string
		want   string
	}{
		{"the highest score", []float32{1, 2, 9, 2, 3, 1}, nil, part(2, 2)},
		{"of equal ones the first", []float32{1, 5, 1, 5, 1, 5}, nil, part(1, 1)},
		{"nothing fits", []float32{0, 0, 0, 0, 0, 0}, nil, part(0, 0)},
		{"the next fits nearly as well", []float32{0, 0, 9, 8, 0, 0}, nil, part(2, 3)},
		{"not the one before", []float32{0, 0, 8, 9, 0, 0}, nil, part(3, 3)},
		{"no neighbour, though it fits as well", []float32{0, 0, 9, 0, 9, 0}, nil, part(2, 2)},
		{"the next does not fit well enough", []float32{0, 0, 9, 6, 0, 0}, nil, part(2, 2)},
		{"what was said makes room", []float32{0, 0, 9, 0, 8, 0}, []string{"Hm.", part(2, 2)}, part(4, 4)},
		{"what was said in a pair, too", []float32{0, 0, 9, 9, 0, 8}, []string{part(2, 3)}, part(5, 5)},
		{"unless nothing else fits", []float32{0, 0, 9, 0, 2, 0}, []string{part(2, 2)}, part(2, 2)},
		{"what was said joins nothing", []float32{0, 0, 9, 8.5, 0, 0}, []string{part(3, 3)}, part(2, 2)},
	} {
		s := Best(lighthouse, spans, c.scores, c.said)
		if got := lighthouse[s.Start:s.End]; got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	if s := Best("", nil, nil, nil); s != (sentence.Span{}) {
		t.Errorf("no sentence: %v", s)
	}
	long := strings.Repeat("many words ", 25) + "first. " + strings.Repeat("Many words ", 25) + "second."
	if s := Best(long, sentence.Split(long), []float32{1, 1}, nil); s.End-s.Start > pairBytes {
		t.Errorf("a pair of %d bytes is quoted", s.End-s.Start)
	}
}

const lighthouse = `The Harrow Point Lighthouse is a lighthouse on the northern tip of St. Brannoc's Island, ` +
	`about 12 mi. off the coast. It was designed by the engineer A. J. Whitcombe, who had trained under his uncle, ` +
	`and built of grey granite between 1861 and 1864. The tower stands 41 metres (135 ft) tall and holds a lens of ` +
	`the first order. A storm in 1923 destroyed the keeper's cottage. The light was automated in 1987 and its last ` +
	`keeper, Mr. Tom Ashby, left the island. Today the U.S. company that runs the ferry also offers visits in summer.`
