package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
)

// readers is how many connections read a file. A read takes microseconds.
const readers = 4

// settings of every connection. The busy time-out is for others that use the
// file: OpenBeside, a backup. Temporary tables stay out of files whose
// mode is not ours to set. What is deleted is overwritten.
const settings = "?_busy_timeout=5000&_synchronous=FULL&_pragma=temp_store(MEMORY)&_pragma=secure_delete(1)"

// fileTables counts the tables of a file, and those that only ours has.
const fileTables = "SELECT COUNT(*), COUNT(*) FILTER (WHERE name = 'schema_version') FROM sqlite_master"

// file is a database in SQLite, in a file or in memory. One connection writes, and
// a few read.
type file struct {
	db     *sql.DB
	lock   *flock.Flock   // nil for one in memory, or one that another process has locked
	conns  []*fileConn    // all of them, to close
	reads  chan *fileConn // those that nobody reads with at the moment
	writes chan *fileConn // the one that writes; without a lock the same one reads
	closed chan struct{}
}

func openMemory(ctx context.Context) (*Store, error) {
	return open(ctx, "file:"+Memory, nil, func(bool) error { return nil })
}

// open connects to dsn. Nothing is written before the tables were seen to be
// ours and ready has returned, which is told whether they are of this version.
func open(ctx context.Context, dsn string, lock *flock.Flock, ready func(upToDate bool) error) (*Store, error) {
	driver, err := sqlite.NewConnector(dsn + settings)
	if err != nil {
		return nil, err
	}
	d := &file{
		db: sql.OpenDB(driver), lock: lock, closed: make(chan struct{}),
		reads: make(chan *fileConn, readers), writes: make(chan *fileConn, 1),
	}
	d.db.SetMaxIdleConns(-1) // closing a connection closes it
	if err := d.connect(ctx, ready); err != nil {
		return nil, errors.Join(err, d.disconnect())
	}
	return start(d, 1), nil
}

func (d *file) connect(ctx context.Context, ready func(bool) error) error {
	writer, err := d.dial(ctx)
	if err != nil {
		return err
	}
	if err := writer.prepare(ready); err != nil {
		return err
	}
	if d.lock != nil { // so whoever had a lease lives no more
		if _, err := writer.exec("UPDATE replica SET lease_until = 0"); err != nil {
			return fmt.Errorf("end leases: %w", err)
		}
	}
	d.writes <- writer
	if d.lock == nil {
		d.reads = d.writes
		return nil
	}
	for range readers {
		c, err := d.dial(ctx)
		if err != nil {
			return err
		}
		if err := c.script("PRAGMA query_only = 1"); err != nil {
			return err
		}
		d.reads <- c
	}
	return nil
}

func (d *file) dial(ctx context.Context) (*fileConn, error) {
	c, err := d.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	d.conns = append(d.conns, &fileConn{sql: c, stmts: map[string]*sql.Stmt{}, level: synced})
	return d.conns[len(d.conns)-1], nil
}

func (d *file) read(ctx context.Context, f func(*conn) error) error {
	select {
	case c := <-d.reads:
		defer func() { d.reads <- c }()
		return f(&conn{c})
	case <-ctx.Done():
		return ctx.Err()
	case <-d.closed:
		return errClosed
	}
}

func (d *file) write(l level, f func(*conn) error) error {
	c := <-d.writes
	defer func() { d.writes <- c }()
	if err := c.require(l); err != nil {
		return err
	}
	return c.transaction(f)
}

// passing implements database. Nobody writes beside the one connection.
func (d *file) passing(error) bool { return false }

func (d *file) close() error {
	close(d.closed)
	for range d.conns { // until nobody uses one any more
		select {
		case <-d.reads:
		case <-d.writes:
		}
	}
	err := d.disconnect()
	if d.lock != nil {
		err = errors.Join(err, d.lock.Unlock())
	}
	return err
}

// disconnect closes the writer last: its end empties the log into the file.
func (d *file) disconnect() error {
	var errs []error
	for _, c := range slices.Backward(d.conns) {
		errs = append(errs, c.close())
	}
	return errors.Join(append(errs, d.db.Close())...)
}

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
	st, err := c.stmt(query) //nolint:sqlclosecheck // the connection keeps it
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
	st, err := c.stmt(query) //nolint:sqlclosecheck // the connection keeps it
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
