// Command vuguhelper writes the JavaScript part of Vugu as a file of the site.
//
// Vugu contains the script as a string and evaluates it at the start, which a strict
// content security policy forbids. The page loads it with a script element instead, and
// boot.js replaces the evaluation by nothing. The edits below also remove work on the
// document that is not needed. Each must apply exactly as often as it says, so a new
// version of Vugu cannot pass unnoticed.
//
//	go run ./vuguhelper <file to write>
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

type edit struct {
	why      string
	from, to string
	times    int
}

var edits = []edit{
	{
		// Every event renders the whole tree. Writing an attribute, a text or an innerHTML
		// that has not changed has a cost: it drops the reader's selection, restarts a
		// screen reader's sentence, and takes layout.
		why:   "attributes are written where they change",
		from:  "el.setAttribute(attrName, attrValue);",
		to:    "if (el.getAttribute(attrName) !== attrValue) el.setAttribute(attrName, attrValue);",
		times: 1,
	},
	{
		why:   "attributes in a namespace are written where they change",
		from:  "el.setAttributeNS(attrNamespace, attrName, attrValue);",
		to:    "if (el.getAttributeNS(attrNamespace, attrName) !== attrValue) el.setAttributeNS(attrNamespace, attrName, attrValue);",
		times: 1,
	},
	{
		why:   "texts and comments are written where they change",
		from:  "state.el.textContent = content;",
		to:    "if (state.el.textContent !== content) state.el.textContent = content;",
		times: 2,
	},
	{
		// Everything shown is elements and text (vugushrink checks this), so the page's
		// policy can forbid programs to write markup (trusted types).
		why:   "no innerHTML is written",
		from:  `state.el.innerHTML = (state.bufferedInnerHTML || "") + html;`,
		to:    `throw "innerHTML is not for this page";`,
		times: 1,
	},
	{
		// The original copies every property of the event and of its target, and with them
		// the texts and the markup of the clicked element, several times. With a megabyte
		// pasted into a field, each key pressed there copies it.
		why: "an event is described by what handlers here read",
		from: `for (let i in event) {
                                    try {
                                        // accessing ` + "`selectionDirection`, `selectionStart`, or `selectionEnd`" + ` throws in WebKit-based browsers.
                                        let itype = typeof (event[i]);
                                        // copy primitive values directly
                                        if (itype == "boolean" || itype == "number" || itype == "string") {
                                            eventObj[i] = event[i];
                                        }
                                    } catch {}
                                }`,
		to: `for (let i of ["type", "key", "shiftKey", "ctrlKey", "altKey", "metaKey", "isComposing"]) {
                                    if (event[i] !== undefined) eventObj[i] = event[i];
                                }`,
		times: 1,
	},
	{
		why: "an event's target is not copied",
		from: `                                    let et = event.target;
                                    for (let i in et) {
                                        try {
                                            let itype = typeof (et[i]);
                                            if (itype == "boolean" || itype == "number" || itype == "string") {
                                                eventObj.target[i] = et[i];
                                            }
                                        } catch {}
                                    }
`,
		times: 1,
	},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "vuguhelper:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: vuguhelper <file to write>")
	}
	script, err := Script()
	if err != nil {
		return err
	}
	return os.WriteFile(os.Args[1], script, 0o644)
}

var (
	debugLine   = regexp.MustCompile(`(?m)^\s*/\*DEBUG.*\n`)
	commentLine = regexp.MustCompile(`(?m)^\s*//.*\n`)
	blankLines  = regexp.MustCompile(`\n\n+`)
	indentation = regexp.MustCompile(`(?m)^ +`)
)

// Script returns the edited script of the version of Vugu in go.mod.
func Script() ([]byte, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}} {{.Version}}", "github.com/vugu/vugu").Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m github.com/vugu/vugu: %w", err)
	}
	dir, version, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	src, err := os.ReadFile(filepath.Join(dir, "domrender", "renderer-js-script.js"))
	if err != nil {
		return nil, err
	}
	s := strings.ReplaceAll(string(src), "\r\n", "\n")
	for _, e := range edits {
		if n := strings.Count(s, e.from); n != e.times {
			return nil, fmt.Errorf("Vugu %s: %q is found %d times, not %d: the edit so that %s no longer fits; read renderer-js-script.js and adapt it",
				version, e.from, n, e.times, e.why)
		}
		s = strings.ReplaceAll(s, e.from, e.to)
	}
	s = debugLine.ReplaceAllString(s, "")
	s = commentLine.ReplaceAllString(s, "")
	s = blankLines.ReplaceAllString(s, "\n")
	s = indentation.ReplaceAllString(s, " ")
	head := "// Vugu " + version + ", domrender/renderer-js-script.js, edited. MIT License, Copyright (c) 2019 vugu.\n" +
		"// Written by wasm/ui/vuguhelper; do not edit.\n"
	return []byte(head + strings.TrimSpace(s) + "\n"), nil
}
