package message

import "testing"

func TestReading(t *testing.T) {
	for _, c := range []struct {
		answer        Answer
		read, leftOut string
	}{
		{Answer{}, "", ""},
		{Answer{Read: []int{0}}, "", ""},
		{Answer{Read: []int{4}, Alone: true}, "read alone, as a new topic", ""},
		{Answer{Read: []int{0, 1}}, "read with turn 1", ""},
		{Answer{Read: []int{0, 1, 2}}, "read with turns 1 and 2", ""},
		{Answer{Read: []int{0, 2, 3}, Dropped: true}, "read with turns 1 and 3", "Older turns did not fit."},
		{Answer{Read: []int{2, 3, 4, 5}}, "read with turns 3 to 5", ""},
		{Answer{Read: []int{0, 2, 3, 4, 6, 7, 9}}, "read with turns 1, 3 to 5, 7 and 8", ""},
		{Answer{Read: []int{1}, Cut: true}, "", "The question is longer than what the encoder reads: its middle was left out."},
		{Answer{Read: []int{1}, Cut: true, Dropped: true}, "", "The question is longer than what the encoder reads: its middle was left out. Older turns did not fit."},
	} {
		if read, out := c.answer.Reading(), c.answer.LeftOut(); read != c.read || out != c.leftOut {
			t.Errorf("%+v: %q, %q", c.answer, read, out)
		}
	}
}

func TestReadAs(t *testing.T) {
	for want, spelling := range map[string][]Spelling{
		"":                          nil,
		"Read as “photosynthesis”.": {{"fotosynthesis", "photosynthesis"}},
		"Read as “a” and “b”.":      {{"aa", "a"}, {"bb", "b"}},
		"Read as “a”, “b” and “c d”.": {{"aa", "a"}, {"bb", "b"}, {"cd", "c d"}},
	} {
		a := Answer{Spelling: spelling}
		if got := a.ReadAs(); got != want {
			t.Errorf("%v: %s, want %s", spelling, got, want)
		}
	}
}

func TestEveryDoubtIsSaid(t *testing.T) {
	for _, doubt := range []string{DoubtGreeting, DoubtThanks, DoubtLanguage, DoubtUnsure} {
		if Says(doubt) == "" {
			t.Errorf("nothing is said of %q", doubt)
		}
	}
	if s := Says(""); s != "" {
		t.Errorf("without doubt it says %q", s)
	}
}
