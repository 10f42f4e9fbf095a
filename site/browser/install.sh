#!/bin/sh
# Installs what the tests need beside Go, where this can be done without asking:
# Chromium and Firefox (the page's tests), Node (parley.js runs there, too), busybox and
# Python (static hosts that the page is tried on), clang with lld (the kernel's rebuild). Elsewhere
# it says what to install and lets the tests decide.
set -eu
want=""
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && found=1 && break
  found=0
done
[ "$found" = 1 ] || want="$want chromium fonts-dejavu-core fonts-liberation" # without fonts the page has no text to measure
command -v firefox-esr >/dev/null 2>&1 || command -v firefox >/dev/null 2>&1 || want="$want firefox-esr"
command -v node >/dev/null 2>&1 || want="$want nodejs"
command -v busybox >/dev/null 2>&1 || want="$want busybox"
command -v python3 >/dev/null 2>&1 || want="$want python3"
command -v clang >/dev/null 2>&1 || want="$want clang"
command -v wasm-ld >/dev/null 2>&1 || want="$want lld"
[ -n "$want" ] || exit 0

if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "installing$want"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $want >/dev/null
else
  echo "missing:$want; please install (Debian: sudo apt-get install$want)" >&2
fi
