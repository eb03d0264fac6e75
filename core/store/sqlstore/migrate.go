package sqlstore

import (
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
// tables of another program and those of a version after newest. counts is the
// statement that counts the tables, and those that only ours has.
func version(c *conn, counts string, newest int) (int, error) {
	var tables, ours int
	err := c.each(func(r row) error { return r.Scan(&tables, &ours) }, counts)
	if err != nil {
		return 0, fmt.Errorf("read tables: %w", err)
	}
	switch {
	case tables == 0:
		return 0, nil
	case ours == 0:
		return 0, errors.New("it is a database of another program; name another")
	}
	have, err := get(c, scanCount, "SELECT version FROM schema_version")
	if err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	if have > newest {
		return 0, fmt.Errorf("its tables are of version %d and this usher knows up to %d; use the newer usher again",
			have, newest)
	}
	return have, nil
}

// migrate runs what comes after the version have, in a transaction of its caller's.
func migrate(c *conn, have int, files []string) error {
	for i, text := range files[have:] {
		if err := c.script(text); err != nil {
			return fmt.Errorf("migrate tables to version %d: %w", have+i+1, err)
		}
	}
	if have == 0 {
		if err := c.script(`CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
			INSERT INTO schema_version VALUES (0)`); err != nil {
			return fmt.Errorf("note schema version: %w", err)
		}
	}
	if _, err := c.exec("UPDATE schema_version SET version = $1", len(files)); err != nil {
		return fmt.Errorf("note schema version: %w", err)
	}
	return nil
}
