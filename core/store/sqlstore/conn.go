package sqlstore

import (
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/store"
)

// conn is a connection. Whoever was lent it has it alone.
type conn struct{ session }

// session is a conversation with one of the databases.
type session interface {
	// exec runs a statement and returns how many rows it changed.
	exec(query string, args ...any) (int64, error)
	// each runs a statement and calls f with every row.
	each(f func(row) error, query string, args ...any) error
	// script runs statements without arguments, spelled as in migrations/.
	script(text string) error
	// ahead runs a statement about the transaction, at the latest when the next
	// other one is run, which then says what went wrong.
	ahead(query string) error
}

// row is a row to scan.
type row interface{ Scan(dest ...any) error }

// get reads the one row that there is, or returns store.ErrNotFound.
func get[T any](c *conn, scan func(row) (T, error), query string, args ...any) (T, error) {
	var v, none T
	found := false
	err := c.each(func(r row) (err error) {
		v, err = scan(r)
		found = true
		return err
	}, query, args...)
	switch {
	case err != nil:
		return none, err
	case !found:
		return none, store.ErrNotFound
	}
	return v, nil
}

// list reads all rows.
func list[T any](c *conn, scan func(row) (T, error), query string, args ...any) (all []T, err error) {
	err = c.each(func(r row) error {
		v, err := scan(r)
		all = append(all, v)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return all, nil
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
