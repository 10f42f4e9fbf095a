package publish

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"parley/site/serve"
)

// From index.html on, whatever names a script, a style sheet or a program names its
// SHA-256, too: a chain without a gap.
func TestEveryProgramIsNamedWithItsHash(t *testing.T) {
	o := options(t)
	o.App = App{"LICENSE": nil, "NOTICE": nil, "wasm_exec.js": []byte("go"), "kernel.wasm": []byte("k"), "kernel-relaxed.wasm": []byte("x"), "ui.wasm": []byte("u"), "worker.wasm": []byte("w"), "files.wasm": []byte("f"), "pdfium.wasm": []byte("p")}
	if err := o.App.addWeb(); err != nil {
		t.Fatal(err)
	}
	o.Level = None
	build(t, o)
	files := folder(t, o.Out)
	// In HTML an attribute follows; in scripts and in parley.json a part is [path, hash], or
	// the two are properties of a link.
	program := regexp.MustCompile(`app/[a-z0-9_-]+\.[0-9a-f]{16}\.(?:js|css|wasm)`)
	hashed := regexp.MustCompile(`(?:"(app/[^"]*)" integrity="([^"]*)"|['"](app/[^'"]*)['"]\)?, ['"]([^'"]*)['"])|integrity: '([^']*)', href: parley\.at\('(app/[^']*)'\)`)
	named := map[string]bool{}
	for name, content := range files {
		// An import has no place for a hash: a site that uses parley.js trusts its host with it.
		if !text(name) || name == "sw.js" || name == "parley.js" || name == "parley-search.js" {
			continue
		}
		left := hashed.ReplaceAllStringFunc(content, func(s string) string {
			m := hashed.FindStringSubmatch(s)
			at, sum := m[1]+m[3]+m[6], m[2]+m[4]+m[5]
			if files[at] == "" || integrity([]byte(files[at])) != sum {
				t.Errorf("%s names %s with %q", name, at, sum)
			}
			named[at] = true
			return ""
		})
		if s := program.FindString(left); s != "" {
			t.Errorf("%s names %s without its hash", name, s)
		}
	}
	for name := range files {
		if program.MatchString(name) && !named[name] && !strings.HasPrefix(name, "app/parley-api.") {
			t.Errorf("nothing names %s", name)
		}
	}
}

// Hosts are told to send what serve sends.
func TestHostsGetTheHeaders(t *testing.T) {
	for _, f := range hosting(nil)[:2] {
		for name, value := range serve.Headers() {
			if !bytes.Contains(f.content, []byte(name)) || !bytes.Contains(f.content, []byte(value)) {
				t.Errorf("%s lacks %s: %s", f.path, name, value)
			}
		}
		if n := strings.Count(string(f.content), serve.Immutable); n != 2 && n != 1 {
			t.Errorf("%s says %d times what may be kept for ever", f.path, n)
		}
	}
	if h := serve.Headers(); !strings.HasPrefix(h["Content-Security-Policy"], serve.Policy) {
		t.Errorf("the policy is %s", h["Content-Security-Policy"])
	}
}
