package conversation

import "parley/shared/words"

// A Word is a word of an input (package words), the tokens that are its pieces, First to
// Last, and where it came from.
type Word struct {
	Origin
	First, Last int
	from, to    int // its stem in Words.stems
}

// Words are the words of an input, in its order; the zero value holds none. It keeps its
// memory from one input to the next.
type Words struct {
	List   []Word
	stems  []byte
	reader words.Reader
}

// Stem is the word as an index knows it, valid until the next Read.
func (w *Words) Stem(i int) []byte { return w.stems[w.List[i].from:w.List[i].to] }

// gap is the number of bytes without a token beyond which a text is read anew behind it:
// it was cut there, or nobody would call what stands on either side one word.
const gap = 256

// Read finds the words of in, which was built of turns. A word of which no token was read
// is none; of one that was cut in the middle, what the text has of it counts.
func (w *Words) Read(in *Input, turns []Turn) {
	w.List, w.stems = w.List[:0], w.stems[:0]
	for i := 0; i < len(in.From); {
		from := in.From[i]
		if from.Side == Marker {
			i++
			continue
		}
		last := i // the tokens i to last are of one stretch of one text
		for last+1 < len(in.From) && in.From[last+1].Turn == from.Turn && in.From[last+1].Side == from.Side &&
			in.From[last+1].Start <= in.From[last].End+gap {
			last++
		}
		text := turns[from.Turn].Question
		if from.Side == Reply {
			text = turns[from.Turn].Reply
		}
		// A little behind the last token, for the word that it began.
		start, end := from.Start, min(in.From[last].End+gap, len(text))
		if last+1 < len(in.From) && in.From[last+1].Turn == from.Turn && in.From[last+1].Side == from.Side {
			end = min(end, in.From[last+1].Start)
		}
		k := i
		w.reader.Each(text[start:end], func(word []byte, a, b int) {
			a, b = a+start, b+start
			for k > i && in.From[k-1].End > a { // pairs of characters overlap
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
