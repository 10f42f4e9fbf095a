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
