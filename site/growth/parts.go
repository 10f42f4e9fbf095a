package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/andybalholm/brotli"

	"parley/shared/index"
	"parley/shared/parts"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// Fetched is what questions fetch of a collection in parts, each with an empty cache, and
// nothing but the collection counted.
type fetched struct {
	Size      parts.Size `json:"size"`
	Passages  int        `json:"passages"`
	Files     int        `json:"files"`
	Bytes     int        `json:"bytes"`           // of all parts
	Directory int        `json:"parts_bin_bytes"` // as served, with Brotli
	First     int        `json:"first_part_bytes"`
	Questions int        `json:"questions"`
	Mean      float64    `json:"bytes_a_question"`
	Median    int        `json:"median"`
	Tenth     int        `json:"p90"`
	Most      int        `json:"most"`
	Requests  float64    `json:"requests_a_question"`
	Rounds    float64    `json:"rounds_a_question"`
	Different int        `json:"different"` // rankings of ten that are not the whole index's
}

// countParts cuts a collection into parts and asks every nth of the queries.
func countParts(x *index.Index, p *passages.Store, size parts.Size, queries []sparse.Vector, every int) error {
	files := map[string][]byte{}
	r := fetched{Size: size, Passages: p.Len()}
	directory, err := parts.Write(x, p, size, func(name string, content []byte) error {
		files[name] = bytes.Clone(content)
		r.Bytes += len(content)
		return nil
	})
	if err != nil {
		return err
	}
	r.Files = len(files)
	var served bytes.Buffer
	w := brotli.NewWriterLevel(&served, brotli.BestCompression)
	if _, err := w.Write(directory); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	r.Directory = served.Len()

	searcher := x.NewSearcher()
	var took []int
	for i := 0; i < len(queries); i += every {
		hits, got, requests, rounds, err := ask(directory, files, &r, queries[i])
		if err != nil {
			return err
		}
		if whole, _ := searcher.Search(queries[i], 10); !slices.Equal(hits, whole) {
			r.Different++
		}
		took = append(took, got)
		r.Requests += float64(requests)
		r.Rounds += float64(rounds)
		r.Mean += float64(got)
		if len(took)%20 == 0 {
			fmt.Fprintf(os.Stderr, "%d questions of %d\n", len(took), (len(queries)+every-1)/every)
		}
	}
	n := float64(len(took))
	r.Questions, r.Mean, r.Requests, r.Rounds = len(took), r.Mean/n, r.Requests/n, r.Rounds/n
	slices.Sort(took)
	r.Median, r.Tenth, r.Most = took[len(took)/2], took[len(took)*9/10], took[len(took)-1]
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	return out.Encode(r)
}

// ask returns the ten best of a question to a source that has its first part alone, and the
// bytes, the files and the rounds that were fetched.
func ask(directory []byte, files map[string][]byte, r *fetched, q sparse.Vector) (hits []index.Hit, got, requests, rounds int, err error) {
	s, err := parts.Open(directory)
	if err != nil {
		return nil, 0, 0, 0, err
	}
	first := ""
	s.Parts(func(name string, _ int) {
		if first == "" {
			first = name
		}
	})
	r.First = len(files[first])
	if err := s.Give(first, files[first]); err != nil {
		return nil, 0, 0, 0, err
	}
	for {
		found, _, err := s.Search(q, 10)
		if err == nil {
			hits = slices.Clone(found)
			docs := make([]uint32, len(hits))
			for i, h := range hits {
				docs[i] = h.Doc
			}
			err = s.Bring(docs)
		}
		var lacking *parts.Lacking
		if !errors.As(err, &lacking) {
			return hits, got, requests, rounds, err
		}
		for _, p := range lacking.Parts {
			if err := s.Give(p.Name, files[p.Name]); err != nil {
				return nil, 0, 0, 0, err
			}
			got += len(files[p.Name])
			requests++
		}
		rounds++
	}
}
