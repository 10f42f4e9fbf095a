package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"parley/shared/conversation"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/lines"
	"parley/shared/query"
	"parley/shared/sparse"
	"parley/shared/words"
	"parley/trainer/beir"
	"parley/trainer/bm25"
	"parley/trainer/collection"
	"parley/trainer/disk"
	"parley/trainer/exact"
	"parley/trainer/metrics"
	"parley/trainer/mtrag"
	"parley/trainer/progress"
	"parley/trainer/trec"
)

const evaluateHelp = `Usage: trainer evaluate --encoder DIR --mtrag DIR [FLAGS]
       trainer evaluate --encoder DIR --passages FILES --queries FILES --qrels FILES [FLAGS]
       trainer evaluate --bm25 ...

Encodes the passages (once: the vectors are kept in --cache), indexes them,
ranks them for every judged query, and prints what trec_eval would say, and what
it cost: L0, the mean number of active terms; FLOPS, sum_j p_q(j) p_d(j).

FILES is a file, a pattern in quotes, or several with commas; gzip is read too.

With --dense a second stage ranks as in the page, by package answer, and gives
the first 100 passages.

Examples:
  trainer evaluate --encoder models/splade-tiny --mtrag ../data/mtrag
  trainer evaluate --encoder models/splade-tiny-conv --base models/splade-tiny --dense models/bge-small-conv --dense-passages bge-small --mtrag ../data/mtrag --input conversation
  trainer evaluate --encoder models/splade-tiny --mtrag ../data/mtrag --input conversation --query-tokens 128
  trainer evaluate --encoder runs/one/best --passage-encoder models/splade-tiny --mtrag ../data/mtrag --input conversation
  trainer evaluate --bm25 --mtrag ../data/mtrag --input rewrite --run bm25.run --by turn
  trainer evaluate --encoder models/splade-tiny --mtrag ../data/mtrag --wasm worker.wasm
  trainer evaluate --encoder models/splade-tiny --passages corpus.jsonl --queries queries.jsonl --qrels qrels/test.tsv --json
`

// The inputs that --input names.
const (
	inputLast         = "last"         // the last turn alone
	inputConversation = "conversation" // all turns and the replies
	inputQuestions    = "questions"    // all turns, without the replies
	inputRewrite      = "rewrite"      // the last turn as a person rewrote it
)

type evaluation struct {
	encoder, passageEncoder  string
	base                     string
	cache                    string
	passages, queries, qrels files
	tasks                    files
	input                    string
	queryTokens, historyType int
	replyTokens, queryTerms  int
	questionWords            float64
	historyWords             float64
	words                    words.BM25 // of the passages' words
	reading                  query.Reading
	second                   second
	top, depth               int
	mass                     float64
	float, bm25, noWords     bool
	runFile, tag             string
	wasm, by                 string
	json                     bool
}

func evaluate(ctx context.Context, args []string, stdout, stderr *os.File) error {
	var o evaluation
	var benchmark, read string
	flags := flag.NewFlagSet("evaluate", flag.ContinueOnError)
	flags.StringVar(&o.encoder, "encoder", "", "encoder's `folder` in Hugging Face's layout, float or int8")
	flags.StringVar(&o.base, "base", "", "encoder's `folder` that --encoder was exported to share (trainer export --share)")
	flags.StringVar(&o.passageEncoder, "passage-encoder", "", "encoder's `folder` for the passages (empty: that of --encoder)")
	flags.StringVar(&benchmark, "mtrag", "", "MTRAG's `folder`: sets passages, queries, qrels and tasks")
	flags.Var(&o.passages, "passages", "collection, BEIR's corpus `files`; several make one pool")
	flags.Var(&o.queries, "queries", "queries, BEIR's `files`")
	flags.Var(&o.qrels, "qrels", "judgements, `files` of BEIR's TSV or TREC's form")
	flags.Var(&o.tasks, "tasks", "MTRAG's tasks `files`, which hold the conversations")
	flags.StringVar(&o.input, "input", inputLast, "what the encoder reads: `last`, conversation, questions or rewrite")
	flags.IntVar(&o.queryTokens, "query-tokens", 0, "cut the input at `n` tokens (0: the encoder's own length)")
	flags.IntVar(&o.historyType, "history-type", -1, "token `type` of the history, 0 or 1 (-1: the encoder's own)")
	flags.IntVar(&o.replyTokens, "reply-tokens", -1, "read the first `n` tokens of each reply (0: all, -1: the encoder's own)")
	flags.IntVar(&o.queryTerms, "query-terms", -1, "keep the `n` heaviest terms of each query (0: all, -1: the encoder's own)")
	flags.Float64Var(&o.questionWords, "question-words", -1, "of an encoder without a word head: what each `word` of the newest question weighs (0: words are not searched for, -1: the encoder's own)")
	flags.Float64Var(&o.historyWords, "history-words", -1, "what the word head's weights of words of the history are `multiplied` by (-1: the encoder's own)")
	flags.BoolVar(&o.noWords, "no-words", false, "search for learned terms alone")
	o.words = words.Default
	flags.Float64Var(&o.words.K1, "k1", o.words.K1, "k1 of BM25, by which passages' words are weighed")
	flags.Float64Var(&o.words.B, "b", o.words.B, "b of BM25")
	flags.Float64Var(&o.words.Title, "title-words", o.words.Title, "how many times a word of a title counts")
	flags.StringVar(&read, "read", "together", "how a conversation is read: `together`, alone, or as the encoder decides (decide)")
	flags.Float64Var(&o.mass, "mass", 1, "keep this `share` of each passage's weight, in its heaviest terms; .9 is what ships")
	flags.IntVar(&o.top, "top", 0, "keep the `n` heaviest terms of each passage (0: all)")
	flags.IntVar(&o.depth, "depth", 1000, "documents a query, `n`")
	flags.BoolVar(&o.float, "float", false, "score by the float weights instead of the index's 8-bit impacts")
	flags.BoolVar(&o.bm25, "bm25", false, "rank by BM25 instead of an encoder (k1 .9, b .4, stemmed words)")
	flags.StringVar(&o.cache, "cache", "cache", "`folder` that keeps the passages' vectors")
	flags.StringVar(&o.runFile, "run", "", "write the ranking as a TREC run to `file`")
	flags.StringVar(&o.wasm, "wasm", "", "rank by the page's own worker.wasm, this `file`, and check that it ranks as this program does")
	flags.StringVar(&o.by, "by", "", "print also parts of the queries: by `turn`, or by domain, the file that judges them")
	flags.StringVar(&o.tag, "tag", "parley", "the run's `name`")
	o.second.flags(flags)
	flags.BoolVar(&o.json, "json", false, "print JSON instead of a table")
	if err := parse(flags, args, evaluateHelp, stdout); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return wrongUse("%q is no flag; file names go after their flag, several with commas or as one pattern in quotes", flags.Arg(0))
	}
	reading, ok := map[string]query.Reading{"together": query.Together, "alone": query.Alone, "decide": query.Decide}[read]
	if !ok {
		return wrongUse("--read %q: want together, alone or decide", read)
	}
	o.reading = reading
	if err := o.check(benchmark); err != nil {
		return err
	}
	return o.evaluate(ctx, stdout, stderr)
}

// check completes o from the benchmark's folder and refuses what cannot work.
func (o *evaluation) check(benchmark string) error {
	switch o.input {
	case inputLast, inputConversation, inputQuestions, inputRewrite:
	default:
		return wrongUse("--input %q: want %s, %s, %s or %s", o.input, inputLast, inputConversation, inputQuestions, inputRewrite)
	}
	if benchmark != "" {
		form := map[string]string{inputLast: "lastturn", inputConversation: "lastturn",
			inputQuestions: "questions", inputRewrite: "rewrite"}[o.input]
		for _, d := range []struct {
			f       *files
			pattern string
		}{
			{&o.passages, "passages/*.jsonl.gz"}, {&o.queries, "human/*_" + form + ".jsonl"},
			{&o.qrels, "human/qrels_*.tsv"}, {&o.tasks, "human/tasks.jsonl.gz"},
		} {
			if len(*d.f) > 0 {
				continue
			}
			if err := d.f.Set(filepath.Join(benchmark, filepath.FromSlash(d.pattern))); err != nil {
				return err
			}
		}
	}
	switch {
	case o.bm25 == (o.encoder != ""):
		return wrongUse("give either --encoder DIR or --bm25")
	case len(o.passages) == 0:
		return wrongUse("no --passages (or --mtrag)")
	case len(o.queries) == 0:
		return wrongUse("no --queries (or --mtrag)")
	case len(o.qrels) == 0:
		return wrongUse("no --qrels (or --mtrag)")
	case o.input == inputConversation && len(o.tasks) == 0:
		return wrongUse("--input conversation needs --tasks, the file that holds the conversations")
	case o.depth < 1:
		return wrongUse("--depth %d: at least 1 is needed", o.depth)
	case !(o.mass > 0 && o.mass <= 1):
		return wrongUse("--mass %v is not a share above 0, at most 1", o.mass)
	case o.words.Check() != nil:
		return usageError{o.words.Check()}
	case o.top < 0:
		return wrongUse("--top %d is negative", o.top)
	case o.historyType > 1:
		return wrongUse("--history-type %d: want 0 or 1", o.historyType)
	case o.queryTokens < 0 || o.queryTokens > 0 && o.queryTokens < 3:
		return wrongUse("--query-tokens %d: an input has at least 3 tokens", o.queryTokens)
	}
	if err := o.second.check(); err != nil {
		return err
	}
	if o.second.encoder != "" {
		if o.bm25 || o.float || o.wasm != "" {
			return wrongUse("--dense adds a stage to what --encoder finds by the index: leave out --bm25, --float and --wasm")
		}
		o.second.cache = o.cache
	}
	if o.by != "" && o.by != byTurn && o.by != byDomain {
		return wrongUse("--by %q: want %s or %s", o.by, byTurn, byDomain)
	}
	if o.wasm != "" {
		if o.bm25 || o.float || o.queryTokens > 0 || o.historyType >= 0 || o.replyTokens >= 0 || o.queryTerms >= 0 {
			return wrongUse("--wasm ranks by the index, and reads conversations as the encoder's config.json says: leave out --bm25, --float, --query-tokens, --history-type, --reply-tokens and --query-terms")
		}
		o.depth = min(o.depth, wasmDepth)
	}
	return nil
}

// An asked is a question as it goes into the encoder.
type asked struct {
	id    string
	turns []conversation.Turn
}

// An Outcome is what evaluate prints.
type outcome struct {
	System  string             `json:"system"`
	Encoder string             `json:"encoder_sha256,omitempty"` // over its weights and vocabulary
	Input   string             `json:"input"`
	Queries int                `json:"queries"`
	Missing int                `json:"queries_without_answer"`
	Docs    int                `json:"passages"`
	Metrics map[string]float64 `json:"metrics"`
	Cost    *cost              `json:"cost,omitempty"`
	Parts   []part             `json:"parts,omitempty"`

	values metrics.Values
}

// A cost is what the encoder's vectors cost a search.
type cost struct {
	QueryTokens int     `json:"query_tokens"`
	HistoryType int     `json:"history_token_type"`
	ReplyTokens int     `json:"reply_tokens,omitempty"`
	QueryTerms  int     `json:"query_terms,omitempty"`
	QueryL0     float64 `json:"query_l0"`
	DocL0       float64 `json:"passage_l0"`
	FLOPS       float64 `json:"flops"`
	// The rest is of the shipped index, and missing with --float.
	IndexBytes int64   `json:"index_bytes,omitempty"`
	Postings   float64 `json:"postings_per_query,omitempty"`
	SearchMS   float64 `json:"search_ms_per_query,omitempty"`
	// Stages is of --dense: what the sparse stage costs alone stands above.
	Stages *stagesCost `json:"stages,omitempty"`
}

// readOutcome reads what evaluate --json wrote.
func readOutcome(path string) (o outcome, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(data, &o); err != nil {
		return o, fmt.Errorf("%s: not what trainer evaluate --json writes: %w", path, err)
	}
	if o.Queries == 0 || len(o.Metrics) == 0 {
		return o, fmt.Errorf("%s: not what trainer evaluate --json writes: it has no queries or no metrics", path)
	}
	return o, nil
}

func (o *evaluation) evaluate(ctx context.Context, stdout, stderr *os.File) error {
	qrels, judged, err := readQrels(o.qrels)
	if err != nil {
		return err
	}
	queries, err := o.readQueries(qrels)
	if err != nil {
		return err
	}
	docs, err := collection.Read(o.passages)
	if err != nil {
		return err
	}
	var run metrics.Run
	out := outcome{System: "BM25", Input: o.input, Docs: len(docs.IDs)}
	if o.bm25 {
		run = o.rankBM25(docs, queries)
	} else {
		out.System = o.encoder
		run, out.Encoder, out.Cost, err = o.rankEncoder(ctx, docs, queries, stderr)
		if err != nil {
			return err
		}
	}
	if o.runFile != "" {
		err := durable.Write(o.runFile, func(w io.Writer) error { return trec.WriteRun(w, run, o.tag) })
		if err != nil {
			return err
		}
	}
	report := metrics.Evaluate(run, qrels)
	out.Queries, out.Missing, out.values = len(report.ByQuery), len(report.Missing), report.Mean
	out.Metrics = map[string]float64{}
	for m, v := range report.Mean {
		out.Metrics[metrics.Keys[m]] = v
	}
	if o.by != "" {
		if out.Parts, err = partsBy(o.by, report, judged); err != nil {
			return err
		}
	}
	if o.json {
		return printJSON(stdout, out)
	}
	return out.table(stdout)
}

func (out *outcome) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := []string{"input", "queries"}
	row := []string{out.Input, fmt.Sprint(out.Queries)}
	for m, v := range out.values {
		head = append(head, metrics.Names[m])
		row = append(row, fmt.Sprintf("%.4f", v))
	}
	if c := out.Cost; c != nil {
		head = append(head, "L0", "L0 docs", "FLOPS")
		row = append(row, fmt.Sprintf("%.1f", c.QueryL0), fmt.Sprintf("%.1f", c.DocL0), fmt.Sprintf("%.2f", c.FLOPS))
		if c.IndexBytes > 0 {
			head = append(head, "bytes/doc", "postings", "ms")
			row = append(row, fmt.Sprintf("%.0f", float64(c.IndexBytes)/float64(max(out.Docs, 1))),
				fmt.Sprintf("%.0f", c.Postings), fmt.Sprintf("%.2f", c.SearchMS))
		}
		if s := c.Stages; s != nil {
			head = append(head, "dense on", "sparse ms", "dense ms")
			row = append(row, fmt.Sprintf("%.0f %%", 100*s.Dense), fmt.Sprintf("%.1f", s.SparseMS), fmt.Sprintf("%.1f", s.DenseMS))
		}
	}
	fmt.Fprintln(t, strings.Join(head, "\t")+"\t")
	fmt.Fprintln(t, strings.Join(row, "\t")+"\t")
	for _, p := range out.Parts {
		row := []string{p.Name, fmt.Sprint(p.Queries)}
		for _, v := range p.values {
			row = append(row, fmt.Sprintf("%.4f", v))
		}
		fmt.Fprintln(t, strings.Join(row, "\t")+"\t")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if out.Missing > 0 {
		fmt.Fprintf(w, "%d queries found nothing and count as 0.\n", out.Missing)
	}
	return nil
}

// readQrels gives also the file in which each query is judged.
func readQrels(paths []string) (all metrics.Qrels, judged map[string]string, err error) {
	all, judged = metrics.Qrels{}, map[string]string{}
	for _, path := range paths {
		err := disk.Lines(path, func(r *lines.Reader) error {
			read := trec.ReadQrels
			if strings.HasSuffix(strings.TrimSuffix(path, ".gz"), ".tsv") {
				read = beir.ReadQrels
			}
			qrels, err := read(r)
			for q, grades := range qrels {
				if all[q] != nil {
					return &lines.Error{File: path, Msg: fmt.Sprintf("query %q is judged in another file already", q)}
				}
				all[q], judged[q] = grades, path
			}
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("%s: no judgement", strings.Join(paths, ", "))
	}
	return all, judged, nil
}

// readQueries reads the judged queries as conversations.
func (o *evaluation) readQueries(qrels metrics.Qrels) ([]asked, error) {
	var tasks mtrag.Conversations
	if o.input == inputConversation {
		tasks = mtrag.Conversations{}
		for _, path := range o.tasks {
			err := disk.Lines(path, func(r *lines.Reader) error {
				more, err := mtrag.ReadTasks(r)
				for id, turns := range more {
					tasks[id] = turns
				}
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	var queries []asked
	seen := map[string]bool{}
	for _, path := range o.queries {
		var read []beir.Query
		err := disk.Lines(path, func(r *lines.Reader) (err error) {
			read, err = beir.ReadQueries(r)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, q := range read {
			if qrels[q.ID] == nil {
				continue
			}
			if seen[q.ID] {
				return nil, fmt.Errorf("%s: query %q is in another file already", path, q.ID)
			}
			seen[q.ID] = true
			turns := []conversation.Turn{{Question: mtrag.Question(q.Text)}}
			switch o.input {
			case inputQuestions:
				turns = mtrag.Questions(q.Text)
			case inputConversation:
				if turns, err = tasks.Until(q.ID); err != nil {
					return nil, err
				}
			}
			queries = append(queries, asked{q.ID, turns})
		}
	}
	if len(queries) == 0 {
		return nil, fmt.Errorf("none of the queries is judged: do queries and qrels belong together?")
	}
	return queries, nil
}

func (o *evaluation) rankBM25(docs *collection.Collection, queries []asked) metrics.Run {
	var x bm25.Index
	for _, t := range docs.Texts {
		x.Add(t)
	}
	run := metrics.Run{}
	for _, q := range queries {
		var text strings.Builder
		for _, t := range q.turns {
			fmt.Fprintln(&text, t.Question, t.Reply)
		}
		for _, h := range x.Search(text.String(), o.depth) {
			run[q.id] = append(run[q.id], metrics.Hit{Doc: docs.IDs[h.Doc], Score: h.Score})
		}
	}
	return run
}

func (o *evaluation) rankEncoder(ctx context.Context, docs *collection.Collection, queries []asked, stderr *os.File) (run metrics.Run, encoderSum string, c *cost, err error) {
	enc, weights, err := loadOver(o.encoder, o.base)
	if err != nil {
		return nil, "", nil, err
	}
	encoderSum = hex.EncodeToString(weights[:])
	form := enc.Query
	if o.queryTokens > 0 {
		form.MaxTokens = o.queryTokens
	}
	if o.historyType >= 0 {
		form.HistoryType = uint8(o.historyType)
	}
	if o.replyTokens >= 0 {
		form.ReplyTokens = o.replyTokens
	}
	if o.queryTerms >= 0 {
		enc.QueryTerms = o.queryTerms
	}
	if o.historyWords >= 0 {
		enc.HistoryWords = float32(o.historyWords)
	}
	if o.questionWords >= 0 {
		enc.QuestionWords = float32(o.questionWords)
	}

	of := enc
	if o.passageEncoder != "" {
		if of, weights, err = loadEncoder(o.passageEncoder); err != nil {
			return nil, "", nil, err
		}
		if of.Vocab() != enc.Vocab() {
			return nil, "", nil, fmt.Errorf("%s has a vocabulary of %d, %s of %d: their vectors cannot be compared", o.encoder, enc.Vocab(), o.passageEncoder, of.Vocab())
		}
	}
	passages, err := o.encodePassages(ctx, of, weights, docs, stderr)
	if err != nil {
		return nil, "", nil, err
	}
	in, err := o.searcher(enc.Vocab(), passages, docs, enc.SearchesWords() && !o.noWords)
	if err != nil {
		return nil, "", nil, err
	}

	vectors, err := encodeQueries(ctx, enc, in.lookup, o.reading, queries, form, stderr)
	if err != nil {
		return nil, "", nil, err
	}
	r, err := searchAll(ctx, queries, vectors, in.search, 1)
	if err != nil {
		return nil, "", nil, err
	}
	if o.wasm != "" {
		if err := o.checkWasm(ctx, in.file, docs, queries, r.run, stderr); err != nil {
			return nil, "", nil, err
		}
	}

	c = &cost{IndexBytes: int64(len(in.file))}
	if o.second.encoder != "" {
		enc.Query = form
		if r.run, c.Stages, err = o.rankStages(ctx, enc, in.file, docs, queries, stderr); err != nil {
			return nil, "", nil, err
		}
	}
	c.QueryTokens, c.HistoryType, c.ReplyTokens, c.QueryTerms = form.MaxTokens, int(form.HistoryType), form.ReplyTokens, enc.QueryTerms
	spent := r.cost(in.dims, in.docs, nil)
	c.QueryL0, c.DocL0, c.FLOPS, c.Postings = spent.L0, in.docs.L0(), spent.FLOPS, spent.Postings
	if !o.float {
		c.SearchMS = spent.SearchMS
	}
	return r.run, encoderSum, c, nil
}

// encodePassages gives the passages' vectors, pruned to the heaviest terms.
func (o *evaluation) encodePassages(ctx context.Context, enc *encoder.Encoder, weights [32]byte, docs *collection.Collection, stderr *os.File) ([]sparse.Vector, error) {
	// Time goes by text, not by passage: bytes[i] is what the first i hold.
	bytes := make([]int64, len(docs.Texts)+1)
	for i, t := range docs.Texts {
		bytes[i+1] = bytes[i] + int64(len(t))
	}
	var meter *progress.Meter
	fresh := 0
	file, err := docs.Vectors(ctx, enc, weights, o.cache, func(done int) {
		if meter == nil {
			meter = progress.New(stderr, "passages", bytes[done], bytes[len(docs.Texts)])
			fresh = len(docs.Texts) - done
		}
		meter.Update(bytes[done], fmt.Sprintf("%d of %d", done, len(docs.Texts)))
	})
	if err != nil {
		return nil, err
	}
	meter.Done(fmt.Sprintf("%d encoded, %d kept from before", fresh, len(docs.Texts)-fresh))
	all := file.All() // open to the program's end
	if o.top > 0 || o.mass < 1 {
		all = slices.Clone(all) // the cache's are not touched
	}
	for i, v := range all {
		if o.mass < 1 {
			v = v.Mass(o.mass)
		}
		if o.top > 0 {
			v = v.Top(o.top)
		}
		all[i] = v
	}
	return all, nil
}

// A searched is a collection that is searched.
type searched struct {
	// search gives the best documents and the number of postings touched (0 with
	// --float, which makes no index file).
	search func(sparse.Vector) ([]metrics.Hit, int)
	lookup func(stem []byte) (uint32, bool) // nil: words are not searched for
	docs   *sparse.Activation               // of the passages' vectors, words included
	dims   int                              // learned terms and words
	file   []byte
}

// searcher indexes the passages, with their words where withWords says so.
func (o *evaluation) searcher(vocab int, passages []sparse.Vector, of *collection.Collection, withWords bool) (*searched, error) {
	s := &searched{dims: vocab}
	found := func(doc uint32, score float64) metrics.Hit { return metrics.Hit{Doc: of.IDs[doc], Score: score} }
	if o.float {
		if withWords {
			return nil, errors.New("--float scores by the float weights of learned terms, and this encoder searches for words, too: leave --float out")
		}
		x := exact.New(passages)
		s.search = func(q sparse.Vector) (hits []metrics.Hit, postings int) {
			for _, h := range x.Search(q, o.depth) {
				hits = append(hits, found(h.Doc, h.Score))
			}
			return hits, 0
		}
		s.docs = sparse.NewActivation(vocab)
		for _, v := range passages {
			s.docs.Add(v)
		}
		return s, nil
	}
	b := index.NewBuilder(vocab)
	b.BM25 = o.words
	for i, v := range passages {
		if err := b.Add(v); err != nil {
			return nil, fmt.Errorf("passage %q: %w", of.IDs[i], err)
		}
		if withWords {
			b.AddWords(of.Parts(i))
		}
	}
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		return nil, err
	}
	s.file = out.Bytes()
	x, err := index.Open(s.file)
	if err != nil {
		return nil, err
	}
	searcher := x.NewSearcher()
	s.search = func(q sparse.Vector) (hits []metrics.Hit, postings int) {
		hit, c := searcher.Search(q, o.depth)
		for _, h := range hit {
			hits = append(hits, found(h.Doc, float64(h.Score)))
		}
		return hits, c.Postings
	}
	if withWords {
		s.lookup = x.Lookup
	}
	s.dims += x.Words()
	s.docs = sparse.NewActivation(s.dims)
	for _, v := range passages {
		s.docs.Add(v)
	}
	for t := vocab; t < s.dims; t++ {
		s.docs.Hold(uint32(t), x.DF(uint32(t)))
	}
	return s, nil
}

// loadEncoder also gives the SHA-256 over the files that it read.
func loadEncoder(dir string) (*encoder.Encoder, [32]byte, error) { return loadOver(dir, "") }

// loadOver loads a family's member over its base's folder; "" where dir is whole.
func loadOver(dir, base string) (*encoder.Encoder, [32]byte, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, [32]byte{}, fmt.Errorf("--encoder: %w", err)
	} else if !info.IsDir() {
		return nil, [32]byte{}, fmt.Errorf("--encoder: %s is a file; give the folder that holds config.json and model.safetensors", dir)
	}
	files := folderFiles(dir)
	if base != "" {
		files = encoder.Over(files, folderFiles(base))
	}
	enc, sum, err := loadFiles(files)
	if err == nil && base != "" {
		// Loaded once more for the encoder to know its base, which reads passages.
		var b *encoder.Encoder
		if b, err = encoder.Load(folderFiles(base)); err == nil {
			enc, err = encoder.LoadOver(b, folderFiles(dir))
		}
	}
	if err != nil {
		return nil, sum, fmt.Errorf("%s: %w", dir, err)
	}
	return enc, sum, nil
}

func folderFiles(dir string) encoder.Files {
	return func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
}

// held is a folder whose files are in memory.
func held(files map[string][]byte) encoder.Files {
	return func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
}

func loadFiles(files encoder.Files) (*encoder.Encoder, [32]byte, error) {
	h := sha256.New()
	enc, err := encoder.Load(func(name string) ([]byte, error) {
		data, err := files(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		// The configuration's lengths are in the collection's key; what else it
		// says shows in the vectors. So a change of the query's form keeps them.
		if name != "config.json" {
			fmt.Fprintf(h, "%s %d\n", name, len(data))
			h.Write(data)
		}
		return data, err
	})
	return enc, [32]byte(h.Sum(nil)), err
}

// files is a flag that names files: commas and repeats add up, patterns expand.
type files []string

func (f *files) String() string { return strings.Join(*f, ",") }

func (f *files) Set(value string) error {
	for pattern := range strings.SplitSeq(value, ",") {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("pattern %q: %w", pattern, err)
		}
		if len(found) == 0 {
			return fmt.Errorf("no file %s", pattern)
		}
		*f = append(*f, found...)
	}
	return nil
}
