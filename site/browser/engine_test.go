package browser

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/shared/answer"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	asking "parley/shared/remote"
	"parley/site/publish"
	"parley/site/serve"
)

// engineFiles returns what a page needs of a collection that an engine holds.
func engineFiles(t testing.TB, e *answer.Engine) *publish.Engine {
	t.Helper()
	var lexicon, about bytes.Buffer
	if err := e.Index.WriteLexicon(&lexicon); err != nil {
		t.Fatal(err)
	}
	b := passages.NewBuilder(e.Passages.About())
	for i := range 20 {
		p := e.Passages.At(i)
		if err := b.Add(passages.Passage{ID: p.ID, Title: p.Title}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.WriteTo(&about); err != nil {
		t.Fatal(err)
	}
	return &publish.Engine{Lexicon: lexicon.Bytes(), About: about.Bytes()}
}

// rankedBy returns the best passages as any engine ranks them: by sums of weight x impact,
// which it adds up by itself.
func rankedBy(e *answer.Engine, q []index.Factor, k int) []asking.Found {
	sums := map[uint32]uint32{}
	impacts := map[uint32][]index.Impact{}
	for _, f := range q {
		for doc, impact := range e.Index.List(f.Term) {
			sums[doc] += f.Weight * uint32(impact)
			impacts[doc] = append(impacts[doc], index.Impact{Term: f.Term, Weight: impact})
		}
	}
	var found []asking.Found
	for doc := range sums {
		found = append(found, asking.Found{Doc: doc, Impacts: impacts[doc], Passage: e.Passages.At(int(doc))})
	}
	slices.SortFunc(found, func(a, b asking.Found) int {
		return cmp.Or(cmp.Compare(sums[b.Doc], sums[a.Doc]), cmp.Compare(a.Doc, b.Doc))
	})
	return found[:min(k, len(found))]
}

// A page whose collection an engine holds answers as the page that has the collection; what
// it sends is the vector alone, to its own host; and it says so.
func TestAPageThatAsksAnEngine(t *testing.T) {
	e := native(t, "", "")
	folder := publishRelease(t, release{engine: engineFiles(t, e)})
	var mu sync.Mutex
	var asked []string
	down := false
	s := newServer(t, serve.Asking(serve.Handler(folder), func(_ context.Context, question string) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, question)
		if down {
			return nil, errors.New("down")
		}
		q, k, err := asking.ParseQuestion(question)
		if err != nil {
			return nil, &serve.BadQuestion{Err: err}
		}
		return asking.Encode(q, rankedBy(e, q, k))
	}, func(error) {}))

	p := open(t, s).ready()
	for _, where := range []string{".colophon", "main", ".leaves"} {
		if text := p.text(where); !strings.Contains(text, "vector leaves") || strings.Contains(text, "Nothing you type leaves") {
			t.Errorf("%s does not say what leaves the tab: %s", where, text)
		}
	}
	if text := p.text("#collection"); !strings.Contains(text, "12,297") {
		t.Errorf("the collection is %s", text)
	}
	turns := []message.Turn{}
	for _, question := range []string{"When was the Eiffel Tower built?", "who designed it?", "what is fotosynthesis?"} {
		got := p.ask(question)
		turns = append(turns, message.Turn{Question: question})
		want, err := e.Ask(message.Ask{Turns: turns})
		if err != nil {
			t.Fatal(err)
		}
		turns[len(turns)-1].Reply = want.Quoted().Quotation()
		if titles := p.allResults(); !strings.Contains(got.Quote, want.Quoted().Quotation()) || len(titles) != len(want.Results) || titles[0] != want.Results[0].Title {
			t.Errorf("%s: %q, %q; with the collection %q, %q", question, got.Quote, titles, want.Quoted().Quotation(), want.Results[0].Title)
		}
	}
	p.picture("engine")
	mu.Lock()
	for _, question := range asked {
		var sent struct {
			K int
			V map[string]int
		}
		d := json.NewDecoder(strings.NewReader(question))
		d.DisallowUnknownFields()
		if err := d.Decode(&sent); err != nil || sent.K < 1 || len(sent.V) == 0 {
			t.Errorf("%v: sent %s", err, question)
		}
	}
	if len(asked) < 4 { // three questions, and the word that stands for fotosynthesis
		t.Errorf("the engine was asked %d times", len(asked))
	}
	down = true
	mu.Unlock()

	// An engine that fails is told, and the question can be asked again.
	p.expect("/ask", "502", "Failed to load resource")
	p.do(focusBox)
	p.press("how high is Everest?\r")
	p.wait("the engine's failure", `/search engine behind this page cannot answer now/.test(document.body.textContent)`)
	p.accessible("an engine fails")
	mu.Lock()
	down = false
	mu.Unlock()

	// A host that asks no engine says so.
	s.swap(folder)
	q := open(t, s).ready()
	q.expect("/ask", "405", "Failed to load resource")
	q.do(focusBox)
	q.press("how high is Everest?\r")
	q.wait("that the host asks no engine", `/this host has none behind it/.test(document.body.textContent)`)
}

// The worker of such a page gives the same answers as the index, with every part of every
// score.
func TestAnEngineAnswersTheWorkerAsAnIndex(t *testing.T) {
	e := native(t, "", "")
	folder := publishRelease(t, release{engine: engineFiles(t, e)})
	s := newServer(t, serve.Asking(serve.Handler(folder), func(_ context.Context, question string) ([]byte, error) {
		q, k, err := asking.ParseQuestion(question)
		if err != nil {
			return nil, err
		}
		return asking.Encode(q, rankedBy(e, q, k))
	}, func(err error) { t.Error(err) }))
	p := bench(t, s)
	ready := p.worker()
	if ready.Passages != e.Passages.Len() || ready.Postings != e.Index.Postings() || len(ready.Suggested) == 0 {
		t.Errorf("%+v", ready)
	}
	for _, ask := range conversations(t, e) {
		ask.Explain, ask.K = true, 12
		var got message.Answer
		if err := json.Unmarshal([]byte(p.say("ask", ask)), &got); err != nil {
			t.Fatal(err)
		}
		want, err := e.Ask(ask)
		if err != nil {
			t.Fatal(err)
		}
		got.Cost, want.Cost = message.Cost{Lists: got.Cost.Lists, Postings: got.Cost.Postings}, message.Cost{Lists: want.Cost.Lists, Postings: want.Cost.Postings}
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		if !bytes.Equal(g, w) {
			t.Errorf("%+v:\n%s\nwith the index\n%s", ask.Turns, g, w)
		}
	}
}
