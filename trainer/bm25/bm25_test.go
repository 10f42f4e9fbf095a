package bm25

import (
	"math"
	"slices"
	"testing"

	"parley/trainer/ranking"
)

func TestWords(t *testing.T) {
	got := Words("The Ships' captains, and É́clair-3 are IN Köln!")
	if want := []string{"ship", "captain", "é́clair", "3", "köln"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestScoreByHand(t *testing.T) {
	var x Index
	for _, d := range []string{"tower tower paris", "bridge", "", "tower of london bridge keep"} {
		x.Add(d)
	}
	// N 4; 3 + 1 + 0 + 4 words, "of" being a stop word: 2 on average.
	part := func(df, tf, length float64) float64 {
		return math.Log(1+(4-df+.5)/(df+.5)) * tf / (tf + .9*(1-.4+.4*length/2))
	}
	want := []ranking.Hit{
		{Doc: 0, Score: 2*part(2, 2, 3) + 0},
		{Doc: 3, Score: 2*part(2, 1, 4) + part(2, 1, 4)},
		{Doc: 1, Score: part(2, 1, 1)},
	}
	slices.SortFunc(want, func(a, b ranking.Hit) int {
		if a.Score > b.Score {
			return -1
		}
		return 1
	})
	for range 2 { // the second search must not see the first one's scores
		got := x.Search("Towers, tower: bridges the zzz", 10)
		if len(got) != len(want) {
			t.Fatalf("%v, want %v", got, want)
		}
		for i, h := range got {
			if h.Doc != want[i].Doc || math.Abs(h.Score-want[i].Score) > 1e-12 {
				t.Errorf("%d: %v, want %v", i, h, want[i])
			}
		}
	}
	if got := x.Search("tower bridge", 1); len(got) != 1 {
		t.Errorf("k = 1 gave %v", got)
	}
}

func TestNothingToFind(t *testing.T) {
	var empty Index
	if got := empty.Search("tower", 10); len(got) != 0 {
		t.Error(got)
	}
	var x Index
	x.Add("")
	if got := x.Search("", 10); len(got) != 0 {
		t.Error(got)
	}
}

func TestTiesGoToTheLowerDocument(t *testing.T) {
	var x Index
	for range 5 {
		x.Add("same words")
	}
	for i, h := range x.Search("words", 5) {
		if h.Doc != uint32(i) {
			t.Errorf("rank %d is document %d", i, h.Doc)
		}
	}
}
