package browser

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The folder works on any static host, under any path: tried on two that know nothing
// of it.
func TestStaticHosts(t *testing.T) {
	for name, command := range map[string]func(dir, port string) *exec.Cmd{
		"python3": func(dir, port string) *exec.Cmd {
			return exec.Command("python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", dir, port)
		},
		"busybox": func(dir, port string) *exec.Cmd {
			return exec.Command("busybox", "httpd", "-f", "-p", "127.0.0.1:"+port, "-h", dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skipf("no %s here; `make browser` installs it where it can", name)
			}
			folder := publishRelease(t, release{})
			dir := t.TempDir()
			const path = "courses/search engines/parley"
			if err := os.CopyFS(filepath.Join(dir, path), folder); err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			addr := l.Addr().String()
			_, port, _ := net.SplitHostPort(addr)
			l.Close()
			c := command(dir, port)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			stop := func() {
				c.Process.Kill()
				c.Wait()
			}
			t.Cleanup(stop)
			for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
				conn, err := net.Dial("tcp", addr)
				if err == nil {
					conn.Close()
					break
				}
				if time.Now().After(end) {
					t.Fatalf("%s does not listen: %v", name, err)
				}
			}
			p := blank(t, newServer(t, nil))
			// The harness takes a request outside of this path for a stray.
			p.url = fmt.Sprintf("http://%s/courses/search%%20engines/parley/", addr)
			p.navigate(p.url)
			p.ready().ask("When was the Eiffel Tower built?")
			if got := p.ask("who designed it?"); got.Source != "Gustave Eiffel" {
				t.Errorf("%+v", got)
			}
			p.openDocuments()
			p.give("#pick-folder", write(t, "garden", garden))
			p.encoded("garden")
			p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#documents-panel").close()`))
			p.installed()
			stop()
			p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")
			p.do(chromedp.Reload())
			if got := p.ready().settled(2); got[1].Source != "Gustave Eiffel" {
				t.Errorf("offline: %+v", got[1])
			}
		})
	}
}
