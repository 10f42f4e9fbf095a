package parts

import (
	"fmt"
)

// A posting list is stored in the order of its impacts, the largest first, and cut into
// pieces, so that whoever has its first pieces knows what a document that is not in them
// can have at most. A piece is, in bits (bits.go), for each impact that it has, in
// descending order:
//
//	gamma(impact above - impact)   not for the first impact, which parts.bin has
//	gamma(documents)               that have this impact
//	for each document, in order
//	     rice(k, document - lowest that it could be)   k suits so many of all documents
//
// and 0 bits up to the end of the byte. parts.bin has the number of a piece's postings.
//
// The part of lists of the example in directory.go, with a piece for each list. k is 1 for
// one document of four, and 0 for two:
//
//	0000: 50 41 52 4c 45 59 50 4c  magic "PARLEYPL"
//	0008: 01 00 00 00  version 1
//	000c: 0c 00 00 00 00 00 00 00 a3 d0 2e ad  pieces: 12 bytes, CRC-32C
//	0018: 7c 7f 78 b6  CRC-32C of the header
//	001c: 01  term 1: document 0 has its largest impact
//	001d: 05 41 20 2c  term 4: document 1; 32 lower, document 0; 16 lower, document 3
//	0021: 0b  term 8: document 3
//	0022: 0b  bridg: document 3
//	0023: 8b 2f 0b  tea: documents 1 and 3; 5 lower, document 0
//	0026: 05  team: document 1
//	0027: 01  tower: document 0

// A posting is a document and its impact in a list.
type posting struct {
	doc    uint32
	impact byte
}

// appendPiece appends a piece of a list of documents below docs. list is in the order of
// a piece.
func appendPiece(b []byte, docs uint32, list []posting) []byte {
	w := bitWriter{b: b}
	for i := 0; i < len(list); {
		end := i + 1
		for end < len(list) && list[end].impact == list[i].impact {
			end++
		}
		if i > 0 {
			w.gamma(uint32(list[i-1].impact - list[i].impact))
		}
		n := uint32(end - i)
		w.gamma(n)
		k, next := riceFor(docs, n), uint32(0)
		for ; i < end; i++ {
			w.rice(k, list[i].doc-next)
			next = list[i].doc + 1
		}
	}
	return w.end()
}

// A piece is a decoded piece of a list.
type piece struct {
	docs []uint32
	runs []run
}

// A run is the documents of a piece that have one impact, up to docs[end].
type run struct {
	impact byte
	end    uint32
}

// readPiece reads a piece of n postings whose largest impact is top and whose lowest is at
// least least. The error says at which byte of b what is wrong.
func readPiece(b []byte, docs uint32, top, least byte, n uint32) (p piece, at int, err error) {
	r := bitReader{b: b}
	fail := func(format string, args ...any) (piece, int, error) {
		return piece{}, min(r.at()/8, len(b)), fmt.Errorf(format, args...)
	}
	if uint64(n) > 8*uint64(len(b)) { // each takes a bit, so the allocation is bounded
		return fail("%d postings in %d bytes", n, len(b))
	}
	p.docs = make([]uint32, 0, n)
	impact := uint32(top)
	for uint32(len(p.docs)) < n {
		if len(p.docs) > 0 {
			step := r.gamma()
			if r.bad || step >= impact || impact-step < uint32(least) {
				return fail("no impact of %d to %d", least, impact)
			}
			impact -= step
		}
		count := r.gamma()
		if r.bad || count > n-uint32(len(p.docs)) {
			return fail("the number of documents with impact %d is not among the %d that are left", impact, n-uint32(len(p.docs)))
		}
		k, next := riceFor(docs, count), uint64(0)
		for range count {
			doc := next + uint64(r.rice(k))
			if r.bad || doc >= uint64(docs) {
				return fail("document %d of %d", doc, docs)
			}
			p.docs = append(p.docs, uint32(doc))
			next = doc + 1
		}
		p.runs = append(p.runs, run{byte(impact), uint32(len(p.docs))})
	}
	if !r.ended() {
		return fail("more follows the last posting")
	}
	return p, 0, nil
}
