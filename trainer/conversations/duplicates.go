package conversations

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"parley/shared/judged"
)

// MaxLikeness is the largest likeness of two questions. Likeness is the Jaccard
// index over their words and pairs of neighbouring words, without case and
// punctuation.
const MaxLikeness = .75

// A place is a text of the set: a turn's rewrite, or its question.
type place struct {
	Conversation *judged.Conversation
	Turn         int // from 0
	Text         string
}

// A Duplicate is a pair of texts that are too much alike. A comes after B in the
// set.
type Duplicate struct {
	A, B     place
	Likeness float64
}

// Duplicates compares all rewrites, and all questions that are understandable alone,
// of all splits with each other. It leaves out questions that need their context
// ("and why?"): they may recur, because they ask different things, and their
// rewrites are compared.
func Duplicates(s Set) []Duplicate {
	var texts []place
	for _, split := range All {
		for i := range s[split] {
			c := &s[split][i]
			for j, t := range c.Turns {
				texts = append(texts, place{c, j, t.Rewrite})
				if !t.NeedsContext {
					texts = append(texts, place{c, j, t.Question})
				}
			}
		}
	}
	// Shingles become numbers, rare ones first. Two sets as alike as MaxLikeness
	// have in common one of the first n - ceil(MaxLikeness n) + 1 of either, so only
	// those are looked up (prefix filter; Chaudhuri et al. 2006). Unlike MinHash,
	// this is exact.
	count := map[string]int{}
	sets := make([][]string, len(texts))
	for i, t := range texts {
		sets[i] = shingles(t.Text)
		for _, g := range sets[i] {
			count[g]++
		}
	}
	holders := map[string][]int{}
	var found []Duplicate
	for i, set := range sets {
		slices.SortFunc(set, func(a, b string) int {
			return cmp.Or(cmp.Compare(count[a], count[b]), strings.Compare(a, b))
		})
		seen := map[int]bool{}
		prefix := len(set) - int(MaxLikeness*float64(len(set)))
		for _, g := range set[:min(prefix+1, len(set))] {
			for _, j := range holders[g] {
				if seen[j] || texts[i].Conversation == texts[j].Conversation && texts[i].Turn == texts[j].Turn {
					continue
				}
				seen[j] = true
				if l := likeness(set, sets[j]); l > MaxLikeness {
					found = append(found, Duplicate{texts[i], texts[j], l})
				}
			}
			holders[g] = append(holders[g], i)
		}
	}
	return found
}

// shingles returns the distinct words and pairs of neighbouring words of a text.
func shingles(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	all := slices.Clone(words)
	for i := 1; i < len(words); i++ {
		all = append(all, words[i-1]+" "+words[i])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func likeness(a, b []string) float64 {
	both := 0
	for _, g := range a {
		if slices.Contains(b, g) {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
