//go:build unix

package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/storetest"
	"github.com/usherbot/usher/core/store/storetest/pgtest"
)

func TestPostgres(t *testing.T) {
	db := pgtest.Start(t)
	t.Run("suite", func(t *testing.T) { testSuite(t, db) })
	t.Run("groups", func(t *testing.T) {
		testGroups(t, func(t *testing.T) *Store { return openURL(t, with(db.Database(t), "pool_max_conns=1")) })
	})
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, url string)
	}{
		{"replicas", testReplicas},
		{"replicas that start together", testStartTogether},
		{"transactions in each other's way", testDeadlock},
		{"levels", testServerLevels},
		{"the clock is the server's", testServerClock},
		{"text that is none", testTexts},
		{"a statement that failed unseen", testFailedUnseen},
		{"a context ends what waits for the server", testServerWaits},
		{"a server that does not answer", testPatience},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, db.Database(t)) })
	}
}

// with adds a parameter to a URL that has some.
func with(url, parameter string) string { return url + "&" + parameter }

func openURL(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url)
	return closing(t, s, err)
}

func closing(t *testing.T, s *Store, err error) *Store {
	t.Helper()
	try(t, err)
	t.Cleanup(func() { try(t, s.Close()) })
	return s
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testSuite has connections that forget everything each time they are given back,
// as behind a pooler, and a server that goes by the clock of Go, so that the cases
// about time can be in a bubble.
func testSuite(t *testing.T, db *pgtest.Server) {
	storetest.Run(t, func(t *testing.T) (store.Store, func() store.Store) {
		url := db.Database(t)
		setClock(t, url, "to_timestamp(current_setting('clock.now')::bigint / 1000.0)")
		s := openForgetful(t, url)
		return s, func() store.Store {
			try(t, s.Close())
			return openForgetful(t, url)
		}
	})
}

// setClock makes a clock for those who look for their functions in the schema clock.
func setClock(t *testing.T, url, now string) {
	t.Helper()
	pgtest.Exec(t, url, "CREATE SCHEMA clock", `CREATE FUNCTION clock.statement_timestamp()
		RETURNS timestamptz STABLE LANGUAGE sql AS $$ SELECT `+now+` $$`)
}

const clockFirst = "public, clock, pg_catalog"

func openForgetful(t *testing.T, url string) *Store {
	t.Helper()
	config, err := parseURL(url)
	try(t, err)
	config.ConnConfig.RuntimeParams["search_path"] = clockFirst
	config.PrepareConn = func(ctx context.Context, c *pgx.Conn) (bool, error) {
		_, err := c.Exec(ctx, "SELECT set_config('clock.now', $1, false)", fmt.Sprint(time.Now().UnixMilli()))
		return err == nil, err
	}
	config.AfterRelease = func(c *pgx.Conn) bool {
		_, err := c.Exec(context.Background(), "DISCARD ALL")
		return err == nil
	}
	s, err := connect(t.Context(), config, func(bool) error { return nil })
	return closing(t, s, err)
}

func testReplicas(t *testing.T, url string) {
	storetest.Races(t, openURL(t, url), openURL(t, url), openURL(t, url))
}

func testStartTogether(t *testing.T, url string) {
	const replicas = 6
	opened := make(chan error, replicas)
	for range replicas {
		go func() {
			s, err := Open(t.Context(), with(url, "pool_max_conns=2"))
			if err == nil {
				err = s.Close()
			}
			opened <- err
		}()
	}
	for range replicas {
		if err := <-opened; err != nil {
			t.Error(err)
		}
	}
	files, err := scripts(migrations)
	try(t, err)
	got, err := commitFor(t.Context(), openURL(t, url), kept, func(c *conn) (int, error) {
		return get(c, scanCount, "SELECT SUM(version)::bigint FROM schema_version")
	})
	if err != nil || got != len(files) {
		t.Errorf("got versions that add up to %d, %v, want %d once", got, err, len(files))
	}
}

// testDeadlock has two transactions take the same two rows, in either order.
func testDeadlock(t *testing.T, url string) {
	s, expires := openURL(t, url), time.Now().Add(time.Hour)
	for _, key := range []string{"a", "b"} {
		try(t, s.PutNote(t.Context(), key, []byte("0"), expires))
	}
	var both sync.WaitGroup // each has its first row
	both.Add(2)
	swap := func(keys ...string) error {
		arrive := sync.OnceFunc(func() { both.Done(); both.Wait() })
		return s.commit(t.Context(), synced, func(c *conn) error {
			for _, key := range keys {
				if _, err := c.exec("UPDATE note SET value = value || '1'::bytea WHERE key = $1", key); err != nil {
					return err
				}
				arrive()
			}
			return nil
		})
	}
	done := make(chan error)
	go func() { done <- swap("a", "b") }()
	go func() { done <- swap("b", "a") }()
	try(t, errors.Join(<-done, <-done))
	for _, key := range []string{"a", "b"} {
		if got, err := s.Note(t.Context(), key); err != nil || string(got) != "011" {
			t.Errorf("note %s: got %q, %v, want both writes in it", key, got, err)
		}
	}
}

func testServerLevels(t *testing.T, url string) {
	s := openURL(t, url)
	for l, want := range map[level]string{kept: "off", synced: "on"} {
		got, err := commitFor(t.Context(), s, l, func(c *conn) (string, error) {
			return get(c, scanText, "SHOW synchronous_commit")
		})
		if err != nil || got != want {
			t.Errorf("level %d: got synchronous_commit = %s, %v, want %s", l, got, err, want)
		}
	}
}

// testServerClock has a server whose clock is two hours ahead.
func testServerClock(t *testing.T, url string) {
	setClock(t, url, "pg_catalog.statement_timestamp() + interval '2 hours'")
	s := openURL(t, with(url, "search_path=public,clock,pg_catalog"))
	ctx, soon, late := t.Context(), time.Now().Add(time.Hour), time.Now().Add(3*time.Hour)
	try(t, s.PutNote(ctx, "soon", nil, soon))
	try(t, s.PutNote(ctx, "late", nil, late))
	if has(t, s, "soon") || !has(t, s, "late") {
		t.Error("got a note by the clock of Go, want it by the server's")
	}
	try(t, s.PutTell(ctx, store.Tell{Key: "soon", Try: soon}))
	try(t, s.PutTell(ctx, store.Tell{Key: "late", Try: late}))
	tells, err := s.DueTells(ctx, "", 2)
	if err != nil || len(tells) != 1 || tells[0].Key != "soon" {
		t.Errorf("got %v, %v due, want what is by the server's clock", tells, err)
	}
	try(t, s.AddLogin(ctx, store.Login{ID: "id", State: "waiting", Created: time.Now()}))
	try(t, s.ChangeLogin(ctx, store.Change{ID: "id", From: "waiting", Ended: true}))
	l, err := s.Login(ctx, "id")
	if ahead := time.Until(l.Ended); err != nil || (ahead-2*time.Hour).Abs() > time.Hour {
		t.Errorf("got an end %v ahead, %v, want the server's two hours", ahead, err)
	}
}

// testTexts writes texts that PostgreSQL does not know.
func testTexts(t *testing.T, url string) {
	s := openURL(t, url)
	for _, key := range []string{"nul\x00", "\xff\xfe", "half \xe2\x82", "wide 🧭"} {
		try(t, s.PutNote(t.Context(), key, []byte(key), time.Time{}))
		if got, err := s.Note(t.Context(), key); err != nil || string(got) != key {
			t.Errorf("note %q: got %q, %v", key, got, err)
		}
	}
}

// testFailedUnseen: after an error the server takes a COMMIT for a ROLLBACK.
func testFailedUnseen(t *testing.T, url string) {
	s := openURL(t, url)
	err := s.commit(t.Context(), synced, func(c *conn) error {
		if err := insert("key")(c); err != nil {
			return err
		}
		if err := insert("key")(c); err == nil {
			t.Error("the same note was inserted twice")
		}
		return nil
	})
	if !errors.Is(err, errRolledBack) || has(t, s, "key") {
		t.Errorf("got %v, want %v", err, errRolledBack)
	}
}

// lockNotes has somebody else hold all notes, until it is told to end that.
func lockNotes(t *testing.T, s *Store) (release func()) {
	t.Helper()
	config := s.db.(*server).pool.Config()
	other, err := pgxpool.NewWithConfig(t.Context(), config)
	try(t, err)
	tx, err := other.Begin(t.Context())
	try(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE note")
	try(t, err)
	release = sync.OnceFunc(func() {
		try(t, tx.Rollback(context.WithoutCancel(t.Context())))
		other.Close()
	})
	t.Cleanup(release)
	return release
}

func testServerWaits(t *testing.T, url string) {
	s := openURL(t, url)
	release := lockNotes(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Note(ctx, "key"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v of a read, want %v", err, context.DeadlineExceeded)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.PutNote(ctx, "key", nil, time.Time{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v of a write, want %v", err, context.DeadlineExceeded)
	}
	release()
	try(t, s.PutNote(t.Context(), "next", nil, time.Time{}))
}

func testPatience(t *testing.T, url string) {
	s := openURL(t, url)
	s.db.(*server).patience = 100 * time.Millisecond
	release := lockNotes(t, s)
	const want = "the database did not answer within 100ms"
	if _, err := s.Note(t.Context(), "key"); err == nil || errors.Unwrap(err).Error() != want {
		t.Errorf("got %v of a read, want %s", err, want)
	}
	if err := s.PutNote(t.Context(), "key", nil, time.Time{}); err == nil || errors.Unwrap(err).Error() != want {
		t.Errorf("got %v of a write, want %s", err, want)
	}
	release()
	s.db.(*server).patience = patience
	try(t, s.PutNote(t.Context(), "key", nil, time.Time{}))
}
