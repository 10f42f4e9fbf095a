package dialogue

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"parley/shared/link"
	"parley/shared/message"
)

// found returns an answer whose results have the given IDs; each text says which question
// it answers.
func found(question string, ids ...string) *message.Answer {
	a := &message.Answer{Terms: []message.Term{{Text: question, Weight: 1, Turn: 0}}}
	for _, id := range ids {
		text := "About " + id + ". " + id + " for " + question + "."
		quote := strings.LastIndex(text, id)
		a.Results = append(a.Results, message.Result{ID: id, Title: id, Text: text, Quote: message.Span{quote, len(text)}})
	}
	return a
}

// settle answers every question with passages x and y, and returns the conversations that
// were sent.
func settle(t *testing.T, d *Dialogue) (asks []message.Ask) {
	t.Helper()
	for range 1000 {
		ticket, from, ask, ok := d.Next(10)
		if !ok {
			return asks
		}
		asks = append(asks, ask)
		q := ask.Turns[len(ask.Turns)-1].Question
		if _, ok := d.Answer(ticket, from, found(q, "x", "y")); !ok {
			t.Fatalf("the answer to %q was refused", q)
		}
	}
	t.Fatal("never settles")
	return nil
}

func ask(t *testing.T, questions ...string) *Dialogue {
	t.Helper()
	d := new(Dialogue)
	for _, q := range questions {
		if !d.Ask(q) {
			t.Fatalf("%q was refused", q)
		}
	}
	return d
}

func TestEachTurnIsAskedWithTheRepliesBefore(t *testing.T) {
	d := ask(t, "a", "b", "c")
	asks := settle(t, d)
	want := []message.Ask{
		{K: 10, Turns: []message.Turn{{Question: "a"}}},
		{K: 10, Turns: []message.Turn{{Question: "a", Reply: "x for a.", Title: "x"}, {Question: "b"}}},
		{K: 10, Turns: []message.Turn{{Question: "a", Reply: "x for a.", Title: "x"}, {Question: "b", Reply: "x for b.", Title: "x"}, {Question: "c"}}},
	}
	if !reflect.DeepEqual(asks, want) {
		t.Errorf("asked %+v, want %+v", asks, want)
	}
	if d.Pending() != 0 {
		t.Errorf("%d pending after all was answered", d.Pending())
	}
}

func TestOneQuestionIsUnderWayAtATime(t *testing.T) {
	d := ask(t, "a", "b")
	if _, _, _, ok := d.Next(10); !ok {
		t.Fatal("nothing to ask")
	}
	if _, _, ask, ok := d.Next(10); ok {
		t.Errorf("asked %+v while another question was under way", ask)
	}
	d.AskAgain()
	if _, _, _, ok := d.Next(10); !ok {
		t.Error("not asked again after the worker was lost")
	}
}

func TestEditRecomputesItselfAndEverythingAfter(t *testing.T) {
	d := ask(t, "a", "b", "c")
	settle(t, d)
	if d.Edit(1, " b ") {
		t.Error("an edit that changes nothing counted as a change")
	}
	if d.Edit(1, "  ") {
		t.Error("an edit to nothing was accepted")
	}
	if !d.Edit(1, "B") {
		t.Fatal("the edit was refused")
	}
	for i, stale := range []bool{false, true, true} {
		if d.Turns()[i].Stale != stale {
			t.Errorf("turn %d: stale %v, want %v", i, !stale, stale)
		}
		if d.Turns()[i].Answer == nil {
			t.Errorf("turn %d lost its old answer before the new one came", i)
		}
	}
	asks := settle(t, d)
	if len(asks) != 2 || asks[0].Turns[1].Question != "B" || asks[1].Turns[1].Reply != "x for B." {
		t.Errorf("asked %+v", asks)
	}
}

func TestDeleteRecomputesEverythingAfter(t *testing.T) {
	d := ask(t, "a", "b", "c")
	settle(t, d)
	id := d.Turns()[2].ID
	d.Delete(1)
	asks := settle(t, d)
	if len(asks) != 1 || len(asks[0].Turns) != 2 || asks[0].Turns[0].Question != "a" || asks[0].Turns[1].Question != "c" {
		t.Errorf("asked %+v", asks)
	}
	if d.Turns()[1].ID != id {
		t.Error("a turn's ID changed when another was deleted")
	}
	d.Delete(1)
	d.Delete(0)
	d.Delete(0)
	if d.Len() != 0 {
		t.Errorf("%d turns left", d.Len())
	}
}

func TestChosenResultIsTheReplyThatLaterTurnsBuildOn(t *testing.T) {
	d := ask(t, "a", "b")
	settle(t, d)
	if d.Choose(0, "x") {
		t.Error("choosing the reply it already had counted as a change")
	}
	if d.Choose(0, "nowhere") {
		t.Error("chose a result that is not there")
	}
	if !d.Choose(0, "y") {
		t.Fatal("the choice was refused")
	}
	if d.Turns()[0].Stale || !d.Turns()[1].Stale {
		t.Error("a choice makes the later turns stale, not its own")
	}
	asks := settle(t, d)
	if len(asks) != 1 || asks[0].Turns[0].Reply != "y for a." {
		t.Errorf("asked %+v", asks)
	}
	if !d.Choose(0, "x") || d.Turns()[0].Chosen != "" {
		t.Error("choosing the best result is not the same as choosing none")
	}
}

func TestTheProposedResultIsTheReplyUnlessAnotherIsChosen(t *testing.T) {
	d := ask(t, "a")
	ticket, from, _, _ := d.Next(10)
	answer := found("a", "x", "y")
	answer.Reply = 1
	d.Answer(ticket, from, answer)
	if r := d.Reply(0); r.ID != "y" {
		t.Errorf("the reply is %s, want the proposed y", r.ID)
	}
	if !d.Choose(0, "x") || d.Reply(0).ID != "x" || d.Turns()[0].Chosen != "x" {
		t.Error("the best result could not be chosen over the proposed one")
	}
	if !d.Choose(0, "y") || d.Turns()[0].Chosen != "" {
		t.Error("choosing the proposed result is not the same as choosing none")
	}
	answer.Reply = 2
	if d.Reply(0).ID != "x" {
		t.Error("a proposal that is no result does not fall back on the best")
	}
}

func TestAnswersToAnEarlierStateAreDropped(t *testing.T) {
	d := ask(t, "a")
	ticket, from, _, _ := d.Next(10)
	d.Edit(0, "A")
	if _, ok := d.Answer(ticket, from, found("a", "x")); ok {
		t.Error("an answer to the question before the edit was accepted")
	}
	if _, ok := d.Fail(ticket, &message.Failure{}); ok {
		t.Error("a failure of the question before the edit was accepted")
	}
	if asks := settle(t, d); len(asks) != 1 || asks[0].Turns[0].Question != "A" {
		t.Errorf("asked %+v", asks)
	}
}

func TestLaterTurnsGoOnWithoutAFailedOneUntilItIsRetried(t *testing.T) {
	d := ask(t, "a", "b")
	ticket, _, _, _ := d.Next(10)
	if _, ok := d.Fail(ticket, &message.Failure{Message: "no"}); !ok {
		t.Fatal("the failure was refused")
	}
	asks := settle(t, d)
	if len(asks) != 1 || len(asks[0].Turns) != 2 || asks[0].Turns[0].Reply != "" {
		t.Errorf("asked %+v, want turn 2 alone, with no reply before it", asks)
	}
	d.Retry(0)
	if asks := settle(t, d); len(asks) != 2 {
		t.Errorf("asked %d turns, want 2", len(asks))
	}
}

func TestQuotedPassagesAreKnownToLaterTurns(t *testing.T) {
	d := ask(t, "a", "b", "c")
	settle(t, d)
	if turn, ok := d.QuotedIn(0, "x"); ok {
		t.Errorf("the first turn's passage was quoted before, in turn %d", turn)
	}
	if turn, ok := d.QuotedIn(2, "x"); !ok || turn != 1 {
		t.Errorf("x is quoted in turn %d, %v; want the latest earlier turn, 1", turn, ok)
	}
	if _, ok := d.QuotedIn(2, "y"); ok {
		t.Error("y counts as quoted, though no turn quotes it")
	}
}

func TestNothingFoundIsNoReply(t *testing.T) {
	d := ask(t, "a", "b")
	ticket, from, _, _ := d.Next(10)
	d.Answer(ticket, from, &message.Answer{})
	if d.Reply(0) != nil || d.Reply(0).Quotation() != "" {
		t.Error("a reply out of nothing")
	}
	_, _, ask, ok := d.Next(10)
	if !ok || ask.Turns[0].Reply != "" {
		t.Errorf("asked %+v, %v", ask, ok)
	}
}

// Where the worker doubts, the turn has no reply until a result is chosen.
func TestADoubtedTurnHasNoReply(t *testing.T) {
	d := ask(t, "a", "b")
	ticket, from, _, _ := d.Next(10)
	doubted := found("a", "x", "y")
	doubted.Doubt = message.DoubtUnsure
	d.Answer(ticket, from, doubted)
	if d.Turns()[0].Doubt() != message.DoubtUnsure || d.Turns()[1].Doubt() != "" || d.Reply(0) != nil || d.Reply(0).Quotation() != "" {
		t.Errorf("doubt %q, reply %+v", d.Turns()[0].Doubt(), d.Reply(0))
	}
	if _, _, ask, ok := d.Next(10); !ok || !reflect.DeepEqual(ask.Turns, []message.Turn{{Question: "a"}, {Question: "b"}}) {
		t.Errorf("asked %+v, %v", ask, ok)
	}
	if turn, ok := d.QuotedIn(1, "x"); ok {
		t.Errorf("x counts as quoted, in turn %d", turn)
	}

	// Choosing the first result counts as a choice, too, and survives a reload.
	if !d.Choose(0, "x") || d.Turns()[0].Doubt() != "" || d.Turns()[0].Chosen != "x" {
		t.Errorf("chosen is %q, with doubt %q", d.Turns()[0].Chosen, d.Turns()[0].Doubt())
	}
	if d.Choose(0, "x") {
		t.Error("chosen twice")
	}
	if _, _, ask, ok := d.Next(10); !ok || ask.Turns[0].Reply != "x for a." {
		t.Errorf("asked %+v, %v", ask, ok)
	}
	again := new(Dialogue)
	again.Restore(d.Save())
	ticket, from, _, _ = again.Next(10)
	again.Answer(ticket, from, doubted)
	if again.Turns()[0].Doubt() != "" || again.Reply(0).Quotation() != "x for a." {
		t.Errorf("after a reload: doubt %q, reply %q", again.Turns()[0].Doubt(), again.Reply(0).Quotation())
	}
	again.Edit(0, "A")
	ticket, from, _, _ = again.Next(10)
	again.Answer(ticket, from, doubted)
	if again.Turns()[0].Doubt() != message.DoubtUnsure {
		t.Error("of another question the choice stays")
	}
}

func TestBadInputIsText(t *testing.T) {
	d := new(Dialogue)
	for _, q := range []string{"", " \n\t ", "\x00"} {
		if d.Ask(q) {
			t.Errorf("%q was taken for a question", q)
		}
	}
	d.Ask("lone \xed\xa0\x80 surrogate")
	if q := d.Turns()[0].Question; strings.ContainsRune(q, 0) || q != "lone \uFFFD surrogate" {
		t.Errorf("%q", q)
	}
}

func TestWhatIsSentIsBounded(t *testing.T) {
	d := ask(t, strings.Repeat("é", 1<<19)) // 1 MB
	_, _, m, _ := d.Next(10)
	if n := len(m.Turns[0].Question); n > maxBytes || n < maxBytes-4 {
		t.Errorf("sent %d bytes, want at most %d", n, maxBytes)
	}
	if !strings.Contains(m.Turns[0].Question, "é é") {
		t.Error("not both ends were sent")
	}
	if len(d.Turns()[0].Question) != 1<<20 {
		t.Error("the question itself was cut")
	}

	d = new(Dialogue)
	for i := range 500 {
		d.Ask(fmt.Sprint("q", i))
	}
	asks := settle(t, d)
	last := asks[len(asks)-1]
	if len(last.Turns) != maxTurns || last.Turns[maxTurns-1].Question != "q499" {
		t.Errorf("sent %d turns, the last %q", len(last.Turns), last.Turns[len(last.Turns)-1].Question)
	}
	if asks[0].Read != "" {
		t.Errorf("read %q, and nobody said so", asks[0].Read)
	}
	a := d.Turns()[499].Answer
	if a.Terms[0].Turn != 500-maxTurns || !a.Dropped {
		t.Errorf("a term of the oldest turn sent is put to turn %d, dropped %v; want %d, true", a.Terms[0].Turn, a.Dropped, 500-maxTurns)
	}
}

// The end of a question says what is asked, so it is sent.
func TestClipMiddle(t *testing.T) {
	for _, c := range []struct {
		s    string
		n    int
		want string
	}{
		{"abcdefgh", 8, "abcdefgh"},
		{"abcdefghi", 8, "ab efghi"},
		{"éééééééé", 8, "é éé"}, // never within a character
		{"ééééééééé", 9, "é ééé"},
	} {
		if got := clipMiddle(c.s, c.n); got != c.want {
			t.Errorf("%q to %d bytes: %q, want %q", c.s, c.n, got, c.want)
		}
	}
}

func TestEnds(t *testing.T) {
	for text, want := range map[string]string{
		"one two three": "one two three", "one two three and four": "one two … four", "ééééééééé": "éééé … éééé",
	} {
		if got, cut := Ends(text, 16); got != want || cut != (got != text) {
			t.Errorf("%q: %q, %v", text, got, cut)
		}
	}
}

func TestReloadKeepsQuestionsAndChoices(t *testing.T) {
	d := ask(t, "a", "b <script>", "ج")
	settle(t, d)
	d.Choose(1, "y")
	settle(t, d)

	e := new(Dialogue)
	if !e.Restore(d.Save()) {
		t.Fatal("not restored")
	}
	settle(t, e)
	for i := range d.Turns() {
		if d.Turns()[i].Question != e.Turns()[i].Question || d.Reply(i).Quotation() != e.Reply(i).Quotation() {
			t.Errorf("turn %d: %+v, want %+v", i, e.Turns()[i], d.Turns()[i])
		}
	}
	if e.Restore("{") || e.Len() != 3 {
		t.Error("damaged text replaced the conversation")
	}
}

// Only what differs is asked again; another conversation begins anew.
func TestBecomesAnotherConversation(t *testing.T) {
	d := ask(t, "a", "b")
	settle(t, d)
	b := d.Turns()[1].ID
	last := func(asks []message.Ask) (s string) {
		for _, a := range asks {
			s += a.Turns[len(a.Turns)-1].Question + a.Read + " "
		}
		return s
	}
	for _, c := range []struct {
		turns []link.Asked
		kept  bool
		asked string
	}{
		{[]link.Asked{{Question: "a"}, {Question: "b"}}, true, ""},
		{[]link.Asked{{Question: "a"}, {Question: "b", Read: "alone"}, {Question: "c"}}, true, "balone c "},
		{[]link.Asked{{Question: "a"}, {Question: "b"}, {Question: "c"}}, true, "b c "},
		{[]link.Asked{{Question: "a"}, {Question: "b"}}, false, "a b "},
		{[]link.Asked{{Question: "other"}, {Question: "b", Chosen: "y"}}, false, "other b "},
	} {
		kept, ok := d.Become(link.Conversation{Turns: c.turns}.Text())
		if asked := last(settle(t, d)); !ok || kept != c.kept || asked != c.asked || d.Len() != len(c.turns) {
			t.Errorf("%+v: kept %v, asked %q", c.turns, kept, asked)
		}
		if c.kept && d.Turns()[1].ID != b {
			t.Errorf("%+v: turn 2 is another one", c.turns)
		}
	}
	if r := d.Reply(1); r == nil || r.ID != "y" {
		t.Errorf("the reply is %+v", r)
	}
	if _, ok := d.Become("damaged"); ok || d.Len() != 2 {
		t.Error("damaged text changes the conversation")
	}
}

func TestAHugeConversationSavesItsNewestTurns(t *testing.T) {
	d := new(Dialogue)
	for i := range 5 {
		d.Ask(fmt.Sprint(i) + strings.Repeat("x", 1<<20))
	}
	e := new(Dialogue)
	e.Restore(d.Save())
	if e.Len() == 0 || e.Turns()[e.Len()-1].Question[0] != '4' {
		t.Errorf("%d turns restored", e.Len())
	}
}

func TestExcerptShowsTheQuoteAndMarksWords(t *testing.T) {
	text := strings.Repeat("Filler words stand here. ", 40) + "The tower is tall. " + strings.Repeat("More filler follows it. ", 40)
	at := strings.Index(text, "The tower")
	r := &message.Result{Text: text, Quote: message.Span{at, at + 18}, Marks: []message.Span{{at + 4, at + 9}, {at + 13, at + 17}}}
	var s strings.Builder
	var marked []string
	for _, run := range Excerpt(r, 200) {
		s.WriteString(run.Text)
		if run.Mark {
			marked = append(marked, run.Text)
		}
	}
	if !strings.HasPrefix(s.String(), "… The tower is tall.") || !strings.HasSuffix(s.String(), " …") || s.Len() > 260 {
		t.Errorf("excerpt %q", s.String())
	}
	if !reflect.DeepEqual(marked, []string{"tower", "tall"}) {
		t.Errorf("marked %q", marked)
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add("The tower is tall.", 0, 5, 4, 9, 10)
	f.Add("中文字符 и кириллица", 3, 1, -1, 7, 3)
	f.Add("", 0, 0, 0, 0, 0)
	f.Fuzz(func(t *testing.T, text string, q0, q1, m0, m1, size int) {
		if size < 1 || size > 1000 {
			return
		}
		r := &message.Result{Text: text, Quote: message.Span{q0, q1}, Marks: []message.Span{{m0, m1}, {m1, m0}, {m0, m1 + 3}}}
		var s strings.Builder
		for _, run := range Excerpt(r, size) {
			s.WriteString(run.Text)
		}
		inner := strings.TrimSuffix(strings.TrimPrefix(s.String(), "… "), " …")
		if !strings.Contains(text, inner) && !strings.Contains(text, s.String()) {
			t.Errorf("%q is no excerpt of %q", s.String(), text)
		}
		r.Quotation()
	})
}
