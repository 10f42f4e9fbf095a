package train

import (
	"parley/shared/cli"
	"strings"
	"testing"
)

// Every flag is in exactly one group, and every group has flags.
func TestGroupsHoldEveryFlag(t *testing.T) {
	text := Groups()
	for _, g := range groups {
		_, rest, _ := strings.Cut(strings.ReplaceAll(text, "\n", " "), g.title+". "+g.when+" ")
		if flags := strings.Fields(rest); len(flags) == 0 || flags[0] != "--"+g.first {
			t.Errorf("group %q does not begin with --%s", g.title, g.first)
		}
	}
	c, set := Default(), new(cli.Flags)
	c.Flags(set)
	var listed []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "  --") {
			listed = append(listed, strings.Fields(line)...)
		}
	}
	n := map[string]int{}
	for _, name := range listed {
		n[strings.TrimPrefix(name, "--")]++
	}
	set.VisitAll(func(f *cli.Flag) {
		if n[f.Name] != 1 {
			t.Errorf("--%s is listed %d times", f.Name, n[f.Name])
		}
		delete(n, f.Name)
	})
	if len(n) > 0 {
		t.Errorf("no flags: %v", n)
	}
}
