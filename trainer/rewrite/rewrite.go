// Package rewrite asks a language model to rewrite questions so that they stand
// alone, at any server that speaks OpenAI's chat completions (llama.cpp's, vLLM,
// Ollama, hosted ones).
//
// Every answer is kept in a file as soon as it is there, under the hash of all that
// it depends on (model, messages, settings): a run that was stopped asks only what
// is missing, and a changed prompt asks anew. A line of the file is
//
//	{"key": "HEX", "id": "EXAMPLE", "answer": "...", "prompt_tokens": 311, "completion_tokens": 14}
package rewrite

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"

	"parley/trainer/importers"
)

// Prompt is the default, after DiSCo's (Lupart et al. 2025), whose wording is not in
// their repository. Like what the same authors ask in their baseline for iKAT 2024, it
// shows the conversation and wants the last question made self-contained; that nothing
// be added, and the answer be the question alone, is said besides.
const Prompt = `Rewrite the last question of a conversation so that it can be understood without the conversation: put names and subjects in place of words that refer to them, and add nothing else. If it can be understood already, repeat it. Answer with the rewritten question alone.

Conversation:
{{range .History}}User: {{.Question}}
{{if .Reply}}System: {{.Reply}}
{{end}}{{end}}
Last question: {{.Question}}

Rewritten question:`

// A Client asks one model.
type Client struct {
	URL         string // of the API, with its version: http://localhost:8080/v1
	Model       string
	Key         string // sent as bearer token, where not empty
	Prompt      string // a text/template over History and Question; "": Prompt
	Temperature float64
	MaxTokens   int // of an answer
	Seed        int // the server's, where it takes one
	Parallel    int // questions asked at once
	Retries     int // of a request that failed in passing, and of an answer that is none
	MaxWords    int // an answer of more words is babble
	Timeout     time.Duration
	// Wait is the first pause before a retry; each further one is twice as long.
	Wait time.Duration
}

// Default has sensible settings; URL and Model are left to set.
func Default() Client {
	return Client{MaxTokens: 96, Parallel: 4, Retries: 4, MaxWords: 60, Timeout: 2 * time.Minute, Wait: time.Second}
}

// A Count says what a run did.
type Count struct {
	Asked         int `json:"asked"`         // and answered
	Cached        int `json:"cached"`        // answered by an earlier run
	Failed        int `json:"failed"`        // left without rewrite
	PromptTokens  int `json:"prompt_tokens"` // read and written for what was asked now, in vain too
	AnswerTokens  int `json:"completion_tokens"`
	CachedPrompts int `json:"cached_prompt_tokens"` // that the cache saved
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

// giveUp is how many questions in a row may fail before the endpoint is taken to be
// unusable.
const giveUp = 20

// Run rewrites the examples, those without history not excepted, and sets Rewrite of
// each that was answered. failed hears of every example that was not, and why; it is
// left as it was. report hears how many are done. An error means that the run stopped
// early; what was answered is kept and need not be asked again.
func (c Client) Run(ctx context.Context, examples []importers.Example, cache string, failed func(id string, err error), report func(done int, n Count)) (Count, error) {
	var n Count
	if c.URL == "" || c.Model == "" {
		return n, errors.New("an endpoint's URL and a model are needed")
	}
	if c.Prompt == "" {
		c.Prompt = Prompt
	}
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return n, fmt.Errorf("%q is no address of an API: wanted one such as http://localhost:8080/v1", c.URL)
	}
	form, err := template.New("prompt").Option("missingkey=error").Parse(c.Prompt)
	if err != nil {
		return n, fmt.Errorf("the prompt: %w", err)
	}
	known, err := readCache(cache)
	if err != nil {
		return n, err
	}
	if err := os.MkdirAll(filepath.Dir(cache), 0o755); err != nil {
		return n, err
	}
	file, err := os.OpenFile(cache, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return n, err
	}
	defer file.Close()

	type task struct {
		at      int
		request func(try int) ([]byte, error)
		key     string
	}
	var todo []task
	for i := range examples {
		e := &examples[i]
		var prompt strings.Builder
		err := form.Execute(&prompt, map[string]any{"History": e.Turns[:len(e.Turns)-1], "Question": e.Question()})
		if err != nil {
			return n, fmt.Errorf("the prompt: %w", err)
		}
		// A further try has another seed: the same one would give the same answer.
		request := func(try int) ([]byte, error) {
			return json.Marshal(map[string]any{
				"model": c.Model, "temperature": c.Temperature, "max_tokens": c.MaxTokens, "seed": c.Seed + try,
				"messages": []map[string]string{{"role": "user", "content": prompt.String()}},
			})
		}
		body, err := request(0)
		if err != nil {
			return n, err
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
		todo = append(todo, task{i, request, key})
	}
	report(n.Cached, n)

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	client := &http.Client{Timeout: c.Timeout}
	next := make(chan task)
	var mu sync.Mutex // guards n, inRow, the file and examples
	inRow, done := 0, n.Cached
	var wg sync.WaitGroup
	for range max(1, c.Parallel) {
		wg.Go(func() {
			for t := range next {
				a, err := c.ask(ctx, client, t.request)
				if ctx.Err() != nil && err != nil {
					return
				}
				mu.Lock()
				done++
				n.PromptTokens += a.Prompt
				n.AnswerTokens += a.Tokens
				var fatal *fatalError
				var dial *net.OpError
				switch {
				case errors.As(err, &fatal):
					stop(err)
				case n.Asked == 0 && errors.As(err, &dial) && dial.Op == "dial":
					stop(fmt.Errorf("no server answers at %s: %w", c.URL, err))
				case err != nil:
					n.Failed++
					failed(examples[t.at].ID, err)
					if inRow++; inRow >= giveUp {
						stop(fmt.Errorf("%d questions in a row failed, the last: %w", inRow, err))
					}
				default:
					inRow = 0
					n.Asked++
					a.Key, a.ID = t.key, examples[t.at].ID
					examples[t.at].Rewrite = a.Text
					line, err := json.Marshal(a)
					if err == nil {
						_, err = file.Write(append(line, '\n'))
					}
					if err != nil {
						stop(err)
					}
				}
				report(done, n)
				mu.Unlock()
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
		return n, err
	}
	return n, file.Sync()
}

// readCache reads the answers of earlier runs. The last line may be cut off.
func readCache(path string) (map[string]answer, error) {
	known := map[string]answer{}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	if n := len(data); n > 0 && data[n-1] != '\n' {
		keep := bytes.LastIndexByte(data, '\n') + 1
		if err := os.Truncate(path, int64(keep)); err != nil {
			return nil, err
		}
		data = data[:keep]
	}
	line := 0
	for text := range bytes.Lines(data) {
		line++
		var a answer
		if err := json.Unmarshal(text, &a); err != nil || len(a.Key) != 64 {
			return nil, fmt.Errorf("%s:%d: no answer of a model; is this the cache of trainer rewrite?", path, line)
		}
		known[a.Key] = a
	}
	return known, nil
}

// A fatalError is one that no retry and no other question would be spared.
type fatalError struct{ error }

// A noRewrite is an answer that came whole and is no rewritten question.
type noRewrite struct{ error }

// ask sends one request until it is answered, at most 1+Retries times. At temperature
// 0 an answer that is no rewrite would come again: it is not asked for. The answer's
// tokens are those of all tries, with an error too.
func (c Client) ask(ctx context.Context, client *http.Client, request func(try int) ([]byte, error)) (answer, error) {
	wait := c.Wait
	var spent answer
	for try := 0; ; try++ {
		body, err := request(try)
		if err != nil {
			return spent, err
		}
		a, after, err := c.once(ctx, client, body)
		spent.Prompt += a.Prompt
		spent.Tokens += a.Tokens
		a.Prompt, a.Tokens = spent.Prompt, spent.Tokens
		var fatal *fatalError
		var none *noRewrite
		if err == nil || errors.As(err, &fatal) || errors.As(err, &none) && c.Temperature == 0 || try >= c.Retries || ctx.Err() != nil {
			return a, err
		}
		// Spread by a half, so that parallel requests do not come back together.
		pause := max(after, time.Duration(float64(wait)*(.75+rand.Float64()/2)))
		wait *= 2
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return a, ctx.Err()
		}
	}
}

const maxReply = 1 << 20

// once sends one request. after is how long the server asks to be left alone.
func (c Client) once(ctx context.Context, client *http.Client, body []byte) (a answer, after time.Duration, err error) {
	address := strings.TrimSuffix(c.URL, "/") + "/chat/completions"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
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
		err := fmt.Errorf("%s: %s: %s", address, res.Status, excerpt(data))
		switch {
		case res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusRequestTimeout || res.StatusCode >= 500:
			return a, retryAfter(res.Header.Get("Retry-After"), time.Now()), err
		case res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusRequestEntityTooLarge:
			return a, 0, err // this question's own fault: too long for the model, say
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
		return a, 0, fmt.Errorf("%s: no chat completion: %s", address, excerpt(data))
	}
	said := reply.Choices[0].Message.Content
	a.Prompt, a.Tokens = reply.Usage.Prompt, reply.Usage.Answer
	if a.Text, err = clean(said, c.MaxWords); err != nil {
		return a, 0, &noRewrite{err}
	}
	// Cut off within its first line, the question is half a question.
	if reply.Choices[0].Finish == "length" && strings.HasSuffix(strings.TrimRight(said, "\"”*` "), a.Text) {
		return a, 0, &noRewrite{fmt.Errorf("an answer cut off at --max-tokens: %s", excerpt([]byte(said)))}
	}
	return a, 0, nil
}

// retryAfter is how long a server asks to be left alone: seconds, or a date. More than
// five minutes it is not granted.
func retryAfter(header string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if s, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(s, 3600)) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, 5*time.Minute))
}

// clean takes the question out of an answer: what models put around it falls away,
// and what cannot be a question is an error.
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
	s = strings.TrimSpace(strings.Trim(strings.TrimSpace(s), "\"“”*`"))
	switch n := len(strings.Fields(s)); {
	case strings.HasPrefix(strings.ToLower(s), "system:"): // goes on with the conversation as the prompt shows it
		return "", fmt.Errorf("a reply, where a rewritten question was wanted: %s", excerpt([]byte(whole)))
	case n == 0:
		return "", fmt.Errorf("an empty answer: %s", excerpt([]byte(whole)))
	case n > maxWords:
		return "", fmt.Errorf("an answer of %d words, where a question was wanted: %s", n, excerpt([]byte(whole)))
	}
	return s, nil
}

// excerpt quotes the beginning of what a server said.
func excerpt(data []byte) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(data[:min(len(data), 400)]), "?")), " ")
	if len(data) > 400 {
		s += " ..."
	}
	return strconv.Quote(s)
}
