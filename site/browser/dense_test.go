package browser

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"parley/shared/answer"
	"parley/shared/bundle"
	gathering "parley/shared/collect"
	"parley/shared/encoder"
	"parley/shared/encoder/tiny"
	"parley/shared/family"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/site/collection"
)

// The tests of the second stage have a small dense encoder of random weights beside the
// family and the collection that ship. What it finds is nothing to go by; that it is
// found, shown and said is.

const denseSettings = `{"name": "tiny-dense", "space": "tiny", "pooling": "cls", "passage_tokens": 24, "dense_weight": 6, "dense_zero": 0.5}`

var withDense struct {
	once               sync.Once
	models, collection string // folders
	bytes              int64  // of what is loaded for it
}

// denseRelease publishes the page with a dense encoder.
func denseRelease(t testing.TB) *server {
	t.Helper()
	start(t)
	root, _ := build(t)
	d := &withDense
	d.once.Do(func() {
		d.models, d.collection = denseFolders(t, filepath.Join(root, "models"), built.folder)
	})
	if t.Failed() || d.collection == "" {
		t.Fatal("there is no dense encoder to test with")
	}
	return serveFolder(t, publishRelease(t, release{encoder: d.models, collection: d.collection}))
}

// denseWith is denseRelease with something changed in a script.
func denseWith(t testing.TB, name, old, new string) *server {
	t.Helper()
	denseRelease(t)
	_, app := build(t)
	script := strings.Replace(string(app[name]), old, new, 1)
	if script == string(app[name]) {
		t.Fatalf("%s holds no %s", name, old)
	}
	return serveFolder(t, publishRelease(t, release{encoder: withDense.models, collection: withDense.collection, files: map[string]string{name: script}}))
}

// denseFolders makes a family of the base, the default level and a dense encoder, and the
// collection with its vectors.
func denseFolders(t testing.TB, ship, dir string) (models, texts string) {
	t.Helper()
	models, texts = filepath.Join(dir, "dense-models"), filepath.Join(dir, "dense-collection")
	put := func(path string, data []byte, err error) {
		t.Helper()
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o755)
		}
		if err == nil {
			err = os.WriteFile(path, data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(filepath.Join(ship, family.File))
	if err != nil {
		t.Fatal(err)
	}
	list, err := family.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	list.Levels = slices.DeleteFunc(list.Levels, func(l family.Level) bool { return l.Name != list.Base && l.Name != list.Default })
	for i := range list.Levels {
		l := &list.Levels[i]
		l.Card = ""
		if err := os.CopyFS(filepath.Join(models, l.Folder), os.DirFS(filepath.Join(ship, l.Folder))); err != nil {
			t.Fatal(err)
		}
	}
	list.Dense = &family.Dense{Title: "Better answers", Folder: "tiny-dense"}
	data, err = list.Encode()
	put(filepath.Join(models, family.File), data, err)
	base, err := list.Level(list.Base)
	if err != nil {
		t.Fatal(err)
	}
	enc, err := collection.OpenEncoder(filepath.Join(models, base.Folder))
	if err != nil {
		t.Fatal(err)
	}
	files := tiny.Sentence(enc.Vocab(), denseSettings)
	for name, content := range files {
		put(filepath.Join(models, "tiny-dense", name), content, nil)
	}
	sentence, err := encoder.LoadSentenceOver(enc.Tokenizer, tiny.Files(files))
	if err != nil {
		t.Fatal(err)
	}
	_, store, err := collection.Open(filepath.Join(ship, "vital-articles"))
	if err != nil {
		t.Fatal(err)
	}
	dense := denseVectors(t, sentence, store)
	var all []gathering.File
	for _, name := range []string{"index.bin", "passages.bin"} {
		content, err := os.ReadFile(filepath.Join(ship, "vital-articles", name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, gathering.File{Name: name, Content: content})
	}
	all = append(all, gathering.File{Name: gathering.DenseFile, Content: dense})
	manifest, err := gathering.Manifest(all)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(all, manifest) {
		put(filepath.Join(texts, f.Name), f.Content, nil)
	}
	withDense.bytes = int64(len(files["config.json"]) + len(files["model.safetensors"]) + len(dense))
	return models, texts
}

// denseVectors is the dense.bin of passages.
func denseVectors(t testing.TB, s *encoder.Sentence, store *passages.Store) []byte {
	t.Helper()
	e := gathering.NewDensePassageEncoder(s)
	var vectors [][]float32
	for i := range store.Len() {
		v, _, err := e.Encode(store.At(i))
		if err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, slices.Clone(v))
	}
	content, err := gathering.AppendDense(nil, s.Space, s.Dim(), vectors...)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// the switch, and what is said beside it.
const (
	theSwitch = `document.querySelector("article.turn #better [role=switch]")`
	isOn      = `document.querySelector(".better")?.dataset.state === "on"`
)

// switched presses the switch.
func (p *page) switched() {
	p.t.Helper()
	p.wait("the switch", theSwitch)
	eval[bool](p, `(`+theSwitch+`.click(), true)`)
}

// stands waits until the dense stage stands so, and gives what is said of it.
func (p *page) stands(state string) string {
	p.t.Helper()
	p.wait("the dense stage to be "+state, `document.querySelector("#better .better")?.dataset.state === `+quote(state))
	return squeeze(p.text("#better .note"))
}

// reads gives what each turn says of how it was read and searched for.
func (p *page) reads() []string {
	p.t.Helper()
	return eval[[]string](p, `[...document.querySelectorAll("article.turn")].map(t => t.querySelector(".read > span")?.textContent ?? "")`)
}

// denseFile is a part of the address of a file of the dense stage.
func denseFile(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bundle.Of("f", "f", data).SHA256[:16]
}

func denseModel(t testing.TB) string {
	return denseFile(t, filepath.Join(withDense.models, "tiny-dense", "model.safetensors"))
}

// It is offered beside the first answer, not before; while it loads, questions are
// answered as before; then all are asked again, and each turn says which stages answered.
func TestDenseIsOfferedBesideTheFirstAnswer(t *testing.T) {
	s := denseRelease(t)
	half, rest := make(chan bool), make(chan bool)
	s.spoil(denseModel(t), func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := buffered(r, next)
		for k, v := range a.header {
			w.Header()[k] = v
		}
		w.Write(a.body[:len(a.body)/2])
		w.(http.Flusher).Flush()
		close(half)
		<-rest
		w.Write(a.body[len(a.body)/2:])
	})
	p := open(t, s).ready()
	if eval[bool](p, `!!document.querySelector(".better, #better")`) {
		t.Error("it is offered before there is an answer")
	}
	// It has its place before it comes: nothing moves.
	late := make(chan bool)
	s.spoil("app/better.", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		<-late
		next.ServeHTTP(w, r)
	})
	p = open(t, s).ready()
	first := p.ask("When was the Eiffel Tower built?")
	top := `document.querySelector(".results").getBoundingClientRect().top`
	var tops []float64
	for _, width := range []int64{360, 1200} {
		p.do(chromedp.EmulateViewport(width, 900))
		tops = append(tops, eval[float64](p, top))
	}
	close(late)
	p.wait("the switch", theSwitch)
	for i, width := range []int64{360, 1200} {
		p.do(chromedp.EmulateViewport(width, 900))
		if now := eval[float64](p, top); now-tops[i] > 1 || tops[i]-now > 1 {
			t.Errorf("%d pixels wide the results began at %v, and with the switch at %v", width, tops[i], now)
		}
	}
	size := fmt.Sprintf("Better answers (%.1f MB)", float64(withDense.bytes)/1e6)
	if got := squeeze(p.text("#better [role=switch]")); got != size {
		t.Errorf("the switch says %q, wanted %q", got, size)
	}
	if got := s.requests(denseModel(t)); len(got) != 0 {
		t.Errorf("loaded before it was wanted: %q", got)
	}
	if got := p.reads(); got[0] != "" {
		t.Errorf("without the stage the turn says %q", got[0])
	}
	p.accessibleInBoth("offered")
	p.look("offered")

	// On by keyboard, and loading.
	p.tab(true, "the switch", `e.matches("[role=switch]")`)
	p.press(" ")
	<-half
	p.wait("progress", `/Loading \d/.test(document.querySelector(".better .note").textContent) && document.querySelector(".better progress").value > 0 && !document.querySelector(".better progress").hidden`)
	var loaded, total float64
	note := p.stands("loading")
	if _, err := fmt.Sscanf(note, "Loading %f of %f MB; answers stay as they are until then.", &loaded, &total); err != nil || loaded >= total || total < float64(withDense.bytes)/1e6-.1 {
		t.Errorf("while it loads it says %q (%v)", note, err)
	}
	p.accessibleInBoth("loading")
	p.look("loading")
	if got := p.ask("who designed it?"); got.Source != "Gustave Eiffel" {
		t.Errorf("while it loads: %+v", got)
	}
	if n := eval[int](p, `document.querySelectorAll("[role=switch]").length`); n != 1 {
		t.Errorf("there are %d switches", n)
	}
	close(rest)
	p.stands("on")
	p.wait("both turns asked again", `[...document.querySelectorAll(".read > span")].filter(e => e.textContent.includes("both vectors")).length === 2`)
	p.settled(2)
	if got := p.reads(); got[1] != "Read with turn 1. Searched with both vectors, sparse and dense." || got[0] != "Searched with both vectors, sparse and dense." {
		t.Errorf("the turns say %q", got)
	}
	p.accessibleInBoth("on")
	p.look("on")

	// Off, in the same place: what was there before.
	p.switched()
	p.stands("off")
	p.wait("the first answers", `![...document.querySelectorAll(".read > span")].some(e => e.textContent.includes("vector"))`)
	if got := p.settled(2); got[0].Quote != first.Quote || got[1].Source != "Gustave Eiffel" {
		t.Errorf("switched off: %+v, before %+v", got, first)
	}
	s.forget()
	p.switched()
	p.stands("on")
	if got := s.requests("data/"); len(got) != 0 {
		t.Errorf("the second time it loads %q", got)
	}

	// It goes on to the next answer, and takes the focus with it.
	eval[bool](p, `(`+theSwitch+`.focus(), parley.call("ask", "what else did he build?"), true)`)
	p.settled(3)
	p.wait("the switch in the third turn", `document.querySelector(".turns > li:last-child [role=switch]") === document.activeElement`)
}

// What was wanted once is loaded at the next visit, after the first answer, from the
// cache, without a network too.
func TestDenseIsRemembered(t *testing.T) {
	s := denseRelease(t)
	p := open(t, s).ready().installed()
	p.ask("When was the Eiffel Tower built?")
	p.switched()
	p.stands("on")
	for _, offline := range []bool{false, true} {
		if offline {
			s.stop()
			p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")
		}
		s.forget()
		p.do(chromedp.Reload())
		p.ready()
		p.stands("on")
		p.wait("the answer of both", `document.querySelector(".read > span")?.textContent.includes("both vectors")`)
		if got := s.requests("data/"); len(got) != 0 {
			t.Errorf("the next visit loads %q", got)
		}
	}
	s.start()
	p.switched()
	p.stands("off")
	p.do(chromedp.Reload())
	p.ready().settled(1)
	p.wait("the switch", theSwitch)
	if eval[string](p, theSwitch+`.getAttribute("aria-checked")`) != "false" {
		t.Error("switched off, it is on at the next visit")
	}
}

// A download that fails says so, the answers stay, and a second try works.
func TestDenseThatFailsToArrive(t *testing.T) {
	s := denseRelease(t)
	for name, c := range map[string]struct {
		spoil func(http.ResponseWriter, *http.Request, http.Handler)
		says  string
	}{
		"broken off":  {breakOff, "connection broke off"},
		"damaged":     {flipByte, "SHA-256"},
		"cut short":   {cutShort, "SHA-256"},
		"unavailable": {unavailable, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			defer s.heal()
			p := open(t, s).ready()
			p.expect("net::ERR_", "503")
			first := p.ask("When was the Eiffel Tower built?")
			s.spoil(denseModel(t), c.spoil)
			p.switched()
			if got := p.stands("failed"); !strings.Contains(got, "model.safetensors") || !strings.Contains(got, c.says) || !strings.Contains(got, "Answers stay as they are") {
				t.Errorf("it says %q", got)
			}
			if got := p.ask("who designed it?"); got.Source != "Gustave Eiffel" || p.turns()[0].Quote != first.Quote {
				t.Errorf("after the failure: %+v", got)
			}
			if name == "damaged" {
				p.accessibleInBoth("failed")
				p.look("failed")
			}
			s.heal()
			s.forget()
			eval[bool](p, `([...document.querySelectorAll(".better button")].find(b => b.textContent === "Try again").click(), true)`)
			p.stands("on")
			if got := s.requests("data/"); len(got) == 0 || !allSuffix(got, "model.safetensors") {
				t.Errorf("the second try loads %q", got)
			}
			p.wait("the answers of both", `document.querySelectorAll(".read > span").length === 2`)
		})
	}
	// Switched off while it loads, it is not loaded to the end.
	t.Run("switched off", func(t *testing.T) {
		p := open(t, s).ready()
		p.ask("When was the Eiffel Tower built?")
		gone := make(chan bool)
		s.forget() // the requests of the other cases
		s.spoil(denseModel(t), func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			<-r.Context().Done()
			close(gone)
		})
		p.switched()
		p.stands("loading")
		s.wait(denseModel(t))
		p.switched()
		p.stands("off")
		select {
		case <-gone:
		case <-time.After(patience):
			t.Fatalf("after %v the file is still being loaded", patience)
		}
		s.heal()
		p.switched()
		p.stands("on")
	})
}

// A collection of the visitor's own has no such vectors; the site's has them again.
func TestDenseAndAnotherCollection(t *testing.T) {
	s := denseRelease(t)
	p := open(t, s).ready()
	p.ask("where is the spade?")
	p.switched()
	p.stands("on")
	p.openDocuments()
	p.give("#pick-folder", write(t, "garden", garden))
	p.encoded("garden")
	eval[bool](p, `(`+row("garden")+`.querySelector("input[type=radio]").click(), true)`)
	p.press(kb.Escape)
	if got := p.stands("absent"); got != "Answers stay as they are: this collection has no dense vectors." {
		t.Errorf("it says %q", got)
	}
	if got := p.settled(1)[0]; !strings.Contains(got.Quote, "shed") {
		t.Errorf("searched in one's own: %+v", got)
	}
	if got := p.reads()[0]; got != "" {
		t.Errorf("the turn says %q", got)
	}
	p.accessibleInBoth("absent")
	p.look("absent")
	p.openDocuments()
	eval[bool](p, `(document.querySelector("#documents-panel input[type=radio]").click(), true)`)
	p.press(kb.Escape)
	p.stands("on")
	p.wait("the answer of both", `document.querySelector(".read > span")?.textContent.includes("both vectors")`)
}

// A new engine has the dense stage again.
func TestDenseAfterTheEngineFailed(t *testing.T) {
	const asking = "let word, reply;"
	p := open(t, denseWith(t, "worker.js", asking, "if (body.includes('fail now')) throw new Error('unreachable'); "+asking)).ready()
	p.ask("When was the Eiffel Tower built?")
	p.switched()
	p.stands("on")
	p.do(focusBox)
	p.press("fail now\r")
	p.wait("the failure", `document.querySelector(".turns > li:last-child").innerText.includes("Try again")`)
	p.ready()
	eval[bool](p, `([...document.querySelectorAll("article.turn button")].filter(b => b.textContent.startsWith("Delete")).at(-1).click(), true)`)
	p.settled(1)
	p.ask("who designed it?")
	p.stands("on")
	p.wait("the answers of both", `[...document.querySelectorAll(".read > span")].filter(e => e.textContent.includes("both vectors")).length === 2`)
}

// The three ways to search stand beside each other, under the ways to read.
func TestDenseCompared(t *testing.T) {
	p := open(t, denseRelease(t)).ready()
	eval[bool](p, `(document.querySelectorAll("[data-example]")[0].click(), true)`)
	p.settled(3)
	p.click("#open-compare")
	p.wait("the columns of reading", compared+` && document.querySelectorAll(".way").length === 4`)
	p.switched()
	p.stands("on")
	p.wait("the columns of searching", compared+` && document.querySelectorAll(".way").length === 7`)
	if got := eval[[]string](p, `[...document.querySelectorAll(".ways ~ .ways h4")].map(e => e.innerText.trim())`); !slices.Equal(got, []string{"Sparse", "Dense", "Both"}) {
		t.Errorf("columns: %q", got)
	}
	figures := eval[[]string](p, `[...document.querySelectorAll(".ways ~ .ways .figure")].map(e => e.innerText.trim())`)
	if len(figures) != 3 || !strings.Contains(figures[0], "postings") || strings.Contains(figures[1], "postings") || !strings.Contains(figures[1], "ms") {
		t.Errorf("figures: %q", figures)
	}
	if got := eval[[]string](p, `[...document.querySelectorAll(".way.in-use h4")].map(e => e.innerText.trim())`); !slices.Equal(got, []string{"Both"}) {
		t.Errorf("in use: %q", got)
	}
	if got := eval[int](p, `document.querySelectorAll(".way .rank:not([hidden])").length`); got != 7 {
		t.Errorf("%d columns say where an answer stands", got)
	}
	p.accessibleInBoth("comparing")
	p.look("compare")
	p.switched()
	p.wait("the columns of reading alone", compared+` && document.querySelectorAll(".way").length === 4`)
}

// The dense part is a bar among the terms', and all of them sum to the score.
func TestDenseWhy(t *testing.T) {
	p := open(t, denseRelease(t)).ready()
	p.ask("When was the Eiffel Tower built?")
	p.switched()
	p.stands("on")
	p.settled(1)
	p.click(".why-button")
	p.wait("the parts", `document.querySelector(".why .part.dense .product")`)
	// It finds the same as the engine of the tests.
	e := nativeDense(t, withDense.models)
	want, err := e.Ask(message.Ask{Turns: []message.Turn{{Question: "When was the Eiffel Tower built?"}}})
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, r := range want.Results {
		titles = append(titles, r.Title)
	}
	if got := p.turns()[0].Titles; len(got) == 0 || !slices.Equal(got, titles[:len(got)]) {
		t.Errorf("the page found %q, natively %q", got, titles)
	}

	got := eval[[]float64](p, `(() => {
		const text = document.querySelector(".why .summary").textContent, number = s => Number(s.replace("−", "-"));
		const rows = [...document.querySelectorAll(".why .part:not(.dense) .product")].map(e => Number(e.textContent.match(/= ([\d.]+)$/)[1]));
		const rest = text.match(/not shown, add ([\d.]+)\./);
		return [rows.reduce((s, v) => s + v, 0) + (rest ? Number(rest[1]) : 0), Number(text.match(/add up to ([\d.]+)\./)[1]),
			number(document.querySelector(".why .part.dense .product").textContent), number(text.match(/adds ([+−][\d.]+):/)[1]), Number(text.match(/Together ([\d.]+)\./)[1]),
			Number(document.querySelector(".result .score").textContent.match(/[\d.]+/)[0]),
			[...document.querySelectorAll(".why .part.dense .product")].reduce((s, e) => s + number(e.textContent), 0)];
	})()`)
	near := func(a, b float64) bool { return a-b < .1 && b-a < .1 }
	if terms, said, bar, gives, together, score := got[0], got[1], got[2], got[3], got[4], got[5]; !near(terms, said) || !near(bar, gives) || !near(said+got[6], together) || !near(together, score) {
		t.Errorf("terms %v, said %v, bar %v, said %v, all bars %v, together %v, score %v", terms, said, bar, gives, got[6], together, score)
	}
	if n := eval[int](p, `[...document.querySelectorAll(".why .part.dense :is(input, button)")].filter(e => !e.hidden).length`); n != 0 {
		t.Error("the bar can be moved")
	}
	p.accessibleInBoth("why")
	p.look("why")
	// A term switched off leaves the dense part as it is.
	eval[bool](p, `(document.querySelector(".why .part:not(.dense) .off").click(), true)`)
	p.wait("the term to be off", `document.querySelector(".why .part:not(.dense) .product")?.textContent === "off"`)
	if now := eval[string](p, `document.querySelector(".why .part.dense .product")?.textContent ?? ""`); now != "" && strings.TrimLeft(now, "+−") != fmt.Sprintf("%.2f", max(got[2], -got[2])) {
		t.Errorf("with a term off the dense part is %s, before %v", now, got[2])
	}
}

// A visitor's own documents are read by the dense encoder on request; a run that is
// stopped, or cut off, goes on; files that are added later are read alone.
func TestDenseVectorsOfOnesOwnDocuments(t *testing.T) {
	// As slow as a real encoder, which takes a slice of 30 ms for a passage or less.
	p := open(t, denseWith(t, "files-worker.js", "ask(p, 'embed', { ms: 30 })", "(await new Promise(done => setTimeout(done, 60)), ask(p, 'embed', { ms: .1 }))")).ready()
	p.openDocuments()
	p.wait("the offer", `/Also read them for better answers \(slower/.test(document.querySelector(".also")?.innerText)`)
	p.accessibleInBoth("the offer")
	p.give("#pick-files", filepath.Join(write(t, "books", map[string]string{"lighthouse.txt": book(150)}), "lighthouse.txt"))
	p.encoded("lighthouse")
	facts := row("lighthouse") + `.querySelector(".facts").textContent`
	p.act("lighthouse", "Read for better answers")
	p.wait("progress", `/^[1-9]\d* of .* read for better answers, [\d.]+ a second/.test(`+facts+`)`)
	p.act("lighthouse", "Cancel")
	p.wait("the end", `/; \d+ read for better answers/.test(`+facts+`)`)
	first := eval[int](p, `+`+facts+`.match(/; (\d+) read/)[1]`)
	p.look("own-stopped")
	p.do(chromedp.Reload())
	p.ready().openDocuments()
	if again := eval[int](p, `+`+facts+`.match(/; (\d+) read/)[1]`); again != first {
		t.Errorf("after the reload %d passages are read, %d were before", again, first)
	}
	p.act("lighthouse", "Go on reading for better answers")
	read := func(title string) {
		t.Helper()
		p.wait("all to be read", `/, read for better answers$/.test(`+row(title)+`?.querySelector(".facts").textContent)`)
	}
	read("lighthouse")
	if got := p.text(".also"); !strings.Contains(got, "passages a second, ") {
		t.Errorf("afterwards the offer says %q", got)
	}
	p.look("own-read")
	p.accessibleInBoth("all read")

	// The vectors equal those that the command line makes.
	at, zip := p.exported("lighthouse")
	_, store, err := collection.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	encoders, err := collection.OpenEncoders(withDense.models)
	if err != nil {
		t.Fatal(err)
	}
	enc, err := encoders.Dense()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(zip, denseVectors(t, enc.Sentence, store)) { // files are stored in it as they are
		t.Error("the archive holds other dense vectors than those of the command line")
	}

	// Searched with both, and after a reload.
	eval[bool](p, `(`+row("lighthouse")+`.querySelector("input[type=radio]").click(), true)`)
	p.press(kb.Escape)
	p.ask("who saw the whale?")
	p.stands("on")
	both := `document.querySelector(".read > span")?.textContent.includes("both vectors")`
	p.wait("both vectors", both)
	p.do(chromedp.Reload())
	p.ready()
	p.stands("on")
	p.wait("both vectors after the reload", both)

	// A file more: only that is read.
	p.openDocuments()
	p.expect("user activation")
	p.act("lighthouse", "Add files")
	p.give("#pick-more", filepath.Join(write(t, "added", map[string]string{"bees.txt": "The hive stands under the old cherry."}), "bees.txt"))
	p.wait("a passage more", `+`+facts+`.match(/^([\d,]+)/)[1].replace(",", "") === `+fmt.Sprint(store.Len()+1))
	read("lighthouse")

	// At once, where that was wished; an archive brings its vectors along.
	eval[bool](p, `(document.querySelector("#also-dense").checked = true)`)
	p.give("#pick-folder", write(t, "garden", garden))
	read("garden")
	p.give("#pick-files", at)
	p.wait("the archive", `[...document.querySelectorAll("#documents-panel li .facts")].filter(e => /read for better answers$/.test(e.textContent)).length === 3`)
}

// nativeDense is native with the dense stage over withDense's collection and, where the
// family's dense encoder has one, its reader.
func nativeDense(t testing.TB, models string) *answer.Engine {
	t.Helper()
	e := native(t, models, "")
	encoders, err := collection.OpenEncoders(models)
	if err != nil {
		t.Fatal(err)
	}
	d, err := encoders.Dense()
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := os.ReadFile(filepath.Join(withDense.collection, gathering.DenseFile))
	if err != nil {
		t.Fatal(err)
	}
	v, err := gathering.JoinDense(vectors, e.Passages)
	if err == nil {
		err = e.SetDense(d.Sentence, v)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir, err := encoders.DenseFolder(false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := collection.OpenReader(dir, d)
	if err == nil {
		err = e.SetReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}
