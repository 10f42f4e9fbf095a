// Package rewrite asks a language model to rewrite questions so that they are
// understandable alone. It works with any server that speaks OpenAI's chat completions
// (llama.cpp's, vLLM, Ollama, hosted ones).
//
// Every answer is written to a file at once, by the hash of all that it depends on
// (model, messages, settings). So a run that was stopped asks only what is missing,
// and with another prompt all is asked again. A line of the file is
//
//	{"key": "HEX", "id": "EXAMPLE", "answer": "...", "prompt_tokens": 311, "completion_tokens": 14}
package rewrite

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"
	"unicode"

	"parley/shared/durable"
	"parley/shared/importers"
)

// Prompt is the default prompt, after DiSCo's (Lupart et al. 2025), whose wording is
// not in their repository. Like the prompt of the same authors' baseline for iKAT
// 2024, it shows the conversation and asks for a self-contained last question. It also
// says that nothing should be added, and that the answer should be only the question.
const Prompt = `Rewrite the last question of a conversation so that it can be understood without the conversation: put names and subjects in place of words that refer to them, and add nothing else. If it can be understood already, repeat it. Answer with the rewritten question alone.

Conversation:
{{range .History}}User: {{.Question}}
{{if .Reply}}System: {{.Reply}}
{{end}}{{end}}
Last question: {{.Question}}

Rewritten question:`

// A Client asks one model.
type Client struct {
	URL         string // the API's address, with its version: http://localhost:8080/v1
	Model       string
	Key         string // sent as bearer token if it is not empty
	Prompt      string // a text/template with History and Question; "": Prompt
	Temperature float64
	MaxTokens   int // the largest length of an answer
	Seed        int // sent to the server
	Parallel    int // how many questions are asked at the same time
	Retries     int // how often a request is repeated if its failure may be temporary or its answer is not a rewrite
	MaxWords    int // a longer answer is not a rewrite
	Timeout     time.Duration
	// Wait is the pause before the first retry. Each further pause is twice as long.
	Wait time.Duration
	// Note is called for each longer pause that the server asks for, unless it is nil.
	Note func(string)
}

// Default returns sensible settings. URL and Model must still be set.
func Default() Client {
	return Client{MaxTokens: 96, Parallel: 4, Retries: 4, MaxWords: 60, Timeout: 2 * time.Minute, Wait: time.Second}
}

// A Count says what a run did.
type Count struct {
	Asked         int `json:"asked"`         // asked now, and answered
	Cached        int `json:"cached"`        // answered by an earlier run
	Failed        int `json:"failed"`        // left without a rewrite
	PromptTokens  int `json:"prompt_tokens"` // tokens read and written for what was asked now, including failures
	AnswerTokens  int `json:"completion_tokens"`
	CachedPrompts int `json:"cached_prompt_tokens"` // tokens that the cache saved
	CachedAnswers int `json:"cached_completion_tokens"`
}

// An answer is a line of the cache.
type answer struct {
	Key    string `json:"key"`
	ID     string `json:"id"`
	Text   string `json:"answer"`
	Prompt int    `json:"prompt_tokens"`
	Tokens int    `json:"completion_tokens"`
}

// giveUp is the number of questions in a row that may fail before the run stops.
const giveUp = 20

// Run rewrites the examples, also those without history, and sets Rewrite of each that
// was answered. It calls failed with every example that was not answered, and why;
// that example does not change. It calls report with the number of examples that are
// done. An error means that the run stopped early; the answers so far are kept in the
// file cache, and need not be asked again.
func (c Client) Run(ctx context.Context, examples []importers.Example, cache string, failed func(id string, err error), report func(done int, n Count)) (Count, error) {
	form, err := c.check()
	if err != nil {
		return Count{}, err
	}
	file, known, err := openCache(cache)
	if err != nil {
		return Count{}, err
	}
	defer file.Close()
	todo, n, err := c.tasks(form, examples, known)
	if err != nil {
		return n, err
	}
	report(n.Cached, n)

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// The key may go only to the address that was given.
	client := &http.Client{Timeout: c.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r := &asking{url: c.URL, file: file, count: n, done: n.Cached, stop: stop, failed: failed, report: report}
	next := make(chan task)
	var wg sync.WaitGroup
	for range max(1, c.Parallel) {
		wg.Go(func() {
			for t := range next {
				a, err := c.ask(ctx, client, t.request)
				if ctx.Err() != nil && err != nil {
					return
				}
				r.take(t, a, err)
			}
		})
	}
	for _, t := range todo {
		select {
		case next <- t:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return r.count, err
	}
	return r.count, file.Sync()
}

// check returns the prompt's template, or an error if the client's settings are wrong.
func (c Client) check() (*template.Template, error) {
	if c.URL == "" || c.Model == "" {
		return nil, errors.New("an endpoint's URL and a model are needed")
	}
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of an API; wanted one such as http://localhost:8080/v1", shown(c.URL))
	}
	form, err := template.New("prompt").Option("missingkey=error").Parse(cmp.Or(c.Prompt, Prompt))
	if err != nil {
		return nil, fmt.Errorf("the prompt: %w", err)
	}
	return form, nil
}

// A task is an example that must be asked.
type task struct {
	example *importers.Example
	request func(try int) ([]byte, error) // returns the body of a try's request
	key     string                        // the answer's key in the cache
}

// tasks makes the examples' requests. It sets the rewrites of those whose answers are
// known, and counts them. It returns the others.
func (c Client) tasks(form *template.Template, examples []importers.Example, known map[string]answer) (todo []task, n Count, err error) {
	for i := range examples {
		e := &examples[i]
		var prompt strings.Builder
		if err := form.Execute(&prompt, map[string]any{"History": e.History, "Question": e.Question}); err != nil {
			return nil, n, fmt.Errorf("the prompt: %w", err)
		}
		// Each further try has another seed, because the same seed would give the same
		// answer.
		request := func(try int) ([]byte, error) {
			return json.Marshal(map[string]any{
				"model": c.Model, "temperature": c.Temperature, "max_tokens": c.MaxTokens, "seed": c.Seed + try,
				"messages": []map[string]string{{"role": "user", "content": prompt.String()}},
			})
		}
		body, err := request(0)
		if err != nil {
			return nil, n, err
		}
		sum := sha256.Sum256(body)
		key := hex.EncodeToString(sum[:])
		if a, ok := known[key]; ok {
			e.Rewrite = a.Text
			n.Cached++
			n.CachedPrompts += a.Prompt
			n.CachedAnswers += a.Tokens
			continue
		}
		todo = append(todo, task{e, request, key})
	}
	return todo, n, nil
}

// An asking collects the answers to its workers' requests, one at a time.
type asking struct {
	url    string
	file   *os.File // the cache
	stop   context.CancelCauseFunc
	failed func(id string, err error)
	report func(done int, n Count)

	mu    sync.Mutex // guards the fields below, the file and the examples
	count Count
	done  int
	inRow int // the number of questions that failed in a row
}

// take keeps an answer, or notes why there is none. An error that all further
// questions would also get stops the run.
func (r *asking) take(t task, a answer, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	r.count.PromptTokens += a.Prompt
	r.count.AnswerTokens += a.Tokens
	var fatal *fatalError
	var dial *net.OpError
	switch {
	case errors.As(err, &fatal):
		r.stop(err)
	case r.count.Asked == 0 && errors.As(err, &dial) && dial.Op == "dial":
		r.stop(fmt.Errorf("no server answers at %s: %w", shown(r.url), err))
	case err != nil:
		r.count.Failed++
		r.failed(t.example.ID, err)
		if r.inRow++; r.inRow >= giveUp {
			r.stop(fmt.Errorf("%d questions in a row failed, the last: %w", r.inRow, err))
		}
	default:
		r.inRow = 0
		r.count.Asked++
		a.Key, a.ID = t.key, t.example.ID
		t.example.Rewrite = a.Text
		if err := r.keep(a); err != nil {
			r.stop(err)
		}
	}
	r.report(r.done, r.count)
}

// keep appends an answer to the cache.
func (r *asking) keep(a answer) error {
	line, err := json.Marshal(a)
	if err == nil {
		_, err = r.file.Write(append(line, '\n'))
	}
	return err
}

// openCache opens the file of answers for appending, and reads the answers of earlier
// runs. If the last line is cut off, openCache removes it, but only after checking
// that all lines before it, and the remains of it, are answers. It does not change any
// other file.
func openCache(path string) (file *os.File, known map[string]answer, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, nil, err
	}
	if file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	if err := durable.TryLock(file); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, nil, err
	}
	known = map[string]answer{}
	line, whole := 0, bytes.LastIndexByte(data, '\n')+1
	wrong := func() error {
		return fmt.Errorf("%s:%d: not an answer of a model; is this the cache of trainer rewrite? The file was not changed", path, line)
	}
	for text := range bytes.Lines(data[:whole]) {
		line++
		var a answer
		if err := json.Unmarshal(text, &a); err != nil || len(a.Key) != 64 || !a.counts() {
			return nil, nil, wrong()
		}
		known[a.Key] = a
	}
	if whole == len(data) {
		return file, known, nil
	}
	line++
	const begin = `{"key":"`
	rest := data[whole:]
	if n := min(len(rest), len(begin)); string(rest[:n]) != begin[:n] {
		return nil, nil, wrong()
	}
	return file, known, file.Truncate(int64(whole))
}

// counts reports whether the numbers of tokens can be those of one answer.
func (a answer) counts() bool {
	const most = 1 << 30
	return a.Prompt >= 0 && a.Prompt <= most && a.Tokens >= 0 && a.Tokens <= most
}

// A fatalError is one that every retry and every other question would also get.
type fatalError struct{ error }

// A noRewrite says that a complete answer is not a rewritten question.
type noRewrite struct{ error }

// ask sends a request until it is answered, at most 1+Retries times. An answer that is
// not a rewrite is only asked for again if the temperature is above 0, because
// otherwise it would be the same. The answer has the tokens of all tries, also if
// there is an error.
func (c Client) ask(ctx context.Context, client *http.Client, request func(try int) ([]byte, error)) (answer, error) {
	wait := c.Wait
	var spent answer
	for try := 0; ; try++ {
		body, err := request(try)
		if err != nil {
			return spent, err
		}
		a, after, err := c.once(ctx, client, body)
		err = c.discreet(err)
		spent.Prompt += a.Prompt
		spent.Tokens += a.Tokens
		a.Prompt, a.Tokens = spent.Prompt, spent.Tokens
		var fatal *fatalError
		var none *noRewrite
		if err == nil || errors.As(err, &fatal) || errors.As(err, &none) && c.Temperature == 0 || try >= c.Retries || ctx.Err() != nil {
			return a, err
		}
		// Pauses vary by a half, so that parallel requests do not all return at once.
		pause := max(min(after, maxPause), time.Duration(float64(wait)*(.75+rand.Float64()/2)))
		wait *= 2
		if c.Note != nil && after > 0 {
			text := fmt.Sprintf("the server asks for a pause of %v", after)
			if after > maxPause {
				text += fmt.Sprintf("; the next try is in %v", maxPause)
			}
			c.Note(text)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return a, ctx.Err()
		}
	}
}

const (
	maxReply = 1 << 20         // bytes
	maxPause = 5 * time.Minute // the longest pause before a retry, whatever the server asks for
)

// once sends one request. after is the pause that the server asks for.
func (c Client) once(ctx context.Context, client *http.Client, body []byte) (a answer, after time.Duration, err error) {
	to := strings.TrimSuffix(c.URL, "/") + "/chat/completions"
	address := shown(to)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return a, 0, &fatalError{err}
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key)
	}
	res, err := client.Do(req)
	if err != nil {
		return a, 0, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(bufio.NewReader(res.Body), maxReply+1))
	if err != nil {
		return a, 0, fmt.Errorf("%s: %w", address, err)
	}
	if len(data) > maxReply {
		return a, 0, fmt.Errorf("%s: the reply is longer than %d MiB", address, maxReply>>20)
	}
	if res.StatusCode != http.StatusOK {
		err := fmt.Errorf("%s: %s: %s", address, plain(res.Status), c.excerpt(data))
		switch {
		case res.StatusCode >= 300 && res.StatusCode < 400:
			return a, 0, &fatalError{fmt.Errorf("%s: %s, to %s: the key is sent only to --url; give the new address there if it is right", address, plain(res.Status), c.excerpt([]byte(res.Header.Get("Location"))))}
		case res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusRequestTimeout || res.StatusCode >= 500:
			return a, retryAfter(res.Header.Get("Retry-After"), time.Now()), err
		case res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusRequestEntityTooLarge:
			return a, 0, err // only this question's fault: for example, too long for the model
		}
		return a, 0, &fatalError{err} // no key, no such model, no such path
	}
	var reply struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
			Finish string `json:"finish_reason"`
		} `json:"choices"`
		Usage struct {
			Prompt int `json:"prompt_tokens"`
			Answer int `json:"completion_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(data, &reply); err != nil || len(reply.Choices) == 0 {
		return a, 0, fmt.Errorf("%s: no chat completion: %s", address, c.excerpt(data))
	}
	said := reply.Choices[0].Message.Content
	if a.Prompt, a.Tokens = reply.Usage.Prompt, reply.Usage.Answer; !a.counts() {
		return answer{}, 0, fmt.Errorf("%s: no chat completion: it counts %d tokens read and %d written", address, reply.Usage.Prompt, reply.Usage.Answer)
	}
	if hidden := c.hide(said); hidden != said {
		return a, 0, &noRewrite{fmt.Errorf("an answer that repeats the key: %s", excerpt([]byte(hidden)))}
	}
	if a.Text, err = clean(said, c.MaxWords); err != nil {
		return a, 0, &noRewrite{err}
	}
	// Cut off within its first line, the answer is only a part of a question.
	if reply.Choices[0].Finish == "length" && strings.HasSuffix(strings.TrimRight(said, "\"”*` "), a.Text) {
		return a, 0, &noRewrite{fmt.Errorf("an answer cut off at --max-tokens: %s", c.excerpt([]byte(said)))}
	}
	return a, 0, nil
}

// retryAfter returns the pause that a server asks for, in seconds or as a date; at
// most a year.
func retryAfter(header string, now time.Time) time.Duration {
	const longest = 365 * 24 * time.Hour
	wait := time.Duration(0)
	if s, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(s, int(longest/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, longest))
}

// clean returns the question in an answer. It removes what models put around it, and
// returns an error if it cannot be a question.
func clean(s string, maxWords int) (string, error) {
	whole := s
	if _, after, ok := strings.Cut(s, "</think>"); ok {
		s = after
	}
	s = strings.TrimSpace(s)
	for _, p := range []string{"rewritten question:", "rewritten query:", "rewrite:", "question:", "query:", "user:"} {
		if len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) {
			s = strings.TrimSpace(s[len(p):])
		}
	}
	s, _, _ = strings.Cut(s, "\n")
	s = plain(s)
	s = strings.TrimSpace(strings.Trim(strings.TrimSpace(s), "\"“”*`"))
	switch n := len(strings.Fields(s)); {
	case strings.HasPrefix(strings.ToLower(s), "system:"): // the model continued the conversation in the prompt's form
		return "", fmt.Errorf("wanted a rewritten question, got a reply: %s", excerpt([]byte(whole)))
	case n == 0:
		return "", fmt.Errorf("an empty answer: %s", excerpt([]byte(whole)))
	case n > maxWords:
		return "", fmt.Errorf("wanted a question, got an answer of %d words: %s", n, excerpt([]byte(whole)))
	case len(s) > maxWordBytes*maxWords:
		return "", fmt.Errorf("wanted a question, got an answer of %d bytes: %s", len(s), excerpt([]byte(whole)))
	}
	return s, nil
}

// maxWordBytes is far above the mean length of a question's words. Languages without
// spaces write whole questions as one "word".
const maxWordBytes = 32

// plain removes characters that would affect a terminal: control characters, and those
// that change the direction of writing.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// shown returns an address without its password.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address"
	}
	return u.Redacted()
}

// A discreetError has the text of its cause without the key.
type discreetError struct {
	text  string
	cause error
}

func (e *discreetError) Error() string { return e.text }
func (e *discreetError) Unwrap() error { return e.cause }

func (c Client) discreet(err error) error {
	if err == nil {
		return nil
	}
	return &discreetError{plain(c.hide(err.Error())), err}
}

// escaped matches letters as JSON, URLs and HTML may spell them.
var escaped = regexp.MustCompile(`(?i)\\u00([2-7][0-9a-f])|%([2-7][0-9a-f])|&#x([2-7][0-9a-f]);`)

// hide replaces the key by "[key]", and also every piece of it of at least eight
// characters, in either case and however its letters are spelled. A key of less than
// twelve characters may be a word ("ollama"), so only the whole of it is hidden.
func (c Client) hide(s string) string {
	if c.Key == "" {
		return s
	}
	if hidden, found := hidePieces(s, c.Key); found {
		return hidden
	}
	if hidden, found := hidePieces(escaped.ReplaceAllStringFunc(s, func(m string) string {
		m = strings.TrimRight(m, ";")
		code, _ := strconv.ParseUint(m[len(m)-2:], 16, 8)
		return string(rune(code))
	}), c.Key); found {
		return hidden
	}
	return s
}

func hidePieces(s, key string) (hidden string, found bool) {
	look, least := s, len(key)
	if len(key) >= 12 {
		// Only ASCII: all other cases of its letters have the same length.
		lower := func(b rune) rune {
			if b >= 'A' && b <= 'Z' {
				b += 'a' - 'A'
			}
			return b
		}
		s = strings.ToValidUTF8(s, "?")
		look, key, least = strings.Map(lower, s), strings.Map(lower, key), 8
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		n := least
		if i+n > len(s) || !strings.Contains(key, look[i:i+n]) {
			b.WriteByte(s[i])
			i++
			continue
		}
		for i+n < len(s) && strings.Contains(key, look[i:i+n+1]) {
			n++
		}
		b.WriteString("[key]")
		found = true
		i += n
	}
	return b.String(), found
}

// excerpt returns the beginning of a server's text, without the key.
func (c Client) excerpt(data []byte) string {
	// The key is hidden before the text is cut, because the cut could leave a part of
	// it.
	return excerpt([]byte(c.hide(string(data[:min(len(data), 1<<16)]))))
}

// excerpt returns the beginning of a text.
func excerpt(data []byte) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(data[:min(len(data), 400)]), "?")), " ")
	if len(data) > 400 {
		s += " ..."
	}
	return strconv.Quote(s)
}
