package main

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"parley/shared/answer"
	"parley/shared/importers"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/sparse"
	"parley/trainer/disk"
)

// oneTerm is a vector, where it does not matter which.
func oneTerm() sparse.Vector { return sparse.Vector{Terms: []uint32{1}, Weights: []float32{1}} }

const toReply = `{"id":"1_1","conversation":"1","source":"s","turns":[{"question":"eiffel tower paris"}],"rewrite":"one"}
{"id":"1_3","conversation":"1","source":"s","turns":[{"question":"eiffel tower paris","reply":"wrong"},{"question":"designed by engineer","reply":"Ann."},{"question":"tall"}],"rewrite":"three","positives":["tower"]}
{"id":"2_3","conversation":"2","source":"s","turns":[{"question":"eiffel tower paris","reply":"other"},{"question":"tea leaf"},{"question":"hot water"}]}
{"id":"3_2","conversation":"3","source":"s","turns":[{"question":"whale sea","reply":"r"},{"question":"fish"}]}
`

// Replies are the engine's, with its own before them; all else of an example stays.
func TestRepliesAreTheEngines(t *testing.T) {
	dir := tinySet(t)
	if err := os.WriteFile(filepath.Join(dir, "examples.jsonl"), []byte(toReply), 0o666); err != nil {
		t.Fatal(err)
	}
	line := "replies --encoder DIR/encoder --examples DIR/examples.jsonl --passages DIR/corpus.jsonl --cache DIR/cache --mass 1 --out DIR/new/engine.jsonl"
	code, out, stderr := trainer(t, dir, line)
	if code != 0 || !strings.Contains(out, "each asked once  4") || !strings.Contains(stderr, "4 encoded") {
		t.Fatalf("code %d, %s\n%s", code, stderr, out)
	}
	first, err := os.ReadFile(filepath.Join(dir, "new", "engine.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) []importers.Example {
		r, err := disk.Import("jsonl", []string{filepath.Join(dir, path)}, importers.Options{})
		if err != nil || len(r.Unread) > 0 {
			t.Fatal(err, r)
		}
		return r.Examples
	}
	got, want := read("new/engine.jsonl"), read("examples.jsonl")
	e := tinyEngine(t, dir)
	for i := range want {
		var said []message.Turn
		for j := range want[i].History {
			u := &want[i].History[j]
			said = append(said, message.Turn{Question: u.Question})
			a, err := e.Ask(message.Ask{Turns: said})
			if err != nil {
				t.Fatal(err)
			}
			u.Reply = a.Quoted().Quotation()
			said[j].Reply = u.Reply
			if u.Reply == "" {
				t.Errorf("%s: nothing found for %q", want[i].ID, u.Question)
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if code, out, stderr := trainer(t, dir, line+" --json"); code != 0 || !strings.Contains(out, `"earlier_turns": 5`) || !strings.Contains(stderr, "4 kept") {
		t.Errorf("code %d, %s\n%s", code, stderr, out)
	}
	if second, _ := os.ReadFile(filepath.Join(dir, "new", "engine.jsonl")); string(second) != string(first) {
		t.Error("a second run wrote something else")
	}
}

// However many work side by side, the replies are the same; a stop ends them all.
func TestHistoriesSideBySide(t *testing.T) {
	dir := tinySet(t)
	e := tinyEngine(t, dir)
	r, err := importers.Import("jsonl", []importers.File{importers.Memory("examples", []byte(toReply))}, importers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine := func() (*answer.Engine, error) { return answer.New(e.Encoder, e.Index, e.Passages) }
	var before *tree
	for _, workers := range []int{1, 2, 5} {
		tr := plant(r.Examples)
		heard := 0
		if err := tr.answer(context.Background(), workers, engine, func(bool) { heard++ }); err != nil || heard != 4 || tr.histories != 4 || len(tr.roots) != 2 {
			t.Fatalf("%d workers: %d heard, %+v, %v", workers, heard, tr, err)
		}
		if before != nil && !reflect.DeepEqual(before, tr) {
			t.Errorf("%d workers reply otherwise", workers)
		}
		before = tr
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := plant(r.Examples).answer(ctx, 2, engine, func(bool) {}); err != context.Canceled {
		t.Errorf("stopped: %v", err)
	}
}

// A title that a text repeats in a line of its own is no part of what is quoted.
func TestIndexDocumentsTakesTheTitlesLineAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corpus.jsonl")
	corpus := `{"_id":"a","title":"Moon","text":"Moon\nIt is a moon."}` + "\n" + `{"_id":"b","title":"Sun","text":"Sun is a star."}` + "\n" + `{"_id":"c","title":"","text":"\n"}` + "\n"
	if err := os.WriteFile(path, []byte(corpus), 0o666); err != nil {
		t.Fatal(err)
	}
	vectors := []sparse.Vector{oneTerm(), oneTerm(), oneTerm()}
	_, store, err := indexDocuments([]string{path}, vectors, 10, passages.About{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"It is a moon.", "Sun is a star.", "\n"} {
		if got := store.At(i).Text; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if _, _, err := indexDocuments([]string{path}, vectors[:2], 10, passages.About{}); err == nil || !strings.Contains(err.Error(), "corpus.jsonl") {
		t.Errorf("fewer vectors than passages: %v", err)
	}
}

func TestRepliesWrongUse(t *testing.T) {
	dir := tinySet(t)
	if err := os.WriteFile(filepath.Join(dir, "bad.jsonl"), []byte(toReply+`{"id":"x","conversation":"x","turns":[]}`+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	given := "replies --encoder DIR/encoder --passages DIR/corpus.jsonl --examples DIR/data/dev.jsonl "
	for line, c := range map[string]struct {
		code int
		want string
	}{
		"replies":                                {2, "no --examples"},
		"replies --examples DIR/data/dev.jsonl":  {2, "no --passages"},
		given:                                    {2, "no --out"},
		given + "--out DIR/x --mass 2":           {2, "--mass 2 is not a share"},
		given + "--out DIR/x more":               {2, "name files with flags"},
		given + "--out DIR/x --base DIR/nowhere": {1, "base"},
		given + "--out DIR/x --cache DIR/cache --passage-encoder DIR/nowhere": {1, "the passages' encoder"},
		given + "--out DIR/x --examples DIR/bad.jsonl":                        {1, "1 examples cannot be read, the first: "},
	} {
		if code, _, stderr := trainer(t, dir, line); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("trainer %s: code %d, %q; want %q", line, code, stderr, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("a file was written all the same")
	}
	if code, out, _ := trainer(t, dir, "replies --help"); code != 0 || !strings.Contains(out, "Examples:\n  trainer ") {
		t.Errorf("help: code %d, %q", code, out)
	}
}
