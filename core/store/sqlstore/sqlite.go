package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
)

// readers is how many connections read a file. A read takes microseconds.
const readers = 4

// settings of every connection. The busy time-out is for others that use the
// file: OpenBeside, a backup. Temporary tables stay out of files whose
// mode is not ours to set. What is deleted is overwritten. The system has the file's
// pages in memory already; 512 KiB of them are kept here too.
const settings = "?_busy_timeout=5000&_synchronous=FULL&_pragma=temp_store(MEMORY)&_pragma=secure_delete(1)&_pragma=cache_size(-512)"

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

// scrub implements database. A file overwrites what is deleted (settings); its log
// keeps that until it is cut to nothing, here beside the writer. Where somebody reads for
// too long, that is when the store is closed.
func (d *file) scrub(ctx context.Context) {
	d.read(ctx, func(c *conn) error { //nolint:errcheck // see above
		return c.each(func(row) error { return nil }, "PRAGMA wal_checkpoint(TRUNCATE)")
	})
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
