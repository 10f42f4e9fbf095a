// Package reactor is how a WASI reactor and its host hand bytes to each other. The
// host, after _initialize, calls one export at a time:
//
//	reserve(n i32) i32   room for n bytes, the inbox; returns its address, or 0
//	                     where n is more than MaxInbox. The host writes there.
//
// Any other export takes the inbox (Take) and gives an i64, address << 32 | length,
// valid until the next call (Send): UTF-8, a word and a newline, then JSON. The word
// "error" is followed by a message.Failure.
package reactor

import (
	"encoding/json"
	"fmt"
	"unsafe"

	"parley/shared/message"
)

// MaxInbox bounds one file or request, far below what would exhaust the memory.
const MaxInbox = 1 << 30

var inbox, reply []byte // reply is kept so that its memory stays until the next call

// Reserve makes the inbox.
func Reserve(n uint32) uint32 {
	inbox = nil
	if n > MaxInbox {
		return 0
	}
	inbox = make([]byte, n, max(n, 1))
	return Address(inbox)
}

// Address is where in the program's memory b begins.
func Address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// Take gives the inbox, which is then no more.
func Take() []byte {
	b := inbox
	inbox = nil
	return b
}

// TakeFile gives the inbox as a file: its last name bytes are the file's name.
func TakeFile(name uint32) (title string, content []byte, err error) {
	data := Take()
	if uint64(name) > uint64(len(data)) {
		return "", nil, fmt.Errorf("a file's name of %d bytes in an inbox of %d: reserve room for contents and name first", name, len(data))
	}
	n := len(data) - int(name)
	return string(data[n:]), data[:n:n], nil
}

// Send makes a reply of what f returns. What f could not foresee, a panic, becomes
// an error too: the page then says so, and the program goes on.
func Send(stage string, f func() (word string, body any, err error)) uint64 {
	reply = respond(stage, f)
	return uint64(Address(reply))<<32 | uint64(len(reply))
}

func respond(stage string, f func() (word string, body any, err error)) (reply []byte) {
	defer func() {
		if r := recover(); r != nil {
			reply = encode("error", message.Failure{Stage: stage, Message: fmt.Sprint("internal error: ", r)})
		}
	}()
	word, body, err := f()
	if err != nil {
		return encode("error", message.Failure{Stage: stage, Message: err.Error()})
	}
	return encode(word, body)
}

func encode(word string, body any) []byte {
	data, err := json.Marshal(body)
	if err != nil { // a NaN, or a type that the tests have not seen
		return encode("error", message.Failure{Message: err.Error()})
	}
	return append([]byte(word+"\n"), data...)
}
