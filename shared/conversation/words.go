package conversation

import "parley/shared/words"

// A Word is a word of an input (package words): its origin, and its pieces, which are the
// tokens First to Last.
type Word struct {
	Origin
	First, Last int
	from, to    int // its stem in Words.stems
}

// Words are the words of an input, in order; the zero value has none. It reuses its memory
// for the next input.
type Words struct {
	List   []Word
	stems  []byte
	reader words.Reader
}

// Stem returns word i as an index stores it. It is valid until the next Read.
func (w *Words) Stem(i int) []byte { return w.stems[w.List[i].from:w.List[i].to] }

// gap is the number of bytes without a token after which reading starts again behind it:
// the text was cut there, or what stands on both sides is not one word.
const gap = 256

// Read finds the words of in, which was built from turns. A word none of whose tokens was
// read is left out; a word that was cut in the middle counts in full, as the text has it.
func (w *Words) Read(in *Input, turns []Turn) {
	w.List, w.stems = w.List[:0], w.stems[:0]
	for i := 0; i < len(in.From); {
		from := in.From[i]
		if from.Side == Marker {
			i++
			continue
		}
		last := i // tokens i to last come from one stretch of one text
		for last+1 < len(in.From) && in.From[last+1].Turn == from.Turn && in.From[last+1].Side == from.Side &&
			in.From[last+1].Start <= in.From[last].End+gap {
			last++
		}
		text := turns[from.Turn].Question
		if from.Side == Reply {
			text = turns[from.Turn].Reply
		}
		// Read a little beyond the last token, to the end of the word that it begins.
		start, end := from.Start, min(in.From[last].End+gap, len(text))
		if last+1 < len(in.From) && in.From[last+1].Turn == from.Turn && in.From[last+1].Side == from.Side {
			end = min(end, in.From[last+1].Start)
		}
		k := i
		w.reader.Each(text[start:end], func(word []byte, a, b int) {
			a, b = a+start, b+start
			for k > i && in.From[k-1].End > a { // a pair of characters overlaps the next
				k--
			}
			for k <= last && in.From[k].End <= a {
				k++
			}
			first := k
			for k <= last && in.From[k].Start < b {
				k++
			}
			if k == first {
				return
			}
			at := len(w.stems)
			w.stems = append(w.stems, word...)
			w.List = append(w.List, Word{Origin{from.Turn, from.Side, a, b}, first, k - 1, at, len(w.stems)})
		})
		i = last + 1
	}
}
