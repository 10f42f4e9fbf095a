package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"parley/shared/link"
	"parley/site/publish"
)

var oneFile struct {
	once sync.Once
	path string
	size int
	err  error
}

// oneFilePage builds the page as one file, once.
func oneFilePage(t testing.TB) string {
	t.Helper()
	root, app := build(t)
	f := &oneFile
	f.once.Do(func() {
		dir := filepath.Join(built.folder, "a disk") // a path may hold spaces
		if f.err = os.MkdirAll(dir, 0o777); f.err != nil {
			return
		}
		f.path = filepath.Join(dir, "parley.html")
		f.size, f.err = publish.OneFile(context.Background(), publish.Options{
			Out: f.path, App: app, Cache: filepath.Join(root, "build", "compressed"),
			Encoder: filepath.Join(root, "models", "splade-tiny"), Collection: filepath.Join(root, "models", "vital-articles"),
		})
	})
	if f.err != nil {
		t.Fatal(f.err)
	}
	if f.size > publish.OneFileBudget {
		t.Errorf("the file is %d bytes, more than %d", f.size, publish.OneFileBudget)
	}
	return f.path
}

func fileURL(path string) string { return "file://" + strings.ReplaceAll(path, " ", "%20") }

// Opened from a disk, everything works, and no request is made.
func TestOneFileInChromium(t *testing.T) {
	start(t)
	path := oneFilePage(t)
	p := blank(t, newServer(t, nil)) // which is never asked
	p.url = fileURL(filepath.Dir(path)) + "/"
	p.navigate(fileURL(path))
	p.ready().ask("When was the Eiffel Tower built?")
	if got := p.ask("who designed it?"); got.Source != "Gustave Eiffel" || !strings.Contains(got.Quote, "designed by his company") {
		t.Errorf("%+v", got)
	}
	if text := p.text("#offline"); !strings.Contains(text, "one file") {
		t.Errorf("the page says %q of working offline", text)
	}

	// Sharing: the link leads to the file.
	c, err := link.Open(p.openShare())
	if err != nil || len(c.Turns) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	_, md := p.saved(func() {
		eval[bool](p, `([...document.querySelectorAll("#share-panel button")].find(b => b.textContent === "Markdown").click(), true)`)
	})
	if !strings.Contains(string(md), "who designed it?") {
		t.Errorf("%s", md)
	}
	p.press(kb.Escape)

	// One's own documents, kept over a reload.
	p.openDocuments()
	p.give("#pick-folder", write(t, "garden", garden))
	p.encoded("garden")
	eval[bool](p, `(`+row("garden")+`.querySelector("input").click(), true)`)
	p.wait("the collection", `/garden/.test(document.querySelector("#collection").textContent)`)
	p.press(kb.Escape)
	p.click("#new")
	p.settled(0)
	if got := p.ask("where is the spade?"); !strings.Contains(got.Quote, "shed") {
		t.Errorf("%+v", got)
	}
	p.click(".source-button")
	p.wait("the document", `document.querySelector("#reader-panel")?.open && /shed/.test(document.querySelector(".sought").innerText)`)
	p.press(kb.Escape)
	p.do(chromedp.Reload())
	if got := p.ready().settled(1); !strings.Contains(got[0].Quote, "shed") {
		t.Errorf("after a reload: %+v", got)
	}

	// A link that someone sent.
	f, err := link.Conversation{Turns: []link.Asked{{Question: "when are bulbs planted?"}}}.Fragment()
	if err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.Navigate("about:blank"))
	p.do(chromedp.Navigate(fileURL(path) + "#" + f))
	if got := p.settled(1); !strings.Contains(got[0].Quote, "October") {
		t.Errorf("from a link: %+v", got)
	}
	if !strings.Contains(p.text("body"), "Licences and sources") {
		t.Error("the licences are missing")
	}
}

func TestOneFileInFirefox(t *testing.T) {
	f := startFirefox(t)
	f.navigate(fileURL(oneFilePage(t)))
	f.ready().ask("When was the Eiffel Tower built?")
	if got := f.ask("who designed it?"); got.Source != "Gustave Eiffel" {
		t.Errorf("%+v", got)
	}
	f.documents(t)
	f.calm()
}
