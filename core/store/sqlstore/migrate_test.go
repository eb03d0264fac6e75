package sqlstore

import (
	"database/sql"
	"testing"
	"testing/fstest"
)

func TestScriptsAreInOrder(t *testing.T) {
	got, err := scripts(fstest.MapFS{
		"migrations/0002_b.sql": {Data: []byte("b")}, "migrations/0010_c.sql": {Data: []byte("c")},
		"migrations/0001_a.sql": {Data: []byte("a")}, "migrations/notes.txt": {Data: []byte("no")},
	})
	if want := []string{"a", "b", "c"}; err != nil || len(got) != 3 || got[0] != "a" || got[1] != "b" || got[2] != "c" {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestMigrate(t *testing.T) {
	const one, two = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7)", "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 8"
	const broken = "CREATE TABLE b (x INTEGER); ALTER TABLE none ADD COLUMN y INTEGER"
	steps := []struct {
		name   string
		files  []string
		fails  bool
		tables int // with schema_version
		want   int
	}{
		{"a first one that fails leaves nothing", []string{one, broken}, true, 0, 0},
		{"a new database", []string{one}, false, 2, 1},
		{"up to date", []string{one}, false, 2, 1},
		{"a later one that fails leaves all as it was", []string{one, two, broken}, true, 2, 1},
		{"an update", []string{one, two}, false, 2, 2},
	}
	c := dialEmpty(t)
	for _, tt := range steps {
		have, err := version(&conn{c}, fileTables, len(tt.files))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		err = c.transaction(func(c *conn) error { return migrate(c, have, tt.files) })
		if (err != nil) != tt.fails {
			t.Errorf("%s: got %v, want failure: %v", tt.name, err, tt.fails)
		}
		got, err := version(&conn{c}, fileTables, len(tt.files))
		if err != nil || got != tt.want {
			t.Errorf("%s: got version %d, %v, want %d", tt.name, got, err, tt.want)
		}
		var tables int
		err = c.sql.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sqlite_master").Scan(&tables)
		if err != nil || tables != tt.tables {
			t.Errorf("%s: got %d tables, %v, want %d", tt.name, tables, err, tt.tables)
		}
	}
	var x, y int
	if err := c.sql.QueryRowContext(t.Context(), "SELECT x, y FROM a").Scan(&x, &y); err != nil || x != 7 || y != 8 {
		t.Errorf("got row %d, %d, %v after the update, want 7, 8", x, y, err)
	}
}

// dialEmpty connects to an empty database.
func dialEmpty(t *testing.T) *fileConn {
	t.Helper()
	db, err := sql.Open("sqlite", Memory)
	if err != nil {
		t.Fatal(err)
	}
	d := &file{db: db}
	t.Cleanup(func() {
		if err := d.disconnect(); err != nil {
			t.Error(err)
		}
	})
	c, err := d.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}
