package answer

import (
	"strings"

	"parley/shared/conversation"
	"parley/shared/message"
	"parley/shared/spelling"
)

// A word that no passage holds, and that the encoder knows only in pieces, is read as the
// nearest word of the collection where one is near: the encoder would make its pieces of
// it, and words would not find it.

// respeltShare is what such a word counts among the exact words: it may have been meant
// as it was typed.
const respeltShare = 0.7

// A respelling is a word of a question that is read as another.
type respelling struct {
	turn       int
	start, end int // of the word that is read, in the question as it is read
	message.Spelling
}

// A speller remembers what words were read as.
type speller struct {
	nearest spelling.Nearest
	read    map[string]string // by stem; "": as it is
}

// remembered is how many words a speller remembers.
const remembered = 1000

// spell gives turns with words of questions read as others where that is called for, and
// what was done, in order. turns stay as they are.
func (e *Engine) spell(turns []message.Turn) ([]message.Turn, []respelling) {
	if e.Index.Words() == 0 {
		return turns, nil
	}
	var done []respelling
	read := turns
	for i, t := range turns {
		if len(t.Question) > longest || e.otherLanguage(t.Question) { // a pasted text; words that are right
			continue
		}
		var b strings.Builder
		last := 0
		e.words.Each(t.Question, func(stem []byte, start, end int) {
			if start < last { // pairs of characters overlap
				return
			}
			typed := t.Question[start:end]
			as := e.respell(stem, typed)
			if as == "" {
				return
			}
			b.WriteString(t.Question[last:start])
			done = append(done, respelling{i, b.Len(), b.Len() + len(as), message.Spelling{Typed: typed, Read: as}})
			b.WriteString(as)
			last = end
		})
		if last == 0 {
			continue
		}
		if len(done) > 0 && &read[0] == &turns[0] {
			read = append([]message.Turn(nil), turns...)
		}
		b.WriteString(t.Question[last:])
		read[i].Question = b.String()
	}
	return read, done
}

// respell gives the word that one is read as, "" for itself.
func (e *Engine) respell(stem []byte, typed string) string {
	if _, ok := e.Index.Lookup(stem); ok {
		return ""
	}
	if as, ok := e.speller.read[string(stem)]; ok {
		return as
	}
	as := ""
	n := &e.speller.nearest
	word := []byte(stem)
	// What is one piece of the encoder's vocabulary is a word, whatever the collection holds.
	if len(e.Encoder.Tokenizer.Append(e.tokens[:0], typed, 2)) > 1 && n.Seek(word) {
		e.Index.EachWord(func(known []byte, term uint32) { n.Offer(known, e.Index.DF(term)) })
		if found := n.Found(); found != nil {
			if as = e.surface(found, typed); max(len(as)-len(typed), len(typed)-len(as)) > 2 {
				as = "" // the stems are near, the words are not
			}
		}
	}
	if e.speller.read == nil || len(e.speller.read) >= remembered {
		e.speller.read = map[string]string{}
	}
	e.speller.read[string(word)] = as
	return as
}

// surface is how a known word stands in the first passages that hold it: of several
// forms, "Napoleon" and "Napoleonic", that whose length is nearest to what was typed.
func (e *Engine) surface(stem []byte, typed string) (as string) {
	term, _ := e.Index.Lookup(stem)
	off := func(s string) int { return max(len(s)-len(typed), len(typed)-len(s)) }
	for _, doc := range e.Index.Holding(nil, term, 20) {
		p := e.Passages.At(int(doc))
		for _, text := range [2]string{p.Text, p.Title} {
			e.surfaces.Each(text, func(w []byte, start, end int) {
				if string(w) == string(stem) && (as == "" || off(text[start:end]) < off(as)) {
					as = text[start:end]
				}
			})
		}
	}
	return as
}

// respelt lessens the weight of exact words that were read for others.
func (f *found) respelt() {
	for i := f.Learned; i < len(f.Vector.Terms); i++ {
		o := f.Origin(i)
		for _, r := range f.spelled {
			if o.Side == conversation.Question && o.Turn == r.turn && o.Start < r.end && r.start < o.End {
				f.Vector.Weights[i] = float32(f.Vector.Weights[i] * respeltShare)
				break
			}
		}
	}
}
