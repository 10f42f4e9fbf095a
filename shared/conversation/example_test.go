package conversation_test

import (
	"fmt"
	"os"

	"parley/shared/conversation"
	"parley/shared/wordpiece"
)

func ExampleBuild() {
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
	turns := []conversation.Turn{
		{Question: "How tall is the tower?", Reply: "330 m."},
		{Question: "who designed it?"},
	}
	in := conversation.Build(tok, turns, conversation.Form{MaxTokens: 14, HistoryType: 1})
	for i, id := range in.IDs {
		from := in.From[i]
		switch from.Side {
		case conversation.Marker:
			fmt.Println(in.Types[i], tok.Piece(id))
		case conversation.Question:
			fmt.Printf("%d %-8s question %d: %q\n", in.Types[i], tok.Piece(id), from.Turn, turns[from.Turn].Question[from.Start:from.End])
		case conversation.Reply:
			fmt.Printf("%d %-8s reply %d: %q\n", in.Types[i], tok.Piece(id), from.Turn, turns[from.Turn].Reply[from.Start:from.End])
		}
	}
	fmt.Println("older text was dropped:", in.Dropped)
	// Output:
	// 0 [CLS]
	// 0 who      question 1: "who"
	// 0 designed question 1: "designed"
	// 0 it       question 1: "it"
	// 0 ?        question 1: "?"
	// 0 [SEP]
	// 1 330      reply 0: "330"
	// 1 m        reply 0: "m"
	// 1 .        reply 0: "."
	// 1 [SEP]
	// 1 how      question 0: "How"
	// 1 tall     question 0: "tall"
	// 1 is       question 0: "is"
	// 1 [SEP]
	// older text was dropped: true
}
