package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/remote"
)

// An engine that runs holds, beside the passages, a few notes under another name (NAME and
// "-parley"): the state of the load, in note 0, and after it what a program needs that has
// not the collection, its lexicon and its description. The state is written last, so a load
// that was stopped is known for what it is.

// DefaultName is the name of an index, a collection or a table where an address names none.
const DefaultName = "parley"

// Environment variables with the credentials of an engine. PostgreSQL has its own
// (PGUSER, PGPASSWORD).
const (
	EnvUser     = "PARLEY_ENGINE_USER"
	EnvPassword = "PARLEY_ENGINE_PASSWORD"
	EnvKey      = "PARLEY_ENGINE_KEY"
)

// A hit is a passage with the engine's own score, as a sum of weight x impact.
type hit struct {
	remote.Found
	score float64
}

// A server is one kind of engine that runs, with the name that it was given.
type server interface {
	// String is the engine with its version.
	String() string
	form() *Form
	// create makes what holds passages and notes, unless it is there. An error wraps
	// ErrOther where something else has the name.
	create(ctx context.Context, terms, shards int) error
	drop(ctx context.Context) error
	// write writes passages. To write one again changes nothing.
	write(ctx context.Context, c *Collection, docs []document) error
	// settle makes everything that was written visible to search.
	settle(ctx context.Context) error
	count(ctx context.Context) (int, error)
	// A note is a few bytes under a number, at most noteSize of them. A note that is not
	// there is nil.
	noteSize() int
	put(ctx context.Context, note int, data []byte) error
	get(ctx context.Context, note int) ([]byte, error)
	// search returns the best passages: at least the k best, and all that share the score
	// of the last of these.
	search(ctx context.Context, q []index.Factor, k int) ([]hit, error)
	close()
}

// A document is a passage to write.
type document struct {
	doc     int
	passage passages.Passage
	impacts []index.Impact
}

// kept returns the number of passages that an engine keeps: Milvus takes no empty vector.
func kept(s server, m *marker) int {
	if s.form() == milvus {
		return m.WithTerms
	}
	return m.Passages
}

// dial connects to the engine at an address:
//
//	https://host:9200          OpenSearch, Elasticsearch, Qdrant or Milvus: which, it says itself
//	postgres://host/database   PostgreSQL with pgvector
//	sqlite:FILE, FILE.db       a file of SQLite
//
// "#NAME" at its end names the index, collection or table.
func dial(ctx context.Context, address string, create bool) (server, error) {
	if path, ok := sqlitePath(address); ok {
		return dialSQLite(ctx, path, create)
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" && u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fmt.Errorf("the engine's address is to be https://HOST:PORT, postgres://HOST/DATABASE or a file NAME.db, with #NAME where its index has another name than %s", DefaultName)
	}
	name := cmp.Or(u.Fragment, DefaultName)
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || name[0] >= '0' && name[0] <= '9' || name[0] == '_' || len(name) > 40 {
		return nil, fmt.Errorf("the name %q, after # in the engine's address: wanted up to 40 of a-z, 0-9 and _, a letter first, which all engines allow", name)
	}
	u.Fragment = ""
	if password, _ := u.User.Password(); password != "" {
		return nil, fmt.Errorf("the engine's address holds a password, which every list of processes shows: put it into the environment, as %s (PostgreSQL: PGPASSWORD)", EnvPassword)
	}
	switch u.Scheme {
	case "postgres", "postgresql":
		return dialPostgres(ctx, u, name)
	case "http", "https":
		return dialHTTP(ctx, u, name)
	}
	return nil, fmt.Errorf("the engine's address begins with %s:; wanted https:, http:, postgres: or sqlite:", u.Scheme)
}

// sqlitePath returns the file of SQLite that an address names.
func sqlitePath(address string) (string, bool) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return strings.TrimPrefix(path, "//"), true
	}
	if strings.Contains(address, "://") {
		return "", false
	}
	switch filepath.Ext(address) {
	case ".db", ".sqlite", ".sqlite3":
		return address, true
	}
	return "", false
}

// A RefusedError is an engine's answer that another attempt would not change.
type RefusedError struct {
	Status int // of HTTP; 0 for others
	Reason string
}

func (e *RefusedError) Error() string { return e.Reason }

// busyError is an answer after which the same request may succeed.
type busyError struct {
	error
	after time.Duration // what the engine asks to wait; 0: it does not say
}

func (e busyError) Unwrap() error { return e.error }

// patience is how a request is repeated; tests have less of it.
type patience struct {
	tries       int
	first, most time.Duration
}

var usual = patience{tries: 9, first: 250 * time.Millisecond, most: 20 * time.Second}

// atMost returns a patience of that many tries, or fewer.
func (p patience) atMost(tries int) patience {
	p.tries = min(p.tries, tries)
	return p
}

// retry calls do until it succeeds or fails for good, waiting longer each time.
func (p patience) retry(ctx context.Context, do func() error) error {
	wait := p.first
	for try := 1; ; try++ {
		err := do()
		var busy busyError
		if err == nil || ctx.Err() != nil || !errors.As(err, &busy) {
			return cmp.Or(ctx.Err(), err)
		}
		if try == p.tries {
			return fmt.Errorf("%w; given up after %d tries", busy.error, try)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(max(wait, busy.after), p.most)):
		}
		wait = min(2*wait, p.most)
	}
}

// A Live collection is one that an engine holds whole.
type Live struct {
	Lexicon *index.Lexicon
	// About has the collection's description, and a few of its titles as passages.
	About *passages.Store
	Hash  string

	server  server
	wait    time.Duration
	lexicon []byte
	about   []byte
}

// Open connects to the engine at an address, and reads what is needed to ask it. It returns
// an error where the engine holds no collection, or not all of one.
func Open(ctx context.Context, address string) (l *Live, err error) {
	s, err := dial(ctx, address, false)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
			err = fmt.Errorf("%s: %w", s, err)
		}
	}()
	m, err := readMarker(ctx, s)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, errors.New("it holds no collection of Parley's under this name; `parley load --to URL` loads one, and #NAME at the end of the URL names another")
	}
	if !m.Whole {
		return nil, fmt.Errorf("its load was not finished, at passage %d of %d; run the same `parley load` again, which continues it", m.Done, m.Passages)
	}
	n, err := counted(ctx, s)
	if err != nil {
		return nil, err
	}
	if want := kept(s, m); n != want {
		return nil, fmt.Errorf("it holds %d passages, %d were loaded: something was added or removed since; `parley load --replace` loads them again", n, want)
	}
	l = &Live{server: s, wait: 30 * time.Second, Hash: m.Collection}
	if l.lexicon, err = m.Lexicon.read(ctx, s, "lexicon"); err != nil {
		return nil, err
	}
	if l.about, err = m.About.read(ctx, s, "description"); err != nil {
		return nil, err
	}
	if l.Lexicon, err = index.OpenLexicon(l.lexicon); err != nil {
		return nil, err
	}
	if l.About, err = passages.Open(l.about); err != nil {
		return nil, err
	}
	if l.Lexicon.Docs() != m.Passages {
		return nil, fmt.Errorf("its lexicon is of %d passages, %d were loaded", l.Lexicon.Docs(), m.Passages)
	}
	return l, nil
}

// Files returns what a tab needs of the collection, its lexicon and its description, as the
// files that OpenLexicon and passages.Open read.
func (l *Live) Files() (lexicon, about []byte) { return l.lexicon, l.about }

// String is the engine with its version.
func (l *Live) String() string { return l.server.String() }

// Close ends the connection.
func (l *Live) Close() { l.server.close() }

// ErrLossy is wrapped by the error for an engine whose scores are others than the sums of
// its own vectors.
var ErrLossy = errors.New("its scores are not the sums of what it stores")

// Ask returns the k best passages, ties by document number. The scores of the engine are
// compared with the sums of the impacts that it stores.
func (l *Live) Ask(ctx context.Context, q []index.Factor, k int) ([]remote.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, l.wait)
	defer cancel()
	hits, err := l.server.search(ctx, q, k)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("%s did not answer within %v", l.server, l.wait)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.server, err)
	}
	found := make([]remote.Found, len(hits))
	for i, h := range hits {
		slices.SortFunc(h.Impacts, func(a, b index.Impact) int { return cmp.Compare(a.Term, b.Term) })
		if sum := index.Score(q, h.Impacts); float64(sum) != h.score {
			return nil, fmt.Errorf("%s: %w: %v for document %d, wanted %d; its mapping is another than `parley load` makes, or it prunes or rounds weights", l.server, ErrLossy, h.score, h.Doc, sum)
		}
		found[i] = h.Found
	}
	slices.SortFunc(found, func(a, b remote.Found) int {
		return cmp.Or(cmp.Compare(index.Score(q, b.Impacts), index.Score(q, a.Impacts)), cmp.Compare(a.Doc, b.Doc))
	})
	return found[:min(k, len(found))], nil
}

// Source returns a source for answer.Over.
func (l *Live) Source(ctx context.Context) *remote.Source {
	return remote.New(l.Lexicon, func(q []index.Factor, k int) ([]remote.Found, error) { return l.Ask(ctx, q, k) })
}

// credentials are what an engine wants to see, and nobody else.
type credentials struct{ user, password, key string }

// environment returns the credentials of EnvUser, EnvPassword and EnvKey.
func environment() credentials {
	return credentials{os.Getenv(EnvUser), os.Getenv(EnvPassword), os.Getenv(EnvKey)}
}

// hide removes the credentials from what an engine says.
func (c credentials) hide(s string) string {
	for _, secret := range []string{c.password, c.key} {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	return s
}

// deep calls ask for ever more results until it is certain that all are there that could be
// among the k best, for engines that break ties in an order of their own.
func deep(k int, ask func(limit int) ([]hit, error)) ([]hit, error) {
	for limit := 2*k + 10; ; limit *= 2 {
		hits, err := ask(limit)
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
		if len(hits) < limit || hits[len(hits)-1].score < hits[k-1].score {
			return hits, nil
		}
	}
}
