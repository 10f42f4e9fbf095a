package parts

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"parley/shared/container"
	"parley/shared/index"
	"parley/shared/opener"
	"parley/shared/passages"
)

// A Size says how a collection is cut. Smaller parts make fewer bytes of a question, and
// more files.
type Size struct {
	Part    int // bytes of pieces that fill a part of lists
	Piece   int // bytes of a long list's first piece
	Growth  int // percent: each further piece is larger than the one before
	Passage int // documents in a part of documents
	First   int // bytes of the first part, which is loaded before the first question
}

// Default was chosen on the English Wikipedia of 2018: 283,131 passages take less than 5 MB
// before the first question (SCALE.md).
var Default = Size{Part: 3 << 10, Piece: 2 << 10, Growth: 160, Passage: 5, First: 2_000_000}

// Write cuts a collection. It calls put with each part's name and content, and returns
// parts.bin. The same collection makes the same parts.
func Write(x *index.Index, p *passages.Store, size Size, put func(name string, content []byte) error) ([]byte, error) {
	if x.Docs() != p.Len() {
		return nil, fmt.Errorf("parts: the index has %d documents, the collection %d passages; they must be built together", x.Docs(), p.Len())
	}
	if size.Piece < 16 || size.Part < size.Piece || size.Growth < 100 || size.Passage < 1 || size.Passage > mostDocuments || size.First < 0 {
		return nil, fmt.Errorf("parts: %+v: parts of lists must hold a piece of at least 16 bytes, pieces cannot shrink, and parts of documents must hold one", size)
	}
	var lexicon bytes.Buffer
	if err := x.WriteLexicon(&lexicon); err != nil {
		return nil, err
	}
	w := writer{size: size, put: put, pack: packer{fill: uint32(size.Part), lone: uint32(size.Piece)}}
	w.choose(x)
	for l := range x.Lists() {
		if err := w.list(x, l); err != nil {
			return nil, err
		}
	}
	if err := w.listPart(firstPart, w.first); err != nil {
		return nil, err
	}
	if err := w.flush(); err != nil {
		return nil, err
	}
	w.dictionary(p)
	if err := w.documents(x, p); err != nil {
		return nil, err
	}

	collection := passages.NewBuilder(p.About())
	var about, questions bytes.Buffer
	if _, err := collection.WriteTo(&about); err != nil {
		return nil, err
	}
	for _, q := range opener.Questions(p, 3) {
		if !strings.Contains(q, "\n") {
			questions.WriteString(q + "\n")
		}
	}
	body := [][]byte{
		collectionSection: about.Bytes(), questionsSection: questions.Bytes(), dictionarySection: w.words,
		sizesSection: w.sizes, namesSection: slices.Concat(w.names[:]...),
	}
	var err error
	if body[lexiconSection], err = deflate(lexicon.Bytes(), nil); err != nil {
		return nil, err
	}
	if body[listsSection], err = deflate(w.lists, nil); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	var numbers []byte
	for _, n := range []int{size.Part, size.Piece, size.Passage, lexicon.Len(), len(w.lists)} {
		numbers = le.AppendUint32(numbers, uint32(n))
	}
	var sums []container.Sum
	for _, b := range body {
		sums = append(sums, container.SumOf(b))
	}
	return append(directoryForm.Header(1, numbers, sums...), slices.Concat(body...)...), nil
}

type writer struct {
	size  Size
	put   func(name string, content []byte) error
	pack  packer
	open  []byte       // the part of several pieces that is being filled
	first []byte       // the first part
	whole map[int]bool // the lists in it
	lists []byte
	sizes []byte
	names [kinds][]byte
	words []byte // the dictionary
}

// part stores a part.
func (w *writer) part(kind int, content []byte) error {
	name := nameOf(content)
	raw, _ := hex.DecodeString(name)
	w.names[kind] = append(w.names[kind], raw...)
	return w.put(name, content)
}

func (w *writer) listPart(kind int, pieces []byte) error {
	return w.part(kind, append(listsForm.Header(1, nil, container.SumOf(pieces)), pieces...))
}

// flush stores the part that was being filled.
func (w *writer) flush() error {
	if w.pack.packed == 0 {
		return nil
	}
	err := w.listPart(packedPart, w.open)
	w.open = w.open[:0]
	return err
}

// choose chooses the lists of the first part: the longest. Terms that most documents have
// are those that most questions have, too, and their lists would be most of what a
// question fetches.
func (w *writer) choose(x *index.Index) {
	w.whole = map[int]bool{}
	all := make([]int, x.Lists())
	for l := range all {
		all[l] = l
	}
	slices.SortStableFunc(all, func(a, b int) int { return x.DF(x.Term(b)) - x.DF(x.Term(a)) })
	bytes := 0
	for _, l := range all {
		// A list of several pieces makes several requests.
		size := len(appendPiece(nil, uint32(x.Docs()), postings(x, l)))
		if bytes += size; bytes > w.size.First || size < w.size.Piece {
			return
		}
		w.whole[l] = true
	}
}

// postings returns a list in the order of its pieces.
func postings(x *index.Index, l int) (list []posting) {
	for doc, impact := range x.List(x.Term(l)) {
		list = append(list, posting{doc, impact})
	}
	slices.SortStableFunc(list, func(a, b posting) int { return int(b.impact) - int(a.impact) })
	return list
}

// list cuts a list into pieces.
func (w *writer) list(x *index.Index, l int) error {
	list := postings(x, l)
	if w.whole[l] {
		b := appendPiece(nil, uint32(x.Docs()), list)
		w.lists = binary.AppendUvarint(binary.AppendUvarint(w.lists, 0), uint64(len(b)))
		w.pack.add(uint32(len(b)), true)
		w.first = append(w.first, b...)
		return nil
	}
	var starts []int // of the pieces
	at := 0
	for size := float64(w.size.Piece); at < len(list); size *= float64(w.size.Growth) / 100 {
		starts = append(starts, at)
		at += cut(uint32(x.Docs()), list[at:], int(size))
	}
	w.lists = binary.AppendUvarint(w.lists, uint64(len(starts)))
	for i, from := range starts {
		to := len(list)
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		b := appendPiece(nil, uint32(x.Docs()), list[from:to])
		w.lists = binary.AppendUvarint(w.lists, uint64(len(b)))
		if to < len(list) {
			w.lists = binary.AppendUvarint(w.lists, uint64(to-from-1))
		}
		if i > 0 {
			w.lists = binary.AppendUvarint(w.lists, uint64(list[starts[i-1]].impact-list[from].impact))
		}
		before := w.pack.packed
		kind, _, offset := w.pack.add(uint32(len(b)), false)
		switch {
		case kind == singlePart:
			if err := w.listPart(singlePart, b); err != nil {
				return err
			}
			continue
		case offset == 0 && before > 0 && w.pack.packed > before:
			if err := w.listPart(packedPart, w.open); err != nil {
				return err
			}
			w.open = w.open[:0]
		}
		w.open = append(w.open, b...)
	}
	return nil
}

// cut returns how many of the postings make a piece of about size bytes. A small rest
// belongs to the piece.
func cut(docs uint32, list []posting, size int) int {
	bits, n := 0, 0
	for i := 0; i < len(list); {
		end := i + 1
		for end < len(list) && list[end].impact == list[i].impact {
			end++
		}
		k, next := riceFor(docs, uint32(end-i)), uint32(0)
		for ; i < end; i++ {
			bits += int((list[i].doc-next)>>k) + 1 + int(k)
			next = list[i].doc + 1
			if n == 0 && bits >= 8*size {
				n = i + 1
			}
		}
		if n > 0 && bits > 12*size { // there is more than half a piece beyond
			return n
		}
	}
	return len(list)
}

// dictionarySize is what DEFLATE can look back to.
const dictionarySize = 32 << 10

// dictionary takes passages that are spread evenly over the collection. What is usual in
// it need not be stored in each part.
func (w *writer) dictionary(p *passages.Store) {
	const each = 256
	step := max(1, p.Len()*each/dictionarySize)
	for i := 0; i < p.Len() && len(w.words) < dictionarySize; i += step {
		text := p.At(i).Text
		w.words = append(w.words, text[:min(len(text), each)]...)
	}
	w.words = w.words[:min(len(w.words), dictionarySize)]
}

// documents cuts the passages and vectors.
func (w *writer) documents(x *index.Index, p *passages.Store) error {
	about := passages.About{Link: p.About().Link}
	by := ranksOf(&x.Lexicon)
	texts, vectors := passages.NewBuilder(about), [][]index.Impact(nil)
	for doc, impacts := range x.Documents() {
		if err := texts.Add(p.At(doc)); err != nil {
			return err
		}
		vectors = append(vectors, slices.Clone(impacts))
		if len(vectors) < w.size.Passage && doc < x.Docs()-1 {
			continue
		}
		var b bytes.Buffer
		if _, err := texts.WriteTo(&b); err != nil {
			return err
		}
		content, err := writeDocuments(b.Bytes(), w.words, vectors, by, uint32(x.Vocab()))
		if err != nil {
			return err
		}
		w.sizes = binary.AppendUvarint(w.sizes, uint64(len(content)))
		if err := w.part(documentsPart, content); err != nil {
			return err
		}
		texts, vectors = passages.NewBuilder(about), vectors[:0]
	}
	return nil
}
