package wordpiece

import (
	"os"
	"strings"
	"testing"
)

// A listed vocabulary equals the one that was read, and differs from another in any piece
// or position.
func TestListAndSame(t *testing.T) {
	text, err := os.ReadFile("../../models/splade-tiny/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	read := func(text string) *Tokenizer {
		v, err := New([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := read(string(text))
	if string(v.List()) != string(text) {
		t.Error("the list is not the file")
	}
	if !v.Same(v) || !v.Same(read(string(text))) {
		t.Error("a vocabulary is not the same as itself, or as its like")
	}
	for what, other := range map[string]string{
		"another piece":    strings.Replace(string(text), "\ntower\n", "\ntowerx\n", 1),
		"a piece more":     string(text) + "parleyx\n",
		"two that changed": strings.NewReplacer("\ntower\n", "\nbridge\n", "\nbridge\n", "\ntower\n").Replace(string(text)),
	} {
		if other == string(text) || v.Same(read(other)) {
			t.Errorf("%s: the same", what)
		}
	}
}
