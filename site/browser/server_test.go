package browser

import (
	"io"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/site/serve"
)

// A server serves a folder, well or with faults.
type server struct {
	t    testing.TB
	addr string
	http *http.Server

	mu      sync.Mutex
	handler http.Handler
	faults  []fault
	asked   []string // paths, in order
}

// A fault spoils the answers for some paths.
type fault struct {
	match []string // parts that the path holds, all of them
	spoil func(http.ResponseWriter, *http.Request, http.Handler)
}

func newServer(t testing.TB, h http.Handler) *server {
	t.Helper()
	s := &server{t: t, addr: "127.0.0.1:0", handler: h}
	s.start()
	t.Cleanup(s.stop)
	return s
}

// serveFolder serves a published folder.
func serveFolder(t testing.TB, folder fs.FS) *server {
	t.Helper()
	return newServer(t, serve.Handler(folder))
}

// start listens, after a stop on the same port as before.
func (s *server) start() {
	s.t.Helper()
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve)}
	go s.http.Serve(l)
}

// stop closes every connection, as if the network were gone.
func (s *server) stop() { s.http.Close() }

func (s *server) url() string { return "http://" + s.addr + "/" }

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.URL.Path)
	h := s.handler
	var spoil func(http.ResponseWriter, *http.Request, http.Handler)
	for _, f := range s.faults {
		if !slices.ContainsFunc(f.match, func(part string) bool { return !strings.Contains(r.URL.Path, part) }) {
			spoil = f.spoil
		}
	}
	s.mu.Unlock()
	if spoil != nil {
		spoil(w, r, h)
		return
	}
	h.ServeHTTP(w, r)
}

// swap serves another folder from now on, as a deployment does.
func (s *server) swap(folder fs.FS) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = serve.Handler(folder)
}

// spoil adds a fault for the paths that contain match, in which a star stands for
// anything.
func (s *server) spoil(match string, spoil func(http.ResponseWriter, *http.Request, http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fault{strings.Split(match, "*"), spoil})
}

// heal removes all faults.
func (s *server) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// requests returns the requested paths that contain match.
func (s *server) requests(match string) (paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.asked {
		if strings.Contains(p, match) {
			paths = append(paths, p)
		}
	}
	return paths
}

// wait waits until a path that contains match was asked for.
func (s *server) wait(match string) {
	s.t.Helper()
	for end := time.Now().Add(patience); len(s.requests(match)) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited %v in vain for a request for %s", patience, match)
		}
	}
}

// forget empties the list of requests.
func (s *server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = nil
}

// flipByte answers with one bit of the middle of the file changed.
func flipByte(w http.ResponseWriter, r *http.Request, next http.Handler) {
	buf := buffered(r, next)
	if n := len(buf.body); n > 0 {
		buf.body[n/2] ^= 1
	}
	buf.send(w)
}

// cutShort answers with the first half of the file, as if that were all.
func cutShort(w http.ResponseWriter, r *http.Request, next http.Handler) {
	buf := buffered(r, next)
	buf.header.Del("Content-Length")
	buf.body = buf.body[:len(buf.body)/2]
	buf.send(w)
}

// breakOff answers with the first half of the file and closes the connection.
func breakOff(w http.ResponseWriter, r *http.Request, next http.Handler) {
	buf := buffered(r, next)
	h := w.Header()
	for k, v := range buf.header {
		h[k] = v
	}
	w.WriteHeader(buf.code)
	w.Write(buf.body[:len(buf.body)/2])
	w.(http.Flusher).Flush()
	time.Sleep(50 * time.Millisecond)
	panic(http.ErrAbortHandler)
}

// unavailable answers as a server that is overloaded.
func unavailable(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	http.Error(w, "try later", http.StatusServiceUnavailable)
}

// missing answers that the file is not there.
func missing(w http.ResponseWriter, r *http.Request, _ http.Handler) { http.NotFound(w, r) }

// reply is a whole answer in memory.
type reply struct {
	code   int
	header http.Header
	body   []byte
}

func buffered(r *http.Request, h http.Handler) *reply {
	a := &reply{code: http.StatusOK, header: http.Header{}}
	h.ServeHTTP(a, r)
	return a
}

func (a *reply) Header() http.Header  { return a.header }
func (a *reply) WriteHeader(code int) { a.code = code }
func (a *reply) Write(b []byte) (int, error) {
	a.body = append(a.body, b...)
	return len(b), nil
}

func (a *reply) send(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.WriteHeader(a.code)
	w.Write(a.body)
}

// bare serves a folder as a host does that knows nothing of it: types and no more.
func bare(folder fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "" {
			name = "index.html"
		}
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", serve.Type(name))
		w.Write(content)
	})
}

// framing is a page that has another in a frame; its title says when that was loaded.
func framing(url string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!doctype html><link rel=icon href='data:,'><iframe src='"+url+"' onload='document.title = \"loaded\"'></iframe>")
	})
}
