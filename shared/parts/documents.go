package parts

import (
	"bytes"
	"compress/flate"
	"io"

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
//	     for each, in order
//	          rice(k, term - lowest that it could be)   k suits so many of all terms
//	          rice(k, impact - 1)
//	  Words are numbered from 0 here. 0 bits fill the last byte.
//
// Document 3 of the example in directory.go:
//
//	0000: 50 41 52 4c 45 59 50 44  magic "PARLEYPD"
//	0008: 01 00 00 00  version 1
//	000c: 4f 00 00 00 00 00 00 00 5f e9 fc 09  texts: 79 bytes, CRC-32C
//	0018: 07 00 00 00 00 00 00 00 9b 65 46 aa  vectors: 7 bytes, CRC-32C
//	0024: d9 fe f2 00  CRC-32C of the header
//	0028: 0a 70 0c f2 71 8d 0c 08 66 64 60 60 00 61 1e 06  texts, compressed
//	0038: 08 70 4a cb b4 67 82 b2 23 13 b8 26 b1 40 d9 e9
//	0048: e6 55 41 dc 50 f6 ee 2a ee c7 8c 0c 70 f0 3f 63
//	0058: 2e 77 47 b5 52 49 66 49 4e aa 92 95 92 52 6d ca
//	0068: ff 90 d4 c4 ff 08 bb fe ff 07 04 00 00 ff ff
//	0077: ee 78 dd b7 ad a3 07  vectors: terms 4 and 8 with 16 and 96; bridg and tea with 158 and 47

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

// dims are the numbers of learned terms and of words.
type dims [2]uint32

// writeDocuments returns a part of documents. texts is their file of passages.
func writeDocuments(texts, dictionary []byte, vectors [][]index.Impact, of dims) ([]byte, error) {
	small, err := deflate(texts, dictionary)
	if err != nil {
		return nil, err
	}
	w := bitWriter{}
	for _, v := range vectors {
		n := 0
		for n < len(v) && v[n].Term < of[0] {
			n++
		}
		appendImpacts(&w, v[:n], 0, of[0])
		appendImpacts(&w, v[n:], of[0], of[1])
	}
	body := w.end()
	out := documentsForm.Header(1, nil, container.SumOf(small), container.SumOf(body))
	return append(append(out, small...), body...), nil
}

// appendImpacts appends impacts of terms from first on, n terms in all.
func appendImpacts(w *bitWriter, list []index.Impact, first, n uint32) {
	w.gamma(uint32(len(list)) + 1)
	if len(list) == 0 {
		return
	}
	sum := uint32(0)
	for _, m := range list {
		sum += uint32(m.Weight)
	}
	scale := min(riceFor(sum, uint32(len(list))), 7)
	w.put(uint64(scale), 3)
	k, next := riceFor(n, uint32(len(list))), first
	for _, m := range list {
		w.rice(k, m.Term-next)
		w.rice(scale, uint32(m.Weight)-1)
		next = m.Term + 1
	}
}

// openDocuments checks and reads a part of n documents. Errors are *container.FormatError.
func openDocuments(data, dictionary []byte, n int, of dims) (*documents, error) {
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
		for kind, first := range [2]uint32{0, of[0]} {
			if v, err = readImpacts(&r, v, first, of[kind]); err != nil {
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
func readImpacts(r *bitReader, to []index.Impact, first, n uint32) ([]index.Impact, error) {
	count := r.gamma() - 1
	if r.bad || count > n {
		return nil, badNumber("terms", count, n)
	}
	if count == 0 {
		return to, nil
	}
	scale := uint(r.bits(3))
	k, next := riceFor(n, count), uint64(first)
	for range count {
		term := next + uint64(r.rice(k))
		if r.bad || term >= uint64(first)+uint64(n) {
			return nil, badNumber("term", uint32(term), first+n)
		}
		impact := r.rice(scale)
		if r.bad || impact > 254 {
			return nil, badNumber("impact", impact, 255)
		}
		to = append(to, index.Impact{Term: uint32(term), Weight: byte(impact + 1)})
		next = term + 1
	}
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
