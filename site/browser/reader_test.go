package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/encoder"
	"parley/shared/encoder/tiny"
	"parley/shared/message"
	"parley/site/collection"
)

// readerRelease publishes the page with a dense encoder that has a reader, and gives the
// folder of its models.
func readerRelease(t testing.TB) (s *server, models string) {
	t.Helper()
	denseRelease(t)
	models = filepath.Join(t.TempDir(), "models")
	if err := os.CopyFS(models, os.DirFS(withDense.models)); err != nil {
		t.Fatal(err)
	}
	encoders, err := collection.OpenEncoders(models)
	if err != nil {
		t.Fatal(err)
	}
	base, err := encoders.Base()
	if err != nil {
		t.Fatal(err)
	}
	// The same dense encoder, so that the collection's vectors are its.
	files := tiny.WithReader(tiny.Sentence(base.Vocab(), strings.Replace(denseSettings, "}", ", "+tiny.ReaderSettings+"}", 1)))
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(models, "tiny-dense", name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return serveFolder(t, publishRelease(t, release{encoder: models, collection: withDense.collection})), models
}

// The reader comes with the dense stage. Where its file is damaged, the other stages
// answer, and it can be tried again; once it is there, the page finds what the engine of
// the tests does, and says so.
func TestTheReader(t *testing.T) {
	s, models := readerRelease(t)
	dir := filepath.Join(models, "tiny-dense")
	s.spoil(denseFile(t, filepath.Join(dir, encoder.ReaderFile)), flipByte)
	p := open(t, s).ready()
	const question = "When was the Eiffel Tower built?"
	p.ask(question)
	p.switched()
	if got := p.stands("on"); !strings.Contains(got, "Its reader, which would read the first results once more, could not be loaded (dense/reader.safetensors)") || !strings.Contains(got, "SHA-256") {
		t.Errorf("it says %q", got)
	}
	p.wait("the answer of both", `document.querySelector(".read > span")?.textContent.includes("both vectors, sparse and dense.")`)
	s.heal()
	s.forget()
	eval[bool](p, `([...document.querySelectorAll(".better button")].find(b => b.textContent === "Try again").click(), true)`)
	p.wait("the reader", `document.querySelector("#better .note").textContent.includes("its reader reads the first results once more")`)
	if got := s.requests("data/"); len(got) == 0 || !allSuffix(got, encoder.ReaderFile) {
		t.Errorf("the second try loads %q", got)
	}
	p.ask("Which river is the longest?")
	if got := p.reads(); len(got) != 2 || !strings.Contains(got[1], "the first results were then read together with the question") {
		t.Errorf("the turns say %q", got)
	}

	p = open(t, s).ready()
	p.ask(question)
	p.switched()
	p.stands("on")
	p.settled(1)
	e := nativeDense(t, models)
	want, err := e.Ask(message.Ask{Turns: []message.Turn{{Question: question}}})
	if err != nil || want.Stage != message.StageRead {
		t.Fatal(want.Stage, err)
	}
	var titles []string
	for _, r := range want.Results {
		titles = append(titles, r.Title)
	}
	if got := p.turns()[0].Titles; len(got) == 0 || !slices.Equal(got, titles[:len(got)]) {
		t.Errorf("the page found %q, natively %q", got, titles)
	}
	most := 0 // the least relevant of those read has no bar
	for i, r := range want.Results[:len(p.turns()[0].Titles)] {
		if r.Read > want.Results[most].Read {
			most = i
		}
	}
	eval[bool](p, fmt.Sprintf(`(document.querySelectorAll(".why-button")[%d].click(), true)`, most))
	p.wait("the reader's bar", `[...document.querySelectorAll(".why .part.dense")].some(e => e.textContent.includes("reader"))`)
	p.accessibleInBoth("why, with a reader")
}
