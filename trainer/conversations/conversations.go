// Package conversations holds and checks the project's own data set: conversations
// that a visitor could have with a search engine over models/vital-articles, each
// question with its self-contained rewrite, its reply and the articles that answer.
//
// The data lie beside this file, in the form that shared/judged reads: train, dev and
// test, and choice, on which settings are chosen, together with dev. pooled.tsv has
// judgements of dev and choice beyond the writer's, factbook.tsv those of the World
// Factbook's passages (pooled.go).
//
// check.go holds what is asked of the set, duplicates.go and standalone.go two of its
// rules, stats.go its table, export.go the forms of BEIR and TREC.
package conversations

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"parley/shared/judged"
	"parley/shared/passages"
)

// Version of the set. The test split changes only with it.
const Version = 1

// Splits are those of the set as it was written first: what they hold and their shares
// of it stay as they are.
var Splits = []string{"train", "dev", "test"}

// Choice is the split that was written later, to choose settings on.
const Choice = "choice"

// All are the splits in the order of tables.
var All = append(slices.Clone(Splits), Choice)

// A Set is the whole data set, by split.
type Set map[string][]judged.Conversation

// Open reads DIR/{train,dev,test,choice}.jsonl, DIR/pooled.tsv and DIR/factbook.tsv. The
// last three may be missing: a set without the first two of them has nothing to choose on.
func Open(dir string) (Set, error) {
	s := Set{}
	var errs []error
	for _, split := range Splits {
		list, err := Read(filepath.Join(dir, split+".jsonl"))
		s[split] = list
		errs = append(errs, err)
	}
	list, err := Read(filepath.Join(dir, Choice+".jsonl"))
	if err == nil {
		s[Choice] = list
	} else if !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	if err := s.readPooled(filepath.Join(dir, "pooled.tsv")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	if err := s.readFactbook(filepath.Join(dir, "factbook.tsv")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	return s, errors.Join(errs...)
}

// Read reads a file of judged conversations, plain or gzip; see judged.Read.
func Read(path string) ([]judged.Conversation, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return judged.Read(f, path)
}

// Articles reads the collection that the set asks about: DIR/passages.bin.
func Articles(dir string) (*passages.Store, error) {
	path := filepath.Join(dir, "passages.bin")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := passages.Open(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
