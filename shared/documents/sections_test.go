package documents

import (
	"slices"
	"testing"
)

func TestSections(t *testing.T) {
	read := func(page string) (out []string) {
		docs, notes := Read("guide.html", []byte(page), Options{})
		if len(docs) != 1 {
			t.Fatalf("%v, %v", docs, notes)
		}
		docs[0].URL = "/guide/"
		for _, s := range Sections(docs[0]) {
			out = append(out, s.ID+" | "+s.Title+" | "+s.URL+" | "+s.Text)
		}
		return out
	}
	got := read(`<title>Guide</title><main><h1 id="guide">Guide</h1><p>Of all gates.</p><h2 id="speed">Speed</h2><h3 id="wood">Wood</h3><p>Two degrees.</p>
		<h3>Steel</h3><p>Four degrees.</p><h2 id="a b">Alarm</h2><p>It rings.</p></main>`)
	want := []string{
		"guide.html | Guide | /guide/ | Of all gates.",
		"guide.html#wood | Guide > Speed > Wood | /guide/#wood | Two degrees.",
		"guide.html#section-3 | Guide > Speed > Steel | /guide/#speed | Four degrees.",
		"guide.html#a b | Guide > Alarm | /guide/#a%20b | It rings.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwanted\n%q", got, want)
	}
	if got := read(`<title>Guide</title><main><p>Without any heading, there is one section.</p></main>`); len(got) != 1 || got[0] != "guide.html | Guide | /guide/ | Without any heading, there is one section." {
		t.Errorf("%q", got)
	}
}
