package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"parley/shared/bundle"
	"parley/shared/cli"
	"parley/shared/remote"
	"parley/site/engine"
	"parley/site/publish"
	"parley/site/serve"
)

func runServe(l *cli.Flags) cli.Run {
	addr := l.String("addr", "localhost:8080", "`address` to listen on; if the port is taken, the next free one")
	open := l.Bool("open", false, "open the page in a browser")
	var hosts []string
	l.Func("host", "answer requests for this host `name`, too, beside localhost and the address of --addr; may be repeated", func(name string) error {
		hosts = append(hosts, name)
		return nil
	})
	var embed []string
	embedFlag(l, &embed)
	at := l.String("engine", "", "answer the page's questions by the search engine at this `URL`, for a page that `parley build --engine` made")
	links := l.Bool("follow-links", false, "serve also what symbolic links outside of the folder lead to")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		dir := filepath.Join("site", "dist")
		switch len(args) {
		case 0:
			if root, err := publish.Root("."); err == nil {
				dir = filepath.Join(root, "site", "dist")
			}
		case 1:
			dir = args[0]
		default:
			return cli.Usagef("wanted one folder, got %d", len(args))
		}
		if _, err := os.Stat(filepath.Join(dir, "index.html")); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s holds no page; `%s` writes one", dir, cli.Typed("parley", "build", "--out", dir))
			}
			return err
		}
		handler := serve.Handler(serve.Folder(dir, *links), embed...)
		if *at != "" {
			live, err := engine.Open(ctx, *at)
			if err != nil {
				return err
			}
			defer live.Close()
			if err := sameCollection(dir, live); err != nil {
				return fmt.Errorf("%w; `%s` writes one of the collection that the engine holds", err, cli.Typed("parley", "build", "--engine", *at, "--out", dir))
			}
			handler = serve.Asking(handler, answers(live), func(err error) { fmt.Fprintln(s.Err, printable(err.Error())) })
			fmt.Fprintf(s.Out, "%s answers; it gets sparse vectors, and no question's words\n", live)
		}
		listener, err := serve.Listen(*addr)
		if err != nil {
			return err
		}
		url := address(listener.Addr().(*net.TCPAddr))
		fmt.Fprintf(s.Out, "%s serves %s; ctrl-C ends\n", url, dir)
		if *open {
			if err := browse(url); err != nil {
				fmt.Fprintf(s.Err, "the browser could not be opened: %v\n", err)
			}
		}
		return serve.Run(ctx, listener, serve.Only(*addr, hosts, handler))
	}
}

// embedFlag adds the flag that names who may show the page in a frame.
func embedFlag(l *cli.Flags, embed *[]string) {
	l.Func("embed", "let pages of this `origin` show the page in a frame, as https://example.org, or self; may be repeated", func(s string) error {
		o, err := serve.Origin(s)
		*embed = append(*embed, o)
		return err
	})
}

// answers returns what answers a page's questions by an engine.
func answers(live *engine.Live) func(context.Context, string) ([]byte, error) {
	return func(ctx context.Context, question string) ([]byte, error) {
		q, k, err := remote.ParseQuestion(question)
		if err != nil {
			return nil, &serve.BadQuestion{Err: err}
		}
		found, err := live.Ask(ctx, q, k)
		if err != nil {
			return nil, err
		}
		return remote.Encode(q, found)
	}
}

// sameCollection returns an error for a folder whose page is not of the engine's collection:
// its terms would be others.
func sameCollection(dir string, live *engine.Live) error {
	content, err := os.ReadFile(filepath.Join(dir, "site.json"))
	if err != nil {
		return err
	}
	var m bundle.Manifest // and the list of a family
	if err := json.Unmarshal(content, &m); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, "site.json"), err)
	}
	lexicon, _ := live.Files()
	for _, f := range m.Files {
		if f.Name == publish.EngineLexicon {
			if f.SHA256 == bundle.Of("", "", lexicon).SHA256 {
				return nil
			}
			return fmt.Errorf("the page in %s is of another collection than the engine's", dir)
		}
	}
	return fmt.Errorf("the page in %s has its own collection, and asks no engine", dir)
}

// address returns the address to type into a browser on this computer. Only on localhost
// and over https does a page get its service worker.
func address(a *net.TCPAddr) string {
	host := a.IP.String()
	if a.IP.IsLoopback() || a.IP.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(a.Port)) + "/"
}

func browse(url string) error {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	return exec.Command(name, args...).Start()
}
