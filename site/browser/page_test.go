package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is the time that a page may take for anything. Tests share two cores.
const patience = 30 * time.Second

// A page is a tab with a browser profile of its own, watched.
type page struct {
	t   testing.TB
	ctx context.Context
	url string // the origin, with a slash

	mu       sync.Mutex
	problems []string
	expected []string // parts of the problems that the test provokes
	workers  map[target.ID]bool
}

// open opens the server's page in a new tab.
func open(t testing.TB, s *server) *page {
	t.Helper()
	p := blank(t, s)
	p.navigate(s.url())
	return p
}

// blank opens an empty tab that may visit the server.
func blank(t testing.TB, s *server) *page {
	t.Helper()
	p := &page{t: t, url: s.url(), workers: map[target.ID]bool{}}
	parent := start(t)
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	p.ctx = ctx
	t.Cleanup(func() {
		p.finish()
		cancel()
	})
	// Without motion, or a click lands where something was a moment ago.
	p.do(media("light"))
	// Workers are targets of their own.
	mine := chromedp.FromContext(ctx).BrowserContextID
	err := chromedp.ListenBrowser(ctx, func(ev any) {
		if ev, ok := ev.(*target.EventTargetCreated); ok && ev.TargetInfo.BrowserContextID == mine {
			p.attach(ev.TargetInfo)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// attach listens to a worker.
func (p *page) attach(info *target.Info) {
	if !strings.HasSuffix(info.Type, "worker") {
		return
	}
	p.mu.Lock()
	known := p.workers[info.TargetID]
	p.workers[info.TargetID] = true
	p.mu.Unlock()
	if known {
		return
	}
	go func() { // a listener must not call the browser
		ctx, _ := chromedp.NewContext(p.ctx, chromedp.WithTargetID(info.TargetID), chromedp.WithDetachOnCancel(), chromedp.WithListener(p.listen))
		// A worker can end before it is attached to: nothing to listen to then.
		_ = chromedp.Do(ctx)
	}()
}

func (p *page) listen(ev any) {
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		switch ev.Type {
		case "error", "warning", "assert":
			var text []string
			for _, a := range ev.Args {
				text = append(text, remote(a))
			}
			p.problem("console." + string(ev.Type) + ": " + strings.Join(text, " "))
		}
	case *runtime.EventExceptionThrown:
		d := ev.ExceptionDetails
		text := d.Text
		if d.Exception != nil {
			text += " " + remote(d.Exception)
		}
		p.problem(fmt.Sprintf("exception: %s (%s:%d)", text, d.URL, d.LineNumber+1))
	case *log.EventEntryAdded:
		// Content security policy violations arrive here, and failed requests.
		if e := ev.Entry; e.Level == log.EntryLevelError || e.Level == log.EntryLevelWarning {
			p.problem(fmt.Sprintf("%s %s: %s (%s)", e.Source, e.Level, e.Text, e.URL))
		}
	case *network.EventRequestWillBeSent:
		u := ev.Request.URL
		if !strings.HasPrefix(u, p.url) && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:"+origin.FindString(p.url)+"/") && !strings.HasPrefix(u, "blob:null/") {
			p.problem("request off origin: " + u)
		}
	case *target.EventAttachedToTarget:
		p.attach(ev.TargetInfo)
	}
}

var origin = regexp.MustCompile(`^[a-z]+://[^/]*`)

func remote(o *runtime.RemoteObject) string {
	if o.Description != "" {
		return o.Description
	}
	var s string
	if json.Unmarshal(o.Value, &s) == nil {
		return s
	}
	return string(o.Value)
}

func (p *page) problem(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, text)
}

// expect says that problems which contain one of the texts are provoked by the
// test.
func (p *page) expect(texts ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, texts...)
}

// unexpected returns the problems that no test expects, and forgets them.
func (p *page) unexpected() (bad []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
problems:
	for _, text := range p.problems {
		for _, e := range p.expected {
			if strings.Contains(text, e) {
				continue problems
			}
		}
		bad = append(bad, text)
	}
	p.problems = nil
	return bad
}

func (p *page) finish() {
	for _, text := range p.unexpected() {
		p.t.Errorf("the page complained: %s", text)
	}
	for _, request := range chromium.strays.take() {
		p.t.Errorf("a request left the origin: %s", request)
	}
	if p.t.Failed() {
		p.picture("failed")
	}
}

// picture keeps a screenshot in the folder PARLEY_PICTURES, where it is set.
func (p *page) picture(what string) {
	dir := os.Getenv("PARLEY_PICTURES")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		name := strings.ReplaceAll(p.t.Name(), "/", "-") + "-" + what + ".png"
		err = os.WriteFile(filepath.Join(dir, name), png, 0o666)
	}
	if err != nil {
		p.t.Logf("no picture: %v", err)
	}
}

// do runs actions.
func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	// The tab lives as long as the context of its first action, so the first one
	// must not have a time limit.
	if chromedp.FromContext(p.ctx).Target == nil {
		if err := chromedp.Do(p.ctx); err != nil {
			p.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) navigate(url string) {
	p.t.Helper()
	p.do(chromedp.Navigate(url))
}

// eval runs JavaScript in the page, awaits it if it is a promise, and returns its value.
func eval[T any](p *page, js string) T {
	p.t.Helper()
	v, err := try[T](p, js)
	if err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
	return v
}

func try[T any](p *page, js string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}

// wait waits until the JavaScript condition holds; what describes in words what it waits
// for.
func (p *page) wait(what, js string) {
	p.t.Helper()
	end := time.Now().Add(patience)
	var last error
	for time.Now().Before(end) {
		ok, err := try[bool](p, "!!("+js+")")
		if ok {
			return
		}
		last = err // the page may be between two documents
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := try[string](p, "document.body.innerText.replace(/\\n+/g, '\\n').slice(-1500)")
	p.t.Fatalf("waited %v in vain for: %s\n%s (%v)\nproblems: %q\nThe page says, at its end:\n%s", patience, what, js, last, p.unexpected(), text)
}

// click presses the first visible element of a CSS selector with the mouse.
func (p *page) click(css string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(css)))
}

// clickSteady clicks an element that has stood in its place for a moment: while a page
// loads or a dialog closes, what is clicked moves.
func (p *page) clickSteady(css string) {
	p.t.Helper()
	p.wait(css+" to stand still", `(() => {
		const r = document.querySelector(`+quote(css)+`)?.getBoundingClientRect(), dialog = document.querySelector("dialog[open]");
		const at = r && !dialog && r.width ? [r.x, r.y, r.width, r.height].join() : "", was = window.testPlace;
		if (was?.at !== at) window.testPlace = { at, since: performance.now() };
		return at && was?.at === at && performance.now() - was.since > 300;
	})()`)
	p.click(css)
}

// press types keys, as with kb.Tab, while modifiers are held.
func (p *page) press(keys string, modifiers ...chromedp.Modifier) {
	p.t.Helper()
	var steps []chromedp.Action[chromedp.Void]
	for _, r := range keys {
		for _, k := range kb.Encode(r) {
			// What a keyboard sends: the key, and then, unless the page has dealt with
			// that, the character. As "keyDown" the character would come regardless.
			if k.Type == input.DispatchKeyEventTypeKeyDown {
				k.Type = input.DispatchKeyEventTypeRawKeyDown
			}
			for _, m := range modifiers {
				k.Modifiers |= int64(m)
			}
			steps = append(steps, call(input.DispatchKeyEvent, *k))
		}
	}
	p.do(steps...)
}

// text returns the text of the first element that matches a CSS selector, "" where none
// does.
func (p *page) text(css string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf("document.querySelector(%s)?.innerText ?? ''", quote(css)))
}

// quote returns s as a JavaScript string.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// call runs a DevTools command as an action.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

var focusBox = chromedp.Focus(chromedp.CSS("#q"))
