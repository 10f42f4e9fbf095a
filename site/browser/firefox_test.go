package browser

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/websocket"
)

// A firefox is a tab of Firefox, driven by WebDriver BiDi over a websocket
// (https://www.w3.org/TR/webdriver-bidi/): the few commands that these tests need.
type firefox struct {
	t    testing.TB
	conn *websocket.Conn
	tab  string // its browsing context

	mu       sync.Mutex
	next     int
	waiting  map[int]chan bidiReply
	problems []string
}

type bidiReply struct {
	ID     int             `json:"id"`
	Type   string          `json:"type"` // "success", "error" or "event"
	Result json.RawMessage `json:"result"`
	Error  string          `json:"error"`
	Text   string          `json:"message"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

var listening = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// startFirefox starts Firefox with a profile of its own, or skips the test where there
// is none.
func startFirefox(t testing.TB) *firefox {
	t.Helper()
	path := os.Getenv("PARLEY_FIREFOX")
	for _, name := range []string{"firefox-esr", "firefox"} {
		if path == "" {
			path, _ = exec.LookPath(name)
		}
	}
	if path == "" {
		t.Skip("no Firefox on the PATH (firefox-esr, firefox) and none at PARLEY_FIREFOX; `make browser` installs it where it can")
	}
	const origin = "http://127.0.0.1" // which the websocket says it is of, and Firefox must be told to trust
	profile := t.TempDir()
	// Nothing of Firefox's own goes out or comes between.
	prefs := `user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("dom.serviceWorkers.testing.enabled", true);
`
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(prefs), 0o666); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0",
		"--remote-allow-origins", origin, "about:blank")
	c.Env = append(os.Environ(), "HOME="+profile, "MOZ_REMOTE_SETTINGS_DEVTOOLS=1")
	out, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
			}
		}
		io.Copy(io.Discard, out)
	}()
	f := &firefox{t: t, waiting: map[int]chan bidiReply{}}
	select {
	case at := <-address:
		if f.conn, err = websocket.Dial(at+"/session", "", origin); err != nil {
			t.Fatal(err)
		}
	case <-time.After(2 * patience):
		t.Fatalf("%s does not say where it listens", path)
	}
	t.Cleanup(func() { f.conn.Close() })
	go f.listen()
	f.call("session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	f.call("session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}, nil)
	var tree struct {
		Contexts []struct {
			Context string `json:"context"`
		} `json:"contexts"`
	}
	f.call("browsingContext.getTree", map[string]any{}, &tree)
	f.tab = tree.Contexts[0].Context
	return f
}

func (f *firefox) listen() {
	for {
		var r bidiReply
		if err := websocket.JSON.Receive(f.conn, &r); err != nil {
			return
		}
		f.mu.Lock()
		if r.Type == "event" {
			var entry struct {
				Level string `json:"level"`
				Text  string `json:"text"`
			}
			if json.Unmarshal(r.Params, &entry) == nil && (entry.Level == "error" || entry.Level == "warn") {
				f.problems = append(f.problems, entry.Level+": "+entry.Text)
			}
		} else if c := f.waiting[r.ID]; c != nil {
			c <- r
			delete(f.waiting, r.ID)
		}
		f.mu.Unlock()
	}
}

// send sends a command and waits for its result.
func (f *firefox) send(method string, params, result any) error {
	f.mu.Lock()
	f.next++
	id := f.next
	c := make(chan bidiReply, 1)
	f.waiting[id] = c
	f.mu.Unlock()
	if err := websocket.JSON.Send(f.conn, map[string]any{"id": id, "method": method, "params": params}); err != nil {
		return err
	}
	select {
	case r := <-c:
		if r.Type != "success" {
			return fmt.Errorf("%s: %s: %s", method, r.Error, r.Text)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(r.Result, result)
	case <-time.After(3 * patience):
		return errors.New(method + ": no reply")
	}
}

func (f *firefox) call(method string, params, result any) {
	f.t.Helper()
	if err := f.send(method, params, result); err != nil {
		f.t.Fatal(err)
	}
}

func (f *firefox) navigate(url string) {
	f.t.Helper()
	f.call("browsingContext.navigate", map[string]any{"context": f.tab, "url": url, "wait": "complete"}, nil)
}

// evaluate gives the value of an expression as JSON has it, or the shared id of an
// element.
func (f *firefox) evaluate(js string, node bool) (string, error) {
	if !node {
		js = "Promise.resolve(" + js + ").then(v => JSON.stringify(v) ?? 'null')"
	}
	var r struct {
		Type   string `json:"type"`
		Result struct {
			Value    any    `json:"value"`
			SharedID string `json:"sharedId"`
		} `json:"result"`
		Exception struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	err := f.send("script.evaluate", map[string]any{"expression": js, "target": map[string]any{"context": f.tab}, "awaitPromise": true}, &r)
	if err != nil {
		return "", err
	}
	if r.Type != "success" {
		return "", fmt.Errorf("%.300s: %s", js, r.Exception.Text)
	}
	if node {
		return r.Result.SharedID, nil
	}
	s, _ := r.Result.Value.(string)
	return s, nil
}

// read gives the value of an expression.
func read[T any](f *firefox, js string) (v T) {
	f.t.Helper()
	s, err := f.evaluate(js, false)
	if err == nil {
		err = json.Unmarshal([]byte(s), &v)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

func (f *firefox) wait(what, js string) {
	f.t.Helper()
	var last error
	for end := time.Now().Add(3 * patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		s, err := f.evaluate("!!("+js+")", false)
		if s == "true" {
			return
		}
		last = err // the page may be between two documents
	}
	text, _ := f.evaluate("document.body.innerText.slice(-1200)", false)
	f.t.Fatalf("waited in vain for: %s\n%s (%v)\nproblems: %q\nThe page says: %s", what, js, last, f.problems, text)
}

// press presses keys, each a character or one of WebDriver's for keys without one.
func (f *firefox) press(keys string) {
	f.t.Helper()
	var actions []map[string]any
	for _, r := range keys {
		if r == '\n' {
			r = '\uE007' // Enter
		}
		actions = append(actions, map[string]any{"type": "keyDown", "value": string(r)}, map[string]any{"type": "keyUp", "value": string(r)})
	}
	f.call("input.performActions", map[string]any{"context": f.tab, "actions": []any{
		map[string]any{"type": "key", "id": "keyboard", "actions": actions},
	}}, nil)
}

func (f *firefox) give(css string, paths ...string) {
	f.t.Helper()
	id, err := f.evaluate("document.querySelector("+quote(css)+")", true)
	if err != nil {
		f.t.Fatal(err)
	}
	f.call("input.setFiles", map[string]any{"context": f.tab, "element": map[string]any{"sharedId": id}, "files": paths}, nil)
}

// ask types a question, and gives the turn it becomes.
func (f *firefox) ask(question string) turn {
	f.t.Helper()
	n := len(read[[]turn](f, readTurns))
	read[bool](f, `(document.querySelector("#q").focus(), true)`)
	f.press(question + "\n")
	return f.settled(n + 1)[n]
}

func (f *firefox) settled(n int) []turn {
	f.t.Helper()
	f.wait(fmt.Sprintf("%d answered turns", n), isSettled(n))
	return read[[]turn](f, readTurns)
}

func (f *firefox) ready() *firefox {
	f.t.Helper()
	f.wait("the page to be ready", isReady)
	return f
}

// calm fails the test where the page logged a warning or an error that contains none
// of what is expected.
func (f *firefox) calm(expected ...string) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
problems:
	for _, text := range f.problems {
		for _, e := range expected {
			if strings.Contains(text, e) {
				continue problems
			}
		}
		f.t.Errorf("the page complained: %s", text)
	}
}

// What matters, in Firefox: a follow-up, a term's words and the dial, the rules of
// accessibility, one's own documents, and all of it without a network.
func TestFirefox(t *testing.T) {
	f := startFirefox(t)
	s := shipped(t)
	f.navigate(s.url())
	f.ready().ask("When was the Eiffel Tower built?")
	if got := f.ask("who designed it?"); got.Source != "Gustave Eiffel" || !strings.Contains(got.Quote, "designed by his company") {
		t.Errorf("%+v", got)
	}
	read[bool](f, `([...document.querySelectorAll(".vector-button")].at(-1).click(), true)`)
	f.wait("the terms", `document.querySelector(".panel .term") && document.querySelector(".lens-tip")`)
	read[bool](f, `([...document.querySelectorAll(".term[data-term=designed]")].at(-1).dispatchEvent(new PointerEvent("pointerover", {bubbles: true})), true)`) // a window without the focus hears no focusin
	f.wait("the words of a term", `document.querySelector(".lens-tip").textContent.includes("lit by “designed”") && CSS.highlights.get("lens").size > 0`)
	read[bool](f, `(document.querySelector("#open-dial").click(), true)`)
	f.wait("the dial", `document.querySelectorAll(".grid tbody tr").length > 10 && document.querySelectorAll("#dial canvas").length >= 2`)
	read[bool](f, "(() => {"+axe(t)+"\n; return true; })()")
	for _, v := range read[[]string](f, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" ").slice(0, 400)))`) {
		t.Errorf("axe: %s", v)
	}
	f.documents(t)
	f.wait("the page to be kept for offline use", `document.querySelector("#offline").textContent.includes("Ready to work offline")`)
	s.stop()
	f.navigate(s.url())
	if got := f.ready().settled(1); !strings.Contains(got[0].Quote, "shed") {
		t.Errorf("offline: %+v", got[0])
	}
	f.calm()
}

// documents encodes a file, and asks of it.
func (f *firefox) documents(t *testing.T) {
	t.Helper()
	read[bool](f, `(document.querySelector("#documents").click(), true)`)
	f.wait("the panel", `document.querySelector("#documents-panel")?.open && document.querySelector("#documents-panel [role=radiogroup] li")`)
	dir := write(t, "garden", garden)
	f.give("#pick-files", filepath.Join(dir, "tools.txt"), filepath.Join(dir, "compost.html"), filepath.Join(dir, "faq.csv"))
	f.wait("the files to be encoded", `/kB|MB/.test(`+row("tools and more")+`?.querySelector(".facts").textContent)`)
	read[bool](f, `(`+row("tools and more")+`.querySelector("input").click(), true)`)
	f.wait("the collection", `/tools and more/.test(document.querySelector("#collection").textContent)`)
	read[bool](f, `(document.querySelector("#documents-panel").close(), document.querySelector("#new").click(), true)`)
	f.settled(0)
	if got := f.ask("where is the spade?"); !strings.Contains(got.Quote, "shed") {
		t.Errorf("of one's own documents: %+v", got)
	}
}
