package publish

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley/site/serve"
)

// hosting returns files for those who host the folder, with the headers that package serve
// sends, and the list of origins that may frame the page. No page requests them, except
// one in a frame the last, so the service worker does not list them.
func hosting(embed []string) []file {
	return []file{
		{path: "_headers", content: []byte(netlify(embed))},
		{path: "hosting/nginx.conf", content: []byte(nginx(embed))},
		{path: serve.EmbedFile, content: serve.EmbedList(embed)},
		{path: "hosting/README.txt", content: []byte(hostingText)},
	}
}

const hostingText = `Where this folder is hosted

The page works on any static host, under any path. It keeps its promises without any
header of the host's: its policy stands in index.html, each of its programs is verified
before it runs, its workers live under the page's policy, and it refuses to run inside
another page, unless "parley build --embed ORIGIN" named that page's origin (embed.json).
Headers add to that:

  frame-ancestors, Integrity-Policy   the browser itself refuses frames, and scripts
                                      without a hash
  Cross-Origin-...-Policy             the browser's precise clock, for the milliseconds
  Cache-Control                       app/ and data/ are kept for ever, not asked for again

Netlify, Cloudflare Pages   read the file _headers: nothing is left to do
nginx                       hosting/nginx.conf, to be included in a server block
GitHub Pages                sends headers of its own alone: all of the first paragraph holds,
                            and times are shown as coarsely as the browser's clock is then
parley serve                sends all headers

On plain http from another machine than one's own, browsers have no service worker, so the
page needs the network; programs and files are verified all the same. SECURITY.md in
Parley's repository says what is promised and how it is tested.
`

// netlify returns the file _headers for Netlify and Cloudflare Pages.
func netlify(embed []string) string {
	var b strings.Builder
	b.WriteString("# Written by parley build for Netlify and Cloudflare Pages. The paths begin at the root of\n" +
		"# the site: where this folder lies below it, move this file there and put the folder's path\n# before each.\n/*\n")
	headers := serve.Headers(embed...)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		fmt.Fprintf(&b, "  %s: %s\n", name, headers[name])
	}
	for _, folder := range []string{"app", "data"} {
		fmt.Fprintf(&b, "/%s/*\n  Cache-Control: %s\n", folder, serve.Immutable)
	}
	return b.String()
}

// nginx returns a part of a server block.
func nginx(embed []string) string {
	var b strings.Builder
	b.WriteString("# Written by parley build: include this in a server block whose root is this folder.\n" +
		"gzip_static on;      # sends the .gz files that lie beside the others\n" +
		"# brotli_static on;  # and the .br files, where nginx has ngx_brotli\n\ntypes {\n")
	for _, ending := range []string{"html", "js", "css", "json", "webmanifest", "wasm", "svg", "png", "txt", "bin", "safetensors"} {
		media, _, _ := strings.Cut(serve.Type("x."+ending), ";")
		fmt.Fprintf(&b, "    %s %s;\n", media, ending)
	}
	b.WriteString("}\ncharset utf-8;\ncharset_types text/html text/plain text/javascript text/css;\ndefault_type text/plain;\n")
	headers := serve.Headers(embed...)
	for _, part := range []struct{ location, cache string }{{"/", "no-cache"}, {"~ /(app|data)/[^/]*$", serve.Immutable}} {
		// A location that adds a header of its own does not inherit any.
		fmt.Fprintf(&b, "\nlocation %s {\n    add_header Cache-Control \"%s\" always;\n", part.location, part.cache)
		for _, name := range slices.Sorted(maps.Keys(headers)) {
			fmt.Fprintf(&b, "    add_header %s \"%s\" always;\n", name, headers[name])
		}
		b.WriteString("}\n")
	}
	return b.String()
}
