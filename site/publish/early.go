package publish

import (
	"fmt"
	"slices"

	inverted "parley/shared/index"
)

// wordsFile has a collection's words, apart from the learned terms in index.bin: a visit
// over a slow line has them before the encoder, and answers by them until it is there. As a
// rule it need not load them, since it can count them in the texts.
const wordsFile = "collection/words.bin"

// withWordsApart cuts index.bin among data in two, where it has words.
func withWordsApart(data []file) ([]file, error) {
	i := slices.IndexFunc(data, func(f file) bool { return f.name == "collection/index.bin" })
	if i < 0 {
		return data, nil
	}
	learned, words, err := inverted.Split(data[i].content)
	if err != nil {
		return nil, fmt.Errorf("the collection's index.bin: %w", err)
	}
	if words == nil {
		return data, nil
	}
	data = slices.Clone(data)
	data[i] = inData("collection/index.bin", learned)
	return slices.Insert(data, i+1, inData(wordsFile, words)), nil
}
