package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/index"
	"parley/shared/link"
	"parley/shared/passages"
	"parley/shared/pdf"
	"parley/shared/sparse"
	"parley/shared/transcript"
	"parley/site/collection"
	"parley/site/collection/tiny"
)

// must returns a desk with the tests' encoder.
func opened(t *testing.T) *desk {
	t.Helper()
	d := &desk{}
	for name, content := range tiny.Files(1) {
		give(t, d, "encoder/"+name, content)
	}
	if _, err := d.open(struct{}{}); err != nil {
		t.Fatal(err)
	}
	return d
}

func give(t *testing.T, d *desk, name string, content []byte) any {
	t.Helper()
	out, err := d.file(name, content)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

var notes = map[string]string{
	"a/tea.md":     "# Tea\n\n" + strings.Repeat("Tea is a leaf in hot water. ", 30) + "\n\n## China\n\n" + strings.Repeat("Green tea from china. ", 20),
	"a.txt":        "A whale is not a fish in the sea.",
	"faq.csv":      "question,answer\nWhat is a star?,The sun is a star.\nWhat is a moon?,It orbits a planet.\n",
	"page.html":    "<title>Paris</title><h1>Tower</h1><p>The iron tower in paris.</p>",
	"picture.jpeg": "\xff\xd8",
}

// order is that of the command line's walk through a folder.
var order = []string{"a/tea.md", "a.txt", "faq.csv", "page.html", "picture.jpeg"}

// read reads all notes.
func read(t *testing.T, d *desk) (documents, cut int, left []string) {
	t.Helper()
	for _, name := range order {
		r := give(t, d, "document/"+name, []byte(notes[name])).(*Read)
		documents += r.Documents
		cut += r.Passages
		left = append(left, r.Notes...)
	}
	return documents, cut, left
}

// commandLine returns the collection that `parley index` makes of the same files.
func commandLine(t *testing.T) map[string][]byte {
	t.Helper()
	dir, enc := filepath.Join(t.TempDir(), "notes"), filepath.Join(t.TempDir(), "enc")
	if err := tiny.Write(enc, 1); err != nil {
		t.Fatal(err)
	}
	for name, text := range notes {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	e, err := collection.OpenEncoder(enc)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := collection.Read([]string{dir}, documents.Options{}, "", func(documents.Note) {})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if _, err := collection.Build(t.Context(), e, docs, out, collection.Options{About: passages.About{Title: "Notes"}}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range []string{"index.bin", "passages.bin", "manifest.json"} {
		if files[name], err = os.ReadFile(filepath.Join(out, name)); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func sameFiles(t *testing.T, d *desk, want map[string][]byte) {
	t.Helper()
	if _, err := d.build(struct{}{}); err != nil {
		t.Fatal(err)
	}
	for _, f := range d.made {
		if !bytes.Equal(f.Content, want[f.Name]) {
			t.Errorf("%s is not what the command line writes", f.Name)
		}
	}
	if len(d.made) != len(want) {
		t.Errorf("%d files, want %d", len(d.made), len(want))
	}
}

type slice = struct {
	MS float64 `json:"ms"`
}

func TestACollectionIsTheCommandLines(t *testing.T) {
	d := opened(t)
	if _, err := d.begin(Begin{"Notes"}); err != nil {
		t.Fatal(err)
	}
	docs, cut, left := read(t, d)
	if docs != 5 || cut < 6 || len(left) != 1 || !strings.Contains(left[0], "picture.jpeg") {
		t.Fatalf("%d documents, %d passages, left out %q", docs, cut, left)
	}
	for n := 1; ; n++ {
		p, err := d.encode(slice{}) // the least there is: a passage
		if err != nil {
			t.Fatal(err)
		}
		if p.Done != n || p.Total != cut {
			t.Fatalf("after %d: %+v", n, p)
		}
		if p.Done == p.Total {
			break
		}
		// It can be searched while it grows.
		if _, err := d.build(struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	sameFiles(t, d, commandLine(t))
}

func TestARunThatWasCutOffGoesOn(t *testing.T) {
	d := opened(t)
	d.begin(Begin{"Notes"})
	read(t, d)
	var batches [][]byte
	for i := range 3 {
		if _, err := d.encode(slice{}); err != nil {
			t.Fatal(err)
		}
		if i > 0 { // the first batch holds two passages
			batches = append(batches, d.saves(t, false))
		}
	}
	if _, err := d.allPassages(struct{}{}); err != nil {
		t.Fatal(err)
	}
	all := d.kept

	d = opened(t)
	d.begin(Begin{"Notes"})
	give(t, d, "passages", all)
	for i, b := range batches {
		if p := give(t, d, "vectors", b).(*Progress); p.Done != 2+i {
			t.Fatalf("%+v", p)
		}
	}
	if _, err := d.encode(slice{1e9}); err != nil {
		t.Fatal(err)
	}
	sameFiles(t, d, commandLine(t))
}

// saves returns the vectors made since the last batch.
func (d *desk) saves(t *testing.T, dense bool) []byte {
	t.Helper()
	b, err := d.batch(struct {
		Dense bool `json:"dense"`
	}{dense})
	if err != nil || b.Count == 0 || b.Bytes != len(d.kept) {
		t.Fatalf("%+v, %v", b, err)
	}
	return bytes.Clone(d.kept)
}

// A batch is accepted only where it continues, for exactly the passages that it was made
// of; a batch that is refused changes nothing.
func TestBatchesOfOtherPassagesAreRefused(t *testing.T) {
	begun := func(names ...string) *desk {
		d := opened(t)
		d.begin(Begin{"Notes"})
		for _, name := range names {
			give(t, d, "document/"+name, []byte(notes[name]))
		}
		return d
	}
	d := begun(order...)
	if _, err := d.encode(slice{}); err != nil {
		t.Fatal(err)
	}
	first := d.saves(t, false)
	if _, err := d.encode(slice{}); err != nil {
		t.Fatal(err)
	}
	second := d.saves(t, false)
	if b, err := d.batch(struct {
		Dense bool `json:"dense"`
	}{}); err != nil || b.Count != 0 {
		t.Errorf("nothing is packed as %+v, %v", b, err)
	}
	flipped := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1
		return b
	}
	others := begun(order[1], order[0], order[2], order[3]) // as many, in another order
	for name, c := range map[string]struct {
		d *desk
		b []byte
	}{
		"other passages":          {others, first},
		"a gap":                   {begun(order...), second},
		"a damaged one":           {begun(order...), flipped(first, len(first)-9)},
		"a damaged checksum":      {begun(order...), flipped(first, len(first)-1)},
		"one cut short":           {begun(order...), first[:len(first)-1]},
		"nothing":                 {begun(order...), nil},
		"vectors without a batch": {begun(order...), []byte{1, 5, 0, 0, 0x80, 0x3f}},
		"more than there are":     {begun(order[1]), appendBatch(sparseMagic, begun(order[1]).fingerprint(), 0, 2, make([]byte, 2))},
		"fewer than it says":      {begun(order...), appendBatch(sparseMagic, d.fingerprint(), 0, 2, []byte{0})},
		"dense vectors":           {begun(order...), appendBatch(denseMagic, d.fingerprint(), 0, 1, []byte{0})},
	} {
		if _, err := c.d.file("vectors", c.b); !errors.Is(err, errBatch) {
			t.Errorf("%s: %v", name, err)
		}
		if c.d.builder.Len() != 0 {
			t.Errorf("%s: %d vectors are there", name, c.d.builder.Len())
		}
	}
	give(t, d, "document/a.txt", []byte("twice")) // other passages from here on
	d = begun(order...)
	give(t, d, "vectors", first)
	if _, err := d.file("vectors", first); !errors.Is(err, errBatch) {
		t.Errorf("the same batch twice: %v", err)
	}
	if p := give(t, d, "vectors", second).(*Progress); p.Done != 2 {
		t.Errorf("%+v", p)
	}
}

// The worked example of batch.go, by hand but for the fingerprint and the CRC.
func TestBatchBytes(t *testing.T) {
	var of fingerprint
	copy(of[:], "0123456789abcdef")
	b := appendBatch(sparseMagic, of, 300, 1, collect.AppendVectors(nil, sparse.Vector{Terms: []uint32{5}, Weights: []float32{1}}))
	want := "PBS1" + "0123456789abcdef" + "\xac\x02\x01" + "\x01\x05\x00\x00\x80\x3f"
	if len(b) != len(want)+4 || string(b[:len(want)]) != want {
		t.Errorf("%q", b)
	}
	if v, n, err := openBatch(b, sparseMagic, of, 300, 301); err != nil || n != 1 || len(v) != 6 {
		t.Errorf("%x, %d, %v", v, n, err)
	}
}

func FuzzBatch(f *testing.F) {
	var of fingerprint
	f.Add(appendBatch(sparseMagic, of, 0, 1, []byte{0}), 0, 3)
	f.Add([]byte("PBS1"), 1, 1)
	f.Fuzz(func(t *testing.T, b []byte, first, total int) {
		first, total = first&0xffff, total&0xffff
		v, n, err := openBatch(b, sparseMagic, of, first, total)
		if err != nil {
			return
		}
		if n < 0 || first+n > total {
			t.Fatalf("%d vectors after %d of %d", n, first, total)
		}
		again, m, err := openBatch(appendBatch(sparseMagic, of, first, n, v), sparseMagic, of, first, total)
		if err != nil || m != n || !bytes.Equal(again, v) {
			t.Errorf("written again: %d vectors, not %d, %v", m, n, err)
		}
	})
}

// finished encodes the rest and returns the collection's files.
func finished(t *testing.T, d *desk) map[string][]byte {
	t.Helper()
	if _, err := d.encode(slice{1e9}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.build(struct{}{}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range d.made {
		files[f.Name] = bytes.Clone(f.Content)
	}
	return files
}

// with adds documents to a collection.
func (d *desk) with(t *testing.T, old map[string][]byte, added map[string]string, names ...string) *Extended {
	t.Helper()
	if _, err := d.begin(Begin{"Notes"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		give(t, d, "document/"+name, []byte(added[name]))
	}
	give(t, d, "collection/index.bin", old["index.bin"])
	give(t, d, "collection/passages.bin", old["passages.bin"])
	e, err := d.extend(struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Documents added later make the same collection as all of them at once.
func TestDocumentsAreAdded(t *testing.T) {
	d := opened(t)
	d.begin(Begin{"Notes"})
	for _, name := range order[:2] {
		give(t, d, "document/"+name, []byte(notes[name]))
	}
	old := finished(t, d)
	e := d.with(t, old, notes, order[2:4]...)
	vectors := d.saves(t, false)
	if len(e.Replaced) != 0 || e.Kept == 0 {
		t.Fatalf("%+v", e)
	}
	if _, err := d.allPassages(struct{}{}); err != nil {
		t.Fatal(err)
	}
	all := bytes.Clone(d.kept)
	want := commandLine(t)
	got := finished(t, d)
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s is not that of all documents at once", name)
		}
	}

	// Cut off before anything was encoded, it goes on from what was kept.
	d = opened(t)
	d.begin(Begin{"Notes"})
	give(t, d, "passages", all)
	if p := give(t, d, "vectors", vectors).(*Progress); p.Done != e.Kept || p.Total == p.Done {
		t.Fatalf("%+v", p)
	}
	finished(t, d)
	sameFiles(t, d, want)

	// A document that is there already is encoded again, however many passages it had.
	fresh := map[string]string{"a/tea.md": "# Tea\n\nTea is a plant in china.", "a.txt": "A whale is a fish."}
	if e = d.with(t, want, fresh, "a/tea.md", "a.txt"); strings.Join(e.Replaced, " ") != "a/tea.md a.txt" || e.Kept != 3 {
		t.Errorf("%+v", e)
	}
	store, err := passages.Open(finished(t, d)["passages.bin"])
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range store.Len() {
		ids = append(ids, store.At(i).ID)
	}
	if got := strings.Join(ids, " "); got != "faq.csv:2 faq.csv:3 page.html a/tea.md a.txt" {
		t.Errorf("the passages are %s", got)
	}
}

// A collection made before there were words gets them, for old and new passages, when
// documents are added to it.
func TestACollectionWithoutWordsGetsThem(t *testing.T) {
	d := opened(t)
	d.begin(Begin{"Notes"})
	for _, name := range order[:2] {
		give(t, d, "document/"+name, []byte(notes[name]))
	}
	old := finished(t, d)
	x, store, err := collect.Join(old["index.bin"], old["passages.bin"])
	if err != nil || x.Words() == 0 {
		t.Fatal(x.Words(), err)
	}
	b := index.NewBuilder(x.Vocab())
	for _, v := range x.Vectors() {
		if err := b.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	var without bytes.Buffer
	if _, err := b.WriteTo(&without); err != nil {
		t.Fatal(err)
	}
	old["index.bin"] = without.Bytes()
	if x, err := index.Open(without.Bytes()); err != nil || x.Words() != 0 {
		t.Fatal(x.Words(), err)
	}

	// As it is, it opens.
	m, err := collect.Manifest([]collect.File{{Name: "index.bin", Content: old["index.bin"]}, {Name: "passages.bin", Content: old["passages.bin"]}})
	if err != nil {
		t.Fatal(err)
	}
	old["manifest.json"] = m.Content
	for name, content := range old {
		give(t, d, "collection/"+name, content)
	}
	if a, err := d.adopt(struct{}{}); err != nil || a.Passages != store.Len() {
		t.Fatalf("%+v, %v", a, err)
	}

	d.with(t, old, notes, order[2:4]...)
	want := commandLine(t)
	got := finished(t, d)
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s is not that of all documents at once", name)
		}
	}
}

func TestWhatCannotBeAddedToIsRefused(t *testing.T) {
	want := commandLine(t)
	other, err := passages.Open(want["passages.bin"])
	if err != nil {
		t.Fatal(err)
	}
	texts := func(about passages.About, n int) []byte {
		b := passages.NewBuilder(about)
		for i := range n {
			if err := b.Add(other.At(i)); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		if _, err := b.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	about := other.About()
	elsewhere := about
	elsewhere.Encoder = "another"
	namesake := about
	namesake.Fingerprint += "1"
	for name, texts := range map[string][]byte{
		"another encoder": texts(elsewhere, other.Len()),
		"made by another": texts(namesake, other.Len()),
		"do not belong":   texts(about, other.Len()-1),
		"passages":        []byte("no passages"),
	} {
		d := opened(t)
		d.begin(Begin{"Notes"})
		give(t, d, "document/a.txt", []byte("A whale."))
		give(t, d, "collection/index.bin", want["index.bin"])
		give(t, d, "collection/passages.bin", texts)
		if _, err := d.extend(struct{}{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := opened(t)
	if _, err := d.extend(struct{}{}); err == nil {
		t.Error("nothing was begun, and nothing was given")
	}
}

func TestExportAndOpen(t *testing.T) {
	want := commandLine(t)
	d := opened(t)
	give(t, d, "collection/index.bin", want["index.bin"])
	give(t, d, "collection/passages.bin", want["passages.bin"])
	if _, err := d.pack(struct{}{}); err != nil {
		t.Fatal(err)
	}
	archive := d.kept

	// The command line reads the archive as it does the folder.
	at := filepath.Join(t.TempDir(), "notes.zip")
	if err := os.WriteFile(at, archive, 0o666); err != nil {
		t.Fatal(err)
	}
	x, store, err := collection.Open(at)
	if err != nil || x.Docs() != store.Len() || store.About().Title != "Notes" {
		t.Errorf("%+v, %v", store, err)
	}

	// The page reads either.
	give(t, d, "collection/notes.zip", archive)
	a, err := d.adopt(struct{}{})
	if err == nil && a.Conversation != "" {
		t.Errorf("a conversation that nobody gave: %q", a.Conversation)
	}
	if err != nil || a.Passages != store.Len() || a.About.Title != "Notes" {
		t.Fatalf("%+v, %v", a, err)
	}
	for name, content := range want {
		give(t, d, "collection/"+name, content)
	}
	if _, err := d.adopt(struct{}{}); err != nil {
		t.Fatal(err)
	}

	give(t, d, "collection/passages.bin", want["passages.bin"])
	if _, err := d.retitle(Begin{"Other notes"}); err != nil {
		t.Fatal(err)
	}
	if s, err := passages.Open(d.kept); err != nil || s.About().Title != "Other notes" || s.Len() != store.Len() {
		t.Errorf("%+v, %v", s, err)
	}
}

// described returns a collection's files with another description.
func described(t *testing.T, files map[string][]byte, change func(*passages.About)) map[string][]byte {
	t.Helper()
	store, err := passages.Open(files["passages.bin"])
	if err != nil {
		t.Fatal(err)
	}
	about := store.About()
	change(&about)
	b := passages.NewBuilder(about)
	for i := range store.Len() {
		if err := b.Add(store.At(i)); err != nil {
			t.Fatal(err)
		}
	}
	var texts bytes.Buffer
	if _, err := b.WriteTo(&texts); err != nil {
		t.Fatal(err)
	}
	list, err := collect.Manifest([]collect.File{{Name: "index.bin", Content: files["index.bin"]}, {Name: "passages.bin", Content: texts.Bytes()}})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"index.bin": files["index.bin"], "passages.bin": texts.Bytes(), "manifest.json": list.Content}
}

// What was made before collections kept their encoder's fingerprint is taken, with a note.
func TestACollectionWithoutAFingerprintIsTakenWithANote(t *testing.T) {
	want := commandLine(t)
	older := described(t, want, func(a *passages.About) { a.Fingerprint = "" })
	for noted, files := range map[bool]map[string][]byte{false: want, true: older} {
		d := opened(t)
		for n, content := range files {
			give(t, d, "collection/"+n, content)
		}
		if a, err := d.adopt(struct{}{}); err != nil || (len(a.Told) > 0) != noted {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

// Vectors of an encoder that has since been replaced by another of its name are made again.
func TestBatchesOfAnotherEncoderAreRefused(t *testing.T) {
	d := opened(t)
	d.begin(Begin{"Notes"})
	give(t, d, "document/a.txt", []byte("A whale."))
	if _, err := d.encode(slice{}); err != nil {
		t.Fatal(err)
	}
	batch := d.saves(t, false)
	if _, err := d.allPassages(struct{}{}); err != nil {
		t.Fatal(err)
	}
	all := d.kept
	files := tiny.Files(1)
	files["model.safetensors"] = tiny.Files(2)["model.safetensors"]
	namesake := &desk{}
	for name, content := range files {
		give(t, namesake, "encoder/"+name, content)
	}
	if _, err := namesake.open(struct{}{}); err != nil {
		t.Fatal(err)
	}
	namesake.begin(Begin{"Notes"})
	give(t, namesake, "passages", all)
	if _, err := namesake.file("vectors", batch); !errors.Is(err, errBatch) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoCollectionIsRefused(t *testing.T) {
	want := commandLine(t)
	flip := bytes.Clone(want["index.bin"])
	flip[len(flip)/2] ^= 1
	// The same passages, said to be of an encoder of the same vocabulary.
	another := described(t, want, func(a *passages.About) { a.Encoder = "another" })
	namesake := described(t, want, func(a *passages.About) { a.Fingerprint += "1" })
	for name, files := range map[string]map[string][]byte{
		"nothing":          {},
		"another encoder":  another,
		"a namesake":       namesake,
		"no manifest":      {"index.bin": want["index.bin"], "passages.bin": want["passages.bin"]},
		"a damaged index":  {"index.bin": flip, "passages.bin": want["passages.bin"], "manifest.json": want["manifest.json"]},
		"no archive":       {"x.zip": []byte("PK")},
		"a wrong manifest": {"index.bin": want["index.bin"], "passages.bin": want["passages.bin"], "manifest.json": []byte("{}")},
	} {
		d := opened(t)
		for n, content := range files {
			give(t, d, "collection/"+n, content)
		}
		if a, err := d.adopt(struct{}{}); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestCallsOutOfOrderFail(t *testing.T) {
	d := &desk{}
	if _, err := d.begin(Begin{}); err == nil {
		t.Error("begun without an encoder")
	}
	if _, err := d.encode(slice{}); err == nil {
		t.Error("encoded without a collection")
	}
	if _, err := d.file("document/a.txt", nil); err == nil {
		t.Error("read without a collection")
	}
	if _, err := d.file("elsewhere", nil); err == nil {
		t.Error("a file without a place was taken")
	}
}

func TestConversationsOfDataSets(t *testing.T) {
	for _, file := range []string{"topiocqa.json", "cast2019.json", "cast2020.json", "cast2021.json", "cast2022tree.json",
		"parley.jsonl", "qrecc.json", "canard.json", "quac.json", "ikat.json"} {
		content, err := os.ReadFile(filepath.Join("../../shared/importers/testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		d := &desk{}
		give(t, d, "conversation/"+file, content)
		list, err := d.conversations(struct {
			Name string `json:"name"`
		}{file})
		if err != nil || len(list) == 0 || list[0].Turns < 2 {
			t.Errorf("%s: %+v, %v", file, list, err)
		}
		for _, c := range list {
			if l, err := link.Parse(c.Text); err != nil || len(l.Turns) != c.Turns || l.Turns[0].Question != c.First {
				t.Errorf("%s, %s: %+v, %v", file, c.Name, l, err)
			}
		}
	}
}

// A text is a conversation, a question a line; what is neither that nor a data set is not.
func TestConversationsInText(t *testing.T) {
	open := func(content string) ([]Imported, error) {
		d := &desk{}
		give(t, d, "conversation/a/talk.txt", []byte(content))
		return d.conversations(struct {
			Name string `json:"name"`
		}{"a/talk.txt"})
	}
	list, err := open("When was the Eiffel Tower built?\nwho designed it?\n👍\n")
	if err != nil || len(list) != 1 || list[0].Name != "talk.txt" || list[0].Turns != 3 || list[0].Text != "parley 1\n? When was the Eiffel Tower built?\n? who designed it?\n? 👍" {
		t.Errorf("%+v, %v", list, err)
	}
	for content, want := range map[string]string{`{"neither": 1}`: "no conversations that can be read", "w\x00h\x00o\x00?\x00": "UTF-16LE", "": "no question"} {
		if list, err := open(content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v", content, list, err)
		}
	}
}

// Each importer is tried, and a conversation's length is all the room that it takes.
func TestALongConversationIsOpened(t *testing.T) {
	const turns = 4000
	d := &desk{}
	give(t, d, "conversation/x", []byte(`{"id":"c","turns":[`+strings.Repeat(`{"question":"q"},`, turns-1)+`{"question":"q"}]}`))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	list, err := d.conversations(struct {
		Name string `json:"name"`
	}{"x"})
	runtime.ReadMemStats(&after)
	if err != nil || len(list) != 1 || list[0].Turns != turns {
		t.Fatalf("%d conversations, %v", len(list), err)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 64 {
		t.Errorf("%d turns took %d MB", turns, mb)
	}
}

// What is exported as TREC topics or JSON is a conversation to import.
func TestTranscriptsAreReadAgain(t *testing.T) {
	c := transcript.Conversation{Collection: "Notes", Turns: []transcript.Exchange{
		{Question: "What is tea?", Reply: "Tea is a leaf.", ID: "tea"}, {Question: "and coffee?", Read: "alone"}}}
	for _, form := range []transcript.Form{transcript.JSON, transcript.TREC} {
		var in struct {
			Form         transcript.Form         `json:"form"`
			Conversation transcript.Conversation `json:"conversation"`
		}
		body, _ := json.Marshal(map[string]any{"form": form, "conversation": c})
		if err := unmarshal(body, &in); err != nil {
			t.Fatal(err)
		}
		d := &desk{}
		if _, err := d.transcript(in); err != nil {
			t.Fatal(err)
		}
		give(t, d, "conversation/a.json", d.kept)
		list, err := d.conversations(struct {
			Name string `json:"name"`
		}{"a.json"})
		if err != nil || len(list) != 1 || list[0].Turns != 2 || !strings.Contains(list[0].Text, "\n? What is tea?\n") || !strings.HasSuffix(list[0].Text, "\n? and coffee?"+map[transcript.Form]string{transcript.JSON: "\nread alone"}[form]) {
			t.Errorf("%s: %+v, %v", form, list, err)
		}
	}
}

// Two files may both number from 1: an added document replaces only the older version of
// itself.
func TestAddedRecordsOfAnotherFileReplaceNothing(t *testing.T) {
	d := opened(t)
	d.begin(Begin{"Notes"})
	files := map[string]string{
		"one.csv":  "id,question,answer\n1,Is tea a plant?,Tea is a plant.\n2,Is a whale a fish?,It is not.\n",
		"two.csv":  "id,question,answer\n1,Who built the tower?,It was built by an engineer.\n",
		"two2.csv": "id,question,answer\n1,Who built the tower?,An engineer in paris.\n",
	}
	give(t, d, "document/one.csv", []byte(files["one.csv"]))
	first := finished(t, d)
	e := d.with(t, first, files, "two.csv")
	if len(e.Replaced) != 0 || e.Kept != 2 {
		t.Fatalf("%+v", e)
	}
	second := finished(t, d)
	ids := func(files map[string][]byte) string {
		t.Helper()
		store, err := passages.Open(files["passages.bin"])
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for i := range store.Len() {
			list = append(list, store.At(i).ID+" "+store.At(i).Text)
		}
		return strings.Join(list, "; ")
	}
	if got := ids(second); got != "1 Tea is a plant.; 2 It is not.; two.csv/1 It was built by an engineer." {
		t.Error(got)
	}
	// Its later version, of the same name.
	files["two.csv"] = files["two2.csv"]
	if e = d.with(t, second, files, "two.csv"); strings.Join(e.Replaced, " ") != "two.csv/1" || e.Kept != 2 {
		t.Errorf("%+v", e)
	}
	if got := ids(finished(t, d)); got != "1 Tea is a plant.; 2 It is not.; two.csv/1 An engineer in paris." {
		t.Error(got)
	}
}

func TestAPersonSaysWhatTheColumnsAre(t *testing.T) {
	d := opened(t)
	d.begin(Begin{"Notes"})
	const table = "north,south\nTea,Hot\nSea,Wet\n"
	r := give(t, d, "document/a.csv", []byte(table)).(*Read)
	if r.Ask == nil || r.Documents != 0 || len(r.Ask.Rows) != 2 {
		t.Fatalf("%+v", r)
	}
	if _, err := d.setColumns(documents.Columns{Title: "north", Text: "south"}); err != nil {
		t.Fatal(err)
	}
	if r := give(t, d, "document/a.csv", []byte(table)).(*Read); r.Ask != nil || r.Documents != 2 {
		t.Errorf("%+v", r)
	}
	if r := give(t, d, "document/a.csv", []byte(table)).(*Read); r.Ask == nil {
		t.Error("it holds for the next document alone")
	}
	if r := give(t, d, "document/x/.git/config", []byte("x")).(*Read); len(r.Notes) != 1 || r.Notes[0] != "x/.git/config: in x/.git: hidden" {
		t.Errorf("%+v", r)
	}
}

// Of a PDF whose reading was cancelled, no page comes back when it is given once more.
func TestACancelledPDFIsReadFromItsBeginning(t *testing.T) {
	line := func(text string) []byte {
		p := pdf.Page{Height: 842}
		for i, r := range text {
			x := 72 + 5*float32(i)
			p.Chars = append(p.Chars, pdf.Char{Rune: r, Left: x, Right: x + 4, Bottom: 700, Top: 707, Size: 10, Weight: 400})
		}
		return pdf.AppendPage(nil, p)
	}
	d := opened(t)
	for range 2 {
		if _, err := d.begin(Begin{Title: "Notes"}); err != nil {
			t.Fatal(err)
		}
		give(t, d, "pdf-page/tea.pdf", line("The iron tower is in paris."))
	}
	if r := give(t, d, "pdf/tea.pdf", []byte("{}")).(*Read); r.Documents != 1 || len(d.list) != 1 || d.list[0].Text != "The iron tower is in paris." {
		t.Errorf("%+v: %+v", r, d.list)
	}
}

// A conversation goes along with the collection that it is about. Several collections
// become one.
func TestSharedAndJoined(t *testing.T) {
	want := commandLine(t)
	d := opened(t)
	give(t, d, "collection/index.bin", want["index.bin"])
	give(t, d, "collection/passages.bin", want["passages.bin"])
	give(t, d, "collection/conversation.json", []byte(`{"turns":[]}`))
	if _, err := d.pack(struct{}{}); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(t.TempDir(), "notes.zip")
	if err := os.WriteFile(at, d.kept, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := collection.Open(at); err != nil {
		t.Errorf("the command line does not read it: %v", err)
	}
	give(t, d, "collection/notes.zip", d.kept)
	if a, err := d.adopt(struct{}{}); err != nil || a.Conversation != `{"turns":[]}` {
		t.Errorf("%+v, %v", a, err)
	}

	for _, n := range []string{"0", "1"} {
		give(t, d, "join/"+n+"/index.bin", want["index.bin"])
		give(t, d, "join/"+n+"/passages.bin", want["passages.bin"])
	}
	if _, err := d.join(struct {
		Names []string `json:"names"`
	}{[]string{"Notes", "Notes"}}); err != nil {
		t.Fatal(err)
	}
	x, store, err := collect.Join(d.made[0].Content, d.made[1].Content)
	if err != nil {
		t.Fatal(err)
	}
	_, one, err := collect.Join(want["index.bin"], want["passages.bin"])
	if err != nil {
		t.Fatal(err)
	}
	if store.Len() != 2*one.Len() || x.Docs() != store.Len() || store.About().Title != "Notes and Notes 2" || store.At(one.Len()).Collection != "Notes 2" || store.At(one.Len()).Text != one.At(0).Text {
		t.Errorf("%d passages of %q, after %d of one: %+v", store.Len(), store.About().Title, one.Len(), store.At(one.Len()))
	}
	if _, err := d.join(struct {
		Names []string `json:"names"`
	}{[]string{"Notes", "Lost"}}); err == nil {
		t.Error("collections were joined that nobody gave")
	}
}
