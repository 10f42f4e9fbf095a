package browser

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"parley/site/serve"
)

// found waits for what was found by words alone, and returns its titles.
func (p *page) found() []string {
	p.t.Helper()
	p.wait("results by words alone", `!document.querySelector("#found").hidden`)
	return eval[[]string](p, `[...document.querySelectorAll("#found li")].map(li => li.innerText)`)
}

// Over a slow line a first question is answered by its words while the encoder and the
// index are on their way, and that is said; then the answer takes its place. The words are
// counted in the texts, and loaded only where that gives others than were published.
func TestWordsAnswerUntilTheEncoderIsThere(t *testing.T) {
	_, app := build(t)
	for _, counted := range []bool{true, false} {
		t.Run(fmt.Sprintf("counted=%v", counted), func(t *testing.T) { wordsAnswerFirst(t, string(app["worker.js"]), counted) })
	}
}

func wordsAnswerFirst(t *testing.T, script string, counted bool) {
	replace := func(before, after string) {
		t.Helper()
		if !strings.Contains(script, before) {
			t.Fatalf("worker.js has no %q", before)
		}
		script = strings.Replace(script, before, after, 1)
	}
	replace("const patience = 4000;", "const patience = 0;")
	if !counted {
		replace("await matches(made, f)", "false")
	}
	folder := publishRelease(t, release{files: map[string]string{"worker.js": script}})
	s := serveFolder(t, folder)
	let := make(chan bool)
	s.spoil("data/", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasSuffix(r.URL.Path, ".passages.bin") && !strings.HasSuffix(r.URL.Path, ".words.bin") {
			<-let
		}
		next.ServeHTTP(w, r)
	})
	p := open(t, s)
	p.do(focusBox)
	p.press("When was the Eiffel Tower built?\r")
	found := p.found()
	if len(found) != 3 || !strings.HasPrefix(found[0], "Eiffel Tower") || !strings.Contains(found[0], "1889") {
		t.Errorf("found by words: %q", found)
	}
	if text := p.text("#found p"); !strings.Contains(text, "words alone") || !strings.Contains(text, "may differ") {
		t.Errorf("it says of itself %q", text)
	}
	if asked := s.requests("data/"); len(asked) == 0 || !strings.HasSuffix(asked[0], ".passages.bin") {
		t.Errorf("the order of requests is %q", asked)
	}
	if counted {
		p.accessible("with results by words alone")
		p.picture("found")
	}
	close(let)
	if got := p.ready().settled(1)[0]; got.Source != "Eiffel Tower" {
		t.Errorf("then the answer is %+v", got)
	}
	p.wait("what words found to go", `document.querySelector("#found").hidden`)
	p.installed() // the service worker finds what is kept, and loads nothing again
	for name, want := range map[string]int{"passages.bin": 1, "index.bin": 1, "words.bin": map[bool]int{true: 0, false: 1}[counted]} {
		if got := s.requests("." + name); len(got) != want {
			t.Errorf("%s was asked for %d times, want %d", name, len(got), want)
		}
	}
	s.forget()
	p.do(chromedp.Reload())
	p.ready().settled(1)
	if again := s.requests("data/"); len(again) > 0 {
		t.Errorf("a second visit fetched %q", again)
	}
}

// state that a visitor finds again: where they were on the page, and earlier conversations.
func TestAVisitorComesBack(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready()
	if at := eval[string](p, `document.activeElement.id`); at != "q" {
		t.Errorf("on load the focus is on %q", at)
	}
	bare := eval[string](p, `document.title`)
	if eval[bool](p, `!document.querySelector("#earlier").hidden`) {
		t.Error("there are earlier conversations before the first")
	}
	p.ask("When was the Eiffel Tower built?")
	p.ask("who designed it?")
	p.ask("when did he die?")
	if got := eval[string](p, `document.title`); got != "When was the Eiffel Tower built? · "+bare {
		t.Errorf("the tab is named %q", got)
	}

	// A reload leads back to the place, and what was open is open.
	eval[bool](p, `(document.querySelectorAll(".vector-button")[1].click(), document.querySelector("#open-compare").click(), true)`)
	const isOpen = `document.querySelectorAll(".vector-button")[1]?.ariaExpanded === "true" && document.querySelector("#open-compare")?.ariaExpanded === "true"`
	p.wait("what was opened", isOpen)
	eval[bool](p, `(scrollTo(0, 300), true)`)
	p.wait("the page to have scrolled", `scrollY === 300`)
	p.do(chromedp.Reload())
	p.ready().settled(3)
	p.wait("what was open before the reload", isOpen)
	p.wait("the place before the reload", `Math.abs(scrollY - 300) < 2`)

	// Another conversation, another item; and a copy of a tab goes on by itself.
	kept := func() int {
		t.Helper()
		return eval[int](p, `Object.keys(localStorage).filter(k => k.startsWith("parley.talk.")).length`)
	}
	p.click("#new")
	p.settled(0)
	if got := eval[string](p, `document.title`); got != bare {
		t.Errorf("without a conversation the tab is named %q", got)
	}
	p.ask("Which is the longest river?")
	p.wait("the second conversation to be kept", `Object.keys(localStorage).filter(k => k.startsWith("parley.talk.")).length === 2`)
	q := p.second()
	q.navigate("about:blank")
	q.do(chromedp.Navigate(s.url()))
	q.ready()
	session := eval[string](p, `JSON.stringify({...sessionStorage})`)
	eval[bool](q, `(Object.entries(`+session+`).forEach(([k, v]) => sessionStorage.setItem(k, v)), true)`)
	q.do(chromedp.Reload())
	q.ready().settled(1)
	q.ask("and the second longest?")
	p.wait("the copy to have an item of its own", `Object.keys(localStorage).filter(k => k.startsWith("parley.talk.")).length === 3`)
	p.ask("what is its source?")
	texts := eval[string](p, `Object.entries(localStorage).filter(([k]) => k.startsWith("parley.talk.")).map(([, v]) => JSON.parse(v).text).join("\n")`)
	if strings.Count(texts, "? and the second longest?") != 1 || strings.Count(texts, "? what is its source?") != 1 || kept() != 3 {
		t.Errorf("kept are %d:\n%s", kept(), texts)
	}

	// The list: opened, searched by eye, deleted, all deleted, and nothing kept any more.
	list := func() {
		t.Helper()
		p.click("#earlier")
		p.wait("the list", `document.querySelector("#earlier-sheet[open] .talks")`)
	}
	list()
	p.accessibleInBoth("the list of conversations")
	if pictures := os.Getenv("PARLEY_PICTURES"); pictures != "" {
		for _, width := range []int64{1440, 360} {
			for _, scheme := range []string{"light", "dark"} {
				p.do(media(scheme), chromedp.EmulateViewport(width, 800))
				p.picture(fmt.Sprintf("list-%d-%s", width, scheme))
			}
		}
		p.do(media("light"), chromedp.EmulateViewport(1200, 900))
	}
	titles := eval[[]string](p, `[...document.querySelectorAll("#earlier-sheet .talk")].map(b => b.innerText)`)
	if len(titles) != 3 || titles[2] != "When was the Eiffel Tower built?" {
		t.Fatalf("listed are %q", titles)
	}
	eval[bool](p, `(document.querySelectorAll("#earlier-sheet .talk")[2].click(), true)`)
	if got := p.settled(3)[1]; got.Question != "who designed it?" || got.Source != "Gustave Eiffel" {
		t.Errorf("opened from the list: %+v", got)
	}
	p.ask("what else did he build?")
	if n := kept(); n != 3 {
		t.Errorf("going on with an earlier conversation makes %d of 3", n)
	}
	list()
	p.click("#earlier-sheet .talks li:nth-child(2) .quiet")
	p.wait("one to be deleted", `document.querySelectorAll("#earlier-sheet .talk").length === 2`)
	eval[bool](p, `([...document.querySelectorAll("#earlier-sheet button")].find(b => b.innerText === "Delete all").click(), true)`)
	eval[bool](p, `([...document.querySelectorAll("#earlier-sheet button")].find(b => /Really/.test(b.innerText)).click(), true)`)
	p.wait("all to be deleted", `!document.querySelector("#earlier-sheet .talk")`)
	p.click(`#earlier-sheet [type=checkbox]`)
	eval[bool](p, `(document.querySelector("#earlier-sheet").close(), true)`)
	p.ask("Who was Gustave Eiffel?")
	if n := kept(); n != 0 {
		t.Errorf("%d conversations are kept after the visitor said no", n)
	}
}

// What is loaded on request is named until it is kept, too, and can be fetched.
func TestWhatIsMissingOfflineIsSaid(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready().installed()
	text := p.text("#offline")
	if !strings.Contains(text, "except for better answers") || !strings.Contains(text, "MB") {
		t.Errorf("the page says %q", text)
	}
	p.picture("offline")
	p.click("#offline button")
	p.wait("everything to be kept", `document.querySelector("#offline").textContent === "Ready to work offline."`)
	s.stop()
	p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")
	p.do(chromedp.Reload())
	p.ready().ask("When was the Eiffel Tower built?")
	if got := eval[string](p, `(async () => {
		const answers = [];
		for (const level of parley.about.levels.map(l => l.name))
			answers.push((await parley.probe(JSON.stringify({ turns: [{ question: "Who designed the Eiffel Tower?" }], level, brief: true }))).results[0].title);
		return answers.join();
	})()`); strings.Count(got, ",") < 3 {
		t.Errorf("offline, the levels answer %q", got)
	}
}

// PARLEY_FOLDER=build/demo PARLEY_MEASURE=1 go test -v -run AFirstVisit ./site/browser measures a first
// visit to a built folder over a slow line: 1.6 Mbit/s, 150 ms, and a processor four times slower.
func TestAFirstVisitOverASlowLine(t *testing.T) {
	folder := os.Getenv("PARLEY_FOLDER")
	if os.Getenv("PARLEY_MEASURE") == "" || folder == "" {
		t.Skip("this measures, and checks nothing: PARLEY_MEASURE=1 and PARLEY_FOLDER=a built folder run it")
	}
	line := &slowLine{rate: 200_000, delay: 150 * time.Millisecond, next: serve.Handler(os.DirFS(folder))}
	s := newServer(t, line)
	p := blank(t, s)
	p.do(call(emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4}))
	begun := time.Now()
	p.navigate(s.url())
	p.do(focusBox)
	p.press("How tall is the Eiffel Tower?\r")
	for _, step := range []struct{ what, js string }{
		{"the question is taken", `document.querySelector("article.turn .words")`},
		{"results by words", `!document.querySelector("#found").hidden || document.querySelector("article.turn blockquote")`},
		{"the answer", `document.querySelector("article.turn blockquote")`},
	} {
		end := time.Now().Add(3 * time.Minute)
		for ok := false; !ok && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			ok, _ = try[bool](p, "!!("+step.js+")")
		}
		t.Logf("%5.1f s, %4.2f MB: %s", time.Since(begun).Seconds(), float64(line.sent.Load())/1e6, step.what)
		p.picture(strings.ReplaceAll(step.what, " ", "-"))
	}
}

// A slowLine is a host behind a line that all its answers share. Chromium's own emulation does
// not reach workers.
type slowLine struct {
	rate  int // bytes a second
	delay time.Duration
	next  http.Handler
	mu    sync.Mutex
	free  time.Time // when what was sent has arrived
	sent  atomic.Int64
}

func (l *slowLine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(l.delay)
	l.next.ServeHTTP(&slowWriter{w, l}, r)
}

type slowWriter struct {
	http.ResponseWriter
	line *slowLine
}

func (w *slowWriter) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		var m int
		part := b[:min(len(b), 4096)]
		l := w.line
		l.mu.Lock()
		l.free = later(l.free, time.Now()).Add(time.Second * time.Duration(len(part)) / time.Duration(l.rate))
		until := l.free
		l.mu.Unlock()
		time.Sleep(time.Until(until))
		m, err = w.ResponseWriter.Write(part)
		l.sent.Add(int64(m))
		n, b = n+m, b[m:]
	}
	return n, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
