package conversation

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/shared/wordpiece"
)

func load(t testing.TB) *wordpiece.Tokenizer {
	t.Helper()
	vocab, err := os.ReadFile("../../models/splade-tiny/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := wordpiece.New(vocab)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// show writes an input to be read: q1(who designed it ?) are the pieces of turn
// 1's question, a0(...) those of turn 0's reply, | stands where type 0 ends.
func show(tok *wordpiece.Tokenizer, in Input) string {
	var b strings.Builder
	open, typ := "", uint8(0)
	for i, id := range in.IDs {
		label := ""
		switch from := in.From[i]; from.Side {
		case Question:
			label = fmt.Sprintf("q%d", from.Turn)
		case Reply:
			label = fmt.Sprintf("a%d", from.Turn)
		}
		if open != "" && label != open {
			b.WriteString(")")
		}
		if i > 0 {
			b.WriteString(" ")
		}
		if in.Types[i] != typ {
			b.WriteString("| ")
			typ = in.Types[i]
		}
		if label != "" && label != open {
			b.WriteString(label + "(")
		}
		b.WriteString(tok.Piece(id))
		open = label
	}
	if in.Cut {
		b.WriteString(" cut")
	}
	if in.Dropped {
		b.WriteString(" ...")
	}
	return b.String()
}

var eiffel = []Turn{
	{"How tall is the Eiffel Tower?", "It is 330 metres tall."},
	{"who designed it?", "Maurice Koechlin."},
	{"And when?", ""},
}

func TestBuild(t *testing.T) {
	tok := load(t)
	history := Form{MaxTokens: 64, HistoryType: 1}
	max := func(n int) Form { return Form{MaxTokens: n, HistoryType: 1} }
	replies := func(n, of int) Form { return Form{MaxTokens: n, HistoryType: 1, ReplyTokens: of} }
	for _, c := range []struct {
		name  string
		turns []Turn
		form  Form
		want  string
	}{
		{"one question", eiffel[:1], history,
			"[CLS] q0(how tall is the e ##iff ##el tower ?) [SEP]"},
		{"newest first", eiffel, history,
			"[CLS] q2(and when ?) [SEP] | a1(maurice ko ##ech ##lin .) [SEP] q1(who designed it ?) [SEP] a0(it is 330 metres tall .) [SEP] q0(how tall is the e ##iff ##el tower ?) [SEP]"},
		{"one type where the form says so", eiffel[1:], Form{MaxTokens: 64},
			"[CLS] q1(and when ?) [SEP] a0(maurice ko ##ech ##lin .) [SEP] q0(who designed it ?) [SEP]"},
		{"no turns", nil, history, "[CLS] [SEP]"},
		{"[SEP] typed by a person is text", []Turn{{Question: "a [SEP] b"}}, history,
			"[CLS] q0(a [ sep ] b) [SEP]"},
		{"the newest turn's reply is not read", []Turn{{"who?", "me"}, {"why?", "because"}}, history,
			"[CLS] q1(why ?) [SEP] | a0(me) [SEP] q0(who ?) [SEP]"},
		{"empty texts go with their [SEP]", []Turn{{"one", "two"}, {"", "\x00"}, {" \n\u00ad", "three"}, {"four", ""}}, history,
			"[CLS] q3(four) [SEP] | a2(three) [SEP] a0(two) [SEP] q0(one) [SEP]"},
		{"an empty question is still a question", []Turn{{"one", "two"}, {"", ""}}, history,
			"[CLS] [SEP] | a0(two) [SEP] q0(one) [SEP]"},

		{"just enough", eiffel, max(33),
			"[CLS] q2(and when ?) [SEP] | a1(maurice ko ##ech ##lin .) [SEP] q1(who designed it ?) [SEP] a0(it is 330 metres tall .) [SEP] q0(how tall is the e ##iff ##el tower ?) [SEP]"},
		{"the oldest text is cut first", eiffel, max(31),
			"[CLS] q2(and when ?) [SEP] | a1(maurice ko ##ech ##lin .) [SEP] q1(who designed it ?) [SEP] a0(it is 330 metres tall .) [SEP] q0(how tall is the e ##iff ##el) [SEP] ..."},
		{"no room for a token: one token short", eiffel, max(24),
			"[CLS] q2(and when ?) [SEP] | a1(maurice ko ##ech ##lin .) [SEP] q1(who designed it ?) [SEP] a0(it is 330 metres tall .) [SEP] ..."},
		{"replies are cut and nothing is dropped", eiffel, replies(64, 3),
			"[CLS] q2(and when ?) [SEP] | a1(maurice ko ##ech) [SEP] q1(who designed it ?) [SEP] a0(it is 330) [SEP] q0(how tall is the e ##iff ##el tower ?) [SEP]"},
		{"replies of just that length", eiffel, replies(64, 6),
			"[CLS] q2(and when ?) [SEP] | a1(maurice ko ##ech ##lin .) [SEP] q1(who designed it ?) [SEP] a0(it is 330 metres tall .) [SEP] q0(how tall is the e ##iff ##el tower ?) [SEP]"},
		{"a cut reply that does not fit all the same", eiffel, replies(8, 3),
			"[CLS] q2(and when ?) [SEP] | a1(maurice ko) [SEP] ..."},
		{"questions are not cut with the replies", eiffel, replies(64, 1),
			"[CLS] q2(and when ?) [SEP] | a1(maurice) [SEP] q1(who designed it ?) [SEP] a0(it) [SEP] q0(how tall is the e ##iff ##el tower ?) [SEP]"},
		{"no replies", eiffel, replies(64, -1),
			"[CLS] q2(and when ?) [SEP] | q1(who designed it ?) [SEP] q0(how tall is the e ##iff ##el tower ?) [SEP]"},
		{"no replies, and the oldest question does not fit", eiffel, replies(12, -1),
			"[CLS] q2(and when ?) [SEP] | q1(who designed it ?) [SEP] q0(how) [SEP] ..."},
		{"within a word", eiffel, max(9),
			"[CLS] q2(and when ?) [SEP] | a1(maurice ko ##ech) [SEP] ..."},
		{"nothing fits after the question", eiffel, max(5),
			"[CLS] q2(and when ?) [SEP] ..."},
		{"the question itself is cut", eiffel[:1], max(10),
			"[CLS] q0(how tall the e ##iff ##el tower ?) [SEP] cut"},
		{"a quarter of its beginning, rounded down", eiffel[:1], max(9),
			"[CLS] q0(how the e ##iff ##el tower ?) [SEP] cut"},
		{"and leaves no room for history", eiffel, max(4),
			"[CLS] q2(when ?) [SEP] cut ..."},
		{"a question cut without a history", []Turn{{"", ""}, {"who designed it?", ""}}, max(5),
			"[CLS] q1(designed it ?) [SEP] cut"},
		{"an end of white space", []Turn{{"who designed it?" + strings.Repeat(" ", 1<<16), ""}}, max(5),
			"[CLS] q0(who designed it) [SEP] cut"},
		{"3", eiffel, max(3), "[CLS] q2(?) [SEP] cut ..."},
		{"2", eiffel, max(2), "[CLS] [SEP] cut ..."},
		{"1", eiffel, max(1), "[CLS] cut ..."},
		{"0", eiffel, max(0), " cut ..."},
		{"-1", eiffel, max(-1), " cut ..."},
		{"2, and nothing to drop", []Turn{{" ", ""}}, max(2), "[CLS] [SEP]"},
		{"nothing but empty texts is left out", []Turn{{" ", "\n"}, {"and when?", ""}}, max(5), "[CLS] q1(and when ?) [SEP]"},
	} {
		if got := show(tok, Build(tok, c.turns, c.form)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestPassage(t *testing.T) {
	tok := load(t)
	for _, c := range []struct {
		text string
		max  int
		want string
	}{
		{"The Eiffel Tower.", 16, "[CLS] q0(the e ##iff ##el tower .) [SEP]"},
		{"The Eiffel Tower.", 8, "[CLS] q0(the e ##iff ##el tower .) [SEP]"},
		{"The Eiffel Tower.", 7, "[CLS] q0(the e ##iff ##el tower) [SEP] ..."},
		{"", 16, "[CLS] [SEP]"},
		{"text", 2, "[CLS] [SEP] ..."},
		{"text", 0, " ..."},
	} {
		if got := show(tok, Passage(tok, c.text, c.max)); got != c.want {
			t.Errorf("%q at %d:\n got %s\nwant %s", c.text, c.max, got, c.want)
		}
	}
}

// check tests what holds for every conversation and every form.
func check(t *testing.T, tok *wordpiece.Tokenizer, turns []Turn, form Form, in Input) {
	t.Helper()
	n, special := len(in.IDs), tok.Special()
	if len(in.Types) != n || len(in.From) != n {
		t.Fatalf("%d ids, %d types, %d origins", n, len(in.Types), len(in.From))
	}
	if n > max(0, form.MaxTokens) || n < min(2, form.MaxTokens) {
		t.Fatalf("%d tokens of at most %d", n, form.MaxTokens)
	}
	if n >= 1 && in.IDs[0] != special.Cls {
		t.Fatalf("begins with %q", tok.Piece(in.IDs[0]))
	}
	if n >= 2 && in.IDs[n-1] != special.Sep {
		t.Fatalf("ends with %q", tok.Piece(in.IDs[n-1]))
	}
	typ := uint8(0)
	for i, from := range in.From {
		if in.Types[i] != typ {
			t.Fatalf("token %d has type %d, not %d", i, in.Types[i], typ)
		}
		isMarker := in.IDs[i] == special.Cls || in.IDs[i] == special.Sep
		if (from.Side == Marker) != isMarker {
			t.Fatalf("token %d, %q, is from side %d", i, tok.Piece(in.IDs[i]), from.Side)
		}
		if isMarker {
			if from != (Origin{Turn: -1}) {
				t.Fatalf("marker %d is from %+v", i, from)
			}
			if in.IDs[i] == special.Sep {
				typ = form.HistoryType
				if i > 1 && in.From[i-1].Side == Marker {
					t.Fatalf("token %d: no text before [SEP]", i)
				}
			}
			continue
		}
		text := turns[from.Turn].Question
		if from.Side == Reply {
			text = turns[from.Turn].Reply
		}
		if from.Start < 0 || from.Start >= from.End || from.End > len(text) {
			t.Fatalf("token %d is from [%d:%d] of %d bytes", i, from.Start, from.End, len(text))
		}
		if before := in.From[i-1]; before.Turn >= 0 && (before.Turn != from.Turn || before.Side != from.Side ||
			before.Start > from.Start || before.End > from.End) {
			t.Fatalf("token %d is from %+v, the one before it from %+v", i, from, before)
		}
	}
}

func FuzzBuild(f *testing.F) {
	tok := load(f)
	f.Add("How tall is it?\x1fIt is 330 m tall.\x1fwho designed it?", 16, uint8(1))
	f.Add("\x1f\x1f\x1fa [SEP] b\x1f\xff\xfe\x1f각각\x1f", 7, uint8(0))
	f.Add(strings.Repeat("word \x1f", 40), 32, uint8(1))
	f.Fuzz(func(t *testing.T, texts string, size int, typ uint8) {
		var turns []Turn
		parts := strings.Split(texts, "\x1f")
		for i := 0; i < len(parts); i += 2 {
			turn := Turn{Question: parts[i]}
			if i+1 < len(parts) {
				turn.Reply = parts[i+1]
			}
			turns = append(turns, turn)
		}
		form := Form{MaxTokens: size % 600, HistoryType: typ, ReplyTokens: max(-1, size%600%7-2)}
		in := Build(tok, turns, form)
		check(t, tok, turns, form, in)

		// A shorter input is the same except at its end, and in the middle of a question
		// that was cut; Cut and Dropped say whether the longest input has more.
		whole := Build(tok, turns, Form{1 << 30, typ, form.ReplyTokens})
		if whole.Cut || whole.Dropped {
			t.Fatal("left out without need")
		}
		if (in.Cut || in.Dropped) != (len(in.IDs) < len(whole.IDs)) && form.MaxTokens >= 2 {
			t.Fatalf("cut is %v, dropped %v, with %d of %d tokens", in.Cut, in.Dropped, len(in.IDs), len(whole.IDs))
		}
		if asked := slices.Index(whole.IDs, tok.Special().Sep) - 1; in.Cut != (asked > max(0, form.MaxTokens-2)) {
			t.Fatalf("cut is %v, with a question of %d tokens", in.Cut, asked)
		}
		for i := range len(in.IDs) - 1 {
			same := i
			if n := len(in.IDs) - 2; in.Cut && i > n/4 && form.MaxTokens >= 2 {
				same = slices.Index(whole.IDs, tok.Special().Sep) - len(in.IDs) + 1 + i
				if len(turns[len(turns)-1].Question) > 64 { // its end may give fewer
					continue
				}
			}
			if in.IDs[i] != whole.IDs[same] || in.Types[i] != whole.Types[same] || in.From[i] != whole.From[same] {
				t.Fatalf("token %d is another than token %d of the whole", i, same)
			}
		}
	})
}

// Memory passed to Build is reused, and none of its old contents remain.
func TestReuse(t *testing.T) {
	tok := load(t)
	form := Form{MaxTokens: 64, HistoryType: 1}
	var in Input
	in.Build(tok, eiffel, Form{MaxTokens: 16})
	in.Build(tok, eiffel[:2], form)
	if want := Build(tok, eiffel[:2], form); !reflect.DeepEqual(in, want) {
		t.Errorf("got %s, want %s", show(tok, in), show(tok, want))
	}
	if n := testing.AllocsPerRun(100, func() { in.Build(tok, eiffel, form) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { in.Passage(tok, eiffel[0].Question, 64) }); n != 0 {
		t.Errorf("Passage: %v allocations", n)
	}
}

// A conversation of 500 turns of 1 MB each costs as much as its newest texts.
func TestHugeConversation(t *testing.T) {
	tok := load(t)
	text := strings.Repeat("the tower was built ", 1<<20/20)
	turns := make([]Turn, 500)
	for i := range turns {
		turns[i] = Turn{text, text}
	}
	form := Form{MaxTokens: 256, HistoryType: 1}
	var in Input
	took := quickest(func() { in = Build(tok, turns, form) })
	check(t, tok, turns, form, in)
	if len(in.IDs) != 256 || !in.Cut || !in.Dropped {
		t.Errorf("%d tokens, cut %v, dropped %v", len(in.IDs), in.Cut, in.Dropped)
	}
	if last := in.From[254]; last.End != len(text)-1 || text[last.Start:last.End] != "built" {
		t.Errorf("the last token is from %+v of %d bytes", last, len(text))
	}
	if one := quickest(func() { tok.Append(nil, text, -1) }); took > one {
		t.Errorf("took %v, longer than reading one of its thousand texts: %v", took, one)
	}
}

// quickest returns how long the quickest of three runs took: a ratio of two such times
// holds on a busy machine, too.
func quickest(run func()) time.Duration {
	best := time.Duration(1<<63 - 1)
	for range 3 {
		start := time.Now()
		run()
		best = min(best, time.Since(start))
	}
	return best
}

func BenchmarkBuild(b *testing.B) {
	tok := load(b)
	form := Form{MaxTokens: 256, HistoryType: 1}
	var in Input
	b.ReportAllocs()
	for b.Loop() {
		in.Build(tok, eiffel, form)
	}
}

// A passage stands behind the questions, type 1, and a part of it is the tokens that begin
// in those bytes; the end of a passage that is too long has none.
func TestFollowAndPart(t *testing.T) {
	tok := load(t)
	in := Build(tok, []Turn{{Question: "a"}, {Question: "b"}}, Form{MaxTokens: 9, ReplyTokens: -1})
	asked := len(in.IDs) // [CLS] b [SEP] a [SEP]
	const text = "x\none two. three four."
	in.Follow(tok, asked, text, 6) // x one two . three [SEP]
	if asked != 5 || len(in.IDs) != 11 || !in.Dropped || !slices.Equal(in.Types[asked-1:], []uint8{0, 1, 1, 1, 1, 1, 1}) {
		t.Fatalf("%+v", in)
	}
	at := asked
	for _, want := range []struct {
		part         string
		first, after int
	}{{"one two.", 6, 9}, {"three four.", 9, 10}, {"four.", 10, 10}} {
		start := strings.Index(text, want.part)
		first, after := in.Part(at, start, start+len(want.part))
		if first != want.first || after != want.after {
			t.Errorf("%s: tokens %d to %d, want %d to %d", want.part, first, after, want.first, want.after)
		}
		at = first
	}
}
