//go:build linux && !libtorch

// libtorch alone takes more memory than the bound here.

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A conversation of 16,000 turns is read in memory that grows with its length, not with the
// square of it, by what the system counts.
func TestALongConversationStaysWithinItsMemory(t *testing.T) {
	const child = "TRAINER_LIMITED"
	if line := os.Getenv(child); line != "" {
		mustRun(t, "", line)
		return
	}
	dir := t.TempDir()
	var b strings.Builder
	for i := range 16_000 {
		fmt.Fprintf(&b, `{"task_id":"c<::>%[1]d","turn_id":%[1]d,"user":{"text":"q"},"agent":{"text":"a"}}`+"\n", i+1)
	}
	put(t, filepath.Join(dir, "long.jsonl"), []byte(b.String()))
	c := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	c.Env = append(os.Environ(), child+"=import mtrag --vocab ../models/splade-tiny/vocab.txt --out "+dir+"/out.jsonl "+dir+"/long.jsonl")
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if out, err := os.Stat(filepath.Join(dir, "out.jsonl")); err != nil || out.Size() < 1<<20 {
		t.Errorf("%+v, %v", out, err)
	}
	if took := c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10; took > 300 {
		t.Errorf("it took %d MiB", took)
	} else {
		t.Logf("%d MiB", took)
	}
}
