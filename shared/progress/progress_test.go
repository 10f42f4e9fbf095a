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

// A terminal gets one line, with a bar where there is room for it.
func TestATerminalGetsOneLine(t *testing.T) {
	for width, want := range map[int]string{
		0:  "\r\x1b[K[############............] encoding:  50 %\r\x1b[Kencoding: done in 0s\n",
		43: "\r\x1b[K[############............] encoding:  50 %\r\x1b[Kencoding: done in 0s\n",
		42: "\r\x1b[Kencoding:  50 %\r\x1b[Kencoding: done in 0s\n",
	} {
		var out strings.Builder
		at := time.Unix(0, 0)
		m := &Meter{w: &out, what: "encoding", total: 2, from: 1, begin: at, terminal: true, width: func() int { return width }, now: func() time.Time { return at }}
		m.Update(1, "")
		m.Done("")
		if out.String() != want {
			t.Errorf("in %d characters: %q, want %q", width, out.String(), want)
		}
	}
}

func TestClearTakesTheBarAway(t *testing.T) {
	var out strings.Builder
	m := &Meter{w: &out, what: "encoding", total: 2, terminal: true, width: func() int { return 0 }, now: time.Now}
	m.Clear()
	if out.Len() > 0 {
		t.Errorf("nothing was shown, and %q is cleared", out.String())
	}
	m.Update(1, "")
	m.Clear()
	if !strings.HasSuffix(out.String(), "left\r\x1b[K") {
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
