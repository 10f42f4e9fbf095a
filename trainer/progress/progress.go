// Package progress tells a person how far long work is: on a terminal a line
// that rewrites itself, in a log a line every few seconds.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"
)

// A Meter reports one piece of work. One goroutine at a time may use it.
type Meter struct {
	w        io.Writer
	what     string
	terminal bool
	every    time.Duration
	now      func() time.Time

	waiting     bool // for the first Update: see Await
	begin, last time.Time
	total, from int64
}

// New begins a report on f of what (a short phrase), of total units of which
// done were there before: they say nothing about the speed. Units should cost
// alike, such as bytes of text.
func New(f *os.File, what string, done, total int64) *Meter {
	info, err := f.Stat()
	m := &Meter{w: f, what: what, total: total, from: done, now: time.Now, every: 10 * time.Second}
	if err == nil && info.Mode()&os.ModeCharDevice != 0 {
		m.terminal, m.every = true, 200*time.Millisecond
	}
	m.begin = m.now()
	m.last = m.begin
	return m
}

// Await is New for work that may turn out to be done already, or in part: it begins with
// the first Update, and without one Done says nothing.
func Await(f *os.File, what string, total int64) *Meter {
	m := New(f, what, 0, total)
	m.waiting = true
	return m
}

// Update says how many units are done, and a note to show with it.
func (m *Meter) Update(done int64, note string) {
	now := m.now()
	if m.waiting {
		m.waiting, m.from, m.begin, m.last = false, done, now, now
	}
	if now.Sub(m.last) < m.every {
		return
	}
	m.last = now
	line := fmt.Sprintf("%s: %3.0f %%", m.what, 100*float64(done)/float64(max(m.total, 1)))
	if note != "" {
		line += ", " + note
	}
	if fresh := done - m.from; fresh > 0 {
		left := time.Duration(float64(now.Sub(m.begin)) * float64(m.total-done) / float64(fresh))
		line += ", " + left.Round(time.Second).String() + " left"
	}
	m.print(line)
}

// Done ends the report.
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

func (m *Meter) print(line string) {
	if m.terminal {
		fmt.Fprintf(m.w, "\r\x1b[K%s", line)
		return
	}
	fmt.Fprintln(m.w, line)
}
