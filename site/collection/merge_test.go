package collection

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/answer"
	"parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/site/collection/tiny"
)

// built indexes documents, an id and a text each.
func built(t *testing.T, e *LoadedEncoder, title string, docs ...[2]string) *collect.Collection {
	t.Helper()
	out := filepath.Join(t.TempDir(), "c")
	list := func(yield func(documents.Document) bool) {
		for _, d := range docs {
			if !yield(documents.Document{ID: d[0], Title: d[0], Text: d[1]}) {
				return
			}
		}
	}
	if _, err := Build(t.Context(), e, list, out, Options{About: passages.About{Title: title, Licence: title + "'s"}}); err != nil {
		t.Fatal(err)
	}
	c, err := OpenAll(out)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Collections that are searched together give the ranking that one collection of all their
// documents gives: words are counted over all of them. Each result says where it is from.
func TestJoinedCollectionsRankAsOne(t *testing.T) {
	dir := tiny.Put(t, filepath.Join(t.TempDir(), "encoder"), tiny.Files(1))
	e, err := OpenEncoder(dir)
	if err != nil {
		t.Fatal(err)
	}
	sea := [][2]string{{"whale", "A whale is not a fish in the sea."}, {"salt", "Salt is in the water of the sea."}, {"ship", "A ship of iron in the harbour."}}
	land := [][2]string{{"tower", "The tower of iron is tall."}, {"tea", "Tea is a leaf in hot water."}, {"salt", "A city of salt and stone by the river."}}
	one, two := built(t, e, "Sea/side", sea...), built(t, e, "Land", land...)
	files, err := collect.Merge([]collect.Named{{Name: "Sea/side", Collection: one}, {Name: "Land", Collection: two}})
	if err != nil {
		t.Fatal(err)
	}
	joined, err := collect.OpenFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	about := joined.Passages.About()
	if about.Title != "Sea-side and Land" || about.Of != "Sea-side\nLand" || about.Licence != "Sea/side's; Land's" {
		t.Errorf("%+v", about)
	}
	ranked := func(c *collect.Collection, question string) (list []string) {
		a, err := answer.New(e.Encoder, c.Index, c.Passages)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.Ask(message.Ask{Turns: []message.Turn{{Question: question}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got.Results {
			list = append(list, fmt.Sprintf("%s in %q", r.ID, r.Collection))
		}
		return list
	}
	for _, question := range []string{"salt water", "iron", "the whale of the river"} {
		got := ranked(joined, question)
		for _, r := range got {
			if id, from, _ := strings.Cut(r, " in "); !strings.HasPrefix(id, strings.Trim(from, `"`)+"/") || from == `""` {
				t.Errorf("%s", r)
			}
		}
		if len(got) < 2 || !slices.ContainsFunc(got, func(r string) bool { return strings.HasPrefix(r, "Sea-side/") }) || !slices.ContainsFunc(got, func(r string) bool { return strings.HasPrefix(r, "Land/") }) {
			t.Errorf("%s: %q", question, got)
		}
	}
	// Words and learned terms weigh as in a collection of all.
	same := built(t, e, "All", func() (list [][2]string) { return append(append(list, sea[:2]...), land[:2]...) }()...)
	files, err = collect.Merge([]collect.Named{{Name: "a", Collection: built(t, e, "a", sea[:2]...)}, {Name: "b", Collection: built(t, e, "b", land[:2]...)}})
	if err != nil {
		t.Fatal(err)
	}
	if joined, err = collect.OpenFiles(files); err != nil {
		t.Fatal(err)
	}
	for _, question := range []string{"salt water", "iron", "the whale of the tower"} {
		var want, got []string
		for _, r := range ranked(same, question) {
			id, _, _ := strings.Cut(r, " in ")
			want = append(want, id)
		}
		for _, r := range ranked(joined, question) {
			id, _, _ := strings.Cut(r, " in ")
			_, id, _ = strings.Cut(id, "/")
			got = append(got, id)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", question, got, want)
		}
	}

	other := tiny.Files(1)
	other["config.json"] = []byte(strings.Replace(string(other["config.json"]), "{", `{"name":"another",`, 1))
	if f, err := OpenEncoder(tiny.Put(t, filepath.Join(t.TempDir(), "other"), other)); err == nil && f.Name != e.Name {
		if _, err := collect.Merge([]collect.Named{{Name: "a", Collection: one}, {Name: "b", Collection: built(t, f, "b", land...)}}); err == nil || !strings.Contains(err.Error(), "different encoders") {
			t.Errorf("collections of two encoders: %v", err)
		}
	}
}
