package collection

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/family"
	"parley/shared/passages"
)

// Encoders are the encoders in a folder: a family's, with family.json and the levels'
// folders, or a single encoder's.
type Encoders struct {
	Dir  string
	List *family.Family // nil for a single encoder

	base *LoadedEncoder
}

// OpenEncoders reads a folder's list. Each encoder is read when it is first needed.
func OpenEncoders(dir string) (*Encoders, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	data, err := folder.Files(dir)(family.File)
	if errors.Is(err, fs.ErrNotExist) {
		return &Encoders{Dir: dir}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	list, err := family.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return &Encoders{Dir: dir, List: list}, nil
}

// Base returns the encoder for passages, with which collections are built.
func (e *Encoders) Base() (*LoadedEncoder, error) {
	if e.base != nil {
		return e.base, nil
	}
	dir := e.Dir
	if e.List != nil {
		l, err := e.List.Level(e.List.Base)
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(dir, filepath.FromSlash(l.Folder))
	}
	var err error
	e.base, err = OpenEncoder(dir)
	return e.base, err
}

// Foreign checks whether a collection was made by another encoder than the one for
// passages. With a family, that is an error; a single encoder may have been trained to
// read questions over another encoder's passages, so Foreign returns a warning.
func (e *Encoders) Foreign(made passages.About) (warning string, err error) {
	base, err := e.Base()
	if err != nil || made.MadeBy(base.Name) {
		return "", err
	}
	if e.List != nil {
		return "", fmt.Errorf("the collection was made by another encoder, %q, where the family's base is %q: name the encoder that made it, or index the documents again", made.Encoder, base.Name)
	}
	return fmt.Sprintf("it was made by another encoder, %q: the answers are right only if %q was trained to read questions over its passages", made.Encoder, base.Name), nil
}

// Level returns the encoder for questions of that name; "" is the default.
func (e *Encoders) Level(name string) (*encoder.Encoder, error) {
	base, err := e.Base()
	if err != nil {
		return nil, err
	}
	if e.List == nil {
		if name != "" {
			return nil, fmt.Errorf("%s holds one encoder and no levels, so there is no level %q", e.Dir, name)
		}
		return base.Encoder, nil
	}
	l, err := e.List.Level(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Dir, err)
	}
	if l.Name == e.List.Base {
		return base.Encoder, nil
	}
	dir := filepath.Join(e.Dir, filepath.FromSlash(l.Folder))
	m, err := encoder.LoadOver(base.Encoder, folder.Files(dir))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return m, nil
}
