// Package sqlstore keeps what must outlive a restart, in SQLite or in PostgreSQL.
//
// Open takes the name of a file or the URL of a database. A file it takes for
// itself: an OS lock beside it lasts as long as the Store, so whatever else was
// written there was written by a process that lives no more (file.go). A database
// is shared by as many processes as there are (server.go). Either way Open brings
// the tables up to date (migrations/).
//
// Each verb is written once, for both databases. $1 and so on are its arguments,
// and $now is the store's clock in milliseconds: Go's in SQLite, the server's in
// PostgreSQL. What is in a comment is for PostgreSQL alone, which has other writers
// beside. What else differs is in sqlite.go and postgres.go.
//
// A verb that only reads borrows a connection. A verb that writes hands its
// statements to a committer (commit.go), which puts what arrived during its
// last commit into the next one: a hundred writers share one sync of the disk.
// Writes to notes alone are not synced: they survive the end of the process, not
// that of the machine. Everything else survives both.
//
// Close writes what still waits and gives the file back.
//
// OpenBeside is for a command that does something to the store of a bot that runs.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/usherbot/usher/core/store"
)

// Memory is the name of a store that is a private one in memory and gone when it
// is closed.
const Memory = ":memory:"

var errClosed = errors.New("the store is closed")

// Store is a store.Store in SQLite or PostgreSQL.
type Store struct {
	db      database
	queue   chan *job     // writers wait here to be taken into the next commit
	closing chan struct{} // tells the committers to finish
	ended   chan struct{} // tells everybody that they have
	close   func() error
}

var _ store.Store = (*Store)(nil)

// database is where the statements go.
type database interface {
	// read lends f a connection to read with.
	read(ctx context.Context, f func(*conn) error) error
	// write commits what f wrote, or nothing when it fails.
	write(l level, f func(*conn) error) error
	// passing reports whether the same may go well when it is run again: nothing
	// of it was written, and what was in its way is gone.
	passing(err error) bool
	// scrub leaves nothing, where it can, of rows whose deletion is committed.
	scrub(ctx context.Context)
	// close ends all use, once nobody reads or writes any more.
	close() error
}

// Open opens the store of that name. One that begins with postgres:// or
// postgresql:// is the URL of a database, which must be there and be empty or
// usher's. Any other is that of a file, readable by its owner only, which is made
// when there is none; Memory is an empty one. Open returns an *InUseError while
// another process has the file open; it waits a second for that one to end. No
// error holds anything of a URL.
func Open(ctx context.Context, name string) (*Store, error) {
	switch {
	case name == Memory:
		return openMemory(ctx)
	case isURL(name):
		return openServer(ctx, name, func(bool) error { return nil })
	}
	return openFile(ctx, name)
}

// OpenBeside opens a store that is there already, also while a bot runs on it: in
// a file both wait for each other's writes, for five seconds at most. It takes no
// lock, so the owners of logins and the rest of what a running process owns are
// not its to change. It makes no file and no tables.
func OpenBeside(ctx context.Context, name string) (*Store, error) {
	ready := func(upToDate bool) error {
		if !upToDate {
			return errors.New("its tables are not those of this version; start usher serve first, which makes them so")
		}
		return nil
	}
	if isURL(name) {
		return openServer(ctx, name, ready)
	}
	return openFileBeside(ctx, name, ready)
}

// start is a store on db, which takes as many commits at a time as it is told.
func start(db database, committers int) *Store {
	s := &Store{db: db, queue: make(chan *job), closing: make(chan struct{}), ended: make(chan struct{})}
	s.close = sync.OnceValue(s.end)
	var all sync.WaitGroup
	for range committers {
		all.Go(s.commits)
	}
	go func() {
		all.Wait()
		close(s.ended)
	}()
	return s
}

// look lends a connection to f, which only reads.
func (s *Store) look(ctx context.Context, f func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.ended:
		return errClosed
	default:
		return s.db.read(ctx, f)
	}
}

// Close implements store.Store. Writes that wait are committed first. Closing
// again returns the same.
func (s *Store) Close() error { return s.close() }

func (s *Store) end() error {
	close(s.closing)
	<-s.ended
	if err := s.db.close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}
