// Package message defines the messages between the page and its worker, which are sent as
// JSON; the terminal uses the same types. It imports nothing, so a program that only shows
// answers contains no inference code.
//
// The page posts {id, op: "ask", body: Ask} and gets {id, op: "answer", body: Answer} or
// {id, op: "error", body: Failure}. Levels other than the base and the default are loaded
// when they are first asked for, and the answer waits for that. Unasked, the worker posts
// {op: "progress", body: Progress} while it loads, then {op: "ready", body: Ready} or {op:
// "failed", body: Failure}; the page may reply to "failed" with {op: "retry"}. body is a
// JSON string.
//
// The page may post {op: "collection", own: {index, passages}}: two files of a visitor's
// own collection (own may have a third, dense), or null for the site's collection. The
// worker posts "ready" once it searches that collection; {op: "grown", body: Ready} where
// the page said growing: true, because more of the collection is still being encoded; or
// {op: "refused", body: why} and then "ready" for the site's collection. The messages
// between the page and the worker for files are described in site/web/files-worker.js: no
// other Go program uses them.
//
// The second, dense stage is loaded when the page posts {op: "dense", body: "on"}, and
// released with "off". Whenever its state changes, and after each "ready" once it was
// asked for, the worker posts {op: "dense", body: DenseState}. Until the state is "on",
// the sparse stage alone answers questions. Ready.Dense says whether the site has a dense
// stage.
package message

// A Turn is a question and its reply; the last turn of an Ask has no reply.
type Turn struct {
	Question string `json:"question"`
	Reply    string `json:"reply,omitempty"`
	Title    string `json:"title,omitempty"` // of the passage that Reply quotes
	// Begins is Answer.Begins of the turn: with it, the sparse stage reads later questions
	// without what was said before this turn.
	Begins bool `json:"begins,omitempty"`
}

// Ask is a whole conversation, oldest turn first; the last turn is the question to answer.
type Ask struct {
	Turns []Turn `json:"turns"`
	K     int    `json:"k"`               // number of results wanted, 1 to 100; 0 means 10
	Level string `json:"level,omitempty"` // the name of the encoder that reads it, Level.Name; "" is the default
	// Read says whether the newest question is read together with what was said before it:
	// ReadAlone or ReadTogether. Where it is "", the engine decides; any other value is an
	// error. What was said before the last turn that Begins something is not read.
	Read string `json:"read,omitempty"`
	// Stage says which stages answer: StageSparse, StageDense, StageBoth or StageRead.
	// Where it is "", the engine decides: all that are loaded, but the sparse stage alone
	// where it is sure. A stage that is not loaded is an error.
	Stage   string `json:"stage,omitempty"`
	NoRules bool   `json:"no_rules,omitempty"` // rank by the encoders alone, without Result.Rule: for figures
	// For the page's instruments. A turn whose texts are empty is not read, and the others
	// keep their numbers.
	Brief   bool     `json:"brief,omitempty"`   // results without Text, URL, Quote and Marks
	Explain bool     `json:"explain,omitempty"` // terms with Start and End, results with Parts and Places
	Weights []Weight `json:"weights,omitempty"` // factors on the weights of terms
}

// Values of Ask.Read.
const (
	ReadAlone    = "alone"    // without the history, as a new topic
	ReadTogether = "together" // with the history
)

// Values of Ask.Stage and Answer.Stage.
const (
	StageSparse = "sparse" // learned terms and words
	StageDense  = "dense"  // cosines of vectors
	StageBoth   = "both"   // the weighted sum
	StageRead   = "read"   // both, and the reader over the first results
)

// A Weight multiplies the weight of a term by Factor; 0 removes the term.
type Weight struct {
	Text   string  `json:"text"` // as in Term
	Word   bool    `json:"word,omitempty"`
	Factor float32 `json:"factor"`
}

// Answer is everything that the page shows for a turn.
type Answer struct {
	Terms   []Term   `json:"terms"`   // the query vector, heaviest first
	Results []Result `json:"results"` // best first
	Reply   int      `json:"reply"`   // the result whose quote is the reply; 0 where there is none
	Tokens  int      `json:"tokens"`  // length of the encoder's input
	Dropped bool     `json:"dropped"` // older text did not fit
	// Cut is true where the newest question alone was longer than the input, and its
	// middle was left out.
	Cut bool `json:"cut,omitempty"`
	// Alone is true where there was a history, and the question was read without it.
	Alone bool `json:"alone,omitempty"`
	// Begins says that the question opens a topic or a subject of its own. It is to be
	// sent with the turn from then on (Turn.Begins). It is false where Ask.Read is
	// ReadTogether: the reader says that the question goes with the turns before it.
	Begins bool `json:"begins,omitempty"`
	// Read lists the turns of which the encoder read any text: indices into Ask.Turns,
	// ascending, the newest included.
	Read []int `json:"read"`
	// Stage says which stages answered.
	Stage string `json:"stage"`
	// Doubt says why nothing is quoted: one of the values below; "" where Reply is the
	// reply. With a doubt the results are the nearest that were found, and the turn has no
	// reply in the history.
	Doubt string `json:"doubt,omitempty"`
	// Answers is the probability that the first result answers the question, 0 to 1.
	Answers float32 `json:"answers,omitempty"`
	// Spelling lists the words of the newest question that were replaced, in order; or the question itself, if
	// it was completed: "and Chile?" after "the capital of Peru".
	Spelling []Spelling `json:"spelling,omitempty"`
	// Completed is true where that is the question: it was read with what it leaves to the turns before it, in
	// place of these turns.
	Completed bool `json:"completed,omitempty"`
	// Sure is the probability that the sparse stage's first result is right, assuming that
	// the collection can answer. It is set where the dense stage is loaded.
	Sure float32 `json:"sure,omitempty"`
	Cost Cost    `json:"cost"`
}

// Values of Answer.Doubt.
const (
	DoubtGreeting = "greeting" // the visitor greets, or says goodbye
	DoubtThanks   = "thanks"   // the visitor thanks, or says that all is well
	DoubtLanguage = "language" // the question is in a language other than English
	DoubtUnsure   = "unsure"   // nothing that was found seems to answer it
)

// Says returns what the visitor is told in place of a quotation, in whole sentences; ""
// for no doubt.
func Says(doubt string) string {
	switch doubt {
	case DoubtGreeting:
		return "Good to have you here. Ask a question, and the reply is quoted from the collection."
	case DoubtThanks:
		return "You are welcome. Ask another question whenever you like."
	case DoubtLanguage:
		return "This seems to be in a language other than English, and only English is understood here."
	case DoubtUnsure:
		return "Nothing in this collection seems to answer that."
	}
	return ""
}

// A Spelling is a word that the collection does not have, or a question that leaves something to the one before
// it, and what it is read as.
type Spelling struct {
	Typed string `json:"typed"`
	Read  string `json:"read"`
}

// A Term is one active term of the query vector.
type Term struct {
	Text   string  `json:"text"` // the vocabulary's piece; the word itself where Word
	Weight float32 `json:"weight"`
	Turn   int     `json:"turn"`            // the turn whose token won it; -1: a marker
	Reply  bool    `json:"reply,omitempty"` // won by the turn's reply, not its question
	// Typed is true where the piece is in the input; otherwise the encoder added it
	// (expansion).
	Typed bool `json:"typed"`
	// Word is true for an exact word, in lower case, as it stands in the conversation, and
	// false for a term of the encoder.
	Word bool `json:"word,omitempty"`
	// Start and End are the byte range of the token or word that won it, in its turn's
	// question or reply as it was read. They are 0 for a marker.
	Start int `json:"start,omitempty"`
	End   int `json:"end,omitempty"`
}

// A Span is a byte range, [start, end).
type Span [2]int

// A Result is one passage that was found.
type Result struct {
	Doc   uint32 `json:"doc"`
	ID    string `json:"id"`
	Title string `json:"title"`
	Text  string `json:"text"`
	URL   string `json:"url,omitempty"`
	Page  int    `json:"page,omitempty"` // of its document, from 1; 0: it has no pages
	// Collection is the one that it is from, where several are searched.
	Collection string  `json:"collection,omitempty"`
	Score      float32 `json:"score"`
	Quote      Span    `json:"quote"` // the sentence of Text that answers best
	Marks      []Span  `json:"marks"` // words of Text that its score comes from, in order
	// NoFigure is true where the question asks for a figure or a date, and the sentence
	// contains none.
	NoFigure bool `json:"no_figure,omitempty"`
	// Dense is the dense stage's part of Score, which may be negative.
	Dense float32 `json:"dense,omitempty"`
	// Rule is the part of Score by a rule that reads words, at least 0: for a fact about a country or a
	// place among the largest, the first and so on that the question asks for, or for a title that it
	// names; see shared/answer, rule.go.
	Rule float32 `json:"rule,omitempty"`
	// Read is the reader's part of Score, at least 0.
	Read  float32 `json:"read,omitempty"`
	Parts []Part  `json:"parts,omitempty"`
	// Places are the words of Text that are themselves one of the Parts' terms, in the
	// order of the text; learned terms first, then exact words. A term whose piece is not
	// in Text has none: the passage was given it by its encoder.
	Places []Place `json:"places,omitempty"`
}

// A Place is a term in a passage: a byte range of its text.
type Place struct {
	Term  int `json:"term"` // index into the Answer's Terms
	Start int `json:"start"`
	End   int `json:"end"`
}

// A Part is one term's part of a score, Query x Doc. The parts, with Dense, Rule and Read
// added last, in this order, sum to the score.
type Part struct {
	Term  int     `json:"term"`  // index into the Answer's Terms
	Query float32 `json:"query"` // the term's weight, rounded as in the index
	Doc   float32 `json:"doc"`   // the term's weight in the passage
}

// Cost is the time and work that a turn took.
type Cost struct {
	EncodeMS float64 `json:"encode_ms"`
	SearchMS float64 `json:"search_ms"`
	ReadMS   float64 `json:"read_ms,omitempty"`   // encoding the results' sentences, to choose the quote
	DenseMS  float64 `json:"dense_ms,omitempty"`  // the dense stage's own encoding and search
	ReaderMS float64 `json:"reader_ms,omitempty"` // the reader's
	Lists    int     `json:"lists"`
	Postings int     `json:"postings"`
}

// Progress counts bytes over all files that are being loaded.
type Progress struct {
	Loaded int64  `json:"loaded"`
	Total  int64  `json:"total"`
	File   string `json:"file"`
}

// Ready describes what was loaded.
type Ready struct {
	Encoder     string `json:"encoder"`
	MaxTokens   int    `json:"max_tokens"`
	Collection  string `json:"collection"`
	Passages    int    `json:"passages"`
	Licence     string `json:"licence,omitempty"`
	LicenceURL  string `json:"licence_url,omitempty"`
	Attribution string `json:"attribution,omitempty"`
	Postings    int    `json:"postings"`
	SIMD        bool   `json:"simd"`   // the C kernel is used; otherwise Go code, with the same bits
	Memory      int64  `json:"memory"` // bytes that the worker uses once everything is loaded
	// Where a family of encoders was published: all its levels in order, and the name of
	// the level that answers where Ask names none.
	Levels []Level `json:"levels"`
	Level  string  `json:"level,omitempty"`
	// Suggested are first questions, made of the collection's titles.
	Suggested []string `json:"suggested,omitempty"`
	// Where a dense stage was published: its name and its size.
	Dense Dense `json:"dense,omitzero"`
}

// Dense describes a dense stage that can be loaded.
type Dense struct {
	Title string `json:"title"`           // for people
	Bytes int64  `json:"bytes"`           // size of the download
	Space string `json:"space,omitempty"` // the model whose vectors its passages have
	Card  string `json:"card,omitempty"`  // path of its model card
}

// A DenseState is the state of the dense stage.
type DenseState struct {
	State   string `json:"state"`             // one of those below
	Name    string `json:"name,omitempty"`    // on: the encoder's name
	Bytes   int64  `json:"bytes,omitempty"`   // on: size of its files and the passages' vectors
	Reader  bool   `json:"reader,omitempty"`  // on: its reader reads the first results, too
	Memory  int64  `json:"memory,omitempty"`  // on: bytes that the worker uses with it
	Loaded  int64  `json:"loaded,omitempty"`  // loading: bytes so far, over all its files
	Total   int64  `json:"total,omitempty"`   // loading
	Message string `json:"message,omitempty"` // failed, absent: the reason; on: why its reader does not read
	File    string `json:"file,omitempty"`    // failed, or the reader does not read: the file that caused it
}

// Values of DenseState.State.
const (
	DenseOff     = "off"
	DenseLoading = "loading"
	DenseOn      = "on"
	DenseFailed  = "failed" // the page may post "on" again
	DenseAbsent  = "absent" // the collection has no vectors, or another model's
)

// A Level is one encoder of a family (shared/family).
type Level struct {
	Name  string `json:"name"`  // a word: "undistilled", "distilled", "2x"
	Title string `json:"title"` // for people
	// FLOPS is sum_j p_q(j) p_d(j) of the list's questions against its collection, where
	// it was measured: the mean over that many questions. Ratio is FLOPS of the level before
	// regularisation divided by this level's.
	FLOPS     float64 `json:"flops"`
	Questions int     `json:"questions,omitempty"`
	Ratio     float64 `json:"ratio,omitempty"`
	Card      string  `json:"card,omitempty"` // path of its model card
}

// Failure says what went wrong, and where.
type Failure struct {
	Stage   string `json:"stage"` // "download", "verify", "open", "ask"
	File    string `json:"file,omitempty"`
	Message string `json:"message"`
}
