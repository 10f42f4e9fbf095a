package documents

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A readCase is a small file, and what a person reads in it: each document as "id | title
// | text", line ends as "/"; and the beginnings of its notes, those of records that were
// left out with a "-" before.
type readCase struct {
	what, name, data string
	want, notes      []string
}

func (c readCase) test(t *testing.T) {
	t.Helper()
	docs, notes := Read(c.name, []byte(c.data), Options{})
	var got, told []string
	for _, d := range docs {
		id := strings.TrimPrefix(d.ID, c.name)
		got = append(got, fmt.Sprintf("%s | %s | %s", id, d.Title, strings.ReplaceAll(d.Text, "\n", "/")))
	}
	for i, n := range notes {
		s := strings.TrimPrefix(n.Error(), c.name+":")
		if !n.Kept {
			s = "-" + s
		}
		if i < len(c.notes) && len(s) > len(c.notes[i]) {
			s = s[:len(c.notes[i])]
		}
		told = append(told, s)
	}
	if g, w := strings.Join(got, "\n"), strings.Join(c.want, "\n"); g != w {
		t.Errorf("%s: documents\n%s\nwant\n%s", c.what, g, w)
	}
	if g, w := strings.Join(told, "\n"), strings.Join(c.notes, "\n"); g != w {
		t.Errorf("%s: notes\n%s\nwant\n%s", c.what, g, w)
	}
}

func TestColumnsAreFoundWhateverTheyAreCalled(t *testing.T) {
	for _, c := range []readCase{
		{"question and answer", "a.csv", "No.,Question,Answer\n1,Where is the bar?,On deck 3.\n2,When does it open?,At noon.\n",
			[]string{"1 | Where is the bar? | On deck 3.", "2 | When does it open? | At noon."}, nil},
		{"products", "a.csv", "Product;Short description;Long description\nRope;A rope;Ten metres of nylon, white.\n", []string{":2 | Rope | A rope//Ten metres of nylon, white."}, nil},
		{"what was said", "a.csv", "speaker,utterance\nAnn,Is there ice?\n", []string{":2 |  | Is there ice?"}, []string{"1: the column \"speaker\" was not read"}},
		{"q and a", "a.csv", "q,a\nWhere is the bar?,On deck 3.\n", []string{":2 | Where is the bar? | On deck 3."}, nil},
		{"German", "a.csv", "Nr;Frage;Antwort\n7;Wo ist die Bar?;Auf Deck 3.\n", []string{"7 | Wo ist die Bar? | Auf Deck 3."}, nil},
		{"French", "a.csv", "Intitulé;Contenu;Lien\nGrue;Lève douze tonnes.;https://example.org\n", []string{":2 | Grue | Lève douze tonnes."}, nil},
		{"Spanish", "a.csv", "Pregunta,Respuesta\n¿Dónde está el bar?,En la cubierta 3.\n", []string{":2 | ¿Dónde está el bar? | En la cubierta 3."}, nil},
		{"Portuguese", "a.csv", "Título;Descrição\nGuindaste;Levanta doze toneladas.\n", []string{":2 | Guindaste | Levanta doze toneladas."}, nil},
		{"Italian", "a.csv", "Domanda;Risposta\nDov'è il bar?;Sul ponte 3.\n", []string{":2 | Dov'è il bar? | Sul ponte 3."}, nil},
		{"Dutch", "a.csv", "Vraag;Antwoord\nWaar is de bar?;Op dek 3.\n", []string{":2 | Waar is de bar? | Op dek 3."}, nil},
		{"Russian", "a.csv", "Вопрос;Ответ\nГде бар?;На палубе 3.\n", []string{":2 | Где бар? | На палубе 3."}, nil},
		{"Japanese", "a.csv", "質問,回答\nバーはどこですか,デッキ3です\n", []string{":2 | バーはどこですか | デッキ3です"}, nil},
		{"names of several words", "a.csv", "Article ID,Article title,Article body\nA1,Crane,Lifts boats.\n", []string{"A1 | Crane | Lifts boats."}, nil},
		{"camel case", "a.csv", "docId,pageTitle,bodyText\nd1,Crane,Lifts boats.\n", []string{"d1 | Crane | Lifts boats."}, nil},
		{"what speaks of a text is none", "a.csv", "title,text_length,content_type,body\nCrane,12,note,Lifts boats.\n",
			[]string{":2 | Crane | Lifts boats."}, []string{`1: the columns "text_length", "content_type" were not read`}},
		{"two columns of text", "a.csv", "Name,Summary,Details\nCrane,Lifts boats.,Ring before you come.\n", []string{":2 | Crane | Lifts boats.//Ring before you come."}, nil},
		{"a summary that the text repeats", "a.csv", "title,summary,body\nCrane,Lifts boats.,Lifts boats. Ring first.\n", []string{":2 | Crane | Lifts boats. Ring first."}, nil},
		{"what people wrote under a name of their own", "a.csv", "question,answer,Remarks for the crew\nWhere?,On deck 3.,The lift is slow in the mornings.\nWhen?,At noon.,\n",
			[]string{":2 | Where? | On deck 3.//The lift is slow in the mornings.", ":3 | When? | At noon."}, nil},
		{"title and question", "a.csv", "title,question,answer\nFees,Is water free?,Yes.\n", []string{":2 | Fees > Is water free? | Yes."}, nil},
		{"a row without an answer", "a.csv", "question,answer\nWhere?,\nWhen?,Noon.\n", []string{":3 | When? | Noon."}, []string{"-2: the question has no answer"}},
		{"a title alone stays", "a.csv", "title,text\nClosed on Sundays,\n", []string{":2 | Closed on Sundays | "}, nil},
		{"ids that name nothing", "a.csv", "key,question,answer\nfaq,Where?,Here.\nfaq,When?,Now.\n", []string{":2 | Where? | Here.", ":3 | When? | Now."}, []string{`1: the column "key" was not read`}},
		{"ids that come again", "a.csv", "id,text\n1,One.\n2,Two.\n1,Three.\n", []string{"1 | | One.", "2 | | Two.", "1:4 | | Three."}, []string{"4: 1 id came before"}},
		{"rows that are the same", "a.csv", "id,text\n1,One.\n1,One.\n", []string{"1 | | One."}, []string{"-3: the same as line 2"}},
		{"one column that its text tells", "a.csv", "Ding;Was es macht\nKran;Er hebt Boote bis zwölf Tonnen.\nWinde;Sie zieht Boote auf die Helling.\n",
			[]string{":2 | | Er hebt Boote bis zwölf Tonnen.", ":3 | | Sie zieht Boote auf die Helling."}, []string{"1: column Was es macht was read as the text", `1: the column "Ding" was not read`}},
		{"columns that tell nothing", "a.csv", "north,south\n1,2\n3,4\n", nil, []string{"-1: it cannot be told which column holds the text; the columns are: north, south"}},
		{"questions without answers", "a.csv", "id,question\n1,Where?\n", nil, []string{"-1: it cannot be told which column"}},
	} {
		for i := range c.want {
			c.want[i] = strings.ReplaceAll(c.want[i], "| | ", "|  | ")
		}
		c.test(t)
	}
}

func TestTablesAreReadAsSpreadsheetsWriteThem(t *testing.T) {
	for _, c := range []readCase{
		{"Excel's sep line", "a.csv", "sep=;\r\nquestion;answer\r\nWhere?;Here, there.\r\n", []string{":3 | Where? | Here, there."}, nil},
		{"a quoted sep line", "a.csv", "\"sep=|\"\nquestion|answer\nWhere?|Here; there.\n", []string{":3 | Where? | Here; there."}, nil},
		{"bars", "a.csv", "id|title|text\n1|Crane|Lifts, turns; lowers.\n", []string{"1 | Crane | Lifts, turns; lowers."}, nil},
		{"tabs in a .csv", "a.csv", "title\ttext\nCrane\tLifts, turns.\n", []string{":2 | Crane | Lifts, turns."}, nil},
		{"commas in a .tsv", "a.tsv", "title,text\nCrane,Lifts.\n", []string{":2 | Crane | Lifts."}, nil},
		{"quoted header", "a.csv", "\"Title\";\"Text\"\n\"Crane\";\"Lifts; turns.\"\n", []string{":2 | Crane | Lifts; turns."}, nil},
		{"spaces before quotes", "a.csv", "title, text\n\"Crane\", \"Lifts, turns.\"\n", []string{":2 | Crane | Lifts, turns."}, nil},
		{"rows above the header", "a.csv", "Harbour FAQ,,\nas of May,,\n\nid,question,answer\n1,Where?,Here.\n", []string{"1 | Where? | Here."},
			[]string{`1: what stands above the header was not read: "Harbour FAQ, as of May"`}},
		{"pairs above the header", "a.csv", "Report,FAQ\nDate,2024-05-01\nquestion,answer\nWhere?,Here.\n", []string{":4 | Where? | Here."}, []string{"1: what stands above"}},
		{"no header, question and answer", "a.csv", "Where is the bar?,On deck 3.\nWhen does it open?,At noon.\n", []string{":1 | Where is the bar? | On deck 3.", ":2 | When does it open? | At noon."},
			[]string{" no header: column 1 was read as the title, column 2 was read as the text"}},
		{"no header, numbered", "a.tsv", "0\tThe crane lifts.\n1\tThe dock sells diesel.\n", []string{"0 |  | The crane lifts.", "1 |  | The dock sells diesel."}, []string{" no header: column 2"}},
		{"no header, numbered, with titles", "a.tsv", "d1\tCrane\tThe crane lifts boats of twelve tonnes.\nd2\tFuel\tThe dock sells diesel all day.\n",
			[]string{"d1 | Crane | The crane lifts boats of twelve tonnes.", "d2 | Fuel | The dock sells diesel all day."}, []string{" no header: column 2"}},
		{"DPR's quoted TSV", "a.tsv", "id\ttext\ttitle\n1\t\"The \"\"Fram\"\" sailed.\"\t\"Fram (ship)\"\n2\tPlain \"words\".\tPlain\n",
			[]string{"1 | Fram (ship) | The \"Fram\" sailed.", "2 | Plain | Plain \"words\"."}, nil},
		{"a lone mark in a TSV is text", "a.tsv", "id\ttext\n1\t\"Fram\n2\tsailed\"\n", []string{"1 |  | \"Fram", "2 |  | sailed\""}, nil},
		{"a cell of two lines in a TSV", "a.tsv", "title\ttext\nCrane\t\"Lifts.\nTurns.\"\n", []string{":2 | Crane | Lifts./Turns."}, nil},
		{"an unclosed quote at the end", "a.csv", "title,text\nCrane,\"Lifts twelve.\nFuel,Sells diesel.\n", []string{":2 | Crane | \"Lifts twelve.", ":3 | Fuel | Sells diesel."}, []string{"2: a quotation mark is not closed"}},
		{"an unclosed quote among quotes", "a.csv", "\"title\",\"text\"\n\"Crane\",\"Lifts twelve.\n\"Fuel\",\"Sells diesel.\"\n\"Last\",\"Row.\"\n",
			[]string{":2 | Crane | \"Lifts twelve.", ":3 | Fuel | Sells diesel.", ":4 | Last | Row."}, []string{"2: a quotation mark is not closed"}},
		{"an unclosed quote in the first cell", "a.csv", "title,text\n\"Crane,Lifts twelve.\nFuel,\"Sells, too.\"\n", []string{":2 | \"Crane | Lifts twelve.", ":3 | Fuel | Sells, too."}, []string{"2: a quotation mark is not closed"}},
		{"lines in a quoted cell", "a.csv", "title,text\nCrane,\"One.\n\nTwo, \"\"three\"\".\"\nFuel,Four.\n", []string{":2 | Crane | One.//Two, \"three\".", ":5 | Fuel | Four."}, nil},
		{"an inch mark", "a.csv", "title,text\nRope,12\" rope\nPipe,\"2\" pipe, steel\"\nLast,Row\n", []string{":2 | Rope | 12\" rope", ":3 | Pipe | 2\" pipe, steel", ":4 | Last | Row"}, nil},
		{"commas that should be quoted", "a.csv", "title,text,price\nCrane,Lifts, turns, lowers.,12\nFuel,Diesel.,3\n", []string{":2 | Crane | Lifts, turns, lowers.", ":3 | Fuel | Diesel."},
			[]string{`1: the column "price" was not read`, "2: 1 row has more fields than there are columns"}},
		{"a row that is too short", "a.csv", "title,text,price\nCrane,Lifts.\n", []string{":2 | Crane | Lifts."}, nil},
		{"HTML in cells", "a.csv", "title,text\nCrane,\"<p>Lifts <b>twelve</b> tonnes.</p><p>Ask &amp; book&nbsp;early.</p>\"\n", []string{":2 | Crane | Lifts twelve tonnes.//Ask & book early."}, nil},
		{"signs that are no HTML", "a.csv", "title,text\nCrane,If a < b and c > d; use <b> for bold.\n", []string{":2 | Crane | If a < b and c > d; use <b> for bold."}, nil},
		{"a list in a cell", "a.csv", "title,text\nCrane,\"['Lifts.', 'Turns.']\"\n", []string{":2 | Crane | Lifts.//Turns."}, nil},
		{"a header alone", "a.csv", "title,text\n", nil, []string{"-1: a header, and nothing under it"}},
		{"Excel's Unicode text", "a.txt", "\xff\xfet\x00i\x00t\x00l\x00e\x00\t\x00t\x00e\x00x\x00t\x00\r\x00\n\x00A\x00\t\x00B\x00.\x00\r\x00\n\x00", []string{":2 | A | B."}, nil},
		{"a text with a tab is no table", "a.txt", "Notes\n\ntitle\tand text\nstand here.\n", []string{" | Notes | title and text stand here."}, nil},
		{"semicolons and decimal commas", "a.csv", "Titel;Text;Preis\nKran;Hebt, dreht;24,50\nBar;Kaffee;3,20\n", []string{":2 | Kran | Hebt, dreht", ":3 | Bar | Kaffee"}, []string{`1: the column "Preis"`}},
		{"lines of an old Mac", "a.csv", "title,text\rCrane,Lifts.\r", []string{":2 | Crane | Lifts."}, nil},
	} {
		c.test(t)
	}
}

func TestAskedForColumnsComeFirst(t *testing.T) {
	const table = "north,south,east\n1,One.,x\n2,Two.,y\n"
	for _, c := range []struct {
		columns Columns
		want    string
	}{
		{Columns{Text: "south"}, "One."},
		{Columns{Text: "2", ID: "north"}, "One."},
		{Columns{Text: "south, east"}, "One.\n\nx"},
		{Columns{Text: "*", Title: "north"}, "south: One.\neast: x"},
	} {
		docs, _ := Read("a.csv", []byte(table), Options{Columns: c.columns})
		if len(docs) != 2 || docs[0].Text != c.want {
			t.Errorf("%+v: %+v, want %q", c.columns, docs, c.want)
		}
	}
	docs, _ := Read("a.jsonl", []byte(`{"north":"One.","text":"other"}`), Options{Columns: Columns{Text: "north"}})
	if len(docs) != 1 || docs[0].Text != "One." {
		t.Errorf("of JSON: %+v", docs)
	}
}

// What cannot be told is asked, with the first rows to look at.
func TestATableThatTellsNothingShowsItsBeginning(t *testing.T) {
	_, notes := Read("a.csv", []byte("north,south\n1,2\n3,4\n"), Options{})
	same(t, *notes[0].Ask, Sample{Columns: []string{"north", "south"}, Rows: [][]string{{"1", "2"}, {"3", "4"}}})
	_, notes = Read("a.jsonl", []byte(`{"north":1,"south":"x y z"}`), Options{})
	same(t, *notes[0].Ask, Sample{Columns: []string{"north", "south"}, Rows: [][]string{{"1", "x y z"}}})
}

// A reader of tables reads no byte more than a few times, whatever stands in it.
func TestTangledTablesTakeLinearTime(t *testing.T) {
	for _, part := range []string{`a,"b` + "\n", `a,""b` + "\n", `"`, `""`, "\",\"\n", `x,"""` + "\n", "\n\"a", `,"` + "\n"} {
		begin := time.Now()
		Read("a.csv", []byte("title,text\n"+strings.Repeat(part, 100_000/len(part))), Options{})
		Read("a.tsv", []byte("title\ttext\n"+strings.Repeat(strings.ReplaceAll(part, ",", "\t"), 100_000/len(part))), Options{})
		if d := time.Since(begin); d > 5*time.Second {
			t.Errorf("%q again and again takes %v", part, d)
		}
	}
}

// Columns without a header are told apart by their numbers, however many they are.
func TestManyColumnsWithoutAHeader(t *testing.T) {
	docs, _ := Read("t.csv", []byte("alpha,b,c,d,e,f,g,h,i,kappa\n"), Options{Columns: Columns{Text: "*", NoHeader: true}})
	if len(docs) != 1 || !strings.Contains(docs[0].Text, "column 1: alpha") || !strings.Contains(docs[0].Text, "column 10: kappa") {
		t.Errorf("%+v", docs)
	}
}
