package train

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"parley/shared/cli"
	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/passages"
	"parley/shared/sentence"
	"parley/shared/wordpiece"
	"parley/trainer/candidates"
	"parley/trainer/torch"
)

// A ReaderConfig is the configuration of a reader's run, as Config is of an encoder's. The
// run's folder has it as reader.json, not run.json.
type ReaderConfig struct {
	Out        string   `json:"out" help:"the run's folder"`
	Encoder    string   `json:"encoder" help:"folder of the dense encoder to begin from, as it ships"`
	Further    bool     `json:"further" help:"begin from the reader that --encoder has already, not from its next layers and new heads"`
	Vocabulary string   `json:"vocabulary" help:"folder of an encoder with the vocabulary, if --encoder shares it (empty: --encoder)"`
	Examples   []string `json:"examples" help:"training examples, as trainer candidates writes them"`
	Dev        []string `json:"dev" help:"dev examples"`

	Lower         int `json:"lower-layers" help:"number of the dense encoder's layers that the reader shares; they stay as they are, as the embeddings do"`
	Layers        int `json:"layers" help:"number of the reader's own layers above them, begun from the dense encoder's next ones"`
	QueryTokens   int `json:"query-tokens" help:"length of the conversation in the input, including markers"`
	ReplyTokens   int `json:"reply-tokens" help:"number of tokens that are read of each reply, from its beginning (0: none)"`
	PassageTokens int `json:"passage-tokens" help:"length of the passage in the input, including its marker"`

	Passages  int     `json:"passages" help:"read the first n passages of an example, of which the first is the right one (0: all)"`
	Rate      float64 `json:"rate" help:"largest learning rate"`
	WarmUp    float64 `json:"warm-up" help:"share of all steps during which the rate rises; afterwards it falls to 0"`
	Weight    float64 `json:"weight-decay" help:"of matrices"`
	Clip      float64 `json:"clip" help:"largest norm of the gradient (0: no limit)"`
	Batch     int     `json:"batch" help:"examples a step"`
	Epochs    int     `json:"epochs" help:"number of passes over the examples"`
	Steps     int     `json:"steps" help:"stop after n steps (0: after the epochs)"`
	Seed      int     `json:"seed" help:"of everything random"`
	Device    string  `json:"device" help:"cpu, cuda or cuda:N"`
	Mixed     bool    `json:"mixed" help:"compute in bfloat16 where that is safe"`
	Threads   int     `json:"threads" help:"number of cores that an operation uses (0: libtorch's choice)"`
	SaveEvery int     `json:"save-every" help:"steps between checkpoints"`
}

// DefaultReader returns the settings of the reader that ships.
func DefaultReader() ReaderConfig {
	return ReaderConfig{Lower: 6, Layers: 4, QueryTokens: 96, ReplyTokens: 24, PassageTokens: 160,
		Rate: 1e-4, WarmUp: .05, Weight: .01, Clip: 1, Batch: 12, Epochs: 1, Seed: 1, Device: "cpu", SaveEvery: 50}
}

// Flags defines a flag in set for every field.
func (c *ReaderConfig) Flags(set *cli.Flags) { defineFlags(c, set) }

// Read reads a run's reader.json; its fields replace those of c. An unknown field is an
// error.
func (c *ReaderConfig) Read(path string) error { return readConfig(path, c) }

// Override sets the fields whose flags, as Flags defined them, were given.
func (c *ReaderConfig) Override(given *cli.Flags) error { return override(c, given) }

// Check returns an error that names the field if a setting is missing or out of range.
func (c *ReaderConfig) Check() error {
	return check(c, []wanted{
		{"out", c.Out != "", "a folder"},
		{"encoder", c.Encoder != "", "a folder"},
		{"examples", len(c.Examples) > 0, "a file"},
		{"lower-layers", c.Lower >= 0, "0 or more"},
		{"layers", c.Layers >= 1, "1 or more"},
		{"query-tokens", c.QueryTokens >= 3, "3 or more"},
		{"reply-tokens", c.ReplyTokens >= 0, "0 or more"},
		{"passage-tokens", c.PassageTokens >= 2, "2 or more"},
		{"passages", c.Passages >= 0, "0 or more"},
		{"rate", c.Rate > 0 && c.Rate < 10, "above 0"},
		{"warm-up", c.WarmUp >= 0 && c.WarmUp < 1, "0 to 1"},
		{"weight-decay", c.Weight >= 0, "0 or more"},
		{"clip", c.Clip >= 0, "0 or more"},
		{"batch", c.Batch >= 1, "1 or more"},
		{"epochs", c.Epochs >= 1, "1 or more"},
		{"steps", c.Steps >= 0, "0 or more"},
		{"threads", c.Threads >= 0, "0 or more"},
		{"save-every", c.SaveEvery >= 1, "1 or more"},
	})
}

// Settings returns the settings that the training determines, for the dense encoder's
// config.json.
func (c *ReaderConfig) Settings() encoder.ReaderSettings {
	return encoder.ReaderSettings{LowerLayers: c.Lower, Layers: c.Layers, QueryTokens: c.QueryTokens, ReplyTokens: c.ReplyTokens, PassageTokens: c.PassageTokens}
}

// schedule returns the part of an encoder's configuration that says how many steps there
// are and how fast they learn.
func (c *ReaderConfig) schedule() *Config {
	return &Config{Rate: c.Rate, WarmUp: c.WarmUp, Decay: "linear", Batch: c.Batch, Epochs: c.Epochs, Steps: c.Steps}
}

// A reading is an example as the reader reads it: one input for each passage.
type reading struct {
	pairs  []pair
	length int // of the longest, in tokens
}

// A pair is a question with a passage:
//
//	[CLS] q_n [SEP] a_(n-1) [SEP] q_(n-1) [SEP] ... [SEP] passage [SEP]
//	type 0 ............................................ 0 1 ....... 1
type pair struct {
	ids       []int32
	types     []uint8
	relevant  bool
	sentences []torch.Span // those with a token in the input
	right     []bool       // of these, the ones that answer
}

// read makes the inputs of an example.
func (c *ReaderConfig) read(t *wordpiece.Tokenizer, e *candidates.Example) reading {
	set := c.Settings()
	var in conversation.Input
	in.Build(t, e.Turns(), set.Form())
	asked := len(in.IDs)
	var r reading
	list := e.Passages
	if c.Passages > 0 {
		list = list[:min(c.Passages, len(list))]
	}
	for _, p := range list {
		text := passages.EncoderText(passages.Passage{Title: p.Title, Text: p.Text})
		in.Follow(t, asked, text, c.PassageTokens)
		x := pair{ids: slices.Clone(in.IDs), types: slices.Clone(in.Types), relevant: p.Relevant}
		title := len(text) - len(p.Text)
		first, end := 0, asked
		for k, span := range sentence.Split(p.Text) {
			if first, end = in.Part(end, title+span.Start, title+span.End); end > first {
				x.sentences = append(x.sentences, torch.Span{First: first, End: end})
				x.right = append(x.right, slices.Contains(p.Sentences, k))
			}
		}
		r.pairs = append(r.pairs, x)
		r.length = max(r.length, len(x.ids))
	}
	return r
}

// batch joins examples.
func readerBatch(of []reading) *torch.ReaderBatch {
	b := &torch.ReaderBatch{}
	for i, r := range of {
		for _, p := range r.pairs {
			b.IDs, b.Types = append(b.IDs, p.ids), append(b.Types, p.types)
			b.Example, b.Relevant = append(b.Example, i), append(b.Relevant, p.relevant)
			if !p.judged() {
				p.sentences, p.right = nil, nil
			}
			b.Sentences, b.Right = append(b.Sentences, p.sentences), append(b.Right, p.right)
		}
	}
	return b
}

// judged reports whether the reader can learn from the pair which sentence answers.
func (p *pair) judged() bool {
	return p.relevant && len(p.sentences) > 1 && slices.Contains(p.right, true)
}

// tokens returns the number of tokens in the batch, without padding.
func tokens(b *torch.ReaderBatch) (n int) {
	for _, x := range b.IDs {
		n += len(x)
	}
	return n
}

// A readerFigures has sums over examples of the dev set, and their numbers.
type readerFigures struct {
	pairs, list, sentences float64 // terms of the loss
	first, sentence        float64 // how often the passage, and the sentence, with the largest logit is right
	nPairs, nLists, nTexts float64
}

// add adds an example with its logits.
func (f *readerFigures) add(r *reading, relevance []float32, sentences [][]float32) {
	var right []bool
	for i, p := range r.pairs {
		z, y := float64(relevance[i]), 0.0
		if p.relevant {
			y = 1
		}
		f.pairs += math.Max(z, 0) - z*y + math.Log1p(math.Exp(-math.Abs(z)))
		f.nPairs++
		right = append(right, p.relevant)
		if p.judged() {
			loss, first := chosen(sentences[i], p.right)
			f.sentences += loss
			f.sentence += first
			f.nTexts++
		}
	}
	if slices.Contains(right, true) && slices.Contains(right, false) {
		loss, first := chosen(relevance, right)
		f.list += loss
		f.first += first
		f.nLists++
	}
}

// chosen returns -ln(sum over right e^x / sum over all e^x), and 1 if the largest is
// right, else 0.
func chosen(x []float32, right []bool) (loss, first float64) {
	best := 0
	for i := range x {
		if x[i] > x[best] {
			best = i
		}
	}
	var all, good float64
	for i, v := range x {
		e := math.Exp(float64(v) - float64(x[best]))
		all += e
		if right[i] {
			good += e
		}
	}
	if right[best] {
		first = 1
	}
	return math.Log(all) - math.Log(max(good, math.SmallestNonzeroFloat64)), first
}

// line returns the figures as a line of the log.
func (f *readerFigures) line() Line {
	l := Line{"dev_pairs": f.pairs / max(1, f.nPairs), "dev_list": f.list / max(1, f.nLists), "dev_sentences": f.sentences / max(1, f.nTexts),
		"dev_first": f.first / max(1, f.nLists), "dev_sentence": f.sentence / max(1, f.nTexts)}
	l["dev_loss"] = l["dev_pairs"] + l["dev_list"] + l["dev_sentences"]
	return l
}

// ReaderFile is the name of a reader's configuration in its run's folder.
const ReaderFile = "reader.json"

// A FinishedReader is a reader's run that has ended.
type FinishedReader struct {
	Config     ReaderConfig
	Provenance Provenance
	Steps      int
	Log        Log
}

// IsReader reports whether a run's folder is a reader's.
func IsReader(run string) bool {
	_, err := os.Stat(filepath.Join(run, ReaderFile))
	return err == nil
}

// ReadFinishedReader is ReadFinished for a reader's run.
func ReadFinishedReader(run string) (*FinishedReader, error) {
	f := &FinishedReader{}
	if err := f.Config.Read(filepath.Join(run, ReaderFile)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s is not the folder of a reader's run: %w", run, err)
		}
		return nil, err
	}
	s, err := ended(run, &f.Provenance, "trainer reader")
	if err != nil {
		return nil, err
	}
	f.Steps = s.Step
	f.Log, err = ReadLog(filepath.Join(run, "log.jsonl"))
	return f, err
}
