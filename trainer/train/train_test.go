package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/shared/cli"
	"parley/shared/conversation"
	"parley/shared/importers"
	"parley/shared/wordpiece"
	"parley/trainer/teacher"
	"parley/trainer/torch"
)

func valid() Config {
	c := Default()
	c.Out, c.Encoder, c.Examples, c.Passages = "out", "encoder", []string{"x"}, []string{"y"}
	return c
}

// Every field is a flag with its JSON name, and Read reads what was written.
func TestEveryFieldIsAFlag(t *testing.T) {
	c := valid()
	set := new(cli.Flags)
	c.Flags(set)
	for i := range reflect.TypeFor[Config]().NumField() {
		f := reflect.TypeFor[Config]().Field(i)
		g := set.Lookup(f.Tag.Get("json"))
		if g == nil || g.Usage == "" {
			t.Errorf("%s is no flag, or says nothing", f.Name)
		}
	}
	if err := set.Parse([]string{"--rate", "2e-5", "--freeze-embedding=false", "--passages", "a,b", "--sampling", "score", "--batch", "10"}); err != nil {
		t.Fatal(err)
	}
	if c.Rate != 2e-5 || c.Freeze || !slices.Equal(c.Passages, []string{"a", "b"}) || c.Sampling != "score" || c.Batch != 10 {
		t.Errorf("%+v", c)
	}
	path := filepath.Join(t.TempDir(), "run.json")
	if err := writeJSON(path, c); err != nil {
		t.Fatal(err)
	}
	d := Default()
	if err := d.Read(path); err != nil || !reflect.DeepEqual(c, d) {
		t.Errorf("%v: %+v, wanted %+v", err, d, c)
	}
	for text, says := range map[string]string{`{"rat": 1}`: "rat", `{"rate": "fast"}`: "rate", "{\n\"rate\": 1,,}": "run.json:2"} {
		os.WriteFile(path, []byte(text), 0o644)
		if err := d.Read(path); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, wanted %q", text, err, says)
		}
	}
}

func TestCheckNamesTheField(t *testing.T) {
	c := valid()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	for says, damage := range map[string]func(*Config){
		`sampling is "best"`: func(c *Config) { c.Sampling = "best" },
		"rate is 0":          func(c *Config) { c.Rate = 0 },
		"to is 5":            func(c *Config) { c.To = 5 },
		"kld is 0":           func(c *Config) { c.KLD, c.InfoNCE, c.Distance = 0, 0, 0 },
		`out is ""`:          func(c *Config) { c.Out = "" },
		"postings is 0.1":    func(c *Config) { c.TrainDocs, c.Freeze, c.Postings = true, false, .1 },
		"rate is NaN":        func(c *Config) { c.Rate = math.NaN() },
	} {
		c := valid()
		damage(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, wanted %q", err, says)
		}
	}
}

func ranking(n int) teacher.List {
	var l teacher.List
	for i := range n {
		l.Docs = append(l.Docs, uint32(100+i))
		l.Scores = append(l.Scores, float32(n-i))
	}
	return l
}

func TestSamplesStayInTheirRanks(t *testing.T) {
	c := valid()
	c.From, c.To, c.Candidates = 11, 40, 8
	for name := range samplings {
		c.Sampling = name
		seen := map[int]int{}
		for epoch := range 2000 {
			got := c.sample(random(1, epoch, 7), ranking(50))
			if len(got.places) != 9 || got.places[0] != 0 {
				t.Fatalf("%s: %v", name, got.places)
			}
			if again := c.sample(random(1, epoch, 7), ranking(50)); !reflect.DeepEqual(got, again) {
				t.Fatalf("%s: the same seed gives another sample", name)
			}
			once := map[int]bool{}
			for _, p := range got.places[1:] {
				if first, last := 10, 39; name != "uniform" && (p < first || p > last) || p < 1 || p > 49 || once[p] {
					t.Fatalf("%s drew place %d of %v", name, p, got.places)
				}
				once[p] = true
				seen[p]++
			}
		}
		switch name {
		case "top":
			if len(seen) != 8 || seen[10] != 2000 || seen[17] != 2000 {
				t.Errorf("top drew %v", seen)
			}
		case "window", "quantile", "uniform":
			places := map[string]int{"window": 30, "quantile": 30, "uniform": 49}[name]
			if len(seen) != places {
				t.Errorf("%s drew %d places, wanted %d", name, len(seen), places)
			}
			mean := 2000 * 8 / float64(places)
			for p, n := range seen {
				if math.Abs(float64(n)-mean) > .35*mean {
					t.Errorf("%s drew place %d %d times, wanted about %.0f", name, p, n, mean)
				}
			}
		case "score":
			if seen[10] <= seen[39]*2 { // scores 40 and 11
				t.Errorf("score drew the best %d times, the worst %d", seen[10], seen[39])
			}
		}
	}
}

// Weighted by its importance, a sum over a score-proportional sample is close to the
// sum over all.
func TestImportanceWeightsAreUnbiased(t *testing.T) {
	l := ranking(50)
	c := valid()
	c.Sampling, c.From, c.To, c.Candidates = "score", 2, 50, 8
	var want, got float64
	for _, s := range l.Scores[1:] {
		want += math.Sqrt(float64(s))
	}
	const rounds = 4000
	for epoch := range rounds {
		d := c.sample(random(3, epoch, 7), l)
		for i, p := range d.places[1:] {
			got += math.Sqrt(float64(l.Scores[p])) * math.Exp(float64(d.logWeight[i+1])) / rounds
		}
	}
	if math.Abs(got-want) > .05*want {
		t.Errorf("estimates %.2f, wanted %.2f", got, want)
	}
}

func TestShortRankings(t *testing.T) {
	c := valid()
	for name := range samplings {
		c.Sampling = name
		for n := range 14 {
			got := c.sample(random(1, 0, 0), ranking(n))
			for _, p := range got.places {
				if p >= n {
					t.Errorf("%s drew place %d of %d", name, p, n)
				}
			}
			if n > 0 && len(got.places) == 0 {
				t.Errorf("%s: no positive of %d", name, n)
			}
		}
	}
}

func examples() []importers.Example {
	var all []importers.Example
	for i := range 40 {
		conv := string(rune('a' + i%20))
		e := importers.Example{ID: conv + string(rune('0'+i/20)), Conversation: conv, Source: "s", Rewrite: "r" + conv + string(rune('0'+i/20))}
		if i >= 20 {
			e.History = append(e.History, conversation.Turn{Question: "first " + conv, Reply: strings.Repeat("x ", i)})
		}
		e.Question = "q " + conv + string(rune('0'+i/20))
		all = append(all, e)
	}
	return all
}

func TestSplitKeepsConversationsWhole(t *testing.T) {
	train, dev := split(examples(), .25, 1)
	if len(train) != 30 || len(dev) != 10 {
		t.Fatalf("%d and %d", len(train), len(dev))
	}
	for _, a := range train {
		for _, b := range dev {
			if a.Conversation == b.Conversation {
				t.Errorf("conversation %s is in both", a.Conversation)
			}
		}
	}
	_, other := split(examples(), .25, 2)
	if reflect.DeepEqual(dev, other) {
		t.Error("the seed changes nothing")
	}
}

func TestWithoutDropsEqualQuestions(t *testing.T) {
	kept, dropped := without(examples(), []importers.Example{
		{Question: "Q  A0?"}, {Question: "zz", Rewrite: "RB1!"}})
	if dropped != 2 || len(kept) != 38 {
		t.Errorf("dropped %d", dropped)
	}
}

func TestRateAndLambda(t *testing.T) {
	c := valid()
	c.Rate, c.WarmUp, c.L1, c.LambdaSteps = 1, .1, 2, .5
	for _, x := range []struct {
		decay string
		step  int
		want  float64
	}{{"linear", 5, .5}, {"linear", 10, 1}, {"linear", 100, 1. / 91}, {"cosine", 10, 1}, {"constant", 77, 1}} {
		c.Decay = x.decay
		if got := c.rate(x.step, 100); math.Abs(got-x.want) > 1e-9 {
			t.Errorf("%s, step %d: %v, wanted %v", x.decay, x.step, got, x.want)
		}
	}
	for step, want := range map[int]float64{0: 0, 25: .5, 50: 2, 90: 2} {
		if got := c.loss(step, 100).Query.L1; math.Abs(got-want) > 1e-9 {
			t.Errorf("lambda at step %d is %v, wanted %v", step, got, want)
		}
	}
}

// An earlier reply becomes the passage that was found for its question, or stays. A
// repeated epoch makes the same choices, and none if --passage-replies is 0.
func TestPassagesStandInForReplies(t *testing.T) {
	vocab, err := os.ReadFile("../teacher/testdata/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := wordpiece.New(vocab)
	if err != nil {
		t.Fatal(err)
	}
	p := &prepared{tokenizer: tok}
	var examples []importers.Example
	for i := range 400 {
		examples = append(examples, importers.Example{Conversation: strconv.Itoa(i), History: []conversation.Turn{{Question: "a", Reply: "r"}}, Question: "b"})
	}
	p.found = map[asked]string{}
	for _, e := range examples[:300] {
		p.found[asked{"", e.Conversation, "a"}] = "p p p"
	}
	c := valid()
	replaced := func(share float64, epoch int) (n int, in []input) {
		c.Replies = share
		in = p.inputs(&c, examples, epoch)
		for i := range in {
			switch {
			case len(in[i].IDs) == 9: // [CLS] b [SEP] p p p [SEP] a [SEP]
				n++
				if i >= 300 {
					t.Errorf("example %d got a passage that nothing found", i)
				}
			case len(in[i].IDs) != 7: // [CLS] b [SEP] r [SEP] a [SEP]
				t.Errorf("example %d has %d tokens", i, len(in[i].IDs))
			}
		}
		return n, in
	}
	if n, _ := replaced(0, 1); n != 0 {
		t.Errorf("%d replies replaced where none may be", n)
	}
	n, in := replaced(.5, 1)
	if n < 110 || n > 190 {
		t.Errorf("%d of 300 replies replaced, wanted about half", n)
	}
	if _, again := replaced(.5, 1); !reflect.DeepEqual(in, again) {
		t.Error("the same epoch reads otherwise a second time")
	}
	if _, other := replaced(.5, 2); reflect.DeepEqual(in, other) {
		t.Error("two epochs read the same replies")
	}
}

// An epoch's batches have every example once; the examples of a batch have similar
// lengths.
func TestBatchesHoldEveryExampleOnce(t *testing.T) {
	c := valid()
	c.Batch = 4
	in := make([]input, 1000)
	r := random(9, 9, 9)
	for i := range in {
		in[i].example = i
		in[i].IDs = make([]int32, 1+r.IntN(100))
	}
	a, b := c.batches(in, 0), c.batches(in, 1)
	if reflect.DeepEqual(a, b) || !reflect.DeepEqual(a, c.batches(in, 0)) {
		t.Error("an epoch's order must depend on the epoch, and on nothing else")
	}
	seen := map[int]bool{}
	spread := 0
	for _, batch := range a {
		low, high := 1000, 0
		for _, i := range batch {
			seen[i] = true
			low, high = min(low, len(in[i].IDs)), max(high, len(in[i].IDs))
		}
		spread += high - low
	}
	if len(seen) != 1000 || len(a) != 250 {
		t.Errorf("%d examples in %d batches", len(seen), len(a))
	}
	if mean := float64(spread) / 250; mean > 5 {
		t.Errorf("lengths of a batch differ by %.1f tokens in the mean", mean)
	}
}

func TestAbsentLibtorchSaysHowToGetIt(t *testing.T) {
	c := valid()
	if err := Run(context.Background(), c, false, os.Stderr); errors.Is(err, torch.ErrAbsent) && !strings.Contains(err.Error(), "make libtorch") {
		t.Error(err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"rate": 0.1, "passages": ["a"]}`))
	path := filepath.Join(f.TempDir(), "x")
	f.Fuzz(func(t *testing.T, data []byte) {
		os.WriteFile(path, data, 0o644)
		c := valid()
		if c.Read(path) == nil {
			c.Check()
		}
	})
}
