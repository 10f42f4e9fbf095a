//go:build wasip1

package main

import (
	"encoding/json"

	"parley/shared/matrix"
	"parley/wasm/reactor"
)

var state desk

//go:wasmexport reserve
func reserve(n uint32) uint32 { return reactor.Reserve(n) }

//go:wasmexport simd
func simd(kernel uint32) uint64 {
	return respond("open", func() (struct{}, error) { return struct{}{}, matrix.Use(reactor.Path(kernel)) })
}

//go:wasmexport file
func file(name uint32) uint64 {
	return respond("open", func() (any, error) {
		title, content, err := reactor.Split(reactor.Take(), name)
		if err != nil {
			return nil, err
		}
		return state.file(title, content)
	})
}

// call handles every other export: JSON in, JSON out.
func call[In, Out any](f func(In) (Out, error)) uint64 {
	return respond("files", func() (out Out, err error) {
		var in In
		if err := unmarshal(reactor.Take(), &in); err != nil {
			return out, err
		}
		return f(in)
	})
}

// respond sends the result of f as JSON.
func respond[Out any](stage string, f func() (Out, error)) uint64 {
	return reactor.Send(reactor.Respond(stage, func() (string, string, error) {
		out, err := f()
		if err != nil {
			return "", "", err
		}
		body, err := json.Marshal(out)
		return "done", string(body), err
	}))
}

//go:wasmexport open
func open() uint64 { return call(state.open) }

//go:wasmexport begin
func begin() uint64 { return call(state.begin) }

//go:wasmexport extend
func extend() uint64 { return call(state.extend) }

//go:wasmexport columns
func columnsOf() uint64 { return call(state.setColumns) }

//go:wasmexport encode
func encode() uint64 { return call(state.encode) }

//go:wasmexport batch
func batch() uint64 { return call(state.batch) }

//go:wasmexport build
func build() uint64 { return call(state.build) }

//go:wasmexport dense
func denseOf() uint64 { return call(state.dense) }

//go:wasmexport embed
func embed() uint64 { return call(state.embed) }

//go:wasmexport vectors
func vectorsOf() uint64 { return call(state.vectors) }

//go:wasmexport passages
func passagesOf() uint64 { return call(state.allPassages) }

//go:wasmexport pack
func pack() uint64 { return call(state.pack) }

//go:wasmexport retitle
func retitle() uint64 { return call(state.retitle) }

//go:wasmexport source
func source() uint64 { return call(state.source) }

//go:wasmexport adopt
func adopt() uint64 { return call(state.adopt) }

//go:wasmexport join
func join() uint64 { return call(state.join) }

//go:wasmexport conversations
func conversations() uint64 { return call(state.conversations) }

//go:wasmexport transcript
func transcriptOf() uint64 { return call(state.transcript) }
