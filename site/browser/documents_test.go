package browser

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	pages "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"parley/shared/documents"
	"parley/shared/passages"
	"parley/site/collection"
)

// write writes files into a new folder of the given name.
func write(t testing.TB, name string, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	for file, text := range files {
		at := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var garden = map[string]string{
	"beds/tomatoes.md": "# Tomatoes\n\nTomatoes want warmth. Water them at the root, never on the leaves.\n\n## Pests\n\nHornworms eat the leaves of tomatoes at night.\n",
	"compost.html":     "<title>Compost</title><h1>Compost</h1><p>A heap of leaves and kitchen scraps becomes compost in a year.</p>",
	"tools.txt":        "The spade hangs in the shed beside the wheelbarrow.",
	"faq.csv":          "question,answer\nWhen are bulbs planted?,Tulip bulbs are planted in October.\n",
	"rose.jpeg":        "\xff\xd8\xff",
}

// give chooses files, or a folder, in a file input.
func (p *page) give(css string, paths ...string) {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles(chromedp.CSS(css), paths))
}

// openDocuments opens the panel for one's own documents.
func (p *page) openDocuments() *page {
	p.t.Helper()
	p.click("#documents")
	p.wait("the panel", `document.querySelector("#documents-panel")?.open && document.querySelector("#documents-panel [role=radiogroup] li")`)
	return p
}

// row is a JavaScript expression for a collection's row in the panel.
func row(title string) string {
	return `[...document.querySelectorAll("#documents-panel [role=radiogroup] > ul > li")].find(l => l.querySelector("label").textContent === ` + quote(title) + `)`
}

// passagesOf is the expression for the number of a complete collection's passages, 0 for
// any other.
func passagesOf(title string) string {
	return `+(` + row(title) + `.querySelector(".facts").textContent.match(/^(\d+).passages?,/)?.[1] ?? 0)`
}

// verb is the expression for a button in a collection's row, undefined where it is not
// there.
func verb(title, name string) string {
	return `[...` + row(title) + `?.querySelectorAll(".acts button") ?? []].find(b => b.textContent.startsWith(` + quote(name) + `))`
}

// act presses a button in a collection's row.
func (p *page) act(title, name string) {
	p.t.Helper()
	p.wait("the button "+name, verb(title, name))
	eval[bool](p, `(`+verb(title, name)+`.click(), true)`)
}

// encoded waits until a collection is complete, for as long as it makes progress.
func (p *page) encoded(title string) *page {
	p.t.Helper()
	facts := "(" + row(title) + `?.querySelector(".facts").textContent ?? "")`
	size := regexp.MustCompile("kB|MB")
	for seen := ""; !size.MatchString(seen); seen = eval[string](p, facts) {
		p.wait(title+" to be encoded, or to go on", facts+" !== "+quote(seen))
	}
	return p
}

// lateReplies lets what a worker says arrive window.testLate milliseconds later.
const lateReplies = `{
	const { set } = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage");
	Object.defineProperty(Worker.prototype, "onmessage", { set(f) { set.call(this, e => window.testLate ? setTimeout(f, window.testLate, e) : f(e)); } });
}`

// saved presses a button that saves a file, and returns the file.
func (p *page) saved(press func()) (name string, content []byte) {
	p.t.Helper()
	eval[bool](p, `(() => {
		window.testSaved = null;
		const click = HTMLAnchorElement.prototype.click;
		HTMLAnchorElement.prototype.click = function () {
			HTMLAnchorElement.prototype.click = click;
			window.testName = this.download;
			const url = this.href;
			const blob = window.testBlobs.get(url);
			const r = new FileReader();
			r.onload = () => { window.testSaved = r.result; };
			r.readAsDataURL(blob);
		};
		window.testBlobs = new Map();
		const make = URL.createObjectURL;
		URL.createObjectURL = b => { const url = make(b); window.testBlobs.set(url, b); return url; };
		return true;
	})()`)
	press()
	p.wait("the file", "window.testSaved")
	v := eval[[2]string](p, `[window.testName, window.testSaved]`)
	_, data, _ := strings.Cut(v[1], ",")
	content, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		p.t.Fatal(err)
	}
	return v[0], content
}

// exported exports a collection, and returns the path and the content of its archive.
func (p *page) exported(title string) (at string, zip []byte) {
	p.t.Helper()
	name, zip := p.saved(func() { p.act(title, "Export") })
	at = filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(at, zip, 0o666); err != nil {
		p.t.Fatal(err)
	}
	return at, zip
}

// indexed returns the collection that `parley index` makes of a folder.
func indexed(t testing.TB, dir, title string) string {
	t.Helper()
	root, _ := build(t)
	e, err := collection.OpenEncoder(filepath.Join(root, "models", "splade-tiny"))
	if err != nil {
		t.Fatal(err)
	}
	docs, err := collection.Read([]string{dir}, documents.Options{}, "", func(documents.Note) {})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "indexed")
	if _, err := collection.Build(t.Context(), e, docs, out, collection.Options{About: passages.About{Title: title}}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestYourOwnDocuments(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready()
	if n := len(s.requests("files")); n != 0 {
		t.Errorf("%d requests for what opens on demand", n)
	}
	p.openDocuments()
	if text := p.text("#documents-panel"); !strings.Contains(text, "Nothing leaves this computer") {
		t.Errorf("the panel says %q", text)
	}
	dir := write(t, "garden", garden)
	for _, name := range []string{"shared/documents/testdata/harbour.docx", "shared/documents/testdata/notes.odt", "shared/zim/testdata/old.zim",
		"site/pdfium/testdata/report.pdf", "site/pdfium/testdata/hyphens.pdf", "site/pdfium/testdata/form.pdf", "site/pdfium/testdata/locked.pdf"} {
		content, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p.give("#pick-folder", dir)
	p.encoded("garden")
	p.wait("what was left out", `/2 left out/.test(`+row("garden")+`.innerText)`)
	if text := eval[string](p, row("garden")+`.querySelector(".notes").textContent`); !strings.Contains(text, "locked.pdf: protected by a password") {
		t.Errorf("left out: %q", text)
	}
	p.picture("panel")
	p.press(kb.Escape)
	p.wait("the collection", `document.querySelector("#status-text").textContent.includes("garden")`)
	if got := p.ask("where is the spade?"); !strings.Contains(got.Quote, "shed") {
		t.Errorf("%+v", got)
	}
	if got := p.ask("what eats tomatoes?"); !slices.Contains(got.Titles, "Tomatoes") {
		t.Errorf("%+v", got)
	}

	// A reload keeps it, without a network too.
	p.installed()
	s.stop()
	p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")
	p.do(call(pages.AddScriptToEvaluateOnNewDocument, pages.AddScriptToEvaluateOnNewDocumentParams{Source: lateReplies}), chromedp.Reload())
	if got := p.ready().settled(2); !strings.Contains(got[0].Quote, "shed") {
		t.Errorf("after a reload: %+v", got)
	}
	p.openDocuments()

	// What is exported is what the command line makes of the folder, and reads.
	at, _ := p.exported("garden")
	if name := filepath.Base(at); name != "garden.zip" {
		t.Errorf("the file is called %q", name)
	}
	files, err := collection.Files(at)
	if err != nil {
		t.Fatal(err)
	}
	out := indexed(t, dir, "garden")
	for _, name := range []string{"index.bin", "passages.bin", "manifest.json"} {
		want, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := fs.ReadFile(files, name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what `parley index` writes (%v)", name, err)
		}
	}

	// Renamed, and deleted before the workers' replies about it have come: then the page
	// searches its own again, in the same questions, and by its own name.
	eval[int](p, `(window.testNames = new Set(), new MutationObserver(() => testNames.add(document.documentElement.dataset.collection))
		.observe(document.documentElement, { attributes: true }), window.testLate = 500)`)
	p.act("garden", "Rename")
	p.wait("the name to be edited", `document.activeElement.getAttribute("aria-label") === "New name"`)
	p.press("Allotment\r")
	p.wait("the new name", row("Allotment"))
	p.act("Allotment", "Delete")
	p.wait("the collection to be gone", "!("+row("Allotment")+")")
	p.press(kb.Escape)
	p.wait("the built-in collection", `document.querySelector("#collection").textContent.includes("12,297")`)
	if names := eval[[]string](p, `[...testNames].filter(n => n === "Allotment" || n === "garden")`); len(names) != 0 {
		t.Errorf("the built-in collection was called %q", names)
	}
	if got := p.settled(2); strings.Contains(got[0].Quote, " shed") {
		t.Errorf("of a collection that was deleted: %+v", got)
	}
	p.do(chromedp.Reload())
	p.ready().openDocuments()
	if n := eval[int](p, `document.querySelectorAll("#documents-panel [role=radiogroup] > ul > li").length`); n != 1 {
		t.Errorf("after all is deleted %d collections are listed", n)
	}
}

// A collection of one's own has first questions in place of the built-in examples.
func TestFirstQuestionsAreSuggested(t *testing.T) {
	p := open(t, shipped(t)).ready()
	if p.eval(`document.querySelector(".suggested").offsetHeight`) {
		t.Error("the built-in collection has examples, and suggestions too")
	}
	p.openDocuments()
	p.give("#pick-folder", write(t, "garden", garden))
	p.encoded("garden")
	p.press(kb.Escape)
	p.wait("suggestions", `document.querySelectorAll("#suggested button").length === 3`)
	got := eval[[]string](p, `[...document.querySelectorAll("#suggested button")].map(b => b.innerText)`)
	if want := []string{"Tell me about Tomatoes", "Tell me about Compost", "When are bulbs planted?"}; !slices.Equal(got, want) {
		t.Errorf("suggested are %q, want %q", got, want)
	}
	if p.eval(`document.querySelector(".examples").offsetHeight`) {
		t.Error("the examples of the built-in collection are on view")
	}
	p.look("suggested")
	p.do(chromedp.EmulateViewport(390, 860))
	p.accessibleInBoth("suggestions")
	p.tab(false, "a suggestion", `e.textContent === "When are bulbs planted?"`)
	p.press(kb.Enter)
	if got := p.settled(1); !strings.Contains(got[0].Quote, "October") {
		t.Errorf("%+v", got)
	}
	p.focused("asking what was suggested")
	if p.eval(`document.querySelector(".suggested").offsetHeight`) {
		t.Error("suggestions stand beside the conversation")
	}
	p.click("#new")
	p.wait("suggestions again", `document.querySelector(".suggested").offsetHeight`)
	p.openDocuments()
	eval[bool](p, `(document.querySelector("#radio-site").click(), true)`)
	p.wait("the examples", `document.querySelector(".examples").offsetHeight && !document.querySelector(".suggested").offsetHeight`)
}

// manual is a document of several passages under headings.
func manual() string {
	var b strings.Builder
	b.WriteString("# Keeper's manual\n\nWhat the keeper of the lighthouse does.\n\n")
	for _, part := range []string{"The lamp", "The foghorn", "The boat", "The garden"} {
		fmt.Fprintf(&b, "## %s\n\n", part)
		for i := range 30 {
			fmt.Fprintf(&b, "%s is looked after on day %d of the month, in any weather, by whoever is on the island. ", part, i+1)
			if i%5 == 4 {
				b.WriteString("\n\n")
			}
		}
		if part == "The boat" {
			b.WriteString("The oars are kept under the stairs of the tower.\n\n")
		}
	}
	return b.String()
}

// The document of a result opens in the page, whole, at the passage that was found, without
// a network too.
func TestTheSourceOfAResultOpensInPlace(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready()
	if p.ask("How tall is the Eiffel Tower?"); p.eval(`document.querySelector(".source-button").offsetHeight`) {
		t.Error("documents of the built-in collection are offered")
	}
	p.click("#new")
	p.openDocuments()
	p.give("#pick-folder", write(t, "island", map[string]string{"keeper/manual.md": manual(), "log.txt": "Nothing happened on the mainland."}))
	p.encoded("island")
	p.press(kb.Escape)
	if got := p.ask("where are the oars kept?"); !strings.Contains(got.Quote, "under the stairs") {
		t.Fatalf("%+v", got)
	}
	p.installed()
	s.stop()
	p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")
	p.tab(false, "the source", `e.matches(".source-button")`)
	p.press(kb.Enter)
	p.wait("the document", `document.querySelector("#reader-panel")?.open && document.activeElement.matches(".sought")`)
	p.wait("the passage on view", `(r => r.top >= 0 && r.top < innerHeight / 2)(document.querySelector(".sought").getBoundingClientRect())`)
	if head := p.text("#reader-panel h2"); head != "Keeper's manual" {
		t.Errorf("the reader is headed %q", head)
	}
	if place := p.text("#reader-panel .fine"); !strings.HasPrefix(place, "keeper/manual.md") || !strings.HasSuffix(place, "The boat") {
		t.Errorf("the place is %q", place)
	}
	if found := p.text(".sought"); !strings.Contains(found, "under the stairs") {
		t.Errorf("marked is %q", found)
	}
	all := strings.Join(strings.Fields(p.text(".document")), " ")
	want := strings.Join(strings.Fields(strings.ReplaceAll(strings.TrimPrefix(manual(), "# Keeper's manual"), "## ", "")), " ")
	if all != want {
		t.Errorf("the document has %d bytes, want %d:\n%.400s\n%.400s", len(all), len(want), all, want)
	}
	p.look("reader")
	p.do(chromedp.EmulateViewport(390, 860))
	p.accessibleInBoth("the reader")
	p.press(kb.Escape)
	p.wait("the way back to the result", `!document.querySelector("#reader-panel").open && document.activeElement.matches(".source-button")`)
}

// book is a text of about n passages.
func book(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Chapter %d tells of ship number %d. ", i+1, i+1)
		for j := range 14 {
			fmt.Fprintf(&b, "The %s of the harbour was seen %d times by the keeper of the lighthouse. ", []string{"whale", "gull", "captain", "storm", "anchor"}[(i+j)%5], i+j)
		}
		b.WriteString("\n\n")
	}
	return b.String()
}

// Searching continues while documents are encoded, and an answer does not wait for them; a
// run that is stopped, or interrupted by a reload, can be continued.
func TestSearchingWhileDocumentsAreEncoded(t *testing.T) {
	p := open(t, shipped(t)).ready()
	dir := write(t, "books", map[string]string{"lighthouse.txt": book(600)})
	p.openDocuments()
	p.give("#pick-files", filepath.Join(dir, "lighthouse.txt"))
	p.wait("the first passages", `/can be searched/.test(`+row("lighthouse")+`?.innerText)`)
	p.picture("encoding")
	p.press(kb.Escape)
	p.wait("the collection", `document.querySelector("#status-text").textContent.includes("lighthouse")`)
	for _, q := range []string{"what does the first chapter tell of?", "who saw the whale?", "and the storm?"} {
		begin := time.Now()
		if got := p.ask(q); got.Quote == "" {
			t.Errorf("%q: %+v", q, got)
		}
		t.Logf("answered in %v while encoding went on", time.Since(begin).Round(time.Millisecond))
	}
	if text := p.text("#documents"); !strings.Contains(text, "%") {
		t.Errorf("encoding is over already, or not shown: %q", text)
	}

	// Stopped, what is done stays.
	p.openDocuments()
	p.act("lighthouse", "Cancel")
	p.wait("the end", `/Stopped after/.test(`+row("lighthouse")+`.innerText)`)
	done := func() (n int) {
		text := p.text("#documents-panel .collections")
		if i := strings.Index(text, "Stopped after "); i >= 0 {
			fmt.Sscanf(strings.ReplaceAll(text[i:], ",", ""), "Stopped after %d", &n)
		}
		return n
	}
	first := done()
	if first == 0 {
		t.Fatalf("stopped after nothing: %q", p.text("#documents-panel .collections"))
	}
	p.act("lighthouse", "Go on")
	p.wait("more", fmt.Sprintf(`+`+row("lighthouse")+`.querySelector("progress").value > %d`, first+20))
	p.do(chromedp.Reload())
	p.ready().openDocuments()
	if again := done(); again < first {
		t.Errorf("after the reload %d passages are there, %d were before", again, first)
	}
	p.act("lighthouse", "Go on")
	p.encoded("lighthouse")
	at, _ := p.exported("lighthouse")
	x, store, err := collection.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	out := indexed(t, dir, "lighthouse")
	y, _, err := collection.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if x.Postings() != y.Postings() || x.Docs() != y.Docs() || store.Len() != y.Docs() {
		t.Errorf("%d postings of %d passages, natively %d of %d", x.Postings(), x.Docs(), y.Postings(), y.Docs())
	}
}

// Cancelling works immediately, even while a long document is being read.
func TestCancellingDoesNotWaitForADocument(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.openDocuments()
	long := strings.Repeat("## A [link](b) and *some* of `what` a page has\n\nA paragraph, with words.\n\n", 120_000)
	p.give("#pick-folder", write(t, "library", map[string]string{"long.md": long}))
	p.act("library", "Cancel")
	took := eval[float64](p, `new Promise(done => {
		const begin = performance.now();
		const look = () => `+row("library")+` ? setTimeout(look, 10) : done(performance.now() - begin);
		look();
	})`)
	t.Logf("after %.0f ms", took)
	if took > 2000 {
		t.Errorf("cancelled after %.0f ms", took)
	}
	// The next one has a worker of its own.
	p.give("#pick-folder", write(t, "garden", garden))
	p.encoded("garden")
}

func TestACollectionMadeByTheCommandLine(t *testing.T) {
	p := open(t, shipped(t)).ready()
	out := indexed(t, write(t, "garden", garden), "My garden")
	p.openDocuments()
	p.give("#pick-files", filepath.Join(out, "index.bin"), filepath.Join(out, "passages.bin"), filepath.Join(out, "manifest.json"))
	p.encoded("My garden")
	p.press(kb.Escape)
	if got := p.ask("when are bulbs planted?"); !strings.Contains(got.Quote, "October") {
		t.Errorf("%+v", got)
	}
	// One that is damaged is refused, and says why.
	x, err := os.ReadFile(filepath.Join(out, "index.bin"))
	if err != nil {
		t.Fatal(err)
	}
	x[len(x)/2] ^= 1
	if err := os.WriteFile(filepath.Join(out, "index.bin"), x, 0o666); err != nil {
		t.Fatal(err)
	}
	p.openDocuments()
	p.give("#pick-files", filepath.Join(out, "index.bin"), filepath.Join(out, "passages.bin"), filepath.Join(out, "manifest.json"))
	p.wait("the refusal", `/not opened.*SHA-256/.test(document.querySelector("#documents-panel .error:not([hidden])")?.textContent)`)
}

// Files are added to a collection; one that it has takes the older one's place, and what
// holds no text changes nothing.
func TestFilesAreAddedToACollection(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready()
	p.openDocuments()
	p.give("#pick-folder", write(t, "garden", garden))
	p.encoded("garden")
	passages := passagesOf("garden")
	before := eval[int](p, passages)
	p.expect("user activation") // a button that is pressed by script opens no chooser
	added := write(t, "added", map[string]string{"bees.txt": "The hive stands under the old cherry.", "tools.txt": "The spade was lent to Rosa.", "x.jpeg": "\xff\xd8"})

	p.act("garden", "Add files")
	p.give("#pick-more", filepath.Join(added, "x.jpeg"))
	p.wait("the refusal", `/Nothing was added: no text/.test(`+row("garden")+`.innerText)`)
	if now := eval[int](p, passages); now != before {
		t.Errorf("%d passages, before %d", now, before)
	}
	p.act("garden", "Add files")
	p.give("#pick-more", filepath.Join(added, "bees.txt"), filepath.Join(added, "tools.txt"))
	p.wait("a passage more", passages+" === "+fmt.Sprint(before+1))
	if text := eval[string](p, row("garden")+`.querySelector(".notes").textContent`); !strings.Contains(text, "1 replaced") || !strings.Contains(text, "tools.txt took the place") {
		t.Errorf("of what was replaced it says %q", text)
	}
	p.press(kb.Escape)
	check := func(when string) {
		t.Helper()
		for question, want := range map[string]string{"where is the hive?": "cherry", "where is the spade?": "Rosa", "when are tulip bulbs planted?": "October"} {
			if got := p.ask(question); !strings.Contains(got.Quote, want) {
				t.Errorf("%s, %s %+v", when, question, got)
			}
			p.click("#new")
		}
	}
	check("at once")
	p.do(chromedp.Reload())
	p.ready()
	check("after a reload")
}

// Several collections are searched as one, one's own and the site's, also after a reload.
func TestSearchInSeveralCollections(t *testing.T) {
	p := over(t, passages.Passage{ID: "goat", Title: "Goat", Text: "The goat Clotilde grazes behind the chapel."}).openDocuments()
	for name, text := range map[string]string{"orchard": "The pear tree Clotilde stands beside the well.", "kitchen": "Clotilde's jam is boiled with ginger in the copper pan."} {
		p.give("#pick-files", filepath.Join(write(t, name, map[string]string{name + ".txt": text}), name+".txt"))
		p.encoded(name)
	}
	eval[bool](p, `(() => {
		document.querySelector(".several details").open = true;
		document.querySelectorAll(".several input").forEach(i => { i.checked = true; });
		return true;
	})()`)
	p.accessible("the choice of collections")
	p.picture("several")
	p.click(".several button")
	all := `/A few texts, (orchard and kitchen|kitchen and orchard)/.test(document.querySelector("#status-text").textContent) && document.querySelector("#documents-panel input[type=radio]:checked")?.closest("li").innerText.includes("Searched together")`
	p.wait("one collection of all", all)
	p.press(kb.Escape)
	got := p.ask("where is Clotilde?")
	sources := eval[[]string](p, `[...document.querySelectorAll(".source-button")].map(b => b.firstChild.textContent)`)
	for _, want := range []string{"Source in orchard", "Source in kitchen", "Source in A few texts"} {
		if !slices.Contains(sources, want) {
			t.Errorf("%q, not %q: %+v", sources, want, got)
		}
	}
	p.do(chromedp.Reload())
	p.ready()
	p.wait("all after a reload", `/A few texts, (orchard and kitchen|kitchen and orchard)/.test(document.querySelector("#collection").textContent)`)
	p.openDocuments()
	// The conversation goes along with the documents, and opens with them.
	p.press(kb.Escape)
	p.click("#share")
	p.wait("the offer", `[...document.querySelectorAll("#share-panel button")].find(b => b.textContent === "Save with the documents" && b.offsetHeight)`)
	p.picture("share")
	name, zip := p.saved(func() {
		eval[bool](p, `([...document.querySelectorAll("#share-panel button")].find(b => b.textContent === "Save with the documents").click(), true)`)
	})
	at := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(at, zip, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := collection.Open(at); err != nil {
		t.Errorf("the command line does not read what was shared: %v", err)
	}
	p.press(kb.Escape)
	p.click("#new")
	eval[bool](p, `(document.querySelector("p [data-panel=share]").click(), true)`)
	p.wait("the panel", `document.querySelector("#share-panel").open`)
	p.give("#pick-conversation", at)
	if got := p.settled(1); !strings.Contains(got[0].Question, "Clotilde") {
		t.Errorf("the conversation that was shared: %+v", got)
	}
}

func TestTextIsPasted(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.openDocuments()
	p.tab(false, "Paste text", `e.matches(".paste summary")`)
	p.press(kb.Enter)
	p.tab(false, "the title", `e.id === "paste-title"`)
	p.press("Diary")
	p.tab(false, "the text", `e.id === "paste-text"`)
	p.press("On Monday the heron came.\rIt stood in the pond.")
	p.tab(false, "Encode", `e.matches(".paste button")`)
	p.press(kb.Enter)
	p.wait("the text to be encoded", `[...document.querySelectorAll("#documents-panel .facts")].some(f => /1.passage,/.test(f.textContent))`)
	p.press(kb.Escape)
	p.focused("closing the panel")
	if got := p.ask("which bird came?"); !strings.Contains(got.Quote, "heron") {
		t.Errorf("%+v", got)
	}
}

// A file that is dropped anywhere on the page opens the panel, and is indexed.
func TestAFileIsDropped(t *testing.T) {
	p := open(t, shipped(t)).ready()
	eval[bool](p, `(() => {
		const dataTransfer = new DataTransfer();
		dataTransfer.items.add(new File(["On Monday the heron came.\nIt stood in the pond."], "diary.txt"));
		for (const type of ["dragenter", "dragover", "drop"])
			document.querySelector("main").dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
		return true;
	})()`)
	p.wait("the panel", `document.querySelector("#documents-panel")?.open`)
	p.encoded("diary")
	p.press(kb.Escape)
	if got := p.ask("which bird came?"); !strings.Contains(got.Quote, "heron") {
		t.Errorf("%+v", got)
	}
}

// By keyboard alone, and by the rules of accessibility that a program can check.
func TestThePanelOfDocumentsIsAccessible(t *testing.T) {
	inBoth(t, func(t *testing.T, p *page) {
		p.ready()
		p.tab(false, "Documents", `e.id === "documents"`)
		p.press(kb.Enter)
		p.wait("the panel", `document.querySelector("#documents-panel")?.open && document.querySelector("#documents-panel [role=radiogroup] li")`)
		p.give("#pick-folder", write(t, "garden", garden))
		p.encoded("garden")
		eval[bool](p, `(document.querySelectorAll("#documents-panel details").forEach(d => d.open = true), true)`)
		p.accessible("the panel")
		for _, width := range []int64{360, 768, 1440} {
			p.do(chromedp.EmulateViewport(width, 860))
			p.picture(fmt.Sprint("panel-", width))
		}
		// Back to the site's own by the arrow keys.
		p.tab(false, "the collection searched in", `e.type === "radio" && e.checked`)
		p.press(kb.ArrowUp)
		p.wait("the built-in collection", `document.querySelector("#collection").textContent.includes("12,297")`)
		p.press(kb.Escape)
		p.wait("the panel to close", `!document.querySelector("#documents-panel").open`)
		p.focused("closing the panel")
	})
}

// A thousand passages of ordinary length are encoded in the page. The time depends on the
// machine and its load, so it is only logged; PARLEY_MEASURE=1 runs this.
func TestAThousandPassages(t *testing.T) {
	if os.Getenv("PARLEY_MEASURE") == "" {
		t.Skip("this takes a minute: PARLEY_MEASURE=1 runs it")
	}
	root, _ := build(t)
	_, store, err := collection.Open(filepath.Join(root, "models", "vital-articles"))
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	for i := range 1000 {
		line, err := json.Marshal(map[string]string{"_id": store.At(i).ID, "title": store.At(i).Title, "text": store.At(i).Text})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	p := open(t, shipped(t)).ready()
	p.openDocuments()
	begin := time.Now()
	p.give("#pick-files", filepath.Join(write(t, "articles", map[string]string{"articles.jsonl": lines.String()}), "articles.jsonl"))
	for end := begin.Add(20 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if eval[bool](p, `/kB|MB/.test(`+row("articles")+`?.querySelector(".facts").textContent)`) {
			break
		}
	}
	took := time.Since(begin)
	facts := eval[string](p, row("articles")+`.querySelector(".facts").textContent`)
	t.Logf("from choosing the file to the end: %v; %s", took.Round(time.Millisecond), facts)
}

// A table whose columns could not be recognised is shown, and the person says which one
// has the text; what was left out of a folder is named.
func TestATableAsksWhichColumnHoldsTheText(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready().openDocuments()
	p.give("#pick-folder", write(t, "shed", map[string]string{
		"stock.csv":             "north,south\nSpade,Hangs by the door\nRake,Stands behind it\n",
		"notes.txt":             "The shed was painted green in the spring.",
		".git/config":           "x",
		"node_modules/a/README": "Foreign matter.",
		"photo.jpeg":            "\xff\xd8\xff",
	}))
	p.encoded("shed")
	p.wait("the question", row("shed")+`.querySelector(".asks form")?.innerText.includes("Which column of stock.csv holds the text?")`)
	if text := eval[string](p, row("shed")+`.querySelector(".asks table").innerText`); !strings.Contains(text, "Hangs by the door") {
		t.Errorf("the preview is %q", text)
	}
	if text := eval[string](p, row("shed")+`.querySelector(".notes").textContent`); !strings.Contains(text, "photo.jpeg") || !strings.Contains(text, "node_modules/: hidden, or a folder of packages") {
		t.Errorf("left out: %q", text)
	}
	eval[bool](p, `(() => { const [text, title] = `+row("shed")+`.querySelectorAll(".asks select"); text.value = "2"; title.value = "1"; `+row("shed")+`.querySelector(".asks button").click(); return true; })()`)
	p.wait("three passages", `/^3\spassages/.test(`+row("shed")+`.querySelector(".facts").innerText)`)
	p.wait("no question", `!`+row("shed")+`.querySelector(".asks form")`)
	p.press(kb.Escape)
	if got := p.ask("where does the spade hang?"); !strings.Contains(got.Quote, "by the door") {
		t.Errorf("%+v", got)
	}
}
