// Package answer answers a conversation's last question. It is the only path from turns to results:
// the page's worker, the terminal and the tests all use it.
//
//	turns -> conversation.Input -> sparse vector -> hits -> message.Answer
//
// With a dense stage (dense.go), the turns also become a dense vector, unless the sparse stage is
// sure of its hits (sure.go); the hits are then those of both stages. A reader (reader.go) then reads
// the first of them together with the question.
package answer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parley/shared/conversation"
	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/query"
	"parley/shared/quote"
	"parley/shared/sentence"
	"parley/shared/sparse"
	"parley/shared/wordpiece"
	"parley/shared/words"
)

// An Engine answers questions with one encoder over one collection. It serves one goroutine at a
// time; its parts may be shared by many engines.
type Engine struct {
	Encoder *encoder.Encoder
	Source  Source
	// What New was given; nil where another source answers.
	Index    *index.Index
	Passages *passages.Store
	// The dense stage, or nil; both are set by SetDense.
	Dense   *encoder.Sentence
	Vectors *dense.Vectors
	Reader  *encoder.Reader // the third stage, or nil; set by SetReader

	lexicon  *index.Lexicon // the source's
	second   *second
	third    *third
	query    *query.Reader
	docs     []uint32            // that are brought
	turns    []conversation.Turn // that the dense stage reads
	recent   []conversation.Turn // that the sparse stage reads
	parts    []float32           // by term, what it adds to a result's score; all zero between results
	least    float32             // a word is marked where its part is at least this
	tokens   []wordpiece.Token
	words    words.Reader
	surfaces words.Reader // valid during a visit of words
	speller  speller
	reading  sentences
	lights   []float32 // by token of a question: see answerFeatures
}

// New returns an engine of an encoder and of a collection in this program. It returns an
// error where the parts do not belong together.
func New(e *encoder.Encoder, x *index.Index, p *passages.Store) (*Engine, error) {
	source, err := Local(x, p)
	if err != nil {
		return nil, err
	}
	engine, err := Over(e, source)
	if err != nil {
		return nil, err
	}
	engine.Index, engine.Passages = x, p
	return engine, nil
}

// Over returns an engine of an encoder over a source. It returns an error where the two do
// not belong together.
func Over(e *encoder.Encoder, s Source) (*Engine, error) {
	x := s.Lexicon()
	if e.Vocab() != x.Vocab() {
		return nil, fmt.Errorf("answer: the encoder's vocabulary has %d terms, the index's %d; they must come from the same model", e.Vocab(), x.Vocab())
	}
	return &Engine{Encoder: e, Source: s, lexicon: x}, nil
}

// The limits of Ask.K. 0 stands for defaultK; a value outside the limits becomes the nearer
// limit.
const (
	defaultK = 10
	maxK     = 100
)

// maxTokens is the number of a passage's tokens that are searched for words to mark. Passages are
// normally far shorter.
const maxTokens = 4096

// ErrNoQuestion is returned where the question has no text that the encoder can read.
var ErrNoQuestion = errors.New("the question is empty: it holds no letter, digit or sign that the encoder reads")

// found is the engine's result for a question, before it becomes a message.Answer.
type found struct {
	query.Query // valid until the next question
	hits        []index.Hit
	turns       []message.Turn // as they were read, misspelt words replaced
	spelled     []respelling
	stage       string
	ranking     []float32 // the features of the sparse stage's ranking
	sure        float32
	parts       []float32 // the dense stage's part of each hit's score, where it answered
	rule        rule
	says        []float32 // what it says of each hit, where it tells passages apart
	rules       []float32 // what it adds to each hit's score then
	read        []readHit // of the first hits, where the reader answered

	cost                            index.Cost
	encoding, search, second, third time.Duration
}

// find reads the conversation, encodes it and searches.
func (e *Engine) find(ask message.Ask) (found, error) {
	k := ask.K
	if k == 0 {
		k = defaultK
	}
	return e.rank(ask, min(max(k, 1), maxK))
}

// read builds the vector that is searched for: it corrects the spelling, encodes the conversation
// and multiplies the weights of terms as ask says.
func (e *Engine) read(ask message.Ask) (f found, err error) {
	if len(ask.Turns) == 0 {
		return f, ErrNoQuestion
	}
	how, ok := map[string]query.Reading{"": query.Decide, message.ReadAlone: query.Alone, message.ReadTogether: query.Together}[ask.Read]
	if !ok {
		return f, fmt.Errorf(`the question is to be read %q; wanted %q, %q, or "" to let the encoder decide`, ask.Read, message.ReadAlone, message.ReadTogether)
	}
	if e.query == nil {
		e.query = query.NewReader(e.Encoder, e.lexicon.Lookup)
		e.parts = make([]float32, e.Encoder.Vocab()+e.lexicon.Words())
	}

	newest := len(ask.Turns) - 1
	e.turns, e.recent = e.turns[:0], e.recent[:0]
	if f.turns, f.spelled, err = e.spell(ask.Turns, how == query.Decide && !ask.NoRules); err != nil {
		return f, err
	}
	for _, t := range f.turns {
		e.turns = append(e.turns, conversation.Turn{Question: t.Question, Reply: t.Reply})
	}
	e.recent = append(e.recent, e.turns...)
	clear(e.recent[:begun(ask.Turns)]) // the remaining turns keep their numbers
	if f.completed(newest) {
		clear(e.turns[:newest])
		clear(e.recent[:newest])
	}
	f.Query, err = e.query.Read(e.recent, how)
	if err != nil {
		return f, err
	}
	if !slices.ContainsFunc(f.Input.From, func(o conversation.Origin) bool {
		return o.Turn == newest && o.Side == conversation.Question
	}) {
		return f, ErrNoQuestion
	}
	f.respelt()
	if len(ask.Weights) > 0 {
		e.weigh(&f.Query, ask.Weights)
	}
	return f, nil
}

// forget keeps no text of a conversation.
func (e *Engine) forget() {
	clear(e.turns)
	clear(e.recent)
}

// rank is find for the k best hits, whatever ask.Results says.
func (e *Engine) rank(ask message.Ask, k int) (f found, err error) {
	start := time.Now()
	f, err = e.read(ask)
	defer e.forget()
	if err != nil {
		return f, err
	}
	encoded := time.Now()
	f.encoding = encoded.Sub(start)
	many := k                                                // hits to find
	rules := !ask.NoRules && ask.Stage != message.StageDense // cosines alone are shown as they are
	if rules {
		f.rule = e.ruleFor(e.turns[len(e.turns)-1].Question, f.Alone || len(e.turns) == 1, len(ask.Weights) > 0)
		many = max(many, f.rule.depth())
		if len(f.rule.spans) > 0 { // one of them may be a title
			many = max(many, ruled)
		}
	}
	depth := max(many, defaultK) // features need ten hits
	if e.Dense != nil {
		depth = max(many, candidates)
	}
	all, cost, err := e.Source.Search(f.Vector, depth)
	if err != nil {
		return f, err
	}
	f.hits, f.cost = all, cost
	f.search = time.Since(encoded)
	if err := e.findTitle(&f); err != nil {
		return f, err
	}
	if e.Dense != nil {
		f.hits = all[:min(candidates, len(all))]
	}
	if !ask.Brief || e.Dense != nil {
		if err := e.bringTitles(f.hits); err != nil {
			return f, err
		}
		f.ranking = e.features(&f)
	}
	if e.Dense != nil {
		f.sure = Sure(f.ranking)
		told, err := e.tellsFact(&f.rule, all)
		if err != nil {
			return f, err
		}
		if told != nil {
			f.sure = certain
		}
	}
	if f.stage, err = e.stage(ask.Stage, f.sure); err != nil {
		return f, err
	}
	switch f.stage {
	case message.StageRead:
		err = e.search2(&f, e.turns, max(many, e.Reader.Results))
	case message.StageDense, message.StageBoth:
		err = e.search2(&f, e.turns, many)
	default:
		f.hits = all
	}
	if err == nil && rules {
		err = e.heed(&f)
	}
	if err == nil && f.stage == message.StageRead {
		err = e.search3(&f, e.turns)
	}
	if err != nil {
		return f, err
	}
	f.hits = f.hits[:min(k, len(f.hits))]
	f.read = f.read[:min(k, len(f.read))]
	return f, e.bring(f.hits)
}

// bring sees to it that the source knows what it found.
func (e *Engine) bring(hits []index.Hit) error {
	e.docs = e.docs[:0]
	for _, h := range hits {
		e.docs = append(e.docs, h.Doc)
	}
	return e.Source.Bring(e.docs)
}

// bringTitles brings what features reads: the ten best hits and, where all of these have one
// title, the others, among which the first of another title is.
func (e *Engine) bringTitles(hits []index.Hit) error {
	few := hits[:min(len(hits), defaultK)]
	if err := e.bring(few); err != nil || len(few) == len(hits) {
		return err
	}
	title := e.Source.Passage(few[0].Doc).Title
	for _, h := range few[1:] {
		if e.Source.Passage(h.Doc).Title != title {
			return nil
		}
	}
	return e.bring(hits)
}

// weigh multiplies the weights of the terms that by names, and removes those that become 0.
func (e *Engine) weigh(q *query.Query, by []message.Weight) {
	n, learned := 0, 0
	for i, t := range q.Vector.Terms {
		w, word := q.Vector.Weights[i], i >= q.Learned
		for _, b := range by {
			if b.Word == word && e.names(b, t, q.Won[i], q) {
				w = float32(w * max(b.Factor, 0))
			}
		}
		if w > 0 {
			q.Vector.Terms[n], q.Vector.Weights[n], q.Won[n] = t, w, q.Won[i]
			if n++; !word {
				learned++
			}
		}
	}
	q.Vector = sparse.Vector{Terms: q.Vector.Terms[:n], Weights: q.Vector.Weights[:n]}
	q.Won, q.Learned = q.Won[:n], learned
}

// names reports whether b names this term, which the token won won.
func (e *Engine) names(b message.Weight, term uint32, won int32, q *query.Query) bool {
	if !b.Word {
		return b.Text == e.Encoder.Tokenizer.Piece(int32(term))
	}
	same := false
	e.words.Each(b.Text, func(stem []byte, _, _ int) { same = same || string(stem) == string(q.Words.Stem(int(won))) })
	return same
}

// Ask answers the last turn's question in the light of the turns before it.
func (e *Engine) Ask(ask message.Ask) (message.Answer, error) {
	f, err := e.find(ask)
	if err != nil {
		return message.Answer{}, err
	}
	// If making the answer panics, the next answer must not see these weights.
	defer func() {
		for _, t := range f.Vector.Terms {
			e.parts[t] = 0
		}
	}()
	terms, place := e.terms(f, f.turns, ask.Explain)
	a := message.Answer{
		Terms:   terms,
		Results: make([]message.Result, len(f.hits)),
		Tokens:  len(f.Input.IDs),
		Dropped: f.Input.Dropped,
		Cut:     f.Input.Cut,
		Alone:   f.Alone,
		Read:    e.turnsRead(&f),
		Stage:   f.stage,
		Sure:    f.sure,
		Cost: message.Cost{
			DenseMS:  milliseconds(f.second),
			ReaderMS: milliseconds(f.third),
			EncodeMS: milliseconds(f.encoding),
			SearchMS: milliseconds(f.search),
			Lists:    f.cost.Lists,
			Postings: f.cost.Postings,
		},
	}
	newest := len(ask.Turns) - 1
	for _, r := range f.spelled {
		if r.turn == newest {
			a.Spelling = append(a.Spelling, r.Spelling)
		}
	}
	a.Completed = f.completed(newest)
	said := make([]string, newest)
	for i, t := range ask.Turns[:newest] {
		if !strings.EqualFold(strings.TrimSpace(t.Question), strings.TrimSpace(ask.Turns[newest].Question)) { // asked again, it is answered as before
			said[i] = t.Reply
		}
	}
	e.reading.ask(&f, newest)
	e.reading.took = 0
	question := f.turns[newest].Question
	figure, date := wants(question)
	for i, h := range f.hits {
		if ask.Brief {
			p := e.Source.Passage(h.Doc)
			a.Results[i] = message.Result{Doc: h.Doc, ID: p.ID, Title: p.Title, Page: p.Page, Collection: p.Collection, Score: h.Score}
		} else {
			var read *readHit
			if i < len(f.read) {
				read = &f.read[i]
			}
			r, err := e.result(&f, h, said, i < replyDepth, read)
			if err != nil {
				return message.Answer{}, err
			}
			if i == 0 {
				a.Answers = Answers(e.answerFeatures(&f, question, newest), f.stage)
				if f.factFirst() {
					a.Answers = certain
				}
				a.Doubt = e.doubt(question, r.Title, a.Answers, f.stage)
			}
			r.NoFigure = figure && !gives(r.Text[r.Quote[0]:r.Quote[1]], date)
			a.Results[i] = r
		}
		if f.stage != message.StageSparse {
			a.Results[i].Dense = f.parts[i]
		}
		if f.rules != nil {
			a.Results[i].Rule = f.rules[i]
		}
		if i < len(f.read) {
			a.Results[i].Read = f.read[i].part
		}
		if ask.Explain {
			a.Results[i].Parts = []message.Part{}
			if f.stage != message.StageDense {
				a.Results[i].Parts = e.explain(f.Vector, h.Doc, place)
				if !ask.Brief {
					a.Results[i].Places = e.places(a.Results[i].Text, a.Results[i].Parts, place)
				}
			}
		}
	}
	a.Cost.ReadMS = milliseconds(e.reading.took)
	if !ask.Brief && (a.Doubt == "" || a.Doubt == message.DoubtUnsure) && len(f.hits) > 0 { // thanks open nothing
		a.Begins = e.begins(&f, question, newest)
	}
	if !ask.Brief && len(f.hits) == 0 {
		a.Doubt = smallTalk(question)
	}
	if !ask.Brief && a.Doubt == "" {
		a.Reply = reply(a.Results, said)
	}
	return a, nil
}

// turnsRead returns the turns of which a stage that answered read any text, oldest first.
func (e *Engine) turnsRead(f *found) []int {
	turns := []int{}
	add := func(from []conversation.Origin) {
		for _, o := range from {
			if o.Turn >= 0 && !slices.Contains(turns, o.Turn) {
				turns = append(turns, o.Turn)
			}
		}
	}
	add(f.Input.From)
	if f.stage != message.StageSparse {
		add(e.second.input.From)
	}
	slices.Sort(turns)
	return turns
}

// The reply is the best result's quote, unless the same sentence was a reply before, since
// repeating it tells nothing. Then the next result's quote is the reply, if that result is among
// the first replyDepth and scores nearly as high.
const (
	replyDepth = 3
	replyShare = 0.75
)

func reply(results []message.Result, said []string) int {
	for i, r := range results[:min(len(results), replyDepth)] {
		if r.Score < replyShare*results[0].Score {
			break
		}
		if !slices.Contains(said, strings.TrimSpace(r.Text[r.Quote[0]:r.Quote[1]])) {
			return i
		}
	}
	return 0
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// explain returns what each shared term adds to a document's score, largest first. place maps a
// term to its position in the answer's terms.
func (e *Engine) explain(query sparse.Vector, doc uint32, place map[uint32]int) []message.Part {
	parts := []message.Part{}
	for _, m := range e.Source.Explain(query, doc) {
		p := message.Part{Term: place[m.Term], Query: m.Query, Doc: m.Doc}
		parts = append(parts, p) // there are few, so they are inserted; a sort would add 3.9 kB, compressed, to the page
		i := len(parts) - 1
		for ; i > 0 && less(parts[i-1], p); i-- {
			parts[i] = parts[i-1]
		}
		parts[i] = p
	}
	return parts
}

// places returns where a result's text has the terms that it shares with the query.
// e.tokens are the pieces of text.
func (e *Engine) places(text string, parts []message.Part, place map[uint32]int) (places []message.Place) {
	shared := make(map[int]bool, len(parts))
	for _, p := range parts {
		shared[p.Term] = true
	}
	end := 0
	for _, t := range e.tokens {
		if n, ok := place[uint32(t.ID)]; ok && shared[n] {
			places = append(places, message.Place{Term: n, Start: t.Start, End: t.End})
		}
		end = t.End
	}
	if e.lexicon.Words() > 0 {
		e.words.Each(text[:end], func(stem []byte, start, end int) {
			t, ok := e.lexicon.Lookup(stem)
			if n, in := place[t]; ok && in && shared[n] {
				places = append(places, message.Place{Term: n, Start: start, End: end})
			}
		})
	}
	return places
}

// less reports whether a adds less to the score than b, or as much and comes from a later term.
func less(a, b message.Part) bool {
	x, y := a.Query*a.Doc, b.Query*b.Doc
	return x < y || x == y && a.Term > b.Term
}

// terms describes the query vector's terms, heaviest first, ties by number; with spans, also
// where the tokens that won them are. place maps each term to
// its position in the list.
func (e *Engine) terms(f found, turns []message.Turn, spans bool) (terms []message.Term, place map[uint32]int) {
	typed := make(map[int32]bool, len(f.Input.IDs))
	for i, id := range f.Input.IDs {
		if f.Input.From[i].Side != conversation.Marker {
			typed[id] = true
		}
	}
	// Weights are above zero, so their bits sort as the weights do. The search sorts uint64 keys
	// too; sorting another type would add 4 kB to the page.
	order := make([]uint64, len(f.Vector.Terms))
	for i, w := range f.Vector.Weights {
		order[i] = uint64(^math.Float32bits(w))<<32 | uint64(i)
	}
	slices.Sort(order)
	terms, place = make([]message.Term, len(order)), make(map[uint32]int, len(order))
	for n, key := range order {
		i := int(uint32(key))
		place[f.Vector.Terms[i]] = n
		id, from := int32(f.Vector.Terms[i]), f.Origin(i)
		t := message.Term{
			Weight: f.Vector.Weights[i],
			Turn:   from.Turn,
			Reply:  from.Side == conversation.Reply,
		}
		if t.Word = i >= f.Learned; t.Word {
			text := turns[from.Turn].Question
			if t.Reply {
				text = turns[from.Turn].Reply
			}
			t.Text, t.Typed = strings.ToLower(text[from.Start:from.End]), true
		} else {
			t.Text, t.Typed = e.Encoder.Tokenizer.Piece(id), typed[id]
		}
		if spans && from.Side != conversation.Marker {
			t.Start, t.End = from.Start, from.End
		}
		terms[n] = t
	}
	return terms, place
}

// result describes one hit of f. e.reading holds the question, said the replies so far. encode says
// whether the passage's sentences are encoded; read is what the reader says of it, or nil.
func (e *Engine) result(f *found, h index.Hit, said []string, encode bool, read *readHit) (message.Result, error) {
	p := e.Source.Passage(h.Doc)
	e.tokens = e.Encoder.Tokenizer.Append(e.tokens[:0], p.Text, maxTokens)
	var spans []sentence.Span
	var scores []float32
	if !encode {
		spans, scores = e.reading.glance(e.Encoder.Tokenizer, p, e.tokens)
	} else {
		var err error
		start := time.Now()
		spans, scores, err = e.reading.read(e.Encoder.Base(), p)
		e.reading.took += time.Since(start)
		if err != nil {
			return message.Result{}, err
		}
	}
	if read != nil {
		e.weighSentences(scores, read)
	}
	f.rule.weighPlace(scores, p.Text, spans)
	q := quote.Best(p.Text, spans, scores, said)
	matches := e.Source.Explain(f.Vector, h.Doc)
	e.least = 0
	for _, m := range matches {
		// A term that nearly every passage contains ("is", "and") does not tell one from another,
		// whatever it adds.
		if docs := e.lexicon.Docs(); docs < fewDocs || e.lexicon.DF(m.Term) <= docs/2 {
			e.parts[m.Term] = m.Score
			e.least = max(e.least, markShare*m.Score)
		}
	}
	marks := e.marks(p.Text)
	for _, m := range matches {
		e.parts[m.Term] = 0
	}
	return message.Result{
		Doc:   h.Doc,
		ID:    p.ID,
		Title: p.Title,
		Text:  p.Text,
		URL:   p.URL,
		Page:  p.Page,

		Collection: p.Collection,

		Score: h.Score,
		Quote: message.Span{q.Start, q.End},
		Marks: marks,
	}, nil
}

// fewDocs is the size of a collection below which it does not show which words are common.
const fewDocs = 20

// A word is marked where one of its pieces adds at least markShare of what the heaviest term adds
// to the score. Marking all the rest would cover a text with marks that tell nothing.
const markShare = 0.15

// marks returns the words of text that the score (e.parts) comes from: words that were matched as
// words, and words whose pieces were matched. e.tokens are the pieces of text. A word of several
// pieces needs at least half of them matched: "##s" alone marks nothing.
func (e *Engine) marks(text string) []message.Span {
	var exact []message.Span
	if e.lexicon.Words() > 0 && len(e.tokens) > 0 {
		e.words.Each(text[:e.tokens[len(e.tokens)-1].End], func(stem []byte, start, end int) {
			if t, ok := e.lexicon.Lookup(stem); ok && e.parts[t] > 0 && e.parts[t] >= e.least {
				exact = append(exact, message.Span{start, end})
			}
		})
	}
	marks := []message.Span{}
	add := func(m message.Span) {
		if n := len(marks); n > 0 && m[0] < marks[n-1][1] {
			marks[n-1] = message.Span{min(marks[n-1][0], m[0]), max(marks[n-1][1], m[1])}
			return
		}
		marks = append(marks, m)
	}
	for i := 0; i < len(e.tokens); {
		first := e.tokens[i]
		pieces, active, end := 0, 0, first.End
		for {
			if w := e.parts[e.tokens[i].ID]; w > 0 && w >= e.least {
				active++
			}
			pieces++
			end = max(end, e.tokens[i].End)
			i++
			if i == len(e.tokens) || !strings.HasPrefix(e.Encoder.Tokenizer.Piece(e.tokens[i].ID), "##") {
				break
			}
		}
		for len(exact) > 0 && exact[0][0] < end {
			add(exact[0])
			exact = exact[1:]
		}
		if 2*active >= pieces && isWord(text[first.Start:end]) {
			add(message.Span{first.Start, end})
		}
	}
	for _, m := range exact {
		add(m)
	}
	return marks
}

// isWord reports whether s begins with a letter or a digit: a full stop can be an active term, but
// marking it tells nothing.
func isWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}
