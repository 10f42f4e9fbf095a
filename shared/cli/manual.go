package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra/doc"
)

// manual is the command that writes the manual pages.
func (p *Program) manual() Command {
	return Command{
		Name: "manual", Synopsis: "FOLDER", Summary: "write the manual pages into a folder",
		About: "Writes a page for the program and one for each command, in the form of man, section 1.",
		Examples: strings.ReplaceAll(`PROGRAM manual ~/.local/share/man/man1
man PROGRAM-completion`, "PROGRAM", p.Name),
		Define: func(*Flags) Run {
			return func(_ context.Context, s Streams, args []string) error {
				if len(args) != 1 {
					return Usagef("wanted one folder")
				}
				if err := os.MkdirAll(args[0], 0o755); err != nil {
					return err
				}
				root := p.root(s)
				root.Long = p.About + "\n\n" + codes
				for _, c := range root.Commands() {
					c.Long = markdown(c.Long)
				}
				root.DisableAutoGenTag = true
				date, err := day()
				if err != nil {
					return err
				}
				return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: strings.TrimSpace(p.Name + " " + p.Version), Date: &date}, args[0])
			}
		},
	}
}

// day is the date on the pages: today's, or that of SOURCE_DATE_EPOCH, so that a release is
// the same whenever it is made (https://reproducible-builds.org/specs/source-date-epoch).
func day() (time.Time, error) {
	const variable = "SOURCE_DATE_EPOCH"
	text := os.Getenv(variable)
	if text == "" {
		return time.Now().UTC(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %q is no number of seconds", variable, text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// markdown writes the text of a help as Markdown, from which Cobra makes the pages: lines
// that are indented stay lines.
func markdown(text string) string {
	var b strings.Builder
	before := ""
	for line := range strings.SplitSeq(text, "\n") {
		table := strings.HasPrefix(line, "  ")
		if table != strings.HasPrefix(before, "  ") && before != "" {
			b.WriteString("\n")
		}
		if table {
			b.WriteString("  " + line + "\n")
		} else {
			b.WriteString(strings.NewReplacer("*", `\*`, "<", `\<`, "_", `\_`).Replace(line) + "\n")
		}
		before = line
	}
	return b.String()
}
