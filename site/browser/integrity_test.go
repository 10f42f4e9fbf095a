package browser

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// refused lists the browser's own messages about what it refuses.
var refused = []string{"'integrity' attribute", "Fetch API cannot load"}

// Any program of the first page that has a changed byte is refused before any of it runs,
// and the visitor is told; nothing answers.
func TestAnAlteredProgramIsRefused(t *testing.T) {
	s := shipped(t)
	const refusedPart = "was refused because it is not the one that was published"
	for name, says := range map[string]string{
		"vugu-helper.*.js":  refusedPart,
		"wasm_exec.*.js":    refusedPart,
		"style.*.css":       refusedPart,
		"instruments.*.css": refusedPart,
		"worker.*.js":       "(worker.js): its SHA-256 is not that of the published file",
		"ui.*.wasm":         "(ui.wasm): its SHA-256 is not that of the published file",
		"worker.*.wasm":     "SHA-256 is not that of the published file",
		"kernel*.wasm":      "SHA-256 is not that of the published file",
		"boot.*.js":         "", // no script tells it
	} {
		t.Run(name, func(t *testing.T) {
			s.heal()
			s.spoil("app/"+name, flipByte)
			p := blank(t, s)
			p.expect(refused...)
			p.navigate(s.url())
			if says == "" {
				p.wait("a word about it", `getComputedStyle(document.querySelector(".refused")).display !== "none"`)
			} else if text := p.failed(); !strings.Contains(text, says) {
				t.Errorf("the message is %q, want %q", text, says)
			}
			if p.do(focusBox); name != "boot.*.js" {
				p.press("When was the Eiffel Tower built?\r")
			}
			if eval[bool](p, `!!document.querySelector("article.turn blockquote")`) {
				t.Error("there is an answer")
			}
			if name == "boot.*.js" {
				return
			}
			if name != "vugu-helper.*.js" && name != "ui.*.wasm" {
				return
			}
			// Once the right file is there, pressing the button is enough, though a
			// browser keeps a file of such a name for a year.
			s.heal()
			p.click("#status-button")
			p.ready()
		})
	}
}

// Files that are loaded on demand are refused in the same way, and arrive at the next
// attempt.
func TestAnAlteredPanelIsRefused(t *testing.T) {
	s := shipped(t)
	// Without a service worker, which would have fetched all of it by then.
	s.spoil("/sw.js", unavailable)
	p := blank(t, s)
	p.expect(append(refused, "sw.js", "503")...)
	s.spoil("app/better.*.js", flipByte) // which the page itself asks for
	p.navigate(s.url())
	said := func(name, selector string) {
		t.Helper()
		p.wait("a word about "+name, `document.querySelector(`+quote(selector)+`).textContent.includes(`+quote(name)+`)`)
	}
	p.ready()
	said("(better.js): its SHA-256 is not that of the published file", "#said")
	s.heal()
	s.wait("/sw.js")
	p.do(call(network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}))
	for _, c := range [][2]string{{"panels", "better"}, {"charts", "dial"}, {"glossary", "lens"}, {"reader", "reader"}, {"dial", "dial"}, {"compare", "compare"}, {"lesson", "lesson"}, {"lens", "lens"}} {
		s.spoil("app/"+c[0]+".*.js", flipByte)
		if got := eval[string](p, `parley.panel(`+quote(c[1])+`).then(() => "it came", e => e.message)`); !strings.Contains(got, "("+c[0]+".js): its SHA-256 is not that of the published file") {
			t.Errorf("%s.js: %s", c[0], got)
		}
		s.heal()
	}
	p.ask("When was the Eiffel Tower built?")
	press := func(css string) { eval[bool](p, `(document.querySelector(`+quote(css)+`).click(), true)`) }
	for _, c := range [][2]string{{"share", "#share"}, {"documents", "#documents"}} {
		s.spoil("app/"+c[0]+".*.js", flipByte)
		press(c[1])
		said("("+c[0]+".js): its SHA-256 is not that of the published file", "#said")
		if eval[bool](p, `!!document.querySelector("dialog[open]")`) {
			t.Errorf("%s.js: a panel opened", c[0])
		}
		s.heal()
	}
	p.openDocuments()
	eval[bool](p, `(document.querySelector("dialog[open]").close(), true)`)
	p.openShare()
	markdown := func() {
		eval[bool](p, `([...document.querySelectorAll("#share-panel button")].find(b => b.textContent === "Markdown").click(), true)`)
	}
	for _, name := range []string{"files-worker.*.js", "files.*.wasm"} {
		s.spoil("app/"+name, flipByte)
		markdown()
		said("SHA-256 is not that of the published file", "#share-panel .said")
		s.heal()
	}
	if _, md := p.saved(markdown); !strings.Contains(string(md), "Eiffel") {
		t.Errorf("once all is there: %s", md)
	}
	eval[bool](p, `(document.querySelector("dialog[open]")?.close(), true)`)
	p.openDocuments()
	report, err := os.ReadFile("../../site/pdfium/testdata/report.pdf")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"report.pdf": string(report)}
	s.spoil("app/pdfium.*.wasm", flipByte)
	p.give("#pick-folder", write(t, "refused", files))
	said("report.pdf: PDFium, which reads PDFs, did not come", "#documents-panel")
	s.heal()
	p.give("#pick-folder", write(t, "reports", files))
	p.encoded("reports")
}

// With the service worker, too, a file that was changed in the browser's storage is
// refused, and replaced.
func TestAProgramAlteredInStorageIsReplaced(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready().installed()
	changed := eval[string](p, `(async () => {
		for (const name of await caches.keys()) {
			const cache = await caches.open(name);
			for (const request of await cache.keys()) {
				if (!/worker\..*wasm$/.test(request.url)) continue;
				const response = await cache.match(request);
				const bytes = new Uint8Array(await response.arrayBuffer());
				bytes[bytes.length >> 1] ^= 1;
				await cache.put(request, new Response(bytes, {headers: response.headers}));
				return request.url;
			}
		}
		return "";
	})()`)
	if changed == "" {
		t.Fatal("worker.wasm is not kept")
	}
	p.expect(refused...)
	p.do(chromedp.Reload())
	if got := p.ready().ask("When was the Eiffel Tower built?"); got.Source != "Eiffel Tower" {
		t.Errorf("%+v", got)
	}
	sum := eval[string](p, `(async () => {
		const bytes = await (await caches.match(`+quote(changed)+`)).arrayBuffer();
		return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), b => b.toString(16).padStart(2, "0")).join("");
	})()`)
	if !strings.Contains(changed, sum[:16]) {
		t.Errorf("%s is kept with the SHA-256 %s", changed, sum)
	}
}

// No browser verifies a service worker's script. Whatever an altered one gives the page in
// place of its programs and data is refused and named, and the published one takes its
// place at the next visit.
func TestWhatAnAlteredServiceWorkerServesIsRefused(t *testing.T) {
	s := shipped(t)
	s.spoil("/sw.js", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "text/javascript")
		io.WriteString(w, `
			self.addEventListener("install", () => self.skipWaiting());
			self.addEventListener("activate", e => e.waitUntil(clients.claim()));
			self.addEventListener("fetch", e => /[/](app|data)[/]/.test(e.request.url) && e.respondWith((async () => {
				const r = await fetch(e.request.url), b = new Uint8Array(await r.arrayBuffer());
				if (!/boot[.]/.test(e.request.url)) b[b.length >> 1] ^= 1;
				return new Response(b, { headers: { "Content-Type": r.headers.get("Content-Type") } });
			})()));`)
	})
	p := open(t, s).ready()
	p.expect(append(refused, "SHA-256")...)
	p.wait("the altered service worker", "navigator.serviceWorker.controller")
	p.do(chromedp.Reload())
	if text := p.failed(); !strings.Contains(text, "published") {
		t.Errorf("the message is %q", text)
	}
	if eval[bool](p, `!!document.querySelector("article.turn blockquote")`) {
		t.Error("there is an answer")
	}
	s.heal()
	// The next visit would have the new one, as soon as the browser has put it in the old one's place.
	eval[bool](p, `navigator.serviceWorker.getRegistration().then(async r => {
		await r.update();
		const next = r.installing || r.waiting;
		const reached = state => next.state === state || new Promise(f => next.addEventListener("statechange", () => next.state === state && f()));
		if (next.state === "installing") await reached("installed");
		next.postMessage({ op: "activate" });
		await reached("activated");
		return true;
	})`)
	p.do(chromedp.Navigate("about:blank"))
	p.navigate(s.url())
	if got := p.ready().ask("When was the Eiffel Tower built?"); got.Source != "Eiffel Tower" {
		t.Errorf("%+v", got)
	}
}

// Hosts that send no headers: the page's own policy holds, in its workers too, and no page
// may frame it.
func TestPromisesHoldWithoutHeaders(t *testing.T) {
	s := newServer(t, bare(publishRelease(t, release{})))
	p := open(t, s)
	p.ready()
	p.expect("Content Security Policy", "elsewhere.example", "TrustedScriptURL", "TrustedHTML", "trusted")
	if got := eval[string](p, `fetch("http://elsewhere.example/").then(() => "left", e => e.name)`); got != "TypeError" {
		t.Errorf("the page's request %s", got)
	}
	for what, js := range map[string]string{
		"markup":               `document.body.innerHTML = "<p>"`,
		"a script's address":   `document.createElement("script").src = "app/x.js"`,
		"a worker":             `new Worker("app/x.js")`,
		"a policy of its own":  `trustedTypes.createPolicy("mine", {})`,
		"the page's own again": `trustedTypes.createPolicy("parley", {})`,
	} {
		if got := eval[string](p, `(() => { try { `+js+`; return "allowed"; } catch (e) { return e.name; } })()`); got != "TypeError" {
			t.Errorf("%s: %s", what, got)
		}
	}
	// A worker as boot.js makes it, whatever its script does.
	got := eval[string](p, `(async () => {
		const real = window.fetch;
		window.fetch = async () => new Response('fetch("http://elsewhere.example/").then(() => postMessage("left"), e => postMessage(e.name))');
		const w = await Programs.makeWorker(["app/x.js", ""]);
		window.fetch = real;
		return new Promise(f => { w.onmessage = e => f(e.data); });
	})()`)
	if got != "TypeError" {
		t.Errorf("a worker's request %s", got)
	}

	// The service worker may ask for the files once more while it installs.
	eval[bool](p, `navigator.serviceWorker.ready.then(({active: w}) => w.state === "activated" || new Promise(f => { w.onstatechange = () => f(true); }))`)
	before := len(s.requests("app/ui."))
	framed := newServer(t, framing(s.url()))
	q := blank(t, framed)
	q.expect("off origin", "favicon")
	q.navigate(framed.url())
	q.wait("the frame", `document.title === "loaded"`)
	if got := len(s.requests("app/ui.")); got != before {
		t.Errorf("ui.wasm was loaded %d times in a frame", got-before)
	}
}
