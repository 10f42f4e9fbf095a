package cli

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// What is printed is read back by the shell as the words that it was made of.
func TestTypedIsWhatAShellReads(t *testing.T) {
	if got := Typed("parley", "chat", "--collection", "my-notes", "--encoder", "", "--dense", "b/ü.x"); got != "parley chat --collection my-notes --dense b/ü.x" {
		t.Error(got)
	}
	if runtime.GOOS == "windows" {
		return
	}
	words := []string{"a b", "it's", `"x"`, "$HOME", "*", "~", `a\b`, "-x", "a;b", "(", "é"}
	out, err := exec.Command("sh", "-c", "printf '%s\\n' "+Typed(words...)).Output()
	if got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"); err != nil || !slices.Equal(got, words) {
		t.Errorf("%v: %q became %q", err, words, got)
	}
}
