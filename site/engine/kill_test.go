package engine

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// Environment variables for the process that is killed: what it writes, and where.
const (
	killedForm    = "PARLEY_TEST_KILLED_FORM"
	killedOut     = "PARLEY_TEST_KILLED_OUT"
	killedAddress = "PARLEY_TEST_KILLED_ADDRESS"
)

// child returns this test as a process of its own, with these variables.
func child(t *testing.T, env ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	c.Env = append(os.Environ(), env...)
	return c
}

// A kill at any moment of an export leaves whole parts, and the next run ends with the same
// files as one that was not killed.
func TestAKilledExportContinues(t *testing.T) {
	c := collection(t, 300)
	if name := os.Getenv(killedForm); name != "" {
		f, err := FormNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Export(t.Context(), c, os.Getenv(killedOut), Options{Part: 10, Progress: func(Progress) { fmt.Println("part") }})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, f := range []*Form{opensearch, pgvector, sqlite} {
		whole, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
		if _, err := f.Export(t.Context(), c, whole, Options{Part: 10}); err != nil {
			t.Fatal(err)
		}
		want := files(t, whole)
		for kill := range 3 {
			cmd := child(t, killedForm+"="+f.Name, killedOut+"="+out)
			said, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(said)
			for n := 0; n < 1+3*kill && lines.Scan(); {
				if lines.Text() == "part" {
					n++
				}
			}
			cmd.Process.Kill()
			cmd.Wait()
			for name, content := range files(t, out) {
				if strings.HasPrefix(name, "part-") && content != want[name] {
					t.Errorf("%s: kill %d left half of %s", f.Name, kill, name)
				}
			}
		}
		if _, err := f.Export(t.Context(), c, out, Options{Part: 10}); err != nil {
			t.Fatal(err)
		}
		got := files(t, out)
		if f == sqlite { // the order of its pages is another
			ranksAlike(t, c, filepath.Join(out, f.file))
			delete(got, f.file)
			delete(want, f.file)
		}
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s: %s is another than without kills", f.Name, name)
			}
		}
		for name := range got {
			if _, ok := want[name]; !ok && !strings.HasPrefix(name, ".") {
				t.Errorf("%s: %s was left", f.Name, name)
			}
		}
	}
}

// A kill at any moment of a load leaves what no one takes for whole, and the next run
// continues from there.
func TestAKilledLoadContinues(t *testing.T) {
	c := collection(t, 300)
	if address := os.Getenv(killedAddress); address != "" {
		if _, err := Load(t.Context(), c, address, LoadOptions{Batch: 10}); err != nil {
			t.Fatal(err)
		}
		return
	}
	f, url := serveFake(t, "opensearch")
	for kill := range 4 {
		cmd := child(t, killedAddress+"="+url)
		var asked atomic.Int64
		f.mu.Lock()
		f.before = func(_ http.ResponseWriter, r *http.Request, _ string) bool {
			if strings.Contains(r.URL.Path, "_bulk") && asked.Add(1) == int64(1+2*kill) {
				cmd.Process.Kill()
			}
			return false
		}
		f.mu.Unlock()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		f.mu.Lock()
		f.before = nil
		f.mu.Unlock()
		if _, err := Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "its load was not finished") {
			t.Errorf("kill %d: %v", kill, err)
		}
	}
	load(t, c, url, LoadOptions{})
	ranksAlike(t, c, url)
}
