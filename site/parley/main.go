// Command parley quantises encoders, indexes documents, searches and converses in a
// terminal, and builds and serves the page. Each command has a file of its own; `parley
// help` lists them (usage.go).
package main

import (
	"cmp"
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"parley/shared/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second ctrl-C ends the program immediately
	}()
	os.Exit(commandLine.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:]))
}

// version is set by site/release; in other builds it is empty.
var version = ""

var commandLine = &cli.Program{Name: "parley", About: "Parley: conversational search that needs no server.", Version: cmp.Or(version, revision()), Commands: commands}

// revision names a build that is no release, by its commit where the Go tool noted it.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return "development, " + s.Value
			}
		}
	}
	return "development"
}
