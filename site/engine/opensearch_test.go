package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// An openSearch is OpenSearch in a Java process of its own.
type openSearch struct {
	t       *testing.T
	classes string
	home    string
	port    int
	cmd     *exec.Cmd
	in      io.Closer
}

// startOpenSearch starts OpenSearch from the packages that `make engines` or `make test` puts
// into build/engines/java; without them the test is skipped.
func startOpenSearch(t *testing.T) *openSearch {
	t.Helper()
	jars, err := filepath.Abs(filepath.Join("..", "..", "build", "engines", "java"))
	if err != nil {
		t.Fatal(err)
	}
	if found, _ := filepath.Glob(filepath.Join(jars, "opensearch-2*.jar")); len(found) == 0 {
		t.Skip("no OpenSearch in build/engines/java: `make opensearch` fetches it from Maven")
	}
	for _, tool := range []string{"java", "javac"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool + " here")
		}
	}
	s := &openSearch{t: t, classes: t.TempDir(), home: t.TempDir()}
	all := filepath.Join(jars, "*")
	if out, err := exec.Command("javac", "-cp", all, "-d", s.classes, filepath.Join("testdata", "opensearch", "Main.java")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.classes += string(os.PathListSeparator) + all
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *openSearch) url() string { return fmt.Sprintf("http://127.0.0.1:%d", s.port) }

func (s *openSearch) start() {
	s.t.Helper()
	s.cmd = exec.Command("java", "-Xmx512m", "-cp", s.classes, "Main", s.home, fmt.Sprint(s.port))
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil { // it ends with its input
		s.t.Fatal(err)
	}
	said, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	var log strings.Builder
	for lines.Scan() {
		fmt.Fprintln(&log, lines.Text())
		if strings.Contains(lines.Text(), "started") {
			go io.Copy(io.Discard, said)
			return
		}
	}
	s.t.Fatalf("OpenSearch does not start: %s", log.String())
}

// kill ends it as kill -9 does.
func (s *openSearch) kill() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
	s.in.Close()
}

// OpenSearch itself takes a load over three shards, is killed in its midst, goes on, and then
// ranks as the index; and it refuses what it is said to refuse.
func TestOpenSearchItself(t *testing.T) {
	s := startOpenSearch(t)
	c := collection(t, 1500)
	var once sync.Once
	_, err := Load(t.Context(), c, s.url(), LoadOptions{Shards: 3, Batch: 50, Progress: func(p Progress) {
		if p.Done >= 300 {
			once.Do(s.kill)
		}
	}})
	if err == nil || !strings.Contains(err.Error(), "OpenSearch 2") {
		t.Fatalf("it was killed: %v", err)
	}
	s.start()
	usual = patience{tries: 40, first: 50 * time.Millisecond, most: time.Second} // it recovers its shards
	defer func() { usual = patience{tries: 4, first: time.Millisecond, most: 5 * time.Millisecond} }()
	if _, err := Open(t.Context(), s.url()); err == nil || !strings.Contains(err.Error(), "its load was not finished, at passage") {
		t.Errorf("half a load: %v", err)
	}
	done := load(t, c, s.url(), LoadOptions{Batch: 50})
	t.Logf("%+v", done)
	ranksAlike(t, c, s.url())

	call := func(method, path, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.url()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if data, _ := io.ReadAll(res.Body); res.StatusCode >= 300 {
			t.Fatalf("%s %s: %s %s", method, path, res.Status, data)
		}
	}
	other := collection(t, 20)
	other.Hash[0] = 1
	if _, err := Load(t.Context(), other, s.url(), LoadOptions{}); !errors.Is(err, ErrOther) {
		t.Errorf("another collection: %v", err)
	}
	call("PUT", "/elsewhere", `{"mappings": {"properties": {"v": {"type": "text"}}}}`)
	if _, err := Load(t.Context(), other, s.url()+"#elsewhere", LoadOptions{}); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "another mapping") {
		t.Errorf("another mapping: %v", err)
	}
	// What the flood stage of a full disk does.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	call("PUT", "/full", fmt.Sprintf(luceneMapping, rankFeatures))
	call("PUT", "/full/_settings", `{"index.blocks.read_only_allow_delete": true}`)
	if _, err := Load(ctx, other, s.url()+"#full", LoadOptions{}); err == nil || !strings.Contains(err.Error(), "its disk is full") {
		t.Errorf("a full disk: %v", err)
	}
	call("PUT", "/full/_settings", `{"index.blocks.read_only_allow_delete": null}`)
	load(t, other, s.url()+"#full", LoadOptions{})
	ranksAlike(t, other, s.url()+"#full")
}
