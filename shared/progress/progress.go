// Package progress shows how far long work has come, and the time that is left: on a
// terminal as a bar on a line that is redrawn, in a log as a line every few seconds.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// A Meter reports one piece of work. One goroutine at a time may use it.
type Meter struct {
	w        io.Writer
	what     string
	terminal bool
	width    func() int // of the terminal, in characters; 0: unknown
	every    time.Duration
	now      func() time.Time

	waiting     bool // no Update yet: see Await
	shown       bool // an unfinished line is on the terminal
	begin, last time.Time
	total, from int64
}

// New begins a report to w. what is a short phrase for the work, total its number of
// units, and done how many were finished in an earlier run; these do not count for the
// speed. Units should take similar time, as bytes of text do.
func New(w io.Writer, what string, done, total int64) *Meter {
	m := &Meter{w: w, what: what, total: total, from: done, now: time.Now, every: 10 * time.Second}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		m.terminal, m.every = true, 200*time.Millisecond
		m.width = func() int {
			n, _, _ := term.GetSize(int(f.Fd()))
			return n
		}
	}
	m.begin = m.now()
	m.last = m.begin
	return m
}

// Await is New for work that may turn out to be done already, or in part. The report
// begins with the first Update; without one, Done prints nothing.
func Await(w io.Writer, what string, total int64) *Meter {
	m := New(w, what, 0, total)
	m.waiting = true
	return m
}

// Update reports the number of units done, with a note to show.
func (m *Meter) Update(done int64, note string) {
	now := m.now()
	if m.waiting {
		m.waiting, m.from, m.begin, m.last = false, done, now, now
	}
	if now.Sub(m.last) < m.every {
		return
	}
	m.last = now
	share := float64(done) / float64(max(m.total, 1))
	line := fmt.Sprintf("%s: %3.0f %%", m.what, 100*share)
	if note != "" {
		line += ", " + note
	}
	if fresh := done - m.from; fresh > 0 {
		left := time.Duration(float64(now.Sub(m.begin)) * float64(m.total-done) / float64(fresh))
		line += ", " + left.Round(time.Second).String() + " left"
	}
	if m.terminal {
		line = bar(share, line, m.width())
	}
	m.print(line)
}

// cells is the length of the bar in characters.
const cells = 24

// bar puts a bar before a line if a terminal of that width has room for both.
func bar(share float64, line string, width int) string {
	if width > 0 && width <= utf8.RuneCountInString(line)+cells+3 {
		return line
	}
	full := int(cells * max(0, min(1, share)))
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", cells-full) + "] " + line
}

// Done ends the report with a line that says how long the work took.
func (m *Meter) Done(note string) {
	if m.waiting {
		return
	}
	line := m.what + ": done in " + m.now().Sub(m.begin).Round(time.Second/10).String()
	if note != "" {
		line += ", " + note
	}
	m.print(line)
	if m.terminal {
		fmt.Fprintln(m.w)
	}
}

// Clear ends the report without a line: it removes the bar.
func (m *Meter) Clear() {
	if m.shown {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}

func (m *Meter) print(line string) {
	if m.terminal {
		m.shown = true
		fmt.Fprintf(m.w, "\r\x1b[K%s", line)
		return
	}
	fmt.Fprintln(m.w, line)
}
