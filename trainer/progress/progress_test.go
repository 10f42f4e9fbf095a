package progress

import (
	"strings"
	"testing"
	"time"
)

func TestTimeLeftCountsOnlyWhatThisRunDid(t *testing.T) {
	var out strings.Builder
	at := time.Unix(0, 0)
	m := &Meter{w: &out, what: "encoding", total: 1000, from: 500, begin: at, last: at,
		every: 10 * time.Second, now: func() time.Time { return at }}
	m.Update(510, "")
	if out.Len() > 0 {
		t.Errorf("a log line after no time: %q", out.String())
	}
	at = at.Add(10 * time.Second)
	m.Update(600, "60 passages") // 100 in 10 s, 400 to go
	at = at.Add(40 * time.Second)
	m.Done("")
	want := "encoding:  60 %, 60 passages, 40s left\nencoding: done in 50s\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestATerminalGetsOneLine(t *testing.T) {
	var out strings.Builder
	m := &Meter{w: &out, what: "encoding", total: 2, terminal: true, now: time.Now}
	m.Update(1, "")
	m.Done("")
	if strings.Count(out.String(), "\n") != 1 || strings.Count(out.String(), "\r") != 2 {
		t.Errorf("%q", out.String())
	}
}

// A meter that waits counts from its first Update, and without one says nothing.
func TestAwaitedWork(t *testing.T) {
	var out strings.Builder
	at := time.Unix(0, 0)
	m := &Meter{w: &out, what: "encoding", total: 1000, waiting: true, every: 10 * time.Second, now: func() time.Time { return at }}
	m.Done("nothing to do")
	if out.Len() > 0 {
		t.Errorf("of no work it says %q", out.String())
	}
	at = at.Add(time.Hour)
	m.Update(500, "")
	at = at.Add(10 * time.Second)
	m.Update(600, "")
	m.Done("")
	if want := "encoding:  60 %, 40s left\nencoding: done in 10s\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
