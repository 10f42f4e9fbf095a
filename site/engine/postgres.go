package engine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/remote"
)

// postgres is PostgreSQL with pgvector.
type postgres struct {
	pool    *pgxpool.Pool
	name    string
	version string
	terms   atomic.Int64 // the dimension of its vectors, once it is known
}

func dialPostgres(ctx context.Context, u *url.URL, name string) (server, error) {
	config, err := pgxpool.ParseConfig(u.String())
	if err != nil {
		return nil, fmt.Errorf("the address of PostgreSQL: %w", err) // pgx leaves passwords out
	}
	config.MaxConns = writers + 1
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	s := &postgres{pool: pool, name: name}
	err = usual.atMost(4).retry(ctx, func() error {
		return s.busy(pool.QueryRow(ctx, "SELECT current_setting('server_version')").Scan(&s.version))
	})
	if err == nil {
		var vector string
		err = s.busy(pool.QueryRow(ctx, "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'").Scan(&vector))
		if errors.Is(err, pgx.ErrNoRows) {
			err = errors.New("pgvector is not installed there (extension vector)")
		} else if err == nil && !atLeast(vector, 0, 7) {
			err = tooOld("pgvector", vector, "0.7")
		}
	}
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	return s, nil
}

// busy says of an error whether the same statement may succeed later: connections that
// break, servers that start or end, too many clients, a deadlock.
func (s *postgres) busy(err error) error {
	var said *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case err == nil || errors.Is(err, pgx.ErrNoRows) || errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &said):
		switch {
		case strings.HasPrefix(said.Code, "28"):
			return errors.New("it refuses the credentials; they are read from PGUSER and PGPASSWORD, or ~/.pgpass: " + said.Message)
		case said.Code == "53100":
			return errors.New("its disk is full; make room there, and run the same command again: " + said.Message)
		case strings.HasPrefix(said.Code, "08"), strings.HasPrefix(said.Code, "57P"), strings.HasPrefix(said.Code, "40"), said.Code == "53300":
			return busyError{error: errors.New(said.Message)}
		}
		return err
	case errors.As(err, &connect):
		return busyError{error: fmt.Errorf("it does not answer: %w", err)}
	}
	return busyError{error: err}
}

func (s *postgres) String() string { return strings.TrimSpace("PostgreSQL " + s.version) }
func (s *postgres) form() *Form    { return pgvector }
func (s *postgres) close()         { s.pool.Close() }

func (s *postgres) exec(ctx context.Context, sql string, args ...any) error {
	_, err := s.pool.Exec(ctx, sql, args...)
	return s.busy(err)
}

func (s *postgres) create(ctx context.Context, terms, shards int) error {
	if shards > 0 {
		return errors.New("--shards: PostgreSQL has no shards of its own")
	}
	for _, sql := range []string{
		"CREATE EXTENSION IF NOT EXISTS vector",
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (doc integer PRIMARY KEY, id text, title text, text text, url text, page integer, v sparsevec(%d))", s.name, terms),
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s_parley (note integer PRIMARY KEY, data bytea)", s.name),
	} {
		if err := s.exec(ctx, sql); err != nil {
			return err
		}
	}
	had, err := s.dimension(ctx)
	if err == nil && had != terms {
		err = fmt.Errorf("it %w: the table %s has no column v of the type sparsevec(%d); name another with #NAME at the end of the address, or replace it with --replace", ErrOther, s.name, terms)
	}
	return err
}

// dimension returns the number of terms of the table's vectors, 0 where there are none.
func (s *postgres) dimension(ctx context.Context) (n int, err error) {
	var kind string
	err = s.pool.QueryRow(ctx, "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'v'", s.name).Scan(&kind)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, s.busy(err)
	}
	if _, size, ok := strings.Cut(kind, "sparsevec("); ok {
		n, _ = strconv.Atoi(strings.TrimSuffix(size, ")"))
	}
	return n, nil
}

func (s *postgres) drop(ctx context.Context) error {
	if err := s.exec(ctx, "DROP TABLE IF EXISTS "+s.name+"_parley"); err != nil {
		return err
	}
	return s.exec(ctx, "DROP TABLE IF EXISTS "+s.name)
}

func (s *postgres) write(ctx context.Context, c *Collection, docs []document) error {
	rows, err := pgvector.rows(c, docs)
	if err != nil {
		return err
	}
	_, body, _ := strings.Cut(string(rows), "\n")
	body = strings.TrimSuffix(body, "\\.\n")
	return s.busy(pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "CREATE TEMPORARY TABLE parley_part (LIKE "+s.name+") ON COMMIT DROP"); err != nil {
			return err
		}
		if _, err := tx.Conn().PgConn().CopyFrom(ctx, strings.NewReader(body), "COPY parley_part (doc, id, title, text, url, page, v) FROM STDIN"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO "+s.name+" SELECT * FROM parley_part ON CONFLICT (doc) DO NOTHING")
		return err
	}))
}

func (s *postgres) settle(ctx context.Context) error { return s.exec(ctx, "ANALYZE "+s.name) }

// undefined reports whether a table is not there.
func undefined(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code == "42P01"
}

func (s *postgres) count(ctx context.Context) (n int, err error) {
	err = s.pool.QueryRow(ctx, "SELECT count(*) FROM "+s.name).Scan(&n)
	if undefined(err) {
		return 0, nil
	}
	return n, s.busy(err)
}

func (s *postgres) noteSize() int { return 1 << 20 }

func (s *postgres) put(ctx context.Context, note int, data []byte) error {
	return s.exec(ctx, "INSERT INTO "+s.name+"_parley VALUES ($1, $2) ON CONFLICT (note) DO UPDATE SET data = excluded.data", note, data)
}

func (s *postgres) get(ctx context.Context, note int) (data []byte, err error) {
	err = s.pool.QueryRow(ctx, "SELECT data FROM "+s.name+"_parley WHERE note = $1", note).Scan(&data)
	if undefined(err) || errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return data, s.busy(err)
}

func (s *postgres) search(ctx context.Context, q []index.Factor, k int) ([]hit, error) {
	terms := int(s.terms.Load())
	if terms == 0 {
		n, err := s.dimension(ctx)
		if err != nil {
			return nil, err
		}
		terms = n
		s.terms.Store(int64(n))
	}
	rows, err := s.pool.Query(ctx, "SELECT doc, id, title, text, url, page, v::text, -(v <#> q) FROM "+s.name+
		", (SELECT $1::text::sparsevec AS q) AS query WHERE v <#> q < 0 ORDER BY v <#> q, doc LIMIT $2", sparsevec(q, terms), k)
	if err != nil {
		return nil, s.busy(err)
	}
	hits, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h hit, err error) {
		var p passages.Passage
		var v string
		var doc int32
		if err := row.Scan(&doc, &p.ID, &p.Title, &p.Text, &p.URL, &p.Page, &v, &h.score); err != nil {
			return h, err
		}
		h.Found = remote.Found{Doc: uint32(doc), Passage: p}
		h.Impacts, err = parseSparsevec(v)
		return h, err
	})
	return hits, s.busy(err)
}

// parseSparsevec reads a vector as pgvector prints it, {1:2,7:31}/30522, its terms from 1.
func parseSparsevec(s string) (impacts []index.Impact, err error) {
	body, _, _ := strings.Cut(strings.TrimPrefix(s, "{"), "}")
	for pair := range strings.SplitSeq(body, ",") {
		if pair == "" {
			continue
		}
		name, weight, _ := strings.Cut(pair, ":")
		term, err := strconv.ParseUint(name, 10, 31)
		w, wrong := strconv.ParseUint(weight, 10, 8)
		if err != nil || wrong != nil || term == 0 || w == 0 {
			return nil, fmt.Errorf("%w: %.40q, and impacts are whole numbers from 1 to 255", ErrLossy, pair)
		}
		impacts = append(impacts, index.Impact{Term: uint32(term - 1), Weight: byte(w)})
	}
	return impacts, nil
}
