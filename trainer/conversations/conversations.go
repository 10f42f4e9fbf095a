// Package conversations reads and checks the project's own data set. It has
// conversations that a visitor could have with a search engine over
// models/vital-articles; each question has its self-contained rewrite, its reply and the
// articles that answer it.
//
// The data are beside this file, in the form that shared/judged reads: train, dev and
// test, choice, and visitors. Settings are chosen on dev and choice together; visitors is
// training data in visitors' own manner. pooled.tsv has judgements of dev and choice
// beyond the writer's, pooled-test.tsv of test, and factbook.tsv has judgements of the
// World Factbook's passages (pooled.go).
//
// check.go has the rules of the set, duplicates.go and standalone.go have two more of
// them, stats.go has its table, and export.go the forms of BEIR and TREC.
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

// Version is the version of the set. The test split changes only with it.
const Version = 1

// Splits are the splits of the original set. Their contents, and their shares of it, do
// not change.
var Splits = []string{"train", "dev", "test"}

// Choice is a split that was written later, for choosing settings.
const Choice = "choice"

// Visitors is a split that was written later, to train on beside train. Both may have the
// same gold articles.
const Visitors = "visitors"

// All lists the splits in the order of the tables.
var All = append(slices.Clone(Splits), Choice, Visitors)

// Popular is a split that was written to see what the engine answers where visitors ask
// about what is popular. It has questions that nothing answers, without gold, and no rules
// but that its articles exist; it is no part of the statistics and tables, and not to train on.
const Popular = "popular"

// Playable lists the splits that can be played: All, Popular, and those that AddFacts makes.
var Playable = append(slices.Clone(All), Popular, Facts, FactsHeldOut)

// A Set is the whole data set, by split.
type Set map[string][]judged.Conversation

// Open reads train.jsonl, dev.jsonl, test.jsonl, choice.jsonl, visitors.jsonl, popular.jsonl, pooled.tsv,
// pooled-test.tsv and factbook.tsv in the folder dir. The last six may be missing: settings cannot be
// chosen on a set without choice.jsonl and pooled.tsv. Errors about a line are of type
// *lines.Error.
func Open(dir string) (Set, error) {
	s := Set{}
	var errs []error
	for _, split := range Splits {
		list, err := Read(filepath.Join(dir, split+".jsonl"))
		s[split] = list
		errs = append(errs, err)
	}
	for _, split := range append(slices.Clone(All[len(Splits):]), Popular) {
		list, err := Read(filepath.Join(dir, split+".jsonl"))
		if err == nil {
			s[split] = list
		} else if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	for _, f := range pooledFiles {
		if err := s.readPooled(filepath.Join(dir, f.name), f.splits); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
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

// Articles reads the collection that the set asks about, passages.bin in the folder dir.
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
