// Package cli is the command line of Parley's programs: commands with flags, help that ends
// in examples, exit codes, shell completions and manual pages, all from one definition of
// each command. Cobra and pflag parse and complete.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// Streams are where a command reads and writes. Results go to Out, and everything else to
// Err, so that programs can read the results and people the rest.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Exit codes.
const (
	OK     = 0
	Failed = 1
	Usage  = 2
)

// A UsageError is a command line that makes no sense.
type UsageError struct{ error }

func (e UsageError) Unwrap() error { return e.error }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// WrongUse makes an error a UsageError.
func WrongUse(err error) error { return UsageError{err} }

// Flags are a command's flags. They may stand before, between and after its arguments;
// everything after "--" is an argument.
type Flags = pflag.FlagSet

// A Flag is one of them.
type Flag = pflag.Flag

// A Value is what a flag of a type of its own implements.
type Value = pflag.Value

// A Run does what a command does. The flags have their values by then, and args are the
// other arguments.
type Run func(ctx context.Context, s Streams, args []string) error

// A Command is one command of a program, with its help.
type Command struct {
	Name     string
	Synopsis string // what follows the name; several lines are several ways to call it
	Summary  string // one line
	About    string // paragraphs
	Examples string // lines to type
	// Define declares the flags, and returns what runs. It may do nothing else, since
	// help and completion call it, too.
	Define func(flags *Flags) Run
}

// A Program is a set of commands.
type Program struct {
	Name     string
	About    string // one line
	Version  string
	Commands []Command // in the order of the help
	// Stopped is what to say where ctrl-C ended a command; "" for nothing more than
	// its error.
	Stopped string
}

// Run runs one command line, and returns the exit code.
func (p *Program) Run(ctx context.Context, s Streams, args []string) int {
	root := p.root(s)
	if args == nil {
		args = []string{} // Cobra would take the process's own
	}
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	var usage UsageError
	switch {
	case err == nil:
		return OK
	case errors.Is(err, errNoCommand):
		overview(s.Err, root)
		return Usage
	case errors.As(err, &usage):
		fmt.Fprintf(s.Err, "%s: %v\nSee `%s --help`.\n", c.CommandPath(), err, c.CommandPath())
		return Usage
	case p.Stopped != "" && errors.Is(err, context.Canceled):
		fmt.Fprintf(s.Err, "%s: %s\n", c.CommandPath(), p.Stopped)
		return Failed
	}
	fmt.Fprintf(s.Err, "%s: %v\n", c.CommandPath(), err)
	return Failed
}

var errNoCommand = errors.New("no command")

func init() { cobra.EnableCommandSorting = false } // commands are listed in the order in which they are needed

// root makes Cobra's tree of commands.
func (p *Program) root(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use: p.Name, Short: p.About, Version: p.Version, SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errNoCommand
			}
			return noCommand(c, args[0])
		},
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) {
			var names []string
			c.Flags().VisitAll(func(f *Flag) { names = append(names, f.Name) })
			err = fmt.Errorf("%w%s", err, like("--", unknown.GetSpecifiedName(), names))
		}
		return UsageError{err}
	})
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { help(s.Out, c) })
	root.SetHelpCommand(&cobra.Command{
		Use: "help [COMMAND]", Hidden: true, Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return noCommand(root, args[0])
			}
			help(s.Out, c)
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range p.Commands {
				names = append(names, c.Name+"\t"+c.Summary)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	})
	for _, c := range p.Commands {
		root.AddCommand(c.cobra(s))
	}
	root.AddCommand(p.completion().cobra(s), p.manual().cobra(s))
	return root
}

// noCommand says that there is no such command, and names those that are spelt like it.
func noCommand(root *cobra.Command, name string) error {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return Usagef("there is no command %q%s", name, like("", name, names))
}

// like asks whether one of the names that are spelt like name was meant, by the distance
// that Cobra measures between commands: one letter, or two of six or more.
func like(dash, name string, names []string) string {
	all := &cobra.Command{SuggestionsMinimumDistance: max(1, min(2, len(name)/3))}
	for _, n := range names {
		all.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	near := all.SuggestionsFor(name)
	if len(near) == 0 || len(name) < 2 {
		return ""
	}
	return "; is it " + dash + strings.Join(near, " or "+dash) + "?"
}

func (c Command) cobra(s Streams) *cobra.Command {
	synopsis, _, _ := strings.Cut(c.Synopsis, "\n")
	made := &cobra.Command{
		Use: strings.TrimSpace(c.Name + " " + synopsis), Short: c.Summary, Long: c.About, Example: c.Examples,
		Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true, Annotations: map[string]string{synopses: c.Synopsis},
	}
	flags := made.Flags()
	flags.SortFlags = false
	run := c.Define(flags)
	made.RunE = func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), s, args) }
	flags.VisitAll(func(f *Flag) { complete(made, f) })
	return made
}

// synopses is the annotation that holds all ways to call a command.
const synopses = "synopses"

// overview prints the help of the whole program.
func overview(w io.Writer, root *cobra.Command) {
	fmt.Fprintf(w, "%s\n\nUsage: %s COMMAND [flags] [arguments]\n\n", root.Short, root.Name())
	wide := 0
	for _, c := range root.Commands() {
		wide = max(wide, len(c.Name()))
	}
	for _, c := range root.Commands() {
		if !c.Hidden {
			fmt.Fprintf(w, "  %-*s  %s\n", wide, c.Name(), c.Short)
		}
	}
	fmt.Fprintf(w, "\n`%s COMMAND --help` explains a command and shows examples.\n%s", root.Name(), codes)
}

const codes = "Exit codes: 0 done, 1 failed, 2 the command line makes no sense.\n"

// help prints the help of a command.
func help(w io.Writer, c *cobra.Command) {
	if !c.HasParent() {
		overview(w, c)
		return
	}
	fmt.Fprintf(w, "%s: %s\n\n", c.CommandPath(), c.Short)
	for i, way := range strings.Split(c.Annotations[synopses], "\n") {
		lead := "Usage:"
		if i > 0 {
			lead = "      "
		}
		fmt.Fprintf(w, "%s %s\n", lead, strings.TrimSpace(c.CommandPath()+" "+way))
	}
	fmt.Fprintf(w, "\n%s\n\nFlags:\n%s", c.Long, usages(c, Width(w)))
	fmt.Fprintf(w, "\nExamples:\n  %s\n\n%s", strings.ReplaceAll(c.Example, "\n", "\n  "), codes)
}

// usages lists a command's flags. That a flag without a value may have one, --json=false,
// is left out: nobody needs it.
func usages(c *cobra.Command, width int) string {
	c.InitDefaultHelpFlag()
	const may = "[=true|false]"
	return strings.ReplaceAll(c.LocalFlags().FlagUsagesWrapped(width), may, strings.Repeat(" ", len(may)))
}

// Width returns the width of a terminal; 0, for no line breaks, where w is none.
func Width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	n, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return n
}

// JSON prints v, for --json. It may be read on a terminal and never stands in HTML, so "<"
// stays as it is.
func JSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(v)
}
