package documents

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestRecordsAreFoundInJSONOfAnyShape(t *testing.T) {
	crane := []string{":1 | Crane | Lifts."}
	for _, c := range []readCase{
		{"questions", "a.json", `[{"question":"Where?","answer":"Here."},{"question":"When?","answer":"Now."}]`, []string{":1 | Where? | Here.", ":1.2 | When? | Now."}, nil},
		{"names in capitals", "a.jsonl", `{"ID":7,"Name":"Crane","Description":"Lifts."}`, []string{"7 | Crane | Lifts."}, nil},
		{"German", "a.jsonl", `{"Frage":"Wo?","Antwort":"Hier."}`, []string{":1 | Wo? | Hier."}, nil},
		{"passage", "a.jsonl", `{"docid":"p1","passage":"Lifts."}`, []string{"p1 |  | Lifts."}, nil},
		{"ids of two names", "a.jsonl", "{\"_id\":\"a\",\"text\":\"One.\"}\n{\"id\":2,\"text\":\"Two.\"}", []string{"a |  | One.", "2 |  | Two."}, nil},
		{"a list of texts", "a.jsonl", `{"id":"k","text":["One.","Two."]}`, []string{"k |  | One.//Two."}, nil},
		{"two texts", "a.jsonl", `{"name":"Crane","description":"Lifts.","details":"Ring first."}`, []string{":1 | Crane | Lifts.//Ring first."}, nil},
		{"wrapped in data", "a.json", `{"data":[{"title":"Crane","text":"Lifts."}]}`, crane, nil},
		{"wrapped twice", "a.json", `{"status":"ok","data":{"total":1,"items":[{"title":"Crane","text":"Lifts."}]}}`, crane, nil},
		{"one in an envelope", "a.json", `{"data":{"title":"Crane","text":"Lifts."}}`, crane, nil},
		{"keyed by id", "a.json", `{"a":{"title":"Crane","text":"Lifts."},"b":{"title":"Fuel","text":"Diesel."}}`, []string{"a | Crane | Lifts.", "b | Fuel | Diesel."}, nil},
		{"keyed by id, wrapped", "a.json", `{"docs":{"a":{"title":"Crane","text":"Lifts."}}}`, []string{"a | Crane | Lifts."}, nil},
		{"answers by their questions", "a.json", `{"Where?":"On deck 3.","When?":"At noon."}`, []string{":1 | Where? | On deck 3.", ":1.2 | When? | At noon."}, nil},
		{"a search server's reply", "a.json", `{"took":3,"hits":{"total":{"value":1},"hits":[{"_index":"x","_id":"7","_score":1,"_source":{"title":"Crane","body":"Lifts."}}]}}`, []string{"7 | Crane | Lifts."}, nil},
		{"a bulk file", "a.ndjson", "{\"index\":{\"_id\":\"7\"}}\n{\"title\":\"Crane\",\"text\":\"Lifts.\"}\n", []string{"7 | Crane | Lifts."}, nil},
		{"Solr's reply", "a.json", `{"responseHeader":{"status":0},"response":{"numFound":1,"docs":[{"id":"7","title":["Crane"],"content":"Lifts."}]}}`, []string{"7 | Crane | Lifts."}, nil},
		{"GraphQL's reply", "a.json", `{"data":{"posts":{"edges":[{"node":{"id":"7","title":"Crane","content":"Lifts."}}]}}}`, []string{"7 | Crane | Lifts."}, nil},
		{"JSON:API", "a.json", `{"data":[{"id":"7","type":"post","attributes":{"title":"Crane","body":"Lifts."}}]}`, []string{"7 | Crane | Lifts."}, nil},
		{"WordPress", "a.json", `[{"id":7,"link":"https://example.org/7","title":{"rendered":"Crane &amp; bar"},"content":{"rendered":"<p>Lifts.</p>\n<p>Turns.</p>"}}]`, []string{"7 | Crane & bar | Lifts.//Turns."}, nil},
		{"LangChain", "a.jsonl", `{"page_content":"Lifts.","metadata":{"title":"Crane","source":"https://example.org"}}`, crane, nil},
		{"MkDocs", "search_index.json", `{"config":{"lang":["en"],"separator":"x"},"docs":[{"location":"","title":"Home","text":""},{"location":"crane/#fee","title":"Fee","text":"<p>Three <em>euro</em>.</p>"}]}`,
			[]string{":1 | Home | ", "crane/#fee | Fee | Three euro."}, nil},
		{"mdBook", "searchindex.json", `{"doc_urls":["a.html#fee"],"index":{"documentStore":{"docInfo":{"0":{"body":1}},"docs":{"0":{"body":"Three euro.","breadcrumbs":"Crane » Fee","id":"0","title":"Fee"}}},"index":{"body":{"root":{"df":0,"docs":{}}}}},"results_options":{"limit_results":30}}`,
			[]string{"0 | Crane » Fee | Three euro."}, nil},
		{"Hugo", "index.json", `[{"title":"Crane","permalink":"https://example.org/crane/","contents":"Lifts.","tags":["a"]}]`, []string{"https://example.org/crane/ | Crane | Lifts."}, nil},
		{"Algolia", "records.json", `[{"objectID":"7","hierarchy":{"lvl0":"Guide","lvl1":"Crane","lvl2":null},"content":"Lifts.","url":"https://example.org/#crane"}]`, []string{"7 | Guide > Crane | Lifts."}, nil},
		{"Docusaurus", "search-index.json", `[{"documents":[{"i":1,"t":"Crane","u":"/crane","b":["Guide"]}],"index":{"version":"2.3.9","fields":["t"],"fieldVectors":[],"invertedIndex":[]}},{"documents":[{"i":2,"t":"Lifts.","s":"Crane","u":"/crane","h":"","p":1}],"index":{}}]`,
			[]string{":1 | Crane | ", ":1.2 | Crane | Lifts."}, nil},
		{"Just the Docs", "search-data.json", `{"0":{"doc":"Guide","title":"Crane","content":"Lifts.","url":"/crane"},"1":{"doc":"Guide","title":"Fuel","content":"Diesel.","url":"/fuel"}}`, []string{"0 | Crane | Lifts.", "1 | Fuel | Diesel."}, nil},
		{"a Lunr index with no texts", "lunr.json", `{"version":"2.3.9","fields":["title","body"],"fieldVectors":[["title/0",[0,1]]],"invertedIndex":[["crane",{"_index":0,"title":{"0":{}},"body":{}}]],"pipeline":["stemmer"]}`,
			nil, []string{"-1: a search index without its texts"}},
		{"schema.org's FAQ", "faq.json", `{"@context":"https://schema.org","@type":"FAQPage","mainEntity":[{"@type":"Question","name":"Where?","acceptedAnswer":{"@type":"Answer","text":"<p>On deck 3.</p>"}},{"@type":"Question","name":"When?","acceptedAnswer":{"@type":"Answer","text":""}}]}`,
			[]string{":1 | Where? | On deck 3."}, []string{"-1: the question has no answer"}},
		{"JSON Feed", "feed.json", `{"version":"https://jsonfeed.org/version/1.1","title":"Harbour","items":[{"id":"7","title":"Crane","content_html":"<p>Lifts.</p>"}]}`, []string{"7 | Crane | Lifts."}, nil},
		{"sections", "a.json", `{"title":"Guide","sections":[{"heading":"Crane","text":"Lifts."},{"heading":"Fuel","text":"Diesel."}]}`, []string{":1 | Guide | Crane//Lifts.//Fuel//Diesel."}, nil},
		{"SQuAD", "a.json", `{"version":"1","data":[{"title":"Crane","paragraphs":[{"context":"Lifts.","qas":[{"question":"What?","id":"1","answers":[{"text":"Lifts"}]}]},{"context":"Turns."}]}]}`, []string{":1 | Crane | Lifts.//Turns."}, nil},
		{"an editor's paragraphs", "a.json", `[{"title":"Crane","body":[{"type":"paragraph","children":[{"text":"Lifts "},{"text":"boats","bold":true},{"text":"."}]},{"type":"paragraph","children":[{"text":"Turns."}]}]}]`, []string{":1 | Crane | Lifts boats.//Turns."}, nil},
		{"a table as lists", "a.json", `[["question","answer"],["Where?","Here."]]`, []string{":1 | Where? | Here."}, nil},
		{"pandas, by columns", "a.json", `{"title":{"0":"Crane","1":"Fuel"},"text":{"0":"Lifts.","1":"Diesel."}}`, []string{":1 | Crane | Lifts.", ":1.2 | Fuel | Diesel."}, nil},
		{"pandas, split", "a.json", `{"columns":["title","text"],"index":[0],"data":[["Crane","Lifts."]]}`, crane, nil},
		{"a list of texts alone", "a.json", `["Lifts boats.","Sells diesel."]`, []string{":1 |  | Lifts boats.", ":1.2 |  | Sells diesel."}, nil},
		{"what is no document", "a.json", `{"compilerOptions":{"strict":true},"include":["src"]}`, nil, []string{"-1: nothing in it is "}},
		{"several lists of questions", "a.json", `{"fees":[{"q":"How much?","a":"24 euros."}],"ice":[{"q":"Where?","a":"On deck 3."},{"q":"When?","a":"At noon."}]}`, []string{":1 | How much? | 24 euros.", ":1.2 | Where? | On deck 3.", ":1.3 | When? | At noon."}, nil},
		{"lists of unknown names", "a.json", `{"a":[{"boat":"Anna has a red hull and lies here."}],"b":[{"boat":"Berta has a blue hull and lies there."},{"boat":"Carla has no hull at all, and never had."}],"c":[{"crew":"Kim is the cook and the engineer, too."}]}`,
			[]string{":1 |  | Anna has a red hull and lies here.", ":1.2 |  | Berta has a blue hull and lies there.", ":1.3 |  | Carla has no hull at all, and never had."}, []string{" column boat was read", "1: a list of records of another kind"}},
		{"questions by subject", "a.json", `[{"title":"Fees","faqs":[{"question":"How much?","answer":"24 euros."}]},{"title":"Ice","faqs":[{"question":"Where?","answer":"On deck 3."}]}]`, []string{":1 | How much? | 24 euros.", ":1.2 | Where? | On deck 3."}, nil},
		{"records within records", "a.jsonl", `{"title":"Crane","text":"Lifts.","replies":[{"title":"Fuel","text":"Diesel."}]}`, []string{":1 | Crane | Lifts.", ":1.2 | Fuel | Diesel."}, nil},
		{"what is within and not read", "a.jsonl", `{"title":"Crane","text":"Lifts.","extra":{"more":[{"x":"A sentence of no less than eight words is here."}]}}`, crane, []string{"1: the field \"extra\" was not read"}},
		{"an editor's paragraphs, flat", "a.json", `[{"title":"Crane","body":[{"type":"paragraph","text":"Lifts."},{"type":"paragraph","text":"Turns."}]}]`, []string{":1 | Crane | Lifts.//Turns."}, nil},
		{"KILT", "a.jsonl", `{"_id":"7","wikipedia_title":"Crane","text":["Lifts.\n","Section::::Use.\n","BULLET::::- boats\n"]}`, []string{"7 | Crane | Lifts.//Use.//boats"}, nil},
		{"Haystack", "a.jsonl", `{"content":"Lifts.","meta":{"name":"Crane"}}`, crane, nil},
		{"instructions", "a.jsonl", `{"instruction":"Where?","input":"","output":"On deck 3."}`, []string{":1 | Where? | On deck 3."}, nil},
		{"other indexes with no texts", "a.json", `{"documentCount":1,"documentIds":{"0":"/a"},"storedFields":{"0":{"title":"Crane"}},"index":[]}`, nil, []string{"-1: a search index without its texts"}},
		{"ids that come again", "a.jsonl", "{\"id\":7,\"text\":\"One.\"}\n{\"id\":7,\"text\":\"Two.\"}\n{\"id\":7,\"text\":\"One.\"}\n{\"id\":8,\"text\":\"Four.\"}\n", []string{"7 |  | One.", "7:2 |  | Two.", "8 |  | Four."}, []string{"2: 1 id came before", "-3: the same as line 1"}},
	} {
		c.test(t)
	}
}

func TestJSONIsReadAsProgramsWriteIt(t *testing.T) {
	both := []string{"a | Crane | Lifts.", "b |  | Diesel."}
	for _, c := range []readCase{
		{"NaN", "a.jsonl", "{\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\",\"score\":NaN}\n{\"_id\":\"b\",\"text\":\"Diesel.\",\"score\":-Infinity}\n", both, nil},
		{"Python's words", "a.json", `[{'_id': 'a', 'title': 'Crane', 'text': "Lifts.", 'x': None}, {'_id': 'b', 'text': 'Diesel.', 'x': True}]`, both, nil},
		{"pretty-printed, many values", "a.jsonl", "{\n  \"_id\": \"a\",\n  \"title\": \"Crane\",\n  \"text\": \"Lifts.\"\n}\n{\n  \"_id\": \"b\",\n  \"text\": \"Diesel.\"\n}\n", both, nil},
		{"many values in one line", "a.json", `{"_id":"a","title":"Crane","text":"Lifts."}{"_id":"b","text":"Diesel."}`, both, nil},
		{"lists, one after another", "a.json", "[{\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"}]\n[{\"_id\":\"b\",\"text\":\"Diesel.\"}]", both, nil},
		{"commas between lines", "a.jsonl", "{\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"},\n{\"_id\":\"b\",\"text\":\"Diesel.\"}\n", both, []string{"1: a comma between records"}},
		{"trailing commas", "a.json", "[\n {\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\",},\n {\"_id\":\"b\",\"text\":\"Diesel.\"},\n]", both, []string{"2: a comma before }", "4: a comma before ]"}},
		{"comments", "a.json", "// all of it\n[{\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"}, /* and */\n {\"_id\":\"b\",\"text\":\"Diesel.\"}]", both, []string{"1: JSON has no comments"}},
		{"a missing comma", "a.json", "[{\"_id\":\"a\",\"title\":\"Crane\"\n \"text\":\"Lifts.\"}\n{\"_id\":\"b\",\"text\":\"Diesel.\"}]", both, []string{"2: a comma is missing"}},
		{"a list that does not end", "a.json", "[{\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"},\n{\"_id\":\"b\",\"text\":\"Diesel.\"}", both, []string{"2: the list has no end"}},
		{"a wrapped list that does not end", "a.json", "{\"data\":[{\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"},\n{\"_id\":\"b\",\"text\":\"Diesel.\"}", both, []string{"2: the list has no end", "2: an object has no end"}},
		{"texts, of which one has no end", "a.jsonl", "\"Lifts boats.\"\n\"Lost.\n\"Sells diesel.\"\n", []string{":1 |  | Lifts boats.", ":3 |  | Sells diesel."}, []string{"-2: not a JSON object"}},
		{"lines that go with another", "a.jsonl", "{\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"}\nnote:\ntwo\nlines\n{\"_id\":\"b\",\"text\":\"Diesel.\"}\n", both, []string{"-2: not a JSON object; 2 lines after line 2"}},
		{"zero bytes after it", "a.jsonl", "{\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"}\n{\"_id\":\"b\",\"text\":\"Diesel.\"}\n\x00\x00\x00\x00\x00\x00", both, []string{"3: 6 zero bytes"}},
		{"a record cut off", "a.jsonl", "{\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"}\n{\"_id\":\"b\",\"text\":\"Diesel.\"}\n{\"_id\":\"c\",\"te", both, []string{"-3: not JSON: a string has no end"}},
		{"a string without an end", "a.jsonl", "{\"_id\":\"x\",\"text\":\"Lost.}\n{\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"}\n{\"_id\":\"b\",\"text\":\"Diesel.\"}\n", both, []string{"-1: not JSON: a string has no end"}},
		{"marks within a string", "a.json", "[\n {\"_id\":\"x\",\"text\":\"a \"word\" here\"},\n {\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"},\n {\"_id\":\"b\",\"text\":\"Diesel.\"}\n]", both, []string{"-2: not JSON: \"word\\\" here"}},
		{"one bad record in one line", "a.json", `[{"_id":"a","title":"Crane","text":"Lifts."},{"_id":"x","text":oops},{"_id":"b","text":"Diesel."}]`, both, []string{"-1: not JSON: \"oops\""}},
		{"one bad record in a wrapped list", "a.json", "{\"data\":[\n {\"_id\":\"a\",\"title\":\"Crane\",\"text\":\"Lifts.\"},\n {\"_id\":\"x\",\n  \"text\":\n },\n {\"_id\":\"b\",\"text\":\"Diesel.\"}\n]}", both, []string{"-3: not JSON in line 5"}},
		{"a line end in a string", "a.jsonl", "{\"_id\":\"a\",\"text\":\"One\ntwo.\"}", []string{"a |  | One/two."}, nil},
		{"escapes", "a.jsonl", `{"_id":"a","text":"\u00e9\ud83d\ude00 \ud83d \"x\" \/ \\ \q a\tb"}`, []string{"a |  | é😀 \uFFFD \"x\" / \\ q a b"}, nil},
	} {
		c.test(t)
	}
}

// What is JSON reads as encoding/json reads it.
func TestStringsAreThoseOfEncodingJSON(t *testing.T) {
	for _, s := range []string{"", "a", "é", "\U0001F600", "a\"b\\c/d", "line\nline", "\u2028", "<b>&amp;</b>", "tab?"} {
		raw, _ := json.Marshal(s)
		p := &jsonParser{s: string(raw), told: map[string]bool{}}
		v, err := p.value()
		if err != nil || v.text != s || p.at != len(raw) {
			t.Errorf("%s: %q, %v", raw, v.text, err)
		}
	}
}

func TestTangledJSONTakesLinearTime(t *testing.T) {
	for _, part := range []string{`{`, `[`, `{"a":`, `[{"a":`, `{"a":"`, "{\"a\":\"\n", "{\"a\" b}\n", `{"text":oops},`, `"`, `\`, `[1,`, "/*", "//", `{"text":"x"}`, "{x\n", `[[1,2],`, `{"a":{"text":"x"},"b":[`, `"a":`, `]}`, `}`} {
		for _, before := range []string{"", "[", `{"data":[`} {
			begin := time.Now()
			Read("a.json", []byte(before+strings.Repeat(part, 100_000/len(part))), Options{})
			if d := time.Since(begin); d > 5*time.Second {
				t.Errorf("%q and %q again and again takes %v", before, part, d)
			}
		}
	}
}
