package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tool is a program with one command that prints what it was given.
func tool() *Program {
	return &Program{
		Name: "tool", About: "A tool.", Version: "1.2", Stopped: "stopped; it goes on from here",
		Commands: []Command{{
			Name: "cut", Synopsis: "[flags] WOOD...\n--list", Summary: "cut wood", About: "Cuts.\n\n  oak    hard\n  balsa  soft\nA * star_of_the_sea <here>.", Examples: "tool cut --how fine oak",
			Define: func(flags *Flags) Run {
				how := flags.String("how", "rough", "the `way` to cut")
				OneOf(flags, "how", "rough", "fine")
				flags.String("into", "", "the `folder` to put it")
				n := flags.IntP("number", "n", 1, "this `many` pieces")
				quick := flags.Bool("quick", false, "hurry")
				return func(_ context.Context, s Streams, args []string) error {
					switch {
					case len(args) == 0:
						return Usagef("no wood")
					case args[0] == "iron":
						return errors.New("the saw is broken")
					case args[0] == "later":
						return fmt.Errorf("cutting: %w", context.Canceled)
					}
					fmt.Fprintln(s.Out, *how, *n, *quick, strings.Join(args, ","))
					return nil
				}
			},
		}, {Name: "paint", Summary: "paint wood", About: "Paints.", Examples: "tool paint", Define: func(*Flags) Run {
			return func(context.Context, Streams, []string) error { return nil }
		}}},
	}
}

func call(args ...string) (code int, out, err string) {
	var o, e bytes.Buffer
	code = tool().Run(context.Background(), Streams{strings.NewReader(""), &o, &e}, args)
	return code, o.String(), e.String()
}

func TestACommandLineIsRunAndItsCodeSaysHow(t *testing.T) {
	for _, c := range []struct {
		line     string
		code     int
		out, err string
	}{
		{"cut oak", OK, "rough 1 false oak\n", ""},
		{"cut oak --how fine elm -n -3 --quick", OK, "fine -3 true oak,elm\n", ""},
		{"cut --how=fine -- --how oak", OK, "fine 1 false --how,oak\n", ""},
		{"cut", Usage, "", "tool cut: no wood\nSee `tool cut --help`.\n"},
		{"cut iron", Failed, "", "tool cut: the saw is broken\n"},
		{"cut later", Failed, "", "tool cut: stopped; it goes on from here\n"},
		{"cut --deep oak", Usage, "", "tool cut: unknown flag: --deep\nSee `tool cut --help`.\n"},
		{"cut --numbr 2 oak", Usage, "", "tool cut: unknown flag: --numbr; is it --number?\n"},
		{"cut -x oak", Usage, "", "tool cut: unknown shorthand flag: 'x' in -x\n"},
		{"cut oak --number many", Usage, "", "tool cut: invalid argument \"many\" for \"-n, --number\" flag"},
		{"cut oak --number", Usage, "", "tool cut: flag needs an argument: --number\n"},
		{"cat oak", Usage, "", "tool: there is no command \"cat\"; is it cut?\n"},
		{"pianting", Usage, "", "there is no command \"pianting\"\n"},
		{"piant", Usage, "", "there is no command \"piant\"\n"},
		{"compeltion", Usage, "", "there is no command \"compeltion\"; is it completion?\n"},
		{"help cat", Usage, "", "there is no command \"cat\""},
		{"--deep", Usage, "", "tool: unknown flag: --deep"},
		{"", Usage, "", "A tool.\n\nUsage: tool COMMAND [flags] [arguments]\n\n  cut         cut wood\n  paint       paint wood\n"},
		{"--version", OK, "tool version 1.2\n", ""},
		{"completion", Usage, "", "wanted one shell of bash, fish, powershell, zsh"},
		{"completion csh", Usage, "", "wanted one shell of bash, fish, powershell, zsh"},
	} {
		code, out, err := call(strings.Fields(c.line)...)
		if code != c.code || out != c.out || !strings.HasPrefix(err, c.err) && !strings.Contains(err, c.err) || c.err == "" && err != "" {
			t.Errorf("tool %s: exit code %d, %q, %q", c.line, code, out, err)
		}
	}
}

func TestHelpShowsWaysFlagsAndExamples(t *testing.T) {
	const want = "tool cut: cut wood\n\nUsage: tool cut [flags] WOOD...\n       tool cut --list\n\nCuts.\n\n  oak    hard\n  balsa  soft\nA * star_of_the_sea <here>.\n\nFlags:\n" +
		"      --how way       the way to cut (default \"rough\")\n      --into folder   the folder to put it\n" +
		"  -n, --number many   this many pieces (default 1)\n      --quick         hurry\n  -h, --help          help for cut\n\n" +
		"Examples:\n  tool cut --how fine oak\n\nExit codes: 0 done, 1 failed, 2 the command line makes no sense.\n"
	for _, line := range []string{"cut --help", "cut oak -h", "help cut"} {
		code, out, err := call(strings.Fields(line)...)
		var shown []string
		for l := range strings.SplitSeq(out, "\n") {
			shown = append(shown, strings.TrimRight(l, " "))
		}
		// A gap that is wider than the longest flag is no fault.
		if got := strings.Join(shown, "\n"); code != OK || err != "" || squeeze(got) != squeeze(want) {
			t.Errorf("tool %s: exit code %d, %s\n%s", line, code, err, out)
		}
	}
	overview := func(args ...string) string {
		code, out, err := call(args...)
		if code != OK || err != "" {
			t.Errorf("tool %s: exit code %d, %s", args, code, err)
		}
		return out
	}
	if a := overview("--help"); a != overview("help") || a != overview("-h") || strings.Index(a, "cut wood") > strings.Index(a, "paint wood") {
		t.Errorf("%s", a)
	}
}

// squeeze joins runs of spaces within lines.
func squeeze(s string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(s, "\n") {
		b.WriteString(strings.Join(strings.Fields(l), " ") + "\n")
	}
	return b.String()
}

func TestJSONIsForTerminalsToo(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, map[string]string{"title": "Q & A <1>"}); err != nil || out.String() != "{\n  \"title\": \"Q & A <1>\"\n}\n" {
		t.Errorf("%v %q", err, out.String())
	}
}

// Cobra's own protocol between a shell's script and the program: candidates, one a line,
// then what else may be offered (4: nothing, 16: folders).
func TestShellsCompleteCommandsFlagsAndValues(t *testing.T) {
	for line, want := range map[string][]string{
		"|":             {"cut\tcut wood", "paint\tpaint wood", ":4"},
		"cut --i|":      {"--into\tthe `folder` to put it", ":4"},
		"cut --how |":   {"rough", "fine", ":4"},
		"cut --how=f|":  {"fine", ":4"},
		"cut --into |":  {":16"},
		"cut -n |":      {":4"},
		"cut oak|":      {":0"},
		"help |":        {"cut\tcut wood", ":4"},
		"completion z|": {":0"},
	} {
		words := strings.Split(strings.TrimSuffix(line, "|"), " ")
		code, out, _ := call(append([]string{"__complete"}, words...)...)
		for _, w := range want {
			if code != OK || !slices.Contains(strings.Split(out, "\n"), w) {
				t.Errorf("%s completes to %d %q, without %q", line, code, out, w)
			}
		}
	}
}

// The scripts are accepted by the shells that are here.
func TestCompletionScriptsAreValid(t *testing.T) {
	for _, shell := range []string{"bash", "fish", "zsh"} {
		code, out, err := call("completion", shell)
		if code != OK || !strings.Contains(out, "tool") {
			t.Fatalf("%s: %d %s", shell, code, err)
		}
		path, missing := exec.LookPath(shell)
		if missing != nil {
			t.Logf("%s is not here, and its script is not run", shell)
			continue
		}
		cmd := exec.Command(path, "-n", "/dev/stdin")
		cmd.Dir, cmd.Stdin = filepath.Dir(path), strings.NewReader(out)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, text)
		}
	}
}
