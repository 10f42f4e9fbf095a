package parts

import (
	"bytes"
	"cmp"
	"compress/flate"
	"io"
	"slices"

	"parley/shared/container"
	"parley/shared/index"
	"parley/shared/passages"
)

// A part of documents is a container (shared/container) with the magic "PARLEYPD" and
// without numbers. It has as many documents as parts.bin says. Its sections:
//
//	texts: a file of passages (shared/passages), compressed by DEFLATE with the dictionary
//	  of parts.bin
//	vectors: in bits (bits.go), for each document its learned terms, then its words:
//	     gamma(terms + 1)
//	     if there are any, 3 bits: the k of their impacts
//	     for each, in the order of their ranks (ranks.go)
//	          rice(k, rank - lowest that it could be)   k suits as many documents of all as
//	                                                    have the term of this lowest rank
//	          rice(k, impact - 1)
//	  0 bits fill the last byte.
//
// Document 3 of the example in directory.go:
//
//	0000: 50 41 52 4c 45 59 50 44  magic "PARLEYPD"
//	0008: 01 00 00 00  version 1
//	000c: 4f 00 00 00 00 00 00 00 5f e9 fc 09  texts: 79 bytes, CRC-32C
//	0018: 06 00 00 00 00 00 00 00 eb 70 c9 77  vectors: 6 bytes, CRC-32C
//	0024: 2a c6 18 9f  CRC-32C of the header
//	0028: 0a 70 0c f2 71 8d 0c 08 66 64 60 60 00 61 1e 06  texts, compressed
//	0038: 08 70 4a cb b4 67 82 b2 23 13 b8 26 b1 40 d9 e9
//	0048: e6 55 41 dc 50 f6 ee 2a ee c7 8c 0c 70 f0 3f 63
//	0058: 2e 77 47 b5 52 49 66 49 4e aa 92 95 92 52 6d ca
//	0068: ff 90 d4 c4 ff 08 bb fe ff 07 04 00 00 ff ff
//	0077: 2e cf 7d 9b 9e 75  vectors: terms 4 and 8 with 16 and 96; tea and bridg with 47 and 158

var documentsForm = &container.Format{Name: "part of documents", What: "part of documents", Magic: "PARLEYPD", Versions: []container.Layout{
	{Sections: []string{"texts", "vectors"}},
}}

// A documents is an opened part of documents.
type documents struct {
	store   *passages.Store
	vectors [][]index.Impact
}

// most bounds the size of a part's texts.
const mostTexts = 1 << 28

// writeDocuments returns a part of documents. texts is their file of passages.
func writeDocuments(texts, dictionary []byte, vectors [][]index.Impact, by [termKinds]*ranks, vocab uint32) ([]byte, error) {
	small, err := deflate(texts, dictionary)
	if err != nil {
		return nil, err
	}
	w := bitWriter{}
	for _, v := range vectors {
		n := 0
		for n < len(v) && v[n].Term < vocab {
			n++
		}
		appendImpacts(&w, v[:n], by[learnedTerms])
		appendImpacts(&w, v[n:], by[wordTerms])
	}
	body := w.end()
	out := documentsForm.Header(1, nil, container.SumOf(small), container.SumOf(body))
	return append(append(out, small...), body...), nil
}

// appendImpacts appends impacts of terms of one kind.
func appendImpacts(w *bitWriter, list []index.Impact, by *ranks) {
	w.gamma(uint32(len(list)) + 1)
	if len(list) == 0 {
		return
	}
	sum, ranked := uint32(0), make([]index.Impact, len(list)) // the rank in place of the term
	for i, m := range list {
		sum += uint32(m.Weight)
		ranked[i] = index.Impact{Term: by.of[by.list(m.Term)], Weight: m.Weight}
	}
	slices.SortFunc(ranked, byTerm)
	scale := min(riceFor(sum, uint32(len(list))), 7)
	w.put(uint64(scale), 3)
	next := uint32(0)
	for _, m := range ranked {
		w.rice(by.scale(next), m.Term-next)
		w.rice(scale, uint32(m.Weight)-1)
		next = m.Term + 1
	}
}

func byTerm(a, b index.Impact) int { return cmp.Compare(a.Term, b.Term) }

// openDocuments checks and reads a part of n documents. Errors are *container.FormatError.
func openDocuments(data, dictionary []byte, n int, by [termKinds]*ranks) (*documents, error) {
	file, err := documentsForm.Open(data)
	if err != nil {
		return nil, err
	}
	section := file.Sections[0]
	texts, err := inflate(section.Data, dictionary, mostTexts)
	if err != nil {
		return nil, documentsForm.Errorf("texts", section.At, "%v", err)
	}
	d := &documents{}
	if d.store, err = passages.Open(texts); err != nil {
		return nil, documentsForm.Errorf("texts", section.At, "%v", err)
	}
	if d.store.Len() != n {
		return nil, documentsForm.Errorf("texts", section.At, "%d passages, where parts.bin says %d", d.store.Len(), n)
	}
	section = file.Sections[1]
	r := bitReader{b: section.Data}
	for i := range n {
		var v []index.Impact
		for _, kind := range by {
			if v, err = readImpacts(&r, v, kind); err != nil {
				return nil, documentsForm.Errorf("vectors", section.At+int64(min(r.at()/8, len(r.b))), "document %d of %d: %v", i, n, err)
			}
		}
		d.vectors = append(d.vectors, v)
	}
	if !r.ended() {
		return nil, documentsForm.Errorf("vectors", section.At+int64(min(r.at()/8, len(r.b))), "more follows the last document")
	}
	return d, nil
}

// readImpacts reads what appendImpacts wrote.
func readImpacts(r *bitReader, to []index.Impact, by *ranks) ([]index.Impact, error) {
	n := uint32(len(by.terms))
	count := r.gamma() - 1
	if r.bad || count > n {
		return nil, badNumber("terms", count, n)
	}
	if count == 0 {
		return to, nil
	}
	scale, next, from := uint(r.bits(3)), uint32(0), len(to)
	for range count {
		if next == n {
			return nil, badNumber("terms", count, n)
		}
		gap := r.rice(by.scale(next))
		if r.bad || gap >= n-next {
			return nil, badNumber("rank", gap, n-next-1)
		}
		impact := r.rice(scale)
		if r.bad || impact > 254 {
			return nil, badNumber("impact", impact, 255)
		}
		to = append(to, index.Impact{Term: by.terms[next+gap], Weight: byte(impact + 1)})
		next += gap + 1
	}
	slices.SortFunc(to[from:], byTerm)
	return to, nil
}

// deflate compresses b.
func deflate(b, dictionary []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriterDict(&out, flate.BestCompression, dictionary)
	if err != nil {
		return nil, err
	}
	w.Write(b)
	err = w.Close()
	return out.Bytes(), err
}

// inflate returns what deflate was given, at most most bytes.
func inflate(b, dictionary []byte, most int64) ([]byte, error) {
	from := bytes.NewReader(b)
	out, err := io.ReadAll(io.LimitReader(flate.NewReaderDict(from, dictionary), most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(out)) > most:
		return nil, badNumber("bytes", uint32(len(out)), uint32(most))
	case from.Len() > 0:
		return nil, badNumber("bytes after the end:", uint32(from.Len()), 0)
	}
	return out, nil
}
