package importers

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Data sets contain more than their papers say. Every line of want, and the part of every
// message in unread, was written by hand.
func TestCarelessFiles(t *testing.T) {
	for _, c := range []struct {
		what, name string
		files      []string // the first is a.json, of TSV a.tsv
		want       []string
		unread     []string
	}{
		{"NaN, Infinity and null", "qrecc", []string{`[
{"Conversation_no": 4.0, "Turn_no": 1, "Context": [], "Question": "what is a NaN?", "Truth_rewrite": NaN, "GPT_rewrite": -Infinity},
{"Conversation_no": 4.0, "Turn_no": "2", "Context": null, "Question": "and then", "Truth_rewrite": " And then?\n", "Score": Infinity}]`}, []string{
			"4_1 [qrecc 4] Q: what is a NaN? => ",
			"4_2 [qrecc 4] Q: and then => And then?",
		}, nil},
		{"NaN in one object", "quac", []string{`{"data": [{"title": "Ada", "section_title": NaN, "paragraphs": [{"id": 5, "qas": [
{"id": 51, "question": "Where?", "orig_answer": {"text": "CANNOTANSWER", "answer_start": NaN}},
{"id": 52, "question": "Q&amp;A?", "orig_answer": {"text": "x"}}]}]}]}`}, []string{
			"51 [quac 5] Q: Ada, Q: Where? => ",
			"52 [quac 5] Q: Ada, Q: Where? A: I don't know. Q: Q&A? => ",
		}, nil},
		{"no answer, in the history and in the answers", "topiocqa", []string{`[
{"Conversation_no": 1, "Turn_no": 1, "Question": "who built it", "Answer": "UNANSWERABLE"},
{"Conversation_no": 1, "Turn_no": 2, "Question": "when", "Answer": "x"},
{"Conversation_no": 2, "Turn_no": 2, "Question": "when", "Context": ["who", " CANNOTANSWER"]}]`}, []string{
			"1_1 [topiocqa 1] Q: who built it => ",
			"1_2 [topiocqa 1] Q: who built it A: I don't know. Q: when => ",
			"2_2 [topiocqa 2] Q: who A: I don't know. Q: when => ",
		}, nil},
		{"entities", "cast", []string{`[{"number": 1, "turn": [
{"number": 1, "raw_utterance": "Tell me about &quot;lung&quot; cancer&#46;", "passage": "R&amp;amp;D &lt;i&gt; &nbsp;", "manual_rewritten_utterance": "&#39;Lung&#x27; cancer"},
{"number": 2, "raw_utterance": "what is ?a=1&copy=2 &notit; & &;"}]}]`}, []string{
			`1_1 [cast 1] Q: Tell me about "lung" cancer. => 'Lung' cancer`,
			`1_2 [cast 1] Q: Tell me about "lung" cancer. A: R&D <i> Q: what is ?a=1&copy=2 &notit; & &; => `,
		}, nil},
		{"rewrites with blanks, twice, empty, and of no turn", "cast", []string{
			`[{"number": 31, "turn": [{"number": 1, "raw_utterance": "a"}, {"number": 2, "raw_utterance": "b"}]}]`,
			"\ufeff31_1\tWhat is a?\t\r\n31_2\t B &amp; C? \tmore\r\n31_9\tNone?\r\n31_1\tAgain?\r\n31_2\t\r\nbroken\r\n"}, []string{
			"31_1 [cast 31] Q: a => What is a?",
			"31_2 [cast 31] Q: a Q: b => B & C?",
		}, []string{`b.tsv:4: a second rewrite of "31_1"`, `b.tsv:5: the rewrite of "31_2" is empty`, "b.tsv:6: no tab", `b.tsv:3: a rewrite of "31_9"`}},
		{"numbers for ids, and a rewrite of no task", "mtrag", []string{
			`{"task_id": "5<::>1", "turn_id": "1", "Domain": "x", "user": {"speaker": "user", "text": "a"}, "agent": {"text": "b"}}
{"_id": 7, "text": "|user|: c"}
{"_id": "5<::>1", "text": " |user|: What is a? "}`}, []string{"5<::>1 [mtrag-x 5] Q: a => What is a?"}, []string{`a.json:2: a rewrite of "7"`}},
		{"numbers for ids", "beir", []string{`{"_id": 12, "text": "how deep &lt; 5 m"}
{"_id": 13.0, "text": "x", "metadata": {"n": NaN}}`}, []string{"12 [beir 12] Q: how deep < 5 m => how deep < 5 m", "13 [beir 13] Q: x => x"}, nil},
		{"numbers for ids", "canard", []string{`[{"History": ["Ada", "Childhood"], "QuAC_dialog_id": 9, "Question": "x", "Question_no": 1, "Rewrite": null}]`},
			[]string{"9_q#0 [canard 9] Q: Ada, Childhood Q: x => "}, nil},
		// The earlier questions show which text a history of odd length lacks.
		{"an odd history, a reply missing", "qrecc", []string{`[
{"Conversation_no": 1, "Turn_no": 1, "Context": [], "Question": "what is it?", "Rewrite": "r"},
{"Conversation_no": 1, "Turn_no": 2, "Context": ["what is it?", "A tower."], "Question": "how tall?", "Rewrite": "r"},
{"Conversation_no": 1, "Turn_no": 3, "Context": ["what is it?", "how tall?", "70 m"], "Question": "who?", "Rewrite": "r"},
{"Conversation_no": 1, "Turn_no": 4, "Context": ["what is it?", "A tower.", "how tall?"], "Question": "who?", "Rewrite": "r"},
{"Conversation_no": 1, "Turn_no": 5, "Context": ["A tower.", "how tall?", "70 m"], "Question": "who?", "Rewrite": "r"},
{"Conversation_no": 2, "Turn_no": 2, "Context": ["what is it?"], "Question": "who?", "Rewrite": "r"}]`}, []string{
			"1_1 [qrecc 1] Q: what is it? => r",
			"1_2 [qrecc 1] Q: what is it? A: A tower. Q: how tall? => r",
			"1_3 [qrecc 1] Q: what is it? Q: how tall? A: 70 m Q: who? => r",
			"1_4 [qrecc 1] Q: what is it? A: A tower. Q: how tall? Q: who? => r",
		}, []string{"a.json:6: the history has 3 texts, an odd number", "a.json:7: the history has 1 texts"}},
		{"an odd history", "canard", []string{`[
{"History": ["T", "S", "who?"], "QuAC_dialog_id": "C", "Question": "when?", "Question_no": 2, "Rewrite": "r"},
{"History": ["T", "S"], "QuAC_dialog_id": "D", "Question": "who?", "Question_no": 1, "Rewrite": "r"},
{"History": ["T", "S", "who?"], "QuAC_dialog_id": "D", "Question": "when?", "Question_no": 2, "Rewrite": "r"}]`}, []string{
			"D_q#0 [canard D] Q: T, S Q: who? => r", "D_q#1 [canard D] Q: T, S Q: who? Q: when? => r"}, []string{"a.json:2: the history has 1 texts"}},
		{"an odd history", "topiocqa", []string{`[{"conv_id": 3, "turn_id": 2, "question": "who [SEP] when"}]`}, nil, []string{"a.json:1: the history has 1 texts"}},
		{"bytes that are not UTF-8", "questions", []string{"caf\xe9 open?\n"}, []string{"1 [questions 1] Q: caf\ufffd open? => caf\ufffd open?"}, nil},
	} {
		t.Run(c.name+", "+c.what, func(t *testing.T) {
			var files []File
			for i, data := range c.files {
				ending := ".json"
				if i > 0 {
					ending = ".tsv"
				}
				files = append(files, Memory(string(rune('a'+i))+ending, []byte(data)))
			}
			r, err := Import(c.name, files, Options{})
			if err != nil {
				if c.want == nil && strings.Contains(err.Error(), c.unread[0]) {
					return // the only record
				}
				t.Fatal(err)
			}
			var got []string
			for _, e := range r.Examples {
				got = append(got, show(e))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if len(r.Unread) != len(c.unread) {
				t.Fatalf("unread: %v, wanted %d", r.Unread, len(c.unread))
			}
			for i, e := range r.Unread {
				if !strings.Contains(e.Error(), c.unread[i]) {
					t.Errorf("unread: %v, wanted %q", e, c.unread[i])
				}
			}
		})
	}
}

func TestUTF16IsRefusedByName(t *testing.T) {
	var utf16 []byte
	for _, c := range "[{\"number\": 1}]" {
		utf16 = append(utf16, byte(c), 0)
	}
	for _, set := range Names() {
		for _, data := range [][]byte{utf16, append([]byte{0xff, 0xfe}, utf16...)} {
			if _, err := Import(set, []File{Memory("x.tsv", data)}, Options{}); err == nil || !strings.Contains(err.Error(), "x.tsv: this is UTF-16LE") {
				t.Errorf("%s: %v", set, err)
			}
		}
	}
}

// long returns a conversation of n turns of a few bytes each, in a data set's form.
func long(set string, n int) string {
	var b strings.Builder
	each := func(begin, turn, between, end string) string {
		b.WriteString(begin)
		for i := range n {
			if i > 0 {
				b.WriteString(between)
			}
			b.WriteString(strings.ReplaceAll(strings.ReplaceAll(turn, "#", fmt.Sprint(i+1)), "^", fmt.Sprint(i)))
		}
		b.WriteString(end)
		return b.String()
	}
	switch set {
	case "topiocqa":
		return each("", `{"Conversation_no":1,"Turn_no":#,"Question":"q#","Answer":"a"}`, "\n", "")
	case "quac":
		return each(`{"data":[{"paragraphs":[{"id":"p","qas":[`, `{"id":"#","question":"q","orig_answer":{"text":"a"}}`, ",", `]}]}]}`)
	case "cast":
		return each(`[{"number":1,"turn":[`, `{"number":#,"utterance":"q","response":"a"}`, ",", `]}]`)
	case "cast, a tree":
		return each(`[{"number":1,"turn":[{"number":"u0","participant":"User","utterance":"q"},`,
			`{"number":"s#","parent":"u^","participant":"System","response":"a"},{"number":"u#","parent":"s#","participant":"User","utterance":"q"}`, ",", `]}]`)
	case "ikat":
		return each(`[{"number":1,"turns":[`, `{"turn_id":#,"utterance":"q","response":"a"}`, ",", `]}]`)
	case "convquestions":
		return each(`[{"conv_id":1,"questions":[`, `{"turn":#,"question":"q","answer_text":"a"}`, ",", `]}]`)
	case "mtrag":
		return each("", `{"task_id":"c<::>#","turn_id":#,"user":{"text":"q"},"agent":{"text":"a"}}`, "\n", "")
	case "jsonl":
		return each(`{"id":"c","turns":[`, `{"question":"q","reply":"a"}`, ",", `]}`)
	}
	panic(set)
}

// A conversation takes memory in proportion to its length. With a copy of the history in
// every example, this one would take 256 MB.
func TestLongConversationsTakeNoSquare(t *testing.T) {
	const turns = 4_000
	for _, set := range []string{"topiocqa", "quac", "cast", "cast, a tree", "ikat", "convquestions", "mtrag", "jsonl"} {
		name, _, _ := strings.Cut(set, ",")
		file := Memory("long", []byte(long(set, turns)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := Import(name, []File{file}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := Describe(r.Examples, func(s string) int { return len(s) })
		runtime.ReadMemStats(&after)
		if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 32 {
			t.Errorf("%s: %d turns took %d MB", set, turns, mb)
		}
		last := r.Examples[len(r.Examples)-1]
		if s.Turns < turns || len(last.History) < turns-1 || last.History[turns/2].Reply != "a" {
			t.Errorf("%s: %d examples, the last with %d turns before it", set, s.Turns, len(last.History))
		}
	}
}

// Branches of a tree share their common turns, and the turns of each branch are bounded.
func TestBranchesTakeNoSquare(t *testing.T) {
	const n = 2000
	var b strings.Builder
	b.WriteString(`[{"number":1,"turn":[{"number":"0","utterance":"q","response":"a"}`)
	for i := range n {
		fmt.Fprintf(&b, `,{"number":"%d","parent":"%d","utterance":"q","response":"a"}`, i+1, i)
	}
	for i := range n { // each goes on from the deepest, and has a turn behind it
		fmt.Fprintf(&b, `,{"number":"x%d","parent":"%d","utterance":"x%d","response":"a"},{"number":"y%d","parent":"x%d","utterance":"y","response":"a"}`, i, n, i, i, i)
	}
	b.WriteString(`]}]`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := Import("cast", []File{Memory("tree", []byte(b.String()))}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 64 {
		t.Errorf("a tree of %d turns took %d MB", 3*n, mb)
	}
	for _, e := range r.Examples {
		h := e.History
		if strings.HasPrefix(e.ID, "1_y") && (len(h) < MaxTurns || h[len(h)-1].Question != "x"+strings.TrimPrefix(e.ID, "1_y") || h[len(h)-2].Question != "q") {
			t.Fatalf("%s has a history of %d turns that ends with %+v", e.ID, len(h), h[len(h)-2:])
		}
	}
}

// Of a long conversation only the newest turns are written, so that lines are bounded.
func TestWriteBoundsALine(t *testing.T) {
	const turns = 400
	r, err := Import("jsonl", []File{Memory("long", []byte(long("jsonl", turns)))}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, r.Examples); err != nil {
		t.Fatal(err)
	}
	if most := turns * MaxTurns * len(`{"question":"q","reply":"a"},`); b.Len() > most+turns*100 {
		t.Errorf("%d bytes were written, more than %d", b.Len(), most)
	}
	again, err := Import("jsonl", []File{Memory("x", b.Bytes())}, Options{})
	if err != nil || len(again.Examples) != turns {
		t.Fatalf("%d examples, %v", len(again.Examples), err)
	}
	for i, e := range again.Examples {
		if want := min(i, MaxTurns-1); len(e.History) != want || e.Question != "q" {
			t.Fatalf("example %d has %d turns of history, want %d", i, len(e.History), want)
		}
	}
	if err := Write(io.Discard, again.Examples); err != nil {
		t.Fatal(err)
	}
}
