package train

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"parley/shared/conversation"
	"parley/shared/importers"
	"parley/shared/words"
	"parley/trainer/torch"
)

// split holds out whole conversations for the dev set: about the given share of them,
// chosen by the seed.
func split(examples []importers.Example, part float64, seed int) (train, dev []importers.Example) {
	var names []string
	seen := map[string]bool{}
	key := func(e *importers.Example) string { return e.Source + "\x00" + e.Conversation }
	for i := range examples {
		if k := key(&examples[i]); !seen[k] {
			seen[k] = true
			names = append(names, k)
		}
	}
	r := random(seed, 0, 0)
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	held := map[string]bool{}
	for _, k := range names[:int(math.Round(part*float64(len(names))))] {
		held[k] = true
	}
	for i := range examples {
		if held[key(&examples[i])] {
			dev = append(dev, examples[i])
		} else {
			train = append(train, examples[i])
		}
	}
	return train, dev
}

// An Exclusion has what must not be trained on: a question without its history, and any
// rewrite, compared by letters and digits only.
type Exclusion map[string]bool

// Exclude returns the exclusion of examples.
func Exclude(examples []importers.Example) Exclusion {
	x := Exclusion{}
	for i := range examples {
		x[lettersAndDigits(examples[i].Question)] = true
		x[lettersAndDigits(examples[i].Rewrite)] = true
	}
	delete(x, "")
	return x
}

// Has reports whether one of texts is excluded.
func (x Exclusion) Has(texts ...string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return x[lettersAndDigits(s)] })
}

func lettersAndDigits(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return r < '0' || r > '9' && r < 'a' || r > 'z' && r < 128
	}), " ")
}

// without drops examples whose question in context, or whose rewrite, is among the
// excluded.
func without(examples, excluded []importers.Example) (kept []importers.Example, dropped int) {
	bad := Exclude(excluded)
	for _, e := range examples {
		if bad.Has(e.Question, e.Rewrite) {
			dropped++
			continue
		}
		kept = append(kept, e)
	}
	return kept, dropped
}

// random returns a generator for one purpose. All random choices depend only on the
// seed and on where they are made, not on earlier choices, so that a run can resume
// anywhere.
func random(seed, epoch, what int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed)<<32|uint64(uint32(epoch)), uint64(what)))
}

// An input is an example as an epoch reads it.
type input struct {
	example int
	conversation.Input
	words  []torch.Word
	builds float32 // see torch.Batch.Builds
}

// An asked identifies a question in its conversation, and so the example whose question
// it was.
type asked struct{ source, conversation, question string }

// inputs makes the inputs of an epoch. Some examples without history get the history of
// another example, and so do some others, whose question is replaced by its rewrite.
// Some earlier replies are replaced by the passage in found for their question, some
// histories have an engine's replies, and some questions come after a text that has
// nothing to do with them.
func (p *prepared) inputs(c *Config, examples []importers.Example, epoch int) []input {
	var with []int // the examples with a history
	for i := range examples {
		if len(examples[i].History) > 0 {
			with = append(with, i)
		}
	}
	form := conversation.Form{MaxTokens: c.MaxTokens, HistoryType: uint8(c.HistoryType), ReplyTokens: c.ReplyTokens}
	r, replies, rewrites := random(c.Seed, epoch, 1), random(c.Seed, epoch, 3), random(c.Seed, epoch, 4)
	engine, preamble := random(c.Seed, epoch, 5), random(c.Seed, epoch, 6)
	said := func(e *importers.Example) []conversation.Turn {
		if engine.Float64() < c.EngineShare {
			if own := p.engine[e.Source+"\x00"+e.ID]; own != nil {
				return own.Turns()
			}
		}
		turns := e.Turns()
		for i := range turns[:len(turns)-1] {
			if replies.Float64() < c.Replies {
				if text, ok := p.found[asked{e.Source, e.Conversation, turns[i].Question}]; ok {
					turns[i].Reply = text
				}
			}
		}
		return turns
	}
	var reader words.Reader
	var buffer conversation.Words
	out := make([]input, len(examples))
	for i := range examples {
		e := &examples[i]
		turns := said(e)
		x := input{example: i, builds: -1}
		lend := r.Float64() < c.Unrelated && len(turns) == 1
		if len(turns) > 1 {
			x.builds = builds(e, &reader)
			if rewrites.Float64() < c.Rewrites && e.Rewrite != "" {
				lend, turns = true, []conversation.Turn{{Question: e.Rewrite}}
			}
		}
		if lend && len(with) > 0 {
			other := said(&examples[with[r.IntN(len(with))]])
			turns = append(other[:len(other)-1:len(other)-1], turns...)
			x.builds = 0
		}
		if preamble.Float64() < c.Preamble && len(with) > 0 {
			last := &turns[len(turns)-1]
			last.Question = examples[with[preamble.IntN(len(with))]].History[0].Reply + " " + last.Question
		}
		x.Input = conversation.Build(p.tokenizer, turns, form)
		if p.words != nil {
			x.words = p.words.read(&x.Input, turns, e.Rewrite, &buffer)
		}
		out[i] = x
	}
	return out
}

// batches divides an epoch into batches of inputs of similar length.
func (c *Config) batches(in []input, epoch int) [][]int {
	return batches(len(in), c.Batch, 50, func(i int) int { return len(in[i].IDs) }, random(c.Seed, epoch, 2))
}

// batches divides n things into batches of size things of similar length. It shuffles the
// things, sorts them by length within stretches of so many batches, and shuffles the
// batches. The last batch may be smaller.
func batches(n, size, stretch int, length func(int) int, r *rand.Rand) [][]int {
	order := r.Perm(n)
	var all [][]int
	for len(order) > 0 {
		part := order[:min(stretch*size, len(order))]
		order = order[len(part):]
		slices.SortStableFunc(part, func(a, b int) int { return length(a) - length(b) })
		for len(part) > 0 {
			n := min(size, len(part))
			all = append(all, part[:n])
			part = part[n:]
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// steps returns the number of steps of a run on so many examples.
func (c *Config) steps(examples int) int {
	total := (examples + c.Batch - 1) / c.Batch * c.Epochs
	if c.Steps > 0 {
		total = min(total, c.Steps)
	}
	return total
}

// rate returns the learning rate of a step, from 1 to total. It rises during the
// warm-up, then falls to 0 (or stays).
func (c *Config) rate(step, total int) float64 {
	warm := c.WarmUp * float64(total)
	if float64(step) < warm {
		return c.Rate * float64(step) / warm
	}
	x := (float64(step) - warm) / math.Max(1, float64(total)-warm+1) // from 0 to below 1
	switch c.Decay {
	case "linear":
		return c.Rate * (1 - x)
	case "cosine":
		return c.Rate * (1 + math.Cos(math.Pi*x)) / 2
	}
	return c.Rate
}
