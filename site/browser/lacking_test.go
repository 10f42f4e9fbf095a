package browser

import (
	"path/filepath"
	"strings"
	"testing"

	pages "github.com/chromedp/cdproto/page"
)

// before makes a script run before a page's own.
func (p *page) before(script string) *page {
	p.t.Helper()
	p.do(call(pages.AddScriptToEvaluateOnNewDocument, pages.AddScriptToEvaluateOnNewDocumentParams{Source: script}))
	return p
}

// A browser may lack what the page needs: then it says what, and what that costs. What
// parley.js and the widget say of it is tested beside them.
func TestWhatABrowserMayLack(t *testing.T) {
	t.Run("WebAssembly", func(t *testing.T) {
		s := shipped(t)
		p := blank(t, s).before("delete window.WebAssembly")
		p.navigate(s.url())
		if text := p.failed(); !strings.HasPrefix(text, "This browser has no WebAssembly, which Parley needs.") {
			t.Errorf("the page says %q", text)
		}
		p.click("#q")
		p.press("how tall is it?\r")
		if text := p.text("#said"); !strings.HasPrefix(text, "This browser has no WebAssembly") {
			t.Errorf("to a question it says %q", text)
		}
		if got := s.requests("data/"); len(got) > 0 {
			t.Errorf("it loads %q in vain", got)
		}
	})
	t.Run("SIMD", func(t *testing.T) {
		_, app := build(t)
		const probe = "const simd = WebAssembly.validate("
		slow := strings.Replace(string(app["worker.js"]), probe, "const simd = false && WebAssembly.validate(", 1)
		p := open(t, serveFolder(t, publishRelease(t, release{files: map[string]string{"worker.js": slow}}))).ready()
		if _, text := p.state(); !strings.HasSuffix(text, ". This browser has no WebAssembly SIMD, so each answer takes about twenty times as long.") {
			t.Errorf("the page says %q", text)
		}
	})
	t.Run("IndexedDB", func(t *testing.T) {
		s := shipped(t)
		p := blank(t, s).before(`Object.defineProperty(window, "indexedDB", { value: undefined })`)
		p.navigate(s.url())
		p.ready().openDocuments()
		p.give("#pick-files", filepath.Join(write(t, "notes", map[string]string{"heron.txt": "On Monday the heron came."}), "heron.txt"))
		p.encoded("heron")
		p.wait("to be told", `document.querySelector("#forgetful").textContent.startsWith("This browser keeps nothing here: your documents last until this tab is closed.")`)
		if text := p.text("#documents-panel .promise"); text != "Nothing leaves this computer. Documents are read and encoded in this tab." {
			t.Errorf("the panel says %q", text)
		}
	})
}
