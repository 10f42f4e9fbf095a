package candidates

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"parley/shared/conversation"
	"parley/shared/lines"
	"parley/shared/passages"
	"parley/shared/sentence"
	"parley/trainer/disk"
)

// An Asked is a question whose short answers are known.
type Asked struct {
	ID       string // the file's name and the line's number
	Question string
	Answers  []string
}

// ReadAsked reads files of questions with short answers, plain or gzip: a line is
//
//	QUESTION <TAB> LIST    as DPR's topics, LIST in Python's notation: ['Paris', "the Louvre"]
//	{"question": ..., "answer": [...]}
func ReadAsked(paths []string) (all []Asked, err error) {
	for _, path := range paths {
		base := filepath.Base(path)
		err := disk.Lines(path, func(r *lines.Reader) error {
			for n, line := range r.All() {
				a := Asked{ID: fmt.Sprintf("%s:%d", base, n)}
				if line[0] == '{' {
					var j struct {
						Question string
						Answer   []string
					}
					if err := json.Unmarshal(line, &j); err != nil {
						return r.Errorf("not a question with answers: %w", err)
					}
					a.Question, a.Answers = j.Question, j.Answer
				} else {
					q, list, ok := bytes.Cut(line, []byte("\t"))
					if !ok {
						return r.Errorf("want QUESTION, a tab and a list of answers")
					}
					text := string(list)
					if text[:min(1, len(text))] == `"` { // a field with quotation marks, as in CSV
						text = strings.ReplaceAll(strings.Trim(text, `"`), `""`, `"`)
					}
					a.Question = string(q)
					if a.Answers, err = pythonList(text); err != nil {
						return r.Errorf("the answers of %q: %w", a.Question, err)
					}
				}
				if strings.TrimSpace(a.Question) == "" {
					return r.Errorf("no question")
				}
				all = append(all, a)
			}
			return r.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

var errList = errors.New("not a list of strings")

// pythonList reads a list of strings as Python prints it.
func pythonList(s string) (list []string, err error) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return nil, errList
	}
	for s = strings.TrimSpace(s[1 : len(s)-1]); s != ""; {
		mark := s[0]
		if mark != '\'' && mark != '"' {
			return nil, errList
		}
		var b strings.Builder
		i := 1
		for ; i < len(s) && s[i] != mark; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
				switch s[i] {
				case '\'', '"', '\\':
				default: // \n, \xa0, ...: white space or a sign, which a comparison by letters and digits does not need
					b.WriteByte(' ')
					if s[i] == 'x' {
						i = min(i+2, len(s)-1)
					}
					continue
				}
			}
			b.WriteByte(s[i])
		}
		if i >= len(s) {
			return nil, errList
		}
		list = append(list, b.String())
		s = strings.TrimSpace(s[i+1:])
		rest, comma := strings.CutPrefix(s, ",")
		if !comma && s != "" {
			return nil, errList
		}
		s = strings.TrimSpace(rest)
	}
	return list, nil
}

// plain returns the text's words of letters a to z and digits, in lower case, each with a
// space before it and one after the last.
func plain(text string) string {
	return " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	}), " ") + " "
}

const (
	best       = 8   // the relevant passage is one of these
	others     = 2   // passages without the answer in an example
	unanswered = .12 // share of the questions without an answer in the passages that become examples of nothing relevant
)

// Answered makes examples from questions with short answers, at most most of them (0: no
// limit). The first of the best passages that has an answer in its text is relevant, and so
// are its sentences that have one. Passages without an answer in title and text are not relevant; those with
// an answer in the title alone are neither, because a title is often the answer itself.
// The questions come in an order drawn by the seed; done is called with the number of
// examples after each.
func Answered(asked []Asked, find Find, most int, seed uint64, done func(examples int)) ([]Example, error) {
	var all []Example
	for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(len(asked)) {
		if most > 0 && len(all) == most {
			break
		}
		a := &asked[i]
		list, err := find([]conversation.Turn{{Question: a.Question}})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.ID, err)
		}
		// A generator for each question, so that one does not change the next.
		if e, ok := a.example(list[:min(Found, len(list))], rand.New(rand.NewPCG(seed, 2+uint64(i)))); ok {
			all = append(all, e)
			done(len(all))
		}
	}
	return all, nil
}

// example makes an example of the passages that were found, if it can.
func (a *Asked) example(list []passages.Passage, r *rand.Rand) (Example, bool) {
	has := a.in()
	e := Example{ID: a.ID, Source: Answers, Questions: []string{a.Question}}
	if has == nil {
		return e, false
	}
	right := -1
	var wrong []Passage
	for i, p := range list {
		switch {
		case has(p.Text):
			if right < 0 {
				right = i
			}
		case !has(p.Title):
			wrong = append(wrong, Passage{Title: p.Title, Text: p.Text})
		}
	}
	if right >= best || right < 0 && r.Float64() >= unanswered || len(wrong) == 0 {
		return e, false
	}
	if right >= 0 {
		p := Passage{Title: list[right].Title, Text: list[right].Text, Relevant: true}
		for k, s := range sentence.Split(p.Text) {
			if has(p.Text[s.Start:s.End]) {
				p.Sentences = append(p.Sentences, k)
			}
		}
		if p.Sentences == nil { // the answer crosses sentences
			return e, false
		}
		e.Passages = append(e.Passages, p)
	}
	e.Passages = append(e.Passages, Draw(wrong, 1, others, r)...)
	return e, true
}

// in returns a function that reports whether a text has one of the answers; nil if there is
// no answer to look for.
func (a *Asked) in() func(text string) bool {
	var answers []string
	for _, s := range a.Answers {
		if p := plain(s); len(p) > 3 { // a single letter or digit is everywhere
			answers = append(answers, p)
		}
	}
	if answers == nil {
		return nil
	}
	return func(text string) bool {
		text = plain(text)
		for _, s := range answers {
			if strings.Contains(text, s) {
				return true
			}
		}
		return false
	}
}
