package encoder

import (
	"bytes"
	"encoding/binary"
	"math"
	"regexp"
	"strconv"
	"testing"

	"parley/shared/conversation"
)

var numbers = regexp.MustCompile(`-?[0-9][0-9.e-]*`)

// spoiled changes an encoder's files as edits say: nine bytes each, for what is changed,
// where, and its new value. Most results are sound enough to be loaded, so the fuzzer gets
// beyond the parsers, which have targets of their own.
func spoiled(files map[string][]byte, edits []byte) map[string][]byte {
	out := map[string][]byte{}
	for name, data := range files {
		out[name] = bytes.Clone(data)
	}
	for ; len(edits) >= 9; edits = edits[9:] {
		at, value := int(binary.LittleEndian.Uint32(edits[1:])), binary.LittleEndian.Uint32(edits[5:])
		weights := out[weightsFile]
		switch edits[0] % 5 {
		case 0: // a float of the weights, or four integers
			begin := 8 + int(binary.LittleEndian.Uint64(weights))
			if n := (len(weights) - begin) / 4; n > 0 {
				binary.LittleEndian.PutUint32(weights[begin+at%n*4:], value)
			}
		case 1: // a byte of the weights' header
			weights[at%(8+int(binary.LittleEndian.Uint64(weights[:8])%uint64(len(weights))))%len(weights)] = byte(value)
			if binary.LittleEndian.Uint64(weights) > uint64(len(weights)-8) {
				return out
			}
		case 2: // a number of the settings
			config := out["config.json"]
			if all := numbers.FindAllIndex(config, -1); len(all) > 0 {
				i := all[at%len(all)]
				number := strconv.FormatInt(int64(int32(value)), 10)
				if edits[0]&0x80 != 0 {
					if f := float64(math.Float32frombits(value)); f == f && !math.IsInf(f, 0) {
						number = strconv.FormatFloat(f, 'g', -1, 32)
					}
				}
				out["config.json"] = append(append(bytes.Clone(config[:i[0]]), number...), config[i[1]:]...)
			}
		case 3: // a byte of the vocabulary
			if v := out["vocab.txt"]; len(v) > 0 {
				v[at%len(v)] = byte(value)
			}
		case 4: // the weights end early
			out[weightsFile] = weights[:max(8, at%len(weights))]
			return out
		}
	}
	return out
}

// oneEdit is one change, for a corpus.
func oneEdit(what byte, at, value uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32([]byte{what}, at), value)
}

func addEdits(f *testing.F) {
	f.Add([]byte(nil))
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), 1e38, -1e38, 1e-45} {
		f.Add(oneEdit(0, 77, math.Float32bits(v)))
	}
	for at := range uint32(8) {
		f.Add(oneEdit(2, at, 0xffffffff))
		f.Add(oneEdit(2, at, 1<<30))
	}
	f.Add(oneEdit(1, 20, ']'))
	f.Add(oneEdit(3, 5, '\n'))
	f.Add(oneEdit(4, 5000, 0))
}

var short = conversation.Input{IDs: []int32{2, 9, 3}, Types: make([]uint8, 3)}

// encodes reports an invalid vector.
func encodes(t *testing.T, e *Encoder) {
	v, _, err := e.NewSession().Encode(short)
	if err == nil {
		err = v.Check(e.Vocab())
		if err != nil {
			t.Error(err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	var all []map[string][]byte
	for _, name := range []string{"bert", "distilbert"} {
		small, err := Quantize(folder("testdata", name), nil)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, small)
	}
	addEdits(f)
	f.Fuzz(func(t *testing.T, edits []byte) {
		for _, files := range all {
			if e, err := Load(inMemory(spoiled(files, edits))); err == nil {
				encodes(t, e)
			}
		}
	})
}

func FuzzLoadOver(f *testing.F) {
	files, whole := family(f, "bert")
	member, err := Share(whole, inMemory(files))
	if err != nil {
		f.Fatal(err)
	}
	base, err := Load(inMemory(files))
	if err != nil {
		f.Fatal(err)
	}
	addEdits(f)
	f.Fuzz(func(t *testing.T, edits []byte) {
		if e, err := LoadOver(base, inMemory(spoiled(member, edits))); err == nil {
			encodes(t, e)
		}
		encodes(t, base) // which is untouched
	})
}

func FuzzLoadSentence(f *testing.F) {
	small, err := Quantize(folder("testdata", "sentence"), nil)
	if err != nil {
		f.Fatal(err)
	}
	addEdits(f)
	f.Fuzz(func(t *testing.T, edits []byte) {
		s, err := LoadSentence(inMemory(spoiled(small, edits)))
		if err != nil {
			return
		}
		v := make([]float32, s.Dim())
		if err := s.NewSession().Embed(v, short); err != nil {
			return
		}
		for _, x := range v {
			if x != x || math.IsInf(float64(x), 0) {
				t.Fatalf("the vector holds %v", x)
			}
		}
	})
}
