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
// passages. With a family, that is an error; a single encoder may be a quantised copy of
// the other, or have been trained to read questions over its passages, so Foreign returns a
// warning. It also warns where the name alone could be compared.
func (e *Encoders) Foreign(made passages.About) (warning string, err error) {
	base, err := e.Base()
	if err != nil {
		return "", err
	}
	fingerprint := base.Fingerprint()
	switch {
	case made.MadeBy(base.Name, fingerprint):
		if made.Encoder != "" && made.Fingerprint == "" {
			return fmt.Sprintf("it was made before collections kept the fingerprint of their encoder: that %s made it is known by the name alone, until the documents are indexed again", made.Maker()), nil
		}
		return "", nil
	case e.List != nil:
		return "", fmt.Errorf("the collection was made by another encoder, %s, where the family's base is %q (%s): name the encoder that made it, or index the documents again", made.Maker(), base.Name, fingerprint)
	}
	return fmt.Sprintf("it was made by another encoder, %s: the answers are right only if %q (%s) is a quantised copy of that one, or was trained to read questions over its passages", made.Maker(), base.Name, fingerprint), nil
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
