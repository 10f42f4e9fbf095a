package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"parley/shared/conversation"
	"parley/shared/durable"
	"parley/shared/index"
	"parley/shared/judged"
	"parley/shared/passages"
	"parley/trainer/beir"
	"parley/trainer/bm25"
	"parley/trainer/conversations"
	"parley/trainer/evaluate"
	"parley/trainer/metrics"
	"parley/trainer/progress"
)

// A ranker is a system that is measured on our conversations, and what it reads.
type ranker struct {
	System string `json:"system"`
	Input  string `json:"input"`
	rank   func(said []conversation.Turn) ([]metrics.Hit, error)
}

// A group is a part of the turns; its name is a column of the table.
type group struct {
	name  string
	holds func(c *judged.Conversation, turn int) bool
}

var groups = func() []group {
	g := []group{
		{"all", func(*judged.Conversation, int) bool { return true }},
		{"follow-ups", func(_ *judged.Conversation, i int) bool { return i > 0 }},
		{"hop", func(c *judged.Conversation, i int) bool { return i > 0 && c.Hops(i) }},
		{"stay", func(c *judged.Conversation, i int) bool { return i > 0 && !c.Hops(i) }},
		{"needs context", func(c *judged.Conversation, i int) bool { return c.Turns[i].NeedsContext }},
	}
	for _, k := range judged.Kinds {
		g = append(g, group{string(k), func(c *judged.Conversation, i int) bool { return c.Turns[i].Kind == k }})
	}
	for _, d := range []struct {
		name     string
		from, to int
	}{{"turn 2", 2, 2}, {"turn 3", 3, 3}, {"turn 4", 4, 4}, {"turns 5-6", 5, 6}, {"turns 7-8", 7, 8}, {"turns 9-12", 9, 12}} {
		g = append(g, group{d.name, func(_ *judged.Conversation, i int) bool { return d.from <= i+1 && i+1 <= d.to }})
	}
	return g
}()

// A measured is a row of the table.
type measured struct {
	ranker
	Split string             `json:"split"`
	Turns map[string]int     `json:"turns"`
	NDCG  map[string]float64 `json:"ndcg_cut_10"`
	MRR   map[string]float64 `json:"recip_rank"`
	R10   map[string]float64 `json:"recall_10"`
}

func measureConversations(ctx context.Context, set conversations.Set, articles *passages.Store, folder, encoderDir, splits, pool string, withPooled, asJSON bool, stdout, stderr *os.File) error {
	rankers, err := conversationRankers(articles, folder, encoderDir)
	if err != nil {
		return err
	}
	var names []string
	total := 0
	for name := range strings.SplitSeq(splits, ",") {
		if !slices.Contains(conversations.All, name) {
			return wrongUse("--splits: there is no %q", name)
		}
		names = append(names, name)
		for _, c := range set[name] {
			total += len(c.Turns)
		}
	}
	meter := progress.New(stderr, "rankings", 0, int64(total*len(rankers)))
	var rows []measured
	var pooled pools
	done := 0
	for _, split := range names {
		for _, r := range rankers {
			m := measured{r, split, map[string]int{}, map[string]float64{}, map[string]float64{}, map[string]float64{}}
			for i := range set[split] {
				c := &set[split][i]
				for j, t := range c.Turns {
					if err := ctx.Err(); err != nil {
						return err
					}
					said := c.Until(j)
					switch r.Input {
					case evaluate.Last:
						said = said[j:]
					case evaluate.Rewrite:
						said = []conversation.Turn{{Question: t.Rewrite}}
					}
					hits, err := r.rank(said)
					if err != nil {
						return fmt.Errorf("%s: %w", c.QueryID(j), err)
					}
					grades := metrics.Grades{}
					judged := t.Gold
					if withPooled {
						judged = t.Judged()
					}
					for _, g := range judged {
						grades[g.ID] = g.Grade
					}
					v := metrics.Query(hits, grades)
					for _, g := range groups {
						if g.holds(c, j) {
							m.Turns[g.name]++
							m.NDCG[g.name] += v[metrics.NDCG10]
							m.MRR[g.name] += v[metrics.MRR]
							m.R10[g.name] += v[metrics.R10]
						}
					}
					pooled.add(c.QueryID(j), hits, grades)
					done++
					meter.Update(int64(done), "")
				}
			}
			for name, n := range m.Turns {
				m.NDCG[name] /= float64(n)
				m.MRR[name] /= float64(n)
				m.R10[name] /= float64(n)
			}
			rows = append(rows, m)
		}
	}
	meter.Done("")
	if pool != "" {
		if err := durable.WriteFile(pool, pooled.tsv()); err != nil {
			return err
		}
	}
	if asJSON {
		return printJSON(stdout, rows)
	}
	return measuredTable(stdout, names, rows)
}

func conversationRankers(articles *passages.Store, folder, encoderDir string) ([]ranker, error) {
	enc, _, err := evaluate.Load(encoderDir, "")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "index.bin")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	x, err := index.Open(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if x.Vocab() != enc.Vocab() || x.Docs() != articles.Len() {
		return nil, fmt.Errorf("%s has %d passages of %d terms, the articles are %d, the encoder's terms %d", path, x.Docs(), x.Vocab(), articles.Len(), enc.Vocab())
	}
	// The articles alone, as Export writes them: the judgements are of these.
	var corpus []passages.Passage
	for i := range articles.Len() {
		if p := articles.At(i); !strings.HasPrefix(p.ID, conversations.FactbookPrefix) {
			corpus = append(corpus, p)
		}
	}
	factbook := articles.Len() - len(corpus)
	const depth = 100
	session, searcher := enc.NewSession(), x.NewSearcher()
	sparse := func(said []conversation.Turn) ([]metrics.Hit, error) {
		v, _, err := session.EncodeQuery(conversation.Build(enc.Tokenizer, said, enc.Query))
		if err != nil {
			return nil, err
		}
		found, _ := searcher.Search(v, depth+factbook)
		var hits []metrics.Hit
		for _, h := range found {
			if id := articles.At(int(h.Doc)).ID; len(hits) < depth && !strings.HasPrefix(id, conversations.FactbookPrefix) {
				hits = append(hits, metrics.Hit{Doc: id, Score: float64(h.Score)})
			}
		}
		return hits, nil
	}
	var words bm25.Index
	for _, p := range corpus {
		words.Add(beir.Document{ID: p.ID, Title: p.Title, Text: p.Text}.Passage())
	}
	lexical := func(said []conversation.Turn) ([]metrics.Hit, error) {
		var text strings.Builder
		for _, t := range said {
			fmt.Fprintln(&text, t.Question, t.Reply)
		}
		var hits []metrics.Hit
		for _, h := range words.Search(text.String(), depth) {
			hits = append(hits, metrics.Hit{Doc: corpus[h.Doc].ID, Score: h.Score})
		}
		return hits, nil
	}
	var all []ranker
	for _, input := range []string{evaluate.Last, evaluate.Conversation, evaluate.Rewrite} {
		all = append(all, ranker{"BM25", input, lexical})
	}
	for _, input := range []string{evaluate.Last, evaluate.Conversation, evaluate.Rewrite} {
		all = append(all, ranker{filepath.Base(encoderDir), input, sparse})
	}
	return all, nil
}

// measuredTable prints nDCG@10 as Markdown, groups down, systems across.
func measuredTable(stdout *os.File, splits []string, rows []measured) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	for _, split := range splits {
		var of []measured
		for _, m := range rows {
			if m.Split == split {
				of = append(of, m)
			}
		}
		fmt.Fprintf(w, "| %s, nDCG@10\t| turns\t", split)
		for _, m := range of {
			fmt.Fprintf(w, "| %s, %s\t", m.System, m.Input)
		}
		fmt.Fprint(w, "|\n|---\t|---:\t", strings.Repeat("|---:\t", len(of)), "|\n")
		line := func(name string, turns int, value func(measured) float64) {
			fmt.Fprintf(w, "| %s\t| %d\t", name, turns)
			for _, m := range of {
				fmt.Fprintf(w, "| %.3f\t", value(m))
			}
			fmt.Fprintln(w, "|")
		}
		for _, g := range groups {
			line(g.name, of[0].Turns[g.name], func(m measured) float64 { return m.NDCG[g.name] })
		}
		line("MRR, all", of[0].Turns["all"], func(m measured) float64 { return m.MRR["all"] })
		line("R@10, all", of[0].Turns["all"], func(m measured) float64 { return m.R10["all"] })
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(stdout)
	}
	return nil
}

// pools hold, for judging, what stands among the first ten of any ranking.
type pools struct {
	order []string
	of    map[string]map[string]string // query, article: grade, "" where nobody judged it
}

func (p *pools) add(query string, hits []metrics.Hit, grades metrics.Grades) {
	if p.of == nil {
		p.of = map[string]map[string]string{}
	}
	if p.of[query] == nil {
		p.order = append(p.order, query)
		p.of[query] = map[string]string{}
	}
	for _, h := range hits[:min(10, len(hits))] {
		p.of[query][h.Doc] = ""
	}
	for id, g := range grades {
		p.of[query][id] = fmt.Sprint(g)
	}
}

// tsv is query, article, grade, a line each.
func (p *pools) tsv() []byte {
	var b bytes.Buffer
	b.WriteString("query-id\tcorpus-id\tgrade\n")
	for _, q := range p.order {
		var ids []string
		for id := range p.of[q] {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		for _, id := range ids {
			fmt.Fprintf(&b, "%s\t%s\t%s\n", q, id, p.of[q][id])
		}
	}
	return b.Bytes()
}
