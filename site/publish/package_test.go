package publish

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// A folder for the widget has what that loads, and says how much it is; the rest of the
// page's program is not there.
func TestAFolderForTheWidget(t *testing.T) {
	o := options(t)
	o.App = App{"LICENSE": nil, "NOTICE": nil, "wasm_exec.js": []byte("go"), "kernel.wasm": []byte("k"), "kernel-relaxed.wasm": []byte("r"), "ui.wasm": []byte("u"), "worker.wasm": []byte("w"), "files.wasm": []byte("f"), "pdfium.wasm": []byte("p")}
	if err := o.App.addWeb(); err != nil {
		t.Fatal(err)
	}
	o.Widget = true
	r := build(t, o)
	files := folder(t, o.Out)
	var names []string
	loaded := len(files["site.json"])
	for name := range files {
		if strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") {
			continue
		}
		if at, base, ok := strings.Cut(name, "/"); ok {
			size := len(files[name])
			if small, ok := files[name+".br"]; ok {
				size = len(small)
			}
			if !strings.HasPrefix(base, "kernel-relaxed.") { // a browser loads one of the two
				loaded += size
			}
			if at == "data" {
				continue
			}
			name, _, _ = strings.Cut(base, ".")
		}
		names = append(names, name)
	}
	if small, ok := files["site.json.br"]; ok {
		loaded += len(small) - len(files["site.json"])
	}
	slices.Sort(names)
	want := []string{"LICENSE", "NOTICE", "index.html", "kernel", "kernel-relaxed", "parley-api", "parley-search.js", "parley.js", "parley.json", "site.json", "worker", "worker"}
	if !slices.Equal(names, want) {
		t.Errorf("it has %q, wanted %q", names, want)
	}
	var d struct {
		API   int
		First int
		Files any
	}
	if err := json.Unmarshal([]byte(files["parley.json"]), &d); err != nil || d.API != 1 || d.Files != nil {
		t.Errorf("parley.json: %s, %v", files["parley.json"], err)
	}
	if d.First != loaded || r.Widget != loaded {
		t.Errorf("it says that %d bytes are loaded (%d in the report), and they are %d", d.First, r.Widget, loaded)
	}
	if !strings.Contains(files["index.html"], "<parley-search inline>") {
		t.Errorf("index.html: %s", files["index.html"])
	}
	build(t, o) // it may be replaced
}

// A page says what leaves it, and a sentence that no longer stands there as it is replaced
// ends the build.
func TestAPagePromisesWhatHolds(t *testing.T) {
	app := App{engineProgram: []byte("e"), partsProgram: []byte("p")}
	if err := app.addWeb(); err != nil {
		t.Fatal(err)
	}
	before := string(app["index.html"])
	for what, with := range map[string]struct {
		say   said
		build func(App, bool) (App, error)
	}{"engine": {engineSays, withEngine}, "parts": {partsSay, withParts}} {
		changed, err := with.build(app, true)
		if err != nil {
			t.Fatal(err)
		}
		page, boot := string(changed["index.html"]), string(changed["boot.js"])
		for _, p := range with.say.promises {
			if !strings.Contains(page, p[1]) {
				t.Errorf("%s: the page does not say %q", what, p[1])
			}
			app["index.html"] = []byte(strings.ReplaceAll(before, p[0], "else"))
			if _, err := with.build(app, true); err == nil || !strings.Contains(err.Error(), "index.html does not say") {
				t.Errorf("%s, without %q: %v", what, p[0], err)
			}
		}
		if strings.Contains(boot, "'Ready to work offline.'") || !strings.Contains(boot, with.say.kept) {
			t.Errorf("%s: boot.js does not say %s", what, with.say.kept)
		}
		app["index.html"] = []byte(before + "<p>NOTHING YOU TYPE LEAVES your device.</p>")
		if _, err := with.build(app, true); err == nil {
			t.Errorf("%s: a promise that does not hold was published", what)
		}
		app["index.html"] = []byte(before)
	}
}
