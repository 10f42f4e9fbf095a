package serve

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Vectors of the page itself are answered; those of other origins, and what is no JSON, are
// not, and an engine's error is not shown.
func TestOnlyThePageAsks(t *testing.T) {
	var logged []error
	h := Only("localhost:8080", nil, Asking(Handler(site), func(_ context.Context, question string) ([]byte, error) {
		switch question {
		case "bad":
			return nil, &BadQuestion{errors.New("no question")}
		case "down":
			return nil, errors.New("engine-7.internal refuses the password")
		}
		return []byte("found " + question), nil
	}, func(err error) { logged = append(logged, err) }))
	for _, x := range []struct {
		method, path, host, kind, from, body string
		code                                 int
		says                                 string
	}{
		{"POST", "/ask", "localhost", "application/json", "same-origin", "q", 200, "found q"},
		{"POST", "/ask", "localhost", "application/json; charset=utf-8", "", "q", 200, "found q"},
		{"POST", "/ask", "localhost", "application/json", "cross-site", "q", 403, "only this site's page"},
		{"POST", "/ask", "localhost", "application/json", "none", "q", 403, "only this site's page"},
		{"POST", "/ask", "localhost", "text/plain", "same-origin", "q", 403, "in JSON"},
		{"POST", "/ask", "localhost", "", "same-origin", "q", 403, "in JSON"},
		{"POST", "/ask", "evil.example", "application/json", "same-origin", "q", 421, "does not serve"},
		{"POST", "/ask", "localhost", "application/json", "same-origin", strings.Repeat("x", 1<<20), 413, "too long"},
		{"POST", "/ask", "localhost", "application/json", "same-origin", "bad", 400, "no question"},
		{"POST", "/ask", "localhost", "application/json", "same-origin", "down", 502, "cannot answer now"},
		{"GET", "/ask", "localhost", "", "", "", 404, ""},
		{"OPTIONS", "/ask", "localhost", "", "cross-site", "", 405, "only GET"},
		{"POST", "/LICENSE", "localhost", "application/json", "same-origin", "q", 405, "only GET"},
		{"GET", "/LICENSE", "localhost", "", "", "", 200, "terms"},
	} {
		r := httptest.NewRequest(x.method, "http://localhost"+x.path, strings.NewReader(x.body))
		r.Host = x.host
		r.Header.Set("Content-Type", x.kind)
		r.Header.Set("Sec-Fetch-Site", x.from)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		body := w.Body.String()
		if w.Code != x.code || !strings.Contains(body, x.says) || strings.Contains(body, "engine-7") {
			t.Errorf("%s %s of %q from %q: %d %q", x.method, x.path, x.kind, x.from, w.Code, body)
		}
		if w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s: headers %v", x.method, x.path, w.Header())
		}
		if x.path == "/ask" && x.method == http.MethodPost && x.code != 421 && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%q may be cached", x.body)
		}
	}
	if len(logged) != 1 || !strings.Contains(logged[0].Error(), "engine-7") {
		t.Errorf("logged %v", logged)
	}
}
