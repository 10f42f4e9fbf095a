package serve

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var site = fstest.MapFS{
	"index.html":                         {Data: []byte("<p>page")},
	"index.html.br":                      {Data: []byte("brotli")},
	"index.html.gz":                      {Data: []byte("gzip")},
	"sw.js":                              {Data: []byte("worker")},
	"LICENSE":                            {Data: []byte("terms")},
	"app/ui.0123456789abcdef.wasm":       {Data: []byte("\x00asm")},
	"app/ui.0123456789abcdef.wasm.br":    {Data: []byte("small")},
	"data/0123456789abcdef.index.bin":    {Data: []byte("0123456789")},
	"data/0123456789abcdef.index.bin.gz": {Data: []byte("tiny")},
	"data/0123456789abcdef01234567.part": {Data: []byte("part")},
	"notes.part":                         {Data: []byte("no part")},
	".git/config":                        {Data: []byte("secret")},
	"stale.js":                           {Data: []byte("new"), ModTime: time.Unix(1000, 0)},
	"stale.js.br":                        {Data: []byte("old"), ModTime: time.Unix(500, 0)},
}

func get(t *testing.T, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost/", nil)
	r.URL.Path = path
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler(site).ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Result(), string(body)
}

func TestTypesAndCaching(t *testing.T) {
	for path, want := range map[string][2]string{
		"/":                                {"text/html; charset=utf-8", "no-cache"},
		"/sw.js":                           {"text/javascript; charset=utf-8", "no-cache"},
		"/LICENSE":                         {"text/plain; charset=utf-8", "no-cache"},
		"/app/ui.0123456789abcdef.wasm":    {"application/wasm", "public, max-age=31536000, immutable"},
		"/data/0123456789abcdef.index.bin": {"application/octet-stream", "public, max-age=31536000, immutable"},
	} {
		res, _ := get(t, "GET", path)
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != want[0] || res.Header.Get("Cache-Control") != want[1] {
			t.Errorf("%s: %d %q %q", path, res.StatusCode, res.Header.Get("Content-Type"), res.Header.Get("Cache-Control"))
		}
		for k, v := range headers {
			if res.Header.Get(k) != v {
				t.Errorf("%s: %s: %q", path, k, res.Header.Get(k))
			}
		}
	}
}

// A question fetches a hundred parts, so they come without what only a page needs.
func TestAPartComesWithFewHeaders(t *testing.T) {
	for path, few := range map[string]bool{"/data/0123456789abcdef01234567.part": true, "/notes.part": false, "/app/0123456789abcdef01234567.part": false} {
		res, _ := get(t, "GET", path)
		for k, v := range headers {
			want := v
			if few && !partNeeds[k] {
				want = ""
			}
			if got := res.Header.Get(k); got != want {
				t.Errorf("%s: %s: %q, want %q", path, k, got, want)
			}
		}
		size := 0
		for k, v := range res.Header {
			size += len(k) + len(v[0]) + 4
		}
		if few && size > 300 {
			t.Errorf("%s: %d bytes of headers: %v", path, size, res.Header)
		}
	}
}

func TestThePolicyAllowsNoEvalAndNothingInline(t *testing.T) {
	for _, bad := range []string{"'unsafe-eval'", "'unsafe-inline'", "http:", "https:", "*"} {
		if strings.Contains(Policy, bad) {
			t.Errorf("the policy has %s", bad)
		}
	}
}

func TestTheBestEncodingThatTheBrowserTakes(t *testing.T) {
	for accept, want := range map[string][2]string{
		"":                         {"", "<p>page"},
		"gzip, deflate, br, zstd":  {"br", "brotli"},
		"gzip":                     {"gzip", "gzip"},
		"br;q=0, gzip;q=0.5":       {"gzip", "gzip"},
		"*":                        {"br", "brotli"},
		"identity, *;q=0":          {"", "<p>page"},
		"GZIP ; q=1.0 , br;q=zero": {"gzip", "gzip"},
	} {
		res, body := get(t, "GET", "/", "Accept-Encoding", accept)
		if res.Header.Get("Content-Encoding") != want[0] || body != want[1] || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %q %q", accept, res.Header.Get("Content-Encoding"), body)
		}
		if want[0] != "" && res.Header.Get("Content-Length") == "" {
			t.Errorf("%q: no length", accept)
		}
	}
	if res, body := get(t, "GET", "/stale.js", "Accept-Encoding", "br"); body != "new" || res.Header.Get("Content-Encoding") != "" {
		t.Errorf("a sibling older than its file was served: %q", body)
	}
}

func TestAFileThatDidNotChangeIsNotSentAgain(t *testing.T) {
	for _, accept := range []string{"", "br"} {
		res, _ := get(t, "GET", "/", "Accept-Encoding", accept)
		tag := res.Header.Get("ETag")
		if res, body := get(t, "GET", "/", "Accept-Encoding", accept, "If-None-Match", tag); res.StatusCode != 304 || body != "" {
			t.Errorf("%q: %d", accept, res.StatusCode)
		}
	}
	plain, _ := get(t, "GET", "/")
	small, _ := get(t, "GET", "/", "Accept-Encoding", "br")
	if plain.Header.Get("ETag") == small.Header.Get("ETag") {
		t.Error("two encodings share an ETag")
	}
}

func TestARangeIsOfTheFileItself(t *testing.T) {
	res, body := get(t, "GET", "/data/0123456789abcdef.index.bin", "Range", "bytes=2-4", "Accept-Encoding", "gzip")
	if res.StatusCode != 206 || body != "234" {
		t.Errorf("%d %q", res.StatusCode, body)
	}
}

func TestNothingOutsideTheFolderAndNothingHidden(t *testing.T) {
	for _, path := range []string{"/.git/config", "/../serve.go", "/app/../../x", "/app", "/app/", "/nothing", "//LICENSE", "/a\x00b"} {
		if res, _ := get(t, "GET", path); res.StatusCode != 404 {
			t.Errorf("%q: %d", path, res.StatusCode)
		}
	}
	if res, _ := get(t, "POST", "/"); res.StatusCode != 405 {
		t.Errorf("POST: %d", res.StatusCode)
	}
	if res, body := get(t, "HEAD", "/"); res.StatusCode != 200 || body != "" {
		t.Errorf("HEAD: %d %q", res.StatusCode, body)
	}
}

func TestATakenPortGivesTheNext(t *testing.T) {
	a, err := Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := Listen(a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if b.Addr().(*net.TCPAddr).Port <= a.Addr().(*net.TCPAddr).Port {
		t.Errorf("%v after %v", b.Addr(), a.Addr())
	}
	for _, bad := range []string{"8080", "localhost:http", "localhost:70000"} {
		if _, err := Listen(bad); err == nil {
			t.Errorf("%q was taken for an address", bad)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	l, err := Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- Run(ctx, l, Handler(site)) }()
	res, err := http.Get("http://" + l.Addr().String() + "/LICENSE")
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	res.Body.Close()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestOrigin(t *testing.T) {
	for in, want := range map[string]string{
		"https://Example.org": "https://example.org", "https://example.org/": "https://example.org", "https://example.org:443": "https://example.org",
		"http://localhost:8000": "http://localhost:8000", "http://[::1]:80": "http://[::1]", "self": "self",
		"": "", "example.org": "", "https://*.example.org": "", "https://example.org/a": "", "https://me@example.org": "", "https://": "",
		"https://example.org; script-src *": "", "ftp://example.org": "", "https://example.org?q": "", "https://a.org https://b.org": "", "'self'": "", "https://a.org\nX: y": "",
	} {
		got, err := Origin(in)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

// Only the origins that are named may frame the page, and only they.
func TestEmbedding(t *testing.T) {
	ask := func(h http.Handler, path string) (policy, resources, body string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
		_, policy, _ = strings.Cut(w.Header().Get("Content-Security-Policy"), "frame-ancestors ")
		return policy, w.Header().Get("Cross-Origin-Resource-Policy"), w.Body.String()
	}
	built := fstest.MapFS{"index.html": site["index.html"], "sw.js": site["sw.js"], "embed.json": {Data: EmbedList([]string{"https://course.example"})}}
	damaged := fstest.MapFS{"index.html": site["index.html"], "embed.json": {Data: []byte(`["*; script-src *"]`)}}
	for name, c := range map[string]struct {
		h             http.Handler
		path          string
		policy, other string
	}{
		"nobody":                   {Handler(site), "/", "'none'", "same-origin"},
		"named":                    {Handler(site, "self", "https://a.example"), "/", "'self' https://a.example", "cross-origin"},
		"named, no document":       {Handler(site, "https://a.example"), "/sw.js", "'none'", "same-origin"},
		"named when it was built":  {Handler(built), "/index.html", "https://course.example", "cross-origin"},
		"the server's list counts": {Handler(built, "self"), "/", "'self'", "cross-origin"},
		"damaged":                  {Handler(damaged), "/", "'none'", "same-origin"},
	} {
		if policy, resources, _ := ask(c.h, c.path); policy != c.policy || resources != c.other {
			t.Errorf("%s: frame-ancestors %s, resources %s", name, policy, resources)
		}
	}
	if _, _, body := ask(Handler(built, "self", "https://b.example"), "/embed.json"); body != "[\"self\",\"https://b.example\"]\n" {
		t.Errorf("the list is %s", body)
	}
}
