// Package reactor passes bytes between a WASI reactor and its host. After _initialize, the
// host calls one export at a time:
//
//	reserve(n i32) i32   room for n bytes, the inbox; returns its address, or 0
//	                     where n is more than MaxInbox. The host writes there.
//
// Any other export takes the inbox (Take) and returns an i64, address << 32 | length, of a
// reply that is valid until the next call (Send): UTF-8, a word and a newline, then JSON
// (Respond). The word "error" is followed by a message.Failure.
//
// This package does not import encoding/json, so that worker.wasm, which every visitor
// loads, stays small.
package reactor

import (
	"errors"
	"fmt"
	"unsafe"

	"parley/shared/matrix"
	"parley/shared/message"
	"parley/shared/wire"
)

// Path returns the path of shared/matrix for what a host says of the functions that the
// program imports as "kernel": 0, there are none; 1, kernel.wasm's; 2, relaxed.wasm's.
func Path(kernel uint32) matrix.Path {
	switch kernel {
	case 0:
		return matrix.Portable
	case 1:
		return matrix.Kernel
	}
	return matrix.Relaxed
}

// MaxInbox is the largest file or request in bytes, far below what would exhaust the
// memory.
const MaxInbox = 1 << 30

var inbox, reply []byte // reply is kept so that its memory stays until the next call

// Reserve allocates the inbox and returns its address; 0 where n is more than MaxInbox.
func Reserve(n uint32) uint32 {
	inbox = nil
	if n > MaxInbox {
		return 0
	}
	inbox = make([]byte, n, max(n, 1))
	return Address(inbox)
}

// Address returns the address of b in the program's memory.
func Address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// Take returns the inbox and releases it.
func Take() []byte {
	b := inbox
	inbox = nil
	return b
}

// Split splits data into the contents of a file and its name, which is the last name
// bytes.
func Split(data []byte, name uint32) (title string, content []byte, err error) {
	if uint64(name) > uint64(len(data)) {
		return "", nil, fmt.Errorf("a file's name of %d bytes in an inbox of %d: reserve room for contents and name first", name, len(data))
	}
	n := len(data) - int(name)
	return string(data[n:]), data[:n:n], nil
}

// Send returns the address and length of a reply for the host, and keeps the reply until
// the next call.
func Send(b []byte) uint64 {
	reply = b
	return uint64(Address(b))<<32 | uint64(len(b))
}

// A FileError names the file that is wrong.
type FileError struct {
	Name string
	Err  error
}

func (e *FileError) Error() string { return e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// Respond returns the reply for the results of f; body must be JSON. A panic in f becomes
// an error too, so that the page can report it and the program continues.
func Respond(stage string, f func() (word, body string, err error)) (reply []byte) {
	defer func() {
		if r := recover(); r != nil {
			reply = failed(message.Failure{Stage: stage, Message: fmt.Sprint("internal error: ", r)})
		}
	}()
	word, body, err := f()
	if err != nil {
		failure := message.Failure{Stage: stage, Message: err.Error()}
		var wrong *FileError
		if errors.As(err, &wrong) {
			failure.File = wrong.Name
		}
		return failed(failure)
	}
	return []byte(word + "\n" + body)
}

func failed(f message.Failure) []byte { return []byte("error\n" + wire.EncodeFailure(&f)) }
