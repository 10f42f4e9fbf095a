#!/bin/sh
# Builds kernel.wasm; with an argument, to that file. The committed binary is what
# Debian 12's clang and wasm-ld 14.0.6 make of kernel.c: the test builds it again
# and compares. Other versions make other bytes of the same meaning.
#
# Compile and link by hand: the clang driver runs wasm-opt of its own accord where
# binaryen is installed, which changes the bytes and, if old, rejects SIMD.
set -eu
cd "$(dirname "$0")"
out=${1:-kernel.wasm}
object=$(mktemp)
trap 'rm -f "$object"' EXIT
${CLANG:-clang-14} --target=wasm32 -std=c11 -O3 -fno-vectorize -fno-slp-vectorize -fno-unroll-loops -Wall -Wextra -Werror -ffreestanding -nostdlib \
  -ffp-contract=off -msimd128 -fno-ident -c kernel.c -o "$object"
${WASM_LD:-wasm-ld-14} --no-entry --import-memory --strip-all -o "$out" "$object"
