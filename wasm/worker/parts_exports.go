//go:build wasip1 && parts

package main

import "parley/wasm/reactor"

//go:wasmexport parts
func listParts() uint64 {
	return reactor.Send(reactor.Respond("open", func() (string, string, error) { return "parts", state.list(), nil }))
}
