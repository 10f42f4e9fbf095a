package example

import "testing"

func TestBytesReadsThePackagesOwnComment(t *testing.T) {
	if got := string(Bytes(t, "example.go")); got != "EXAM\x01\x00\x00\x00" {
		t.Errorf("%q", got)
	}
}
