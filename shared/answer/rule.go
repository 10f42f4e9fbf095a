package answer

import (
	"slices"
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
	// factual is the same where it asks for a fact: the passages about other countries are as good to the
	// encoders, and there are many.
	factual = 100
	// ruleWeight is what a passage gains of which the rule says 1, beside one of which it says 0. One of
	// which it says -1 loses as much. Chosen by our conversations, test left out (RATIONALE.md).
	ruleWeight = 6
	// factWeight is the same where it asks for a fact and a country, and for nothing else: then no other passage is meant.
	factWeight = 10
	// titleWeight is the same where it asks something of a title, and has no other word of meaning.
	titleWeight = 12
	// ruleRelevance is the same to the reader, in its logits.
	ruleRelevance = 1.5

	surname   = 0.5  // for a title that ends with the name: "Pablo Picasso"; half of that where the name is a title
	namedPart = 0.25 // for a title that the question has; chosen by the rewrites of all splits but test
)

// A rule says how well passages fit what a question asks for: by the fact that it asks for, where one of the
// passages tells that, or else by the place, or by what the question names. The zero rule says nothing.
type rule struct {
	fact   factAsked
	place  placeAsked
	name   string // what the question asks for alone or asks something of, as bareName has it
	or     string // another reading of name
	spans  []span // what may be a title of which the question asks something
	title  bool   // name is one, of the passage titled among others
	titled uint32
	words  string // the question's words, as wordsOf has them, where it is read alone
}

// asksPlace reports whether the rule is about a place.
func (r *rule) asksPlace() bool { return r.place.of != "" }

// ruleFor returns the rule for a question. alone says that it is read without what was said before, and off
// that terms of it are switched off: then the rest is to answer, and a name would bring these back.
func (e *Engine) ruleFor(question string, alone, off bool) rule {
	var r rule
	alone = alone && !off
	asked := asksFact(question)
	if asked.sure() && !off {
		r.fact = asked
	}
	var ok bool
	if r.place, ok = asksRank(question); ok {
		return r
	}
	r.place = placeAsked{}
	if alone {
		r.name, r.or = asked.subject()
		r.spans = askedOf(question)
	}
	if r.name == "" && r.or == "" {
		r.name = asksWhatIs(question, alone)
	}
	if alone { // a follow-up often names something else than the subject that answers
		r.words = e.wordsOf(question)
	}
	return r
}

// depth returns how many hits the rule compares.
func (r *rule) depth() int {
	switch {
	case r.fact.fact != nil:
		return factual
	case r.asksPlace() || r.name != "" || r.or != "":
		return ruled
	case r.words != "":
		return defaultK // whose titles are there for other reasons
	}
	return 0
}

// says returns, from -1 to 1, how well a passage fits.
func (e *Engine) says(r *rule, p passages.Passage) float32 {
	if r.asksPlace() {
		return r.place.ranked(p.Text, sentence.Split(p.Text))
	}
	name := nameOf(p.Title)
	for _, asked := range [...]string{r.name, r.or} {
		switch {
		case asked == "":
		case name == asked:
			return 1
		case strings.HasSuffix(name, " "+asked) && r.title:
			return surname / 2
		case strings.HasSuffix(name, " "+asked):
			return surname
		}
	}
	if r.words == "" {
		return 0
	}
	if words := e.wordsOf(aboutOf(p.Title)); len(words) > 1 && strings.Contains(r.words, words) {
		return namedPart
	}
	return 0
}

// placeShare is what a sentence gains that names the place or tells the fact asked for, as a share of the best sentence's
// score: of the two that tell of a country's cities, the one that lists the largest.
const placeShare = 0.5

// weighPlace adds this to the scores of a text's sentences.
func (r *rule) weighPlace(scores []float32, text string, spans []sentence.Span) {
	if !r.asksPlace() && r.fact.fact == nil {
		return
	}
	var best float32
	for _, s := range scores {
		best = max(best, s)
	}
	for i := range scores {
		if i < len(spans) && (r.fact.told(text, spans[i]) || r.fact.fact == nil && r.place.ranked(text, spans[i:i+1]) == 1) {
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

// nameOf returns what a title names, as bareName has it: without what tells it from others of its name.
func nameOf(title string) string {
	title, _, _ = strings.Cut(title, " (")
	return bareName(split(strings.ToLower(title)))
}

// aboutOf returns what a passage with this title is about: Brazil, of "Brazil: demographics" and of "Brazil (country)".
func aboutOf(title string) string {
	title, _, _ = strings.Cut(title, ":")
	title, _, _ = strings.Cut(title, " (")
	return title
}

// A span is words of a question, as bareName has them, and their number.
type span struct {
	name string
	n    int
}

// askedOf returns what may be the title of which a question asks something: all stretches that have all of
// its words of meaning. "How long did the cold war last?" may ask of "cold war".
func askedOf(question string) (spans []span) {
	words := split(strings.ToLower(question))
	if len(question) > longest || len(words) > most || personal(words) || hasAny(words, pointing) {
		return nil
	}
	who := hasAny(words, " who whose whom ")
	before := make([]int, len(words)+1) // the words of meaning before each word
	for i, w := range words {
		before[i+1] = before[i]
		asks := in(asides, w) || in(askings, w) || in(happenings, w)
		if who {
			asks = in(asides, w) || in(whoDid, w)
		}
		if !asks || numeral(words, i) {
			before[i+1]++
		}
	}
	for i := range words {
		for n := 1; i+n <= len(words); n++ {
			if of := before[i+n] - before[i]; of > 0 && of == before[len(words)] && !in(" the a an ", words[i]) {
				spans = append(spans, span{bareName(words[i : i+n]), n})
			}
		}
	}
	return spans
}

// findTitle sees whether the question asks something of a title: of any of the collection's, where the source
// has them at hand, or of one of the first hits'. The longest counts.
func (e *Engine) findTitle(f *found) error {
	r := &f.rule
	if len(r.spans) == 0 || r.asksPlace() || r.fact.fact != nil {
		return nil
	}
	best := 0
	look := func(doc uint32, title string) {
		bare := withoutArticle(title)
		for i := range r.spans {
			s := &r.spans[i]
			if s.n >= best && beginsLike(bare, s.name) && nameOf(title) == s.name && (s.n > best || doc < r.titled) {
				r.name, r.or, r.title, r.titled, best = s.name, "", true, doc, s.n
			}
		}
	}
	if source, ok := e.Source.(titled); ok {
		for doc := range uint32(e.lexicon.Docs()) {
			look(doc, source.Title(doc))
		}
		return nil
	}
	few := f.hits[:min(len(f.hits), defaultK)] // whose titles are brought in any case
	if err := e.bring(few); err != nil {
		return err
	}
	for _, h := range few {
		look(h.Doc, e.Source.Passage(h.Doc).Title)
	}
	return nil
}

func withoutArticle(title string) string {
	if len(title) > 4 && (title[0] == 'T' || title[0] == 'A') {
		for _, article := range [...]string{"The ", "A ", "An "} {
			if strings.HasPrefix(title, article) {
				return title[len(article):]
			}
		}
	}
	return title
}

// beginsLike reports whether a title, without its article, may have this name, by its first letters. That
// rules out nearly all titles at once.
func beginsLike(title, name string) bool {
	for i := range min(3, len(title), len(name)) {
		a, b := title[i], name[i]
		if a|0x20 != b|0x20 {
			return !alphanumeric(a) || !alphanumeric(b) // nameOf says what the others are read as
		}
	}
	return true
}

// callTitled puts the passage of the title that is asked about among the hits that the rule compares, where
// none of these has that title: to the encoder, "World War I" is much like any other war.
func (e *Engine) callTitled(f *found) error {
	last := min(len(f.hits), f.rule.depth()) - 1
	source, ok := e.Source.(titled)
	if !ok || !f.rule.title || f.parts != nil || last < 0 {
		return nil
	}
	for _, h := range f.hits[:last+1] {
		if nameOf(source.Title(h.Doc)) == f.rule.name {
			return nil
		}
	}
	at := last + 1 // where it is
	for at < len(f.hits) && f.hits[at].Doc != f.rule.titled {
		at++
	}
	var score [1]float32
	if err := e.Source.Scores(score[:], f.Vector, []uint32{f.rule.titled}); err != nil {
		return err
	}
	if score[0]+titleWeight <= f.hits[last].Score { // then it would not come before what it displaces
		return nil
	}
	if at == len(f.hits) {
		f.hits = append(f.hits, index.Hit{})
	}
	copy(f.hits[last+1:at+1], f.hits[last:at])
	f.hits[last] = index.Hit{Doc: f.rule.titled, Score: score[0]}
	return nil
}

// heed adds to the first hits what f's rule says of their passages, and puts these in order anew. What is
// added is never negative, so that they stay before all others; the least is 0.
func (e *Engine) heed(f *found) error {
	says, err := e.tellsFact(&f.rule, f.hits)
	if err != nil {
		return err
	}
	if says == nil { // what else the question asks for says more
		f.rule.fact = factAsked{}
		if err := e.callTitled(f); err != nil {
			return err
		}
	}
	hits := f.hits[:min(len(f.hits), f.rule.depth())]
	if len(hits) == 0 {
		return nil
	}
	if says == nil {
		if err := e.bring(hits); err != nil {
			return err
		}
		says = make([]float32, len(hits))
		for i, h := range hits {
			says[i] = e.says(&f.rule, e.Source.Passage(h.Doc))
		}
	}
	least := slices.Min(says)
	if least == slices.Max(says) { // it tells none from another
		return nil
	}
	weight := float32(ruleWeight)
	switch {
	case f.rule.fact.fact != nil:
		weight = factWeight
	case f.rule.title:
		weight = titleWeight
	}
	f.says, f.rules = make([]float32, len(f.hits)), make([]float32, len(f.hits))
	copy(f.says, says)
	for i := range hits {
		f.rules[i] = weight * (says[i] - least)
		hits[i].Score += f.rules[i]
	}
	f.order(len(hits))
	return nil
}

// tellsFact returns what the rule says of the first hits by the fact that it asks for; nil if it asks for none,
// or if no hit tells it.
func (e *Engine) tellsFact(r *rule, hits []index.Hit) ([]float32, error) {
	if r.fact.fact == nil {
		return nil, nil
	}
	hits = hits[:min(len(hits), factual)]
	if err := e.bring(hits); err != nil {
		return nil, err
	}
	list := make([]passages.Passage, len(hits))
	for i, h := range hits {
		list[i] = e.Source.Passage(h.Doc)
	}
	return r.fact.fits(list), nil
}

// certain is the probability that a passage answers which tells the fact that a question asks for.
const certain = 0.99

// factFirst reports whether the first hit tells the fact that the question asks for.
func (f *found) factFirst() bool {
	return f.rule.fact.fact != nil && len(f.says) > 0 && f.says[0] == 1
}

// order puts the first n hits in order, by score, of equal ones by document number, and with them what is
// known of each.
func (f *found) order(n int) {
	for i := range n { // insertion: they are few, and a sort would make the page's program larger
		for j := i; j > 0 && comesBefore(f.hits[j], f.hits[j-1]); j-- {
			swap(f.hits, j)
			swap(f.parts, j)
			swap(f.says, j)
			swap(f.rules, j)
			swap(f.read, j)
		}
	}
}

// swap exchanges element i with the one before it, where the list has it.
func swap[T any](list []T, i int) {
	if i < len(list) {
		list[i], list[i-1] = list[i-1], list[i]
	}
}

func comesBefore(a, b index.Hit) bool {
	return a.Score > b.Score || a.Score == b.Score && a.Doc < b.Doc
}
