// Package kernel contains kernel.wasm: the encoder's arithmetic in C with WebAssembly SIMD
// (kernel.c), with the same bits as shared/matrix's plain Go.
//
// The module imports only the memory "env" "memory", and works on pointers into it. The
// inference worker imports the module's functions as "kernel", and its own memory is the
// one that the kernel imports. Hosts resolve this cycle with functions that look up the
// kernel when they are called (site/web/program.js, wasm/host).
package kernel

import _ "embed"

//go:generate ./build.sh

// Binary is kernel.wasm, as built by build.sh.
//
//go:embed kernel.wasm
var Binary []byte

// Relaxed is relaxed.wasm: the same functions with the same bits, where integer products
// are relaxed SIMD's dot product of bytes. It reads weights in another order
// (matrix.Relaxed). wazero does not have the instruction; the page's tests run it.
//
//go:embed relaxed.wasm
var Relaxed []byte
