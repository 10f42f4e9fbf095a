package candidates

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"parley/shared/conversation"
)

const (
	movedOn   = .3 // share of the conversations that begin with another subject
	twoBefore = .4 // share of those with two questions about the subject before, if there are
)

// A name is replaced only between such words: elsewhere it is often a part of another, as
// in "the Eiffel Tower elevators". An empty one is the question's beginning or end.
var (
	beforeNames = words("about after and around as at before by did do does during for from had has have in inside into is named near of on outside than through to under was were when where who why with")
	afterNames  = words("a after an and appear are as at based become began begin believe born build built but by called change come created cross defeat did die do does during end established fall fight first flow founded found from get go had happen has have hold in is join last lead leave lie live located lose made make marry mean move named occur of on open originate play produce publish rule run serve sign spend start take the to use was were when win with won work write")
)

func words(list string) map[string]bool {
	set := map[string]bool{"": true}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// Followed makes conversations of questions with short answers that name what their
// relevant passage is about, at most most of them (0: no limit). A pronoun stands for the
// name, and other questions about it were asked before:
//
//	when was the Eiffel Tower built
//	who designed the Eiffel Tower | when was it built
//
// Where no other question is known, it is "what is the Eiffel Tower". The passages that do
// not answer are what the conversation finds first that has neither the answer nor the
// relevant passage's title. all are the examples that Answered made of asked. The
// conversations come in the order of all; done is called with their number after each.
func Followed(all []Example, asked []Asked, find Find, most int, seed uint64, done func(examples int)) ([]Example, error) {
	byID := map[string]*Asked{}
	for i := range asked {
		byID[asked[i].ID] = &asked[i]
	}
	about := map[string][]string{} // questions by the title of their relevant passage
	for i := range all {
		if e := &all[i]; e.Relevant() {
			about[e.Passages[0].Title] = append(about[e.Passages[0].Title], e.Questions[0])
		}
	}
	var made []Example
	for i := range all {
		if most > 0 && len(made) == most {
			break
		}
		e, r := &all[i], rand.New(rand.NewPCG(seed^5, uint64(i)))
		if !e.Relevant() {
			continue
		}
		right := e.Passages[0]
		p := pronounOf(right.Text)
		question, name := stand(e.Questions[0], right.Title, p)
		a := byID[e.ID]
		if question == "" || a == nil {
			continue
		}
		var before []string
		for _, k := range r.Perm(len(about[right.Title])) {
			q := about[right.Title][k]
			if n := len(before); q != e.Questions[0] && names(q, right.Title) && (n == 0 || n == 1 && r.Float64() < twoBefore) {
				before = append(before, q)
			}
		}
		if before == nil {
			before = []string{"what is " + name}
			if p == he || p == she {
				before[0] = "who is " + name
			}
		}
		if other := &all[r.IntN(len(all))]; r.Float64() < movedOn && other.Relevant() && other.Passages[0].Title != right.Title {
			before = append([]string{other.Questions[0]}, before...)
		}
		var turns []conversation.Turn
		for _, q := range append(before, question) {
			turns = append(turns, conversation.Turn{Question: q})
		}
		found, err := find(turns)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.ID, err)
		}
		has := a.in()
		var wrong []Passage
		for _, p := range found {
			if p.Title != right.Title && !has(p.Text) && !has(p.Title) {
				wrong = append(wrong, Passage{Title: p.Title, Text: p.Text})
			}
		}
		if len(wrong) == 0 {
			continue
		}
		c := Example{ID: e.ID + followed, Source: Answers, Passages: append([]Passage{right}, Draw(wrong, 1, others, r)...)}
		for _, t := range turns {
			c.Questions = append(c.Questions, t.Question)
		}
		made = append(made, c)
		done(len(made))
	}
	return made, nil
}

// followed ends the ids of examples that Followed made.
const followed = "-followed"

// A pronoun stands for a name: as subject or object, and before what belongs to it.
type pronoun struct{ self, object, its string }

var (
	it   = pronoun{"it", "it", "its"}
	he   = pronoun{"he", "him", "his"}
	she  = pronoun{"she", "her", "her"}
	they = pronoun{"they", "them", "their"}
)

// pronounOf returns the pronoun that a text most likely uses for what it is about. A text
// about a thing names people, too, so a person needs more of it.
func pronounOf(text string) pronoun {
	n := map[string]int{}
	for w := range strings.FieldsSeq(plain(text)) {
		n[w]++
	}
	of := func(words ...string) (sum int) {
		for _, w := range words {
			sum += n[w]
		}
		return sum
	}
	things, men, women, many := of("it", "its"), of("he", "his", "him"), of("she", "her"), of("they", "their", "them")
	switch {
	case men > 2 && men > women && men > 2*things:
		return he
	case women > 2 && women > 2*things:
		return she
	case many > 2 && many > 2*things:
		return they
	}
	return it
}

// stand returns the question with the pronoun in place of the title's name, and the name
// as the question has it, with its article; or "" if the question does not name it, or
// says nothing else.
func stand(question, title string, p pronoun) (changed, name string) {
	title = nameOf(title)
	at := strings.Index(strings.ToLower(question), strings.ToLower(title))
	if title == "" || at < 0 {
		return "", ""
	}
	end := at + len(title)
	if end > len(question) { // a letter whose lower case has another length
		return "", ""
	}
	start := at
	for _, article := range []string{"the ", "The ", "a ", "an "} {
		if head, ok := strings.CutSuffix(question[:at], article); ok && (head == "" || strings.HasSuffix(head, " ")) {
			start = len(head)
			break
		}
	}
	last, next := lastWord(question[:start]), firstWord(question[end:])
	// At the question's end, a verb before it takes it as its object.
	object := next == "" && (start < at || strings.HasSuffix(last, "ed") || afterNames[last])
	if start > 0 && question[start-1] != ' ' || !beforeNames[last] && !object {
		return "", ""
	}
	word, rest := p.self, question[end:]
	switch {
	case strings.HasPrefix(rest, "'s "), strings.HasPrefix(rest, " 's "):
		word = p.its
		rest = rest[strings.Index(rest, "s "):][1:]
	case rest != "" && !strings.ContainsAny(rest[:1], " ?.!,") || !afterNames[next]:
		return "", ""
	case !subject[last]:
		word = p.object
	}
	changed = strings.TrimSpace(question[:start] + word + rest)
	if strings.Count(changed, " ") < 2 {
		return "", ""
	}
	return changed, question[start:end]
}

// subject are words before a pronoun that is the subject.
var subject = words("and as did do does had has have is was were when where who why than")

// lastWord returns the last word of s in lower case, and firstWord the first.
func lastWord(s string) string {
	f := strings.Fields(strings.ToLower(s))
	if len(f) == 0 {
		return ""
	}
	return f[len(f)-1]
}

func firstWord(s string) string {
	f := strings.Fields(strings.ToLower(strings.TrimRight(s, " ?.!")))
	if len(f) == 0 {
		return ""
	}
	return f[0]
}
