package sqlstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

//go:embed migrations/*.sql
var migrations embed.FS

// scripts returns the texts of the migrations in order of their names. The first
// of them makes version 1.
func scripts(from fs.FS) ([]string, error) {
	names, err := fs.Glob(from, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, name := range names {
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(b))
	}
	return texts, nil
}

// version returns the version of the tables, 0 for an empty database. It refuses
// tables of another program and those of a version after newest.
func version(ctx context.Context, c *conn, newest int) (int, error) {
	var tables, ours, have int
	err := c.sql.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(*) FILTER (WHERE name = 'schema_version')
		FROM sqlite_master`).Scan(&tables, &ours)
	if err != nil {
		return 0, fmt.Errorf("read tables: %w", err)
	}
	switch {
	case tables == 0:
		return 0, nil
	case ours == 0:
		return 0, errors.New("the file is a database of another program; name another file")
	}
	if err := c.sql.QueryRowContext(ctx, "SELECT version FROM schema_version").Scan(&have); err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	if have > newest {
		return 0, fmt.Errorf("its tables are of version %d and this usher knows up to %d; use the newer usher again",
			have, newest)
	}
	return have, nil
}

// migrate runs what comes after the version have, all of it or nothing.
func migrate(ctx context.Context, c *conn, have int, files []string) error {
	if have == len(files) {
		return nil
	}
	return c.transaction(func() error {
		for i, text := range files[have:] {
			if _, err := c.sql.ExecContext(ctx, text); err != nil {
				return fmt.Errorf("migrate tables to version %d: %w", have+i+1, err)
			}
		}
		if have == 0 {
			if _, err := c.sql.ExecContext(ctx, `CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
				INSERT INTO schema_version VALUES (0)`); err != nil {
				return fmt.Errorf("note schema version: %w", err)
			}
		}
		if _, err := c.exec("UPDATE schema_version SET version = $1", len(files)); err != nil {
			return fmt.Errorf("note schema version: %w", err)
		}
		return nil
	})
}
