// Package killed kills programs while they write, and checks what they leave. It is for
// tests.
package killed

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Writer is a command by two command lines that write the same file or folder, each with
// another content.
type Writer struct {
	Name  string
	Lines [2][]string
	Out   string
}

const (
	child = "PARLEY_KILLED_CHILD" // has the Writer whose lines a process runs without end
	done  = "a line was run"
	kills = 2
)

// Child reports whether this is the process that is killed, which needs no Writers.
func Child() bool { return os.Getenv(child) != "" }

// Test runs a writer's lines in turn in a process of their own, which it kills at several
// moments of a line. Each time, Out must be what one of the lines leaves; files whose names
// begin with a dot do not count. After the lines have run once more, none of these is left
// in Out or beside it, in a folder that has nothing else. run runs one line, and fails the
// test where that fails.
func Test(t *testing.T, run func(t *testing.T, line []string), writers ...Writer) {
	if Child() {
		var w Writer
		if err := json.Unmarshal([]byte(os.Getenv(child)), &w); err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			run(t, w.Lines[i%2])
			fmt.Println("\n" + done)
		}
	}
	for _, w := range writers {
		t.Run(w.Name, func(t *testing.T) { w.test(t, strings.SplitN(t.Name(), "/", 2)[0], run) })
	}
}

func (w *Writer) test(t *testing.T, name string, run func(t *testing.T, line []string)) {
	if err := os.MkdirAll(filepath.Dir(w.Out), 0o755); err != nil {
		t.Fatal(err)
	}
	whole := map[string]bool{}
	var takes time.Duration
	for i := range 4 { // a line may find what the other left
		begin := time.Now()
		run(t, w.Lines[i%2])
		takes = max(takes, time.Since(begin))
		whole[content(t, w.Out)] = true
	}
	if len(whole) < 2 {
		t.Fatalf("both lines write the same, so that a mixture could not be told")
	}
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	for kill := range kills {
		c := exec.Command(os.Args[0], "-test.run", "^"+name+"$")
		c.Env = append(os.Environ(), child+"="+string(text))
		said, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines, last := bufio.NewScanner(said), ""
		for lines.Scan() && lines.Text() != done {
			last += lines.Text() + "\n"
		}
		// The end of a line is where it writes.
		time.Sleep(takes * time.Duration(2*kill+1) / (2 * kills))
		c.Process.Kill()
		c.Wait()
		if strings.Contains(last, "FAIL") {
			t.Fatal(last)
		}
		if !whole[content(t, w.Out)] {
			t.Errorf("kill %d left what neither line writes", kill)
		}
	}
	for _, line := range w.Lines {
		run(t, line)
	}
	if !whole[content(t, w.Out)] {
		t.Error("the lines now write something else")
	}
	for _, dir := range []string{filepath.Dir(w.Out), w.Out} {
		if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
			t.Errorf("there are still %q, %v", left, err)
		}
	}
}

// content returns the names and the sums of a folder's files, or a file's sum.
func content(t *testing.T, at string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(at, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(d.Name(), ".") && d.IsDir():
			return fs.SkipDir
		case strings.HasPrefix(d.Name(), ".") || d.IsDir():
			return nil
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s %x\n", path, sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// Covered fails the test where a command is not on the list of those whose kills are
// tested, or that write nothing, and where the list has one that is none.
func Covered(t *testing.T, commands []string, list map[string]string) {
	t.Helper()
	for _, name := range commands {
		if list[name] == "" {
			t.Errorf("does %s write? Test that it may be killed, or say that it writes nothing", name)
		}
	}
	if len(list) != len(commands) {
		t.Errorf("the list has %d commands, there are %d", len(list), len(commands))
	}
}
