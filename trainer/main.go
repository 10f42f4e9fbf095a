// Command trainer trains and measures the encoders of conversational search. `trainer
// help` lists its commands.
package main

import (
	"context"
	"os"
	"os/signal"

	"parley/shared/cli"
)

// program's commands are in the order in which they are needed.
var program = &cli.Program{
	Name: "trainer", About: "Trainer: trains and measures the encoders of conversational search.",
	Commands: []cli.Command{
		evaluateCommand, compareCommand, meanCommand, importCommand, conversationsCommand, repliesCommand, swapCommand,
		syntheticCommand, rewriteCommand, candidatesCommand, liftCommand, trainCommand, readerCommand, experimentCommand, exportCommand, unpackCommand, plotCommand,
	},
	Stopped: "stopped; the same command continues from here",
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(program.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:]))
}
