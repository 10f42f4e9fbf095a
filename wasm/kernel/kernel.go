// Package kernel carries kernel.wasm: the encoder's arithmetic in C with
// WebAssembly SIMD (kernel.c), to the bit the same as shared/matrix's plain Go.
//
// The module imports one thing, the memory "env" "memory", and works on pointers
// into it. The inference worker imports the module's functions as "kernel", and
// its memory is the one to give: a cycle, which hosts cut with functions that
// find the kernel only when they are called (site/web/worker.js, wasm/host).
package kernel

import _ "embed"

//go:generate ./build.sh

// Binary is kernel.wasm, as build.sh makes it.
//
//go:embed kernel.wasm
var Binary []byte
