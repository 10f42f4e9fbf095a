// Package importers reads conversations from data sets of conversational search, each in
// its published form, and returns them in one form: as examples.
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
//	questions      plain text, one question per line (in TSV, the first column)
//	jsonl          the project's own form, which `trainer import` writes; see Example
//	parley         the project's judged conversations (package judged); jsonl reads them, too
//
// Every file may be gzip; UTF-16 is refused. A record that cannot be read is left out and
// reported with its file and line. Import fails if a file is of an entirely different form,
// or if there is nothing that it can read. All texts lose the blanks at their ends, and
// HTML's entities are replaced. "CANNOTANSWER" and "UNANSWERABLE" become the reply "I don't
// know."; a field with NaN counts as missing.
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

// An Example is one question of a conversation and what was said before it. It is a line
// of the project's own JSONL form:
//
//	{"id": "31_4", "conversation": "31", "source": "cast",
//	 "turns": [{"question": "...", "reply": "..."}, ..., {"question": "..."}],
//	 "rewrite": "...", "positives": ["MARCO_5498474"]}
//
// Turns are oldest first. The last is the question of the example and has no reply.
type Example struct {
	ID           string
	Conversation string
	Source       string
	// History is what was said before, oldest first. The examples of a conversation share
	// its memory, so it must not be changed.
	History   []conversation.Turn
	Question  string   // the one to answer
	Rewrite   string   // the question, understandable without its history; "" if the data set has none
	Positives []string // ids of passages that answer
}

// Turns returns the example as the encoder reads it: the history, then the question
// without a reply. The caller may change the slice.
func (e *Example) Turns() []conversation.Turn {
	turns := make([]conversation.Turn, 0, len(e.History)+1)
	return append(append(turns, e.History...), conversation.Turn{Question: e.Question})
}

// Options change what an importer reads.
type Options struct {
	// Rewrite names the field with the rewrite, for data sets that have several
	// (QReCC: Truth_rewrite, GPT_rewrite, Editor_rewrite; CAsT:
	// manual_rewritten_utterance, automatic_rewritten_utterance).
	Rewrite string
	// Rows makes the id of an example its place in the file, from 0, as in the rankings
	// that DiSCo publishes. It is for data sets with one turn per record (canard, qrecc,
	// topiocqa).
	Rows bool
}

// A Result contains what Import read, and an error for each record that it could not read.
type Result struct {
	Examples []Example
	Unread   []error // of type *lines.Error, with file and line

	rows bool // Options.Rows
	seen map[string]bool
}

// add adds an example, or reports why it cannot. The texts of e.History must be clean
// already.
func (r *Result) add(at position, e Example) {
	e.Question, e.Rewrite = clean(e.Question), clean(e.Rewrite)
	if r.rows {
		e.ID = strconv.Itoa(at.row)
	}
	switch {
	case e.Question == "":
		r.unread(at, "the question is missing or empty")
	case r.seen[e.Source+"\x00"+e.ID]: // ids of different data sets may be equal
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
	row  int // the number of records before it in the file
}

type importer func(r *Result, files []File, o Options) error

var all = map[string]importer{
	"topiocqa": topiocqa, "qrecc": qrecc, "canard": canard, "quac": quac, "cast": cast, "ikat": ikat,
	"convquestions": convquestions, "mtrag": mtragTasks, "beir": beirQueries, "questions": questionLines, "jsonl": jsonl, "parley": parley,
}

// Names returns the data sets' names, sorted.
func Names() []string { return slices.Sorted(maps.Keys(all)) }

// A File is one file of a data set: its name in messages, and a function that opens it.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Memory returns a File whose content is in memory.
func Memory(name string, content []byte) File {
	return File{name, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}

// Import reads the files of the data set name, which is one of Names. It returns an error
// if they contain no conversation; Result.Unread has what else could not be read.
func Import(name string, files []File, o Options) (*Result, error) {
	read, ok := all[name]
	if !ok {
		return nil, fmt.Errorf("no importer %q; there are %s", name, strings.Join(Names(), ", "))
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no files", name)
	}
	if turnEach := name == "canard" || name == "qrecc" || name == "topiocqa"; o.Rows && !turnEach {
		return nil, fmt.Errorf("%s: examples can be named by rows only in data sets with one turn per record: canard, qrecc, topiocqa", name)
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

// json opens a JSON file, decompressed and made strict by lenient.NewReader. The function
// that it returns closes the file.
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

// lines calls read with a reader of the file's lines.
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

// newlines remembers where lines end, to convert offsets into line numbers.
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

// records calls f with every record of a file. The records are the elements of a JSON
// array, or JSON objects on lines of their own. It reports a record that does not fit T,
// with its line, and goes on; it also reports a file that breaks off, and keeps the
// records before.
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
	skipped := n.read - int64(br.Buffered()) // the bytes before the decoder's offset 0, which Discard took
	d.Token()                                // the bracket
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

// recordsOf calls f with every record of all files, as records does.
func recordsOf[T any](r *Result, files []File, f func(at position, v T)) error {
	for _, file := range files {
		if err := records(r, file, f); err != nil {
			return err
		}
	}
	return nil
}

// Stats are the figures of a data set, a row of the table that describes it.
type Stats struct {
	Conversations int     `json:"conversations"`
	Turns         int     `json:"turns"`              // examples
	Rewritten     int     `json:"rewritten"`          // examples with a rewrite
	Distinct      int     `json:"distinct"`           // different pairs of question and rewrite
	PerConv       float64 `json:"turns_conversation"` // mean
	Depth         float64 `json:"depth"`              // mean place of a question in its conversation, from 1
	Question      float64 `json:"tokens_question"`    // mean length in tokens
	Rewrite       float64 `json:"tokens_rewrite"`     // mean length of a rewrite in tokens
	Whole         float64 `json:"tokens_whole"`       // mean length of question and history in tokens
}

// Describe returns the figures of examples. count returns a text's length in tokens.
func Describe(examples []Example, count func(string) int) Stats {
	var s Stats
	conv := map[string]bool{}
	pairs := map[string]bool{}
	var before []conversation.Turn // the previous example's history; the next one often continues it
	said := 0                      // the length of before in tokens
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

// Distinct returns the first example of every pair of question and rewrite; ConvQuestions,
// for one, repeats the same questions in other orders. It changes examples.
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

// MaxTurns is the number of turns of an example that Write writes, including the question;
// it leaves out older ones. No encoder reads so many, and with all of them the size of a
// long conversation's lines would grow with the square of its length.
const MaxTurns = 200

// Write writes examples in the project's own form, one per line.
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

// byNumber sorts the turns of a conversation by their number.
func byNumber[T any](list []T, number func(T) lenient.Int) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(number(a), number(b)) })
}
