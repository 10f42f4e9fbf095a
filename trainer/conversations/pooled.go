package conversations

import (
	"fmt"
	"slices"
	"strings"

	"parley/shared/beir"
	"parley/shared/judged"
	"parley/shared/lines"
	"parley/trainer/disk"
)

// pooledFiles have judgements beyond the writer's, each of its splits.
var pooledFiles = []struct {
	name   string
	splits []string
}{
	{"pooled.tsv", []string{"dev", Choice}},
	{"pooled-test.tsv", []string{"test"}}, // beside the test split, which does not change
}

// factbookSplits are the splits that factbook.tsv judges.
var factbookSplits = []string{"dev", Choice, "test"}

// readPooled adds the judgements of one of pooledFiles to the turns. An article that the writer
// judged is an error.
func (s Set) readPooled(path string, splits []string) error {
	return s.readJudgements(path, splits, func(t *judged.Turn, g judged.Gold) error {
		if strings.HasPrefix(g.ID, FactbookPrefix) {
			return fmt.Errorf("%q is a passage of the Factbook and belongs in factbook.tsv", g.ID)
		}
		if slices.ContainsFunc(t.Gold, func(w judged.Gold) bool { return w.ID == g.ID }) {
			return fmt.Errorf("the writer judged %q", g.ID)
		}
		t.Pooled = append(t.Pooled, g)
		return nil
	})
}

// readFactbook adds the judgements of factbook.tsv to the turns.
func (s Set) readFactbook(path string) error {
	return s.readJudgements(path, factbookSplits, func(t *judged.Turn, g judged.Gold) error {
		if !strings.HasPrefix(g.ID, FactbookPrefix) {
			return fmt.Errorf("%q is not a passage of the Factbook", g.ID)
		}
		t.Factbook = append(t.Factbook, g)
		return nil
	})
}

// readJudgements calls add with the turn and the judgement of each line of a file. The lines
// are query, article and grade, and sorted. A query that splits do not have is an error.
func (s Set) readJudgements(path string, splits []string, add func(*judged.Turn, judged.Gold) error) error {
	turns := map[string]*judged.Turn{}
	for _, split := range splits {
		for i := range s[split] {
			c := &s[split][i]
			for j := range c.Turns {
				turns[c.QueryID(j)] = &c.Turns[j]
			}
		}
	}
	return disk.Lines(path, func(r *lines.Reader) error {
		before := ""
		for j, err := range beir.Judgements(r) {
			if err != nil {
				return err
			}
			if j.Grade != 1 && j.Grade != 2 {
				return r.Errorf("grade %d of %q: want 1 or 2", j.Grade, j.Doc)
			}
			key := j.Query + "\t" + j.Doc
			if key <= before {
				return r.Errorf("the lines are not sorted, or one is in the file twice: %q", key)
			}
			before = key
			t := turns[j.Query]
			if t == nil {
				return r.Errorf("there is no query %q in %s", j.Query, strings.Join(splits, " or "))
			}
			if err := add(t, judged.Gold{ID: j.Doc, Grade: j.Grade}); err != nil {
				return r.Errorf("%w for %s", err, j.Query)
			}
		}
		return nil
	})
}

// checkPooled checks that pooled judgements name existing articles and, where settings are chosen
// by them, none that are gold in test.
func (k *checker) checkPooled(s Set) {
	test := map[string]bool{}
	for _, c := range s["test"] {
		for _, t := range c.Turns {
			for _, g := range t.Gold {
				test[g.ID] = true
			}
		}
	}
	for _, f := range pooledFiles {
		for _, split := range f.splits {
			for i := range s[split] {
				c := &s[split][i]
				for j := range c.Turns {
					for _, g := range c.Turns[j].Pooled {
						name := fmt.Sprintf("%s: %s: ", f.name, c.QueryID(j))
						if !k.article(g.ID) {
							k.add("%sthere is no article %q", name, g.ID)
						}
						if split != "test" && test[g.ID] {
							k.add("%s%q is gold in test", name, g.ID)
						}
					}
				}
			}
		}
	}
}

// checkFactbook checks that factbook.tsv names existing passages.
func (k *checker) checkFactbook(s Set) {
	for _, split := range factbookSplits {
		for i := range s[split] {
			c := &s[split][i]
			for j := range c.Turns {
				for _, g := range c.Turns[j].Factbook {
					if !k.article(g.ID) {
						k.add("factbook.tsv: %s: there is no passage %q", c.QueryID(j), g.ID)
					}
				}
			}
		}
	}
}
