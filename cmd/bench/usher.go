package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/provider"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// providerName is what the provider is called in the store.
const providerName = "bench"

// newLogins makes the engine as anybody would.
func newLogins(s store.Store, api string) (*authflow.Logins, error) {
	keys, err := seal.NewKeys("thirty-two characters or more of a secret", "")
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	p, err := provider.OIDC(api, provider.App{
		Name: providerName, ID: clientID, StartLimit: 1 << 30,
		DeviceURL: api + atDevice, TokenURL: api + atToken, UserinfoURL: api + atUserinfo,
	})
	if err != nil {
		return nil, fmt.Errorf("make provider: %w", err)
	}
	// It warns of each login whose token was lost, which are to be.
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	return authflow.New(authflow.Options{Store: s, Keys: keys, Log: log, Providers: []authflow.Provider{p}}), nil
}

// seed starts so many logins by an engine that never runs, and returns their ids.
func seed(ctx context.Context, name, api string, n int) (ids []string, err error) {
	db, err := sqlstore.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	logins, err := newLogins(orphanage{db}, api)
	if err != nil {
		return nil, err
	}
	ids = make([]string, n)
	return ids, parallel(n, func(i int) error {
		l, err := logins.Start(ctx, authflow.Start{Person: person(i), Provider: providerName, Origin: []byte("a chat")})
		if err == nil {
			ids[i], err = l.ID, logins.Keep(ctx, l, l.Origin, time.Time{})
		}
		return err
	})
}

func person(i int) string { return fmt.Sprintf("person-%015d", i) }

// orphanage is a store that makes each login nobody's, as those are that a process
// leaves behind, and finds that nobody has started one lately: so many in ten
// minutes are refused, and to count them takes longer each time.
type orphanage struct{ store.Store }

// AddLogin implements store.Logins.
func (o orphanage) AddLogin(ctx context.Context, l store.Login) error {
	l.Owner = ""
	return o.Store.AddLogin(ctx, l)
}

// CountStarts implements store.Logins.
func (orphanage) CountStarts(context.Context, time.Time, string, string, string) (store.Starts, error) {
	return store.Starts{}, nil
}

// runUsher polls what is in the store.
func runUsher(ctx context.Context, t task, begin teller) error {
	db, err := sqlstore.Open(ctx, t.Store)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(t.Dir, journalName), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return errors.Join(fmt.Errorf("open journal: %w", err), db.Close())
	}
	logins, err := newLogins(journal{db, file}, t.API)
	if err != nil {
		return errors.Join(err, file.Close(), db.Close())
	}
	begin(hello{}, atOnce)
	logins.Run(ctx, func(_ context.Context, l authflow.Login) error {
		return note(file, string(l.State), l.ID, 0)
	}, func(context.Context, authflow.Account) error { return nil })
	return errors.Join(file.Close(), db.Close())
}

// journalName is a file that outlives a subject and says what it has done.
const journalName = "journal"

// journal notes when a token was stored, and how long that took.
type journal struct {
	store.Store
	file *os.File
}

// ChangeLogin implements store.Logins.
func (j journal) ChangeLogin(ctx context.Context, c store.Change) error {
	begun := time.Now()
	err := j.Store.ChangeLogin(ctx, c)
	if err == nil && c.State == string(authflow.Granted) {
		err = note(j.file, stored, c.ID, time.Since(begun))
	}
	return err
}

// stored stands in the journal for a token that is in the store. Other words are
// states that were told.
const stored = "stored"

// note appends a line, which the end of the process does not lose.
func note(file *os.File, what, id string, took time.Duration) error {
	if _, err := fmt.Fprintln(file, what, id, int64(took)); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// noted is a line of a journal.
type noted struct {
	what, id string
	took     time.Duration
}

func readJournal(dir string) (all []noted, err error) {
	file, err := os.ReadFile(filepath.Join(dir, journalName)) //nolint:gosec // it is our own
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	for line := range strings.Lines(string(file)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			return nil, fmt.Errorf("read journal: got a line %q", line)
		}
		took, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		all = append(all, noted{f[0], f[1], time.Duration(took)})
	}
	return all, nil
}
