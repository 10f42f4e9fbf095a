package cli

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// values is the annotation of a flag that takes one of a few values.
const values = "parley_values"

// OneOf says which values a flag takes, for the completion of shells. The command itself
// refuses others.
func OneOf[T ~string](flags *Flags, name string, of ...T) {
	var list []string
	for _, v := range of {
		list = append(list, string(v))
	}
	if err := flags.SetAnnotation(name, values, list); err != nil {
		panic(err) // there is no such flag
	}
}

// complete tells the shells what may follow a flag: one of its values, or a folder where
// its help calls the value so. Otherwise they offer files.
func complete(c *cobra.Command, f *Flag) {
	var answer cobra.CompletionFunc
	of, _ := pflag.UnquoteUsage(f)
	switch list := f.Annotations[values]; {
	case list != nil:
		answer = cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
	case of == "folder":
		answer = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	case strings.HasPrefix(of, "file"):
		return
	default:
		answer = cobra.NoFileCompletions
	}
	if err := c.RegisterFlagCompletionFunc(f.Name, answer); err != nil {
		panic(err)
	}
}

// shells are those that completions are made for.
var shells = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash": func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"zsh":  func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
	"fish": func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": func(root *cobra.Command, w io.Writer) error {
		return root.GenPowerShellCompletionWithDesc(w)
	},
}

// completion is the command that prints a shell's completions.
func (p *Program) completion() Command {
	names := slices.Sorted(maps.Keys(shells))
	return Command{
		Name: "completion", Synopsis: strings.Join(names, "|"), Summary: "print the completions of a shell",
		About: "Prints a script by which the shell completes commands, flags and their values. Bash\nneeds its package bash-completion for it.",
		Examples: strings.ReplaceAll(`source <(PROGRAM completion bash)                           # in ~/.bashrc
PROGRAM completion zsh > "${fpath[1]}/_PROGRAM"
PROGRAM completion fish > ~/.config/fish/completions/PROGRAM.fish
PROGRAM completion powershell | Out-String | Invoke-Expression`, "PROGRAM", p.Name),
		Define: func(*Flags) Run {
			return func(_ context.Context, s Streams, args []string) error {
				if len(args) != 1 || shells[args[0]] == nil {
					return Usagef("wanted one shell of %s", strings.Join(names, ", "))
				}
				return shells[args[0]](p.root(s), s.Out)
			}
		},
	}
}
