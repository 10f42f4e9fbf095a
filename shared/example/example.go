// Package example reads the worked example of a binary format out of the comment that
// specifies the format, so that a test can compare it with what the code writes: the
// comment cannot become wrong unnoticed. It is for tests.
//
// An example is lines of a Go comment, each with the offset of its first byte in
// hexadecimal, the bytes, and after two spaces what they mean:
//
//	0000: 45 58 41 4d  magic "EXAM"
//	0004: 01 00 00 00  version 1
package example

import (
	"encoding/hex"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var line = regexp.MustCompile(`(?m)^//\t([0-9a-f]{4}): ((?:[0-9a-f]{2} )*[0-9a-f]{2})(?:  .*)?$`)

// Bytes returns the bytes of the example in the comments of a Go source file. It fails the
// test where the file has none, or where a line's offset does not match the bytes before
// it.
func Bytes(t testing.TB, file string) []byte {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, m := range line.FindAllStringSubmatch(string(source), -1) {
		at, err := strconv.ParseUint(m[1], 16, 16)
		if err != nil || int(at) != len(all) {
			t.Fatalf("%s: the line %q begins at byte %04x of the example", file, m[0], len(all))
		}
		b, err := hex.DecodeString(strings.ReplaceAll(m[2], " ", ""))
		if err != nil {
			t.Fatalf("%s: %q: %v", file, m[0], err)
		}
		all = append(all, b...)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no worked example", file)
	}
	return all
}
