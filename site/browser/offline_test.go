package browser

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// installed waits until the page could be opened without a network.
func (p *page) installed() *page {
	p.t.Helper()
	p.wait("the page to be kept for offline use", `document.querySelector("#offline").textContent.includes("Ready to work offline")`)
	return p
}

func TestWorksWithTheNetworkOff(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready().installed()
	if got := s.requests("data/"); len(got) != len(slices.Compact(slices.Sorted(slices.Values(got)))) {
		t.Errorf("the first visit fetched a file twice: %q", got)
	}
	s.stop()
	p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED") // the look for a new version
	p.do(chromedp.Reload())
	p.ready()
	p.ask("When was the Eiffel Tower built?")
	if got := p.ask("who designed it?"); got.Source != "Gustave Eiffel" {
		t.Errorf("offline: %+v", got)
	}
	// A second visit, in a tab that was closed in between, is as good.
	p.do(chromedp.Navigate("about:blank"))
	p.do(chromedp.Navigate(s.url()))
	if got := p.ready().settled(2); got[1].Source != "Gustave Eiffel" {
		t.Errorf("offline, after coming back: %+v", got)
	}
}

// version marks the program: a page of one version says the same at every place.
func version(t testing.TB, v string) release {
	_, app := build(t)
	change := func(name, old, new string) string {
		text := strings.Replace(string(app[name]), old, new, 1)
		if text == string(app[name]) {
			t.Fatalf("%s holds no %q", name, old)
		}
		return text
	}
	return release{files: map[string]string{
		"index.html": change("index.html", "<html ", `<html data-version="`+v+`" `),
		"boot.js":    change("boot.js", "'use strict';", "'use strict'; window.testBoot = '"+v+"';"),
		"style.css":  string(app["style.css"]) + "\n:root { --test-version: " + v + "; }\n",
	}}
}

func (p *page) versions() string {
	p.t.Helper()
	return eval[string](p, `[document.documentElement.dataset.version, window.testBoot, getComputedStyle(document.documentElement).getPropertyValue("--test-version").trim()].join(" ")`)
}

func TestANewVersionComesWholeAndWhenAskedFor(t *testing.T) {
	s := serveFolder(t, publishRelease(t, version(t, "one")))
	p := open(t, s).ready().installed()
	p.ask("When was the Eiffel Tower built?")
	if got := p.versions(); got != "one one one" {
		t.Fatalf("versions %q", got)
	}
	s.swap(publishRelease(t, version(t, "two")))
	p.do(chromedp.Reload())
	p.ready0()
	if got := p.versions(); got != "one one one" {
		t.Errorf("the reload that finds the new version shows %q", got)
	}
	p.wait("the new version to be offered", `document.querySelector("#status").dataset.state === "update"`)
	if got := p.ask("who designed it?"); got.Source != "Gustave Eiffel" {
		t.Errorf("while the new version waits: %+v", got)
	}
	p.click("#status-button")
	p.wait("the new version", `document.documentElement.dataset.version === "two"`)
	if got := p.ready().versions(); got != "two two two" {
		t.Errorf("after the change: %q", got)
	}
	if got := p.settled(2); got[1].Source != "Gustave Eiffel" {
		t.Errorf("the conversation after the change: %+v", got)
	}
	// And the new version is the one that works offline.
	s.stop()
	p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")
	p.do(chromedp.Reload())
	if got := p.ready().versions(); got != "two two two" {
		t.Errorf("offline: %q", got)
	}
}

// ready0 waits for the page to answer, whatever the line above the box says.
func (p *page) ready0() {
	p.t.Helper()
	p.wait("the page to be ready", `["ready", "update"].includes(document.querySelector("#status").dataset.state)`)
}

// A deployment that is only half there is never shown.
func TestAHalfDeployedVersionIsNeverShown(t *testing.T) {
	for name, spoil := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"a file is missing": missing,
		"a file is damaged": flipByte,
	} {
		t.Run(name, func(t *testing.T) {
			s := serveFolder(t, publishRelease(t, version(t, "one")))
			p := open(t, s).ready().installed()
			two := publishRelease(t, version(t, "two"))
			s.swap(two)
			s.spoil("app/style.", spoil)
			p.expect("404", "sw.js", "SHA-256", "style.")
			for range 2 {
				s.forget()
				p.do(chromedp.Reload())
				p.ready0()
				s.wait("app/style.")
				p.wait("the end of the attempt at the new version", `navigator.serviceWorker.getRegistration().then(r => !r.installing)`)
				if got := p.versions(); got != "one one one" {
					t.Errorf("half of a version is shown: %q", got)
				}
				if kind, text := p.state(); kind == "update" {
					t.Errorf("half of a version is offered: %q", text)
				}
			}
			// Once whole, it is offered.
			s.heal()
			p.do(chromedp.Reload())
			p.wait("the whole version to be offered", `document.querySelector("#status").dataset.state === "update"`)
			if got := p.versions(); got != "one one one" {
				t.Errorf("versions %q", got)
			}
		})
	}
}
