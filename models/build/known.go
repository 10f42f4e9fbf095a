package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"parley/shared/durable"
	"parley/shared/index"
	"parley/shared/spelling"
	"parley/shared/wordpiece"
	"parley/shared/words"
)

// writeKnown writes shared/spelling/known.bin: of the words in a file, one a line
// (known.py), those that would be taken for misspellings of another word, of the encoder's
// vocabulary or of the built-in collection: two thirds of all.
func writeKnown(list, models, out string) error {
	data, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	vocabulary, err := os.ReadFile(filepath.Join(models, base, "vocab.txt"))
	if err != nil {
		return err
	}
	t, err := wordpiece.New(vocabulary)
	if err != nil {
		return err
	}
	file, err := os.ReadFile(filepath.Join(models, articles, "index.bin"))
	if err != nil {
		return err
	}
	x, err := index.Open(file)
	if err != nil {
		return err
	}
	var near spelling.Nearest
	var r words.Reader
	var known [][]byte
	for word := range bytes.FieldsSeq(data) {
		found := false
		if near.Seek(word, true) {
			for id := range int32(t.Size()) {
				if piece := []byte(t.Piece(id)); spelling.IsWord(piece) {
					near.Offer(piece, 0)
				}
			}
			found = near.Found() != nil
		}
		r.Each(string(word), func(stem []byte, _, _ int) {
			if !found && near.Seek(stem, false) {
				x.Lexicon.EachWord(func(w []byte, _ uint32) { near.Offer(w, 0) })
				found = near.Found() != nil
			}
		})
		if found {
			known = append(known, word)
		}
	}
	filter := spelling.Filter(known)
	fmt.Printf("%s: %d words, %d bytes\n", out, len(known), len(filter))
	return durable.WriteFile(out, filter)
}
