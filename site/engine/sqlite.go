package engine

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	_ "github.com/ncruces/go-sqlite3/driver" // SQLite as WebAssembly, without cgo

	"parley/shared/index"
)

// SQLite: the inverted index as a table, which any SQLite can open and rank with a sum.
//
//	passage  doc, id, title, text, url, page
//	posting  term, doc, impact            in the order of its key, so a term is one run
//	term     term, name
//	parley   note, data                   what a program needs that has not the collection
var sqlite = &Form{
	Name: "sqlite", About: "SQLite: a database that any SQLite opens, with a query that ranks",
	file: "parley.db", whole: writeSQLite,
	head: func(c *Collection, q Example) (map[string]string, error) {
		return map[string]string{"query.sql": sqliteQuery(c, q.Factors, 10), "README.md": readme(c, q, "SQLite", "sqlite3 parley.db '.schema'", "sqlite3 parley.db < query.sql")}, nil
	},
	query: sqliteQuery,
}

func sqliteQuery(c *Collection, q []index.Factor, k int) string {
	return sqliteRank(q, k) + "SELECT hit.doc, id, title, score FROM hit JOIN passage USING (doc) ORDER BY score DESC, hit.doc;\n"
}

// sqliteWith returns the beginning of a statement that can select from query.
func sqliteWith(q []index.Factor) string {
	values := make([]string, len(q))
	for i, f := range q {
		values[i] = fmt.Sprintf("(%d,%d)", f.Term, f.Weight)
	}
	if len(values) == 0 {
		values = []string{"(-1,0)"}
	}
	return fmt.Sprintf("WITH query(term, weight) AS (VALUES %s)", strings.Join(values, ","))
}

// sqliteRank returns the beginning of one that can also select from hit, the best documents.
func sqliteRank(q []index.Factor, k int) string {
	return fmt.Sprintf(`%s,
hit(doc, score) AS (SELECT doc, sum(weight * impact) AS score FROM query CROSS JOIN posting USING (term)
  GROUP BY doc ORDER BY score DESC, doc LIMIT %d)
`, sqliteWith(q), k)
}

// writeSQLite writes the database under another name, and renames it when it is complete.
// Passages and postings are written in the order of their keys, some thousands per
// transaction, so a run that was stopped continues after the last of each.
func writeSQLite(ctx context.Context, c *Collection, path string, m *meter) error {
	part := path + ".part"
	db, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(part)+"?_pragma=synchronous(normal)")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	first, next := 0, uint32(0)
	for _, step := range []struct {
		sql string
		to  any
	}{
		{`CREATE TABLE IF NOT EXISTS passage (doc INTEGER PRIMARY KEY, id TEXT, title TEXT, text TEXT, url TEXT, page INTEGER)`, nil},
		{`CREATE TABLE IF NOT EXISTS term (term INTEGER PRIMARY KEY, name TEXT)`, nil},
		{`CREATE TABLE IF NOT EXISTS parley (note INTEGER PRIMARY KEY, data BLOB)`, nil},
		{`CREATE TABLE IF NOT EXISTS posting (term INTEGER, doc INTEGER, impact INTEGER, PRIMARY KEY (term, doc)) WITHOUT ROWID`, nil},
		{`SELECT count(*) FROM passage`, &first},
		{`SELECT coalesce(max(term) + 1, 0) FROM term`, &next},
	} {
		if step.to == nil {
			_, err = db.ExecContext(ctx, step.sql)
		} else {
			err = db.QueryRowContext(ctx, step.sql).Scan(step.to)
		}
		if err != nil {
			return fmt.Errorf("%s: %w; remove it to start again", part, err)
		}
	}
	m.skip(first)
	const each = 2000
	for from := first; from < c.Passages.Len(); from += each {
		to := min(from+each, c.Passages.Len())
		err := transaction(ctx, db, func(do func(sql string, args ...any) error) error {
			for doc := from; doc < to; doc++ {
				p := c.Passages.At(doc)
				if err := do(`INSERT INTO passage VALUES (?, ?, ?, ?, ?, ?)`, doc, p.ID, p.Title, p.Text, p.URL, p.Page); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		m.done(to - from)
	}
	for int(next) < c.Terms() {
		err := transaction(ctx, db, func(do func(sql string, args ...any) error) error {
			for n := 0; n < 100*each && int(next) < c.Terms(); next++ {
				if c.Index.DF(next) == 0 && int(next)+1 < c.Terms() {
					continue
				}
				for doc, impact := range c.Index.List(next) {
					if err := do(`INSERT INTO posting VALUES (?, ?, ?)`, next, doc, impact); err != nil {
						return err
					}
					n++
				}
				if err := do(`INSERT INTO term VALUES (?, ?)`, next, c.name(next)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	notes := &sqliteFile{db: db, path: path}
	marker, err := begin(ctx, notes, c, hex.EncodeToString(c.Hash[:]))
	if err != nil {
		return err
	}
	marker.Done, marker.Whole = marker.Passages, true
	if err := marker.write(ctx, notes); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// A sqliteFile is a database as writeSQLite writes it. Its file has its name when it is
// whole, so it is written by Export alone.
type sqliteFile struct {
	db   *sql.DB
	path string
}

func dialSQLite(ctx context.Context, path string, create bool) (server, error) {
	if create {
		return nil, errors.New("a file of SQLite is written by `parley export --to sqlite --out FOLDER`; `parley search --engine FOLDER/parley.db` asks it")
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("the file of SQLite: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?mode=ro&immutable=1")
	if err != nil {
		return nil, err
	}
	return &sqliteFile{db, path}, nil
}

func (s *sqliteFile) String() string { return s.path }
func (s *sqliteFile) form() *Form    { return sqlite }
func (s *sqliteFile) close()         { s.db.Close() }

var errExported = errors.New("a file of SQLite is written by `parley export --to sqlite`")

func (s *sqliteFile) create(context.Context, int, int) error               { return errExported }
func (s *sqliteFile) drop(context.Context) error                           { return errExported }
func (s *sqliteFile) write(context.Context, *Collection, []document) error { return errExported }
func (s *sqliteFile) settle(context.Context) error                         { return nil }
func (s *sqliteFile) noteSize() int                                        { return 1 << 20 }

func (s *sqliteFile) count(ctx context.Context) (n int, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM passage`).Scan(&n)
	return n, err
}

func (s *sqliteFile) put(ctx context.Context, note int, data []byte) error {
	_, err := s.db.ExecContext(ctx, `INSERT OR REPLACE INTO parley VALUES (?, ?)`, note, data)
	return err
}

func (s *sqliteFile) get(ctx context.Context, note int) (data []byte, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT data FROM parley WHERE note = ?`, note).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) || err != nil && strings.Contains(err.Error(), "no such table") {
		return nil, nil
	}
	return data, err
}

func (s *sqliteFile) search(ctx context.Context, q []index.Factor, k int) ([]hit, error) {
	rows, err := s.db.QueryContext(ctx, sqliteRank(q, k)+"SELECT hit.doc, id, title, text, url, page, score FROM hit JOIN passage USING (doc)")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var hits []hit
	at, docs := map[uint32]int{}, []string{}
	for rows.Next() {
		var h hit
		p := &h.Passage
		if err := rows.Scan(&h.Doc, &p.ID, &p.Title, &p.Text, &p.URL, &p.Page, &h.score); err != nil {
			return nil, err
		}
		at[h.Doc] = len(hits)
		docs = append(docs, strconv.Itoa(int(h.Doc)))
		hits = append(hits, h)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	of, err := s.db.QueryContext(ctx, sqliteWith(q)+" SELECT doc, term, impact FROM query CROSS JOIN posting USING (term) WHERE doc IN ("+strings.Join(docs, ",")+")")
	if err != nil {
		return nil, err
	}
	defer of.Close()
	for of.Next() {
		var doc uint32
		var m index.Impact
		if err := of.Scan(&doc, &m.Term, &m.Weight); err != nil {
			return nil, err
		}
		hits[at[doc]].Impacts = append(hits[at[doc]].Impacts, m)
	}
	return hits, of.Err()
}

// transaction runs statements, each prepared once; either all take effect or none.
func transaction(ctx context.Context, db *sql.DB, run func(do func(sql string, args ...any) error) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	prepared := map[string]*sql.Stmt{}
	err = run(func(sql string, args ...any) (err error) {
		s := prepared[sql]
		if s == nil {
			if s, err = tx.PrepareContext(ctx, sql); err != nil {
				return err
			}
			prepared[sql] = s
		}
		_, err = s.ExecContext(ctx, args...)
		return err
	})
	if err != nil {
		return err
	}
	return tx.Commit()
}
