package opener

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"parley/shared/passages"
)

// store returns a collection of passages with these titles.
func store(t testing.TB, titles ...string) *passages.Store {
	t.Helper()
	b := passages.NewBuilder(passages.About{Title: "T"})
	for i, title := range titles {
		if err := b.Add(passages.Passage{ID: fmt.Sprint("id", i), Title: title, Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	s, err := passages.Open(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestQuestions(t *testing.T) {
	for _, c := range []struct{ titles, want []string }{
		{nil, nil},
		{[]string{"Tomatoes"}, []string{"Tell me about Tomatoes"}},
		// A question stays one, an article begins no sentence here, and a full stop ends none.
		{[]string{"When are bulbs planted?", "The rose garden", "How we prune."},
			[]string{"When are bulbs planted?", "Tell me about the rose garden", "Tell me about how we prune"}},
		// No document is named twice, whatever its headings and its case.
		{[]string{"Roses", "Roses > Pests", "ROSES", "Tulips", "Compost"},
			[]string{"Tell me about Roses", "Tell me about Tulips", "Tell me about Compost"}},
		// Of one document, its headings.
		{[]string{"Manual", "Manual > Care > Watering", "Manual > Care > Watering", "Manual > Pests", "Manual > Tools", "Manual > Sheds"},
			[]string{"Tell me about Manual", "Tell me about Pests", "Tell me about Sheds"}},
		// Spread over the collection.
		{[]string{"Ash", "Beech", "Cedar", "Date palm", "Elm", "Fir"},
			[]string{"Tell me about Beech", "Tell me about Date palm", "Tell me about Fir"}},
		// What tells nothing is passed over; short words and years are not.
		{[]string{"", "a1b2c3d4e5f6", "IMG_2041", "notes/old.txt", "report.pdf", "2041", "7", "x", "Budget 2024", "9f86d081-884c-7d65", "COVID-19"},
			[]string{"Tell me about Budget 2024", "Tell me about COVID-19"}},
		{[]string{"バラの手入れ", "Über Äpfel"}, []string{"Tell me about バラの手入れ", "Tell me about Über Äpfel"}},
	} {
		if got := Questions(store(t, c.titles...), 3); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.titles, got, c.want)
		}
	}
}

// A title that was only made of a file's name is none, unless it has several words.
func TestTitlesOfFilesAreNoQuestions(t *testing.T) {
	for id, named := range map[string]bool{"log.txt": true, "a/log.txt#3": true, "log.txt.gz": true, "log": false, "Log.txt": false, "logs.txt": false} {
		title := "log"
		if id == "Log.txt" {
			title = "Log"
		}
		if got := ofFile(title, id); got != named {
			t.Errorf("%q of %s: %v", title, id, got)
		}
	}
	if ofFile("how to prune", "how-to-prune.txt") {
		t.Error("several words are taken for a file's name")
	}
}

func TestQuestionsOfALargeCollection(t *testing.T) {
	titles := make([]string, 10_000)
	for i := range titles {
		titles[i] = fmt.Sprintf("Chapter %d", i)
	}
	if got, want := Questions(store(t, titles...), 3), []string{"Tell me about Chapter 1650", "Tell me about Chapter 5016", "Tell me about Chapter 8349"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
