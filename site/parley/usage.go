package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"parley/site/engine"
)

// A command is one subcommand and all that help says of it.
type command struct {
	name     string
	synopsis string // after "parley NAME"
	summary  string // one line
	about    string
	examples string
	run      func(ctx context.Context, s streams, l *line) error
}

// commands in the order in which one needs them.
var commands []command

func init() {
	commands = []command{
		{
			name: "search", run: runSearch,
			synopsis: "[flags] QUESTION...",
			summary:  "answer a question, or a conversation's last one",
			about: `The words of QUESTION need no quotation marks. Earlier questions of the
conversation are given with -t, oldest first; each is answered by the sentence
that the page would quote, or by what -r says after it. --read alone leaves them
out, as for a new topic; --read together reads them in any case.

Where nothing that was found seems to answer, a sentence says so in place of the
quotation, and the results are the nearest; --json has it as doubt. Words that the
collection does not know may be read as others, which is said first.

Where a dense encoder is installed and the collection has its vectors (parley index
--dense), a second stage answers with the sparse one; --stage chooses, and under the
reply stands which answered. Without it the sparse stage answers alone.

With --trec, the questions of a file are searched and written as a run for trec_eval:
the same rankings, each turn with the reply that the file gives it or none; with both
stages, they end with the candidates of both, a few hundred.`,
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
			about: `Each line is a question, understood together with those before it; under the
reply stands which of them were read, and :alone or :together asks again the other
way; :stage asks again by the sparse stage, the dense one or both. Where nothing that was
found seems to answer, a sentence says so, the nearest titles stand under it, and :pick
makes one of them the reply; otherwise the turn has none. :help lists what else can be typed. Questions may also come from a pipe, one a line.`,
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
			about: `Reads files, and folders with all that is in them: JSON Lines (BEIR's _id, title,
text, metadata.url), JSON, Markdown, HTML, CSV, TSV, plain text, documents of Word
(.docx) and in ODF (.odt), presentations (.pptx, with their speaker notes), books
(.epub) and messages (.eml), each also with gzip; and ZIM, the archives of Kiwix. Long documents are cut into passages at headings, paragraphs and sentences.
All cores encode; a run that is stopped or killed goes on where it was when the
same command is given again, and a later run over the same folder encodes what has
changed, unless --anew wants it all. What was not read is said at the end, by kind, with file
and line; --verbose names all of it.

Of tables and JSON, the columns or fields that hold title and text, question and
answer, id and link are known by their names, in several languages, and by what they
hold; where that tells nothing, --column-text says it. Character sets other than UTF-8
are found out, which is said; --charset names one.

Of a ZIM archive (.zim, or .zimaa with its other parts beside it), the articles are read,
one cluster at a time. Their links are those of their pages, or --url-prefix and the path.
Title, source, licence and authors of the collection are the archive's, where no flag says
them.

--dense makes vectors for the second stage, too, in dense.bin: slower by far, for
better answers. With documents they are made in the same run; without, they are added
to the collection that is there, and nothing else is encoded again. They are kept when
the same passages are indexed again without --dense.`,
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
			about: `The folder works on any static host, under any path, and offline after one visit.
It holds the headers to send, for Netlify and Cloudflare Pages (_headers) and nginx
(hosting/nginx.conf); hosting/README.txt says what holds on a host that sends none.
In Parley's repository the page's programs are built with the Go toolchain; --from
takes them from a folder built before instead, so that a collection of one's own
needs no toolchain. Prints what is to be loaded; a first page of more than 1.5 MB
is an error. --one-file writes a single HTML file instead, which opens from a disk by
a double click and needs no host.

A folder that is there is replaced in one step, also while it is served. What its pages
have just loaded stays for one build more: files of app and data, named by their content.

Where the family's dense encoder is installed and the collection has dense vectors
(parley index --dense), the page offers them as better answers, loaded on request. One
file has them only where --dense names the encoder, for they double it.`,
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
			about: `Serves with the types, caching and security headers that the page needs. If the
port is taken, the next free one is used. Ctrl-C ends.

Only requests for localhost, for the address of --addr, and for each --host are
answered: a page elsewhere could make its own name lead here. With 0.0.0.0, any IP
address is. What a symbolic link leads to outside of the folder is not served unless
--follow-links says so. A folder that is built anew is served from then on.`,
			examples: `parley serve
parley serve --open my-site
parley serve --addr 0.0.0.0:8080 --host box.lan my-site`,
		},
		{
			name: "models", run: runModels,
			synopsis: "[flags]",
			summary:  "list the encoders and what the collection holds",
			about: `Lists the family's levels, which --level names, the dense encoder of the second stage,
or why there is none, and whether the collection has dense vectors for it.`,
			examples: `parley models
parley models --collection my-notes
parley models --json --encoder downloaded-encoders | jq .dense`,
		},
		{
			name: "check", run: runCheck,
			synopsis: "[flags] FOLDER...",
			summary:  "verify a collection or an encoder, and say what is inside",
			about: `Opens each FOLDER as the other commands do: a collection (or its zip), an encoder, or a
family of encoders. Every file is compared with the SHA-256 that the folder's manifest
has for it, and read. The exit code is 1 where one of them is not in order.`,
			examples: `parley check my-notes
parley check models models/vital-articles
parley check --json my-notes | jq .[0].wrong`,
		},
		{
			name: "export", run: runExportCollection,
			synopsis: "--to ENGINE --out FOLDER [flags]",
			summary:  "write a collection for another search engine",
			about: `Writes the passages and their sparse vectors as the engine loads them, with a README.md
that shows how to load them and how to ask, and a query as an example. The engine then
ranks exactly as Parley does: the vectors hold the index's 8-bit impacts, and ties go to
the lower passage number. A run that is stopped or killed continues with the same
command.

` + formLines(),
			examples: `parley export --to opensearch --out for-opensearch
parley export --to pgvector --collection my-notes --out for-postgres
parley export --to sqlite --out for-sqlite && sqlite3 for-sqlite/parley.db < for-sqlite/query.sql
parley export --to qdrant --dry-run --ask "When was the Eiffel Tower built?"`,
		},
		{
			name: "quantize", run: runExport,
			synopsis: "[flags] FOLDER OUT",
			summary:  "turn a Hugging Face encoder into a small int8 one",
			about: `FOLDER holds config.json, model.safetensors and vocab.txt or tokenizer.json of a
BertForMaskedLM or DistilBertForMaskedLM, as SPLADE encoders are, or of a BertModel, a
dense encoder. OUT gets the same encoder with 8-bit weights, a quarter of the size. The
flags say how it reads conversations and passages, and are kept in its config.json.`,
			examples: `parley quantize downloads/splade-tiny encoders/splade-tiny
parley quantize --query-tokens 128 --history-type 1 --name distilled out/checkpoint encoders/distilled`,
		},
	}
}

// overview is what `parley help` prints.
func overview(w io.Writer) {
	fmt.Fprint(w, "Parley: conversational search that needs no server.\n\nUsage: parley COMMAND [flags] [arguments]\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\n`parley COMMAND --help` explains a command and shows examples.\nExit codes: 0 done, 1 failed, 2 the command line makes no sense.\n")
}

// help is what `parley NAME --help` prints.
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

// formLines are what help says of the engines.
func formLines() string {
	var b strings.Builder
	for _, f := range engine.Forms {
		fmt.Fprintf(&b, "  %-13s  %s\n", f.Name, f.About)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
