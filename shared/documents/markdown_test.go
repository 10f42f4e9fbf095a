package documents

import (
	"strings"
	"testing"
	"time"
)

// goldmark takes time quadratic in the brackets and the emphasis of one paragraph: these
// took from half a minute to many.
func TestMarkdownTakesLinearTime(t *testing.T) {
	for _, unit := range []string{"[a]\n", "_a*", "*a_ ", "a*_", "\\``"} {
		begin := time.Now()
		docs, _ := Read("a.md", []byte(strings.Repeat(unit, 120_000/len(unit))), Options{})
		if d := time.Since(begin); d > 5*time.Second || len(docs) != 1 {
			t.Errorf("%q: %v, %d documents", unit, d, len(docs))
		}
	}
}

func TestUntangle(t *testing.T) {
	long := strings.Repeat("an _easy_ word, ", 5000)
	for name, x := range map[string]struct {
		src   string
		stays bool
	}{
		"a list of links":     {strings.Repeat("- [a](https://a.org) *b* \\_c\n", 5000), true},
		"a numbered list":     {strings.Repeat("1. [a](https://a.org)\n", 5000), true},
		"a table":             {"| a | b |\n|---|:-:|\n" + strings.Repeat("| [a](b) | *c* |\n", 5000), true},
		"headings":            {strings.Repeat("## [a](b)\n", 5000), true},
		"paragraphs":          {strings.Repeat("a [b](c) *d*\n\n", 5000), true},
		"a rule":              {strings.Repeat("*", 5000), true},
		"brackets, a line":    {strings.Repeat("[a]\n", 5000), false},
		"brackets, no spaces": {strings.Repeat("[a]", 5000), false},
		"words":               {long, false},
		"pipes":               {strings.Repeat("[a] | [b]\n", 5000), false},
	} {
		got := untangle(x.src)
		if (got == x.src) != x.stays {
			t.Errorf("%s: changed: %v", name, got != x.src)
		}
		if strings.ReplaceAll(got, "\n\n", "") != strings.ReplaceAll(x.src, "\n\n", "") {
			t.Errorf("%s: more than empty lines were added", name)
		}
		for p := range strings.SplitSeq(got, "\n\n") {
			if n := strings.Count(p, "["); !x.stays && n > mostBrackets {
				t.Errorf("%s: a paragraph of %d brackets", name, n)
			}
			if n := strings.Count(p, "_"); !x.stays && n > mostEmphasis {
				t.Errorf("%s: a paragraph of %d emphases", name, n)
			}
		}
	}
	if got := untangle(long); strings.Contains(got, "_\n\n") || strings.Contains(got, "\n\n_") && !strings.Contains(got, " \n\n_") {
		t.Error("broken within a word")
	}
	// No markup is lost where the text is broken.
	docs, _ := Read("a.md", []byte(long), Options{})
	if got := strings.ReplaceAll(docs[0].Text, "\n\n", " "); strings.Count(got, "an easy word,") < 4980 {
		t.Errorf("%d of 5000 are whole", strings.Count(got, "an easy word,"))
	}
}
