// Package serve serves a published folder as a good static host would: with the right
// types, compressed where the browser accepts it, cached forever where the name contains
// the content's hash, and with a strict content security policy.
package serve

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Policy is the content security policy of the page: only the site's own files,
// WebAssembly but no eval, nothing inline. It is also in index.html, for hosts that send
// no header of their own. Workers are made from scripts that the page has verified
// (blob:), so the page's policy applies to them on such hosts, too; 'self' is for the
// service worker.
const Policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
	"img-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; " + TrustedTypes

// TrustedTypes forbids turning text into markup or into the address of a script, except
// through the policy "parley" of boot.js, which allows only the page's own scripts.
const TrustedTypes = "require-trusted-types-for 'script'; trusted-types parley"

// headers are sent with every answer, parts of a collection excepted (partNeeds).
// frame-ancestors is valid only in a header. The two Cross-Origin policies give the page the
// browser's precise clock, with which it measures milliseconds. Integrity-Policy refuses scripts
// that come without a hash.
var headers = map[string]string{
	"Content-Security-Policy":      Policy + "; " + ancestors(nil),
	"Integrity-Policy":             "blocked-destinations=(script)",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
}

// partNeeds are those of a part of a collection, which a script alone reads. A question fetches
// a hundred, each with these headers: with all of them, a sixth of its bytes would be headers.
var partNeeds = map[string]bool{"X-Content-Type-Options": true, "Cross-Origin-Resource-Policy": true}

// Headers returns the headers of every answer, by name. Pages of the given origins may
// show these in a frame, even where they ask for isolation themselves.
func Headers(embed ...string) map[string]string {
	all := maps.Clone(headers)
	if len(embed) > 0 {
		all["Content-Security-Policy"] = Policy + "; " + ancestors(embed)
		all["Cross-Origin-Resource-Policy"] = "cross-origin"
	}
	return all
}

// types are listed because Go's own table depends on the system, and browsers compile
// WebAssembly only with the right type.
var types = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".json":        "application/json",
	".webmanifest": "application/manifest+json",
	".wasm":        "application/wasm",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".ico":         "image/x-icon",
	".woff2":       "font/woff2",
	".txt":         "text/plain; charset=utf-8",
	".md":          "text/plain; charset=utf-8",
	"":             "text/plain; charset=utf-8", // LICENSE, NOTICE
}

// Immutable is the caching header for files that are named by their content.
const Immutable = "public, max-age=31536000, immutable"

// Type returns the media type of a file.
func Type(name string) string {
	if t, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return "application/octet-stream"
}

// hashed matches the names that publish makes: app/boot.0123456789abcdef.js,
// data/0123456789abcdef.index.bin, and for parts data/ with 24 digits. Their contents never
// change.
var hashed = regexp.MustCompile(`^(app/[^/]+\.[0-9a-f]{16}\.[a-z0-9]+|data/([0-9a-f]{16}|[0-9a-f]{24})\.[^/]+)$`)

// encodings in order of preference, each with the extension of the file that contains the
// encoded content.
var encodings = []struct{ name, ending string }{{"br", ".br"}, {"gzip", ".gz"}}

// Handler returns a handler that serves the folder. Pages of the origins in embed may show
// it in a frame (Origin); without any, those that the folder was built for.
func Handler(folder fs.FS, embed ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		part := path.Ext(name) == ".part" && hashed.MatchString(name)
		for k, v := range headers {
			if !part || partNeeds[k] {
				w.Header().Set(k, v)
			}
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		if name == "" {
			name = "index.html"
		}
		if !public(name) {
			http.NotFound(w, r)
			return
		}
		if document(name) {
			origins := embed
			if len(origins) == 0 {
				origins = embedded(folder)
			}
			for k, v := range Headers(origins...) {
				w.Header().Set(k, v)
			}
		}
		if name == EmbedFile && len(embed) > 0 {
			w.Header().Set("Content-Type", Type(name))
			w.Header().Set("Cache-Control", "no-cache")
			w.Write(EmbedList(embed))
			return
		}
		file(w, r, folder, name)
	})
}

// public reports whether a path may be requested: it stays in the folder and names no
// hidden file.
func public(name string) bool {
	if !fs.ValidPath(name) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return true
}

func file(w http.ResponseWriter, r *http.Request, folder fs.FS, name string) {
	content, info, err := open(folder, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer func() { content.Close() }()
	h := w.Header()
	h.Set("Content-Type", Type(name))
	h.Set("Vary", "Accept-Encoding")
	tag := ""
	if hashed.MatchString(name) {
		h.Set("Cache-Control", Immutable)
		tag = path.Base(name)
	} else {
		// The file is cached, but browsers ask each time whether it changed, and so see a
		// new version immediately.
		h.Set("Cache-Control", "no-cache")
		sum := sha256.New()
		if _, err := io.Copy(sum, content); err != nil {
			http.Error(w, "the file cannot be read", http.StatusInternalServerError)
			return
		}
		if _, err := content.Seek(0, io.SeekStart); err != nil {
			http.Error(w, "the file cannot be read", http.StatusInternalServerError)
			return
		}
		tag = hex.EncodeToString(sum.Sum(nil)[:8])
	}
	// A range counts bytes of the uncompressed file, so it is served uncompressed.
	if r.Header.Get("Range") == "" {
		for _, e := range encodings {
			if !accepts(r.Header.Get("Accept-Encoding"), e.name) {
				continue
			}
			small, smallInfo, err := open(folder, name+e.ending)
			if err != nil || smallInfo.ModTime().Before(info.ModTime().Add(-time.Second)) {
				if err == nil {
					small.Close() // left over from an older file
				}
				continue
			}
			content.Close()
			content, info = small, smallInfo
			h.Set("Content-Encoding", e.name)
			h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
			tag += "-" + e.name
			break
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	// No date: two versions of a file can be less than a second apart, so the ETag
	// decides.
	http.ServeContent(w, r, name, time.Time{}, content)
}

type seeker interface {
	io.ReadSeeker
	io.Closer
}

func open(folder fs.FS, name string) (seeker, fs.FileInfo, error) {
	// Opening a pipe would wait for a writer.
	if info, err := fs.Stat(folder, name); err != nil || !info.Mode().IsRegular() {
		return nil, nil, fs.ErrNotExist
	}
	f, err := folder.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, nil, fs.ErrNotExist
	}
	s, ok := f.(seeker)
	if !ok {
		f.Close()
		return nil, nil, fmt.Errorf("%s: cannot seek", name)
	}
	return s, info, nil
}

// accepts reports whether an Accept-Encoding header accepts an encoding (RFC 9110,
// 12.5.3): by name or "*", and not with q=0.
func accepts(header, encoding string) bool {
	any := false
	for part := range strings.SplitSeq(header, ",") {
		name, rest, _ := strings.Cut(part, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		wanted := true
		if q, ok := strings.CutPrefix(strings.ReplaceAll(rest, " ", ""), "q="); ok {
			v, err := strconv.ParseFloat(q, 64)
			wanted = err == nil && v > 0
		}
		switch name {
		case encoding:
			return wanted
		case "*":
			any = wanted
		}
	}
	return any
}
