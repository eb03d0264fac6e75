package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/store"
)

// conn is a connection with its prepared statements. Whoever took it from its
// channel has it alone. A context ends the wait for a connection, never a
// statement: those take microseconds, and to interrupt one costs more.
type conn struct {
	sql   *sql.Conn
	stmts map[string]*sql.Stmt // by their text, which is never made of values
	level level                // of its next commit
}

// row is a row to scan.
type row interface{ Scan(dest ...any) error }

func (c *conn) stmt(query string) (*sql.Stmt, error) {
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
func (c *conn) close() error {
	var errs []error
	for _, st := range c.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, c.sql.Close())...)
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(query string, args ...any) (int64, error) {
	st, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	result, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// get reads one row, or returns store.ErrNotFound.
func get[T any](c *conn, scan func(row) (T, error), query string, args ...any) (T, error) {
	var none T
	st, err := c.stmt(query)
	if err != nil {
		return none, err
	}
	v, err := scan(st.QueryRowContext(context.Background(), args...))
	if errors.Is(err, sql.ErrNoRows) {
		return none, store.ErrNotFound
	}
	return v, err
}

// list reads all rows.
func list[T any](c *conn, scan func(row) (T, error), query string, args ...any) (all []T, err error) {
	st, err := c.stmt(query)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(context.Background(), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// look lends a connection to f, which only reads.
func (s *Store) look(ctx context.Context, f func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c := <-s.read:
		defer func() { s.read <- c }()
		return f(c)
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ended:
		return errClosed
	}
}

// stamp is a time as the tables have it: milliseconds, NULL for the zero time.
type stamp time.Time

// Value implements driver.Valuer.
func (s stamp) Value() (driver.Value, error) {
	if time.Time(s).IsZero() {
		return nil, nil
	}
	return time.Time(s).UnixMilli(), nil
}

// Scan implements sql.Scanner.
func (s *stamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s = stamp{}
	case int64:
		*s = stamp(time.UnixMilli(v).UTC())
	default:
		return fmt.Errorf("scan time: it is a %T", v)
	}
	return nil
}

// blob is b as the tables have it: NULL for an empty one.
func blob(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
