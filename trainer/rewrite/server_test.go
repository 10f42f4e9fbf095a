package rewrite

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/shared/importers"
	"parley/trainer/disk"
)

// PARLEY_LLM is a command that serves a language model at the port of 127.0.0.1 that
// is given as its last argument; smollm2.sh makes one. trainer rewrite, the program
// itself, asks it through a proxy that counts, and that refuses some requests.
func TestRealServer(t *testing.T) {
	command := strings.Fields(os.Getenv("PARLEY_LLM"))
	if len(command) == 0 {
		t.Skip("PARLEY_LLM is not set")
	}
	questions := 30 // so many that the first run can be killed before its end
	if n, err := strconv.Atoi(os.Getenv("QUESTIONS")); err == nil {
		questions = n
	}
	folder := t.TempDir()
	server := serve(t, command)

	const parallel = 3
	var inFlight, most, asked, refused atomic.Int32
	proxy := httputil.NewSingleHostReverseProxy(server)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) {} // the killed run's requests
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) { // two requests fail in passing
		case 2:
			refused.Add(1)
			w.Header().Set("Retry-After", "1")
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return
		case 4:
			refused.Add(1)
			http.Error(w, "overloaded", http.StatusServiceUnavailable)
			return
		}
		n := inFlight.Add(1)
		defer inFlight.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()

	r, err := disk.Import("parley", []string{"../conversations/test.jsonl"}, importers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var list []importers.Example
	human := map[string]string{}
	for _, e := range r.Examples {
		if len(list) == questions {
			break
		}
		if n := len(e.History); n == 1 || n == 2 {
			human[e.ID] = e.Rewrite
			e.Rewrite = ""
			list = append(list, e)
		}
	}
	var b bytes.Buffer
	if err := importers.Write(&b, list); err != nil {
		t.Fatal(err)
	}
	in, out, cache := filepath.Join(folder, "in.jsonl"), filepath.Join(folder, "out.jsonl"), filepath.Join(folder, "answers.jsonl")
	if err := os.WriteFile(in, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "trainer")
	if text, err := exec.Command("go", "build", "-o", program, "parley/trainer").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	rewrite := func() *exec.Cmd {
		return exec.Command(program, "rewrite", "--url", front.URL+"/v1", "--model", "smollm2", "--examples", in, "--out", out, "--cache", cache,
			"--parallel", fmt.Sprint(parallel), "--timeout", "30m")
	}
	answers := func() []string {
		data, _ := os.ReadFile(cache)
		data = data[:bytes.LastIndexByte(data, '\n')+1]
		return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	}

	// Killed in the middle: what was answered is there.
	first := rewrite()
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { first.Wait(); close(ended) }()
	for len(answers()) < 2 {
		select {
		case <-ended:
			t.Fatal("the run ended before it could be killed")
		case <-time.After(20 * time.Millisecond):
		}
	}
	first.Process.Kill()
	<-ended
	kept := answers()
	if _, err := os.Stat(out); err == nil {
		t.Error("a run that was killed left a result")
	}

	// Gone on with: nothing is asked twice, and the tokens are counted.
	before := asked.Load() - refused.Load()
	text, err := rewrite().CombinedOutput()
	t.Logf("%s", text)
	if err != nil {
		t.Fatal(err)
	}
	n := counts(t, text)
	all := answers()
	if n[1] != len(kept) || n[0]+n[1]+n[2] != questions || len(all) != n[0]+n[1] {
		t.Errorf("%d asked, %d from the cache, %d failed of %d; %d answers were kept, %d are", n[0], n[1], n[2], questions, len(kept), len(all))
	}
	for i, line := range kept {
		if all[i] != line {
			t.Errorf("answer %d was %s, is %s", i, line, all[i])
		}
	}
	var read, written int
	for _, line := range all[len(kept):] {
		var a answer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		read, written = read+a.Prompt, written+a.Tokens
		if a.Prompt < 50 || a.Tokens < 1 || a.Tokens > 96 {
			t.Errorf("%s: %d tokens read, %d written", a.ID, a.Prompt, a.Tokens)
		}
	}
	if read != n[3] || written != n[4] {
		t.Errorf("%d tokens read and %d written, the answers say %d and %d", n[3], n[4], read, written)
	}
	if again := int(asked.Load() - refused.Load() - before); n[2] == 0 && again != n[0] {
		t.Errorf("%d requests for %d questions", again, n[0])
	}
	if most.Load() != parallel {
		t.Errorf("at most %d requests at once, wanted %d", most.Load(), parallel)
	}
	if refused.Load() != 2 {
		t.Errorf("%d requests were refused, wanted 2", refused.Load())
	}

	result, err := disk.Import("jsonl", []string{out}, importers.Options{})
	if err != nil || len(result.Examples) != questions {
		t.Fatalf("%d examples, %v", len(result.Examples), err)
	}
	for _, e := range result.Examples {
		t.Logf("%q by a person %q, by the model %q", e.Question, human[e.ID], e.Rewrite)
	}
	// All that was answered is in the cache: the same result, without a server where
	// nothing has to be asked again.
	want, _ := os.ReadFile(out)
	if n[2] == 0 {
		front.Close()
	}
	text, err = rewrite().CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	m := counts(t, text)
	if m[1] != len(all) || m[0] > n[2] {
		t.Errorf("again: %d asked, %d from the cache, which has %d", m[0], m[1], len(all))
	}
	if got, _ := os.ReadFile(out); m[0] == 0 && !bytes.Equal(got, want) {
		t.Errorf("from the cache the result is\n%s, was\n%s", got, want)
	}
}

// counts reads the counts that a run prints: questions asked, answered from the cache
// and failed; tokens read and written.
func counts(t *testing.T, said []byte) (n [5]int) {
	t.Helper()
	found := regexp.MustCompile(`(\d+) asked, (\d+) from the cache, (\d+) failed; (\d+) tokens read, (\d+) written`).FindSubmatch(said)
	if found == nil {
		t.Fatalf("the run does not say what it did: %s", said)
	}
	for i := range n {
		n[i], _ = strconv.Atoi(string(found[i+1]))
	}
	return n
}

// serve starts the server at a free port, waits until it answers, and ends it with
// the test.
func serve(t *testing.T, command []string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command(command[0], append(command[1:], fmt.Sprint(port))...)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	last := make(chan string, 1)
	go func() {
		line := ""
		for s := bufio.NewScanner(said); s.Scan(); {
			line = s.Text()
		}
		last <- line
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	at := &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	for begin := time.Now(); time.Since(begin) < 10*time.Minute; {
		if res, err := http.Get(at.String() + "/v1/models"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return at
			}
		}
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", command[0], <-last)
		case <-time.After(200 * time.Millisecond):
		}
	}
	t.Fatalf("no server at %s after ten minutes", at)
	return nil
}
