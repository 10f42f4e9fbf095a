// Command parley quantises encoders, indexes documents, searches and converses in a
// terminal, and builds and serves the page. Each command has a file of its own; `parley
// help` lists them (usage.go).
package main

import (
	"context"
	"os"
	"os/signal"
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

var commandLine = &cli.Program{Name: "parley", About: "Parley: conversational search that needs no server.", Commands: commands}
