package answer

import (
	"strings"
	"testing"

	"parley/shared/passages"
)

// Questions that people ask, and sentences as collections have them, judged by hand.
func TestFigures(t *testing.T) {
	for question, want := range map[string]struct{ figure, date bool }{
		"How tall is the Eiffel Tower?":                    {true, false},
		"how high is it":                                   {true, false},
		"do you know how deep the trench is?":              {true, false},
		"HOW MANY moons does it have":                      {true, false},
		"how many brothers had she?":                       {true, false},
		"how much he loved her":                            {true, false},
		"and how far from the sun?":                        {true, false},
		"how far is it?":                                   {true, false},
		"how far did the empire reach":                     {},
		"how long did the war last":                        {true, true},
		"how old is he?":                                   {true, true},
		"When was the Eiffel Tower built?":                 {true, true},
		"and when did he die":                              {true, true},
		"when does it melt":                                {},
		"it is computable when?":                           {},
		"what year did it open":                            {true, true},
		"in which century was that":                        {true, true},
		"what's the date of the battle":                    {true, true},
		"what is the population of Paris?":                 {true, false},
		"population of France":                             {true, false},
		"what is its total area?":                          {true, false},
		"what was the average temperature there in winter": {true, false},
		"what is the distance between them":                {true, false},
		"which percentage of people live there":            {true, false},
		"how do bees fly?":                                 {},
		"how is it made":                                   {},
		"how big-hearted":                                  {true, false},
		"how often":                                        {},
		"who designed it?":                                 {},
		"what is the area known for?":                      {},
		"what is the Mass?":                                {},
		"what is mass?":                                    {},
		"what is the date palm":                            {},
		"which area of physics did he work in":             {},
		"when he died, who became king?":                   {},
		"what happened when the tower was built":           {},
		"Who was it that wrote 'When We Were Very Young'?": {},
		"why did the population of wolves fall?":           {},
		"wie hoch ist der Turm?":                           {},
		"how tall is it? " + strings.Repeat("And ", 200):   {},
		"何メートルですか":                                         {},
		"":                                                 {},
	} {
		if figure, date := wants(question); figure != want.figure || date != want.date {
			t.Errorf("%q: figure %v, date %v", question, figure, date)
		}
	}
	for sentence, want := range map[string]struct{ figure, date bool }{ // whether it gives one
		"The Eiffel Tower is a lattice tower on the Champ de Mars in Paris.": {},
		"It is 330 metres tall.":                       {true, true},
		"It was built in the spring of 1889.":          {true, true},
		"The company built it from 1887 to 1889.":      {false, true},
		"In 2020 it had 4000 rooms.":                   {true, true},
		"It has 1250 rooms.":                           {true, true},
		"It opened on 1 May 1889.":                     {true, true},
		"She had three brothers.":                      {true, true},
		"Twenty-one of them survived.":                 {true, true},
		"Hundreds of thousands died.":                  {true, true},
		"The canyon is over a mile deep.":              {true, true},
		"About half of the land is forest.":            {true, true},
		"½ of it":                                      {true, true},
		"Mercury has one moon fewer.":                  {true, true},
		"Venus has no moons.":                          {true, true},
		"It is one of the tallest towers.":             {},
		"No one knows.":                                {},
		"It is no longer the tallest.":                 {},
		"They bloom in early spring.":                  {false, true},
		"It opened on a Sunday in May.":                {false, true},
		"It may be that soldiers march over it.":       {},
		"It has been done since ancient times.":        {false, true},
		"It is the world's fourth-largest island.":     {true, true},
		"It dates from the Bronze Age.":                {false, true},
		"Someone often weighs a stone; tension ends.":  {},
		"After his retirement he focused on research.": {},
		"": {},
	} {
		if figure, date := gives(sentence, false), gives(sentence, true); figure != want.figure || date != want.date {
			t.Errorf("%q: figure %v, date %v", sentence, figure, date)
		}
	}
}

// Every result says whether its own sentence lacks the figure. A follow-up that asks for
// no figure says nothing, whatever was asked before.
func TestResultsLackTheFigureAskedFor(t *testing.T) {
	e := over(t, openEncoder(t),
		passages.Passage{ID: "iron", Title: "Iron tower", Text: "The iron tower is a tall tower in Paris."},
		passages.Passage{ID: "wood", Title: "Wooden tower", Text: "The wooden tower is 40 metres tall."})
	for question, lacks := range map[string]bool{"how tall is the tower?": true, "who designed the tower?": false} {
		a, err := e.Ask(turns("how tall is the wooden tower?", "It is 40 metres tall.", question))
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Results) != 2 {
			t.Fatalf("%q: %+v", question, a.Results)
		}
		for _, r := range a.Results {
			if r.NoFigure != (lacks && r.ID == "iron") {
				t.Errorf("%q, %s: %v", question, r.ID, r.NoFigure)
			}
		}
	}
}
