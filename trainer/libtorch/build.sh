#!/bin/sh
# Makes libtorch ready for `go build -tags libtorch ./trainer`:
#
#   1. libtorch itself. LIBTORCH names one that is here already: an unpacked
#      libtorch, or the folder of a Python torch, for example
#          LIBTORCH=$(python3 -c 'import torch; print(torch.__path__[0])')
#      Else what an earlier run was given stays. Else the libraries of PyPI's torch
#      that the CPU needs are put under build/libtorch (a download of 0.8 GB, of
#      which 0.4 GB are kept). LIBTORCH=pypi asks for these, LIBTORCH=none for none.
#   2. build/libtorch/lib/libtch.so: gotch's C++ wrapper and extra.cpp, compiled once.
#   3. build/libtorch/env: what Go's compiler needs, to be sourced by a shell.
#
# Run again, it does only what is missing or out of date. Whatever stops it, the next
# run goes on; of two at once the second waits.
set -eu

torch=2.7.1
# libtorch_cpu.so of the x86-64 wheel is linked to these even where no GPU is used.
cupti=nvidia-cuda-cupti-cu12==12.6.80
cudart=nvidia-cuda-runtime-cu12==12.6.77

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/libtorch

say() { echo "libtorch: $*"; }
die() {
	echo "libtorch: $*" >&2
	exit 1
}

want=${LIBTORCH:-}
[ "$want" != none ] || die "LIBTORCH=none asks for none"
[ "$(uname -s)" = Linux ] || die "only Linux was tried; this is $(uname -s)"
cxx=${PARLEY_CXX:-${CXX:-}} # where build/libtorch/env was sourced, CXX is the cxx beside this file
for name in c++ g++ clang++; do
	[ -n "$cxx" ] || ! command -v $name >/dev/null || cxx=$name
done
[ -n "$cxx" ] || die "there is no C++ compiler: install g++ (Debian: apt-get install g++), or set CXX"
command -v "$cxx" >/dev/null || die "CXX=$cxx is not on the PATH; name a C++ compiler that is"
command -v go >/dev/null || die "go is not on the PATH"

mkdir -p "$out/lib" "$out/stubs" || die "cannot write $out"
if command -v flock >/dev/null; then
	exec 9>"$out/lock"
	flock -n 9 || { say "waiting for another run to end" && flock 9; }
fi

# fetch PLATFORM PACKAGE...: wheels into $wheels. The platform and the Python version
# are named, since any wheel's libtorch serves, whatever python3 is here. pip's own
# temporary files are kept off /tmp, which may be small; those of a killed run go.
fetch() {
	platform=$1
	shift
	say "downloading $*"
	rm -rf "$wheels/tmp" && mkdir -p "$wheels/tmp"
	TMPDIR=$wheels/tmp python3 -m pip --disable-pip-version-check download --quiet --no-deps --only-binary=:all: \
		--platform "$platform" --python-version 311 --implementation cp --abi cp311 \
		--dest "$wheels" "$@" ||
		die "could not download $* (why, pip says above); run again, or set LIBTORCH to a libtorch that is here"
}

# holds FOLDER: whether it is a libtorch.
holds() { [ -f "$1/lib/libtorch_cpu.so" ] && [ -d "$1/include/torch" ]; }

pypi=$out/torch-$torch
dir=
case $want in
"")
	dir=$(cat "$out/chosen" 2>/dev/null) || dir=
	if [ -n "$dir" ] && ! holds "$dir"; then
		die "$dir, which an earlier run was given, is a libtorch no more; set LIBTORCH to another, or to pypi"
	fi
	;;
pypi) ;;
*)
	for try in "$want" "$want/torch" "$want/libtorch" "$want/.."; do
		if holds "$try"; then
			dir=$(cd "$try" && pwd)
			break
		fi
	done
	if [ -n "$dir" ]; then
		:
	elif [ ! -e "$want" ]; then
		die "LIBTORCH=$want is not there"
	elif [ ! -d "$want" ]; then
		die "LIBTORCH=$want is no folder; unpack it, and name the folder"
	elif [ -n "$(find "$want/" -maxdepth 3 -name libtorch_cpu.dylib -o -maxdepth 3 -name torch_cpu.dll 2>/dev/null)" ]; then
		die "LIBTORCH=$want is a torch of another system"
	else
		die "LIBTORCH=$want has no lib/libtorch_cpu.so beside include/torch; name an unpacked libtorch or the folder of a Python torch"
	fi
	;;
esac

if [ -z "$dir" ]; then
	dir=$pypi
	if [ ! -f "$dir/complete" ]; then
		case $(uname -m) in
		x86_64 | aarch64) ;;
		*) die "PyPI has no torch for $(uname -m); set LIBTORCH to a libtorch that is here" ;;
		esac
		python3 -m pip --version >/dev/null 2>&1 ||
			die "needs python3 with pip to get torch from PyPI (Debian: apt-get install python3-pip); or set LIBTORCH to a libtorch that is here"
		wheels=$out/wheels-$torch
		mkdir -p "$wheels"
		case $(uname -m) in
		x86_64)
			fetch manylinux2014_x86_64 $cupti $cudart # small: an old pip fails here, at once
			fetch manylinux_2_28_x86_64 "torch==$torch"
			;;
		aarch64) fetch manylinux_2_28_aarch64 "torch==$torch" ;;
		esac
		say "unpacking"
		python3 "$here/unpack.py" "$wheels" "$dir.part" ||
			die "could not unpack the wheels in $wheels: remove that folder if they are broken, make room if the disk is full, and run again"
		holds "$dir.part" || die "the wheels in $wheels hold no libtorch"
		touch "$dir.part/complete"
		rm -rf "$dir"
		mv "$dir.part" "$dir"
		rm -rf "$out"/wheels*
	fi
fi
case $root$dir in
*[[:space:]\'\"]*) die "Go's compiler takes no path with a space or a quotation mark: $root, $dir" ;;
esac

# version: from the headers, which name it where any torch keeps them.
version=$(printf '#include <torch/version.h>\nversion TORCH_VERSION_MAJOR TORCH_VERSION_MINOR\n' |
	"$cxx" -E -x c++ -I"$dir/include" -I"$dir/include/torch/csrc/api/include" - 2>/dev/null |
	sed -n 's/^version \([0-9]*\) \([0-9]*\)$/\1.\2/p')
minor=${version#2.}
case $version in
2.[789] | 2.1[0-5]) ;;
*) die "$dir is torch ${version:-of an unknown version}; 2.7 to 2.15 fit" ;;
esac
standard=c++17
[ "$minor" -lt 11 ] || standard=c++20 # what later headers ask for

gotch=$(cd "$root" && go mod download github.com/sugarme/gotch && go list -m -f '{{.Dir}}' github.com/sugarme/gotch) ||
	die "Go could not download gotch (why, it says above)"
gotch=$gotch/libtch
[ -f "$gotch/torch_api.cpp" ] || die "gotch's sources are not in the module cache ($gotch)"

stamp=$(cat "$here/build.sh" "$here/compat.h" "$here/extra.h" "$here/extra.cpp" "$gotch/torch_api.cpp" "$dir/lib/libc10.so" | cksum)
stamp="$dir $version $cxx $stamp"
if [ ! -f "$out/lib/libtch.so" ] || [ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ]; then
	say "compiling gotch's wrapper for torch $version in $dir (a minute)"
	rm -f "$out/stamp"
	flags="-shared -fPIC -std=$standard -O1 -w -I$dir/include/torch/csrc/api/include -I$dir/include"
	"$cxx" $flags -include "$here/compat.h" -I"$gotch" -I"$here" \
		"$gotch/torch_api.cpp" "$here/extra.cpp" -o "$out/lib/libtch.so.part" \
		-Wl,--no-as-needed -L"$dir/lib" -ltorch_cpu -lc10 -ldl -Wl,-rpath,"$dir/lib" ||
		die "gotch's wrapper does not compile against $dir (torch $version); the compiler's messages are above"
	mv "$out/lib/libtch.so.part" "$out/lib/libtch.so"
	# gotch's Go files ask the linker for CUDA's libraries, here or not, and for
	# libtorch.so, which would load them: empty archives answer.
	for lib in torch cuda cudart cublas cudnn caffe2_nvrtc nvrtc-builtins nvrtc nvToolsExt c10_cuda torch_cuda; do
		[ -f "$out/stubs/lib$lib.a" ] || ar rcs "$out/stubs/lib$lib.a" || die "ar failed; install binutils"
	done
	printf '%s\n' "$stamp" >"$out/stamp"
fi

cat >"$out/env.part" <<END
# Written by trainer/libtorch/build.sh for torch $version: . build/libtorch/env && go build -tags libtorch ./trainer
export PARLEY_CXX="$cxx" CXX="$here/cxx" CGO_ENABLED=1
export CGO_CFLAGS="-O2" CGO_CXXFLAGS="-O2 -g0"
export CGO_LDFLAGS="-L$out/stubs -L$out/lib -L$dir/lib -ltch -Wl,-rpath,$out/lib -Wl,-rpath,$dir/lib"
END
# An unchanged file keeps its time, so that make sees nothing to do.
if cmp -s "$out/env.part" "$out/env"; then rm "$out/env.part"; else mv "$out/env.part" "$out/env"; fi
# Last, so that what was chosen is what worked.
if [ "$dir" = "$pypi" ]; then rm -f "$out/chosen"; else printf '%s\n' "$dir" >"$out/chosen"; fi
say "ready: torch $version in $dir"
