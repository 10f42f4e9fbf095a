package strip

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

// program returns testdata/program as the linker writes it.
var program = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "parley-strip-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "program.wasm")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, "./testdata/program")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return nil, errors.New(string(said))
	}
	return os.ReadFile(out)
})

func linked(t *testing.T) []byte {
	t.Helper()
	p, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run returns what a program writes, and its exit code.
func run(t *testing.T, program []byte) (out, complaint string, code uint32) {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	var o, e bytes.Buffer
	_, err := r.InstantiateWithConfig(ctx, program, wazero.NewModuleConfig().WithStdout(&o).WithStderr(&e).WithArgs("program"))
	var exit *sys.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("the program ended with %v; it said %s%s", err, &o, &e)
	}
	return o.String(), e.String(), exit.ExitCode()
}

func TestAStrippedProgramDoesTheSame(t *testing.T) {
	whole := linked(t)
	small, err := Program(whole)
	if err != nil {
		t.Fatal(err) // with another Go: see ErrTable
	}
	out, complaint, code := run(t, whole)
	if code != 2 || strings.Count(out, "\n") != 9 || !strings.Contains(complaint, "panic: the last word") || !strings.Contains(complaint, "theLastFunction") {
		t.Fatalf("the program as linked: exit %d, %s%s", code, out, complaint)
	}
	again, said, exit := run(t, small)
	if again != out || exit != code {
		t.Errorf("stripped: exit %d, %s\nwanted exit %d, %s", exit, again, code, out)
	}
	if !strings.Contains(said, "panic: the last word") || strings.Contains(said, "theLastFunction") {
		t.Errorf("a panic says %s", said)
	}
	for _, name := range []string{"main.theLastFunction", "program/main.go", "runtime.mallocgc"} {
		if !bytes.Contains(whole, []byte(name)) || bytes.Contains(small, []byte(name)) {
			t.Errorf("%s: in the program as linked %v, stripped %v", name, bytes.Contains(whole, []byte(name)), bytes.Contains(small, []byte(name)))
		}
	}
	// The runtime compares these names.
	if !bytes.Contains(small, []byte("reflect.makeFuncStub\x00")) || !bytes.Contains(small, []byte("reflect.methodValueCall\x00")) {
		t.Error("functions that package reflect makes have lost their names")
	}
}

func TestTheDataKeepsItsPlace(t *testing.T) {
	whole := linked(t)
	small, err := Program(whole)
	if err != nil {
		t.Fatal(err)
	}
	before, after := data(t, whole), data(t, small)
	if after.segments > before.segments/20 {
		t.Errorf("%d segments of %d are left", after.segments, before.segments)
	}
	stripTable(before.memory[:])
	last := len(bytes.TrimRight(before.memory, "\x00"))
	if before.at != after.at || !bytes.Equal(before.memory[:last], after.memory) {
		t.Error("the data is not that of the program but for its table of functions")
	}
	if again, err := Program(small); err != nil || !bytes.Equal(again, small) {
		t.Errorf("stripped once more it differs (%v)", err)
	}
}

type image struct {
	memory       []byte
	at, segments int
}

// data returns the data of a program. Nothing may precede its first byte that is not zero.
func data(t *testing.T, program []byte) image {
	t.Helper()
	for r := (reader{data: program[8:]}); len(r.data) > 0; {
		if id, content := r.byte(), r.bytes(); id == dataSection {
			memory, at, err := load(content)
			if err != nil {
				t.Fatal(err)
			}
			n := reader{data: content}
			return image{memory, at, n.uvarint()}
		}
	}
	t.Fatal("the program has no data")
	return image{}
}

// A table that is not understood stays as it is, and the program is complete.
func TestAnUnknownTableStays(t *testing.T) {
	for name, change := range map[string]func(memory []byte){
		"no table":                    func(m []byte) { m[table(t, m)] = 0xf0 },
		"another layout of functions": func(m []byte) { m[list(t, m)+npcdataAt] ^= 2 },
		"a function out of bounds":    func(m []byte) { m[functions(t, m)+8+7] = 0xff },
		"tables out of bounds":        func(m []byte) { m[list(t, m)+pcspAt+3] = 0xff },
		"a name in the middle":        func(m []byte) { m[list(t, m)+nameAt]++ },
	} {
		d := data(t, linked(t))
		change(d.memory)
		before := bytes.Clone(d.memory)
		if stripTable(d.memory) || !bytes.Equal(before, d.memory) {
			t.Errorf("%s: the table was changed", name)
		}
		section := segments(d.memory, d.at)
		odd := append(binary.AppendUvarint([]byte("\x00asm\x01\x00\x00\x00\x0b"), uint64(len(section))), section...)
		if out, err := Program(odd); !errors.Is(err, ErrTable) || !bytes.Equal(out, odd) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func table(t *testing.T, memory []byte) int {
	at := bytes.Index(memory, []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8})
	if at < 0 {
		t.Fatal("the program has no table of functions")
	}
	return at
}

// functions returns where the list of functions is, addresses and entries.
func functions(t *testing.T, memory []byte) int {
	at := table(t, memory)
	return at + int(binary.LittleEndian.Uint32(memory[at+64:]))
}

// list returns where the first function's entry is.
func list(t *testing.T, memory []byte) int {
	at := functions(t, memory)
	return at + int(binary.LittleEndian.Uint32(memory[at+4:]))
}

func TestDamagedPrograms(t *testing.T) {
	header := "\x00asm\x01\x00\x00\x00"
	for name, program := range map[string]string{
		"another file":           "<!doctype html>",
		"a section cut short":    header + "\x0b\x05\x01",
		"a segment elsewhere":    header + "\x0b\x07\x01\x01\x41\x00\x0b\x01x",
		"a segment cut short":    header + "\x0b\x06\x01\x00\x41\x00\x0b\x05",
		"a negative address":     header + "\x0b\x07\x01\x00\x41\x7f\x0b\x01x",
		"an enormous address":    header + "\x0b\x0b\x01\x00\x41\xff\xff\xff\xff\x07\x0b\x01x",
		"more than its count":    header + "\x0b\x08\x01\x00\x41\x00\x0b\x01xy",
		"no segment":             header + "\x0b\x01\x00",
		"a number without end":   header + "\x0b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"an address with no end": header + "\x0b\x0b\x01\x00\x41\xff\xff\xff\xff\xff\xff\x0b\x01x",
	} {
		if out, err := Program([]byte(program)); err == nil || errors.Is(err, ErrTable) || out != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzProgram(f *testing.F) {
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x0b\x07\x01\x00\x41\x00\x0b\x01x"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x01\x00\x0b\x16\x01\x00\x41\x00\x0b\x10\xf1\xff\xff\xff\x00\x00\x01\x08abcdefgh"))
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 1<<12 {
			return
		}
		out, err := Program(program)
		if err != nil && !errors.Is(err, ErrTable) {
			return
		}
		again, err := Program(out)
		if err != nil && !errors.Is(err, ErrTable) || !bytes.Equal(again, out) {
			t.Errorf("what Program wrote reads as %x (%v)", again, err)
		}
	})
}
