package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"parley/shared/cli"
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
		return serve.Run(ctx, listener, serve.Only(*addr, hosts, serve.Handler(serve.Folder(dir, *links), embed...)))
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
