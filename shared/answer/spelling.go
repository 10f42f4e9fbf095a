package answer

import (
	"strings"

	"parley/shared/conversation"
	"parley/shared/message"
	"parley/shared/spelling"
)

// A word that no passage contains, that the encoder knows only in pieces, and that is no known word
// or name, is replaced by the nearest word of the collection, if one is near. The encoder would read
// only its pieces, and the exact words would not find it.

// respeltShare is the factor on the weight of a replaced word among the exact words: the word may
// have been meant as it was typed.
const respeltShare = 0.7

// A respelling is a word of a question that was replaced.
type respelling struct {
	turn       int
	start, end int  // byte range of the replacement, in the question as it is read
	meant      bool // the words are meant and only left out (fact.go)
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
// The slice turns stays as it is. Where complete is true, questions have what they leave to the
// questions before them, as far as completed knows.
func (e *Engine) spell(turns []message.Turn, complete bool) (read []message.Turn, done []respelling, err error) {
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
		replace := func(s stretch) {
			b.WriteString(t.Question[last:s.start])
			done = append(done, respelling{i, b.Len(), b.Len() + len(s.as), false, message.Spelling{Typed: t.Question[s.start:s.end], Read: s.as}})
			b.WriteString(s.as)
			last = s.end
		}
		short := shorthand(t.Question)
		e.words.Each(t.Question, func(stem []byte, start, end int) {
			for len(short) > 0 && short[0].start < end {
				replace(short[0])
				short = short[1:]
			}
			if start < last || err != nil { // a pair of characters overlaps the next
				return
			}
			typed := t.Question[start:end]
			var as string
			if as, err = e.respell(stem, typed, start > 0 && isCapital(typed)); as != "" {
				replace(stretch{start, end, as})
			}
		})
		for _, s := range short { // of words that are not searched for
			replace(s)
		}
		if err != nil {
			return read, done, err
		}
		write := func(question string) {
			if &read[0] == &turns[0] {
				read = append([]message.Turn(nil), turns...)
			}
			read[i].Question = question
		}
		if last > 0 {
			write(b.String() + t.Question[last:])
		}
		if !complete {
			continue
		}
		if as := completed(read[:i+1]); as != "" {
			for len(done) > 0 && done[len(done)-1].turn == i {
				done = done[:len(done)-1]
			}
			done = append(done, respelling{i, 0, len(as), true, message.Spelling{Typed: t.Question, Read: as}})
			write(as)
		}
	}
	return read, done, nil
}

// respell returns the replacement of a word, "" where the word stays. name says that it was typed
// as a name.
func (e *Engine) respell(stem []byte, typed string, name bool) (as string, err error) {
	term, held := e.lexicon.Lookup(stem)
	if held && e.lexicon.DF(term) > seldom {
		return "", nil
	}
	key := string(stem)
	if name || held {
		key = typed
	}
	if as, ok := e.speller.read[key]; ok {
		return as, nil
	}
	// A word that is one piece of the encoder's vocabulary is no misspelling, whatever the
	// collection contains.
	if len(e.Encoder.Tokenizer.Append(e.tokens[:0], typed, 2)) > 1 && !spelling.Known([]byte(strings.ToLower(typed))) {
		if held {
			as, err = e.unlike(stem, typed)
		} else {
			as, err = e.nearest(stem, typed, name)
		}
		if err != nil {
			return "", err
		}
	}
	if e.speller.read == nil || len(e.speller.read) >= remembered {
		e.speller.read = map[string]string{}
	}
	e.speller.read[key] = as
	return as, nil
}

// seldom is the number of passages up to which a word is looked at, whose stem they have.
const seldom = 2

// unlike returns what nearest does for a word whose stem the collection has from another word: that
// of "goverment" is "gover", and so is that of "governess".
func (e *Engine) unlike(stem []byte, typed string) (as string, err error) {
	as, _, _ = e.nearestPiece(typed, false)
	if as == "" { // before the passages are looked at: they may have to be fetched
		return "", nil
	}
	if other, err := e.surface(stem, typed); err != nil || strings.EqualFold(other, typed) {
		return "", err
	}
	return as, nil
}

func isCapital(word string) bool { return 'A' <= word[0] && word[0] <= 'Z' }

// longName is the number of letters from which a name is like another word by chance no more.
const longName = 9

// nearest returns the word that a misspelt one is read as, "" where none is near. Only a name, or a
// word that is all but the same, is read for a name: "Carrey" is not "carry".
func (e *Engine) nearest(stem []byte, typed string, name bool) (as string, err error) {
	as, cost, err := e.nearestWord(stem, typed, !name)
	if name && as != "" && !isCapital(as) && cost > 1 && len(typed) < longName {
		as = ""
	}
	return as, err
}

// nearestWord returns the word of the collection that is nearest to a misspelt one, and the cost; ""
// where none is near. far says that a common word may be farther away. The collection's words are
// known by their stems, which endings make unlike: that of "captial" is as it stands, and that of
// "capital" is "capit". So the whole words of the encoder's vocabulary that the collection has come
// first, the most frequent first; then the stems, among which are the names.
func (e *Engine) nearestWord(stem []byte, typed string, far bool) (as string, cost int, err error) {
	as, of, cost := e.nearestPiece(typed, far)
	n := &e.speller.nearest
	if n.Seek(stem, false) {
		e.lexicon.EachWord(func(known []byte, term uint32) { n.Offer(known, e.lexicon.DF(term)) })
		if found := n.Found(); found != nil && (as == "" || n.Cost() < cost) {
			if as, err = e.surface(found, typed); err != nil {
				return "", 0, err
			}
			if max(len(as)-len(typed), len(typed)-len(as)) > 2 {
				as = "" // the stems are near, but the words are not
			}
			return as, n.Cost(), nil
		}
	}
	if as == "" {
		return "", 0, nil
	}
	written, err := e.surface(of, as)
	if err == nil && strings.EqualFold(written, as) {
		as = written // a name has its capital
	}
	return as, cost, err
}

// nearestPiece returns the whole word of the encoder's vocabulary that is nearest to a misspelt one,
// of those that the collection has, its stem, and what it costs.
func (e *Engine) nearestPiece(typed string, far bool) (as string, of []byte, cost int) {
	n := &e.speller.nearest
	if !n.Seek([]byte(strings.ToLower(typed)), far) {
		return "", nil, 0
	}
	var known []byte
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
	return string(n.Found()), of, n.Cost()
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

// completed reports whether a turn's question was read with what it leaves to the turns before it, which need
// not be read then.
func (f *found) completed(turn int) bool {
	n := len(f.spelled)
	return n > 0 && f.spelled[n-1].meant && f.spelled[n-1].turn == turn
}

// respelt lowers the weight of exact words that replaced others.
func (f *found) respelt() {
	for i := f.Learned; i < len(f.Vector.Terms); i++ {
		o := f.Origin(i)
		for _, r := range f.spelled {
			if !r.meant && o.Side == conversation.Question && o.Turn == r.turn && o.Start < r.end && r.start < o.End {
				f.Vector.Weights[i] = float32(f.Vector.Weights[i] * respeltShare)
				break
			}
		}
	}
}
