package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// What the other tests rest on: that a page which misbehaves is noticed.
func TestTheHarnessNotices(t *testing.T) {
	for name, c := range map[string]struct {
		script, worker string // what page.js and worker.js do
		want           string
	}{
		"console error":            {script: `console.error("oh", 7)`, want: "console.error: oh 7"},
		"console warning":          {script: `console.warn("hm")`, want: "console.warning: hm"},
		"exception":                {script: `throw new Error("thrown")`, want: "thrown"},
		"rejection":                {script: `Promise.reject(new Error("rejected"))`, want: "rejected"},
		"eval against the policy":  {script: `try { eval("1") } catch {}`, want: "Content Security Policy"},
		"inline style":             {script: `document.body.innerHTML = "<p style='color: red'>x"`, want: "Content Security Policy"},
		"image of another origin":  {script: `document.body.innerHTML = "<img src='http://elsewhere.example/x.png'>"`, want: "elsewhere.example"},
		"fetch of another origin":  {script: `fetch("http://elsewhere.example/").catch(() => {})`, want: "elsewhere.example"},
		"missing file":             {script: `fetch("none.bin")`, want: "404"},
		"console error in worker":  {worker: `console.error("worker says")`, want: "worker says"},
		"exception in worker":      {worker: `throw new Error("worker threw")`, want: "worker threw"},
		"rejection in worker":      {worker: `Promise.reject(new Error("worker rejected"))`, want: "worker rejected"},
		"fetch off origin, worker": {worker: `fetch("http://elsewhere.example/").catch(() => {})`, want: "elsewhere.example"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self'")
				switch r.URL.Path {
				case "/":
					w.Header().Set("Content-Type", "text/html")
					fmt.Fprint(w, "<!doctype html><title>t</title><link rel=icon href='data:,'><body><script src=page.js></script>")
				case "/page.js":
					w.Header().Set("Content-Type", "text/javascript")
					if c.worker != "" {
						fmt.Fprint(w, `new Worker("worker.js").onmessage = () => document.title = "done"`)
						return
					}
					fmt.Fprint(w, `setTimeout(() => document.title = "done", 100);`+c.script)
				case "/worker.js":
					w.Header().Set("Content-Type", "text/javascript")
					fmt.Fprint(w, `setTimeout(() => postMessage(0), 100);`+c.worker)
				default:
					http.NotFound(w, r)
				}
			}))
			p := open(t, s)
			p.wait("the script", `document.title === "done"`)
			var noticed []string
			for range 50 { // reports of workers may come a little later
				noticed = append(noticed, p.unexpected()...)
				if strings.Contains(strings.Join(noticed, "\n"), c.want) {
					chromium.strays.take()
					return
				}
				eval[bool](p, "new Promise(f => setTimeout(() => f(true), 40))")
			}
			t.Errorf("noticed %q, want something of %q", noticed, c.want)
		})
	}
}

// A browser that reaches out of its own accord would hide a page that does.
func TestStrayRequestsReachTheProxy(t *testing.T) {
	s := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><link rel=icon href='data:,'><img src='http://elsewhere.example/x.png' onerror='document.title=1'>")
	}))
	p := open(t, s)
	p.expect("elsewhere.example")
	p.wait("the failed image", "document.title")
	if got := chromium.strays.take(); len(got) != 1 || !strings.Contains(got[0], "elsewhere.example/x.png") {
		t.Errorf("the proxy saw %q", got)
	}
}
