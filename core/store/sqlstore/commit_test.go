package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/store"
)

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), t.TempDir()+"/usher.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func insert(key string) func(*conn) error {
	return func(c *conn) error {
		_, err := c.exec("INSERT INTO note (key) VALUES ($1)", key)
		return err
	}
}

func has(t *testing.T, s *Store, key string) bool {
	t.Helper()
	_, err := s.Note(t.Context(), key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// stalled is a store whose committer is busy with a first job. later queues a
// job behind it and returns where its answer comes.
type stalled struct {
	*Store
	t       *testing.T
	release func()
}

// hold takes the connection that writes, until it is told to give it back.
func hold(t *testing.T, s *Store) (release func()) {
	t.Helper()
	if d, ok := s.db.(*server); ok { // a pool of one
		c, err := d.pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c.Release
	}
	writes := s.db.(*file).writes
	c := <-writes
	return func() { writes <- c }
}

func stall(t *testing.T, s *Store) stalled {
	t.Helper()
	return stalled{Store: s, t: t, release: hold(t, s)}
}

func (s stalled) later(ctx context.Context, l level, run func(*conn) error) <-chan error {
	answer := make(chan error, 1)
	go func() { answer <- s.commit(ctx, l, run) }()
	synctest.Wait()
	return answer
}

// testGroups is about what becomes of jobs that are committed together.
func testGroups(t *testing.T, open func(*testing.T) *Store) {
	for _, tt := range []struct {
		name string
		run  func(*testing.T, stalled)
	}{
		{"a failing job is undone alone", failingJobIsUndoneAlone},
		{"a lost group is reported", lostGroupIsReported},
		{"a lost job is reported", lostJobIsReported},
		{"a context ends the wait only", contextEndsTheWaitOnly},
		{"close writes what waits", closeWritesWhatWaits},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { tt.run(t, stall(t, open(t))) })
		})
	}
}

func TestGroups(t *testing.T) { testGroups(t, openTest) }

func failingJobIsUndoneAlone(t *testing.T, s stalled) {
	wrong := errors.New("wrong")
	first := s.later(t.Context(), kept, insert("first"))
	before := s.later(t.Context(), kept, insert("before"))
	failing := s.later(t.Context(), kept, func(c *conn) error { return errors.Join(insert("failing")(c), wrong) })
	clash := s.later(t.Context(), kept, insert("before"))
	after := s.later(t.Context(), kept, insert("after"))
	s.release()
	for name, answer := range map[string]<-chan error{"first": first, "before": before, "after": after} {
		if err := <-answer; err != nil || !has(t, s.Store, name) {
			t.Errorf("%s: got %v, want it written", name, err)
		}
	}
	if err := <-failing; !errors.Is(err, wrong) || has(t, s.Store, "failing") {
		t.Errorf("failing: got %v, want %v and nothing written", err, wrong)
	}
	if err := <-clash; err == nil {
		t.Error("clash: got nil, want the database's refusal")
	}
}

func lostGroupIsReported(t *testing.T, s stalled) {
	first := s.later(t.Context(), kept, insert("first"))
	before := s.later(t.Context(), kept, insert("before"))
	broken := s.later(t.Context(), kept, func(c *conn) error { _, err := c.exec("ROLLBACK"); return err })
	s.release()
	if err := <-first; err != nil {
		t.Errorf("the group before: got %v", err)
	}
	for name, answer := range map[string]<-chan error{"before": before, "broken": broken} {
		if err := <-answer; err == nil {
			t.Errorf("%s: got nil, want an error: its transaction is gone", name)
		}
	}
	if has(t, s.Store, "before") {
		t.Error("a job that was reported as lost is there")
	}
	if err := s.commit(t.Context(), kept, insert("next")); err != nil || !has(t, s.Store, "next") {
		t.Errorf("the group after: got %v, want it written", err)
	}
}

func lostJobIsReported(t *testing.T, s stalled) {
	s.release()
	err := s.commit(t.Context(), kept, func(c *conn) error {
		if err := insert("lost")(c); err != nil {
			return err
		}
		_, err := c.exec("ROLLBACK")
		return err
	})
	if err == nil || has(t, s.Store, "lost") {
		t.Errorf("got %v, want an error: its transaction is gone", err)
	}
}

func contextEndsTheWaitOnly(t *testing.T, s stalled) {
	ctx, end := context.WithTimeout(t.Context(), time.Second)
	defer end()
	taken := s.later(ctx, kept, insert("taken"))
	waiting := s.later(ctx, kept, insert("waiting"))
	time.Sleep(2 * time.Second)
	if err := <-waiting; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v for the job that waited, want %v", err, context.DeadlineExceeded)
	}
	if err := <-taken; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v for the job that was taken, want %v", err, context.DeadlineExceeded)
	}
	s.release()
	if err := s.commit(t.Context(), kept, insert("next")); err != nil || !has(t, s.Store, "taken") {
		t.Errorf("got %v, want the job that was taken written", err)
	}
	if has(t, s.Store, "waiting") {
		t.Error("a job that was given up is there")
	}
}

func closeWritesWhatWaits(t *testing.T, s stalled) {
	var answers []<-chan error
	for i := range 3 {
		answers = append(answers, s.later(t.Context(), synced, insert(fmt.Sprint(i))))
	}
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	synctest.Wait()
	if err := s.commit(t.Context(), kept, insert("late")); !errors.Is(err, errClosed) {
		t.Errorf("got %v for a job after Close, want %v", err, errClosed)
	}
	s.release()
	for i, answer := range answers {
		if err := <-answer; err != nil {
			t.Errorf("job %d: got %v, want it written", i, err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestCloseWaitsForReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		reading, read := make(chan bool), make(chan error)
		go func() {
			read <- s.look(t.Context(), func(c *conn) error {
				<-reading
				_, err := list(c, scanText, "SELECT id FROM person")
				return err
			})
		}()
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- s.Close() }()
		synctest.Wait()
		close(reading)
		if err := <-read; err != nil {
			t.Errorf("got %v for a read that had begun, want nil", err)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// TestLevels asks SQLite itself, from inside the transaction.
func TestLevels(t *testing.T) {
	const normal, full = 1, 2 // sqlite.org/pragma.html#pragma_synchronous
	tests := []struct {
		name   string
		levels []level
		want   int
	}{
		{"notes alone", []level{kept, kept}, normal},
		{"a login among notes", []level{kept, synced}, full},
		{"a login", []level{synced}, full},
		{"a note again", []level{kept}, normal},
	}
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		for _, tt := range tests {
			var got int
			held := stalled{Store: s, t: t, release: hold(t, s)}
			held.later(t.Context(), kept, func(*conn) error { return nil }) // keeps the committer busy
			var answers []<-chan error
			for _, l := range tt.levels {
				answers = append(answers, held.later(t.Context(), l, func(c *conn) error {
					return c.each(func(r row) error { return r.Scan(&got) }, "PRAGMA synchronous")
				}))
			}
			held.release()
			for _, answer := range answers {
				if err := <-answer; err != nil {
					t.Fatal(err)
				}
			}
			if got != tt.want {
				t.Errorf("%s: got synchronous = %d, want %d", tt.name, got, tt.want)
			}
		}
	})
}

func TestSweepLeavesNothingBehind(t *testing.T) {
	s := openTest(t)
	const many = 2500
	err := s.commit(t.Context(), kept, func(c *conn) error {
		for i := range many {
			if _, err := c.exec("INSERT INTO note (key, expires_at) VALUES ($1, 1)", fmt.Sprint(i)); err != nil {
				return err
			}
			if _, err := c.exec(`INSERT INTO login (id, person, provider, kind, state, place, interval_ms, created_at, ended_at)
				VALUES ($1, 'ana', 'github', '', '', '', 0, 1, 1)`, fmt.Sprint(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left string
	err = s.look(t.Context(), func(c *conn) (err error) {
		left, err = get(c, scanText, "SELECT (SELECT COUNT(*) FROM note) || ' notes, ' || (SELECT COUNT(*) FROM login) || ' logins'")
		return err
	})
	if want := "0 notes, 0 logins"; err != nil || left != want {
		t.Errorf("got %q, %v, want %q", left, err, want)
	}
}
