// Package parts is a collection on a static host: its index and its passages in small
// files, the parts, that are fetched when a question needs them.
//
//	index.bin, passages.bin --Write--> parts.bin, and the parts
//	question's vector --Source.Search--> what to fetch next, until the best are certain
//
// parts.bin is loaded before the first question. It describes the collection: its words,
// how many documents have each term, and where each list's pieces are (directory.go). There
// are parts of two kinds. Those of lists hold pieces of posting lists (piece.go), the
// largest impacts first. Those of documents hold passages with their texts and vectors
// (documents.go). A part is named by its content.
//
// Search finds the same documents with the same scores as index.Searcher. It reads the
// pieces that promise most, and knows from parts.bin what a list can add to a document at
// most in the pieces that were not read. Once no other document can be among the best,
// nothing more is read of the lists (search.go). This is the combined algorithm of Fagin,
// Lotem and Naor (Optimal aggregation algorithms for middleware, 2003): sorted access to
// lists, and random access to the few documents that remain.
package parts

import (
	"crypto/sha256"
	"encoding/hex"
)

// nameSize is the length of a part's name in bytes: the first 96 bits of its SHA-256. To find
// another content for a name takes 2^96 tries, and parts.bin, where names are most of what
// cannot be compressed, is loaded before the first question.
const nameSize = 12

// nameOf returns the name of a part.
func nameOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:nameSize])
}
