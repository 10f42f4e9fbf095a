package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"parley/shared/importers"
	"parley/shared/link"
	"parley/shared/transcript"
)

// openShare opens the panel for sharing and gives the link in it.
func (p *page) openShare() string {
	p.t.Helper()
	p.click("#share")
	p.wait("the panel", `document.querySelector("#share-panel")?.open && document.querySelector("#share-link").value`)
	return eval[string](p, `document.querySelector("#share-link").value`)
}

// What is shared is asked elsewhere, by the same words, with the same reply chosen.
func TestALinkHoldsTheConversation(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready()
	p.ask("Who discovered penicillin?")
	p.ask("which prize did he get for it?")
	p.click(`li:nth-child(2) .choose[aria-pressed=false]`)
	p.wait("the choice", `document.body.innerText.includes("chosen by you")`)
	want := p.settled(2)
	address := p.openShare()
	p.picture("panel")
	c, err := link.Open(address)
	if err != nil || len(c.Turns) != 2 || c.Turns[0].Question != "Who discovered penicillin?" || c.Turns[1].Chosen == "" || c.Level == "" {
		t.Fatalf("%s: %+v, %v", address, c, err)
	}
	if !strings.HasPrefix(address, s.url()+"#c=") {
		t.Errorf("the address is %s", address)
	}

	other := blank(t, s)
	other.navigate(address)
	other.ready()
	got := other.settled(2)
	if !reflect.DeepEqual(got[1], want[1]) || !strings.Contains(other.text("li:nth-child(2) figcaption"), "chosen by you") {
		t.Errorf("elsewhere it is %+v, want %+v", got[1], want[1])
	}
	if hash := eval[string](other, "location.hash"); hash != "" {
		t.Errorf("the address still holds %q", hash)
	}

	// Made by another program, and opened in the same tab; the one before can be brought back.
	f, err := link.Conversation{Collection: "Elsewhere", Turns: []link.Asked{{Question: "When was the Eiffel Tower built?"}, {Question: "who designed it?\n(really)"}}}.Fragment()
	if err != nil {
		t.Fatal(err)
	}
	eval[bool](other, `(location.hash = `+quote(f)+`, true)`)
	other.wait("the other conversation", `document.querySelector("article.turn .words")?.textContent === "When was the Eiffel Tower built?"`)
	if got := other.settled(2); got[1].Question != "who designed it?\n(really)" || got[0].Source != "Eiffel Tower" {
		t.Errorf("%+v", got)
	}
	other.wait("to be told of another collection", `/“Elsewhere”, which is not here/.test(document.querySelector("#said").textContent)`)
	other.click("#status-button")
	other.wait("the conversation before", `document.querySelector("article.turn .words")?.textContent === "Who discovered penicillin?"`)

	// A link that was cut short says so and changes nothing.
	eval[bool](other, `(location.hash = `+quote(f[:len(f)-4])+`, true)`)
	other.wait("the complaint", `/cut short/.test(document.querySelector("#said").textContent)`)
	other.settled(2)
}

func TestAConversationIsSavedAndOpened(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.ask("Who discovered penicillin?")
	before := p.ask("which prize did he get for it?")
	p.openShare()
	files := map[string]string{}
	for _, name := range []string{"Markdown", "JSON", "TREC topics"} {
		file, content := p.saved(func() {
			eval[bool](p, `([...document.querySelectorAll("#share-panel button")].find(b => b.textContent === `+quote(name)+`).click(), true)`)
		})
		files[name] = filepath.Join(t.TempDir(), file)
		if err := os.WriteFile(files[name], content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	md, _ := os.ReadFile(files["Markdown"])
	if !strings.Contains(string(md), "## 2. which prize did he get for it?") || !strings.Contains(string(md), "[Alexander Fleming](<https://en.wikipedia.org/wiki/Alexander_Fleming>)") {
		t.Errorf("%s", md)
	}
	raw, _ := os.ReadFile(files["JSON"])
	var c transcript.Conversation
	if err := json.Unmarshal(raw, &c); err != nil || len(c.Turns) != 2 || c.Turns[1].ID == "" || c.Encoder == "" {
		t.Errorf("%s: %v", raw, err)
	}
	topics, _ := os.ReadFile(files["TREC topics"])
	r, err := importers.Import("cast", []importers.File{importers.Memory("topics", topics)}, importers.Options{})
	if err != nil || len(r.Examples) != 2 || r.Examples[1].Question != "which prize did he get for it?" {
		t.Errorf("%+v, %v", r, err)
	}

	// And opened, before a conversation too.
	for _, file := range []string{files["JSON"], files["TREC topics"]} {
		p.do(chromedp.Navigate("about:blank"))
		p.do(chromedp.Navigate(p.url))
		p.ready()
		p.click("#new")
		p.settled(0)
		p.click(`.examples [data-panel="share"]`)
		p.wait("the panel", `document.querySelector("#share-panel")?.open`)
		p.give("#pick-conversation", file)
		if got := p.settled(2); got[1].Question != before.Question || got[1].Source != before.Source {
			t.Errorf("%s: %+v", file, got)
		}
	}

	// Of a file with many, one is chosen, by keyboard.
	p.openShare()
	root, _ := build(t)
	p.give("#pick-conversation", filepath.Join(root, "trainer", "conversations", "dev.jsonl"))
	p.wait("the conversations", `document.querySelectorAll("#share-panel .conversation").length === 50`)
	p.picture("many")
	p.tab(false, "the filter", `e.id === "conversation-filter"`)
	p.press("louvre")
	p.wait("what the filter leaves", `document.querySelectorAll("#share-panel .conversation").length < 5`)
	p.tab(false, "a conversation", `e.matches(".conversation")`)
	p.press(kb.Enter)
	p.wait("the conversation", `/Louvre/.test(document.querySelector("article.turn .words")?.textContent)`)
	p.focused("choosing a conversation")

	// What is none says so.
	p.openShare()
	none := filepath.Join(t.TempDir(), "none.json")
	if err := os.WriteFile(none, []byte(`{"a": 1}`), 0o666); err != nil {
		t.Fatal(err)
	}
	p.give("#pick-conversation", none)
	p.wait("the complaint", `/was not opened/.test(document.querySelector("#share-panel .said").textContent)`)
}

func TestThePanelForSharingIsAccessible(t *testing.T) {
	inBoth(t, func(t *testing.T, p *page) {
		p.ready().ask("Who discovered penicillin?")
		p.openShare()
		p.accessible("the panel")
		for _, width := range []int64{360, 768, 1440} {
			p.do(chromedp.EmulateViewport(width, 860))
			p.picture(fmt.Sprint("share-", width))
		}
		p.press(kb.Escape)
		p.focused("closing the panel")
	})
}

// A turn's vector is copied as JSON, {term: weight}.
func TestAVectorIsCopied(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.ask("When was the Eiffel Tower built?")
	p.click(".vector-button")
	p.wait("the terms", `document.querySelector(".panel .term")`)
	eval[bool](p, `(Object.defineProperty(navigator, "clipboard", {value: {writeText: async s => { window.testCopied = s; }}}),
		[...document.querySelectorAll(".panel button")].find(b => b.textContent === "Copy as JSON").click(), true)`)
	p.wait("the copy", "window.testCopied")
	var v map[string]float64
	if err := json.Unmarshal([]byte(eval[string](p, "window.testCopied")), &v); err != nil || v["tower"] <= 0 || len(v) < 10 {
		t.Errorf("%v, %v", v, err)
	}
}

// Where a conversation was asked is read as it was written, whatever its name holds.
func TestALinkIntoACollectionOfAnyName(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.openDocuments()
	p.tab(false, "Paste text", `e.matches(".paste summary")`)
	p.press(kb.Enter)
	p.tab(false, "the title", `e.id === "paste-title"`)
	const title = `C:\notes (.*)`
	p.press(title)
	p.tab(false, "the text", `e.id === "paste-text"`)
	p.press("On Monday the heron came.")
	p.tab(false, "Encode", `e.matches(".paste button")`)
	p.press(kb.Enter)
	p.encoded(title)
	eval[bool](p, `(document.querySelector("#documents-panel input[type=radio]").click(), true)`)
	p.wait("the built-in collection", `document.querySelector("#collection").textContent.includes("12,297")`)
	p.press(kb.Escape)
	f, err := link.Conversation{Collection: title, Turns: []link.Asked{{Question: "which bird came?"}}}.Fragment()
	if err != nil {
		t.Fatal(err)
	}
	eval[bool](p, `(location.hash = `+quote(f)+`, true)`)
	p.wait("the collection", `document.querySelector("#collection").textContent.includes(`+quote(title)+`)`)
	if got := p.settled(1); !strings.Contains(got[0].Quote, "heron") {
		t.Errorf("%+v", got)
	}
}
