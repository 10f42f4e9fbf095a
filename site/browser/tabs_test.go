package browser

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"parley/site/collection"
	"parley/site/serve"
)

// second opens another tab of the same visitor: with the same storage, and watched.
func (p *page) second() *page {
	p.t.Helper()
	q := &page{t: p.t, url: p.url, workers: p.workers}
	ctx, cancel := chromedp.NewContext(p.ctx, chromedp.WithListener(q.listen))
	q.ctx = ctx
	p.t.Cleanup(func() {
		q.finish()
		cancel()
	})
	q.do(media("light"))
	return q
}

// Of two tabs on one collection one writes, the other shows what it does; whatever both
// are told to do at the same time, a passage keeps its own vector.
func TestTwoTabsOnOneCollection(t *testing.T) {
	s := shipped(t)
	a := open(t, s).ready()
	b := a.second()
	b.navigate(s.url())
	b.ready().openDocuments()
	a.openDocuments()
	dir := write(t, "books", map[string]string{"lighthouse.txt": book(100)})
	a.give("#pick-files", filepath.Join(dir, "lighthouse.txt"))
	b.wait("the other tab's work", `/In another tab: [1-9]\d* of \d+.passages encoded/.test(`+row("lighthouse")+`?.innerText)`)
	if b.eval(verb("lighthouse", "Go on")) || b.eval(verb("lighthouse", "Add files")) {
		t.Error("a second writer is offered")
	}
	b.act("lighthouse", "Cancel")
	a.wait("the end", `/Stopped after/.test(`+row("lighthouse")+`.innerText)`)
	b.wait("the end", `/Stopped after/.test(`+row("lighthouse")+`.innerText)`)

	// Told to go on at once, one does.
	for _, p := range []*page{a, b} {
		p.wait("the button", verb("lighthouse", "Go on"))
	}
	go_on := verb("lighthouse", "Go on") + ".click()"
	for _, p := range []*page{a, b} {
		p.do(chromedp.Evaluate[chromedp.Void]("setTimeout(() => { " + go_on + " }, 300)"))
	}
	a.encoded("lighthouse")
	b.encoded("lighthouse")
	out := indexed(t, dir, "lighthouse")
	a.ownVectors("lighthouse", out)
	b.ownVectors("lighthouse", out)

	of := func(p *page) int {
		return eval[int](p, passagesOf("lighthouse"))
	}
	before := of(a)
	// Files are added in both at once: one is told to wait, and can do it afterwards.
	added := write(t, "added", map[string]string{"bees.txt": "The hive stands under the old cherry.", "tools.txt": "The spade was lent to Rosa."})
	for _, p := range []*page{a, b} {
		p.expect("user activation")
		p.act("lighthouse", "Add files")
	}
	// A claim takes the browser a moment: the tabs' jobs must overlap.
	slow := `(() => { const { request } = LockManager.prototype; LockManager.prototype.request = function (name, o, f) {
		return request.call(this, name, o, f && (async l => { await new Promise(f => setTimeout(f, 1500)); return f(l); })); }; return true; })()`
	eval[bool](a, slow)
	done := make(chan bool)
	go func() {
		a.give("#pick-more", filepath.Join(added, "bees.txt"))
		close(done)
	}()
	b.give("#pick-more", filepath.Join(added, "tools.txt"))
	<-done
	refused := `/Nothing was added: another tab is at work on it/.test(` + row("lighthouse") + `.innerText)`
	more := passagesOf("lighthouse") + ` > ` + fmt.Sprint(before)
	for _, p := range []*page{a, b} {
		p.wait("a word on what was added", refused+" || "+more)
	}
	for _, p := range []*page{a, b} {
		p.wait("what was added", more)
	}
	first, want := of(a), before+1
	if b.eval(refused) == a.eval(refused) {
		want++ // one after the other
	}
	if first != want || of(b) != want {
		t.Errorf("after adding in both %d and %d passages are there, want %d", first, of(b), want)
	}

	// Deleted in one tab while the other encodes, it is gone.
	dir = write(t, "more", map[string]string{"harbour.txt": book(400)})
	a.give("#pick-files", filepath.Join(dir, "harbour.txt"))
	b.wait("the other tab's work", `/In another tab: [1-9]/.test(`+row("harbour")+`?.innerText)`)
	b.look("elsewhere")
	b.do(chromedp.EmulateViewport(390, 860))
	b.accessible("another tab's work")
	b.act("harbour", "Delete")
	for _, p := range []*page{a, b} {
		p.wait("it to be gone", "!"+row("harbour"))
	}
	a.press(kb.Escape)
	a.wait("the end of the work", `document.querySelector("#documents").textContent === "Documents"`)
	for _, p := range []*page{a, b} {
		p.do(chromedp.Reload())
		p.ready().openDocuments()
		if p.eval(row("harbour")) || !p.eval(row("lighthouse")) {
			t.Error("after a reload other collections are there")
		}
	}
	if left := eval[[]string](a, `(async () => {
		`+openStorage+`
		const get = (store, what) => new Promise(done => { db.transaction(store).objectStore(store)[what]().onsuccess = e => done(e.target.result); });
		const ids = (await get("collections", "getAllKeys"));
		return (await get("files", "getAllKeys")).filter(([id]) => id && !ids.includes(id)).map(String);
	})()`); len(left) > 0 {
		t.Errorf("of what was deleted there is still %q", left)
	}
}

// ownVectors exports a collection, and fails the test where a passage has not the vector
// that it has in a collection which the command line made.
func (p *page) ownVectors(title, made string) {
	t := p.t
	t.Helper()
	at, _ := p.exported(title)
	x, store, err := collection.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	y, texts, err := collection.Open(made)
	if err != nil {
		t.Fatal(err)
	}
	if x.Docs() != y.Docs() || x.Docs() != store.Len() {
		t.Fatalf("%d passages, want %d", x.Docs(), y.Docs())
	}
	own := map[string]string{}
	for i, v := range y.Vectors() {
		own[texts.At(i).Text] = fmt.Sprint(v)
	}
	wrong := 0
	for i, v := range x.Vectors() {
		if own[store.At(i).Text] != fmt.Sprint(v) {
			wrong++
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d passages have another's vector", wrong, x.Docs())
	}
}

// alone makes a page know nothing of other tabs: neither locks nor messages.
func (p *page) alone() *page {
	p.t.Helper()
	return p.before(`Object.defineProperty(navigator, "locks", { value: undefined }); window.BroadcastChannel = undefined;`)
}

// Where tabs cannot hear of each other, the database keeps them apart: who is no longer
// the writer writes nothing.
func TestAWriterThatLostItsClaim(t *testing.T) {
	s := shipped(t)
	a := blank(t, s).alone()
	a.navigate(s.url())
	a.ready().openDocuments()
	dir := write(t, "books", map[string]string{"lighthouse.txt": book(200)})
	a.give("#pick-files", filepath.Join(dir, "lighthouse.txt"))
	a.wait("the first vectors", `/can be searched/.test(`+row("lighthouse")+`?.innerText)`)
	b := a.second().alone()
	b.navigate(s.url())
	b.ready().openDocuments()
	b.act("lighthouse", "Go on")
	a.wait("to be told", `/It stopped: another tab has taken it over/.test(`+row("lighthouse")+`?.innerText)`)
	b.encoded("lighthouse")
	b.ownVectors("lighthouse", indexed(t, dir, "lighthouse"))

	// Deleted elsewhere, it does not come back.
	b.give("#pick-files", filepath.Join(write(t, "more", map[string]string{"harbour.txt": book(400)}), "harbour.txt"))
	b.wait("the first vectors", `/can be searched/.test(`+row("harbour")+`?.innerText)`)
	a.do(chromedp.Reload())
	a.ready().openDocuments()
	a.act("harbour", "Delete")
	b.wait("it to be gone", "!"+row("harbour"))
	b.do(chromedp.Reload())
	b.ready().openDocuments()
	if b.eval(row("harbour")) {
		t.Error("what was deleted is back")
	}
}

// eval gives the truth of an expression.
func (p *page) eval(js string) bool {
	p.t.Helper()
	return eval[bool](p, "!!("+js+")")
}

// openStorage opens the database of the page's site, as db.
const openStorage = `const { name } = (await indexedDB.databases()).find(d => d.name.startsWith("parley"));
		const db = await new Promise((done, fail) => { const r = indexedDB.open(name); r.onsuccess = () => done(r.result); r.onerror = fail; });`

// What was deleted can be brought back, in all tabs, until the panel closes; then, or when
// the tab is closed, it is erased.
func TestADeletedCollectionIsBroughtBack(t *testing.T) {
	kept := `(async () => {
		` + openStorage + `
		const get = store => new Promise(done => { const r = db.transaction(store).objectStore(store).getAllKeys(); r.onsuccess = () => done(r.result.filter(key => key[0] !== "").length); });
		const n = await get("collections") + await get("files");
		db.close();
		return n;
	})()`
	erased := `(async () => { for (let i = 0; i < 500; i++) if (await ` + kept + ` === 0) return true; else await new Promise(f => setTimeout(f, 20)); return false; })()`
	s := shipped(t)
	a := open(t, s).ready().openDocuments()
	a.give("#pick-folder", write(t, "garden", garden))
	a.encoded("garden")
	b := a.second()
	b.navigate(s.url())
	b.ready().openDocuments()

	a.tab(false, "Delete", `e.textContent === "Delete garden"`)
	a.press(kb.Enter)
	a.wait("Undo to have the focus", `document.activeElement.textContent === "Undo" && document.querySelector(".undone").innerText.includes("garden was deleted")`)
	a.wait("it to be said", `document.querySelector("#documents-panel [role=status]").textContent.includes("garden was deleted")`)
	for _, p := range []*page{a, b} {
		p.wait("it to be gone", "!"+row("garden"))
	}
	a.accessible("with Undo")
	a.look("undo")
	a.press(kb.Enter)
	a.wait("it to be back, with the focus", row("garden")+`?.contains(document.activeElement)`)
	b.wait("it to be back", verb("garden", "Add files"))
	a.wait("it to be searched in", row("garden")+`.querySelector("input").checked`)
	a.press(kb.Escape)
	if got := a.ask("where is the spade?"); !strings.Contains(got.Quote, "shed") {
		t.Errorf("brought back, it answers %+v", got)
	}

	// A tab that is opened meanwhile leaves it to the one that can undo it.
	b.act("garden", "Delete")
	b.wait("Undo", `!document.querySelector(".undone").hidden`)
	a.do(chromedp.Reload())
	a.ready().openDocuments()
	if a.eval(row("garden")) {
		t.Error("another tab shows what was deleted")
	}
	eval[bool](b, `(document.querySelector(".undone button").click(), true)`)
	a.wait("it to be back", row("garden"))
	b.act("garden", "Delete")
	b.wait("Undo", `!document.querySelector(".undone").hidden`)
	if n := eval[int](b, kept); n == 0 {
		t.Error("it is erased while it can be brought back")
	}
	b.press(kb.Escape)
	if !eval[bool](b, erased) {
		t.Error("it is kept when the panel is closed")
	}

	// A mark that is left behind is heeded at the next visit.
	a.give("#pick-folder", write(t, "garden", garden))
	a.encoded("garden")
	eval[bool](a, `(async () => {
		`+openStorage+`
		const t = db.transaction("collections", "readwrite"), s = t.objectStore("collections");
		s.getAll().onsuccess = e => s.put({ ...e.target.result[0], deleted: 1 });
		await new Promise(done => { t.oncomplete = done; });
		db.close();
		return true;
	})()`)
	a.do(chromedp.Reload())
	a.ready().openDocuments()
	if a.eval(row("garden")) {
		t.Error("what was deleted is back after a reload")
	}
	if !eval[bool](a, erased) {
		t.Error("what was marked as deleted is kept")
	}
}

// Where the other tab is closed in the middle, its work can be gone on with.
func TestATabThatIsClosedLetsGo(t *testing.T) {
	s := shipped(t)
	b := open(t, s).ready().openDocuments()
	a := b.second()
	a.navigate(s.url())
	a.ready().openDocuments()
	a.give("#pick-files", filepath.Join(write(t, "books", map[string]string{"lighthouse.txt": book(400)}), "lighthouse.txt"))
	b.wait("the other tab's work", `/In another tab: [1-9]/.test(`+row("lighthouse")+`?.innerText)`)
	a.navigate("about:blank")
	b.wait("what was done", `/Stopped after/.test(`+row("lighthouse")+`.innerText)`)
	b.act("lighthouse", "Go on")
	b.wait("more", `/^\d+ of \d+.passages encoded/.test(`+row("lighthouse")+`.querySelector(".facts").innerText)`)
	b.act("lighthouse", "Cancel")
	b.wait("the end", verb("lighthouse", "Delete"))
}

// sites serves folders under paths of one origin.
func sites(t *testing.T, at map[string]http.Handler) *server {
	t.Helper()
	mux := http.NewServeMux()
	for path, h := range at {
		mux.Handle(path, http.StripPrefix(strings.TrimSuffix(path, "/"), h))
	}
	return newServer(t, mux)
}

// Two sites of one origin know nothing of each other.
func TestTwoSitesOfOneOrigin(t *testing.T) {
	s := sites(t, map[string]http.Handler{
		"/a/": serve.Handler(publishRelease(t, version(t, "one"))), "/b/": serve.Handler(publishRelease(t, version(t, "two")))})
	a := blank(t, s)
	a.expect("favicon.ico") // which a page that names no icon is asked for
	a.navigate(s.url() + "a/LICENSE")
	// What an earlier version has kept there, for both.
	eval[bool](a, `(async () => {
		const parley = trustedTypes.createPolicy("parley", { createScriptURL: s => s }); // as the policy of the page demands
		await navigator.serviceWorker.register(parley.createScriptURL("/b/sw.js"));
		localStorage.setItem("parley.theme", "dark");
		for (const [name, path] of [["parley-files", "/a/app/x.js"], ["parley-files", "/b/app/x.js"], ["parley-page-0", "/a/index.html"]])
			await (await caches.open(name)).put(path, new Response(path));
		const db = await new Promise((done, fail) => {
			const r = indexedDB.open("parley", 1);
			r.onupgradeneeded = () => { r.result.createObjectStore("collections", { keyPath: "id" }); r.result.createObjectStore("files"); };
			r.onsuccess = () => done(r.result);
			r.onerror = fail;
		});
		const t = db.transaction(["collections", "files"], "readwrite");
		t.objectStore("collections").put({ id: "x", title: "Letters", created: 1, passages: 1, total: 2, bytes: 3, whole: false });
		for (const name of ["index.bin", "passages.bin", "all", "vectors/0"]) t.objectStore("files").put(new ArrayBuffer(1), ["x", name]);
		await new Promise(done => { t.oncomplete = done; });
		db.close();
		return true;
	})()`)
	a.navigate(s.url() + "a/")
	a.ready().installed()
	if theme := eval[string](a, "document.documentElement.dataset.theme"); theme != "dark" {
		t.Errorf("the colours are %q", theme)
	}
	a.openDocuments()
	if !a.eval(row("Letters")) {
		t.Error("what an earlier version has kept is lost")
	}
	a.give("#pick-folder", write(t, "garden", garden))
	a.encoded("garden")
	a.press(kb.Escape)
	a.ask("where is the spade?")

	b := a.second()
	b.navigate(s.url() + "b/")
	b.ready().installed()
	if n := len(b.turns()); n != 0 {
		t.Errorf("%d turns of the other site", n)
	}
	b.openDocuments()
	if b.eval(row("garden")) || !b.eval(row("Letters")) {
		t.Error("the other site's documents are there, or what an earlier version had for both is not")
	}
	b.act("Letters", "Delete")
	b.wait("it to be gone", "!"+row("Letters"))
	b.press(kb.Escape)
	b.click("#theme")
	caches := `(async () => { const all = []; for (const name of await caches.keys()) for (const r of await (await caches.open(name)).keys()) all.push(name + " " + new URL(r.url).pathname); return all; })()`
	for _, entry := range eval[[]string](b, caches) {
		if strings.HasPrefix(entry, "parley-") {
			t.Errorf("left of an earlier version: %s", entry)
		}
		if of := entry[len("parley "):][:3]; !strings.Contains(entry[10:], of) {
			t.Errorf("%s is in another site's cache", entry)
		}
	}

	// A file that was thrown away is fetched again.
	const lost = "icon-512.png"
	gone := eval[bool](b, `caches.keys().then(names => caches.open(names.find(n => n.startsWith("parley /b/ page ")))).then(c => c.delete("/b/icon-512.png"))`)
	kept := `caches.match("/b/icon-512.png").then(r => !!r)`
	if !gone || eval[bool](b, kept) {
		t.Fatalf("%s was not kept", lost)
	}
	s.spoil("/b/"+lost, missing)
	b.expect("404")
	b.do(chromedp.Reload())
	b.ready0()
	b.wait("to be told that it needs the network", `/needs the network/.test(document.querySelector("#offline").textContent)`)
	s.heal()
	b.do(chromedp.Reload())
	b.ready().installed()
	if !eval[bool](b, kept) {
		t.Errorf("%s is not there again", lost)
	}

	// Both work without a network.
	s.stop()
	for _, p := range []*page{a, b} {
		p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")
		p.do(chromedp.Reload())
		p.ready()
	}
	if got := a.versions() + ", " + b.versions(); got != "one one one, two two two" {
		t.Errorf("offline: %q", got)
	}
	if got := a.settled(1); !strings.Contains(got[0].Quote, "shed") || len(b.turns()) != 0 {
		t.Errorf("offline: %+v", got)
	}
	if theme := eval[string](a, "document.documentElement.dataset.theme"); theme != "dark" {
		t.Errorf("the other site's colours are here: %q", theme)
	}
}

// A full disk keeps no one from deleting, and what is deleted makes room.
func TestDeletingAfterStorageWasFull(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready().openDocuments()
	p.give("#pick-folder", write(t, "garden", garden))
	p.encoded("garden")
	// As Chromium ends a transaction for which there is no room.
	eval[bool](p, `(() => {
		const { put } = IDBObjectStore.prototype, full = new Set();
		const { get } = Object.getOwnPropertyDescriptor(IDBTransaction.prototype, "error");
		Object.defineProperty(IDBTransaction.prototype, "error", { get() { return full.has(this) ? new DOMException("full", "QuotaExceededError") : get.call(this); } });
		IDBObjectStore.prototype.put = function (...args) {
			const t = this.transaction;
			if (!full.has(t)) queueMicrotask(() => t.abort());
			full.add(t);
			return put.apply(this, args);
		};
		window.testRoom = () => { IDBObjectStore.prototype.put = put; };
		return true;
	})()`)
	p.give("#pick-files", filepath.Join(write(t, "notes", map[string]string{"heron.txt": "On Monday the heron came."}), "heron.txt"))
	p.encoded("heron")
	p.wait("to be told", `/no more room/.test(document.querySelector("#forgetful").textContent)`)
	// What cannot be deleted is told, and stays.
	eval[bool](p, `(() => { const f = IDBObjectStore.prototype.delete; window.testDelete = () => { IDBObjectStore.prototype.delete = f; };
		IDBObjectStore.prototype.delete = () => { throw new Error("the disk is broken"); }; return true; })()`)
	p.act("garden", "Delete")
	p.wait("to be told of the failure", `/It was not deleted: the disk is broken/.test(`+row("garden")+`?.innerText)`)
	eval[bool](p, `(testDelete(), testRoom(), true)`)
	p.act("garden", "Delete")
	p.wait("it to be gone", "!"+row("garden"))
	p.wait("the rest to be kept", `!document.querySelector("#forgetful").textContent`)
	p.do(chromedp.Reload())
	p.ready().openDocuments()
	if p.eval(row("garden")) || !p.eval(row("heron")) {
		t.Errorf("after a reload: %s", p.text("#documents-panel .collections"))
	}
}

// A tab that was open when another changed to a new version goes on with what it began
// with, says so, and reloads when it is told to, also by the button that it had before.
func TestATabAcrossADeploy(t *testing.T) {
	s := serveFolder(t, publishRelease(t, version(t, "one")))
	a := open(t, s).ready().installed()
	two := version(t, "two")
	two.collection = indexed(t, write(t, "garden", garden), "Garden")
	s.swap(publishRelease(t, two))
	b := a.second()
	b.navigate(s.url())
	for _, p := range []*page{a, b} {
		p.do(chromedp.Reload())
		p.wait("the offer", `document.querySelector("#status").dataset.state === "update"`)
	}
	a.expect("404")
	b.clickSteady("#status-button")
	b.wait("the new version", `document.documentElement.dataset.version === "two"`)
	b.ready()
	a.wait("to be told", `/Another tab has changed to a new version/.test(document.querySelector("#status-text").textContent)`)
	a.look("changed")
	if got := a.ask("When was the Eiffel Tower built?"); got.Source != "Eiffel Tower" {
		t.Errorf("the old page answers %+v", got)
	}
	// The programs that it loads now are of the new version: it does not mix them.
	eval[bool](a, `(document.querySelector("#documents").click(), true)`)
	a.wait("what became of the panel", `/could not be loaded/.test(document.querySelector("#said").textContent) || document.querySelector("#documents-panel")?.open`)
	if a.eval(`document.querySelector("#documents-panel")?.open`) {
		a.give("#pick-files", filepath.Join(write(t, "notes", map[string]string{"heron.txt": "On Monday the heron came."}), "heron.txt"))
		a.wait("a refusal", `/not that of this version|could not be started|404/.test(`+row("heron")+`?.innerText)`)
		a.press(kb.Escape)
	}
	a.clickSteady("#status-button")
	a.wait("the new version", `document.documentElement.dataset.version === "two"`)
	if got := a.ready().versions(); got != "two two two" {
		t.Errorf("after the reload: %q", got)
	}
}

// The button that was there before another tab pressed its own is not dead.
func TestTheButtonOfASecondTab(t *testing.T) {
	s := serveFolder(t, publishRelease(t, version(t, "one")))
	a := open(t, s).ready().installed()
	s.swap(publishRelease(t, version(t, "two")))
	a.do(chromedp.Reload())
	a.wait("the offer", `document.querySelector("#status").dataset.state === "update"`)
	eval[bool](a, `(window.testButton = document.querySelector("#status-button").onclick, true)`)
	b := a.second()
	b.navigate(s.url())
	b.wait("the offer", `document.querySelector("#status").dataset.state === "update"`)
	b.click("#status-button")
	b.wait("the new version", `document.documentElement.dataset.version === "two"`)
	eval[bool](a, `(setTimeout(testButton), true)`)
	a.wait("the new version", `document.documentElement.dataset.version === "two"`)
	a.ready()
}

// Without a service worker, a page whose files were replaced says what to do, and what is
// loaded already goes on.
func TestADeployWithoutAServiceWorker(t *testing.T) {
	s := serveFolder(t, publishRelease(t, version(t, "one")))
	s.spoil("sw.js", missing)
	p := blank(t, s)
	p.expect("404", "sw.js", "integrity") // of the answer that the file is not there
	p.navigate(s.url())
	p.ready()
	two := version(t, "two")
	two.files["documents.js"] = "'use strict';"
	two.collection = indexed(t, write(t, "garden", garden), "Garden")
	s.swap(publishRelease(t, two))
	p.click("#documents")
	p.wait("to be told", `/A new version was published/.test(document.querySelector("#status-text").textContent)`)
	if got := p.ask("When was the Eiffel Tower built?"); got.Source != "Eiffel Tower" {
		t.Errorf("the old page answers %+v", got)
	}
	p.click("#status-button")
	p.wait("the new version", `document.documentElement.dataset.version === "two"`)
}

// A page whose list of files is another version's does not take it.
func TestAnotherVersionsListOfFilesIsRefused(t *testing.T) {
	two := version(t, "two")
	two.collection = indexed(t, write(t, "garden", garden), "Garden")
	other := serve.Handler(publishRelease(t, two))
	s := shipped(t)
	s.spoil("site.json", func(w http.ResponseWriter, r *http.Request, _ http.Handler) { other.ServeHTTP(w, r) })
	p := open(t, s)
	if text := p.failed(); !strings.Contains(text, "site.json") || !strings.Contains(text, "not that of this version") {
		t.Errorf("the message is %q", text)
	}
	s.heal()
	p.click("#status-button")
	if got := p.ready().ask("When was the Eiffel Tower built?"); got.Source != "Eiffel Tower" {
		t.Errorf("after the retry: %+v", got)
	}
}

// Ten megabytes without the end of a sentence or a word are read; and where a program
// fails all the same, the page says at what, and has another.
func TestAProgramThatFailsAtAFile(t *testing.T) {
	_, app := build(t)
	const calling = "return exchange(...args);"
	failing := strings.Replace(string(app["files-worker.js"]), calling,
		"if (String(args[2]).includes('abyss')) { const fall = n => 1 + fall(n + 1); fall(0); } "+calling, 1)
	if failing == string(app["files-worker.js"]) {
		t.Fatalf("files-worker.js holds no %s", calling)
	}
	s := serveFolder(t, publishRelease(t, release{files: map[string]string{"files-worker.js": failing}}))
	p := open(t, s).ready().openDocuments()
	dir := write(t, "files", map[string]string{"abyss.txt": "It looks back.", "heron.txt": "On Monday the heron came.", "letters.txt": strings.Repeat(strings.Repeat("a", 999)+" ", 10<<20/1000)})
	p.give("#pick-files", filepath.Join(dir, "abyss.txt"))
	p.wait("to be told", `/It was not made: the program failed while it was reading abyss\.txt/.test(`+row("abyss")+`?.innerText)`)
	p.give("#pick-files", filepath.Join(dir, "heron.txt"))
	p.encoded("heron")
	p.give("#pick-files", filepath.Join(dir, "letters.txt"))
	p.encoded("letters")
	if n := eval[int](p, passagesOf("letters")); n < 10 {
		t.Errorf("ten megabytes became %d passages", n)
	}
}
