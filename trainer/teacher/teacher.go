// Package teacher keeps what a student learns from: for every training question, the
// passages that a teacher ranked best, with their scores. The usual teacher is the
// frozen encoder, which reads the question as a person or an LLM rewrote it. The
// package also reads other teachers' files.
//
// A distillation file is a log (shared/recordlog) with the magic "PRLYDST1". Its key
// is that of the collection (see KeyOf). All numbers in its records are
// little-endian:
//
//	id's length uint32, id, n uint32, n documents uint32, n scores float32
//
// Documents are numbers in the collection, best first.
package teacher

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"sync"

	"parley/shared/conversation"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/recordlog"
	"parley/shared/sparse"
	"parley/trainer/exact"
)

const magic = "PRLYDST1"

// A List is a teacher's ranking, best first. Docs are numbers in the collection.
type List struct {
	Docs   []uint32
	Scores []float32
}

// sort sorts by falling score; of equal scores, by document.
func (l List) sort() {
	at := make([]int, len(l.Docs))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(a, b int) int {
		return cmp.Or(cmp.Compare(l.Scores[b], l.Scores[a]), cmp.Compare(l.Docs[a], l.Docs[b]))
	})
	docs, scores := slices.Clone(l.Docs), slices.Clone(l.Scores)
	for i, j := range at {
		l.Docs[i], l.Scores[i] = docs[j], scores[j]
	}
}

// A Key identifies a collection by its passages' ids.
type Key [32]byte

// KeyOf returns the key of a collection with the given ids, in their order.
func KeyOf(ids []string) Key {
	h := sha256.New()
	for _, id := range ids {
		binary.Write(h, binary.LittleEndian, uint32(len(id)))
		io.WriteString(h, id)
	}
	return Key(h.Sum(nil))
}

// A File is a distillation file. Its lists stay on disk. One goroutine at a time may
// append; any number may read.
type File struct {
	log  *recordlog.Log
	docs int
	at   map[string]int64 // the offset of each query's record
	ids  []string
}

// Open opens the file at path, or begins one if there is none. docs is the number of
// passages in the collection. Open returns an error if the file is of another
// collection. While another process adds to the file, Open waits.
func Open(ctx context.Context, path string, key Key, docs int) (*File, error) {
	file := &File{docs: docs, at: map[string]int64{}}
	var err error
	file.log, err = recordlog.Open(path, recordlog.Options{
		Magic: magic, Key: key,
		Lock: func(f *os.File) error { return durable.Lock(ctx, f) },
		Read: func(at int64, body []byte) error {
			id, _, err := decode(body, docs)
			if err == nil {
				file.note(id, at)
			}
			return err
		},
	})
	var other *recordlog.OtherError
	if errors.As(err, &other) {
		if other.Magic == magic {
			return nil, fmt.Errorf("%s: it was made on another collection (the ids differ); give the same passages in the same order, or make it again", path)
		}
		return nil, fmt.Errorf("%s: not a distillation file of this program; give a new name for the output", path)
	}
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (file *File) note(id string, at int64) {
	if _, again := file.at[id]; !again {
		file.ids = append(file.ids, id)
	}
	file.at[id] = at
}

func decode(body []byte, docs int) (id string, l List, err error) {
	bad := errors.New("a record contradicts itself")
	number := func() int {
		if len(body) < 4 {
			err = bad
			return 0
		}
		n := binary.LittleEndian.Uint32(body)
		body = body[4:]
		return int(n)
	}
	k := number()
	if err != nil || k > len(body) {
		return "", l, bad
	}
	id, body = string(body[:k]), body[k:]
	n := number()
	if err != nil || len(body) != 8*n {
		return "", l, bad
	}
	l = List{make([]uint32, n), make([]float32, n)}
	for i := range n {
		l.Docs[i] = binary.LittleEndian.Uint32(body[4*i:])
		l.Scores[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*(n+i):]))
		if int(l.Docs[i]) >= docs || math.IsNaN(float64(l.Scores[i])) || math.IsInf(float64(l.Scores[i]), 0) {
			return "", l, fmt.Errorf("query %q: passage %d of %d, score %v", id, l.Docs[i], docs, l.Scores[i])
		}
	}
	return id, l, nil
}

// Has reports whether the file has a list for id.
func (file *File) Has(id string) bool { _, ok := file.at[id]; return ok }

// IDs returns the queries in the order of the file.
func (file *File) IDs() []string { return file.ids }

// Get reads a query's list. If there is none, the list is empty.
func (file *File) Get(id string) (List, error) {
	at, ok := file.at[id]
	if !ok {
		return List{}, nil
	}
	body, err := file.log.Body(at)
	if err != nil {
		return List{}, err
	}
	_, l, err := decode(body, file.docs)
	return l, err
}

// Append adds a list, which may be in any order. It survives a crash after the next
// Sync.
func (file *File) Append(id string, l List) error {
	l.sort()
	body := binary.LittleEndian.AppendUint32(nil, uint32(len(id)))
	body = append(body, id...)
	body = binary.LittleEndian.AppendUint32(body, uint32(len(l.Docs)))
	for _, d := range l.Docs {
		body = binary.LittleEndian.AppendUint32(body, d)
	}
	for _, s := range l.Scores {
		body = binary.LittleEndian.AppendUint32(body, math.Float32bits(s))
	}
	if _, _, err := decode(body, file.docs); err != nil {
		return err
	}
	at, err := file.log.Append(body)
	if err != nil {
		return err
	}
	file.note(id, at)
	return nil
}

// Sync returns when the appended lists are on the disk.
func (file *File) Sync() error { return file.log.Sync() }

// Seal ends the appending, so that other processes may open the file and add to it.
// The lists can still be read.
func (file *File) Seal() error { return file.log.Seal() }

// Close closes the file.
func (file *File) Close() error { return file.log.Close() }

// A Query is what the teacher reads of an example: the question as someone rewrote
// it.
type Query struct{ ID, Text string }

// A Ranker ranks the collection for a text. It has memory of its own, so only one
// goroutine may use it.
type Ranker func(text string) (List, error)

// Sparse returns a function that makes rankers. They rank with the frozen encoder e,
// keep the k best, and share one index, which the first call makes. docs are e's
// vectors of the collection.
func Sparse(e *encoder.Encoder, docs []sparse.Vector, k int) func() Ranker {
	index := sync.OnceValue(func() *exact.Index { return exact.New(docs) })
	return func() Ranker {
		s, own := e.NewSession(), index().Share()
		return func(text string) (l List, err error) {
			v, _, err := s.EncodeQuery(conversation.Build(e.Tokenizer, []conversation.Turn{{Question: text}}, e.Query))
			if err != nil {
				return l, err
			}
			for _, h := range own.Search(v, k) {
				l.Docs = append(l.Docs, h.Doc)
				l.Scores = append(l.Scores, float32(h.Score))
			}
			return l, nil
		}
	}
}

// Rank ranks the collection for every query that the file does not have yet, with
// one ranker per core. It calls report with the number of queries that are done.
func Rank(ctx context.Context, ranker func() Ranker, queries []Query, file *File, report func(done int)) error {
	var todo []Query
	for _, q := range queries {
		if !file.Has(q.ID) {
			todo = append(todo, q)
		}
	}
	report(len(queries) - len(todo))
	if len(todo) == 0 {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type ranked struct {
		id   string
		list List
		err  error
	}
	next, out := make(chan Query), make(chan ranked)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			rank := ranker()
			for q := range next {
				l, err := rank(q.Text)
				if err != nil {
					err = fmt.Errorf("query %q: %w", q.ID, err)
				}
				out <- ranked{q.ID, l, err}
			}
		})
	}
	go func() {
		defer close(next)
		for _, q := range todo {
			select {
			case next <- q:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() { wg.Wait(); close(out) }()
	done := len(queries) - len(todo)
	var err error
	for r := range out { // to the end, so that no worker stays blocked
		if err == nil {
			err = r.err
		}
		if err == nil {
			err = file.Append(r.id, r.list)
		}
		if err != nil {
			stop()
			continue
		}
		if done++; done%512 == 0 {
			err = file.Sync()
		}
		report(done)
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = ctx.Err()
	}
	return err
}
