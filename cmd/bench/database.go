package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// The stores that usher is measured on.
const sqliteStore = "sqlite"

// database is an empty store, and what runs it.
type database struct {
	name string // as sqlstore.Open takes it
	pid  int    // of the process that runs it; 0: it runs inside usher
	stop func() error

	replicas int // how many ushers can share it
}

// openDatabase makes an empty store. dir is for its files.
func openDatabase(_ context.Context, store, dir string) (*database, error) {
	if store == sqliteStore {
		return &database{replicas: 1, name: filepath.Join(dir, "usher.db"), stop: func() error { return nil }}, nil
	}
	return nil, fmt.Errorf("there is no store %q", store)
}

func (d *database) close() error { return d.stop() }

// used is what the database has used, apart from who asks it.
func (d *database) used() usage {
	if d.pid == 0 {
		return usage{}
	}
	return usedBelow(d.pid)
}
