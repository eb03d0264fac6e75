// Package sqlstore keeps what must outlive a restart in SQLite, in one file.
//
// Open takes the file for itself: an OS lock on a file beside it lasts as long
// as the Store, so whatever else was written there was written by a process that
// lives no more. It brings the tables up to date (migrations/) and opens one
// connection that writes and a few that read.
//
// A verb that only reads borrows a connection. A verb that writes hands its
// statements to the committer (commit.go), which puts what arrived during its
// last commit into the next one: a hundred writers share one sync of the disk.
// Writes to notes alone are not synced: they survive the end of the process, not
// the loss of power. Everything else survives both.
//
// Close writes what still waits and gives the file back.
//
// OpenBeside is for a command that does something to the file of a bot that runs.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"

	"github.com/usherbot/usher/core/store"
)

// Memory is the name of a store that is a private one in memory and gone when it
// is closed.
const Memory = ":memory:"

// readers is how many connections read a file. A read takes microseconds.
const readers = 4

// settings of every connection. The busy time-out is for others that use the
// file: OpenBeside, a backup. Temporary tables stay out of files whose
// mode is not ours to set. What is deleted is overwritten.
const settings = "?_busy_timeout=5000&_synchronous=FULL&_pragma=temp_store(MEMORY)&_pragma=secure_delete(1)"

var errClosed = errors.New("the store is closed")

// Store is a store.Store in SQLite.
type Store struct {
	db   *sql.DB
	lock *flock.Flock // nil for one in memory, or beside another

	conns []*conn    // all of them, to close
	read  chan *conn // those that nobody reads with at the moment
	write chan *conn // the one that writes; without a lock the same one reads

	queue   chan *job     // writers wait here to be taken into the next commit
	closing chan struct{} // tells the committer to finish
	ended   chan struct{} // tells everybody that it has
	close   func() error
}

var _ store.Store = (*Store)(nil)

// Open opens the store in the file of that name and creates it when there is
// none, or opens an empty one for Memory. Its files are readable by their owner
// only. It returns an *InUseError while another process has the file open; it
// waits a second for that one to end.
func Open(ctx context.Context, name string) (*Store, error) {
	if name == Memory {
		return open(ctx, "file:"+Memory, nil, func(bool) error { return nil })
	}
	path, err := locate(name)
	if err != nil {
		return nil, err
	}
	lock, err := claim(ctx, path)
	if err != nil {
		return nil, err
	}
	s, err := openFile(ctx, path, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return s, nil
}

func openFile(ctx context.Context, path string, lock *flock.Flock) (*Store, error) {
	if err := inspect(path); err != nil {
		return nil, err
	}
	s, err := open(ctx, uri(path), lock, func(bool) error { return restrict(path) })
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, explain(err))
	}
	return s, nil
}

// open connects to dsn. Nothing is written before the tables were seen to be
// ours and ready has returned, which is told whether they are of this version.
func open(ctx context.Context, dsn string, lock *flock.Flock, ready func(upToDate bool) error) (*Store, error) {
	driver, err := sqlite.NewConnector(dsn + settings)
	if err != nil {
		return nil, err
	}
	s := &Store{
		db: sql.OpenDB(driver), lock: lock,
		read: make(chan *conn, readers), write: make(chan *conn, 1),
		queue: make(chan *job), closing: make(chan struct{}), ended: make(chan struct{}),
	}
	s.close = sync.OnceValue(s.end)
	s.db.SetMaxIdleConns(-1) // closing a connection closes it
	if err := s.connect(ctx, ready); err != nil {
		return nil, errors.Join(err, s.disconnect())
	}
	go s.commits()
	return s, nil
}

func (s *Store) connect(ctx context.Context, ready func(bool) error) error {
	writer, err := s.dial(ctx)
	if err != nil {
		return err
	}
	if err := prepare(ctx, writer, ready); err != nil {
		return err
	}
	if s.lock != nil { // so whoever had a lease lives no more
		if _, err := writer.exec("UPDATE replica SET lease_until = 0"); err != nil {
			return fmt.Errorf("end leases: %w", err)
		}
	}
	s.write <- writer
	if s.lock == nil {
		s.read = s.write
		return nil
	}
	for range readers {
		c, err := s.dial(ctx)
		if err != nil {
			return err
		}
		if _, err := c.sql.ExecContext(ctx, "PRAGMA query_only = 1"); err != nil {
			return err
		}
		s.read <- c
	}
	return nil
}

func prepare(ctx context.Context, c *conn, ready func(bool) error) error {
	files, err := scripts(migrations)
	if err != nil {
		return err
	}
	have, err := version(ctx, c, len(files))
	if err != nil {
		return err
	}
	if err := ready(have == len(files)); err != nil {
		return err
	}
	if _, err := c.sql.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	return migrate(ctx, c, have, files)
}

func (s *Store) dial(ctx context.Context) (*conn, error) {
	c, err := s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s.conns = append(s.conns, &conn{sql: c, stmts: map[string]*sql.Stmt{}, level: synced})
	return s.conns[len(s.conns)-1], nil
}

// Close implements store.Store. Writes that wait are committed first. Closing
// again returns the same.
func (s *Store) Close() error { return s.close() }

func (s *Store) end() error {
	close(s.closing)
	<-s.ended
	for range s.conns { // until nobody uses one any more
		select {
		case <-s.read:
		case <-s.write:
		}
	}
	err := s.disconnect()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Unlock())
	}
	if err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// disconnect closes the writer last: its end empties the log into the file.
func (s *Store) disconnect() error {
	var errs []error
	for _, v := range slices.Backward(s.conns) {
		errs = append(errs, v.close())
	}
	return errors.Join(append(errs, s.db.Close())...)
}
