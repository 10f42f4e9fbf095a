package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"parley/site/engine"
)

// A command is one subcommand with its help.
type command struct {
	name     string
	synopsis string // after "parley NAME"
	summary  string // one line
	about    string
	examples string
	run      func(ctx context.Context, s streams, l *line) error
}

// commands in the order in which they are needed.
var commands []command

func init() {
	commands = []command{
		{
			name: "search", run: runSearch,
			synopsis: "[flags] QUESTION...",
			summary:  "answer a question, or a conversation's last one",
			about: `The words of QUESTION need no quotation marks. Give earlier questions of the
conversation with -t, oldest first. Each has as its reply the text of the -r that
follows it or, without one, the sentence that the page would quote. --read alone
ignores the earlier questions, as for a new topic; --read together always reads them.

Where nothing that was found seems to answer, a sentence says so in place of the
quotation, followed by the nearest results; in the output of --json this is the field
doubt. Words that the collection does not have may be replaced by similar ones, which
is said first.

If a dense encoder is installed and the collection has its vectors (parley index
--dense), a second stage answers together with the sparse one. --stage chooses between
them, and a line under the reply says which answered. Otherwise the sparse stage
answers alone.

--trec searches for all questions of a file, and writes the rankings as a run for
trec_eval. A turn has the reply that the file gives for it, or none. With both stages, a
ranking has only the candidates of the two, a few hundred.`,
			examples: `parley search When was the Eiffel Tower built?
parley search -t "When was the Eiffel Tower built?" who designed it?
parley search --json -k 3 volcanoes | jq .results[0].title
parley search --stage dense --dense encoders/bge-small --collection my-notes volcanoes
parley search --collection my-notes --trec my.run --queries queries.jsonl`,
		},
		{
			name: "chat", run: runChat,
			synopsis: "[flags]",
			summary:  "converse in the terminal",
			about: `Each line is a question, read together with those before it. A line under the reply
says which of them were read; :alone and :together ask again the other way, and :stage
asks again with the sparse stage, the dense one or both. Where nothing that was found
seems to answer, a sentence says so and the nearest titles follow; the turn then has no
reply, unless :pick makes one of them the reply. :help lists all commands. Questions may
also come from a pipe, one per line.`,
			examples: `parley chat
parley chat --collection my-notes
parley chat --level undistilled
parley chat --open talk.md
parley chat --stage sparse
printf 'When was the Eiffel Tower built?\nwho designed it?\n' | parley chat`,
		},
		{
			name: "index", run: runIndex,
			synopsis: "[flags] [PATH...]",
			summary:  "make documents searchable",
			about: `Reads files, and folders with everything in them: JSON Lines (BEIR's _id, title, text,
metadata.url), JSON, Markdown, HTML, CSV, TSV, plain text, documents of Word (.docx) and
in ODF (.odt), presentations (.pptx, with their speaker notes), workbooks (.xlsx, each
sheet as a table), books (.epub) and messages (.eml), each also with gzip; and ZIM, the
archives of Kiwix. Long documents are cut into passages at headings, paragraphs and
sentences.

Encoding uses all cores. If a run is stopped or killed, the same command continues it. A
later run with the same --out encodes only what has changed, unless --anew is given.
Files and records that could not be read are listed at the end, by kind, with file and
line; --verbose lists each of them.

In tables and JSON, the columns or fields for title and text, question and answer, id
and link are recognised by their names, in several languages, and by their contents;
where that fails, name the text with --column-text. Character sets other than UTF-8 are
detected and reported; --charset sets one.

A ZIM archive (.zim, or .zimaa with its other parts beside it) is read article by
article. An article's link is that of its page, or --url-prefix and the path. The
collection gets the archive's title, source, licence and authors, unless flags give
them.

--dense also makes vectors for the second stage, in dense.bin. This takes far longer,
and gives better answers. Without PATH, it adds these vectors to the existing collection
and encodes nothing else. Indexing the same passages again without --dense keeps them.`,
			examples: `parley index --out my-notes --title "My notes" notes/
parley index --out faq --column-title question --column-text answer faq.csv
parley index --out wiki --url-prefix https://wiki.example.org/ wiki-export/
parley index --out wikipedia wikipedia_en_simple_all.zim
parley index --out beir --whole --mass 0.85 corpus.jsonl.gz
parley index --dense --out my-notes
parley index --dense=encoders/bge-small --out my-notes --title "My notes" notes/`,
		},
		{
			name: "build", run: runBuild,
			synopsis: "[flags]",
			summary:  "write the folder to publish: page, encoder, collection",
			about: `The folder works on any static host, under any path, and offline after one visit. It
contains the headers to send, for Netlify and Cloudflare Pages (_headers) and nginx
(hosting/nginx.conf); hosting/README.txt describes what is missing on a host that sends
none. In Parley's repository the page's programs are built with the Go toolchain. With
--from they are taken from a folder built before, so that publishing a collection of
your own needs no toolchain. The command prints the sizes of the downloads; a first page
of more than 1.5 MiB is an error. --one-file writes a single HTML file instead, which
opens by a double click and needs no host.

An existing folder is replaced in one step, even while it is served. For pages that were
loaded just before, files of app and data, which are named by their content, stay for
one more build.

If the family's dense encoder is installed and the collection has dense vectors (parley
index --dense), the page offers them as better answers, loaded on request. A single file
contains them only if --dense names the encoder, since they double its size.`,
			examples: `parley build
parley build --one-file parley.html
parley build --collection my-notes --title "My notes" --out my-site
parley build --from downloaded-site --collection my-notes --encoder downloaded-encoder --out my-site
parley build --collection my-notes --dense encoders/bge-small --out my-site
parley build --no-dense
parley build --compress none --out build/demo`,
		},
		{
			name: "serve", run: runServe,
			synopsis: "[flags] [FOLDER]",
			summary:  "serve a built folder on this computer",
			about: `Serves with the types, caching and security headers that the page needs. If the port is
taken, the next free one is used. Ctrl-C ends the server.

Only requests for localhost, for the address of --addr, and for each --host are
answered, since a page elsewhere could make its own name lead here. With 0.0.0.0, any IP
address is accepted. Symbolic links that lead out of the folder are served only with
--follow-links. If the folder is rebuilt meanwhile, the new one is served.`,
			examples: `parley serve
parley serve --open my-site
parley serve --addr 0.0.0.0:8080 --host box.lan my-site`,
		},
		{
			name: "models", run: runModels,
			synopsis: "[flags]",
			summary:  "list the encoders and what the collection holds",
			about: `Lists the levels of the family, which --level selects; the dense encoder of the second
stage, or why there is none; and whether the collection has dense vectors for it.`,
			examples: `parley models
parley models --collection my-notes
parley models --json --encoder downloaded-encoders | jq .dense`,
		},
		{
			name: "check", run: runCheck,
			synopsis: "[flags] FOLDER...",
			summary:  "verify a collection or an encoder, and say what is inside",
			about: `Opens each FOLDER as the other commands do: a collection (or its zip), an encoder, or a
family of encoders. It reads every file and compares it with the SHA-256 in the folder's
manifest. The exit code is 1 if anything is wrong.`,
			examples: `parley check my-notes
parley check models models/vital-articles
parley check --json my-notes | jq .[0].wrong`,
		},
		{
			name: "export", run: runExport,
			synopsis: "--to ENGINE --out FOLDER [flags]",
			summary:  "write a collection for another search engine",
			about: `Writes the passages and their sparse vectors in the form that the engine loads, with a
README.md on how to load and query them, and an example query. The engine then ranks
exactly as Parley does: the vectors contain the index's 8-bit impacts, and ties go to the
lower passage number. If a run is stopped or killed, the same command continues it.

` + formLines(),
			examples: `parley export --to opensearch --out for-opensearch
parley export --to pgvector --collection my-notes --out for-postgres
parley export --to sqlite --out for-sqlite && sqlite3 for-sqlite/parley.db < for-sqlite/query.sql
parley export --to qdrant --dry-run --ask "When was the Eiffel Tower built?"`,
		},
		{
			name: "quantize", run: runQuantize,
			synopsis: "[flags] FOLDER OUT",
			summary:  "turn a Hugging Face encoder into a small int8 one",
			about: `FOLDER contains config.json, model.safetensors and vocab.txt or tokenizer.json of a
BertForMaskedLM or DistilBertForMaskedLM, as SPLADE encoders are, or of a BertModel, a
dense encoder. The command writes the same encoder to OUT with 8-bit weights, a quarter
of the size. The flags set how it reads conversations and passages, and are stored in its
config.json.`,
			examples: `parley quantize downloads/splade-tiny encoders/splade-tiny
parley quantize --query-tokens 128 --history-type 1 --name distilled out/checkpoint encoders/distilled`,
		},
	}
}

// overview prints the output of `parley help`.
func overview(w io.Writer) {
	fmt.Fprint(w, "Parley: conversational search that needs no server.\n\nUsage: parley COMMAND [flags] [arguments]\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\n`parley COMMAND --help` explains a command and shows examples.\nExit codes: 0 done, 1 failed, 2 the command line makes no sense.\n")
}

// help prints the output of `parley NAME --help`.
func (c command) help(w io.Writer, fs *flag.FlagSet) {
	fmt.Fprintf(w, "parley %s: %s\n\nUsage: parley %s %s\n\n%s\n\nFlags:\n", c.name, c.summary, c.name, c.synopsis, c.about)
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		dash := "--"
		if len(f.Name) == 1 {
			dash = "-"
		}
		head := dash + f.Name
		if _, may := f.Value.(*optional); may {
			head += "[=" + strings.ToUpper(value) + "]"
		} else if value != "" {
			head += " " + strings.ToUpper(value)
		}
		switch f.DefValue {
		case "", "0", "false", "[]":
		default:
			text += " (default " + f.DefValue + ")"
		}
		if len(head) > 22 {
			fmt.Fprintf(w, "  %s\n  %-22s  %s\n", head, "", text)
		} else {
			fmt.Fprintf(w, "  %-22s  %s\n", head, text)
		}
	})
	fmt.Fprintf(w, "\nExamples:\n  %s\n", strings.ReplaceAll(c.examples, "\n", "\n  "))
}

// formLines lists the engines for the help.
func formLines() string {
	var b strings.Builder
	for _, f := range engine.Forms {
		fmt.Fprintf(&b, "  %-13s  %s\n", f.Name, f.About)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
