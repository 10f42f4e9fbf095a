package serve

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Only returns a handler that answers requests for the hosts of a listener, and no others.
// Otherwise a page elsewhere could make a name of its own lead to this computer (DNS
// rebinding), and would be of the same origin as what is served here. The hosts are
// localhost and its subdomains, the address that addr listens on, and those in hosts.
// Where addr stands for all networks, any IP address is a host too, since nobody can make
// an address lead here. Ports do not matter. Other requests get status 421 with a text
// that says how to allow the host.
//
// addr is written as for Listen ("localhost:8080", "0.0.0.0:80", ":80", "box.lan:80");
// hosts are names or IP addresses without a port.
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

// hostName returns the host of a Host header or a flag in lower case, without port,
// brackets and the root's dot.
func hostName(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	return strings.ToLower(strings.TrimSuffix(s, "."))
}
