package documents

import (
	"runtime/debug"
	"strings"
	"testing"
)

// A browser gives WebAssembly about a megabyte of stack, and a program that overflows it
// is lost. So no input may make a reader recurse deeply: each of these has to do with
// 256 KiB. Where it does not, Go ends the test's process.
func TestNestingNeedsLittleStack(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(256 << 10))
	const n = 3000
	for name, text := range map[string]string{
		"no end of a sentence.txt": strings.Repeat("a", 3<<20),
		"no end of a word.md":      strings.Repeat("a", 3<<20),
		"elements.html":            strings.Repeat("<div>", n) + "x",
		"tables.html":              strings.Repeat("<table><tr><td>", n) + "x",
		"lists.html":               strings.Repeat("<ul><li>", n) + "x",
		"open.json":                strings.Repeat("[", 100*n),
		"field.json":               `{"text": ` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}",
		"objects.json":             strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n),
		"quotes.md":                strings.Repeat("> ", n) + "x",
		"lists.md":                 strings.Repeat("- ", n) + "x",
		"brackets.md":              strings.Repeat("[", n) + "x" + strings.Repeat("]", n),
		"images.md":                strings.Repeat("![", n) + "x" + strings.Repeat("](u)", n),
		"emphasis.md":              strings.Repeat("*a ", n) + strings.Repeat("b* ", n),
		"elements.md":              strings.Repeat("<div>\n", n),
	} {
		done := make(chan []string)
		go func() { // on a stack of its own
			var texts []string
			docs, _ := Read(name, []byte(text), Options{})
			for _, d := range docs {
				for _, p := range Cut(d, 190, func(s string) int { return len(strings.Fields(s)) }) {
					texts = append(texts, p.Text)
				}
			}
			done <- texts
		}()
		texts := <-done
		if strings.HasPrefix(name, "no end") && len(strings.Join(texts, "")) != len(text) {
			t.Errorf("%s: %d bytes became %d", name, len(text), len(strings.Join(texts, "")))
		}
	}
}
