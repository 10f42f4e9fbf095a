package main

import (
	"os"
	"testing"
)

// What is checked in is what `go generate` makes.
func TestTheCodeIsUpToDate(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile("../messages.go"); err != nil || string(got) != string(want) {
		t.Errorf("shared/wire/messages.go is not what the types of shared/message make (%v); run `make generate`", err)
	}
}
