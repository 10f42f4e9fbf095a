package evaluate

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/answer"
	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/encoder/tiny"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/trainer/embedding"
)

// An engine gets the reader of the dense encoder's folder, with the settings asked for; one
// whose folder has none gets none.
func TestJoinGivesAnEngineItsReader(t *testing.T) {
	models := filepath.Join("..", "..", "models")
	base, err := encoder.Load(folder.Files(filepath.Join(models, "splade-tiny")))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(models, "vital-articles", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	x, err := index.Open(read("index.bin"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := passages.Open(read("passages.bin"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := answer.New(base, x, store)
	if err != nil {
		t.Fatal(err)
	}
	b, row := dense.NewBuilder("tiny", tiny.Dim), make([]float32, tiny.Dim)
	row[0] = 1
	for range store.Len() {
		if err := b.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if _, err := b.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	v, err := dense.Open(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}

	const settings = `{"name": "conv", "space": "tiny", "dense_weight": 1, `
	own := Dense{ReaderResults: -1, ReaderWeight: -1, SentenceWeight: -1}
	join := func(d Dense, files map[string][]byte) error {
		d.Encoder = t.TempDir()
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(d.Encoder, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		s, _, err := embedding.Load(d.Encoder, base.Tokenizer)
		if err != nil {
			t.Fatal(err)
		}
		return d.Join(e, s, v)
	}
	with := tiny.WithReader(tiny.Sentence(base.Vocab(), settings+tiny.ReaderSettings+"}"))
	if err := join(own, with); err != nil || e.Reader.Results != 5 || e.Reader.Weight != 3 || e.Reader.SentenceWeight != 0 {
		t.Errorf("its own settings: %+v, %v", e.Reader, err)
	}
	if a, err := e.Ask(message.Ask{Turns: []message.Turn{{Question: "rivers"}}, Stage: message.StageRead}); err != nil || a.Stage != message.StageRead {
		t.Errorf("stage %q, %v", a.Stage, err)
	}
	if err := join(Dense{ReaderResults: 3, ReaderWeight: 2, SentenceWeight: .5}, with); err != nil || e.Reader.Results != 3 || e.Reader.Weight != 2 || e.Reader.SentenceWeight != .5 {
		t.Errorf("others: %+v, %v", e.Reader, err)
	}
	delete(with, encoder.ReaderFile)
	if err := join(own, with); err == nil || !strings.Contains(err.Error(), encoder.ReaderFile) {
		t.Errorf("without the file that config.json names: %v", err)
	}
	if err := join(own, tiny.Sentence(base.Vocab(), strings.TrimSuffix(settings, ", ")+"}")); err != nil || e.Reader != nil {
		t.Errorf("without a reader: %+v, %v", e.Reader, err)
	}
}
