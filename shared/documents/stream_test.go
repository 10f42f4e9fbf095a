package documents

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func stream(name string, r io.Reader, o Options) (docs []Document, notes []Note) {
	for d, n := range Stream(name, r, o) {
		if n != nil {
			notes = append(notes, *n)
		} else {
			docs = append(docs, d)
		}
	}
	return docs, notes
}

// What Stream gives is what Read gives, of every format.
func TestStreamGivesWhatReadGives(t *testing.T) {
	var long strings.Builder
	for i := range 20_000 { // several parts
		switch {
		case i%1000 == 7:
			long.WriteString("not a record\r\n")
		case i%500 == 3:
			long.WriteString("\n")
		default:
			fmt.Fprintf(&long, "{\"title\":\"%d\",\"text\":\"%s\"}\n", i, strings.Repeat("x", rand.IntN(90)))
		}
	}
	long.WriteString(`{"text":"the last, without a line end"}`)
	for name, text := range map[string]string{
		"a.jsonl": long.String(), "b.jsonl.gz": long.String(), "one.jsonl": `{"text":"x"}`, "none.jsonl": "", "none.jsonl.gz": "",
		"utf16.jsonl": "\xff\xfe{\x00}\x00", "wide.jsonl": `{"text":"` + strings.Repeat("y", 2<<20) + "\"}\n{\"text\":\"z\"}",
		"d.docx": word(t, `<w:p>`+wr("Text.")+`</w:p>`), "d.docx.gz": word(t, `<w:p>`+wr("Text.")+`</w:p>`), "no.docx": "", "b.xlsx": workbookOf(t), "e.epub": "{\\rtf",
		"a.md": "# T\n\ntext", "a.md.gz": "# T\n\ntext", "t.csv": "id,text\n1,one\n", "p.pdf": "%PDF", "j.json": `[{"text":"x"}]`, "bad.md": "a\x00b",
		"pretty.jsonl": strings.Repeat("{\n  \"title\": \"T\",\n  \"text\": \""+strings.Repeat("y", 3000)+"\"\n}\n", 1000), "latin.jsonl": strings.Repeat("{\"text\":\"caf\xe9\"}\n", 5) + long.String(),
		"list.jsonl": "[" + strings.Repeat("{\"text\":\""+strings.Repeat("y", 3000)+"\"},\n", 1000) + "]",
	} {
		data := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			data = []byte(zipped(t, text))
		}
		docs, notes := Read(name, data, Options{})
		gotDocs, gotNotes := stream(name, bytes.NewReader(data), Options{})
		if !reflect.DeepEqual(docs, gotDocs) || !reflect.DeepEqual(notes, gotNotes) {
			t.Errorf("%s: %d documents and %.300v, wanted %d and %.300v", name, len(gotDocs), gotNotes, len(docs), notes)
		}
	}
}

// endless gives a line for ever.
type endless struct{ line []byte }

func (e endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], e.line)
	}
	return n, nil
}

func TestStreamHoldsLittle(t *testing.T) {
	// 40 MB of records, taken one at a time, are never in memory together.
	line := []byte(`{"text":"` + strings.Repeat("x", 1<<16-12) + "\"}\n")
	seen, most := 0, uint64(0)
	for d, n := range Stream("x.jsonl", io.LimitReader(endless{line}, 40<<20), Options{}) {
		if n != nil && seen < 600 {
			t.Fatal(n)
		}
		_ = d
		if seen++; seen%200 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if seen < 600 || most > 16<<20 {
		t.Errorf("%d records, %d MB held", seen, most>>20)
	}
	// A line that does not end is given up, and a file that breaks off is read as far as it goes.
	_, notes := stream("x.jsonl", endless{[]byte(strings.Repeat("x", 1<<16))}, Options{})
	if len(notes) != 1 || !strings.Contains(notes[0].Why, "a line of more than 64 MiB") {
		t.Errorf("%.300v", notes)
	}
	packed := []byte(zipped(t, strings.Repeat("{\"text\":\"x\"}\n", 1000)))
	docs, notes := stream("x.jsonl.gz", bytes.NewReader(packed[:len(packed)-12]), Options{})
	if len(docs) == 0 || len(notes) != 1 || !strings.Contains(notes[0].Why, "ends too early") {
		t.Errorf("%d documents, %v", len(docs), notes)
	}
}
