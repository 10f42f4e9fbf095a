package rewrite

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const longKey = "sk-Proj-0123456789abcdefABCDEF"

// hostile returns the result of a client whose server answers with h, and the error of
// its question.
func hostile(t *testing.T, h http.HandlerFunc) (list []string, err error, cache string) {
	t.Helper()
	c := client(t, h)
	c.Parallel, c.Retries, c.Key = 1, 0, longKey
	cache = filepath.Join(t.TempDir(), "cache")
	_, failed, err := run(c, examples(1), cache)
	for _, e := range failed {
		list = append(list, e.Error())
	}
	if err != nil {
		list = append(list, err.Error())
	}
	return list, err, cache
}

// The key is sent only to the address that was given.
func TestRedirectsAreRefused(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		var elsewhere atomic.Int32
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			elsewhere.Add(1)
			reply(w, "Fine?")
		}))
		defer other.Close()
		list, err, _ := hostile(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/?from="+r.Header.Get("Authorization"), code)
		})
		if err == nil || elsewhere.Load() > 0 || !strings.Contains(err.Error(), "redirect") && !strings.Contains(err.Error(), "the key is sent only to --url") {
			t.Errorf("%d: %v; %d requests elsewhere", code, err, elsewhere.Load())
		}
		if s := fmt.Sprint(list); strings.Contains(s, "456789abc") {
			t.Errorf("%d: the key is shown: %s", code, s)
		}
	}
}

// Whatever a server sends, no message and no answer contains the key, or characters
// that affect the terminal.
func TestTheKeyIsNeverShown(t *testing.T) {
	ok := func(w http.ResponseWriter, content string) {
		data, _ := json.Marshal(content)
		fmt.Fprintf(w, `{"choices":[{"message":{"content":%s}}]}`, data)
	}
	var spelled, percent strings.Builder
	for _, b := range []byte(longKey) {
		fmt.Fprintf(&spelled, `\u%04x`, b)
		fmt.Fprintf(&percent, `%%%02X`, b)
	}
	for name, h := range map[string]http.HandlerFunc{
		"401":        func(w http.ResponseWriter, r *http.Request) { http.Error(w, "bad "+r.Header.Get("Authorization"), 401) },
		"500":        func(w http.ResponseWriter, r *http.Request) { http.Error(w, "bad "+r.Header.Get("Authorization"), 500) },
		"400, upper": func(w http.ResponseWriter, r *http.Request) { http.Error(w, strings.ToUpper(longKey), 400) },
		"a piece":    func(w http.ResponseWriter, r *http.Request) { http.Error(w, "***"+longKey[8:], 401) },
		"spelled":    func(w http.ResponseWriter, r *http.Request) { http.Error(w, spelled.String(), 401) },
		"in percent": func(w http.ResponseWriter, r *http.Request) { http.Error(w, percent.String(), 401) },
		"cut":        func(w http.ResponseWriter, r *http.Request) { http.Error(w, strings.Repeat("x", 380)+longKey, 401) },
		"no JSON":    func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, longKey) },
		"an answer":  func(w http.ResponseWriter, r *http.Request) { ok(w, "Is the key "+longKey+"?") },
		"babble":     func(w http.ResponseWriter, r *http.Request) { ok(w, strings.Repeat(longKey+" ", 100)) },
		"status": func(w http.ResponseWriter, r *http.Request) {
			raw(t, w, "HTTP/1.1 401 \x1b]0;pwned\x07\x1b[31m"+longKey+"\r\nContent-Length: 0\r\n\r\n")
		},
		"no HTTP": func(w http.ResponseWriter, r *http.Request) { raw(t, w, longKey+"\x1b[2J\r\n\r\n") },
		"header": func(w http.ResponseWriter, r *http.Request) {
			raw(t, w, "HTTP/1.1 200 OK\r\n"+longKey+"\x1b[2J\r\n\r\n")
		},
	} {
		list, _, cache := hostile(t, h)
		kept, _ := os.ReadFile(cache)
		all := strings.Join(append(list, string(kept)), "\n")
		if len(list) == 0 || strings.Contains(strings.ToLower(all), "456789abc") {
			t.Errorf("%s: %q", name, all)
		}
		if strings.ContainsAny(strings.Join(list, ""), "\x1b\x07\x00") {
			t.Errorf("%s: steers the terminal: %q", name, list)
		}
	}
	c := Client{Key: "EMPTY"} // as local servers want it
	if s := "Is the glass empty?"; c.hide(s) != s {
		t.Errorf("a word was taken for the key: %q", c.hide(s))
	}
	if got := c.hide("Bearer EMPTY"); got != "Bearer [key]" {
		t.Errorf("%q", got)
	}
}

// raw answers with bytes unchanged.
func raw(t *testing.T, w http.ResponseWriter, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	conn.(net.Conn).Write([]byte(text))
}

func TestAnswersThatCannotBe(t *testing.T) {
	answers := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { reply(w, text) }
	}
	usage := func(prompt, answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"choices":[{"message":{"content":"Who?"}}],"usage":{"prompt_tokens":%s,"completion_tokens":%s}}`, prompt, answer)
		}
	}
	for name, x := range map[string]struct {
		h    http.HandlerFunc
		says string
	}{
		"one word of 900 kB": {answers(strings.Repeat("x", 900_000)), "900000 bytes"},
		"tokens below zero":  {usage("1", "-5"), "-5 written"},
		"too many tokens":    {usage("9223372036854775807", "1"), "9223372036854775807 tokens"},
		"deep":               {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, strings.Repeat("[", 900_000)) }, "no chat completion"},
	} {
		list, _, _ := hostile(t, x.h)
		if len(list) != 1 || !strings.Contains(list[0], x.says) || len(list[0]) > 2000 {
			t.Errorf("%s: %.2000q", name, list)
		}
	}
	if s, err := clean("who\x1b[2J\x00 \u202edid it?", 60); err != nil || strings.ContainsAny(s, "\x1b\x00\u202e") || !strings.HasPrefix(s, "who") {
		t.Errorf("%q, %v", s, err)
	}
	if s, err := clean(strings.Repeat("問", 100), 60); err != nil || len(s) != 300 {
		t.Errorf("a question without spaces: %v", err)
	}
}

func TestALongPauseIsShown(t *testing.T) {
	var notes []string
	tries := 0
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries == 1 {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return
		}
		reply(w, "Fine?")
	})
	c.Note = func(s string) { notes = append(notes, s) }
	if _, _, err := run(c, examples(1), filepath.Join(t.TempDir(), "c")); err != nil || len(notes) != 1 || !strings.Contains(notes[0], "1s") {
		t.Errorf("%q, %v", notes, err)
	}
	if maxPause > 5*time.Minute {
		t.Error("a server can keep the run for", maxPause)
	}
}

// A file that is not a cache is not changed.
func TestACacheOfSomethingElseIsLeftAsItIs(t *testing.T) {
	line := `{"key":"` + strings.Repeat("ab", 32) + `","id":"0","answer":"Who?","prompt_tokens":1,"completion_tokens":1}` + "\n"
	for name, text := range map[string]string{
		"without a line's end": "a precious note",
		"JSON":                 `{"precious": true}`,
		"two lines":            "precious\nnotes",
		"bytes":                "\x00\x01\x02\n\x03",
		"tokens below zero":    strings.Replace(line, `"completion_tokens":1`, `"completion_tokens":-1`, 1) + `{"key`,
		"answers, and a note":  line + "a note",
	} {
		cache := filepath.Join(t.TempDir(), "c")
		os.WriteFile(cache, []byte(text), 0o644)
		c := client(t, func(w http.ResponseWriter, r *http.Request) { reply(w, "Fine?") })
		_, _, err := run(c, examples(1), cache)
		if got, _ := os.ReadFile(cache); err == nil || string(got) != text {
			t.Errorf("%s: %v, and now it is %q", name, err, got)
		}
	}
	// Half a line of an answer is one that was being written.
	for n := 1; n < len(line); n += 7 {
		cache := filepath.Join(t.TempDir(), "c")
		os.WriteFile(cache, []byte(line+line[:n]), 0o644)
		c := client(t, func(w http.ResponseWriter, r *http.Request) { reply(w, "Fine?") })
		if _, _, err := run(c, examples(1), cache); err != nil {
			t.Errorf("%d bytes of a line: %v", n, err)
		}
	}
}

// A password in the address is not shown either.
func TestThePasswordOfAnAddressIsNotShown(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 401) })
	c.URL = strings.Replace(c.URL, "://", "://me:"+base64.RawURLEncoding.EncodeToString([]byte("password"))+"@", 1)
	_, _, err := run(c, examples(1), filepath.Join(t.TempDir(), "c"))
	if err == nil || strings.Contains(err.Error(), "cGFzc3dvcmQ") {
		t.Error(err)
	}
}
