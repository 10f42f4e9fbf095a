package link

import (
	"reflect"
	"strings"
	"testing"

	"parley/shared/message"
)

var tower = Conversation{Collection: "Wikipedia's vital articles", Level: "splade-tiny", Turns: []Asked{
	{Question: "How tall is the Eiffel Tower?", Chosen: "Eiffel_Tower"},
	{Question: "who designed it,\nand \\n why?", Read: message.ReadAlone},
}}

func TestText(t *testing.T) {
	const want = "parley 1\ncollection Wikipedia's vital articles\nlevel splade-tiny\n" +
		"? How tall is the Eiffel Tower?\n= Eiffel_Tower\n" +
		`? who designed it,\nand \\n why?` + "\nread alone"
	if got := tower.Text(); got != want {
		t.Errorf("%q", got)
	}
	got, err := Parse(want + "\nread backwards\nmood fine")
	if err != nil || !reflect.DeepEqual(got, tower) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAddress(t *testing.T) {
	f, err := tower.Fragment()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{f, "#" + f, "https://example.org/a/#" + f} {
		got, err := Open(address)
		if err != nil || !reflect.DeepEqual(got, tower) {
			t.Errorf("%s: %+v, %v", address, got, err)
		}
	}
	// The form of version 1 stays readable.
	// An address that was made once stays readable. (By Python's zlib.)
	const first = "c=LcpBCoAgEEbhvaf4r9ABwlXQAaJtiE45MDihA9Ltk2j5Pd4dqtCDyUUVoWisBTtbEIRqHIWa81i1YyQBN1gmLHyeJNi0U_Vu_n18HnvPikSNr0IJbP4F"
	want := Conversation{Collection: "Vital articles", Turns: []Asked{{"How tall is the Eiffel Tower?", "Eiffel_Tower", ""}, {"who designed it?", "", ""}}}
	if got, err := Open(first); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Open(f[:len(f)-3]); err == nil {
		t.Error("an address that was cut short was taken")
	}
	for _, bad := range []string{"", "#", "c", "c=", "c=!", "tour=1", "c=AAAA"} {
		if got, err := Open(bad); err == nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestALaterVersionIsRefused(t *testing.T) {
	for text, says := range map[string]string{"parley 2\n? How tall?": "version 2", "parley 10": "version 10", "parley": "does not begin", "": "does not begin", "? How tall?": "does not begin"} {
		if c, err := Parse(text); err == nil || !strings.Contains(err.Error(), says) || len(c.Turns) > 0 {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

func TestBounds(t *testing.T) {
	long := Conversation{Turns: []Asked{{Question: strings.Repeat("a", MaxText)}}}
	if f, err := long.Fragment(); err == nil {
		t.Errorf("%d bytes", len(f))
	}
	// What a small link may grow to is bounded: a megabyte packs into a kilobyte.
	bomb := Conversation{Turns: []Asked{{Question: strings.Repeat("a", MaxText-100)}}}
	f, err := bomb.Fragment()
	if err != nil || len(f) > 4000 {
		t.Fatalf("%d bytes, %v", len(f), err)
	}
	if _, err := Open(f); err != nil {
		t.Error(err)
	}
	if _, err := Open("c=" + strings.Repeat("A", MaxFragment)); err == nil {
		t.Error("a fragment beyond the bound was taken")
	}
}

func FuzzOpen(f *testing.F) {
	fragment, _ := tower.Fragment()
	f.Add(fragment)
	f.Add("c=AAAA")
	f.Fuzz(func(t *testing.T, address string) {
		c, err := Open(address)
		if err != nil {
			return
		}
		again, err := Parse(c.Text())
		if err != nil {
			t.Fatal(err)
		}
		// An empty question is a line without a value, which Text leaves out.
		if third, _ := Parse(again.Text()); !reflect.DeepEqual(again, third) {
			t.Errorf("%+v became %+v", again, third)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add("a", "b\\n\n", "c\r", "")
	f.Fuzz(func(t *testing.T, collection, level, question, chosen string) {
		const read = message.ReadAlone
		if question == "" {
			return
		}
		c := Conversation{collection, level, []Asked{{question, chosen, read}, {"x", "", ""}}}
		got, err := Parse(c.Text())
		valid := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
		want := Conversation{valid(collection), valid(level), []Asked{{valid(question), valid(chosen), read}, {"x", "", ""}}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q became %q, %v", want, got, err)
		}
	})
}
