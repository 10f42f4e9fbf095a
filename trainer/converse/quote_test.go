package converse

import (
	"testing"

	"parley/shared/judged"
	"parley/shared/message"
	"parley/trainer/conversations"
)

// Of several right articles only the first counts, by the quotation from it. The reply
// is counted separately, and so are repeated replies.
func TestQuotedTurns(t *testing.T) {
	c := &judged.Conversation{ID: "dev-1", Turns: []judged.Turn{
		{Gold: []judged.Gold{{ID: "A", Grade: 2}}}, {Gold: []judged.Gold{{ID: "A", Grade: 2}}}, {Gold: []judged.Gold{{ID: "B", Grade: 2}}},
	}}
	judged := conversations.Sentences{
		"dev-1<::>1": {"A": {"It is tall.": 2}},
		"dev-1<::>2": {"A": {"It is old.": 1}},
	}
	result := func(id, text string, from, to int) message.Result {
		return message.Result{ID: id, Text: text, Quote: message.Span{from, to}}
	}
	tall := "It is tall. It is old."
	var r Quoted
	asked := []message.Turn{{Question: "how tall?"}}
	r.add(judged, Played{c, 0, asked, message.Answer{Results: []message.Result{result("X", "No.", 0, 3), result("A", tall, 0, 11)}, Reply: 1}})
	asked[0].Reply = "It is tall."
	asked = append(asked, message.Turn{Question: "how old?"})
	r.add(judged, Played{c, 1, asked, message.Answer{Results: []message.Result{result("A", tall, 0, 22)}}})
	asked[1].Reply = tall
	asked = append(asked, message.Turn{Question: "what?"})
	r.add(judged, Played{c, 2, asked, message.Answer{Results: []message.Result{result("A", tall, 0, 22)}}})
	want := Quoted{Turns: 2, Found: 2, Right: 1, Partly: 2, Pairs: 1, Bytes: 33, Reply: 1, Again: 1, Replies: 3}
	if r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	// A doubted answer has no reply.
	var none Quoted
	none.add(judged, Played{c, 0, asked[:1], message.Answer{Doubt: message.DoubtUnsure, Results: []message.Result{result("A", tall, 0, 11)}}})
	if none.Reply != 0 || none.Replies != 0 || none.Right != 1 {
		t.Errorf("doubted: %+v", none)
	}
}
