package wordpiece_test

import (
	"fmt"
	"os"

	"parley/shared/wordpiece"
)

func Example() {
	vocab, err := os.ReadFile("../../models/splade-tiny/vocab.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	tok, err := wordpiece.New(vocab)
	if err != nil {
		fmt.Println(err)
		return
	}
	text := "Who designed Gaudí's café? [SEP]"
	for _, k := range tok.Append(nil, text, -1) {
		fmt.Printf("%5d %-9s %q\n", k.ID, tok.Piece(k.ID), text[k.Start:k.End])
	}
	// Output:
	//  2040 who       "Who"
	//  2881 designed  "designed"
	// 11721 ga        "Ga"
	// 21041 ##udi     "udí"
	//  1005 '         "'"
	//  1055 s         "s"
	//  7668 cafe      "café"
	//  1029 ?         "?"
	//  1031 [         "["
	// 19802 sep       "SEP"
	//  1033 ]         "]"
}
