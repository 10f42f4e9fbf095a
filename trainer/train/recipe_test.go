package train

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recipes reads the configurations of the full scale.
func recipes(t *testing.T) map[string]Config {
	t.Helper()
	paths, err := filepath.Glob("../recipes/*.json")
	if err != nil || len(paths) < 3 {
		t.Fatalf("%d recipes, %v", len(paths), err)
	}
	all := map[string]Config{}
	for _, path := range paths {
		c := Default()
		if err := c.Read(path); err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = c
	}
	return all
}

// The recipes are DiSCo's settings, whatever the defaults become.
func TestRecipesAreDiSCos(t *testing.T) {
	readme, err := os.ReadFile("../recipes/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range recipes(t) {
		if !strings.Contains(string(readme), "`"+name+"`") {
			t.Errorf("%s is not in the README", name)
		}
		c.Out = "runs/" + name
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.Rate != 2e-5 || c.Batch != 10 || c.Epochs < 5 || c.Epochs > 7 || c.WarmUp != .01 || c.MaxTokens != 256 ||
			c.From != 11 || c.To != 960 || c.Candidates != 16 || c.Sampling != "window" || c.KLD != 1 || c.Distance != 0 || c.Freeze || c.Device != "cuda" {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
