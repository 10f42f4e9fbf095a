package answer

import (
	"strings"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sentence"
)

// Some of what a question asks for is read by words, too, because the encoders confuse it: a place among
// the largest, the longest and so on (superlative.go); nothing but what has a name, "what is poetry?", for
// which an article on prose poetry scores as high; and, of less weight, what the question names. The best
// hits are put in order anew by what a rule says of their passages. The rules are in English alone.

const (
	// ruled is how many of the best hits are compared, where the question asks for a place or a name.
	ruled = 20
	// ruleWeight is what a passage gains of which the rule says 1, beside one of which it says 0. One of
	// which it says -1 loses as much. Chosen by the questions of our conversations that ask for a place,
	// test left out.
	ruleWeight = 4
	// ruleRelevance is the same to the reader, in its logits.
	ruleRelevance = 1.5

	surname   = 0.5  // for a title that ends with the name: "Pablo Picasso"
	namedPart = 0.25 // for a title that the question has; chosen by the rewrites of all splits but test
)

// A rule says how well passages fit what a question asks for.
type rule struct {
	place placeAsked
	of    ruleKind
	name  string // what the question asks for alone, as bareName has it
	words string // the question's words, as wordsOf has them, where it is read alone
}

type ruleKind int

const (
	ruleNamed ruleKind = iota
	ruleName
	rulePlace
)

// ruleFor returns the rule for a question. alone says that it is read without what was said before.
func (e *Engine) ruleFor(question string, alone bool) rule {
	var r rule
	if alone { // a follow-up often names something else than the subject that answers
		r.words = e.wordsOf(question)
	}
	if a, ok := asksRank(question); ok {
		r.place, r.of = a, rulePlace
	} else if name := asksWhatIs(question, alone); name != "" {
		r.name, r.of = name, ruleName
	}
	return r
}

// depth returns how many hits the rule compares.
func (r *rule) depth() int {
	if r.of == ruleNamed {
		return defaultK // whose titles are there for other reasons
	}
	return ruled
}

// says returns, from -1 to 1, how well a passage fits.
func (e *Engine) says(r *rule, p passages.Passage) float32 {
	title, _, _ := strings.Cut(p.Title, " (")
	switch r.of {
	case rulePlace:
		return r.place.ranked(p.Text, sentence.Split(p.Text))
	case ruleName:
		switch name := bareName(split(strings.ToLower(title))); {
		case name == r.name:
			return 1
		case strings.HasSuffix(name, " "+r.name):
			return surname
		}
	}
	title, _, _ = strings.Cut(title, ":") // "Brazil: demographics"
	if words := e.wordsOf(title); len(words) > 1 && strings.Contains(r.words, words) {
		return namedPart
	}
	return 0
}

// placeShare is what a sentence gains that names the place asked for, as a share of the best sentence's
// score: of the two that tell of a country's cities, the one that lists the largest.
const placeShare = 0.5

// weighPlace adds this to the scores of a text's sentences.
func (r *rule) weighPlace(scores []float32, text string, spans []sentence.Span) {
	if r.of != rulePlace {
		return
	}
	var best float32
	for _, s := range scores {
		best = max(best, s)
	}
	for i := range scores {
		if i < len(spans) && r.place.ranked(text, spans[i:i+1]) == 1 {
			scores[i] += placeShare * best
		}
	}
}

// wordsOf returns the stems of a text's words, each with a blank before it and one after the last.
func (e *Engine) wordsOf(text string) string {
	if len(text) > longest {
		return ""
	}
	b := []byte{' '}
	e.words.Each(text, func(stem []byte, _, _ int) { b = append(append(b, stem...), ' ') })
	return string(b)
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
// added is never negative, so that they stay before all others; the least is 0.
func (e *Engine) heed(f *found, r *rule) error {
	hits := f.hits[:min(len(f.hits), r.depth())]
	if err := e.bring(hits); err != nil {
		return err
	}
	says := make([]float32, len(f.hits))
	f.least = 1
	same := true
	for i := range hits {
		says[i] = e.says(r, e.Source.Passage(hits[i].Doc))
		f.least = min(f.least, says[i])
		same = same && says[i] == says[0]
	}
	if same {
		return nil
	}
	f.rules = says
	for i := range hits {
		f.rules[i] = ruleWeight * (says[i] - f.least)
		hits[i].Score += f.rules[i]
		for j := i; j > 0 && comesBefore(hits[j], hits[j-1]); j-- { // insertion: they are few
			hits[j], hits[j-1] = hits[j-1], hits[j]
			f.rules[j], f.rules[j-1] = f.rules[j-1], f.rules[j]
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
