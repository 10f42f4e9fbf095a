package conversations

import (
	"fmt"
	"strings"

	"parley/trainer/lines"
)

// pooledHead is the first line of pooled.tsv.
const pooledHead = "query-id\tcorpus-id\tscore"

// pooledSplits are those that pooled.tsv judges.
var pooledSplits = []string{"dev", Choice}

// readPooled reads pooled.tsv into the turns: query, article and grade, sorted. A
// query that there is not, and an article that is the writer's gold, are refused.
func (s Set) readPooled(path string) error {
	turns := map[string]*Turn{}
	for _, split := range pooledSplits {
		for i := range s[split] {
			c := &s[split][i]
			for j := range c.Turns {
				turns[c.QueryID(j)] = &c.Turns[j]
			}
		}
	}
	return lines.Read(path, func(r *lines.Reader) error {
		before := ""
		for n, line := range r.All() {
			if n == 1 {
				if string(line) != pooledHead {
					return r.Errorf("want the header %q", pooledHead)
				}
				continue
			}
			f := strings.Split(string(line), "\t")
			if len(f) != 3 || f[2] != "1" && f[2] != "2" {
				return r.Errorf("want query, article and grade 1 or 2, with tabs: %q", line)
			}
			key := f[0] + "\t" + f[1]
			if key <= before {
				return r.Errorf("the lines are not sorted, or one is there twice: %q", line)
			}
			before = key
			t := turns[f[0]]
			if t == nil {
				return r.Errorf("there is no query %q in %s", f[0], strings.Join(pooledSplits, " or "))
			}
			for _, g := range t.Gold {
				if g.ID == f[1] {
					return r.Errorf("the writer judged %q for %s", f[1], f[0])
				}
			}
			t.Pooled = append(t.Pooled, Gold{f[1], int(f[2][0] - '0')})
		}
		return r.Err()
	})
}

// checkPooled asks that pooled judgements name articles that there are, and none on
// which the test split's figures rest.
func (k *checker) checkPooled(s Set) {
	test := map[string]bool{}
	for _, c := range s["test"] {
		for _, t := range c.Turns {
			for _, g := range t.Gold {
				test[g.ID] = true
			}
		}
	}
	for _, split := range pooledSplits {
		for i := range s[split] {
			c := &s[split][i]
			for j := range c.Turns {
				for _, g := range c.Turns[j].Pooled {
					name := fmt.Sprintf("pooled.tsv: %s: ", c.QueryID(j))
					if !k.article(g.ID) {
						k.add("%sthere is no article %q", name, g.ID)
					}
					if test[g.ID] {
						k.add("%s%q is gold in test", name, g.ID)
					}
				}
			}
		}
	}
}
