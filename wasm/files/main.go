// Command files handles a visitor's own files in a Web Worker of its own, so that no
// answer waits for it. It reads documents, cuts and encodes them, and makes collections;
// it reads and writes conversations. The page loads it when it is first needed: the
// libraries that read HTML and Markdown are large.
//
// Like worker.wasm it is a WASI reactor (GOOS=wasip1); package reactor describes how bytes
// are passed. The calls, with their arguments and results as JSON:
//
//	simd(kernel i32)  as in worker.wasm
//	file(name i32)    takes the inbox as a file, by its name:
//	                    encoder/...        the encoder's files
//	                    dense/...          the dense encoder's, before the call dense
//	                    dense              batches of an earlier run of embed, in order: Progress
//	                    document/PATH      a document to be read and cut: Read
//	                    pdf-page/PATH      a page of a PDF, as pdf.js writes it: {}
//	                    pdf/PATH           pdfAbout: the end of the PDF whose pages were given: Read
//	                    passages           from an earlier run, instead of documents: Progress
//	                    vectors            batches for the first passages, in order: Progress
//	                    collection/NAME    a file of a collection, for pack, adopt, extend, dense
//	                    older/NAME         a file of the collection before it grew, for dense
//	                    join/N/NAME        a file of collection N, from 0, for join
//	                    conversation/PATH  a file of conversations, for conversations
//	open              loads the encoder from its files: {}
//	begin             Begin: begins a new collection and forgets the one before
//	columns           {id, title, text, url, no_header}: {}: names the columns of the next
//	                  document's table, as a person chose them
//	extend            {}: Extended: puts the collection given as collection/... before the
//	                  documents that were read, without the documents that these replace
//	encode            {ms}: Progress: encodes for about that many milliseconds
//	build             {}: Built: the collection's files, with what is encoded so far
//	passages          {}: Piece: all passages, to continue after a reload
//	dense             {}: Progress: begins the dense vectors of collection/passages.bin, and
//	                  takes those of passages in older/passages.bin from older/dense.bin
//	embed             {ms}: Progress: makes dense vectors for about that many milliseconds
//	vectors           {}: Piece: dense.bin, once all are made
//	pack              {}: Piece: the files given as collection/..., as a zip archive; one of
//	                  them may be conversation.json
//	retitle           Begin: Piece: collection/passages.bin with another title
//	source            {id}: documents.Source: the document in collection/passages.bin that a
//	                  passage is of
//	join              {names}: Built: the collections given as join/..., as one
//	adopt             {}: Adopted: checks the files given as collection/..., which may be
//	                  one zip archive, collection/NAME.zip
//	conversations     {name}: [Imported]: reads conversation/NAME
//	transcript        transcript.Options and a conversation: Piece
//
// A Piece is a range of the program's memory, valid until the next call.
package main

func main() {}
