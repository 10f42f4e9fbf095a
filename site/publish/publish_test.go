package publish

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"parley/shared/bundle"
	"parley/shared/documents"
	"parley/shared/encoder"
	"parley/shared/family"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/safetensors"
	"parley/site/collection"
	"parley/site/collection/tiny"
	"parley/site/serve"
)

// options returns a build of a tiny encoder, one document, and a small program.
func options(t *testing.T) Options {
	t.Helper()
	dir := t.TempDir()
	o := Options{
		Out: filepath.Join(dir, "dist"), Encoder: filepath.Join(dir, "encoder"), Collection: filepath.Join(dir, "collection"),
		Level: Fast, Cache: filepath.Join(dir, "cache"),
		App: App{
			"index.html": []byte("<title>Old</title><meta content=\"{{CSP}}\"><link href=\"{{style.css}}\"><script src=\"{{boot.js}}\"></script>\n" +
				"<!-- examples -->\n<ul role=\"list\">\n<li>old</li>\n</ul>\n<!-- /examples -->\n<!-- tour -->\n<nav>the tour</nav>\n<!-- /tour -->\n" + strings.Repeat("text ", 100)),
			"boot.js":              []byte("new Worker('{{worker.js}}'); fetch('{{ui.wasm}}'); go('{{sw.js}}')" + strings.Repeat(" ", 200)),
			"worker.js":            []byte("fetch('{{worker.wasm}}')"),
			"card.css":             []byte("h1 { margin: 0 }"),
			"style.css":            []byte("@import '{{more.css}}'; a { background: url({{icon.svg}}) }"),
			"more.css":             []byte("b{}"),
			"sw.js":                []byte("const release = {{PRECACHE}};"),
			"manifest.webmanifest": []byte(`{"icons":[{"src":"{{icon.svg}}"}]}`),
			"icon.svg":             []byte("<svg/>"),
			"ui.wasm":              bytes.Repeat([]byte("\x00asm{{not a name}}"), 200),
			"worker.wasm":          []byte("\x00asm2{{boot.js}}"),
			"LICENSE":              []byte("terms"),
			"NOTICE":               []byte("names"),
		},
	}
	if err := tiny.Write(o.Encoder, 1); err != nil {
		t.Fatal(err)
	}
	enc, err := collection.OpenEncoder(o.Encoder)
	if err != nil {
		t.Fatal(err)
	}
	docs := slices.Values([]documents.Document{{ID: "1", Title: "Tea", Text: "tea leaf"}})
	if _, err := collection.Build(t.Context(), enc, docs, o.Collection, collection.Options{About: passages.About{Title: "T"}}); err != nil {
		t.Fatal(err)
	}
	return o
}

func build(t *testing.T, o Options) *Report {
	t.Helper()
	r, err := Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var content []byte
			content, err = os.ReadFile(filepath.Join(dir, name))
			files[name] = string(content)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// find returns the one path that matches a pattern.
func find(t *testing.T, files map[string]string, pattern string) string {
	t.Helper()
	for name := range files {
		if ok, _ := path.Match(pattern, name); ok {
			return name
		}
	}
	t.Fatalf("no file matches %s among %v", pattern, slices.Sorted(maps.Keys(files)))
	return ""
}

func TestNamesHoldTheHashOfWhatTheyName(t *testing.T) {
	o := options(t)
	build(t, o)
	files := folder(t, o.Out)
	n := 0
	for name, content := range files {
		switch path.Ext(name) {
		case ".br", ".gz":
			continue
		}
		hash := hash16([]byte(content))
		switch path.Dir(name) {
		case "app":
			if !strings.Contains(name, "."+hash+".") {
				t.Errorf("%s holds %s", name, hash)
			}
			n++
		case "data":
			if !strings.HasPrefix(name, "data/"+hash+".") {
				t.Errorf("%s holds %s", name, hash)
			}
			n++
		}
	}
	if n != 6+6 {
		t.Errorf("%d files named by content", n)
	}
	// Each file refers to the others by these names.
	for in, pattern := range map[string]string{
		"index.html":                              "app/boot.*.js",
		find(t, files, "app/boot.*.js"):           "app/worker.*.js",
		find(t, files, "app/worker.*[0-9a-f].js"): "app/worker.*.wasm",
	} {
		if to := find(t, files, pattern); !strings.Contains(files[in], to) {
			t.Errorf("%s does not name %s: %s", in, to, files[in])
		}
	}
	css := files[find(t, files, "app/style.*.css")]
	more := path.Base(find(t, files, "app/more.*.css"))
	if css != "@import '"+more+"'; a { background: url(../icon.svg) }" {
		t.Errorf("paths in a style sheet go from its own folder: %s", css)
	}
	if got := files["manifest.webmanifest"]; got != `{"icons":[{"src":"icon.svg"}]}` {
		t.Errorf("manifest: %s", got)
	}
	if w := files[find(t, files, "app/worker.*.wasm")]; w != "\x00asm2{{boot.js}}" {
		t.Errorf("a program was changed: %q", w)
	}
	if !strings.Contains(files["index.html"], html.EscapeString(serve.Policy)) {
		t.Error("index.html lacks the policy")
	}
}

func TestSiteJSONListsWhatTheWorkerLoads(t *testing.T) {
	o := options(t)
	build(t, o)
	files := folder(t, o.Out)
	var m struct {
		bundle.Manifest
		Sent map[string][2]int
	}
	if err := json.Unmarshal([]byte(files["site.json"]), &m); err != nil {
		t.Fatal(err)
	}
	if err := m.Verify(os.DirFS(o.Out)); err != nil {
		t.Error(err)
	}
	for name, small := range m.Sent {
		if small != [2]int{len(files[name+".br"]), len(files[name+".gz"])} {
			t.Errorf("%s is sent in %v bytes, says site.json", name, small)
		}
	}
	if len(m.Sent) == 0 {
		t.Error("site.json does not say what is sent")
	}
	var names []string
	for _, f := range m.Files {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"encoder/config.json", "encoder/model.safetensors", "encoder/vocab.txt", "collection/index.bin", wordsFile, "collection/passages.bin"}) {
		t.Errorf("names: %v", names)
	}
}

// withFamily makes o.Encoder the base of a family of three.
func withFamily(t *testing.T, o *Options) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "tiny"), os.DirFS(o.Encoder)); err != nil {
		t.Fatal(err)
	}
	files := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(o.Encoder, name)) }
	for n, level := range []string{"2x", "4x"} {
		whole := map[string][]byte{}
		for _, name := range []string{"config.json", "model.safetensors", "vocab.txt"} {
			data, err := files(name)
			if err != nil {
				t.Fatal(err)
			}
			whole[name] = data
		}
		var config map[string]any
		weights, err := safetensors.Read(whole["model.safetensors"])
		if err := errors.Join(err, json.Unmarshal(whole["config.json"], &config)); err != nil {
			t.Fatal(err)
		}
		config["parley"] = encoder.Settings{Name: level, QueryTokens: 20, PassageTokens: 20}
		for _, tensor := range weights.Tensors {
			if strings.HasSuffix(tensor.Name, "LayerNorm.bias") {
				tensor.Data[0] ^= byte(1 + n) // as if it had been trained
			}
		}
		if whole["config.json"], err = json.Marshal(config); err != nil {
			t.Fatal(err)
		}
		if whole["model.safetensors"], err = safetensors.Write(weights.Tensors, nil); err != nil {
			t.Fatal(err)
		}
		shared, err := encoder.Share(whole, files)
		if err != nil {
			t.Fatal(err)
		}
		shared["README.md"] = []byte("The card of " + level)
		for name, data := range shared {
			at := filepath.Join(dir, level, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, data, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := family.Family{Base: "undistilled", Default: "2x", Levels: []family.Level{
		{Level: message.Level{Name: "undistilled", Title: "Undistilled"}, Folder: "tiny"},
		{Level: message.Level{Name: "2x", Title: "2×", Card: "2x/README.md"}, Folder: "2x"},
		{Level: message.Level{Name: "4x", Title: "4×", Card: "4x/README.md"}, Folder: "4x"},
	}}
	data, err := list.Encode()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, family.File), data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	o.Encoder = dir
}

func TestFamily(t *testing.T) {
	o := options(t)
	withFamily(t, &o)
	r := build(t, o)
	files := folder(t, o.Out)
	var site struct {
		bundle.Manifest
		Family family.Family
	}
	if err := json.Unmarshal([]byte(files["site.json"]), &site); err != nil {
		t.Fatal(err)
	}
	if err := site.Verify(os.DirFS(o.Out)); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"encoder/vocab.txt", "levels/2x/config.json", "levels/2x/model.safetensors", "levels/4x/config.json", "levels/4x/model.safetensors"} {
		if _, ok := site.File(name); !ok {
			t.Errorf("site.json lacks %s", name)
		}
	}
	if f := site.Family; f.Base != "undistilled" || f.Default != "2x" || len(f.Levels) != 3 || f.Levels[1].Card != "cards/2x.html" || f.Levels[1].Folder != "" {
		t.Errorf("family: %+v", f)
	}
	if !strings.Contains(files["cards/4x.html"], "<p>The card of 4x</p>") {
		t.Errorf("the card: %q", files["cards/4x.html"])
	}
	// The default comes with the page, the other level after it.
	raw := strings.TrimSuffix(strings.TrimPrefix(files["sw.js"], "const release = "), ";")
	var list struct{ Files, Levels, Later [][3]any }
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		t.Fatal(err)
	}
	lists := func(in [][3]any, name string) bool {
		f, _ := site.File(name)
		return slices.ContainsFunc(in, func(l [3]any) bool { return l[0] == f.Path && l[2] == f.SHA256 })
	}
	for name, later := range map[string]bool{"levels/2x/model.safetensors": false, "levels/4x/model.safetensors": true, "encoder/vocab.txt": false} {
		if lists(list.Levels, name) != later || lists(list.Files, name) == later || lists(list.Later, name) {
			t.Errorf("%s is on the wrong list of sw.js", name)
		}
	}
	two, _ := site.File("levels/2x/model.safetensors")
	if r.Levels.Bytes <= int(two.Bytes) || r.Data.Bytes <= int(two.Bytes) {
		t.Errorf("the report: levels %+v, data %+v", r.Levels, r.Data)
	}
}

// Two levels may have the same weights with other settings. The weights are then one file,
// which comes with the page where either level is the default.
func TestEqualWeightsAreStoredOnce(t *testing.T) {
	o := options(t)
	withFamily(t, &o)
	if err := os.CopyFS(filepath.Join(o.Encoder, "8x"), os.DirFS(filepath.Join(o.Encoder, "2x"))); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(o.Encoder, family.File)
	data, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	list, err := family.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	list.Levels = append(list.Levels, family.Level{Level: message.Level{Name: "8x"}, Folder: "8x"})
	if data, err = list.Encode(); err == nil {
		err = os.WriteFile(at, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	build(t, o)
	files := folder(t, o.Out)
	var m bundle.Manifest
	if err := json.Unmarshal([]byte(files["site.json"]), &m); err != nil {
		t.Fatal(err)
	}
	one, _ := m.File("levels/2x/model.safetensors")
	other, _ := m.File("levels/8x/model.safetensors")
	if one.Path == "" || one.Path != other.Path {
		t.Errorf("%+v and %+v", one, other)
	}
	files["sw.js"], files["later"], _ = strings.Cut(files["sw.js"], `"later"`)
	if strings.Count(files["sw.js"], one.Path) != 1 || strings.Contains(files["later"], one.Path) {
		t.Errorf("sw.js lists it in %s and later %s", files["sw.js"], files["later"])
	}
}

func TestALevelOfAnotherBaseIsNotPublished(t *testing.T) {
	o := options(t)
	withFamily(t, &o)
	if err := os.RemoveAll(filepath.Join(o.Encoder, "tiny")); err != nil {
		t.Fatal(err)
	}
	if err := tiny.Write(filepath.Join(o.Encoder, "tiny"), 2); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), "was exported for a base") {
		t.Errorf("published: %v", err)
	}
}

func TestTheServiceWorkerListsEveryFileButItself(t *testing.T) {
	o := options(t)
	build(t, o)
	files := folder(t, o.Out)
	raw := strings.TrimSuffix(strings.TrimPrefix(files["sw.js"], "const release = "), ";")
	var list struct {
		Version string
		Files   [][3]any
	}
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for name := range files {
		if e := path.Ext(name); e != ".br" && e != ".gz" && name != "sw.js" {
			want[name] = true
		}
	}
	for _, f := range hosting(nil) { // of hosts, some of which serve none of them
		delete(want, f.path)
	}
	for _, f := range list.Files {
		name := f[0].(string)
		of := bundle.Of(name, name, []byte(files[name]))
		if !want[name] || f[1].(float64) != float64(of.Bytes) || f[2] != of.SHA256 {
			t.Errorf("%v", f)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
	// Another version as soon as any file is another.
	o.App["NOTICE"] = []byte("other names")
	build(t, o)
	if now := folder(t, o.Out)["sw.js"]; strings.Contains(now, list.Version) {
		t.Error("the version did not change with a file")
	}
}

func TestCompressedSiblingsHoldTheSameBytes(t *testing.T) {
	o := options(t)
	o.Level = Best
	r := build(t, o)
	files := folder(t, o.Out)
	n := 0
	for name, content := range files {
		var plain io.Reader
		switch path.Ext(name) {
		case ".br":
			plain = brotli.NewReader(strings.NewReader(content))
		case ".gz":
			z, err := gzip.NewReader(strings.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			plain = z
		default:
			continue
		}
		n++
		got, err := io.ReadAll(plain)
		if err != nil || string(got) != files[strings.TrimSuffix(name, path.Ext(name))] {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n < 8 {
		t.Errorf("only %d compressed files", n)
	}
	if _, ok := files["icon.svg.br"]; ok {
		t.Error("a file that gains nothing was compressed")
	}
	if r.FirstPage.Brotli >= r.FirstPage.Bytes || r.Data.Bytes == 0 {
		t.Errorf("%+v", r)
	}
}

func TestTheSameInputsGiveTheSameBytes(t *testing.T) {
	o := options(t)
	build(t, o)
	want := folder(t, o.Out)
	check := func(how string) {
		t.Helper()
		build(t, o)
		if !maps.Equal(folder(t, o.Out), want) {
			t.Errorf("%s: other files", how)
		}
	}
	check("from the cache")
	o.Cache = ""
	check("without a cache")
	app, err := FromDist(o.Out)
	if err != nil {
		t.Fatal(err)
	}
	// The files of fixed names are Parley's own; the test has others.
	for name := range app {
		if fixed(name) {
			delete(app, name)
		}
	}
	for name, content := range o.App {
		if fixed(name) {
			app[name] = content
		}
	}
	o.App = app
	check("from the folder made")
}

func TestTheCacheForgetsWhatNoBuildUsed(t *testing.T) {
	o := options(t)
	build(t, o)
	used, _ := filepath.Glob(filepath.Join(o.Cache, "*"))
	stale := filepath.Join(o.Cache, "0.br")
	other := filepath.Join(o.Cache, "notes.txt")
	old := time.Now().Add(-keep - time.Hour)
	os.WriteFile(stale, nil, 0o644)
	os.WriteFile(other, nil, 0o644)
	for _, f := range append(used, stale, other) {
		os.Chtimes(f, old, old)
	}
	build(t, o)
	if _, err := os.Stat(stale); err == nil {
		t.Error("what no build used stays")
	}
	for _, f := range append(used, other) {
		if _, err := os.Stat(f); err != nil {
			t.Error(err)
		}
	}
}

func TestFromDistRefusesADamagedProgram(t *testing.T) {
	o := options(t)
	build(t, o)
	at := filepath.Join(o.Out, find(t, folder(t, o.Out), "app/ui.*.wasm"))
	os.WriteFile(at, []byte("else"), 0o644)
	if _, err := FromDist(o.Out); err == nil || !strings.Contains(err.Error(), "not what its name says") {
		t.Errorf("%v", err)
	}
	if _, err := FromDist(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no published program") {
		t.Errorf("%v", err)
	}
}

// The program of a page that asks an engine must not be published with a page that says
// that nothing leaves it, nor that of a collection in parts.
func TestFromDistRefusesAnotherKindOfProgram(t *testing.T) {
	for _, parts := range []bool{true, false} {
		o := options(t)
		o.App = App{"LICENSE": nil, "NOTICE": nil, "wasm_exec.js": []byte("go"), "kernel.wasm": nil, "kernel-relaxed.wasm": nil, "ui.wasm": nil, "worker.wasm": nil, "files.wasm": nil, "pdfium.wasm": nil, engineProgram: []byte("e"), partsProgram: []byte("p")}
		if err := o.App.addWeb(); err != nil {
			t.Fatal(err)
		}
		if o.Parts = parts; !parts {
			about, err := os.ReadFile(filepath.Join(o.Collection, "passages.bin"))
			if err != nil {
				t.Fatal(err)
			}
			o.Engine = &Engine{Lexicon: []byte("l"), About: about}
		}
		o.Level = None
		build(t, o)
		if _, err := FromDist(o.Out); err == nil || !strings.Contains(err.Error(), "built with --engine or --parts") {
			t.Errorf("parts: %v: %v", parts, err)
		}
	}
}

func TestPlaceholdersThatCannotBeFilledFail(t *testing.T) {
	for want, change := range map[string]map[string]string{
		"site/web/boot.js:2: {{gone.js}}: there is no such file":                        {"boot.js": "x\n{{gone.js}}"},
		"name each other in a circle, so none can be named by content: a.js -> b.js ->": {"a.js": "{{b.js}}", "b.js": "{{a.js}}"},
		"{{PRECACHE}}: there is no such file":                                           {"a.js": "{{PRECACHE}}"},
		"site/web/sub/x.js: only files of fixed names may lie in a folder":              {"sub/x.js": ""},
	} {
		o := options(t)
		for name, content := range change {
			o.App[name] = []byte(content)
		}
		if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if _, err := os.Stat(o.Out); err == nil {
			t.Error("a folder was written")
		}
	}
}

func TestTitleAndExamplesAreEscaped(t *testing.T) {
	o := options(t)
	o.Title = "Tea & <script>"
	o.Examples = [][]string{{"what is <b>?", "and then?"}, {"other"}}
	build(t, o)
	page := folder(t, o.Out)["index.html"]
	for _, want := range []string{
		"<title>Tea &amp; &lt;script&gt;</title>",
		"<li><button type=\"button\" data-example>\n<span data-q>what is &lt;b&gt;?</span>\n<span data-q>and then?</span>\n</button></li>\n<li>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in %s", want, page)
		}
	}
	if strings.Contains(page, "old") {
		t.Error("the old examples stayed")
	}
	if strings.Contains(page, "the tour") {
		t.Error("the tour stayed, whose questions are about another collection")
	}
	o.Examples = [][]string{}
	build(t, o)
	if page := folder(t, o.Out)["index.html"]; strings.Contains(page, "examples") || strings.Contains(page, "<ul") {
		t.Errorf("the examples stayed: %s", page)
	}
}

func TestAFolderThatIsNoSiteIsNotReplaced(t *testing.T) {
	o := options(t)
	os.MkdirAll(o.Out, 0o755)
	build(t, o) // an empty one is
	stray := filepath.Join(o.Out, "app", "stray.js")
	os.WriteFile(stray, nil, 0o644)
	build(t, o)
	if _, err := os.Stat(stray); err == nil {
		t.Error("a file of the old site stayed")
	}
	o.Out = filepath.Dir(o.Out)
	if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), "choose another folder") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(o.Encoder); err != nil {
		t.Error("files were deleted")
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(o.Encoder), ".*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDamagedDataIsNotPublished(t *testing.T) {
	o := options(t)
	at := filepath.Join(o.Collection, "index.bin")
	content, _ := os.ReadFile(at)
	content[len(content)-1] ^= 1
	os.WriteFile(at, content, 0o644)
	if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), "index.bin") {
		t.Errorf("%v", err)
	}
	os.Remove(at)
	if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), "parley index") {
		t.Errorf("%v", err)
	}
}

func TestBudgets(t *testing.T) {
	r := Report{Compressed: true, FirstPage: Sizes{Brotli: FirstPageBudget}, Data: Sizes{Brotli: DataBudget}}
	if w, err := r.Over(); w != "" || err != nil {
		t.Error(w, err)
	}
	r.FirstPage.Brotli++
	r.Data.Brotli++
	if w, err := r.Over(); w == "" || err == nil {
		t.Error("over the budgets, and nothing said")
	}
	// The program of a collection in parts is larger, and so is what comes before a question.
	r = Report{Compressed: true, PartFiles: 1, FirstPage: Sizes{Brotli: PartsPageBudget}, Data: Sizes{Brotli: PartsDataBudget}}
	if w, err := r.Over(); w != "" || err != nil {
		t.Error(w, err)
	}
	r.FirstPage.Brotli++
	r.Data.Brotli++
	if w, err := r.Over(); w == "" || err == nil {
		t.Error("over the budgets of a collection in parts, and nothing said")
	}
}

func TestACancelledBuildWritesNothing(t *testing.T) {
	o := options(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Build(ctx, o); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(o.Out); err == nil {
		t.Error("a folder was written")
	}
}

// One file holds the folder's parts, and its policy just the scripts that are in it.
func TestOneFile(t *testing.T) {
	o := options(t)
	o.App = App{"LICENSE": []byte("terms"), "NOTICE": []byte("names"), "wasm_exec.js": []byte("go"), "kernel.wasm": nil, "kernel-relaxed.wasm": nil,
		"ui.wasm": []byte(strings.Repeat("ui", 500)), "worker.wasm": nil, "files.wasm": nil, "pdfium.wasm": nil}
	if err := o.App.addWeb(); err != nil {
		t.Fatal(err)
	}
	o.Out = filepath.Join(t.TempDir(), "one.html")
	size, err := OneFile(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(o.Out)
	if err != nil || len(raw) != size {
		t.Fatalf("%d bytes, said %d (%v)", len(raw), size, err)
	}
	page := string(raw)
	for _, gone := range []string{"{{", "<script src", "rel=\"stylesheet\"", "manifest.webmanifest\"", "href=\"NOTICE\""} {
		if strings.Contains(page, gone) {
			t.Errorf("the page holds %s", gone)
		}
	}
	policy := html.UnescapeString(policyMeta.FindString(page))
	for _, block := range regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`).FindAllStringSubmatch(page, -1) {
		sum := sha256.Sum256([]byte(block[2]))
		if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("the policy %s does not allow a %s of the page", policy, block[1])
		}
	}
	for _, forbidden := range []string{"connect-src", "'self'", "unsafe-inline", "http"} {
		if strings.Contains(strings.TrimPrefix(policy, `<meta http-equiv`), forbidden) {
			t.Errorf("the policy %s has %s", policy, forbidden)
		}
	}
	part := regexp.MustCompile(`data-part="app/ui\.[0-9a-f]+\.wasm" data-type="application/wasm" data-gzip>([^<]*)<`).FindStringSubmatch(page)
	if part == nil {
		t.Fatal("ui.wasm is no part")
	}
	packed, err := base64.StdEncoding.DecodeString(part[1])
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || string(got) != string(o.App["ui.wasm"]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for _, name := range []string{"site.json", "panels.css", "files-worker.js", "passages.bin"} {
		if !regexp.MustCompile(`data-part="[^"]*` + strings.Replace(name, ".", `[.0-9a-f]*\.`, 1) + `"`).MatchString(page) {
			t.Errorf("%s is no part", name)
		}
	}
	// A script that would end its element is not put into a page.
	o.App["wasm_exec.js"] = []byte("'</script>'")
	if _, err := OneFile(t.Context(), o); err == nil {
		t.Error("a script with </script> was taken")
	}
}

// The site's own files, with stand-ins for what the toolchain makes.
func TestTheSitesOwnFilesRender(t *testing.T) {
	o := options(t)
	o.App = App{"LICENSE": nil, "NOTICE": nil, "wasm_exec.js": []byte("go"), "kernel.wasm": nil, "kernel-relaxed.wasm": nil, "ui.wasm": nil, "worker.wasm": nil, "files.wasm": nil, "pdfium.wasm": nil}
	if err := o.App.addWeb(); err != nil {
		t.Fatal(err)
	}
	o.Level = None
	o.Examples = [][]string{}
	o.Title = "Mine"
	build(t, o)
	files := folder(t, o.Out)
	left := regexp.MustCompile(`\{\{[A-Z]|\{\{[a-z-]+\.[a-z]+\}\}`)
	for name, content := range files {
		if text(name) && left.MatchString(content) {
			t.Errorf("%s holds a placeholder still: %s", name, left.FindString(content))
		}
	}
	page := files["index.html"]
	if !strings.Contains(page, fmt.Sprintf(`content="%s"`, html.EscapeString(serve.Policy))) {
		t.Error("index.html lacks the policy of serve, as <meta>")
	}
	if strings.Contains(page, "Eiffel") {
		t.Error("the built-in examples stayed with another collection")
	}
	// What the policy would refuse.
	for _, bad := range []string{"<style", " style=", "javascript:", "<script>", " onclick=", "http-equiv=\"refresh"} {
		if strings.Contains(page, bad) {
			t.Errorf("index.html holds %s", bad)
		}
	}
}

// What is reported ends with everything, and grows.
func TestCompressingIsReported(t *testing.T) {
	list := []file{{name: "a.js", path: "a.js", content: bytes.Repeat([]byte("abc "), 1000)}, {name: "i.png", path: "i.png", content: make([]byte, 500)}}
	var last, total int64
	err := compress(t.Context(), list, Fast, "", func(done, of int64) {
		if done <= last || done > of {
			t.Errorf("%d of %d after %d", done, of, last)
		}
		last, total = done, of
	})
	if err != nil || total != 2*4500 || last != total {
		t.Errorf("%d of %d, %v", last, total, err)
	}
}

// A single file has no model cards beside it; what it says of its levels is theirs all the
// same.
func TestOneFileSaysWhatItsLevelsAre(t *testing.T) {
	o := options(t)
	withFamily(t, &o)
	card := "The card\n\n```json\n{\"postings\": 0.25}\n```\n"
	if err := os.WriteFile(filepath.Join(o.Encoder, "4x", "README.md"), []byte(card), 0o644); err != nil {
		t.Fatal(err)
	}
	o.App["dial.js"] = []byte("fetch('{{levels.json}}')")
	files, err := contents(t.Context(), o, true)
	if err != nil {
		t.Fatal(err)
	}
	about := map[string]levelAbout{}
	var site struct{ Family family.Family }
	for _, f := range files {
		switch f.name {
		case "levels.json":
			err = errors.Join(err, json.Unmarshal(f.content, &about))
		case "site.json":
			err = errors.Join(err, json.Unmarshal(f.content, &site))
		}
		if strings.HasPrefix(f.name, "cards/") {
			t.Errorf("it has %s", f.name)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if l := site.Family.Levels; len(l) != 3 || l[2].Title != "λ\u00a00.25" || l[2].Card != "" || l[1].Title != "2×" {
		t.Errorf("the levels: %+v", l)
	}
	if !strings.Contains(about["4x"].What, "λ = 0.25") || !strings.Contains(about["2x"].What, "costs nothing") {
		t.Errorf("what is said of them: %+v", about)
	}
}
