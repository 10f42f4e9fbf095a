// Command vugushrink makes the Go that vugugen writes shorter: what it spells out for
// every node becomes a call of nodes.go, and line breaks between elements are left out,
// 200 nodes that no one sees. ui.wasm is the largest part of what a visitor
// waits for, and most of its own code builds nodes. What vugugen writes otherwise than
// the edits below expect is an error, so a new version of Vugu cannot slip through
// unread.
//
//	go run ./vugushrink FOLDER
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	quoted   = `"(?:[^"\\]|\\.)*"`
	appended = `\n\s*vgparent\.AppendChild\(vgn\)`
)

// edits in order; each is the same node, or attribute, or handler.
var edits = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`vgn = &vugu\.VGNode\{Type: vugu\.VGNodeType\(1\), Data: (` + quoted + `)\}` + appended), `vgn = addText(vgparent, $1)`},
	{regexp.MustCompile(`vgn = &vugu\.VGNode\{Type: vugu\.VGNodeType\(3\), Namespace: (` + quoted + `), Data: (` + quoted + `), Attr: \[\]vugu\.VGAttribute\(nil\)\}` + appended), `vgn = addElement(vgparent, $1, $2)`},
	{regexp.MustCompile(`vgn = &vugu\.VGNode\{Type: vugu\.VGNodeType\(3\), Namespace: (` + quoted + `), Data: (` + quoted + `), Attr: \[\]vugu\.VGAttribute\{((?:(?:vugu\.VGAttribute)?\{Namespace: "", Key: ` + quoted + `, Val: ` + quoted + `\}(?:, )?)+)\}\}` + appended), `vgn = addElement(vgparent, $1, $2, $3)`},
	{regexp.MustCompile(`(?:vugu\.VGAttribute)?\{Namespace: "", Key: (` + quoted + `), Val: (` + quoted + `)\}`), `$1, $2`},
	{regexp.MustCompile(`vgn\.AddAttrInterface\(`), `addAttribute(vgn, `},
	// The content of an element is text, never markup: the page's policy lets no program
	// write innerHTML. What has no expression in it is HTML, of which markup checks.
	{regexp.MustCompile(`vgn\.SetInnerHTML\(vugu\.HTML\((` + quoted + `)\)\)`), `addText(vgn, $1)`},
	{regexp.MustCompile(`vgn\.SetInnerHTML\(`), `addText(vgn, `},
	{regexp.MustCompile(`vgn\.DOMEventHandlerSpecList = append\(vgn\.DOMEventHandlerSpecList, vugu\.DOMEventHandlerSpec\{\n\s*EventType:\s*(` + quoted + `),\n\s*Func:\s*(func\(event vugu\.DOMEvent\) \{.*\}),\n\s*// TODO: [^\n]*\n\s*\}\)`), `addHandler(vgn, $1, $2)`},
}

// roots are not appended to a parent: their attributes are spelled out as before.
var roots = regexp.MustCompile(`Attr: \[\]vugu\.VGAttribute\{(.*)\}\}\n\s*vgout`)

// element is a call whose strings become one: a name, and names and values of attributes.
var element = regexp.MustCompile(`(addElement\(vgparent, ` + quoted + `(?:, ` + quoted + `)+)\)`)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: vugushrink FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "vugushrink:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "*_gen.go"))
	if err != nil {
		return err
	}
	texts := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		texts[name] = string(data)
	}
	if texts, err = shrink(texts); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	for name, text := range texts {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// markup matches the content of an element that is more than text.
var markup = regexp.MustCompile(`SetInnerHTML\(vugu\.HTML\("(?:[^"\\]|\\.)*(?:\\x3[CE]|[<>&])(?:[^"\\]|\\.)*"\)\)`)

// left matches what no edit must leave: a node that is neither a component nor a root, or
// something done to one.
var left = regexp.MustCompile(`&vugu\.VGNode\{|vgn\.(?:AddAttrInterface|SetInnerHTML|DOMEventHandlerSpecList)|vugu\.HTML`)

// mayStay matches nodes that stay as they are.
var mayStay = regexp.MustCompile(`vgn = &vugu\.VGNode\{(?:Component: vgcomp\}` + appended + `|[^\n]*\}\n\s*vgout\.Out = append\(vgout\.Out, vgn\))`)

// shrink edits files, by name. Every edit must apply somewhere, and nothing that one is
// meant for be left.
func shrink(files map[string]string) (map[string]string, error) {
	applied := make([]int, len(edits))
	joined, dropped := 0, 0
	out := map[string]string{}
	for name, text := range files {
		if m := markup.FindString(text); m != "" {
			return nil, fmt.Errorf("%s: %s: an element without any expression in it, whose content is more than text, is written as HTML; give an element inside it a vg-content", filepath.Base(name), m)
		}
		// Keep the roots out of the fourth edit's way.
		kept := roots.FindAllString(text, -1)
		n := 0
		text = roots.ReplaceAllStringFunc(text, func(string) string { n++; return fmt.Sprintf("\x00%d\x00", n-1) })
		for i, e := range edits {
			applied[i] += len(e.from.FindAllStringIndex(text, -1))
			text = e.from.ReplaceAllString(text, e.to)
		}
		text = regexp.MustCompile("\x00(\\d+)\x00").ReplaceAllStringFunc(text, func(s string) string {
			var i int
			fmt.Sscanf(s[1:], "%d", &i)
			return kept[i]
		})
		text = element.ReplaceAllStringFunc(text, func(s string) string {
			joined++
			return strings.ReplaceAll(element.FindStringSubmatch(s)[1], `", "`, `\x00`) + ")"
		})
		text, n = withoutBreaks(text)
		dropped += n
		if s := left.FindString(mayStay.ReplaceAllString(text, "")); s != "" {
			return nil, fmt.Errorf("%s still holds %s, which no edit of vugushrink matched: vugugen writes it otherwise now; read what it writes and adapt the edits", filepath.Base(name), s)
		}
		out[name] = text
	}
	for i, n := range applied {
		if n == 0 {
			return nil, fmt.Errorf("nothing in %d files matches %s: vugugen writes it otherwise now, or vugushrink ran already; read what it writes and adapt the edits", len(files), edits[i].from)
		}
	}
	if joined == 0 || dropped == 0 {
		return nil, fmt.Errorf("of %d files, %d elements were joined into one string and %d line breaks left out; wanted some of both", len(files), joined, dropped)
	}
	return out, nil
}

var (
	broken = regexp.MustCompile(`^vgn = addText\(vgparent, "\\n *"\)$`)
	child  = regexp.MustCompile(`^vgn = add(?:Element|Text)\(`)
)

// withoutBreaks takes out the text nodes that are a line break and the next line's
// indentation. Vugu empties no element that has no child, so where every other child is
// there on some condition one of them stays. The style sheet must not count on any. dropped
// is how many are gone.
func withoutBreaks(text string) (_ string, dropped int) {
	lines := strings.Split(text, "\n")
	depth := func(i int) int { return len(lines[i]) - len(strings.TrimLeft(lines[i], "\t")) }
	drop := make([]bool, len(lines))
	for i := range lines {
		if strings.TrimSpace(lines[i]) != "vgparent := vgn" {
			continue
		}
		// The children of this element, as far as they are there in any case.
		var breaks []int
		always := false
		for j := i + 1; j < len(lines) && depth(j) >= depth(i); j++ {
			if depth(j) > depth(i) {
				continue
			}
			switch line := strings.TrimSpace(lines[j]); {
			case broken.MatchString(line):
				breaks = append(breaks, j)
			case child.MatchString(line):
				always = true
			}
		}
		for n, j := range breaks {
			if drop[j] = always || n > 0; drop[j] {
				dropped++
			}
			lines[j] = strings.Repeat("\t", depth(j)) + `vgn = addText(vgparent, "")`
		}
	}
	i := -1
	lines = slices.DeleteFunc(lines, func(string) bool { i++; return drop[i] })
	return strings.Join(lines, "\n"), dropped
}
