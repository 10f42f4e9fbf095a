package main

import (
	"fmt"
	"strings"

	"parley/shared/cli"
	"parley/site/engine"
)

// commands in the order in which they are needed.
var commands = []cli.Command{
	{
		Name: "search", Define: runSearch,
		Synopsis: "[flags] QUESTION...",
		Summary:  "answer a question, or a conversation's last one",
		About: `The words of QUESTION need no quotation marks. Give earlier questions of the
conversation with -t, oldest first. Each has as its reply the text of the -r that
follows it or, without one, the sentence that the page would quote. --read alone
ignores the earlier questions, as for a new topic; --read together always reads them.

Where nothing that was found seems to answer, a sentence says so in place of the
quotation, followed by the nearest results; in the output of --json this is the field
doubt. Words that the collection does not have may be replaced by similar ones, and
"and Chile?" may be read as "the capital of Chile"; which is said first.

If a dense encoder is installed and the collection has its vectors (parley index
--dense), a second stage answers together with the sparse one; if the encoder has a
reader, that reads the first results once more, together with the question. --stage
chooses between them, and a line under the reply says which answered. Otherwise the
sparse stage answers alone.

--trec searches for all questions of a file, and writes the rankings as a run for
trec_eval. A turn has the reply that the file gives for it, or none. With both stages, a
ranking has only the candidates of the two, a few hundred.`,
		Examples: `parley search When was the Eiffel Tower built?
parley search -t "When was the Eiffel Tower built?" who designed it?
parley search --json -k 3 volcanoes | jq .results[0].title
parley search --stage dense --dense encoders/bge-small --collection my-notes volcanoes
parley search --collection my-notes --trec my.run --queries queries.jsonl
parley search --engine http://localhost:9200 When was the Eiffel Tower built?`,
	},
	{
		Name: "chat", Define: runChat,
		Synopsis: "[flags]",
		Summary:  "converse in the terminal",
		About: `Each line is a question, read together with those before it. A line under the reply
says which of them were read; :alone and :together ask again the other way, and :stage
asks again with the sparse stage, the dense one, both, or both and the reader. Where
nothing that was found seems to answer, a sentence says so and the nearest titles
follow; the turn then has no reply, unless :pick makes one of them the reply. :help lists
all commands. Questions may also come from a pipe, one per line.`,
		Examples: `parley chat
parley chat --collection my-notes
parley chat --engine http://localhost:9200
parley chat --level undistilled
parley chat --open talk.md
parley chat --stage sparse
printf 'When was the Eiffel Tower built?\nwho designed it?\n' | parley chat`,
	},
	{
		Name: "index", Define: runIndex,
		Synopsis: "[flags] [PATH...]",
		Summary:  "make documents searchable",
		About: `Reads files, and folders with everything in them: JSON Lines (BEIR's _id, title, text,
metadata.url), JSON, Markdown, HTML, CSV, TSV, plain text, documents of Word (.docx) and
in ODF (.odt), presentations (.pptx, with their speaker notes), workbooks (.xlsx, each
sheet as a table), books (.epub), messages (.eml) and PDF, each also with gzip; and ZIM, the
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
and encodes nothing else. Indexing the same passages again without --dense keeps them.

--lift puts a part of what the dense encoder knows of a passage into the index itself. The
first stage alone then answers better, at the same cost a question, here and in other
engines (parley export). It takes the time of --dense, and a minute more. It is for
collections without a second stage: both stages together answer a little worse with it.`,
		Examples: `parley index --out my-notes --title "My notes" notes/
parley index --out faq --column-title question --column-text answer faq.csv
parley index --out wiki --url-prefix https://wiki.example.org/ wiki-export/
parley index --out handbook --site ./ site/
parley index --out wikipedia wikipedia_en_simple_all.zim
parley index --out beir --whole --mass 0.85 corpus.jsonl.gz
parley index --dense --out my-notes
parley index --dense --lift --out my-notes --title "My notes" notes/
parley index --dense=encoders/bge-small --out my-notes --title "My notes" notes/`,
	},
	{
		Name: "build", Define: runBuild,
		Synopsis: "[flags]",
		Summary:  "write the folder to publish: page, encoder, collection",
		About: `The folder works on any static host, under any path, and offline after one visit. It
contains the headers to send, for Netlify and Cloudflare Pages (_headers) and nginx
(hosting/nginx.conf); hosting/README.txt describes what is missing on a host that sends
none. In Parley's repository the page's programs are built with the Go toolchain. With
--from they are taken from a folder built before, so that publishing a collection of
your own needs no toolchain. The command prints the sizes of the downloads; a first page
of more than 1.34 MB (1.40 with --parts) is an error. --one-file writes a single HTML
file instead, which opens by a double click and needs no host.

An existing folder is replaced in one step, even while it is served. For pages that were
loaded just before, files of app and data, which are named by their content, stay for
one more build.

If the family's dense encoder is installed and the collection has dense vectors (parley
index --dense), the page offers them as better answers, loaded on request. A single file
contains them only if --dense names the encoder, since they double its size.

--engine makes a page for a collection that a search engine holds (parley load). The page
encodes questions in the tab and sends the sparse vectors, not the words, to its host,
which is parley serve --engine. It says so to the visitor.`,
		Examples: `parley build
parley build --one-file parley.html
parley build --widget --collection handbook --out site/search
parley build --collection my-notes --title "My notes" --out my-site
parley build --from downloaded-site --collection my-notes --encoder downloaded-encoder --out my-site
parley build --collection my-notes --dense encoders/bge-small --out my-site
parley build --no-dense
parley build --engine http://localhost:9200 --out my-site
parley build --compress none --out build/demo`,
	},
	{
		Name: "serve", Define: runServe,
		Synopsis: "[flags] [FOLDER]",
		Summary:  "serve a built folder on this computer",
		About: `Serves with the types, caching and security headers that the page needs. If the port is
taken, the next free one is used. Ctrl-C ends the server.

Only requests for localhost, for the address of --addr, and for each --host are
answered, since a page elsewhere could make its own name lead here. With 0.0.0.0, any IP
address is accepted. Symbolic links that lead out of the folder are served only with
--follow-links. If the folder is rebuilt meanwhile, the new one is served.

--engine answers the vectors of a page that parley build --engine made. Credentials are
those of parley load, in the environment; the page never sees them, nor the engine.`,
		Examples: `parley serve
parley serve --open my-site
parley serve --engine http://localhost:9200 my-site
parley serve --addr 0.0.0.0:8080 --host box.lan my-site`,
	},
	{
		Name: "models", Define: runModels,
		Synopsis: "[flags]",
		Summary:  "list the encoders and what the collection holds",
		About: `Lists the levels of the family, which --level selects; the dense encoder of the second
stage, or why there is none; and whether the collection has dense vectors for it.`,
		Examples: `parley models
parley models --collection my-notes
parley models --json --encoder downloaded-encoders | jq .dense`,
	},
	{
		Name: "check", Define: runCheck,
		Synopsis: "[flags] FOLDER...",
		Summary:  "verify a collection or an encoder, and say what is inside",
		About: `Opens each FOLDER as the other commands do: a collection (or its zip), an encoder, or a
family of encoders. It reads every file and compares it with the SHA-256 in the folder's
manifest. The exit code is 1 if anything is wrong.`,
		Examples: `parley check my-notes
parley check models models/vital-articles
parley check --json my-notes | jq .[0].wrong`,
	},
	{
		Name: "export", Define: runExport,
		Synopsis: "--to ENGINE --out FOLDER [flags]",
		Summary:  "write a collection for another search engine",
		About: `Writes the passages and their sparse vectors in the form that the engine loads, with a
README.md on how to load and query them, and an example query. The engine then ranks
exactly as Parley's sparse stage does, before its rules for questions such as "the largest
planet": the vectors contain the index's 8-bit impacts, and ties go to the lower passage
number. If a run is stopped or killed, the same command continues it.

` + formLines(),
		Examples: `parley export --to opensearch --out for-opensearch
parley export --to pgvector --collection my-notes --out for-postgres
parley export --to sqlite --out for-sqlite && sqlite3 for-sqlite/parley.db < for-sqlite/query.sql
parley export --to qdrant --dry-run --ask "When was the Eiffel Tower built?"`,
	},
	{
		Name: "import", Define: runImport,
		Synopsis: "ciff FILE [flags]",
		Summary:  "make a collection from another engine's index",
		About: `FILE is an index in CIFF, the Common Index File Format, with gzip or without, as Anserini,
PISA and parley export write it. Its terms must be pieces of the encoder's vocabulary,
since the encoder reads the questions. A file that Parley wrote says what a frequency
weighs; for others, --step does.

The format holds no texts. Without --texts, passages are found and named, but not
quoted, and words are not searched for.`,
		Examples: `parley import ciff index.ciff.gz --texts corpus.jsonl --out from-ciff
parley import ciff splade.ciff --step 0.01 --encoder encoders/splade --texts corpus.jsonl.gz`,
	},
	{
		Name: "load", Define: runLoad,
		Synopsis: "--to URL [flags]",
		Summary:  "load a collection into a search engine that runs",
		About: `Writes the passages and their sparse vectors into OpenSearch, Elasticsearch, Qdrant,
Milvus (https://HOST:PORT; which of them it is, the engine says itself) or PostgreSQL
with pgvector (postgres://HOST/DATABASE), and prints how to ask it. "#NAME" at the end of
the URL names the index, collection or table; without it the name is parley.

If a run is stopped or killed, or the engine is, the same command continues it. Until it
has finished, nothing takes the engine's collection for whole. What is loaded already is
left as it is; another collection under the name is replaced only with --replace.

Credentials come from the environment: PARLEY_ENGINE_USER and PARLEY_ENGINE_PASSWORD, or
PARLEY_ENGINE_KEY; PostgreSQL's from PGUSER and PGPASSWORD. They are sent to the given
address alone, and never shown.

The engine then ranks as Parley does. parley search, chat and serve ask it with --engine,
and need an encoder, but not the collection.`,
		Examples: `parley load --to http://localhost:9200
parley load --to https://search.example.org#notes --collection my-notes --shards 3
parley load --to postgres://localhost/library
parley search --engine http://localhost:9200 When was the Eiffel Tower built?`,
	},
	{
		Name: "quantize", Define: runQuantize,
		Synopsis: "[flags] FOLDER OUT",
		Summary:  "turn a Hugging Face encoder into a small int8 one",
		About: `FOLDER contains config.json, model.safetensors and vocab.txt or tokenizer.json of a
BertForMaskedLM or DistilBertForMaskedLM, as SPLADE encoders are, or of a BertModel, a
dense encoder. The command writes the same encoder to OUT with 8-bit weights, a quarter
of the size. The flags set how it reads conversations and passages, and are stored in its
config.json.`,
		Examples: `parley quantize downloads/splade-tiny encoders/splade-tiny
parley quantize --query-tokens 128 --history-type 1 --name distilled out/checkpoint encoders/distilled`,
	},
}

// formLines lists the engines for the help.
func formLines() string {
	var b strings.Builder
	for _, f := range engine.Forms {
		fmt.Fprintf(&b, "  %-13s  %s\n", f.Name, f.About)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
