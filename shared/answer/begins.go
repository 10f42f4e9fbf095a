package answer

import (
	"strings"

	"parley/shared/conversation"
	"parley/shared/message"
)

// People talk about one thing, and then about another. "And how many people live there?" after
// questions about Kenya, and then one about Australia, asks about Australia; but an encoder that
// reads the whole conversation lights Kenya's terms, too. So a question that opens something new is
// marked (message.Turn.Begins), and later questions are read from there on.
//
// There are two signs. The topic head's z says that a question has little to do with those before
// it; and a question that refers to nothing, and names what its first result is about, is complete
// in itself. The dense stage reads all questions, and no replies, which mislead more: it loses by
// either sign (RATIONALE, "Why does a question hide what was said before it").

// beginsMargin is how far above Encoder.AloneBelow a question's z opens a topic. It was chosen among
// 0, 1 and 2.
const beginsMargin = 1

// begun returns the turn that the sparse stage begins to read at: the last before the newest that
// begins something, or 0.
func begun(turns []message.Turn) int {
	for i := len(turns) - 2; i > 0; i-- {
		if turns[i].Begins {
			return i
		}
	}
	return 0
}

// begins reports whether the newest question opens something new. Its first result has been found.
func (e *Engine) begins(f *found, question string, newest int) bool {
	// A question that was not judged is the first, or the reader said how it is to be read.
	return f.Judged && (f.Topic < e.Encoder.AloneBelow+beginsMargin || e.namesSubject(f, question, newest))
}

// Words that refer to what was said before, and words that join a question to it.
const (
	referringWords = " it its itself he him his himself she her hers herself they them their theirs there here that this these those one ones both latter former same such else other others another also too so then we us "
	joiningWords   = " and but or so "
)

// fewestWords is the length of the shortest question that can be complete in itself.
const fewestWords = 3

// complete reports whether a question refers to nothing that was said before it: it has no such
// word, and is not of the form "what about X?".
func complete(question string) bool {
	words := split(strings.ToLower(question))
	if len(words) < fewestWords || in(joiningWords, words[0]) || words[1] == "about" {
		return false
	}
	for _, w := range words {
		if in(referringWords, w) {
			return false
		}
	}
	return true
}

// namesSubject reports whether a question is complete, and has the rarest word of its first result's
// title. "Australia: government" is titled after Australia, and "Mercury (planet)" after Mercury.
func (e *Engine) namesSubject(f *found, question string, newest int) bool {
	if len(question) > longest || !complete(question) {
		return false
	}
	title, _, _ := strings.Cut(e.Source.Passage(f.hits[0].Doc).Title, ":")
	title, _, _ = strings.Cut(title, " (")
	named, rarest := false, float32(-1)
	e.words.Each(title, func(stem []byte, _, _ int) {
		idf := e.idf(0)
		if t, ok := e.lexicon.Lookup(stem); ok {
			idf = e.idf(e.lexicon.DF(t))
		}
		if idf <= rarest {
			return
		}
		named, rarest = false, idf
		for i, w := range f.Words.List {
			if w.Turn == newest && w.Side == conversation.Question && string(f.Words.Stem(i)) == string(stem) {
				named = true
			}
		}
	})
	return named
}
