package rewrite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/shared/conversation"
	"parley/shared/importers"
)

func examples(n int) []importers.Example {
	var all []importers.Example
	for i := range n {
		all = append(all, importers.Example{ID: fmt.Sprint(i), Conversation: "c", History: []conversation.Turn{
			{Question: fmt.Sprintf("Who is number %d?", i), Reply: "A spy."}}, Question: fmt.Sprintf("Why %d?", i)})
	}
	return all
}

// reply answers as a chat completion.
func reply(w http.ResponseWriter, text string) { replyUntil(w, text, "stop") }

func replyUntil(w http.ResponseWriter, text, finish string) {
	json.NewEncoder(w).Encode(map[string]any{
		"choices": []any{map[string]any{"message": map[string]string{"role": "assistant", "content": text}, "finish_reason": finish}},
		"usage":   map[string]int{"prompt_tokens": 100, "completion_tokens": 7},
	})
}

func prompt(r *http.Request) string {
	var body struct {
		Model    string
		Messages []struct{ Content string }
	}
	json.NewDecoder(r.Body).Decode(&body)
	return body.Model + ": " + body.Messages[0].Content
}

func client(t *testing.T, h http.HandlerFunc) Client {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c := Default()
	c.URL, c.Model, c.Wait, c.Retries, c.Key = s.URL+"/v1", "m", time.Millisecond, 2, "secret"
	return c
}

func run(c Client, list []importers.Example, cache string) (Count, map[string]error, error) {
	failed := map[string]error{}
	n, err := c.Run(context.Background(), list, cache, func(id string, err error) { failed[id] = err }, func(int, Count) {})
	return n, failed, err
}

func TestAsksOnceAndRemembers(t *testing.T) {
	var calls atomic.Int32
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		p := prompt(r)
		if r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer secret" || !strings.HasPrefix(p, "m: ") ||
			!strings.Contains(p, "User: Who is number") || !strings.Contains(p, "System: A spy.") || !strings.Contains(p, "Last question: Why ") {
			t.Errorf("%s, %v: %s", r.URL, r.Header, p)
		}
		_, q, _ := strings.Cut(p, "Last question: ")
		q, _, _ = strings.Cut(q, "\n")
		reply(w, "Rewritten question: \""+q+" is a spy\"\nBecause the conversation is about a spy.")
	})
	cache := filepath.Join(t.TempDir(), "x", "cache.jsonl")
	list := examples(9)
	n, failed, err := run(c, list, cache)
	if err != nil || len(failed) > 0 || n != (Count{Asked: 9, PromptTokens: 900, AnswerTokens: 63}) {
		t.Fatalf("%+v, %v, %v", n, failed, err)
	}
	for i, e := range list {
		if want := fmt.Sprintf("Why %d? is a spy", i); e.Rewrite != want {
			t.Errorf("%q, wanted %q", e.Rewrite, want)
		}
	}
	// A killed run leaves half a line.
	data, _ := os.ReadFile(cache)
	os.WriteFile(cache, data[:len(data)-5], 0o644)
	n, _, err = run(c, examples(10), cache)
	if err != nil || n.Cached != 8 || n.Asked != 2 || calls.Load() != 11 {
		t.Errorf("%+v, %v, %d calls", n, err, calls.Load())
	}
	c.Model = "m" // another prompt asks anew
	c.Prompt = "m: User: Who is number System: A spy. Last question: Why {{.Question}}"
	if n, _, err = run(c, examples(1), cache); err != nil || n.Asked != 1 {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestRetriesWhatPasses(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		p := prompt(r)
		mu.Lock()
		seen[p]++
		n := seen[p]
		mu.Unlock()
		switch n {
		case 1:
			http.Error(w, "overloaded", http.StatusServiceUnavailable)
		case 2:
			w.Header().Set("Retry-After", "0")
			http.Error(w, "slow down", http.StatusTooManyRequests)
		default:
			reply(w, "Fine?")
		}
	})
	n, failed, err := run(c, examples(5), filepath.Join(t.TempDir(), "c"))
	if err != nil || len(failed) > 0 || n.Asked != 5 {
		t.Errorf("%+v, %v, %v", n, failed, err)
	}
}

// An answer that the model would repeat is asked for only once. At a temperature above
// 0, further tries have other seeds, and the answer is kept by the key of the first.
func TestAnswersThatAreNone(t *testing.T) {
	var mu sync.Mutex
	var seeds []int
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Seed int }
		json.NewDecoder(r.Body).Decode(&body)
		mu.Lock()
		seeds = append(seeds, body.Seed)
		n := len(seeds)
		mu.Unlock()
		if n%3 == 0 {
			reply(w, "Fine?")
		} else {
			reply(w, "")
		}
	})
	c.Parallel = 1
	cache := filepath.Join(t.TempDir(), "c")
	// What was said in vain was paid for too.
	if n, _, err := run(c, examples(3), cache); err != nil || n != (Count{Asked: 1, Failed: 2, PromptTokens: 300, AnswerTokens: 21}) || len(seeds) != 3 {
		t.Errorf("%+v, %v, seeds %v", n, err, seeds)
	}
	c.Temperature, seeds = .7, nil
	if n, _, err := run(c, examples(1), cache); err != nil || n != (Count{Asked: 1, PromptTokens: 300, AnswerTokens: 21}) || fmt.Sprint(seeds) != "[0 1 2]" {
		t.Errorf("%+v, %v, seeds %v", n, err, seeds)
	}
	if n, _, err := run(c, examples(1), cache); err != nil || n != (Count{Cached: 1, CachedPrompts: 300, CachedAnswers: 21}) {
		t.Errorf("%+v, %v", n, err)
	}
}

// A server that asks for a pause gets it.
func TestRetryAfter(t *testing.T) {
	var first time.Time
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if first.IsZero() {
			first = time.Now()
			w.Header().Set("Retry-After", "1")
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return
		}
		if d := time.Since(first); d < time.Second {
			t.Errorf("came back after %v", d)
		}
		reply(w, "Fine?")
	})
	if n, failed, err := run(c, examples(1), filepath.Join(t.TempDir(), "c")); err != nil || n.Asked != 1 {
		t.Errorf("%+v, %v, %v", n, failed, err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-7": 0, "99999999999": 365 * 24 * time.Hour, "99999": 99999 * time.Second, "soon": 0,
		"Fri, 02 Jan 2026 03:04:15 GMT": 10 * time.Second, "Thu, 01 Jan 2026 03:04:15 GMT": 0} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("Retry-After %q: %v, wanted %v", header, got, want)
		}
	}
}

// One bad question does not end the run; an unusable endpoint does, and says why.
func TestBadEndpoints(t *testing.T) {
	long := strings.Repeat("babble ", 500)
	for name, x := range map[string]struct {
		h            http.HandlerFunc
		asked        int
		failed, says string // of an example, of the run
	}{
		"one too long": {func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(prompt(r), "Why 3?") {
				http.Error(w, "context length exceeded", http.StatusBadRequest)
				return
			}
			reply(w, "Fine?")
		}, 29, "context length", ""},
		"babbles":  {func(w http.ResponseWriter, r *http.Request) { reply(w, long) }, 0, "500 words", "20 questions in a row"},
		"silent":   {func(w http.ResponseWriter, r *http.Request) { reply(w, " \n") }, 0, "empty answer", "20 questions in a row"},
		"no JSON":  {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>hello") }, 0, "no chat completion", "20 questions in a row"},
		"no key":   {func(w http.ResponseWriter, r *http.Request) { http.Error(w, "who are you", http.StatusUnauthorized) }, 0, "", "401 Unauthorized: \"who are you\""},
		"no model": {func(w http.ResponseWriter, r *http.Request) { http.Error(w, "unknown model", http.StatusNotFound) }, 0, "", "unknown model"},
		"endless": {func(w http.ResponseWriter, r *http.Request) {
			for line := []byte(strings.Repeat("word ", 1<<16)); ; {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		}, 0, "longer than 1 MiB", "20 questions in a row"},
		"breaks off": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "500")
			fmt.Fprint(w, `{"choices": [{"message": {"content": "Who`)
		}, 0, "unexpected EOF", "20 questions in a row"},
		"half a question": {func(w http.ResponseWriter, r *http.Request) { replyUntil(w, "Who was the first of", "length") }, 0, "--max-tokens", "20 questions in a row"},
		"a question and half a reason": {func(w http.ResponseWriter, r *http.Request) {
			replyUntil(w, "Who was the first?\nI have put", "length")
		}, 30, "", ""},
		"an error for an answer": {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"error": {"message": "model busy"}}`) }, 0, "model busy", "20 questions in a row"},
		"is broken":              {func(w http.ResponseWriter, r *http.Request) { http.Error(w, "oops", 500) }, 0, "500", "20 questions in a row"},
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, x.h)
			c.Parallel, c.Retries = 1, 0
			list := examples(30)
			n, failed, err := run(c, list, filepath.Join(t.TempDir(), "c"))
			if n.Asked != x.asked {
				t.Errorf("%d answered, wanted %d", n.Asked, x.asked)
			}
			if (x.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), x.says) {
				t.Errorf("error %v, wanted %q", err, x.says)
			}
			if x.failed == "" && len(failed) > 0 {
				t.Errorf("failed: %v", failed)
			}
			for id, err := range failed {
				if !strings.Contains(err.Error(), x.failed) {
					t.Errorf("%s: %v, wanted %q", id, err, x.failed)
				}
			}
			for _, e := range list {
				if failed[e.ID] != nil && e.Rewrite != "" {
					t.Errorf("%s failed and has the rewrite %q", e.ID, e.Rewrite)
				}
			}
		})
	}
	c := client(t, func(w http.ResponseWriter, r *http.Request) { time.Sleep(time.Second) })
	c.Timeout, c.Retries, c.Parallel = 10*time.Millisecond, 0, 20
	if _, failed, err := run(c, examples(30), filepath.Join(t.TempDir(), "c")); err == nil || !strings.Contains(fmt.Sprint(failed["0"]), "Timeout") {
		t.Errorf("an endpoint that never answers: %v, %v", err, failed["0"])
	}
	c = Default()
	c.URL, c.Model, c.Wait, c.Retries = "http://127.0.0.1:1/v1", "m", time.Millisecond, 1
	if n, _, err := run(c, examples(30), filepath.Join(t.TempDir(), "c")); err == nil || n.Failed > 0 || !strings.Contains(err.Error(), "no server answers at http://127.0.0.1:1") {
		t.Errorf("an endpoint that is not there: %+v, %v", n, err)
	}
	for _, c.URL = range []string{"localhost:8080/v1", "/v1", "ftp://localhost/v1", "http://"} {
		if _, _, err := run(c, examples(1), filepath.Join(t.TempDir(), "c")); err == nil || !strings.Contains(err.Error(), "not the address of an API") {
			t.Errorf("%s: %v", c.URL, err)
		}
	}
	c.URL = "http://127.0.0.1:1/v1"
	other := filepath.Join(t.TempDir(), "other")
	os.WriteFile(other, []byte("{\"no\": \"cache\"}\n"), 0o644)
	if _, _, err := run(c, examples(1), other); err == nil || !strings.Contains(err.Error(), "other:1") {
		t.Errorf("a cache of something else: %v", err)
	}
	c.Prompt = "{{.Nothing}}"
	if _, _, err := run(c, examples(1), filepath.Join(t.TempDir(), "c")); err == nil || !strings.Contains(err.Error(), "prompt") {
		t.Errorf("a prompt that does not fit: %v", err)
	}
}

// A run that is stopped keeps the answers so far.
func TestStoppedRunKeepsAnswers(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	var calls atomic.Int32
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 12 {
			stop()
		}
		reply(w, "Fine?")
	})
	cache := filepath.Join(t.TempDir(), "c")
	n, err := c.Run(ctx, examples(500), cache, func(id string, err error) { t.Error(id, err) }, func(int, Count) {})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	again, _, err := run(c, examples(500), cache)
	if err != nil || again.Cached != n.Asked || again.Cached+again.Asked != 500 || n.Asked < 8 {
		t.Errorf("%+v, then %+v, %v", n, again, err)
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Who?":                                 "Who?",
		" \"Who is Ada?\" \nI hope this helps": "Who is Ada?",
		"Rewritten Query: **Who is Ada?**":     "Who is Ada?",
		"User: Who is Ada?":                    "Who is Ada?",
		"<think>hm\nhm</think>\nWho is Ada?":   "Who is Ada?",
	} {
		if got, err := clean(in, 60); err != nil || got != want {
			t.Errorf("%q became %q, %v", in, got, err)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("Question: \"x\"")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := clean(s, 60); err == nil && (got == "" || strings.ContainsAny(got, "\n")) {
			t.Errorf("%q became %q", s, got)
		}
	})
}
