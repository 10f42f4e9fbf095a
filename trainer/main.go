// Command trainer trains and measures the encoders of conversational search. `trainer
// help` lists its commands.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// A command is one subcommand.
type command struct {
	name, brief string
	run         func(ctx context.Context, args []string, stdout, stderr *os.File) error
}

var commands = []command{
	{"evaluate", "rank a benchmark's queries with an encoder or BM25, and measure the ranking", evaluateCommand},
	{"compare", "test whether the figures of two runs differ", compareCommand},
	{"mean", "make a table of evaluations, with the mean over seeds", meanCommand},
	{"import", "read the conversations of a data set as examples", importCommand},
	{"conversations", "check, export and measure the project's own conversations", conversationsCommand},
	{"replies", "put the engine's own replies into the histories of training examples", repliesCommand},
	{"swap", "make further examples by replacing a name with another", swapCommand},
	{"synthetic", "make an evaluation from MTRAG's synthetic conversations", syntheticCommand},
	{"rewrite", "have a language model rewrite questions so that they are understandable alone", rewriteCommand},
	{"train", "distil a query encoder (needs libtorch)", trainCommand},
	{"experiment", "run a grid of trainings, measure each, make tables and figures", experimentCommand},
	{"export", "write a run's best encoder in the form that ships, with a model card", exportCommand},
	{"unpack", "extract a dense encoder from a package", unpackCommand},
	{"plot", "draw the training curves of runs", plotCommand},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs a command and returns the exit code: 0 done, 1 failed, 2 called wrongly.
func run(ctx context.Context, args []string, stdout, stderr *os.File) int {
	if len(args) == 0 {
		usage(stderr)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(stdout)
		return 0
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, args[1:], stdout, stderr)
		var wrong usageError
		switch {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return 0
		case errors.As(err, &wrong):
			fmt.Fprintf(stderr, "trainer %s: %v\nSee trainer %s --help.\n", c.name, err, c.name)
			return 2
		case errors.Is(err, context.Canceled):
			fmt.Fprintf(stderr, "trainer %s: stopped; the same command continues from here\n", c.name)
			return 1
		}
		fmt.Fprintf(stderr, "trainer %s: %v\n", c.name, err)
		return 1
	}
	fmt.Fprintf(stderr, "trainer: there is no command %q\n\n", args[0])
	usage(stderr)
	return 2
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Usage: trainer COMMAND [FLAGS]\n\nCommands:\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-13s %s\n", c.name, c.brief)
	}
	fmt.Fprint(w, "\ntrainer COMMAND --help tells more, with examples.\n")
}

// A usageError is the caller's mistake, not a fault of the data.
type usageError struct{ error }

func wrongUse(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// parseWords does what parse does, for a command that takes words. Flags may be between
// and after them. It returns the words.
func parseWords(flags *flag.FlagSet, args []string, help string, stdout io.Writer) (words []string, err error) {
	for {
		if err := parse(flags, args, help, stdout); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return words, nil
		}
		words, args = append(words, flags.Arg(0)), flags.Args()[1:]
	}
}

// printJSON prints v for --json.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// parse parses args into flags. For --help it prints help and then the flags.
func parse(flags *flag.FlagSet, args []string, help string, stdout io.Writer) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, help, "\nFlags:\n")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		fmt.Fprint(stdout, "\nExit codes: 0 done, 1 failed, 2 called wrongly.\n")
		return err
	}
	if err != nil {
		return usageError{err}
	}
	return nil
}
