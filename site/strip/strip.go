// Package strip makes a WebAssembly program of Go's linker smaller for those who download
// it. The program computes the same: only memory that nothing but a trace of the stack
// reads becomes zero, and it is written in another form.
//
// The linker's -s and -w leave two things that half of a program's data consists of, once
// it is compressed:
//
//   - The table of functions (pclntab) has the name of each function, its file and the
//     line of each instruction. A trace of the stack prints them, and nothing else needs
//     them. What the garbage collector, growing stacks and recover read stays.
//   - The data is cut into some 60,000 segments, one wherever eight bytes are zero, each
//     with its address and length. Zeros compress to nothing, addresses do not.
package strip

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrTable says that the table of functions is not of the form that this package knows,
// which is that of Go 1.21 to 1.26.
var ErrTable = errors.New("the table of functions has another form than that of Go 1.26")

// Program returns a smaller form of a program that Go's linker wrote. Where the error is
// ErrTable, the program returned is complete, with its table of functions as it was.
func Program(program []byte) ([]byte, error) {
	if !bytes.HasPrefix(program, []byte("\x00asm\x01\x00\x00\x00")) {
		return nil, errors.New("strip: not a WebAssembly program")
	}
	out := slices.Clone(program[:8])
	var unknown error
	for rest := (reader{data: program[8:]}); len(rest.data) > 0; {
		id, content := rest.byte(), rest.bytes()
		if rest.failed {
			return nil, errors.New("strip: a section of the program is cut short")
		}
		if id == dataSection {
			memory, at, err := load(content)
			if err != nil {
				return nil, err
			}
			if !stripTable(memory) {
				unknown = fmt.Errorf("strip: %w", ErrTable)
			}
			content = segments(memory, at)
		}
		out = append(out, id)
		out = binary.AppendUvarint(out, uint64(len(content)))
		out = append(out, content...)
	}
	return out, unknown
}

const (
	dataSection = 11
	i32Const    = 0x41
	end         = 0x0b

	// largest is more than a section, and the memory, of any of our programs: a wrong
	// address must not allocate more.
	largest = 1 << 26
	// gap is how many zeros in a row end a segment: as many as are worth leaving out of
	// the file as it is when it is unpacked.
	gap = 4096
)

// load returns the memory that a data section fills, and its address.
func load(section []byte) (memory []byte, at int, err error) {
	type segment struct {
		at   int
		data []byte
	}
	var list []segment
	r := reader{data: section}
	first, last := largest, 0
	for n := r.uvarint(); n > 0 && !r.failed; n-- {
		flags, op, at, stop := r.byte(), r.byte(), r.svarint(), r.byte()
		data := r.bytes()
		if flags != 0 || op != i32Const || stop != end || at < 0 || at+len(data) > largest {
			return nil, 0, errors.New("strip: a segment of data has a form that Go's linker does not write")
		}
		list = append(list, segment{at, data})
		first, last = min(first, at), max(last, at+len(data))
	}
	if r.failed || len(r.data) > 0 || len(list) == 0 {
		return nil, 0, errors.New("strip: the section of data is damaged")
	}
	memory = make([]byte, last-first)
	for _, s := range list {
		copy(memory[s.at-first:], s.data)
	}
	return memory, first, nil
}

// segments writes the data section that fills memory, which begins at an address.
func segments(memory []byte, at int) []byte {
	var list []byte
	n := 0
	for i := 0; i < len(memory); {
		if memory[i] == 0 {
			i++
			continue
		}
		stop, zeros := i, 0 // stop is behind the last byte that is not zero
		for j := i; j < len(memory) && zeros < gap; j++ {
			if zeros++; memory[j] != 0 {
				stop, zeros = j+1, 0
			}
		}
		list = append(list, 0, i32Const)
		list = appendSvarint(list, at+i)
		list = append(list, end)
		list = binary.AppendUvarint(list, uint64(stop-i))
		list = append(list, memory[i:stop]...)
		i = stop
		n++
	}
	return append(binary.AppendUvarint(nil, uint64(n)), list...)
}

// A function's entry in the table: runtime._func.
const (
	entryAt    = 0
	nameAt     = 4
	argsAt     = 8
	pcspAt     = 16
	pcfileAt   = 20
	pclnAt     = 24
	npcdataAt  = 28
	unitAt     = 32
	lineAt     = 36
	nfuncAt    = 43
	entryBytes = 44

	argsUnknown = 1 << 31 // internal/abi.ArgsSizeUnknown

	// Of a function's tables, in the order of internal/abi, those of live arguments are
	// read by a trace alone.
	pcdataArgLive   = 3
	funcdataArgs    = 5
	funcdataArgLive = 6
)

// stripTable zeroes what only a trace reads of the table of functions in a program's
// memory. It changes nothing and returns false where the table does not have the form that
// it knows.
func stripTable(memory []byte) bool {
	le := binary.LittleEndian
	// The header: runtime.pcHeader, in a program whose pointers have eight bytes.
	start := bytes.Index(memory, []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8})
	if start < 0 || len(memory)-start < 72 {
		return false
	}
	table := memory[start:]
	word := func(i int) int { return int(min(le.Uint64(table[8*i:]), largest)) }
	functions, names, units, files, pcs, list := word(1), word(4), word(5), word(6), word(7), word(8)
	if !(72 <= names && names <= units && units <= files && files <= pcs && pcs <= list && list+8*functions+4 <= len(table)) || functions == 0 {
		return false
	}
	tables := table[pcs:list]

	// All is checked before anything is changed: entries that follow each other, each
	// with a name and tables within their bounds, are what no other layout has by chance.
	read := make([]bool, len(tables)) // bytes of tables that something else than a trace reads
	keep := func(off uint32) bool {
		if off == 0 {
			return true // no table
		}
		n := tableLength(tables[min(int(off), len(tables)):])
		for i := range n {
			read[int(off)+i] = true
		}
		return n > 0
	}
	entries := make([][]byte, functions)
	for i := range entries {
		at := list + int(le.Uint32(table[list+8*i+4:]))
		if at < 0 || at+entryBytes > len(table) {
			return false
		}
		f := table[at:]
		length := entryBytes + 4*(int(le.Uint32(f[npcdataAt:]))&0xffff+int(f[nfuncAt]))
		if length > len(f) || le.Uint32(f[npcdataAt:]) > 0xffff || le.Uint32(f[entryAt:]) != le.Uint32(table[list+8*i:]) {
			return false
		}
		if i+1 < functions {
			next := list + int(le.Uint32(table[list+8*(i+1)+4:]))
			if next != list+(at-list+length+7)&^7 {
				return false
			}
		}
		name := le.Uint32(f[nameAt:])
		if int(name) >= units-names || name > 0 && table[names+int(name)-1] != 0 ||
			int(le.Uint32(f[pcfileAt:])) >= len(tables) || int(le.Uint32(f[pclnAt:])) >= len(tables) || !keep(le.Uint32(f[pcspAt:])) {
			return false
		}
		for j := range int(le.Uint32(f[npcdataAt:])) {
			if off := le.Uint32(f[entryBytes+4*j:]); j != pcdataArgLive && !keep(off) {
				return false
			}
		}
		entries[i] = f[:length]
	}

	kept := make([]byte, units-names)
	for _, f := range entries {
		if name := int(le.Uint32(f[nameAt:])); le.Uint32(f[argsAt:]) == argsUnknown {
			// The runtime tells two of these functions, of package reflect, by name.
			text := table[names+name : units]
			copy(kept[name:], text[:max(bytes.IndexByte(text, 0), 0)])
		} else {
			le.PutUint32(f[nameAt:], 0)
		}
		for _, at := range []int{pcfileAt, pclnAt, unitAt, lineAt} {
			le.PutUint32(f[at:], 0)
		}
		npcdata, nfuncdata := int(le.Uint32(f[npcdataAt:])), int(f[nfuncAt])
		if npcdata > pcdataArgLive {
			le.PutUint32(f[entryBytes+4*pcdataArgLive:], 0)
		}
		for _, j := range []int{funcdataArgs, funcdataArgLive} {
			if j < nfuncdata {
				le.PutUint32(f[entryBytes+4*(npcdata+j):], ^uint32(0)) // none
			}
		}
	}
	copy(table[names:], kept)
	clear(table[units:pcs])
	for i := range tables {
		if !read[i] {
			tables[i] = 0
		}
	}
	return true
}

// tableLength returns how many bytes a table of values by instruction takes: pairs of
// varints, the difference of values and of addresses, to a difference of values that is
// zero and not the first. It returns 0 where the table is damaged.
func tableLength(table []byte) int {
	r := reader{data: table}
	for first := true; !r.failed; first = false {
		if value := r.uvarint(); value == 0 && !first {
			return len(table) - len(r.data)
		}
		r.uvarint()
	}
	return 0
}

// A reader takes values off data. After failed, all values are zero.
type reader struct {
	data   []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.data) {
		r.data, r.failed = nil, true
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() int {
	v, n := binary.Uvarint(r.data)
	r.take(cmp.Or(max(n, 0), len(r.data)+1)) // n is not positive where it is cut short or too large
	if r.failed || v > largest {
		r.failed = true
		return 0
	}
	return int(v)
}

// bytes takes a length and as many bytes.
func (r *reader) bytes() []byte { return r.take(r.uvarint()) }

// svarint takes a signed number in WebAssembly's form, of at most five bytes.
func (r *reader) svarint() int {
	v := 0
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= int(b&0x7f) << shift
		if b < 0x80 {
			if b&0x40 != 0 {
				v -= 1 << (shift + 7)
			}
			return v
		}
	}
	r.failed = true
	return 0
}

func appendSvarint(to []byte, v int) []byte {
	for ; v < -64 || v > 63; v >>= 7 {
		to = append(to, byte(v&0x7f|0x80))
	}
	return append(to, byte(v&0x7f))
}
