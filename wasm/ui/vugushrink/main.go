// Command vugushrink makes the Go code that vugugen writes shorter: it turns what vugugen
// repeats for every node into calls of nodes.go, and removes the line breaks between
// elements, which are 200 invisible nodes. ui.wasm is the largest part of what a visitor
// waits for, and most of its own code builds nodes. Output of vugugen that the edits below
// do not expect is an error, so a new version of Vugu cannot pass unnoticed.
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

// edits are applied in order; each matches a node, an attribute or a handler in vugugen's
// form.
var edits = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`vgn = &vugu\.VGNode\{Type: vugu\.VGNodeType\(1\), Data: (` + quoted + `)\}` + appended), `vgn = addText(vgparent, $1)`},
	{regexp.MustCompile(`vgn = &vugu\.VGNode\{Type: vugu\.VGNodeType\(3\), Namespace: (` + quoted + `), Data: (` + quoted + `), Attr: \[\]vugu\.VGAttribute\(nil\)\}` + appended), `vgn = addElement(vgparent, $1, $2)`},
	{regexp.MustCompile(`vgn = &vugu\.VGNode\{Type: vugu\.VGNodeType\(3\), Namespace: (` + quoted + `), Data: (` + quoted + `), Attr: \[\]vugu\.VGAttribute\{((?:(?:vugu\.VGAttribute)?\{Namespace: "", Key: ` + quoted + `, Val: ` + quoted + `\}(?:, )?)+)\}\}` + appended), `vgn = addElement(vgparent, $1, $2, $3)`},
	{regexp.MustCompile(`(?:vugu\.VGAttribute)?\{Namespace: "", Key: (` + quoted + `), Val: (` + quoted + `)\}`), `$1, $2`},
	{regexp.MustCompile(`vgn\.AddAttrInterface\(`), `addAttribute(vgn, `},
	// The content of an element is text, never markup: the page's policy forbids programs
	// to write innerHTML. Static content without an expression is HTML, which markup
	// checks.
	{regexp.MustCompile(`vgn\.SetInnerHTML\(vugu\.HTML\((` + quoted + `)\)\)`), `addText(vgn, $1)`},
	{regexp.MustCompile(`vgn\.SetInnerHTML\(`), `addText(vgn, `},
	{regexp.MustCompile(`vgn\.DOMEventHandlerSpecList = append\(vgn\.DOMEventHandlerSpecList, vugu\.DOMEventHandlerSpec\{\n\s*EventType:\s*(` + quoted + `),\n\s*Func:\s*(func\(event vugu\.DOMEvent\) \{.*\}),\n\s*// TODO: [^\n]*\n\s*\}\)`), `addHandler(vgn, $1, $2)`},
}

// roots matches nodes that are not appended to a parent: they keep their attributes in
// vugugen's form.
var roots = regexp.MustCompile(`Attr: \[\]vugu\.VGAttribute\{(.*)\}\}\n\s*vgout`)

// element matches a call whose strings become one: a name, and names and values of
// attributes.
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

// markup matches the content of an element that is not plain text.
var markup = regexp.MustCompile(`SetInnerHTML\(vugu\.HTML\("(?:[^"\\]|\\.)*(?:\\x3[CE]|[<>&])(?:[^"\\]|\\.)*"\)\)`)

// left matches code that no edit may leave over: a node that is neither a component nor a
// root, or an operation on one.
var left = regexp.MustCompile(`&vugu\.VGNode\{|vgn\.(?:AddAttrInterface|SetInnerHTML|DOMEventHandlerSpecList)|vugu\.HTML`)

// mayStay matches nodes that no edit changes.
var mayStay = regexp.MustCompile(`vgn = &vugu\.VGNode\{(?:Component: vgcomp\}` + appended + `|[^\n]*\}\n\s*vgout\.Out = append\(vgout\.Out, vgn\))`)

// shrink returns the edited files, by name. It returns an error where an edit applies
// nowhere, or code that an edit is meant for remains.
func shrink(files map[string]string) (map[string]string, error) {
	applied := make([]int, len(edits))
	joined, dropped := 0, 0
	out := map[string]string{}
	for name, text := range files {
		if m := markup.FindString(text); m != "" {
			return nil, fmt.Errorf("%s: %s: an element without any expression in it, whose content is more than text, is written as HTML; give an element inside it a vg-content", filepath.Base(name), m)
		}
		// Keep the roots away from the fourth edit.
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

// withoutBreaks removes the text nodes that are a line break and the next line's
// indentation, and returns their number as dropped. Vugu does not empty an element without
// children, so where every other child is conditional one of them stays. The style sheet
// must not rely on any of them.
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
