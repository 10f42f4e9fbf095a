package parts

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"

	"parley/shared/container"
	"parley/shared/index"
	"parley/shared/passages"
)

// The file parts.bin is a container (shared/container) with the magic "PARLEYPT", version
// 1. Its numbers, little-endian:
//
//	12  4  bytes of pieces that fill a part of lists
//	16  4  bytes from which on a piece is a part of its own
//	20  4  documents in a part of documents; the last has the rest
//	24  4  bytes of the lexicon before it was compressed
//	28  4  bytes of the section lists before it was compressed
//
// Its sections:
//
//	collection: a file of passages (shared/passages) without passages, for its description
//	questions: first questions to the collection, each ended by a newline
//	dictionary: what the texts of parts of documents are compressed with
//	lexicon: the index's lexicon (index.Lexicon), compressed by DEFLATE
//	lists: compressed by DEFLATE, for each list in the order of the lexicon varints:
//	     pieces; 0 for a list that is whole in the first part
//	     for each piece, or the whole list
//	          bytes
//	          unless it is the last: postings - 1
//	          unless it is the first: largest impact of the piece before - that of this one
//	  The first piece's largest impact, and the number of all postings, are the lexicon's.
//	sizes: for each part of documents, a varint: its bytes
//	names: for each part, the first 12 bytes of its SHA-256: the first part, parts of lists
//	  with several pieces, parts of lists with one piece, parts of documents
//
// The first part is loaded before the first question. It has the lists that most questions
// need, one after the other. Of all others, a piece that is long enough is a part of its
// own. The rest fill one part after the other, in this order, each as far as the next piece
// still fits. A part of lists is a container with the magic "PARLEYPL", version 1, without numbers; its
// one section, pieces, has the pieces one after the other.
//
// The collection of the example in shared/index/open.go, with the titles Tower, none, none
// and Tea (shared/parts/parts_test.go):
//
//	0000: 50 41 52 4c 45 59 50 54  magic "PARLEYPT"
//	0008: 01 00 00 00  version 1
//	000c: 28 00 00 00  parts of lists are filled up to 40 bytes
//	0010: 14 00 00 00  a piece of 20 is a part of its own
//	0014: 03 00 00 00  3 documents in a part
//	0018: 66 00 00 00  the lexicon has 102 bytes
//	001c: 0e 00 00 00  the lists' places have 14
//	0020: 5d 00 00 00 00 00 00 00 87 84 9d fa  collection: 93 bytes, CRC-32C
//	002c: 26 00 00 00 00 00 00 00 34 5a de 28  questions: 38 bytes, CRC-32C
//	0038: 1e 00 00 00 00 00 00 00 08 5d 3e 7e  dictionary: 30 bytes, CRC-32C
//	0044: 62 00 00 00 00 00 00 00 51 fc f6 ba  lexicon: 98 bytes, CRC-32C
//	0050: 0f 00 00 00 00 00 00 00 f8 f6 55 b0  lists: 15 bytes, CRC-32C
//	005c: 03 00 00 00 00 00 00 00 00 8d 2d d8  sizes: 3 bytes, CRC-32C
//	0068: 30 00 00 00 00 00 00 00 e3 fb 4e 19  names: 48 bytes, CRC-32C
//	0074: 97 18 bf 57  CRC-32C of the header
//	0078: 50 41 52 4c 45 59 50 53 01 00 00 00 00 00 00 00  collection: a file without passages, of the title T
//	0088: 0d 00 00 00 00 00 00 00 8a 82 2b 9c 00 00 00 00
//	0098: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
//	00a8: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
//	00b8: 00 00 00 00 00 00 00 00 00 00 00 00 d9 cc b0 63
//	00c8: 7b 22 74 69 74 6c 65 22 3a 22 54 22 7d
//	00d5: 54 65 6c 6c 20 6d 65 20 61 62 6f 75 74 20 54 6f  questions: Tell me about Tower
//	00e5: 77 65 72 0a
//	00e9: 54 65 6c 6c 20 6d 65 20 61 62 6f 75 74 20 54 65  Tell me about Tea
//	00f9: 61 0a
//	00fb: 74 6f 77 65 72 73 3a 20 74 65 61 2e 54 65 61 6d  dictionary: the texts, one after the other
//	010b: 20 74 65 61 74 68 65 20 62 72 69 64 67 65
//	0119: 0a 70 0c f2 71 8d f4 89 60 64 60 60 60 61 60 60  lexicon, compressed
//	0129: e0 64 60 60 60 66 60 60 f8 f5 ff ff 7f 10 ff c7
//	0139: ff ff ff 05 19 20 a0 9c 63 d6 02 51 28 7b d2 d1
//	0149: cf b9 57 7f 05 ae 66 64 68 60 62 72 60 66 48 60
//	0159: 98 c7 64 c7 30 8f e1 1e 03 6b 52 51 66 4a 3a 03
//	0169: 73 49 6a 22 33 63 2e 23 4b 7e 79 6a 11 20 00 00
//	0179: ff ff
//	017b: 62 64 64 64 61 04 01 66 10 01 08 00 00 ff ff  lists, compressed: 01 01 01 04 01 01 01 01 01 03 01 01 01 01
//	018a: 94 01 7d  sizes: 148 and 125 bytes
//	018d: b2 1c 8d 6c 11 29 26 37 f4 d5 4b d2  names: the first part
//	0199: 76 b9 3e bf a2 66 ca 5b 6d 86 8e 96  the one part of lists
//	01a5: 01 a1 28 67 c9 f3 83 b6 89 84 af 18  documents 0 to 2
//	01b1: f7 70 db 94 65 7b a1 d8 57 33 2b 90  document 3

var directoryForm = &container.Format{Name: "parts.bin", What: "list of parts", Magic: "PARLEYPT", Versions: []container.Layout{
	{Numbers: 20, Sections: []string{"collection", "questions", "dictionary", "lexicon", "lists", "sizes", "names"}},
}}

var listsForm = &container.Format{Name: "part of lists", What: "part of lists", Magic: "PARLEYPL", Versions: []container.Layout{
	{Sections: []string{"pieces"}},
}}

const (
	collectionSection = iota
	questionsSection
	dictionarySection
	lexiconSection
	listsSection
	sizesSection
	namesSection
)

// A place is where a piece is.
type place struct {
	part     uint32
	from, to uint32 // in the section pieces of its part
	postings uint32
	top      byte // its largest impact
}

// A packer assigns pieces to parts, in order.
type packer struct {
	fill, lone     uint32
	packed, single uint32 // numbers of parts begun
	used           uint32 // bytes in the last packed part
	first          uint32 // bytes in the first part
}

// The kinds of parts, in the order of their names.
const (
	firstPart = iota
	packedPart
	singlePart
	documentsPart
	kinds
)

// add returns where a piece is: the part's kind and number among those of its kind, and
// the offset in it. whole says that it is a list of the first part.
func (p *packer) add(size uint32, whole bool) (kind int, part, from uint32) {
	if whole {
		from = p.first
		p.first += size
		return firstPart, 0, from
	}
	if size >= p.lone {
		p.single++
		return singlePart, p.single - 1, 0
	}
	if p.packed == 0 || uint64(p.used)+uint64(size) > uint64(p.fill) {
		p.packed++
		p.used = 0
	}
	from = p.used
	p.used += size
	return packedPart, p.packed - 1, from
}

// A directory is parts.bin.
type directory struct {
	lexicon    *index.Lexicon
	about      passages.About
	questions  []string
	dictionary []byte
	perPart    uint32 // documents

	first  []uint32 // list l has pieces[first[l]:first[l+1]]
	pieces []place
	names  []string
	sizes  []uint32 // bytes of each part's file
	lists  uint32   // number of parts of lists; parts of documents follow
}

// mostDocuments bounds the documents of a part, and with the names those of the collection.
const mostDocuments = 1 << 12

// mostLexicon bounds what a compressed section may unfold to.
const mostLexicon = 1 << 30

// openDirectory checks all of data and reads it. Errors are *container.FormatError.
func openDirectory(data []byte) (*directory, error) {
	file, err := directoryForm.Open(data)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	number := func(i int) uint32 { return le.Uint32(file.Numbers[4*i:]) }
	body := func(s int) []byte { return file.Sections[s].Data }
	fail := func(s, offset int, format string, args ...any) error {
		return directoryForm.Errorf(directoryForm.Versions[0].Sections[s], file.Sections[s].At+int64(offset), format, args...)
	}
	d := &directory{perPart: number(2), dictionary: body(dictionarySection)}
	pack := packer{fill: number(0), lone: number(1)}
	switch {
	case pack.fill > math.MaxInt32 || pack.lone == 0 || pack.lone > pack.fill:
		return nil, directoryForm.Errorf("header", 12, "parts of %d bytes, and of one piece from %d on", pack.fill, pack.lone)
	case d.perPart == 0 || d.perPart > mostDocuments:
		return nil, directoryForm.Errorf("header", 20, "%d documents in a part: wanted 1 to %d", d.perPart, mostDocuments)
	case number(3) > mostLexicon || number(4) > mostLexicon:
		return nil, directoryForm.Errorf("header", 24, "a lexicon of %d bytes and lists of %d: at most %d are allowed", number(3), number(4), mostLexicon)
	}
	store, err := passages.Open(body(collectionSection))
	if err != nil {
		return nil, fail(collectionSection, 0, "%v", err)
	}
	d.about = store.About()
	for q := range bytes.Lines(body(questionsSection)) {
		d.questions = append(d.questions, string(bytes.TrimSuffix(q, []byte("\n"))))
	}
	unfold := func(s int, size uint32) ([]byte, error) {
		b, err := inflate(body(s), nil, int64(size))
		if err == nil && uint32(len(b)) != size {
			err = badNumber("bytes", uint32(len(b)), size)
		}
		if err != nil {
			return nil, fail(s, 0, "%v", err)
		}
		return b, nil
	}
	lexicon, err := unfold(lexiconSection, number(3))
	if err != nil {
		return nil, err
	}
	if d.lexicon, err = index.OpenLexicon(lexicon); err != nil {
		return nil, fail(lexiconSection, 0, "%v", err)
	}
	lists, err := unfold(listsSection, number(4))
	if err != nil {
		return nil, err
	}
	if at, err := d.readLists(lists, &pack); err != nil {
		return nil, fail(listsSection, 0, "byte %d of what was compressed: %v", at, err)
	}
	d.lists = 1 + pack.packed + pack.single
	documents := (uint32(d.lexicon.Docs()) + d.perPart - 1) / d.perPart
	parts := d.lists + documents
	names := body(namesSection)
	if uint64(len(names)) != nameSize*uint64(parts) {
		return nil, fail(namesSection, 0, "%d bytes for %d parts", len(names), parts)
	}
	for i := range parts {
		d.names = append(d.names, hex.EncodeToString(names[nameSize*i:nameSize*(i+1)]))
	}
	sizes, p := body(sizesSection), 0
	for i := range documents {
		size, n := binary.Uvarint(sizes[p:])
		if n <= 0 || size > math.MaxInt32 {
			return nil, fail(sizesSection, p, "part %d of %d: no number of bytes", i, documents)
		}
		d.sizes = append(d.sizes, uint32(size))
		p += n
	}
	if p < len(sizes) {
		return nil, fail(sizesSection, p, "%d bytes follow the last", len(sizes)-p)
	}
	return d, nil
}

// readLists reads the section lists. The error says at which byte of b what is wrong.
func (d *directory) readLists(b []byte, pack *packer) (p int, err error) {
	number := func(what string, most uint64) uint32 {
		v, n := binary.Uvarint(b[p:])
		if err != nil {
			return 0
		}
		if n <= 0 || v > most {
			err = badNumber(what, uint32(v), uint32(most))
			return 0
		}
		p += n
		return uint32(v)
	}
	filled := [documentsPart][]uint32{firstPart: {0}} // bytes in the parts
	kindOf := []byte{}                                // by piece
	for l := range d.lexicon.Lists() {
		d.first = append(d.first, uint32(len(d.pieces)))
		left, top := uint32(d.lexicon.DF(d.lexicon.Term(l))), uint32(d.lexicon.Top(l))
		pieces := number("pieces", uint64(left))
		whole := pieces == 0
		for i := range max(pieces, 1) {
			size := number("bytes", math.MaxInt32)
			last := i+1 >= pieces
			postings := left
			if !last {
				postings = number("postings", uint64(left-1)) + 1
			}
			if i > 0 {
				top -= number("impact", uint64(top-1))
			}
			if err == nil && (!last && postings == left || size == 0 || whole && uint64(pack.first)+uint64(size) > math.MaxInt32) {
				err = badNumber("postings of a piece", postings, left)
			}
			if err != nil {
				return p, err
			}
			left -= postings
			kind, part, from := pack.add(size, whole)
			of := &filled[kind]
			if int(part) == len(*of) {
				*of = append(*of, 0)
			}
			(*of)[part] = from + size
			d.pieces = append(d.pieces, place{part: part, from: from, to: from + size, postings: postings, top: byte(top)})
			kindOf = append(kindOf, byte(kind))
		}
	}
	d.first = append(d.first, uint32(len(d.pieces)))
	if p < len(b) {
		return p, badNumber("bytes after the last list:", uint32(len(b)-p), 0)
	}
	before := [documentsPart]uint32{0, 1, 1 + pack.packed}
	for i := range d.pieces {
		d.pieces[i].part += before[kindOf[i]]
	}
	overhead := uint32(listsForm.Versions[0].HeaderSize())
	for _, sizes := range filled {
		for _, n := range sizes {
			d.sizes = append(d.sizes, n+overhead)
		}
	}
	return p, nil
}
