package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// fileConn is a connection with its prepared statements. A context ends the wait
// for a connection, never a statement: those take microseconds, and to interrupt
// one costs more.
type fileConn struct {
	sql   *sql.Conn
	stmts map[string]*sql.Stmt // by their text, which is never made of values
	level level                // of its next commit
}

// prepare brings the tables up to date. The log is for a file that is ours.
func (c *fileConn) prepare(ready func(upToDate bool) error) error {
	files, err := scripts(migrations)
	if err != nil {
		return err
	}
	have, err := version(&conn{c}, fileTables, len(files))
	if err != nil {
		return err
	}
	if err := ready(have == len(files)); err != nil {
		return err
	}
	if err := c.script("PRAGMA journal_mode = WAL"); err != nil || have == len(files) {
		return err
	}
	return c.transaction(func(c *conn) error { return migrate(c, have, files) })
}

// require sets the level of the next commit. In WAL mode one under NORMAL syncs
// nothing, and the next one under FULL syncs what came before it as well
// (sqlite.org/pragma.html#pragma_synchronous).
func (c *fileConn) require(l level) error {
	if l == shared { // with nobody: opening a file ends all leases
		l = kept
	}
	if l == c.level {
		return nil
	}
	mode := "FULL"
	if l == kept {
		mode = "NORMAL"
	}
	// Not a prepared statement: SQLite obeys this one while it compiles it.
	if err := c.script("PRAGMA synchronous = " + mode); err != nil {
		return err
	}
	c.level = l
	return nil
}

// transaction commits what f did, or nothing when it fails.
func (c *fileConn) transaction(f func(*conn) error) error {
	if err := c.ahead("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := f(&conn{c})
	if err == nil {
		err = c.ahead("COMMIT")
	}
	if err != nil {
		// After some errors SQLite has rolled back by itself, and says so here.
		// If a transaction did stay open, the next BEGIN fails.
		c.ahead("ROLLBACK") //nolint:errcheck // see above
	}
	return err
}

func (c *fileConn) exec(query string, args ...any) (int64, error) {
	st, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	result, err := st.ExecContext(context.Background(), withNow(query, args)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (c *fileConn) each(f func(row) error, query string, args ...any) (err error) {
	st, err := c.stmt(query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(context.Background(), withNow(query, args)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// withNow adds what $now is to the arguments of a statement that asks for it.
func withNow(query string, args []any) []any {
	if !strings.Contains(query, "$now") {
		return args
	}
	return append(args, sql.Named("now", time.Now().UnixMilli()))
}

func (c *fileConn) script(text string) error {
	_, err := c.sql.ExecContext(context.Background(), text)
	return err
}

func (c *fileConn) ahead(query string) error {
	_, err := c.exec(query)
	return err
}

func (c *fileConn) stmt(query string) (*sql.Stmt, error) {
	if st, ok := c.stmts[query]; ok {
		return st, nil
	}
	st, err := c.sql.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = st
	return st, nil
}

// close closes the statements first: with one open, SQLite would keep the file.
func (c *fileConn) close() error {
	var errs []error
	for _, st := range c.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, c.sql.Close())...)
}
