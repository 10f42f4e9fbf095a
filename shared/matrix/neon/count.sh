#!/bin/sh
# Counts the instructions that each operation takes on arm64, by path, under QEMU's
# user-mode emulation (Debian 12: apt install qemu-user-static). That is no time: nothing
# here was timed on a processor of Arm's.
set -eu
cd "$(dirname "$0")/.."
program=$(mktemp)
trap 'rm -f "$program"' EXIT
GOOS=linux GOARCH=arm64 CGO_ENABLED=0 ${GO:-go} test -c -o "$program" .
# QEMU logs every instruction with the function that it belongs to. A benchmark calls an
# operation once; what packs weights does not count.
instructions() {
  qemu-aarch64-static -cpu max -singlestep -d nochain,exec -D /dev/stdout "$program" -test.run '^$' -test.cpu 1 \
    -test.bench "Operations/$1/$2\$" -test.benchtime 1x |
    grep -cE 'shared/matrix\.(linear|head|dots|split|dequantize|quantize|matmul|attention|\(\*ops\)\.attend|transpose|softmax|scale|exp|fold|gelu|abs|addNorm)'
}
for op in ${*:-linear head attention gelu addnorm}; do
  for path in portable neon neondot; do
    echo "$op $path $(instructions "$op" $path)"
  done
done
