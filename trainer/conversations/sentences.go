package conversations

import (
	"strings"

	"parley/shared/lines"
	"parley/trainer/disk"
)

// Sentences are judgements on the sentences of articles: by a turn's QueryID, an
// article's id and a sentence (as package quote cuts it, on one line), the grade: 2 where the sentence,
// quoted alone, answers what the turn asks, 1 where it does so in part. Of an article that
// was judged all other sentences have 0.
type Sentences map[string]map[string]map[string]int

// oneLine has a blank for each run of white space: sentences stand on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// sentencesHead is the first line of sentences.tsv.
const sentencesHead = "query-id\tcorpus-id\tscore\tsentence"

// ReadSentences reads sentences.tsv. An article without a sentence that answers has a line
// with score 0 and no sentence.
func ReadSentences(path string, s Set) (Sentences, error) {
	known := map[string]bool{}
	for _, split := range All {
		for i := range s[split] {
			c := &s[split][i]
			for j := range c.Turns {
				known[c.QueryID(j)] = true
			}
		}
	}
	judged := Sentences{}
	err := disk.Lines(path, func(r *lines.Reader) error {
		for n, line := range r.All() {
			if n == 1 {
				if string(line) != sentencesHead {
					return r.Errorf("want the header %q", sentencesHead)
				}
				continue
			}
			f := strings.Split(string(line), "\t")
			if len(f) != 4 || f[1] == "" || !(f[2] == "0" && f[3] == "" || (f[2] == "1" || f[2] == "2") && f[3] != "") {
				return r.Errorf("want query, article, grade 1 or 2 and sentence, or grade 0 and none, with tabs: %q", line)
			}
			if !known[f[0]] {
				return r.Errorf("there is no query %q", f[0])
			}
			of := judged[f[0]]
			if of == nil {
				of = map[string]map[string]int{}
				judged[f[0]] = of
			}
			if of[f[1]] != nil && (f[2] == "0" || of[f[1]][f[3]] > 0 || len(of[f[1]]) == 0) {
				return r.Errorf("this was judged before: %q", line)
			}
			if of[f[1]] == nil {
				of[f[1]] = map[string]int{}
			}
			if f[2] != "0" {
				of[f[1]][f[3]] = int(f[2][0] - '0')
			}
		}
		return r.Err()
	})
	return judged, err
}

// Grade is that of a quotation from an article: the highest of the sentences that stand
// in it. ok is false where the article was not judged for the turn.
func (j Sentences) Grade(query, article, quoted string) (grade int, ok bool) {
	sentences, ok := j[query][article]
	quoted = oneLine(quoted)
	for s, g := range sentences {
		if g > grade && strings.Contains(quoted, s) {
			grade = g
		}
	}
	return grade, ok
}
