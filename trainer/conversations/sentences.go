package conversations

import (
	"strings"

	"parley/shared/lines"
	"parley/trainer/disk"
)

// Sentences are judgements of the sentences of articles. The keys are a turn's QueryID, an
// article's id, and a sentence (as package quote splits it, on one line). The value is the
// grade: 2 if the sentence, quoted alone, answers what the turn asks; 1 if it does so in part.
// All other sentences of a judged article have 0.
type Sentences map[string]map[string]map[string]int

// oneLine replaces each run of white space by one blank, as in the file.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// sentencesHead is the first line of sentences.tsv.
const sentencesHead = "query-id\tcorpus-id\tscore\tsentence"

// ReadSentences reads sentences.tsv, whose turns must be in s. An article in which no sentence
// answers has a line with score 0 and without a sentence. Errors about a line are of type
// *lines.Error.
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
				return r.Errorf("want query, article, grade 1 or 2 and sentence, or grade 0 and no sentence, separated by tabs: %q", line)
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
				return r.Errorf("this was already judged: %q", line)
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

// Grade returns the grade of a quotation from an article: the highest grade of the sentences in
// it. ok is false if the article was not judged for the turn.
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
