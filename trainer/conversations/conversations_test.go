package conversations

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/judged"
	"parley/shared/passages"
)

// shipped returns the set in the repository, and the articles that it is about.
func shipped(t *testing.T) (Set, *passages.Store) {
	t.Helper()
	set, err := Open(".")
	if err != nil {
		t.Fatal(err)
	}
	articles, err := Articles("../../models/vital-articles")
	if err != nil {
		t.Fatal(err)
	}
	return set, articles
}

// texts returns the passages' texts by id.
func texts(articles *passages.Store) map[string]string {
	text := map[string]string{}
	for i := range articles.Len() {
		p := articles.At(i)
		text[p.ID] = p.Text
	}
	return text
}

// The set in the repository follows all rules: ids, labels, quotas, splits, duplicates,
// rewrites.
func TestTheSetIsSound(t *testing.T) {
	set, articles := shipped(t)
	ids := map[string]bool{}
	for i := range articles.Len() {
		ids[articles.At(i).ID] = true
	}
	for _, p := range Check(set, func(id string) bool { return ids[id] }) {
		t.Error(p)
	}
}

// Figures measured on version 1 must stay comparable: a change of the test split must
// raise Version and be described in the data card.
func TestTheTestSplitIsFrozen(t *testing.T) {
	frozen := map[int]string{
		1: "4e2e9824815c316cece936f30faf0edb35e1c97372e11c9ad5e23bfffd5e4496",
	}
	data, err := os.ReadFile("test.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != frozen[Version] {
		t.Errorf("test.jsonl has SHA-256 %s, version %d %s", got, Version, frozen[Version])
	}
}

// tiny is one valid conversation. It cannot meet the quotas of a whole set.
const tiny = `{"id":"train-01-01","topic":"Arts","persona":"a tester","turns":[` +
	`{"question":"how tall is the eiffel tower","rewrite":"How tall is the Eiffel Tower?","reply":"It is 330 metres tall.","gold":[{"id":"Eiffel_Tower","grade":2},{"id":"Tower","grade":1}],"kind":"first"},` +
	`{"question":"who built it?","rewrite":"Who built the Eiffel Tower?","reply":"Gustave Eiffel's company & workers did.","gold":[{"id":"Gustave_Eiffel","grade":2}],"kind":"pronoun","needs_context":true},` +
	`{"question":"what do otters eat","rewrite":"What do otters eat?","reply":"Otters eat fish.","gold":[{"id":"Otter","grade":2}],"kind":"topic-switch","switch":true}]}`

func read(t *testing.T, text string) ([]judged.Conversation, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "train.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return Read(path)
}

// problems returns the problems of a set with the one conversation, without those of
// quotas.
func problems(t *testing.T, text string) string {
	t.Helper()
	list, err := read(t, text)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range Check(Set{"train": list}, func(id string) bool { return id != "Nothing" }) {
		if p.File != "" {
			b.WriteString(filepath.Base(p.String()) + "\n")
		}
	}
	return b.String()
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	if got := problems(t, tiny); got != "" {
		t.Fatalf("a sound conversation has problems: %s", got)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"id":"train-01-01"`, `"id":"dev-01-01"`, "train.jsonl:1: id \"dev-01-01\" is not of the form train-01-01"},
		{`"topic":"Arts"`, `"topic":"Art"`, `there is no topic "Art"`},
		{`"persona":"a tester"`, `"persona":""`, "no persona"},
		{`"how tall is the eiffel tower"`, `""`, "train.jsonl:1: turn 1: no question"},
		{`Otters eat fish.`, `Otters\teat fish. `, "control characters"},
		{`"kind":"pronoun"`, `"kind":"pronouns"`, `turn 2: there is no kind "pronouns"`},
		{`"kind":"pronoun"`, `"kind":"first"`, `the first turn must be "first"`},
		{`"kind":"first"`, `"kind":"first","needs_context":true`, "has no context"},
		{`"kind":"topic-switch","switch":true`, `"kind":"topic-switch"`, "without switch"},
		{`Otters eat fish.`, `One. Two. Three. Four.`, "a reply of 4 sentences"},
		{`Otters eat fish.`, strings.Repeat("fish ", 75) + "fish.", "a reply of 76 words"},
		{`"id":"Otter","grade":2`, `"id":"Otter","grade":1`, "no gold article of grade 2"},
		{`{"id":"Eiffel_Tower","grade":2},{"id":"Tower","grade":1}`, `{"id":"Tower","grade":1},{"id":"Eiffel_Tower","grade":2}`, "not sorted by grade"},
		{`"grade":1`, `"grade":0`, `grade 0 of "Tower"`},
		{`"id":"Tower"`, `"id":"Eiffel_Tower"`, `gold "Eiffel_Tower" twice`},
		{`"id":"Otter"`, `"id":"Nothing"`, `turn 3: there is no article "Nothing"`},
		{`"rewrite":"What do otters eat?"`, `"rewrite":"How tall is the Eiffel Tower"`, "nearly the question of train-01-01<::>1 (likeness 1.00)"},
		{`Who built the Eiffel Tower?`, `Who built it?`, `"it" in the rewrite refers to nothing before it`},
	} {
		text := strings.Replace(tiny, c.old, c.new, 1)
		if got := problems(t, text); text == tiny || !strings.Contains(got, c.want) {
			t.Errorf("%s -> %s: problems are %q, want %q", c.old, c.new, got, c.want)
		}
	}
	if got := problems(t, strings.Replace(tiny, `,{"question":"what do otters`, `]}`+"\n"+`{"id":"train-01-01","topic":"Arts","persona":"x","turns":[{"question":"what do otters`, 1)); !strings.Contains(got, "a second conversation with id") || !strings.Contains(got, "1:1: 2 turns") && !strings.Contains(got, "2 turns, want 3 to 12") {
		t.Errorf("id twice and too few turns: %q", got)
	}
}

func TestArticlesAreGoldInOneSplitOnly(t *testing.T) {
	train, err := read(t, tiny)
	if err != nil {
		t.Fatal(err)
	}
	test, err := read(t, strings.Replace(tiny, "train-", "test-", 1))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, p := range Check(Set{"train": train, "test": test}, func(string) bool { return true }) {
		all.WriteString(p.String() + "\n")
	}
	for _, want := range []string{`"Otter" is also gold in train`, "nearly the question of train-01-01<::>3", "2 conversations with 6 turns, want",
		"train is 50.0 % of the conversations, want 70 %", "test: no conversation about Geography", "0.0 % of the follow-ups are of kind return",
		"dev: 0.0 % follow-ups that need the context, want 50 % or more", "test: 3.00 turns per conversation"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no problem %q in\n%s", want, all.String())
		}
	}
}

// The three original splits must stay the same, byte for byte: their checksums are in
// the keys of finished experiments.
func TestTrainAndDevStayAsTheyAre(t *testing.T) {
	for name, want := range map[string]string{
		"train.jsonl": "faac904fdc3c2b929eaaad22b58f87e2a80204138e38d12b75893a8a06c84607",
		"dev.jsonl":   "ebfdecf7308cd28def2c3f6209fab8fc87d00c58ade08fde69e89eb127cf023d",
	} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != want {
			t.Errorf("%s has SHA-256 %s, want %s", name, got, want)
		}
	}
}

// Choice is checked like the others, but does not count for their shares.
func TestChoiceIsCheckedBesideTheOthers(t *testing.T) {
	train, err := read(t, tiny)
	if err != nil {
		t.Fatal(err)
	}
	choice, err := read(t, strings.Replace(tiny, "train-", "choice-", 1))
	if err != nil {
		t.Fatal(err)
	}
	anything := func(string) bool { return true }
	var all strings.Builder
	for _, p := range Check(Set{"train": train, Choice: choice}, anything) {
		all.WriteString(p.String() + "\n")
	}
	for _, want := range []string{`"Otter" is also gold in train`, "nearly the question of train-01-01<::>3", "1 conversations with 3 turns, want",
		"train is 100.0 % of the conversations, want 70 %", "choice: 0.0 % of the follow-ups are of kind return"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no problem %q in\n%s", want, all.String())
		}
	}
	if strings.Contains(all.String(), "choice is") || strings.Contains(all.String(), "choice: no conversation") {
		t.Errorf("choice has a share:\n%s", all.String())
	}
	for _, p := range Check(Set{"train": train}, anything) {
		if strings.Contains(p.String(), Choice) {
			t.Errorf("without choice: %s", p)
		}
	}
}

// Visitors trains beside train: it may have its gold articles and its questions, and has no
// quota of kinds. It shares nothing with what measures.
func TestVisitorsIsCheckedBesideTrain(t *testing.T) {
	of := func(split string) []judged.Conversation {
		list, err := read(t, strings.Replace(tiny, "train-", split+"-", 1))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	problems := func(s Set) string {
		var all strings.Builder
		for _, p := range Check(s, func(string) bool { return true }) {
			all.WriteString(p.String() + "\n")
		}
		return all.String()
	}
	beside := problems(Set{"train": of("train"), Visitors: of(Visitors)})
	for _, none := range []string{"also gold", "nearly the question", "visitors: 0.0 % of the follow-ups are of kind", "visitors is"} {
		if strings.Contains(beside, none) {
			t.Errorf("%q in\n%s", none, beside)
		}
	}
	for _, split := range []string{"dev", "test", Choice} {
		if all := problems(Set{split: of(split), Visitors: of(Visitors)}); !strings.Contains(all, `"Otter" is also gold in `) || !strings.Contains(all, "nearly the question of ") {
			t.Errorf("beside %s:\n%s", split, all)
		}
	}
}

// pooledSet opens a folder with one conversation in every split, another in choice,
// and the pooled judgements.
func pooledSet(t *testing.T, pooled string) (Set, error) {
	t.Helper()
	return judgedSet(t, "pooled.tsv", pooled)
}

func judgedSet(t *testing.T, name, judgements string) (Set, error) {
	t.Helper()
	dir := t.TempDir()
	for _, split := range All {
		text := strings.Replace(tiny, "train-", split+"-", 1)
		if err := os.WriteFile(filepath.Join(dir, split+".jsonl"), []byte(text+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(judgements), 0o666); err != nil {
		t.Fatal(err)
	}
	return Open(dir)
}

func TestFactbookJudgements(t *testing.T) {
	const head = "query-id\tcorpus-id\tscore\n"
	set, err := judgedSet(t, "factbook.tsv", head+"dev-01-01<::>2\tfactbook/peru/land\t2\ntest-01-01<::>1\tfactbook/peru/land\t1\ntest-01-01<::>1\tfactbook/peru/people\t2\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := set["test"][0].Turns[0]; fmt.Sprint(got.Factbook) != "[{factbook/peru/land 1} {factbook/peru/people 2}]" || len(got.Judged()) != 2 {
		t.Errorf("read: %v, judged %v", got.Factbook, got.Judged())
	}
	if got := fmt.Sprint(Check(set, func(id string) bool { return id != "factbook/peru/people" })); !strings.Contains(got, `factbook.tsv: test-01-01<::>1: there is no passage "factbook/peru/people"`) || strings.Contains(got, "peru/land") {
		t.Errorf("problems: %s", got)
	}
	for lines, want := range map[string]string{
		"query\n": "factbook.tsv:1: 1 fields between tabs",
		head + "dev-01-01<::>1\tfactbook/peru/land\t0\n":                                        `factbook.tsv:2: grade 0 of "factbook/peru/land": want 1 or 2`,
		head + "dev-01-01<::>1\tPeru\t2\n":                                                      `factbook.tsv:2: "Peru" is not a passage of the Factbook for dev-01-01<::>1`,
		head + "train-01-01<::>1\tfactbook/peru/land\t2\n":                                      `factbook.tsv:2: there is no query "train-01-01<::>1" in dev or choice or test`,
		head + "dev-01-01<::>2\tfactbook/peru/land\t2\ndev-01-01<::>1\tfactbook/peru/land\t2\n": "factbook.tsv:3: the lines are not sorted",
	} {
		if _, err := judgedSet(t, "factbook.tsv", lines); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", lines, err, want)
		}
	}
}

// Test has judgements of its own beyond the writer's; an article that is gold in train may
// be among them. Its export stays as it was.
func TestPooledJudgementsOfTest(t *testing.T) {
	const head = "query-id\tcorpus-id\tscore\n"
	set, err := judgedSet(t, "pooled-test.tsv", head+"test-01-01<::>1\tNothing\t1\ntest-01-01<::>1\tOtter\t2\n")
	if err != nil {
		t.Fatal(err)
	}
	turn := set["test"][0].Turns[0]
	if fmt.Sprint(turn.Pooled) != "[{Nothing 1} {Otter 2}]" || len(turn.Gold) != 2 || len(turn.Judged()) != 4 {
		t.Errorf("pooled %v, gold %v", turn.Pooled, turn.Gold)
	}
	if got := fmt.Sprint(Check(set, func(id string) bool { return id != "Nothing" })); !strings.Contains(got, `pooled-test.tsv: test-01-01<::>1: there is no article "Nothing"`) || strings.Contains(got, "pooled-test.tsv: test-01-01<::>1: \"Otter\"") {
		t.Errorf("problems: %s", got)
	}
	if _, err := judgedSet(t, "pooled-test.tsv", head+"dev-01-01<::>1\tSteel\t2\n"); err == nil || !strings.Contains(err.Error(), `pooled-test.tsv:2: there is no query "dev-01-01<::>1" in test`) {
		t.Error(err)
	}
}

func TestPooledJudgementsAreMerged(t *testing.T) {
	set, err := pooledSet(t, "query-id\tcorpus-id\tscore\nchoice-01-01<::>2\tParis\t1\ndev-01-01<::>1\tSteel\t1\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(set["dev"][0].Turns[0].Judged()); got != "[{Eiffel_Tower 2} {Tower 1} {Steel 1}]" {
		t.Errorf("judged in dev: %s", got)
	}
	b := passages.NewBuilder(passages.About{Title: "Tiny"})
	if err := b.Add(passages.Passage{ID: "Otter", Title: "Otter", Text: "Otters swim."}); err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	if _, err := b.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	articles, err := passages.Open([]byte(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := Export(set, articles, dir); err != nil {
		t.Fatal(err)
	}
	const head = "query-id\tcorpus-id\tscore\n"
	lines := func(split, pooled string) string {
		return strings.ReplaceAll("X<::>1\tEiffel_Tower\t2\nX<::>1\tTower\t1\n"+pooled+"X<::>3\tOtter\t2\n", "X", split+"-01-01")
	}
	for name, want := range map[string]string{
		"dev/qrels.tsv": head + lines("dev", "X<::>2\tGustave_Eiffel\t2\n"),
		"choice/qrels.tsv": head + strings.Replace(lines("dev", "X<::>2\tGustave_Eiffel\t2\n"), "Tower\t1\n", "Tower\t1\ndev-01-01<::>1\tSteel\t1\n", 1) +
			lines("choice", "X<::>2\tGustave_Eiffel\t2\nX<::>2\tParis\t1\n"),
	} {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
	tasks, err := os.ReadFile(filepath.Join(dir, "choice", "tasks.jsonl"))
	if err != nil || strings.Count(string(tasks), "dev-01-01") != 3 || strings.Count(string(tasks), "choice-01-01") != 3 {
		t.Errorf("choice's tasks: %v\n%s", err, tasks)
	}
	problems := func(pooled string) string {
		set, err := pooledSet(t, pooled)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(Check(set, func(id string) bool { return id != "Nothing" }))
	}
	for pooled, want := range map[string]string{
		"query\n":                           "pooled.tsv:1: 1 fields between tabs",
		head + "dev-01-01<::>1\tSteel\t3\n": `pooled.tsv:2: grade 3 of "Steel": want 1 or 2`,
		head + "dev-01-01<::>1 Steel 2\n":   "pooled.tsv:2: 1 fields between tabs",
		head + "dev-01-01<::>2\tSteel\t2\ndev-01-01<::>1\tSteel\t2\n": "pooled.tsv:3: the lines are not sorted",
		head + "dev-01-01<::>1\tSteel\t2\ndev-01-01<::>1\tSteel\t1\n": "pooled.tsv:3: the lines are not sorted, or one is in the file twice",
		head + "test-01-01<::>1\tSteel\t2\n":                          `pooled.tsv:2: there is no query "test-01-01<::>1" in dev or choice`,
		head + "dev-01-01<::>1\tTower\t2\n":                           `pooled.tsv:2: the writer judged "Tower" for dev-01-01<::>1`,
		head + "dev-01-01<::>1\tfactbook/peru/land\t2\n":              `pooled.tsv:2: "factbook/peru/land" is a passage of the Factbook and belongs in factbook.tsv for dev-01-01<::>1`,
		head + "dev-01-01<::>1\tNothing\t2\n":                         `pooled.tsv: dev-01-01<::>1: there is no article "Nothing"`,
		head + "choice-01-01<::>3\tEiffel_Tower\t1\n":                 `pooled.tsv: choice-01-01<::>3: "Eiffel_Tower" is gold in test`,
	} {
		if got := problems(pooled); !strings.Contains(got, want) {
			t.Errorf("%q: problems are %s, want %q", pooled, got, want)
		}
	}
}

func TestReadNamesFileAndLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{tiny + "\n{\"id\":\"x\"", "train.jsonl:2: not a conversation: "},
		{tiny + "\n\n" + strings.Replace(tiny, `"topic"`, `"subject"`, 1), `train.jsonl:3: not a conversation: json: unknown field "subject"`},
		{tiny + tiny, "train.jsonl:1: more than one conversation on the line"},
		{`{"id":"train-01-01"}`, "train.jsonl:1: id or turns is missing"},
	} {
		if _, err := read(t, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s...: error %v, want %q", c.text, err, c.want)
		}
	}
}

// No input makes Read or Check panic, and everything that Read returns is a
// conversation.
func FuzzRead(f *testing.F) {
	f.Add(tiny)
	f.Add(`{"id":"train-01-01","turns":[{}]}`)
	f.Add(`{"id":"x","turns":[{"question":"","gold":[{"id":"","grade":-1}]},{"kind":"first"}]}` + "\n[]")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := read(t, text)
		if err != nil && !strings.Contains(err.Error(), "train.jsonl") {
			t.Errorf("the error does not name the file: %v", err)
		}
		for i := range list {
			if list[i].ID == "" || len(list[i].Turns) == 0 {
				t.Errorf("an empty conversation was read: %+v", list[i])
			}
			for j := range list[i].Turns {
				if said := list[i].Until(j); len(said) != j+1 || said[j].Reply != "" {
					t.Errorf("turn %d stands after %d turns", j, len(said))
				}
			}
		}
		Check(Set{"train": list}, func(string) bool { return true })
	})
}

func TestDangles(t *testing.T) {
	for text, want := range map[string]string{
		"Who built it?":                                    "it",
		"When did he die?":                                 "he",
		"What is their capital?":                           "their",
		"And how tall is the Eiffel Tower?":                "And",
		"What about Venus?":                                "What about",
		"Is the Nile longer than that one?":                "that one",
		"Can people with a cold swim there and live?":      "",
		"Who lived there?":                                 "there",
		"How tall is the Eiffel Tower?":                    "",
		"When did Ada Lovelace publish her notes?":         "",
		"How do bees make their honey?":                    "",
		"Is it true that otters hold hands?":               "",
		"How many moons are there?":                        "",
		"How long does it take to boil an egg?":            "",
		"What are those who study insects called?":         "",
		"What did a medieval guild ask of its apprentices": "",
	} {
		if got := Dangles(text); got != want {
			t.Errorf("%q dangles by %q, want %q", text, got, want)
		}
	}
}

func TestSentences(t *testing.T) {
	for text, want := range map[string]int{
		"It is 330 m tall.":                              1,
		"Yes. It is.":                                    2,
		"No! Is it? \"Perhaps.\" Yes":                    3,
		"St. Paul by J. R. Smith, c. 1900, has No. 2.":   1,
		"He lived in the U.S. and died in 1900. He won.": 2,
		"no end":              1,
		"":                    0,
		"It has 3.5 million.": 1,
	} {
		if got := sentences(text); got != want {
			t.Errorf("%q has %d sentences, want %d", text, got, want)
		}
	}
}

func TestMeasure(t *testing.T) {
	list, err := read(t, tiny)
	if err != nil {
		t.Fatal(err)
	}
	s := Describe(list, func(s string) int { return len(strings.Fields(s)) })
	if s.Conversations != 1 || s.Turns != 3 || s.FollowUps != 2 || s.Hops != 1 || s.NeedsContext != .5 || s.Switches != 1 || s.Switching != 1 ||
		s.Articles != 4 || s.Golds != 4./3 || s.Lengths[3] != 1 || s.Kinds[judged.Pronoun] != 1 || s.Question != 13./3 || s.Reply != 14./3 {
		t.Errorf("%+v", s)
	}
	list[0].Turns[1].Gold = []judged.Gold{{ID: "Eiffel_Tower", Grade: 2}}
	if list[0].Hops(1) {
		t.Error("a follow-up on the same article hops")
	}
	list[0].Turns[1].Gold = []judged.Gold{{ID: "Otter", Grade: 2}, {ID: "Eiffel_Tower", Grade: 1}}
	if !list[0].Hops(1) {
		t.Error("a follow-up whose best article is new does not hop")
	}
}

func TestExport(t *testing.T) {
	list, err := read(t, tiny)
	if err != nil {
		t.Fatal(err)
	}
	b := passages.NewBuilder(passages.About{Title: "Tiny"})
	for _, p := range []passages.Passage{
		{ID: "Otter", Title: "Otter", Text: "Otters <swim>."},
		{ID: FactbookPrefix + "peru/people", Title: "Peru: people and society", Text: "People from Peru are called Peruvians."}, // no part of the corpus
	} {
		if err := b.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	var file strings.Builder
	if _, err := b.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	articles, err := passages.Open([]byte(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := Export(Set{"train": list}, articles, dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"corpus.jsonl":             `{"_id":"Otter","title":"Otter","text":"Otters <swim>."}` + "\n",
		"train/queries_last.jsonl": `{"_id":"train-01-01<::>1","text":"how tall is the eiffel tower"}` + "\n" + `{"_id":"train-01-01<::>2","text":"who built it?"}` + "\n" + `{"_id":"train-01-01<::>3","text":"what do otters eat"}` + "\n",
		"train/queries_rewrite.jsonl": `{"_id":"train-01-01<::>1","text":"How tall is the Eiffel Tower?"}` + "\n" + `{"_id":"train-01-01<::>2","text":"Who built the Eiffel Tower?"}` + "\n" +
			`{"_id":"train-01-01<::>3","text":"What do otters eat?"}` + "\n",
		"train/queries_conversation.jsonl": `{"_id":"train-01-01<::>1","text":"how tall is the eiffel tower"}` + "\n" +
			`{"_id":"train-01-01<::>2","text":"who built it?\nhow tall is the eiffel tower\nIt is 330 metres tall."}` + "\n" +
			`{"_id":"train-01-01<::>3","text":"what do otters eat\nhow tall is the eiffel tower\nIt is 330 metres tall.\nwho built it?\nGustave Eiffel's company & workers did."}` + "\n",
		"train/tasks.jsonl": `{"task_id":"train-01-01<::>1","turn_id":1,"user":{"text":"how tall is the eiffel tower"},"agent":{"text":"It is 330 metres tall."}}` + "\n" +
			`{"task_id":"train-01-01<::>2","turn_id":2,"user":{"text":"who built it?"},"agent":{"text":"Gustave Eiffel's company & workers did."}}` + "\n" +
			`{"task_id":"train-01-01<::>3","turn_id":3,"user":{"text":"what do otters eat"},"agent":{"text":"Otters eat fish."}}` + "\n",
		"train/qrels.tsv": "query-id\tcorpus-id\tscore\ntrain-01-01<::>1\tEiffel_Tower\t2\ntrain-01-01<::>1\tTower\t1\ntrain-01-01<::>2\tGustave_Eiffel\t2\ntrain-01-01<::>3\tOtter\t2\n",
		"train/qrels.txt": "train-01-01<::>1 0 Eiffel_Tower 2\ntrain-01-01<::>1 0 Tower 1\ntrain-01-01<::>2 0 Gustave_Eiffel 2\ntrain-01-01<::>3 0 Otter 2\n",
		"test/qrels.txt":  "",
	} {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
}

// The Factbook's judgements that ship name existing passages.
func TestShippedFactbook(t *testing.T) {
	set, articles := shipped(t)
	ids := map[string]bool{}
	for i := range articles.Len() {
		ids[articles.At(i).ID] = true
	}
	for _, split := range factbookSplits {
		turns := 0
		for _, c := range set[split] {
			for i, turn := range c.Turns {
				for _, g := range turn.Factbook {
					if !ids[g.ID] {
						t.Errorf("%s: there is no passage %s", c.QueryID(i), g.ID)
					}
				}
				if len(turn.Factbook) > 0 {
					turns++
				}
			}
		}
		if turns == 0 {
			t.Errorf("none of %s", split)
		}
	}
}

// Popular has no rules but these.
func TestPopularIsAskedOfArticlesThatExist(t *testing.T) {
	_, articles := shipped(t)
	text := texts(articles)
	list, err := Read(Popular + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	turns, none := 0, 0
	for _, c := range list {
		for i, turn := range c.Turns {
			turns++
			if len(turn.Gold) == 0 {
				none++
				if turn.Reply != "" {
					t.Errorf("%s: nothing answers, and %q replies", c.QueryID(i), turn.Reply)
				}
				continue
			}
			told := false
			for k, g := range turn.Gold {
				if text[g.ID] == "" || k > 0 && g.Grade > turn.Gold[k-1].Grade {
					t.Errorf("%s: %v is no article, or not in order", c.QueryID(i), g)
				}
				told = told || g.Grade == 2 && strings.Contains(text[g.ID], turn.Reply)
			}
			if !told {
				t.Errorf("%s: no article has the reply %q", c.QueryID(i), turn.Reply)
			}
		}
	}
	if len(list) != 180 || turns != 540 || none != 63 {
		t.Errorf("%d conversations, %d turns, %d that nothing answers", len(list), turns, none)
	}
}
