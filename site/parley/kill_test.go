package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/site/collection"
	"parley/site/collection/tiny"
)

// killed runs command lines in turn, without end, in a process of its own that it kills
// after a while, again and again; whole checks what they left each time.
func killed(t *testing.T, lines [][]string, whole func() error) {
	t.Helper()
	const child = "PARLEY_KILLED_CHILD"
	if text := os.Getenv(child); text != "" {
		if err := json.Unmarshal([]byte(text), &lines); err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			must(t, "", lines[i%len(lines)]...)
		}
	}
	must(t, "", lines[0]...)
	text, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		c := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		c.Env = append(os.Environ(), child+"="+string(text))
		var said strings.Builder
		c.Stdout = &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(80+23*i) * time.Millisecond)
		c.Process.Kill()
		if c.Wait(); strings.Contains(said.String(), "FAIL") {
			t.Fatal(said.String())
		}
		if err := whole(); err != nil {
			t.Errorf("kill %d: %v", i, err)
		}
	}
	for _, line := range lines { // what was begun for each is gone after it has run to its end
		must(t, "", line...)
	}
	if err := whole(); err != nil {
		t.Error(err)
	}
}

func hidden(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("there are %q, %v", left, err)
	}
}

func TestAKilledIndexLeavesACollection(t *testing.T) {
	dir := t.TempDir()
	encoder, out := filepath.Join(dir, "encoder"), filepath.Join(dir, "work", "out")
	if err := tiny.Write(encoder, 1); err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for name, text := range map[string]string{"one": "The tower in paris is tall.\n\n", "two": "A whale is not a fish in the sea.\n\n"} {
		at := filepath.Join(dir, name+".txt")
		if err := os.WriteFile(at, []byte("Title\n\n"+strings.Repeat(text, 60)), 0o644); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, []string{"index", "--encoder", encoder, "--out", out, at})
	}
	killed(t, lines, func() error {
		_, err := collection.OpenAll(out)
		return err
	})
	hidden(t, filepath.Dir(out))
	hidden(t, out)
}

func TestAKilledQuantizeLeavesAnEncoder(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "work", "out")
	var lines [][]string
	for i, name := range []string{"one", "two"} {
		if err := tiny.Write(filepath.Join(dir, name), uint64(i+1)); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, []string{"quantize", filepath.Join(dir, name), out})
	}
	killed(t, lines, func() error {
		_, err := collection.OpenEncoder(out) // verifies the weights by the manifest beside them
		return err
	})
	hidden(t, filepath.Dir(out))
	hidden(t, out)
}
