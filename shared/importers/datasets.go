package importers

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"parley/shared/conversation"
	"parley/shared/judged"
	"parley/shared/lines"
	"parley/shared/mtrag"
)

// text is a JSON string, or a number or true where a data set is careless.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		if b[0] == '{' || b[0] == '[' {
			return err
		}
		s = strings.Trim(string(b), `"`)
	}
	if s == "null" {
		s = ""
	}
	*t = text(s)
	return nil
}

// topiocqa: an array, or lines, of turns. Context is the history, question and answer
// in turn.
//
//	{"Conversation_no": 1, "Turn_no": 2, "Question": "...", "Answer": "...",
//	 "Topic": "...", "Topic_section": "...", "Rationale": "...", "Context": ["...", "..."],
//	 "Gold_passage": {"id": "...", "title": "...", "text": "..."}}
//
// The retriever's training files (all_history), which DiSCo reads, hold the history in
// the question:
//
//	{"conv_id": 1, "turn_id": 2, "question": "... [SEP] ... [SEP] ...", "answers": ["..."],
//	 "positive_ctxs": [{"title": "...", "text": "...", "passage_id": "..."}]}
func topiocqa(r *Result, files []File, o Options) error {
	type turn struct {
		Conversation text     `json:"Conversation_no"`
		Number       int      `json:"Turn_no"`
		Question     string   `json:"Question"` // and question
		Answer       string   `json:"Answer"`
		Context      []string `json:"Context"`
		Rewrite      string   `json:"Rewrite"`
		Gold         struct {
			ID text `json:"id"`
		} `json:"Gold_passage"`
		Conv      text `json:"conv_id"`
		Turn      int  `json:"turn_id"`
		Positives []struct {
			ID text `json:"passage_id"`
		} `json:"positive_ctxs"`
	}
	for _, file := range files {
		said := map[text][]string{} // of conversations whose turns carry no Context
		err := records(r, file, func(at position, t turn) {
			var positives []string
			if t.Conv != "" && t.Conversation == "" {
				parts := strings.Split(t.Question, "[SEP]")
				for i := range parts {
					parts[i] = strings.TrimSpace(parts[i])
				}
				t.Conversation, t.Number = t.Conv, t.Turn
				t.Context, t.Question = parts[:len(parts)-1], parts[len(parts)-1]
				for _, p := range t.Positives {
					positives = append(positives, string(p.ID))
				}
			} else if t.Gold.ID != "" {
				positives = []string{string(t.Gold.ID)}
			}
			if t.Conversation == "" || t.Number < 1 {
				r.unread(at, "Conversation_no or Turn_no is missing")
				return
			}
			before := t.Context
			if len(before) == 0 && t.Number > 1 {
				before = said[t.Conversation]
				if len(before) != 2*(t.Number-1) {
					r.unread(at, "turn %d of conversation %s has no Context, and not all turns before it were read", t.Number, t.Conversation)
					return
				}
			}
			said[t.Conversation] = append(said[t.Conversation], t.Question, t.Answer)
			r.add(at, Example{ID: fmt.Sprintf("%s_%d", t.Conversation, t.Number), Conversation: string(t.Conversation),
				Source: "topiocqa", Turns: history(before, t.Question), Rewrite: t.Rewrite, Positives: positives})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// qrecc: an array, or lines, of turns. The published files name history, rewrite and
// answer Context, Rewrite and Answer; a common derivative NewContext, Truth_rewrite
// and Truth_answer, and adds GPT_rewrite and Editor_rewrite.
func qrecc(r *Result, files []File, o Options) error {
	for _, file := range files {
		err := records(r, file, func(at position, t map[string]json.RawMessage) {
			get := func(names ...string) (s text) {
				for _, n := range names {
					if raw, ok := t[n]; ok && json.Unmarshal(raw, &s) == nil {
						return s
					}
				}
				return ""
			}
			conv, number := get("Conversation_no"), get("Turn_no")
			if conv == "" || number == "" {
				r.unread(at, "Conversation_no or Turn_no is missing")
				return
			}
			var before []string
			for _, n := range []string{"Context", "NewContext"} {
				if raw, ok := t[n]; ok {
					if err := json.Unmarshal(raw, &before); err != nil {
						r.unread(at, "%s: %w", n, err)
						return
					}
					break
				}
			}
			fields := []string{"Truth_rewrite", "Rewrite"}
			if o.Rewrite != "" {
				fields = []string{o.Rewrite}
			}
			var positives []string
			json.Unmarshal(t["Truth_passages"], &positives) // absent in the published files
			r.add(at, Example{ID: fmt.Sprintf("%s_%s", conv, number), Conversation: string(conv), Source: "qrecc",
				Turns: history(before, string(get("Question"))), Rewrite: string(get(fields...)), Positives: positives})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// canard: an array of questions. History begins with the article's title and
// section, which the first question may refer to; they become a turn of their own.
//
//	{"History": ["Frank Zappa", "Disbandment", "What group disbanded?", "..."],
//	 "QuAC_dialog_id": "C_2d21..._0", "Question": "...", "Question_no": 2, "Rewrite": "..."}
func canard(r *Result, files []File, o Options) error {
	type question struct {
		History  []string `json:"History"`
		Dialog   string   `json:"QuAC_dialog_id"`
		Question string   `json:"Question"`
		Number   int      `json:"Question_no"`
		Rewrite  string   `json:"Rewrite"`
	}
	for _, file := range files {
		err := records(r, file, func(at position, q question) {
			if q.Dialog == "" || q.Number < 1 || len(q.History) < 2 {
				r.unread(at, "QuAC_dialog_id, Question_no or the two titles of History are missing")
				return
			}
			r.add(at, Example{ID: fmt.Sprintf("%s_q#%d", q.Dialog, q.Number-1), Conversation: q.Dialog, Source: "canard",
				Turns: append([]conversation.Turn{titles(q.History[0], q.History[1])}, history(q.History[2:], q.Question)...), Rewrite: q.Rewrite})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func titles(title, section string) conversation.Turn {
	return conversation.Turn{Question: title + ", " + section}
}

// quac: one object.
//
//	{"data": [{"title": "...", "section_title": "...", "paragraphs": [{"id": "C_..._1",
//	 "qas": [{"id": "C_..._1_q#0", "question": "...", "orig_answer": {"text": "..."}}]}]}]}
func quac(r *Result, files []File, o Options) error {
	type article struct {
		Title      string `json:"title"`
		Section    string `json:"section_title"`
		Paragraphs []struct {
			ID  string `json:"id"`
			QAs []struct {
				ID       string `json:"id"`
				Question string `json:"question"`
				Answer   struct {
					Text string `json:"text"`
				} `json:"orig_answer"`
			} `json:"qas"`
		} `json:"paragraphs"`
	}
	for _, file := range files {
		in, done, err := file.open()
		if err != nil {
			return err
		}
		var set struct {
			Data []article `json:"data"`
		}
		err = json.NewDecoder(in).Decode(&set)
		done()
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
		for _, a := range set.Data {
			for _, p := range a.Paragraphs {
				said := []conversation.Turn{titles(a.Title, a.Section)}
				for _, q := range p.QAs {
					turns := append(said[:len(said):len(said)], conversation.Turn{Question: q.Question})
					r.add(position{file: file.Name}, Example{ID: q.ID, Conversation: p.ID, Source: "quac", Turns: turns})
					answer := q.Answer.Text
					if answer == "CANNOTANSWER" {
						answer = "I don't know."
					}
					said = append(said, conversation.Turn{Question: q.Question, Reply: answer})
				}
			}
		}
	}
	return nil
}

// cast: topics of TREC CAsT. All years are arrays of {"number", "turn": [...]}; a turn
// of 2019 has raw_utterance alone, 2020 adds rewrites and a canonical result's id,
// 2021 its text (passage), 2022 has utterance and response, and as a tree
// participants and parents. Resolved utterances of 2019 are TSV: "31_4 TAB text".
func cast(r *Result, files []File, o Options) error {
	type turn struct {
		Number      text   `json:"number"`
		Parent      text   `json:"parent"`
		Participant string `json:"participant"`
		Raw         string `json:"raw_utterance"`
		Utterance   string `json:"utterance"`
		Passage     string `json:"passage"`
		Response    string `json:"response"`
		Manual      string `json:"manual_rewritten_utterance"`
		Automatic   string `json:"automatic_rewritten_utterance"`
		Canonical   text   `json:"canonical_result_id"`
		CanonicalM  text   `json:"manual_canonical_result_id"`
	}
	type topic struct {
		Number text   `json:"number"`
		Turns  []turn `json:"turn"`
	}
	resolved := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(strings.TrimSuffix(file.Name, ".gz"), ".tsv") {
			err := file.lines(func(lr *lines.Reader) error {
				for i, line := range lr.All() {
					id, text, ok := strings.Cut(string(line), "\t")
					if !ok {
						r.unread(position{file: file.Name, line: i}, "no tab between the turn's id and its text")
						continue
					}
					resolved[id] = text
				}
				return lr.Err()
			})
			if err != nil {
				return err
			}
			continue
		}
		err := records(r, file, func(at position, t topic) {
			if t.Number == "" || len(t.Turns) == 0 {
				r.unread(at, "no topic: number or turn is missing")
				return
			}
			var said []conversation.Turn
			path := map[text][]conversation.Turn{} // in a tree, what was said up to a turn
			for _, u := range t.Turns {
				before := said
				if u.Parent != "" {
					var ok bool
					if before, ok = path[u.Parent]; !ok {
						r.unread(at, "topic %s, turn %s: no turn %s before it", t.Number, u.Number, u.Parent)
						continue
					}
				}
				before = before[:len(before):len(before)]
				if strings.EqualFold(u.Participant, "System") {
					if len(before) > 0 {
						before = append(before[:len(before)-1:len(before)-1], conversation.Turn{Question: before[len(before)-1].Question, Reply: u.Response})
					}
					path[u.Number], said = before, before
					continue
				}
				question := u.Raw + u.Utterance // a turn has one of them
				rewrite := u.Manual
				if o.Rewrite == "automatic_rewritten_utterance" || rewrite == "" {
					rewrite = u.Automatic
				}
				var positives []string
				if id := string(u.Canonical + u.CanonicalM); id != "" {
					positives = []string{id}
				}
				id := fmt.Sprintf("%s_%s", t.Number, u.Number)
				// The flattened form of 2022 repeats the beginning of every path.
				if !r.seen["cast\x00"+id] || u.Participant == "" && !strings.Contains(string(u.Number), "-") {
					r.add(at, Example{ID: id, Conversation: string(t.Number), Source: "cast",
						Turns: append(before, conversation.Turn{Question: question}), Rewrite: rewrite, Positives: positives})
				}
				before = append(before, conversation.Turn{Question: question, Reply: u.Passage + u.Response})
				path[u.Number], said = before, before
			}
		})
		if err != nil {
			return err
		}
	}
	for i := range r.Examples {
		if text := resolved[r.Examples[i].ID]; text != "" {
			r.Examples[i].Rewrite = text
		}
	}
	return nil
}

// ikat: topics of TREC iKAT. What the person is known for (ptkb) is left out. 2025 says
// responses for turns, and user_utterance.
//
//	{"number": "9-1", "title": "...", "ptkb": {...}, "turns": [{"turn_id": 1,
//	 "utterance": "...", "resolved_utterance": "...", "response": "..."}]}
func ikat(r *Result, files []File, o Options) error {
	type turn struct {
		ID        text   `json:"turn_id"`
		Utterance string `json:"utterance"`
		User      string `json:"user_utterance"`
		Resolved  string `json:"resolved_utterance"`
		Response  string `json:"response"`
	}
	type topic struct {
		Number    text   `json:"number"`
		Turns     []turn `json:"turns"`
		Responses []turn `json:"responses"`
	}
	for _, file := range files {
		err := records(r, file, func(at position, t topic) {
			turns := append(t.Turns, t.Responses...) // a topic has one of them
			if t.Number == "" || len(turns) == 0 {
				r.unread(at, "no topic: number, or turns and responses, are missing")
				return
			}
			var said []conversation.Turn
			for _, u := range turns {
				question := u.Utterance + u.User // a turn has one of them
				r.add(at, Example{ID: fmt.Sprintf("%s_%s", t.Number, u.ID), Conversation: string(t.Number), Source: "ikat",
					Turns: append(said[:len(said):len(said)], conversation.Turn{Question: question}), Rewrite: u.Resolved})
				said = append(said, conversation.Turn{Question: question, Reply: u.Response})
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// convquestions: an array of conversations. The first question stands by itself;
// most others have a completed_question.
//
//	{"conv_id": 6722, "domain": "books", "questions": [{"turn": 0, "question": "...",
//	 "answer_text": "Italy;India", "question_id": "6722-0", "completed_question": "..."}]}
func convquestions(r *Result, files []File, o Options) error {
	type conv struct {
		ID        text   `json:"conv_id"`
		Domain    string `json:"domain"`
		Questions []struct {
			Turn      int    `json:"turn"`
			Question  string `json:"question"`
			Answer    text   `json:"answer_text"`
			Completed string `json:"completed_question"`
		} `json:"questions"`
	}
	for _, file := range files {
		err := records(r, file, func(at position, c conv) {
			if c.ID == "" || len(c.Questions) == 0 {
				r.unread(at, "conv_id or questions is missing")
				return
			}
			byNumber(c.Questions, func(q struct {
				Turn      int    `json:"turn"`
				Question  string `json:"question"`
				Answer    text   `json:"answer_text"`
				Completed string `json:"completed_question"`
			}) int {
				return q.Turn
			})
			var said []conversation.Turn
			for i, q := range c.Questions {
				rewrite := q.Completed
				if i == 0 && rewrite == "" {
					rewrite = q.Question
				}
				r.add(at, Example{ID: fmt.Sprintf("%s-%d", c.ID, q.Turn), Conversation: string(c.ID), Source: "convquestions",
					Turns: append(said[:len(said):len(said)], conversation.Turn{Question: q.Question}), Rewrite: rewrite})
				said = append(said, conversation.Turn{Question: q.Question, Reply: strings.ReplaceAll(string(q.Answer), ";", "; ")})
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mtragTasks: lines of three forms (mtrag.Record), which may be given together. A task is
// a turn of people's, a synthetic one holds its history; a query is a turn's rewrite.
func mtragTasks(r *Result, files []File, o Options) error {
	type placed struct {
		mtrag.Record
		at position
	}
	var order []string
	human := map[string][]placed{}
	rewrites := map[string]string{}
	for _, file := range files {
		err := records(r, file, func(at position, t mtrag.Record) {
			if t.QueryID != "" {
				rewrites[t.QueryID] = mtrag.Question(t.Text)
				return
			}
			conv, _, ok := strings.Cut(t.ID, "<::>")
			switch {
			case t.User == nil && len(t.Input) == 0:
				r.unread(at, "neither a task (user or input) nor a query (_id)")
			case !ok:
				r.unread(at, "task_id %q is not of the form conversation<::>turn", t.ID)
			case t.User != nil:
				if human[conv] == nil {
					order = append(order, conv)
				}
				human[conv] = append(human[conv], placed{t, at})
			default:
				turns, err := t.Turns()
				if err != nil {
					r.unread(at, "%w", err)
					return
				}
				r.add(at, Example{ID: t.ID, Conversation: conv, Source: "mtrag-synthetic", Turns: turns})
			}
		})
		if err != nil {
			return err
		}
	}
	for _, conv := range order {
		byNumber(human[conv], func(p placed) int { return p.Turn }) // the file has 10 before 2
		var said []conversation.Turn
		for _, p := range human[conv] {
			r.add(p.at, Example{ID: p.ID, Conversation: conv, Source: "mtrag-" + p.Domain,
				Turns: append(said[:len(said):len(said)], conversation.Turn{Question: p.User.Text})})
			said = append(said, conversation.Turn{Question: p.User.Text, Reply: p.Agent.Text})
		}
	}
	for i := range r.Examples {
		if text := rewrites[r.Examples[i].ID]; text != "" {
			r.Examples[i].Rewrite = text
		}
	}
	return nil
}

// beirQueries: queries, each its own rewrite.
func beirQueries(r *Result, files []File, o Options) error {
	for _, file := range files {
		err := records(r, file, func(at position, q struct {
			ID   text   `json:"_id"`
			Text string `json:"text"`
		}) {
			if q.ID == "" {
				r.unread(at, "_id is missing")
				return
			}
			r.add(at, Example{ID: string(q.ID), Conversation: string(q.ID), Source: "beir",
				Turns: []conversation.Turn{{Question: q.Text}}, Rewrite: q.Text})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// questions: a question a line, of TSV the first column, each its own rewrite.
func questions(r *Result, files []File, o Options) error {
	for n, file := range files {
		err := file.lines(func(lr *lines.Reader) error {
			for i, line := range lr.All() {
				q, _, _ := strings.Cut(string(line), "\t")
				id := strconv.Itoa(i)
				if len(files) > 1 {
					id = fmt.Sprintf("%d-%d", n+1, i)
				}
				r.add(position{file: file.Name, line: i}, Example{ID: id, Conversation: id, Source: "questions", Turns: []conversation.Turn{{Question: q}}, Rewrite: strings.TrimSpace(q)})
			}
			return lr.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// jsonl: examples, or whole conversations, which give an example a turn:
//
//	{"id": "c1", "turns": [{"question": "...", "reply": "...", "rewrite": "..."}, ...]}
//
// An example says its conversation; a whole conversation does not. Its turns may name
// gold articles, as those of trainer/conversations do; the positives are the best of them.
func jsonl(r *Result, files []File, o Options) error {
	for _, file := range files {
		err := records(r, file, func(at position, c struct {
			Example
			Turns []struct {
				conversation.Turn
				Rewrite string `json:"rewrite"`
				Gold    []struct {
					ID    string `json:"id"`
					Grade int    `json:"grade"`
				} `json:"gold"`
			} `json:"turns"`
		}) {
			var said []conversation.Turn
			for i, t := range c.Turns {
				if c.Conversation == "" {
					best := 1
					for _, g := range t.Gold {
						best = max(best, g.Grade)
					}
					var positives []string
					for _, g := range t.Gold {
						if g.Grade == best {
							positives = append(positives, g.ID)
						}
					}
					r.add(at, Example{ID: fmt.Sprintf("%s_%d", c.ID, i+1), Conversation: c.ID, Source: c.Source,
						Turns: append(said[:len(said):len(said)], conversation.Turn{Question: t.Question}), Rewrite: t.Rewrite, Positives: positives})
				}
				said = append(said, t.Turn)
			}
			switch {
			case c.ID == "" || len(said) == 0:
				r.unread(at, "id or turns is missing")
			case c.Conversation != "" && said[len(said)-1].Reply != "":
				r.unread(at, "the question asked, the last turn, already has a reply")
			case c.Conversation != "":
				e := c.Example
				e.Turns = said
				r.add(at, e)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// parley: the project's own conversations, a line each, in the form of jsonl. A file
// of another form is not taken for it.
func parley(r *Result, files []File, o Options) error {
	for _, file := range files {
		in, err := file.Open()
		if err != nil {
			return err
		}
		_, err = judged.Read(in, file.Name)
		in.Close()
		if err != nil {
			return err
		}
	}
	if err := jsonl(r, files, o); err != nil {
		return err
	}
	for i := range r.Examples {
		r.Examples[i].Source = "parley"
	}
	return nil
}
