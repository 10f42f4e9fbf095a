// Command files handles a visitor's own files in a Web Worker of its own, so that no
// answer waits for it. It reads documents, cuts and encodes them, and makes collections;
// it reads and writes conversations. The page loads it when it is first needed: the
// libraries that read HTML and Markdown are large.
//
// Like worker.wasm it is a WASI reactor (GOOS=wasip1); package reactor describes how bytes
// are passed. The calls, with their arguments and results as JSON:
//
//	simd(on i32)      as of worker.wasm
//	file(name i32)    takes the inbox as a file, by its name:
//	                    encoder/...        the encoder's files
//	                    dense/...          the dense encoder's, before the call dense
//	                    dense              of an earlier run of embed, in order: Progress
//	                    document/PATH      a document to be read and cut: Read
//	                    passages           of an earlier run, instead of documents: Progress
//	                    vectors            of the first passages, in order: Progress
//	                    collection/NAME    a file of a collection, for pack, adopt, extend, dense
//	                    older/NAME         of the collection that it was, for dense
//	                    conversation/PATH  a file of conversations, for conversations
//	open              the encoder's files are there: {}
//	begin             Begin: a new collection; the one before is forgotten
//	columns           {id, title, text, url, no_header}: {}: what the columns of the next
//	                  document's table are, as its person said
//	extend            {}: Extended: puts the collection given as collection/... before the
//	                  documents that were read, but for those that they take the place of
//	encode            {ms}: encodes for about so long: Progress
//	build             {}: Built: the collection's files, as far as it is encoded
//	passages          {}: Piece: all passages, to go on with after a reload
//	dense             {}: Progress: begins the dense vectors of collection/passages.bin; what
//	                  older/passages.bin has of them is taken from older/dense.bin
//	embed             {ms}: makes dense vectors for about so long: Progress
//	vectors           {}: Piece: dense.bin, once all are made
//	pack              {}: Piece: the files given as collection/..., as a zip archive
//	retitle           Begin: Piece: collection/passages.bin with another title
//	adopt             {}: Adopted: checks the files given as collection/..., which may be
//	                  one zip archive, collection/NAME.zip
//	conversations     {name}: [Imported]: reads conversation/NAME
//	transcript        transcript.Options and a conversation: Piece
//
// A Piece is a range of the program's memory, valid until the next call.
package main

func main() {}
