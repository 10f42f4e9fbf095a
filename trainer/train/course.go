//go:build libtorch

package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"parley/shared/conversation"
	"parley/shared/durable"
	"parley/trainer/exact"
	"parley/trainer/torch"
)

// courseFile is the name of a run's record (--record). Its first line is a courseHead;
// the others are coursePoints, in order of their steps.
const courseFile = "course.jsonl"

// A courseHead says what a record is of.
type courseHead struct {
	Questions []courseQuestion `json:"questions"`
	Every     int              `json:"every"`
	Steps     int              `json:"steps"`    // of the whole run
	Examples  int              `json:"examples"` // trained on
	Passages  int              `json:"passages"` // ranked
	Postings  float64          `json:"postings,omitempty"`
	L1        float64          `json:"l1,omitempty"`
	FLOPS     float64          `json:"flops,omitempty"`
	Lambda    float64          `json:"lambda_steps"` // the share of the steps during which these rise
	Seed      int              `json:"seed"`
}

// A courseQuestion is a recorded question, as the student reads it.
type courseQuestion struct {
	Turns   []courseTurn `json:"turns"` // oldest first; the last one has no reply
	Rewrite string       `json:"rewrite"`
	Answers []string     `json:"answers"` // ids of passages that answer
}

type courseTurn struct {
	Question string `json:"question"`
	Reply    string `json:"reply,omitempty"`
}

// A coursePoint is the vector of one question after a step.
type coursePoint struct {
	Step     int          `json:"step"`
	Question int          `json:"question"` // its place in the head
	Terms    []courseTerm `json:"terms"`    // heaviest first
	FLOPS    float64      `json:"flops"`    // postings touched per passage
	Rank     int          `json:"rank"`     // of the best passage that answers; 0: beyond courseDepth, or none is known
	First    []string     `json:"first"`    // ids of the first results
	KLD      float64      `json:"kld,omitempty"`
}

// courseDepth is the depth of the ranking in which the answer's rank is looked up.
const courseDepth = 1000

// A courseTerm is a term, its weight, and where its piece stands: in the question
// ("asked"), in what was said before ("said"), or nowhere ("added").
type courseTerm struct {
	Text   string
	Weight float32
	From   string
}

func (t courseTerm) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{t.Text, math.Round(float64(t.Weight)*100) / 100, t.From})
}

// openCourse begins the record, or removes what a resumed run will record again.
func (r *runner) openCourse(total int) error {
	if len(r.p.record) == 0 {
		return nil
	}
	head := courseHead{Every: r.c.RecordEvery, Steps: total, Examples: len(r.p.train), Passages: len(r.p.texts),
		Postings: r.c.Postings, L1: r.c.L1, FLOPS: r.c.FLOPS, Lambda: r.c.LambdaSteps, Seed: r.c.Seed}
	for i := range r.p.record {
		e := &r.p.record[i]
		q := courseQuestion{Rewrite: e.Rewrite, Answers: e.Positives}
		for _, t := range e.Turns() {
			q.Turns = append(q.Turns, courseTurn{t.Question, t.Reply})
		}
		head.Questions = append(head.Questions, q)
	}
	first, err := json.Marshal(head)
	if err != nil {
		return err
	}
	kept := bytes.NewBuffer(append(first, '\n'))
	path := filepath.Join(r.c.Out, courseFile)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known := false // the vectors of the step from which the run goes on
	for line := range bytes.Lines(data) {
		var at struct {
			Step  *int
			Terms json.RawMessage
		}
		if json.Unmarshal(line, &at) == nil && at.Step != nil && *at.Step <= r.state.Step && at.Terms != nil && line[len(line)-1] == '\n' {
			kept.Write(line)
			known = known || *at.Step == r.state.Step
		}
	}
	if err := durable.WriteFile(path, kept.Bytes()); err != nil {
		return err
	}
	if r.course, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0); err != nil {
		return err
	}
	if r.state.Step == 0 && !known {
		return r.record(0, nil)
	}
	return nil
}

// record writes the recorded questions' vectors after a step.
func (r *runner) record(step int, parts torch.Parts) error {
	if r.course == nil {
		return nil
	}
	if r.index.Index == nil {
		r.index.Index = exact.New(r.p.docs)
	}
	share := r.shares()
	form := conversation.Form{MaxTokens: r.c.MaxTokens, HistoryType: uint8(r.c.HistoryType), ReplyTokens: r.c.ReplyTokens}
	for n := range r.p.record {
		e := &r.p.record[n]
		in := conversation.Build(r.p.tokenizer, e.Turns(), form)
		vs, err := r.student.Encode([][]int32{in.IDs}, [][]uint8{in.Types}, nil)
		if err != nil {
			return fmt.Errorf("recording question %d: %w", n+1, err)
		}
		from := map[uint32]string{}
		for i, id := range in.IDs {
			switch o := in.From[i]; {
			case o.Side == conversation.Marker:
			case o.Turn == len(e.History):
				from[uint32(id)] = "asked"
			case from[uint32(id)] == "":
				from[uint32(id)] = "said"
			}
		}
		v := vs[0]
		p := coursePoint{Step: step, Question: n, Terms: []courseTerm{}, First: []string{}, KLD: parts["kld"]}
		for i, t := range v.Terms {
			x := courseTerm{r.p.tokenizer.Piece(int32(t)), v.Weights[i], from[t]}
			if x.From == "" {
				x.From = "added"
			}
			p.Terms = append(p.Terms, x)
			p.FLOPS += float64(share[t])
		}
		p.FLOPS = math.Round(p.FLOPS*1000) / 1000
		slices.SortStableFunc(p.Terms, func(a, b courseTerm) int {
			switch {
			case a.Weight > b.Weight:
				return -1
			case a.Weight < b.Weight:
				return 1
			}
			return 0
		})
		for i, h := range r.index.Search(v, courseDepth) {
			id := r.p.ids[h.Doc]
			if i < 5 {
				p.First = append(p.First, id)
			}
			if p.Rank == 0 && slices.Contains(e.Positives, id) {
				p.Rank = i + 1
			}
		}
		line, err := json.Marshal(p)
		if err == nil {
			_, err = r.course.Write(append(line, '\n'))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
