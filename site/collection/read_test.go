package collection

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"parley/shared/conversation"
	"parley/shared/documents"
	"parley/shared/passages"
)

func passageInput(enc *LoadedEncoder, p passages.Passage) conversation.Input {
	return conversation.Passage(enc.Tokenizer, passages.EncoderText(p), enc.PassageTokens)
}

func TestFoldersAreReadInOrderAndSayWhatTheySkip(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"docs/b.md":         "# B\n\nText b.",
		"docs/a.txt":        "Text a.",
		"docs/sub dir/c.md": "Text c.",
		"docs/.git/x.md":    "hidden",
		"docs/.hidden.md":   "hidden",
		"docs/photo.jpg":    "\xff\xd8",
		"docs/bad.jsonl":    "{\"_id\":\"1\",\"text\":\"one\"}\noops\n",
		"README":            "Read me.",
	} {
		at := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(at), 0o755)
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func(paths []string, prefix string) (ids, urls, notes []string) {
		t.Helper()
		docs, err := Read(paths, documents.Options{}, prefix, func(n documents.Note) { notes = append(notes, n.Error()) })
		if err != nil {
			t.Fatal(err)
		}
		for d := range docs {
			ids, urls = append(ids, d.ID), append(urls, d.URL)
		}
		return ids, urls, notes
	}
	ids, urls, notes := read([]string{filepath.Join(dir, "docs")}, "https://example.org/")
	if want := []string{"a.txt", "b.md", "1", "sub dir/c.md"}; !slices.Equal(ids, want) {
		t.Errorf("ids %q", ids)
	}
	if urls[3] != "https://example.org/sub%20dir/c.md" {
		t.Errorf("urls %q", urls)
	}
	if want := []string{"bad.jsonl:2: not a JSON object", "photo.jpg: not a format that is read (JSONL, JSON, Markdown, HTML, CSV, TSV, text)"}; !slices.Equal(notes, want) {
		t.Errorf("notes %q", notes)
	}
	t.Chdir(dir)
	if ids, _, _ := read([]string{"docs/sub dir", "./README"}, ""); !slices.Equal(ids, []string{"docs/sub dir/c.md", "README"}) {
		t.Errorf("ids of two paths: %q", ids)
	}
	if _, err := Read([]string{"docs", "nowhere"}, documents.Options{}, "", nil); !errors.Is(err, ErrNoSuchPath) {
		t.Errorf("a path that is not there: %v", err)
	}
}
