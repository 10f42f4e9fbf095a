package serve

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Only answers requests for the hosts that a listener serves, and no others: a page
// elsewhere can make a name of its own lead to this computer (DNS rebinding), and would
// then be of the same origin as what is served here. These are localhost and its
// subdomains, the address that addr listens on, and those named; where addr is that of
// all networks, any IP address, since no name has been made to lead there. Ports do not
// matter. All else gets 421, which says how to allow it.
//
// addr is as it was given ("localhost:8080", "0.0.0.0:80", ":80", "box.lan:80"); hosts
// are names or IP addresses without a port.
func Only(addr string, hosts []string, h http.Handler) http.Handler {
	named := slices.Clone(hosts)
	every := false
	if host, _, err := net.SplitHostPort(addr); err == nil {
		ip, err := netip.ParseAddr(host)
		every = host == "" || err == nil && ip.IsUnspecified()
		named = append(named, host)
	}
	for i, n := range named {
		named[i] = hostName(n)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostName(r.Host)
		ip, err := netip.ParseAddr(host)
		switch {
		case host == "":
		case host == "localhost", strings.HasSuffix(host, ".localhost"), slices.Contains(named, host),
			err == nil && (every || ip.Unmap().IsLoopback()):
			h.ServeHTTP(w, r)
			return
		}
		for k, v := range headers {
			w.Header().Set(k, v)
		}
		http.Error(w, fmt.Sprintf("This server does not serve the host %q; `parley serve --host NAME` lets it.", host), http.StatusMisdirectedRequest)
	})
}

// hostName is the host of a Host header or a flag: without port, brackets, and the root's
// dot, in lower case.
func hostName(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	return strings.ToLower(strings.TrimSuffix(s, "."))
}
