package answer

import (
	"strings"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sentence"
)

// Two kinds of questions are read by words, too, because the encoders confuse what they ask for: those
// for a place among the largest, the longest and so on (superlative.go), and those that ask for nothing
// but what has a name, "what is poetry?", for which an article on prose poetry scores as high. The best
// hits are put in order anew by what a rule says of their passages. The rules are in English alone.

const (
	// ruled is how many of the best hits are compared.
	ruled = 20
	// ruleWeight is what a passage gains of which the rule says 1, beside one of which it says 0. One of
	// which it says -1 loses as much; no part is negative, since all get this much more. Chosen by the
	// questions of our conversations that ask for a place, test left out.
	ruleWeight = 4
	// ruleRelevance is the same to the reader, in its logits.
	ruleRelevance = 1.5
)

// A rule says, from -1 to 1, how well a passage fits what a question asks for.
type rule func(p passages.Passage) float32

// ruleFor returns the rule for a question, or nil. alone says that it is read without what was said before.
func ruleFor(question string, alone bool) rule {
	if a, ok := asksRank(question); ok {
		return func(p passages.Passage) float32 { return a.ranked(p.Text, sentence.Split(p.Text)) }
	}
	if name := asksWhatIs(question, alone); name != "" {
		return func(p passages.Passage) float32 {
			title, _, _ := strings.Cut(p.Title, " (")
			if bareName(split(strings.ToLower(title))) == name {
				return 1
			}
			return 0
		}
	}
	return nil
}

// asksWhatIs returns the name of what a question asks about, where it asks for nothing else, as bareName
// has it; "" where it asks for more. Without the words that ask, it does so only alone: after another
// question, "Iceland" asks for the same of Iceland.
func asksWhatIs(question string, alone bool) string {
	if len(question) > longest {
		return ""
	}
	words := split(strings.ToLower(question))
	is := func(i int) bool { return i < len(words) && in(" is are was were s ", words[i]) }
	switch {
	case len(words) == 0:
		return ""
	case in(" what who whats ", words[0]) && is(1):
		words = words[2:]
	case words[0] == "whats" || in(" define explain ", words[0]):
		words = words[1:]
	case words[0] == "tell" && len(words) > 2 && words[1] == "me" && words[2] == "about":
		words = words[3:]
	case !alone:
		return ""
	}
	return bareName(words)
}

// bareName joins the words of a name, without an article before them, and as stem cuts the last.
func bareName(words []string) string {
	if len(words) > 0 && in(" the a an ", words[0]) {
		words = words[1:]
	}
	return stem(strings.Join(words, " "))
}

// heed adds to the first hits what a rule says of their passages, and puts these in order anew. What is
// added is never negative, so that they stay before all others. Where the rule says nothing of any
// passage, nothing is added.
func (e *Engine) heed(f *found, r rule) error {
	hits := f.hits[:min(len(f.hits), ruled)]
	if err := e.bring(hits); err != nil {
		return err
	}
	parts, says := make([]float32, len(f.hits)), false
	for i := range hits {
		n := r(e.Source.Passage(hits[i].Doc))
		parts[i], says = ruleWeight*(1+n), says || n != 0
	}
	if !says {
		return nil
	}
	f.rules = parts
	for i := range hits {
		hits[i].Score += parts[i]
		for j := i; j > 0 && comesBefore(hits[j], hits[j-1]); j-- { // insertion: they are few
			hits[j], hits[j-1] = hits[j-1], hits[j]
			parts[j], parts[j-1] = parts[j-1], parts[j]
			if f.parts != nil {
				f.parts[j], f.parts[j-1] = f.parts[j-1], f.parts[j]
			}
		}
	}
	return nil
}

// comesBefore reports whether a hit comes before another: by score, of equal ones by document number.
func comesBefore(a, b index.Hit) bool {
	return a.Score > b.Score || a.Score == b.Score && a.Doc < b.Doc
}
