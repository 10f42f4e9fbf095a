package serve

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

func ask(h http.Handler, host, path string) (int, string) {
	r := httptest.NewRequest("GET", "http://localhost"+path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Result().StatusCode, string(body)
}

// A page elsewhere whose name was made to lead here gets no answer.
func TestOnlyItsOwnHostsAreServed(t *testing.T) {
	for _, x := range []struct {
		addr  string
		hosts []string
		yes   []string
		no    []string
	}{
		{"localhost:8080", nil,
			[]string{"localhost", "localhost:8080", "LOCALHOST.:9", "a.localhost:1", "127.0.0.1", "127.0.0.2:8080", "[::1]:8080", "[::ffff:127.0.0.1]"},
			[]string{"", "evil.example", "evil.example:8080", "localhost.evil.example", "evillocalhost", "192.168.1.5:8080", "0.0.0.0:8080", "[::]"}},
		{"192.168.1.5:80", nil, []string{"192.168.1.5", "localhost"}, []string{"192.168.1.6", "evil.example"}},
		{"0.0.0.0:8080", nil, []string{"192.168.1.5:8080", "[fd00::1]:8080"}, []string{"evil.example"}},
		{":8080", nil, []string{"192.168.1.5:8080"}, []string{"evil.example"}},
		{"box.lan:80", []string{"Parley.Example", "10.0.0.1"}, []string{"box.lan", "parley.example:443", "10.0.0.1"}, []string{"other.example", "10.0.0.2", "x.box.lan"}},
	} {
		h := Only(x.addr, x.hosts, Handler(site))
		for _, host := range x.yes {
			if code, body := ask(h, host, "/LICENSE"); code != 200 || body != "terms" {
				t.Errorf("%s: host %q: %d %q", x.addr, host, code, body)
			}
		}
		for _, host := range x.no {
			if code, body := ask(h, host, "/LICENSE"); code != http.StatusMisdirectedRequest || body == "terms" {
				t.Errorf("%s: host %q: %d %q", x.addr, host, code, body)
			}
		}
	}
}

func TestNoLinkOutOfTheFolder(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	for at, text := range map[string]string{filepath.Join(elsewhere, "secret.txt"): "secret", filepath.Join(dir, "own.txt"): "own"} {
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"out.txt": filepath.Join(elsewhere, "secret.txt"), "away": elsewhere, "in.txt": "own.txt", "up.txt": "../" + filepath.Base(dir) + "/own.txt"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	for path, want := range map[string][2]int{"/own.txt": {200, 200}, "/in.txt": {200, 200}, "/out.txt": {404, 200}, "/away/secret.txt": {404, 200}, "/up.txt": {404, 200}} {
		for i, links := range []bool{false, true} {
			if code, _ := ask(Handler(Folder(dir, links)), "localhost", path); code != want[i] {
				t.Errorf("%s, links %v: %d", path, links, code)
			}
		}
	}
}

// A folder that replaces another is served from then on, by the same handler.
func TestAFolderThatWasReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site")
	h := Handler(Folder(dir, false))
	if code, _ := ask(h, "localhost", "/a.txt"); code != 404 {
		t.Errorf("no folder: %d", code)
	}
	for _, text := range []string{"one", "two"} {
		os.RemoveAll(dir)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(dir, "a.txt"), []byte(text), 0o644)
		if code, body := ask(h, "localhost", "/a.txt"); code != 200 || body != text {
			t.Errorf("%d %q, wanted %q", code, body, text)
		}
	}
}
