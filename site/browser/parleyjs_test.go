package browser

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	settings "parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/passages"
	"parley/site/collection"
	"parley/site/publish"
)

// seen is what site/parleyjs/testdata/use.js returns where all is well.
var seen = map[string]any{
	"about":     []any{"Wikipedia's vital articles and the World Factbook", 12297.0, true},
	"loaded":    true,
	"reply":     "The design of the tower was by Maurice Koechlin",
	"fits":      true,
	"confident": true,
	"read":      []any{0.0, 1.0},
	"cost":      true,
	"terms":     true,
	"sums":      true,
	"without":   []any{false, 2.0, true},
	"levels":    []any{"undistilled", "distilled", "2x", "4x", "8x"},
	"sparser":   true,
	"aborted":   []any{"the visitor left", 2.0},
	"goesOn":    true,
	"level":     "2x",
	"garden":    []any{"Garden", 3.0, 3.0, 0.0, []any{"encode", "read"}},
	"own":       []any{"Compost needs air – turn it once a week, and keep it moist.", "https://example.org/garden/compost#air"},
	"other":     "Eiffel Tower",
	"more":      []any{4.0, "The tap is left of the gate."},
	"late":      "too late",
	"nothing":   "there are no documents to index",
	"empty":     []any{"ParleyError", "index"},
	"damaged":   []any{"ParleyError", true},
	"back":      12297.0,
	"closed":    []any{"ParleyError", "closed"},
}

// isSeen compares what use.js returned.
func isSeen(t *testing.T, where string, got map[string]any) {
	t.Helper()
	if s, ok := got["size"].(float64); !ok || s < 1e6 {
		t.Errorf("%s: size: %v", where, got["size"])
	}
	if reply, _ := got["reply"].(string); !strings.Contains(reply, "designed") {
		t.Errorf("%s: reply: %q", where, reply)
	}
	if source := fmt.Sprint(got["source"]); !strings.Contains(source, "Eiffel") || !strings.Contains(source, "https://") {
		t.Errorf("%s: source: %s", where, source)
	}
	for name, want := range seen {
		if name != "reply" && !reflect.DeepEqual(got[name], want) {
			t.Errorf("%s: %s: %v, wanted %v", where, name, got[name], want)
		}
	}
}

// thePackage makes site/parleyjs/parley.js, as npm pack does.
func thePackage(t *testing.T) (path string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no Node on the PATH (node); `make browser` installs it where it can")
	}
	root, app := build(t)
	if out, err := exec.Command("node", filepath.Join(root, "site", "parleyjs", "join.mjs")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	path = filepath.Join(root, "site", "parleyjs", "parley.js")
	content, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(content, app["parley-api.js"]) {
		t.Fatalf("the package's script is not that of a built folder (%v)", err)
	}
	return path
}

func inNode(t *testing.T, args ...string) []byte {
	t.Helper()
	root, _ := build(t)
	c := exec.Command("node", append([]string{filepath.Join(root, "site", "parleyjs", "testdata", "node.js")}, args...)...)
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if said.Len() > 0 {
		t.Errorf("Node complains: %s", said.String())
	}
	return out
}

// altered returns a published folder with some files changed, whose names are given as
// patterns; what is changed to "" is removed. The other files are links.
func altered(t *testing.T, folder string, files map[string]func(string) string) string {
	t.Helper()
	dir := t.TempDir()
	for _, pattern := range []string{"*", "app/*", "data/*"} {
		names, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range names {
			name, _ := filepath.Rel(folder, from)
			if info, err := os.Stat(from); err != nil || info.IsDir() {
				continue
			}
			to := filepath.Join(dir, name)
			err := os.MkdirAll(filepath.Dir(to), 0o777)
			if err == nil {
				err = os.Symlink(from, to)
			}
			for pattern, change := range files {
				if ok, _ := filepath.Match(pattern, name); !ok || err != nil {
					continue
				}
				var content []byte
				if content, err = os.ReadFile(from); err == nil {
					err = os.Remove(to)
				}
				if now := change(string(content)); err == nil && now != "" {
					err = os.WriteFile(to, []byte(now), 0o666)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// In Node the module does all that it does in a page, from a folder on the disk, and says
// what is wrong with a folder.
func TestParleyInNode(t *testing.T) {
	path := thePackage(t)
	folder := publishFolder(t, release{})
	var got map[string]any
	if err := json.Unmarshal(inNode(t, path, folder), &got); err != nil {
		t.Fatal(err)
	}
	isSeen(t, "Node", got)
	if s := fmt.Sprint(got["storage"]); !strings.Contains(s, "storage") || !strings.Contains(s, "Node has no IndexedDB") {
		t.Errorf("storage in Node: %s", s)
	}

	description, err := os.ReadFile(filepath.Join(folder, "parley.json"))
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile(`"script": \["(app/worker[^"]*)", "([^"]*)"`).FindStringSubmatch(string(description))
	js, err := os.ReadFile(filepath.Join(folder, script[1]))
	if err != nil {
		t.Fatal(err)
	}
	const probe = "const simd = WebAssembly.validate("
	slow := strings.Replace(string(js), probe, "const simd = false && WebAssembly.validate(", 1)
	sum := sha256.Sum256([]byte(slow))
	withoutSIMD := map[string]func(string) string{
		"app/worker.*.js": func(string) string { return slow },
		"parley.json": func(s string) string {
			return strings.Replace(s, script[2], "sha256-"+base64.StdEncoding.EncodeToString(sum[:]), 1)
		},
	}
	remove := func(string) string { return "" }
	flip := func(s string) string { return s[:len(s)/2] + string(s[len(s)/2]^1) + s[len(s)/2+1:] }
	api := func(n string) func(string) string {
		return func(s string) string { return strings.Replace(s, `"api": 1`, `"api": `+n, 1) }
	}
	type load struct {
		Base    string `json:"base"`
		Level   string `json:"level,omitempty"`
		Sum     string `json:"integrity,omitempty"`
		Without string `json:"without,omitempty"`
	}
	cases := []struct {
		what, stage, file, says string
		load                    load
	}{
		{"a wrong base", "download", "parley.json", "a folder that `parley build` wrote?", load{Base: filepath.Join(folder, "elsewhere")}},
		{"a page for every address", "open", "parley.json", "is not JSON", load{Base: altered(t, folder, map[string]func(string) string{"parley.json": func(string) string { return "<!doctype html>" }})}},
		{"a folder built before", "version", "parley.json", "build the folder again", load{Base: altered(t, folder, map[string]func(string) string{"parley.json": remove})}},
		{"an older package", "version", "parley.json", "update the package", load{Base: altered(t, folder, map[string]func(string) string{"parley.json": api("2")})}},
		{"another parley.json", "download", "parley.json", "not what `integrity` says", load{Base: folder, Sum: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}},
		{"no script", "download", "worker.js", "no such file", load{Base: altered(t, folder, map[string]func(string) string{"app/worker.*.js": remove})}},
		{"an altered script", "verify", "worker.js", "SHA-256", load{Base: altered(t, folder, map[string]func(string) string{"app/worker.*.js": flip})}},
		{"no program", "download", "worker", "no such file", load{Base: altered(t, folder, map[string]func(string) string{"app/worker.*.wasm": remove})}},
		{"an altered program", "verify", "kernel", "SHA-256", load{Base: altered(t, folder, map[string]func(string) string{"app/kernel*.wasm": flip})}},
		{"no texts", "download", "collection/passages.bin", "no such file", load{Base: altered(t, folder, map[string]func(string) string{"data/*.passages.bin": remove})}},
		{"an altered index", "verify", "collection/index.bin", "SHA-256", load{Base: altered(t, folder, map[string]func(string) string{"data/*.index.bin": flip})}},
		{"an unknown level", "open", "site.json", "its levels are undistilled, distilled, 2x, 4x, 8x", load{Base: folder, Level: "16x"}},
		{"no SIMD", "loaded", "", "twenty times as long", load{Base: altered(t, folder, withoutSIMD)}},
		{"no WebAssembly", "support", "", "This browser has no WebAssembly", load{Base: folder, Without: "WebAssembly"}},
	}
	var loads []load
	for _, c := range cases {
		loads = append(loads, c.load)
	}
	ask, _ := json.Marshal(loads)
	var errs [][3]string
	if err := json.Unmarshal(inNode(t, path, "-", string(ask)), &errs); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		if e := errs[i]; e[0] != c.stage || !strings.Contains(e[1], c.file) || !strings.Contains(e[2], c.says) {
			t.Errorf("%s: %q, wanted %s of %s: %s", c.what, e, c.stage, c.file, c.says)
		}
	}
}

var viteBundle struct {
	once   sync.Once
	folder string // what Vite wrote
	reason string // why it could not be tried
}

// bundled installs the package as its README says, and bundles an example with Vite. It
// returns Vite's folder, or the reason why this cannot be tried here.
func bundled(t *testing.T) (folder, reason string) {
	t.Helper()
	viteBundle.once.Do(func() {
		if _, err := exec.LookPath("npm"); err != nil {
			viteBundle.reason = "no npm on the PATH"
			return
		}
		thePackage(t)
		root, _ := build(t)
		source := filepath.Join(root, "site", "parleyjs")
		app := filepath.Join(built.folder, "bundled")
		run := func(dir, name string, args ...string) (string, error) {
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()
			c := exec.CommandContext(ctx, name, args...)
			c.Dir = dir
			out, err := c.CombinedOutput()
			return string(out), err
		}
		must := func(dir, name string, args ...string) {
			t.Helper()
			if out, err := run(dir, name, args...); err != nil {
				t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
			}
		}
		if err := os.CopyFS(app, os.DirFS(filepath.Join(source, "testdata", "bundled"))); err != nil {
			t.Fatal(err)
		}
		readme, err := os.ReadFile(filepath.Join(source, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		_, example, _ := strings.Cut(string(readme), "```js\n")
		example, _, _ = strings.Cut(example, "```")
		for name, text := range map[string]string{"package.json": `{"private": true, "type": "module"}`, "readme.ts": example} {
			if err := os.WriteFile(filepath.Join(app, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		must(source, "npm", "pack", "--pack-destination", built.folder)
		archives, _ := filepath.Glob(filepath.Join(built.folder, "parley.js-*.tgz"))
		must(app, "npm", append([]string{"install", "--offline", "--no-audit", "--no-fund"}, archives...)...)
		if out, err := run(app, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "vite@8.4.0", "typescript@7.0.2"); err != nil {
			viteBundle.reason = fmt.Sprintf("npm cannot install Vite and TypeScript (%v): %s", err, out)
			return
		}
		bin := filepath.Join(app, "node_modules", ".bin")
		if out, err := run(app, filepath.Join(bin, "vite"), "--version"); err != nil {
			viteBundle.reason = fmt.Sprintf("Vite does not run on this Node (%v): %s", err, out)
			return
		}
		must(app, filepath.Join(bin, "tsc"), "--strict", "--noUncheckedIndexedAccess", "--noEmit", "--target", "es2022", "--lib", "es2022,dom,dom.iterable",
			"--module", "esnext", "--moduleResolution", "bundler", "--types", "", "example.ts", "readme.ts")
		must(app, filepath.Join(bin, "vite"), "build")
		viteBundle.folder = filepath.Join(app, "dist")
	})
	return viteBundle.folder, viteBundle.reason
}

// Installed from npm's archive, type-checked and bundled by Vite, the module does in Node
// and in a page what it does without a bundler. The README's example runs as it stands.
func TestParleyBundled(t *testing.T) {
	dist, reason := bundled(t)
	if dist == "" {
		t.Skip(cmp.Or(reason, "the package could not be bundled, which another test said"))
	}
	t.Run("types", func(t *testing.T) {
		root, _ := build(t)
		read := func(name string) string {
			content, err := os.ReadFile(filepath.Join(root, "site", "parleyjs", filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			return regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`).ReplaceAllString(string(content), "")
		}
		example := read("testdata/bundled/example.ts")
		for _, m := range regexp.MustCompile(`\bexport (?:class|interface|type) (\w+)|\b(\w+)\??\s*[:(]`).FindAllStringSubmatch(read("parley.d.ts"), -1) {
			if name := m[1] + m[2]; name != "constructor" && !regexp.MustCompile(`\b`+name+`\b`).MatchString(example) {
				t.Errorf("example.ts does not use %s of parley.d.ts", name)
			}
		}
	})
	t.Run("Node", func(t *testing.T) {
		script, err := filepath.Glob(filepath.Join(dist, "assets", "index-*.js"))
		if err != nil || len(script) != 1 {
			t.Fatalf("Vite wrote %q (%v)", script, err)
		}
		c := exec.Command("node", "--input-type=module", "--eval", "await import("+quote("file://"+script[0])+"); console.log(JSON.stringify(await example("+quote(publishFolder(t, release{}))+")))")
		if out, err := c.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "[]" {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("Chromium", func(t *testing.T) {
		p := blank(t, host(t, publishFolderInChromium(t)))
		p.navigate(p.url + "bundled/")
		p.wait("the bundle", "window.example")
		if got := eval[[]string](p, `example("/search/")`); len(got) > 0 {
			t.Errorf("in Chromium: %q", got)
		}
		eval[bool](p, "readme().then(() => true)")
	})
}

// host serves a site with a policy of its own: a published folder as /search/,
// site/parleyjs/testdata as /docs/, and what Vite made of it as /bundled/.
func host(t *testing.T, folder string) *server {
	t.Helper()
	root, _ := build(t)
	mux := http.NewServeMux()
	mux.Handle("/bundled/", http.StripPrefix("/bundled", bare(os.DirFS(filepath.Join(built.folder, "bundled", "dist")))))
	mux.Handle("/search/", http.StripPrefix("/search", bare(os.DirFS(folder))))
	mux.Handle("/docs/", http.StripPrefix("/docs", bare(os.DirFS(filepath.Join(root, "site", "parleyjs", "testdata")))))
	return newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		blob := " blob:"
		if r.URL.RawQuery == "strict" {
			blob = ""
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"+blob+"; connect-src 'self'; "+
			"img-src data:; frame-src 'self'; require-trusted-types-for 'script'; trusted-types parley.js own")
		mux.ServeHTTP(w, r)
	}))
}

// In a page of any site, under a strict policy: all that it does in Node, in the page and
// in a worker; what tabs share; and what a browser may lack.
func TestParleyInAPage(t *testing.T) {
	s := host(t, publishFolderInChromium(t))
	p := blank(t, s)
	p.navigate(s.url() + "docs/page.html")
	p.wait("the module", "window.run")
	isSeen(t, "Chromium", eval[map[string]any](p, "run.use()"))
	if names := eval[[]string](p, "run.globals()"); len(names) > 0 {
		t.Errorf("it made globals: %q", names)
	}
	if got := eval[string](p, "run.stop()"); got != "enough" {
		t.Errorf("a load that was stopped: %s", got)
	}
	for js, want := range map[string][3]string{
		`run.refused({base: "/elsewhere/"})`:                  {"download", "parley.json", "404"},
		`run.refused({base: "/docs/page.html"})`:              {"download", "parley.json", "a folder that `parley build` wrote?"},
		`run.without("WebAssembly", {})`:                      {"support", "", "This browser has no WebAssembly"},
		`run.without("Worker", {base: "/search/"})`:           {"support", "", "worker-src blob:"},
		`run.refused({base: "/search/", collection: "none"})`: {"storage", "", `no collection "none" is kept here`},
	} {
		p.expect("404", "elsewhere", "docs/parley.json", "docs/site.json")
		got := eval[[3]string](p, js)
		if got[0] != want[0] || got[1] != want[1] || !strings.Contains(got[2], want[2]) {
			t.Errorf("%s: %q, wanted %q", js, got, want)
		}
	}

	strict := blank(t, s)
	strict.expect("worker-src")
	strict.navigate(s.url() + "docs/page.html?strict")
	strict.wait("the module", "window.run")
	if got := eval[[3]string](strict, `run.refused({base: "/search/"})`); got[0] != "support" || !strings.Contains(got[2], "worker-src blob:") {
		t.Errorf("under a policy without blob: %q", got)
	}

	// Two tabs.
	if n := eval[int](p, "run.open()"); n != 12297 {
		t.Errorf("without a base, it opened %d passages", n)
	}
	for _, step := range [][2]string{
		{`run.without("indexedDB")`, `this browser has no IndexedDB, or forbids it`},
		{`run.save("The spade is in the shed.")`, ``},
		{`run.find()`, `garden,The spade is in the shed.,` + s.url() + `garden#a`},
		{`run.again("The rake is there, too.")`, ``},
		{`run.save("Another garden.")`, `storage: a collection "garden" is kept already: open it, choose another name, or save with {replace: true}`},
	} {
		if got := eval[string](p, "Promise.resolve("+step[0]+").then(String)"); !strings.Contains(got, step[1]) || step[1] == "" && got != "" {
			t.Errorf("%s: %s, wanted %s", step[0], got, step[1])
		}
	}
	eval[bool](p, `(async () => { const f = document.createElement("iframe"); f.src = "page.html"; document.body.append(f);
		while (!f.contentWindow?.run) await new Promise(f => setTimeout(f, 20));
		window.other = f.contentWindow.run; await other.open(); return true; })()`)
	for _, step := range [][2]string{
		{`other.find()`, `garden,`},
		{`other.again("The hose is behind the house.")`, ``},
		{`run.again("The barrow is outside.")`, `storage: another tab has saved "garden" since it was opened here: open it again, or save with {replace: true}`},
		{`other.forget()`, `no collection "garden" is kept here`},
	} {
		if got := eval[string](p, "Promise.resolve("+step[0]+").then(String)"); !strings.Contains(got, step[1]) || step[1] == "" && got != "" {
			t.Errorf("%s: %s, wanted %s", step[0], got, step[1])
		}
	}
}

func TestParleyInAWorker(t *testing.T) {
	s := host(t, publishFolderInChromium(t))
	p := blank(t, s)
	p.navigate(s.url() + "docs/page.html")
	p.wait("the module", "window.run")
	isSeen(t, "a worker", eval[map[string]any](p, "run.worker()"))
}

func TestParleyInFirefox(t *testing.T) {
	f := startFirefox(t)
	s := host(t, publishFolder(t, release{}))
	f.navigate(s.url() + "docs/page.html")
	f.wait("the module", "window.run")
	isSeen(t, "Firefox", read[map[string]any](f, "run.use()"))
	if dist, _ := bundled(t); dist != "" {
		f.navigate(s.url() + "bundled/")
		f.wait("the bundle", "window.example")
		if got := read[[]string](f, `example("/search/")`); len(got) > 0 {
			t.Errorf("bundled, in Firefox: %q", got)
		}
	}
	f.calm()
}

// publishFolderInChromium is the folder that ships, where there is Chromium.
func publishFolderInChromium(t *testing.T) string {
	t.Helper()
	start(t)
	return publishFolder(t, release{})
}

// handbook serves what MkDocs made of testdata/handbook, with the widget in each page, as
// a theme would have it. The pages' own styles and scripts are not there.
func handbook(t *testing.T, markup string) *server {
	t.Helper()
	start(t)
	root, app := build(t)
	site := filepath.Join(root, "site", "browser", "testdata", "handbook", "site")
	dir := t.TempDir()
	enc, err := collection.OpenEncoder(filepath.Join(root, "models", "splade-tiny"))
	if err != nil {
		t.Fatal(err)
	}
	docs, err := collection.Read([]string{site}, documents.Options{Site: "./"}, "", func(documents.Note) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := collection.Build(t.Context(), enc, docs, filepath.Join(dir, "collection"), collection.Options{
		About: passages.About{Title: "Lockkeeper's handbook"}, Settings: settings.Settings{Mass: .9},
	}); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "search")
	if _, err := publish.Build(t.Context(), publish.Options{
		Out: out, App: maps.Clone(app), Encoder: filepath.Join(root, "models"), Collection: filepath.Join(dir, "collection"), Widget: true, NoDense: true, Level: publish.None,
	}); err != nil {
		t.Fatal(err)
	}
	pages, search := bare(os.DirFS(site)), http.StripPrefix("/search", bare(os.DirFS(out)))
	assets := regexp.MustCompile(`(?s)<link[^>]*rel="(?:stylesheet|shortcut icon)"[^>]*>|<link[^>]*stylesheet">|<script.*?</script>| style="[^"]*"`)
	body := regexp.MustCompile(`<body[^>]*>`)
	return newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:; connect-src 'self'; img-src data:; require-trusted-types-for 'script'; trusted-types parley.js")
		if strings.HasPrefix(r.URL.Path, "/search/") {
			search.ServeHTTP(w, r)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/") {
			r.URL.Path += "index.html"
		}
		page := buffered(r, pages)
		html := assets.ReplaceAllString(string(page.body), "")
		page.body = []byte(body.ReplaceAllLiteralString(html, `<link rel="icon" href="data:,"><body>`+markup))
		page.send(w)
	}))
}

// shadow is a script in which s is the widget's inside.
func shadow(js string) string {
	return `(() => { const s = document.querySelector("parley-search").shadowRoot; return ` + js + `; })()`
}

// In a site that MkDocs made: nothing loads before it is opened, the size is said before
// it loads, follow-ups build on the reply, names and phrases are found exactly, and results
// lead to sections of the site's pages; all of it with the keyboard.
func TestTheWidgetInAGeneratedSite(t *testing.T) {
	s := handbook(t, strings.ReplaceAll(publish.WidgetMarkup, "\n", ""))
	p := blank(t, s)
	p.navigate(s.url() + "guide/configuration/")
	p.wait("the widget", shadow(`s.querySelector("button")?.textContent.startsWith("Search")`))
	if got := s.requests("/search/"); len(got) != 1 {
		t.Errorf("before it is opened, a page loads %q", got)
	}
	p.press("k", chromedp.ModifierCtrl)
	p.wait("what the first search loads", shadow(`/The first search loads \d+\.\d\sMB/.test(s.querySelector("[part=status]").textContent)`))
	if got := s.requests("/search/data/"); len(got) > 0 {
		t.Errorf("before anything is typed, it loads %q", got)
	}
	if got := eval[string](p, shadow(`s.activeElement.getAttribute("part")`)); got != "box" {
		t.Errorf("the focus is on %s", got)
	}
	p.picture("opened")
	results := func(what, typed string) []string {
		t.Helper()
		eval[bool](p, shadow(`(s.querySelector("input").value = "", s.querySelector("input").focus(), s.querySelector("[part=status]").textContent = "", true)`))
		p.press(typed)
		p.wait(what, shadow(`/result|Nothing|No page/.test(s.querySelector("[part=status]").textContent) && s.querySelector("li")`))
		return eval[[]string](p, shadow(`[...s.querySelectorAll("li")].map(li => li.querySelector(".title").textContent + " | " + (li.querySelector("a")?.href ?? ""))`))
	}
	status := func() string { return eval[string](p, shadow(`s.querySelector("[part=status]").textContent`)) }

	if got := results("a question", "how fast may a wooden gate move?\r"); !strings.HasSuffix(got[0], s.url()+"guide/configuration/#gate-speed") {
		t.Errorf("a question: %q", got)
	}
	reply := eval[string](p, shadow(`s.querySelector("blockquote").innerText`))
	if !strings.Contains(reply, "two degrees a second") {
		t.Errorf("the reply is %q", reply)
	}
	p.picture("asked")
	results("a follow-up", "and steel ones?\r")
	if got := eval[string](p, shadow(`s.querySelector("blockquote").innerText + s.querySelector(".context").innerText`)); !strings.Contains(got, "teel gates") || !strings.Contains(got, "how fast may a wooden gate move?") {
		t.Errorf("the follow-up: %q", got)
	}
	eval[bool](p, shadow(`(s.querySelector(".context button").click(), true)`))
	p.wait("a new topic", shadow(`s.querySelector(".context").hidden`))

	if got := results("a page's name", "schedules"); !strings.HasPrefix(got[0], "Schedules |") || !strings.Contains(got[0], "/guide/schedules/") {
		t.Errorf("a page's name: %q", got)
	}
	if got := results("a section's name", "Night closure"); !strings.HasSuffix(got[0], "/guide/schedules/#night-closure") {
		t.Errorf("a section's name: %q", got)
	}
	if got := results("a phrase", `"emergency key"`); len(got) != 1 || !strings.Contains(got[0], "/guide/schedules/") {
		t.Errorf("a phrase: %q, %s", got, status())
	}
	if results("no such phrase", `"key emergency"`); !strings.HasPrefix(status(), "No page that was found has “key emergency” word for word.") {
		t.Errorf("no such phrase: %s", status())
	}

	// With the keyboard to a result, and by it to the section.
	results("a command", "empty a chamber for an inspection\r")
	p.press(kb.ArrowDown)
	if got := eval[string](p, shadow(`s.activeElement.href`)); got != s.url()+"commands/#lockkeeper-drain" {
		t.Errorf("the first result is %s", got)
	}
	eval[bool](p, "(() => {"+axe(t)+"\n; return true; })()")
	for _, v := range eval[[]string](p, `axe.run("parley-search", {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" ").slice(0, 300)))`) {
		t.Errorf("axe: %s", v)
	}
	p.press("\r")
	p.wait("the page", `location.href === `+quote(s.url()+"commands/#lockkeeper-drain"))
	p.wait("the widget there", shadow(`s.querySelector("button")`))
	p.press("k", chromedp.ModifierCtrl)
	p.press(kb.Escape)
	p.wait("the dialog to close", shadow(`!s.querySelector("dialog").open`))
}

// In the page itself, in another language, on a narrow dark screen, with styles of the
// site; and where its folder is not there.
func TestTheWidgetInThePage(t *testing.T) {
	s := handbook(t, `<script type="module" src="/search/parley-search.js"></script><div lang="de"><parley-search inline></parley-search></div>`)
	p := blank(t, s)
	p.do(media("dark"), chromedp.EmulateViewport(360, 740))
	s.spoil("/search/data/", missing)
	p.expect("404")
	p.navigate(s.url())
	p.wait("the widget", shadow(`s.querySelector("input")`))
	eval[bool](p, shadow(`(s.querySelector("input").focus(), true)`))
	p.wait("the size", shadow(`/lädt \d+,\d\sMB/.test(s.querySelector("[part=status]").textContent)`))
	p.press("drought in summer")
	p.wait("the failure", shadow(`/nicht geladen.*404/.test(s.querySelector("[part=status]").textContent)`))
	s.heal()
	eval[bool](p, shadow(`([...s.querySelectorAll("button")].find(b => b.textContent === "Noch einmal").click(), true)`))
	p.wait("results", shadow(`s.querySelector("li")`))
	p.picture("narrow")
	if wide := eval[bool](p, `document.querySelector("parley-search").getBoundingClientRect().right > 360 || `+shadow(`s.querySelector(".panel").scrollWidth > s.querySelector(".panel").clientWidth`)); wide {
		t.Error("it is wider than the screen")
	}
	if ink := eval[string](p, `getComputedStyle(document.querySelector("parley-search")).color`); ink != "rgb(236, 232, 224)" {
		t.Errorf("in the dark the text is %s", ink)
	}
}

// What is wrong is said in whole sentences, and Retry helps once it is mended.
func TestTheWidgetSaysWhatIsWrong(t *testing.T) {
	s := handbook(t, `<script type="module" src="/search/parley-search.js"></script><main></main>`)
	p := blank(t, s)
	p.expect("404", "valid digest", "SRI")
	status := shadow(`s.querySelector("[part=status]").textContent`)
	show := func(base, script string) {
		t.Helper()
		p.navigate(s.url())
		eval[bool](p, script+`; customElements.whenDefined("parley-search").then(() => {
			const e = document.createElement("parley-search");
			e.toggleAttribute("inline", true);
			if (`+quote(base)+`) e.setAttribute("base", `+quote(base)+`);
			document.querySelector("main").append(e);
			e.shadowRoot.querySelector("input").focus();
			return true; })`)
	}
	said := func(what, want string) {
		t.Helper()
		p.wait(what, status+`.includes(`+quote(want)+`)`)
	}
	show("/elsewhere/", "0")
	said("a wrong base", "The search did not load. The server answered 404 Not Found for "+s.url()+"elsewhere/parley.json; is "+s.url()+"elsewhere/ a folder that `parley build` wrote?")

	s.spoil("/search/app/parley-api", missing)
	show("", "0")
	said("a script that is gone", "The search did not load. A part of it did not come. Perhaps the site was built anew since this page was loaded; then a reload helps.")
	s.heal()
	s.spoil("/search/app/worker.", missing)
	p.press("drought in summer")
	said("a worker that is gone", "The search did not load. A file did not come (worker.js): the server answered 404 Not Found.")
	s.heal()
	eval[bool](p, shadow(`([...s.querySelectorAll("button")].find(b => b.textContent === "Retry").click(), true)`))
	p.wait("results", shadow(`s.querySelector("li")`))

	show("", "delete window.WebAssembly")
	p.press("drought")
	said("no WebAssembly", "The search did not load. This browser has no WebAssembly, which Parley needs.")

	// Names that a reference has are found as people type them.
	for typed, want := range map[string]string{
		"breaking_load()": "Reference > ropes.breaking_load(diameter, fibre='hemp')", "Rope": "Reference > class ropes.Rope",
		"splice": "Reference > class ropes.Rope > ropes.Rope.splice(other)", "--strands": "Commands > --strands <n>", "commands": "Commands",
	} {
		got := eval[string](p, `import("/search/parley-search.js").then(({arrange}) => arrange(`+quote(typed)+`, ["Ropes and splices", "Commands > --strands <n>", "Commands", "Reference > ropes.breaking_load(diameter, fibre='hemp')",
			"Reference > class ropes.Rope", "Reference > class ropes.Rope > ropes.Rope.splice(other)"].map(title => ({title, text: ""}))).results[0].title)`)
		if got != want {
			t.Errorf("%s: first is %s", typed, got)
		}
	}
}
