// Package swap makes further training examples by changing what a conversation is about.
// It replaces what a rewrite takes from the history ("the Eiffel Tower" for "it") by
// another name, in the history and in the rewrite alike.
//
//	What is the Eiffel Tower? | When was it built?   ->  When was the Eiffel Tower built?
//	What is Kilimanjaro?      | When was it built?   ->  When was Kilimanjaro built?
//
// It does not matter whether the new question makes sense. A dense student learns the
// vector of the new rewrite, and so learns to copy what "it" stands for from the history,
// whatever that is.
package swap

import (
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/shared/conversation"
	"parley/shared/importers"
)

// Suffix ends the ids and the sources of examples that were made here.
const Suffix = "-swapped"

// Names is a list of names from which Swap draws.
type Names struct {
	list []string
	r    *rand.Rand
}

// NewNames returns the names in titles, in an order that depends on seed. It removes text
// in brackets, and drops titles that are not the name of a thing: those without a letter,
// and those longer than sixty bytes.
func NewNames(titles []string, seed int) *Names {
	n := &Names{r: rand.New(rand.NewPCG(uint64(seed), 0))}
	seen := map[string]bool{}
	for _, t := range titles {
		t, _, _ = strings.Cut(t, " (")
		t = strings.TrimSpace(t)
		if t == "" || len(t) > 60 || seen[t] || !strings.ContainsFunc(t, unicode.IsLetter) {
			continue
		}
		seen[t] = true
		n.list = append(n.list, t)
	}
	return n
}

// Len returns the number of names.
func (n *Names) Len() int { return len(n.list) }

// Swap returns the example with another name. It returns false if the example's rewrite
// takes no name from an earlier question.
func (n *Names) Swap(e *importers.Example) (importers.Example, bool) {
	old := Carried(e)
	if old == "" || len(n.list) == 0 {
		return importers.Example{}, false
	}
	name := n.list[n.r.IntN(len(n.list))]
	out := *e
	out.ID, out.Conversation, out.Positives = e.ID+Suffix, e.Conversation+Suffix, nil
	if e.Source != "" {
		out.Source += Suffix
	}
	// "Obama" alone means "Barack Obama", and is replaced by the new name, too.
	part := ""
	if words := strings.Fields(old); len(words) > 1 {
		if last := words[len(words)-1]; len(last) > 3 && isName(last) {
			part = last
		}
	}
	change := func(text string) string {
		text = replace(text, old, name)
		if part != "" {
			text = replace(text, part, name)
		}
		return text
	}
	out.History = make([]conversation.Turn, len(e.History))
	for i, t := range e.History {
		out.History[i] = conversation.Turn{Question: change(t.Question), Reply: change(t.Reply)}
	}
	out.Question = change(e.Question)
	out.Rewrite = change(e.Rewrite)
	return out, true
}

// Carried returns the longest run of words of the rewrite that an earlier question has and
// the newest one does not, and that begins and ends with a name: a word that begins with a
// capital letter or a digit within the rewrite. If there is none, it returns "".
func Carried(e *importers.Example) string {
	if len(e.History) == 0 || e.Rewrite == "" {
		return ""
	}
	var history strings.Builder
	for _, t := range e.History {
		history.WriteString(t.Question)
		history.WriteString("\n")
	}
	said, asked := strings.ToLower(history.String()), strings.ToLower(e.Question)
	at := spans(e.Rewrite)
	best := ""
	for i := range at {
		// The first word always begins with a capital, so that does not show whether it is
		// a name.
		if i == 0 || !isName(e.Rewrite[at[i][0]:at[i][1]]) {
			continue
		}
		for j := i; j < len(at) && j < i+8; j++ {
			if !isName(e.Rewrite[at[j][0]:at[j][1]]) {
				continue
			}
			run := e.Rewrite[at[i][0]:at[j][1]]
			low := strings.ToLower(run)
			if len(run) > len(best) && find(said, low, 0) >= 0 && find(asked, low, 0) < 0 {
				best = run
			}
		}
	}
	if len(best) < 3 {
		return ""
	}
	return best
}

func isName(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(r) || unicode.IsDigit(r)
}

// spans returns the words of text: letters, digits, and what is between two of them
// without white space. A possessive "'s" is not part of a word.
func spans(text string) [][2]int {
	var out [][2]int
	start := -1
	end := 0
	flush := func() {
		if start >= 0 {
			if s, ok := strings.CutSuffix(text[start:end], "'s"); ok {
				end = start + len(s)
			} else if s, ok := strings.CutSuffix(text[start:end], "’s"); ok {
				end = start + len(s)
			}
			out = append(out, [2]int{start, end})
		}
		start = -1
	}
	for i, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if start < 0 {
				start = i
			}
			end = i + utf8.RuneLen(r)
		case unicode.IsSpace(r):
			flush()
		}
	}
	flush()
	return out
}

// find returns the first place of words in text, at from or later, that does not begin or
// end inside a word, or -1.
func find(text, words string, from int) int {
	for from <= len(text) {
		i := strings.Index(text[from:], words)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(words):])
		if !inWord(before) && !inWord(after) {
			return i
		}
		from = i + len(words)
	}
	return -1
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// replace replaces words in text, whatever their case, by by.
func replace(text, words, by string) string {
	low, old := strings.ToLower(text), strings.ToLower(words)
	if len(low) != len(text) { // a letter's lower case has another length
		return text
	}
	var out strings.Builder
	from := 0
	for {
		i := find(low, old, from)
		if i < 0 {
			break
		}
		out.WriteString(text[from:i])
		out.WriteString(by)
		from = i + len(old)
	}
	out.WriteString(text[from:])
	return out.String()
}
