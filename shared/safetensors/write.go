//go:build !wasip1

// This file is not part of the page's programs, which only read.

package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Write returns a file with the given tensors and metadata. It orders the tensors
// as the reference implementation does, by descending element width and then by
// name, so that equal tensors give equal bytes. If two tensors have the same
// name, or data does not fit its shape, the error is an *Error.
func Write(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	ts := slices.Clone(tensors)
	sort.SliceStable(ts, func(i, j int) bool {
		if a, b := ts[i].DType.Size(), ts[j].DType.Size(); a != b {
			return a > b
		}
		return ts[i].Name < ts[j].Name
	})
	var head bytes.Buffer
	head.WriteByte('{')
	if len(metadata) > 0 {
		m, err := json.Marshal(metadata) // sorts the keys
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&head, `"__metadata__":%s`, m)
	}
	seen := map[string]bool{}
	size := 0
	for _, t := range ts {
		if t.Name == "__metadata__" || seen[t.Name] {
			return nil, &Error{t.Name, 0, "two tensors have this name; give each its own"}
		}
		seen[t.Name] = true
		if w := t.DType.Size(); w == 0 || len(t.Data) != w*t.Len() {
			return nil, &Error{t.Name, int64(size), fmt.Sprintf("has %d bytes, shape %v of %s takes %d", len(t.Data), t.Shape, t.DType, w*t.Len())}
		}
		if head.Len() > 1 {
			head.WriteByte(',')
		}
		name, err := json.Marshal(t.Name)
		if err != nil {
			return nil, err
		}
		shape := strings.ReplaceAll(fmt.Sprint(t.Shape), " ", ",")
		fmt.Fprintf(&head, `%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, name, t.DType, shape, size, size+len(t.Data))
		size += len(t.Data)
	}
	head.WriteByte('}')
	for head.Len()%8 != 0 {
		head.WriteByte(' ')
	}
	out := make([]byte, 8, 8+head.Len()+size)
	binary.LittleEndian.PutUint64(out, uint64(head.Len()))
	out = append(out, head.Bytes()...)
	for _, t := range ts {
		out = append(out, t.Data...)
	}
	return out, nil
}
