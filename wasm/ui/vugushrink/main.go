// Command vugushrink makes the Go that vugugen writes shorter: what it spells out for
// every node becomes a call of nodes.go. ui.wasm is the largest part of what a visitor
// waits for, and most of its own code builds nodes.
//
//	go run ./vugushrink FOLDER
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
	{regexp.MustCompile(`vgn\.SetInnerHTML\(`), `setInner(vgn, `},
	{regexp.MustCompile(`vgn\.DOMEventHandlerSpecList = append\(vgn\.DOMEventHandlerSpecList, vugu\.DOMEventHandlerSpec\{\n\s*EventType: (` + quoted + `),\n\s*Func:\s*(func\(event vugu\.DOMEvent\) \{.*\}),\n\s*// TODO: [^\n]*\n\s*\}\)`), `addHandler(vgn, $1, $2)`},
}

// roots are not appended to a parent: their attributes are spelled out as before.
var roots = regexp.MustCompile(`Attr: \[\]vugu\.VGAttribute\{(.*)\}\}\n\s*vgout`)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: vugushrink FOLDER")
		os.Exit(2)
	}
	names, _ := filepath.Glob(filepath.Join(os.Args[1], "*_gen.go"))
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err == nil {
			text := string(data)
			// Keep the roots out of the fourth edit's way.
			kept := roots.FindAllString(text, -1)
			n := 0
			text = roots.ReplaceAllStringFunc(text, func(string) string { n++; return fmt.Sprintf("\x00%d\x00", n-1) })
			for _, e := range edits {
				text = e.from.ReplaceAllString(text, e.to)
			}
			text = regexp.MustCompile("\x00(\\d+)\x00").ReplaceAllStringFunc(text, func(s string) string {
				var i int
				fmt.Sscanf(s[1:], "%d", &i)
				return kept[i]
			})
			err = os.WriteFile(name, []byte(text), 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "vugushrink:", err)
			os.Exit(1)
		}
	}
}
