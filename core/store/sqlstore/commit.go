package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// maxGroup bounds how long the first writer of a group waits for the last.
const maxGroup = 256

// level is how firmly a write stands before its writer is answered. In WAL mode
// a commit under NORMAL syncs nothing, and the next one under FULL syncs what
// came before it as well (sqlite.org/pragma.html#pragma_synchronous).
type level string

const (
	kept   level = "NORMAL" // survives the process
	synced level = "FULL"   // survives the machine
)

// job is the statements of one verb: all of them or none.
type job struct {
	level level
	run   func(*conn) error
	err   error
	done  chan error
}

// commit has run executed and committed, together with what others write at the
// time. A context that ends while the job waits ends the wait. Once the committer
// has taken the job, commit returns what became of it.
func (s *Store) commit(ctx context.Context, l level, run func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closing:
		return errClosed
	default:
	}
	j := &job{level: l, run: run, done: make(chan error, 1)}
	select {
	case s.queue <- j:
		return <-j.done
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ended:
		return errClosed
	}
}

// commits is the committer. It ends when the store is closing and nobody waits.
func (s *Store) commits() {
	defer close(s.ended)
	for {
		var group []*job
		select {
		case j := <-s.queue:
			group = append(group, j)
		case <-s.closing:
		}
		runtime.Gosched() // those who are about to write come along
		group = s.gather(group)
		if len(group) == 0 {
			return
		}
		s.flush(group)
	}
}

// gather adds the jobs that wait. The queue has no buffer: its line is that of
// the blocked senders, so a writer who gave up is not in it.
func (s *Store) gather(group []*job) []*job {
	for len(group) < maxGroup {
		select {
		case j := <-s.queue:
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

func (s *Store) flush(group []*job) {
	c := <-s.write
	err := c.require(group)
	if err == nil {
		err = c.transaction(func() error { return c.runAll(group) })
	}
	s.write <- c
	for _, j := range group {
		if err != nil && (len(group) > 1 || j.err == nil) { // one that was alone has its own error
			j.err = fmt.Errorf("commit: %w", err)
		}
		j.done <- j.err
	}
}

// require sets the level that the group needs.
func (c *conn) require(group []*job) error {
	need := kept
	for _, j := range group {
		if j.level == synced {
			need = synced
		}
	}
	if need == c.level {
		return nil
	}
	// Not a prepared statement: SQLite obeys this one while it compiles it.
	if _, err := c.sql.ExecContext(context.Background(), "PRAGMA synchronous = "+string(need)); err != nil {
		return err
	}
	c.level = need
	return nil
}

// runAll runs each job in a savepoint, so that one that fails is undone alone.
// A job that is alone needs none. It returns an error when the whole group is lost.
func (c *conn) runAll(group []*job) error {
	if len(group) == 1 {
		group[0].err = group[0].run(c)
		return group[0].err
	}
	for _, j := range group {
		if _, err := c.exec("SAVEPOINT job"); err != nil {
			return err
		}
		if j.err = j.run(c); j.err != nil {
			if _, err := c.exec("ROLLBACK TO job"); err != nil {
				return errors.Join(j.err, err)
			}
		}
		if _, err := c.exec("RELEASE job"); err != nil {
			return err
		}
	}
	return nil
}

// transaction commits what f did, or nothing when it fails.
func (c *conn) transaction(f func() error) error {
	if _, err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = c.exec("COMMIT")
	}
	if err != nil {
		// After some errors SQLite has rolled back by itself, and says so here.
		// If a transaction did stay open, the next BEGIN fails.
		c.exec("ROLLBACK") //nolint:errcheck // see above
	}
	return err
}
