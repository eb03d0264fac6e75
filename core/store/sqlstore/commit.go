package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
)

// maxGroup bounds how long the first writer of a group waits for the last. A
// server keeps up to 64 savepoints of a transaction at hand.
const maxGroup = 64

// tries is how often a job is run before the last thing that was in its way is
// taken for an answer.
const tries = 8

// level is how firmly a write stands before its writer is answered.
type level int

const (
	kept   level = iota // survives the process
	shared              // survives the machine where it matters to other processes, as a lease does
	synced              // survives the machine
)

// job is the statements of one verb: all of them or none.
type job struct {
	level level
	run   func(*conn) error
	err   error
	done  chan error
}

// commit has run executed and committed, together with what others write at the
// time. It may be run more than once, and counts once. A context that ends while
// the job waits for its turn ends the job; one that ends later ends the wait for
// what becomes of it, so that run must leave alone what its caller has then.
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
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ended:
		return errClosed
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commitFor is commit for a verb that returns something of what it wrote.
func commitFor[T any](ctx context.Context, s *Store, l level, run func(*conn) (T, error)) (T, error) {
	var v, none T
	err := s.commit(ctx, l, func(c *conn) (err error) {
		v, err = run(c)
		return err
	})
	if err != nil {
		return none, err
	}
	return v, nil
}

// commits is a committer. It ends when the store is closing and nobody waits.
func (s *Store) commits() {
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

// flush commits a group and answers its writers. What something passing was in
// the way of goes into another transaction.
func (s *Store) flush(group []*job) {
	for try := 1; len(group) > 0; try++ {
		need := slices.MaxFunc(group, func(a, b *job) int { return int(a.level - b.level) }).level
		err := s.db.write(need, func(c *conn) error { return runAll(c, group) })
		var again []*job
		for _, j := range group {
			switch {
			case err == nil:
			case len(group) == 1 && j.err != nil:
				j.err = err // its own, as the database explains it
			default:
				j.err = fmt.Errorf("commit: %w", err)
			}
			if try < tries && s.db.passing(j.err) {
				again = append(again, j)
			} else {
				j.done <- j.err
			}
		}
		group = again
	}
}

// runAll runs each job in a savepoint, so that one that fails is undone alone.
// A job that is alone needs none. It returns an error when the whole group is lost.
func runAll(c *conn, group []*job) error {
	if len(group) == 1 {
		group[0].err = group[0].run(c)
		return group[0].err
	}
	for _, j := range group {
		if err := c.ahead("SAVEPOINT job"); err != nil {
			return err
		}
		if j.err = j.run(c); j.err != nil {
			if _, err := c.exec("ROLLBACK TO job"); err != nil {
				return errors.Join(j.err, err)
			}
		}
		if err := c.ahead("RELEASE job"); err != nil {
			return err
		}
	}
	return nil
}
