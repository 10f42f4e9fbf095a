package publish

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/site/serve"
)

// version returns a small published folder: its page names a script and data of its own.
func version(text string) []file {
	app, data := "app/boot."+hash16([]byte("app"+text))+".js", "data/"+hash16([]byte("data"+text))+".index.bin"
	small := [2][]byte{[]byte("br"), []byte("gz")}
	return []file{
		{path: "index.html", content: []byte(app + " " + data)},
		{path: "site.json", content: []byte("{}")},
		{path: "sw.js", content: fmt.Appendf(nil, "[[%q,1,\"\"],[%q,1,\"\"]]", app, data)},
		{path: app, content: []byte(text), small: small},
		{path: data, content: []byte(text)},
	}
}

func TestABuildKeepsTheVersionBefore(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	for i, want := range []int{7, 11, 11, 11} { // files: a version has four in app and data
		if err := write(out, version(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		files := folder(t, out)
		if len(files) != want {
			t.Errorf("version %d: %d files: %v", i, len(files), files)
		}
		for j, there := range map[int]bool{i: true, i - 1: i > 0, i - 2: false} {
			for _, f := range version(fmt.Sprint(j))[3:] {
				if _, ok := files[f.path]; ok != there {
					t.Errorf("version %d, %s of version %d: %v", i, f.path, j, ok)
				}
			}
		}
	}
	// The same once more: nothing of the one before is left, since it is the same.
	if err := write(out, version("3")); err != nil {
		t.Fatal(err)
	}
	if files := folder(t, out); len(files) != 7 {
		t.Errorf("%v", files)
	}
}

// While the folder is rebuilt again and again, every visitor who loads the page finds all
// the files that it names.
func TestAServerFindsAllFilesDuringRebuilds(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	if err := write(out, version("first")); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(serve.Handler(serve.Folder(out, false)))
	defer server.Close()
	get := func(path string) (int, string) {
		res, err := http.Get(server.URL + "/" + path)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(body)
	}
	// A build takes far longer than loading a page: here, no load spans two of them.
	var load sync.RWMutex
	end := make(chan bool)
	var visitors sync.WaitGroup
	for range 2 {
		visitors.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				load.RLock()
				code, page := get("")
				if code != 200 {
					t.Errorf("the page: %d", code)
				}
				for _, name := range strings.Fields(page) {
					if code, _ := get(name); code != 200 {
						t.Errorf("%s: %d", name, code)
					}
				}
				load.RUnlock()
			}
		})
	}
	for i := range 6 {
		load.Lock()
		load.Unlock()
		if err := write(out, version(fmt.Sprint(i))); err != nil {
			t.Error(err)
		}
	}
	close(end)
	visitors.Wait()
}

// A build that is killed at any moment leaves a complete version, and the next one leaves
// nothing beside it.
func TestAKilledBuildLeavesAVersion(t *testing.T) {
	const child = "PARLEY_PUBLISH_CHILD"
	if out := os.Getenv(child); out != "" {
		for i := 0; ; i++ {
			if err := write(out, version(strings.Repeat(fmt.Sprint(i%7), 1<<16))); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
	}
	parent := t.TempDir()
	out := filepath.Join(parent, "out")
	if err := write(out, version("first")); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		c := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		c.Env = append(os.Environ(), child+"="+out)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(60+11*i) * time.Millisecond)
		c.Process.Kill()
		if c.Wait() == nil {
			t.Fatal("the child ended")
		}
		files := folder(t, out)
		for _, name := range regexp.MustCompile(`(app|data)/\S+`).FindAllString(files["index.html"], -1) {
			if _, ok := files[name]; !ok {
				t.Errorf("kill %d: %s is missing", i, name)
			}
		}
		if !strings.Contains(files["sw.js"], strings.Fields(files["index.html"])[0]) {
			t.Errorf("kill %d: a mix of versions", i)
		}
	}
	if err := write(out, version("last")); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(parent)
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}
