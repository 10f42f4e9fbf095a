// Package bm25 is the baseline that learned sparse retrieval has to beat: BM25
// as Lucene computes it, over stemmed words.
package bm25

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"parley/shared/words"
	"parley/trainer/ranking"
)

// K1 and B are the parameters that Anserini and BEIR use.
const (
	K1 = .9
	B  = .4
)

// Words analyses text as Lucene's English analyser does, but for the stop words:
// runs of letters, digits and marks, lower-cased, without Snowball's English
// stop words and what contractions leave ("don't" gives "don" and "t"), stemmed
// by Porter's algorithm. Questions are full of "what", "who" and "how", which
// Lucene's own list of 33 keeps: the longer list gains .02 nDCG@10 on MTRAG.
func Words(text string) []string {
	list := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	list = slices.DeleteFunc(list, words.Stop)
	for i, w := range list {
		list[i] = words.Stem(w)
	}
	return list
}

type posting struct {
	doc uint32
	tf  uint32
}

// An Index holds a collection's words. Documents are numbered from 0 in the
// order that they are added. It is not safe for concurrent use.
type Index struct {
	lists   map[string][]posting
	lengths []uint32 // words of each document
	words   uint64   // of all documents
	scores  []float64
	hits    []ranking.Hit
}

func (x *Index) Docs() int { return len(x.lengths) }

func (x *Index) Add(text string) {
	if x.lists == nil {
		x.lists = map[string][]posting{}
	}
	doc := uint32(len(x.lengths))
	list := Words(text)
	x.lengths = append(x.lengths, uint32(len(list)))
	x.words += uint64(len(list))
	for _, w := range list {
		l := x.lists[w]
		if n := len(l); n > 0 && l[n-1].doc == doc {
			l[n-1].tf++
			continue
		}
		x.lists[w] = append(l, posting{doc, 1})
	}
}

// Search returns the k best documents that share a word with query, best first,
// ties by document number. A word that stands twice in query counts twice.
//
//	score(q, d) = sum_w idf(w) tf / (tf + k1 (1 - b + b |d| / avg))
//	idf(w)      = ln(1 + (N - df + .5) / (df + .5))
//
// which is Robertson and Zaragoza (2009) with Lucene's idf and, as in Lucene
// since version 8, without the constant factor k1 + 1. The result is valid until
// the next search.
func (x *Index) Search(query string, k int) []ranking.Hit {
	if len(x.scores) < x.Docs() {
		x.scores = make([]float64, x.Docs())
	}
	avg := float64(x.words) / float64(max(x.Docs(), 1))
	for _, w := range Words(query) {
		l := x.lists[w]
		df := float64(len(l))
		idf := math.Log(1 + (float64(x.Docs())-df+.5)/(df+.5))
		for _, p := range l {
			tf := float64(p.tf)
			x.scores[p.doc] += idf * tf / (tf + K1*(1-B+B*float64(x.lengths[p.doc])/avg))
		}
	}
	// A part is never 0, idf and tf being positive: only documents that share a word
	// have a score.
	x.hits = ranking.Best(x.hits, x.scores, k)
	return x.hits
}
