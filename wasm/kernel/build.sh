#!/bin/sh
# Builds kernel.wasm and relaxed.wasm; with an argument, into that folder, and what follows
# are flags of clang's for relaxed.wasm, for a test. The committed
# binaries are what Debian 12's clang and wasm-ld 14.0.6 make of kernel.c: the test builds
# them again and compares. Other versions make other bytes of the same meaning.
#
# Compile and link by hand: the clang driver runs wasm-opt of its own accord where
# binaryen is installed, which changes the bytes and, if old, rejects SIMD.
set -eu
cd "$(dirname "$0")"
out=${1:-.}
[ $# = 0 ] || shift
object=$(mktemp)
trap 'rm -f "$object"' EXIT
build() {
  file=$1
  shift
  ${CLANG:-clang-14} --target=wasm32 -std=c11 -O3 -fno-vectorize -fno-slp-vectorize -fno-unroll-loops -Wall -Wextra -Werror -ffreestanding -nostdlib \
    -ffp-contract=off -msimd128 "$@" -fno-ident -c kernel.c -o "$object"
  ${WASM_LD:-wasm-ld-14} --no-entry --import-memory --strip-all -o "$file" "$object"
}
build "$out/kernel.wasm"
build "$out/relaxed.wasm" -mrelaxed-simd -DRELAXED "$@"
# clang 14 has another number for what DOT stands for, i32x4.laneselect (fd d2 01), than
# WebAssembly has now; and none for i32x4.relaxed_dot_i8x16_i7x16_add_s (fd 93 02).
LC_ALL=C sed 's/\xfd\xd2\x01/\xfd\x93\x02/g' "$out/relaxed.wasm" >"$object"
cat "$object" >"$out/relaxed.wasm"
