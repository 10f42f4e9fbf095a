//go:build wasip1

package main

import "unsafe"

var (
	state worker
	inbox []byte
	reply []byte // kept so that its memory stays until the next call
)

//go:wasmexport reserve
func reserve(n uint32) uint32 {
	inbox = nil
	if n > maxInbox {
		return 0
	}
	inbox = make([]byte, n, max(n, 1))
	return address(inbox)
}

func address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

func take() []byte {
	b := inbox
	inbox = nil
	return b
}

func send(b []byte) uint64 {
	reply = b
	return uint64(address(b))<<32 | uint64(len(b))
}

//go:wasmexport simd
func simd(on uint32) uint64 { return send(state.simd(on != 0)) }

//go:wasmexport file
func file(name uint32) uint64 { return send(state.file(take(), name)) }

//go:wasmexport open
func open() uint64 { return send(state.open()) }

//go:wasmexport ask
func ask() uint64 { return send(state.ask(take())) }

//go:wasmexport digest
func digest() uint64 { return send(state.digest(take())) }
