package browser

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	pages "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A browser finds nothing to object to when a visitor wants the page as an app.
func TestCanBeInstalled(t *testing.T) {
	p := open(t, shipped(t)).ready().installed()
	var manifest struct {
		Name, ShortName, Start_url, Display string
		Icons                               []struct{ Src, Sizes, Purpose string }
	}
	p.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		m, err := cdp.Call(ctx, tab, pages.GetAppManifest, pages.GetAppManifestParams{})
		if err != nil {
			return err
		}
		for _, e := range m.Errors {
			t.Errorf("manifest, line %d: %s", e.Line, e.Message)
		}
		if err := json.Unmarshal([]byte(m.Data), &manifest); err != nil {
			t.Error(err)
		}
		i, err := cdp.Call(ctx, tab, pages.GetInstallabilityErrors, cdp.Empty{})
		if err != nil {
			return err
		}
		for _, e := range i.InstallabilityErrors {
			if e.ErrorID != "in-incognito" { // which the tests' profiles are
				t.Errorf("cannot be installed: %s %v", e.ErrorID, e.ErrorArguments)
			}
		}
		return nil
	}))
	maskable := false
	for _, icon := range manifest.Icons {
		maskable = maskable || icon.Purpose == "maskable"
		if n := eval[int](p, `new Promise(done => { const i = new Image(); i.onload = () => done(i.naturalWidth); i.onerror = () => done(0); i.src = `+quote(icon.Src)+`; })`); n == 0 {
			t.Errorf("the icon %s is none", icon.Src)
		}
	}
	if !maskable || manifest.Display != "standalone" {
		t.Errorf("%+v", manifest)
	}
}

// Printed, a conversation is a handout: nothing to press, and where the replies stand.
func TestPrintsAsAHandout(t *testing.T) {
	p := blank(t, shipped(t))
	p.do(media("dark"))
	p.navigate(p.url)
	p.ready().ask("When was the Eiffel Tower built?")
	p.ask("who designed it?")
	p.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}))
	p.picture("print")
	if shown := eval[[]string](p, `[...document.querySelectorAll("button, textarea, .examples, .intro")].filter(e => e.getBoundingClientRect().width > 1).map(e => e.outerHTML.slice(0, 80))`); len(shown) > 0 {
		t.Errorf("on paper: %q", shown)
	}
	if paper := eval[string](p, `getComputedStyle(document.body).backgroundColor`); paper != "rgb(255, 255, 255)" {
		t.Errorf("the paper is %s", paper)
	}
	if after := eval[string](p, `getComputedStyle(document.querySelector("figcaption a"), "::after").content`); after == "none" {
		t.Error("the source's address is missing")
	}
}

// With text of twice the size, nothing is cut off or wider than the window.
func TestTextOfTwiceTheSize(t *testing.T) {
	p := open(t, shipped(t)).ready()
	eval[bool](p, `(document.documentElement.style.fontSize = "200%", true)`)
	p.ask("When was the Eiffel Tower built?")
	p.ask("who designed it?")
	eval[bool](p, `([...document.querySelectorAll(".vector-button")].at(-1).click(), true)`)
	p.wait("the terms", `document.querySelector(".panel .term")`)
	fits := func(what string, width int64, js string) {
		t.Helper()
		p.do(chromedp.EmulateViewport(width, 860))
		wide := eval[[]string](p, `(() => {
			const all = `+js+`;
			if (all.scrollWidth <= all.clientWidth) return [];
			return [...all.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > all.getBoundingClientRect().right + .5).map(e => e.outerHTML.slice(0, 100)).slice(-4);
		})()`)
		if len(wide) > 0 {
			t.Errorf("%s, %d pixels wide: too wide are %q", what, width, wide)
		}
		p.picture(what)
	}
	for _, width := range []int64{1280, 768, 390} {
		fits("the page", width, "document.documentElement")
	}
	if broken := eval[[]string](p, `[...document.querySelectorAll(".masthead button")].filter(b => b.getBoundingClientRect().height > 100).map(b => b.innerText)`); len(broken) > 0 {
		t.Errorf("broken within words: %q", broken)
	}
	p.do(chromedp.EmulateViewport(1280, 860))
	p.openDocuments()
	for _, width := range []int64{1280, 390} {
		fits("the panel of documents", width, `document.querySelector("#documents-panel")`)
	}
	eval[bool](p, `(document.querySelector("#documents-panel").close(), true)`)
	p.do(chromedp.EmulateViewport(1280, 860))
	p.openShare()
	for _, width := range []int64{1280, 390} {
		fits("the panel for sharing", width, `document.querySelector("#share-panel")`)
	}
}
