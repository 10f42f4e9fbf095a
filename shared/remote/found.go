package remote

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"

	"parley/shared/container"
	"parley/shared/index"
	"parley/shared/jsontree"
	"parley/shared/passages"
)

// A tab asks the host that it came from, which asks the engine. The tab sends JSON,
//
//	{"k":10,"v":{"1037":512,"2003":17}}
//
// k is the number of passages wanted, v the weight of each term. It gets a container
// (shared/container) with the magic "PARLEYFD". Its numbers, little-endian:
//
//	12  4  passages
//	16  4  terms of the query
//
// Its sections:
//
//	documents: for each passage, 4 bytes, little-endian: its document number
//	impacts: for each passage, for each term of the query, ascending, one byte
//	passages: the texts, in the order of the documents, as passages.bin has them
var foundForm = &container.Format{Name: "found", What: "engine's answer", Magic: "PARLEYFD", Versions: []container.Layout{
	{Numbers: 8, Sections: []string{"documents", "impacts", "passages"}},
}}

// The most that a tab may ask for.
const (
	MostTerms    = 4096
	MostPassages = 200
)

// Question returns what a tab sends.
func Question(q []index.Factor, k int) string {
	b := strconv.AppendInt([]byte(`{"k":`), int64(k), 10)
	b = append(b, `,"v":{`...)
	for i, f := range q {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(append(b, '"'), uint64(f.Term), 10)
		b = strconv.AppendUint(append(b, `":`...), uint64(f.Weight), 10)
	}
	return string(append(b, "}}"...))
}

// ParseQuestion reads what a tab sends. The weights are whole numbers whose sum stays below
// 2^24, as that of a query's factors does (index.Lexicon.Factors).
func ParseQuestion(body string) (q []index.Factor, k int, err error) {
	v, err := jsontree.Parse(body)
	if err != nil {
		return nil, 0, err
	}
	k = v.Get("k").Int()
	terms := v.Get("v")
	if k < 1 || k > MostPassages || terms.Kind != jsontree.Object || len(terms.List) == 0 || len(terms.List) > MostTerms {
		return nil, 0, errors.New(`no question of the form {"k": passages, "v": {"term": weight, ...}}, or too large a one`)
	}
	sum := 0
	for i, name := range terms.Keys {
		term, err := strconv.ParseUint(name, 10, 31)
		weight := terms.List[i].Int()
		if err != nil || weight < 1 || weight >= 1<<24 || len(q) > 0 && q[len(q)-1].Term >= uint32(term) {
			return nil, 0, errors.New("the question's terms must ascend, and have whole weights from 1 to 2^24")
		}
		if sum += weight; sum >= 1<<24 {
			return nil, 0, errors.New("the question's weights add up to 2^24 or more")
		}
		q = append(q, index.Factor{Term: uint32(term), Weight: uint32(weight)})
	}
	return q, k, nil
}

// Encode returns what the host answers.
func Encode(q []index.Factor, found []Found) ([]byte, error) {
	le := binary.LittleEndian
	var docs, impacts []byte
	texts := passages.NewBuilder(passages.About{})
	for _, f := range found {
		docs = le.AppendUint32(docs, f.Doc)
		for _, t := range q {
			i, ok := slices.BinarySearchFunc(f.Impacts, t.Term, func(m index.Impact, term uint32) int { return int(m.Term) - int(term) })
			if ok {
				impacts = append(impacts, f.Impacts[i].Weight)
			} else {
				impacts = append(impacts, 0)
			}
		}
		if err := texts.Add(f.Passage); err != nil {
			return nil, err
		}
	}
	var body bytes.Buffer
	if _, err := texts.WriteTo(&body); err != nil {
		return nil, err
	}
	n := le.AppendUint32(nil, uint32(len(found)))
	n = le.AppendUint32(n, uint32(len(q)))
	return slices.Concat(foundForm.Header(1, n, container.SumOf(docs), container.SumOf(impacts), container.SumOf(body.Bytes())), docs, impacts, body.Bytes()), nil
}

// Decode reads what the host answers to q. Errors are *container.FormatError.
func Decode(data []byte, q []index.Factor) ([]Found, error) {
	file, err := foundForm.Open(data)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	n, terms := le.Uint32(file.Numbers), le.Uint32(file.Numbers[4:])
	docs, impacts, body := file.Sections[0].Data, file.Sections[1].Data, file.Sections[2]
	store, err := passages.Open(body.Data)
	if err != nil {
		return nil, foundForm.Errorf("passages", body.At, "%v", err)
	}
	if int(terms) != len(q) || uint64(len(docs)) != 4*uint64(n) || uint64(len(impacts)) != uint64(n)*uint64(terms) || uint64(store.Len()) != uint64(n) {
		return nil, foundForm.Errorf("header", 12, "%d passages and %d terms: this is no answer to a question of %d terms", n, terms, len(q))
	}
	found := make([]Found, n)
	for i := range found {
		found[i] = Found{Doc: le.Uint32(docs[4*i:]), Passage: store.At(i)}
		for k, f := range q {
			if w := impacts[i*len(q)+k]; w > 0 {
				found[i].Impacts = append(found[i].Impacts, index.Impact{Term: f.Term, Weight: w})
			}
		}
	}
	return found, nil
}
