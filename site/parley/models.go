package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"parley/shared/answer"
	"parley/shared/family"
	"parley/site/collection"
	"parley/site/publish"
)

// What is used where no flag says otherwise: what the repository carries.
const (
	defaultEncoder    = "models" // a family's folder
	defaultCollection = "models/vital-articles"
)

// located gives the folder that a flag names, or else the repository's own.
func located(given, flagName, standard, makeWith string) (string, error) {
	if given != "" {
		if _, err := os.Stat(given); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return "", fmt.Errorf("--%s %s: there is no such folder; `parley %s` makes one", flagName, given, makeWith)
			}
			return "", err
		}
		return given, nil
	}
	root, err := publish.Root(".")
	if err != nil {
		return "", fmt.Errorf("no %s: give a folder with --%s (`parley %s` makes one), or run in Parley's repository, which carries %s", flagName, flagName, makeWith, standard)
	}
	dir := filepath.Join(root, filepath.FromSlash(standard))
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("no %s: %s is not there; `make models` makes it, or give another folder with --%s", flagName, dir, flagName)
	}
	return dir, nil
}

func encoderFolder(given string) (string, error) {
	return located(given, "encoder", defaultEncoder, "export")
}

func collectionFolder(given string) (string, error) {
	return located(given, "collection", defaultCollection, "index")
}

// levelUsage explains the flag --level.
const levelUsage = "which of the family's encoders reads the questions, by `name`; empty: the family's default"

// openEngine joins an encoder, of a family the one of that level, and a collection.
func openEngine(encoderDir, level, collectionDir string) (*answer.Engine, error) {
	encoderDir, err := encoderFolder(encoderDir)
	if err != nil {
		return nil, err
	}
	if collectionDir, err = collectionFolder(collectionDir); err != nil {
		return nil, err
	}
	encoders, err := collection.OpenEncoders(encoderDir)
	if err != nil {
		return nil, err
	}
	enc, err := encoders.Level(level)
	if errors.Is(err, family.ErrNoLevel) {
		return nil, usageError{fmt.Errorf("--level %w", err)}
	}
	if err != nil {
		return nil, err
	}
	x, store, err := collection.Open(collectionDir)
	if err != nil {
		return nil, err
	}
	e, err := answer.New(enc, x, store)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", encoderDir, collectionDir, err)
	}
	return e, nil
}
