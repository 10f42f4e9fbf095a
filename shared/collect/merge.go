package collect

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"parley/shared/dense"
	"parley/shared/passages"
)

// A Named is a collection with the name that its results have among those of others.
type Named struct {
	Name string
	*Collection
}

// Merge joins collections that one encoder made, so that one ranking has the passages of
// all: the learned vectors are theirs, and words are counted over all of them, as if the
// documents had been indexed together. Weights were rounded to 8 bits in each collection,
// and are once more where another has a larger one.
//
// A passage's id begins with the name of its collection and "/"; passages.About says which
// names there are. The result has dense vectors where all have some of the same space.
func Merge(list []Named) ([]File, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("collect: no collection to join")
	}
	names := distinct(list)
	about := passages.About{Title: sentence(names), Of: strings.Join(names, "\n"), Encoder: list[0].Passages.About().Encoder, Fingerprint: list[0].Passages.About().Fingerprint}
	vocab := list[0].Index.Vocab()
	for i, c := range list {
		a := c.Passages.About()
		if c.Index.Vocab() != vocab || !a.MadeBy(about.Encoder, about.Fingerprint) {
			return nil, fmt.Errorf("%s and %s were made by different encoders, %s and %s: their scores cannot be compared", names[0], names[i], about.Maker(), a.Maker())
		}
		about.Encoder, about.Fingerprint = cmp.Or(about.Encoder, a.Encoder), cmp.Or(about.Fingerprint, a.Fingerprint)
		credit(&about, a)
	}
	b := NewBuilder(vocab, about)
	for i, c := range list {
		for d, v := range c.Index.Vectors() {
			p := c.Passages.At(d)
			p.ID = names[i] + "/" + p.ID
			if err := b.Add(p, v); err != nil {
				return nil, err
			}
		}
	}
	files, err := b.Finish()
	if err != nil {
		return nil, err
	}
	vectors, err := mergeDense(list)
	if err != nil || vectors == nil {
		return files, err
	}
	files = append(files[:len(files)-1], File{DenseFile, vectors})
	m, err := Manifest(files)
	return append(files, m), err
}

// OpenFiles opens a collection's files.
func OpenFiles(files []File) (*Collection, error) {
	return OpenAll(func(name string) ([]byte, error) {
		for _, f := range files {
			if f.Name == name {
				return f.Content, nil
			}
		}
		return nil, fmt.Errorf("%s is missing", name)
	})
}

func mergeDense(list []Named) ([]byte, error) {
	first := list[0].Dense
	fingerprint := ""
	for _, c := range list {
		if c.Dense == nil || c.Dense.Dim() != first.Dim() || !c.Dense.MadeBy(first.Space(), fingerprint) {
			return nil, nil
		}
		fingerprint = cmp.Or(fingerprint, c.Dense.Fingerprint())
	}
	b := dense.NewBuilder(first.Space(), first.Dim())
	b.Fingerprint = fingerprint
	v := make([]float32, first.Dim())
	for _, c := range list {
		for i := range c.Dense.Len() {
			c.Dense.Vector(v, i)
			if err := b.Add(v); err != nil {
				return nil, err
			}
		}
	}
	var out bytes.Buffer
	_, err := b.WriteTo(&out)
	return out.Bytes(), err
}

// distinct returns the collections' names, each with no "/" and unlike all others.
func distinct(list []Named) (names []string) {
	taken := map[string]bool{}
	for _, c := range list {
		name := strings.Join(strings.Fields(strings.ReplaceAll(c.Name, "/", "-")), " ")
		if name == "" {
			name = "collection"
		}
		own := name
		for n := 2; taken[own]; n++ {
			own = fmt.Sprintf("%s %d", name, n)
		}
		taken[own] = true
		names = append(names, own)
	}
	return names
}

// sentence joins names as people do.
func sentence(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// credit adds where a collection is from to that of all.
func credit(all *passages.About, one passages.About) {
	add := func(to *string, s, between string) {
		switch {
		case s == "" || slices.Contains(strings.Split(*to, between), s):
		case *to == "":
			*to = s
		default:
			*to += between + s
		}
	}
	add(&all.Source, one.Source, "; ")
	add(&all.Licence, one.Licence, "; ")
	add(&all.Attribution, one.Attribution, "; ")
	if all.Licence == one.Licence {
		all.LicenceURL = one.LicenceURL
	} else if one.Licence != "" {
		all.LicenceURL = "" // there are several
	}
}
