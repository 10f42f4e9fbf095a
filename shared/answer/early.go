package answer

import (
	"fmt"
	"slices"

	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/quote"
	"parley/shared/sentence"
	"parley/shared/sparse"
	"parley/shared/words"
)

// ByWords answers a question by its words alone, for a visitor whose encoder is still on its
// way. x has the collection's words, and may have learned terms, which are not used. What it
// finds is not the answer that an Engine gives, and whoever shows it has to say so. It quotes
// the sentence that holds most of the question's words, each as it weighs in the passage;
// those of the title tell its sentences apart less.
func ByWords(x *index.Index, p *passages.Store, question string, k int) (message.Answer, error) {
	a := message.Answer{Results: []message.Result{}}
	if x.Docs() != p.Len() {
		return a, fmt.Errorf("answer: the words are of %d documents, the collection has %d passages; they must be built together", x.Docs(), p.Len())
	}
	var reader words.Reader
	asked := make([]bool, x.Words())
	reader.Each(question, func(stem []byte, _, _ int) {
		if t, ok := x.Lookup(stem); ok {
			asked[int(t)-x.Vocab()] = true
		}
	})
	var q sparse.Vector
	for i, yes := range asked {
		if yes {
			q.Terms, q.Weights = append(q.Terms, uint32(x.Vocab()+i)), append(q.Weights, 1)
		}
	}
	hits, _ := x.NewSearcher().Search(q, k)
	for _, h := range hits {
		r := p.At(int(h.Doc))
		spans := sentence.Split(r.Text)
		scores := make([]float32, len(spans))
		matches := x.Explain(q, h.Doc)
		match := func(stem []byte) int {
			t, ok := x.Lookup(stem)
			return slices.IndexFunc(matches, func(m index.Match) bool { return ok && m.Term == t })
		}
		share := make([]float32, len(matches)) // of a sentence that has the word
		last := make([]int, len(matches))      // the sentence after the last that has it
		for i, m := range matches {
			share[i] = m.Score
		}
		reader.Each(r.Title, func(stem []byte, _, _ int) {
			if m := match(stem); m >= 0 {
				share[m] = float32(matches[m].Score * titleShare)
			}
		})
		at := 0
		reader.Each(r.Text, func(stem []byte, start, _ int) {
			for at < len(spans) && start >= spans[at].End {
				at++
			}
			if m := match(stem); m >= 0 && at < len(spans) && last[m] <= at {
				last[m] = at + 1
				scores[at] += share[m]
			}
		})
		s := quote.Best(r.Text, spans, scores, nil)
		a.Results = append(a.Results, message.Result{Doc: h.Doc, ID: r.ID, Title: r.Title, Text: r.Text, URL: r.URL, Page: r.Page,
			Score: h.Score, Quote: message.Span{s.Start, s.End}, Marks: []message.Span{}})
	}
	return a, nil
}
