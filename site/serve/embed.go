package serve

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"
)

// EmbedFile is the file that names the origins whose pages may show this one in a frame,
// as a JSON list. Where a host sends no headers, the page itself asks for it (boot.js).
const EmbedFile = "embed.json"

// Origin returns an origin in the form in which browsers write it: "https://example.org",
// "http://localhost:8000", or "self" for the pages of the same host.
func Origin(s string) (string, error) {
	if s == "self" {
		return s, nil
	}
	wrong := func(why string) (string, error) {
		return "", fmt.Errorf("origin %q: %s; write it as https://example.org, or self for pages of the same host", s, why)
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return wrong("it cannot be read")
	case u.Scheme != "https" && u.Scheme != "http":
		return wrong("it begins with neither https:// nor http://")
	case u.Hostname() == "" || strings.ContainsAny(u.Host, "*,;'\" "):
		return wrong("it names no host")
	case u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return wrong("an origin ends with the host or its port")
	}
	host := strings.ToLower(u.Host)
	for scheme, port := range map[string]string{"https": ":443", "http": ":80"} {
		if u.Scheme == scheme {
			host = strings.TrimSuffix(host, port)
		}
	}
	return u.Scheme + "://" + host, nil
}

// EmbedList returns the contents of EmbedFile.
func EmbedList(origins []string) []byte {
	if origins == nil {
		origins = []string{}
	}
	content, _ := json.Marshal(origins)
	return append(content, '\n')
}

// ancestors returns the directive of the policy that allows frames of these origins.
func ancestors(origins []string) string {
	if len(origins) == 0 {
		return "frame-ancestors 'none'"
	}
	all := "frame-ancestors"
	for _, o := range origins {
		if o == "self" {
			o = "'self'"
		}
		all += " " + o
	}
	return all
}

// embedded returns the origins that a folder was built for. A file that holds anything
// else allows none.
func embedded(folder fs.FS) (origins []string) {
	content, err := fs.ReadFile(folder, EmbedFile)
	if err != nil || json.Unmarshal(content, &origins) != nil {
		return nil
	}
	for _, o := range origins {
		if clean, err := Origin(o); err != nil || clean != o {
			return nil
		}
	}
	return origins
}

// document reports whether a browser may show the file in a frame.
func document(name string) bool { return path.Ext(name) == ".html" }
