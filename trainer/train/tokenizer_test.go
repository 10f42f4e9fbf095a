package train

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/model/wordpiece"
	"github.com/sugarme/tokenizer/normalizer"
	"github.com/sugarme/tokenizer/pretokenizer"

	"parley/shared/importers"
	own "parley/shared/wordpiece"
	"parley/trainer/disk"
)

// On plain English our tokenizer and sugarme/tokenizer agree. (Beyond it they need
// not: theirs is wrong on accents without NFD, kana, Hangul and more.)
func TestSecondOpinionOnTokens(t *testing.T) {
	const vocab = "../../models/splade-tiny/vocab.txt"
	data, err := os.ReadFile(vocab)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := own.New(data)
	if err != nil {
		t.Fatal(err)
	}
	model, err := wordpiece.NewWordPieceFromFile(vocab, "[UNK]")
	if err != nil {
		t.Fatal(err)
	}
	theirs := tokenizer.NewTokenizer(model)
	theirs.WithNormalizer(normalizer.NewBertNormalizer(true, true, true, true))
	theirs.WithPreTokenizer(pretokenizer.NewBertPreTokenizer())

	texts := []string{
		"When was the Eiffel Tower built, and who paid for it?", "What's unbelievably hypoallergenic?",
		"In 1,234.5 m (U.S.) -- e.g. \"quoted\" -- costs $5/kg; see www.example.org!", "Supercalifragilisticexpialidocious antidisestablishmentarianism",
	}
	files, err := filepath.Glob("../../shared/importers/testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for _, name := range importers.Names() {
			if !strings.HasPrefix(filepath.Base(f), name) {
				continue
			}
			r, err := disk.Import(name, []string{f}, importers.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range r.Examples {
				texts = append(texts, e.Question, e.Rewrite)
			}
		}
	}
	if len(texts) < 20 {
		t.Fatalf("only %d texts", len(texts))
	}
	for _, text := range texts {
		if text == "" {
			continue
		}
		e, err := theirs.EncodeSingle(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, k := range ours.Append(nil, text, -1) {
			got = append(got, int(k.ID))
		}
		if len(got) != len(e.Ids) {
			t.Errorf("%q: %v, theirs %v", text, got, e.Ids)
			continue
		}
		for i := range got {
			if got[i] != e.Ids[i] {
				t.Errorf("%q: %v, theirs %v", text, got, e.Ids)
				break
			}
		}
	}
}
