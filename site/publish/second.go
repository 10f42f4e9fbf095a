package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"parley/shared/answer"
	"parley/shared/bundle"
	"parley/shared/cli"
	"parley/shared/collect"
	"parley/shared/encoder"
	disk "parley/shared/encoder/folder"
	"parley/shared/family"
	"parley/shared/message"
	"parley/shared/safetensors"
	"parley/site/collection"
)

// second describes the dense stage that is published: o.Dense, or the family's if it is
// installed and the collection has dense vectors; nil where there is none. It also returns
// its encoder's folder, and the files of it that are published. It returns an error for a
// stage that a visitor's page would refuse.
func second(o Options, encoders *collection.Encoders, collected fs.FS) (*family.Dense, string, []string, error) {
	if o.NoDense {
		return nil, "", nil, nil
	}
	without := func(err error) (*family.Dense, string, []string, error) {
		if o.Dense != "" {
			return nil, "", nil, err
		}
		if o.Log != nil && encoders.List != nil && encoders.List.Dense != nil {
			o.Log("without the dense stage: %v", err)
		}
		return nil, "", nil, nil
	}
	d, dir := &family.Dense{Title: "Better answers"}, o.Dense
	if encoders.List != nil && encoders.List.Dense != nil {
		*d = *encoders.List.Dense
	}
	if dir == "" {
		var err error
		if dir, err = encoders.DenseFolder(false); errors.Is(err, collection.ErrNoDense) {
			return without(err)
		} else if err != nil {
			return nil, "", nil, err
		}
		if d.Card != "" {
			d.Card = filepath.Join(encoders.Dir, filepath.FromSlash(d.Card))
		}
	} else {
		d.Card = filepath.Join(dir, "README.md")
		if _, err := os.Stat(d.Card); err != nil {
			d.Card = ""
		}
	}
	if ok, err := hasVectors(collected); err != nil {
		return nil, "", nil, fmt.Errorf("%s: %w", o.Collection, err)
	} else if !ok {
		return without(fmt.Errorf("%s has no dense vectors; `%s` adds them", o.Collection, cli.Typed("parley", "index", "--dense", "--out", o.Collection, "--encoder", o.EncoderFlag)))
	}
	space, files, err := fitting(o, encoders, dir)
	if err != nil {
		return nil, "", nil, fmt.Errorf("the dense stage cannot be published: %w (--no-dense leaves it out)", err)
	}
	d.Space = space
	return d, dir, files, nil
}

// hasVectors reports whether a collection's manifest lists dense vectors or, without a
// manifest, whether the file exists.
func hasVectors(collected fs.FS) (bool, error) {
	raw, err := fs.ReadFile(collected, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		_, err := fs.Stat(collected, collect.DenseFile)
		return err == nil, nil
	}
	if err != nil {
		return false, err
	}
	m, err := bundle.Parse(raw)
	if err != nil {
		return false, fmt.Errorf("manifest.json: %w", err)
	}
	_, ok := m.File(collect.DenseFile)
	return ok, nil
}

// fitting checks that the dense encoder in dir answers over the collection as the page
// loads it, and returns the space of its vectors, and its files.
func fitting(o Options, encoders *collection.Encoders, dir string) (space string, files []string, err error) {
	base, err := encoders.Base()
	if err != nil {
		return "", nil, err
	}
	s, err := collection.OpenDense(dir, base.Tokenizer)
	if err != nil {
		return "", nil, err
	}
	if s.DenseWeight == 0 {
		return "", nil, fmt.Errorf("%s: config.json has no dense_weight in \"parley\": what a cosine counts beside the sparse score", dir)
	}
	reader, err := collection.OpenReader(dir, s)
	if err != nil {
		return "", nil, err
	}
	files = []string{"config.json", "model.safetensors"}
	if reader != nil {
		files = append(files, encoder.ReaderFile)
	}
	for _, name := range files[1:] {
		if err := inBits(dir, name); err != nil {
			return "", nil, err
		}
	}
	c, err := collection.OpenAll(o.Collection)
	if err != nil {
		return "", nil, err
	}
	e, err := answer.New(base.Encoder, c.Index, c.Passages)
	if err == nil {
		err = e.SetDense(s.Sentence, c.Dense)
	}
	if err == nil {
		err = e.SetReader(reader)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s and %s: %w", dir, o.Collection, err)
	}
	return s.Space, files, nil
}

// inBits returns an error for a file of weights that the page does not take.
func inBits(dir, name string) error {
	data, err := disk.Files(dir)(name)
	if err != nil {
		return err
	}
	weights, err := safetensors.Read(data)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	for _, t := range weights.Tensors {
		if len(t.Shape) == 2 && t.Shape[0] > 1 && t.DType != safetensors.I8 && t.DType != safetensors.U8 && !strings.Contains(t.Name, "token_type_embeddings") {
			return fmt.Errorf("%s: the weights are not in 8 bits or 4 (%s is %s), and the page takes no others; `parley quantize %s OUT` makes them so", dir, t.Name, t.DType, dir)
		}
	}
	return nil
}

// single returns a list for an encoder without a family, for the dense stage beside it.
func single(encoders *collection.Encoders) (*family.Family, error) {
	base, err := encoders.Base()
	if err != nil {
		return nil, err
	}
	return &family.Family{Base: "encoder", Default: "encoder", Levels: []family.Level{{Level: message.Level{Name: "encoder", Title: base.Name}}}}, nil
}
