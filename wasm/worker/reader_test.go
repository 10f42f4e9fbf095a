//go:build !wasip1

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley/shared/encoder"
	"parley/shared/encoder/tiny"
	"parley/shared/message"
)

const readerFile = second + encoder.ReaderFile

// The reader has the bits of native Go, whenever its file comes. A folder without one, or
// with one that does not fit, leaves the other stages as they are, and says why.
func TestTheReaderInTheWorker(t *testing.T) {
	files := few(t)
	engine := withDense(t, files)
	with := tiny.WithReader(tiny.Sentence(engine.Encoder.Vocab(), strings.Replace(settings, "}", ", "+tiny.ReaderSettings+"}", 1)))
	s, err := encoder.LoadSentenceOver(engine.Encoder.Tokenizer, tiny.Files(with))
	if err != nil {
		t.Fatal(err)
	}
	r, err := encoder.LoadReader(s, tiny.Files(with))
	if err := errors.Join(err, engine.SetDense(s, engine.Vectors), engine.SetReader(r)); err != nil {
		t.Fatal(err)
	}
	plain := files[second+"config.json"]
	for name, data := range with {
		files[second+name] = data
	}
	asks := slices.Clone(conversations(t)[:4])
	for i := range asks {
		asks[i].Stage = message.StageRead
	}
	want, err := engine.Digest(asks)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{second + "config.json", second + "model.safetensors", readerFile, denseFile}
	size := 0
	for _, name := range all {
		size += len(files[name])
	}
	for _, simd := range []bool{true, false} {
		w := start(t, simd)
		if simd {
			hand(t, w, files)
			give(t, w, files, all...)
		} else { // before the dense encoder, and before the encoder whose words it shares
			give(t, w, files, readerFile, second+"model.safetensors", second+"config.json")
			hand(t, w, files)
			give(t, w, files, denseFile)
		}
		if d := say(t, w, 1); d.State != message.DenseOn || !d.Reader || d.Bytes != int64(size) || d.Message != "" {
			t.Errorf("simd=%v: %+v, wanted %d bytes", simd, d, size)
		}
		if got, err := w.Digest(asks); err != nil || got != fmt.Sprintf("%016x", want) {
			t.Errorf("simd=%v: digest %s, natively %016x (%v)", simd, got, want, err)
		}
		if !simd {
			continue
		}
		if got := stage(t, w); got != message.StageRead {
			t.Errorf("stage %q", got)
		}
		say(t, w, 0)
		give(t, w, files, second+"config.json", second+"model.safetensors", denseFile)
		if d := say(t, w, 1); d.State != message.DenseOn || d.Reader || d.Message != "" || stage(t, w) != message.StageBoth {
			t.Errorf("without the reader's file: %+v", d)
		}
		for says, file := range map[string][]byte{
			`reader.safetensors: safetensors`:                          files[readerFile][:1000],
			`"encoder.layer.1.attention.self.query.weight" is missing`: files[second+"model.safetensors"],
		} {
			if err := w.File(readerFile, file); err != nil {
				t.Errorf("a reader that does not fit is an error of the file: %v", err)
			}
			if d := say(t, w, 1); d.State != message.DenseOn || d.Reader || d.File != readerFile || !strings.Contains(d.Message, says) || stage(t, w) != message.StageBoth {
				t.Errorf("a reader that does not fit: %+v, want %s", d, says)
			}
		}
		give(t, w, files, readerFile)
		if d := say(t, w, 1); !d.Reader || stage(t, w) != message.StageRead {
			t.Errorf("the right one after that: %+v", d)
		}
		say(t, w, 0)
		files[second+"config.json"] = plain
		give(t, w, files, all...)
		if d := say(t, w, 1); d.State != message.DenseOn || d.Reader || !strings.Contains(d.Message, "names no reader") {
			t.Errorf("a reader that config.json does not name: %+v", d)
		}
		files[second+"config.json"] = with["config.json"]
	}
}
