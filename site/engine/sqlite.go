package engine

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/ncruces/go-sqlite3/driver" // SQLite as WebAssembly, without cgo

	"parley/shared/index"
)

// SQLite: the inverted index as a table, which any SQLite can open and rank with a sum.
//
//	passage  doc, id, title, text, url
//	posting  term, doc, impact            in the order of its key, so a term is one run
//	term     term, name
var sqlite = &Form{
	Name: "sqlite", About: "SQLite: a database that any SQLite opens, with a query that ranks",
	file: "parley.db", whole: writeSQLite,
	head: func(c *Collection, q Example) (map[string]string, error) {
		return map[string]string{"query.sql": sqliteQuery(c, q.Factors, 10), "README.md": readme(c, q, "SQLite", "sqlite3 parley.db '.schema'", "sqlite3 parley.db < query.sql")}, nil
	},
	query: sqliteQuery,
}

func sqliteQuery(c *Collection, q []index.Factor, k int) string {
	values := make([]string, len(q))
	for i, f := range q {
		values[i] = fmt.Sprintf("(%d,%d)", f.Term, f.Weight)
	}
	if len(values) == 0 {
		values = []string{"(-1,0)"}
	}
	return fmt.Sprintf(`WITH query(term, weight) AS (VALUES %s),
hit(doc, score) AS (SELECT doc, sum(weight * impact) AS score FROM query CROSS JOIN posting USING (term)
  GROUP BY doc ORDER BY score DESC, doc LIMIT %d)
SELECT hit.doc, id, title, score FROM hit JOIN passage USING (doc) ORDER BY score DESC, hit.doc;
`, strings.Join(values, ","), k)
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
		{`CREATE TABLE IF NOT EXISTS passage (doc INTEGER PRIMARY KEY, id TEXT, title TEXT, text TEXT, url TEXT)`, nil},
		{`CREATE TABLE IF NOT EXISTS term (term INTEGER PRIMARY KEY, name TEXT)`, nil},
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
				if err := do(`INSERT INTO passage VALUES (?, ?, ?, ?, ?)`, doc, p.ID, p.Title, p.Text, p.URL); err != nil {
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
	if err := db.Close(); err != nil {
		return err
	}
	return os.Rename(part, path)
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
