// Command parley quantises encoders, indexes documents, searches and converses in a
// terminal, and builds and serves the page. Each subcommand has a file of its own; `parley
// help` lists them (usage.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second ctrl-C ends the program immediately
	}()
	os.Exit(run(ctx, streams{os.Stdin, os.Stdout, os.Stderr}, os.Args[1:]))
}

// streams are where a command reads and writes. Results go to out, and everything else to
// err, so that programs can read the results and people the rest.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// A usageError is a command line that makes no sense.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run runs one command line and returns the exit code.
func run(ctx context.Context, s streams, args []string) int {
	if len(args) == 0 {
		overview(s.err)
		return exitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(rest) == 0 {
			overview(s.out)
			return exitOK
		}
		name, rest = rest[0], []string{"--help"}
	}
	for _, c := range commands {
		if c.name != name {
			continue
		}
		fs := flag.NewFlagSet(name, flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		err := c.run(ctx, s, &line{FlagSet: fs, args: rest})
		var usage usageError
		switch {
		case err == nil:
			return exitOK
		case errors.Is(err, flag.ErrHelp):
			c.help(s.out, fs)
			return exitOK
		case errors.As(err, &usage):
			fmt.Fprintf(s.err, "parley %s: %v\nSee `parley %s --help`.\n", name, err, name)
			return exitUsage
		}
		fmt.Fprintf(s.err, "parley %s: %v\n", name, err)
		return exitFailed
	}
	fmt.Fprintf(s.err, "parley: there is no command %q.\n\n", name)
	overview(s.err)
	return exitUsage
}

// A line is a command line that is being parsed.
type line struct {
	*flag.FlagSet
	args []string
}

// parse parses the flags, which may stand before, between and after the other arguments,
// and returns these; everything after "--" is an argument.
func (l *line) parse() ([]string, error) {
	var plain []string
	rest := l.args
	for {
		if err := l.FlagSet.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, usageError{err}
		}
		left := l.FlagSet.Args()
		if len(left) == 0 {
			return plain, nil
		}
		if used := len(rest) - len(left); used > 0 && rest[used-1] == "--" {
			return append(plain, left...), nil
		}
		plain = append(plain, left[0])
		rest = left[1:]
	}
}
