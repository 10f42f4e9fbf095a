package main

import (
	"strings"
	"testing"

	"parley/shared/message"
)

// stages answers as an engine with a dense stage would, which is not needed where the
// question says that it is sure.
func stages(p *page) {
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		a.Stage = ask.Stage
		if q := ask.Turns[len(ask.Turns)-1].Question; a.Stage == "" && p.root.dense && !strings.Contains(q, "sure") {
			a.Stage = message.StageBoth
		} else if a.Stage == "" {
			a.Stage = message.StageSparse
		}
		read := a.Stage == message.StageBoth && strings.Contains(ask.Turns[len(ask.Turns)-1].Question, "read")
		if read {
			a.Stage = message.StageRead
			a.Cost.ReaderMS = 40
		}
		read = a.Stage == message.StageRead
		a.Cost.DenseMS = 100
		for k := range a.Results {
			a.Results[k].Parts = []message.Part{{Term: 0, Query: 2, Doc: 4.25}}
			a.Results[k].Score = 7.25
			a.Results[k].Dense = -1.25
			if read {
				a.Results[k].Read = 8.5
				a.Results[k].Score += 8.5
			}
		}
		return a
	}
	p.root.Message("ready", 0, `{"max_tokens":256,"postings":1274331,"passages":10033,"dense":{"title":"Better answers","bytes":24000000}}`)
	p.settle()
}

const place = `id="better"`

func TestTheDenseStageIsOfferedInTheNewestTurnAnswered(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask("one")
	p.settle()
	p.shows(place, false) // the site has none
	p = newPage(t)
	stages(p)
	p.shows(place, false)
	p.root.Ask("one")
	p.render()
	p.shows(place, false)
	p.settle()
	p.shows(place, true)
	p.root.Ask("two")
	p.render()
	if strings.Count(p.html, place) != 1 || strings.Index(p.html, place) > strings.Index(p.html, ">two<") {
		t.Error("while the second turn waits the switch is not in the first")
	}
	p.settle()
	if strings.Count(p.html, place) != 1 || strings.Index(p.html, place) < strings.Index(p.html, ">two<") {
		t.Error("the switch is not in the second turn")
	}
}

func TestTurnsSayWhichStagesAnswered(t *testing.T) {
	p := newPage(t)
	stages(p)
	p.root.Ask("one")
	p.root.Ask("I am sure")
	p.settle()
	p.shows("Searched with", false)
	p.asks = nil
	p.root.Message("dense", 0, "on")
	p.settle()
	if len(p.asks) != 2 || p.asks[0].Stage != "" {
		t.Errorf("once it is loaded, asked %+v", p.asks)
	}
	p.shows("Searched with both vectors, sparse and dense.", true)
	p.shows("Searched with the sparse vector alone, whose first result stood out.", true)
	p.shows("115\u00a0ms", true)
	p.root.Message("dense", 0, "on") // nothing new
	p.root.Message("dense", 0, "failed")
	p.settle()
	if len(p.asks) != 4 {
		t.Errorf("after it was let go, asked %d times", len(p.asks)-2)
	}
	p.shows("Searched with", false)
	// With another collection it starts again.
	p.root.Message("dense", 0, "on")
	p.settle()
	stages(p)
	p.shows("Searched with", false)
}

func TestCompareHasTheStagesAsColumns(t *testing.T) {
	p := newPage(t)
	stages(p)
	p.root.Ask("one")
	p.settle()
	p.root.OpenTool("compare")
	p.settle()
	p.shows(">Dense<", false)
	p.asks = nil
	p.root.Message("dense", 0, "on")
	p.settle()
	asked := map[string]int{}
	for _, a := range p.asks {
		asked[a.Stage]++
	}
	// The conversation once as the engine decides; last turn and whole by the sparse stage.
	if asked[""] != 1 || asked[message.StageSparse] != 3 || asked[message.StageDense] != 1 || asked[message.StageBoth] != 1 {
		t.Errorf("asked by stage: %v", asked)
	}
	for _, name := range []string{">Sparse<", ">Dense<", ">Both<"} {
		p.shows(name, true)
	}
	if n := strings.Count(p.html, "way in-use"); n != 1 || !strings.Contains(p.html[strings.Index(p.html, "way in-use"):], ">Both<") {
		t.Errorf("%d columns are in use", n)
	}
}

func TestTheDenseVectorIsABarOfTheScore(t *testing.T) {
	p := newPage(t)
	stages(p)
	p.root.Ask("one")
	p.settle()
	p.root.Message("dense", 0, "on")
	p.settle()
	p.asks = nil
	p.root.ToggleWhy(p.id(0), "p1")
	p.settle()
	if len(p.asks) != 1 || p.asks[0].Stage != message.StageBoth || !p.asks[0].Explain {
		t.Errorf("asked %+v", p.asks)
	}
	for _, want := range []string{"dense vector", "−1.25", "add up to 8.50.", "Together 7.25."} {
		p.shows(want, true)
	}
	c := &WhyPanel{p.root, p.id(0), "p1"}
	if bars := c.Parts(); len(bars) != 2 || bars[0].Width != "14.7%" || bars[1].Width != "100.0%" || bars[0].ID != "" {
		t.Errorf("bars %+v", bars)
	}
}

// The reader's part is a bar of its own, and the turn says that it read.
func TestTheReaderIsABarOfTheScore(t *testing.T) {
	p := newPage(t)
	stages(p)
	p.root.Message("dense", 0, "on")
	p.root.Ask("read this")
	p.settle()
	p.shows("Searched with both vectors, sparse and dense; the first results were then read together with the question.", true)
	p.shows("155\u00a0ms", true)
	p.asks = nil
	p.root.ToggleWhy(p.id(0), "p1")
	p.settle()
	if len(p.asks) != 1 || p.asks[0].Stage != message.StageRead {
		t.Errorf("asked %+v", p.asks)
	}
	for _, want := range []string{"dense vector", "−1.25", ">reader<", "The reader adds +8.50", "add up to 8.50.", "Together 15.75."} {
		p.shows(want, true)
	}
	c := &WhyPanel{p.root, p.id(0), "p1"}
	if bars := c.Parts(); len(bars) != 3 || bars[0].Width != "14.7%" || bars[1].Width != "100.0%" || bars[2].Width != "100.0%" {
		t.Errorf("bars %+v", bars)
	}
}

// So is the part of a rule, in the sparse stage too.
func TestTheRuleIsABarOfTheScore(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		for k := range a.Results {
			a.Results[k].Parts = []message.Part{{Term: 0, Query: 2, Doc: 4.25}}
			a.Results[k].Score, a.Results[k].Rule = 16.5, 8
		}
		return a
	}
	p.root.Ask("largest planet")
	p.settle()
	p.root.ToggleWhy(p.id(0), "p1")
	p.settle()
	for _, want := range []string{">rule<", "+8.00", "add up to 8.50.", "A rule adds +8.00", "Together 16.50."} {
		p.shows(want, true)
	}
	c := &WhyPanel{p.root, p.id(0), "p1"}
	if bars := c.Parts(); len(bars) != 2 || bars[0].Width != "94.1%" || bars[1].Width != "100.0%" {
		t.Errorf("bars %+v", bars)
	}
}
