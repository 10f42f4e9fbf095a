package publish

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"parley/shared/durable"
	"parley/site/serve"
)

// OneFileBudget is the intended size of one file in bytes: a browser opens it from a disk
// within seconds, and it can still be sent by mail or put on a course's page.
const OneFileBudget = 22_000_000

// The script that goes before the page's own; it describes how the parts are laid out.
//
//go:embed onefile.js
var oneFileScript string

// OneFile writes everything into a single HTML file, o.Out, that opens by a double click,
// without a server. The first scripts and the styles are inline; everything else is stored
// at its end as parts in base64, packed with gzip, which every browser can unpack. Its
// policy allows no requests at all. OneFile returns the file's size in bytes.
func OneFile(ctx context.Context, o Options) (size int, err error) {
	files, err := contents(ctx, o, true)
	if err != nil {
		return 0, err
	}
	if o.Log != nil {
		o.Log("packing %d files", len(files))
	}
	if o.Cache != "" {
		if err := os.MkdirAll(o.Cache, 0o755); err != nil {
			return 0, err
		}
	}
	by := map[string]file{}
	for i := range files {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		// Scripts are not packed: workers are made of them immediately.
		if name := files[i].name; path.Ext(name) != ".js" && path.Ext(name) != ".css" {
			if files[i].small[1], err = small(&files[i], 1, Best, o.Cache); err != nil {
				return 0, err
			}
		}
		by[files[i].name] = files[i]
	}
	page, err := inline(by)
	if err != nil {
		return 0, err
	}
	var parts strings.Builder
	for _, f := range files {
		if !isPart(f.name) {
			continue
		}
		content, gzip := f.content, ""
		if f.small[1] != nil {
			content, gzip = f.small[1], " data-gzip"
		}
		fmt.Fprintf(&parts, "<script type=\"application/octet-stream\" data-part=\"%s\" data-type=\"%s\"%s>%s</script>\n",
			html.EscapeString(f.path), serve.Type(f.name), gzip, base64.StdEncoding.EncodeToString(content))
	}
	page = strings.Replace(page, "</body>", parts.String()+"</body>", 1)
	return len(page), durable.WriteFile(filepath.Clean(o.Out), []byte(page))
}

// inlined lists the scripts that the page starts with, in order; the others are parts.
var inlined = []string{"boot.js", "vugu-helper.js", "wasm_exec.js"}

// isPart reports whether a script requests the file, rather than the page containing it.
func isPart(name string) bool {
	if slices.Contains(packaged, name) {
		return false
	}
	switch path.Ext(name) {
	case ".js":
		return name != "sw.js" && !slices.Contains(inlined, name)
	case ".css":
		return slices.Contains(onDemand, name)
	case ".wasm":
		return name != pdfium // it would make the file a sixth larger
	case ".json", ".safetensors", ".txt", ".bin":
		return true
	}
	return false
}

var (
	stylesheets = regexp.MustCompile(`<link rel="stylesheet" href="([^"]*)"[^>]*>`)
	headLinks   = regexp.MustCompile(`<link rel="(?:manifest|apple-touch-icon)"[^>]*>\n?`)
	policyMeta  = regexp.MustCompile(`(<meta http-equiv="Content-Security-Policy" content=")[^"]*(">)`)
	notices     = regexp.MustCompile(`<p><a href="NOTICE">([^<]*)</a></p>`)
)

// inline returns index.html with its scripts, styles and icon in it, and a policy that
// allows just these, by their hashes, and what is made of the parts.
func inline(by map[string]file) (string, error) {
	page := string(by["index.html"].content)
	replace := func(old, new string) error {
		if strings.Count(page, old) != 1 {
			return fmt.Errorf("index.html holds %q %d times, not once", old, strings.Count(page, old))
		}
		page = strings.Replace(page, old, new, 1)
		return nil
	}
	scripts, styles := "", ""
	block := func(tag, content string) (string, error) {
		if lower := strings.ToLower(content); strings.Contains(lower, "</"+tag) || strings.Contains(lower, "<!--") {
			return "", fmt.Errorf("a %s that holds </%s or <!-- cannot stand in a page", tag, tag)
		}
		hash := " '" + integrity([]byte(content)) + "'"
		if tag == "script" {
			scripts += hash
		} else {
			styles += hash
		}
		return "<" + tag + ">" + content + "</" + tag + ">", nil
	}

	var failed error
	page = stylesheets.ReplaceAllStringFunc(page, func(link string) string {
		for _, f := range by {
			if f.path == stylesheets.FindStringSubmatch(link)[1] {
				style, err := block("style", string(f.content))
				failed = errors.Join(failed, err)
				return style
			}
		}
		failed = errors.Join(failed, fmt.Errorf("index.html: %s: there is no such file", link))
		return ""
	})
	if failed != nil {
		return "", failed
	}
	first, err := block("script", oneFileScript)
	if err != nil {
		return "", err
	}
	for _, name := range inlined {
		f := by[name]
		s, err := block("script", string(f.content))
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		tag := regexp.MustCompile(`<script src="` + regexp.QuoteMeta(f.path) + `"[^>]*></script>`).FindString(page)
		if err := replace(tag, first+s); err != nil {
			return "", err
		}
		first = ""
	}
	icon := "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(by["icon.svg"].content)
	if err := replace(`<link rel="icon" href="`+by["icon.svg"].path+`"`, `<link rel="icon" href="`+icon+`"`); err != nil {
		return "", err
	}
	page = headLinks.ReplaceAllLiteralString(page, "")
	page = notices.ReplaceAllStringFunc(page, func(s string) string {
		text := bytes.Join([][]byte{by["NOTICE"].content, by["LICENSE"].content}, []byte("\n\n"))
		return "<details><summary>" + notices.FindStringSubmatch(s)[1] + "</summary><pre>" + html.EscapeString(string(text)) + "</pre></details>"
	})
	policy := "default-src 'none'; script-src" + scripts + " blob: 'wasm-unsafe-eval'; style-src" + styles +
		" blob:; img-src data:; worker-src blob:; base-uri 'none'; form-action 'none'; " + serve.TrustedTypes
	page = policyMeta.ReplaceAllString(page, "${1}"+html.EscapeString(policy)+"${2}")
	return page, nil
}
