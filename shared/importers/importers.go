// Package importers reads conversations from the data sets of conversational
// search, each in its own published form, into one: examples.
//
//	topiocqa       TopiOCQA (Adlakha et al. 2022): topiocqa_{train,dev}.json, and the
//	               retriever's all_history files
//	qrecc          QReCC (Anantha et al. 2021): qrecc_{train,test}.json and its derivatives
//	canard         CANARD (Elgohary et al. 2019): {train,dev,test}.json
//	quac           QuAC (Choi et al. 2018): {train,val}_v0.2.json
//	cast           TREC CAsT 2019 to 2022: topics as JSON, resolved utterances as TSV
//	ikat           TREC iKAT 2023 and later: topics as JSON
//	convquestions  ConvQuestions (Christmann et al. 2019): {train,dev,test}_DOMAIN.json
//	mtrag          MTRAG (Katsis et al. 2025): tasks, synthetic conversations, rewrites
//	beir           BEIR: queries.jsonl, each a conversation of one turn
//	questions      plain text, a question a line (of TSV the first column)
//	jsonl          our own form, which `trainer import` writes; see Example
//	parley         our own judged conversations (see judged), which jsonl reads, too
//
// Every file may be gzip; UTF-16 is refused. What cannot be read is reported with its file
// and line and left out; only a file that is altogether something else is an error. Of all
// texts blanks at their ends are left out and HTML's entities replaced; "CANNOTANSWER" and
// "UNANSWERABLE" are read as the reply "I don't know."; NaN is a field that is missing.
package importers

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"parley/shared/conversation"
	"parley/shared/lenient"
	"parley/shared/lines"
)

// An Example is one question of a conversation, with what was said before it: a
// line of our own JSONL form,
//
//	{"id": "31_4", "conversation": "31", "source": "cast",
//	 "turns": [{"question": "...", "reply": "..."}, ..., {"question": "..."}],
//	 "rewrite": "...", "positives": ["MARCO_5498474"]}
//
// Turns are oldest first; the last is the one that is asked, without reply.
type Example struct {
	ID           string
	Conversation string
	Source       string
	// History is what was said before, oldest first. The examples of a conversation share
	// it, so it is not to be changed.
	History   []conversation.Turn
	Question  string   // the one that is asked
	Rewrite   string   // how it reads without its history, "" where nobody wrote that
	Positives []string // passages that answer
}

// Turns is the example as the encoder reads it: the history, and the question without a
// reply. The slice is the caller's own.
func (e *Example) Turns() []conversation.Turn {
	turns := make([]conversation.Turn, 0, len(e.History)+1)
	return append(append(turns, e.History...), conversation.Turn{Question: e.Question})
}

// Options change what an importer takes.
type Options struct {
	// Rewrite names the field that holds the rewrite, where a data set has several
	// (QReCC: Truth_rewrite, GPT_rewrite, Editor_rewrite; CAsT:
	// manual_rewritten_utterance, automatic_rewritten_utterance).
	Rewrite string
	// Rows names an example by its place in the file, from 0, as the rankings that
	// DiSCo publishes do; for data sets with a turn a record (canard, qrecc, topiocqa).
	Rows bool
}

// A Result is what was read, and what was not.
type Result struct {
	Examples []Example
	Unread   []error // each names file and line

	rows bool // Options.Rows
	seen map[string]bool
}

// add takes an example, or says why not. The texts of its history are cleaned already.
func (r *Result) add(at position, e Example) {
	e.Question, e.Rewrite = clean(e.Question), clean(e.Rewrite)
	if r.rows {
		e.ID = strconv.Itoa(at.row)
	}
	switch {
	case e.Question == "":
		r.unread(at, "the question is missing or empty")
	case r.seen[e.Source+"\x00"+e.ID]: // data sets number alike
		r.unread(at, "a second example with id %q", e.ID)
	default:
		if r.seen == nil {
			r.seen = map[string]bool{}
		}
		r.seen[e.Source+"\x00"+e.ID] = true
		r.Examples = append(r.Examples, e)
	}
}

func (r *Result) unread(at position, format string, args ...any) {
	r.Unread = append(r.Unread, &lines.Error{File: at.file, Line: at.line, Err: fmt.Errorf(format, args...)})
}

type position struct {
	file string
	line int // from 1
	row  int // records before it
}

type importer func(r *Result, files []File, o Options) error

var all = map[string]importer{
	"topiocqa": topiocqa, "qrecc": qrecc, "canard": canard, "quac": quac, "cast": cast, "ikat": ikat,
	"convquestions": convquestions, "mtrag": mtragTasks, "beir": beirQueries, "questions": questionLines, "jsonl": jsonl, "parley": parley,
}

// Names lists the data sets.
func Names() []string { return slices.Sorted(maps.Keys(all)) }

// A File is one of a data set: the name that messages call it, and how it is opened.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Memory is a file whose content is at hand.
func Memory(name string, content []byte) File {
	return File{name, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}

// Import reads the files of a data set. It is an error where no conversation is in
// them; what else could not be read is in Result.Unread.
func Import(name string, files []File, o Options) (*Result, error) {
	read, ok := all[name]
	if !ok {
		return nil, fmt.Errorf("no importer %q; there are %s", name, strings.Join(Names(), ", "))
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no files", name)
	}
	if turnEach := name == "canard" || name == "qrecc" || name == "topiocqa"; o.Rows && !turnEach {
		return nil, fmt.Errorf("%s: rows name its examples only where each is a record of its own: canard, qrecc, topiocqa", name)
	}
	r := &Result{rows: o.Rows}
	if err := read(r, files, o); err != nil {
		return nil, err
	}
	if len(r.Examples) == 0 {
		why := errors.New("they are empty")
		if len(r.Unread) > 0 {
			why = r.Unread[0]
		}
		names := make([]string, len(files))
		for i, f := range files {
			names[i] = f.Name
		}
		return nil, fmt.Errorf("no conversation of the form of %s in %s: %w", name, strings.Join(names, ", "), why)
	}
	return r, nil
}

// json opens a file of JSON and reads through gzip; see lenient.NewReader.
func (f File) json() (io.Reader, func() error, error) {
	in, err := f.Open()
	if err != nil {
		return nil, nil, err
	}
	text, err := lines.Text(in, f.Name)
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	return lenient.NewReader(text), in.Close, nil
}

// lines hands the lines of a file to read.
func (f File) lines(read func(*lines.Reader) error) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	r, err := lines.NewReader(in, f.Name)
	if err != nil {
		return err
	}
	return read(r)
}

// newlines remembers where lines end, to turn offsets into lines.
type newlines struct {
	r    io.Reader
	read int64
	ends []int64
}

func (n *newlines) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	for i, c := range p[:k] {
		if c == '\n' {
			n.ends = append(n.ends, n.read+int64(i))
		}
	}
	n.read += int64(k)
	return k, err
}

func (n *newlines) line(offset int64) int {
	return 1 + sort.Search(len(n.ends), func(i int) bool { return n.ends[i] >= offset })
}

// records hands every record of a file to f: the elements of a JSON array, or JSON
// objects a line each. A record that does not fit T is reported with its line; so is
// a file that breaks off, with the records before it kept.
func records[T any](r *Result, file File, f func(at position, v T)) error {
	path := file.Name
	in, done, err := file.json()
	if err != nil {
		return err
	}
	defer done()
	n := &newlines{r: in}
	br := bufio.NewReader(n)
	for { // the first byte that says what the file is
		c, err := br.Peek(1)
		if err != nil {
			return fmt.Errorf("%s: empty, or not readable: %w", path, err)
		}
		if c[0] == '[' || c[0] == '{' {
			break
		}
		if !strings.Contains(" \t\r\n\xef\xbb\xbf", string(c)) {
			return fmt.Errorf("%s: begins with %q: neither a JSON array nor JSON lines", path, c)
		}
		br.Discard(1)
	}
	one := func(at position, raw []byte) {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			r.unread(at, "%w", err)
			return
		}
		f(at, v)
	}
	if c, _ := br.Peek(1); c[0] == '{' {
		lr, err := lines.NewReader(br, path)
		if err != nil {
			return err
		}
		row := 0
		for i, line := range lr.All() {
			one(position{path, i, row}, line)
			row++
		}
		if err := lr.Err(); err != nil {
			r.Unread = append(r.Unread, err)
		}
		return nil
	}
	d := json.NewDecoder(br)
	skipped := n.read // what Peek and Discard took is before the decoder's offset 0
	if k := br.Buffered(); k >= 0 {
		skipped -= int64(k)
	}
	d.Token() // the bracket
	for row := 0; d.More(); row++ {
		var raw json.RawMessage
		err := d.Decode(&raw)
		at := position{path, n.line(skipped + d.InputOffset() - int64(len(raw))), row}
		if err != nil {
			r.unread(at, "the file ends or breaks here: %w", err)
			return nil
		}
		one(at, raw)
	}
	if _, err := d.Token(); err != nil {
		r.unread(position{file: path, line: n.line(skipped + d.InputOffset())}, "the array does not end: %w", err)
	}
	return nil
}

// Stats is a line of the table that describes a data set.
type Stats struct {
	Conversations int     `json:"conversations"`
	Turns         int     `json:"turns"`              // examples
	Rewritten     int     `json:"rewritten"`          // of them with a rewrite
	Distinct      int     `json:"distinct"`           // different pairs of question and rewrite
	PerConv       float64 `json:"turns_conversation"` // mean
	Depth         float64 `json:"depth"`              // mean place of a question in its conversation, from 1
	Question      float64 `json:"tokens_question"`    // mean length in tokens
	Rewrite       float64 `json:"tokens_rewrite"`     // of the rewrites
	Whole         float64 `json:"tokens_whole"`       // of question and history
}

// Describe measures examples; count gives a text's length in tokens.
func Describe(examples []Example, count func(string) int) Stats {
	var s Stats
	conv := map[string]bool{}
	pairs := map[string]bool{}
	var before []conversation.Turn // the last example's history, which the next one's often goes on from
	said := 0                      // its length in tokens
	for i := range examples {
		e := &examples[i]
		conv[e.Source+"\x00"+e.Conversation] = true
		pairs[e.Question+"\x00"+e.Rewrite] = true
		if len(before) == 0 || len(e.History) < len(before) || &before[0] != &e.History[0] {
			before, said = nil, 0
		}
		for _, t := range e.History[len(before):] {
			said += count(t.Question) + count(t.Reply)
		}
		before = e.History
		question := count(e.Question)
		s.Turns++
		s.Depth += float64(len(e.History) + 1)
		s.Question += float64(question)
		s.Whole += float64(said + question)
		if e.Rewrite != "" {
			s.Rewritten++
			s.Rewrite += float64(count(e.Rewrite))
		}
	}
	s.Conversations, s.Distinct = len(conv), len(pairs)
	n := float64(max(1, s.Turns))
	s.PerConv = float64(s.Turns) / float64(max(1, s.Conversations))
	s.Depth, s.Question, s.Whole = s.Depth/n, s.Question/n, s.Whole/n
	s.Rewrite /= float64(max(1, s.Rewritten))
	return s
}

// Distinct keeps the first example of every pair of question and rewrite:
// ConvQuestions, for one, permutes the same questions.
func Distinct(examples []Example) []Example {
	seen := map[[2]string]bool{}
	return slices.DeleteFunc(examples, func(e Example) bool {
		k := [2]string{e.Question, e.Rewrite}
		if seen[k] {
			return true
		}
		seen[k] = true
		return false
	})
}

// MaxTurns is how many turns of an example are written, its question included; older ones
// are left out. No encoder reads as many, and with all of them the lines of one long
// conversation would take the square of its length.
const MaxTurns = 200

// Write writes examples in our own form, a line each.
func Write(w io.Writer, examples []Example) error {
	out := bufio.NewWriter(w)
	to := json.NewEncoder(out)
	to.SetEscapeHTML(false)
	for i := range examples {
		e := examples[i]
		e.History = e.History[max(0, len(e.History)+1-MaxTurns):]
		err := to.Encode(struct {
			ID           string              `json:"id"`
			Conversation string              `json:"conversation"`
			Source       string              `json:"source,omitempty"`
			Turns        []conversation.Turn `json:"turns"`
			Rewrite      string              `json:"rewrite,omitempty"`
			Positives    []string            `json:"positives,omitempty"`
		}{e.ID, e.Conversation, e.Source, e.Turns(), e.Rewrite, e.Positives})
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

// byNumber sorts turns of a conversation.
func byNumber[T any](list []T, number func(T) lenient.Int) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(number(a), number(b)) })
}
