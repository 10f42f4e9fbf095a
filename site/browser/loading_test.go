package browser

import (
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/chromedp/chromedp"

	"parley/shared/bundle"
)

// state is what the line above the question box says.
func (p *page) state() (kind, text string) {
	p.t.Helper()
	v := eval[[2]string](p, `[document.querySelector("#status").dataset.state ?? "", document.querySelector("#status-text").innerText]`)
	return v[0], v[1]
}

// failed waits for a failure and gives its message.
func (p *page) failed() string {
	p.t.Helper()
	p.wait("a failure to be told", `document.querySelector("#status").dataset.state === "failed"`)
	_, text := p.state()
	return text
}

// The page is there, and takes a question, before any of the search has loaded.
func TestThePagePaintsBeforeTheSearchLoads(t *testing.T) {
	s := shipped(t)
	go_ := make(chan bool)
	hold := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		<-go_
		next.ServeHTTP(w, r)
	}
	s.spoil("worker.", hold) // the program and its script
	s.spoil("kernel", hold)  // either of the two
	s.spoil("data/", hold)
	p := blank(t, s)
	p.do(chromedp.Navigate(s.url()))
	p.wait("the question box", `document.querySelector("#q").getBoundingClientRect().height > 0`)
	p.do(focusBox)
	p.press("When was the Eiffel Tower built?\r")
	p.wait("the question to be taken", `document.querySelector("article.turn .words")?.textContent === "When was the Eiffel Tower built?" || document.querySelector("#said").textContent`)
	if n := len(s.requests("data/")); n > 7 { // encoder, default level, index, texts
		t.Errorf("%d requests for data while the worker cannot run", n)
	}
	close(go_)
	if got := p.ready().settled(1)[0]; got.Source != "Eiffel Tower" {
		t.Errorf("the early question is answered by %+v", got)
	}
}

func TestLoadingShowsBytes(t *testing.T) {
	s := shipped(t)
	half, rest := make(chan bool), make(chan bool)
	s.spoil("model.safetensors", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := buffered(r, next)
		for k, v := range a.header {
			w.Header()[k] = v
		}
		if len(a.body) < 1<<20 { // a level over the encoder, not the encoder itself
			w.Write(a.body)
			return
		}
		w.Write(a.body[:len(a.body)/2])
		w.(http.Flusher).Flush()
		close(half)
		<-rest
		w.Write(a.body[len(a.body)/2:])
	})
	p := open(t, s)
	<-half
	p.wait("the other files", `(() => { const b = document.querySelector("#progress"); return b.max > 1e6 && b.max - b.value < 3.5e6; })()`)
	_, text := p.state()
	var loaded, total float64
	if _, err := fmt.Sscanf(text, "Loading: %f of %f MB", &loaded, &total); err != nil {
		t.Fatalf("the line says %q", text)
	}
	// Half of the encoder is missing, and is known to be.
	if missing := total - loaded; missing < 1.5 || missing > 3.5 {
		t.Errorf("the line says %q; 2.3 MB should be missing", text)
	}
	close(rest)
	p.ready()
}

// Whatever arrives damaged is thrown away, named, and fetched again on request;
// what arrived well is not.
func TestADamagedFileIsNamedAndRetried(t *testing.T) {
	for _, name := range []string{"model.safetensors", "passages.bin", "config.json"} {
		t.Run(name, func(t *testing.T) {
			s := shipped(t)
			s.spoil("."+name, flipByte)
			p := open(t, s)
			text := p.failed()
			if !strings.Contains(text, name) || !strings.Contains(text, "damaged") {
				t.Errorf("the message is %q", text)
			}
			s.heal()
			s.forget()
			p.click("#status-button")
			if got := p.ready().ask("When was the Eiffel Tower built?"); got.Source != "Eiffel Tower" {
				t.Errorf("after the retry: %+v", got)
			}
			if again := s.requests("data/"); len(again) == 0 || !strings.HasSuffix(again[0], name) || len(again) > 1 && !allSuffix(again, name) {
				t.Errorf("the retry fetched %q", again)
			}
		})
	}
}

func allSuffix(paths []string, suffix string) bool {
	for _, p := range paths {
		if !strings.HasSuffix(p, suffix) {
			return false
		}
	}
	return true
}

// The programs, too, can fail to arrive, or arrive cut short and be kept so by
// the browser's cache.
func TestAProgramThatFailsToArriveIsRetried(t *testing.T) {
	for _, c := range []struct {
		name, how string
		spoil     func(http.ResponseWriter, *http.Request, http.Handler)
	}{
		{"app/ui.", "broken off", breakOff},
		{"app/ui.", "cut short", cutShort},
		{"app/worker*.wasm", "broken off", breakOff},
		{"app/kernel*.wasm", "cut short", cutShort},
		{"site.json", "cut short", cutShort},
	} {
		t.Run(c.name+" "+c.how, func(t *testing.T) {
			s := shipped(t)
			s.spoil(c.name, c.spoil)
			p := blank(t, s)
			p.expect(append(refused, "net::ERR_")...)
			p.navigate(s.url())
			text := p.failed()
			if file, _, _ := strings.Cut(strings.TrimPrefix(c.name, "app/"), "*"); !strings.Contains(text, strings.Trim(file, ".")) {
				t.Errorf("the message is %q and does not name the file", text)
			}
			s.heal()
			p.click("#status-button")
			if got := p.ready().ask("When was the Eiffel Tower built?"); got.Source != "Eiffel Tower" {
				t.Errorf("after the retry: %+v", got)
			}
		})
	}
}

func TestANetworkFailureIsToldAndRetried(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(http.ResponseWriter, *http.Request, http.Handler)
		want  string
	}{
		"broken off":  {breakOff, "broke off"},
		"unavailable": {unavailable, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			s := shipped(t)
			s.spoil("model.safetensors", c.spoil)
			p := blank(t, s)
			p.expect("net::ERR_", "503") // the browser's own lines about it
			p.navigate(s.url())
			if text := p.failed(); !strings.Contains(text, "model.safetensors") || !strings.Contains(text, c.want) {
				t.Errorf("the message is %q, want %q", text, c.want)
			}
			// A question asked meanwhile is kept, and answered after the retry.
			p.do(focusBox)
			p.press("When was the Eiffel Tower built?\r")
			s.heal()
			p.click("#status-button")
			if got := p.ready().settled(1)[0]; got.Source != "Eiffel Tower" {
				t.Errorf("after the retry: %+v", got)
			}
		})
	}
}

// An encoder whose parts do not belong together, which no build publishes, says so, and
// which of them it is.
func TestAModelOfTheWrongShapeIsRefused(t *testing.T) {
	root, _ := build(t)
	whole := publishRelease(t, release{encoder: filepath.Join(root, "models", "splade-tiny")})
	for name, c := range map[string]struct {
		file     string
		old, new string // of the file; "": all of it
		want     []string
	}{
		"hidden size":        {"config.json", `"hidden_size": 128`, `"hidden_size": 256`, []string{"model.safetensors"}},
		"vocabulary":         {"vocab.txt", "\n[CLS]\n", "\n[KLS]\n", []string{"vocab.txt", "[CLS]"}},
		"no weights":         {"model.safetensors", "", "these are no weights", []string{"model.safetensors"}},
		"another activation": {"config.json", `"hidden_act": "gelu"`, `"hidden_act": "swish"`, []string{"config.json", "hidden_act"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, serveFolder(t, exchanged(t, whole, "encoder/"+c.file, c.old, c.new)))
			text := p.failed()
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("the message is %q, want something of %q", text, want)
				}
			}
		})
	}
}

// exchanged is a published folder with something else in one of the files that site.json
// lists, as if it had been published so.
func exchanged(t *testing.T, folder fs.FS, name, old, new string) fs.FS {
	t.Helper()
	read := func(name string) string {
		b, err := fs.ReadFile(folder, name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	site := read("site.json")
	m, err := bundle.Parse([]byte(site))
	if err != nil {
		t.Fatal(err)
	}
	f, ok := m.File(name)
	if !ok {
		t.Fatalf("site.json has no %s", name)
	}
	content := new
	if old != "" {
		if content = strings.Replace(read(f.Path), old, new, 1); content == read(f.Path) {
			t.Fatalf("%s holds no %q", name, old)
		}
	}
	g := bundle.Of(f.Name, f.Path, []byte(content))
	changed := strings.NewReplacer(f.SHA256, g.SHA256, fmt.Sprintf(`"bytes": %d`, f.Bytes), fmt.Sprintf(`"bytes": %d`, g.Bytes)).Replace(site)
	sum := func(s string) string { return bundle.Of("", "", []byte(s)).SHA256 }
	page := strings.Replace(read("index.html"), sum(site), sum(changed), 1)
	if changed == site || page == read("index.html") {
		t.Fatal("the page does not name its list of files")
	}
	return overlay{folder, fstest.MapFS{f.Path: {Data: []byte(content)}, "site.json": {Data: []byte(changed)}, "index.html": {Data: []byte(page)}}}
}

// An overlay has some files in place of a folder's.
type overlay struct {
	fs.FS
	over fstest.MapFS
}

func (o overlay) Open(name string) (fs.File, error) {
	if _, ok := o.over[name]; ok {
		return o.over.Open(name)
	}
	return o.FS.Open(name)
}
