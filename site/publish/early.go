package publish

import (
	"bytes"
	"fmt"

	inverted "parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// earlyWords is an index of a collection's words alone. A visit over a slow line loads it
// before the encoder and the whole index, and answers by words until these are there.
const earlyWords = "early/words.bin"

// wordsAlone makes that file of the collection among data. There is none where the
// collection is not whole in one index, or has no words.
func wordsAlone(data []file) ([]file, error) {
	var indexed, stored []byte
	for _, f := range data {
		switch f.name {
		case "collection/index.bin":
			indexed = f.content
		case "collection/passages.bin":
			stored = f.content
		}
	}
	if indexed == nil {
		return nil, nil
	}
	x, err := inverted.Open(indexed)
	if err != nil {
		return nil, fmt.Errorf("the collection's index.bin: %w", err)
	}
	if x.Words() == 0 {
		return nil, nil
	}
	p, err := passages.Open(stored)
	if err != nil {
		return nil, fmt.Errorf("the collection's passages.bin: %w", err)
	}
	b := inverted.NewBuilder(x.Vocab())
	for i := range p.Len() {
		if err := b.Add(sparse.Vector{}); err != nil {
			return nil, err
		}
		b.AddWords(p.At(i).Title, p.At(i).Text)
	}
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		return nil, err
	}
	return []file{{name: earlyWords, path: "data/" + hash16(out.Bytes()) + ".words.bin", content: out.Bytes(), later: true}}, nil
}
