package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"parley/shared/bundle"
	"parley/shared/cli"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/site/collection"
)

func runQuantize(l *cli.Flags) cli.Run {
	name := l.String("name", "", "`name` of the encoder, shown to people")
	query := l.Int("query-tokens", 0, "longest conversation that is read, in `tokens`, markers included")
	history := l.Int("history-type", 0, "token `type` of all that is not the current question")
	reply := l.Int("reply-tokens", 0, "`tokens` of each reply that are read, from its beginning (0: all)")
	terms := l.Int("query-terms", 0, "heaviest `terms` that a conversation's vector keeps (0: all)")
	words := l.Float64("question-words", 0, "what each word of a question `weighs` as an exact word, of an encoder without a word head (0: words are not searched for; .75 does well)")
	passage := l.Int("passage-tokens", 0, "longest passage that is read, in `tokens`")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		if len(args) != 2 {
			return cli.Usagef("wanted the folder to read and the folder to write")
		}
		in, out := args[0], args[1]
		if samePath(in, out) {
			return cli.Usagef("the folder to write must be another than the folder to read")
		}
		files := folder.Files(in)

		var set *encoder.Settings
		config, err := files("config.json")
		if err != nil {
			return fmt.Errorf("%w; an encoder's folder holds config.json, model.safetensors and vocab.txt", err)
		}
		l.Visit(func(f *cli.Flag) {
			if set == nil {
				set = settingsOf(config)
			}
			switch f.Name {
			case "name":
				set.Name = *name
			case "query-tokens":
				set.QueryTokens = *query
			case "history-type":
				set.HistoryTokenType = *history
			case "reply-tokens":
				set.ReplyTokens = *reply
			case "query-terms":
				set.QueryTerms = *terms
			case "question-words":
				set.QuestionWords = *words
			case "passage-tokens":
				set.PassageTokens = *passage
			}
		})
		made, err := encoder.Quantize(files, set)
		if err != nil {
			return fmt.Errorf("%s: %w", in, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := bundle.OfFiles(made)
		if err != nil {
			return err
		}
		made[bundle.ManifestFile] = m.Encode()
		// Files of another kind of encoder would be read with the new weights.
		if err := durable.PublishFiles(out, made, "vocab.txt", "tokenizer.json", encoder.ReaderFile); err != nil {
			return err
		}
		for _, f := range m.Files {
			fmt.Fprintf(s.Out, "%10d  %s\n", f.Bytes, filepath.Join(out, f.Name))
		}
		enc, err := collection.OpenEncoder(out)
		if enc == nil {
			// It may be a dense encoder, which has no masked-LM head.
			if _, other := encoder.LoadSentence(folder.Files(out)); other == nil {
				return nil
			}
		}
		return err
	}
}

// settingsOf reads the settings in a config.json; those that are missing have the defaults
// of encoder.Load.
func settingsOf(config []byte) *encoder.Settings {
	f := struct {
		Parley encoder.Settings `json:"parley"`
	}{encoder.Settings{QueryTokens: 256, PassageTokens: 256}}
	json.Unmarshal(config, &f) // Quantize gives a better error where this fails
	return &f.Parley
}

func samePath(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
