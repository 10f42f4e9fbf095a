package answer

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// strict is a source that has the passages of the last Bring and no others, as one has that
// fetches them.
type strict struct {
	Source
	t       *testing.T
	brought []uint32
}

func (s *strict) Bring(docs []uint32) error {
	s.brought = slices.Clone(docs)
	return nil
}

func (s *strict) Passage(doc uint32) passages.Passage {
	s.has(doc)
	return s.Source.Passage(doc)
}

func (s *strict) Explain(q sparse.Vector, doc uint32) []index.Match {
	s.has(doc)
	return s.Source.Explain(q, doc)
}

func (s *strict) has(doc uint32) {
	s.t.Helper()
	if !slices.Contains(s.brought, doc) {
		s.t.Errorf("document %d is read, and was not brought", doc)
	}
}

// Whatever the titles and the number of results, the engine reads what it had brought, and
// answers as over its own index.
func TestOnlyWhatWasBroughtIsRead(t *testing.T) {
	e := openEncoder(t)
	var one, many []passages.Passage
	for i := range 30 {
		p := passages.Passage{ID: fmt.Sprint(i), Title: "Rivers", Text: fmt.Sprintf("A river number %d flows into the sea.", i)}
		one = append(one, p)
		p.Title = fmt.Sprintf("River %d", i/12)
		many = append(many, p)
	}
	for _, docs := range [][]passages.Passage{one, many, one[:5]} {
		own := over(t, e, docs...)
		far, err := Over(e, &strict{Source: own.Source, t: t})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []int{1, 10, 25} {
			ask := message.Ask{Turns: []message.Turn{{Question: "Where does the river flow?"}}, K: k, Explain: true}
			want, err1 := own.Ask(ask)
			got, err2 := far.Ask(ask)
			got.Cost, want.Cost = message.Cost{}, message.Cost{} // times differ
			if err1 != nil || err2 != nil || len(got.Results) != min(k, len(docs)) || !reflect.DeepEqual(got, want) {
				t.Errorf("%d passages, %d wanted: %+v, over the index %+v (%v, %v)", len(docs), k, got, want, err1, err2)
			}
		}
	}
}
