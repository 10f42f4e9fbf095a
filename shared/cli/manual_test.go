package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheManualHasAPageForEachCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000") // 14 November 2023
	if code, _, err := call("manual", dir); code != OK {
		t.Fatal(err)
	}
	for _, name := range []string{"tool", "tool-cut", "tool-paint", "tool-completion", "tool-manual"} {
		page, err := os.ReadFile(filepath.Join(dir, name+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(string(page), `.TH "`+strings.ToUpper(name)+`" "1" "Nov 2023"`) {
			t.Errorf("%s", page)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "tool-cut.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cut wood", "tool cut [flags] WOOD...", "--how", "the \\fBway\\fR to cut", "tool cut --how fine oak", "A * star_of_the_sea <here>"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	// A table keeps its lines, as a reader sees the page.
	if path, err := exec.LookPath("groff"); err == nil {
		out, err := exec.Command(path, "-man", "-Tascii", "-P-cbou", filepath.Join(dir, "tool-cut.1")).Output()
		if err != nil || !strings.Contains(string(out), "oak    hard\n") || !strings.Contains(string(out), "balsa  soft\n") {
			t.Errorf("%v\n%s", err, out)
		}
	} else {
		t.Log("groff is not here, and shows nothing")
	}

	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if code, _, err := call("manual", dir); code != Failed || !strings.Contains(err, "SOURCE_DATE_EPOCH") {
		t.Errorf("%d %s", code, err)
	}
	if code, _, _ := call("manual"); code != Usage {
		t.Error(code)
	}
}
