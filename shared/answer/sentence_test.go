package answer

import (
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/sentence"
)

// A sentence's score is the product of the question's terms with the sentence's vector,
// encoded under the passage's title.
func TestSentencesAreScoredAsPassages(t *testing.T) {
	e := shipped(t)
	ask := turns("How tall is the Eiffel Tower?", "", "who designed it?")
	f, err := e.find(ask)
	if err != nil {
		t.Fatal(err)
	}
	e.reading.ask(&f, 1)
	p := e.Passages.At(int(f.hits[0].Doc))
	spans, scores, err := e.reading.read(e.Encoder.Base(), p)
	if err != nil || len(spans) < 2 || len(scores) != len(spans) {
		t.Fatal(spans, scores, err)
	}
	s := e.Encoder.Base().NewSession()
	for i, span := range spans {
		v, _, err := s.Encode(conversation.Passage(e.Encoder.Tokenizer, passages.EncoderText(passages.Passage{Title: p.Title, Text: p.Text[span.Start:span.End]}), 256))
		if err != nil {
			t.Fatal(err)
		}
		weights := map[uint32]float32{}
		for k, term := range v.Terms {
			weights[term] = v.Weights[k]
		}
		var want float32
		for k, term := range f.Vector.Terms[:f.Learned] {
			share := float32(historyShare)
			if o := f.Origin(k); o.Turn == 1 && o.Side == conversation.Question {
				share = 1
			}
			want += float32(weights[term] * float32(f.Vector.Weights[k]*share))
		}
		if scores[i] != want {
			t.Errorf("sentence %d: %v, want %v", i, scores[i], want)
		}
	}
}

// The sentence that answers is quoted, wherever it stands in the passage.
func TestTheSentenceThatAnswers(t *testing.T) {
	e := over(t, openEncoder(t), passages.Passage{ID: "a", Title: "Harrow Point Lighthouse", Text: "Harrow Point Lighthouse is a lighthouse on St. Brannoc's Island. " +
		"It was designed by the engineer A. J. Whitcombe. The tower is 41 metres tall. A storm in 1923 destroyed the keeper's cottage. It was automated in 1987."})
	for question, want := range map[string]string{
		"who was the architect":            "It was designed by",
		"what is its height":               "The tower is 41",
		"where is harrow point lighthouse": "Harrow Point Lighthouse is a",
	} {
		a, err := e.Ask(turns(question))
		if err != nil {
			t.Fatal(err)
		}
		r := a.Results[0]
		if got := r.Text[r.Quote[0]:r.Quote[1]]; !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", question, got)
		}
	}
}

// Texts of any kind give a sentence of their own, or nothing.
func TestSentencesOfOddTexts(t *testing.T) {
	e := openEncoder(t)
	for name, text := range map[string]string{
		"one word": "lighthouse", "no sentence end": strings.Repeat("the lighthouse stands and ", 400),
		"no blanks": strings.Repeat("灯台は高い塔である。", 50), "stops": ". . . !", "long": strings.Repeat("A lighthouse is tall. ", 50_000),
	} {
		a, err := over(t, e, passages.Passage{ID: "a", Title: "lighthouse", Text: text}).Ask(turns("lighthouse"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, r := range a.Results {
			found := false
			for _, s := range sentence.Split(text) {
				found = found || s.Start <= r.Quote[0] && r.Quote[1] >= s.End || s.Start == r.Quote[0]
			}
			if !found || r.Quote[1] > len(text) {
				t.Errorf("%s: quote %v is no sentence", name, r.Quote)
			}
		}
	}
}

// A question that is asked again is answered with another sentence, if one fits nearly as
// well.
func TestAnotherQuestionGetsAnotherSentence(t *testing.T) {
	e := shipped(t)
	var asked []message.Turn
	said := map[string]int{}
	for i, q := range []string{"tell me about the moon", "what else about the moon?", "and what more is known of the moon?"} {
		asked = append(asked, message.Turn{Question: q})
		a, err := e.Ask(message.Ask{Turns: asked})
		if err != nil {
			t.Fatal(err)
		}
		r := a.Results[a.Reply]
		reply := r.Text[r.Quote[0]:r.Quote[1]]
		if before, twice := said[reply]; twice {
			t.Errorf("turn %d is answered as turn %d: %q", i, before, reply)
		}
		said[reply] = i
		asked[i].Reply = reply
	}
}
