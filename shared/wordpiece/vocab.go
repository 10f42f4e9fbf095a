package wordpiece

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Tokenizer splits text by one vocabulary. It is safe for concurrent use.
type Tokenizer struct {
	pieces              []string // by id
	special             Special
	initial, continuing table
}

// Special holds the ids of [PAD], [UNK], [CLS], [SEP] and [MASK].
type Special struct{ Pad, Unk, Cls, Sep, Mask int32 }

// Piece returns the vocabulary's string for id ("tower", "##ing"), "" where id is out of
// range.
func (t *Tokenizer) Piece(id int32) string {
	if id < 0 || int(id) >= len(t.pieces) {
		return ""
	}
	return t.pieces[id]
}

// Size returns the number of pieces in the vocabulary.
func (t *Tokenizer) Size() int { return len(t.pieces) }

// List returns the vocabulary in the form of a vocab.txt, one piece per line.
func (t *Tokenizer) List() []byte { return []byte(strings.Join(t.pieces, "\n") + "\n") }

// Same reports whether two vocabularies have the same pieces, each with the same id.
func (t *Tokenizer) Same(other *Tokenizer) bool {
	return t == other || slices.Equal(t.pieces, other.pieces)
}

// Special returns the ids of the special tokens.
func (t *Tokenizer) Special() Special { return t.special }

// New reads a vocab.txt: one piece per line, whose id is the line's number from 0. Lines
// may end in CR LF. It returns an error for an empty or repeated line, one that is not
// UTF-8, and a vocabulary that lacks a special token or has capitals.
func New(vocab []byte) (*Tokenizer, error) {
	if len(vocab) == 0 {
		return nil, fmt.Errorf("vocab.txt: empty")
	}
	lines := strings.Split(strings.TrimSuffix(string(vocab), "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	return build(lines, "vocab.txt", "line", 1)
}

// build returns a tokenizer with these pieces. Its errors say that piece i stands in file
// at "unit i+from".
func build(pieces []string, file, unit string, from int) (*Tokenizer, error) {
	t := &Tokenizer{pieces: pieces}
	var initial, continuing int
	for i, p := range pieces {
		switch {
		case p == "":
			return nil, fmt.Errorf("%s: %s %d: empty piece", file, unit, i+from)
		case !utf8.ValidString(p):
			return nil, fmt.Errorf("%s: %s %d: %q is not UTF-8", file, unit, i+from, p)
		case !continues(p):
			initial++
		case 'A' <= p[2] && p[2] <= 'Z':
			return nil, fmt.Errorf("%s: %s %d: %q has a capital, so the vocabulary is cased; only BERT's uncased WordPiece is known here",
				file, unit, i+from, p)
		default:
			continuing++
		}
	}
	t.initial = newTable(initial, 0x811c9dc5, 0)
	t.continuing = newTable(continuing, 0x01000193, len(prefix))
	for i, p := range pieces {
		key := &t.initial
		if continues(p) {
			key = &t.continuing
		}
		if first := key.insert(pieces, int32(i)); first >= 0 {
			return nil, fmt.Errorf("%s: %s %d: %q stands already at %s %d", file, unit, i+from, p, unit, int(first)+from)
		}
	}
	var missing []string
	for _, s := range []struct {
		piece string
		id    *int32
	}{
		{"[PAD]", &t.special.Pad}, {"[UNK]", &t.special.Unk}, {"[CLS]", &t.special.Cls},
		{"[SEP]", &t.special.Sep}, {"[MASK]", &t.special.Mask},
	} {
		h := t.initial.seed
		for i := range len(s.piece) {
			h = hashByte(h, s.piece[i])
		}
		if *s.id = t.initial.find(pieces, h, []byte(s.piece)); *s.id < 0 {
			missing = append(missing, s.piece)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("%s: no %s among its %d pieces: this is not a vocabulary of BERT's uncased WordPiece",
			file, strings.Join(missing, ", "), len(pieces))
	}
	return t, nil
}

// prefix marks a piece that continues a word.
const prefix = "##"

// continues reports whether a piece continues a word rather than begins it. "##" alone
// continues nothing: a part of a word is never empty.
func continues(p string) bool { return len(p) > len(prefix) && p[:len(prefix)] == prefix }

// A table finds the id of a piece by its bytes, hashed with open addressing. Pieces that
// begin a word and pieces that continue one have separate tables, so that looking up the
// rest of a word needs no "##" before it.
type table struct {
	seed    uint32
	skip    int // bytes of prefix before a piece's own
	longest int // of the pieces, in bytes
	shift   uint8
	slots   []slot // a power of two, at least half of them empty
}

type slot struct {
	hash uint32
	id1  int32 // the id + 1; 0 where the slot is empty
}

func newTable(n int, seed uint32, skip int) table {
	log := bits.Len(uint(2*n + 1))
	return table{seed: seed, skip: skip, shift: uint8(32 - log), slots: make([]slot, 1<<log)}
}

// hashByte is FNV-1a's step.
func hashByte(h uint32, c byte) uint32 { return (h ^ uint32(c)) * 16777619 }

// first returns the slot at which the search for h begins: the top bits of a Fibonacci
// hash, since FNV mixes its low bits better than its high ones.
func (k *table) first(h uint32) uint32 { return (h * 0x9e3779b9) >> k.shift }

// find returns the id of the piece whose own bytes are b, with hash h; -1 where there is
// none.
func (k *table) find(pieces []string, h uint32, b []byte) int32 {
	mask := uint32(len(k.slots) - 1)
	for i := k.first(h); ; i = (i + 1) & mask {
		s := k.slots[i]
		if s.id1 == 0 {
			return -1
		}
		if s.hash == h && pieces[s.id1-1][k.skip:] == string(b) {
			return s.id1 - 1
		}
	}
}

// insert adds a piece. It returns the id of the same piece if the table has it already,
// else -1.
func (k *table) insert(pieces []string, id int32) int32 {
	p := pieces[id][k.skip:]
	h := k.seed
	for i := range len(p) {
		h = hashByte(h, p[i])
	}
	k.longest = max(k.longest, len(p))
	mask := uint32(len(k.slots) - 1)
	for i := k.first(h); ; i = (i + 1) & mask {
		s := &k.slots[i]
		if s.id1 == 0 {
			*s = slot{h, id + 1}
			return -1
		}
		if s.hash == h && pieces[s.id1-1][k.skip:] == p {
			return s.id1 - 1
		}
	}
}
