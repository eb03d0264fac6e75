package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/usherbot/usher/core/store/storetest/pgtest"
)

// The kinds of stores that usher is measured on.
const (
	sqliteStore   = "sqlite"   // a new file
	postgresStore = "postgres" // a new cluster of PostgreSQL
)

// database is an empty store, and what runs it.
type database struct {
	lease    time.Duration               // of an usher that was killed; others wait for its end
	name     string                      // as sqlstore.Open takes it
	pid      int                         // of the process that runs it; 0: it runs inside usher
	replicas int                         // how many ushers are to share it
	rest     func(context.Context) error // does now what it would do about earlier writes later
	close    func() error
}

// openDatabase makes an empty store of a kind. dir is for its files.
func openDatabase(ctx context.Context, kind, dir string) (*database, error) {
	if kind == postgresStore {
		return startCluster(ctx)
	}
	return &database{
		name: filepath.Join(dir, "usher.db"), replicas: 1,
		rest: func(context.Context) error { return nil }, close: func() error { return nil },
	}, nil
}

// startCluster makes a PostgreSQL of its own. What it commits is on disk; its memory
// is as much as it takes unless it is told otherwise.
func startCluster(ctx context.Context) (*database, error) {
	server, err := pgtest.New(ctx, "shared_buffers=128MB")
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	pid, err := server.PID()
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	url := server.URL("postgres")
	return &database{
		name: url, pid: pid, replicas: 2, lease: lease, close: server.Close,
		rest: func(ctx context.Context) error {
			if err := pgtest.Do(ctx, url, "VACUUM ANALYZE", "CHECKPOINT"); err != nil {
				return err
			}
			return pause(ctx, time.Second) // until who did it is gone, and was counted
		},
	}, nil
}

// used is what the database has used, apart from who asks it.
func (d *database) used() usage {
	if d.pid == 0 {
		return usage{}
	}
	return usedBelow(d.pid)
}

func unknownStore(kind string) bool { return kind != sqliteStore && kind != postgresStore }

// storesHere are the kinds that can be made on this machine.
func storesHere() []string {
	if pgtest.Installed() != nil {
		return []string{sqliteStore}
	}
	return []string{sqliteStore, postgresStore}
}
