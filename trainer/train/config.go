// Package train distils a query encoder. It reads examples, a frozen document encoder's
// vectors and a teacher's rankings, and takes optimisation steps with package torch.
//
// A run is a folder:
//
//	run.json             the whole configuration; `trainer train --config` reads it
//	provenance.json      the program's revision, and the checksums of all files read
//	log.jsonl            a line for each step and for each evaluation on the dev set
//	events.out.tfevents* with --tensorboard, the same for TensorBoard
//	course.jsonl         with --record, the recorded questions' vectors from step to step
//	checkpoint/          the state after the last saved step, for --resume
//	best/                the encoder with the best figure on the dev set, in Hugging Face's layout;
//	                     with --train-docs also best/doc/, the document encoder
//	best.json            the manifest of best/ (package bundle)
//
// The folder of a reader's run (reader.go) has reader.json in place of run.json. Its best/
// has config.json and model.safetensors: the reader with all that it shares, in floats.
package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"

	"parley/shared/cli"
	"parley/trainer/torch"
)

// A Config is a run's configuration. Every field is a field of run.json, and a flag of
// the same name. The fields are in the order of groups, which says when each group is
// useful.
type Config struct {
	// What is read and written.
	Out         string   `json:"out" help:"the run's folder"`
	Encoder     string   `json:"encoder" help:"folder of the encoder to begin from; with --random, only its config.json is used"`
	Random      bool     `json:"random" help:"begin from random weights"`
	DocEncoder  string   `json:"doc-encoder" help:"folder of the document encoder, which is also the teacher; frozen without --train-docs (empty: --encoder)"`
	Lift        string   `json:"lift" help:"folder of a dense encoder with a lift.safetensors (trainer lift), which lifts the frozen vectors of passages, for the teacher and for the student"`
	LiftReader  string   `json:"lift-passages" help:"folder of the dense encoder that reads the passages for --lift (empty: that of --lift)"`
	Examples    []string `json:"examples" help:"training examples, as trainer import writes them"`
	Dev         []string `json:"dev" help:"dev examples (empty: hold out --dev-fraction of the conversations)"`
	DevFraction float64  `json:"dev-fraction" help:"share of the conversations that are held out for the dev set"`
	Exclude     []string `json:"exclude" help:"examples to exclude from training: training examples with the same question or rewrite are dropped"`
	Passages    []string `json:"passages" help:"the collection that the teacher ranks, BEIR's corpus files"`
	Teachers    []string `json:"teachers" help:"rankings of other teachers: DiSCo's JSON or TREC runs (empty: the document encoder ranks the rewrites)"`
	Dense       string   `json:"dense" help:"folder of a sentence encoder (BertModel, such as all-MiniLM-L6-v2) that ranks the rewrites, too: a second teacher"`
	DenseShare  float64  `json:"dense-share" help:"the dense teacher's share of the fused score"`
	DenseTokens int      `json:"dense-tokens" help:"length at which the dense teacher cuts passages"`
	Fuse        string   `json:"fuse" help:"how several teachers are combined: mean or max"`
	Depth       int      `json:"depth" help:"number of passages in a teacher's ranking"`
	Cache       string   `json:"cache" help:"folder in which vectors and rankings are kept between runs"`

	// How a conversation is read.
	MaxTokens   int      `json:"max-tokens" help:"length of the input, including markers"`
	HistoryType int      `json:"history-type" help:"token type of what was said before: 0 or 1"`
	ReplyTokens int      `json:"reply-tokens" help:"number of tokens read of each reply, from its beginning (0: all that fit, -1: none)"`
	Unrelated   float64  `json:"unrelated" help:"share of the questions without history that get an unrelated one, so that the student learns to ignore it"`
	Rewrites    float64  `json:"unrelated-rewrites" help:"share of the other questions that are replaced by their rewrite after an unrelated history, as a new topic in the middle of a conversation"`
	Engine      []string `json:"engine-replies" help:"the examples with an engine's replies, as trainer replies writes them"`
	EngineShare float64  `json:"engine-share" help:"share of the questions that are read with an engine's replies instead of the data set's"`
	Replies     float64  `json:"passage-replies" help:"share of the earlier replies that are replaced by the passage which the teacher ranks first for the rewrite of their question: long and only roughly right, like a search engine's replies"`

	// Exact words and new topics. Each of them gives the student a head (package
	// torch).
	Words     float64 `json:"words" help:"weight of the rewrite's words in the fused teacher, whose score is the frozen encoder's + this x BM25 (0: no words, and no word head)"`
	WordLoss  float64 `json:"word-loss" help:"weight of the cross entropy of whether a word is in the rewrite"`
	WordKLD   float64 `json:"word-kld" help:"weight of the divergence with words on both sides, from which only the word head learns"`
	Preamble  float64 `json:"preamble" help:"share of the questions that are read after an unrelated reply of another example, like a message with its question at the end"`
	TopicLoss float64 `json:"topic-loss" help:"weight of the cross entropy of whether a question builds on what was said before (0: no topic head)"`

	// A dense student (Yu et al. 2021, ConvDR, arXiv 2105.04166) instead of a sparse
	// one.
	DenseStudent bool   `json:"dense-student" help:"the student is a dense encoder (BertModel): it learns the vectors of the rewrites by another dense encoder, the frozen document encoder; its loss has distance, kld and infonce"`
	Pooling      string `json:"pooling" help:"how a dense student and its teacher make a vector: cls or mean (empty: as config.json says)"`
	Instruction  string `json:"instruction" help:"text that the dense teacher reads before a rewrite (empty: as its config.json says)"`
	TrainLayers  int    `json:"train-layers" help:"number of upper layers of a dense student that train (0: all); below them, only the token types' embeddings train"`
	FreezeTypes  bool   `json:"freeze-types" help:"the token types' embeddings do not train either"`
	PassageTexts int    `json:"passage-texts" help:"number of passages that a dense student reads in each step beside its questions: it learns the teacher's vectors of them, and can then encode passages, too"`
	PassageType  int    `json:"passage-type" help:"token type of a passage: 0 or 1"`
	PassageSize  int    `json:"passage-size" help:"length at which these passages are cut (0: the teacher's own)"`

	// Which passages a step sees.
	Candidates int    `json:"candidates" help:"number of passages beside the positive"`
	Sampling   string `json:"sampling" help:"how they are drawn: window, top, uniform, score or quantile (see trainer train --help)"`
	From       int    `json:"from" help:"first rank from which candidates are drawn; the positive is rank 1"`
	To         int    `json:"to" help:"last rank"`
	Pseudo     int    `json:"pseudo-positives" help:"the positive is drawn from the teacher's first n"`

	// The loss.
	KLD         float64 `json:"kld" help:"weight of the Kullback-Leibler divergence"`
	BKL         float64 `json:"bkl" help:"weight of its balanced form"`
	GKL         float64 `json:"gkl" help:"weight of its generalised form"`
	Gamma       float64 `json:"gamma" help:"exponent of gkl"`
	Temperature float64 `json:"temperature" help:"of the divergences"`
	InfoNCE     float64 `json:"infonce" help:"weight of InfoNCE"`
	Tau         float64 `json:"tau" help:"temperature of InfoNCE"`
	Own         bool    `json:"own-negatives" help:"in InfoNCE, the query's own candidates are negatives"`
	InBatch     string  `json:"in-batch" help:"in InfoNCE, which candidates of other queries in the batch are negatives: none, positives or all"`
	MarginMSE   float64 `json:"margin-mse" help:"weight of MarginMSE"`
	Distance    float64 `json:"distance" help:"weight of the squared distance to the teacher's query vector"`
	FLOPS       float64 `json:"flops" help:"lambda of FLOPS on queries"`
	L1          float64 `json:"l1" help:"lambda of L1 on queries"`
	Postings    float64 `json:"postings" help:"lambda of L1 on queries with each term weighted by the share of the passages that have it, which is its cost in a search"`
	Entropy     float64 `json:"entropy" help:"lambda of the entropy of queries"`
	AntiZero    float64 `json:"anti-zero" help:"lambda of the term that keeps query vectors from vanishing"`
	LambdaSteps float64 `json:"lambda-steps" help:"share of all steps during which lambdas rise as (t/T)^2"`

	// The document side, which is frozen without TrainDocs.
	TrainDocs   bool    `json:"train-docs" help:"also train a document encoder, from --doc-encoder's weights; --doc-encoder stays the teacher"`
	DocTokens   int     `json:"doc-tokens" help:"length at which the document encoder cuts passages, including markers (0: its own)"`
	DocFLOPS    float64 `json:"doc-flops" help:"lambda of FLOPS on documents"`
	DocL1       float64 `json:"doc-l1" help:"lambda of L1 on documents"`
	DocEntropy  float64 `json:"doc-entropy" help:"lambda of the entropy of documents"`
	DevPassages int     `json:"dev-passages" help:"number of passages that are encoded for the dev set after each epoch: the teacher's first ten for every dev example, and random others (0: all)"`

	// The optimisation.
	Rate      float64 `json:"rate" help:"largest learning rate"`
	WarmUp    float64 `json:"warm-up" help:"share of all steps during which the rate rises"`
	Decay     string  `json:"decay" help:"how the rate falls afterwards: linear, cosine or constant"`
	Weight    float64 `json:"weight-decay" help:"of matrices"`
	Clip      float64 `json:"clip" help:"largest norm of the gradient (0: no limit)"`
	Batch     int     `json:"batch" help:"questions a step"`
	Epochs    int     `json:"epochs" help:"number of passes over the examples"`
	Steps     int     `json:"steps" help:"stop after n steps (0: after the epochs)"`
	Freeze    bool    `json:"freeze-embedding" help:"do not train the tied embedding, so that encoders can share it"`
	Average   float64 `json:"average" help:"share of the steps, at the end, over which the weights are averaged; the mean is measured and kept"`
	Seed      int     `json:"seed" help:"of everything random"`
	Device    string  `json:"device" help:"cpu, cuda or cuda:N"`
	Mixed     bool    `json:"mixed" help:"compute in bfloat16 where that is safe (cuda)"`
	Threads   int     `json:"threads" help:"number of cores that an operation uses (0: libtorch's choice)"`
	SaveEvery int     `json:"save-every" help:"steps between checkpoints"`
	Patience  int     `json:"patience" help:"stop after n epochs without a better dev figure (0: never)"`

	// What else is kept.
	TensorBoard bool     `json:"tensorboard" help:"write an event file for TensorBoard in the run's folder, beside log.jsonl"`
	Record      []string `json:"record" help:"examples whose vectors are recorded in course.jsonl while the student learns; it is not trained on them"`
	RecordEvery int      `json:"record-every" help:"steps between two records"`
}

// groups are groups of Config's fields, in their order. Each group begins with the
// field first.
var groups = []struct{ first, title, when string }{
	{"out", "What is read and written", "Every run names --encoder, --examples, --passages and --out. " +
		"Use --dev or --exclude to keep the test's conversations out of the training, and --teachers or --dense to learn from another ranking than the document encoder's."},
	{"max-tokens", "How a conversation is read", "Prepare the student for its use: --reply-tokens, --engine-replies and --passage-replies if the history will have an engine's long replies, " +
		"and --unrelated if topics will change. The way of reading is written to the encoder's config.json."},
	{"words", "Exact words and new topics", "For a student that also searches for words (--words with --word-kld or --word-loss), or that distinguishes new topics from follow-ups (--topic-loss)."},
	{"dense-student", "A dense student", "For the second stage's encoder: --dense-student with --distance. Regularisers and heads are for a sparse student, and stay 0."},
	{"candidates", "Which passages a step sees", "More --candidates or another --sampling take time, and estimate the teacher's ranking better."},
	{"kld", "The loss", "--kld with a little --infonce and --distance is the default. To make searches cheaper, raise --postings (or --l1, --flops) until the dev set's L0 is low enough."},
	{"train-docs", "The document side", "Only if the passages may be encoded and indexed again for this student. Without --train-docs, the encoder of passages does not change."},
	{"rate", "The optimisation", "Use --epochs, --batch, --rate and --average for other amounts of data, --device and --mixed on a GPU, --save-every and --patience for long runs."},
	{"tensorboard", "What else is kept", "--tensorboard shows a run in TensorBoard; trainer plot draws it without that. --record shows on a few questions which terms a run lights and darkens."},
}

// Groups returns a part of the help: which flags belong together, and when each group
// is useful.
func Groups() string {
	var b strings.Builder
	column := 0
	word := func(w, indent string) {
		if column > 0 && column+1+len(w) > 90 {
			b.WriteByte('\n')
			column = 0
		}
		if column == 0 {
			b.WriteString(indent + w)
			column = len(indent + w)
		} else {
			b.WriteString(" " + w)
			column += 1 + len(w)
		}
	}
	next := groups
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("json")
		if len(next) > 0 && next[0].first == name {
			if i > 0 {
				b.WriteString("\n\n")
			}
			column = 0
			for w := range strings.FieldsSeq(next[0].title + ". " + next[0].when) {
				word(w, "")
			}
			b.WriteByte('\n')
			next, column = next[1:], 0
		}
		word("--"+name, "  ")
	}
	b.WriteByte('\n')
	return b.String()
}

// Default returns the settings that did best at small scale.
func Default() Config {
	return Config{
		DevFraction: .05, DenseShare: .5, DenseTokens: 128, Fuse: "mean", Depth: 1000, Cache: "cache",
		MaxTokens: 128, HistoryType: 1, Unrelated: .5,
		Candidates: 16, Sampling: "window", From: 11, To: 960, Pseudo: 1,
		KLD: 1, Gamma: 2, Temperature: 1, InfoNCE: .1, Tau: 1, Own: true, InBatch: "none", Distance: .1, LambdaSteps: .33,
		Rate: 6e-4, WarmUp: .05, Decay: "linear", Weight: .01, Clip: 1, Batch: 32, Epochs: 4,
		Freeze: true, Seed: 1, Device: "cpu", SaveEvery: 200, RecordEvery: 100,
	}
}

// Read reads a run's JSON file; its fields replace those of c. An unknown field is an
// error.
func (c *Config) Read(path string) error { return readConfig(path, c) }

func readConfig(path string, c any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(c); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return fmt.Errorf("%s:%d: %w", path, 1+bytes.Count(data[:syntax.Offset], []byte("\n")), err)
		}
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Override sets the fields whose flags, as Flags defined them, were given.
func (c *Config) Override(given *cli.Flags) error { return override(c, given) }

func override(c any, given *cli.Flags) error {
	var own cli.Flags
	defineFlags(c, &own)
	var wrong error
	given.Visit(func(f *cli.Flag) {
		if own.Lookup(f.Name) != nil {
			wrong = errors.Join(wrong, own.Set(f.Name, f.Value.String()))
		}
	})
	return wrong
}

// Flags defines a flag in set for every field.
func (c *Config) Flags(set *cli.Flags) { defineFlags(c, set) }

// defineFlags defines a flag in set for every field of the configuration that c points to.
func defineFlags(c any, set *cli.Flags) {
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, help := f.Tag.Get("json"), f.Tag.Get("help")
		switch p := v.Field(i).Addr().Interface().(type) {
		case *string:
			set.StringVar(p, name, *p, strings.Replace(help, "folder", "`folder`", 1)) // for which shells offer folders
		case *int:
			set.IntVar(p, name, *p, help)
		case *float64:
			set.Var((*number)(p), name, help)
		case *bool:
			set.BoolVar(p, name, *p, help)
		case *[]string:
			set.Var((*list)(p), name, help+"; several with commas")
		default:
			panic("train: a field of a type that is no flag: " + name)
		}
	}
}

// A number is a float that prints as it was written: 0.0006, not 6e-04.
type number float64

func (n *number) String() string { return strconv.FormatFloat(float64(*n), 'f', -1, 64) }
func (n *number) Set(s string) error {
	v, err := strconv.ParseFloat(s, 64)
	*n = number(v)
	return err
}
func (n *number) Type() string { return "number" }

// A list is a flag with several values.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }
func (l *list) Set(s string) error {
	*l = nil
	if s != "" {
		*l = strings.Split(s, ",")
	}
	return nil
}

func (l *list) Type() string { return "files" }

// Check returns an error that names the field if settings contradict each other or are
// out of range.
func (c *Config) Check() error {
	return check(c, []wanted{
		{"out", c.Out != "", "a folder"},
		{"encoder", c.Encoder != "", "a folder"},
		{"examples", len(c.Examples) > 0, "a file"},
		{"passages", len(c.Passages) > 0 || c.DenseStudent && c.KLD == 0 && c.InfoNCE == 0 && c.PassageTexts == 0, "a file"},
		{"dev-fraction", c.DevFraction >= 0 && c.DevFraction < 1, "0 to 1"},
		{"fuse", c.Fuse == "mean" || c.Fuse == "max", "mean or max"},
		{"dense-share", c.DenseShare >= 0 && c.DenseShare <= 1, "0 to 1"},
		{"dense-tokens", c.DenseTokens >= 3, "3 or more"},
		{"dense", c.Dense == "" || len(c.Teachers) == 0, "a folder, or --teachers, not both"},
		{"lift", c.Lift == "" || !c.TrainDocs && len(c.Teachers) == 0, "nothing with --train-docs or --teachers, since it changes frozen vectors"},
		{"lift-passages", c.LiftReader == "" || c.Lift != "", "nothing without --lift"},
		{"depth", c.Depth > 0, "1 or more"},
		{"max-tokens", c.MaxTokens >= 3, "3 or more"},
		{"history-type", c.HistoryType == 0 || c.HistoryType == 1, "0 or 1"},
		{"reply-tokens", c.ReplyTokens >= -1, "0 or more, or -1 for no replies"},
		{"unrelated", c.Unrelated >= 0 && c.Unrelated <= 1, "0 to 1"},
		{"unrelated-rewrites", c.Rewrites >= 0 && c.Rewrites <= 1, "0 to 1"},
		{"engine-share", c.EngineShare >= 0 && c.EngineShare <= 1 && (c.EngineShare == 0 || len(c.Engine) > 0), "0 to 1, and 0 without --engine-replies"},
		{"words", c.Words >= 0 && !(c.Words > 0 && (c.TrainDocs || c.Dense != "" || len(c.Teachers) > 0)), "0 or more, and 0 with --train-docs, --dense or --teachers"},
		{"word-loss", c.WordLoss >= 0 && (c.WordLoss == 0 || c.Words > 0), "0 or more, and 0 without --words"},
		{"word-kld", c.WordKLD >= 0 && (c.WordKLD == 0 || c.Words > 0), "0 or more, and 0 without --words"},
		{"preamble", c.Preamble >= 0 && c.Preamble <= 1, "0 to 1"},
		{"topic-loss", c.TopicLoss >= 0 && (c.TopicLoss == 0 || c.HistoryType == 1), "0 or more, and 0 without --history-type 1, by which the head distinguishes question and history"},
		{"passage-replies", c.Replies >= 0 && c.Replies <= 1, "0 to 1"},
		{"candidates", c.Candidates >= 1, "1 or more"},
		{"sampling", samplings[c.Sampling] != nil, "window, top, uniform, score or quantile"},
		{"from", c.From >= 2, "2 or more"},
		{"to", c.To >= c.From, "--from or more"},
		{"pseudo-positives", c.Pseudo >= 1, "1 or more"},
		{"temperature", c.Temperature > 0, "above 0"},
		{"tau", c.Tau > 0, "above 0"},
		{"gamma", c.Gamma > 0, "above 0"},
		{"in-batch", c.InBatch == "none" || c.InBatch == "positives" || c.InBatch == "all", "none, positives or all"},
		{"doc-tokens", c.DocTokens == 0 || c.DocTokens >= 3, "0, or 3 or more"},
		{"doc-tokens", c.TrainDocs || c.DocTokens == 0, "0 without --train-docs: the document encoder's own length made the passages' vectors"},
		{"doc-flops", c.TrainDocs || c.DocFLOPS == 0, "0 without --train-docs"},
		{"doc-l1", c.TrainDocs || c.DocL1 == 0, "0 without --train-docs"},
		{"postings", !c.TrainDocs || c.Postings == 0, "0 with --train-docs: which passages have a term changes while documents train"},
		{"doc-entropy", c.TrainDocs || c.DocEntropy == 0, "0 without --train-docs"},
		{"dev-passages", c.DevPassages >= 0 && (c.TrainDocs || c.DevPassages == 0), "0 or more, and 0 without --train-docs"},
		{"lambda-steps", c.LambdaSteps >= 0 && c.LambdaSteps <= 1, "0 to 1"},
		{"rate", c.Rate > 0 && c.Rate < 10, "above 0"},
		{"warm-up", c.WarmUp >= 0 && c.WarmUp < 1, "0 to 1"},
		{"decay", c.Decay == "linear" || c.Decay == "cosine" || c.Decay == "constant", "linear, cosine or constant"},
		{"weight-decay", c.Weight >= 0, "0 or more"},
		{"clip", c.Clip >= 0, "0 or more"},
		{"average", c.Average >= 0 && c.Average <= 1, "0 to 1"},
		{"batch", c.Batch >= 1, "1 or more"},
		{"epochs", c.Epochs >= 1, "1 or more"},
		{"pooling", c.Pooling == "" || c.DenseStudent && (c.Pooling == "cls" || c.Pooling == "mean"), "cls or mean, and nothing without --dense-student"},
		{"instruction", c.DenseStudent || c.Instruction == "", "nothing without --dense-student"},
		{"train-layers", c.TrainLayers >= 0 && (c.DenseStudent || c.TrainLayers == 0), "0 or more, and 0 without --dense-student"},
		{"freeze-types", c.DenseStudent || !c.FreezeTypes, "false without --dense-student"},
		{"passage-texts", c.PassageTexts >= 0 && (c.DenseStudent || c.PassageTexts == 0), "0 or more, and 0 without --dense-student"},
		{"passage-type", c.PassageType == 0 || c.PassageType == 1 && c.DenseStudent, "0 or 1, and 0 without --dense-student"},
		{"passage-size", c.PassageSize == 0 || c.PassageSize >= 3 && c.DenseStudent, "0, or 3 or more, and 0 without --dense-student"},
		{"dense-student", !c.DenseStudent || c.sparseOnly() == "", "false, or no --" + c.sparseOnly()},
		{"steps", c.Steps >= 0, "0 or more"},
		{"threads", c.Threads >= 0, "0 or more"},
		{"save-every", c.SaveEvery >= 1, "1 or more"},
		{"patience", c.Patience >= 0, "0 or more"},
		{"record", len(c.Record) == 0 || !c.DenseStudent && !c.TrainDocs, "nothing with --dense-student or --train-docs"},
		{"record-every", c.RecordEvery >= 1, "1 or more"},
		{"kld", c.KLD+c.BKL+c.GKL+c.InfoNCE+c.MarginMSE+c.Distance > 0, "above 0, or another weight of the loss"},
	})
}

// A wanted is what a field of a configuration has to be.
type wanted struct {
	name string
	ok   bool // it is
	want string
}

// check returns an error that names the first field that is not as wanted, of the
// configuration that c points to.
func check(c any, fields []wanted) error {
	for _, f := range fields {
		if !f.ok {
			return fmt.Errorf("%s is %v: wanted %s", f.name, fieldOf(c, f.name), f.want)
		}
	}
	return nil
}

// sparseOnly returns the name of a field that is set but does not apply to a dense
// student, or "".
func (c *Config) sparseOnly() string {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"random", c.Random}, {"teachers", len(c.Teachers) > 0}, {"dense", c.Dense != ""}, {"lift", c.Lift != ""}, {"passage-replies", c.Replies != 0},
		{"words", c.Words != 0}, {"topic-loss", c.TopicLoss != 0}, {"bkl", c.BKL != 0}, {"gkl", c.GKL != 0}, {"margin-mse", c.MarginMSE != 0},
		{"flops", c.FLOPS != 0}, {"l1", c.L1 != 0}, {"postings", c.Postings != 0}, {"entropy", c.Entropy != 0}, {"anti-zero", c.AntiZero != 0},
		{"train-docs", c.TrainDocs},
	} {
		if f.set {
			return f.name
		}
	}
	return ""
}

// fieldOf returns the value of a field of the configuration that c points to, by its name
// in JSON.
func fieldOf(c any, name string) any {
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == name {
			if s, ok := v.Field(i).Interface().(string); ok {
				return strconv.Quote(s)
			}
			return v.Field(i).Interface()
		}
	}
	return nil
}

// loss returns the weights of the loss at a step. Lambdas rise as (t/T)^2.
func (c *Config) loss(step, total int) torch.Loss {
	rise := 1.0
	if t := c.LambdaSteps * float64(total); float64(step) < t {
		rise = float64(step) / t * float64(step) / t
	}
	return torch.Loss{
		KLD: c.KLD, BKL: c.BKL, GKL: c.GKL, Gamma: c.Gamma, Temperature: c.Temperature,
		InfoNCE: c.InfoNCE, Tau: c.Tau, OwnNegatives: c.Own, InBatch: torch.InBatch(c.InBatch),
		MarginMSE: c.MarginMSE, Distance: c.Distance, WordKLD: c.WordKLD, Words: c.WordLoss, Topic: c.TopicLoss,
		Query: torch.Regulariser{FLOPS: rise * c.FLOPS, L1: rise * c.L1, Postings: rise * c.Postings, Entropy: rise * c.Entropy, AntiZero: rise * c.AntiZero},
		Doc:   torch.Regulariser{FLOPS: rise * c.DocFLOPS, L1: rise * c.DocL1, Entropy: rise * c.DocEntropy},
	}
}
