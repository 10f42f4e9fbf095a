package importers

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// show returns an example in one line: id, turns, rewrite, positives.
func show(e Example) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s [%s %s]", e.ID, e.Source, e.Conversation)
	for _, t := range e.Turns() {
		fmt.Fprintf(&b, " Q: %s", t.Question)
		if t.Reply != "" {
			fmt.Fprintf(&b, " A: %s", t.Reply)
		}
	}
	fmt.Fprintf(&b, " => %s", e.Rewrite)
	for _, p := range e.Positives {
		fmt.Fprintf(&b, " +%s", p)
	}
	return b.String()
}

func onDisk(path string) File {
	return File{path, func() (io.ReadCloser, error) { return os.Open(path) }}
}

func TestDataSetsInTheirOwnForms(t *testing.T) {
	for _, c := range []struct {
		name, files string
		options     Options
		want        []string
		unread      []string // a part of each message
	}{
		{"topiocqa", "topiocqa.json", Options{}, []string{
			"1_1 [topiocqa 1] Q: who built the lighthouse of the bay => ",
			"1_2 [topiocqa 1] Q: who built the lighthouse of the bay A: The harbour board Q: when? =>  +bay-7",
		}, []string{"topiocqa.json:34: Conversation_no or Turn_no is missing"}},
		{"topiocqa", "topiocqa_retriever.json", Options{}, []string{
			"1_1 [topiocqa 1] Q: who built the lighthouse of the bay =>  +bay-7",
			"1_2 [topiocqa 1] Q: who built the lighthouse of the bay A: The harbour board Q: when =>  +bay-7",
		}, []string{"topiocqa_retriever.json:10: \"two\" is not a whole number"}},
		{"topiocqa", "topiocqa_retriever.json", Options{Rows: true}, []string{
			"0 [topiocqa 1] Q: who built the lighthouse of the bay =>  +bay-7",
			"2 [topiocqa 1] Q: who built the lighthouse of the bay A: The harbour board Q: when =>  +bay-7",
		}, []string{"topiocqa_retriever.json:10: \"two\" is not a whole number"}},
		{"qrecc", "qrecc.json", Options{}, []string{
			"7_2 [qrecc 7] Q: What is a lighthouse? A: A tower with a lamp. Q: How tall is it? => How tall is a lighthouse?",
		}, []string{"qrecc.json:12: Context: "}},
		{"qrecc", "qrecc.jsonl", Options{}, []string{
			"7_2 [qrecc 7] Q: What is a lighthouse? A: A tower with a lamp. Q: How tall is it? => How tall is a lighthouse? +https://example.org/lighthouse_p0",
		}, nil},
		{"qrecc", "qrecc.jsonl", Options{Rewrite: "GPT_rewrite"}, []string{
			"7_2 [qrecc 7] Q: What is a lighthouse? A: A tower with a lamp. Q: How tall is it? => What is the height of a lighthouse? +https://example.org/lighthouse_p0",
		}, nil},
		{"canard", "canard.json", Options{}, []string{
			"C_0a_1_q#0 [canard C_0a_1] Q: Ada Lovelace, Childhood Q: Where did she grow up? => Where did Ada Lovelace grow up?",
			"C_0a_1_q#1 [canard C_0a_1] Q: Ada Lovelace, Childhood Q: Where did she grow up? A: at Kirkby Mallory Q: With whom? => With whom did Ada Lovelace grow up at Kirkby Mallory?",
		}, nil},
		{"quac", "quac.json", Options{}, []string{
			"C_0a_1_q#0 [quac C_0a_1] Q: Ada Lovelace, Childhood Q: Where did she grow up? => ",
			"C_0a_1_q#1 [quac C_0a_1] Q: Ada Lovelace, Childhood Q: Where did she grow up? A: at Kirkby Mallory Q: Did she have siblings? => ",
			"C_0a_1_q#2 [quac C_0a_1] Q: Ada Lovelace, Childhood Q: Where did she grow up? A: at Kirkby Mallory Q: Did she have siblings? A: I don't know. Q: Who taught her? => ",
		}, nil},
		{"cast", "cast2019.json cast2019.tsv", Options{}, []string{
			"31_1 [cast 31] Q: What is throat cancer? => What is throat cancer?",
			"31_2 [cast 31] Q: What is throat cancer? Q: Is it treatable? => Is throat cancer treatable?",
		}, []string{"cast2019.tsv:3: no tab"}},
		{"cast", "cast2020.json", Options{}, []string{
			"81_1 [cast 81] Q: How does a garage door fail? => How does a garage door fail? +MARCO_1",
			"81_2 [cast 81] Q: How does a garage door fail? Q: Can it be fixed? => Can a garage door be fixed? +MARCO_2",
		}, nil},
		{"cast", "cast2020.json", Options{Rewrite: "automatic_rewritten_utterance"}, []string{
			"81_1 [cast 81] Q: How does a garage door fail? => How does a garage door fail? +MARCO_1",
			"81_2 [cast 81] Q: How does a garage door fail? Q: Can it be fixed? => Can a door be fixed? +MARCO_2",
		}, nil},
		{"cast", "cast2021.json", Options{}, []string{
			"106_1 [cast 106] Q: What are the types? => What are the types of glaciers? +MARCO_D5",
			"106_2 [cast 106] Q: What are the types? A: There are two types. Q: And the second? => What is the second type of glacier? +KILT_9",
		}, nil},
		{"cast", "cast2022tree.json", Options{}, []string{
			"132_1-1 [cast 132] Q: What was the summit about? => What was the climate summit about?",
			"132_1-3 [cast 132] Q: What was the summit about? A: About climate. Q: Which effects? => Which effects of climate change?",
			"132_2-1 [cast 132] Q: What was the summit about? A: About climate. Q: Who came? => Who came to the climate summit?",
		}, []string{"cast2022tree.json:2: topic 132, turn 3-1: no turn 9-9"}},
		{"cast", "cast2022flat.json", Options{}, []string{
			"132_1-1 [cast 132] Q: What was the summit about? => What was the climate summit about?",
			"132_1-3 [cast 132] Q: What was the summit about? A: About climate. Q: Which effects? => Which effects of climate change?",
			"132_2-1 [cast 132] Q: What was the summit about? A: About climate. Q: Who came? => Who came to the climate summit?",
		}, nil},
		{"ikat", "ikat.json", Options{}, []string{
			"9-1_1 [ikat 9-1] Q: What could I eat? => What could a vegetarian eat?",
			"9-1_2 [ikat 9-1] Q: What could I eat? A: Beans, for example. Q: Where are they grown? => Where are beans grown?",
		}, nil},
		{"ikat", "ikat2025.json", Options{}, []string{
			"3-1_1 [ikat 3-1] Q: How do I learn to sail? => How does a beginner in Oslo learn to sail?",
			"3-1_2 [ikat 3-1] Q: How do I learn to sail? A: In a club. Q: What does it cost? => What does a sailing course in a club in Oslo cost?",
		}, nil},
		{"convquestions", "convquestions.json", Options{}, []string{
			"6722-0 [convquestions 6722] Q: Which countries did the author visit in the novel Far? => Which countries did the author visit in the novel Far?",
			"6722-1 [convquestions 6722] Q: Which countries did the author visit in the novel Far? A: Italy; India Q: Is there a sequel? => Is there a sequel of the novel Far?",
		}, nil},
		{"mtrag", "mtrag_tasks.jsonl mtrag_rewrite.jsonl", Options{}, []string{
			"ab12<::>2 [mtrag-govt ab12] Q: Do boats go there? => ",
			"ab12<::>10 [mtrag-govt ab12] Q: Do boats go there? A: In summer. Q: And in winter? => Do boats go to the island in winter?",
		}, []string{`mtrag_tasks.jsonl:3: task_id "broken"`, "mtrag_tasks.jsonl:4: invalid character"}},
		{"mtrag", "mtrag_synthetic.jsonl", Options{}, []string{
			"cd34<::>2 [mtrag-synthetic cd34] Q: What is a debit? A: An entry. Q: And a credit? => ",
		}, nil},
		{"beir", "beir.jsonl", Options{}, []string{
			"PLAIN-1 [beir PLAIN-1] Q: how deep is the sea => how deep is the sea",
		}, []string{"beir.jsonl:2: _id is missing"}},
		{"questions", "questions.tsv", Options{}, []string{
			"1 [questions 1] Q: how deep is the sea => how deep is the sea",
			"2 [questions 2] Q: who was first => who was first",
		}, nil},
		{"parley", "parley.jsonl", Options{}, []string{
			"train-01-01_1 [parley train-01-01] Q: how tall is the tower => How tall is the Eiffel Tower? +Eiffel_Tower",
			"train-01-01_2 [parley train-01-01] Q: how tall is the tower A: 330 metres. Q: who built it => Who built the Eiffel Tower? +Gustave_Eiffel +Eiffel_Tower",
		}, nil},
		{"jsonl", "plain.jsonl", Options{}, []string{
			"c1_1 [ c1] Q: Who was first? => ",
			"c1_2 [ c1] Q: Who was first? A: Ada. Q: When was that? => When was Ada first?",
			"x_2 [mine x] Q: Who? A: Bo. Q: Why? => Why did Bo? +d7",
		}, []string{"plain.jsonl:3: the last turn, which is the question asked, already has a reply"}},
	} {
		t.Run(c.name+" "+c.files, func(t *testing.T) {
			var files []File
			for _, f := range strings.Fields(c.files) {
				files = append(files, onDisk(filepath.Join("testdata", f)))
			}
			r, err := Import(c.name, files, c.options)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range r.Examples {
				got = append(got, show(e))
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if len(r.Unread) != len(c.unread) {
				t.Fatalf("unread: %v, wanted %d", r.Unread, len(c.unread))
			}
			for i, e := range r.Unread {
				if !strings.Contains(e.Error(), c.unread[i]) {
					t.Errorf("unread: %v, wanted %q", e, c.unread[i])
				}
			}
		})
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	r, err := Import("canard", []File{onDisk("testdata/canard.json")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := Write(z, r.Examples); err != nil {
		t.Fatal(err)
	}
	z.Close()
	again, err := Import("jsonl", []File{Memory("x.jsonl.gz", b.Bytes())}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r.Examples, again.Examples) {
		t.Errorf("%v became %v", r.Examples, again.Examples)
	}
}

func TestDescribe(t *testing.T) {
	words := func(s string) int { return len(strings.Fields(s)) }
	r, err := Import("cast", []File{onDisk("testdata/cast2020.json")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := Describe(r.Examples, words)
	want := Stats{Conversations: 1, Turns: 2, Rewritten: 2, Distinct: 2, PerConv: 2, Depth: 1.5, Question: 5, Rewrite: 6, Whole: 8}
	if got != want {
		t.Errorf("%+v, wanted %+v", got, want)
	}
	if n := len(Distinct(append(r.Examples, r.Examples...))); n != 2 {
		t.Errorf("%d distinct, wanted 2", n)
	}
}

func TestFilesOfAnotherForm(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "text": "hello", "array": "[1, 2, 3]", "object": `{"a": 1}`, "cut": `[{"Conversation_no": 1, "Turn_no": 1, "Question": "who`,
		"bad.gz": "\x1f\x8bnope",
	} {
		for _, set := range Names() {
			if set == "questions" {
				continue // takes any text
			}
			r, err := Import(set, []File{Memory(name, []byte(text))}, Options{})
			if err == nil {
				t.Errorf("%s read %q: %v", set, text, r.Examples)
			} else if !strings.Contains(err.Error(), name) {
				t.Errorf("%s, %q: the error does not name the file: %v", set, text, err)
			}
		}
	}
	if _, err := Import("cast", []File{onDisk(filepath.Join(t.TempDir(), "absent.json"))}, Options{}); err == nil {
		t.Error("read a file that is not there")
	}
	if _, err := Import("cast", []File{onDisk("testdata/cast2020.json")}, Options{Rows: true}); err == nil || !strings.Contains(err.Error(), "topiocqa") {
		t.Errorf("rows of a data set that has conversations for records: %v", err)
	}
	if _, err := Import("imdb", []File{Memory("x", nil)}, Options{}); err == nil || !strings.Contains(err.Error(), "topiocqa") {
		t.Errorf("an unknown data set: %v", err)
	}
}

// The records before a break in a file are kept, and the break is reported.
func TestCutFileKeepsItsBeginning(t *testing.T) {
	data, err := os.ReadFile("testdata/canard.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Import("canard", []File{Memory("cut.json", data[:len(data)-60])}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Examples) != 1 || len(r.Unread) != 1 || !strings.Contains(r.Unread[0].Error(), "cut.json:") {
		t.Errorf("%d examples, unread %v", len(r.Examples), r.Unread)
	}
}

func FuzzImport(f *testing.F) {
	names := Names()
	list, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range list {
		if e.IsDir() {
			continue
		}
		data, err := os.ReadFile(filepath.Join("testdata", e.Name()))
		if err != nil {
			f.Fatal(err)
		}
		for i, n := range names {
			if strings.HasPrefix(e.Name(), n) {
				f.Add(uint8(i), data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		r, err := Import(names[int(which)%len(names)], []File{Memory("x", data)}, Options{})
		if err != nil {
			return
		}
		ids := map[string]bool{}
		for _, e := range r.Examples {
			if e.Question == "" || ids[e.Source+" "+e.ID] {
				t.Errorf("accepted %+v", e)
			}
			ids[e.Source+" "+e.ID] = true
		}
	})
}

// PARLEY_DATA names a folder with the data sets as their publishers lay them out.
func TestPublishedFiles(t *testing.T) {
	root := os.Getenv("PARLEY_DATA")
	if root == "" {
		t.Skip("PARLEY_DATA is not set")
	}
	for _, c := range []struct {
		name, globs string
		examples    int // 0: not known
	}{
		{"qrecc", "qrecc/dev-sampled2k-modified.json.gz", 2000},
		{"qrecc", "qrecc/dev-sampled2k_chatgpt_ICL_editor.jsonl.gz", 2000},
		{"canard", "canard/dev.json.gz", 3430},
		{"convquestions", "convquestions/*.json.gz", 0},
		{"cast", "cast/treccastweb/2019/data/evaluation/evaluation_topics_v1.0.json cast/treccastweb/2019/data/evaluation/*resolved*.tsv", 479},
		{"cast", "cast/treccastweb/2020/2020_manual_evaluation_topics_v1.0.json", 216},
		{"cast", "cast/treccastweb/2021/2021_manual_evaluation_topics_v1.0.json", 239},
		{"cast", "cast/treccastweb/2022/2022_evaluation_topics_tree_v1.0.json", 205},
		{"cast", "cast/treccastweb/2022/2022_evaluation_topics_flattened_duplicated_v1.0.json", 205},
		{"mtrag", "mtrag/human/tasks.jsonl.gz mtrag/human/*_rewrite.jsonl", 842},
		{"mtrag", "mtrag/synthetic/synthetic.jsonl.gz", 0},
	} {
		var files []File
		for _, g := range strings.Fields(c.globs) {
			m, _ := filepath.Glob(filepath.Join(root, g))
			for _, path := range m {
				files = append(files, onDisk(path))
			}
		}
		r, err := Import(c.name, files, Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		t.Logf("%s %s: %+v, unread %d", c.name, c.globs, Describe(r.Examples, func(s string) int { return len(strings.Fields(s)) }), len(r.Unread))
		for i, e := range r.Unread {
			if i < 3 {
				t.Log(e)
			}
		}
		if c.examples != 0 && len(r.Examples) != c.examples {
			t.Errorf("%s: %d examples, wanted %d", c.globs, len(r.Examples), c.examples)
		}
	}
}
