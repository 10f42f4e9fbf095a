package browser

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	if built.folder != "" {
		os.RemoveAll(built.folder)
	}
	os.Exit(code)
}

// find gives the path of Chromium.
func find() (string, error) {
	if path := os.Getenv("PARLEY_CHROMIUM"); path != "" {
		return path, nil
	}
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless_shell"}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Chromium on the PATH (%s) and none at PARLEY_CHROMIUM; `make browser` installs it where it can", strings.Join(names, ", "))
}

// required says whether a missing Chromium is a failure.
func required() bool {
	return os.Getenv("CI") == "true" || os.Getenv("PARLEY_BROWSER") == "required"
}

// chromium is started by the first test that needs it and serves all of them,
// each in a browser context of its own: no cache, storage or service worker is
// shared.
var chromium struct {
	once   sync.Once
	ctx    context.Context
	err    error
	stop   func()
	strays *strays
}

func start(t testing.TB) context.Context {
	t.Helper()
	c := &chromium
	c.once.Do(func() {
		path, err := find()
		if err != nil {
			c.err = err
			return
		}
		c.strays = listenForStrays()
		ctx, cancel := chromedp.NewExecAllocator(context.Background(),
			chromedp.ExecPath(path),
			chromedp.NoSandbox, // tests often run as root, where the sandbox cannot
			chromedp.NoFirstRun,
			chromedp.NoDefaultBrowserCheck,
			chromedp.Flag("headless", true),
			chromedp.Flag("hide-scrollbars", true), // as a phone's overlay scrollbars
			chromedp.Flag("mute-audio", true),
			chromedp.Flag("disable-gpu", true),
			chromedp.Flag("disable-quic", true),
			chromedp.Flag("disable-background-networking", true),
			chromedp.Flag("disable-component-update", true),
			chromedp.Flag("disable-domain-reliability", true),
			chromedp.Flag("disable-default-apps", true),
			chromedp.Flag("disable-extensions", true),
			chromedp.Flag("disable-sync", true),
			chromedp.Flag("allow-browser-signin", "false"),
			chromedp.Flag("disable-dev-shm-usage", true),
			chromedp.Flag("disable-breakpad", true),
			chromedp.Flag("disable-backgrounding-occluded-windows", true),
			chromedp.Flag("disable-renderer-backgrounding", true),
			chromedp.Flag("disable-background-timer-throttling", true),
			chromedp.Flag("disable-features", "AutofillServerCommunication,Translate,OptimizationHints,MediaRouter,InterestFeedContentSuggestions,CertificateTransparencyComponentUpdater"),
			chromedp.Flag("password-store", "basic"),
			chromedp.Flag("force-color-profile", "srgb"),
			chromedp.Flag("lang", "en-GB"),
			// Whatever is not this machine goes to the proxy, which notes it down.
			chromedp.Flag("proxy-server", c.strays.addr),
			// Another machine, for the browser, which is not: see TestOverHTTPFromAnotherMachine.
			chromedp.Flag("host-resolver-rules", "MAP "+otherMachine+" 127.0.0.1"),
			chromedp.Flag("proxy-bypass-list", otherMachine),
			chromedp.WindowSize(1200, 900),
		)
		ctx, closeBrowser := chromedp.NewContext(ctx)
		if err := chromedp.Do(ctx); err != nil {
			cancel()
			c.err = fmt.Errorf("%s does not start: %w", path, err)
			return
		}
		c.ctx = ctx
		c.stop = func() {
			end, done := context.WithTimeout(ctx, 10*time.Second)
			chromedp.Cancel(end)
			done()
			closeBrowser()
			cancel()
		}
	})
	if c.err != nil {
		if required() {
			t.Fatal(c.err)
		}
		t.Skip(c.err)
	}
	return c.ctx
}

// strays are the addresses that a browser asked its proxy for. Chromium does not
// use a proxy for 127.0.0.1, so these are exactly the requests that leave it, by
// whatever part of the page or of the browser they were made.
type strays struct {
	addr string
	mu   sync.Mutex
	seen []string
}

func listenForStrays() *strays {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := &strays{addr: l.Addr().String()}
	go http.Serve(l, s)
	return s
}

func (s *strays) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !browsersOwn[r.URL.Hostname()] {
		s.mu.Lock()
		s.seen = append(s.seen, r.Method+" "+r.Host+r.URL.Path)
		s.mu.Unlock()
	}
	http.Error(w, "no request may leave the origin", http.StatusBadGateway)
}

// browsersOwn are hosts that Chromium asks for its updates and its clock, whatever
// its flags say. A page that asked one of them would still be seen: its requests
// and its workers' are watched one by one (page.listen).
var browsersOwn = map[string]bool{
	"accounts.google.com":             true,
	"clients2.google.com":             true,
	"content-autofill.googleapis.com": true,
	"redirector.gvt1.com":             true,
	"update.googleapis.com":           true,
}

// take gives what was asked for since the last call.
func (s *strays) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}
