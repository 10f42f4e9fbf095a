// Command worker is the inference that the page runs in a Web Worker: it takes
// the files of an encoder and a collection, then answers conversations. It is a
// WASI reactor (GOOS=wasip1), not a GOOS=js program, so that the very same file
// runs in browsers (site/web/worker.js), and in tests and the trainer's
// evaluation under wazero (wasm/host):
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags="-s -w" -o worker.wasm parley/wasm/worker
//
// # The binary interface
//
// Package reactor describes how bytes are passed. After _initialize and reserve, the host
// calls one export at a time:
//
//	simd(kernel i32) i64 tells the program, before any file, whether the functions
//	                     imported as module "kernel" are those of kernel.wasm (1), of
//	                     relaxed.wasm (2), or stubs that must not be called (0, also
//	                     without this call): then plain Go computes the same bits,
//	                     about 20 times slower.
//	file(name i32) i64   takes the inbox as a file: its last name bytes are the
//	                     file's name, and the bytes before them its contents, which
//	                     are not copied. A file passed again replaces the one before.
//	open() i64           checks that the files belong together.
//	ask() i64            takes the inbox as message.Ask in JSON.
//	early() i64          takes the inbox as a question, and answers it by its words alone
//	                     (answer.ByWords), from collection/words.bin and
//	                     collection/passages.bin, before open.
//	texts() i64          takes the inbox as the next bytes of collection/passages.bin,
//	                     which is still coming, and counts their words.
//	words() i64          makes collection/words.bin of collection/passages.bin, which has
//	                     been passed as a file; what texts took is not counted again. The
//	                     host has to compare it with the published file.
//	dense(on i32) i64    reports the state of the dense stage (1), or releases its
//	                     files (0).
//	digest() i64         takes the inbox as a JSON array of message.Ask, for tests:
//	                     see answer.Engine.Digest. The first one's level answers all.
//
// An i64 is a reply. Its words and what follows them:
//
//	done     nothing ({})                        simd, file, texts
//	ready    message.Ready                       open
//	answer   message.Answer                      ask
//	early    message.Answer, of results alone    early
//	words    {at, bytes}: where the file lies    words
//	         in memory, until the next call
//	lacking  what has to be passed as files      ask
//	         before the same question is asked
//	         again: answer.Lacking
//	dense    message.DenseState                  dense
//	digest   the 64-bit digest as a hex string   digest
//	error    message.Failure                     any
//
// With the tag "parts" the program also searches in a collection in parts (shared/parts):
// file takes parts/parts.bin and parts/NAME in place of the collection's two files, and
// there is one more call:
//
//	parts() i64          lists the parts: "parts" and [[name, bytes], ...], without the
//	                     first, which is needed before open.
//
// With the tag "engine" it also answers by a search engine that the page's host asks
// (shared/remote): file takes parts/lexicon.bin and parts/about.bin in place of the
// collection's two files, and parts/found/QUESTION, the host's answer to a question that
// was lacking.
//
// Every call releases the inbox. An error changes nothing that worked before, except for a
// file that is wrong: its place stays empty until it is passed again.
//
// Files: encoder/config.json, encoder/model.safetensors, encoder/vocab.txt (or
// encoder/tokenizer.json), collection/index.bin and collection/passages.bin. Each
// is read as soon as it is there (the encoder's three when the last of them is), and
// memory that was needed only for reading is released.
//
// collection/words.bin has the words of an index.bin that has none itself (index.Split).
// open joins the two. A visitor's own collection has no such file.
//
// Where there is a family of encoders, that encoder is its base. family.json
// (shared/family) lists the levels; each except the base has levels/NAME/config.json and
// levels/NAME/model.safetensors, loaded over the base. The default level must be there
// when open is called. Any other may be passed at any time, also after open, and is
// selected by message.Ask.Level.
//
// The dense stage has dense/config.json and dense/model.safetensors (int8, over the base's
// vocabulary) and the collection's collection/dense.bin. They may be passed at any time,
// also after open, and are used from then on, as message.Ask.Stage says. dense(1) reports
// the state: "on", or "absent" where the collection has no vectors, or those of another
// space. Passing collection/index.bin or collection/passages.bin removes dense.bin, so a
// collection that has one passes it after the two. Memory released by dense(0) can be used
// again by this program; only a new instance returns it to the browser.
package main

func main() {}
