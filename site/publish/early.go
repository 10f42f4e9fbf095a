package publish

import (
	"bytes"

	inverted "parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// earlyWords is an index of a collection's words alone. A visit over a slow line loads it
// before the encoder and the whole index, and answers by words until these are there.
const earlyWords = "early/words.bin"

// wordsAlone returns the words of an index, nil where it has none.
func wordsAlone(indexed, stored []byte) ([]byte, error) {
	x, err := inverted.Open(indexed)
	if err != nil || x.Words() == 0 {
		return nil, err
	}
	p, err := passages.Open(stored)
	if err != nil {
		return nil, err
	}
	b := inverted.NewBuilder(x.Vocab())
	for i := range p.Len() {
		if err := b.Add(sparse.Vector{}); err != nil {
			return nil, err
		}
		b.AddWords(p.At(i).Title, p.At(i).Text)
	}
	var out bytes.Buffer
	_, err = b.WriteTo(&out)
	return out.Bytes(), err
}
