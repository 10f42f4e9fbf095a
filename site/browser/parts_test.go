package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"parley/shared/message"
)

// fetched is what a question took, as the worker reports it.
type fetched struct {
	Certain          []string
	Wanted           int
	Loaded, Requests int
}

// sayParts is say for a question to a collection in parts; it also returns the reports that
// came before the reply.
func (p *page) sayParts(ask message.Ask) (a message.Answer, reports []fetched, failure string) {
	p.t.Helper()
	b, err := json.Marshal(ask)
	if err != nil {
		p.t.Fatal(err)
	}
	got := eval[struct {
		Op, Body string
		Parts    []string
	}](p, fmt.Sprintf(`new Promise(done => {
		const id = ++window.testID, parts = [];
		window.testWorker.onmessage = ({data}) => {
			if (data.id !== id) return;
			if (data.op === "parts") parts.push(data.body); else done({Op: data.op, Body: data.body, Parts: parts});
		};
		window.testWorker.postMessage({id, op: "ask", body: %s});
	})`, quote(string(b))))
	for _, body := range got.Parts {
		var r fetched
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			p.t.Fatal(err)
		}
		reports = append(reports, r)
	}
	if got.Op == "error" {
		return a, reports, got.Body
	}
	if err := json.Unmarshal([]byte(got.Body), &a); err != nil {
		p.t.Fatal(err)
	}
	return a, reports, ""
}

func TestACollectionInPartsAnswersAsAWholeOne(t *testing.T) {
	s := serveFolder(t, publishRelease(t, release{parts: true}))
	p := bench(t, s)
	p.worker()
	e := native(t, "", "")
	loaded, n := 0, 0
	same := func(ask message.Ask) {
		t.Helper()
		got, reports, failure := p.sayParts(ask)
		if failure != "" {
			t.Fatalf("%+v: %s", ask.Turns, failure)
		}
		want, err := e.Ask(ask)
		if err != nil {
			t.Fatal(err)
		}
		got.Cost, want.Cost = message.Cost{}, message.Cost{}
		if b, _ := json.Marshal(want); b != nil { // as JSON has it
			want = message.Answer{}
			json.Unmarshal(b, &want)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: in parts\n%+v\nwhole\n%+v", ask.Turns, got, want)
		}
		for i, r := range reports {
			if i > 0 && len(r.Certain) < len(reports[i-1].Certain) {
				t.Errorf("%+v: what was certain is not any more: %q, then %q", ask.Turns, reports[i-1].Certain, r.Certain)
			}
		}
		if n := len(reports); n > 0 {
			loaded += reports[n-1].Loaded
		}
		n++
	}
	for _, ask := range conversations(t, e) {
		if ask.Turns[0].Question != "ö" { // texts that are hard to read find nothing
			ask.K = 10
			ask.Explain = true
			same(ask)
		}
	}
	same(message.Ask{Turns: []message.Turn{{Question: "what is fotosynthesis?"}}}) // which reads passages for its spelling
	t.Logf("%d bytes a question", loaded/n)
	if per := loaded / n; per == 0 || per > 400_000 {
		t.Errorf("a question fetches %d bytes", per)
	}
	same(message.Ask{Turns: []message.Turn{{Question: "When was the Eiffel Tower built?"}}})

	// Altered and missing parts are fetched again, then named; never is another ranking shown.
	question := message.Ask{Turns: []message.Turn{{Question: "how do volcanic islands form?"}}}
	for what, spoil := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){"altered": flipByte, "cut": cutShort, "missing": missing} {
		p := bench(t, s)
		p.worker()
		var asked atomic.Int64
		s.spoil(".part", func(w http.ResponseWriter, r *http.Request, h http.Handler) {
			if asked.Add(1) <= 2 {
				spoil(w, r, h)
				return
			}
			h.ServeHTTP(w, r)
		})
		p.expect(".part", "404")
		got, _, failure := p.sayParts(question)
		if want, _ := e.Ask(question); failure != "" || got.Results[0].Title != want.Results[0].Title || asked.Load() < 3 {
			t.Errorf("%s at first: %s, %+v", what, failure, got.Results)
		}
		s.heal()
		s.spoil(".part", spoil)
		_, _, failure = p.sayParts(message.Ask{Turns: []message.Turn{{Question: "who wrote the first symphony of the romantic era?"}}})
		if !strings.Contains(failure, `"file":"`) || !strings.Contains(failure, map[string]string{"altered": "SHA-256", "cut": "SHA-256", "missing": "404"}[what]) {
			t.Errorf("%s for good: %q", what, failure)
		}
		s.heal()
		if _, _, failure := p.sayParts(message.Ask{Turns: []message.Turn{{Question: "who wrote the first symphony of the romantic era?"}}}); failure != "" {
			t.Errorf("%s, then whole: %s", what, failure)
		}
	}
}

func TestPartsThatWereVisitedWorkOffline(t *testing.T) {
	s := serveFolder(t, publishRelease(t, release{parts: true}))
	p := open(t, s).ready().installed()
	if got := s.requests("data/"); len(got) != len(slices.Compact(slices.Sorted(slices.Values(got)))) {
		t.Errorf("the first visit fetched a file twice: %q", got)
	}
	if text := p.text(".colophon"); strings.Contains(text, "Nothing you type leaves") || !strings.Contains(text, "Its host sees which parts") {
		t.Errorf("the page promises %q", text)
	}
	first := p.ask("When was the Eiffel Tower built?")
	if text := p.text(".fetched"); !strings.Contains(text, "kB in ") {
		t.Errorf("after a question the page says %q", text)
	}
	s.stop()
	p.expect("ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED", "sw.js")
	p.do(chromedp.Reload())
	p.ready()
	if again := p.settled(1)[0]; again.Source != first.Source || again.Quote != first.Quote {
		t.Errorf("offline: %+v, online %+v", again, first)
	}
	if got := p.ask("Who discovered penicillin?"); !strings.Contains(got.Failure, "the network failed") {
		t.Errorf("a question that was not visited, offline: %+v", got)
	}

	// All of it is kept on demand, and everything works then.
	s.start()
	p.do(chromedp.Reload())
	p.ready()
	p.wait("the button", `!document.querySelector(".kept button").hidden`)
	p.clickSteady(".kept button")
	for before := ""; ; { // as long as there is progress
		p.wait("more parts to be kept", fmt.Sprintf(`document.querySelector(".kept").textContent !== %s`, quote(before)))
		if before = p.text(".kept"); strings.HasPrefix(before, "All ") {
			break
		}
	}
	s.stop()
	p.do(chromedp.Reload())
	p.ready()
	if got := p.ask("who is Mahatma Gandhi?"); got.Source != "Mahatma Gandhi" {
		t.Errorf("offline, all kept: %+v", got)
	}
	s.start()
}

// To keep all is broken off by the network, by a browser without room and by the visitor.
// Each time it is said what is kept and why no more, never that all is; and it goes on from
// there.
func TestKeepingAllIsBrokenOffAndGoesOn(t *testing.T) {
	s := serveFolder(t, publishRelease(t, release{parts: true}))
	p := open(t, s).ready().installed()
	button, says := `document.querySelector(".kept button")`, `document.querySelector(".kept").textContent`
	stopped := func(what, why string) {
		t.Helper()
		p.wait(what, says+`.includes(`+quote(why)+`)`)
		if text := p.text(".kept"); !regexp.MustCompile(`^[\d.]+\x{a0}[kM]B of the collection’s [\d.]+\x{a0}MB are kept for offline use\. Keeping more stopped: `).MatchString(text) || strings.Contains(text, "All ") {
			t.Errorf("%s: the page says %q", what, text)
		}
		p.wait("to be able to try again", button+`.textContent === "Try again" && !`+button+`.hidden && !`+button+`.disabled`)
	}
	asked := func() int { return len(slices.Compact(slices.Sorted(slices.Values(s.requests(".part"))))) }
	quota := func(bytes *float64) {
		p.do(call(storage.OverrideQuotaForOrigin, storage.OverrideQuotaForOriginParams{Origin: strings.TrimSuffix(p.url, "/"), QuotaSize: bytes}))
	}
	p.wait("the button", "!"+button+".hidden")

	// The browser has no room for all.
	little := eval[float64](p, `navigator.storage.estimate().then(e => e.usage)`) + 2e6
	quota(&little)
	p.clickSteady(".kept button")
	stopped("the full browser", "this browser has no room for more.")
	quota(nil)

	// The network breaks. Until then, there is an estimate, and questions are answered.
	var parts atomic.Int64
	broken := make(chan bool)
	s.spoil(".part", func(w http.ResponseWriter, r *http.Request, h http.Handler) {
		select {
		case <-broken:
			panic(http.ErrAbortHandler)
		case <-time.After(40 * time.Millisecond): // slow enough for an estimate
			parts.Add(1)
			h.ServeHTTP(w, r)
		}
	})
	p.clickSteady(".kept button")
	p.wait("an estimate", `/are kept for offline use, about \d+ (minutes|seconds) left\./.test(`+says+`) && `+button+`.textContent === "Stop"`)
	if got := p.ask("Who discovered penicillin?"); got.Source == "" {
		t.Errorf("while all is being kept: %+v", got)
	}
	p.expect("ERR_EMPTY_RESPONSE", "ERR_CONNECTION", "Failed to load resource")
	close(broken)
	stopped("the broken network", "the network failed")
	s.heal()

	// What was kept is known after a reload, and is not all. It can be stopped, and goes on.
	p.do(chromedp.Reload())
	p.ready()
	p.wait("what is kept", `/ of the collection/.test(`+says+`)`)
	if text := p.text(".kept"); strings.Contains(text, "All ") || strings.HasPrefix(text, "0 ") {
		t.Errorf("after a reload: %q", text)
	}
	s.forget()
	p.clickSteady(".kept button")
	p.wait("progress", button+`.textContent === "Stop"`)
	p.clickSteady(".kept button")
	p.wait("it to stop", button+`.textContent === "Keep all for offline"`)
	p.clickSteady(".kept button")
	p.wait("all to be kept", says+`.startsWith("All ")`)
	if again := len(s.requests(".part")) - asked(); again > 50 { // those that were under way
		t.Errorf("%d parts were fetched again", again)
	}
	s.stop()
	p.expect("sw.js", "ERR_INTERNET_DISCONNECTED")
	p.do(chromedp.Reload())
	p.ready()
	if got := p.ask("who is Mahatma Gandhi?"); got.Source != "Mahatma Gandhi" {
		t.Errorf("offline, all kept: %+v", got)
	}
	s.start()
}

// PARLEY_HOST=http://127.0.0.1:8000 PARLEY_COLLECTION=FOLDER go test -v -run ALargeCollection ./site/browser
// asks the questions of some conversations in the page that this host serves, of a collection
// in parts, and compares each answer with that of the whole index, which is in FOLDER. The
// host is any static one: python3 -m http.server, parley serve.
func TestALargeCollectionFromAHost(t *testing.T) {
	host, folder := os.Getenv("PARLEY_HOST"), os.Getenv("PARLEY_COLLECTION")
	if host == "" || folder == "" {
		t.Skip("PARLEY_HOST=an address that serves a collection in parts, and PARLEY_COLLECTION=the folder that it was made of, run this")
	}
	start(t)
	e := nativeOf(t, "", "", folder)
	to, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	line := &counter{next: httputil.NewSingleHostReverseProxy(to)}
	p := open(t, newServer(t, line)).ready().installed()
	t.Logf("before the first question: %.2f MB of the collection, %.2f MB of all else", mb(&line.parts), mb(&line.other))
	var asked, fetched int64
	for n, conversation := range [][]string{
		{"When was the Eiffel Tower built?", "who designed it?", "what else did he build?", "where was he born?"},
		{"Who discovered penicillin?", "which prize did he get for it?", "what does it work against?"},
		{"Which eruption buried Pompeii?", "where is that volcano?", "when did it last erupt?"},
	} {
		if n > 0 {
			p.click("#new")
			p.wait("a new conversation", `!document.querySelector("article.turn")`)
		}
		var turns []message.Turn
		for i, q := range conversation {
			parts, begun := line.parts.Load(), time.Now()
			p.do(focusBox)
			p.press(q + "\r")
			for end := begun.Add(5 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) { // a host may be slow
				if ok, _ := try[bool](p, isSettled(i+1)); ok {
					break
				}
			}
			got := p.settled(i + 1)[i]
			took, bytes := time.Since(begun), line.parts.Load()-parts
			asked, fetched = asked+1, fetched+bytes
			t.Logf("%s: %s; %d bytes by the server's count, with headers; %.1f s; %s: %q %s", q, p.text(".fetched"), bytes, took.Seconds(), got.Source, got.Quote, got.Failure)
			p.picture(fmt.Sprint(strings.Fields(conversation[0])[1], i+1))
			ask := message.Ask{Turns: append(turns, message.Turn{Question: q}), Explain: true}
			turns = append(turns, message.Turn{Question: q, Reply: got.Quote})
			want, err := e.Ask(ask)
			if err != nil {
				t.Fatal(err)
			}
			var titles []string
			for _, r := range want.Results {
				titles = append(titles, r.Title)
			}
			if shown := p.allResults(); !reflect.DeepEqual(shown, titles) {
				t.Errorf("%s: the page shows %q, the whole index finds %q", q, shown, titles)
			}
			body, _ := json.Marshal(ask)
			var again message.Answer
			if err := json.Unmarshal([]byte(eval[string](p, `parley.probe(`+quote(string(body))+`).then(JSON.stringify)`)), &again); err != nil {
				t.Fatal(err)
			}
			again.Cost, want.Cost = message.Cost{}, message.Cost{} // of lists that were read in part
			if sent, _ := json.Marshal(want); sent != nil {        // as JSON has it
				want = message.Answer{}
				json.Unmarshal(sent, &want)
			}
			if !reflect.DeepEqual(again, want) {
				t.Errorf("%s: in parts\n%+v\nwhole\n%+v", q, again, want)
			}
		}
	}
	t.Logf("%d bytes a question", fetched/asked)
}

// PARLEY_HOST=http://127.0.0.1:8000 go test -v -timeout 60m -run KeepingAllOfALargeOne ./site/browser
// keeps all of the collection in parts that this host serves, breaks the line off on the way,
// goes on, and then asks with the host gone. It says how quickly, and whether the page could be
// used meanwhile.
func TestKeepingAllOfALargeOne(t *testing.T) {
	host := os.Getenv("PARLEY_HOST")
	if host == "" {
		t.Skip("PARLEY_HOST=an address that serves a collection in parts runs this, for minutes")
	}
	start(t)
	to, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	line := &counter{next: httputil.NewSingleHostReverseProxy(to)}
	s := newServer(t, line)
	p := open(t, s).ready().installed()
	p.wait("the button", `!document.querySelector(".kept button").hidden`)
	// The longest time that the page's thread was busy.
	const busy = `(() => { window.testBusy = 0; let at = performance.now();
		setInterval(() => { const now = performance.now(); testBusy = Math.max(testBusy, now - at); at = now; }, 20); return true; })()`
	eval[bool](p, busy)
	keep := func(until string) {
		t.Helper()
		begun, from, shown := time.Now(), line.parts.Load(), time.Time{}
		p.clickSteady(".kept button")
		for n := 0; ; time.Sleep(time.Second) {
			text := p.text(".kept")
			if time.Since(shown) > 60*time.Second {
				t.Logf("%3.0f s: %s", time.Since(begun).Seconds(), text)
				shown = time.Now()
				asked := time.Now()
				n++
				if got := p.ask(fmt.Sprintf("what is the area of %s?", []string{"France", "Peru", "Kenya", "Japan", "Cuba", "Chad"}[n%6])); got.Failure != "" {
					t.Errorf("meanwhile: %+v", got)
				}
				t.Logf("       a question took %.1f s; the page was busy for at most %.0f ms", time.Since(asked).Seconds(), eval[float64](p, `(b => { testBusy = 0; return b; })(testBusy)`))
			}
			if strings.Contains(text, until) {
				t.Logf("%3.0f s, %.0f MB: %s", time.Since(begun).Seconds(), float64(line.parts.Load()-from)/1e6, text)
				return
			}
			if strings.Contains(text, "stopped") || time.Since(begun) > 30*time.Minute {
				t.Fatal(text)
			}
		}
	}
	half := make(chan bool)
	go func() {
		for line.parts.Load() < 60e6 {
			time.Sleep(time.Second)
		}
		s.stop()
		close(half)
	}()
	p.expect("ERR_", "Failed to load resource", "sw.js")
	keep("Keeping more stopped: ")
	<-half
	s.start()
	p.do(chromedp.Reload())
	p.ready()
	eval[bool](p, busy)
	begun := time.Now()
	p.wait("what is kept", `/ of the collection/.test(document.querySelector(".kept").textContent)`)
	t.Logf("after a reload, known after %.1f s: %s", time.Since(begun).Seconds(), p.text(".kept"))
	keep("All ")
	t.Logf("the browser says that it uses %.0f MB", eval[float64](p, `navigator.storage.estimate().then(e => e.usage)`)/1e6)
	s.stop()
	p.do(chromedp.Reload())
	p.ready()
	for _, q := range []string{"Which eruption buried Pompeii?", "where is that volcano?"} {
		begun := time.Now()
		got := p.ask(q)
		t.Logf("offline, %.1f s: %s %s: %q %s", time.Since(begun).Seconds(), q, got.Source, got.Quote, got.Failure)
		if got.Failure != "" {
			t.Errorf("offline: %+v", got)
		}
	}
	s.start()
}

// A counter counts what a host sends, heads and bodies, these as they are encoded.
type counter struct {
	next         http.Handler
	parts, other atomic.Int64 // of the collection, and all else
}

func mb(n *atomic.Int64) float64 { return float64(n.Load()) / 1e6 }

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to := &c.other
	if strings.HasSuffix(r.URL.Path, ".part") || strings.HasSuffix(r.URL.Path, ".parts.bin") {
		to = &c.parts
	}
	c.next.ServeHTTP(&countedWriter{w, to}, r)
}

type countedWriter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (w *countedWriter) WriteHeader(code int) {
	head := &strings.Builder{}
	fmt.Fprintf(head, "HTTP/1.1 %d %s\r\n", code, http.StatusText(code))
	w.Header().Write(head)
	w.sent.Add(int64(head.Len() + len("\r\n")))
	w.ResponseWriter.WriteHeader(code)
}

func (w *countedWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.sent.Add(int64(n))
	return n, err
}
