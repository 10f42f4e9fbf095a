package converse

import (
	"math"
	"testing"

	"parley/shared/judged"
)

// A threshold loses at most the given share. The recognised inputs are those below it,
// small talk, and those that found nothing.
func TestThresholdAndItsSplit(t *testing.T) {
	var all []input
	for i := range 100 { // rightly answered, from .01 to 1
		all = append(all, input{sample: sample{x: []float64{float64(i+1) / 100}, is: true}, answerable: true})
	}
	for _, x := range []float64{.02, .2} {
		all = append(all, input{sample: sample{x: []float64{x}}, kind: "outside"})
	}
	all = append(all,
		input{sample: sample{x: []float64{.9}}, kind: "thanks", small: true},
		input{kind: "emoji"}, // nothing was found
		input{sample: sample{x: []float64{.03}}, answerable: true},
		input{sample: sample{x: []float64{.5}}, answerable: true})
	by := func(x []float64) float64 { return x[0] }
	above := threshold(all, by, .05)
	if above != .06 {
		t.Errorf("threshold %v, want that of the sixth", above)
	}
	s := splitDoubt("dev", all, by, above)
	if s.Right != 100 || s.Wrong != 2 || s.None != 4 || s.Lost != .05 || s.Spared != .5 || s.Recognised != .75 {
		t.Errorf("%+v", s)
	}
	if s.Kinds["outside"] != .5 || s.Kinds["thanks"] != 1 || s.Kinds["emoji"] != 1 {
		t.Errorf("kinds %v", s.Kinds)
	}
	for i := 1; i < len(s.Curve); i++ {
		if s.Curve[i].Above < s.Curve[i-1].Above || s.Curve[i].Recognised < s.Curve[i-1].Recognised {
			t.Errorf("the curve falls at %+v", s.Curve[i])
		}
	}
}

// The fit depends neither on a feature's unit, nor on how many inputs of either kind
// come after a history.
func TestFitDoubt(t *testing.T) {
	inputs := func(unit float64, behind int) (all []input) {
		for i := range 40 {
			x := []float64{1, float64(i%8) * unit, float64(i % 3)}
			all = append(all, input{sample: sample{x: x, is: true}, answerable: true, history: i < behind})
			all = append(all, input{sample: sample{x: []float64{1, (float64(i%8) - 3) * unit, float64(i % 2)}}, kind: "outside", history: i < behind})
		}
		return all
	}
	a, b := fitDoubt(inputs(1, 20)), fitDoubt(inputs(100, 20))
	if math.Abs(a[1]-100*b[1]) > 1e-6 || math.Abs(a[2]-b[2]) > 1e-6 || !(a[1] > 0) {
		t.Errorf("%v in one unit, %v in another", a, b)
	}
}

func TestKeywords(t *testing.T) {
	c := &judged.Conversation{Turns: []judged.Turn{
		{Rewrite: "What is the Louvre?", Gold: []judged.Gold{{ID: "Louvre_Palace", Grade: 2}}},
		{Rewrite: "Who was the architect of the pyramid?", Gold: []judged.Gold{{ID: "Pyramid", Grade: 1}, {ID: "I._M._Pei", Grade: 2}}},
	}}
	got := keywords(c)
	if len(got) != 3 || got[2].question != "Who was the architect of the pyramid?" || got[0].question != "louvre palace" || !got[0].right["Louvre_Palace"] || got[1].question != "architect pyramid" || !got[1].right["I._M._Pei"] || got[1].right["Pyramid"] {
		t.Errorf("%+v", got)
	}
}
