package collection

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/shared/collect"
	"parley/shared/documents"
)

// A second run over the same documents encodes what changed, and nothing else.
func TestASecondRunEncodesWhatChanged(t *testing.T) {
	enc := testEncoder(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "c")
	docs := slices.Collect(corpus(30))
	build := func(docs []documents.Document, o Options) *Summary {
		t.Helper()
		sum, err := Build(t.Context(), enc, slices.Values(docs), out, o)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	first := build(docs, Options{})
	was := contents(t, out)
	if first.Unchanged != 0 || first.Tokens == 0 {
		t.Fatalf("%+v", first)
	}
	if sum := build(docs, Options{}); sum.Unchanged != sum.Passages || sum.Tokens != 0 || sum.Resumed != 0 {
		t.Errorf("nothing changed: %+v", sum)
	}
	equal(t, contents(t, out), was)

	changed := slices.Clone(docs)
	changed[7].Text = "A whale is a fish in the sea."
	changed = append(slices.Delete(changed, 3, 4), documents.Document{ID: "new", Text: "Tea is hot."})
	sum := build(changed, Options{})
	if fresh := sum.Passages - sum.Unchanged; fresh < 2 || fresh > 8 || sum.Tokens == 0 {
		t.Errorf("one changed, one new: %+v", sum)
	}
	got := contents(t, out)
	build(changed, Options{Anew: true})
	equal(t, got, contents(t, out))

	// Other options make other vectors.
	if sum := build(changed, Options{Settings: collect.Settings{Mass: .5}}); sum.Unchanged != 0 {
		t.Errorf("of other options: %+v", sum)
	}
	// A folder that was altered is not reused.
	if err := os.WriteFile(filepath.Join(out, "index.bin"), []byte("PARLEY"), 0o644); err != nil {
		t.Fatal(err)
	}
	if sum := build(changed, Options{}); sum.Unchanged != 0 {
		t.Errorf("of a damaged folder: %+v", sum)
	}
	equal(t, contents(t, out), got)
}

// If a document changes between a stopped run and the next, only its own vectors are made
// again.
func TestAStoppedRunGoesOnThoughADocumentChanged(t *testing.T) {
	defer func(was time.Duration) { syncEvery = was }(syncEvery)
	syncEvery = 0
	enc := testEncoder(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "c")
	docs := slices.Collect(corpus(killed))
	stopAt := func(docs []documents.Document, o Options) *Stopped {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		o.Progress = func(p Progress) {
			if p.Done > 0 {
				stop()
			}
		}
		_, err := Build(ctx, enc, slices.Values(docs), out, o)
		var stopped *Stopped
		if !errors.As(err, &stopped) {
			t.Fatal(err)
		}
		return stopped
	}
	stopAt(docs, Options{Settings: collect.Settings{Mass: .5}}) // and never goes on
	stopped := stopAt(docs, Options{})
	docs = append([]documents.Document{{ID: "new", Text: "Tea is hot."}}, docs...)
	sum, err := Build(t.Context(), enc, slices.Values(docs), out, Options{})
	if err != nil || sum.Resumed != stopped.Done {
		t.Errorf("%+v %v, want %d resumed", sum, err, stopped.Done)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// From now on the work file is in the folder itself.
	docs[0].Text = "Tea is cold."
	for i := range docs {
		docs[i].Text += " It is so."
	}
	stopAt(docs, Options{})
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("beside the folder: %v", left)
	}
	if left, _ := filepath.Glob(filepath.Join(out, ".*.work")); len(left) != 1 {
		t.Errorf("in the folder: %v", left)
	}
}

func TestAForeignFolderIsNotWritten(t *testing.T) {
	enc := testEncoder(t)
	for name, content := range map[string]string{
		"manifest.json": `{"name":"My app","icons":[]}`,
		"index.bin":     "somebody's",
		"passages.bin":  "",
	} {
		out := t.TempDir()
		at := filepath.Join(out, name)
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Build(t.Context(), enc, corpus(3), out, Options{})
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "nothing was written") {
			t.Errorf("%s: %v", name, err)
		}
		if entries, _ := os.ReadDir(out); len(entries) != 1 {
			t.Errorf("%s: written beside it: %v", name, entries)
		}
		if now, _ := os.ReadFile(at); string(now) != content {
			t.Errorf("%s is now %q", name, now)
		}
	}
	file := filepath.Join(t.TempDir(), "c")
	os.WriteFile(file, nil, 0o644)
	if _, err := Build(t.Context(), enc, corpus(3), file, Options{}); err == nil {
		t.Error("a file was taken for a folder")
	}
	// A folder with files of other names may be written to.
	out := t.TempDir()
	os.WriteFile(filepath.Join(out, "notes.txt"), nil, 0o644)
	if _, err := Build(t.Context(), enc, corpus(3), out, Options{}); err != nil {
		t.Error(err)
	}
}
