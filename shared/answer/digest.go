package answer

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"

	"parley/shared/message"
)

// Digest returns a 64-bit FNV-1a hash of everything that the engine computes for the questions, to
// the bit: token ids, the vector's terms and weights, the token that won each term, the ranking and
// its scores; where the dense stage answers, also its vector and its part of the scores; where the reader does, its
// logits. The same
// files give the same digest natively, in wazero and in a browser, with the kernel and without;
// tests compare it.
func (e *Engine) Digest(asks []message.Ask) (uint64, error) {
	h := fnv.New64a()
	var buf [4]byte
	add := func(v uint32) {
		binary.LittleEndian.PutUint32(buf[:], v)
		h.Write(buf[:])
	}
	for i, ask := range asks {
		f, err := e.find(ask)
		if err != nil {
			return 0, fmt.Errorf("answer: question %d of %d: %w", i+1, len(asks), err)
		}
		add(uint32(len(f.Input.IDs)))
		for _, id := range f.Input.IDs {
			add(uint32(id))
		}
		add(uint32(f.Vector.L0()))
		for j, t := range f.Vector.Terms {
			add(t)
			add(math.Float32bits(f.Vector.Weights[j]))
			add(uint32(f.Won[j]))
		}
		add(uint32(len(f.hits)))
		for _, hit := range f.hits {
			add(hit.Doc)
			add(math.Float32bits(hit.Score))
		}
		if f.stage != message.StageSparse {
			for _, list := range [][]float32{e.second.query, f.parts} {
				for _, v := range list {
					add(math.Float32bits(v))
				}
			}
		}
		for _, r := range f.read {
			for _, v := range append([]float32{r.relevance, r.part}, e.third.logits[r.from:r.to]...) {
				add(math.Float32bits(v))
			}
		}
	}
	return h.Sum64(), nil
}
