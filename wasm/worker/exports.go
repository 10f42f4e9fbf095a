//go:build wasip1

package main

import "parley/wasm/reactor"

var state worker

//go:wasmexport reserve
func reserve(n uint32) uint32 { return reactor.Reserve(n) }

//go:wasmexport simd
func simd(kernel uint32) uint64 { return reactor.Send(state.simd(kernel)) }

//go:wasmexport file
func file(name uint32) uint64 { return reactor.Send(state.file(reactor.Take(), name)) }

//go:wasmexport open
func open(own uint32) uint64 { return reactor.Send(state.open(own != 0)) }

//go:wasmexport ask
func ask() uint64 { return reactor.Send(state.ask(reactor.Take())) }

//go:wasmexport early
func early() uint64 { return reactor.Send(state.early(reactor.Take())) }

//go:wasmexport texts
func texts() uint64 { return reactor.Send(state.texts(reactor.Take())) }

//go:wasmexport words
func fileOfWords() uint64 { return reactor.Send(state.makeWords()) }

//go:wasmexport dense
func dense(on uint32) uint64 { return reactor.Send(state.dense(on != 0)) }

//go:wasmexport digest
func digest() uint64 { return reactor.Send(state.digest(reactor.Take())) }
