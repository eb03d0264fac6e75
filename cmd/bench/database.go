package main

import (
	"context"
	"path/filepath"
)

// The kinds of stores that usher is measured on.
const (
	sqliteStore   = "sqlite"   // a new file
	postgresStore = "postgres" // a new cluster of PostgreSQL
)

// database is an empty store, and what runs it.
type database struct {
	name     string // as sqlstore.Open takes it
	pid      int    // of the process that runs it; 0: it runs inside usher
	replicas int    // how many ushers are to share it
	close    func() error
}

// openDatabase makes an empty store of a kind. dir is for its files.
func openDatabase(ctx context.Context, kind, dir string) (*database, error) {
	if kind == postgresStore {
		return startCluster(ctx)
	}
	return &database{name: filepath.Join(dir, "usher.db"), replicas: 1, close: func() error { return nil }}, nil
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
	if _, err := postgresPrograms(); err != nil {
		return []string{sqliteStore}
	}
	return []string{sqliteStore, postgresStore}
}
