package answer

import (
	"strings"

	"parley/shared/conversation"
	"parley/shared/message"
	"parley/shared/spelling"
)

// A word that no passage contains, and that the encoder knows only in pieces, is replaced by the
// nearest word of the collection, if one is near. The encoder would read only its pieces, and the
// exact words would not find it.

// respeltShare is the factor on the weight of a replaced word among the exact words: the word may
// have been meant as it was typed.
const respeltShare = 0.7

// A respelling is a word of a question that was replaced.
type respelling struct {
	turn       int
	start, end int // byte range of the replacement, in the question as it is read
	message.Spelling
}

// A speller remembers the replacements of words.
type speller struct {
	nearest spelling.Nearest
	read    map[string]string // by stem; "" where the word stays
}

// remembered is the number of words that a speller remembers.
const remembered = 1000

// spell returns turns with the misspelt words of questions replaced, and the replacements in order.
// The slice turns stays as it is.
func (e *Engine) spell(turns []message.Turn) (read []message.Turn, done []respelling, err error) {
	read = turns
	if e.lexicon.Words() == 0 {
		return read, nil, nil
	}
	for i, t := range turns {
		if len(t.Question) > longest || e.otherLanguage(t.Question) { // a pasted text, or correct words of another language
			continue
		}
		var b strings.Builder
		last := 0
		e.words.Each(t.Question, func(stem []byte, start, end int) {
			if start < last || err != nil { // a pair of characters overlaps the next
				return
			}
			typed, as := t.Question[start:end], ""
			if as, err = e.respell(stem, typed); as == "" {
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
	return read, done, err
}

// respell returns the replacement of a word, "" where the word stays.
func (e *Engine) respell(stem []byte, typed string) (as string, err error) {
	if _, ok := e.lexicon.Lookup(stem); ok {
		return "", nil
	}
	if as, ok := e.speller.read[string(stem)]; ok {
		return as, nil
	}
	// A word that is one piece of the encoder's vocabulary is no misspelling, whatever the
	// collection contains.
	if len(e.Encoder.Tokenizer.Append(e.tokens[:0], typed, 2)) > 1 {
		if as, err = e.nearest(stem, typed); err != nil {
			return "", err
		}
	}
	if e.speller.read == nil || len(e.speller.read) >= remembered {
		e.speller.read = map[string]string{}
	}
	e.speller.read[string(stem)] = as
	return as, nil
}

// nearest returns the word of the collection that is nearest to a misspelt one, "" where none is
// near. The collection's words are known by their stems, which endings make unlike: that of
// "captial" is as it stands, and that of "capital" is "capit". So the whole words of the encoder's
// vocabulary that the collection has come first, the most frequent first; then the stems, among
// which are the names.
func (e *Engine) nearest(stem []byte, typed string) (as string, err error) {
	n := &e.speller.nearest
	var known, of []byte // a whole word; the stem of as
	cost := 0
	if n.Seek([]byte(strings.ToLower(typed))) {
		for id := range int32(e.Encoder.Tokenizer.Size()) {
			piece := e.Encoder.Tokenizer.Piece(id)
			known = append(known[:0], piece...)
			if !spelling.IsWord(known) || !n.May(known) {
				continue
			}
			e.surfaces.Each(piece, func(stem []byte, _, _ int) {
				if _, ok := e.lexicon.Lookup(stem); ok && n.Offer(known, -int(id)) {
					of = append(of[:0], stem...)
				}
			})
		}
		as, cost = string(n.Found()), n.Cost()
	}
	if n.Seek(stem) {
		e.lexicon.EachWord(func(known []byte, term uint32) { n.Offer(known, e.lexicon.DF(term)) })
		if found := n.Found(); found != nil && (as == "" || n.Cost() < cost) {
			if as, err = e.surface(found, typed); err != nil {
				return "", err
			}
			if max(len(as)-len(typed), len(typed)-len(as)) > 2 {
				as = "" // the stems are near, but the words are not
			}
			return as, nil
		}
	}
	if as == "" {
		return "", nil
	}
	written, err := e.surface(of, as)
	if err == nil && strings.EqualFold(written, as) {
		as = written // a name has its capital
	}
	return as, err
}

// surface returns a word of that stem as it stands in the first passages that contain it. Of
// several forms, "Napoleon" and "Napoleonic", it takes word itself, in small letters where it
// stands so, or else the one whose length is nearest to it.
func (e *Engine) surface(stem []byte, word string) (as string, err error) {
	term, _ := e.lexicon.Lookup(stem)
	off := func(s string) int {
		switch {
		case s == word:
			return -2
		case strings.EqualFold(s, word):
			return -1
		}
		return max(len(s)-len(word), len(word)-len(s))
	}
	docs, err := e.Source.Holding(term, 20)
	if err == nil {
		err = e.Source.Bring(docs)
	}
	if err != nil {
		return "", err
	}
	for _, doc := range docs {
		p := e.Source.Passage(doc)
		for _, text := range [2]string{p.Text, p.Title} {
			e.surfaces.Each(text, func(w []byte, start, end int) {
				if string(w) == string(stem) && (as == "" || off(text[start:end]) < off(as)) {
					as = text[start:end]
				}
			})
		}
	}
	return as, nil
}

// respelt lowers the weight of exact words that replaced others.
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
