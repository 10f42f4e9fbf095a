package main

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// The committed assembly is what clang 14.0.6 makes of neon.c.
func TestReproducible(t *testing.T) {
	for _, tool := range []string{"clang-14", "llvm-objdump-14"} {
		if out, err := exec.Command(tool, "--version").CombinedOutput(); err != nil || !bytes.Contains(out, []byte("14.0.6")) {
			t.Skipf("%s 14.0.6 is not installed (Debian 12: apt install clang)", tool)
		}
	}
	again, err := write(".")
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../neon_arm64.s")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, committed) {
		t.Error("neon.c gives other code than neon_arm64.s: run `go generate ./shared/matrix` and commit it")
	}
}

// What would need a stack, or change a register that Go keeps, is refused.
func TestWordsThatGoCannotRun(t *testing.T) {
	for name, code := range map[string][]instruction{
		"nothing":                 nil,
		"a value on the stack":    {{"", "str q0, [sp, #16]"}, {"", "ret"}},
		"a loop's value, kept":    {{"", "str x20, [sp, #-16]!"}, {"", "str x20, [sp, #8]"}, {"", "ret"}},
		"the stack's address":     {{"", "mov x0, sp"}, {"", "ret"}},
		"the frame's register":    {{"", "mov x29, x1"}, {"", "ret"}},
		"the return's address":    {{"", "add x30, x30, #4"}, {"", "ret"}},
		"an argument, kept":       {{"", "str x3, [sp, #8]"}, {"", "ret"}},
		"a pair with one to keep": {{"", "stp x19, x3, [sp, #8]"}, {"", "ret"}},
	} {
		if out, err := words(code); err == nil {
			t.Errorf("%s: %s", name, out)
		}
	}
	out, err := words([]instruction{{"a9be4ff4", "stp x20, x19, [sp, #-32]!"}, {"8b010000", "add x0, x0, x1"}, {"a8c24ff4", "ldp x20, x19, [sp], #32"}, {"d65f03c0", "ret"}})
	if want := "\tWORD $0xd503201f // nop, for stp x20, x19, [sp, #-32]!\n\tWORD $0x8b010000 // add x0, x0, x1\n\tWORD $0xd503201f // nop, for ldp x20, x19, [sp], #32\n\tRET\n"; err != nil || out != want {
		t.Errorf("%s (%v)", out, err)
	}
}
