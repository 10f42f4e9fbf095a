// Package message is what the page and its worker say to each other, as JSON; the
// terminal speaks it too. It imports nothing, so that a program which only shows
// answers carries no inference code.
//
// The page posts {id, op: "ask", body: Ask} and gets {id, op: "answer", body:
// Answer} or {id, op: "error", body: Failure}. Levels but the base and the default
// are loaded when they are first asked for; the answer then waits for that. Of itself the worker posts
// {op: "progress", body: Progress} while it loads, then {op: "ready", body:
// Ready} or {op: "failed", body: Failure}; the page may answer "failed" by
// {op: "retry"}. body is a JSON string.
//
// The page may say {op: "collection", own: {index, passages}}: two files of a visitor's
// own collection, or null, the site's again (own may hold a third, dense). It gets "ready" once that is searched in;
// {op: "grown", body: Ready} where the page said growing: true, for more of it is being
// encoded; or {op: "refused", body: why} and then "ready" of the site's. What the page
// and the worker for files say to each other is in site/web/files-worker.js: no other
// Go program speaks it.
//
// The second, dense stage is loaded when the page says {op: "dense", body: "on"}, and
// let go by "off". Whenever it changes, and after each "ready" once it was asked for, the
// worker posts {op: "dense", body: DenseState}; questions are answered all the while, by
// the sparse stage alone until the state is "on". Ready.Dense says whether the site has one.
package message

// A Turn is a question and the reply it got; the last turn of Ask has none. It is
// conversation.Turn on its way to the engine.
type Turn struct {
	Question string `json:"question"`
	Reply    string `json:"reply,omitempty"`
}

// Ask is a whole conversation, oldest turn first; the last turn is asked.
type Ask struct {
	Turns []Turn `json:"turns"`
	K     int    `json:"k"`               // results wanted, 1 to 100; 0 is 10
	Level string `json:"level,omitempty"` // the encoder that reads it, by Level.Name; "" is the default
	// Read says whether the newest question is read with what was said before it:
	// ReadAlone or ReadTogether. Where it is "", the engine decides; anything else is
	// refused.
	Read string `json:"read,omitempty"`
	// Stage says which stages answer: StageSparse, StageDense or StageBoth. Where it is
	// "", the engine decides: both where the dense one is loaded and the sparse one is not
	// sure; a stage that is not loaded is refused.
	Stage string `json:"stage,omitempty"`
	// For the page's instruments. A turn whose texts are empty is left out of what is
	// read, and the others keep their numbers.
	Brief   bool     `json:"brief,omitempty"`   // results without Text, URL, Quote and Marks
	Explain bool     `json:"explain,omitempty"` // results with Parts
	Weights []Weight `json:"weights,omitempty"` // terms to count more or less than the encoder says
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
	StageBoth   = "both"   // the weighed sum
)

// A Weight changes what a term counts: its weight is multiplied by Factor; 0 takes
// it out.
type Weight struct {
	Text   string  `json:"text"` // as in Term
	Word   bool    `json:"word,omitempty"`
	Factor float32 `json:"factor"`
}

// Answer is everything the page shows of a turn.
type Answer struct {
	Terms   []Term   `json:"terms"`   // the query vector, heaviest first
	Results []Result `json:"results"` // best first
	Reply   int      `json:"reply"`   // the result whose quote is the reply; 0 where there is none
	Tokens  int      `json:"tokens"`  // length of the encoder's input
	Dropped bool     `json:"dropped"` // older text did not fit
	// Cut: the newest question alone was longer than the input, and its middle was
	// left out.
	Cut bool `json:"cut,omitempty"`
	// Alone: there was a history, and the question was read without it.
	Alone bool `json:"alone,omitempty"`
	// Read are the turns of which the encoder read any text: indices into Ask.Turns,
	// ascending, the newest included.
	Read []int `json:"read"`
	// Stage is which stages answered.
	Stage string `json:"stage"`
	// Doubt says why nothing is quoted: one of the values below; "" where Reply stands. The
	// results are then the nearest that was found, and the turn has no reply in the history.
	Doubt string `json:"doubt,omitempty"`
	// Answers is the probability that the first result answers the question, 0 to 1.
	Answers float32 `json:"answers,omitempty"`
	// Spelling are words of the newest question that were read as others, in order.
	Spelling []Spelling `json:"spelling,omitempty"`
	// Sure is the probability that the sparse stage's first result is right, of a question
	// that the collection can answer, where the dense stage is loaded.
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

// Says is what the visitor is told instead of a quotation, whole sentences; "" without
// doubt.
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

// A Spelling is a word that the collection does not know, and the one it was read as.
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
	// Typed says that the piece stands in the input; where it does not, the
	// encoder added it (expansion).
	Typed bool `json:"typed"`
	// Word: an exact word, in lower case, as it stands in the conversation, and not
	// one of the encoder's terms.
	Word bool `json:"word,omitempty"`
}

// A Span is a byte range.
type Span [2]int

// A Result is one passage found.
type Result struct {
	Doc   uint32  `json:"doc"`
	ID    string  `json:"id"`
	Title string  `json:"title"`
	Text  string  `json:"text"`
	URL   string  `json:"url,omitempty"`
	Score float32 `json:"score"`
	Quote Span    `json:"quote"` // the sentence of Text that answers best
	Marks []Span  `json:"marks"` // words of Text that its score comes from, in order
	// NoFigure: the question asks for a figure or a date, and the sentence holds none.
	NoFigure bool `json:"no_figure,omitempty"`
	// Dense is what the dense stage adds to Score, which may be less than 0.
	Dense float32 `json:"dense,omitempty"`
	Parts []Part  `json:"parts,omitempty"`
}

// A Part is what one term adds to a score, Query x Doc; the parts, and Dense added last,
// sum to it.
type Part struct {
	Term  int     `json:"term"`  // index into the Answer's Terms
	Query float32 `json:"query"` // the term's weight, rounded as the index does
	Doc   float32 `json:"doc"`   // the passage's
}

// Cost is what the turn took.
type Cost struct {
	EncodeMS float64 `json:"encode_ms"`
	SearchMS float64 `json:"search_ms"`
	ReadMS   float64 `json:"read_ms,omitempty"`  // reading the results' sentences, for what is quoted
	DenseMS  float64 `json:"dense_ms,omitempty"` // the dense stage's own encoding and search
	Lists    int     `json:"lists"`
	Postings int     `json:"postings"`
}

// Progress counts bytes over all files of the set.
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
	SIMD        bool   `json:"simd"`   // the C kernel runs; else the Go path, same bits
	Memory      int64  `json:"memory"` // bytes that the worker holds once all is loaded
	// Where a family of encoders was published: all of it in order, and the level
	// that answers where Ask names none.
	Levels []Level `json:"levels"`
	Level  string  `json:"level,omitempty"`
	// Where a dense stage was published: what it is called and what it costs.
	Dense Dense `json:"dense,omitzero"`
}

// Dense describes a dense stage that can be loaded.
type Dense struct {
	Title string `json:"title"`           // for people
	Bytes int64  `json:"bytes"`           // to load
	Space string `json:"space,omitempty"` // whose vectors its passages have
	Card  string `json:"card,omitempty"`  // path of its model card
}

// A DenseState says how the dense stage stands.
type DenseState struct {
	State   string `json:"state"`             // one of those below
	Name    string `json:"name,omitempty"`    // on: of the encoder
	Bytes   int64  `json:"bytes,omitempty"`   // on: of its files and the passages' vectors
	Memory  int64  `json:"memory,omitempty"`  // on: bytes that the worker holds with it
	Loaded  int64  `json:"loaded,omitempty"`  // loading: bytes over all its files
	Total   int64  `json:"total,omitempty"`   // loading
	Message string `json:"message,omitempty"` // failed, absent: why
	File    string `json:"file,omitempty"`    // failed: the file that is to blame
}

// Values of DenseState.State.
const (
	DenseOff     = "off"
	DenseLoading = "loading"
	DenseOn      = "on"
	DenseFailed  = "failed" // the page may say "on" again
	DenseAbsent  = "absent" // the collection has no vectors, or another model's
)

// A Level is one encoder of a family (shared/family).
type Level struct {
	Name  string `json:"name"`  // a word: "undistilled", "distilled", "2x"
	Title string `json:"title"` // for people
	// FLOPS is sum_j p_q(j) p_d(j) of the list's questions against its collection,
	// where they were measured; Ratio is that of the level before regularisation
	// over this one's.
	FLOPS float64 `json:"flops"`
	Ratio float64 `json:"ratio,omitempty"`
	Card  string  `json:"card,omitempty"` // path of its model card
}

// Failure says what went wrong and where.
type Failure struct {
	Stage   string `json:"stage"` // "download", "verify", "open", "ask"
	File    string `json:"file,omitempty"`
	Message string `json:"message"`
}
