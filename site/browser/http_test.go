package browser

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// otherMachine is a name that Chromium takes for another machine's; it is this one's.
const otherMachine = "classroom.example"

// Over http from another machine, browsers have no service worker, no crypto.subtle, no
// locks and no clipboard. All that needs none of them works, what is altered is refused,
// and what is missing is said.
func TestOverHTTPFromAnotherMachine(t *testing.T) {
	s := shipped(t)
	p := blank(t, s)
	p.url = strings.Replace(s.url(), "127.0.0.1", otherMachine, 1)
	p.expect(append(refused, "Cross-Origin-Opener-Policy")...)

	// A program with a changed byte, and then a file of the collection.
	for _, altered := range [][2]string{{"app/worker.*.wasm", "SHA-256 is not that of the published file"}, {"data/*passages", "SHA-256"}} {
		s.spoil(altered[0], flipByte)
		p.navigate(p.url)
		if text := p.failed(); !strings.Contains(text, altered[1]) {
			t.Errorf("%s was altered: the page says %q", altered[0], text)
		}
		s.heal()
	}
	p.click("#status-button")
	p.ready()
	for _, missing := range []string{"navigator.serviceWorker", "crypto.subtle", "navigator.locks", "navigator.clipboard", "self.caches"} {
		if eval[bool](p, "!!("+missing+")") {
			t.Errorf("this browser has %s, so that nothing is tested here", missing)
		}
	}
	if got := p.ask("When was the Eiffel Tower built?"); got.Source != "Eiffel Tower" {
		t.Errorf("%+v", got)
	}
	p.wait("to be told", `document.querySelector("#offline").textContent === "It needs the network: this browser keeps no page that comes over http."`)
	if got := s.requests("/sw.js"); len(got) > 0 {
		t.Errorf("%q was asked for", got)
	}

	// Copying needs a person's own press there.
	p.openShare()
	p.tab(false, "Copy", `e.textContent === "Copy"`)
	p.press(kb.Enter)
	p.wait("to be told that it was copied", `document.querySelector("#share-panel .said").textContent === "The link is copied."`)
	p.press(kb.Escape)

	// A visitor's documents are kept.
	p.click("#new")
	p.settled(0)
	p.openDocuments()
	p.give("#pick-files", filepath.Join(write(t, "notes", map[string]string{"heron.txt": "On Monday the heron came."}), "heron.txt"))
	p.encoded("heron")
	p.do(chromedp.Reload())
	p.ready()
	if got := p.ask("when did the heron come?"); !strings.Contains(got.Quote, "Monday") {
		t.Errorf("after a reload: %+v", got)
	}
}
