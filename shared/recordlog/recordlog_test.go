package recordlog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/shared/durable"
	"parley/shared/example"
)

const magic = "EXAMPLE1"

var key = [32]byte([]byte(strings.Repeat("k", 32)))

// The child process of the kill test appends records until it is killed, and reports each
// record that is on the disk.
func TestMain(m *testing.M) {
	path := os.Getenv("PARLEY_TEST_RECORDLOG")
	if path == "" {
		os.Exit(m.Run())
	}
	n := 0
	l, err := Open(path, Options{Magic: magic, Key: key, Lock: durable.TryLock, Read: func(int64, []byte) error { n++; return nil }})
	for err == nil {
		if _, err = l.Append(record(n)); err == nil {
			err = l.Sync()
		}
		n++
		fmt.Println(n)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// record returns the n-th record of the kill test, between 1 and 6000 bytes.
func record(n int) []byte {
	return bytes.Repeat([]byte(strconv.Itoa(n)+" "), 1+n*n%1000)
}

func open(t testing.TB, path string) (*Log, []string) {
	t.Helper()
	var all []string
	l, err := Open(path, Options{Magic: magic, Key: key, Lock: durable.TryLock, Read: func(at int64, body []byte) error {
		all = append(all, string(body))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, all
}

func write(t testing.TB, path string, records ...string) []byte {
	t.Helper()
	l, _ := open(t, path)
	for _, r := range records {
		at, err := l.Append([]byte(r))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := l.Body(at); err != nil || string(body) != r {
			t.Fatalf("the record at %d is %q, %v", at, body, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheExampleInTheComment(t *testing.T) {
	got := write(t, filepath.Join(t.TempDir(), "x", "log"), "one", "four")
	if want := example.Bytes(t, "recordlog.go"); !bytes.Equal(got, want) {
		t.Errorf("wrote\n% x, the comment says\n% x", got, want)
	}
}

// Wherever the file ends and whichever byte is damaged, the records before that are kept
// complete and the rest is removed; continuing gives the file of an uninterrupted run. A
// file with a damaged header is not this log.
func TestEveryCutAndEveryFlippedByte(t *testing.T) {
	dir := t.TempDir()
	records := []string{"one", "\x00", "four", strings.Repeat("long ", 20)}
	whole := write(t, filepath.Join(dir, "whole"), records...)
	path := filepath.Join(dir, "log")
	ends := []int{HeaderSize}
	for _, r := range records {
		ends = append(ends, ends[len(ends)-1]+HeadSize+len(r))
	}
	check := func(what string, at int, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		kept := 0
		for kept < len(records) && at >= ends[kept+1] {
			kept++
		}
		l, got := open(t, path)
		l.Close()
		if !slices.Equal(got, records[:kept]) {
			t.Fatalf("%s at byte %d: %q are read, wanted the first %d", what, at, got, kept)
		}
		if again := write(t, path, records[kept:]...); !bytes.Equal(again, whole) {
			t.Fatalf("%s at byte %d: going on gives another file", what, at)
		}
	}
	for n := range whole {
		check("cut", n, whole[:n])
		zeros := append(bytes.Clone(whole[:n]), make([]byte, len(whole)-n)...) // as after a power cut
		if n == 0 || n >= HeaderSize && whole[n] != 0 {
			check("zeros from", n, zeros)
		}
		flipped := bytes.Clone(whole)
		flipped[n] ^= 0x40
		if n >= HeaderSize {
			check("flipped", n, flipped)
			continue
		}
		if err := os.WriteFile(path, flipped, 0o666); err != nil {
			t.Fatal(err)
		}
		var other *OtherError
		if _, err := Open(path, Options{Magic: magic, Key: key, Lock: durable.TryLock}); !errors.As(err, &other) || !strings.Contains(err.Error(), "delete it") {
			t.Fatalf("the header's byte %d flipped: %v", n, err)
		}
		if now, _ := os.ReadFile(path); !bytes.Equal(now, flipped) {
			t.Fatalf("the header's byte %d flipped: the file was changed", n)
		}
	}
}

func TestReplaceBeginsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	whole := write(t, path, "one")
	for _, data := range []string{"a text that is long enough for a header and more", "short", magic + strings.Repeat("x", 40)} {
		if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
		l, err := Open(path, Options{Magic: magic, Key: key, Lock: durable.TryLock, Replace: true})
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if got := write(t, path, "one"); !bytes.Equal(got, whole) {
			t.Errorf("over %q: %q", data, got)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	whole := write(t, path, "one", "four")
	wrong := errors.New("makes no sense")
	_, err := Open(path, Options{Magic: magic, Key: key, Lock: durable.TryLock, Read: func(at int64, body []byte) error {
		if string(body) == "four" {
			return wrong
		}
		return nil
	}})
	if !errors.Is(err, wrong) || !strings.Contains(err.Error(), "log, byte 51: ") {
		t.Errorf("a record that makes no sense: %v", err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, whole) {
		t.Error("a record that makes no sense changed the file")
	}
	l, _ := open(t, path)
	if _, err := l.Append(nil); err == nil {
		t.Error("an empty record was appended")
	}
	if _, err := Open(path, Options{Magic: magic, Key: key, Lock: durable.TryLock}); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("a second process: %v", err)
	}
	if err := l.Seal(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append([]byte("five")); err == nil || !strings.Contains(err.Error(), "sealed") {
		t.Errorf("after Seal: %v", err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	other, err := Open(path, Options{Magic: magic, Key: key, Lock: func(f *os.File) error { return durable.Lock(ctx, f) }})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Append([]byte("five")); err != nil {
		t.Error(err)
	}
	if body, err := l.Body(HeaderSize + HeadSize); err != nil || string(body) != "one" {
		t.Errorf("a sealed log reads %q, %v", body, err)
	}
	// A record that is damaged while the log is open is refused.
	if _, err := other.File().WriteAt([]byte("x"), HeaderSize+HeadSize); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Body(HeaderSize + HeadSize); err == nil || !strings.Contains(err.Error(), "byte 40") {
		t.Errorf("a damaged record: %v", err)
	}
}

// A process that appends is killed again and again: no record that it reported is lost or
// altered.
func TestAKilledProcessLosesNothingItReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	reported := 0
	for kill := range 3 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "PARLEY_TEST_RECORDLOG="+path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		first, goal := true, reported+7+5*kill
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatal(err)
			}
			if first && n <= reported {
				t.Errorf("%d records were reported, after the kill the next is number %d", reported, n)
			}
			first = false
			if reported = n; n == goal {
				c.Process.Kill()
			}
		}
		if err := c.Wait(); err == nil || reported < goal {
			t.Fatalf("the child ended by itself after %d records: %v", reported, err)
		}
	}
	_, all := open(t, path)
	if len(all) < reported {
		t.Errorf("%d of %d reported records are there", len(all), reported)
	}
	for i, r := range all {
		if r != string(record(i)) {
			t.Fatalf("record %d is another", i)
		}
	}
}

// For any bytes behind a header, the records that are read are those that are kept:
// reading the cut file again gives the same records and cuts nothing more.
func FuzzScan(f *testing.F) {
	whole := write(f, filepath.Join(f.TempDir(), "log"), "one", "four", "\x00")
	f.Add(whole[HeaderSize:])
	f.Add(whole[HeaderSize : len(whole)-1])
	f.Add(make([]byte, 20))
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(data []byte) (all []string, end int64) {
			end, err := scan(bytes.NewReader(data), HeaderSize+int64(len(data)), func(at int64, body []byte) error {
				if at < HeaderSize+HeadSize || !bytes.Equal(data[at-HeaderSize:][:len(body)], body) {
					t.Fatalf("no record at %d", at)
				}
				all = append(all, string(body))
				return nil
			})
			if err != nil || end < HeaderSize || end > HeaderSize+int64(len(data)) {
				t.Fatalf("end %d of %d, %v", end, HeaderSize+len(data), err)
			}
			return all, end
		}
		all, end := read(data)
		again, same := read(data[:end-HeaderSize])
		if end != same || !slices.Equal(all, again) {
			t.Errorf("%d records to %d, read again %d to %d", len(all), end, len(again), same)
		}
	})
}
