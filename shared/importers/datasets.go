package importers

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"parley/shared/conversation"
	"parley/shared/judged"
	"parley/shared/lenient"
	"parley/shared/lines"
	"parley/shared/mtrag"
)

// topiocqa reads an array, or lines, of turns. Context is the history: question,
// answer, question, and so on.
//
//	{"Conversation_no": 1, "Turn_no": 2, "Question": "...", "Answer": "...",
//	 "Topic": "...", "Topic_section": "...", "Rationale": "...", "Context": ["...", "..."],
//	 "Gold_passage": {"id": "...", "title": "...", "text": "..."}}
//
// The files for training a retriever (all_history), which DiSCo reads, have the history
// in the question:
//
//	{"conv_id": 1, "turn_id": 2, "question": "... [SEP] ... [SEP] ...", "answers": ["..."],
//	 "positive_ctxs": [{"title": "...", "text": "...", "passage_id": "..."}]}
func topiocqa(r *Result, files []File, o Options) error {
	type turn struct {
		Conversation lenient.Text   `json:"Conversation_no"`
		Number       lenient.Int    `json:"Turn_no"`
		Question     lenient.Text   `json:"Question"` // and question
		Answer       lenient.Text   `json:"Answer"`
		Context      []lenient.Text `json:"Context"`
		Rewrite      lenient.Text   `json:"Rewrite"`
		Gold         struct {
			ID lenient.Text `json:"id"`
		} `json:"Gold_passage"`
		Conv      lenient.Text `json:"conv_id"`
		Turn      lenient.Int  `json:"turn_id"`
		Positives []struct {
			ID lenient.Text `json:"passage_id"`
		} `json:"positive_ctxs"`
	}
	for _, file := range files {
		asked := questions{}
		said := map[lenient.Text]history{} // histories of conversations whose turns have no Context
		err := records(r, file, func(at position, t turn) {
			var positives []string
			if t.Conv != "" && t.Conversation == "" {
				parts := strings.Split(string(t.Question), "[SEP]")
				t.Conversation, t.Number = t.Conv, t.Turn
				for _, p := range parts[:len(parts)-1] {
					t.Context = append(t.Context, lenient.Text(p))
				}
				t.Question = lenient.Text(parts[len(parts)-1])
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
			asked.add(string(t.Conversation), string(t.Question))
			var before []conversation.Turn
			if h := said[t.Conversation]; len(t.Context) == 0 && t.Number > 1 {
				if h.n != int(t.Number)-1 {
					r.unread(at, "turn %d of conversation %s has no Context, and not all turns before it were read", t.Number, t.Conversation)
					return
				}
				before = h.said()
			} else {
				var ok bool
				if before, ok = pair(t.Context, asked[string(t.Conversation)]); !ok {
					r.unread(at, oddContext, len(t.Context))
					return
				}
			}
			said[t.Conversation] = said[t.Conversation].then(string(t.Question), string(t.Answer))
			r.add(at, Example{ID: fmt.Sprintf("%s_%d", t.Conversation, t.Number), Conversation: string(t.Conversation),
				Source: "topiocqa", History: before, Question: string(t.Question), Rewrite: string(t.Rewrite), Positives: positives})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// questions are the questions that a file contains, by conversation.
type questions map[string]map[string]bool

func (q questions) add(conversation, question string) {
	if q[conversation] == nil {
		q[conversation] = map[string]bool{}
	}
	q[conversation][clean(question)] = true
}

const oddContext = "the history has %d texts, an odd number: a question or a reply is missing, but not clear which"

// qrecc reads an array, or lines, of turns. The published files call history, rewrite
// and answer Context, Rewrite and Answer. A common derivative calls them NewContext,
// Truth_rewrite and Truth_answer, and adds GPT_rewrite and Editor_rewrite.
func qrecc(r *Result, files []File, o Options) error {
	for _, file := range files {
		asked := questions{}
		err := records(r, file, func(at position, t map[string]json.RawMessage) {
			get := func(names ...string) (s lenient.Text) {
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
			question := string(get("Question"))
			asked.add(string(conv), question)
			var context []lenient.Text
			for _, n := range []string{"Context", "NewContext"} {
				if raw, ok := t[n]; ok {
					if err := json.Unmarshal(raw, &context); err != nil {
						r.unread(at, "%s: %w", n, err)
						return
					}
					break
				}
			}
			before, ok := pair(context, asked[string(conv)])
			if !ok {
				r.unread(at, oddContext, len(context))
				return
			}
			fields := []string{"Truth_rewrite", "Rewrite"}
			if o.Rewrite != "" {
				fields = []string{o.Rewrite}
			}
			var positives []string
			json.Unmarshal(t["Truth_passages"], &positives) // absent in the published files
			r.add(at, Example{ID: fmt.Sprintf("%s_%s", conv, number), Conversation: string(conv), Source: "qrecc",
				History: before, Question: question, Rewrite: string(get(fields...)), Positives: positives})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// canard reads an array of questions. History begins with the article's title and
// section. They become a turn of their own, because the first question may refer to
// them.
//
//	{"History": ["Frank Zappa", "Disbandment", "What group disbanded?", "..."],
//	 "QuAC_dialog_id": "C_2d21..._0", "Question": "...", "Question_no": 2, "Rewrite": "..."}
func canard(r *Result, files []File, o Options) error {
	type question struct {
		History  []lenient.Text `json:"History"`
		Dialog   lenient.Text   `json:"QuAC_dialog_id"`
		Question lenient.Text   `json:"Question"`
		Number   lenient.Int    `json:"Question_no"`
		Rewrite  lenient.Text   `json:"Rewrite"`
	}
	for _, file := range files {
		asked := questions{}
		err := records(r, file, func(at position, q question) {
			if q.Dialog == "" || q.Number < 1 || len(q.History) < 2 {
				r.unread(at, "QuAC_dialog_id, Question_no or the two titles of History are missing")
				return
			}
			asked.add(string(q.Dialog), string(q.Question))
			said, ok := pair(q.History[2:], asked[string(q.Dialog)])
			if !ok {
				r.unread(at, oddContext, len(q.History)-2)
				return
			}
			before := history{}.then(titles(q.History[0], q.History[1]), "").said()
			r.add(at, Example{ID: fmt.Sprintf("%s_q#%d", q.Dialog, q.Number-1), Conversation: string(q.Dialog), Source: "canard",
				History: append(before, said...), Question: string(q.Question), Rewrite: string(q.Rewrite)})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func titles(title, section lenient.Text) string { return string(title + ", " + section) }

// quac reads one object.
//
//	{"data": [{"title": "...", "section_title": "...", "paragraphs": [{"id": "C_..._1",
//	 "qas": [{"id": "C_..._1_q#0", "question": "...", "orig_answer": {"text": "..."}}]}]}]}
func quac(r *Result, files []File, o Options) error {
	type article struct {
		Title      lenient.Text `json:"title"`
		Section    lenient.Text `json:"section_title"`
		Paragraphs []struct {
			ID  lenient.Text `json:"id"`
			QAs []struct {
				ID       lenient.Text `json:"id"`
				Question lenient.Text `json:"question"`
				Answer   struct {
					Text lenient.Text `json:"text"`
				} `json:"orig_answer"`
			} `json:"qas"`
		} `json:"paragraphs"`
	}
	for _, file := range files {
		in, done, err := file.json()
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
				said := history{}.then(titles(a.Title, a.Section), "")
				for _, q := range p.QAs {
					r.add(position{file: file.Name}, Example{ID: string(q.ID), Conversation: string(p.ID), Source: "quac",
						History: said.said(), Question: string(q.Question)})
					said = said.then(string(q.Question), string(q.Answer.Text))
				}
			}
		}
	}
	return nil
}

// cast reads topics of TREC CAsT. In all years they are arrays of {"number", "turn":
// [...]}. A turn of 2019 has only raw_utterance; 2020 adds rewrites and the id of a
// canonical result; 2021 adds the result's text (passage); 2022 has utterance and
// response and, in the tree form, participants and parents. The resolved utterances of
// 2019 are TSV: "31_4 TAB text".
func cast(r *Result, files []File, o Options) error {
	type turn struct {
		Number      lenient.Text `json:"number"`
		Parent      lenient.Text `json:"parent"`
		Participant lenient.Text `json:"participant"`
		Raw         lenient.Text `json:"raw_utterance"`
		Utterance   lenient.Text `json:"utterance"`
		Passage     lenient.Text `json:"passage"`
		Response    lenient.Text `json:"response"`
		Manual      lenient.Text `json:"manual_rewritten_utterance"`
		Automatic   lenient.Text `json:"automatic_rewritten_utterance"`
		Canonical   lenient.Text `json:"canonical_result_id"`
		CanonicalM  lenient.Text `json:"manual_canonical_result_id"`
	}
	type topic struct {
		Number lenient.Text `json:"number"`
		Turns  []turn       `json:"turn"`
	}
	// A node is a turn of a tree: a question, with its reply if that is known already.
	type node struct {
		before          history
		question, reply lenient.Text
	}
	after := func(n *node) history { // nil: before the first turn
		if n == nil {
			return history{}
		}
		return n.before.then(string(n.question), string(n.reply))
	}
	var resolved rewrites
	for _, file := range files {
		if strings.HasSuffix(strings.TrimSuffix(file.Name, ".gz"), ".tsv") {
			err := file.lines(func(lr *lines.Reader) error {
				for i, line := range lr.All() {
					at := position{file: file.Name, line: i}
					id, text, ok := strings.Cut(string(line), "\t")
					if !ok {
						r.unread(at, "no tab between the turn's id and its text")
						continue
					}
					text, _, _ = strings.Cut(text, "\t")
					resolved.put(r, at, id, text)
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
			var last *node // of the turns so far
			path := map[lenient.Text]*node{}
			for _, u := range t.Turns {
				parent := last
				if u.Parent != "" {
					var ok bool
					if parent, ok = path[u.Parent]; !ok {
						r.unread(at, "topic %s, turn %s: no turn %s before it", t.Number, u.Number, u.Parent)
						continue
					}
				}
				if strings.EqualFold(string(u.Participant), "System") {
					if parent != nil {
						parent = &node{parent.before, parent.question, u.Response}
					}
					path[u.Number], last = parent, parent
					continue
				}
				n := &node{after(parent), u.Raw + u.Utterance, u.Passage + u.Response} // a turn has one of each
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
					r.add(at, Example{ID: id, Conversation: string(t.Number), Source: "cast", History: n.before.said(),
						Question: string(n.question), Rewrite: string(rewrite), Positives: positives})
				}
				path[u.Number], last = n, n
			}
		})
		if err != nil {
			return err
		}
	}
	resolved.file(r)
	return nil
}

// rewrites are the rewrites of a separate file, each for the example with its id.
type rewrites struct {
	texts map[string]string
	order []string // ids
	at    map[string]position
}

// put keeps a rewrite, or reports why it cannot.
func (w *rewrites) put(r *Result, at position, id, text string) {
	id, text = strings.TrimSpace(id), clean(text)
	if w.texts == nil {
		w.texts, w.at = map[string]string{}, map[string]position{}
	}
	switch first, again := w.at[id]; {
	case text == "":
		r.unread(at, "the rewrite of %q is empty", id)
	case again:
		r.unread(at, "a second rewrite of %q; the first is on line %d of %s", id, first.line, first.file)
	default:
		w.texts[id], w.at[id] = text, at
		w.order = append(w.order, id)
	}
}

// file sets the examples' rewrites, and reports the rewrites without an example.
func (w *rewrites) file(r *Result) {
	matched := map[string]bool{}
	for i := range r.Examples {
		id := r.Examples[i].ID
		if text := w.texts[id]; text != "" {
			r.Examples[i].Rewrite = text
			matched[id] = true
		}
	}
	for _, id := range w.order {
		if !matched[id] {
			r.unread(w.at[id], "a rewrite of %q, but no turn with that id was read", id)
		}
	}
}

// ikat reads topics of TREC iKAT. It leaves out what is known of the person (ptkb). The
// form of 2025 has responses instead of turns, and user_utterance instead of utterance.
//
//	{"number": "9-1", "title": "...", "ptkb": {...}, "turns": [{"turn_id": 1,
//	 "utterance": "...", "resolved_utterance": "...", "response": "..."}]}
func ikat(r *Result, files []File, o Options) error {
	type turn struct {
		ID        lenient.Text `json:"turn_id"`
		Utterance lenient.Text `json:"utterance"`
		User      lenient.Text `json:"user_utterance"`
		Resolved  lenient.Text `json:"resolved_utterance"`
		Response  lenient.Text `json:"response"`
	}
	type topic struct {
		Number    lenient.Text `json:"number"`
		Turns     []turn       `json:"turns"`
		Responses []turn       `json:"responses"`
	}
	return recordsOf(r, files, func(at position, t topic) {
		turns := append(t.Turns, t.Responses...) // a topic has one of them
		if t.Number == "" || len(turns) == 0 {
			r.unread(at, "no topic: number, or turns and responses, are missing")
			return
		}
		var said history
		for _, u := range turns {
			question := string(u.Utterance + u.User) // a turn has one of them
			r.add(at, Example{ID: fmt.Sprintf("%s_%s", t.Number, u.ID), Conversation: string(t.Number), Source: "ikat",
				History: said.said(), Question: question, Rewrite: string(u.Resolved)})
			said = said.then(question, string(u.Response))
		}
	})
}

// convquestions reads an array of conversations. The first question is understandable
// by itself; most others have a completed_question.
//
//	{"conv_id": 6722, "domain": "books", "questions": [{"turn": 0, "question": "...",
//	 "answer_text": "Italy;India", "question_id": "6722-0", "completed_question": "..."}]}
func convquestions(r *Result, files []File, o Options) error {
	type question struct {
		Turn      lenient.Int  `json:"turn"`
		Question  lenient.Text `json:"question"`
		Answer    lenient.Text `json:"answer_text"`
		Completed lenient.Text `json:"completed_question"`
	}
	type conv struct {
		ID        lenient.Text `json:"conv_id"`
		Questions []question   `json:"questions"`
	}
	return recordsOf(r, files, func(at position, c conv) {
		if c.ID == "" || len(c.Questions) == 0 {
			r.unread(at, "conv_id or questions is missing")
			return
		}
		byNumber(c.Questions, func(q question) lenient.Int { return q.Turn })
		var said history
		for i, q := range c.Questions {
			rewrite := q.Completed
			if i == 0 && rewrite == "" {
				rewrite = q.Question
			}
			r.add(at, Example{ID: fmt.Sprintf("%s-%d", c.ID, q.Turn), Conversation: string(c.ID), Source: "convquestions",
				History: said.said(), Question: string(q.Question), Rewrite: string(rewrite)})
			said = said.then(string(q.Question), strings.ReplaceAll(string(q.Answer), ";", "; "))
		}
	})
}

// mtragTasks reads lines of three forms (mtrag.Record), which may be mixed. A task is a
// turn of people's conversation, a synthetic turn has its history with it, and a query
// has a turn's rewrite.
func mtragTasks(r *Result, files []File, o Options) error {
	type placed struct {
		mtrag.Record
		at position
	}
	var order []string
	human := map[string][]placed{}
	var written rewrites
	err := recordsOf(r, files, func(at position, t mtrag.Record) {
		if t.QueryID != "" {
			written.put(r, at, string(t.QueryID), mtrag.Question(clean(t.Text)))
			return
		}
		conv, _, ok := strings.Cut(string(t.ID), "<::>")
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
			var said history
			last := len(turns) - 1
			for _, t := range turns[:last] {
				said = said.then(t.Question, t.Reply)
			}
			r.add(at, Example{ID: string(t.ID), Conversation: conv, Source: "mtrag-synthetic", History: said.said(), Question: turns[last].Question})
		}
	})
	if err != nil {
		return err
	}
	for _, conv := range order {
		byNumber(human[conv], func(p placed) lenient.Int { return p.Turn }) // the file has turn 10 before turn 2
		var said history
		for _, p := range human[conv] {
			r.add(p.at, Example{ID: string(p.ID), Conversation: conv, Source: "mtrag-" + string(p.Domain),
				History: said.said(), Question: string(p.User.Text)})
			said = said.then(string(p.User.Text), string(p.Agent.Text))
		}
	}
	written.file(r)
	return nil
}

// beirQueries reads queries; each is its own rewrite.
func beirQueries(r *Result, files []File, o Options) error {
	return recordsOf(r, files, func(at position, q struct {
		ID   lenient.Text `json:"_id"`
		Text lenient.Text `json:"text"`
	}) {
		if q.ID == "" {
			r.unread(at, "_id is missing")
			return
		}
		r.add(at, Example{ID: string(q.ID), Conversation: string(q.ID), Source: "beir", Question: string(q.Text), Rewrite: string(q.Text)})
	})
}

// questionLines reads one question per line, in TSV the first column; each is its own
// rewrite.
func questionLines(r *Result, files []File, o Options) error {
	for n, file := range files {
		err := file.lines(func(lr *lines.Reader) error {
			for i, line := range lr.All() {
				q, _, _ := strings.Cut(string(line), "\t")
				id := strconv.Itoa(i)
				if len(files) > 1 {
					id = fmt.Sprintf("%d-%d", n+1, i)
				}
				r.add(position{file: file.Name, line: i}, Example{ID: id, Conversation: id, Source: "questions", Question: q, Rewrite: q})
			}
			return lr.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// jsonl reads examples, or whole conversations, of which each turn becomes an example:
//
//	{"id": "c1", "turns": [{"question": "...", "reply": "...", "rewrite": "..."}, ...]}
//
// An example has the key conversation; a whole conversation does not. Its turns may
// have gold articles, as in trainer/conversations; those of the best grade become the
// positives.
func jsonl(r *Result, files []File, o Options) error {
	return recordsOf(r, files, func(at position, c struct {
		ID           lenient.Text `json:"id"`
		Conversation lenient.Text `json:"conversation"`
		Source       lenient.Text `json:"source"`
		Turns        []struct {
			Question lenient.Text `json:"question"`
			Reply    lenient.Text `json:"reply"`
			Rewrite  lenient.Text `json:"rewrite"`
			Gold     []struct {
				ID    lenient.Text `json:"id"`
				Grade lenient.Int  `json:"grade"`
			} `json:"gold"`
		} `json:"turns"`
		Rewrite   lenient.Text `json:"rewrite"`
		Positives []string     `json:"positives"`
	}) {
		if c.ID == "" || len(c.Turns) == 0 {
			r.unread(at, "id or turns is missing")
			return
		}
		var said history
		for i, t := range c.Turns {
			last := i == len(c.Turns)-1
			switch {
			case c.Conversation != "" && !last:
			case c.Conversation != "" && clean(string(t.Reply)) != "":
				r.unread(at, "the last turn, which is the question asked, already has a reply")
			case c.Conversation != "":
				r.add(at, Example{ID: string(c.ID), Conversation: string(c.Conversation), Source: string(c.Source),
					History: said.said(), Question: string(t.Question), Rewrite: string(c.Rewrite), Positives: c.Positives})
			default:
				best := lenient.Int(1)
				for _, g := range t.Gold {
					best = max(best, g.Grade)
				}
				var positives []string
				for _, g := range t.Gold {
					if g.Grade == best {
						positives = append(positives, string(g.ID))
					}
				}
				r.add(at, Example{ID: fmt.Sprintf("%s_%d", c.ID, i+1), Conversation: string(c.ID), Source: string(c.Source),
					History: said.said(), Question: string(t.Question), Rewrite: string(t.Rewrite), Positives: positives})
			}
			said = said.then(string(t.Question), string(t.Reply))
		}
	})
}

// parley reads the project's own conversations, one per line. Unlike jsonl, it refuses
// files of any other form.
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
